"""Confidence intervals, by which tests and benchmarks measure how often error bars cover."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from trajectories.sampling.statistics import Floats


def confidence_interval(
    estimate: ArrayLike,
    standard_error: ArrayLike,
    level: float,
    degrees_of_freedom: float | None = None,
    skewness_of_mean: ArrayLike = 0.0,
) -> tuple[Floats, Floats]:
    """Return the ends of the two-sided interval that covers the true value with probability ``level``.

    The values that ``p_value`` with the same arguments does not reject at 1 - level: estimate -+ q standard_error
    with q the normal or Student quantile, bent by the inverse of Hall's transformation where a skewness is given.
    Raises ValueError unless 0 < level < 1.
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"the level of a confidence interval lies between 0 and 1; it is {level}")
    tail = 0.5 * (1.0 + level)
    q = float(special.ndtri(tail) if degrees_of_freedom is None else special.stdtrit(degrees_of_freedom, tail))
    g = np.asarray(skewness_of_mean, dtype=np.float64)
    centre, error = np.asarray(estimate, dtype=np.float64), np.asarray(standard_error, dtype=np.float64)
    return centre - _inverse_hall(q, g) * error, centre - _inverse_hall(-q, g) * error


def _inverse_hall(q: float, g: Floats) -> Floats:
    """Return the z with z'(z) = q: 1 + g z / 3 = (1 + g (q - g / 6))^(1/3), written without the division by g."""
    shifted = q - g / 6
    root = np.cbrt(1 + g * shifted)
    return 3 * shifted / (root * root + root + 1)
