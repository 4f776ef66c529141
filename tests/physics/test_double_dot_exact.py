"""The double quantum dot (Brask et al., NJP 17, 113029 (2015), Section III): the master equation, no sampling.

Reference values: largest concurrences and thresholds from an independent optimisation of null spaces; the paper prints
0.10 (U = 0), 0.2587 (U = 25 000 E) and the thresholds 0.283 (U = 0) and 21.4 (U = 300 E), truncated.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from closed_forms import resonant_qubits
from closed_forms.double_dot import (
    double_dot_concurrence,
    double_dot_entropy_production,
    double_dot_heats,
    double_dot_populations,
    double_dot_rates,
    double_dot_state,
)
from optimum import best
from scipy.optimize import brentq

from trajectories.counting import counted_currents
from trajectories.counting.long_time_cumulants import cumulants
from trajectories.counting.uncertainty_relations import uncertainty
from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, heat_rates, steady_entropy_production_rate
from trajectories.master.lindblad import Master
from trajectories.model.operators import embed, sigma_minus
from trajectories.systems import double_dot
from trajectories.systems.two_qubits import resonant_hamiltonian


def most(T_c: float, T_h: float, U: float) -> tuple[float, np.ndarray]:
    """Largest signed concurrence over g and Gamma_h at Gamma_c = 1."""
    return best(lambda g, h: resonant_qubits.concurrence_signed(double_dot_rates(T_c, T_h, g, 1.0, h, U)), [0.3, 0.6])


@pytest.mark.parametrize("seed", range(6))
def test_closed_forms_solve_the_model(seed: int) -> None:
    draw = np.random.default_rng(seed)
    T_c, T_h = draw.uniform(0.1, 3.0, 2)
    g, gamma_c, gamma_h = 10.0 ** draw.uniform(-3, 0, 3)
    point = (T_c, T_h, g if seed % 2 else -g, gamma_c, gamma_h, draw.uniform(0.0, 5.0), draw.uniform(0.5, 2.0))
    model = double_dot(*point)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(rho, double_dot_state(*point), atol=1e-13)
    np.testing.assert_allclose(np.diag(rho).real, double_dot_populations(*point), rtol=1e-9)
    assert entanglement.concurrence(rho) == pytest.approx(double_dot_concurrence(*point), abs=1e-12)
    for rates in (energy_rates(model), heat_rates(model)):
        found = np.einsum("rab,ba->r", rates, rho).real
        np.testing.assert_allclose(found, double_dot_heats(*point), rtol=1e-7, atol=1e-13)
    assert sum(double_dot_heats(*point)) == pytest.approx(0.0, abs=1e-14)
    assert steady_entropy_production_rate(Master(model)) == pytest.approx(
        double_dot_entropy_production(*point), rel=1e-7
    )


def test_with_rates_of_one_energy_the_repulsion_drops_out() -> None:
    # Plain sigma_-/+ at the energy E, as Eq. (15) reads, leave the same steady state whatever U is.
    T_c, T_h, g, c, h = 0.3, 2.0, 0.02, 0.05, 0.03
    lower = [embed(sigma_minus(), site, (2, 2)) for site in (0, 1)]
    generator = {}
    for U in (0.0, 20.0):
        H = resonant_hamiltonian(1.0, g, U)
        one = np.eye(4)
        total = -1j * (np.kron(H, one) - np.kron(one, H.T))
        for jump, rate, T in ((lower[0], c, T_c), (lower[1], h, T_h)):
            share = 1 / (math.exp(1 / T) + 1)
            for L in (math.sqrt(rate * (1 - share)) * jump, math.sqrt(rate * share) * jump.T):
                loss = L.conj().T @ L
                total = total + np.kron(L, L.conj()) - 0.5 * (np.kron(loss, one) + np.kron(one, loss.T))
        generator[U] = total
    rho = double_dot_state(T_c, T_h, g, c, h, 0.0).reshape(-1)
    for matrix in generator.values():
        np.testing.assert_allclose(matrix @ rho, 0.0, atol=1e-15)


# U/E: largest concurrence at T_c = 0 over the couplings and T_h
LARGEST = {5.0: 0.133758, 20.0: 0.203902, 100.0: 0.242813, 300.0: 0.252415, 25e3: 0.258692}


@pytest.mark.parametrize("U", LARGEST)
def test_largest_concurrence_at_a_finite_hot_temperature(U: float) -> None:
    def signed(g: float, h: float, T_h: float) -> float:
        return resonant_qubits.concurrence_signed(double_dot_rates(0.0, T_h, g, 1.0, h, U))

    value, (g, h, T_h) = best(signed, [0.35, 0.8, 0.2 * U])
    assert value == pytest.approx(LARGEST[U], abs=6e-7)
    if U == 20.0:
        assert T_h == pytest.approx(3.216, abs=6e-4)
    rho = Master(double_dot(0.0, T_h, 0.01 * g, 0.01, 0.01 * h, U)).steady_state()
    assert entanglement.concurrence(rho) == pytest.approx(value, abs=1e-11)


def test_limits_of_the_largest_concurrence() -> None:
    value, _ = most(0.0, math.inf, 0.0)
    assert value == pytest.approx(0.100350, abs=5.1e-7)

    # U -> infinity: two electrons never meet, |00> and |11> cannot both be populated.
    def blocked(g: float, h: float, share: float) -> float:
        return resonant_qubits.concurrence_signed(
            resonant_qubits.lindblad(
                g, resonant_qubits.Bath(0.0, 1.0, 0.0, 1.0), resonant_qubits.Bath(h * share, h * (1 - share), 0.0, h)
            )
        )

    bound = best(lambda g, h: blocked(g, h, 0.5), [0.4, 1.1])[0]
    assert bound == pytest.approx((math.sqrt(6) - math.sqrt(2)) / 4, abs=1e-10)
    assert LARGEST[25e3] < bound


def test_the_best_hot_temperature_is_finite_beyond_a_repulsion_only() -> None:
    # Two local maxima, one at T_h of about 2 E, one at infinity: the first overtakes the second at U/E = 2.547.
    def lead(U: float) -> float:
        def signed(g: float, h: float, T_h: float) -> float:
            return resonant_qubits.concurrence_signed(double_dot_rates(0.0, T_h, g, 1.0, h, U))

        return best(signed, [0.2, 0.3, 1.9])[0] - most(0.0, math.inf, U)[0]

    assert brentq(lead, 2.5, 2.6, xtol=1e-6) == pytest.approx(2.547, abs=6e-4)
    assert most(0.0, 1e4, 2.6)[0] < most(0.0, math.inf, 2.6)[0] < most(0.0, 2.0, 2.6)[0]


@pytest.mark.parametrize(
    ("T_h", "value"), [(1.0, 0.07757), (2.0, 0.13438), (3.0, 0.14681), (5.0, 0.13150), (10.0, 0.08232)]
)
def test_largest_concurrence_at_a_warm_cold_reservoir(T_h: float, value: float) -> None:
    assert most(0.5, T_h, 20.0)[0] == pytest.approx(value, abs=5.1e-6)


@pytest.mark.parametrize(
    ("T_h", "value"), [(0.5, 0.05971), (2.0, 0.19236), (10.0, 0.24497), (20.0, 0.25168), (100.0, 0.18952)]
)
def test_largest_concurrence_at_strong_repulsion(T_h: float, value: float) -> None:
    assert most(0.0, T_h, 300.0)[0] == pytest.approx(value, abs=5.1e-6)


@pytest.mark.parametrize(
    ("U", "limit", "digit"), [(0.0, 0.2836482, 1e-7), (20.0, 2.34374, 1e-5), (300.0, 21.4864, 1e-4)]
)
def test_threshold_of_the_cold_temperature(U: float, limit: float, digit: float) -> None:
    # Largest ln(|<01|rho|10>|/sqrt(p_00 p_11)) over the couplings and T_h: zero where entanglement ends, Eq. (6).
    def log_ratio(T_c: float) -> float:
        def ratio(g: float, h: float, *above: float) -> float:
            rho = double_dot_state(T_c, T_c + above[0] if above else math.inf, g, 1.0, h, U)
            return math.log(abs(rho[1, 2])) - 0.5 * math.log(rho[0, 0].real * rho[3, 3].real)

        return best(ratio, [0.15, 0.3, 1.0] if U else [0.2, 0.3])[0]

    assert brentq(log_ratio, 0.95 * limit, 1.05 * limit, xtol=1e-9) == pytest.approx(limit, abs=0.6 * digit)


def test_counting_statistics() -> None:
    solver = Master(double_dot(0.1, 3.2, 3.9e-3, 1e-2, 1e-2, 20.0))
    count = counted_currents.quanta(solver.model, "h")
    expected = [8.42191165e-4, 5.46231560e-4, 2.00700e-4]
    np.testing.assert_allclose(cumulants(solver, count, 3), expected, rtol=3e-6)
    assert steady_entropy_production_rate(solver) == pytest.approx(8.273837e-3, rel=5e-7)
    assert uncertainty(solver, count).tur_ratio == pytest.approx(3.18590, abs=6e-6)


def test_the_classical_uncertainty_bound_is_violated() -> None:
    solver = Master(double_dot(0.9, 1000.0, 0.65, 1.0, 1.0, 0.0))
    assert uncertainty(solver, counted_currents.quanta(solver.model, "h")).tur_ratio == pytest.approx(
        0.991335, abs=6e-7
    )
