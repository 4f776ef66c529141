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
from trajectories.model.operators import Array, embed, number, sigma_minus, tensor
from trajectories.systems import resonant_qubits, thermal_baths
from trajectories.systems.resonant_qubits import DIMS, Resonant


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
    resonant_qubits.couplings("reset_engine", g, energy, p_c=p_c, p_h=p_h)
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, p) in enumerate((("c", T_c, p_c), ("h", T_h, p_h))):
        T = thermal_baths.temperature(given, f"reset_engine: T_{bath}")
        excited = thermal_baths.fermi(T, energy)
        up, down = p * excited, p * (1.0 - excited)
        lowering = embed(sigma_minus(), site, DIMS)
        channels += thermal_baths.transition("reset_engine", bath, T, lowering, energy, up, down)
        rest = ((0, down), (1, up)) if T > 0.0 else ((0, down),)
        for level, rate in rest:
            stay = embed(number() if level else np.eye(2) - number(), site, DIMS)
            channels.append(Channel(f"{bath}_stay_{level}", math.sqrt(rate) * stay, bath, 0.0, f"{bath}_stay_{level}"))
        # A reservoir with beta = inf may have one-way channels only, and a reset that changes nothing is none.
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T) if T > 0.0 else None))
    return Model(
        resonant_qubits.hamiltonian(energy, g),
        channels,
        reservoirs,
        name="reset_engine",
        dims=DIMS,
        parameters={"T_c": T_c, "T_h": T_h, "g": g, "p_c": p_c, "p_h": p_h, "energy": energy},
        remarks=thermal_baths.weak_coupling({"g": g, "p_c": p_c, "p_h": p_h}, energy),
    )


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
    resonant_qubits.couplings("reset_engine", g, energy, p_c=p_c, p_h=p_h)
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
    return thermal_baths.entropy_production(reset_engine_heats(T_c, T_h, g, p_c, p_h, energy), (T_c, T_h))
