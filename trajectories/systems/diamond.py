"""Two qubits between two collective baths: steady-state entanglement from incoherent pumping.

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
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, dagger
from trajectories.model.validation import frozen
from trajectories.systems.registry import register
from trajectories.systems.two_qubits import DIMS, LOWER, NUMBER

ANTISYMMETRIC, SYMMETRIC = LOWER[0] - LOWER[1], LOWER[0] + LOWER[1]
LARGEST_BETA = 300.0
"""Beyond it products of four rates leave the range of floating-point numbers."""

BELL_BASIS: Array = frozen(
    np.array(
        [[1, 0, 0, 0], [0, math.sqrt(0.5), math.sqrt(0.5), 0], [0, math.sqrt(0.5), -math.sqrt(0.5), 0], [0, 0, 0, 1]],
        dtype=np.complex128,
    )
)
"""Unitary whose columns are |G>, |S>, |A>, |E> in the order |00>, |01>, |10>, |11>."""


class Rates(NamedTuple):
    """Rates of the four channels, in units of inverse time."""

    up_A: float
    down_A: float
    up_S: float
    down_S: float

    def beta(self, bath: str) -> float:
        """Return ln(down/up), the dimensionless inverse temperature; -inf for a one-way pump, +inf at T = 0."""
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
    channels, reservoirs = [], []
    for bath, jump, up, down in (("A", ANTISYMMETRIC, *four[:2]), ("S", SYMMETRIC, *four[2:])):
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
        omega * (NUMBER[0] + NUMBER[1]),
        channels,
        reservoirs,
        name="diamond",
        dims=DIMS,
        bases={"bell": (BELL_BASIS, ("G", "S", "A", "E"))},
        parameters={**shown, "omega": omega},
    )


def diamond_rates(
    beta_A: float | None = None,
    beta_S: float | None = None,
    pump: float = 1.0,
    rates: tuple[float, float, float, float] | None = None,
) -> Rates:
    """Return the four rates, up_i = pump and down_i = pump e^{beta_i}, or as given in `rates`; checked.

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


register(diamond, energy_scale="omega")
