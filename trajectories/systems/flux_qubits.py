"""Two coupled flux qubits, each at its own bosonic bath.

Brask et al., NJP 17, 113029 (2015), Eqs. (10)-(14). The first qubit is cold (c), the second hot (h):

    H = E (n_c + n_h) + g (|10><01| + |01><10|),
    d rho/dt = -i[H, rho] + sum_{k=c,h} ( Gamma_k n_k D[s_+^k] rho + Gamma_k (1 + n_k) D[s_-^k] rho ),
    n_k = 1/(e^{E/T_k} - 1),   D[L] rho = L rho L^dagger - 1/2 {L^dagger L, rho}.

This is the local master equation, valid for Gamma_k, g << E. It is that of `local_engine` without detuning, with the
cold qubit first. With total rates G_k = Gamma_k (2 n_k + 1) and thermal states tau_k the steady state is

    rho = [ G_c G_h tau_c x tau_h + 4g^2/(G_c+G_h)^2 (G_c tau_c + G_h tau_h)^{x2}
            + 2g G_c G_h (r_c - r_h)/(G_c + G_h) Y ] / (4g^2 + G_c G_h),   Y = i|01><10| - i|10><01|,

the form of the paper's Eq. (4) with other numbers. Infinite T_h means infinite rates at finite Gamma_h.

Misprint in the paper: the sentence under Eq. (12) swaps raising and lowering; the operator written there,
j = |1><0|, raises, and goes with Gamma^+, proportional to n_B. The printed threshold 0.283 for T_c/E is truncated:
there is entanglement at some couplings and some T_h if T_c/E < 1/(4 ln(1 + sqrt2)) = 0.2836482.
"""

from __future__ import annotations

from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import thermal_baths
from trajectories.systems.registry import BathRates, register
from trajectories.systems.two_qubits import DIMS, LOWER, resonant_hamiltonian


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
    thermal_baths.couplings("flux_qubits", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, gamma) in enumerate((("c", T_c, gamma_c), ("h", T_h, gamma_h))):
        T = thermal_baths.temperature(given, f"flux_qubits: T_{bath}", infinite=False)
        up = gamma * thermal_baths.bose(T, energy)
        channels += thermal_baths.transition("flux_qubits", bath, T, LOWER[site], energy, up, gamma + up)
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    return Model(
        resonant_hamiltonian(energy, g),
        channels,
        reservoirs,
        name="flux_qubits",
        dims=DIMS,
        parameters={"T_c": T_c, "T_h": T_h, "g": g, "gamma_c": gamma_c, "gamma_h": gamma_h, "energy": energy},
        remarks=thermal_baths.weak_coupling({"g": g, "gamma_c": gamma_c, "gamma_h": gamma_h}, energy),
    )


register(flux_qubits, energy_scale="energy", bath_rates=BathRates("gamma_c", "gamma_h", bosonic=True))
