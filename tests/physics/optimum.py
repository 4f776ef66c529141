"""Maxima over couplings, for tables of the largest entanglement."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize


def best(function: Callable[..., float], start: list[float], digits: float = 1e-14) -> tuple[float, np.ndarray]:
    """Return the largest value of a function of positive numbers, and where; digits: accuracy of the value."""
    options = {"xatol": max(1e-9, digits), "fatol": digits, "maxiter": 4000, "maxfev": 4000}
    found = minimize(lambda x: -function(*np.exp(x)), np.log(start), method="Nelder-Mead", options=options)
    return -float(found.fun), np.exp(found.x)
