"""The double quantum dot: two dots with Coulomb repulsion, each at its own electron reservoir.

Brask et al., NJP 17, 113029 (2015), Section III and Eq. (15). A qubit is a dot, |0> empty, |1> one electron; the first
dot is at the cold reservoir (c), the second at the hot one (h):

    H = E (n_c + n_h) + g (|10><01| + |01><10|) + U |11><11|.

An electron that enters or leaves dot k while the other dot holds m electrons carries the energy w = E + m U. Each such
transition has its own pair of jump operators

    sqrt(Gamma_k n_F(w, T_k)) s_+^k x |m><m|,   sqrt(Gamma_k (1 - n_F(w, T_k))) s_-^k x |m><m|,

n_F = 1/(e^{w/T} + 1): eight channels in all. Energies count from the chemical potentials. This is the local master
equation, valid for Gamma_k, g << E.

The paper prints Eq. (15) at one energy and chemical potentials equal to E. Neither can be meant: with the same rates
at E and E + U the repulsion drops out of every result, and at mu = E the rates would not depend on temperature. The
energy-resolved channels are the choice that obeys local detailed balance and that reproduces the paper's numbers. "For
U != 0 the temperature T_h of most entanglement is finite" holds for U/E > 2.547 only. The printed threshold T_c/E =
21.4 at U/E = 300 is truncated (21.4864).
"""

from __future__ import annotations

import numpy as np

from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import number, sigma_minus, tensor
from trajectories.systems import thermal_baths
from trajectories.systems.registry import BathRates, register
from trajectories.systems.two_qubits import DIMS, resonant_hamiltonian

OCCUPATIONS = (np.eye(2) - number(), number())
LOWERING = tuple(
    tuple(tensor(sigma_minus(), other) if site == 0 else tensor(other, sigma_minus()) for other in OCCUPATIONS)
    for site in (0, 1)
)
"""The operators that empty each dot, where 0 and where 1 electrons are in the other one."""


def double_dot(
    T_c: float, T_h: float, g: float, gamma_c: float, gamma_h: float, U: float, energy: float = 1.0
) -> Model:
    """Double quantum dot with Coulomb repulsion, local master equation (Brask et al., NJP 17, 113029 (2015)).

    Parameters
    ----------
    T_c : float
        Temperature of the first dot's reservoir, >= 0, inf allowed; at 0 electrons only leave, one-way.
    T_h : float
        Temperature of the second dot's reservoir, likewise.
    g : float
        Tunnel coupling of the dots (energy).
    gamma_c : float
        Rate Gamma_c of the first reservoir (1/time), > 0: the sum of the rates up and down.
    gamma_h : float
        Rate Gamma_h of the second reservoir, > 0.
    U : float
        Energy of Coulomb repulsion between two electrons, one in each dot, >= 0.
    energy : float
        Energy E of one electron, from the chemical potentials, > 0.

    Returns
    -------
    Model
        Channels c_up_0, c_down_0, c_up_1, c_down_1 and the same for h, where 0 or 1 electrons are in the other dot,
        with quanta +-E and +-(E + U); reservoirs c and h.

    Raises
    ------
    InputError
        Values out of range; a temperature > 0 so low that e^{-(E+U)/T} underflows.
    """
    thermal_baths.couplings("double_dot", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
    validation.real(U, "double_dot: U", least=0.0)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, gamma) in enumerate((("c", T_c, gamma_c), ("h", T_h, gamma_h))):
        T = thermal_baths.temperature(given, f"double_dot: T_{bath}")
        for electrons, lowering in enumerate(LOWERING[site]):
            quantum = energy + electrons * U
            share = thermal_baths.fermi(T, quantum)
            up, down = gamma * share, gamma * (1.0 - share)
            channels += thermal_baths.transition("double_dot", bath, T, lowering, quantum, up, down, f"_{electrons}")
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    values = {"T_c": T_c, "T_h": T_h, "g": g, "gamma_c": gamma_c, "gamma_h": gamma_h, "U": U, "energy": energy}
    return Model(
        resonant_hamiltonian(energy, g, U),
        channels,
        reservoirs,
        name="double_dot",
        dims=DIMS,
        parameters=values,
        remarks=thermal_baths.weak_coupling({"g": g, "gamma_c": gamma_c, "gamma_h": gamma_h}, energy),
    )


register(double_dot, energy_scale="energy", bath_rates=BathRates("gamma_c", "gamma_h"))
