"""Counting statistics of the diamond (two qubits between two collective baths) at long times, in closed form.

The levels G, S, A, E and the rates are those of `trajectories.systems.diamond`. Weighting every upward jump from bath i
by z_i and every downward one by 1/z_i, the largest eigenvalue x of the tilted 4x4 rate matrix solves

    x^4 + 4 g x^3 + 4 (g_S g_A + u d + g^2 - 2 m) x^2 + k x
        = 16 [ (down_S up_A)^2 (q - 1) + (down_A up_S)^2 (1/q - 1) ],

    g_i = up_i + down_i,  g = g_A + g_S,  u = up_A + up_S,  d = down_A + down_S,
    m = up_S down_S + up_A down_A,  q = (z_A/z_S)^2,

and k fixed by the steady state: k = 8 g_S g_A times the sum of the unnormalised populations of `diamond_populations`.
It is the determinant of the tilted matrix after the two Bell states are eliminated; for a common pump the coefficients
are 4(2+S), 4(5+5S+S^2+P) and 8Z.
"""

from __future__ import annotations

import math

import numpy as np
from closed_forms.diamond import _net_rate, _weights, diamond_entropy_production
from numpy.typing import ArrayLike, NDArray

from trajectories.errors import InputError
from trajectories.systems.diamond import Rates, diamond_rates


def diamond_counting(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> dict[str, float]:
    """Long-time counting statistics of N_S, the net quanta into the system from bath S (those from A are opposite).

    Returns "mean" <N_S>/t and "variance" d Var(N_S)/dt per time, "fano" variance/|mean|, and "uncertainty_ratio"
    D sigma/(2 J^2) with D the variance, J the mean and sigma the entropy production rate (>= 1 for classical Markov
    processes: Barato and Seifert, PRL 114, 158101 (2015)); the ratios are nan where the mean is 0. For the common pump
    the variance is pump (8(a^2+s^2)/Z - 16(5+5S+S^2+P)(a^2-s^2)^2/Z^3). From the derivatives of the quartic at z = 1.
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    scale, _, k2, k1, forward, backward = _quartic(r)
    mean = _net_rate(r)
    variance = scale * (64.0 * (forward + backward) - 2.0 * k2 * (mean / scale) ** 2) / k1
    sigma = diamond_entropy_production(beta_A, beta_S, pump, rates)
    return {
        "mean": mean,
        "variance": variance,
        "fano": variance / abs(mean) if mean else math.nan,
        "uncertainty_ratio": 0.5 * variance * sigma / mean**2 if mean else math.nan,
    }


def diamond_scgf(
    u: ArrayLike,
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> NDArray[np.float64]:
    """Scaled cumulant generating function of the entropy production, lambda(u) = lim ln <e^{-u Delta S}> / t, per time.

    u: real, any shape; the result has its shape. lambda(0) = lambda(1) = 0, lambda(u) = lambda(1-u), and
    -lambda'(0) is the entropy production rate. It is the largest root of the quartic above with
    q = e^{2u(beta_A - beta_S)}, to full relative accuracy also near u = 0.

    Raises InputError for one-way rates (the entropy production is infinite), and where e^{2u(beta_A-beta_S)} overflows.
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    affinity = r.beta("A") - r.beta("S")
    if not math.isfinite(affinity):
        raise InputError("diamond: with a one-way channel the entropy production is infinite; all rates must be > 0")
    exponent = 2.0 * affinity * np.asarray(u, dtype=float)
    if not np.all(np.abs(exponent) <= 700.0):
        raise InputError(
            f"diamond: u is out of range; |2 u (beta_A - beta_S)| must be <= 700, with {affinity:g} for u = 1"
        )
    scale, k3, k2, k1, forward, backward = _quartic(r)
    right = 16.0 * (forward * np.expm1(exponent) + backward * np.expm1(-exponent))
    # All other roots lie to the left of the one wanted, so from the right Newton's method comes down monotonically.
    positive = np.maximum(right, 0.0)
    bounds = (positive / k1, np.sqrt(positive / k2), np.cbrt(positive / k3), np.sqrt(np.sqrt(positive)))
    x = np.min(np.stack(bounds), axis=0)
    for _ in range(200):
        value = (((x + k3) * x + k2) * x + k1) * x - right
        lower = x - value / (((4.0 * x + 3.0 * k3) * x + 2.0 * k2) * x + k1)
        if np.all(np.abs(lower - x) <= 1e-16 * np.abs(x)):
            break
        x = lower
    return scale * np.asarray(x)


def _quartic(r: Rates) -> tuple[float, float, float, float, float, float]:
    """(scale, k3, k2, k1, forward, backward): the quartic in units of the largest rate, `scale`.

    x^4 + k3 x^3 + k2 x^2 + k1 x = 16 [forward (q - 1) + backward (1/q - 1)]
    """
    scale = max(r)
    ua, da, us, ds = (rate / scale for rate in r)
    ga, gs = ua + da, us + ds
    g = ga + gs
    k2 = 4.0 * (gs * ga + (us + ua) * (ds + da) + g * g - 2.0 * (us * ds + ua * da))
    k1 = 8.0 * gs * ga * float(_weights(r).sum())
    return scale, 4.0 * g, k2, k1, (ds * ua) ** 2, (da * us) ** 2
