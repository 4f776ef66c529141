"""Two flux qubits at bosonic baths (Brask et al., NJP 17, 113029 (2015), Eqs. (10)-(14)): no sampling.

Reference values: the closed form of Khandelwal et al., NJP 22, 073039 (2020), Eqs. (7)-(9) for the same local master
equation without detuning; maxima over the couplings from an independent optimisation of them.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from closed_forms import resonant_qubits
from closed_forms.flux_qubits import (
    flux_qubits_concurrence,
    flux_qubits_entropy_production,
    flux_qubits_heats,
    flux_qubits_rates,
    flux_qubits_state,
    flux_qubits_totals,
)
from closed_forms.local_engine import local_engine_state
from optimum import best
from scipy.optimize import brentq

from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, heat_rates, steady_entropy_production_rate
from trajectories.master.lindblad import Master
from trajectories.systems import flux_qubits, local_engine, reset_engine


def most(T_c: float, T_h: float) -> tuple[float, np.ndarray]:
    """Largest signed concurrence over g and the hot total rate, at a cold total rate Gamma_c (2 n_c + 1) = 1."""
    return best(lambda g, h: resonant_qubits.concurrence_signed(flux_qubits_totals(T_c, T_h, g, 1.0, h)), [0.15, 0.2])


@pytest.mark.parametrize("seed", range(6))
def test_closed_forms_solve_the_model(seed: int) -> None:
    draw = np.random.default_rng(seed)
    T_c, T_h = draw.uniform(0.1, 3.0, 2)
    g, gamma_c, gamma_h = 10.0 ** draw.uniform(-3, 0, 3)
    energy = draw.uniform(0.5, 2.0)
    point = (T_c, T_h, g if seed % 2 else -g, gamma_c, gamma_h, energy)
    model = flux_qubits(*point)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(rho, flux_qubits_state(*point), atol=1e-13)
    assert entanglement.concurrence(rho) == pytest.approx(flux_qubits_concurrence(*point), abs=1e-12)
    for rates in (energy_rates(model), heat_rates(model)):
        found = np.einsum("rab,ba->r", rates, rho).real
        np.testing.assert_allclose(found, flux_qubits_heats(*point), rtol=1e-8, atol=1e-13)
    assert steady_entropy_production_rate(Master(model)) == pytest.approx(
        flux_qubits_entropy_production(*point), rel=1e-8
    )
    total_c, total_h = (gamma / math.tanh(energy / (2 * T)) for gamma, T in ((gamma_c, T_c), (gamma_h, T_h)))
    totals = flux_qubits_totals(T_c, T_h, point[2], total_c, total_h, energy)
    np.testing.assert_allclose(resonant_qubits.state(totals), rho, atol=1e-13)


def test_it_is_the_entanglement_engine_with_the_cold_qubit_first() -> None:
    T_c, T_h, g, gamma_c, gamma_h = 0.1, 0.7, 1.6e-3, 1.1e-2, 1e-3
    swap = [0, 2, 1, 3]
    other = local_engine_state(T_h, T_c, g, gamma_h, gamma_c)[np.ix_(swap, swap)]
    np.testing.assert_allclose(flux_qubits_state(T_c, T_h, g, gamma_c, gamma_h), other, rtol=1e-12, atol=1e-30)
    model, engine = flux_qubits(T_c, T_h, g, gamma_c, gamma_h), local_engine(T_h, T_c, g, gamma_h, gamma_c)
    order = [[channel.name for channel in engine.channels].index(channel.name) for channel in model.channels]
    np.testing.assert_allclose(engine.operators[order][:, swap][:, :, swap], model.operators, rtol=1e-14)
    np.testing.assert_allclose(engine.entropy_steps[order], model.entropy_steps, rtol=1e-14)


def test_it_has_the_form_of_the_reset_engines_state() -> None:
    # [G_c G_h tau_c x tau_h + 4g^2 tau x tau + 2g G_c G_h (r_c - r_h)/(G_c + G_h) Y]/(4g^2 + G_c G_h), and Eq. (4) has
    # 2g^2 and g for 4g^2 and 2g. With sqrt2 g there the populations agree, and the coherence is smaller by sqrt2.
    T_c, T_h, g, c, h = 0.3, 2.0, 0.02, 0.05, 0.03
    local = resonant_qubits.state(flux_qubits_totals(T_c, T_h, g, c, h))
    resets = Master(reset_engine(T_c, T_h, math.sqrt(2) * g, c, h)).steady_state()
    np.testing.assert_allclose(np.diag(local), np.diag(resets), rtol=1e-12)
    assert local[1, 2] == pytest.approx(math.sqrt(2) * resets[1, 2], rel=1e-12)
    assert local[1, 2].imag > 0


def test_the_optimum() -> None:
    value, (g, h) = most(0.0, math.inf)
    assert value == pytest.approx(0.100350, abs=5.1e-7)
    assert (g, h) == (pytest.approx(0.154945, abs=1e-6), pytest.approx(0.191958, abs=1e-6))


@pytest.mark.parametrize(
    ("T_h", "value"), [(0.5, 0.012010), (1.0, 0.040154), (2.0, 0.063369), (5.0, 0.080285), (math.inf, 0.092632)]
)
def test_largest_concurrence_at_a_warm_cold_bath(T_h: float, value: float) -> None:
    found, (g, h) = most(0.15, T_h)
    assert found == pytest.approx(value, abs=6e-7)
    if T_h < math.inf:
        bare_c, bare_h = math.tanh(1 / 0.3), h * math.tanh(1 / (2 * T_h))
        rho = Master(flux_qubits(0.15, T_h, g, bare_c, bare_h)).steady_state()
        assert entanglement.concurrence(rho) == pytest.approx(found, abs=1e-12)


def test_threshold_of_the_cold_temperature() -> None:
    def log_ratio(T_c: float) -> float:
        def ratio(g: float, h: float) -> float:
            rho = resonant_qubits.state(flux_qubits_totals(T_c, math.inf, g, 1.0, h))
            return math.log(abs(rho[1, 2])) - 0.5 * math.log(rho[0, 0].real * rho[3, 3].real)

        return best(ratio, [0.2, 0.3])[0]

    limit = brentq(log_ratio, 0.25, 0.3, xtol=1e-10)
    assert limit == pytest.approx(0.2836482, abs=6e-8)
    assert limit == pytest.approx(1 / (4 * math.log(1 + math.sqrt(2))), abs=1e-9)


def test_zero_temperature_is_one_way() -> None:
    model = flux_qubits(0.0, 1.0, 1.6e-3, 1e-2, 1e-3)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(rho, flux_qubits_state(0.0, 1.0, 1.6e-3, 1e-2, 1e-3), atol=1e-14)
    assert (
        steady_entropy_production_rate(Master(model))
        == flux_qubits_entropy_production(0.0, 1.0, 1.6e-3, 1e-2, 1e-3)
        == math.inf
    )
    assert flux_qubits_rates(0.0, 1.0, 1.6e-3, 1e-2, 1e-3).c == (0.0, 1e-2, 0.0, 1e-2)
