"""Two coupled flux qubits, each at its own bosonic bath.

Brask et al., NJP 17, 113029 (2015), Eqs. (10)-(14). The first qubit is cold (c), the second hot (h):

    H = E (n_c + n_h) + g (|10><01| + |01><10|),
    d rho/dt = -i[H, rho] + sum_{k=c,h} ( Gamma_k n_k D[s_+^k] rho + Gamma_k (1 + n_k) D[s_-^k] rho ),
    n_k = 1/(e^{E/T_k} - 1),   D[L] rho = L rho L^dagger - 1/2 {L^dagger L, rho}.

This is the local master equation, valid for Gamma_k, g << E. It is that of `local_engine` without detuning, with the
cold qubit first. With total rates G_k = Gamma_k (2 n_k + 1) and thermal states tau_k the steady state is

    rho = [ G_c G_h tau_c x tau_h + 4g^2/(G_c+G_h)^2 (G_c tau_c + G_h tau_h)^{x2}
            + 2g G_c G_h (r_c - r_h)/(G_c + G_h) Y ] / (4g^2 + G_c G_h),   Y = i|01><10| - i|10><01|,

the form of the paper's Eq. (4) with other numbers. Infinite T_h means infinite rates at finite Gamma_h; the limit at
finite total rates is had from `flux_qubits_totals`.

Misprint in the paper: the sentence under Eq. (12) swaps raising and lowering; the operator written there,
j = |1><0|, raises, and goes with Gamma^+, proportional to n_B. The printed threshold 0.283 for T_c/E is truncated:
there is entanglement at some couplings and some T_h if T_c/E < 1/(4 ln(1 + sqrt2)) = 0.2836482.
"""

from __future__ import annotations

from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import Array, embed, sigma_minus
from trajectories.systems import resonant_qubits, thermal_baths
from trajectories.systems.resonant_qubits import DIMS, Resonant


def flux_qubits(T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0) -> Model:
    """Two coupled flux qubits at bosonic baths, local master equation (Brask et al., NJP 17, 113029 (2015)).

    Parameters
    ----------
    T_c : float
        Temperature of the first qubit's bath, >= 0 and finite; at 0 only the downward channel exists, one-way.
    T_h : float
        Temperature of the second qubit's bath, likewise.
    g : float
        Exchange coupling of the qubits (energy).
    gamma_c : float
        Bare rate Gamma_c of the first bath (1/time), > 0; the rates are Gamma n_B (up) and Gamma (1 + n_B) (down).
    gamma_h : float
        Bare rate Gamma_h of the second bath, > 0.
    energy : float
        Energy E of both qubits, > 0.

    Returns
    -------
    Model
        Channels c_up, c_down, h_up, h_down with quanta +E (up) and -E (down), reservoirs c and h.

    Raises
    ------
    InputError
        Values out of range; infinite temperature (the bosonic rates would be infinite).
    """
    resonant_qubits.couplings("flux_qubits", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, gamma) in enumerate((("c", T_c, gamma_c), ("h", T_h, gamma_h))):
        T = thermal_baths.temperature(given, f"flux_qubits: T_{bath}", infinite=False)
        up = gamma * thermal_baths.bose(T, energy)
        lowering = embed(sigma_minus(), site, DIMS)
        channels += thermal_baths.transition("flux_qubits", bath, T, lowering, energy, up, gamma + up)
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    return Model(
        resonant_qubits.hamiltonian(energy, g),
        channels,
        reservoirs,
        name="flux_qubits",
        dims=DIMS,
        parameters={"T_c": T_c, "T_h": T_h, "g": g, "gamma_c": gamma_c, "gamma_h": gamma_h, "energy": energy},
        remarks=thermal_baths.weak_coupling({"g": g, "gamma_c": gamma_c, "gamma_h": gamma_h}, energy),
    )


def flux_qubits_totals(
    T_c: float, T_h: float, g: float, total_c: float, total_h: float, energy: float = 1.0
) -> Resonant:
    """The machine at given total rates Gamma_k (2 n_k + 1), for temperatures up to infinity.

    Raises InputError for values out of range.
    """
    resonant_qubits.couplings("flux_qubits", g, energy, total_c=total_c, total_h=total_h)
    cold, hot = thermal_baths.temperature(T_c, "flux_qubits: T_c"), thermal_baths.temperature(T_h, "flux_qubits: T_h")
    c = resonant_qubits.independent(total_c, thermal_baths.fermi(cold, energy))
    return resonant_qubits.lindblad(g, c, resonant_qubits.independent(total_h, thermal_baths.fermi(hot, energy)))


def flux_qubits_rates(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, energy: float = 1.0
) -> Resonant:
    """The machine as rates of flips, Eqs. (13), (14). Raises InputError: see `flux_qubits`."""
    resonant_qubits.couplings("flux_qubits", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
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
    return thermal_baths.entropy_production(flux_qubits_heats(T_c, T_h, g, gamma_c, gamma_h, energy), (T_c, T_h))
