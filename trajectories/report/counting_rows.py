"""Sampled counting statistics beside the exact ones: variance, third and fourth cumulant, covariance, uncertainty.

A trajectory's counts N over (from, t] have the cumulants kappa_n(t), which at long times grow as c_n t + const. The
rows compare, at finite time and with the constant and all transients included,

    noise = kappa_2/(t - from),  third_cumulant = kappa_3/(t - from),  fourth_cumulant = kappa_4/(t - from),
    covariance = Cov(N_a, N_b)/(t - from),
    tur_ratio = kappa_2 <Delta S>/(2 <N>^2),  kur_ratio = kappa_2 <jumps>/<N>^2.

Errors are those of the jackknife over groups of trajectories, whose central sums are moved to a common pivot and there
add up. Cumulants are judged by the exact law of one trajectory's influence on them, see `exact_counting`; the z of a
ratio is that of kappa_2 <Delta S>/2 - R <N>^2 or kappa_2 <jumps> - R <N>^2 with the exact R: their errors are closer to
normal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.counting.model_counts import unit_of_covariance
from trajectories.counting.steady_counting import RATIOS
from trajectories.kernels.observable_table import ENTROPY_SINCE
from trajectories.report.exact_counting import QUANTITIES, ExactCounting
from trajectories.report.judge import judge_mean, judge_smooth, noted
from trajectories.report.law import Law
from trajectories.report.rows import Row
from trajectories.results.points import Point
from trajectories.sampling.statistics import Block, Jackknife, jackknife

SLOW = 0.05  # relative uncertainty of a mean count up to which ratios to its square are judged
MOVING = "not the steady state: no bound of 1"


@dataclass(frozen=True)
class CountingRow(Row):
    """A row at finite time. long_time: the limit of the quantity at long times, None where there is none."""

    long_time: float | None = None

    def json(self) -> dict[str, Any]:
        """Return the row as JSON's types, with `long_time`."""
        return super().json() | {"long_time": self.long_time}


def counting_rows(point: Point, exact: ExactCounting) -> list[CountingRow]:
    """Return the rows of one sweep point's tallied counts at its sample times after `from`, not yet judged.

    exact: that of the point's preparation.
    """
    if not len(exact.later):
        return []
    preparation, n, sampled = point.preparation, point.trajectories, _sampled(point, exact)
    rows: list[CountingRow] = []
    for c, (i, count) in enumerate(zip(exact.tallied, exact.counts, strict=True)):
        for q, quantity in enumerate(QUANTITIES):
            ratio, long_time = quantity in RATIOS, _number(getattr(exact.steady.rates[i], quantity))
            unit = "1" if ratio else count.unit_of(q + 2)
            for t in map(int, np.flatnonzero(np.isfinite(exact.values[c, q]))):
                value, width = float(exact.values[c, q, t]), 1.0 if ratio else float(exact.spans[t])
                begin, time = preparation.counting_from, float(preparation.times[exact.later[t]])
                row = CountingRow(quantity, count.name, count.reservoir, begin, time, unit, value / width)
                row = replace(row, long_time=long_time, note=MOVING if ratio and not preparation.steady else "")
                estimate = _part(sampled, t, c * len(QUANTITIES) + q, width)
                law = exact.laws[c][q][t].scaled(1.0 / width)
                row = _estimated(row, estimate)
                if row.status != "unresolved" and ratio:
                    test = _part(sampled, t, (c - len(exact.counts)) * len(RATIOS) + q - 3, 1.0)
                    slow = bool(exact.relative_spread[c, t] > SLOW * np.sqrt(n))
                    row = _judged_ratio(row, estimate, test, n, law, slow)
                elif row.status != "unresolved":
                    row = judge_mean(row, n, law)
                rows.append(row)
    return rows + _covariance_rows(point, exact, sampled)


def _covariance_rows(point: Point, exact: ExactCounting, sampled: Jackknife) -> list[CountingRow]:
    """Return the rows of the covariances of all pairs of counts."""
    rows, counts = [], exact.counts
    for place, (a, b) in enumerate(_pairs(len(counts)), start=len(counts) * len(QUANTITIES)):
        label, unit = f"{counts[a].name}, {counts[b].name}", unit_of_covariance(counts[a], counts[b])
        limit = float(exact.steady.covariance[exact.tallied[a], exact.tallied[b]])
        for t, span in enumerate(map(float, exact.spans)):
            begin, time = point.preparation.counting_from, float(point.preparation.times[exact.later[t]])
            value = float(exact.covariance[t, a, b] / span)
            row = CountingRow("covariance", label, None, begin, time, unit, value, long_time=limit)
            estimate, law = _part(sampled, t, place, span), exact.joint_law(t, a, b).scaled(1 / span)
            row = _estimated(row, estimate)
            if row.status != "unresolved" and row.exact is not None:
                row = judge_smooth(row, float(estimate.estimate) - row.exact, estimate, point.trajectories, law)
            rows.append(row)
    return rows


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(n) for b in range(a + 1, n)]


# The sampled side


def _sampled(point: Point, exact: ExactCounting) -> Jackknife:
    """Return the jackknife of all counts' quantities, pairs' covariances and tests of ratios: (T, 5 C + pairs + 2 C).

    A ratio R = A/<N>^2 is tested by A - R <N>^2 with the exact R, which must vanish: it has far less of a tail than R.
    """
    counts, later, n_linear = exact.counts, exact.later, len(point.preparation.observables.linear)
    ratios = np.nan_to_num(exact.values[:, -len(RATIOS) :]).transpose(2, 0, 1)
    columns = np.array([count.column for count in counts])
    scale = np.array([count.scale for count in counts])
    pivot = point.total.mean[np.ix_(later, columns)] * scale
    jumps, entropy = point.total.mean[later, 0], point.total.mean[later, n_linear + ENTROPY_SINCE]
    sizes = np.array([int(group.count) for group in point.groups])
    sums = np.array([_sums(group, later, columns, scale, pivot) for group in point.groups])
    costs_of_groups = [group.mean[later][:, [0, n_linear + ENTROPY_SINCE]] for group in point.groups]
    extra = np.array([n * (x - np.stack([jumps, entropy], 1)) for n, x in zip(sizes, costs_of_groups, strict=True)])
    c = len(counts)

    def function(mean: np.ndarray) -> np.ndarray:
        powers = mean[:, : 4 * c].reshape(-1, 4, c)
        joint = mean[:, 4 * c : 4 * c + c * c].reshape(-1, c, c)
        shift = powers[:, 0]
        m2 = powers[:, 1] - shift**2
        m3 = powers[:, 2] - 3 * shift * powers[:, 1] + 2 * shift**3
        m4 = powers[:, 3] - 4 * shift * powers[:, 2] + 6 * shift**2 * powers[:, 1] - 3 * shift**4
        square = (pivot + shift) ** 2
        costs = np.stack([(entropy + mean[:, -1]) / 2, jumps + mean[:, -2]], axis=1)
        above = m2[:, :, None] * costs[:, None, :]
        divided = above / np.where(square > 0, square, np.inf)[:, :, None]
        cumulants_and_ratios = np.concatenate([np.stack([m2, m3, m4 - 3 * m2**2], axis=2), divided], axis=2)
        mixed = [joint[:, a, b] - shift[:, a] * shift[:, b] for a, b in _pairs(c)]
        tests = above - ratios * square[:, :, None]
        parts = [cumulants_and_ratios, *(column[:, None] for column in mixed), tests]
        return np.concatenate([part.reshape(len(mean), -1) for part in parts], axis=1)

    return jackknife(function, np.concatenate([sums, extra], axis=2), sizes)


def _sums(group: Block, later: np.ndarray, columns: np.ndarray, scale: np.ndarray, pivot: np.ndarray) -> np.ndarray:
    """Return sum (N - pivot)^p, p = 1..4, and sum (N - pivot)_a (N - pivot)_b of a group, (T, 4 C + C^2)."""
    n, pick = float(group.count), np.ix_(later, columns)
    d = group.mean[pick] * scale - pivot
    m2, m3, m4 = (part[pick] * scale**p for p, part in ((2, group.m2), (3, group.m3), (4, group.m4)))
    powers = [n * d, m2 + n * d**2, m3 + 3 * d * m2 + n * d**3, m4 + 4 * d * m3 + 6 * d**2 * m2 + n * d**4]
    joint = group.comoment[np.ix_(later, columns, columns)] * (scale[:, None] * scale)
    joint = joint + n * d[:, :, None] * d[:, None, :]
    return np.concatenate([*powers, joint.reshape(len(later), -1)], axis=1)


def _part(sampled: Jackknife, t: int, place: int, width: float) -> Jackknife:
    """Return one quantity of the jackknife at time t, divided by a time."""
    estimate, error, bias = (x[t, place] / width for x in sampled[:3])
    return Jackknife(estimate, error, bias, sampled.degrees_of_freedom)


def _estimated(row: CountingRow, sampled: Jackknife) -> CountingRow:
    """Put an estimate and its error into a row; unresolved where there are none."""
    estimate, error = float(sampled.estimate), float(sampled.standard_error)
    if not np.isfinite(estimate):
        return noted(replace(row, status="unresolved"), "no trajectory counted anything")
    if not np.isfinite(error):
        row = replace(row, estimate=estimate, status="unresolved")
        return noted(row, "too few groups of trajectories for an error bar")
    return replace(row, estimate=estimate, standard_error=error)


def _judged_ratio(row: CountingRow, sampled: Jackknife, test: Jackknife, n: int, law: Law, slow: bool) -> CountingRow:
    """Judge a ratio by its test, a number that must vanish, in the unit of the ratio's error."""
    if slow:
        return noted(replace(row, status="unresolved"), "the mean count is too uncertain for a ratio to its square")
    assert row.estimate is not None and row.exact is not None
    deviation = row.estimate - row.exact
    if test.standard_error > 0.0:
        deviation = float(test.estimate / test.standard_error * sampled.standard_error)
    return judge_smooth(row, deviation, sampled, n, law)
