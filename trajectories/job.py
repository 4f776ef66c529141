"""A run in numbers: the one thing that `run` files and Python calls both come to before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from .errors import InputError
from .figurekeys import Figure
from .formulas import Formula
from .model import Model
from .preparation import BINS, FEWEST_BLOCKS, LARGE_SWEEP, Preparation, groups_for, prepare
from .runfile import Run

if TYPE_CHECKING:
    from .optimum import Optimum

BLOCKS_UNDER_A_RULE = 1024  # at least, of what is asked for: the rule looks at the first 64 of them, and at 128, ...
STREAM_VERSION = 1  # raised when the same seed would give other trajectories


@dataclass(frozen=True)
class Job:
    """What is to be sampled.

    times (T,): sample times, the last is the duration. initial (d, d): density matrix, None for the steady state.
    trajectories: how many are asked for. records: how many of the first ones keep their jump records. pair: the
    subsystems, from 0, whose entanglement is meant. mapping: the run as tables. swept: what this
    point of a sweep has of its own. point: its number in the whole sweep of `points`, which keys its random streams.
    text: the run file, if there was one. optimum: what [optimise] found at this point.
    early: whether a rule may end it early, so that what is asked for is only the most, and blocks are smaller.
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
    point: int = 0
    points: int = 1
    text: str = ""
    optimum: Optimum | None = None
    early: bool = False

    @classmethod
    def of(cls, run: Run) -> Job:
        """Return the job of a run without a sweep; raises InputError where it asks for something that cannot be."""
        if run.sweep:
            names = ", ".join(f"system.{name}" for name in run.sweep)
            raise InputError(
                f"{run.source or run.name}: has a [sweep] over {names}: must be one point here; "
                "choose it with --point I (from 0), or take a run file without a sweep"
            )
        mapping = run.mapping()
        run = run.points()[0][1]
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
            mapping=mapping,
            text=run.text,
            optimum=run.optimum,
        )

    def prepare(self) -> Preparation:
        """Settle everything that is known before the first trajectory."""
        large = self.points > LARGE_SWEEP
        fewest = BLOCKS_UNDER_A_RULE if self.early else groups_for(self.points) if large else FEWEST_BLOCKS
        return prepare(
            self.model,
            self.times,
            self.initial,
            self.trajectories,
            dict(self.observables),
            self.burn_in,
            self.pair,
            fewest,
            1 if large else BINS,
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


class Jobs(Sequence[Job]):
    """The jobs of a run's points, each built when it is asked for: models take longer than everything else about them.

    numbers: the points that are chosen, of the whole sweep of `points`.
    """

    def __init__(self, run: Run, numbers: Sequence[int], early: bool = False) -> None:
        self.run, self.numbers, self.early = run, numbers, early
        self.points = run.point_count
        self._every, self._mapping = run.points(numbers), run.mapping()
        self._last: tuple[int, Job] | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Job: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Job]: ...
    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        place = range(len(self))[place]
        if self._last is None or self._last[0] != place:
            self._last = place, replace(self.spec(place).job(), mapping=self._mapping, text=self.run.text)
        return self._last[1]

    def swept(self, place: int) -> dict[str, float]:
        """What this point has of its own, without building its model."""
        return dict(self._every[place][0])

    def spec(self, place: int) -> Spec:
        """All that it takes to build the job elsewhere."""
        number = self.numbers[place]
        swept, run = self._every[place]
        light = replace(run, text="", title="", description="", figure=Figure())
        return Spec(light, swept, number, self.points, self.early)


@dataclass(frozen=True)
class Spec:
    """A point of a run whose model has not been built: what travels to the rank that builds it."""

    run: Run
    swept: Mapping[str, float]
    number: int
    points: int
    early: bool

    def job(self) -> Job:
        """Build the model; raises InputError where it cannot be built."""
        job = Job.of(self.run)
        return replace(job, swept=dict(self.swept), point=self.number, points=self.points, early=self.early)


def jobs_of(run: Run, chosen: str = "", option: str = "--points") -> Jobs:
    """Return the jobs of a run file: one, or one for each point of its sweep, or of those that are chosen.

    chosen: "3", or as Python writes a range, "0:100", "3::10"; option: what errors call it. Raises InputError where it
    chooses no point, and for a first point that cannot be built.
    """
    jobs = Jobs(run, chosen_points(chosen, run.point_count, option))
    jobs[0]  # what is wrong with all of them shows at the first
    return jobs


def early(jobs: Sequence[Job]) -> Sequence[Job]:
    """Return the same jobs, which a rule may end before what is asked for is reached."""
    if isinstance(jobs, Jobs):
        return Jobs(jobs.run, jobs.numbers, True)
    return [replace(job, early=True) for job in jobs]


def chosen_points(chosen: str, points: int, option: str = "--points") -> range:
    """Return the numbers of the points that "3", "0:100" or "3::10" choose of so many; all of them for "".

    option: the name that errors give them, --point where it must be one of them.
    """
    try:
        parts = [int(part) if part.strip() else None for part in chosen.split(":")]
        one = parts[0] if len(parts) == 1 else None
        found = range(points)[slice(*parts)] if one is None else range(points)[one : one + 1]
        wrong = len(parts) > 3 or min(part or 0 for part in parts) < 0
    except (ValueError, TypeError):
        found, wrong = range(0), True
    if wrong or not found:
        several = ", or a range such as 0:100 (0 to 99) or 3::10 (3, 13, 23, ...)" * (option == "--points")
        raise InputError(
            f"{option} {chosen}: chooses none of the {points} point{'s' * (points > 1)} (0 to {points - 1}): must be a "
            f"number such as {min(3, points - 1)}{several}"
        )
    return found


def fingerprints_of(jobs: Sequence[Job]) -> dict[str, str]:
    """Return a digest of each thing that determines the numbers of one job, or of all points of a sweep together.

    Of a sweep the first point's model and the run in canonical form stand for all of them, since building thousands of
    models takes minutes; each point keeps the digests of its own in the result.
    """
    first = jobs[0]
    return together(first.fingerprints(), first.mapping, numbers_of(jobs), first.points)


def numbers_of(jobs: Sequence[Job]) -> list[int]:
    """Return the numbers of the points in the whole sweep."""
    return list(jobs.numbers) if isinstance(jobs, Jobs) else [job.point for job in jobs]


def swept_of(jobs: Sequence[Job]) -> list[dict[str, float]]:
    """Return what each point has of its own."""
    return [jobs.swept(i) for i in range(len(jobs))] if isinstance(jobs, Jobs) else [dict(job.swept) for job in jobs]


def together(first: Mapping[str, str], run: Mapping[str, Any], numbers: Sequence[int], points: int) -> dict[str, str]:
    """Return one set of fingerprints for points of these numbers, with "points" unless it is the whole sweep.

    first: those of the first of them; run: the run as tables.
    """
    found = dict(first)
    if points > 1:
        formulas = {name: Formula.parse(text, name).spelling for name, text in (run.get("derived") or {}).items()}
        described = {name: run.get(name) for name in ("system", "sweep", "optimise")} | {"derived": formulas}
        found["system"] = _digest([found["system"], json.dumps(described, sort_keys=True)])
        described = {name: run.get("ensemble", {}).get(name) for name in ("initial", "pair")}
        found["initial"] = _digest([found["initial"], json.dumps(described, sort_keys=True)])
        found["observables"] = _digest([found["observables"], json.dumps(run.get("observables"), sort_keys=True)])
    return found if list(numbers) == list(range(points)) else found | {"points": _digest(f"{n} " for n in numbers)}


def compact(each: Sequence[Mapping[str, str]]) -> dict[str, str | list[str]]:
    """Return fingerprints by name, once where all points have the same."""
    values = {name: [one[name] for one in each] for name in each[0]}
    return {name: found[0] if len(set(found)) == 1 else found for name, found in values.items()}


def digest_of(jobs: Sequence[Job]) -> str:
    """Return one digest (hex) of everything that determines the numbers."""
    return digest(fingerprints_of(jobs))


def digest(fingerprints: Mapping[str, str]) -> str:
    """Return one digest (hex) for all fingerprints."""
    return _digest(fingerprints.values())


def refuse_other(jobs: Sequence[Job], found: Mapping[str, str], where: str) -> None:
    """Raise InputError if the result at `where` belongs to a different run, naming what differs."""
    wanted = fingerprints_of(jobs)
    different = [name for name in {**wanted, **found} if found.get(name) != wanted.get(name)]
    if "points" in different:
        raise InputError(
            f"{where} holds other points of a sweep than those asked for (--points); give another file with -o, "
            "or merge the two: trajectories merge"
        )
    if different:
        raise InputError(
            f"{where} holds the result of a different run: {', '.join(different)} differ; "
            "give another file with -o, or remove this one"
        )


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("".join(parts).encode()).hexdigest()


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
