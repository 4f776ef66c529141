"""A machine of one's own is one file that ends in one registration: run files, maps and searches know it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from steady_values import steady_values

from trajectories import Channel, Model, Reservoir, exact
from trajectories.errors import InputError
from trajectories.runfiles.derived import at_point, resolve
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.systems import SYSTEMS, describe, register, registry
from trajectories.systems.registry import SteadyState


def driven_qubit(rabi: float, gamma: float, detuning: float = 0.0, n: float = 0.0) -> Model:
    """A driven qubit at one bath.

    Parameters
    ----------
    rabi : float
        Strength of the drive.
    gamma : float
        Rate of decay, > 0.
    detuning : float
        Of the drive from the qubit.
    n : float
        Occupation of the bath, >= 0.
    """
    if not gamma > 0.0:
        raise InputError(f"driven_qubit: gamma = {gamma:g}: must be > 0")
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    drive = 0.5 * rabi * (lower + lower.T) + detuning * np.diag([0.0, 1.0])
    channels = [Channel("down", math.sqrt(gamma * (n + 1)) * lower, "bath", None, "up" if n else "none")]
    channels += [Channel("up", math.sqrt(gamma * n) * lower.T, "bath", None, "down")] if n else []
    return Model(drive, channels, [Reservoir("bath")], name="driven_qubit")


def excited_over_half(steady: SteadyState) -> NDArray[np.float64]:
    """Population of the excited state in units of one half."""
    return 2.0 * steady["population.1"]


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register(driven_qubit, energy_scale="gamma", couplings=(1e-2, 1e2), quantities={"saturation": excited_over_half})
    yield
    del registry._machines["driven_qubit"]


def saturation(rabi: NDArray[np.float64], gamma: float, detuning: NDArray[np.float64]) -> NDArray[np.float64]:
    """Textbook value of twice the excited population without a thermal bath."""
    return np.asarray(0.5 * rabi**2 / (0.5 * rabi**2 + detuning**2 + 0.25 * gamma**2))


def test_maps() -> None:
    rabi, detuning = np.meshgrid(np.linspace(0.1, 3.0, 31), np.linspace(-1.0, 1.0, 21))
    found = exact.steady("driven_qubit", ["saturation", "population.1"], rabi=rabi, detuning=detuning, gamma=1.3)
    assert found["saturation"].shape == (21, 31)
    np.testing.assert_allclose(found["saturation"], saturation(rabi, 1.3, detuning), rtol=1e-12)
    from_function = exact.steady(driven_qubit, ["population.1"], rabi=rabi, detuning=detuning, gamma=1.3)
    np.testing.assert_array_equal(from_function["population.1"], found["population.1"])


def test_points_of_different_structure_and_points_that_are_refused() -> None:
    """Without occupation of its bath the machine has one channel less; a rate of 0 it refuses."""
    table = {"name": "driven_qubit", "rabi": 0.7, "n": np.array([0.0, 0.5, 0.0]), "gamma": np.array([1.0, 1.0, 0.0])}
    found = steady_values(table, ["population.1", "activity"], check=False)
    assert found["population.1"][0] == pytest.approx(0.5 * saturation(np.array(0.7), 1.0, np.array(0.0)), rel=1e-12)
    one = steady_values({**table, "n": 0.5, "gamma": 1.0}, ["population.1", "activity"])
    assert found["population.1"][1] == one["population.1"][0] and found["activity"][1] == one["activity"][0]
    assert np.isnan(found["population.1"][2])
    with pytest.raises(InputError, match="driven_qubit: gamma = 0: must be > 0"):
        steady_values(table, ["population.1"])


def test_run_files_and_searches() -> None:
    assert "driven_qubit" in SYSTEMS
    assert describe("driven_qubit")["parameters"]["rabi"]["doc"] == "Strength of the drive."
    tables = {"system": {"name": "driven_qubit", "gamma": 2.0, "n": 0.1}, "sweep": {"detuning": [0.3, 0.6]}}
    ensemble = {"trajectories": 64, "duration": 1.0, "samples": 1}
    optimise = {"maximise": "saturation - 1e-2*rabi", "over": ["rabi"]}
    run = Run.from_mapping({**tables, "ensemble": ensemble, "optimise": optimise})
    (job, _), point = jobs_of(run), resolve(at_point(run, 1)[1])
    assert job.model.name == "driven_qubit" and job.prepare().times.shape == (1,)
    assert point.optimum is not None and point.optimum.bounds["rabi"] == (2e-2, 2e2)
    best = point.system["rabi"]
    near = np.array([0.99 * best, best, 1.01 * best])
    table = {"name": "driven_qubit", "gamma": 2.0, "n": 0.1, "detuning": 0.6, "rabi": near}
    assert np.argmax(steady_values(table, ["saturation"])["saturation"] - 1e-2 * near) == 1
    values, where = exact.largest("driven_qubit", "saturation", {"detuning": (-1.0, 1.0)}, rabi=0.5, gamma=[1.0, 2.0])
    np.testing.assert_allclose(where["detuning"], 0.0, atol=1e-5)
    np.testing.assert_allclose(values[0], saturation(np.array(0.5), 1.0, np.array(0.0)), rtol=1e-9)
