"""Fluctuation theorems as comparisons of weighted histograms of the entropy production, forward and reversed.

For every bin B of Delta S, of any width, sum_{gamma in B} e^{-Delta S}/N = P~(Delta S~ in -B) exactly; the logarithm of
the ratio of two histograms at bin centres is biased by the width. The bins are chosen by a pilot sample, which is not
judged.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import special

from trajectories.kernels.streams import BACKWARD
from trajectories.report.judge import judge_mean
from trajectories.report.law import NO_SPREAD, Law
from trajectories.report.rows import Row
from trajectories.sampling.reversed_ensemble import Direction, entropies

FEWEST_IN_BIN = 50
FEWEST_IN_WINDOW = 1000
ROUNDING = 1e-14  # of a trajectory's Delta S
EXPONENTS = np.linspace(-1.0, 2.0, 13)


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
    before, found = np.zeros(2), []
    for begin in range(0, n, block):
        values = entropies(direction, seed, point, first + begin, min(block, n - begin), tick)
        part = weighted(values, edges, mirrored)
        total = part if total is None else merge(total, part)
        weight = np.exp(-values)
        sums = before[:, None] + np.cumsum([weight, weight**2], axis=1)
        inside = marks[(marks > begin) & (marks <= begin + len(values))]
        found.append(sums[:, inside - begin - 1])
        before = sums[:, -1]
    assert total is not None
    first_sum, second_sum = np.concatenate(found, axis=1) / marks
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.sqrt(np.maximum(second_sum - first_sum**2, 0.0) / (marks - 1.0))
    return total, Running(marks, first_sum, error)


def compared_bins(edges: np.ndarray, forward: np.ndarray, backward: np.ndarray) -> list[slice]:
    """Return the runs of inner bins that are compared, from counts (bins+2,) expected of equally large ensembles.

    From the left, neighbours are merged until 50 effective trajectories are predicted for both ensembles. A bin's
    prediction is the maximum of its own ensemble's pilot estimate and the other ensemble's estimate mapped through the
    theorem: a bin that only one ensemble visits is therefore still tested. In a bin whose weights span a factor R, n
    trajectories are worth at least 4 n R/(1+R)^2 (Kantorovich's inequality), so that no sum of weights rests on a few
    of them. Bins without so many are left out: underflow and overflow, the far left, where forward trajectories are too
    rare to be seen, and the far right, where the reversed ones are.
    """
    ahead = np.maximum(forward[1:-1], backward[1:-1] * np.exp(edges[:-1]))
    reverse = np.maximum(backward[1:-1], forward[1:-1] * np.exp(-edges[1:]))
    found, start = [], 0
    for stop in range(1, len(edges)):
        for begin in range(start, stop):
            ratio = np.exp(edges[begin] - edges[stop])
            worth = 4 * ratio / (1 + ratio) ** 2
            if min(ahead[begin:stop].sum() * worth, reverse[begin:stop].sum()) >= FEWEST_IN_BIN:
                found.append(slice(begin, stop))
                start = stop
                break
    return found


class Bins(NamedTuple):
    """Both sides of the detailed theorem in the compared bins, (G,) each but the covariances (G, G).

    delta: -ln of the mean weight, the Delta S at which the log ratio of the two probabilities lies on the line of slope
    one whatever the bin's width. probability: forward. weighted: sum e^{-Delta S}/N. mirrored: P~(Delta S~ in -B).
    difference: weighted - mirrored. Logarithms are not finite where one ensemble has nothing.
    """

    delta: np.ndarray
    probability: np.ndarray
    weighted: np.ndarray
    mirrored: np.ndarray
    difference: np.ndarray
    covariances: tuple[np.ndarray, np.ndarray]

    @property
    def log_ratio(self) -> tuple[np.ndarray, np.ndarray]:
        """ln P(B)/P~(-B) and its standard error at a given delta."""
        variances = [np.diag(covariance) for covariance in self.covariances]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.log(self.probability) - np.log(self.mirrored)
            return ratio, np.sqrt(variances[0] / self.weighted**2 + variances[1] / self.mirrored**2)

    @property
    def slope(self) -> tuple[float, float]:
        """Slope of the log ratio against delta by least squares, and its standard error: an illustration, no test."""
        ratio, error = self.log_ratio
        kept = np.isfinite(ratio) & np.isfinite(error)
        if kept.sum() < 2:
            return np.nan, np.nan
        delta, ratio = self.delta[kept], ratio[kept]
        weight = 1 / np.maximum(error[kept], np.finfo(float).tiny) ** 2
        centred = delta - (weight @ delta) / weight.sum()
        spread = weight @ centred**2
        return float(weight @ (centred * ratio) / spread), float(1 / np.sqrt(spread))


def bins_of(forward: Weighted, backward: Weighted, bins: list[slice]) -> Bins | None:
    """Return both sides of the detailed theorem in each of `bins`; None where all are empty."""
    bins = [b for b in bins if (forward.bins + backward.bins)[b.start + 1 : b.stop + 1].any()]
    if not bins:
        return None
    n, m = forward.count, backward.count
    p, first, second = (_summed(bins, line) / n for line in (forward.bins, *forward.beyond[:2]))
    r = _summed(bins, backward.bins) / m
    # With w = 1 + v the variances of w in a bin do not cancel where Delta S is small.
    own = p * (1 - p) + 2 * first * (1 - p) + second - first**2
    f = p + first
    covariances = _covariance(own, f, n), _covariance(r * (1 - r), r, m)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Bins(-np.log1p(first / p), p, f, r, (p - r) + first, covariances)


def _covariance(variance: np.ndarray, mean: np.ndarray, n: int) -> np.ndarray:
    """Return the covariance (G, G) of means over n of numbers of which only one is not zero."""
    joint = -np.outer(mean, mean)
    np.fill_diagonal(joint, variance)
    return joint / n


def detailed_row(found: Bins | None, time: float) -> Row:
    """Return the row of the detailed theorem: chi^2 of weighted forward against mirrored reversed bins.

    estimate: chi^2 with the covariances of both histograms; exact: its degrees of freedom, which it has on average.
    """
    row = Row("detailed_fluctuation_theorem", None, None, 0.0, time, "1", None)
    if found is None:
        note = f"no bin of Delta S in which both ensembles have {FEWEST_IN_BIN} trajectories"
        return replace(row, status="unresolved", note=note)
    difference = found.difference
    size = np.maximum(found.weighted, found.mirrored)
    independent = np.sqrt(sum(np.diag(c) for c in found.covariances) + size**2 * np.finfo(float).eps)
    scale = np.outer(independent, independent)
    levels, vectors = np.linalg.eigh((found.covariances[0] + found.covariances[1]) / scale)
    # Where Delta S has a single value there is nothing random about it, and both sides are simply equal.
    kept = levels > 1e-9
    along = vectors.T @ (difference / independent)
    covered = f"{len(difference)} bins with {100 * found.mirrored.sum():.3g} % of the reversed probability"
    if not kept.any():
        same = np.abs(difference).max() <= NO_SPREAD
        return replace(row, status="exact" if same else "disagree", standard_error=0.0, note=covered)
    statistic, degrees = float((along[kept] ** 2 / levels[kept]).sum()), int(kept.sum())
    error = float(np.sqrt(2 * degrees))
    return replace(
        row,
        estimate=statistic,
        exact=float(degrees),
        standard_error=error,
        z=(statistic - degrees) / error,
        p_value=float(special.chdtrc(degrees, statistic)),
        status="judged",
        note=f"chi^2 in {covered}",
    )


def windowed_row(forward: Weighted, backward: Weighted, edges: np.ndarray, symmetric: bool, time: float) -> Row:
    """Return the row of the windowed identity, |Delta S| < c with c the histogram edge nearest to 3.

    <(e^{-Delta S} - 1) 1[|Delta S| < c]> = 0 where the process and its steady state are unchanged by Theta; otherwise
    <e^{-Delta S} 1[|Delta S| < c]> = P~(|Delta S~| < c), the reversed ensemble's share. Edges are no values of Delta S.
    """
    upper = len(edges) // 2 + int(np.argmin(np.abs(edges[len(edges) // 2 :] - 3.0)))
    inside = slice(len(edges) - 1 - upper, upper)
    n, m = forward.count, backward.count
    kept = slice(inside.start + 1, inside.stop + 1)
    count, share = int(forward.bins[kept].sum()), int(backward.bins[kept].sum())
    note = f"|Delta S| < {edges[upper]:.4g} holds for {count:,} trajectories ({100 * count / n:.3g} %)"
    row = Row("windowed_fluctuation_theorem", "forward" if symmetric else "reversed", None, 0.0, time, "1", None)
    first, second, third = (forward.beyond if symmetric else forward.sums)[:, kept].sum(axis=1) / n
    variance = max(second - first**2, 0.0) / max(n - 1, 1)
    largest = float(np.exp(edges[upper]))
    if symmetric:
        # Values of w - 1 inside, 0 outside.
        row, width = replace(row, exact=0.0), largest - 1 / largest
    else:
        row, width = replace(row, exact=share / m), largest + 1.0
        variance += share / m * (1 - share / m) / max(m - 1, 1)
        note += "; exact: sampled, the reversed ensemble's share"
    error = float(np.sqrt(variance))
    row = replace(row, estimate=float(first), standard_error=error, note=note)
    if min(count, share) < FEWEST_IN_WINDOW:
        return replace(row, status="unresolved", note=f"{note}: fewer than {FEWEST_IN_WINDOW}")
    skewness = float((third - 3 * second * first + 2 * first**3) / n**2 / error**3) if error > 0 else 0.0
    law = Law(exact=False, width=width, rounding=ROUNDING)
    return judge_mean(row, min(n, m), law, skewness)


def _summed(bins: list[slice], line: np.ndarray) -> np.ndarray:
    """Return the sums of a line (bins+2,) over the merged inner bins, (G,)."""
    return np.array([line[b.start + 1 : b.stop + 1].sum() for b in bins], float)
