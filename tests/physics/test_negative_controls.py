"""Engines with one deliberate mistake: each must be caught, in every quantity that is claimed to be checked against it.

The honest engine passes the same comparison (10^-3 family-wise), so that none of these tests can pass for a wrong
reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from unittest import mock

import numpy as np
import pytest
from sampled import controlled

from trajectories.kernels.observable_table import LOG_STATE, STATE
from trajectories.kernels.plan import Plan
from trajectories.master.sectors import Rotated, Sectors, rotated
from trajectories.model import Model
from trajectories.sampling import block, plan
from trajectories.sampling.preparation import Preparation
from trajectories.systems import diamond, local_engine

GROUND = np.diag([1.0, 0, 0, 0]).astype(complex)
HOT = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
MACHINES = {
    "diamond": (diamond(beta_A=0.0, beta_S=1.0), (0.4, 0.8)),
    "engine": (local_engine(**HOT), (50.0, 100.0)),
    "entangled": (diamond(beta_A=-2.0, beta_S=3.0), (0.4, 0.8)),
    "one-way": (local_engine(**(HOT | {"T_c": 0.0, "delta": 0.02})), (50.0, 100.0)),
}
TRAJECTORIES = 100_000


def honest(preparation: Preparation) -> Preparation:
    return preparation


def without_boundary_term(preparation: Preparation) -> Preparation:
    """Forget ln p(n0) - ln p(nT)."""
    observables = preparation.observables
    varying = observables.varying.copy()
    varying[:, LOG_STATE] = 0
    identity = np.concatenate([np.eye(m).ravel() for m in observables.dimension])
    varying[:, STATE] = identity
    return _with(
        preparation,
        observables=observables._replace(
            varying=varying, log_start=0 * observables.log_start, log_finish=0 * observables.log_finish
        ),
    )


def partners_swapped(preparation: Preparation) -> Preparation:
    """Give every jump the entropy of its reversal."""
    return _with(
        preparation, observables=preparation.observables._replace(pair_sign=-preparation.observables.pair_sign)
    )


def never_jumps(preparation: Preparation) -> Preparation:
    """Evolve with H alone: the norm never falls, so no jump ever comes."""
    return _with(preparation, plan=_plan(preparation, loss=0.0))


def no_jump_evolution_of_half_the_loss(preparation: Preparation) -> Preparation:
    """Evolve with H - (i/4) sum L^dag L between jumps."""
    return _with(preparation, plan=_plan(preparation, loss=0.5))


def hot_for_cold(preparation: Preparation) -> Preparation:
    """Book every jump's quantum with the wrong sign."""
    linear = preparation.observables.linear.copy()
    linear[1 : len(preparation.observables.edges)] *= -1
    return _with(preparation, observables=preparation.observables._replace(linear=linear))


def _with(preparation: Preparation, **changes: object) -> Preparation:
    return dataclasses.replace(preparation, **changes)


def _plan(preparation: Preparation, loss: float) -> Plan:
    """Compile the plan with the no-jump loss scaled by `loss`; the jump operators stay as they are."""

    def scaled(model: Model, sectors: Sectors) -> Rotated:
        operators = rotated(model, sectors)
        effective, adjoint = operators.effective, operators.effective.conj().T
        return operators._replace(effective=0.5 * (effective + adjoint) + 0.5 * loss * (effective - adjoint))

    start, finish = preparation.spectra
    with mock.patch.object(plan, "rotated", scaled):
        return plan.unravel(preparation.model, preparation.sectors, start, finish, preparation.times)


DYNAMICS = {"population", "energy", "energy_current", "heat_current", "activity", "entropy_production"}
CONTROLS: list[tuple[Callable, str, set[str]]] = [
    (
        without_boundary_term,
        "relaxing",
        {"entropy_production", "entropy_production_rate", "integral_fluctuation_theorem"},
    ),
    (without_boundary_term, "steady", {"integral_fluctuation_theorem"}),
    (partners_swapped, "steady", {"entropy_production", "entropy_production_rate", "integral_fluctuation_theorem"}),
    (never_jumps, "relaxing", DYNAMICS),
    (never_jumps, "steady", {"heat_current", "activity", "entropy_production"}),
    (no_jump_evolution_of_half_the_loss, "relaxing", DYNAMICS),
    (hot_for_cold, "relaxing", {"heat_current", "coupling_work"}),
]


STATES = {"population", "energy", "energy_current", "observable", "concurrence", "negativity"}
COUNTS = {"activity", "heat_current"}
# Machines with entanglement, and with a one-way channel: every quantity of a report is caught by some control.
MORE_CONTROLS: list[tuple[str, Callable, str, set[str]]] = [
    ("entangled", never_jumps, "relaxing", STATES | COUNTS | {"entropy_production", "entropy_production_rate"}),
    ("entangled", no_jump_evolution_of_half_the_loss, "relaxing", STATES | COUNTS | {"entropy_production"}),
    ("entangled", partners_swapped, "relaxing", {"entropy_production", "entropy_production_rate"}),
    ("entangled", hot_for_cold, "relaxing", {"heat_current", "coupling_work"}),
    ("one-way", never_jumps, "relaxing", STATES | COUNTS | {"coupling_work", "irreversible_fraction"}),
    (
        "one-way",
        no_jump_evolution_of_half_the_loss,
        "steady",
        STATES
        | COUNTS
        | {"coupling_work", "irreversible_fraction", "projection_energy", "integral_fluctuation_theorem"},
    ),
    ("one-way", partners_swapped, "steady", {"integral_fluctuation_theorem"}),
    ("one-way", hot_for_cold, "relaxing", {"heat_current", "coupling_work"}),
]


@pytest.mark.parametrize("machine", list(MACHINES))
@pytest.mark.parametrize("start", ["relaxing", "steady"])
def test_the_honest_engine_passes(machine: str, start: str) -> None:
    assert _caught(honest, machine, start) == set()


@pytest.mark.parametrize("machine", ["diamond", "engine"])
@pytest.mark.parametrize(("change", "start", "caught"), CONTROLS, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_engine_is_caught(machine: str, change: Callable, start: str, caught: set[str]) -> None:
    assert _caught(change, machine, start) >= caught


def _caught(change: Callable, machine: str, start: str) -> set[str]:
    model, times = MACHINES[machine]
    initial = GROUND if start == "relaxing" else None
    observables = {"level": np.diag([0.0, 1.0, 2.0, 5.0]).astype(complex)}
    return controlled(model, times, initial, TRAJECTORIES, change, observables)


@pytest.mark.parametrize(
    ("machine", "change", "start", "caught"), MORE_CONTROLS, ids=lambda value: getattr(value, "__name__", None)
)
def test_a_wrong_engine_is_caught_in_every_quantity(
    machine: str, change: Callable, start: str, caught: set[str]
) -> None:
    assert _caught(change, machine, start) >= caught


@pytest.mark.parametrize("machine", ["diamond", "engine"])
def test_a_wrong_kernel_is_caught(
    monkeypatch: pytest.MonkeyPatch, uniform_waiting_times: Callable[..., None], machine: str
) -> None:
    """A uniform number of the right mean in place of the exponential waiting time."""
    monkeypatch.setattr(block, "jumps", uniform_waiting_times)
    wanted = {"activity", "heat_current", "entropy_production", "population"}
    assert _caught(honest, machine, "relaxing") >= wanted
