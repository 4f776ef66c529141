"""The steady state of the flux qubits in closed form; parameters as for the machine of the same name."""

from __future__ import annotations

from closed_forms import resonant_qubits
from closed_forms.resonant_qubits import Resonant
from closed_forms.thermal import entropy_production

from trajectories.model.operators import Array
from trajectories.systems import thermal_baths


def flux_qubits_totals(
    T_c: float, T_h: float, g: float, total_c: float, total_h: float, energy: float = 1.0
) -> Resonant:
    """The machine at given total rates Gamma_k (2 n_k + 1), for temperatures up to infinity.

    Raises InputError for values out of range.
    """
    thermal_baths.couplings("flux_qubits", g, energy, total_c=total_c, total_h=total_h)
    cold, hot = thermal_baths.temperature(T_c, "flux_qubits: T_c"), thermal_baths.temperature(T_h, "flux_qubits: T_h")
    c = resonant_qubits.independent(total_c, thermal_baths.fermi(cold, energy))
    return resonant_qubits.lindblad(g, c, resonant_qubits.independent(total_h, thermal_baths.fermi(hot, energy)))


def flux_qubits_rates(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0
) -> Resonant:
    """The machine as rates of flips, Eqs. (13), (14). Raises InputError: see `flux_qubits`."""
    thermal_baths.couplings("flux_qubits", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
    baths = []
    for bath, given, gamma in (("c", T_c, gamma_c), ("h", T_h, gamma_h)):
        up = gamma * thermal_baths.bose(
            thermal_baths.temperature(given, f"flux_qubits: T_{bath}", infinite=False), energy
        )
        baths.append(resonant_qubits.Bath(up, gamma + up, up, gamma + up))
    return resonant_qubits.lindblad(g, *baths)


def flux_qubits_state(T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11> (c first)."""
    return resonant_qubits.state(flux_qubits_rates(T_c, T_h, g, gamma_c, gamma_h, energy))


def flux_qubits_concurrence(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0
) -> float:
    """Concurrence of the steady state, Eq. (6): max{0, 2(|<01|rho|10>| - sqrt(p_00 p_11))}."""
    return max(0.0, resonant_qubits.concurrence_signed(flux_qubits_rates(T_c, T_h, g, gamma_c, gamma_h, energy)))


def flux_qubits_heats(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0
) -> tuple[float, float]:
    """Steady-state heat currents (c, h) INTO the system; they add up to zero.

    Q_h = 4 E g^2 G_c G_h (r_c - r_h) / [(G_c + G_h)(4g^2 + G_c G_h)] = -Q_c.
    """
    machine = flux_qubits_rates(T_c, T_h, g, gamma_c, gamma_h, energy)
    total_c, total_h = machine.c.up_0 + machine.c.down_0, machine.h.up_0 + machine.h.down_0
    both = total_c * total_h
    difference = thermal_baths.fermi(T_h, energy) - thermal_baths.fermi(T_c, energy)
    hot = 4.0 * energy * g**2 * both * difference / ((total_c + total_h) * (4.0 * g**2 + both))
    return 0.0 - hot, hot


def flux_qubits_entropy_production(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0
) -> float:
    """Steady-state entropy production rate, Q_h (1/T_c - 1/T_h) >= 0, nats per time.

    Infinite at zero temperature where heat flows.
    """
    return entropy_production(flux_qubits_heats(T_c, T_h, g, gamma_c, gamma_h, energy), (T_c, T_h))
