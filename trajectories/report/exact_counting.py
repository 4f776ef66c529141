"""Exact counting statistics of a run at its sample times, and the exact laws of their estimates.

An estimate from n trajectories is to first order the mean of an influence function h(N) of their counts. For the
cumulants it is, with y = N - <N> and central moments mu_n,

    noise            y^2 - mu_2
    third cumulant   y^3 - mu_3 - 3 mu_2 y
    fourth cumulant  y^4 - mu_4 - 4 mu_3 y - 6 mu_2 (y^2 - mu_2)

so that exact cumulants up to the twelfth give the standard deviation and the skewness of every estimate beforehand.
Influence functions: Hampel, J. Am. Stat. Assoc. 69, 383 (1974).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np
from numpy.polynomial import polynomial

from trajectories.counting.finite_time_cumulants import finite_time, finite_time_cumulants
from trajectories.counting.model_counts import Count, reverses
from trajectories.counting.steady_counting import CUMULANTS, RATIOS, SteadyCounting
from trajectories.counting.uncertainty_relations import STILL
from trajectories.kernels.observable_table import ENTROPY_SINCE
from trajectories.master.lindblad import Master
from trajectories.report.law import NO_SPREAD, Law
from trajectories.sampling.preparation import Preparation

QUANTITIES = (*CUMULANTS[1:], *RATIOS)
HIGHEST_MOMENT = 12


@dataclass(frozen=True, eq=False)
class ExactCounting:
    """Exact values over (from, t] at the sample times t after the start of counting.

    steady: the same model's long-time values. tallied: which of its counts a run tallies, C of them. later: the T
    sample times, as indices. spans (T,): t - from. relative_spread (C, T): standard deviation over mean of each count.
    values (C, 5, T): of QUANTITIES, not divided by time; nan where one does not exist. laws: of the influence of one
    trajectory on each of them, C lists of 5 lists of T. covariance (T, C, C).
    fourth, eighth (C, T): <(N - <N>)^4>, <(N - <N>)^8>.
    """

    steady: SteadyCounting
    tallied: tuple[int, ...]
    later: np.ndarray
    spans: np.ndarray
    relative_spread: np.ndarray
    values: np.ndarray
    laws: list[list[list[Law]]]
    covariance: np.ndarray
    fourth: np.ndarray
    eighth: np.ndarray

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
        means = np.array([np.where(cumulants[:, 0] != 0.0, np.abs(cumulants[:, 0]), np.nan) for cumulants in kappa])
        relative = np.sqrt(np.maximum([cumulants[:, 1] for cumulants in kappa], 0.0)) / means
        return cls(
            steady,
            tallied,
            later,
            spans,
            np.where(np.isnan(relative), np.inf, relative),
            np.array(
                [_exact(preparation, count, cumulants, later) for count, cumulants in zip(counts, kappa, strict=True)]
            ),
            [_laws(cumulants) for cumulants in kappa],
            finite_time(master, np.array([count.weights for count in counts]), spans, start).covariance,
            *(np.array([[_central_moments(row)[p] for row in cumulants] for cumulants in kappa]) for p in (4, 8)),
        )

    def joint_law(self, t: int, a: int, b: int) -> Law:
        """Return bounds on the influence y_a y_b - Cov of one trajectory on the covariance of two counts.

        <(y_a y_b)^2> <= sqrt(<y_a^4> <y_b^4>), and likewise for the fourth moment (Cauchy, Schwarz).
        """
        variance = float(np.sqrt(self.fourth[a, t] * self.fourth[b, t]))
        moment = float(np.sqrt(self.eighth[a, t] * self.eighth[b, t]))
        return Law(variance, 0.0, moment - 3 * variance**2, exact=False)


def start_of(preparation: Preparation) -> np.ndarray | None:
    """Return the state in which counting starts, as flattened blocks; None for the steady state."""
    if preparation.steady:
        return None
    burn = int(preparation.observables.burn_index[0])
    return preparation.exact.density[burn] if burn >= 0 else preparation.start_state


def _exact(preparation: Preparation, count: Count, kappa: np.ndarray, later: np.ndarray) -> np.ndarray:
    """Return the exact values of all quantities over (from, t], (5, T); nan where one does not exist."""
    mean, n_linear = preparation.exact.mean[later], len(preparation.observables.linear)
    values = np.full((len(QUANTITIES), len(later)), np.nan)
    values[:3] = kappa[:, 1:4].T
    moves = np.abs(kappa[:, 0]) > STILL * mean[:, 0] * np.abs(count.weights).max()
    square = np.where(moves, kappa[:, 0], 1.0) ** 2
    if preparation.model.entropy and reverses(preparation.model, count.weights):
        values[3] = np.where(moves, kappa[:, 1] * mean[:, n_linear + ENTROPY_SINCE] / (2 * square), np.nan)
    values[4] = np.where(moves, kappa[:, 1] * mean[:, 0] / square, np.nan)
    return values


def _laws(kappa: np.ndarray) -> list[list[Law]]:
    """Return the laws of one trajectory's influence on all quantities, from the cumulants kappa (T, 12) of a count.

    Of ratios the kurtosis alone; in them the entropy production is taken to follow the count, and the number of jumps
    not to vary. The fourth moment of the fourth cumulant's influence would take sixteen
    cumulants: there the kurtosis is taken to be that of a gamma number of the same skewness.
    """
    laws_of_quantities: list[list[Law]] = [[] for _ in QUANTITIES]
    for row in kappa:
        spread = float(np.sqrt(max(row[1], 0.0)))
        if spread <= NO_SPREAD:
            for laws in laws_of_quantities:
                laws.append(Law(0.0, 0.0, 0.0))
            continue
        m = _central_moments(row / spread ** np.arange(1, len(row) + 1))
        beyond = beyond_first_order(m)
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
            law = replace(_law_of(h, m), beyond=float(beyond[q]))
            if q < len(CUMULANTS) - 1:
                laws_of_quantities[q].append(law.scaled(scale))
            else:
                kurtosis = law.fourth_moment / law.variance**2 if law.variance > 0 else np.inf
                laws_of_quantities[q].append(Law(exact=False, kurtosis=kurtosis))
    return laws_of_quantities


def square_kurtosis(master: Master, weights: np.ndarray, span: float, start: np.ndarray | None) -> float:
    """Return the kurtosis mu_4/mu_2^2 of (N - <N>)^2 of a count over a span; inf where it does not spread."""
    kappa = finite_time_cumulants(master, weights, np.array([span]), start, 8)[0]
    spread = float(np.sqrt(max(kappa[1], 0.0)))
    if spread <= NO_SPREAD:
        return np.inf
    law = _law_of(np.array([-1.0, 0.0, 1.0]), _central_moments(kappa / spread ** np.arange(1, 9)))
    return law.fourth / law.variance**2 + 3.0 if law.variance > 0 else np.inf


def beyond_first_order(m: np.ndarray) -> np.ndarray:
    """Return bounds (5,) on n times the second-order part of the estimates, from the central moments m of a count.

    The estimates have products of two deviations of mean powers of y, at most sqrt(Var(y^a) Var(y^b))/n each: y y for
    the variance, 3 y y^2 for the third cumulant, 4 y y^3 + 3 y^2 y^2 + 12 mu_2 y y for the fourth.
    """
    one, two, three = m[2], max(m[4] - m[2] ** 2, 0.0), max(m[6] - m[3] ** 2, 0.0)
    fourth = 4 * np.sqrt(one * three) + 3 * two + 12 * one**2
    return np.array([one, 3 * np.sqrt(one * two), fourth, 0.0, 0.0])


def _law_of(h: np.ndarray, m: np.ndarray) -> Law:
    """Return the law of a polynomial h of y, of mean zero, from the central moments m of y."""
    square = polynomial.polymul(h, h)
    powers = square, polynomial.polymul(square, h), polynomial.polymul(square, square)
    second, third, fourth = (float(p @ m[: len(p)]) if len(p) <= len(m) else np.nan for p in powers)
    if not second > 0.0:
        return Law(missing="its spread lies below the rounding of its exact moments")
    excess = fourth - 3 * second**2 if np.isfinite(fourth) else 1.5 * third**2 / second
    return Law(second, third, excess)


def _central_moments(kappa: np.ndarray) -> np.ndarray:
    """Return mu_0 ... mu_n of cumulants kappa_1 ... kappa_n: mu_n = sum_m C(n-1, m-1) kappa_m mu_{n-m}, kappa_1 = 0."""
    m = np.zeros(len(kappa) + 1)
    m[0] = 1.0
    for n in range(2, len(m)):
        m[n] = sum(comb(n - 1, j - 1) * kappa[j - 1] * m[n - j] for j in range(2, n + 1))
    return m
