"""The steady state of the double dot in closed form; parameters as for the machine of the same name."""

from __future__ import annotations

import numpy as np
from closed_forms import resonant_qubits
from closed_forms.resonant_qubits import Bath, Resonant
from closed_forms.thermal import entropy_production
from numpy.typing import NDArray

from trajectories.model import validation
from trajectories.model.operators import Array
from trajectories.systems import thermal_baths


def _check(g: float, gamma_c: float, gamma_h: float, U: float, energy: float) -> None:
    thermal_baths.couplings("double_dot", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
    validation.real(U, "double_dot: U", least=0.0)


def double_dot_rates(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> Resonant:
    """The machine as rates of flips, Eq. (15) at the energies E and E + U. Raises InputError: see `double_dot`."""
    _check(g, gamma_c, gamma_h, U, energy)
    baths = []
    for bath, given, gamma in (("c", T_c, gamma_c), ("h", T_h, gamma_h)):
        T = thermal_baths.temperature(given, f"double_dot: T_{bath}")
        alone, beside = thermal_baths.fermi(T, energy), thermal_baths.fermi(T, energy + U)
        baths.append(Bath(gamma * alone, gamma * (1.0 - alone), gamma * beside, gamma * (1.0 - beside)))
    return resonant_qubits.lindblad(g, *baths)


def double_dot_populations(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> NDArray[np.float64]:
    """Steady-state populations of |00>, |01>, |10>, |11>, shape (4,): those of a chain of four levels in which the
    tunnel coupling makes jumps between |01> and |10> at the rate 2 g^2/D, D half of all rates that leave the two."""
    return resonant_qubits.populations(double_dot_rates(T_c, T_h, g, gamma_c, gamma_h, U, energy))


def double_dot_state(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11> (c first).

    <01|rho|10> = i g (p_01 - p_10)/D with the populations and D of `double_dot_populations`.
    """
    return resonant_qubits.state(double_dot_rates(T_c, T_h, g, gamma_c, gamma_h, U, energy))


def double_dot_concurrence(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> float:
    """Concurrence of the steady state, Eq. (6): max{0, 2(|<01|rho|10>| - sqrt(p_00 p_11))}.

    At the best couplings it grows from 0.100350 at U = 0 to (sqrt6 - sqrt2)/4 for U -> infinity, T_c = 0.
    """
    return max(0.0, resonant_qubits.concurrence_signed(double_dot_rates(T_c, T_h, g, gamma_c, gamma_h, U, energy)))


def double_dot_heats(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> tuple[float, float]:
    """Steady-state heat currents (c, h) INTO the system; they add up to zero."""
    return resonant_qubits.heats(double_dot_rates(T_c, T_h, g, gamma_c, gamma_h, U, energy), energy, U)


def double_dot_entropy_production(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> float:
    """Steady-state entropy production rate, Q_h (1/T_c - 1/T_h) >= 0, nats per time.

    Infinite at zero temperature where heat flows.
    """
    return entropy_production(double_dot_heats(T_c, T_h, g, gamma_c, gamma_h, U, energy), (T_c, T_h))
