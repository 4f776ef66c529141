"""Maxima over couplings by the search that run files use: the tables of the entanglement engines and of the cavity.

Reference values throughout, to their printed digits.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from trajectories.counting.optimum import Optimum, maximum
from trajectories.runfiles.derived import resolve
from trajectories.runfiles.run import Run

WEAK = [1e-6, 1e-2]


def best(system: dict[str, Any], over: dict[str, Any], maximise: str = "concurrence") -> Optimum:
    tables = {"system": system, "optimise": {"maximise": maximise, "over": over}}
    run = Run.from_mapping({**tables, "ensemble": {"trajectories": 1, "duration": 1.0}})
    found = resolve(run).optimum
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("T_h", "row"),
    [
        (0.5, (0.011065, 0.010386, 0.000617, 0.0)),
        (1.0, (0.026331, 0.025715, 0.014513, 0.0)),
        (2.0, (0.038617, 0.038066, 0.027009, 0.0)),
        (5.0, (0.047561, 0.047057, 0.036409, 0.006782)),
        (math.inf, (0.054109, 0.053638, 0.043385, 0.013989)),
    ],
)
def test_reset_engine(T_h: float, row: tuple[float, ...]) -> None:
    for T_c, wanted in zip((0.0, 0.1, 0.15, 0.2), row, strict=True):
        found = best({"name": "reset_engine", "T_c": T_c, "T_h": T_h, "p_c": 1e-2}, {"g": WEAK, "p_h": WEAK})
        assert found.value == pytest.approx(wanted, abs=6e-7) and found.zero == (wanted == 0.0)


def test_only_ratios_matter_and_the_largest_rates_are_taken() -> None:
    found = best({"name": "reset_engine", "T_c": 0.0, "T_h": math.inf}, {"g": WEAK, "p_c": WEAK, "p_h": WEAK})
    assert found.active == {"p_c": "upper"} and found.parameters["p_c"] == 1e-2
    assert found.parameters["g"] == pytest.approx(1.60596e-3, abs=5e-9)
    assert found.parameters["p_h"] == pytest.approx(1.13433e-3, abs=5e-9)


def test_flux_qubits() -> None:
    """At T_c = 0.15, T_h = 0.5, 1, 2, 5; and at T_h = 10^4 the limit of infinite T_h at finite total rates."""
    for T_h, wanted in ((0.5, 0.012010), (1.0, 0.040154), (2.0, 0.063369), (5.0, 0.080285)):
        found = best({"name": "flux_qubits", "T_c": 0.15, "T_h": T_h, "gamma_c": 1e-2}, {"g": WEAK, "gamma_h": WEAK})
        assert found.value == pytest.approx(wanted, abs=6e-7)
    system = {"name": "flux_qubits", "T_c": 0.0, "T_h": 1e6, "gamma_c": 1e-2}
    found = best(system, {"g": WEAK, "gamma_h": [1e-12, 1e-8]})
    assert found.value == pytest.approx(0.100350, abs=6e-7)
    assert found.parameters["g"] / 1e-2 == pytest.approx(0.154945, abs=2e-6)
    assert found.parameters["gamma_h"] / 1e-2 * 2e6 == pytest.approx(0.191958, abs=2e-6)


@pytest.mark.parametrize(
    ("U", "wanted"), [(5, 0.133758), (20, 0.203902), (100, 0.242813), (300, 0.252415), (25e3, 0.258692)]
)
def test_double_dot_over_the_hot_temperature_too(U: float, wanted: float) -> None:
    over = {"g": [1e-6, 0.1], "gamma_h": [1e-6, 0.1], "T_h": [0.1, 1e5]}
    found = best({"name": "double_dot", "T_c": 0.0, "gamma_c": 1e-2, "U": U}, over)
    assert found.value == pytest.approx(wanted, abs=6e-7) and not found.active
    if U == 20:
        assert found.parameters["T_h"] == pytest.approx(3.216, abs=5e-4)


def test_double_dot_without_repulsion_and_at_given_temperatures() -> None:
    system = {"name": "double_dot", "T_c": 0.0, "gamma_c": 1e-2, "U": 0.0}
    found = best({**system, "T_h": math.inf}, {"g": WEAK, "gamma_h": WEAK})
    assert found.value == pytest.approx(0.100350, abs=6e-7)
    assert best(system, {"g": WEAK, "gamma_h": WEAK, "T_h": [0.1, 1e5]}).active == {"T_h": "upper"}
    rows = {(0.5, 20.0): {1: 0.07757, 2: 0.13438, 3: 0.14681, 5: 0.13150, 10: 0.08232}}
    rows[(0.0, 300.0)] = {0.5: 0.05971, 2: 0.19236, 10: 0.24497, 20: 0.25168, 100: 0.18952}
    for (T_c, U), row in rows.items():
        for T_h, wanted in row.items():
            over = {"g": [1e-6, 0.1], "gamma_h": [1e-6, 1.0]}
            found = best({**system, "T_c": T_c, "U": U, "T_h": T_h}, over)
            assert found.value == pytest.approx(wanted, abs=6e-6)


def test_cavity() -> None:
    """C = 0.3869532 at p/gamma = 5.424, kappa/g = 2.332 for gamma = 1e-3 g."""
    found = best({"name": "cavity", "gamma": 1e-3, "n_max": 8}, {"p": [1e-3, 2e-2], "kappa": [0.5, 10]})
    assert found.value == pytest.approx(0.3869532, abs=6e-8)
    assert found.parameters["p"] == pytest.approx(5.424e-3, abs=6e-7)
    assert found.parameters["kappa"] == pytest.approx(2.332, abs=6e-4)


def test_cavity_with_less_decay() -> None:
    """C = 0.4479219 at p/gamma = 13.16, kappa/g = 2.248 for gamma = 1e-4 g."""
    found = best({"name": "cavity", "gamma": 1e-4, "n_max": 6}, {"p": [3e-4, 5e-3], "kappa": [0.5, 10]})
    assert found.value == pytest.approx(0.4479219, abs=6e-8)
    assert found.parameters["p"] == pytest.approx(13.16e-4, abs=6e-7)
    assert found.parameters["kappa"] == pytest.approx(2.248, abs=6e-4)


def test_machine_without_a_closed_form() -> None:
    """Tunnelling that restores the heat current at delta = 0.01: kappa_h = 0.070872 (reference value)."""
    system = {"name": "local_engine", "T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    found = best({**system, "delta": 0.01}, {"kappa_h": [1e-2, 0.3]}, "energy_current.h - energy_current.c")
    assert found.parameters["kappa_h"] == pytest.approx(0.070872, abs=6e-7)
    assert found.value / 1.994808e-4 == pytest.approx(0.99979, abs=1e-5)


def test_the_highest_of_many_peaks_and_a_narrow_ridge() -> None:
    """Functions with known maxima: local ones beside the highest, a long narrow ridge, a bound."""

    def peaks(v: dict[str, np.ndarray]) -> np.ndarray:
        x = np.log10(v["x"])
        return np.exp(-20 * (x + 1.234) ** 2) + 0.8 * np.exp(-5 * (x - 1) ** 2)

    found = maximum("peaks", peaks, {"x": (1e-3, 1e3)})
    assert math.log10(found.parameters["x"]) == pytest.approx(-1.234, abs=1e-5)

    def ridge(v: dict[str, np.ndarray]) -> np.ndarray:
        return -((1 - v["x"]) ** 2) - 1e3 * (v["y"] - v["x"] ** 2) ** 2

    found = maximum("ridge", ridge, {"x": (-2.0, 2.0), "y": (-1.0, 3.0)})
    assert found.parameters == pytest.approx({"x": 1.0, "y": 1.0}, abs=1e-4)
    slope = maximum("slope", lambda v: v["x"] - v["y"], {"x": (0.1, 3.0), "y": (0.5, 7.0)})
    assert slope.parameters == {"x": 3.0, "y": 0.5} and slope.active == {"x": "upper", "y": "lower"}
    box = {"x": (0.0, 1.0), "y": (1.0, 2.0)}
    level = maximum("level", lambda v: np.minimum(v["x"], 0.5) + 0.0 * v["y"], box)
    assert level.parameters == {"x": 1.0, "y": 1.0}  # y does not matter, x not beyond 0.5
    flat = maximum("flat", lambda v: 0.0 * v["x"], {"x": (1.0, 2.0)})
    assert flat.parameters == {"x": 1.0}


@pytest.mark.parametrize("slope", [0.3, 0.7, 1.3])
def test_a_bent_ridge_across_the_axes(slope: float) -> None:
    """A breadth of 0.01 along z = x^2, y = slope x + 0.01: the highest point is where x = 0.6, by construction."""

    def ridge(at: dict[str, np.ndarray]) -> np.ndarray:
        x, y, z = at["x"], at["y"], at["z"]
        return -1e4 * (y - slope * x - 0.01) ** 2 - (x - 0.6) ** 2 - (z - x**2) ** 2

    found = maximum("height", ridge, {name: (0.0, 1.0) for name in "xyz"})
    wanted = {"x": 0.6, "y": slope * 0.6 + 0.01, "z": 0.36}
    assert dict(found.parameters) == pytest.approx(wanted, abs=1e-6)
