"""Claims of Brask et al., NJP 17, 113029 (2015), one function each."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from claim import Claim
from claim_tools import largest, null_concurrence, null_state, outer_ratio, root
from closed_forms import resonant_qubits
from closed_forms.double_dot import double_dot_rates
from closed_forms.flux_qubits import flux_qubits_totals
from closed_forms.reset_engine import reset_engine_concurrence, reset_engine_heats, reset_engine_state

from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import Array, dagger, embed, number, sigma_minus
from trajectories.systems import thermal_baths
from trajectories.systems.reset_engine import reset_engine
from trajectories.systems.two_qubits import resonant_hamiltonian

PAPER = "Brask et al., NJP 17, 113029 (2015)"
RESET = "tests/physics/test_reset_engine_exact.py"
FLUX = "tests/physics/test_flux_qubits_exact.py"
DOT = "tests/physics/test_double_dot_exact.py"
HERE = "tests/physics/test_claimed.py"
P_C = 1e-2
"""p_c on its bound: C depends on g/p_c and p_h/p_c only."""


@cache
def _reset(T_c: float, T_h: float) -> tuple[float, list[float]]:
    """Largest C over the couplings, and g, p_h there."""
    start = [0.16 * P_C, 0.11 * P_C]
    return largest(lambda g, p_h: reset_engine_concurrence(T_c, T_h, g, P_C, p_h), start)


def reset_maximum() -> Claim:
    text = "largest C of the reset engine, at T_c = 0 and T_h -> infinity"
    return Claim(PAPER, "Fig. 2(a)", text, "0.054", _reset(0.0, math.inf)[0], f"{RESET}::test_the_optimum")


def reset_best_coupling() -> Claim:
    text = "g of the largest C (p_c = 1e-2)"
    return Claim(PAPER, "Section I", text, "1.6e-3", _reset(0.0, math.inf)[1][0], f"{RESET}::test_the_optimum")


def reset_best_rate() -> Claim:
    text = "p_h of the largest C (p_c = 1e-2)"
    return Claim(PAPER, "Section I", text, "1.1e-3", _reset(0.0, math.inf)[1][1], f"{RESET}::test_the_optimum")


def reset_threshold() -> Claim:
    def ratio(T_c: float) -> float:
        def of(g: float, p_h: float) -> float:
            return outer_ratio(reset_engine_state(T_c, math.inf, g, 1.0, p_h))

        return largest(of, [0.2, 0.2])[0]

    text = "T_c/E above which the reset engine generates no entanglement"
    test = f"{RESET}::test_threshold_of_the_cold_temperature"
    return Claim(PAPER, "Fig. 2(d)", text, "0.21", root(ratio, 0.2, 0.23), test)


def reset_concurrence() -> Claim:
    """Eqs. (7)-(9)."""
    T_c, T_h, g, p_c, p_h = 0.1, 2.0, 1.6e-3, P_C, 1.1e-3
    r_c, r_h = 1 / (1 + math.exp(-1 / T_c)), 1 / (1 + math.exp(-1 / T_h))
    norm = 1 / (2 * g**2 + p_c * p_h)
    f = norm * g * p_c * p_h / (p_c + p_h) * abs(r_c - r_h)

    def h(cold: float, hot: float) -> float:
        return norm * (p_c * p_h * cold * hot + 2 * g**2 * ((p_c * cold + p_h * hot) / (p_c + p_h)) ** 2)

    return Claim(
        PAPER,
        "Eqs. (7)-(9)",
        "C = max{0, f - sqrt(h(r_c, r_h) h(1-r_c, 1-r_h))}, at T_c = 0.1, T_h = 2",
        f - math.sqrt(h(r_c, r_h) * h(1 - r_c, 1 - r_h)),
        null_concurrence(reset_engine(T_c, T_h, g, p_c, p_h)),
        f"{RESET}::test_the_factor_two_that_the_print_lacks",
        corrected=reset_engine_concurrence(T_c, T_h, g, p_c, p_h),
        condition="lacks a factor 2: C = max{0, 2f - 2 sqrt(h(r_c, r_h) h(1-r_c, 1-r_h))}",
    )


def reset_equilibrium() -> Claim:
    temperatures, ratios = np.geomspace(0.05, 20.0, 15), (0.03, 0.1, 0.3, 1.0)
    found = all(
        reset_engine_concurrence(T, T, g, 1.0, p_h) == 0.0 for T in temperatures for g in ratios for p_h in ratios
    )
    text = "no entanglement at T_c = T_h (0.05 <= T/E <= 20, 0.03 <= g/p_c, p_h/p_c <= 1)"
    return Claim(PAPER, "below Eq. (9)", text, True, found, f"{HERE}::test_statements_that_hold")


def reset_any_gradient() -> Claim:
    found = all(_reset(0.0, T_h)[0] > 0.0 for T_h in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0, math.inf))
    text = "at T_c = 0 steady-state entanglement appears for any T_h > 0 (0.1 <= T_h/E <= inf)"
    return Claim(PAPER, "Section I", text, True, found, f"{RESET}::test_largest_concurrence")


def reset_grows_with_heat() -> Claim:
    temperatures = (0.2, 0.5, 1.0, 2.0, 5.0, 20.0)
    best = [(T_h, *_reset(0.0, T_h)) for T_h in temperatures]
    heats = [reset_engine_heats(0.0, T_h, g, P_C, p_h)[1] for T_h, _, (g, p_h) in best]
    found = bool((np.diff([value for _, value, _ in best]) > 0).all() and (np.diff(heats) > 0).all())
    text = "at T_c = 0 increasing T_h increases the heat current and creates more entanglement (0.2 <= T_h/E <= 20)"
    return Claim(PAPER, "Fig. 2(a), (b)", text, True, found, f"{HERE}::test_statements_that_hold")


@cache
def _flux(T_c: float) -> tuple[float, list[float]]:
    def signed(g: float, total: float) -> float:
        return resonant_qubits.concurrence_signed(flux_qubits_totals(T_c, math.inf, g, 1.0, total))

    return largest(signed, [0.15, 0.19])


def flux_maximum() -> Claim:
    text = "largest C of the flux qubits, at T_c = 0 and T_h -> infinity at finite total rates"
    return Claim(PAPER, "Fig. 4(a)", text, "0.1", _flux(0.0)[0], f"{FLUX}::test_the_optimum")


def flux_threshold() -> Claim:
    def ratio(T_c: float) -> float:
        def of(g: float, total: float) -> float:
            return outer_ratio(resonant_qubits.state(flux_qubits_totals(T_c, math.inf, g, 1.0, total)))

        return largest(of, [0.2, 0.3])[0]

    text = "T_c/E below which the flux qubits can be entangled"
    test = f"{FLUX}::test_threshold_of_the_cold_temperature"
    return Claim(PAPER, "Section II", text, "0.283", root(ratio, 0.25, 0.3), test)


def flux_operators() -> Claim:
    """The sentence under Eq. (12): which operator goes with which rate, told by one qubit's excited population."""
    T = 0.5
    n = thermal_baths.bose(T, 1.0)

    def excited(with_plus: Array) -> float:
        channels = [
            Channel("plus", math.sqrt(n) * with_plus, "bath"),
            Channel("minus", math.sqrt(1 + n) * dagger(with_plus), "bath"),
        ]
        state = null_state(Model(number(), channels, [Reservoir("bath")], dims=(2,), pair=None, name="one qubit"))
        return float(state[1, 1].real)

    return Claim(
        PAPER,
        "sentence under Eq. (12)",
        "j^dagger and j are the raising and the lowering operator: excited population of one qubit at T = E/2",
        excited(sigma_minus()),
        thermal_baths.fermi(T, 1.0),
        f"{HERE}::test_misprints",
        corrected=excited(dagger(sigma_minus())),
        condition="swapped: j = |1><0|, as written there, raises, and goes with Gamma^+, proportional to n_B",
    )


def _dot(U: float, start: list[float]) -> tuple[float, list[float]]:
    """Largest C at T_c = 0 over the couplings, and over T_h where a third value starts it (else T_h is infinite)."""

    def signed(g: float, gamma_h: float, *T_h: float) -> float:
        return resonant_qubits.concurrence_signed(
            double_dot_rates(0.0, T_h[0] if T_h else math.inf, g, 1.0, gamma_h, U)
        )

    return largest(signed, start)


def dot_maximum_without_repulsion() -> Claim:
    text = "largest C of the double dot at U = 0"
    test = f"{DOT}::test_limits_of_the_largest_concurrence"
    return Claim(PAPER, "Section III", text, "0.10", _dot(0.0, [0.15, 0.19])[0], test)


def dot_maximum() -> Claim:
    text = "largest C of the double dot, U = 25e3 E, T_c = 0 (channels resolved at E and E + U)"
    test = f"{DOT}::test_largest_concurrence_at_a_finite_hot_temperature"
    return Claim(PAPER, "Section III", text, "0.2587", _dot(25e3, [0.35, 0.8, 5e3])[0], test)


@cache
def _dot_threshold(U: float, low: float, high: float) -> float:
    def ratio(T_c: float) -> float:
        def of(g: float, gamma_h: float, *above: float) -> float:
            T_h = T_c + above[0] if above else math.inf
            return outer_ratio(resonant_qubits.state(double_dot_rates(T_c, T_h, g, 1.0, gamma_h, U)))

        return largest(of, [0.15, 0.3, 1.0] if U else [0.2, 0.3])[0]

    return root(ratio, low, high, 1e-7)


def dot_threshold_without_repulsion() -> Claim:
    text = "T_c/E above which the double dot at U = 0 shows no entanglement"
    test = f"{DOT}::test_threshold_of_the_cold_temperature"
    return Claim(PAPER, "Section III", text, "0.283", _dot_threshold(0.0, 0.25, 0.3), test)


def dot_threshold() -> Claim:
    text = "T_c/E above which the double dot at U = 300 E shows no entanglement"
    test = f"{DOT}::test_threshold_of_the_cold_temperature"
    return Claim(PAPER, "Section III", text, "21.4", _dot_threshold(300.0, 18.0, 25.0), test)


def dot_threshold_grows() -> Claim:
    limits = [_dot_threshold(0.0, 0.25, 0.3), _dot_threshold(20.0, 2.0, 2.7), _dot_threshold(300.0, 18.0, 25.0)]
    text = "the threshold of T_c grows without bound with U: by more than 10 from U/E = 0 to 300 (0, 20, 300)"
    test = f"{DOT}::test_threshold_of_the_cold_temperature"
    return Claim(PAPER, "Section III", text, True, limits[0] < limits[1] < limits[2] - 10.0, test)


def dot_best_temperature() -> Claim:
    def lead(U: float) -> float:
        """The largest C at finite T_h above that at T_h = infinity: 0 where it is the same."""
        return _dot(U, [0.2, 0.3, 1.9])[0] - _dot(U, [0.15, 0.2])[0]

    found = all(lead(U) > 1e-9 for U in (0.5, 1.0, 2.0, 3.0, 5.0, 20.0))
    return Claim(
        PAPER,
        "Section III, Fig. 4(b), (c)",
        "for U != 0 the T_h of most entanglement is finite (T_c = 0, U/E = 0.5, 1, 2, 3, 5, 20)",
        True,
        found,
        f"{DOT}::test_the_best_hot_temperature_is_finite_beyond_a_repulsion_only",
        condition=f"holds for U/E > {root(lead, 2.5, 2.7, 1e-6):.3f}; below, the best T_h is infinite",
    )


def dot_rates() -> Claim:
    """Eq. (15) at one energy: whether U then changes the entanglement."""

    def value(U: float) -> float:
        channels = []
        for site, (bath, T, rate) in enumerate((("c", 0.1, 1.0), ("h", 3.0, 0.2))):
            up, lower = rate * thermal_baths.fermi(T, 1.0), embed(sigma_minus(), site, (2, 2))
            channels += [
                Channel(f"{bath}_up", math.sqrt(up) * dagger(lower), bath),
                Channel(f"{bath}_down", math.sqrt(rate - up) * lower, bath),
            ]
        baths = [Reservoir("c"), Reservoir("h")]
        model = Model(resonant_hamiltonian(1.0, 0.15, U), channels, baths, dims=(2, 2), name="one energy")
        return null_concurrence(model)

    bare, repelled = value(0.0), value(20.0)
    resolved = [resonant_qubits.concurrence_signed(double_dot_rates(0.1, 3.0, 0.15, 1.0, 0.2, U)) for U in (0.0, 20.0)]
    return Claim(
        PAPER,
        "Eq. (15)",
        "with rates at the one energy E the entanglement depends on U (U/E = 0 and 20, T_c = 0.1, T_h = 3)",
        True,
        not math.isclose(bare, repelled, rel_tol=1e-9),
        f"{DOT}::test_with_rates_of_one_energy_the_repulsion_drops_out",
        condition=f"C = {bare:.4f} at both; holds with rates at E and at E + U, as the other dot is empty or filled: "
        f"C = {resolved[0]:.4f} at U = 0 and {resolved[1]:.4f} at U/E = 20",
    )


CLAIMS = (
    reset_maximum,
    reset_best_coupling,
    reset_best_rate,
    reset_threshold,
    reset_equilibrium,
    reset_any_gradient,
    reset_grows_with_heat,
    reset_concurrence,
    flux_maximum,
    flux_threshold,
    flux_operators,
    dot_rates,
    dot_maximum_without_repulsion,
    dot_maximum,
    dot_threshold_without_repulsion,
    dot_threshold,
    dot_threshold_grows,
    dot_best_temperature,
)
