"""What each command says of one sample of a machine of the zoo: its rows, judged by the functions that it calls itself.

One small function for each command; nothing else knows how the product judges.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from scipy import special
from zoo import MACHINES, Machine

from trajectories.counting.steady_counting import SteadyCounting
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.report.counting_rows import counting_rows
from trajectories.report.entropy_parts import EntropyParts
from trajectories.report.exact_counting import ExactCounting
from trajectories.report.judge import judge, verdict
from trajectories.report.record_rows import sampled_rows
from trajectories.report.report import rows_of
from trajectories.report.rows import Row
from trajectories.report.theorems import point_theorems
from trajectories.results.points import Point
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import GROUPS
from trajectories.sampling.reduction_tree import Forest

NUMBERS = 32  # bits of a seed that number the reports of a machine; its name gives the others
# Judged by Student's distribution over groups of trajectories.
JACKKNIFED = {"concurrence", "negativity", "noise", "third_cumulant", "fourth_cumulant", "covariance"}
JACKKNIFED |= {"tur_ratio", "kur_ratio"}
# Neither z nor an interval is meant to be normal: chi^2, and a binomial number's own probability.
NOT_NORMAL = {"detailed_fluctuation_theorem", "entropy_infimum_probability"}


class Prepared:
    """A machine's preparation, and what each command settles before it looks at a sample."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.preparation = machine, machine.prepare()

    def point(self, seed: int) -> Point:
        """Sample whole blocks, as a run does."""
        own, forest = self.preparation, Forest(GROUPS)
        size = own.block_size
        for index in range(-(-self.machine.trajectories // size)):
            block = sample_block(own.plan, own.observables, seed, 0, index * size, size, own.jumps_per_trajectory)
            forest.add(index, block)
        return Point(dict(own.model.parameters), own, forest)

    @cached_property
    def entropy_parts(self) -> EntropyParts:
        return EntropyParts.of(self.preparation)

    @cached_property
    def counting(self) -> ExactCounting:
        model = self.preparation.model
        return ExactCounting.of(self.preparation, SteadyCounting.of(Master(model, find_sectors(model)), False))

    @cached_property
    def asked(self) -> list[Any]:
        return self.machine.wanted.statistics(self.preparation)


@cache
def prepared(name: str) -> Prepared:
    """Return a machine of the zoo prepared, once in each process."""
    return Prepared(MACHINES[name])


def report_rows(own: Prepared, seed: int) -> list[Row]:
    """Return the rows of `trajectories report`."""
    return judge(rows_of(own.point(seed)))


def theorem_rows(own: Prepared, seed: int) -> list[Row]:
    """Return the rows of `trajectories theorems`."""
    point = own.point(seed)
    return judge(list(point_theorems(point, seed, 0, point.trajectories, parts=own.entropy_parts).rows))


def count_rows(own: Prepared, seed: int) -> list[Row]:
    """Return the rows of `trajectories counting`: cumulants, covariances, uncertainty."""
    return list(judge(counting_rows(own.point(seed), own.counting)))


def record_rows(own: Prepared, seed: int) -> list[Row]:
    """Return the rows of `trajectories counting --waiting --g2 --spectrum --first-passage`."""
    every = sampled_rows(own.preparation, own.asked, seed, 0, own.machine.trajectories)
    return list(judge(found for rows in every for found in rows))


COMMANDS: dict[str, Callable[[Prepared, int], list[Row]]] = {
    "report": report_rows,
    "theorems": theorem_rows,
    "counting": count_rows,
    "records": record_rows,
}


def seed_of(machine: str, number: int) -> int:
    """Return the seed of a machine's report: no two machines share one, whichever machines are chosen."""
    return (zlib.crc32(machine.encode()) >> 1 << NUMBERS) + number


def rows_of_report(command: str, machine: str, number: int) -> list[Row]:
    """Sample a machine with the seed of this number; return what the command says of it."""
    return COMMANDS[command](prepared(machine), seed_of(machine, number))


def wrong(rows: list[Row]) -> bool:
    """Return whether the command calls the engine wrong."""
    return verdict(rows) == "disagree"


def alarm(rows: list[Row], rate: float) -> bool:
    """Return whether any p-value lies below its share of a false-alarm rate, whatever the command makes of it."""
    p = [row.p_value for row in rows if row.p_value is not None]
    return bool(p) and min(p) < rate / len(p)


class Studentised(NamedTuple):
    """A row that was judged by its z. phi: the probability of a smaller z, uniform where z is as it should be.

    covered: whether the exact value lies inside the 95 % bar, drawn with the sample's own standard error.
    """

    row: Row
    phi: float
    covered: bool


def studentised(rows: Iterable[Row], trajectories: int) -> list[Studentised]:
    """Return the rows that were judged by a z that is meant to be normal, or Student's by the sample's error."""
    found = []
    for row in rows:
        judged = row.status in ("agree", "disagree") and row.p_value is not None and row.quantity not in NOT_NORMAL
        if not judged or row.z is None or row.exact is None or not row.standard_error:
            continue
        degrees = GROUPS - 1 if row.quantity in JACKKNIFED else trajectories - 1
        # By the exact error where there is one; a bar is drawn with the sample's.
        exact = row.exact_error is not None
        phi = float(special.ndtr(row.z) if exact else special.stdtr(degrees, row.z))
        bar = (row.estimate - row.exact) / row.standard_error if exact and row.estimate is not None else row.z
        found.append(Studentised(row, phi, bool(abs(bar) < special.stdtrit(degrees, 0.975))))
    return found


class Coverage(NamedTuple):
    """How often 95 % bars cover: share, and its standard error over reports, whose own rows hang together."""

    share: float
    error: float


def coverage(judged: Iterable[int], covered: Iterable[int]) -> Coverage:
    """Return the coverage of reports with so many judged rows, of which so many bars cover; nan without any."""
    n, inside = np.array(list(judged), float), np.array(list(covered), float)
    if not n.sum():
        return Coverage(float("nan"), float("nan"))
    share = inside.sum() / n.sum()
    return Coverage(float(share), float(np.sqrt(((inside - share * n) ** 2).sum()) / n.sum()))


def name_of(row: Row) -> str:
    """Return a name of a row that is the same for all seeds."""
    which = " ".join(filter(None, (row.label, row.reservoir)))
    return f"{row.quantity}, {which}, {row.time:.4g}"
