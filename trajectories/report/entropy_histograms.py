"""Weighted histograms and averages of the entropy production of forward and reversed trajectories."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trajectories.sampling.reversed_ensemble import BACKWARD, Direction, entropies

EXPONENTS = np.linspace(-1.0, 2.0, 13)
"""u of the averages e^{-u Delta S} that are kept."""


class Weighted(NamedTuple):
    """Mergeable statistics of n values of Delta S, with weights; the bins are those of the forward histogram.

    count, infinite: trajectories, and those of them with Delta S = inf, which are in no bin. mean, m2: of the finite
    values, m2 = sum (x - mean)^2. bins (bins+2,) int64: how many in each, underflow first. sums (3, bins+2): of w,
    w^2, w^3 in each, w = e^{-Delta S} forward; the reversed ensemble is binned by -Delta S~, with w = 1. beyond (3,
    bins+2): of the same powers of w - 1, without cancellation where Delta S is small. largest: w.
    powers (2, U): sum e^{-u Delta S} and sum e^{-2 u Delta S} of the finite values for the EXPONENTS u.
    """

    count: int  # type: ignore[assignment]  # hides tuple.count, which nobody needs here
    infinite: int
    mean: float
    m2: float
    bins: np.ndarray
    sums: np.ndarray
    beyond: np.ndarray
    largest: float
    powers: np.ndarray

    @property
    def standard_error(self) -> float:
        """Standard error of the mean of the finite values; nan with fewer than two."""
        finite = self.count - self.infinite
        return float(np.sqrt(self.m2 / (finite * (finite - 1.0)))) if finite > 1 else np.nan

    @property
    def effective(self) -> float:
        """Effective sample size (sum w)^2 / sum w^2."""
        return float(self.sums[0].sum() ** 2 / self.sums[1].sum()) if self.sums[1].sum() > 0 else 0.0

    @property
    def largest_share(self) -> float:
        """The part of sum w that the largest weight carries."""
        return float(self.largest / self.sums[0].sum()) if self.sums[0].sum() > 0 else 0.0


class Running(NamedTuple):
    """The average of w over the first n trajectories, as n grows: n, mean, its sample standard error, (M,) each."""

    n: np.ndarray
    mean: np.ndarray
    standard_error: np.ndarray


def weighted(values: np.ndarray, edges: np.ndarray, mirrored: bool) -> Weighted:
    """Return the statistics of values of Delta S (n,); edges (bins+1,); mirrored: of a reversed ensemble."""
    finite = values[np.isfinite(values)]
    binned = -finite if mirrored else finite
    place = np.searchsorted(edges, binned, side="right")
    weight = np.ones(len(finite)) if mirrored else np.exp(-finite)
    less = np.zeros(len(finite)) if mirrored else np.expm1(-finite)
    size = len(edges) + 1
    mean = float(finite.mean()) if len(finite) else 0.0
    with np.errstate(over="ignore"):
        powers = np.array([[np.exp(-power * u * finite).sum() for u in EXPONENTS] for power in (1, 2)])
    return Weighted(
        len(values),
        len(values) - len(finite),
        mean,
        float(((finite - mean) ** 2).sum()),
        np.bincount(place, minlength=size),
        np.array([np.bincount(place, weight**power, size) for power in (1, 2, 3)]),
        np.array([np.bincount(place, less**power, size) for power in (1, 2, 3)]),
        float(weight.max(initial=0.0)),
        powers,
    )


def merge(a: Weighted, b: Weighted) -> Weighted:
    """Return the statistics of the trajectories of a and of b together (disjoint sets)."""
    na, nb = a.count - a.infinite, b.count - b.infinite
    delta, n = b.mean - a.mean, max(na + nb, 1)
    return Weighted(
        a.count + b.count,
        a.infinite + b.infinite,
        a.mean + delta * nb / n,
        a.m2 + b.m2 + delta**2 * na * nb / n,
        a.bins + b.bins,
        a.sums + b.sums,
        a.beyond + b.beyond,
        max(a.largest, b.largest),
        a.powers + b.powers,
    )


def gather(
    direction: Direction,
    edges: np.ndarray,
    seed: int,
    point: int,
    first: int,
    n: int,
    block: int,
    tick: Callable[[int], None] = lambda done: None,
) -> tuple[Weighted, Running]:
    """Sample trajectories first ... first+n-1 of a direction, `block` at a time, merged in the order of their numbers.

    The bits are a function of the arguments; how a block is cut into calls of the kernel cannot change them. tick:
    called with every number of trajectories sampled.
    """
    mirrored = direction.family == BACKWARD
    total: Weighted | None = None
    marks = np.unique(np.round(2.0 ** np.arange(0, np.log2(n) + 0.5, 0.25)).astype(np.int64).clip(1, n))
    before, sums_at_marks = np.zeros(2), []
    for begin in range(0, n, block):
        values = entropies(direction, seed, point, first + begin, min(block, n - begin), tick)
        part = weighted(values, edges, mirrored)
        total = part if total is None else merge(total, part)
        weight = np.exp(-values)
        sums = before[:, None] + np.cumsum([weight, weight**2], axis=1)
        inside = marks[(marks > begin) & (marks <= begin + len(values))]
        sums_at_marks.append(sums[:, inside - begin - 1])
        before = sums[:, -1]
    assert total is not None
    first_sum, second_sum = np.concatenate(sums_at_marks, axis=1) / marks
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(second_sum - first_sum**2, 0.0) / (marks - 1.0))
    return total, Running(marks, first_sum, error)
