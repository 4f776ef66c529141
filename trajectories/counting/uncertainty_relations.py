"""Uncertainty relations: how precise a current can be for what it costs in entropy production or in jumps.

    thermodynamic:  D sigma/(2 J^2) >= 1    Barato, Seifert, PRL 114, 158101 (2015)
    kinetic:        D A/J^2 >= 1            Di Terlizzi, Baiesi, J. Phys. A 52, 02LT03 (2019)

for a count with current J and noise D = d Var/dt, at the entropy production rate sigma and the dynamical activity A.
Both hold for classical Markov processes in their steady state; the thermodynamic one for counts that change sign under
reversal. Coherent machines may violate them: Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import check_weights
from trajectories.counting.long_time_cumulants import cumulants
from trajectories.master.currents import steady_entropy_production_rate
from trajectories.master.lindblad import Master

STILL = 1e-13


class Uncertainty(NamedTuple):
    """A count's steady rates (1/time) and both ratios; nan where the current vanishes or no entropy is defined."""

    current: float
    noise: float
    entropy_production: float
    activity: float
    tur_ratio: float
    kur_ratio: float


def uncertainty(master: Master, weights: ArrayLike) -> Uncertainty:
    """Return current, noise, entropy production rate, dynamical activity and both uncertainty ratios of a count.

    weights: (K,). The activity counts every jump, self-partnered ones too: it belongs to the unravelling. The entropy
    production and its ratio are inf with a one-way channel, nan without entropy accounting; both ratios are nan where
    the current is zero to rounding. Raises InputError for bad weights, or where the steady state is not unique.
    """
    count = check_weights(master.model, weights)
    rates = master.jump_rates(master.steady_blocks)
    current, noise = (float(c) for c in cumulants(master, count, 2))
    activity = float(rates.sum())
    sigma = steady_entropy_production_rate(master) if master.model.entropy else np.nan
    still = abs(current) <= STILL * float(np.abs(count) @ rates)
    return Uncertainty(
        current,
        noise,
        sigma,
        activity,
        np.nan if still else 0.5 * noise * sigma / current**2,
        np.nan if still else noise * activity / current**2,
    )
