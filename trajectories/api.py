"""The engine from Python: `trajectories.run` and `trajectories.open`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .ensemble import execute, open_result
from .job import Job
from .runfile import Run

if TYPE_CHECKING:
    from .model import Model
    from .results import Result


def run(
    model: Model,
    *,
    duration: float | None = None,
    times: Sequence[float] | None = None,
    trajectories: int = 10_000,
    seed: int = 1,
    initial: str | Sequence | np.ndarray = "steady",
    observables: Mapping[str, np.ndarray] | None = None,
    burn_in: float = 0.0,
    records: int = 0,
    output: str | Path | None = None,
) -> Result:
    """Sample quantum-jump trajectories of a model and return the Result.

    duration: length of each trajectory, in 1/energy. times (T,): sample times in [0, duration]; without them the end
    only; one of the two is needed. trajectories: rounded up to whole blocks. seed: trajectory i of a seed is always
    the same one. initial: "steady", "ground", "mixed", a basis state's label, a vector (d,) or a density matrix (d,
    d). observables: Hermitian operators (d, d) by name. burn_in: counted quantities are averages from this time on.
    records: so many of the first trajectories keep their jumps. output: a file to keep the result in, resume and
    extend.

    Raises InputError for anything that cannot be.
    """
    times = None if times is None else [float(time) for time in times]
    ensemble = {
        "trajectories": trajectories,
        "duration": times[-1] if duration is None and times else duration,
        "times": times or [],
        "initial": initial,
        "seed": seed,
        "burn_in": burn_in,
        "records": records,
    }
    mapping = {
        "ensemble": {key: value for key, value in ensemble.items() if value is not None},
        "observables": dict(observables or {}),
    }
    job = Job.of(Run.from_mapping(mapping, name=model.name, model=model))
    return execute(job, None if output is None else Path(output))


def open(path: str | Path) -> Result:
    """Read a result file. Raises InputError for anything that is not one."""
    return open_result(path)
