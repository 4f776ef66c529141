"""The steady state of the two-qubit engine without tunnelling, in closed form; parameters as for `local_engine`.

Gamma_j = gamma_j^+ + gamma_j^-,  Gamma = Gamma_h + Gamma_c,  X = gamma_h^+ gamma_c^- - gamma_h^- gamma_c^+,
chi = (4 g^2 + Gamma_h Gamma_c) Gamma^2 + 4 delta^2 Gamma_h Gamma_c.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.model import validation
from trajectories.model.operators import Array


class Engine(NamedTuple):
    """Checked parameters and rates: plus and minus are gamma_j^+ and gamma_j^-, total is Gamma, bias is X."""

    g: float
    epsilon_h: float
    epsilon_c: float
    delta: float
    plus_h: float
    minus_h: float
    plus_c: float
    minus_c: float
    total_h: float
    total_c: float
    total: float
    bias: float
    chi: float


def bosonic_rates(T: float, gamma: float, energy: float) -> tuple[float, float]:
    """Rates gamma n_B up and gamma (1 + n_B) down, Eq. (4)."""
    n = 1.0 / math.expm1(energy / T) if T > 0.0 and energy / T < 700.0 else 0.0
    return gamma * n, gamma * (1.0 + n)


def engine_rates(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> Engine:
    """Checked parameters and the bosonic rates, Eq. (4).

    Raises InputError: see `local_engine`.
    """
    coupling = validation.real(g, "local_engine: g")
    gap = validation.real(epsilon_h, "local_engine: epsilon_h", above=0.0)
    detuning = validation.real(delta, "local_engine: delta")
    if not gap + detuning > 0.0:
        raise InputError(f"local_engine: delta = {delta} makes epsilon_c = epsilon_h + delta <= 0; allowed: > {-gap:g}")
    plus_h, minus_h = bosonic_rates(T_h, gamma_h, gap)
    plus_c, minus_c = bosonic_rates(T_c, gamma_c, gap + detuning)
    h, c = plus_h + minus_h, plus_c + minus_c
    bias = plus_h * minus_c - minus_h * plus_c
    chi = (4.0 * coupling**2 + h * c) * (h + c) ** 2 + 4.0 * detuning**2 * h * c
    rates = (plus_h, minus_h, plus_c, minus_c)
    return Engine(coupling, gap, gap + detuning, detuning, *rates, h, c, h + c, bias, chi)


def local_engine_state(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11> (h first): Eqs. (6)-(9), exact as printed."""
    e = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    exchange, width = 4.0 * e.g**2, e.total**2 + 4.0 * e.delta**2
    up, down = e.plus_h + e.plus_c, e.minus_h + e.minus_c
    rho = np.zeros((4, 4), dtype=np.complex128)
    rho[3, 3] = exchange * up**2 + e.plus_h * e.plus_c * width
    rho[2, 2] = exchange * down * up + e.plus_h * e.minus_c * width
    rho[1, 1] = exchange * down * up + e.minus_h * e.plus_c * width
    rho[0, 0] = exchange * down**2 + e.minus_h * e.minus_c * width
    rho[2, 1] = 2.0 * e.g * e.bias * (1j * e.total - 2.0 * e.delta)
    rho[1, 2] = np.conj(rho[2, 1])
    return rho / e.chi


def local_engine_current(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """Steady-state net rate of quanta from the bath of h, through the qubits, into the bath of c.

    I = 4 g^2 Gamma X / chi, from gamma_h^+ <1-n_h> - gamma_h^- <n_h> in the state of Eq. (7).
    """
    e = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    return 4.0 * e.g**2 * e.total * e.bias / e.chi


def local_engine_counted_heats(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> tuple[float, float]:
    """Counted heat currents (h, c) INTO the system, (epsilon_h I, -epsilon_c I): quanta of the bare energies.

    They add up to -delta I; the coupling does the work delta I per time.
    """
    current = local_engine_current(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    return epsilon_h * current, 0.0 - (epsilon_h + delta) * current


def local_engine_energy_currents(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> tuple[float, float]:
    """Energy currents (h, c) INTO the system, Tr[H D_j rho] with the full H; they add up to 0.

    Q_h = (4 g^2 X / chi)(epsilon_h Gamma_c + epsilon_c Gamma_h) = -Q_c, half of Eq. (11).
    """
    half = 0.5 * local_engine_heat_flow(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    return half, 0.0 - half


def local_engine_heat_flow(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """J = Q_h - Q_c = (8 g^2 X / chi)(epsilon_h Gamma_c + epsilon_c Gamma_h), Eq. (11): twice the hot bath's heat."""
    e = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    return 8.0 * e.g**2 * e.bias / e.chi * (e.epsilon_h * e.total_c + e.epsilon_c * e.total_h)


def local_engine_critical_flow(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """Critical heat flow J_c of Eq. (18): the steady state is entangled if and only if |J| > J_c.

    J_c = 4 |g| sqrt(r_1 r_4 / (Gamma^2 + 4 delta^2)) (epsilon_h Gamma_c + epsilon_c Gamma_h), r_1 and r_4 the
    populations of |11> and |00>.
    """
    e = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    rho = local_engine_state(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta).real
    outer = math.sqrt(rho[3, 3] * rho[0, 0] / (e.total**2 + 4.0 * e.delta**2))
    return 4.0 * abs(e.g) * outer * (e.epsilon_h * e.total_c + e.epsilon_c * e.total_h)


def local_engine_entropy_production(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """Entropy production rate of the counted heats, sigma = (epsilon_c/T_c - epsilon_h/T_h) I >= 0, nats per time.

    Infinite at zero temperature where a current flows.
    """
    current = local_engine_current(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    if current == 0.0:
        return 0.0
    if T_h == 0.0 or T_c == 0.0:
        return math.inf
    return ((epsilon_h + delta) / T_c - epsilon_h / T_h) * current


def local_engine_negativity(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """Negativity of the steady state, N = max(0, n) with n of Eq. (16), half for a Bell state.

    n = ( sqrt(4|c|^2 + (r_1 - r_4)^2) - (r_1 + r_4) )/2 = 2 (|c|^2 - r_1 r_4) / ( sqrt(...) + r_1 + r_4 ): the second
    form, which does not cancel, is used. r_1, r_4 are the populations of |11> and |00>, c the coherence, Eqs. (7), (8).
    """
    rho = local_engine_state(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    r1, r4, c = float(rho[3, 3].real), float(rho[0, 0].real), abs(complex(rho[2, 1]))
    root = math.hypot(2.0 * c, r1 - r4)
    return max(0.0, 2.0 * (c * c - r1 * r4) / (root + r1 + r4))


def local_engine_negativity_explicit(
    T_h: float, T_c: float, g: float, gamma_h: float, gamma_c: float, epsilon_h: float = 1.0, delta: float = 0.0
) -> float:
    """Eq. (17): n in terms of the rates, negative where there is no entanglement; C continues over its line break."""
    e = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    hp, hm, cp, cm = e.plus_h, e.minus_h, e.plus_c, e.minus_c
    bare_h, bare_c = hm - hp, cm - cp
    width = 4.0 * e.delta**2 + e.total**2
    a = bare_h**2 + bare_c**2 + 2.0 * (hp + cm) * (hm + cp)
    b = hm * cm + hp * cp
    c = (
        hp * cp * (hp**2 + cp**2)
        + hm * cm * (hm**2 + cm**2)
        + 2.0 * (hm**2 + hp**2) * (cm**2 + cp**2)
        - (hm * hp + cm * cp) * (hm * cp + hp * cm)
        - 8.0 * hm * hp * cm * cp
    )
    d = (hm * cm - hp * cp) ** 2
    square = 16.0 * e.g**4 * (bare_h + bare_c) ** 2 * e.total**2 + 8.0 * e.g**2 * c * width + d * width**2
    return (-4.0 * e.g**2 * a - b * width + math.sqrt(square)) / (2.0 * e.chi)
