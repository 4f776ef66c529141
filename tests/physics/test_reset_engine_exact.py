"""The reset engine (Brask et al., NJP 17, 113029 (2015), Eqs. (1)-(9)): the master equation, no sampling.

Reference values: the paper's Eq. (4), exact as printed, and Eqs. (7)-(9) with the factor 2 that they lack; maxima over
the couplings from an independent optimisation of them; counting statistics from an independent null-space solve.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from closed_forms import resonant_qubits
from closed_forms.reset_engine import (
    reset_engine_concurrence,
    reset_engine_entropy_production,
    reset_engine_heats,
    reset_engine_rates,
    reset_engine_state,
)
from optimum import best
from scipy.optimize import brentq

from trajectories.counting import counted_currents
from trajectories.counting.entropy_statistics import generating_function
from trajectories.counting.long_time_cumulants import cumulants
from trajectories.counting.uncertainty_relations import uncertainty
from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, heat_rates, steady_entropy_production_rate
from trajectories.master.lindblad import Master
from trajectories.model.operators import tensor
from trajectories.systems import reset_engine

PRINTED = {"g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}


def most(T_c: float, T_h: float) -> float:
    """Largest concurrence over the couplings at p_c = 1: it depends on g/p_c and p_h/p_c only.

    Searched for before the cut at zero, where there is a slope to follow.
    """

    def signed(g: float, p_h: float) -> float:
        return resonant_qubits.concurrence_signed(reset_engine_rates(T_c, T_h, g, 1.0, p_h))

    return max(0.0, best(signed, [0.15, 0.12])[0])


def log_ratio(T_c: float, T_h: float) -> float:
    """Largest ln(|<01|rho|10>|/sqrt(p_00 p_11)) over the couplings: zero where entanglement begins, Eq. (6)."""

    def ratio(g: float, p_h: float) -> float:
        rho = reset_engine_state(T_c, T_h, g, 1.0, p_h)
        return math.log(abs(rho[1, 2])) - 0.5 * math.log(rho[0, 0].real * rho[3, 3].real)

    return best(ratio, [0.2, 0.3])[0]


@pytest.mark.parametrize("seed", range(6))
def test_closed_forms_solve_the_model(seed: int) -> None:
    draw = np.random.default_rng(seed)
    T_c, T_h = draw.uniform(0.1, 3.0, 2)
    g, p_c, p_h = 10.0 ** draw.uniform(-3, 0, 3)
    point = (T_c, T_h, g if seed % 2 else -g, p_c, p_h, draw.uniform(0.5, 2.0))
    model = reset_engine(*point)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(rho, reset_engine_state(*point), atol=1e-13)
    np.testing.assert_allclose(rho, resonant_qubits.state(reset_engine_rates(*point)), atol=1e-13)
    assert entanglement.concurrence(rho) == pytest.approx(reset_engine_concurrence(*point), abs=1e-12)
    for rates in (energy_rates(model), heat_rates(model)):
        found = np.einsum("rab,ba->r", rates, rho).real
        np.testing.assert_allclose(found, reset_engine_heats(*point), rtol=1e-8, atol=1e-13)
    assert steady_entropy_production_rate(Master(model)) == pytest.approx(
        reset_engine_entropy_production(*point), rel=1e-8
    )


def test_the_jumps_are_resets() -> None:
    # sum_k L rho L^dag = p_c tau_c x Tr_c rho + p_h Tr_h rho x tau_h for any rho, and sum_k L^dag L = (p_c + p_h) 1.
    draw = np.random.default_rng(3)
    factor = draw.normal(size=(4, 4)) + 1j * draw.normal(size=(4, 4))
    rho = factor @ factor.conj().T
    rho /= np.trace(rho)
    model = reset_engine(0.4, 1.7, 0.3, 0.2, 0.5, energy=1.3)
    found = sum(jump @ rho @ jump.conj().T for jump in model.operators)
    split = rho.reshape(2, 2, 2, 2)
    r_c, r_h = 1 / (1 + math.exp(-1.3 / 0.4)), 1 / (1 + math.exp(-1.3 / 1.7))
    cold, hot = np.diag([r_c, 1 - r_c]), np.diag([r_h, 1 - r_h])
    expected = 0.2 * tensor(cold, np.einsum("abad->bd", split)) + 0.5 * tensor(np.einsum("abcb->ac", split), hot)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    np.testing.assert_allclose(model.loss, 0.7 * np.eye(4), atol=1e-15)


def test_the_factor_two_that_the_print_lacks() -> None:
    # Eq. (7) as printed, f - sqrt(h h'), is half the concurrence (6) of the state (4).
    T_h, g, p_c, p_h = 2.0, 1.6e-3, 1e-2, 1.1e-3
    r_c, r_h, norm = 1.0, 1 / (1 + math.exp(-0.5)), 1 / (2 * g**2 + p_c * p_h)
    f = norm * g * p_c * p_h / (p_c + p_h) * abs(r_c - r_h)

    def h(cold: float, hot: float) -> float:
        return norm * (p_c * p_h * cold * hot + 2 * g**2 * ((p_c * cold + p_h * hot) / (p_c + p_h)) ** 2)

    printed = f - math.sqrt(h(r_c, r_h) * h(1 - r_c, 1 - r_h))
    rho = Master(reset_engine(0.0, T_h, **PRINTED)).steady_state()
    assert entanglement.concurrence(rho) == pytest.approx(2 * printed, rel=1e-10)


def test_the_optimum() -> None:
    value, (g, p_h) = best(lambda g, p_h: reset_engine_concurrence(0.0, math.inf, g, 1.0, p_h), [0.15, 0.12])
    assert value == pytest.approx(0.05410901, abs=6e-9)
    assert (g, p_h) == (pytest.approx(0.160596, abs=1e-6), pytest.approx(0.113433, abs=1e-6))
    rho = Master(reset_engine(0.0, math.inf, 0.01 * g, 0.01, 0.01 * p_h)).steady_state()
    assert entanglement.concurrence(rho) == pytest.approx(value, abs=1e-12)


# T_h/E: largest concurrence at T_c/E = 0, .10, .15, .20
LARGEST = {
    0.5: (0.011065, 0.010386, 0.000617, 0.0),
    1.0: (0.026331, 0.025715, 0.014513, 0.0),
    2.0: (0.038617, 0.038066, 0.027009, 0.0),
    5.0: (0.047561, 0.047057, 0.036409, 0.006782),
    math.inf: (0.054109, 0.053638, 0.043385, 0.013989),
}


@pytest.mark.parametrize("T_h", LARGEST)
def test_largest_concurrence(T_h: float) -> None:
    found = [most(T_c, T_h) for T_c in (0.0, 0.10, 0.15, 0.20)]
    np.testing.assert_allclose(found, LARGEST[T_h], atol=5.1e-7)


@pytest.mark.parametrize(
    ("T_c", "threshold"), [(0.05, 0.06487), (0.10, 0.18467), (0.15, 0.48035), (0.20, 2.40885), (0.21, 5.64840)]
)
def test_threshold_of_the_hot_temperature(T_c: float, threshold: float) -> None:
    assert brentq(lambda T_h: log_ratio(T_c, T_h), 1.1 * T_c, 10.0, xtol=1e-8) == pytest.approx(threshold, abs=5.1e-6)
    # Entanglement is possible where E (1/T_c - 1/T_h) > ln(49 + 20 sqrt6), at g/p_c = sqrt6/10 and p_h/p_c = 1/5.
    assert 1 / T_c - 1 / threshold == pytest.approx(math.log(49 + 20 * math.sqrt(6)), rel=2e-3)


def test_threshold_of_the_cold_temperature() -> None:
    limit = brentq(lambda T_c: log_ratio(T_c, math.inf), 0.2, 0.23, xtol=1e-10)
    assert limit == pytest.approx(0.2181090, abs=6e-8)
    assert limit == pytest.approx(1 / math.log(49 + 20 * math.sqrt(6)), abs=1e-9)


def test_reference_point_of_the_integral_theorem() -> None:
    solver = Master(reset_engine(0.5, 2.0, **PRINTED))
    rho = solver.steady_state()
    assert steady_entropy_production_rate(solver) == pytest.approx(1.219702e-4, rel=5e-7)
    weights = [generating_function(solver, order, rho, [1000.0])[0] for order in (1.0, 2.0)]
    assert weights[0] == pytest.approx(1.0, abs=1e-12)
    # Standard error with 2 * 10^4 trajectories at T = 1000 is about .004.
    assert math.sqrt((weights[1] - 1) / 2e4) == pytest.approx(0.004, abs=5e-4)


def test_counting_statistics() -> None:
    solver = Master(reset_engine(0.1, 2.0, **PRINTED))
    count = counted_currents.quanta(solver.model, "h")
    expected = [1.18819069e-4, 9.85860450e-5, 6.77317e-5]
    np.testing.assert_allclose(cumulants(solver, count, 3), expected, rtol=1e-6)
    assert steady_entropy_production_rate(solver) == pytest.approx(1.128781e-3, rel=5e-7)
    assert uncertainty(solver, count).tur_ratio == pytest.approx(3.94115, abs=6e-6)
