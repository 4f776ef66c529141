"""The engine from Python: `trajectories.run`, `trajectories.open`, `replay`."""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from trajectories.errors import InputError, kind
from trajectories.model import Model
from trajectories.model.conversion import toml_value
from trajectories.report.result import Result, open_result
from trajectories.results.storage import read
from trajectories.runfiles.job import Job, jobs_of
from trajectories.runfiles.run import Run
from trajectories.runfiles.schema import is_number
from trajectories.running.driver import execute
from trajectories.sampling.replay import Replay


def run(
    model: Model,
    *,
    duration: float | None = None,
    times: Sequence[float] | None = None,
    trajectories: int = 10_000,
    seed: int | None = None,
    initial: str | Sequence | np.ndarray = "steady",
    observables: Mapping[str, np.ndarray] | None = None,
    burn_in: float = 0.0,
    records: int = 0,
    output: str | Path | None = None,
) -> Result:
    """Sample quantum-jump trajectories of a model and return the Result.

    duration: length of each trajectory, in 1/energy. times (T,): sample times in [0, duration]; without them the end
    only; one of the two is needed. trajectories: rounded up to whole blocks. seed: trajectory i of a seed always has
    the same random numbers, whatever the model, so that points of one seed have errors in common; None: a fresh one,
    or that of the `output` that is there; `result.seed` says which. initial: "steady", "ground", "mixed", a basis
    state's label, a vector (d,) or a density matrix (d, d). observables: Hermitian operators (d, d) by name. burn_in:
    counted quantities are averages from this time on. records: so many of the first trajectories keep their jumps.
    output: a file to keep the result in, resume and extend.

    Raises InputError for anything that cannot be.
    """
    if not isinstance(model, Model):
        raise InputError(f"model: is {kind(model)}: must be a Model, such as trajectories.systems.diamond(0, 1)")
    if not isinstance(observables or {}, Mapping):
        raise InputError(f"observables: is {kind(observables)}: must be a mapping of names to operators (d, d)")
    named = {name: value for name, value in (observables or {}).items()}
    if not all(isinstance(name, str) for name in named):
        raise InputError("observables: must be named by strings")
    given = {
        "trajectories": trajectories,
        "duration": duration,
        "times": [] if times is None else times,
        "initial": initial,
        "seed": _seed(output) if seed is None else seed,
        "burn_in": burn_in,
        "records": records,
    }
    ensemble = {key: _plain_number(value) for key, value in given.items() if value is not None}
    last = toml_value(ensemble["times"])
    if duration is None and isinstance(last, list) and last and is_number(last[-1]):
        ensemble["duration"] = last[-1]
    job = Job.of(Run.from_mapping({"ensemble": ensemble, "observables": named}, name=model.name, model=model))
    return execute(job, None if output is None else _path(output), say=_warn)


def _seed(output: str | Path | None) -> int:
    """Return the seed of the result that is gone on with, else a fresh one."""
    if output is not None and _path(output).exists():
        with read(_path(output)) as reader:
            return reader.header.seed
    return secrets.randbits(63)


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=6)


def _path(output: str | Path) -> Path:
    try:
        Path(output).lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise InputError(f"output = {str(output)[:60]!r}: must be the name of a file: {error}"[:200]) from None
    return Path(output)


def _plain_number(value: object) -> object:
    """Return NumPy's numbers as Python's, and whole floats such as 1e6 as integers, which they are meant to be."""
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value


def open(path: str | Path) -> Result:
    """Read a result file. Raises InputError for anything that is not one."""
    return open_result(path)


def replay(source: Result | Run | Job, number: int, point: int = 0) -> Replay:
    """Return trajectory `number` = 0, 1, 2, ... of a result or a run, at a point of its sweep if it has one.

    Raises InputError for a number or a point that there is not.
    """
    if isinstance(source, Result):
        choices = {found.index: found.preparation for found in source.points}
        name, seed = source.name, source.seed
    else:
        jobs = jobs_of(source) if isinstance(source, Run) else (source,)
        choices = {point: jobs[point].prepare()} if 0 <= point < len(jobs) else {}
        name, seed = jobs[0].name, jobs[0].seed
    if point not in choices:
        last = max(choices) if isinstance(source, Result) else len(jobs) - 1
        raise InputError(f"--point {point}: {name} has the points 0 to {last}")
    return Replay.of(choices[point], number, name=name, seed=seed, point=point)
