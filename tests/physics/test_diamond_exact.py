"""Two qubits between two collective baths (Tacchino et al., PRL 120, 063604 (2018)): the master equation, no sampling.

Reference values are the paper's Eqs. (4)-(6) and the largest root of the quartic for the counting statistics, evaluated
independently; Gamma^+ = omega_0 = 1. The closed forms of `trajectories.systems.diamond` are the second reference.
"""

from __future__ import annotations

import numpy as np
import pytest
from closed_forms.diamond import diamond_entropy_production, diamond_populations
from closed_forms.diamond_counting import diamond_scgf

from trajectories.counting.entropy_statistics import generating_function, reversible_probability
from trajectories.master import entanglement
from trajectories.master.currents import (
    energy_rates,
    entropy_production,
    heat_rates,
    steady_entropy_production_rate,
)
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.systems import diamond

# (beta_A, beta_S): p_G, p_S, p_A, p_E, C, Q_A, sigma, activity
TABLE = {
    (1, 1): (0.5344466454, 0.1966119332, 0.1966119332, 0.07232948813, 0, 0, 0, 5.848468629),
    (0, 1): (0.4067210077, 0.2013077779, 0.2662307407, 0.1257404737, 0, 0.5619610678, 0.5619610678, 5.123922136),
    (0, 2): (0.5465812269, 0.1076897641, 0.2974367453, 0.04829226371, 0, 0.9965779263, 1.993155853, 5.993155853),
    (0, 3): (
        0.6188842654, 0.04578907833, 0.3180703072, 0.01725634907, 0.06559612619, 1.203255833, 3.609767498, 6.406511665,
    ),
    (-1, 1): (0.3379864316, 0.2093399604, 0.2906600396, 0.1620135684, 0, 0.9242343145, 1.848468629, 4.703891453),
    (-2, 3): (
        0.4929388582, 0.04613929385, 0.4370273946, 0.02389445339, 0.1738304626, 1.735174528, 8.675872639, 5.876177619,
    ),
    (-5, 5): (
        0.4966311794, 0.006670151990, 0.4933298480, 0.003368820555, 0.4048535514, 1.973228596, 19.73228596, 5.973049436,
    ),
    (-1, -2): (0.04533836477, 0.1156372932, 0.2039443234, 0.6350800187, 0, -0.1187542358, 0.1187542358, 1.641033384),
    (3, -2): (
        0.4929388582, 0.4370273946, 0.04613929385, 0.02389445339, 0.1738304626, -1.735174528, 8.675872639, 5.876177619,
    ),
}  # fmt: skip
# (beta_A, beta_S): lambda(2), and the time at which <e^{-2 Delta S}> = 5 in the steady state
EXPONENTIAL = {
    (0, 1): (1.237207, 1.3016),
    (0, 2): (6.591458, 0.22957),
    (-1, 1): (4.642399, 0.34084),
    (-2, 3): (88.944161, 0.010332),
    (-1, -2): (0.319078, 5.0683),
}
HALF = {(0, 2): -0.4315552620, (-1, 1): -0.4410520105, (-2, 3): -1.3015490654, (-1, -2): -0.0282220805}


def growth(solver: Master, exponent: float) -> float:
    """lambda(l) = lim ln G(l, t)/t: the largest eigenvalue of the tilted generator."""
    return float(np.linalg.eigvals(solver.tilted(np.exp(-exponent * solver.model.entropy_steps))).real.max())


def last_digit(value: float, digits: int = 10) -> float:
    """Half a unit of the last digit of a number printed with so many significant digits."""
    return 0.0 if value == 0 else 0.51 * 10.0 ** (np.floor(np.log10(abs(value))) - digits + 1)


@pytest.mark.parametrize("betas", TABLE)
def test_the_steady_state_to_the_printed_digits(betas: tuple[int, int]) -> None:
    *populations, concurrence, heat, sigma, activity = TABLE[betas]
    solver = Master(diamond(*betas))
    rho = solver.steady_state()
    found = [
        *solver.steady_blocks.real,
        entanglement.concurrence(rho),
        np.einsum("ab,ba->", heat_rates(solver.model)[0], rho).real,
        steady_entropy_production_rate(solver),
        np.einsum("ab,ba->", solver.model.loss, rho).real,
    ]
    for ours, printed in zip(found, [*populations, concurrence, heat, sigma, activity], strict=True):
        assert abs(ours - printed) <= last_digit(printed) + 1e-14


@pytest.mark.parametrize("betas", TABLE)
def test_the_first_law(betas: tuple[int, int]) -> None:
    model = diamond(*betas)
    rho = Master(model).steady_state()
    energy = np.einsum("rab,ba->r", energy_rates(model), rho).real
    assert energy.sum() == pytest.approx(0.0, abs=1e-14)
    # Both baths exchange eigenquanta of H: counted heat is energy.
    np.testing.assert_allclose(energy, np.einsum("rab,ba->r", heat_rates(model), rho).real, atol=1e-14)


EXTREME = [(-2, 3), (0, 30), (-20, 20), (-30, 40), (25, -25), (-300, 300), (0, 300)]


@pytest.mark.parametrize("betas", EXTREME)
def test_every_component_is_accurate_where_rates_spread_over_many_orders(betas: tuple[int, int]) -> None:
    solver = Master(diamond(*betas))
    np.testing.assert_allclose(solver.steady_blocks.real, diamond_populations(*betas), rtol=1e-12)
    assert steady_entropy_production_rate(solver) == pytest.approx(diamond_entropy_production(*betas), rel=1e-12)


@pytest.mark.parametrize("betas", EXTREME)
def test_the_steady_state_is_reached_and_kept_in_every_component(betas: tuple[int, int]) -> None:
    solver = Master(diamond(*betas))
    steady = diamond_populations(*betas)
    late = 60.0 / solver.gap()
    np.testing.assert_allclose(solver.blocks(np.diag([1.0, 0, 0, 0]), [late])[0].real, steady, rtol=1e-12)
    np.testing.assert_allclose(solver.blocks(solver.steady_blocks, [0.1 * late])[0].real, steady, rtol=1e-12)


RATES = [(1.0, 2.0, 0.3, 5.0), (0.7, 0.0, 1.0, 2.0), (1.0, 3.0, 0.0, 0.4), (2.0, 0.0, 0.0, 3.0)]


@pytest.mark.parametrize("rates", RATES)
def test_unequal_and_one_way_rates(rates: tuple[float, float, float, float]) -> None:
    # p_G ~ d_S^2/g_S + d_A^2/g_A, p_E ~ u_S^2/g_S + u_A^2/g_A, p_i = (u_i p_G + d_i p_E)/g_i, g_i = u_i + d_i.
    up_a, down_a, up_s, down_s = rates
    g_a, g_s = up_a + down_a, up_s + down_s
    ground = down_s**2 / g_s + down_a**2 / g_a
    excited = up_s**2 / g_s + up_a**2 / g_a
    p = [ground, (up_s * ground + down_s * excited) / g_s, (up_a * ground + down_a * excited) / g_a, excited]
    found = Master(diamond(rates=rates)).steady_blocks.real
    np.testing.assert_allclose(found, np.array(p) / sum(p), rtol=1e-13)


def test_equal_temperatures_produce_no_entropy() -> None:
    solver = Master(diamond(1.0, 1.0))
    assert steady_entropy_production_rate(solver) == pytest.approx(0.0, abs=1e-14)
    found = generating_function(solver, 2.0, solver.steady_state(), [0.5, 50.0])
    np.testing.assert_allclose(found, 1.0, atol=1e-12)


@pytest.mark.parametrize("betas", EXPONENTIAL)
def test_second_exponential_moment(betas: tuple[int, int]) -> None:
    rate, time = EXPONENTIAL[betas]
    solver = Master(diamond(*betas))
    # The time is printed with five digits, over half a unit of the last of which G(2, t) grows by up to 7e-5.
    assert generating_function(solver, 2.0, solver.steady_blocks, [time])[0] == pytest.approx(5.0, rel=1e-4)
    assert growth(solver, 2.0) == pytest.approx(rate, abs=1e-6)
    assert growth(solver, 2.0) == pytest.approx(float(diamond_scgf(2.0, *betas)), rel=1e-10)
    # What the times give at late times is that rate as well.
    late = np.array([2.0, 3.0]) * min(20.0 / solver.gap(), 200.0 / rate)
    values = np.log(generating_function(solver, 2.0, solver.steady_blocks, late))
    assert (values[1] - values[0]) / (late[1] - late[0]) == pytest.approx(rate, abs=1e-6)


@pytest.mark.parametrize("betas", HALF)
def test_long_time_growth_at_one_half(betas: tuple[int, int]) -> None:
    assert growth(Master(diamond(*betas)), 0.5) == pytest.approx(HALF[betas], abs=1e-10)


@pytest.mark.parametrize(("beta_s", "expected"), [(0, 0.895864), (1, 0.785010), (3, 0.680309)])
def test_a_one_way_pump_is_absolutely_irreversible(beta_s: int, expected: float) -> None:
    solver = Master(diamond(-np.inf, beta_s))
    rho = solver.steady_state()
    assert generating_function(solver, 1.0, rho, [0.2])[0] == pytest.approx(expected, abs=6e-7)
    # Here the steady state and the jumps are symmetric under time reversal, so the forward share is the same number.
    assert reversible_probability(solver, rho, [0.2])[0] == pytest.approx(expected, abs=6e-7)
    assert steady_entropy_production_rate(solver) == np.inf


def test_a_pure_start() -> None:
    solver, ground = Master(diamond(-2.0, 3.0)), np.diag([1.0, 0.0, 0.0, 0.0])
    assert generating_function(solver, 1.0, ground, [0.2])[0] == pytest.approx(0.572952, abs=6e-7)
    assert entropy_production(solver, ground, [0.2])[0] == pytest.approx(1.684049, abs=6e-7)


def test_entanglement_begins_where_the_closed_form_says() -> None:
    # beta_A -> -inf: entangled from beta_S = ln(4 + 2 sqrt 5) on.
    edge = np.log(4 + 2 * np.sqrt(5))
    for shift in (-1e-6, 0.0, 1e-6):
        solver = Master(diamond(-np.inf, edge + shift))
        signed = entanglement.concurrence_signed(solver.steady_state())
        assert np.sign(np.round(signed, 12)) == np.sign(shift)


def test_the_BELL_BASIS_changes_no_number() -> None:
    model = diamond(-2.0, 3.0)
    coarse = Master(model, find_sectors(model, states=[np.diag([0.0, 1.0, 0.0, 0.0])]))
    fine = Master(model)
    assert coarse.sectors.basis_name == "computational"
    np.testing.assert_allclose(coarse.steady_state(), fine.steady_state(), atol=1e-15)
    ground, times = np.diag([1.0, 0, 0, 0]), np.array([0.01, 0.3])
    np.testing.assert_allclose(coarse.states(ground, times), fine.states(ground, times), atol=1e-14)
    np.testing.assert_allclose(
        generating_function(coarse, 2.0, coarse.steady_state(), times),
        generating_function(fine, 2.0, fine.steady_state(), times),
        rtol=1e-11,
    )
