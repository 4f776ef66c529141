"""Parameters of the machines beyond the first two: what their models are, what they remark on, what they refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from closed_forms import resonant_qubits
from closed_forms.common_bath import common_bath_steady
from closed_forms.double_dot import double_dot_concurrence, double_dot_populations
from closed_forms.flux_qubits import flux_qubits_concurrence, flux_qubits_totals
from closed_forms.four_levels import Way, four_level_populations
from closed_forms.reset_engine import reset_engine_concurrence, reset_engine_heats

from trajectories import systems
from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.model.operators import destroy, embed, number, sigma_minus, sigma_z
from trajectories.systems import cavity, common_bath, double_dot, effective_cavity, flux_qubits, reset_engine

COUPLINGS = {"g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}
BARE = {"g": 1.6e-3, "gamma_c": 1e-2, "gamma_h": 1.1e-3}
QUBITS: dict[str, Any] = {"epsilon_A": 20.0, "epsilon_B": 20.0, "Omega": 10.0, "gamma_A": 1.0, "gamma_B": 1.0}
POINTS: dict[str, dict[str, Any]] = {
    "cavity": {"p": 5e-3, "gamma": 1e-3, "kappa": 2.0},
    "reset_engine": {"T_c": 0.5, "T_h": 2.0, **COUPLINGS},
    "flux_qubits": {"T_c": 0.5, "T_h": 2.0, **BARE},
    "double_dot": {"T_c": 0.5, "T_h": 2.0, "U": 5.0, **BARE},
    "common_bath": {"T_A": 2.0, "T_B": 3.0, **QUBITS},
    "nonsecular_engine": {"T_h": 2.0, "T_c": 0.5, **BARE},
}


def rates(model: Model) -> dict[str, float]:
    """|L|^2 of each channel over that of the same operator without its rate: sum |L|^2 over the states that jump."""
    return {
        channel.name: float(np.sum(np.abs(channel.operator) ** 2) / np.count_nonzero(channel.operator))
        for channel in model.channels
    }


@pytest.mark.parametrize("name", POINTS)
def test_built_by_name(name: str) -> None:
    model = systems.build(name, POINTS[name])
    assert model.name == name
    assert model.digest() == getattr(systems, name)(**POINTS[name]).digest()
    assert Model.unpack(*model.pack()).digest() == model.digest()
    assert POINTS[name].items() <= dict(model.parameters).items()
    assert model.remarks == ()


# --- what the models are ----------------------------------------------------------------------------------------------


def test_cavity() -> None:
    model = cavity(0.03, 0.02, 1.5, 0.7, n_max=3, dephasing=0.05, detuning=0.1, cavity_pump=0.4)
    assert model.dims == (2, 2, 4)
    assert model.pair == (0, 1)
    dims = model.dims
    c1, c2 = embed(sigma_minus(), 0, dims), embed(sigma_minus(), 1, dims)
    a = embed(destroy(4), 2, dims)
    H = 0.7 * (c1.T @ a + c2.T @ a)
    H = H + H.T + 0.1 * (embed(number(), 0, dims) - embed(number(), 1, dims))
    np.testing.assert_allclose(model.hamiltonian, H, atol=1e-15)
    expected = {
        "pump_1": (0.03, c1.T), "decay_1": (0.02, c1), "pump_2": (0.03, c2.T), "decay_2": (0.02, c2), "loss": (1.5, a),
        "cavity_pump": (0.4, a.T),
        "dephasing_1": (0.05, embed(sigma_z(), 0, dims)), "dephasing_2": (0.05, embed(sigma_z(), 1, dims)),
    }  # fmt: skip
    assert [channel.name for channel in model.channels] == list(expected)
    for channel in model.channels:
        rate, operator = expected[channel.name]
        np.testing.assert_allclose(channel.operator, math.sqrt(rate) * operator, atol=1e-15)
    assert [bath.name for bath in model.reservoirs] == ["pump", "decay", "cavity", "dephasing"]
    assert dict(zip([c.name for c in model.channels], model.partner.tolist(), strict=True))["loss"] == -1


def test_cavity_leaves_out_what_has_no_rate() -> None:
    assert [channel.name for channel in cavity(0.03, 0.0, 1.5).channels] == ["pump_1", "pump_2", "loss"]
    assert [bath.name for bath in cavity(0.0, 0.03, 1.5).reservoirs] == ["decay", "cavity"]
    one_way = effective_cavity(0.03, 0.0, 1.5)
    assert [channel.name for channel in one_way.channels] == ["A_up", "S_up", "S_down"]


def test_reset_engine() -> None:
    model = reset_engine(0.5, 2.0, 0.03, 0.01, 0.02, energy=1.5)
    names = ["up", "down", "stay_0", "stay_1"]
    assert [channel.name for channel in model.channels] == [f"{bath}_{name}" for bath in "ch" for name in names]
    np.testing.assert_allclose(model.quanta, [1.5, -1.5, 0, 0] * 2)
    np.testing.assert_allclose(model.entropy_steps, [-3, 3, 0, 0, -0.75, 0.75, 0, 0])
    assert model.partner.tolist() == [1, 0, 2, 3, 5, 4, 6, 7]
    r_c, r_h = 1 / (1 + math.exp(-3.0)), 1 / (1 + math.exp(-0.75))
    expected = [p * share for p, r in ((0.01, r_c), (0.02, r_h)) for share in (1 - r, r, r, 1 - r)]
    np.testing.assert_allclose(list(rates(model).values()), expected, rtol=1e-12)
    np.testing.assert_allclose(np.diag(model.hamiltonian), [0, 1.5, 1.5, 3.0])
    assert model.hamiltonian[1, 2] == 0.03
    # The cold qubit is the first: its jumps change the first digit.
    assert abs(model.operators[1][0, 2]) > 0 == abs(model.operators[1][0, 1])


def test_reset_engine_between_zero_and_infinite_temperature() -> None:
    model = reset_engine(0.0, math.inf, 0.03, 0.01, 0.02)
    assert [channel.name for channel in model.channels][:2] == ["c_down", "c_stay_0"]
    assert model.entropy_steps.tolist() == [math.inf, 0, 0, 0, 0, 0]
    assert model.reservoirs[1].beta == 0.0
    np.testing.assert_allclose(model.loss, 0.03 * np.eye(4), atol=1e-17)


def test_flux_qubits() -> None:
    model = flux_qubits(0.5, 2.0, 0.03, 0.01, 0.02, energy=1.5)
    assert [channel.name for channel in model.channels] == ["c_up", "c_down", "h_up", "h_down"]
    np.testing.assert_allclose(model.quanta, [1.5, -1.5] * 2)
    np.testing.assert_allclose(model.entropy_steps, [-3, 3, -0.75, 0.75])
    n_c, n_h = 1 / (math.exp(3.0) - 1), 1 / (math.exp(0.75) - 1)
    expected = [0.01 * n_c, 0.01 * (1 + n_c), 0.02 * n_h, 0.02 * (1 + n_h)]
    np.testing.assert_allclose(list(rates(model).values()), expected, rtol=1e-12)
    cold = flux_qubits(0.0, 2.0, 0.03, 0.01, 0.02)
    assert [channel.name for channel in cold.channels] == ["c_down", "h_up", "h_down"]
    assert cold.reservoirs[0].beta == math.inf


def test_double_dot() -> None:
    model = double_dot(0.5, 2.0, 0.03, 0.01, 0.02, U=3.0, energy=1.5)
    names = ["up_0", "down_0", "up_1", "down_1"]
    assert [channel.name for channel in model.channels] == [f"{bath}_{name}" for bath in "ch" for name in names]
    np.testing.assert_allclose(model.quanta, [1.5, -1.5, 4.5, -4.5] * 2)
    np.testing.assert_allclose(model.entropy_steps, [-3, 3, -9, 9, -0.75, 0.75, -2.25, 2.25])
    expected = []
    for gamma, T in ((0.01, 0.5), (0.02, 2.0)):
        for energy in (1.5, 4.5):
            share = 1 / (math.exp(energy / T) + 1)
            expected += [gamma * share, gamma * (1 - share)]
    np.testing.assert_allclose(list(rates(model).values()), expected, rtol=1e-12)
    # c_down_1 empties the first dot while the second is full: |11> to |01>.
    assert np.argwhere(model.operators[3]).tolist() == [[1, 3]]
    np.testing.assert_allclose(np.diag(model.hamiltonian), [0, 1.5, 1.5, 6.0])
    assert [channel.name for channel in double_dot(0.0, math.inf, 0.03, 0.01, 0.02, 3.0).channels][:3] == [
        *("c_down_0", "c_down_1", "h_up_0")
    ]


def test_common_bath() -> None:
    model = common_bath(T_A=2.0, T_B=3.0, T_C=4.0, gamma_C_A=0.5, gamma_C_B=0.3, dephasing=0.1, **QUBITS)
    jumps = [f"{bath}_{way}_{j}" for bath in "ABC" for j in (1, 2) for way in ("up", "down")]
    assert [channel.name for channel in model.channels] == [*jumps, "dephasing_A", "dephasing_B"]
    np.testing.assert_allclose(model.quanta[:12], [10, -10, 30, -30] * 3, rtol=1e-14)
    steps = [energy / T for T in (2, 3, 4) for energy in (-10, 10, -30, 30)]
    np.testing.assert_allclose(model.entropy_steps, [*steps, 0, 0], rtol=1e-13)
    assert np.isnan(model.quanta[12:]).all()
    assert [bath.name for bath in model.reservoirs] == ["A", "B", "C", "dephasing"]
    assert model.reservoirs[3].beta is None
    np.testing.assert_allclose(model.operators[12], math.sqrt(0.1) * embed(sigma_z(), 0, (2, 2)))


def test_common_bath_has_the_baths_that_act() -> None:
    def names(**changes: float | None) -> list[str]:
        return [bath.name for bath in common_bath(T_A=2.0, T_B=3.0, **(QUBITS | changes)).reservoirs]

    assert names() == ["A", "B"]
    assert names(gamma_A=0.0) == ["B"]
    assert names(T_C=1.0) == ["A", "B"]
    assert names(T_C=1.0, gamma_C_A=0.5) == ["A", "B", "C"]
    assert names(T_C=0.0, gamma_A=0.0, gamma_C_A=0.5) == ["B", "C"]


@pytest.mark.parametrize(
    ("name", "change", "key", "size"),
    [
        ("reset_engine", {"g": -0.2}, "g = -0.2", "0.2"),
        ("reset_engine", {"p_h": 0.3, "energy": 2.0}, "p_h = 0.3", "0.15"),
        ("flux_qubits", {"gamma_c": 0.15}, "gamma_c = 0.15", "0.15"),
        ("double_dot", {"gamma_h": 0.15}, "gamma_h = 0.15", "0.15"),
        ("common_bath", {"gamma_A": 1.5}, "gamma_A = 1.5", "w_1: 0.15"),
        ("common_bath", {"Omega": 1.0, "gamma_B": 0.3, "gamma_A": 0.1}, "gamma_B = 0.3", "w_2 - w_1: 0.15"),
    ],
)
def test_remarks_name_what_leaves_the_validity(name: str, change: dict[str, float], key: str, size: str) -> None:
    (remark,) = systems.build(name, POINTS[name] | change).remarks
    assert remark.startswith(key)
    assert size in remark
    assert remark.endswith("below 0.1")


# --- closed forms share these -----------------------------------------------------------------------------------------


def test_four_levels_against_a_null_space() -> None:
    draw = np.random.default_rng(2)
    for _ in range(5):
        x, y, w = Way(*draw.uniform(0, 1, 4)), Way(*draw.uniform(0, 1, 4)), draw.uniform()
        matrix = np.zeros((4, 4))
        for i, way in ((1, x), (2, y)):
            matrix[i, 0], matrix[0, i], matrix[3, i], matrix[i, 3] = way
        matrix[1, 2] = matrix[2, 1] = w
        matrix -= np.diag(matrix.sum(axis=0))
        found = four_level_populations(x, y, w)
        np.testing.assert_allclose(matrix @ found, 0.0, atol=1e-15)
        assert found.sum() == pytest.approx(1.0, abs=1e-15)


def test_four_levels_keep_every_digit_over_many_decades() -> None:
    # Two independent two-level systems: the populations are products.
    for x in (1e-30, 1e-120):
        found = four_level_populations(Way(x, 1.0, x**0.5, 1.0), Way(x**0.5, 1.0, x, 1.0))
        single = np.array([1.0, x**0.5, x, x**1.5]) / ((1 + x) * (1 + x**0.5))
        np.testing.assert_allclose(found, single[[0, 2, 1, 3]], rtol=1e-14)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (Way(0, 0, 0, 0), Way(0, 0, 0, 0), "all rates are zero"),
        (Way(1, 0, 0, 1), Way(1, 1, 1, 1), "a middle level is never left"),
        (Way(0, 1, 1, 0), Way(0, 1, 1, 0), "neither the lowest nor the highest"),
    ],
)
def test_four_levels_refuse_what_is_not_unique(x: Way, y: Way, message: str) -> None:
    with pytest.raises(InputError, match=message):
        four_level_populations(x, y)


def test_energy_only_sets_units() -> None:
    assert reset_engine_concurrence(0.2, 4.0, **COUPLINGS, energy=2.0) == reset_engine_concurrence(
        0.1, 2.0, **COUPLINGS
    )
    doubled = reset_engine_heats(0.2, 4.0, **COUPLINGS, energy=2.0)
    np.testing.assert_allclose(doubled, 2 * np.array(reset_engine_heats(0.1, 2.0, **COUPLINGS)), rtol=1e-14)
    assert flux_qubits_concurrence(0.2, 4.0, **BARE, energy=2.0) == flux_qubits_concurrence(0.1, 2.0, **BARE)
    scaled = double_dot_populations(0.2, 4.0, U=6.0, **BARE, energy=2.0)
    np.testing.assert_allclose(scaled, double_dot_populations(0.1, 2.0, U=3.0, **BARE), rtol=1e-14)
    # Without repulsion a dot is a flux qubit with a total rate that does not depend on temperature.
    dot = double_dot_concurrence(0.1, 2.0, U=0.0, **BARE)
    flux = resonant_qubits.concurrence_signed(flux_qubits_totals(0.1, 2.0, *BARE.values()))
    assert dot == pytest.approx(flux, rel=1e-12)


# --- refusals ---------------------------------------------------------------------------------------------------------


def built(name: str, **changes: Any) -> Callable[[], Any]:
    return lambda: systems.build(name, POINTS[name] | changes)


REFUSED: dict[str, tuple[Callable[[], Any], tuple[str, ...]]] = {
    "cavity, nothing but loss": (built("cavity", p=0.0, gamma=0.0), ("p = gamma = 0", "> 0")),
    "cavity, negative pump": (built("cavity", p=-1.0), ("p = -1.0", ">= 0")),
    "cavity, no loss": (built("cavity", kappa=0.0), ("kappa = 0.0", "> 0")),
    "cavity, no coupling": (built("cavity", g=0.0), ("g = 0.0", "> 0")),
    "cavity, no photons": (built("cavity", n_max=0), ("n_max = 0", ">= 1")),
    "cavity, too many photons": (built("cavity", n_max=10**6), ("n_max = 1000000", "1 to 500")),
    "cavity, half a photon": (built("cavity", n_max=2.5), ("n_max = 2.5", "whole number")),
    "cavity, negative dephasing": (built("cavity", dephasing=-0.1), ("dephasing = -0.1", ">= 0")),
    "cavity, infinite detuning": (built("cavity", detuning=math.inf), ("detuning = inf", "finite")),
    "cavity, pumped beyond its loss": (built("cavity", cavity_pump=2.0), ("cavity_pump = 2", "< kappa = 2")),
    "effective cavity": (lambda: effective_cavity(1e-3, 1e-3, 0.0), ("kappa = 0.0", "> 0")),
    "effective cavity, dark": (lambda: effective_cavity(0.0, 0.0, 1.0), ("up_A", "> 0")),
    "unknown parameter": (built("cavity", n_mx=3), ("'n_mx'", 'did you mean "n_max"')),
    "reset, negative temperature": (built("reset_engine", T_h=-1.0), ("T_h = -1.0", ">= 0", "0 and inf")),
    "reset, tiny temperature": (built("reset_engine", T_c=1e-3), ("T_c = 0.001", "underflows", "allowed: 0, or")),
    "reset, no resets": (built("reset_engine", p_c=0.0), ("p_c = 0.0", "> 0")),
    "reset, infinite coupling": (built("reset_engine", g=math.inf), ("g = inf", "finite")),
    "reset, no energy": (built("reset_engine", energy=0.0), ("energy = 0.0", "> 0")),
    "reset, closed form": (lambda: reset_engine_concurrence(math.nan, 1.0, **COUPLINGS), ("T_c = nan",)),
    "flux, infinite temperature": (built("flux_qubits", T_h=math.inf), ("T_h = inf", "infinite", "total/(2 n_B + 1)")),
    "flux, closed form": (lambda: flux_qubits_concurrence(math.inf, 1.0, **BARE), ("T_c = inf", "infinite")),
    "flux, huge temperature": (built("flux_qubits", T_h=1e308, gamma_h=99.0), ("T_h = 1e+308", "smaller")),
    "flux, no bath": (built("flux_qubits", gamma_h=0.0), ("gamma_h = 0.0", "> 0")),
    "dot, attraction": (built("double_dot", U=-1.0), ("U = -1.0", ">= 0")),
    "dot, cold against U": (built("double_dot", T_c=0.3, U=300.0), ("T_c = 0.3", "energy 301", "at least about 0.502")),
    "dot, repulsion missing": (lambda: systems.build("double_dot", {"T_c": 1}), ("'T_h'", "U")),
    "common, w_1 not positive": (built("common_bath", Omega=20.0), ("Omega = 20.0", "w_1", "= 20")),
    "common, degenerate": (built("common_bath", Omega=0.0), ("Omega = 0", "must not be 0")),
    "common, no T_C": (built("common_bath", gamma_C_A=0.1), ("T_C is missing",)),
    "common, no baths": (built("common_bath", gamma_A=0.0, gamma_B=0.0), ("all 0", "> 0")),
    "common, infinite T_C": (built("common_bath", T_C=math.inf, gamma_C_A=0.1), ("T_C = inf", "finite")),
    "common, negative T_A": (built("common_bath", T_A=-1.0), ("T_A = -1.0", ">= 0")),
    "common, negative rate": (built("common_bath", gamma_B=-1.0), ("gamma_B = -1.0", ">= 0")),
    "common, negative dephasing": (built("common_bath", dephasing=-1.0), ("dephasing = -1.0", ">= 0")),
    "common, no energy": (built("common_bath", epsilon_A=0.0), ("epsilon_A = 0.0", "> 0")),
    "common, tiny temperature": (built("common_bath", T_A=1e-2), ("T_A = 0.01", "underflows")),
    "nonsecular, g": (built("nonsecular_engine", g=1.5), ("g = 1.5", "|g| < ")),
    "nonsecular, no g": (built("nonsecular_engine", g=0.0), ("g = 0.0", "0 < |g|")),
    "nonsecular, infinite T_h": (built("nonsecular_engine", T_h=math.inf), ("nonsecular_engine: T_h = inf", "finite")),
    "nonsecular, delta": (built("nonsecular_engine", delta=-1.0), ("nonsecular_engine: delta = -1.0", "> -1")),
    "common, closed form": (lambda: common_bath_steady(1.0, -1.0, **QUBITS), ("T_B = -1.0",)),
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
