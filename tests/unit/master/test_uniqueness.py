"""How many stationary states there are: the commutant's argument against the null space of the whole Liouvillian."""

from __future__ import annotations

import numpy as np
import pytest
from closed_forms.reset_engine import reset_engine_state
from full_space import liouvillian
from small_models import LOWER, one_way_model, random_model

from trajectories.master.block_generator import BlockSpace
from trajectories.master.lindblad import Master
from trajectories.master.null_space import null_dimension
from trajectories.model import Model
from trajectories.systems import cavity, common_bath, diamond, local_engine, reset_engine

SINGULAR = 1e-10
"""Singular values of the Liouvillians below, whose rates are of order one, are either rounding or above 1e-6."""


def brute_force(model: Model) -> int:
    values = np.linalg.svd(liouvillian(model), compute_uv=False)
    return int(np.count_nonzero(values < SINGULAR))


def sparse_random(seed: int) -> Model:
    """Levels joined by few jumps and couplings: some conserve nothing, others whole subspaces and coherences."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 6))
    hamiltonian = np.diag(rng.choice([0.0, 1.0, 2.3], d))
    for _ in range(int(rng.integers(0, 3))):
        i, j = rng.integers(0, d, 2)
        hamiltonian[i, j] += 0.7
        hamiltonian[j, i] += 0.7
    jumps = []
    for _ in range(int(rng.integers(1, 6))):
        kind, jump = rng.integers(0, 4), np.zeros((d, d))
        if kind == 0:
            jump[rng.integers(0, d), rng.integers(0, d)] = rng.choice([0.5, 1.0])
        elif kind == 1:
            jump[np.arange(d), rng.permutation(d)] = rng.choice([0.5, 1.0])
        elif kind == 2:
            jump[:-1, 1:] = np.diag(rng.choice([0.0, 0.5, 1.0], d - 1))
        else:
            jump = np.diag(rng.choice([-1.0, 0.0, 1.0], d))
        if jump.any():
            jumps.append(jump)
    return one_way_model(hamiltonian, jumps or [np.eye(d)])


def product(seed: int) -> Model:
    """A random model beside a qubit that is left alone, dephased, flipped or damped."""
    rng = np.random.default_rng(seed)
    inner, one = random_model(2, 1, seed=seed), np.eye(2)
    hamiltonian = np.kron(one, inner.hamiltonian) + np.kron(rng.choice([0.0, 1.0]) * np.diag([0.0, 1.0]), one)
    beside = [np.zeros((2, 2)), np.diag([1.0, -1.0]), LOWER + LOWER.T, LOWER][seed % 4]
    jumps = [np.kron(one, jump) for jump in inner.operators] + [np.kron(beside, one)] * bool(beside.any())
    return one_way_model(hamiltonian, jumps)


def test_the_structure_counts_as_the_whole_liouvillian_does() -> None:
    models = [sparse_random(seed) for seed in range(400)] + [product(seed) for seed in range(40)]
    expected = [brute_force(model) for model in models]
    assert [Master(model).null_dimension for model in models] == expected
    assert expected.count(1) > 50
    assert sum(n > 1 for n in expected) > 50


def ring(flip: float, energy: float = 0.0) -> Model:
    """0 -> 1 -> 2 -> 0 by one unitary jump: its powers 1, U, U^2 are conserved, U^2 = U^dag."""
    jumps = [np.eye(3)[[2, 0, 1]]] + [np.diag([0.0, 0.0, flip])] * (flip > 0)
    return one_way_model(np.diag([0.0, 0.0, energy]), jumps)


@pytest.mark.parametrize(("flip", "energy", "dimension"), [(0.0, 0.0, 3), (0.5, 0.0, 1), (0.0, 0.3, 1)])
def test_a_conserved_coherence_in_every_sector_is_looked_at(flip: float, energy: float, dimension: int) -> None:
    # The classes of coherences of all three models are the same, and so are their unique populations: a decision by
    # the graph alone must be wrong for one of them.
    model = ring(flip, energy)
    solver = Master(model)
    assert len(solver.space.coherence_classes) == 1
    assert solver.null_dimension == dimension == brute_force(model)


def test_transient_sectors_do_not_decide() -> None:
    # The level 2 decays into a flipped qubit, and holds no part of the conserved sigma_x: a decision that asks for
    # every sector, and not for those of the support, would overlook it.
    flip, decay = np.zeros((3, 3)), np.zeros((3, 3))
    flip[0, 1] = flip[1, 0] = decay[0, 2] = 1.0
    model = one_way_model(np.zeros((3, 3)), [flip, decay])
    assert Master(model).null_dimension == 2 == brute_force(model)


@pytest.mark.parametrize(
    "model",
    [
        cavity(p=5e-3, gamma=1e-3, kappa=2.0, n_max=12),
        diamond(-30.0, 30.0),
        local_engine(T_h=1.0, T_c=0.5, g=0.3, gamma_h=0.1, gamma_c=0.2),
        common_bath(T_A=0.5, T_B=1.0, epsilon_A=1.0, epsilon_B=1.0, Omega=0.3, gamma_A=0.02, gamma_B=0.02),
    ],
)
def test_what_is_not_looked_at_has_no_null_vector(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    solver, looked_at = Master(model), []
    between = BlockSpace.between
    monkeypatch.setattr(BlockSpace, "between", lambda space, found: looked_at.append(found) or between(space, found))
    assert solver.null_dimension == 1
    assert len(looked_at) < len(solver.space.coherence_classes)
    assert not any(null_dimension(between(solver.space, found)) for found in solver.space.coherence_classes)


@pytest.mark.parametrize("p_h", [1e-5, 1e-6, 1e-8])
def test_jumps_that_change_nothing_hide_no_slow_rate(p_h: float) -> None:
    """Resets of the ground state to itself, at p_c, round off more than the singular values at p_h are told by."""
    parameters = {"T_c": 0.1, "T_h": 1.0, "g": 1e-3, "p_c": 1e-2, "p_h": p_h}
    found = Master(reset_engine(**parameters))
    assert found.null_dimension == 1
    populations = reset_engine_state(**parameters).diagonal().real
    np.testing.assert_allclose(np.diagonal(found.steady_state()).real, populations, rtol=1e-7)
