"""Two qubits with own baths and a common one (Man et al. (2019), Eqs. (1)-(21)): the master equation, no sampling.

The paper prints curves and the thermalisation points Delta eps = 0.95, 1.43, 1.86, 2.08 of Fig. 5; all other numbers
come from an independent null-space solve of Eqs. (8)-(14) at the parameters of its figures.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from closed_forms.common_bath import common_bath_steady, effective_temperatures
from scipy.optimize import brentq

from trajectories.errors import InputError
from trajectories.master import entanglement
from trajectories.master.currents import energy_rates, heat_rates, steady_entropy_production_rate
from trajectories.master.lindblad import Master
from trajectories.model.operators import embed, sigma_minus, sigma_z
from trajectories.systems import common_bath
from trajectories.systems.common_bath import common_bath_frame, eigenbasis

ALONE: dict[str, Any] = {"epsilon_A": 20.0, "epsilon_B": 20.0, "gamma_A": 1.0, "gamma_B": 1.0}
COMMON: dict[str, Any] = ALONE | {"gamma_C_A": 1.0, "gamma_C_B": 1.0}


def drawn(seed: int) -> dict[str, Any]:
    """Random parameters, every other time of resonant qubits with dephasing."""
    draw = np.random.default_rng(seed)
    a, b = draw.uniform(5.0, 20.0, 2)
    b = a if seed % 2 else b
    temperatures = dict(zip(("T_A", "T_B", "T_C"), draw.uniform(1.0, 9.0, 3).tolist(), strict=True))
    rates = dict(zip(("gamma_A", "gamma_B", "gamma_C_A", "gamma_C_B"), draw.uniform(0.1, 1.0, 4).tolist(), strict=True))
    coupling = draw.uniform(-1.0, 1.0) * math.sqrt(a * b)
    dephasing = draw.uniform(0.0, 1.0) if seed % 2 else 0.0
    return {"epsilon_A": a, "epsilon_B": b, "Omega": coupling, "dephasing": dephasing} | temperatures | rates


@pytest.mark.parametrize("seed", range(8))
def test_closed_forms_solve_the_model(seed: int) -> None:
    point = drawn(seed)
    model, steady = common_bath(**point), common_bath_steady(**point)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(rho, steady.state, atol=1e-13)
    measured = float(entanglement.concurrence(rho))
    assert measured == pytest.approx(steady.concurrence, abs=1e-12)
    assert float(entanglement.concurrence_signed(rho)) == pytest.approx(steady.concurrence_signed, abs=1e-12)
    counted = np.einsum("rab,ba->r", heat_rates(model), rho).real
    energy = np.einsum("rab,ba->r", energy_rates(model), rho).real
    expected = [steady.heats[bath] for bath in "ABC"]
    np.testing.assert_allclose(energy[:3], expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(counted[:3], expected, rtol=1e-9, atol=1e-12)
    assert energy.sum() == pytest.approx(0.0, abs=1e-12)
    assert steady_entropy_production_rate(Master(model)) == pytest.approx(
        steady.entropy_production, rel=1e-8, abs=1e-13
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_eigenoperators_are_those_of_the_paper(seed: int) -> None:
    point = drawn(seed)
    frame = common_bath_frame(point["epsilon_A"], point["epsilon_B"], point["Omega"])
    model = common_bath(**point)
    # [H, V_j] = -w_j V_j, and V_1 + V_2 = sigma_-, for each bath: with the rates 2 Gamma (n + 1) divided out.
    H, operators = model.hamiltonian, {channel.name: channel.operator for channel in model.channels}
    lower = {"A": embed(sigma_minus(), 0, (2, 2)), "B": embed(sigma_minus(), 1, (2, 2))}
    gamma = {bath: math.sqrt(point[f"gamma_{bath}"]) for bath in "AB"}
    whole = {bath: gamma[bath] * lower[bath] for bath in "AB"}
    whole["C"] = math.sqrt(point["gamma_C_A"]) * lower["A"] + math.sqrt(point["gamma_C_B"]) * lower["B"]
    for bath, expected in whole.items():
        total = np.zeros((4, 4), complex)
        for j, energy in enumerate((frame.omega_1, frame.omega_2), start=1):
            V = operators[f"{bath}_down_{j}"]
            np.testing.assert_allclose(H @ V - V @ H, -energy * V, atol=1e-12)
            n = 1 / math.expm1(energy / point[f"T_{bath}"])
            np.testing.assert_allclose(operators[f"{bath}_up_{j}"], math.sqrt(n / (n + 1)) * V.conj().T, atol=1e-12)
            total += V / math.sqrt(2 * (n + 1))
        np.testing.assert_allclose(total, expected, atol=1e-13)


def test_the_eigenbasis() -> None:
    a, b, coupling = 13.0, 9.0, 4.0
    frame, model = common_bath_frame(a, b, coupling), common_bath(2.0, 3.0, a, b, coupling, 1.0, 1.0)
    basis = eigenbasis(frame)
    energies = np.diag([0.0, frame.omega_1, frame.omega_2, a + b])
    np.testing.assert_allclose(basis.conj().T @ model.hamiltonian @ basis, energies, atol=1e-13)
    theta = math.atan2(2 * coupling, a - b)
    np.testing.assert_allclose(basis[1:3, 2], [math.sin(theta / 2), math.cos(theta / 2)], atol=1e-15)
    assert frame.omega_1 == pytest.approx(11.0 - math.sqrt(4.0 + 16.0), rel=1e-14)
    assert Master(model).sectors.basis_name == "eigen"
    assert Master(model).classical


# --- Fig. 2: eps = 20, Omega = 10, all Gamma = 1 ---------------------------------------------------------------------

TEMPERATURES = (2.0, 4.0, 6.0, 8.0, 10.0)
FIG_2 = {
    None: (0.006602, 0.062859, 0.092565, 0.075046, 0.033024),
    0.0: (0.006641, 0.068399, 0.120638, 0.135949, 0.126402),
    6.0: (0.0, 0.028236, 0.092565, 0.113836, 0.107217),
}


@pytest.mark.parametrize("T_C", FIG_2)
def test_fig_2(T_C: float | None) -> None:
    point = ALONE if T_C is None else COMMON | {"T_C": T_C}
    found = [common_bath_steady(T, T, Omega=10.0, **point).concurrence for T in TEMPERATURES]
    np.testing.assert_allclose(found, FIG_2[T_C], atol=5.1e-7)
    rho = Master(common_bath(4.0, 4.0, Omega=10.0, **point)).steady_state()
    assert entanglement.concurrence(rho) == pytest.approx(found[1], abs=1e-12)


def test_equal_temperatures_give_the_thermal_state() -> None:
    model = common_bath(3.0, 3.0, 20.0, 18.0, 10.0, 1.0, 0.5, 3.0, 0.7, 0.2)
    levels, vectors = np.linalg.eigh(model.hamiltonian)
    thermal = (vectors * np.exp(-levels / 3.0)) @ vectors.conj().T
    np.testing.assert_allclose(Master(model).steady_state(), thermal / np.trace(thermal), atol=1e-14)


# --- Fig. 3: Omega = 6, T_C = 5 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("T", "heat"), [(2.0, 0.20091), (4.0, 0.1437245), (5.0, 0.0), (6.0, -0.27116), (8.0, -1.19775)]
)
def test_fig_3(T: float, heat: float) -> None:
    steady = common_bath_steady(T, T, Omega=6.0, T_C=5.0, **COMMON)
    assert steady.heats["C"] == pytest.approx(heat, abs=5.1e-6)
    model = common_bath(T, T, Omega=6.0, T_C=5.0, **COMMON)
    found = np.einsum("ab,ba->", energy_rates(model)[2], Master(model).steady_state()).real
    assert found == pytest.approx(heat, abs=5.1e-6)


# --- Figs. 4 and 5: T_B = 8, Omega = 6, eps_m = 20 -------------------------------------------------------------------


def detuned(difference: float) -> dict[str, float]:
    return {"epsilon_A": 20.0 + difference / 2, "epsilon_B": 20.0 - difference / 2}


@pytest.mark.parametrize(
    ("T_A", "difference", "temperature", "printed"),
    [
        (5.0, 0.947051, 6.740304, 0.95),
        (4.0, 1.425262, 6.499260, 1.43),
        (3.0, 1.859682, 6.374011, 1.86),
        (2.0, 2.077412, 6.334557, 2.08),
    ],
)
def test_thermalisation_points(T_A: float, difference: float, temperature: float, printed: float) -> None:
    def effective(difference: float) -> tuple[float, float]:
        return effective_temperatures(T_A, 8.0, Omega=6.0, gamma_A=1.0, gamma_B=1.0, **detuned(difference))

    found = brentq(lambda x: effective(x)[0] - effective(x)[1], 0.0, 5.0, xtol=1e-11)
    assert found == pytest.approx(difference, abs=6e-7)
    assert round(found, 2) == printed
    T = effective(found)[0]
    assert pytest.approx(temperature, abs=6e-7) == T
    # There the qubits are in the thermal state of T_eff; the common bath changes nothing at T_C = T_eff, helps below.
    alone = {"Omega": 6.0, "gamma_A": 1.0, "gamma_B": 1.0, **detuned(found)}
    bare = common_bath_steady(T_A, 8.0, **alone)
    energies = np.array([0.0, bare.frame.omega_1, bare.frame.omega_2, 40.0])
    np.testing.assert_allclose(bare.populations, np.exp(-energies / T) / np.exp(-energies / T).sum(), rtol=1e-10)
    both = [
        common_bath_steady(T_A, 8.0, T_C=T_C, gamma_C_A=1.0, gamma_C_B=1.0, **alone) for T_C in (T, T - 0.1, T + 0.1)
    ]
    np.testing.assert_allclose(both[0].populations, bare.populations, rtol=1e-10)
    assert both[1].concurrence > bare.concurrence > both[2].concurrence
    assert both[0].heats["C"] == pytest.approx(0.0, abs=1e-12)
    assert both[1].heats["C"] < 0 < both[2].heats["C"]


def test_the_bound_on_the_common_temperature_may_lie_above_heat_absorption() -> None:
    # T_A = 5, T_B = 8, Delta eps = 3: not "below the value of T_C which triggers heat absorption", as the paper says.
    alone = {"T_A": 5.0, "T_B": 8.0, "Omega": 6.0, "gamma_A": 1.0, "gamma_B": 1.0, **detuned(3.0)}
    bare = common_bath_steady(**alone)

    def with_common(T_C: float) -> Any:
        return common_bath_steady(**alone, T_C=T_C, gamma_C_A=1.0, gamma_C_B=1.0)

    helps = brentq(lambda T: with_common(T).concurrence_signed - bare.concurrence_signed, 6.0, 7.0, xtol=1e-10)
    absorbs = brentq(lambda T: with_common(T).heats["C"], 6.0, 7.0, xtol=1e-10)
    assert helps == pytest.approx(6.6065, abs=6e-5)
    assert absorbs == pytest.approx(6.5725, abs=6e-5)


# --- Fig. 7: eps = 1, Omega = .7, Gamma = .01, dephasing 3.5e-5 (GHz) -------------------------------------------------


@pytest.mark.parametrize("T_C", [None, 0.01])
def test_fig_7(T_C: float | None) -> None:
    expected = (0.16241, 0.19253, 0.09719) if T_C is None else (0.17233, 0.24380, 0.20043)
    common = {} if T_C is None else {"T_C": T_C, "gamma_C_A": 0.01, "gamma_C_B": 0.01}
    for T, value in zip((0.2, 0.4, 0.6), expected, strict=True):
        point: dict[str, Any] = {"epsilon_A": 1.0, "epsilon_B": 1.0, "Omega": 0.7, "gamma_A": 0.01, "gamma_B": 0.01}
        point |= {"dephasing": 3.5e-5, **common}
        rho = Master(common_bath(T, T, **point)).steady_state()
        assert entanglement.concurrence(rho) == pytest.approx(value, abs=5.1e-6)
        assert common_bath_steady(T, T, **point).concurrence == pytest.approx(value, abs=5.1e-6)


# --- dephasing, limits, refusals --------------------------------------------------------------------------------------


def test_dephasing_exchanges_energy_and_leaves_coherence_off_resonance() -> None:
    point: dict[str, Any] = {"T_A": 0.3, "T_B": 0.5, "Omega": 0.4, "gamma_A": 0.01, "gamma_B": 0.02, "dephasing": 0.05}
    model = common_bath(epsilon_A=1.1, epsilon_B=0.9, **point)
    rho, basis = Master(model).steady_state(), model.bases["eigen"][0]
    assert abs((basis.conj().T @ rho @ basis)[1, 2]) > 5e-4
    heat = np.einsum("rab,ba->r", energy_rates(model), rho).real
    assert heat.sum() == pytest.approx(0.0, abs=1e-15)
    assert abs(heat[2]) > 1e-4
    # Tr[H L_dep rho] of Eq. (21), written out.
    dephased = sum(z @ rho @ z - rho for z in (embed(sigma_z(), site, (2, 2)) for site in (0, 1)))
    assert heat[2] == pytest.approx(0.05 * np.trace(model.hamiltonian @ dephased).real, rel=1e-12)
    with pytest.raises(InputError, match="dephasing at epsilon_A != epsilon_B"):
        common_bath_steady(epsilon_A=1.1, epsilon_B=0.9, **point)


@pytest.mark.parametrize("coupling", [10.0, -10.0])
def test_the_common_bath_alone_leaves_a_dark_state(coupling: float) -> None:
    nothing: dict[str, Any] = ALONE | {"gamma_A": 0.0, "gamma_B": 0.0, "T_C": 5.0, "gamma_C_A": 1.0, "gamma_C_B": 1.0}
    model = common_bath(1.0, 1.0, Omega=coupling, **nothing)
    assert Master(model).null_dimension == 2
    with pytest.raises(InputError, match="not unique"):
        Master(model).steady_state()
    with pytest.raises(InputError, match="not unique"):
        common_bath_steady(1.0, 1.0, Omega=coupling, **nothing)
    # Any difference of the qubits lights it up: the thermal state of the one bath is reached.
    for change in ({"epsilon_A": 20.5}, {"gamma_C_A": 0.9}):
        steady = common_bath_steady(1.0, 1.0, Omega=coupling, **(nothing | change))
        energies = np.array([0.0, steady.frame.omega_1, steady.frame.omega_2, 40.0 + 0.5 * ("epsilon_A" in change)])
        weights = np.exp(-energies / 5.0)
        np.testing.assert_allclose(steady.populations, weights / weights.sum(), rtol=1e-9)


def test_uncoupled_qubits_keep_to_their_own_baths() -> None:
    for a, b in ((2.0, 1.0), (1.0, 2.0)):
        model = common_bath(0.5, 1.5, a, b, 0.0, 0.01, 0.02)
        assert len(model.channels) == 4
        excited = [1 / (1 + math.exp(a / 0.5)), 1 / (1 + math.exp(b / 1.5))]
        product = np.kron(np.diag([1 - excited[0], excited[0]]), np.diag([1 - excited[1], excited[1]]))
        np.testing.assert_allclose(Master(model).steady_state(), product, atol=1e-14)
        steady = common_bath_steady(0.5, 1.5, a, b, 0.0, 0.01, 0.02)
        np.testing.assert_allclose(steady.state, product, atol=1e-14)


def test_zero_temperature_is_one_way() -> None:
    model = common_bath(0.0, 2.0, 10.0, 12.0, 4.0, 1.0, 1.0)
    rho = Master(model).steady_state()
    steady = common_bath_steady(0.0, 2.0, 10.0, 12.0, 4.0, 1.0, 1.0)
    np.testing.assert_allclose(rho, steady.state, atol=1e-14)
    assert steady_entropy_production_rate(Master(model)) == steady.entropy_production == math.inf
    assert effective_temperatures(0.0, 0.0, 10.0, 12.0, 4.0, 1.0, 1.0) == (0.0, 0.0)
