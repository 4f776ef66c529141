"""A run in numbers: run files and Python calls are both turned into Jobs before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.errors import InputError
from trajectories.lazy_sequence import LazySequence
from trajectories.model import Model
from trajectories.runfiles.derived import at_point, resolve
from trajectories.runfiles.figure_section import Figure
from trajectories.runfiles.fingerprints import (
    OPERATORS,
    OPTIMISED,
    Fingerprints,
    couplings_of,
    digest_of,
    joint_fingerprint,
    model_digest,
    text_of,
)
from trajectories.runfiles.run import Run
from trajectories.runfiles.system_table import every_parameter
from trajectories.sampling.preparation import BINS, FEWEST_BLOCKS, LARGE_SWEEP, Preparation, groups_for, prepare

if TYPE_CHECKING:
    from trajectories.counting.optimum import Optimum

BLOCKS_UNDER_A_RULE = 1024  # at least, of what is asked for: the rule looks at the first 64 of them, and at 128, ...
STREAM_VERSION = 1  # raised when the same seed would give other trajectories


@dataclass(frozen=True)
class Job:
    """One point to be sampled.

    times (T,): sample times, the last is the duration. initial (d, d): density matrix, None for the steady state.
    trajectories: how many are asked for. records: how many of the first ones keep their jump records. pair: the
    subsystems, from 0, whose entanglement is meant. mapping: the run as tables. swept: what this
    point of a sweep has of its own. point: its number in the whole sweep of `points`, which keys its random streams.
    text: the run file, if there was one. system: [system] at this point, with every parameter that the machine takes.
    optimum: the result of [optimise] at this point. has_stopping_rule: True if a stopping rule applies; `trajectories`
    is then an upper limit, and at least 1024 blocks are made.
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
    system: Mapping[str, Any] = field(default_factory=dict)
    optimum: Optimum | None = None
    has_stopping_rule: bool = False

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
        run = resolve(run)
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
            system=every_parameter(run),
            optimum=run.optimum,
        )

    @property
    def couplings(self) -> Mapping[str, float]:
        """The parameters that [optimise] found at this point, by name."""
        return {} if self.optimum is None else self.optimum.parameters

    @property
    def fewest_blocks(self) -> int:
        """Least number of blocks that the requested trajectories are divided into."""
        if self.has_stopping_rule:
            return BLOCKS_UNDER_A_RULE
        return groups_for(self.points) if self.points > LARGE_SWEEP else FEWEST_BLOCKS

    def prepare(self) -> Preparation:
        """Return the Preparation: everything that is computed before the first trajectory."""
        return prepare(
            self.model,
            self.times,
            self.initial,
            self.trajectories,
            dict(self.observables),
            self.burn_in,
            self.pair,
            self.fewest_blocks,
            1 if self.points > LARGE_SWEEP else BINS,
        )

    def fingerprints(self) -> Fingerprints:
        """Return everything that determines the numbers, by name: values, and digests of arrays.

        The number of trajectories is not included: asking for more extends a result.
        """
        named = {f"system.{name}": text_of(value) for name, value in self.system.items()}
        named |= {
            OPERATORS: model_digest(self.model),
            "ensemble.duration": text_of(float(self.times[-1])),
            "ensemble.times": digest_of(self.times),
            "ensemble.initial": text_of("steady") if self.initial is None else digest_of(self.initial),
            "ensemble.burn_in": text_of(self.burn_in),
            "ensemble.pair": text_of(None if self.pair is None else [index + 1 for index in self.pair]),
            "ensemble.seed": str(self.seed),
            "stream version": str(STREAM_VERSION),
        }
        named |= {f"{OPTIMISED}.{name}": text_of(value) for name, value in self.couplings.items()}
        return named | {f"observables.{name}": digest_of(operator) for name, operator in self.observables.items()}


class Jobs(LazySequence[Job]):
    """The jobs of a run's points; each model is built when its job is first used, since building takes longest.

    numbers: indices of the chosen points in the whole sweep of `points` points.
    """

    def __init__(self, run: Run, numbers: Sequence[int], has_stopping_rule: bool = False) -> None:
        self.run, self.numbers, self.has_stopping_rule = run, numbers, has_stopping_rule
        self.points = run.point_count
        self._mapping = run.mapping()

    def __len__(self) -> int:
        return len(self.numbers)

    def _item(self, place: int) -> Job:
        return replace(self.spec(place).job(), mapping=self._mapping, text=self.run.text)

    def swept(self) -> list[dict[str, float]]:
        """Return the swept parameters of each point, without building its model."""
        return [at_point(self.run, number)[0] for number in self.numbers]

    def spec(self, place: int) -> Spec:
        """Return everything needed to build the job on another rank."""
        number = self.numbers[place]
        swept, run = at_point(self.run, number)
        light = replace(run, text="", title="", description="", figure=Figure())
        return Spec(light, swept, number, self.points, self.has_stopping_rule)

    def fingerprints(self) -> Fingerprints:
        """Return the fingerprints of all points as one run.

        The first point's model and the tables of the run stand for all of them, since building thousands of models
        takes minutes; each point keeps fingerprints of its own in the result.
        """
        return joint_fingerprint(self[0].fingerprints(), self._mapping, self.numbers, self.points)

    def with_couplings(self, meta: Mapping[str, Any]) -> Jobs:
        """Return the same jobs with the optimised parameters that a stored result of theirs has, to the bit.

        meta: of the result. Jobs of another run are returned as they are.
        """
        tables = ("system", "sweep", "derived", "optimise")
        if any(text_of(meta["run"].get(name)) != text_of(self._mapping[name]) for name in tables):
            return self
        couplings = couplings_of(meta["each"], meta["points"])
        return Jobs(replace(self.run, couplings=MappingProxyType(couplings)), self.numbers, self.has_stopping_rule)

    def with_stopping_rule(self) -> Jobs:
        """Return the same jobs with `has_stopping_rule` set."""
        return Jobs(self.run, self.numbers, True)


@dataclass(frozen=True)
class Spec:
    """A point of a run whose model has not been built; sent to the rank that builds it."""

    run: Run
    swept: Mapping[str, float]
    number: int
    points: int
    has_stopping_rule: bool

    def job(self) -> Job:
        """Build the model and return the job; raises InputError where the model cannot be built."""
        job = Job.of(self.run)
        job = replace(job, swept=dict(self.swept), point=self.number, points=self.points)
        return replace(job, has_stopping_rule=self.has_stopping_rule)


def jobs_of(run: Run, chosen: str = "", option: str = "--points") -> Jobs:
    """Return the jobs of a run file: one, or one for each point of its sweep, or of those that are chosen.

    chosen: "3", or as Python writes a range, "0:100", "3::10"; option: what errors call it. Raises InputError where it
    chooses no point, and for a first point that cannot be built.
    """
    jobs = Jobs(run, chosen_points(chosen, run.point_count, option))
    jobs[0]  # a fault common to all points is found at the first
    return jobs


def chosen_points(chosen: str, points: int, option: str = "--points") -> range:
    """Return the indices of the points that "3", "0:100" or "3::10" choose out of `points` points; "" chooses all.

    option: name of the option in errors; --point where exactly one point must be chosen.
    """
    try:
        parts = [int(part) if part.strip() else None for part in chosen.split(":")]
        single = parts[0] if len(parts) == 1 else None
        numbers = range(points)[slice(*parts)] if single is None else range(points)[single : single + 1]
        wrong = len(parts) > 3 or min(part or 0 for part in parts) < 0
    except (ValueError, TypeError):
        numbers, wrong = range(0), True
    if wrong or not numbers:
        several = ", or a range such as 0:100 (0 to 99) or 3::10 (3, 13, 23, ...)" * (option == "--points")
        raise InputError(
            f"{option} {chosen}: chooses none of the {points} point{'s' * (points > 1)} (0 to {points - 1}): must be a "
            f"number such as {min(3, points - 1)}{several}"
        )
    return numbers
