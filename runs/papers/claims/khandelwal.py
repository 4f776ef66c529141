"""Claims of Khandelwal et al., NJP 22, 073039 (2020), one function each. Energies in units of epsilon_h."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from claim import Claim
from claim_tools import null_heats, null_state, peak, root
from closed_forms.local_engine import (
    engine_rates,
    local_engine_critical_flow,
    local_engine_heat_flow,
    local_engine_negativity,
    local_engine_negativity_explicit,
)
from full_space import liouvillian

from trajectories.master import entanglement
from trajectories.master.currents import energy_rates
from trajectories.model.operators import embed, number
from trajectories.systems.local_engine import local_engine

PAPER = "Khandelwal et al., NJP 22, 073039 (2020)"
EXACT = "tests/physics/test_local_engine_exact.py"
SYSTEMS = "tests/unit/systems/test_systems.py"
HERE = "tests/physics/test_claimed.py"
G, GAMMA_H, GAMMA_C, T_C = 1.6e-3, 1e-3, 1.1e-2, 0.1
HOT = (0.5, 0.7, 1.0)
"""Printed: couplings and T_c. The texts do not name the T_h of the curves; these are inside the figures."""
POINT = {"T_h": 0.7, "T_c": T_C, "g": G, "gamma_h": GAMMA_H, "gamma_c": GAMMA_C, "delta": 0.02}
DETUNINGS = np.linspace(0.0, 0.1, 101)
COLD = [round(0.1 + 0.01 * i, 2) for i in range(13)]


def _ratio(T_h: float, delta: float, T_c: float = T_C) -> float:
    """J/J_c."""
    flow = local_engine_heat_flow(T_h, T_c, G, GAMMA_H, GAMMA_C, delta=delta)
    return flow / local_engine_critical_flow(T_h, T_c, G, GAMMA_H, GAMMA_C, delta=delta)


def _negativity(T_h: float, delta: float, T_c: float = T_C) -> float:
    return local_engine_negativity(T_h, T_c, G, GAMMA_H, GAMMA_C, delta=delta)


def _range(holds: list[bool]) -> str:
    """Where on the grid of T_c something holds: from the first to the last, with what fails between."""
    good = [T for T, is_so in zip(COLD, holds, strict=True) if is_so]
    if not good:
        return "at no T_c of the grid"
    whole = holds[COLD.index(good[0]) : COLD.index(good[-1]) + 1]
    return f"{'for' if all(whole) else 'for most of'} {good[0]:g} <= T_c <= {good[-1]:g}"


def negativity() -> Claim:
    """Eq. (17)."""
    printed = local_engine_negativity_explicit(0.7, T_C, G, GAMMA_H, GAMMA_C, delta=0.02)
    found = float(entanglement.negativity_signed(null_state(local_engine(**POINT))))
    test = f"{SYSTEMS}::test_engine_printed_formula_for_the_negativity"
    return Claim(PAPER, "Eq. (17)", "negativity at T_h = 0.7, delta = 0.02", printed, found, test)


def heat_definition() -> Claim:
    """Eq. (10): Q_h - Q_c with H_S alone, against Eq. (11)."""
    model = local_engine(**POINT)
    rho = null_state(model)
    heats = null_heats(model, rho)
    bare = number()
    H_S = embed(bare, 0, (2, 2)) + (1 + POINT["delta"]) * embed(bare, 1, (2, 2))
    printed = 0.0
    for channel in model.channels:
        L = channel.operator
        loss = L.conj().T @ L
        gained = L @ rho @ L.conj().T - 0.5 * (loss @ rho + rho @ loss)
        printed += (1 if channel.reservoir == "h" else -1) * float(np.trace(H_S @ gained).real)
    return Claim(
        PAPER,
        "Eq. (10)",
        "heat flows with H_S give J = Q_h - Q_c of Eq. (11) and obey the first law (T_h = 0.7, delta = 0.02)",
        printed,
        local_engine_heat_flow(0.7, T_C, G, GAMMA_H, GAMMA_C, delta=0.02),
        f"{HERE}::test_misprints",
        corrected=heats["h"] - heats["c"],
        condition="needs H_S + H_int for Eq. (11) and for Q_h + Q_c = 0",
    )


def heat_of_the_hot_bath() -> Claim:
    """Eq. (11): what J is."""
    model = local_engine(**POINT)
    flow = local_engine_heat_flow(0.7, T_C, G, GAMMA_H, GAMMA_C, delta=0.02)
    return Claim(
        PAPER,
        "Eq. (11)",
        "J is the heat current from the hot bath to the hot qubit (T_h = 0.7, delta = 0.02)",
        flow,
        null_heats(model, null_state(model))["h"],
        f"{EXACT}::test_current_negativity_and_critical_current",
        corrected=flow / 2,
        condition="twice it: J = Q_h - Q_c = 2 Q_h",
    )


def sign_of_the_bias() -> Claim:
    """The sentence before Eq. (12), against what it is to be proportional to."""
    e = engine_rates(0.7, T_C, G, GAMMA_H, GAMMA_C, delta=0.02)
    n_h, n_c = 1 / math.expm1(1 / 0.7), 1 / math.expm1(1.02 / T_C)
    return Claim(
        PAPER,
        "sentence before Eq. (12)",
        "gamma_h^- gamma_c^+ - gamma_h^+ gamma_c^- gives gamma_h gamma_c (n_h - n_c) of Eq. (12)",
        e.minus_h * e.plus_c - e.plus_h * e.minus_c,
        GAMMA_H * GAMMA_C * (n_h - n_c),
        f"{HERE}::test_misprints",
        corrected=e.plus_h * e.minus_c - e.minus_h * e.plus_c,
        condition="the sign is reversed: gamma_h^+ gamma_c^- - gamma_h^- gamma_c^+",
    )


def size_of_the_matrix() -> Claim:
    """Eq. (5): M is inverted, so it has as many columns as its rank, that of the Liouvillian."""
    model = local_engine(**POINT)
    return Claim(
        PAPER,
        "below Eq. (5), Appendix A",
        "M, of which the inverse is used, is a 15 x 16 matrix: its columns",
        16.0,
        float(np.linalg.matrix_rank(liouvillian(model), tol=1e-9)),
        f"{HERE}::test_misprints",
        corrected=float(model.dimension**2 - 1),
        condition="15 x 15: one of the 16 elements of rho is eliminated by the trace",
    )


def critical_current() -> Claim:
    """Eq. (18), against the partial transpose of the null-space state."""

    def entangled(T_c: float, T_h: float, delta: float) -> bool:
        state = null_state(local_engine(T_h, T_c, G, GAMMA_H, GAMMA_C, delta=delta))
        return float(entanglement.negativity_signed(state)) > 0

    cold, hot, detunings = (0.1, 0.18, 0.25), (0.2, *HOT, 20.0), (-0.1, -0.02, 0.0, 0.005, 0.02, 0.05)
    found = all(
        entangled(T_c, T_h, delta) == (abs(_ratio(T_h, delta, T_c)) > 1)
        for T_c in cold
        for T_h in hot
        for delta in detunings
    )
    text = "entangled if and only if J > J_c (0.1 <= T_c <= 0.25, 0.2 <= T_h <= 20, -0.1 <= delta <= 0.05)"
    return Claim(PAPER, "Eq. (18)", text, True, found, f"{EXACT}::test_current_negativity_and_critical_current")


def detuning_reduces() -> Claim:
    flows = np.array([[local_engine_heat_flow(T, T_C, G, GAMMA_H, GAMMA_C, delta=d) for d in DETUNINGS] for T in HOT])
    negativities = np.array([[_negativity(T, d) for d in DETUNINGS] for T in HOT])
    found = bool((np.diff(flows, axis=1) < 0).all() and (np.diff(negativities, axis=1) < 0).all())
    text = "heat current and negativity fall with the detuning (0 <= delta <= 0.1, T_h = 0.5, 0.7, 1)"
    return Claim(PAPER, "Fig. 2", text, True, found, f"{HERE}::test_statements_that_hold")


def hotter_is_more() -> Claim:
    hot, small = np.linspace(0.3, 1.0, 36), (0.0, 0.01, 0.02, 0.05)
    flows = np.array([[local_engine_heat_flow(T, T_C, G, GAMMA_H, GAMMA_C, delta=d) for T in hot] for d in small])
    negativities = np.array([[_negativity(T, d) for T in hot] for d in small])
    found = bool((np.diff(flows, axis=1) > 0).all() and (np.diff(negativities, axis=1) > 0).all())
    text = "heat current and negativity rise with T_h (0.3 <= T_h <= 1, 0 <= delta <= 0.05)"
    return Claim(PAPER, "Fig. 2", text, True, found, f"{HERE}::test_statements_that_hold")


def _falls_with_detuning(T_c: float) -> bool:
    return bool((np.diff([_ratio(0.7, d, T_c) for d in DETUNINGS]) < 0).all())


def _vanishes_with_detuning(T_c: float) -> bool:
    found = [_negativity(0.7, d, T_c) for d in DETUNINGS]
    return found[0] > 0.0 == min(found)


def _rises_with_heat(T_c: float) -> bool:
    """J/J_c over T_h, from below 1 to above it, at two small detunings."""
    curves = [np.array([_ratio(T_h, d, T_c) for T_h in np.linspace(0.25, 1.0, 31)]) for d in (0.0, 0.005)]
    return all(bool((np.diff(curve) > 0).all()) and curve[0] < 1 < curve[-1] for curve in curves)


def ratio_falls() -> Claim:
    text = "J/J_c decreases monotonically with the detuning (0 <= delta <= 0.1, T_h = 0.7)"
    condition = f"holds {_range([_falls_with_detuning(T) for T in COLD])} (grid from {COLD[0]} to {COLD[-1]})"
    found, test = _falls_with_detuning(T_C), f"{HERE}::test_figure_3_of_khandelwal"
    return Claim(PAPER, "Fig. 3(a)", text, True, found, test, condition=condition)


def negativity_vanishes() -> Claim:
    together = [_falls_with_detuning(T) and _vanishes_with_detuning(T) and _rises_with_heat(T) for T in COLD]
    text = "the negativity declines to zero at some detuning (0 <= delta <= 0.1, T_h = 0.7)"
    edge = root(lambda d: local_engine_negativity_explicit(0.7, T_C, G, GAMMA_H, GAMMA_C, delta=d), -0.1, -0.05)
    condition = (
        f"holds {_range([_vanishes_with_detuning(T) for T in COLD])}; all three claims of Fig. 3 {_range(together)}; "
        f"at T_c = {T_C} it vanishes at delta = {edge:.4f}"
    )
    found, test = _vanishes_with_detuning(T_C), f"{HERE}::test_figure_3_of_khandelwal"
    return Claim(PAPER, "Fig. 3(a)", text, True, found, test, condition=condition)


def ratio_rises() -> Claim:
    text = "J/J_c increases monotonically with T_h, through 1 (0.25 <= T_h <= 1, delta = 0 and 0.005)"
    condition = f"holds {_range([_rises_with_heat(T) for T in COLD])}"
    found, test = _rises_with_heat(T_C), f"{HERE}::test_figure_3_of_khandelwal"
    return Claim(PAPER, "Fig. 3(b)", text, True, found, test, condition=condition)


@cache
def _tunnelling(T_h: float, delta: float) -> tuple[float, float, float, float]:
    """Best kappa_h for J and for the negativity, and what share of their values at delta = kappa = 0 is there."""

    def flow(kappa: float) -> float:
        model = local_engine(T_h, T_C, G, GAMMA_H, GAMMA_C, delta=delta, kappa_h=kappa)
        hot, cold = np.einsum("rab,ba->r", energy_rates(model), null_state(model)).real
        return float(hot - cold)

    def entangled(kappa: float) -> float:
        model = local_engine(T_h, T_C, G, GAMMA_H, GAMMA_C, delta=delta, kappa_h=kappa)
        return float(entanglement.negativity_signed(null_state(model)))

    about = math.sqrt(((1 + delta) ** 2 - 1) / 4)
    most, kappa_J = peak(flow, 0.8 * about, 1.2 * about, 1e-4)
    best, kappa_N = peak(entangled, 0.8 * about, 1.2 * about, 1e-4)
    whole = local_engine_heat_flow(T_h, T_C, G, GAMMA_H, GAMMA_C)
    return kappa_J, kappa_N, most / whole, best / _negativity(T_h, 0.0)


def tunnelling_recovers_heat() -> Claim:
    shares = [_tunnelling(T_h, 0.01)[2] for T_h in HOT]
    text = "tunnelling kappa_max recovers the heat current lost to delta = 0.01: to 1 % (T_h = 0.5, 0.7, 1)"
    condition = "recovered share " + ", ".join(f"{share:.5f}" for share in shares)
    found, test = min(shares) > 0.99, f"{EXACT}::test_tunnelling_restores_the_current"
    return Claim(PAPER, "Fig. 4", text, True, found, test, condition=condition)


def tunnelling_recovers_entanglement() -> Claim:
    shares = [_tunnelling(T_h, 0.01)[3] for T_h in HOT]
    text = "tunnelling kappa_max recovers the negativity lost to delta = 0.01: to 1 % (T_h = 0.5, 0.7, 1)"
    condition = "recovered share " + ", ".join(f"{share:.5f}" for share in shares)
    found, test = min(shares) > 0.99, f"{HERE}::test_tunnelling"
    return Claim(PAPER, "Fig. 4", text, True, found, test, condition=condition)


def tunnelling_is_one_value() -> Claim:
    kappas = [kappa for T_h in HOT for kappa in _tunnelling(T_h, 0.01)[:2]]
    text = "kappa_max is about the same for heat and entanglement and all T_h: to 2 % (delta = 0.01, T_h = 0.5, 0.7, 1)"
    condition = f"kappa_max from {min(kappas):.5f} to {max(kappas):.5f}"
    found, test = max(kappas) / min(kappas) < 1.02, f"{HERE}::test_tunnelling"
    return Claim(PAPER, "Fig. 4", text, True, found, test, condition=condition)


def tunnelling_grows_with_detuning() -> Claim:
    kappas = np.array([_tunnelling(0.7, delta)[:2] for delta in (0.0025, 0.005, 0.01, 0.02)])
    text = "kappa_max rises monotonically with the detuning (delta = 0.0025, 0.005, 0.01, 0.02, T_h = 0.7)"
    found = bool((np.diff(kappas, axis=0) > 0).all())
    return Claim(PAPER, "Fig. 5", text, True, found, f"{HERE}::test_tunnelling")


CLAIMS = (
    size_of_the_matrix,
    heat_definition,
    heat_of_the_hot_bath,
    sign_of_the_bias,
    negativity,
    detuning_reduces,
    hotter_is_more,
    critical_current,
    ratio_falls,
    negativity_vanishes,
    ratio_rises,
    tunnelling_recovers_heat,
    tunnelling_recovers_entanglement,
    tunnelling_is_one_value,
    tunnelling_grows_with_detuning,
)
