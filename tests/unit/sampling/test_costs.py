"""Exact values that would take too long are refused before they are begun, and everything else goes on."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import sparse

from trajectories.api import run
from trajectories.counting import entropy_statistics
from trajectories.errors import InputError, TooCostly
from trajectories.master import block_generator
from trajectories.master.lindblad import Master
from trajectories.master.sparse_propagation import SparsePropagator
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import embed, sigma_minus
from trajectories.sampling import weight_moments
from trajectories.sampling.preparation import prepare
from trajectories.sampling.weight_moments import needed_in_words, trajectories_needed

TIMES = np.array([10.0, 40.0])


def chain(cold: float, sites: int) -> Model:
    """An XX chain of level spacing 5 between two baths: Delta s = 5/cold for a jump into the cold one."""
    dims = (2,) * sites
    lower = [embed(sigma_minus(), i, dims) for i in range(sites)]
    hamiltonian = sum(5.0 * a.conj().T @ a for a in lower)
    for a, b in zip(lower, lower[1:], strict=False):
        hamiltonian = hamiltonian + a.conj().T @ b + b.conj().T @ a
    channels = []
    for name, a, temperature in (("L", lower[0], 10.0), ("R", lower[-1], cold)):
        filling = 1 / (np.exp(5.0 / temperature) + 1)
        channels.append(Channel(f"{name}_in", np.sqrt(0.5 * filling) * a.conj().T, name, quantum=5.0))
        channels.append(Channel(f"{name}_out", np.sqrt(0.5 * (1 - filling)) * a, name, quantum=-5.0))
    reservoirs = [Reservoir("L", 0.1), Reservoir("R", 1 / cold)]
    return Model(hamiltonian, channels, reservoirs, name="chain", dims=dims, pair=None)


def ground(sites: int) -> np.ndarray:
    rho = np.zeros((2**sites, 2**sites))
    rho[0, 0] = 1.0
    return rho


def test_a_generator_whose_norm_is_e_to_the_delta_s_is_refused_at_once() -> None:
    master, begin = Master(chain(0.5, 6)), time.perf_counter()
    with pytest.raises(TooCostly, match=r"products with a matrix of 6,972 elements .* over a time of 40"):
        entropy_statistics.generating_function(master, 3.0, ground(6), TIMES)  # with the limit of hours
    assert time.perf_counter() - begin < 20


def test_what_is_foreseen_are_the_products_of_the_taylor_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusing goes by a count of matrix elements that are multiplied: the series must not multiply more of them."""
    master = Master(chain(1.5, 3))
    generator = sparse.csr_matrix(master.tilted(np.exp(-1.5 * master.model.entropy_steps)))
    duration, multiplied = 40.0, 0
    matvec = sparse.csr_matrix._matmul_vector

    def counted(self: sparse.csr_matrix, other: np.ndarray) -> np.ndarray:
        nonlocal multiplied
        multiplied += self.nnz
        return matvec(self, other)

    monkeypatch.setattr(sparse.csr_matrix, "_matmul_vector", counted)
    SparsePropagator(sparse.csr_array(generator)).advance(np.ones(generator.shape[0], complex), duration)
    foreseen = 6.0 * float(abs(generator).sum(axis=0).max()) * duration * generator.nnz
    assert 0.02 * foreseen < multiplied < foreseen


def test_an_evolution_of_days_is_refused_at_its_first_step() -> None:
    """Frequencies that no Krylov space holds, over 10^9 periods: steps of a hundred radians would be needed."""
    rates = 0.0 + 1j * np.linspace(-60.0, 60.0, 300)
    propagator, begin = SparsePropagator(sparse.csr_array(sparse.diags(-rates))), time.perf_counter()
    with pytest.raises(TooCostly, match="over a time of 1e"):
        propagator.evolve(np.ones(300), np.array([1e9]))
    assert time.perf_counter() - begin < 20
    states, _ = propagator.evolve(np.ones(300), np.array([1e-3, 5.0]))  # what is short is followed as before
    np.testing.assert_allclose(states[-1], np.exp(-rates * 5.0), atol=1e-9)


def test_large_rates_alone_cost_nothing_where_nothing_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    """<e^{-Delta S}> of a fast machine: the Taylor series would need 10^9 products, the Krylov space a few dozen."""
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    channels = [
        Channel("down", np.sqrt(2e8) * sigma_minus(), "h", quantum=-1.0),
        Channel("up", np.sqrt(1e8) * sigma_minus().T, "h", quantum=1.0),
    ]
    model = Model(np.diag([0.0, 1.0]), channels, [Reservoir("h")], name="fast", dims=(2,), pair=None)
    found = entropy_statistics.generating_function(Master(model), 1.0, np.diag([0.9, 0.1]), np.array([1.0]), most=1e9)
    np.testing.assert_allclose(found, 1.0, atol=1e-9)


@pytest.mark.parametrize("affordable", [1e6, 3e6])
def test_the_bound_of_the_second_moment_lies_below_it(monkeypatch: pytest.MonkeyPatch, affordable: float) -> None:
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    model, times = chain(1.0, 3), np.array([3.0, 10.0])
    master, start = Master(model), np.diag([0.3, *np.full(7, 0.1)])
    first, second, third = (
        entropy_statistics.generating_function(master, power, start, times) for power in (1.0, 2.0, 3.0)
    )
    assert weight_moments.higher_moments(master, start, times, first)[1] == pytest.approx(third)
    monkeypatch.setattr(entropy_statistics, "WORTH", affordable)
    bound, unknown = weight_moments.higher_moments(master, start, times, first)
    assert np.isnan(unknown).all()
    assert (bound <= second * (1 + 1e-9)).all()
    assert (bound > first**2 * 1.5).all()  # and says more than that a square has a positive mean


def test_a_row_is_given_up_with_its_reason_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    model = chain(0.5, 2)
    result = run(model, times=[20.0, 40.0], trajectories=256, initial="ground")
    point = result.points[0]
    assert np.isnan(point.preparation.exact.third).all()
    assert np.isfinite(point.preparation.exact.mean[:, point.weight_column]).all()
    rows = [row for row in result.report().rows if row.time == 40.0]
    theorem = next(row for row in rows if row.quantity == "integral_fluctuation_theorem")
    assert theorem.status == "unresolved" and "takes at least" in theorem.note
    assert all(row.exact is not None for row in rows)
    (line,) = [line for line in point.preparation.summary if "is not computed" in line]
    assert line.startswith("<e^(-2 Delta S)> is not computed: ") and "|Delta s| = 10;" in line
    assert line in result.report().text()


def test_an_evolution_that_the_run_cannot_do_without_is_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    own = Master.propagator
    monkeypatch.setattr(Master, "propagator", lambda self, g, **rest: own(self, g, **(rest | {"most": 1.0})))
    monkeypatch.setattr("trajectories.master.sparse_propagation.LARGEST", 12)  # no Krylov space is enough
    with pytest.raises(InputError, match=r"^duration 40: the master equation cannot be solved .* products"):
        prepare(chain(1.5, 3), TIMES, ground(3), 64)


def test_what_is_not_known_is_not_called_resolved() -> None:
    assert trajectories_needed(1.0, 1.5, np.nan) == np.inf
    assert needed_in_words(1.0, 1.0, np.nan) == weight_moments.NOT_KNOWN
    assert needed_in_words(1.0, 5.0, np.nan) == "takes at least 1e+04 trajectories"
    assert needed_in_words(1.0, np.inf, np.nan) == needed_in_words(1.0, np.inf, np.inf) == weight_moments.MORE
