"""A run in numbers: the one thing that `run` files and Python calls both come to before anything is computed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .errors import InputError
from .model import Model
from .preparation import Preparation, prepare
from .runfile import Run

STREAM_VERSION = 1  # raised when the same seed would give other trajectories


@dataclass(frozen=True)
class Job:
    """What is to be sampled.

    times (T,): sample times, the last is the duration. initial (d, d): density matrix, None for the steady state.
    trajectories: how many are asked for. records: how many of the first ones keep their jump records. pair: the
    subsystems, from 0, whose entanglement is meant. mapping: the run as tables. swept: what this
    point of a sweep has of its own. text: the run file, if there was one.
    """

    name: str
    model: Model
    times: np.ndarray
    initial: np.ndarray | None
    trajectories: int
    seed: int = 1
    observables: Mapping[str, np.ndarray] = field(default_factory=dict)
    burn_in: float = 0.0
    records: int = 0
    pair: tuple[int, int] | None = None
    mapping: Mapping[str, Any] = field(default_factory=dict)
    swept: Mapping[str, float] = field(default_factory=dict)
    text: str = ""

    @classmethod
    def of(cls, run: Run) -> Job:
        """Return the job of a run without a sweep; raises InputError where it asks for something that cannot be."""
        if run.sweep:
            names = ", ".join(f"system.{name}" for name in run.sweep)
            raise InputError(
                f"{run.source or run.name}: has a [sweep] over {names}: must be one point here; "
                "choose it with --point, or take a run file without a sweep"
            )
        model = run.build_model()
        return cls(
            name=run.name,
            model=model,
            times=np.array(run.times),
            initial=run.initial_state(model),
            trajectories=run.trajectories,
            seed=run.seed,
            observables=run.observables_for(model),
            burn_in=run.burn_in,
            records=run.records,
            pair=run.pair_of(model),
            mapping=run.mapping(),
            text=run.text,
        )

    def prepare(self) -> Preparation:
        """Settle everything that is known before the first trajectory."""
        return prepare(
            self.model, self.times, self.initial, self.trajectories, dict(self.observables), self.burn_in, self.pair
        )

    def fingerprints(self) -> dict[str, str]:
        """Return a digest of each thing that determines the numbers, by the name a person would know it by.

        The number of trajectories is not among them: asking for more extends a result.
        """
        parts: dict[str, bytes] = {
            "system": _rounded(self.model),
            "times": self.times.tobytes(),
            "initial": b"steady" if self.initial is None else _digits(self.initial),
            "burn_in": np.float64(self.burn_in).tobytes(),
            "observables": b"".join(name.encode() + _digits(op) for name, op in sorted(self.observables.items())),
            "pair": str(self.pair).encode(),
            "seed": str(self.seed).encode(),
            "stream version": str(STREAM_VERSION).encode(),
        }
        return {name: hashlib.sha256(part).hexdigest() for name, part in parts.items()}


def jobs_of(run: Run) -> tuple[Job, ...]:
    """Return the jobs of a run file: one, or one for each point of its sweep."""
    mapping = run.mapping()
    return tuple(replace(Job.of(point), swept=dict(swept), mapping=mapping) for swept, point in run.points())


def fingerprints_of(jobs: Sequence[Job]) -> dict[str, str]:
    """Return `Job.fingerprints` of one job, or of all points of a sweep together."""
    if len(jobs) == 1:
        return jobs[0].fingerprints()
    every = [job.fingerprints() for job in jobs]
    return {name: hashlib.sha256("".join(one[name] for one in every).encode()).hexdigest() for name in every[0]}


def digest_of(jobs: Sequence[Job]) -> str:
    """Return one digest (hex) of everything that determines the numbers."""
    return hashlib.sha256("".join(fingerprints_of(jobs).values()).encode()).hexdigest()


def refuse_other(jobs: Sequence[Job], found: Mapping[str, str], where: str) -> None:
    """Raise InputError if the result at `where` belongs to a different run, naming what differs."""
    different = [name for name, digest in fingerprints_of(jobs).items() if found.get(name) != digest]
    if different:
        raise InputError(
            f"{where} holds the result of a different run: {', '.join(different)} differ; "
            "give another file with -o, or remove this one"
        )


def _rounded(model: Model) -> bytes:
    """What determines a model's numbers, to ten digits: another kind of processor rounds differently."""
    reservoirs = [
        (reservoir.name, None if reservoir.beta is None else f"{reservoir.beta:.10g}") for reservoir in model.reservoirs
    ]
    channels = [(channel.name, channel.reservoir) for channel in model.channels]
    described = repr((reservoirs, channels, model.dims, model.partner.tolist(), model.entropy)).encode()
    arrays = (model.hamiltonian, model.time_reversal, model.quanta, *model.operators)
    return described + b"".join(_digits(array) for array in arrays)


def _digits(array: np.ndarray) -> bytes:
    array = np.asarray(array, complex)
    scale = float(np.abs(array[np.isfinite(array)]).max(initial=0.0)) or 1.0
    # Adding zero turns -0.0 into 0.0.
    return (np.round(array / scale, 10) + 0.0).tobytes() + f"{scale:.10g}".encode()
