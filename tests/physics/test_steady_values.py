"""Closed forms on arrays of parameters against the null space, for every machine and quantity; thresholds; speed."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import pytest
from steady_values import quantity_of, steady_values

from trajectories import systems
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.report.rows import exact_rows
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run

RESET = {"name": "reset_engine", "T_h": 2.0, "g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}
NO_QUANTITY_OF_A_STATE = ("entropy_production", "integral_fluctuation_theorem", "projection_energy")
RANGES: dict[str, dict[str, tuple[float, float]]] = {
    "reset_engine": {"T_c": (0.2, 1), "T_h": (0.5, 5), "g": (0.1, 1), "p_c": (0.1, 1), "p_h": (0.1, 1)},
    "flux_qubits": {"T_c": (0.2, 1), "T_h": (0.5, 5), "g": (0.1, 1), "gamma_c": (0.1, 1), "gamma_h": (0.1, 1)},
    "double_dot": {
        **{"T_c": (0.2, 1), "T_h": (0.5, 5), "g": (0.1, 1), "gamma_c": (0.1, 1), "gamma_h": (0.1, 1)},
        **{"U": (0, 5), "energy": (0.5, 2)},
    },
    "local_engine": {
        **{"T_c": (0.2, 1), "T_h": (0.5, 5), "g": (0.1, 1), "gamma_c": (0.1, 1), "gamma_h": (0.1, 1)},
        **{"delta": (-0.5, 0.5), "epsilon_h": (1, 2)},
    },
    "diamond": {"beta_A": (-3, 3), "beta_S": (-3, 3), "pump": (0.1, 2), "omega": (0.5, 2)},
    "common_bath": {
        **{"T_A": (0.5, 3), "T_B": (0.5, 3), "T_C": (0.5, 3), "epsilon_A": (3, 4), "epsilon_B": (3, 4)},
        **{"Omega": (0.5, 2), "gamma_A": (0.1, 1), "gamma_B": (0.1, 1), "gamma_C_A": (0.1, 1), "gamma_C_B": (0, 1)},
    },
}


@pytest.mark.parametrize("name", RANGES)
def test_every_closed_form_is_the_null_space(name: str) -> None:
    """What the closed forms give of random machines is what one dense solution of L rho = 0 gives."""
    rng = np.random.default_rng(5)
    table: dict[str, Any] = {key: rng.uniform(low, high, 4) for key, (low, high) in RANGES[name].items()}
    names = [n for n in _row_names(name, {key: float(v[0]) for key, v in table.items()}) if "." not in n]
    names += ["purity", "concurrence_signed", "entanglement_margin"]
    names += ["energy_current." + systems.build(name, _at(table, 0)).reservoirs[0].name]
    found = steady_values({"name": name, **table}, names)
    for i in range(4):
        model = systems.build(name, _at(table, i))
        rho = Master(model).steady_state()
        np.testing.assert_allclose(rho, _null_state(model), atol=1e-11)
        for quantity in names:
            wanted = quantity_of(model, quantity)
            assert found[quantity][i] == pytest.approx(wanted, rel=1e-9, abs=1e-11), quantity


ENGINE = {"name": "local_engine", "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
DETUNED = {"name": "common_bath", "epsilon_A": 20.0, "epsilon_B": 22.0, "Omega": 10.0, "gamma_A": 1.0, "gamma_B": 1.0}

HOT = {"T_C": 23.0, "gamma_C_A": 1.0, "gamma_C_B": 1.0}


@pytest.mark.parametrize(
    ("table", "switched", "entangled", "least"),
    [
        ({**ENGINE, "T_h": 1.0}, "kappa_h", True, False),
        ({**ENGINE, "T_h": 0.12}, "kappa_c", False, False),
        ({**DETUNED, "T_A": 4.0, "T_B": 4.0}, "dephasing", True, False),
        ({**DETUNED, "T_A": 20.0, "T_B": 25.0}, "dephasing", False, False),
        ({**DETUNED, **HOT, "T_A": 12.0, "T_B": 6.0, "Omega": 4.0}, "dephasing", False, True),
    ],
)
def test_measures_go_on_where_a_closed_form_ends(
    table: dict[str, Any], switched: str, entangled: bool, least: bool
) -> None:
    """One name is one quantity: switching on what has no closed form changes nothing in the limit.

    least: sqrt(p_00 p_11) is the largest of Wootters' l, and the signed concurrence -2 sqrt(p_01 p_10).
    """
    names = ["concurrence_signed", "entanglement_margin", "concurrence", "negativity"]
    inner = steady_values({**table, switched: 0.0}, ["population.01", "population.10"])
    closed = steady_values({**table, switched: 0.0}, names)
    for small in (1e-14, 1e-12, 1e-10):
        found = steady_values({**table, switched: small}, names)
        for name in names:
            assert found[name][0] == pytest.approx(closed[name][0], rel=1e-7, abs=1e-12), (small, name)
    assert [bool(closed[name][0] > 0) for name in names] == [entangled] * 4
    lowest = -2 * math.sqrt(inner["population.01"][0] * inner["population.10"][0])
    assert bool(abs(closed["concurrence_signed"][0] - lowest) < 1e-12) is least


@pytest.mark.parametrize("extra", [{}, {"dephasing": 0.1, "epsilon_B": 3.5}, {"dephasing": 0.1}], ids=str)
@pytest.mark.parametrize("name", RANGES)
def test_names_and_numbers_are_those_of_the_reports_rows(name: str, extra: dict[str, float]) -> None:
    if extra and name != "common_bath":
        extra = {"kappa_h": 0.2, **({"kappa_c": 0.1} if len(extra) > 1 else {})} if name == "local_engine" else {}
    values = {key: 0.25 * low + 0.75 * high for key, (low, high) in RANGES[name].items()} | extra
    rows = _row_names(name, values)
    found = steady_values({"name": name, **values}, list(rows))
    assert len(rows) >= 13
    for quantity, value in rows.items():
        assert found[quantity][0] == pytest.approx(value, rel=1e-10, abs=1e-12), quantity


def _row_names(name: str, values: dict[str, Any]) -> dict[str, float]:
    """The rows of a steady run, by the names that `steady_values` understands."""
    ensemble = {"trajectories": 1, "duration": 1.0, "samples": 1}
    (job,) = jobs_of(Run.from_mapping({"system": {"name": name, **values}, "ensemble": ensemble}))
    found = {}
    for row in exact_rows(job.prepare()):
        label = None if row.quantity in ("concurrence", "negativity") else row.label or row.reservoir
        if row.quantity not in NO_QUANTITY_OF_A_STATE and row.exact is not None:
            found[row.quantity + (f".{label}" if label else "")] = row.exact
    return found


def _at(table: dict[str, Any], i: int) -> dict[str, Any]:
    return {key: float(values[i]) for key, values in table.items()}


def _null_state(model: Any) -> np.ndarray:
    d, one = model.dimension, np.eye(model.dimension)
    h = model.effective_hamiltonian
    generator = -1j * np.kron(h, one) + 1j * np.kron(one, h.conj())
    generator += sum(np.kron(jump, jump.conj()) for jump in model.operators)
    rho = np.linalg.svd(generator)[2][-1].conj().reshape(d, d)
    return rho / np.trace(rho)


def test_extreme_temperatures() -> None:
    """One-way baths and infinite temperature: reference values of the reset engine's best couplings."""
    hot = {**RESET, "T_c": np.array([0.0, 0.1]), "T_h": math.inf}
    found = steady_values(hot, ["concurrence", "entropy_production_rate", "heat_current.h"])
    assert found["entropy_production_rate"][0] == math.inf
    assert found["entropy_production_rate"][1] == pytest.approx(10 * found["heat_current.h"][1], rel=1e-12)
    one_way = steady_values({"name": "diamond", "beta_A": -math.inf, "beta_S": 1.0}, ["entropy_production_rate"])
    assert one_way["entropy_production_rate"][0] == math.inf
    # Reference values of the closed form beside the machine (PRL 120, 063604 (2018), Eq. (5)).
    corner = steady_values({"name": "diamond", "beta_A": np.array([0.0, -50.0]), "beta_S": 50.0}, ["concurrence"])
    np.testing.assert_allclose(corner["concurrence"], [1 / 3, 1 / 2], atol=1e-9)


def test_engine_quantities_of_the_critical_current() -> None:
    """J = 2 Q_h and J/J_c at T_h = 0.5, 0.7, 1 (reference values)."""
    engine = {"name": "local_engine", "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    system = {**engine, "T_h": np.array([0.5, 0.7, 1.0]), "delta": 0.02}
    found = steady_values(system, ["heat_flow", "heat_flow_ratio", "negativity", "critical_heat_current"])
    np.testing.assert_allclose(found["heat_flow"], [1.619914e-5, 2.708749e-5, 3.936378e-5], rtol=1e-6)
    np.testing.assert_allclose(found["heat_flow_ratio"], [2.47595, 2.53586, 2.42515], rtol=1e-5)
    np.testing.assert_allclose(found["negativity"], [6.95857e-5, 2.03908e-4, 4.31927e-4], rtol=1e-5)
    ratio = 0.5 * found["heat_flow"] / found["critical_heat_current"]
    np.testing.assert_allclose(ratio, found["heat_flow_ratio"], rtol=1e-12)


def test_effective_temperatures_meet_at_the_thermalisation_points() -> None:
    """Delta eps and T_eff at T_B = 8, Omega = 6, eps_m = 20 for T_A = 5, 4, 3, 2 (reference values)."""
    gap = np.array([0.947051, 1.425262, 1.859682, 2.077412])
    system = {"name": "common_bath", "T_A": np.array([5.0, 4, 3, 2]), "T_B": 8.0, "Omega": 6.0}
    system |= {"gamma_A": 1.0, "gamma_B": 1.0, "epsilon_A": 20 + gap / 2, "epsilon_B": 20 - gap / 2}
    found = steady_values(system, ["effective_temperature.1", "effective_temperature.2"])
    for temperature in found.values():
        np.testing.assert_allclose(temperature, [6.740304, 6.499260, 6.374011, 6.334557], atol=1e-5)


def test_cavity_and_its_effective_model() -> None:
    """C of the full and of the effective model at gamma = 1e-3, p = 1e-3 (reference values)."""
    system = {"name": "cavity", "p": 1e-3, "gamma": 1e-3, "kappa": np.array([0.3, 2.0, 30.0]), "n_max": 8}
    found = steady_values(system, ["concurrence", "effective.concurrence"])
    np.testing.assert_allclose(found["concurrence"], [0.282079, 0.305800, 0.270297], atol=5e-7)
    np.testing.assert_allclose(found["effective.concurrence"], [0.327510, 0.318096, 0.270812], atol=5e-7)
    with pytest.raises(InputError, match="keep more levels"):
        steady_values({**system, "n_max": 1, "p": 0.1}, ["concurrence"])


def test_threshold_temperatures() -> None:
    """T_h/E from which on there is entanglement (reference values), and none beyond T_c/E = 0.2181."""
    cold = np.array([0.05, 0.1, 0.15, 0.2, 0.21, 0.22])
    found = steady_values({**RESET, "T_c": cold}, ["threshold_temperature"])["threshold_temperature"]
    np.testing.assert_allclose(found[:5], [0.06487, 0.18467 * 1.0, 0.48035, 2.40885, 5.64840], rtol=6e-5)
    assert np.isnan(found[5])
    flux = {"name": "flux_qubits", "T_c": cold[:4], "T_h": 1.0, "g": 1e-3, "gamma_c": 1e-2, "gamma_h": 1e-3}
    found = steady_values(flux, ["threshold_temperature"])["threshold_temperature"]
    np.testing.assert_allclose(1 / cold[:4] - 1 / found, 4 * math.log(1 + math.sqrt(2)), rtol=1e-6)
    with pytest.raises(InputError, match="reset_engine"):
        steady_values({"name": "diamond", "beta_A": 0.0, "beta_S": 1.0}, ["threshold_temperature"])


def test_where_the_double_dot_ends() -> None:
    """With U/E = 20 there is entanglement up to T_c/E = 2.34374 (reference value)."""
    dot = {"name": "double_dot", "T_c": np.array([0.0, 2.343, 2.3445]), "U": 20.0, "T_h": 1.0, "g": 1e-3}
    dot |= {"gamma_c": 1e-2, "gamma_h": 1e-2}
    found = steady_values(dot, ["threshold_temperature"])["threshold_temperature"]
    assert found[0] == 0.0 and found[1] > 2.343 and np.isnan(found[2])


def test_uncertainty_ratios() -> None:
    """Reset engine T_c = 0.1, T_h = 2: 3.94115; engine at delta = 0 and 0.01 (reference values)."""
    assert steady_values({**RESET, "T_c": 0.1}, ["tur_ratio.h"])["tur_ratio.h"][0] == pytest.approx(3.94115, abs=6e-6)
    engine = {"name": "local_engine", "T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    found = steady_values({**engine, "delta": np.array([0.0, 0.01])}, ["tur_ratio.h"])["tur_ratio.h"]
    np.testing.assert_allclose(found, [3.83639, 4.17389], atol=6e-6)


def test_what_is_refused() -> None:
    engine = {"name": "local_engine", "T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    gaps = {"epsilon_h": np.array([0.1, 0.3, 2.0]), "delta": np.array([0.2, -0.4, 0.1])}
    with pytest.raises(InputError, match="epsilon_c"):
        steady_values({**engine, **gaps}, ["concurrence"])
    with pytest.raises(InputError, match='unknown quantity concurrance of reset_engine; did you mean "concurrence"'):
        steady_values({**RESET, "T_c": np.array([0.1, 0.2])}, ["concurrance"])
    with pytest.raises(InputError, match=r"unknown quantity population\.SS; .*states are 00, 01, 10, 11, G, S, A"):
        steady_values({"name": "diamond", "beta_A": 0.0, "beta_S": 1.0}, ["population.SS"])
    with pytest.raises(InputError, match="unknown system dimond"):
        steady_values({"name": "dimond", "beta_A": 0.0}, ["concurrence"])
    with pytest.raises(InputError, match="T_c"):
        steady_values({**RESET, "T_c": np.array([0.1, -0.2, 0.3])}, ["concurrence"])
    with pytest.raises(InputError, match="missing"):
        steady_values(RESET, ["concurrence"])
    with pytest.raises(InputError, match="not unique"):
        one_bath = {"T_A": 1.0, "T_B": 1.0, "epsilon_A": 2.0, "epsilon_B": 2.0, "Omega": 0.5, "gamma_A": 0.0}
        common = {"gamma_B": 0.0, "T_C": 1.0, "gamma_C_A": 1.0, "gamma_C_B": 1.0}
        steady_values({"name": "common_bath", **one_bath, **common}, ["concurrence"])


def test_maps_are_fast() -> None:
    """A 101 x 101 map of the diamond takes less than 500 points one by one: measured a quarter of it."""
    a, s = (axis.ravel() for axis in np.meshgrid(np.linspace(-6, 6, 101), np.linspace(-6, 6, 101)))
    quantities = ["concurrence", "entropy_production_rate"]
    start = time.process_time()
    found = steady_values({"name": "diamond", "beta_A": a, "beta_S": s}, quantities)
    mapped = time.process_time() - start
    for i in range(500):
        steady_values({"name": "diamond", "beta_A": a[i], "beta_S": s[i]}, quantities)
    assert mapped < time.process_time() - start - mapped
    assert found["concurrence"].shape == (10201,) and found["entropy_production_rate"].min() >= 0.0
