"""Sampled counting statistics beside the exact ones: variance, third and fourth cumulant, covariance, uncertainty.

A trajectory's counts N over (from, t] have the cumulants kappa_n(t), which at long times grow as c_n t + const. The
rows compare, at finite time and with the constant and all transients included,

    noise = kappa_2/(t - from),  third_cumulant = kappa_3/(t - from),  fourth_cumulant = kappa_4/(t - from),
    covariance = Cov(N_a, N_b)/(t - from),
    tur_ratio = kappa_2 <Delta S>/(2 <N>^2),  kur_ratio = kappa_2 <jumps>/<N>^2.

Errors are those of the jackknife over groups of trajectories, whose central sums are moved to a common pivot and there
add up. Whether n trajectories determine such an error is decided beforehand: the estimate is to first order the mean of
an influence function h(N), for the fourth cumulant h = y^4 - mu_4 - 4 mu_3 y - 6 mu_2 (y^2 - mu_2) with y = N - <N>,
and exact cumulants up to the twelfth give its variance and skewness.
Influence functions: Hampel, J. Am. Stat. Assoc. 69, 383 (1974).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.polynomial import polynomial

from .kernels.ledger import ENTROPY_SINCE
from .master import Master
from .preparation import Preparation
from .results import Point
from .rows import Row
from .statistics import Block, Jackknife, jackknife, p_value
from .steadycounting import CUMULANTS, RATIOS, Count, SteadyCounting, reverses
from .transients import finite_time, finite_time_cumulants
from .uncertainty import STILL

QUANTITIES = (*CUMULANTS[1:], *RATIOS)
HIGHEST_MOMENT = 12
MOST_SKEWED = 0.5
SLOW = 0.1
NO_SPREAD = 1e-12


@dataclass(frozen=True)
class CountingRow:
    """A row at finite time, and the value that the same quantity tends to at long times (None: there is none)."""

    row: Row
    long_time: float | None

    def json(self) -> dict[str, Any]:
        return self.row.json() | {"long_time": self.long_time}


class Reach(NamedTuple):
    """What one trajectory contributes: standard deviation and skewness of an estimate's influence function, (T,)."""

    deviation: np.ndarray
    skewness: np.ndarray

    def at(self, t: int, scale: float = 1.0) -> Reach:
        """Return the reach at one time, in other units."""
        return Reach(self.deviation[t] * scale, self.skewness[t])


def counting_rows(point: Point, steady: SteadyCounting) -> list[CountingRow]:
    """Return the rows of one sweep point's tallied counts at its sample times after `from`, not yet judged.

    steady: the same model's long-time values. Raises InputError where the steady state is not unique.
    """
    preparation = point.preparation
    tallied = [i for i, count in enumerate(steady.counts) if count.column is not None]
    counts = [steady.counts[i] for i in tallied]
    later = np.flatnonzero(preparation.times > preparation.counting_from)
    if not len(later):
        return []
    spans = preparation.times[later] - preparation.counting_from
    master, start = Master(preparation.model, preparation.sectors), _start(preparation)
    sampled = _sampled(point, counts, later)
    rows: list[CountingRow] = []
    reaches = []
    for c, (i, count) in enumerate(zip(tallied, counts, strict=True)):
        kappa = finite_time_cumulants(master, count.weights, spans, start, HIGHEST_MOMENT)
        reaches.append(_reach(kappa))
        exact = _exact(preparation, count, kappa, later)
        slow = np.sqrt(np.maximum(kappa[:, 1], 0.0) / point.trajectories) > SLOW * np.abs(kappa[:, 0])
        for q, quantity in enumerate(QUANTITIES):
            ratio, long_time = quantity in RATIOS, _number(getattr(steady.rates[i], quantity))
            for t in map(int, np.flatnonzero(np.isfinite(exact[q]))):
                width = 1.0 if ratio else float(spans[t])
                unit = "1" if ratio else count.unit_of(q + 2)
                row = _row(preparation, quantity, count.name, count.reservoir, int(later[t]), unit)
                row = replace(row, exact=float(exact[q, t] / width))
                found = _part(sampled, t, c * len(QUANTITIES) + q, width)
                one = reaches[c][q].at(t, float(exact[q, t]) if ratio else 1.0 / width)
                judged = _judged(row, found, one, point.trajectories, ratio and bool(slow[t]))
                rows.append(CountingRow(judged, long_time))
    return rows + _covariance_rows(point, steady, tallied, sampled, reaches)


def _covariance_rows(
    point: Point, steady: SteadyCounting, tallied: list[int], sampled: Jackknife, reaches: list[list[Reach]]
) -> list[CountingRow]:
    preparation, counts = point.preparation, [steady.counts[i] for i in tallied]
    later = np.flatnonzero(preparation.times > preparation.counting_from)
    spans = preparation.times[later] - preparation.counting_from
    master, weights = Master(preparation.model, preparation.sectors), np.array([count.weights for count in counts])
    joint = finite_time(master, weights, spans, _start(preparation)).covariance
    rows = []
    for place, (a, b) in enumerate(_pairs(len(counts)), start=len(counts) * len(QUANTITIES)):
        limit = float(steady.covariance[tallied[a], tallied[b]])
        for t, span in enumerate(map(float, spans)):
            label = f"{counts[a].name}, {counts[b].name}"
            row = _row(preparation, "covariance", label, None, int(later[t]), _product(counts[a], counts[b]))
            row = replace(row, exact=float(joint[t, a, b] / span))
            one = _joint_reach(joint[t][np.ix_([a, b], [a, b])], reaches[a][0].at(t), reaches[b][0].at(t))
            found = _part(sampled, t, place, span)
            rows.append(
                CountingRow(
                    _judged(row, found, one._replace(deviation=one.deviation / span), point.trajectories), limit
                )
            )
    return rows


def _row(preparation: Preparation, quantity: str, label: str, reservoir: str | None, t: int, unit: str) -> Row:
    start, time = preparation.counting_from, float(preparation.times[t])
    return Row(quantity, label, reservoir, start, time, unit, None)


def _product(a: Count, b: Count) -> str:
    units = [count.unit for count in (a, b) if count.unit != "1"]
    return f"{' '.join(units) or '1'}/time" if len(set(units)) != 1 or len(units) == 1 else f"{units[0]}^2/time"


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _pairs(n: int) -> list[tuple[int, int]]:
    return [(a, b) for a in range(n) for b in range(a + 1, n)]


# The exact side


def _start(preparation: Preparation) -> np.ndarray | None:
    """Return the state in which counting starts, as flattened blocks; None for the steady state."""
    if preparation.steady:
        return None
    burn = int(preparation.ledger.burn_index[0])
    if burn >= 0:
        return preparation.exact.density[burn]
    first = preparation.spectra[0]
    rho = (first.vectors * first.probabilities) @ first.vectors.conj().T
    return preparation.sectors.flatten(rho)


def _exact(preparation: Preparation, count: Count, kappa: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return the exact values of all quantities over (from, t], (5, T); nan where one does not exist."""
    mean, n_linear = preparation.exact.mean[later], len(preparation.ledger.linear)
    values = np.full((len(QUANTITIES), len(later)), np.nan)
    values[:3] = kappa[:, 1:4].T
    moves = np.abs(kappa[:, 0]) > STILL * mean[:, 0] * np.abs(count.weights).max()
    square = np.where(moves, kappa[:, 0], 1.0) ** 2
    if preparation.model.entropy and reverses(preparation.model, count.weights):
        values[3] = np.where(moves, kappa[:, 1] * mean[:, n_linear + ENTROPY_SINCE] / (2 * square), np.nan)
    values[4] = np.where(moves, kappa[:, 1] * mean[:, 0] / square, np.nan)
    return values


def _reach(kappa: np.ndarray) -> list[Reach]:
    """Return the reach of all quantities from the cumulants kappa (T, 12) of a count; of ratios relative to them.

    In a ratio the entropy production is taken to follow the count, and the number of jumps not to vary.
    """
    found = np.zeros((len(QUANTITIES), 2, len(kappa)))
    for t, row in enumerate(kappa):
        spread = float(np.sqrt(max(row[1], 0.0)))
        if spread <= NO_SPREAD:
            continue
        m = _central_moments(row / spread ** np.arange(1, len(row) + 1))
        variance = np.array([-1.0, 0.0, 1.0])
        slope = np.array([0.0, spread / row[0] if row[0] else 0.0, 0.0])
        influence = [
            (variance, spread**2),
            (np.array([-m[3], -3.0, 0.0, 1.0]), spread**3),
            (np.array([6.0 - m[4], -4.0 * m[3], -6.0, 0.0, 1.0]), spread**4),
            (variance - slope, 1.0),
            (variance - 2 * slope, 1.0),
        ]
        for q, (h, scale) in enumerate(influence):
            square = polynomial.polymul(h, h)
            cube = polynomial.polymul(square, h)
            second, third = float(square @ m[: len(square)]), float(cube @ m[: len(cube)])
            if second > 0.0:
                found[q, :, t] = scale * np.sqrt(second), third / second**1.5
            else:
                found[q, :, t] = 0.0, np.inf
    return [Reach(*values) for values in found]


def _central_moments(kappa: np.ndarray) -> np.ndarray:
    """Return mu_0 ... mu_n of cumulants kappa_1 ... kappa_n: mu_n = sum_m C(n-1, m-1) kappa_m mu_{n-m}, kappa_1 = 0."""
    m = np.zeros(len(kappa) + 1)
    m[0] = 1.0
    for n in range(2, len(m)):
        m[n] = sum(comb(n - 1, j - 1) * kappa[j - 1] * m[n - j] for j in range(2, n + 1))
    return m


def _joint_reach(covariance: np.ndarray, a: Reach, b: Reach) -> Reach:
    """Return the reach of a covariance from the (2, 2) matrix and the reaches of both variances, at one time.

    The deviation is an upper bound (Cauchy, Schwarz); the skewness that of products of normal variables of the same
    correlation rho, (2 rho^3 + 6 rho)/(1 + rho^2)^(3/2), in units of that of the variances.
    """
    fourth = np.prod([own.deviation**2 + covariance[i, i] ** 2 for i, own in enumerate((a, b))])
    norm = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    rho = float(covariance[0, 1]) / norm if norm > 0.0 else 0.0
    share = (2 * rho**3 + 6 * rho) / (1 + rho**2) ** 1.5 / np.sqrt(8)
    return Reach(fourth**0.25, share * max(a.skewness, b.skewness, key=abs))


# The sampled side


def _sampled(point: Point, counts: list[Count], later: np.ndarray) -> Jackknife:
    """Jackknife all quantities of all counts, then the covariances of pairs: (T, 5 C + pairs)."""
    n_linear = len(point.preparation.ledger.linear)
    columns = np.array([count.column for count in counts])
    scale = np.array([count.scale for count in counts])
    pivot = point.total.mean[np.ix_(later, columns)] * scale
    jumps, entropy = point.total.mean[later, 0], point.total.mean[later, n_linear + ENTROPY_SINCE]
    sizes = np.array([int(group.count) for group in point.groups])
    sums = np.array([_sums(group, later, columns, scale, pivot) for group in point.groups])
    others = [group.mean[later][:, [0, n_linear + ENTROPY_SINCE]] for group in point.groups]
    extra = np.array([n * (x - np.stack([jumps, entropy], 1)) for n, x in zip(sizes, others, strict=True)])
    c = len(counts)

    def function(mean: np.ndarray) -> np.ndarray:
        powers = mean[:, : 4 * c].reshape(-1, 4, c)
        joint = mean[:, 4 * c : 4 * c + c * c].reshape(-1, c, c)
        shift = powers[:, 0]
        m2 = powers[:, 1] - shift**2
        m3 = powers[:, 2] - 3 * shift * powers[:, 1] + 2 * shift**3
        m4 = powers[:, 3] - 4 * shift * powers[:, 2] + 6 * shift**2 * powers[:, 1] - 3 * shift**4
        square = (pivot + shift) ** 2
        relative = m2 / np.where(square > 0, square, np.inf)
        thermodynamic = relative * (entropy + mean[:, -1])[:, None] / 2
        kinetic = relative * (jumps + mean[:, -2])[:, None]
        own = np.stack([m2, m3, m4 - 3 * m2**2, thermodynamic, kinetic], axis=2).reshape(len(mean), -1)
        mixed = [joint[:, a, b] - shift[:, a] * shift[:, b] for a, b in _pairs(c)]
        return np.concatenate([own, *(column[:, None] for column in mixed)], axis=1)

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
    estimate, error, bias = (x[t, place] / width for x in sampled[:3])
    return Jackknife(estimate, error, bias, sampled.degrees_of_freedom)


def _judged(row: Row, found: Jackknife, one: Reach, n: int, slow: bool = False) -> Row:
    """Put an estimate into a row and judge it, studentised where n trajectories determine its error bar."""
    exact, estimate, error = float(row.exact or 0.0), float(found.estimate), float(found.standard_error)
    if not np.isfinite(estimate):
        return replace(row, status="unresolved", note="no trajectory counted anything")
    row = replace(row, estimate=estimate)
    if not np.isfinite(error):
        return replace(row, status="unresolved", note="too few groups of trajectories for an error bar")
    row = replace(row, standard_error=error)
    if slow:
        return replace(row, status="unresolved", note="the mean count is too close to zero for a ratio to its square")
    deviation, expected = abs(estimate - exact), one.deviation / np.sqrt(n)
    if expected <= 0.0 and error <= NO_SPREAD:
        return replace(row, status="exact" if deviation <= NO_SPREAD * max(1.0, abs(exact)) else "disagree")
    z = (estimate - exact) / error if error > 0.0 else None
    skewness = one.skewness / np.sqrt(n)
    if z is None or not abs(skewness) <= MOST_SKEWED or abs(found.bias) > 0.5 * error:
        # Chebyshev's bound holds whatever the distribution: such a row can disagree, but it cannot agree.
        bound = min(1.0, (expected / deviation) ** 2) if deviation > 0.0 else 1.0
        return replace(row, z=z, p_value=bound, status="bounded", note="too few trajectories for a sure error bar")
    p = float(p_value(z, skewness, found.degrees_of_freedom))
    return replace(row, z=z, p_value=p, status="judged")
