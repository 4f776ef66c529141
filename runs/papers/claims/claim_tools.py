"""Tools for the claims of the papers: null spaces, maxima, roots. Nothing here uses the papers' formulas."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import brentq, minimize, minimize_scalar

from trajectories.master import entanglement
from trajectories.master.currents import energy_rates
from trajectories.model import Model
from trajectories.model.operators import Array

# The closed forms of the papers' steady states stand with the tests, as their references.
sys.path.append(str(Path(__file__).resolve().parents[3] / "tests"))
from full_space import liouvillian  # noqa: E402


def null_state(model: Model) -> Array:
    """Steady state (d, d) as the singular vector of the full Liouvillian's null space, of trace one."""
    vector = np.linalg.svd(liouvillian(model))[2][-1].conj()
    rho = vector.reshape(model.dimension, model.dimension)
    rho = rho / np.trace(rho)
    return 0.5 * (rho + rho.conj().T)


def null_concurrence(model: Model) -> float:
    """Wootters' concurrence of two qubits in their null-space steady state."""
    return float(entanglement.concurrence(null_state(model)))


def null_heats(model: Model, rho: Array) -> dict[str, float]:
    """Energy current Tr[H D_r rho] of every reservoir, INTO the system."""
    rates = np.einsum("rab,ba->r", energy_rates(model), rho).real
    return {bath.name: float(rate) for bath, rate in zip(model.reservoirs, rates, strict=True)}


def outer_ratio(rho: Array) -> float:
    """ln( |<01|rho|10>| / sqrt(p_00 p_11) ): positive where a state without other coherences is entangled."""
    return math.log(abs(rho[1, 2])) - 0.5 * math.log(rho[0, 0].real * rho[3, 3].real)


def largest(function: Callable[..., float], start: list[float], digits: float = 1e-13) -> tuple[float, list[float]]:
    """Largest value of a function of positive numbers, and where; digits: accuracy of the value."""
    options = {"xatol": max(1e-9, digits), "fatol": digits, "maxiter": 4000, "maxfev": 4000}
    found = minimize(lambda x: -function(*np.exp(x)), np.log(start), method="Nelder-Mead", options=options)
    return -float(found.fun), [float(x) for x in np.exp(found.x)]


def peak(function: Callable[[float], float], low: float, high: float, digits: float = 1e-6) -> tuple[float, float]:
    """Largest value of a function with one maximum between two positive numbers, and where; digits: relative, of it."""
    bounds = (math.log(low), math.log(high))
    found = minimize_scalar(
        lambda x: -function(math.exp(x)), bounds=bounds, method="bounded", options={"xatol": digits}
    )
    return -float(found.fun), math.exp(float(found.x))


def root(function: Callable[[float], float], low: float, high: float, digits: float = 1e-9) -> float:
    """Where a function changes sign between two numbers; digits: absolute."""
    return float(brentq(function, low, high, xtol=digits))
