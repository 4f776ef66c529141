"""Published machines against the papers' closed forms, the forms against an independent null space of the same model.

Reference values: Tacchino et al., PRL 120, 063604 (2018) with the corrected formulas of the module docstring, and
Khandelwal et al., NJP 22, 073039 (2020); evaluated to the digits shown from the closed forms and, independently, from a
null-space solve.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from closed_forms.diamond import (
    diamond_activity,
    diamond_concurrence,
    diamond_currents,
    diamond_entropy_production,
    diamond_populations,
    diamond_state,
)
from closed_forms.diamond_counting import diamond_counting, diamond_scgf
from closed_forms.local_engine import (
    engine_rates,
    local_engine_counted_heats,
    local_engine_critical_flow,
    local_engine_current,
    local_engine_energy_currents,
    local_engine_entropy_production,
    local_engine_heat_flow,
    local_engine_negativity,
    local_engine_negativity_explicit,
    local_engine_state,
)
from scipy import linalg

from trajectories import systems
from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.model.operators import dagger
from trajectories.systems.diamond import BELL_BASIS, diamond, diamond_rates
from trajectories.systems.local_engine import local_engine


def tilted(model: Model, order: float = 0.0, counted: dict[str, complex] | None = None) -> np.ndarray:
    """Dense generator on row-major vec(rho), jumps weighted by e^{-order Delta s} (one-way: removed) or as counted."""
    one, h = np.eye(model.dimension), model.effective_hamiltonian
    generator = -1j * (np.kron(h, one) - np.kron(one, h.conj()))
    for channel, jump, step in zip(model.channels, model.operators, model.entropy_steps, strict=True):
        weight = 1.0 if order == 0.0 else math.exp(-order * step)
        generator += weight * (counted or {}).get(channel.name, 1.0) * np.kron(jump, jump.conj())
    return generator


def null_state(model: Model) -> np.ndarray:
    vector = np.linalg.svd(tilted(model))[2][-1].conj()
    rho = vector.reshape(model.dimension, model.dimension)
    return rho / np.trace(rho)


def rate_into(model: Model, reservoir: str, observable: np.ndarray, rho: np.ndarray) -> float:
    """Tr[A D_r rho]: what one reservoir's jumps do to an observable."""
    total = 0.0
    for channel in model.channels:
        if channel.reservoir == reservoir:
            jump = channel.operator
            loss = dagger(jump) @ jump
            flow = jump @ rho @ dagger(jump) - 0.5 * (loss @ rho + rho @ loss)
            total += np.trace(observable @ flow).real
    return total


# --- diamond: tables ------------------------------------------------------------------------------------------------

# (beta_A, beta_S): p_G, p_S, p_A, p_E, concurrence, Q_A, entropy production rate, activity
STEADY = {
    (1, 1): (0.5344466454, 0.1966119332, 0.1966119332, 0.07232948813, 0, 0, 0, 5.848468629),
    (0, 1): (0.4067210077, 0.2013077779, 0.2662307407, 0.1257404737, 0, 0.5619610678, 0.5619610678, 5.123922136),
    (0, 2): (0.5465812269, 0.1076897641, 0.2974367453, 0.04829226371, 0, 0.9965779263, 1.993155853, 5.993155853),
    (0, 3): (
        *(0.6188842654, 0.04578907833, 0.3180703072, 0.01725634907),
        *(0.06559612619, 1.203255833, 3.609767498, 6.406511665),
    ),
    (-1, 1): (0.3379864316, 0.2093399604, 0.2906600396, 0.1620135684, 0, 0.9242343145, 1.848468629, 4.703891453),
    (-2, 3): (
        *(0.4929388582, 0.04613929385, 0.4370273946, 0.02389445339),
        *(0.1738304626, 1.735174528, 8.675872639, 5.876177619),
    ),
    (-5, 5): (
        *(0.4966311794, 0.006670151990, 0.4933298480, 0.003368820555),
        *(0.4048535514, 1.973228596, 19.73228596, 5.973049436),
    ),
    (-1, -2): (0.04533836477, 0.1156372932, 0.2039443234, 0.6350800187, 0, -0.1187542358, 0.1187542358, 1.641033384),
    (3, -2): (
        *(0.4929388582, 0.4370273946, 0.04613929385, 0.02389445339),
        *(0.1738304626, -1.735174528, 8.675872639, 5.876177619),
    ),
}

# (beta_A, beta_S): J = <N_S>/t, Var(N_S)/t, Fano, uncertainty ratio, lambda(2), lambda(1/2),
# and the time where <e^{-2 Delta S}> = 5
COUNTING = {
    (0, 1): (-0.5619610678, 1.197041943, 2.1301, 1.065058, 1.237207, None, 1.3016),
    (0, 2): (-0.9965779263, 1.491788633, 1.4969, 1.496911, 6.591458, -0.4315552620, 0.22957),
    (-1, 1): (-0.9242343145, 1.075158808, 1.1633, 1.163297, 4.642399, -0.4410520105, 0.34084),
    (-2, 3): (-1.735174528, 1.794541551, 1.0342, 2.585535, 88.944161, -1.3015490654, 0.010332),
    (-1, -2): (0.1187542358, 0.2838810735, 2.3905, 1.195246, 0.319078, -0.0282220805, 5.0683),
}

DIGITS = 6e-10  # ten printed digits


@pytest.mark.parametrize("betas", STEADY)
def test_diamond_steady_state_table(betas: tuple[float, float]) -> None:
    *populations, concurrence, heat, entropy, activity = STEADY[betas]
    np.testing.assert_allclose(diamond_populations(*betas), populations, rtol=DIGITS)
    np.testing.assert_allclose(diamond_concurrence(*betas), concurrence, rtol=DIGITS)
    np.testing.assert_allclose(diamond_currents(*betas), (heat, -heat), rtol=DIGITS)
    np.testing.assert_allclose(diamond_entropy_production(*betas), entropy, rtol=DIGITS)
    np.testing.assert_allclose(diamond_activity(*betas), activity, rtol=DIGITS)


@pytest.mark.parametrize("betas", COUNTING)
def test_diamond_counting_table(betas: tuple[float, float]) -> None:
    mean, variance, fano, ratio, second, half, _ = COUNTING[betas]
    found = diamond_counting(*betas)
    np.testing.assert_allclose([found["mean"], found["variance"]], [mean, variance], rtol=DIGITS)
    np.testing.assert_allclose([found["fano"], found["uncertainty_ratio"]], [fano, ratio], rtol=3e-5)
    np.testing.assert_allclose(diamond_scgf([2.0, -1.0], *betas), second, atol=5.1e-7)
    if half is not None:
        np.testing.assert_allclose(diamond_scgf(0.5, *betas), half, rtol=1e-9)


@pytest.mark.parametrize("betas", COUNTING)
def test_diamond_second_exponential_moment_grows_to_five_at_the_tabulated_time(betas: tuple[float, float]) -> None:
    model, time = diamond(*betas), COUNTING[betas][-1]
    # <e^{-2 Delta S}> = Tr[rho^2 e^{L_2 t}(rho^{-1})] for a start and a final measurement in the steady state.
    p, basis = diamond_populations(*betas), BELL_BASIS
    start, end = (basis / p) @ dagger(basis), (basis * p**2) @ dagger(basis)
    moment = np.vdot(end.reshape(-1), linalg.expm(tilted(model, 2.0) * time) @ start.reshape(-1)).real
    np.testing.assert_allclose(moment, 5.0, rtol=3e-4)  # five printed digits of t, times t d ln G/dt < 7


@pytest.mark.parametrize(("beta_S", "expected"), [(0, 0.895864), (1, 0.785010), (3, 0.680309)])
def test_diamond_one_way_pump_loses_weight(beta_S: float, expected: float) -> None:
    model = diamond(-math.inf, beta_S)
    # <e^{-Delta S}> = Tr[rho e^{L_1 t}(1)] at t = 0.2, one-way jumps removed from L_1.
    rho = diamond_state(-math.inf, beta_S)
    found = np.vdot(rho.reshape(-1), linalg.expm(0.2 * tilted(model, 1.0)) @ np.eye(4).reshape(-1)).real
    np.testing.assert_allclose(found, expected, atol=6e-7)
    assert diamond_entropy_production(-math.inf, beta_S) == math.inf


# --- diamond: closed forms against the model ------------------------------------------------------------------------

UNEQUAL = [(1.0, 0.3, 0.4, 2.0), (0.1, 3.0, 2.0, 0.2), (1.0, 0.0, 0.7, 2.0), (0.5, 1.5, 0.0, 2.0), (1.0, 2.0, 3.0, 6.0)]


@pytest.mark.parametrize(
    "arguments", [{"beta_A": a, "beta_S": s} for a, s in STEADY] + [{"rates": rates} for rates in UNEQUAL], ids=str
)
def test_diamond_closed_forms_solve_the_model(arguments: dict[str, Any]) -> None:
    model = diamond(**arguments, omega=1.7)
    rho = diamond_state(**arguments)
    np.testing.assert_allclose(rho, null_state(model), atol=1e-12)
    q_a, q_s = diamond_currents(**arguments, omega=1.7)
    np.testing.assert_allclose(rate_into(model, "A", model.hamiltonian, rho), q_a, atol=1e-12)
    np.testing.assert_allclose(rate_into(model, "S", model.hamiltonian, rho), q_s, atol=1e-12)
    np.testing.assert_allclose(np.trace(model.loss @ rho).real, diamond_activity(**arguments), rtol=1e-12)
    flows = [np.trace(dagger(jump) @ jump @ rho).real for jump in model.operators]
    np.testing.assert_allclose(np.dot(flows, model.quanta), 0.0, atol=1e-12)
    if np.isfinite(model.entropy_steps).all():
        np.testing.assert_allclose(
            np.dot(flows, model.entropy_steps), diamond_entropy_production(**arguments), atol=1e-11
        )


@pytest.mark.parametrize("rates", [UNEQUAL[0], UNEQUAL[1], UNEQUAL[4]], ids=str)
def test_diamond_scgf_is_the_leading_eigenvalue_of_the_tilted_generator(rates: tuple[float, ...]) -> None:
    model = diamond(rates=rates)  # type: ignore[arg-type]
    u = np.array([-0.7, 0.0, 0.2, 0.5, 1.0, 1.9])
    leading = [np.max(np.linalg.eigvals(tilted(model, float(x))).real) for x in u]
    np.testing.assert_allclose(diamond_scgf(u, rates=rates), leading, atol=1e-11)  # type: ignore[arg-type]


@pytest.mark.parametrize("rates", UNEQUAL, ids=str)
def test_diamond_counting_is_the_expansion_of_the_leading_eigenvalue(rates: tuple[float, ...]) -> None:
    model = diamond(rates=rates)  # type: ignore[arg-type]

    def leading(chi: float) -> float:
        weights: dict[str, complex] = {"S_up": math.exp(chi), "S_down": math.exp(-chi)}
        return float(np.max(np.linalg.eigvals(tilted(model, counted=weights)).real))

    h = 1e-3
    mean = (leading(h) - leading(-h)) / (2 * h)
    variance = (leading(h) + leading(-h) - 2 * leading(0.0)) / h**2
    found = diamond_counting(rates=rates)  # type: ignore[arg-type]
    # Central differences: truncation h^2 times a fourth cumulant of order one, rounding 1e-15/h^2.
    np.testing.assert_allclose([found["mean"], found["variance"]], [mean, variance], atol=3e-5)


def test_diamond_scgf_is_symmetric_and_starts_with_the_entropy_production() -> None:
    u = np.linspace(-2, 3, 11)
    np.testing.assert_allclose(diamond_scgf(u, -2, 3), diamond_scgf(1 - u, -2, 3), rtol=1e-12, atol=1e-14)
    # lambda(u)/u -> -sigma with an error of order u/2 Var: the root keeps its digits however small it is.
    np.testing.assert_allclose(diamond_scgf(1e-13, -2, 3) / 1e-13, -diamond_entropy_production(-2, 3), rtol=1e-11)
    assert diamond_scgf(0.0, -2, 3) == 0.0
    assert diamond_scgf(np.zeros((2, 3)), 0, 1).shape == (2, 3)


def test_diamond_printed_concurrence_and_its_limits() -> None:
    for a, s in [(0, 3), (-2, 3), (-5, 5), (3, -2), (-6, 2), (0.3, 7)]:
        # Eqs. (4), (5) of the Letter.
        total, product, difference = math.exp(a) + math.exp(s), math.exp(a + s), math.exp(a) - math.exp(s)
        d = 1 + total**2 + total * (product + 3) / 2 - product
        n1 = abs(difference * (total / 2 - 1))
        n2 = math.sqrt((total / 2 + 1) * (2 * total**2 + 2 * product * (total - 2)))
        np.testing.assert_allclose(diamond_concurrence(a, s), max(0.0, (n1 - n2) / d), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(diamond_concurrence(0, 60), 1 / 3, rtol=1e-12)
    # (A13) with its sqrt2: C = (2/3)(1/2 - sqrt2 e^{-beta_S/2}) up to order e^{-beta_S}.
    np.testing.assert_allclose(diamond_concurrence(0, 30), (2 / 3) * (0.5 - math.sqrt(2) * math.exp(-15)), rtol=1e-11)
    np.testing.assert_allclose((0.5 - diamond_concurrence(-math.inf, 30)) / math.exp(-15), 1.0, rtol=1e-6)
    onset = math.log(4 + 2 * math.sqrt(5))
    assert diamond_concurrence(-math.inf, onset - 1e-9) == 0.0 < diamond_concurrence(-math.inf, onset + 1e-9)
    assert diamond_concurrence(-6, 2) == 0.0
    np.testing.assert_allclose(diamond_entropy_production(-6, 2), 13.1, atol=0.05)
    assert [diamond_concurrence(-1, b) for b in (-3, -1, 0)] == [0.0, 0.0, 0.0]


def test_diamond_populations_keep_every_digit_over_many_decades() -> None:
    # The common-pump formulas in exact integers: a = 1/s = 10^-k.
    from fractions import Fraction

    for k in (5, 40, 120):
        a, s = Fraction(1, 10**k), Fraction(10**k)
        total, product = a + s, a * s
        z = 2 * (1 + total**2 + total * (product + 3) / 2 - product)
        exact = [s**2 + a**2 + product * total, a**2 + product + 2 * s, s**2 + product + 2 * a, 2 + total]
        beta = k * math.log(10)
        np.testing.assert_allclose(diamond_populations(-beta, beta), [float(x / z) for x in exact], rtol=1e-13 * k)
    np.testing.assert_allclose(diamond_currents(-300, 300), (2.0, -2.0), rtol=1e-12)
    # mean -2, variance 8 a^2/Z - 16 S^2 s^4/Z^3 -> 4 - 2 for s -> infinity with P = 1
    np.testing.assert_allclose(diamond_counting(-300, 300)["variance"], 2.0, rtol=1e-12)


def test_diamond_pump_and_omega_only_set_units() -> None:
    model, scaled = diamond(-2, 3), diamond(-2, 3, pump=2.5, omega=4.0)
    np.testing.assert_allclose(scaled.operators, math.sqrt(2.5) * model.operators, rtol=1e-15)
    np.testing.assert_array_equal(scaled.hamiltonian, 4 * model.hamiltonian)
    np.testing.assert_array_equal(scaled.entropy_steps, model.entropy_steps)
    assert [bath.beta for bath in scaled.reservoirs] == [-0.5, 0.75]
    np.testing.assert_allclose(diamond_populations(-2, 3, pump=2.5), diamond_populations(-2, 3), rtol=1e-15)
    np.testing.assert_allclose(diamond_currents(-2, 3, 2.5, 4.0), 10 * np.array(diamond_currents(-2, 3)), rtol=1e-14)
    np.testing.assert_allclose(diamond_counting(-2, 3, 2.5)["variance"], 2.5 * diamond_counting(-2, 3)["variance"])
    np.testing.assert_allclose(diamond_scgf(2.0, -2, 3, 2.5), 2.5 * diamond_scgf(2.0, -2, 3), rtol=1e-14)


def test_diamond_rates_are_the_other_way_to_say_the_same() -> None:
    by_rates = diamond(rates=(1.0, math.exp(-2), 1.0, math.exp(3)))
    np.testing.assert_allclose(by_rates.operators, diamond(-2, 3).operators, rtol=1e-15)
    np.testing.assert_allclose([bath.beta for bath in by_rates.reservoirs], [-2, 3], rtol=1e-15)
    assert by_rates.parameters["rates"] == (1.0, math.exp(-2), 1.0, math.exp(3))


def test_diamond_zero_rates_make_channels_one_way() -> None:
    model = diamond(rates=(1.0, 0.0, 0.0, 2.0))
    assert [channel.name for channel in model.channels] == ["A_up", "S_down"]
    assert [bath.beta for bath in model.reservoirs] == [-math.inf, math.inf]
    assert model.partner.tolist() == [-1, -1]
    pump = diamond(-math.inf, 1)
    assert [channel.name for channel in pump.channels] == ["A_up", "S_up", "S_down"]
    assert pump.entropy_steps.tolist() == [math.inf, -1.0, 1.0]


def test_diamond_is_what_its_docstring_says() -> None:
    model = diamond(-2, 3)
    assert [channel.name for channel in model.channels] == ["A_up", "A_down", "S_up", "S_down"]
    assert model.entropy_steps.tolist() == [2.0, -2.0, -3.0, 3.0]
    basis, labels = model.bases["bell"]
    assert labels == ("G", "S", "A", "E")
    # In the Bell basis: A_up takes G to A and A to E, S_up takes G to S and S to E, each at the rate 2.
    rates = np.abs(np.conj(basis.T) @ model.operators @ basis) ** 2
    np.testing.assert_allclose(
        rates[0], 2 * np.array([[0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0]]), atol=1e-15
    )
    np.testing.assert_allclose(
        rates[2], 2 * np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]), atol=1e-15
    )
    np.testing.assert_allclose(rates[3], math.exp(3) * rates[2].T, rtol=1e-12, atol=1e-14)


# --- local engine ---------------------------------------------------------------------------------------------------

COLD = {"T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}

# (delta, T_h): J = 2 Q_h, negativity, J/J_c
ENGINE = {
    (0, 0.5): (1.159663e-4, 2.86262e-4, 2.24844),
    (0, 0.7): (1.994808e-4, 8.97226e-4, 2.20513),
    (0, 1.0): (2.924916e-4, 2.053417e-3, 2.10934),
    (0.005, 0.5): (8.372172e-5, 2.59775e-4, 2.44390),
    (0.005, 0.7): (1.426847e-4, 7.87416e-4, 2.38340),
    (0.005, 1.0): (2.085835e-4, 1.737948e-3, 2.25081),
    (0.02, 0.5): (1.619914e-5, 6.95857e-5, 2.47595),
    (0.02, 0.7): (2.708749e-5, 2.03908e-4, 2.53586),
    (0.02, 1.0): (3.936378e-5, 4.31927e-4, 2.42515),
}


@pytest.mark.parametrize(("delta", "T_h"), ENGINE)
def test_engine_table(delta: float, T_h: float) -> None:
    flow, negativity, ratio = ENGINE[delta, T_h]
    arguments = {"T_h": T_h, "delta": delta} | COLD
    np.testing.assert_allclose(local_engine_heat_flow(**arguments), flow, rtol=6e-7)
    np.testing.assert_allclose(local_engine_negativity(**arguments), negativity, rtol=3e-6)
    np.testing.assert_allclose(flow / local_engine_critical_flow(**arguments), ratio, rtol=3e-6)


POINTS: list[dict[str, float]] = [
    {"T_h": 0.7, "delta": 0.01, **COLD},
    {"T_h": 1.0, "T_c": 0.9, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2, "delta": -0.15},
    {"T_h": 2.0, "T_c": 0.3, "g": -0.02, "gamma_h": 0.01, "gamma_c": 0.011, "epsilon_h": 1.3, "delta": 0.04},
    {"T_h": 0.0, "T_c": 0.6, "g": 0.03, "gamma_h": 0.02, "gamma_c": 0.05, "delta": 0.02},
    {"T_h": 1.0, "T_c": 0.0, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2},
]


@pytest.mark.parametrize("point", POINTS, ids=str)
def test_engine_closed_forms_solve_the_model(point: dict[str, float]) -> None:
    model, rho = local_engine(**point), local_engine_state(**point)
    scale = max(point["gamma_h"], point["gamma_c"])
    np.testing.assert_allclose(tilted(model) @ rho.reshape(-1), 0, atol=1e-14 * scale + 1e-16)
    np.testing.assert_allclose(rho, null_state(model), atol=1e-11)
    counted = [rate_into(model, bath, bare(model, bath), rho) for bath in ("h", "c")]
    np.testing.assert_allclose(counted, local_engine_counted_heats(**point), rtol=1e-8, atol=1e-16)
    currents = [rate_into(model, bath, model.hamiltonian, rho) for bath in ("h", "c")]
    np.testing.assert_allclose(currents, local_engine_energy_currents(**point), rtol=1e-8, atol=1e-16)
    np.testing.assert_allclose(sum(counted), -point.get("delta", 0.0) * local_engine_current(**point), atol=1e-15)
    # Partial transpose over the second qubit; at most one eigenvalue of a two-qubit state's transpose is negative.
    transposed = rho.reshape(2, 2, 2, 2).transpose(0, 3, 2, 1).reshape(4, 4)
    smallest = np.linalg.eigvalsh(transposed)[0]
    np.testing.assert_allclose(local_engine_negativity(**point), max(0.0, -smallest), atol=1e-15)


def bare(model: Model, bath: str) -> np.ndarray:
    """Bare energy eps_j n_j of one qubit."""
    energy = abs(next(channel.quantum for channel in model.channels if channel.reservoir == bath))  # type: ignore[arg-type]
    occupied = np.array([0, 0, 1, 1]) if bath == "h" else np.array([0, 1, 0, 1])
    return energy * np.diag(occupied)


@pytest.mark.parametrize("point", POINTS[:3], ids=str)
def test_engine_printed_formula_for_the_negativity(point: dict[str, float]) -> None:
    # Eq. (17) cancels; Eq. (16) does not: they agree to the digits that (17) has left. Signed for the third point.
    rho = local_engine_state(**point)
    r1, r4, c = rho[3, 3].real, rho[0, 0].real, abs(rho[2, 1])
    n = 0.5 * (math.sqrt(4 * c**2 + (r1 - r4) ** 2) - (r1 + r4))
    np.testing.assert_allclose(local_engine_negativity_explicit(**point), n, atol=1e-14)


def test_engine_entropy_production() -> None:
    expected = {
        (0.7, 0.1, 0.0): 8.549177e-4,
        (0.7, 0.1, 0.01): 3.331839e-4,
        (1.0, 0.5, 0.01): 3.434306e-5,
        (1.0, 0.9, -0.15): 1.88e-9,
    }
    for (T_h, T_c, delta), sigma in expected.items():
        point = COLD | {"T_h": T_h, "T_c": T_c, "delta": delta}
        tolerance = 3e-3 if sigma == 1.88e-9 else 6e-7
        np.testing.assert_allclose(local_engine_entropy_production(**point), sigma, rtol=tolerance)
        model, rho = local_engine(**point), local_engine_state(**point)
        flows = [np.trace(dagger(jump) @ jump @ rho).real for jump in model.operators]
        np.testing.assert_allclose(np.dot(flows, model.entropy_steps), sigma, rtol=tolerance, atol=1e-12)
    # With energy currents in place of counted heats the sum would be negative: -3.7e-9.
    point = COLD | {"T_h": 1.0, "T_c": 0.9, "delta": -0.15}
    q_h, q_c = local_engine_energy_currents(**point)
    np.testing.assert_allclose(-q_h / 1.0 - q_c / 0.9, -3.7e-9, atol=5e-11)
    assert local_engine_entropy_production(**(COLD | {"T_h": 1.0, "T_c": 0.0})) == math.inf
    assert local_engine_entropy_production(**(COLD | {"T_h": 1.0, "T_c": 0.0, "g": 0.0})) == 0.0


def test_engine_mean_currents() -> None:
    np.testing.assert_allclose(local_engine_current(0.7, **COLD), 9.97403947e-5, rtol=DIGITS * 10)
    np.testing.assert_allclose(local_engine_current(0.7, delta=0.01, **COLD), 3.84231819e-5, rtol=DIGITS * 10)


def test_engine_entanglement_window_and_critical_flow() -> None:
    for T_h, delta, inside in [(0.158848, 0, 1e-5), (9.9881, 0, -1e-3)]:
        assert local_engine_negativity(T_h + inside, delta=delta, **COLD) > 0.0
        assert local_engine_negativity(T_h - inside, delta=delta, **COLD) == 0.0
        flow = local_engine_heat_flow(T_h, delta=delta, **COLD)
        np.testing.assert_allclose(flow, local_engine_critical_flow(T_h, delta=delta, **COLD), rtol=1e-3)
    assert (
        local_engine_negativity(0.7, delta=-0.0740, **COLD) > 0.0 == local_engine_negativity(0.7, delta=-0.0752, **COLD)
    )


def test_engine_tunnelling_restores_the_heat_current() -> None:
    # At delta = .01, T_h = .7 the current is largest at kappa_h = .070872, where it is .99979 of that at delta = 0.
    def flow(kappa: float) -> float:
        model = local_engine(0.7, delta=0.01, kappa_h=kappa, **COLD)
        rho = null_state(model)
        return rate_into(model, "h", model.hamiltonian, rho) - rate_into(model, "c", model.hamiltonian, rho)

    reference = local_engine_heat_flow(0.7, **COLD)
    best = flow(0.070872)
    np.testing.assert_allclose(best / reference, 0.99979, atol=6e-6)
    assert best > max(flow(0.070872 - 2e-4), flow(0.070872 + 2e-4))
    model = local_engine(0.7, delta=0.01, kappa_h=0.02, kappa_c=0.03, **COLD)
    np.testing.assert_allclose(model.hamiltonian[0], [0, 0.03, 0.02, 0])
    assert model.remarks


def test_engine_is_what_its_docstring_says() -> None:
    model = local_engine(0.7, delta=0.02, epsilon_h=1.5, **COLD)
    assert [channel.name for channel in model.channels] == ["h_up", "h_down", "c_up", "c_down"]
    np.testing.assert_allclose(model.quanta, [1.5, -1.5, 1.52, -1.52])
    np.testing.assert_allclose(model.entropy_steps, [-1.5 / 0.7, 1.5 / 0.7, -15.2, 15.2])
    np.testing.assert_allclose(np.diag(model.hamiltonian), [0, 1.52, 1.5, 3.02])
    assert model.hamiltonian[1, 2] == 1.6e-3
    occupation = 1 / (math.exp(1.5 / 0.7) - 1)
    np.testing.assert_allclose(
        np.linalg.norm(model.operators[:2], axis=(1, 2)) ** 2 / 2, 1e-3 * np.array([occupation, 1 + occupation])
    )
    assert model.remarks == ()


def test_engine_at_zero_temperature_only_loses_quanta() -> None:
    model = local_engine(1.0, 0.0, 1.6e-3, 1e-3, 1.1e-2)
    assert [channel.name for channel in model.channels] == ["h_up", "h_down", "c_down"]
    assert model.reservoirs[1].beta == math.inf
    assert model.partner.tolist() == [1, 0, -1]


@pytest.mark.parametrize("key", ["g", "gamma_h", "gamma_c", "delta"])
def test_engine_remarks_name_what_leaves_its_validity(key: str) -> None:
    point = {"T_h": 1.0, "T_c": 0.5, "g": 0.01, "gamma_h": 0.01, "gamma_c": 0.01, "epsilon_h": 2.0, "delta": 0.0}
    assert local_engine(**(point | {key: 0.199})).remarks == ()
    (remark,) = local_engine(**(point | {key: 0.21})).remarks
    assert remark.startswith(f"{key} = 0.21")
    assert "0.105" in remark
    assert "0.1" in remark.rpartition("below")[2]


# --- by name --------------------------------------------------------------------------------------------------------


def test_build_makes_what_the_functions_make() -> None:
    assert systems.build("diamond", {"beta_A": -2, "beta_S": 3}).digest() == diamond(-2, 3).digest()
    values = {"T_h": 1, "T_c": 0.5, "g": 0.01, "gamma_h": 0.01, "gamma_c": 0.02}
    assert systems.build("local_engine", values).digest() == local_engine(1, 0.5, 0.01, 0.01, 0.02).digest()
    assert systems.build("diamond", {"rates": [1, 2, 3, 4]}).digest() == diamond(rates=(1, 2, 3, 4)).digest()


@pytest.mark.parametrize("name", systems.SYSTEMS)
def test_every_parameter_is_described(name: str) -> None:
    description = systems.describe(name)
    builder = getattr(systems, name)
    assert description["summary"].endswith(".")
    assert list(description["parameters"]) == list(inspect.signature(builder).parameters)
    for key, parameter in description["parameters"].items():
        assert len(parameter["doc"]) > 20, key
    assert systems.describe("local_engine")["parameters"]["T_h"]["required"]
    assert systems.describe("local_engine")["parameters"]["epsilon_h"]["default"] == 1.0


ENGINE_POINT = {"T_h": 1.0, "T_c": 0.5, "g": 0.01, "gamma_h": 0.01, "gamma_c": 0.01}

REFUSED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "unknown system": (lambda: systems.build("dimond", {}), ("'dimond'", 'did you mean "diamond"', "local_engine")),
    "describe unknown": (lambda: systems.describe("cavities"), ("'cavities'", "known are diamond, cavity")),
    "unknown parameter": (lambda: systems.build("diamond", {"beta_a": 1}), ("'beta_a'", 'did you mean "beta_A"')),
    "missing parameter": (lambda: systems.build("local_engine", {"T_h": 1}), ("'T_c'", "required: T_c, g, gamma_h")),
    "text for a number": (lambda: systems.build("diamond", {"beta_A": "x", "beta_S": 1}), ("beta_A = 'x'", "number")),
    "boolean for a number": (lambda: systems.build("diamond", {"beta_A": True, "beta_S": 1}), ("beta_A = True",)),
    "nan for a number": (lambda: systems.build("diamond", {"beta_A": math.nan, "beta_S": 1}), ("beta_A = nan",)),
    "number for rates": (lambda: systems.build("diamond", {"rates": 1.0}), ("rates = 1.0", "list of 4")),
    "text among rates": (lambda: systems.build("diamond", {"rates": [1, 2, "3", 4]}), ("rates[2] = '3'", "number")),
    "beta missing": (lambda: diamond(beta_A=1.0), ("beta_S is missing", "rates=(up_A, down_A, up_S, down_S)")),
    "beta and rates": (lambda: diamond(1, 2, rates=(1, 2, 3, 4)), ("not both",)),
    "pump and rates": (lambda: diamond(pump=2.0, rates=(1, 2, 3, 4)), ("pump", "not both")),
    "beta plus infinity": (lambda: diamond(0, math.inf), ("beta_S = inf", "rates=(up_A, down_A, up_S, down_S)")),
    "beta nan": (lambda: diamond(math.nan, 0), ("beta_A = nan", "between -300 and 300")),
    "beta overflows": (lambda: diamond(0, 1000), ("beta_S = 1000", "between -300 and 300")),
    "beta underflows": (lambda: diamond(-1000, 0), ("beta_A = -1000", "-inf (one-way pump)")),
    "pump zero": (lambda: diamond(0, 1, pump=0.0), ("pump = 0.0", "> 0")),
    "pump infinite": (lambda: diamond(0, 1, pump=math.inf), ("pump = inf", "finite")),
    "omega negative": (lambda: diamond(0, 1, omega=-1.0), ("omega = -1.0", "> 0")),
    "omega of the currents": (lambda: diamond_currents(0, 1, omega=0.0), ("omega = 0.0", "> 0")),
    "negative rate": (lambda: diamond(rates=(1, -2, 3, 4)), ("down_A = -2", ">= 0")),
    "bath without rates": (lambda: diamond(rates=(1, 2, 0, 0)), ("up_S", "down_S", "> 0")),
    "three rates": (lambda: diamond(rates=(1, 2, 3)), ("(1, 2, 3)", "four")),  # type: ignore[arg-type]
    "scgf of a one-way pump": (lambda: diamond_scgf(0.5, -math.inf, 1), ("one-way", "> 0")),
    "scgf overflows": (lambda: diamond_scgf(1000, -1, 1), ("u is out of range", "<= 700")),
    "negative temperature": (lambda: local_engine(**(ENGINE_POINT | {"T_h": -1})), ("T_h = -1", ">= 0")),
    "infinite temperature": (lambda: local_engine(**(ENGINE_POINT | {"T_c": math.inf})), ("T_c = inf", "infinite")),
    "nan temperature": (lambda: local_engine(**(ENGINE_POINT | {"T_c": math.nan})), ("T_c = nan", ">= 0")),
    "tiny temperature": (lambda: local_engine(**(ENGINE_POINT | {"T_c": 1e-4})), ("T_c = 0.0001", "allowed: 0, or")),
    "huge temperature": (
        lambda: local_engine(**(ENGINE_POINT | {"T_c": 1e308, "gamma_c": 99})),
        ("T_c = 1e+308", "smaller"),
    ),
    "bare rate zero": (lambda: local_engine(**(ENGINE_POINT | {"gamma_h": 0})), ("gamma_h = 0", "> 0")),
    "gap zero": (lambda: local_engine(**(ENGINE_POINT | {"epsilon_h": 0})), ("epsilon_h = 0", "> 0")),
    "detuned below zero": (lambda: local_engine(**(ENGINE_POINT | {"delta": -1})), ("delta = -1", "allowed: > -1")),
    "coupling infinite": (lambda: local_engine(**(ENGINE_POINT | {"g": math.inf})), ("g = inf", "finite")),
    "tunnelling nan": (lambda: local_engine(**ENGINE_POINT, kappa_c=math.nan), ("kappa_c = nan", "finite")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_parameters_are_refused_by_name(case: str) -> None:
    build, parts = REFUSED[case]
    with pytest.raises(InputError) as caught:
        build()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def test_checked_rates_are_plain_numbers() -> None:
    assert diamond_rates(0, 0, 2.0) == (2.0, 2.0, 2.0, 2.0)
    assert engine_rates(1, 0, 0.1, 0.1, 0.2).plus_c == 0.0
