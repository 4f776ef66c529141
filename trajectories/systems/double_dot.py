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
from numpy.typing import NDArray

from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, number, sigma_minus, tensor
from trajectories.systems import resonant_qubits, thermal_baths
from trajectories.systems.resonant_qubits import DIMS, Bath, Resonant


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
    _check(g, gamma_c, gamma_h, U, energy)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, gamma) in enumerate((("c", T_c, gamma_c), ("h", T_h, gamma_h))):
        T = thermal_baths.temperature(given, f"double_dot: T_{bath}")
        for electrons, other in enumerate((np.eye(2) - number(), number())):
            quantum = energy + electrons * U
            share = thermal_baths.fermi(T, quantum)
            lowering = tensor(sigma_minus(), other) if site == 0 else tensor(other, sigma_minus())
            up, down = gamma * share, gamma * (1.0 - share)
            channels += thermal_baths.transition("double_dot", bath, T, lowering, quantum, up, down, f"_{electrons}")
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    values = {"T_c": T_c, "T_h": T_h, "g": g, "gamma_c": gamma_c, "gamma_h": gamma_h, "U": U, "energy": energy}
    return Model(
        resonant_qubits.hamiltonian(energy, g, U),
        channels,
        reservoirs,
        name="double_dot",
        dims=DIMS,
        parameters=values,
        remarks=thermal_baths.weak_coupling({"g": g, "gamma_c": gamma_c, "gamma_h": gamma_h}, energy),
    )


def _check(g: float, gamma_c: float, gamma_h: float, U: float, energy: float) -> None:
    resonant_qubits.couplings("double_dot", g, energy, gamma_c=gamma_c, gamma_h=gamma_h)
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
    return thermal_baths.entropy_production(double_dot_heats(T_c, T_h, g, gamma_c, gamma_h, U, energy), (T_c, T_h))
