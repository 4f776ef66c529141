"""The steady state of the diamond in closed form; the machine, its levels and rates are those of `diamond`.

The functions take the parameters of `diamond` and are exact for unequal and for one-way rates as well; they keep their
relative accuracy where a numerical null space loses digits (rates spread over many decades).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trajectories.model import validation
from trajectories.model.operators import Array, dagger
from trajectories.systems.diamond import BELL_BASIS, Rates, diamond_rates


def diamond_populations(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> NDArray[np.float64]:
    """Steady-state populations (p_G, p_S, p_A, p_E), shape (4,), accurate in every component.

    With g_i = up_i + down_i:  p_G ~ down_S^2/g_S + down_A^2/g_A,  p_E ~ up_S^2/g_S + up_A^2/g_A,
    p_i = (up_i p_G + down_i p_E)/g_i. For a common pump p_G = (s^2+a^2+PS)/Z, p_S = (a^2+P+2s)/Z, p_A = (s^2+P+2a)/Z,
    p_E = (2+S)/Z; from the master equation (A1), (A2) of Tacchino et al., PRL 120, 063604 (2018), preprint.
    """
    weights = _weights(diamond_rates(beta_A, beta_S, pump, rates))
    return weights / weights.sum()


def _weights(r: Rates) -> NDArray[np.float64]:
    """Populations (G, S, A, E) up to a factor; rates in units of the largest one, sums of positive terms only."""
    ua, da, us, ds = (rate / max(r) for rate in r)
    ga, gs = ua + da, us + ds
    ground = ds * (ds / gs) + da * (da / ga)
    excited = us * (us / gs) + ua * (ua / ga)
    symmetric = (us * ground + ds * excited) / gs
    antisymmetric = (ua * ground + da * excited) / ga
    return np.array([ground, symmetric, antisymmetric, excited])


def diamond_state(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11>: diagonal in the Bell basis."""
    basis = BELL_BASIS
    return (basis * diamond_populations(beta_A, beta_S, pump, rates)) @ dagger(basis)


def diamond_concurrence(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Concurrence of the steady state, C = max(0, |p_S - p_A| - 2 sqrt(p_G p_E)).

    Equal to Eqs. (4), (5) of Tacchino et al., PRL 120, 063604 (2018), where the pump is common.
    """
    g, s, a, e = (float(p) for p in diamond_populations(beta_A, beta_S, pump, rates))
    return max(0.0, abs(s - a) - 2.0 * math.sqrt(g) * math.sqrt(e))


def diamond_currents(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    omega: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> tuple[float, float]:
    """Steady-state heat currents (Q_A, Q_S) INTO the system, in energy per time; Q_A = -Q_S.

    Q_S = omega * 4 (up_S^2 p_G - down_S^2 p_E)/g_S; for the common pump 4 omega pump (a^2 - s^2)/Z.
    """
    energy = validation.real(omega, "diamond: omega", above=0.0)
    flow = energy * _net_rate(diamond_rates(beta_A, beta_S, pump, rates))
    return 0.0 - flow, flow


def _net_rate(r: Rates) -> float:
    """Net quanta per time into the system from bath S; exactly 0 for baths of equal rates."""
    ua, da, us, ds = (rate / max(r) for rate in r)
    difference, total = us * da - ds * ua, us * da + ds * ua
    return 4.0 * max(r) * (difference / (us + ds)) * (total / (ua + da)) / float(_weights(r).sum())


def diamond_entropy_production(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Steady-state entropy production rate sigma = -sum_i beta_i Q_i/omega in nats per time, Eq. (6) of the paper.

    For the common pump 4 pump (beta_S - beta_A)(s^2 - a^2)/Z. Infinite where a bath is one-way and a current flows.
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    flow = _net_rate(r)
    if math.isinf(r.beta("A")) or math.isinf(r.beta("S")):
        return math.inf if flow else 0.0
    return (r.beta("A") - r.beta("S")) * flow + 0.0


def diamond_activity(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Jumps per time in the steady state, every jump counted.

    sum_k Tr[L_k^dagger L_k rho] = sum_i [ 2 up_i (p_G + p_i) + 2 down_i (p_i + p_E) ].
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    g, s, a, e = (float(p) for p in diamond_populations(beta_A, beta_S, pump, rates))
    return 2.0 * (r.up_S * (g + s) + r.down_S * (s + e) + r.up_A * (g + a) + r.down_A * (a + e))
