"""Large sparse evolutions by a Krylov space of the shifted inverse, against dense exponentials and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from trajectories.master import block_generator
from trajectories.master.lindblad import Master
from trajectories.master.sparse_propagation import ShiftedInverse, SparsePropagator
from trajectories.systems import cavity

TIMES = np.array([0.0, 3.0, 40.0, 41.0, 900.0])


def test_a_cavity_evolves_as_by_dense_exponentials(monkeypatch: pytest.MonkeyPatch) -> None:
    model = cavity(p=0.3, gamma=0.02, kappa=1.0, n_max=11)
    start = np.diag([1.0] + [0.0] * (model.dimension - 1))
    dense = Master(model)
    expected = dense.states(start, TIMES), dense.integrals(start, TIMES)
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    solver = Master(model)
    assert isinstance(solver.propagator(solver.generator), SparsePropagator)
    np.testing.assert_allclose(solver.states(start, TIMES), expected[0], atol=1e-12)
    np.testing.assert_allclose(solver.integrals(start, TIMES), expected[1], atol=1e-12 * TIMES[-1])
    assert solver.gap() == pytest.approx(dense.gap(), rel=1e-9)


def test_fast_oscillations_are_followed_in_steps() -> None:
    # Too many modes for one space: 300 frequencies, up to a hundred periods each.
    rates = 0.02 + 1j * np.linspace(-60.0, 60.0, 300)
    generator = sparse.csr_array(sparse.diags(-rates))
    start, times = np.ones(300), np.array([0.5, 12.0])
    exact = np.exp(-rates * times[:, None])
    assert ShiftedInverse(generator).evolve(start, times[1:]) is None
    states, integrals = SparsePropagator(generator).evolve(start, times)
    np.testing.assert_allclose(states, exact, atol=1e-9)
    np.testing.assert_allclose(integrals, (1 - exact) / rates, atol=1e-9)


def test_a_vector_that_is_zero_stays_zero() -> None:
    states, integrals = SparsePropagator(sparse.csr_array(-np.eye(500))).evolve(np.zeros(500), np.array([0.0, 1.0]))
    assert not states.any() and not integrals.any()
