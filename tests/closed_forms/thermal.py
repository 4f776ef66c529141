"""Entropy production of machines between thermal baths, from their heats."""

from __future__ import annotations

import math

from trajectories.systems.thermal_baths import inverse


def entropy_production(heats: tuple[float, ...], temperatures: tuple[float, ...]) -> float:
    """Steady-state entropy production rate -sum_k Q_k/T_k of heats Q_k INTO the system, nats per time.

    Infinite where a bath at zero temperature takes heat.
    """
    pairs = [(heat, T) for heat, T in zip(heats, temperatures, strict=True) if heat != 0.0]
    return math.inf if any(T == 0.0 for _, T in pairs) else 0.0 - sum(heat * inverse(T) for heat, T in pairs)
