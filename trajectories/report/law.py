"""The law of one value of a correct engine, known before sampling: exact moments, ranges and tail bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from trajectories.sampling.weight_moments import LARGEST_SKEWNESS

MOST_SKEWED = 0.2
MOST_PEAKED = 0.06
NO_SPREAD = 1e-12
SURE = 100.0  # times its rounding error: a variance that is known

Tail = Callable[[float], float]
"""Upper bound on the probability that the mean lies as far out, on its side, as a given value."""


@dataclass(frozen=True)
class Law:
    """Distribution of one of n independent values of a correct engine, as far as it is known beforehand.

    variance, third, fourth: cumulants kappa_2, kappa_3, kappa_4; nan where unknown. noise: rounding error of the
    variance. beyond: for an estimate that is a mean to first order only, n times its second-order part. exact: True if
    the moments are those of the values themselves, False if those of values that spread at least as much. width: range
    of one value. kurtosis: upper bound of mu_4/kappa_2^2 where it is known without the moments themselves. rounding:
    error of one value's arithmetic. most_skewed, most_peaked: limits of rule 2. tail: see `Tail`. missing: reason why
    the spread is not known.
    """

    variance: float = np.nan
    third: float = np.nan
    fourth: float = np.nan
    noise: float = 0.0
    beyond: float = 0.0
    exact: bool = True
    width: float = np.inf
    kurtosis: float = np.inf
    rounding: float = 0.0
    most_skewed: float = MOST_SKEWED
    most_peaked: float = MOST_PEAKED
    tail: Tail | None = None
    missing: str = ""

    @classmethod
    def of_share(cls, p: float, n: int) -> Law:
        """Return the law of an event of probability p (value 0 or 1)."""
        v = p * (1 - p)
        tail = lambda share: _binomial(round(share * n), n, p)  # noqa: E731
        return cls(v, v * (1 - 2 * p), v * (1 - 6 * v), width=1.0, rounding=NO_SPREAD, tail=tail)

    @classmethod
    def of_values(cls, values: np.ndarray, probabilities: np.ndarray) -> Law:
        """Return the law of a number with these values and probabilities, (n,) each."""
        deviation = values - values @ probabilities
        m2, m3, m4 = (float(probabilities @ deviation**power) for power in (2, 3, 4))
        return cls(m2, m3, m4 - 3 * m2**2)

    def of_weight(self) -> Law:
        """Return the law with the limits of an exponential average, which may be more skewed."""
        return replace(self, most_skewed=LARGEST_SKEWNESS, most_peaked=2 * LARGEST_SKEWNESS**2)

    def scaled(self, factor: float) -> Law:
        """Return the law of the values times a factor; the tail bound is then evaluated in the new unit."""
        if factor == 1.0:
            return self
        size, tail = np.float64(abs(factor)), self.tail
        return replace(
            self,
            variance=self.variance * size**2,
            third=self.third * size**3 * np.sign(factor),
            fourth=self.fourth * size**4,
            noise=self.noise * size**2,
            beyond=self.beyond * size,
            width=self.width * size,
            rounding=self.rounding * size,
            tail=None if tail is None else lambda value: tail(value / factor),
        )

    @property
    def known(self) -> bool:
        return bool(np.isfinite(self.variance))

    @property
    def largest_variance(self) -> float:
        """Upper bound of the variance."""
        return max(self.variance, 0.0) + self.noise if self.known else np.inf

    @property
    def fourth_moment(self) -> float:
        """Upper bound of the fourth central moment."""
        if not self.known or not np.isfinite(self.fourth):
            return np.inf
        square = self.variance * self.variance
        return max(self.fourth + 3 * square, square) + 3 * self.noise * self.noise

    @property
    def sure(self) -> bool:
        """Return whether the variance is known to one percent."""
        return self.known and self.variance > SURE * self.noise

    def needed(self) -> float:
        """Return the number of values that makes their mean close to normal; inf where it is not known."""
        if not self.sure:
            return np.inf
        skewed = self.third / self.variance / np.sqrt(self.variance) / self.most_skewed
        peaked = abs(self.fourth) / self.variance / self.variance / self.most_peaked
        skewed = skewed * skewed
        return float(max(skewed, peaked, 1.0)) if np.isfinite(skewed + peaked) else np.inf


def normal_score(z: float, skewness: float, excess: float) -> float:
    """Return a standardised mean with a small skewness g and excess kurtosis k as a number that is close to normal.

    Wilson and Hilferty's transformation of a gamma number of that skewness, (6/g)((1 + g z/2)^(1/3) - 1) + g/6, whose
    excess is 3 g^2/2; what k has beyond that by the next term of Cornish and Fisher's expansion,
    -(k - 3 g^2/2)(z^3 - 3 z)/24, which only ever adds doubt here.
    """
    g = skewness
    x = z if abs(g) < 1e-6 else (6 / g) * (np.cbrt(1 + g * z / 2) - 1) + g / 6
    beyond = max(excess - 1.5 * g**2, 0.0)
    turn = np.sqrt((8.0 / beyond + 1.0) / 2) if beyond > 0 else np.inf  # well before the correction would turn round
    y = float(np.clip(x, -turn, turn))
    return float(x - np.sign(x) * max(beyond * (abs(y) ** 3 - 3 * abs(y)) / 24, 0.0))


def _binomial(count: int, n: int, p: float) -> float:
    """Return P(X >= count) above n p, P(X <= count) below."""
    if count > n * p:
        return float(special.bdtrc(count - 1, n, p)) if count else 1.0
    return float(special.bdtr(count, n, p))
