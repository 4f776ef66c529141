"""Two qubits between two collective baths: steady-state entanglement from incoherent pumping, in closed form.

Tacchino et al., PRL 120, 063604 (2018), Eqs. (1)-(6) and Appendix A of the preprint. With spin lowering operators
c_1, c_2 and the collective operators J_S = c_1 + c_2, J_A = c_1 - c_2,

    H = omega (n_1 + n_2),
    d rho/dt = -i[H, rho] + sum_{i=A,S} ( up_i D[J_i^dagger] rho + down_i D[J_i] rho ),
    D[L] rho = L rho L^dagger - 1/2 {L^dagger L, rho}.

The paper's (Gamma/2) D_o with D_o = 2 o rho o^dagger - {o^dagger o, rho} is a rate Gamma here. The rates are
up_i = Gamma^+ (`pump`, common to both baths) and down_i = Gamma^+ e^{beta_i}: beta_i is dimensionless, the inverse
temperature of reservoir i is beta_i/omega. The levels form a diamond,

    |G> = |00>,  |S> = (|01> + |10>)/sqrt2,  |A> = (|01> - |10>)/sqrt2,  |E> = |11>,

bath S drives G-S-E and bath A drives G-A-E, every step at twice the rate of its bath (<S|J_S^dagger|G> = sqrt2), and
the steady state is diagonal in G, S, A, E. For the common pump, with a = e^{beta_A}, s = e^{beta_S}, S = a + s,
P = a s and Gamma^+ = 1, its normalisation is Z = 2 d, d = 1 + S^2 + S(P+3)/2 - P.

Misprints in the preprint: in Eq. (A10) N_1 lacks a factor 1/2, N_2 lacks the term (Gamma_2^-/Gamma^+)^2 and d has that
square twice; Eq. (5) = (A12) is right. Eq. (A13) lacks a sqrt2: C ~ (2/3)(1/2 - sqrt2 e^{-beta_S/2}). Eq. (B3) lacks a
dagger (see `trajectories.model.time_reversal`). The anticommutator printed for the c_i holds for i = j only; fermions
would give another steady state. That concurrence is maximal where entropy production is, is a correlation only: at
(-6, 2) the production is 13.1 and the concurrence 0.

The closed forms below take the same parameters as `diamond` and are exact for unequal and for one-way rates as well;
they keep their relative accuracy where a numerical null space loses digits (rates spread over many decades).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, dagger, embed, number, sigma_minus

LARGEST_BETA = 300.0
"""Beyond it products of four rates leave the range of floating-point numbers."""


class Rates(NamedTuple):
    """Rates of the four channels, in units of inverse time."""

    up_A: float
    down_A: float
    up_S: float
    down_S: float

    def beta(self, bath: str) -> float:
        """Dimensionless inverse temperature ln(down/up); -inf for a one-way pump, +inf for zero temperature."""
        up, down = (self.up_A, self.down_A) if bath == "A" else (self.up_S, self.down_S)
        if up == 0.0 or down == 0.0:
            return math.inf if up == 0.0 else -math.inf
        return math.log(down) - math.log(up)


def diamond(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    omega: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> Model:
    """Two qubits, two collective baths (Tacchino et al., PRL 120, 063604 (2018)).

    Parameters
    ----------
    beta_A : float
        ln(down/up) of the antisymmetric bath, dimensionless; may be negative; -inf is the one-way pump.
    beta_S : float
        ln(down/up) of the symmetric bath, likewise.
    pump : float
        Rate Gamma^+ of the upward channels of both baths, > 0.
    omega : float
        Energy of one excitation, > 0; the reservoirs' inverse temperatures are beta_A/omega and beta_S/omega.
    rates : (up_A, down_A, up_S, down_S)
        Four rates >= 0 in place of beta_A, beta_S and pump; a rate of 0 leaves that channel out and makes its sibling
        one-way.

    Returns
    -------
    Model
        Channels A_up, A_down, S_up, S_down with quanta +omega (up) and -omega (down), reservoirs A and S, and the basis
        "bell" with the states G, S, A, E.

    Raises
    ------
    InputError
        Values out of range, +inf (give `rates` instead), or both or neither of the two ways to give the rates.
    """
    four = diamond_rates(beta_A, beta_S, pump, rates)
    omega = validation.real(omega, "diamond: omega", above=0.0)
    shown: dict[str, object] = {"beta_A": beta_A, "beta_S": beta_S, "pump": pump} if rates is None else {"rates": four}
    lower = sigma_minus()
    c1, c2 = embed(lower, 0, (2, 2)), embed(lower, 1, (2, 2))
    channels, reservoirs = [], []
    for bath, jump, up, down in (("A", c1 - c2, four.up_A, four.down_A), ("S", c1 + c2, four.up_S, four.down_S)):
        both = up > 0.0 and down > 0.0
        given = beta_A if bath == "A" else beta_S
        # Not ln(e^beta): the entropy of a jump is then the number that was given.
        reservoirs.append(Reservoir(bath, (four.beta(bath) if given is None else given) / omega))
        if up > 0.0:
            partner = f"{bath}_down" if both else "none"
            channels.append(Channel(f"{bath}_up", math.sqrt(up) * dagger(jump), bath, omega, partner))
        if down > 0.0:
            partner = f"{bath}_up" if both else "none"
            channels.append(Channel(f"{bath}_down", math.sqrt(down) * jump, bath, -omega, partner))
    return Model(
        omega * (embed(number(), 0, (2, 2)) + embed(number(), 1, (2, 2))),
        channels,
        reservoirs,
        name="diamond",
        dims=(2, 2),
        bases={"bell": (bell_basis(), ("G", "S", "A", "E"))},
        parameters={**shown, "omega": omega},
    )


def bell_basis() -> Array:
    """Unitary whose columns are |G>, |S>, |A>, |E> in the order |00>, |01>, |10>, |11>."""
    r = math.sqrt(0.5)
    return np.array([[1, 0, 0, 0], [0, r, r, 0], [0, r, -r, 0], [0, 0, 0, 1]], dtype=np.complex128)


def diamond_rates(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> Rates:
    """The four rates, up_i = pump and down_i = pump e^{beta_i}, or as given in `rates`; checked.

    Raises InputError: see `diamond`.
    """
    if rates is None:
        if beta_A is None or beta_S is None:
            missing = "beta_A" if beta_A is None else "beta_S"
            raise InputError(
                f"diamond: {missing} is missing; give beta_A and beta_S, or rates=(up_A, down_A, up_S, down_S)"
            )
        up = validation.real(pump, "diamond: pump", above=0.0)
        return Rates(up, _down(beta_A, up, "beta_A"), up, _down(beta_S, up, "beta_S"))
    if beta_A is not None or beta_S is not None or pump != 1.0:
        raise InputError("diamond: rates replaces beta_A, beta_S and pump; give one or the other, not both")
    if not isinstance(rates, (tuple, list)) or len(rates) != 4:
        raise InputError(f"diamond: rates = {rates!r} must be four numbers (up_A, down_A, up_S, down_S)")
    four = Rates(
        *(validation.real(r, f"diamond: rates: {n}", least=0.0) for r, n in zip(rates, Rates._fields, strict=True))
    )
    for bath, up, down in (("A", four.up_A, four.down_A), ("S", four.up_S, four.down_S)):
        if up == 0.0 and down == 0.0:
            raise InputError(f"diamond: rates: up_{bath} and down_{bath} are both 0; one of them must be > 0")
    return four


def _down(value: float, up: float, key: str) -> float:
    hint = f"between -{LARGEST_BETA:g} and {LARGEST_BETA:g}, or -inf (one-way pump)"
    beta = validation.real(value, f"diamond: {key}", finite=False, hint=hint)
    if beta == -math.inf:
        return 0.0
    if beta == math.inf:
        raise InputError(
            f"diamond: {key} = inf is an infinite downward rate; for zero temperature give finite rates, "
            "rates=(up_A, down_A, up_S, down_S) with the upward one 0"
        )
    down = up * math.exp(beta) if abs(beta) <= LARGEST_BETA else 0.0
    if not 1e-300 <= down <= 1e300:
        raise InputError(
            f"diamond: {key} = {value}: the rate pump*exp({key}) leaves the range of numbers; allowed: {hint}"
        )
    return down


def diamond_populations(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> NDArray[np.float64]:
    """Steady-state populations (p_G, p_S, p_A, p_E), shape (4,), accurate in every component.

    With g_i = up_i + down_i:  p_G ~ down_S^2/g_S + down_A^2/g_A,  p_E ~ up_S^2/g_S + up_A^2/g_A,
    p_i = (up_i p_G + down_i p_E)/g_i. For a common pump p_G = (s^2+a^2+PS)/Z, p_S = (a^2+P+2s)/Z, p_A = (s^2+P+2a)/Z,
    p_E = (2+S)/Z; from the master equation (A1), (A2) of Tacchino et al., PRL 120, 063604 (2018), preprint.
    """
    weights = _weights(diamond_rates(beta_A, beta_S, pump, rates))
    return weights / weights.sum()


def _weights(r: Rates) -> NDArray[np.float64]:
    """Populations (G, S, A, E) up to a factor; rates in units of the largest one, sums of positive terms only."""
    ua, da, us, ds = (rate / max(r) for rate in r)
    ga, gs = ua + da, us + ds
    ground = ds * (ds / gs) + da * (da / ga)
    excited = us * (us / gs) + ua * (ua / ga)
    symmetric = (us * ground + ds * excited) / gs
    antisymmetric = (ua * ground + da * excited) / ga
    return np.array([ground, symmetric, antisymmetric, excited])


def diamond_state(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11>: diagonal in the Bell basis."""
    basis = bell_basis()
    return (basis * diamond_populations(beta_A, beta_S, pump, rates)) @ dagger(basis)


def diamond_concurrence(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Concurrence of the steady state, C = max(0, |p_S - p_A| - 2 sqrt(p_G p_E)).

    Equal to Eqs. (4), (5) of Tacchino et al., PRL 120, 063604 (2018), where the pump is common.
    """
    g, s, a, e = (float(p) for p in diamond_populations(beta_A, beta_S, pump, rates))
    return max(0.0, abs(s - a) - 2.0 * math.sqrt(g) * math.sqrt(e))


def diamond_currents(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    omega: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> tuple[float, float]:
    """Steady-state heat currents (Q_A, Q_S) INTO the system, in energy per time; Q_A = -Q_S.

    Q_S = omega * 4 (up_S^2 p_G - down_S^2 p_E)/g_S; for the common pump 4 omega pump (a^2 - s^2)/Z.
    """
    energy = validation.real(omega, "diamond: omega", above=0.0)
    flow = energy * _net_rate(diamond_rates(beta_A, beta_S, pump, rates))
    return 0.0 - flow, flow


def _net_rate(r: Rates) -> float:
    """Net quanta per time into the system from bath S; exactly 0 for baths of equal rates."""
    ua, da, us, ds = (rate / max(r) for rate in r)
    difference, total = us * da - ds * ua, us * da + ds * ua
    return 4.0 * max(r) * (difference / (us + ds)) * (total / (ua + da)) / float(_weights(r).sum())


def diamond_entropy_production(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Steady-state entropy production rate sigma = -sum_i beta_i Q_i/omega in nats per time, Eq. (6) of the paper.

    For the common pump 4 pump (beta_S - beta_A)(s^2 - a^2)/Z. Infinite where a bath is one-way and a current flows.
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    flow = _net_rate(r)
    if math.isinf(r.beta("A")) or math.isinf(r.beta("S")):
        return math.inf if flow else 0.0
    return (r.beta("A") - r.beta("S")) * flow + 0.0


def diamond_activity(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> float:
    """Jumps per time in the steady state, every jump counted.

    sum_k Tr[L_k^dagger L_k rho] = sum_i [ 2 up_i (p_G + p_i) + 2 down_i (p_i + p_E) ].
    """
    r = diamond_rates(beta_A, beta_S, pump, rates)
    g, s, a, e = (float(p) for p in diamond_populations(beta_A, beta_S, pump, rates))
    return 2.0 * (r.up_S * (g + s) + r.down_S * (s + e) + r.up_A * (g + a) + r.down_A * (a + e))
