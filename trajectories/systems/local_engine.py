"""The two-qubit entanglement engine: two qubits with exchange coupling, each at its own thermal bath.

Khandelwal et al., NJP 22, 073039 (2020), with the local master equation (3) and bosonic baths (4):

    H = eps_h n_h + eps_c n_c + g (s_+^h s_-^c + s_-^h s_+^c) + kappa_h sigma_x^h + kappa_c sigma_x^c,
    d rho/dt = -i[H, rho] + sum_{j=h,c} ( gamma_j^+ D[s_+^j] rho + gamma_j^- D[s_-^j] rho ),
    gamma_j^+ = gamma_j n_j,  gamma_j^- = gamma_j (1 + n_j),  n_j = 1/(e^{eps_j/T_j} - 1),  eps_c = eps_h + delta.

The first qubit is h, the second c. Jumps count quanta of the bare energies eps_j, so there are two kinds of heat:

- counted heat, quanta times eps_j, which enters the entropy production: eps_h I and -eps_c I in the steady state;
- energy current Tr[H D_j rho] with the full H, which obeys the first law.

With detuning they differ; the counted heats add up to -delta I, minus the work of the coupling. With tunnelling
(kappa_j) local detailed balance holds for the bare eps_j only, and there is hidden work. The closed forms below are for
kappa_h = kappa_c = 0, with

    Gamma_j = gamma_j^+ + gamma_j^-,  Gamma = Gamma_h + Gamma_c,  X = gamma_h^+ gamma_c^- - gamma_h^- gamma_c^+,
    chi = (4 g^2 + Gamma_h Gamma_c) Gamma^2 + 4 delta^2 Gamma_h Gamma_c.

Misprints in the paper: Eq. (10) must have the full H = H_S + H_int for Eq. (11) and the first law to hold;
J = Q_h - Q_c of Eq. (11) is twice the heat from the hot bath; the sentence before Eq. (12) has the sign of X reversed
(X = gamma_h gamma_c (n_h - n_c) is right); in Eq. (17) C continues over the line break. The paper lists the basis as
|11>, |10>, |01>, |00>; here it is |00>, |01>, |10>, |11>. At the printed parameters the claims about Fig. 3 are not
reproduced: J/J_c is monotonic neither in delta nor in T_h, and the negativity vanishes for no delta > 0; they hold for
T_c of about 0.17 to 0.19.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, dagger, embed, number, sigma_minus, sigma_x

VALIDITY = 0.1
"""Couplings above this fraction of the smaller gap draw a remark: the local master equation wants them much smaller."""


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
    engine = engine_rates(T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta)
    kh, kc = validation.real(kappa_h, "local_engine: kappa_h"), validation.real(kappa_c, "local_engine: kappa_c")
    lower = (embed(sigma_minus(), 0, (2, 2)), embed(sigma_minus(), 1, (2, 2)))
    exchange = dagger(lower[0]) @ lower[1]
    hamiltonian = (
        engine.epsilon_h * embed(number(), 0, (2, 2))
        + engine.epsilon_c * embed(number(), 1, (2, 2))
        + engine.g * (exchange + dagger(exchange))
        + kh * embed(sigma_x(), 0, (2, 2))
        + kc * embed(sigma_x(), 1, (2, 2))
    )
    channels, reservoirs = [], []
    for site, (bath, T, energy, plus, minus) in enumerate(
        (
            ("h", T_h, engine.epsilon_h, engine.plus_h, engine.minus_h),
            ("c", T_c, engine.epsilon_c, engine.plus_c, engine.minus_c),
        )
    ):
        reservoirs.append(Reservoir(bath, 1.0 / T if T > 0.0 else math.inf))
        if T > 0.0:
            raising = math.sqrt(plus) * dagger(lower[site])
            channels.append(Channel(f"{bath}_up", raising, bath, energy, f"{bath}_down"))
        undone_by = f"{bath}_up" if T > 0.0 else "none"
        channels.append(Channel(f"{bath}_down", math.sqrt(minus) * lower[site], bath, -energy, undone_by))
    values = (T_h, T_c, g, gamma_h, gamma_c, epsilon_h, delta, kappa_h, kappa_c)
    names = ("T_h", "T_c", "g", "gamma_h", "gamma_c", "epsilon_h", "delta", "kappa_h", "kappa_c")
    return Model(
        hamiltonian,
        channels,
        reservoirs,
        name="local_engine",
        dims=(2, 2),
        parameters=dict(zip(names, values, strict=True)),
        remarks=_remarks(engine, gamma_h, gamma_c, kh, kc),
    )


def _remarks(engine: Engine, gamma_h: float, gamma_c: float, kappa_h: float, kappa_c: float) -> list[str]:
    gap = min(engine.epsilon_h, engine.epsilon_c)
    sizes = {"g": engine.g, "gamma_h": gamma_h, "gamma_c": gamma_c, "delta": engine.delta}
    lines = [
        f"{name} = {size:g} is not small against the qubits' energy: |{name}|/epsilon = {abs(size) / gap:.3g}, "
        f"and the local master equation wants it below {VALIDITY:g}"
        for name, size in sizes.items()
        if abs(size) > VALIDITY * gap
    ]
    if kappa_h or kappa_c:
        lines.append(
            "with tunnelling, heat and entropy count quanta of the bare energies epsilon; the rest is hidden work"
        )
    return lines


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
    plus_h, minus_h = _bosonic(T_h, gamma_h, gap, "h")
    plus_c, minus_c = _bosonic(T_c, gamma_c, gap + detuning, "c")
    h, c = plus_h + minus_h, plus_c + minus_c
    bias = plus_h * minus_c - minus_h * plus_c
    chi = (4.0 * coupling**2 + h * c) * (h + c) ** 2 + 4.0 * detuning**2 * h * c
    rates = (plus_h, minus_h, plus_c, minus_c)
    return Engine(coupling, gap, gap + detuning, detuning, *rates, h, c, h + c, bias, chi)


def _bosonic(T: float, gamma: float, energy: float, bath: str) -> tuple[float, float]:
    """Rates gamma n_B and gamma (1 + n_B)."""
    key = f"local_engine: T_{bath}"
    temperature = validation.real(T, key, finite=False, least=0.0, hint="finite")
    bare = validation.real(gamma, f"local_engine: gamma_{bath}", above=0.0)
    if temperature == math.inf:
        raise InputError(f"{key} = inf: bosonic rates gamma*(1 + n_B) are infinite there; it must be finite and >= 0")
    if temperature == 0.0:
        return 0.0, bare
    ratio = energy / temperature
    occupation = 1.0 / math.expm1(ratio) if ratio < 700.0 else 0.0
    if bare * occupation < 1e-300:
        raise InputError(f"{key} = {T}: the upward rate underflows; allowed: 0, or at least about {energy / 600.0:.3g}")
    if not math.isfinite(bare * (1.0 + occupation)):
        raise InputError(f"{key} = {T}: the rates gamma*(1 + n_B) overflow; it must be smaller")
    return bare * occupation, bare * (1.0 + occupation)


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
