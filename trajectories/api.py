"""The engine from Python: `trajectories.run`, `sweep` and `open`."""

from __future__ import annotations

import secrets
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, Interrupted, kind
from trajectories.kernels import compiled_before
from trajectories.model import Model
from trajectories.model.argument_types import file_path, number
from trajectories.report.result import ResultData, open_result
from trajectories.result import Result
from trajectories.results.ownership import Busy, Lost
from trajectories.results.reader import read
from trajectories.runfiles.arguments import run_of, sweep_of
from trajectories.runfiles.job import Jobs, jobs_of
from trajectories.runfiles.run import Run
from trajectories.running.driver import execute
from trajectories.running.progress import ProgressBar, bar_is_seen
from trajectories.running.signals import Stop, seconds_of
from trajectories.running.stopping_rule import Rule

TRAJECTORIES = 10_000


def run(
    model: Model | Run | str | Path,
    *,
    duration: float | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    trajectories: int | None = None,
    seed: int | None = None,
    initial: str | Sequence | np.ndarray | None = None,
    observables: Mapping[str, Any] | None = None,
    burn_in: float | None = None,
    records: int | None = None,
    changes: Mapping[str, Any] | None = None,
    points: str | int = "",
    output: str | Path | None = None,
    target_error: str | Sequence[str] = (),
    walltime: str | float | None = None,
    progress: bool = True,
) -> Result:
    """Sample quantum-jump trajectories of a model, or of a run file, beside the master equation.

    On Ctrl-C the blocks that are finished are returned, with a warning; a second Ctrl-C is a KeyboardInterrupt.

    Parameters
    ----------
    model : Model, Run, str or Path
        A model, the path of a run file, or a run from `trajectories.load`. For a run file the parameters below change
        what stands in the file; what is left out here stays.
    duration : float
        Length of each trajectory, in 1/energy. For a model `duration` or `times` is needed.
    times : (T,) array
        Sample times in [0, duration]. Default: the end alone.
    trajectories : int
        Number of trajectories, rounded up to whole blocks. Default for a model: 10,000.
    seed : int
        Trajectory i of a seed always has the same random numbers. Default for a model: a fresh seed, or that of the
        existing `output`; `result.seed` has it.
    initial : str or array
        "steady" (default), "ground", "mixed", a basis state's label, a vector (d,) or a density matrix (d, d).
    observables : mapping of str to (d, d) array or str
        Hermitian operators, or expressions such as "n1 + n2", by name.
    burn_in : float
        Counted quantities are averages from this time on.
    records : int
        Number of trajectories whose jumps are kept in `result.records`.
    changes : mapping of str to value
        Further changes of a run file: `{"system.beta_A": -1}`.
    points : str or int
        Of a sweep only these points: 3, "0:100", "3::10".
    output : str or Path
        A result file to keep, resume and extend the result in. Default: in memory.
    target_error : str or sequence of str
        "heat_current.A=1e-3" ends a point as soon as this standard error is reached; needs `output`.
    walltime : str or float
        Time span after which sampling stops: "3h50m", or seconds.
    progress : bool
        Show a progress bar, if standard error is a terminal or the process a notebook.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        For input that is wrong, in one line.
    Interrupted
        Where the run is stopped before its first block is finished, and by SIGTERM or SIGUSR1.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> result = trajectories.run(model, duration=2, trajectories=6400, seed=1)
    >>> result.report().verdict
    'agree'
    >>> result = trajectories.run("runs/diamond.toml", trajectories=640, changes={"system.beta_A": -1})
    >>> float(result.model.parameters["beta_A"])
    -1.0
    """
    ensemble: dict[str, Any] = {"duration": duration, "times": times, "trajectories": trajectories, "seed": seed}
    ensemble |= {"initial": initial, "burn_in": burn_in, "records": records}
    if isinstance(model, Model):
        defaults = {"trajectories": TRAJECTORIES, "seed": _seed(output) if seed is None else seed, "times": []}
        ensemble = defaults | {key: value for key, value in ensemble.items() if value is not None}
    run = run_of(model, ensemble, observables, {} if changes is None else changes)
    rule = _rule(target_error)
    return _sample(jobs_of(run, str(points), "points"), output, rule, walltime, progress)


def sweep(
    machine: str | Callable[..., Model],
    over: Mapping[str, Sequence[float] | np.ndarray],
    *,
    duration: float | None = None,
    times: Sequence[float] | np.ndarray | None = None,
    trajectories: int = TRAJECTORIES,
    seed: int | None = None,
    initial: str | Sequence | np.ndarray = "steady",
    observables: Mapping[str, Any] | None = None,
    burn_in: float = 0.0,
    records: int = 0,
    output: str | Path | None = None,
    target_error: str | Sequence[str] = (),
    walltime: str | float | None = None,
    progress: bool = True,
    **parameters: Any,
) -> Result:
    """Sample a machine at every point of a grid of one or two parameters, each point on random streams of its own.

    The same sweep in a run file gives the same numbers.

    Parameters
    ----------
    machine : str or callable
        A name in `trajectories.systems.SYSTEMS`, or a function that returns a Model.
    over : mapping of str to (n,) array
        One or two parameters of the machine and their values. The last parameter runs fastest.
    trajectories : int
        Per point.
    **parameters
        The machine's other parameters: numbers, text, or lists of them.
    duration, times, seed, initial, observables, burn_in, records, output, target_error, walltime, progress
        As for `trajectories.run`.

    Returns
    -------
    Result
        `result.sweep` has the axes, `result.arrays("heat_current.h")` a quantity at all points.

    Raises
    ------
    InputError
        For input that is wrong, in one line.
    Interrupted
        As for `trajectories.run`; points without a block are nan in `result.arrays`.

    Examples
    --------
    >>> from trajectories.systems import local_engine
    >>> def engine(T_h, g):
    ...     return local_engine(T_h=T_h, T_c=0.3, g=g, gamma_h=0.01, gamma_c=0.011)
    >>> result = trajectories.sweep(engine, over={"T_h": [1, 2], "g": [0.01, 0.02, 0.04]},
    ...                             duration=50, trajectories=640, seed=1)
    >>> heat = result.arrays("heat_current.h")
    >>> heat.estimate.shape
    (2, 3, 1)
    >>> bool((abs(heat.estimate - heat.exact) < 5 * heat.standard_error).all())
    True
    """
    ensemble: dict[str, Any] = {"duration": duration, "times": [] if times is None else times}
    ensemble |= {"seed": _seed(output) if seed is None else seed, "initial": initial, "burn_in": burn_in}
    ensemble |= {"trajectories": trajectories, "records": records}
    run = sweep_of(machine, over, ensemble, observables, parameters)
    rule = _rule(target_error)
    return _sample(jobs_of(run), output, rule, walltime, progress)


def open(path: str | Path) -> Result:
    """Read a result file, also while a run is writing it.

    Parameters
    ----------
    path : str or Path
        The file that `trajectories run`, `trajectories.run` or `Result.save` has written.

    Returns
    -------
    Result
        Of a sweep, the points that have been begun.

    Raises
    ------
    InputError
        For a file that is no result, or has no finished block yet.

    Examples
    --------
    >>> example().save("diamond.h5").name
    'diamond.h5'
    >>> trajectories.open("diamond.h5").trajectories
    640
    """
    return Result.of(open_result(file_path("path", path)))


def _sample(jobs: Jobs, output: str | Path | None, rule: Rule, walltime: str | float | None, progress: bool) -> Result:
    """Sample jobs with a progress bar; return what is finished where Ctrl-C or the walltime ends it."""
    if rule.targets and output is None:
        raise InputError("target_error: needs an output, whose blocks the rule looks at")
    path = None if output is None else _path(output)
    show = progress and bar_is_seen()
    if show and not compiled_before():
        print("compiling the kernels, once on this machine (about 20 seconds)", file=sys.stderr, flush=True)
    span = None if walltime is None else _span(walltime)
    stop = Stop(None if span is None else time.monotonic() + span)
    with closing(ProgressBar(show)) as bar:
        try:
            return Result.of(execute(jobs, path, bar, _warn, stop, rule))
        except Interrupted as stopped:
            if isinstance(stopped, Busy | Lost) or stop.signal_number not in (None, signal.SIGINT):
                raise
            finished = stopped.result if path is None else _begun(path)
            if finished is None:
                raise
            reason = str(stopped)
    done, asked = sum(point.trajectories for point in finished.points), jobs[0].trajectories * len(jobs)
    remedy = "" if path is None else f"; the same call goes on with {path}"
    _warn(f"{reason}: the result has {done:,} of {asked:,} trajectories{remedy}")
    return Result.of(finished)


def _begun(path: Path) -> ResultData | None:
    """Return the result in a file, None where no block is finished."""
    try:
        return open_result(path)
    except InputError:
        return None


def _seed(output: str | Path | None) -> int:
    """Return the seed of an existing output, else a fresh one."""
    if output is not None and _path(output).exists():
        with read(_path(output)) as reader:
            return reader.header.seed
    return secrets.randbits(63)


def _warn(message: str) -> None:
    """Warn at the line outside the package that has called it."""
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "trajectories":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


def _rule(target_error: str | Sequence[str]) -> Rule:
    """Return the stopping rule of the targets."""
    texts = [target_error] if isinstance(target_error, str) else target_error
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise InputError(f"target_error: is {kind(target_error)}: must be text such as heat_current.A=1e-3")
    return Rule.parse(list(texts))


def _span(walltime: str | float) -> float:
    """Return a time span in seconds."""
    if isinstance(walltime, str):
        return seconds_of(walltime)
    if not number("walltime", walltime) > 0:
        raise InputError(f"walltime = {walltime}: must be positive, in seconds")
    return float(walltime)


def _path(output: str | Path) -> Path:
    path = file_path("output", output)
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise InputError(f"output = {str(output)[:60]!r}: must be the name of a file: {error}"[:200]) from None
    return path
