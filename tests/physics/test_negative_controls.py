"""Engines with one deliberate mistake: each must be caught, in every quantity that is claimed to be checked against it.

The honest engine passes the same comparison (10^-3 family-wise), so that none of these tests can pass for a wrong reason.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sampled import controlled
from trajectories.kernels.ledger import LOG_STATE, STATE
from trajectories.preparation import Preparation, prepare
from trajectories.sectors import find_sectors
from trajectories.spectral import spectrum
from trajectories.systems import diamond, local_engine
from trajectories.unravelling import unravel

GROUND = np.diag([1.0, 0, 0, 0]).astype(complex)
DIAMOND = (diamond(beta_A=0.0, beta_S=1.0), (0.4, 0.8))
ENGINE = (local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011), (50.0, 100.0))
TRAJECTORIES = 100_000


def honest(preparation: Preparation) -> Preparation:
    return preparation


def without_boundary_term(preparation: Preparation) -> Preparation:
    """Forget ln p(n0) - ln p(nT)."""
    ledger = preparation.ledger
    varying = ledger.varying.copy()
    varying[:, LOG_STATE] = 0
    identity = np.concatenate([np.eye(m).ravel() for m in ledger.dimension])
    varying[:, STATE] = identity
    return _with(preparation, ledger=ledger._replace(varying=varying, log_start=0 * ledger.log_start, log_finish=0 * ledger.log_finish))


def partners_swapped(preparation: Preparation) -> Preparation:
    """Give every jump the entropy of its reversal."""
    return _with(preparation, ledger=preparation.ledger._replace(pair_sign=-preparation.ledger.pair_sign))


def never_jumps(preparation: Preparation) -> Preparation:
    """Evolve with H alone: the norm never falls, so no jump ever comes."""
    return _with(preparation, plan=_plan(preparation, loss=0.0))


def no_jump_evolution_of_half_the_loss(preparation: Preparation) -> Preparation:
    """Evolve with H - (i/4) sum L^dag L between jumps."""
    return _with(preparation, plan=_plan(preparation, loss=0.5))


def hot_for_cold(preparation: Preparation) -> Preparation:
    """Book every jump's quantum with the wrong sign."""
    linear = preparation.ledger.linear.copy()
    linear[1:] *= -1
    return _with(preparation, ledger=preparation.ledger._replace(linear=linear))


def _with(preparation: Preparation, **changes: object) -> Preparation:
    import dataclasses

    return dataclasses.replace(preparation, **changes)


def _plan(preparation: Preparation, loss: float):
    """Compile the plan of a model whose no-jump loss is scaled by `loss`; its jump operators stay as they are."""
    model = preparation.model

    class Wrong:
        def __getattr__(self, name: str):
            return getattr(model, name)

        @property
        def effective_hamiltonian(self) -> np.ndarray:
            return model.hamiltonian - 0.5j * loss * model.loss

        @property
        def loss(self) -> np.ndarray:
            return loss * model.loss

    start, finish = preparation.spectra
    return unravel(Wrong(), preparation.sectors, start, finish, preparation.times)


DYNAMICS = {"population", "energy", "energy_current", "heat_current", "activity", "entropy_production"}
CONTROLS: list[tuple[Callable, str, set[str]]] = [
    (without_boundary_term, "relaxing", {"entropy_production", "entropy_production_rate", "integral_fluctuation_theorem"}),
    (without_boundary_term, "steady", {"integral_fluctuation_theorem"}),
    (partners_swapped, "steady", {"entropy_production", "entropy_production_rate", "integral_fluctuation_theorem"}),
    (never_jumps, "relaxing", DYNAMICS),
    (never_jumps, "steady", {"heat_current", "activity", "entropy_production"}),
    (no_jump_evolution_of_half_the_loss, "relaxing", DYNAMICS),
    (hot_for_cold, "steady", {"heat_current", "coupling_work"}),
]


@pytest.mark.parametrize("machine", ["diamond", "engine"])
@pytest.mark.parametrize("start", ["relaxing", "steady"])
def test_the_honest_engine_passes(machine: str, start: str) -> None:
    assert _caught(honest, machine, start) == set()


@pytest.mark.parametrize("machine", ["diamond", "engine"])
@pytest.mark.parametrize(("change", "start", "caught"), CONTROLS, ids=lambda value: getattr(value, "__name__", None))
def test_a_wrong_engine_is_caught(machine: str, change: Callable, start: str, caught: set[str]) -> None:
    assert _caught(change, machine, start) >= caught


def _caught(change: Callable, machine: str, start: str) -> set[str]:
    model, times = DIAMOND if machine == "diamond" else ENGINE
    return controlled(model, times, GROUND if start == "relaxing" else None, TRAJECTORIES, change)
