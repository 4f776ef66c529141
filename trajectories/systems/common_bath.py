"""Two coupled qubits, each at its own bath, and both at a common one: the global master equation.

Man et al. (2019), "Improving autonomous thermal entanglement generation using a common reservoir", Eqs. (1)-(21):

    H = eps_A n_A + eps_B n_B + Omega ( s_+^A s_-^B + s_-^A s_+^B ),

with the eigenstates and energies, theta = atan2(2 Omega, Delta eps), Delta eps = eps_A - eps_B, eps_m their mean,

    |l1> = |11>,  |l2> = cos(theta/2)|10> + sin(theta/2)|01>,  |l3> = -sin(theta/2)|10> + cos(theta/2)|01>,
    |l4> = |00>,  w_1 = eps_m - R/2 (l1-l2 and l3-l4),  w_2 = eps_m + R/2 (l1-l3 and l2-l4),
    R^2 = Delta eps^2 + 4 Omega^2.

Each bath couples to the eigenoperators of Eq. (7), which add up to s_-^A and s_-^B,

    V_A1 = sin(theta/2) (|l2><l1| - |l4><l3|),   V_A2 = cos(theta/2) (|l3><l1| + |l4><l2|),
    V_B1 = cos(theta/2) (|l2><l1| + |l4><l3|),   V_B2 = sin(theta/2) (-|l3><l1| + |l4><l2|),

by the jump operators sqrt(2 Gamma (n+1)) V and sqrt(2 Gamma n) V^dagger, n = 1/(e^{w_j/T} - 1); the common bath C by
those of V_Cj = sqrt(Gamma_C^A) V_Aj + sqrt(Gamma_C^B) V_Bj. Dephasing is gamma (sigma_z rho sigma_z - rho) for each
qubit, Eq. (21).

Valid for strong coupling: w_1 and R must be large against every Gamma (weak coupling, secular approximation). All
formulas are right as printed; Eq. (15) holds where the steady state is diagonal in the eigenstates of H, which is not
so with dephasing and Delta eps != 0. Dephasing exchanges energy, Tr[H L_dep rho]: without it the first law fails. The
statement that the largest useful T_C lies below the T_C at which heat absorption sets in is not true in general: at
T_A = 5, T_B = 8, Delta eps = 3 (Omega = 6, eps_m = 20, all Gamma = 1) the enhancement ends at T_C = 6.6065, and Q_C
changes sign at 6.5725. At w_1 <= 0 (|Omega| >= sqrt(eps_A eps_B)) |00> is not the ground state, and the model ends.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, dagger
from trajectories.systems import thermal_baths
from trajectories.systems.registry import SteadyState, register
from trajectories.systems.two_qubits import DIMS, EXCHANGE, NUMBER, SIGMA_Z

LABELS = ("lambda_4", "lambda_3", "lambda_2", "lambda_1")
ROUNDING = 1e-15


class Frame(NamedTuple):
    """The eigenbasis of H: cos(theta/2), sin(theta/2), and the two transition energies w_1 < w_2."""

    cos: float
    sin: float
    omega_1: float
    omega_2: float

    def amplitudes(self, along_A: float, along_B: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return, for j = 1, 2, the elements of along_A V_Aj + along_B V_Bj: |l1> to the middle, the middle to |l4>."""
        a, b = along_A * self.sin, along_B * self.cos
        c, d = along_A * self.cos, along_B * self.sin
        first, second = (b + a, b - a), (c - d, c + d)
        return _without_rounding(first, abs(a) + abs(b)), _without_rounding(second, abs(c) + abs(d))


def _without_rounding(pair: tuple[float, float], size: float) -> tuple[float, float]:
    first, second = (x if abs(x) > ROUNDING * size else 0.0 for x in pair)
    return first, second


class Baths(NamedTuple):
    """The baths that act, of A, B and C: temperatures, and amplitudes sqrt(Gamma) on the two qubits."""

    names: tuple[str, ...]
    temperatures: tuple[float, ...]
    along: tuple[tuple[float, float], ...]


def common_bath(
    T_A: float,
    T_B: float,
    epsilon_A: float,
    epsilon_B: float,
    Omega: float,
    gamma_A: float,
    gamma_B: float,
    T_C: float | None = None,
    gamma_C_A: float = 0.0,
    gamma_C_B: float = 0.0,
    dephasing: float = 0.0,
) -> Model:
    """Two strongly coupled qubits with own and common baths, global master equation (Man et al. (2019)).

    Parameters
    ----------
    T_A : float
        Temperature of the first qubit's bath, >= 0 and finite; at 0 its jumps down are one-way.
    T_B : float
        Temperature of the second qubit's bath, likewise.
    epsilon_A : float
        Energy of the first qubit, > 0.
    epsilon_B : float
        Energy of the second qubit, > 0.
    Omega : float
        Exchange coupling of the qubits (energy), |Omega| < sqrt(epsilon_A epsilon_B), not 0 for equal energies.
    gamma_A : float
        Rate Gamma_A (1/time), >= 0; the rates of the jumps are 2 Gamma (n + 1) and 2 Gamma n. 0: no bath A.
    gamma_B : float
        Rate Gamma_B, >= 0, likewise.
    T_C : float
        Temperature of the common bath, >= 0 and finite. None: there is no common bath.
    gamma_C_A : float
        Rate Gamma_C^A at which the common bath acts on the first qubit, >= 0.
    gamma_C_B : float
        Rate Gamma_C^B at which the common bath acts on the second qubit, >= 0.
    dephasing : float
        Rate gamma of pure dephasing of each qubit, gamma (sigma_z rho sigma_z - rho), >= 0.

    Returns
    -------
    Model
        Channels k_up_j, k_down_j for the baths k = A, B, C and transitions j = 1, 2, with quanta +w_j and -w_j,
        dephasing_A and dephasing_B without a quantum; reservoirs A, B, C, dephasing (those that act); the basis "eigen"
        of H.

    Raises
    ------
    InputError
        Values out of range; w_1 <= 0, where the ground state is no longer |00>; no coupling to any bath.
    """
    frame = common_bath_frame(epsilon_A, epsilon_B, Omega)
    baths = common_bath_baths(T_A, T_B, gamma_A, gamma_B, T_C, gamma_C_A, gamma_C_B)
    dephasing = validation.real(dephasing, "common_bath: dephasing", least=0.0)
    basis = eigenbasis(frame)
    channels: list[Channel] = []
    reservoirs = []
    for bath, T, along in zip(*baths, strict=True):
        for j, (energy, elements) in enumerate(zip(frame[2:], frame.amplitudes(*along), strict=True)):
            if elements == (0.0, 0.0):
                continue
            lowering = eigenoperator(j, elements, basis)
            up = 2.0 * thermal_baths.bose(T, energy)
            channels += thermal_baths.transition("common_bath", bath, T, lowering, energy, up, 2.0 + up, f"_{j + 1}")
        reservoirs.append(Reservoir(bath, thermal_baths.inverse(T)))
    if dephasing > 0.0:
        for site, qubit in enumerate("AB"):
            name = f"dephasing_{qubit}"
            channels.append(Channel(name, math.sqrt(dephasing) * SIGMA_Z[site], "dephasing", None, name))
        reservoirs.append(Reservoir("dephasing"))
    values = (T_A, T_B, epsilon_A, epsilon_B, Omega, gamma_A, gamma_B, T_C, gamma_C_A, gamma_C_B, dephasing)
    names = "T_A T_B epsilon_A epsilon_B Omega gamma_A gamma_B T_C gamma_C_A gamma_C_B dephasing".split()
    return Model(
        exchange_hamiltonian(epsilon_A, epsilon_B, Omega),
        channels,
        reservoirs,
        name="common_bath",
        dims=DIMS,
        bases={"eigen": (basis, LABELS)},
        parameters=dict(zip(names, values, strict=True)),
        remarks=_remarks(frame, gamma_A, gamma_B, gamma_C_A, gamma_C_B, dephasing),
    )


def common_bath_frame(epsilon_A: float, epsilon_B: float, Omega: float) -> Frame:
    """Return eigenbasis and transition energies of H. Raises InputError for values out of range and w_1 <= 0."""
    a = validation.real(epsilon_A, "common_bath: epsilon_A", above=0.0)
    b = validation.real(epsilon_B, "common_bath: epsilon_B", above=0.0)
    coupling = validation.real(Omega, "common_bath: Omega")
    if coupling == 0.0 and a == b:
        raise InputError(
            "common_bath: Omega = 0 at epsilon_A = epsilon_B: both transitions have the same energy, which the secular "
            "approximation excludes; Omega must not be 0"
        )
    if not abs(coupling) < math.sqrt(a * b):
        raise InputError(
            f"common_bath: Omega = {Omega}: w_1 = eps_m - sqrt(Delta eps^2/4 + Omega^2) must be > 0; "
            f"allowed: |Omega| < sqrt(epsilon_A*epsilon_B) = {math.sqrt(a * b):.10g}"
        )
    split = math.hypot(a - b, 2.0 * coupling)
    half = 0.5 * math.atan2(2.0 * coupling, a - b)
    upper = 0.5 * (a + b + split)
    # w_1 w_2 = eps_A eps_B - Omega^2, without the cancellation of eps_m - R/2.
    lower = (math.sqrt(a * b) - coupling) * (math.sqrt(a * b) + coupling) / upper
    return Frame(*_without_rounding((math.cos(half), math.sin(half)), 1.0), lower, upper)


def common_bath_baths(
    T_A: float, T_B: float, gamma_A: float, gamma_B: float, T_C: float | None, gamma_C_A: float, gamma_C_B: float
) -> Baths:
    """Return the baths that act. Raises InputError: see `common_bath`."""
    a, b = (
        validation.real(gamma_A, "common_bath: gamma_A", least=0.0),
        validation.real(gamma_B, "common_bath: gamma_B", least=0.0),
    )
    on_a = validation.real(gamma_C_A, "common_bath: gamma_C_A", least=0.0)
    on_b = validation.real(gamma_C_B, "common_bath: gamma_C_B", least=0.0)
    if T_C is None and (on_a > 0.0 or on_b > 0.0):
        raise InputError(
            "common_bath: T_C is missing: with gamma_C_A or gamma_C_B > 0 the common bath needs a temperature"
        )
    amplitudes = {"A": (math.sqrt(a), 0.0), "B": (0.0, math.sqrt(b)), "C": (math.sqrt(on_a), math.sqrt(on_b))}
    given = {"A": T_A, "B": T_B, "C": T_C}
    checked = {
        name: thermal_baths.temperature(T, f"common_bath: T_{name}", infinite=False)
        for name, T in given.items()
        if T is not None
    }
    names = tuple(name for name in checked if amplitudes[name] != (0.0, 0.0))
    if not names:
        raise InputError("common_bath: gamma_A, gamma_B, gamma_C_A and gamma_C_B are all 0; one of them must be > 0")
    return Baths(names, tuple(checked[name] for name in names), tuple(amplitudes[name] for name in names))


def exchange_hamiltonian(epsilon_A: float, epsilon_B: float, Omega: float) -> Array:
    """Return H, Eqs. (1) and (2), (4, 4), in the order |00>, |01>, |10>, |11>."""
    return epsilon_A * NUMBER[0] + epsilon_B * NUMBER[1] + Omega * EXCHANGE


def eigenbasis(frame: Frame) -> Array:
    """Return the unitary (4, 4) whose columns are |l4>, |l3>, |l2>, |l1>: rising energy."""
    basis = np.zeros((4, 4), dtype=np.complex128)
    basis[0, 0] = basis[3, 3] = 1.0
    basis[1:3, 1] = frame.cos, -frame.sin
    basis[1:3, 2] = frame.sin, frame.cos
    return basis


def eigenoperator(j: int, elements: tuple[float, float], basis: Array) -> Array:
    """Return an eigenoperator (4, 4): elements of l1 to l2, l3 to l4 for j = 0, of l1 to l3, l2 to l4 for j = 1."""
    operator = np.zeros((4, 4), dtype=np.complex128)
    operator[2 - j, 3], operator[0, 1 + j] = elements
    return basis @ operator @ dagger(basis)


def _remarks(
    frame: Frame, gamma_A: float, gamma_B: float, gamma_C_A: float, gamma_C_B: float, dephasing: float
) -> list[str]:
    gamma = {
        "gamma_A": gamma_A,
        "gamma_B": gamma_B,
        "gamma_C_A": gamma_C_A,
        "gamma_C_B": gamma_C_B,
        "dephasing": dephasing,
    }
    split = frame.omega_2 - frame.omega_1
    what = "the smallest transition energy w_1" if frame.omega_1 < split else "the splitting w_2 - w_1"
    return thermal_baths.weak_coupling(gamma, min(frame.omega_1, split), what)


def effective_temperature(steady: SteadyState, transition: int) -> NDArray[np.float64]:
    """Return the temperature that the baths A and B together give a transition, Eqs. (19), (20), energy.

    T_eff(w_j) = w_j / ln(G_j^- / G_j^+),   G_1^+ = sin^2(theta/2) Gamma_A n_A(w_1) + cos^2(theta/2) Gamma_B n_B(w_1),

    and G_1^- the same with n + 1; sin and cos are exchanged for w_2. Where both temperatures are equal, the qubits are
    in the thermal state of that temperature. transition: 1 or 2.
    """
    a, b, coupling = (np.asarray(steady.parameters[name], float) for name in ("epsilon_A", "epsilon_B", "Omega"))
    half = 0.5 * np.arctan2(2.0 * coupling, a - b)
    energy = 0.5 * (a + b + np.hypot(a - b, 2.0 * coupling))
    along = [np.cos(half) ** 2, np.sin(half) ** 2]
    if transition == 1:
        energy, along = (np.sqrt(a * b) - coupling) * (np.sqrt(a * b) + coupling) / energy, along[::-1]
    shares = [steady.parameters[f"gamma_{bath}"] * share for bath, share in zip("AB", along, strict=True)]
    with np.errstate(divide="ignore"):
        occupied = [1.0 / np.expm1(energy / np.asarray(steady.parameters[f"T_{bath}"], float)) for bath in "AB"]
        absorbed = shares[0] * occupied[0] + shares[1] * occupied[1]
        return np.asarray(energy / np.log1p((shares[0] + shares[1]) / absorbed))


register(
    common_bath,
    energy_scale="epsilon_A",
    quantities={
        "effective_temperature.1": lambda steady: effective_temperature(steady, 1),
        "effective_temperature.2": lambda steady: effective_temperature(steady, 2),
    },
)
