"""The reset engine: two resonant qubits, each now and then replaced by a thermal one.

Brask et al., NJP 17, 113029 (2015), Eqs. (1)-(9). The first qubit is cold (c), the second hot (h):

    H = E (n_c + n_h) + g (|10><01| + |01><10|),
    d rho/dt = -i[H, rho] + sum_{k=c,h} p_k ( Phi_k(rho) - rho ),

where Phi_k traces out qubit k and puts tau_k = r_k |0><0| + (1 - r_k) |1><1| in its place, r_k = 1/(1 + e^{-E/T_k}).
In Lindblad form each qubit has four jump operators,

    sqrt(p r) |0><0|,  sqrt(p r) |0><1|,  sqrt(p (1-r)) |1><0|,  sqrt(p (1-r)) |1><1|,

which is p (Phi(rho) - rho) exactly. The first and the last, resets that change nothing, undo themselves and produce no
entropy; the middle two undo each other with Delta s = -/+ E/T. The sum of all L^dagger L is (p_c + p_h) 1: waiting
times are exponential whatever the state. Valid for p_c, p_h, g << E.

The steady state, Eq. (4), is exact, with the sign of Y for the first qubit cold. With gamma = 1/(2g^2 + p_c p_h),

    rho = gamma [ p_c p_h tau_c x tau_h + 2g^2/(p_c+p_h)^2 (p_c tau_c + p_h tau_h)^{x2}
                  + g p_c p_h (r_c - r_h)/(p_c + p_h) Y ],   Y = i|01><10| - i|10><01|.

Misprint in the paper: Eqs. (7)-(9) lack a factor 2, C = max{0, 2f - 2 sqrt(h(r_c, r_h) h(1-r_c, 1-r_h))}. Eq. (5)
counts heat from the qubit to its bath; here heat is positive into the system. Thresholds are printed truncated: at
most couplings and any T_h there is entanglement for T_c/E < 0.2181090, printed as 0.21.
"""

from __future__ import annotations

import math

import numpy as np

from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import thermal_baths
from trajectories.systems.registry import BathRates, register
from trajectories.systems.two_qubits import DIMS, LOWER, NUMBER, resonant_hamiltonian

EMPTY = (np.eye(4) - NUMBER[0], np.eye(4) - NUMBER[1])


def reset_engine(T_c: float, T_h: float, g: float, p_c: float, p_h: float, energy: float = 1.0) -> Model:
    """Two resonant qubits with exchange, reset to thermal states (Brask et al., NJP 17, 113029 (2015)).

    Parameters
    ----------
    T_c : float
        Temperature of the first qubit's bath, >= 0, inf allowed; at 0 no reset excites the qubit.
    T_h : float
        Temperature of the second qubit's bath, likewise.
    g : float
        Exchange coupling of the qubits (energy).
    p_c : float
        Rate of resets of the first qubit (1/time), > 0.
    p_h : float
        Rate of resets of the second qubit (1/time), > 0.
    energy : float
        Energy E of both qubits, > 0.

    Returns
    -------
    Model
        For each bath k = c, h the channels k_up, k_down with quanta +E and -E, and k_stay_0, k_stay_1, resets that find
        the qubit as they leave it, with quantum 0; reservoirs c and h.

    Raises
    ------
    InputError
        Values out of range; a temperature > 0 so low that e^{-E/T} underflows.
    """
    thermal_baths.couplings("reset_engine", g, energy, p_c=p_c, p_h=p_h)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, p) in enumerate((("c", T_c, p_c), ("h", T_h, p_h))):
        T = thermal_baths.temperature(given, f"reset_engine: T_{bath}")
        excited = thermal_baths.fermi(T, energy)
        up, down = p * excited, p * (1.0 - excited)
        channels += thermal_baths.transition("reset_engine", bath, T, LOWER[site], energy, up, down)
        rest = ((0, down), (1, up)) if T > 0.0 else ((0, down),)
        for level, rate in rest:
            stay = math.sqrt(rate) * (NUMBER[site] if level else EMPTY[site])
            channels.append(Channel(f"{bath}_stay_{level}", stay, bath, 0.0, f"{bath}_stay_{level}"))
        # A reservoir with beta = inf may have one-way channels only, and a reset that changes nothing is none.
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T) if T > 0.0 else None))
    return Model(
        resonant_hamiltonian(energy, g),
        channels,
        reservoirs,
        name="reset_engine",
        dims=DIMS,
        parameters={"T_c": T_c, "T_h": T_h, "g": g, "p_c": p_c, "p_h": p_h, "energy": energy},
        remarks=thermal_baths.weak_coupling({"g": g, "p_c": p_c, "p_h": p_h}, energy),
    )


register(reset_engine, energy_scale="energy", bath_rates=BathRates("p_c", "p_h"))
