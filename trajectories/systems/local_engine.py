"""The two-qubit entanglement engine: two qubits with exchange coupling, each at its own thermal bath.

Khandelwal et al., NJP 22, 073039 (2020), with the local master equation (3) and bosonic baths (4):

    H = eps_h n_h + eps_c n_c + g (s_+^h s_-^c + s_-^h s_+^c) + kappa_h sigma_x^h + kappa_c sigma_x^c,
    d rho/dt = -i[H, rho] + sum_{j=h,c} ( gamma_j^+ D[s_+^j] rho + gamma_j^- D[s_-^j] rho ),
    gamma_j^+ = gamma_j n_j,  gamma_j^- = gamma_j (1 + n_j),  n_j = 1/(e^{eps_j/T_j} - 1),  eps_c = eps_h + delta.

The first qubit is h, the second c. Jumps count quanta of the bare energies eps_j, so there are two kinds of heat:

- counted heat, quanta times eps_j, which enters the entropy production: eps_h I and -eps_c I in the steady state;
- energy current Tr[H D_j rho] with the full H, which obeys the first law.

With detuning they differ; the counted heats add up to -delta I, minus the work of the coupling. With tunnelling
(kappa_j) local detailed balance holds for the bare eps_j only, and there is hidden work. In the closed forms of the
paper Gamma_j = gamma_j^+ + gamma_j^-, Gamma = Gamma_h + Gamma_c and X = gamma_h^+ gamma_c^- - gamma_h^- gamma_c^+.

Misprints in the paper: Eq. (10) must have the full H = H_S + H_int for Eq. (11) and the first law to hold;
J = Q_h - Q_c of Eq. (11) is twice the heat from the hot bath; the sentence before Eq. (12) has the sign of X reversed
(X = gamma_h gamma_c (n_h - n_c) is right); in Eq. (17) C continues over the line break. The paper lists the basis as
|11>, |10>, |01>, |00>; here it is |00>, |01>, |10>, |11>. At the printed parameters the claims about Fig. 3 are not
reproduced: J/J_c is monotonic neither in delta nor in T_h, and the negativity vanishes for no delta > 0; they hold for
T_c of about 0.17 to 0.19.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.systems import thermal_baths
from trajectories.systems.registry import SteadyState, register
from trajectories.systems.two_qubits import DIMS, EXCHANGE, LOWER, NUMBER, SIGMA_X

HIDDEN_WORK = "with tunnelling, heat and entropy count quanta of the bare energies epsilon; the rest is hidden work"


def local_engine(
    T_h: float,
    T_c: float,
    g: float,
    gamma_h: float,
    gamma_c: float,
    epsilon_h: float = 1.0,
    delta: float = 0.0,
    kappa_h: float = 0.0,
    kappa_c: float = 0.0,
) -> Model:
    """Two-qubit entanglement engine, local master equation (Khandelwal et al., NJP 22, 073039 (2020)).

    Parameters
    ----------
    T_h : float
        Temperature of the first qubit's bath, >= 0 and finite; at 0 only the downward channel exists, one-way.
    T_c : float
        Temperature of the second qubit's bath, likewise.
    g : float
        Exchange coupling of the qubits (energy).
    gamma_h : float
        Bare rate of the first bath, > 0; the rates are gamma_h n_B (up) and gamma_h (1 + n_B) (down).
    gamma_c : float
        Bare rate of the second bath, > 0.
    epsilon_h : float
        Energy gap of the first qubit, > 0.
    delta : float
        Detuning: the second qubit's gap is epsilon_h + delta, > 0.
    kappa_h : float
        Tunnelling kappa_h sigma_x on the first qubit (energy).
    kappa_c : float
        Tunnelling kappa_c sigma_x on the second qubit (energy).

    Returns
    -------
    Model
        Channels h_up, h_down, c_up, c_down with quanta +epsilon_j (up) and -epsilon_j (down), reservoirs h and c.

    Raises
    ------
    InputError
        Values out of range; infinite temperature (the bosonic rates would be infinite).
    """
    coupling = validation.real(g, "local_engine: g")
    gap = validation.real(epsilon_h, "local_engine: epsilon_h", above=0.0)
    other = gap + validation.real(delta, "local_engine: delta")
    if not other > 0.0:
        raise InputError(f"local_engine: delta = {delta} makes epsilon_c = epsilon_h + delta <= 0; allowed: > {-gap:g}")
    kh, kc = validation.real(kappa_h, "local_engine: kappa_h"), validation.real(kappa_c, "local_engine: kappa_c")
    hamiltonian = gap * NUMBER[0] + other * NUMBER[1] + coupling * EXCHANGE + kh * SIGMA_X[0] + kc * SIGMA_X[1]
    channels: list[Channel] = []
    reservoirs = []
    for site, (bath, given, gamma, energy) in enumerate((("h", T_h, gamma_h, gap), ("c", T_c, gamma_c, other))):
        T = thermal_baths.temperature(given, f"local_engine: T_{bath}", infinite=False)
        bare, n = validation.real(gamma, f"local_engine: gamma_{bath}", above=0.0), _occupation(T, energy)
        channels += thermal_baths.transition("local_engine", bath, T, LOWER[site], energy, bare * n, bare * (1.0 + n))
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    values = (T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta, kappa_h, kappa_c)
    names = ("T_h", "T_c", "g", "gamma_h", "gamma_c", "epsilon_h", "delta", "kappa_h", "kappa_c")
    return Model(
        hamiltonian,
        channels,
        reservoirs,
        name="local_engine",
        dims=DIMS,
        parameters=dict(zip(names, values, strict=True)),
        remarks=[
            *thermal_baths.weak_coupling(
                {"g": coupling, "gamma_h": gamma_h, "gamma_c": gamma_c, "delta": delta}, min(gap, other)
            ),
            *[HIDDEN_WORK] * bool(kh or kc),
        ],
    )


def _occupation(T: float, energy: float) -> float:
    """Return n_B = 1/(e^{energy/T} - 1), 0 where the rate would underflow."""
    return 1.0 / math.expm1(energy / T) if T > 0.0 and energy / T < 700.0 else 0.0


def heat_flow(steady: SteadyState) -> NDArray[np.float64]:
    """Return J = Q_h - Q_c = 2 Q_h, Eq. (11), energy/time."""
    return 2.0 * steady["energy_current.h"]


def critical_heat_current(steady: SteadyState) -> NDArray[np.float64]:
    """Return J_c/2 of Eq. (18), energy/time: without tunnelling a state is entangled if and only if |Q_h| exceeds it.

    J_c = 4 |g| sqrt(r_1 r_4 / (Gamma^2 + 4 delta^2)) (epsilon_h Gamma_c + epsilon_c Gamma_h), r_1 and r_4 the
    populations of |11> and |00>.
    """
    values = steady.parameters
    if np.any(values["kappa_h"]) or np.any(values["kappa_c"]):
        raise InputError("critical_heat_current: is defined without tunnelling; kappa_h and kappa_c must be 0")
    gap, other = values["epsilon_h"], values["epsilon_h"] + values["delta"]
    with np.errstate(divide="ignore"):
        h, c = (
            np.asarray(values[f"gamma_{bath}"] / np.tanh(0.5 * energy / np.asarray(values[f"T_{bath}"], float)))
            for bath, energy in (("h", gap), ("c", other))
        )
    outer = np.sqrt(steady["population.00"] * steady["population.11"])
    size = outer / np.hypot(h + c, 2.0 * values["delta"]) * (gap * c + other * h)
    return np.asarray(2.0 * np.abs(values["g"]) * size)


register(
    local_engine,
    energy_scale="epsilon_h",
    quantities={
        "heat_flow": heat_flow,
        "critical_heat_current": critical_heat_current,
        "critical_heat_flow": lambda steady: 2.0 * critical_heat_current(steady),
        "heat_flow_ratio": lambda steady: steady["energy_current.h"] / critical_heat_current(steady),
    },
)
