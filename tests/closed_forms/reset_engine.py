"""The steady state of the reset engine in closed form; parameters as for the machine of the same name."""

from __future__ import annotations

import math

import numpy as np
from closed_forms import resonant_qubits
from closed_forms.resonant_qubits import Resonant
from closed_forms.thermal import entropy_production

from trajectories.model.operators import Array, tensor
from trajectories.systems import thermal_baths


def reset_engine_rates(T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0) -> Resonant:
    """The machine as rates of flips; the coherence decays at p_c + p_h, since either reset destroys all of it.

    Raises InputError: see `reset_engine`.
    """
    excited_c, excited_h = _checked(T_c, T_h, g, p_c, p_h, energy)
    return Resonant(
        g, resonant_qubits.independent(p_c, excited_c), resonant_qubits.independent(p_h, excited_h), p_c + p_h
    )


def _checked(T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float) -> tuple[float, float]:
    """Excited shares 1 - r of both thermal states, after a look at the parameters."""
    thermal_baths.couplings("reset_engine", g, energy, p_c=p_c, p_h=p_h)
    cold, hot = thermal_baths.temperature(T_c, "reset_engine: T_c"), thermal_baths.temperature(T_h, "reset_engine: T_h")
    return thermal_baths.fermi(cold, energy), thermal_baths.fermi(hot, energy)


def reset_engine_state(T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11> (c first): Eq. (4), exact as printed."""
    excited = _checked(T_c, T_h, g, p_c, p_h, energy)
    cold, hot = (np.diag([1.0 - share, share]).astype(np.complex128) for share in excited)
    both, total = p_c * p_h, p_c + p_h
    mixed: Array = (p_c * cold + p_h * hot) / total
    rho = both * tensor(cold, hot) + 2.0 * g**2 * tensor(mixed, mixed)
    rho[1, 2] = 1j * g * both * (excited[1] - excited[0]) / total
    rho[2, 1] = np.conj(rho[1, 2])
    steady: Array = rho / (2.0 * g**2 + both)
    return steady


def reset_engine_concurrence(T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0) -> float:
    """Concurrence of the steady state: Eqs. (7)-(9) with the factor 2 that the print lacks,

    C = max{0, 2f - 2 sqrt(h(r_c, r_h) h(1-r_c, 1-r_h))},   f = gamma g p_c p_h |r_c - r_h| / (p_c + p_h),
    h(r_c, r_h) = gamma ( p_c p_h r_c r_h + 2g^2 ((p_c r_c + p_h r_h)/(p_c + p_h))^2 ).
    """
    excited_c, excited_h = _checked(T_c, T_h, g, p_c, p_h, energy)
    both, total = p_c * p_h, p_c + p_h
    norm = 1.0 / (2.0 * g**2 + both)
    f = norm * abs(g) * both / total * abs(excited_h - excited_c)

    def h(cold: float, hot: float) -> float:
        return norm * (both * cold * hot + 2.0 * g**2 * ((p_c * cold + p_h * hot) / total) ** 2)

    outer = math.sqrt(h(1.0 - excited_c, 1.0 - excited_h) * h(excited_c, excited_h))
    return max(0.0, 2.0 * f - 2.0 * outer)


def reset_engine_heats(
    T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0
) -> tuple[float, float]:
    """Steady-state heat currents (c, h) INTO the system, minus Eq. (5) of the paper; they add up to zero.

    Q_h = 2 E g^2 p_c p_h (r_c - r_h) / [(p_c + p_h)(2g^2 + p_c p_h)] = -Q_c.
    """
    excited_c, excited_h = _checked(T_c, T_h, g, p_c, p_h, energy)
    both = p_c * p_h
    hot = 2.0 * energy * g**2 * both * (excited_h - excited_c) / ((p_c + p_h) * (2.0 * g**2 + both))
    return 0.0 - hot, hot


def reset_engine_entropy_production(
    T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0
) -> float:
    """Steady-state entropy production rate, Q_h (1/T_c - 1/T_h) >= 0, nats per time.

    Infinite at zero temperature where heat flows.
    """
    return entropy_production(reset_engine_heats(T_c, T_h, g, p_c, p_h, energy), (T_c, T_h))
