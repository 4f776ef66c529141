"""Claims of Man et al. (2019), "Improving autonomous thermal entanglement generation using a common reservoir"."""

from __future__ import annotations

from functools import cache

import numpy as np
from claim import Claim
from claim_tools import root
from closed_forms.common_bath import Steady, common_bath_steady, effective_temperatures
from numpy.typing import NDArray

from trajectories.counting.steady_quantities import SteadyQuantities

Floats = NDArray[np.float64]
PAPER = "Man et al. (2019)"
EXACT = "tests/physics/test_common_bath_exact.py"
HERE = "tests/physics/test_claimed.py"
T_B = 8.0
COLDER = (5.0, 4.0, 3.0, 2.0)
"""T_A of Figs. 4 and 5; Omega = 6, eps_m = 20, all Gamma = 1."""


def _state(T_A: float, T_B: float, T_C: float | None, difference: float = 0.0, Omega: float = 6.0) -> Steady:
    """Steady state at eps_m = 20 and all Gamma = 1, without the common bath where T_C is None."""
    common = 0.0 if T_C is None else 1.0
    a, b = 20.0 + difference / 2, 20.0 - difference / 2
    return common_bath_steady(T_A, T_B, a, b, Omega, 1.0, 1.0, T_C, common, common)


@cache
def _thermalised(T_A: float) -> tuple[float, float]:
    """The detuning at which both effective temperatures are one, and that temperature."""

    def both(difference: float) -> tuple[float, float]:
        return effective_temperatures(T_A, T_B, 20.0 + difference / 2, 20.0 - difference / 2, 6.0, 1.0, 1.0)

    found = root(lambda x: both(x)[0] - both(x)[1], 0.0, 5.0, 1e-11)
    return found, both(found)[0]


def _thermalisation(T_A: float, panel: str, printed: str) -> Claim:
    difference, temperature = _thermalised(T_A)
    text = f"both effective temperatures are equal at the detuning Delta eps, T_A = {T_A:g}, T_B = 8"
    condition, test = f"T_eff = {temperature:.6f}", f"{EXACT}::test_thermalisation_points"
    return Claim(PAPER, f"Figs. 4({panel}), 5({panel})", text, printed, difference, test, condition=condition)


def thermalisation_a() -> Claim:
    return _thermalisation(5.0, "a", "0.95")


def thermalisation_b() -> Claim:
    return _thermalisation(4.0, "b", "1.43")


def thermalisation_c() -> Claim:
    return _thermalisation(3.0, "c", "1.86")


def thermalisation_d() -> Claim:
    return _thermalisation(2.0, "d", "2.08")


def helps_when_colder() -> Claim:
    def gain(T: float, T_C: float) -> float:
        alone = _state(T, T, None, Omega=10.0).concurrence_signed
        return _state(T, T, T_C, Omega=10.0).concurrence_signed - alone

    temperatures, common = np.linspace(2.0, 10.0, 17), np.linspace(0.3, 11.8, 24)
    found = all((gain(T, T_C) > 0) == (T_C < T) for T in temperatures for T_C in common)
    text = "at T_A = T_B = T the common bath adds entanglement if and only if T_C < T (2 <= T <= 10, 0.3 <= T_C < 12)"
    return Claim(PAPER, "Fig. 2(a)", text, True, found, f"{HERE}::test_statements_that_hold")


def more_than_at_any_temperature() -> Claim:
    temperatures = np.linspace(1.0, 15.0, 57)
    alone = max(_state(T, T, None, Omega=10.0).concurrence for T in temperatures)
    both = max(_state(T, T, 0.5, Omega=10.0).concurrence for T in temperatures)
    text = "with a cold common bath (T_C = 0.5) C exceeds what is obtained without it at any T (1 <= T <= 15)"
    condition = f"largest C {both:.6f} against {alone:.6f}"
    return Claim(PAPER, "Fig. 2(b)", text, True, both > alone, f"{EXACT}::test_fig_2", condition=condition)


def absorbs_when_colder() -> Claim:
    cases = [(T, T_C) for T in np.linspace(2.0, 8.0, 13) for T_C in np.linspace(1.1, 9.1, 17)]
    found = all((_state(T, T, T_C).heats["C"] < 0) == (T_C < T) for T, T_C in cases)
    text = "at T_A = T_B = T the common bath absorbs heat if and only if T_C < T (2 <= T <= 8, 1.1 <= T_C <= 9.1)"
    return Claim(PAPER, "Fig. 3", text, True, found, f"{EXACT}::test_fig_3")


def _at_thermalisation(T_A: float, share: float) -> tuple[float, float]:
    """Gain of entanglement, and heat of the common bath at T_C = share T_eff, where both temperatures are equal."""
    difference, temperature = _thermalised(T_A)
    with_it, alone = (_state(T_A, T_B, T_C, difference) for T_C in (share * temperature, None))
    return with_it.concurrence_signed - alone.concurrence_signed, with_it.heats["C"]


SHARES = (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.01, 1.1, 1.3, 1.6)


def helps_below_the_effective_temperature() -> Claim:
    found = all((_at_thermalisation(T_A, share)[0] > 0) == (share < 1) for T_A in COLDER for share in SHARES)
    text = "at the thermalisation points the common bath adds entanglement if and only if T_C < T_eff"
    return Claim(PAPER, "Fig. 5", text, True, found, f"{EXACT}::test_thermalisation_points")


def helps_with_heat_absorption() -> Claim:
    both = [_at_thermalisation(T_A, share) for T_A in COLDER for share in SHARES]
    found = all((gain > 0) == (heat < 0) for gain, heat in both)
    text = "at the thermalisation points the common bath absorbs heat exactly where it adds entanglement"
    return Claim(PAPER, "Fig. 5", text, True, found, f"{EXACT}::test_thermalisation_points")


def _bounds(T_A: float, difference: float) -> tuple[float, float]:
    """The T_C at which the common bath stops to help, and at which its heat changes sign."""
    alone = _state(T_A, T_B, None, difference).concurrence_signed
    helps = root(lambda T: _state(T_A, T_B, T, difference).concurrence_signed - alone, 2.0, 12.0)
    return helps, root(lambda T: _state(T_A, T_B, T, difference).heats["C"], 2.0, 12.0)


def bound_below_absorption() -> Claim:
    def excess(T_A: float, difference: float) -> float:
        helps, absorbs = _bounds(T_A, difference)
        return helps - absorbs

    def window(T_A: float) -> str:
        low, high = (root(lambda d: excess(T_A, d), *edges, 1e-6) for edges in ((0.1, 3.0), (3.0, 5.0)))
        return f"{low:.3f} < Delta eps < {high:.3f} at T_A = {T_A:g}"

    helps, absorbs = _bounds(5.0, 3.0)
    return Claim(
        PAPER,
        "Section III B",
        "the largest T_C that adds entanglement lies below that of heat absorption (T_B = 8, -4 <= Delta eps <= 5)",
        True,
        all(excess(T_A, d) < 0 for T_A in COLDER for d in np.linspace(-4.0, 5.0, 19)),
        f"{EXACT}::test_the_bound_on_the_common_temperature_may_lie_above_heat_absorption",
        condition=f"holds outside {', '.join(map(window, COLDER))}; at T_A = 5, Delta eps = 3 the gain ends at "
        f"T_C = {helps:.4f}, absorption at {absorbs:.4f}",
    )


def helps_in_spite_of_dephasing() -> Claim:
    def gain(T: float, T_C: float) -> float:
        machine = (T, T, 1.0, 1.0, 0.7, 0.01, 0.01)
        alone = common_bath_steady(*machine, dephasing=3.5e-5).concurrence
        return common_bath_steady(*machine, T_C, 0.01, 0.01, 3.5e-5).concurrence - alone

    found = all(gain(T, T_C) > 0 for T in (0.2, 0.3, 0.4, 0.5, 0.6) for T_C in (0.01, 0.05, 0.1, 0.15))
    text = "with dephasing a colder common bath still adds entanglement (0.2 <= T <= 0.6, 0.01 <= T_C <= 0.15, GHz)"
    return Claim(PAPER, "Fig. 7(a), (b)", text, True, found, f"{EXACT}::test_fig_7")


COUPLINGS = np.linspace(0.1, 0.98, 89)
"""Omega of Fig. 7(c), GHz, below the qubits' energy 1."""


@cache
def _improvement(rate: float) -> tuple[Floats, Floats]:
    """Largest concurrence at any T and T_C, and at T_C = T, for each Omega of COUPLINGS, Fig. 7(c)."""
    machine = {"name": "common_bath", "epsilon_A": 1.0, "epsilon_B": 1.0, "dephasing": 3.5e-5}
    machine |= dict.fromkeys(("gamma_A", "gamma_B", "gamma_C_A", "gamma_C_B"), rate)
    quantities = SteadyQuantities.of({**machine, "Omega": 0.5, "T_A": 1.0, "T_B": 1.0, "T_C": 1.0})

    def largest(Omega: float, T: Floats, T_C: Floats) -> float:
        """Largest concurrence on a grid, and on a finer one beside its best point."""
        value = 0.0
        for _ in range(2):
            table = {"Omega": Omega, "T_A": T, "T_B": T, "T_C": T_C}
            found = np.nan_to_num(quantities.values(machine | table, ["concurrence"], check=False)["concurrence"])
            best, value = int(found.argmax()), max(value, float(found.max()))
            near = np.geomspace(0.93, 1.0 / 0.93, 41)
            T, T_C = T[best] * near, np.broadcast_to(T_C[best], 41) * (near if T is T_C else 1.0)
        return value

    T, T_C = (mesh.ravel() for mesh in np.meshgrid(np.geomspace(0.03, 1.5, 60), np.geomspace(0.01, 1.0, 8)))
    equal = np.geomspace(0.03, 1.5, 60)
    both = [(largest(float(x), T, T_C), largest(float(x), equal, equal)) for x in COUPLINGS]
    return np.array([one for one, _ in both]), np.array([one for _, one in both])


def _peak(values: Floats) -> float | None:
    """Omega of the largest value, by a parabola; None where it lies at an end."""
    i = int(values.argmax())
    if not 4 <= i < len(values) - 4:
        return None
    near = slice(i - 4, i + 5)
    square, slope, _ = np.polyfit(COUPLINGS[near], values[near], 2)
    return float(-0.5 * slope / square)


STRONG, WEAK = 1e-2, 1e-4
"""Gamma of Fig. 7(c), GHz."""


def beyond_equilibrium() -> Claim:
    found = all((free > equal).all() for free, equal in map(_improvement, (STRONG, WEAK)))
    text = "out of equilibrium the largest C exceeds that at T_C = T, with dephasing (0.1 <= Omega <= 0.98 GHz)"
    return Claim(PAPER, "Fig. 7(c)", text, True, found, f"{HERE}::test_maxima_of_the_superconducting_qubits")


def improvement_peaks() -> Claim:
    strong, weak = (_peak(free / equal) for free, equal in map(_improvement, (STRONG, WEAK)))
    by_difference = [_peak(free - equal) for free, equal in map(_improvement, (STRONG, WEAK))]
    ratios = [float((free / equal)[0]) for free, equal in map(_improvement, (STRONG, WEAK))]
    return Claim(
        PAPER,
        "Fig. 7(c)",
        "the improvement C_neq/C_eq peaks, at higher Omega for weaker baths (Gamma = 10, 0.1 MHz; Omega < 1 GHz)",
        True,
        strong is not None and weak is not None and weak > strong,
        f"{HERE}::test_maxima_of_the_superconducting_qubits",
        condition="holds for the difference C_neq - C_eq, which peaks at Omega = "
        + ", ".join("none" if peak is None else f"{peak:.2f}" for peak in by_difference)
        + f"; the ratio falls with Omega, from {ratios[0]:.3g} and {ratios[1]:.3g} at 0.1",
    )


CLAIMS = (
    helps_when_colder,
    more_than_at_any_temperature,
    absorbs_when_colder,
    thermalisation_a,
    thermalisation_b,
    thermalisation_c,
    thermalisation_d,
    helps_below_the_effective_temperature,
    helps_with_heat_absorption,
    bound_below_absorption,
    helps_in_spite_of_dephasing,
    beyond_equilibrium,
    improvement_peaks,
)
