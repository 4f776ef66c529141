"""The two-qubit entanglement engine (Khandelwal et al., NJP 22, 073039 (2020)): the master equation, no sampling.

Reference values are the paper's Eqs. (7)-(18), exact as printed up to the faults named in `systems.local_engine`, at
g = 1.6e-3, gamma_h = 1e-3, gamma_c = 1.1e-2, epsilon_h = 1 unless a test says otherwise.
"""

from __future__ import annotations

import numpy as np
import pytest
from closed_forms.local_engine import local_engine_current, local_engine_energy_currents, local_engine_state
from full_space import liouvillian
from scipy.linalg import expm
from scipy.optimize import brentq

from trajectories.counting.entropy_statistics import generating_function, reversible_probability
from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, entropy_production, heat_rates, steady_entropy_production_rate
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.systems import local_engine

PRINTED = {"g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
# (delta, T_h): J, negativity, J/J_c at T_c = 0.1
TABLE = {
    (0.0, 0.5): (1.159663e-4, 2.86262e-4, 2.24844),
    (0.0, 0.7): (1.994808e-4, 8.97226e-4, 2.20513),
    (0.0, 1.0): (2.924916e-4, 2.053417e-3, 2.10934),
    (0.005, 0.5): (8.372172e-5, 2.59775e-4, 2.44390),
    (0.005, 0.7): (1.426847e-4, 7.87416e-4, 2.38340),
    (0.005, 1.0): (2.085835e-4, 1.737948e-3, 2.25081),
    (0.02, 0.5): (1.619914e-5, 6.95857e-5, 2.47595),
    (0.02, 0.7): (2.708749e-5, 2.03908e-4, 2.53586),
    (0.02, 1.0): (3.936378e-5, 4.31927e-4, 2.42515),
}
POINTS = [
    {"T_h": 0.7, "T_c": 0.1, **PRINTED},
    {"T_h": 1.0, "T_c": 0.9, "delta": -0.15, **PRINTED},
    {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011},
    {"T_h": 0.5, "T_c": 0.02, "delta": 0.02, **PRINTED},
    {"T_h": 1.0, "T_c": 0.0, **PRINTED},
    # A hot and a very cold bath, hardly coupled: linear algebra without refinement loses the last three digits.
    {"T_h": 20.0, "T_c": 0.02, "delta": -0.15, "g": 1.6e-3, "gamma_h": 1e-6, "gamma_c": 1e-4},
]


def engine(T_h: float, T_c: float, **more: float) -> Model:
    return local_engine(T_h=T_h, T_c=T_c, **(PRINTED | more))


def energies(model: Model) -> np.ndarray:
    return np.einsum("rab,ba->r", energy_rates(model), Master(model).steady_state()).real


@pytest.mark.parametrize("point", TABLE)
def test_current_negativity_and_critical_current(point: tuple[float, float]) -> None:
    delta, T_h = point
    model = engine(T_h, 0.1, delta=delta)
    rho = Master(model).steady_state()
    hot, cold = np.einsum("rab,ba->r", energy_rates(model), rho).real
    current, negativity, ratio = TABLE[point]
    assert hot - cold == pytest.approx(current, rel=5e-7)
    assert entanglement.negativity(rho) == pytest.approx(negativity, rel=3e-6)
    # J/J_c = |c|/sqrt(r_1 r_4): the coherence over what it takes to be entangled, from Eqs. (13) and (18).
    assert abs(rho[1, 2]) / np.sqrt((rho[0, 0] * rho[3, 3]).real) == pytest.approx(ratio, rel=4e-6)


@pytest.mark.parametrize("parameters", POINTS)
def test_the_steady_state_is_the_papers(parameters: dict[str, float]) -> None:
    rho = Master(local_engine(**parameters)).steady_state()
    np.testing.assert_allclose(rho, local_engine_state(**parameters), rtol=1e-12, atol=1e-30)


@pytest.mark.parametrize("parameters", POINTS)
def test_two_kinds_of_heat(parameters: dict[str, float]) -> None:
    model = local_engine(**parameters)
    solver = Master(model)
    energy = energies(model)
    np.testing.assert_allclose(energy, local_engine_energy_currents(**parameters), rtol=1e-10)
    assert energy.sum() == pytest.approx(0.0, abs=1e-15 * np.abs(model.loss).max())
    counted = np.einsum("rab,ba->r", heat_rates(model), solver.steady_state()).real
    current, delta = local_engine_current(**parameters), parameters.get("delta", 0.0)
    np.testing.assert_allclose(counted, [current, -(1 + delta) * current], rtol=1e-10)
    assert counted.sum() == pytest.approx(-delta * current, abs=1e-9 * abs(current))


def test_counted_entropy_is_positive_where_energy_currents_say_otherwise() -> None:
    model = engine(1.0, 0.9, delta=-0.15)
    sigma = steady_entropy_production_rate(Master(model))
    assert sigma == pytest.approx(1.88e-9, abs=0.005e-9)
    hot, cold = energies(model)
    assert -hot / 1.0 - cold / 0.9 == pytest.approx(-3.7e-9, abs=0.05e-9)


def test_window_of_entanglement() -> None:
    # At delta = 0, T_c = 0.1 the negativity is positive for T_h between .158848 and 9.9881.
    def signed(T_h: float) -> float:
        return float(entanglement.negativity_signed(Master(engine(T_h, 0.1)).steady_state()))

    assert brentq(signed, 0.15, 0.17, xtol=1e-9) == pytest.approx(0.158848, abs=6e-7)
    assert brentq(signed, 9.0, 11.0, xtol=1e-9) == pytest.approx(9.9881, abs=6e-5)


def test_tunnelling_restores_the_current() -> None:
    # delta = .01, T_h = .7, T_c = .1: the best kappa is .070872 and gives .99979 of the current at delta = kappa = 0.
    whole = energies(engine(0.7, 0.1))[0]

    def restored(kappa: float) -> float:
        return float(energies(engine(0.7, 0.1, delta=0.01, kappa_h=kappa))[0] / whole)

    best = 0.070872
    assert restored(best) == pytest.approx(0.99979, abs=6e-6)
    assert restored(best) > max(restored(best - 1e-4), restored(best + 1e-4))


def test_zero_temperature_is_absolutely_irreversible() -> None:
    solver = Master(engine(1.0, 0.0))
    rho = solver.steady_state()
    # The steady state is complex, hence not symmetric under time reversal: two different numbers.
    assert generating_function(solver, 1.0, rho, [1000.0])[0] == pytest.approx(0.888558, abs=6e-7)
    assert reversible_probability(solver, rho, [1000.0])[0] == pytest.approx(0.857816, abs=6e-7)
    assert entropy_production(solver, rho, [1000.0])[0] == np.inf


def test_reference_points_of_the_integral_theorem() -> None:
    solver = Master(engine(1.0, 0.5, delta=0.01))
    rho = solver.steady_state()
    assert steady_entropy_production_rate(solver) == pytest.approx(3.434306e-5, rel=2e-7)
    # Standard error with 2 * 10^4 trajectories at T = 5000 is about .005.
    assert np.sqrt((generating_function(solver, 2.0, rho, [5000.0])[0] - 1) / 2e4) == pytest.approx(0.005, abs=5e-4)
    strong = Master(local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011))
    assert entropy_production(strong, strong.steady_state(), [100.0])[0] == pytest.approx(0.684384, abs=1e-6)


@pytest.mark.parametrize(("delta", "T_h", "sigma"), [(0.0, 0.7, 8.549177e-4), (0.01, 0.7, 3.331839e-4)])
def test_entropy_production(delta: float, T_h: float, sigma: float) -> None:
    model = engine(T_h, 0.1, delta=delta)
    assert steady_entropy_production_rate(Master(model)) == pytest.approx(sigma, rel=2e-7)


def test_the_integral_theorem_is_exact_where_no_sample_can_see_it() -> None:
    solver = Master(engine(0.7, 0.1))
    rho = solver.steady_state()
    np.testing.assert_allclose(generating_function(solver, 1.0, rho, [10.0, 1e3, 1e5]), 1.0, atol=1e-11)
    assert generating_function(solver, 2.0, rho, [1e3])[0] > 1e6


@pytest.mark.parametrize("g", [2.5e-3, 2.5e-3 * (1 + 1e-9)])
def test_evolution_at_the_exceptional_point(g: float) -> None:
    # At delta = 0 the no-jump evolution has one eigenvector too few at g = (gamma_c - gamma_h)/4.
    model = engine(0.7, 0.1, g=g)
    rho0 = np.diag([0.0, 0.0, 1.0, 0.0]).astype(complex)
    for time, found in zip((30.0, 400.0), Master(model).states(rho0, [30.0, 400.0]), strict=True):
        expected = (expm(liouvillian(model) * time) @ rho0.reshape(-1)).reshape(4, 4)
        np.testing.assert_allclose(found, expected, atol=1e-12)
