"""Exact counting statistics of a run at its sample times, and what decides whether sampling can resolve them.

An estimate from n trajectories is to first order the mean of an influence function h(N) of their counts. For the
cumulants it is, with y = N - <N> and central moments mu_n,

    noise            y^2 - mu_2
    third cumulant   y^3 - mu_3 - 3 mu_2 y
    fourth cumulant  y^4 - mu_4 - 4 mu_3 y - 6 mu_2 (y^2 - mu_2)

so that exact cumulants up to the twelfth give the standard deviation and the skewness of every estimate beforehand.
Influence functions: Hampel, J. Am. Stat. Assoc. 69, 383 (1974).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.polynomial import polynomial

from .kernels.ledger import ENTROPY_SINCE
from .master import Master
from .preparation import Preparation
from .steadycounting import CUMULANTS, RATIOS, Count, SteadyCounting, reverses
from .transients import finite_time, finite_time_cumulants
from .uncertainty import STILL

QUANTITIES = (*CUMULANTS[1:], *RATIOS)
HIGHEST_MOMENT = 12
NO_SPREAD = 1e-12


class Reach(NamedTuple):
    """What one trajectory contributes: standard deviation and skewness of an estimate's influence function, (T,)."""

    deviation: np.ndarray
    skewness: np.ndarray

    def at(self, t: int, scale: float = 1.0) -> Reach:
        """Return the reach at one time, in other units."""
        return Reach(self.deviation[t] * scale, self.skewness[t])


@dataclass(frozen=True, eq=False)
class ExactCounting:
    """Exact values over (from, t] at the sample times t after the start of counting.

    steady: the same model's long-time values. tallied: which of its counts a run tallies, C of them. later: the T
    sample times, as indices. spans (T,): t - from. relative_spread (C, T): standard deviation over mean of each count.
    values (C, 5, T): of QUANTITIES, not divided by time; nan where one does not exist. reach: C lists of 5; of ratios
    relative to their value. covariance (T, C, C).
    """

    steady: SteadyCounting
    tallied: tuple[int, ...]
    later: np.ndarray
    spans: np.ndarray
    relative_spread: np.ndarray
    values: np.ndarray
    reach: list[list[Reach]]
    covariance: np.ndarray

    @property
    def counts(self) -> list[Count]:
        return [self.steady.counts[i] for i in self.tallied]

    @classmethod
    def of(cls, preparation: Preparation, steady: SteadyCounting) -> ExactCounting:
        """Compute the values of a preparation's run. Raises InputError where the steady state is not unique."""
        tallied = tuple(i for i, count in enumerate(steady.counts) if count.column is not None)
        counts = [steady.counts[i] for i in tallied]
        later = np.flatnonzero(preparation.times > preparation.counting_from)
        spans = preparation.times[later] - preparation.counting_from
        master, start = Master(preparation.model, preparation.sectors), start_of(preparation)
        kappa = [finite_time_cumulants(master, count.weights, spans, start, HIGHEST_MOMENT) for count in counts]
        means = np.array([np.where(own[:, 0] != 0.0, np.abs(own[:, 0]), np.nan) for own in kappa])
        relative = np.sqrt(np.maximum([own[:, 1] for own in kappa], 0.0)) / means
        return cls(
            steady,
            tallied,
            later,
            spans,
            np.where(np.isnan(relative), np.inf, relative),
            np.array([_exact(preparation, count, own, later) for count, own in zip(counts, kappa, strict=True)]),
            [_reach(own) for own in kappa],
            finite_time(master, np.array([count.weights for count in counts]), spans, start).covariance,
        )

    def joint_reach(self, t: int, a: int, b: int) -> Reach:
        """Return the reach of the covariance of two counts at one time."""
        matrix = self.covariance[t][np.ix_([a, b], [a, b])]
        return _joint_reach(matrix, self.reach[a][0].at(t), self.reach[b][0].at(t))


def start_of(preparation: Preparation) -> np.ndarray | None:
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
