"""Generators as products of the sectors' blocks, and their exponentials by series with an error bound."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

from trajectories import Channel, Model, Reservoir, systems
from trajectories.counting.entropy_statistics import generating_function
from trajectories.errors import TooCostly
from trajectories.master import block_products
from trajectories.master.block_products import BlockProducts, SeriesPropagator
from trajectories.master.lindblad import Master
from trajectories.master.relaxation import eigenvalues, rightmost_eigenvalues
from trajectories.model.operators import full

TIMES = np.array([0.3, 2.0, 5.0])


def dense(m: int, scale: float = 1.0) -> Model:
    """Return a random machine in one sector: H Gaussian over sqrt m, a pair L, e^{-1/2} L^dag."""
    rng = np.random.default_rng(m)
    matrices = (rng.normal(size=(2, m, m)) + 1j * rng.normal(size=(2, m, m))) / np.sqrt(m)
    jump = scale * matrices[1]
    channels = [Channel("in", jump, "bath"), Channel("out", np.exp(-0.5) * jump.conj().T, "bath")]
    return Model(0.5 * (matrices[0] + matrices[0].conj().T), channels, [Reservoir("bath")], name="dense")


def chain(spins: int) -> Model:
    """Return a transverse field Ising chain, two sectors by parity, with loss and gain at both ends."""
    flip, field, lower = np.array([[0, 1], [1, 0]]), np.diag([1, -1]), np.array([[0, 1], [0, 0]])

    def at(operator: np.ndarray, site: int) -> np.ndarray:
        return np.kron(np.kron(np.eye(2**site), operator), np.eye(2 ** (spins - site - 1)))

    energy = sum(at(flip, j) @ at(flip, j + 1) for j in range(spins - 1))
    energy = energy + 0.7 * sum(at(field, j) for j in range(spins))
    channels = []
    for name, site, beta in (("left", 0, 0.5), ("right", spins - 1, 1.0)):
        loss = np.sqrt(0.5) * at(lower, site)
        channels.append(Channel(name + " out", loss, name))
        channels.append(Channel(name + " in", np.exp(-beta / 2) * loss.T, name))
    return Model(energy, channels, [Reservoir("left"), Reservoir("right")], dims=[2] * spins)


def machines() -> list[Model]:
    dot = systems.double_dot(T_c=0.2, T_h=1.0, g=0.1, gamma_c=0.05, gamma_h=0.04, U=1.0)
    return [dense(6), chain(3), systems.diamond(beta_A=-2, beta_S=3), dot]


@pytest.mark.parametrize("model", machines(), ids=lambda model: model.name)
def test_products_are_the_generator(model: Model) -> None:
    master, rng = Master(model), np.random.default_rng(5)
    for weights in (np.ones(len(model.operators)), rng.uniform(0, 3, len(model.operators))):
        products, matrix = BlockProducts(master.space, master.sectors, weights), full(master.tilted(weights))
        vectors = rng.normal(size=(3, len(matrix))) + 1j * rng.normal(size=(3, len(matrix)))
        size = np.abs(matrix) @ np.abs(vectors.T)
        for vector, largest in zip(vectors, size.T, strict=True):
            assert (np.abs(products(vector) - matrix @ vector) <= 1e-14 * largest.max()).all()
        assert np.linalg.norm(matrix, 2) <= products.norm * (1 + 1e-12)
        assert products.elements >= np.count_nonzero(matrix)
        # The trace of a state grows at no more than the rate mu, from any start.
        moved = linalg.expm(matrix).conj().T @ master.trace_row
        growth = max(np.linalg.eigvalsh(block)[-1] for block in master.sectors.split(moved.astype(complex)))
        assert growth <= np.exp(products.growth) * (1 + 1e-12)


def _series(model: Model, weights: np.ndarray | None = None, most: float = 1e12) -> tuple[Master, SeriesPropagator]:
    master = Master(model)
    weights = np.ones(len(model.operators)) if weights is None else weights
    return master, SeriesPropagator(BlockProducts(master.space, master.sectors, weights), most)


def _error(model: Model, weights: np.ndarray | None = None) -> tuple[float, float]:
    """Return the largest error of states and integrals in the trace norm, relative to the largest state; its bound."""
    master, series = _series(model, weights)
    matrix = full(master.tilted(np.ones(len(model.operators)) if weights is None else weights))
    start = np.eye(1, len(matrix), dtype=complex)[0]
    states, integrals = series.evolve(start, TIMES)
    wrong = 0.0
    largest = max(1.0, np.abs(states).max())
    for t, time in enumerate(TIMES):
        exact = linalg.expm(matrix * time) @ start
        extended = linalg.expm(np.block([[matrix, np.eye(len(matrix))], [0 * matrix, 0 * matrix]]) * time)
        integral = extended[: len(matrix), len(matrix) :] @ start
        for change in (states[t] - exact, (integrals[t] - integral) / max(1.0, time)):
            norms = [np.linalg.svd(block, compute_uv=False).sum() for block in master.sectors.split(change)]
            wrong = max(wrong, sum(norms) / largest)
    return wrong, series.error


@pytest.mark.parametrize("model", [dense(6), chain(3)], ids=lambda model: model.name)
def test_series_keep_their_error_bound(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    tilted = np.linspace(0.2, 1.7, len(model.operators))
    for weights in (None, tilted):
        wrong, bound = _error(model, weights)
        assert bound < 1e-11 and wrong < 1e-11
    # Series that stop early are as wrong as they say: the bound is seen to work where it is not zero.
    monkeypatch.setattr(block_products, "TOLERANCE", 1e-5)
    wrong, bound = _error(model)
    assert 1e-9 < wrong <= bound < 1e-1


def test_a_nearly_defective_generator() -> None:
    """H_eff of a qubit at the exceptional point, sqrt(eps) away from two equal eigenvalues: nothing is diagonalised."""
    for off in (0.0, 1e-8):
        flip, lower = np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 0]])
        channels = [Channel("out", np.sqrt(4 * (1 + off)) * lower, "bath"), Channel("in", 1e-3 * lower.T, "bath")]
        wrong, bound = _error(Model(flip, channels, [Reservoir("bath")]))
        assert wrong < 1e-12 and bound < 1e-12


def test_rates_over_twelve_decades_are_refused_and_still_right() -> None:
    """A fast pair beside slow ones: the series would take 1e12 products, and the answer comes from elsewhere."""
    model = chain(3)
    fast = [Channel("fast out", 1e6 * model.operators[0], "fast"), Channel("fast in", 1e6 * model.operators[1], "fast")]
    stiff = Model(model.hamiltonian, [*model.channels, *fast], [*model.reservoirs, Reservoir("fast")], dims=model.dims)
    master, series = _series(stiff, most=2e9)
    assert not series.affordable(1.0) and series.affordable(1e-9)
    with pytest.raises(TooCostly, match="products of a generator with the norm"):
        series.advance(master.steady_blocks, 1.0)
    with pytest.raises(TooCostly):
        series.evolve(master.steady_blocks, TIMES)
    master.__dict__["large"] = True
    assert master.series(np.ones(len(stiff.operators)), 1.0) is None
    start = np.eye(8, dtype=complex) / 8
    assert np.abs(master.blocks(start, TIMES) - Master(stiff).blocks(start, TIMES)).max() < 1e-13


@pytest.mark.parametrize("model", [dense(17), chain(5)], ids=lambda model: model.name)
def test_large_sectors_agree_with_matrices(model: Model) -> None:
    new, old = Master(model), Master(model)
    assert new.large and new.series(np.ones(len(model.operators)), 5.0) is not None
    old.__dict__["large"] = False
    start = np.zeros((model.dimension,) * 2, complex)
    start[0, 0] = 0.75
    start[1, 1] = 0.25
    assert np.abs(new.blocks(start, TIMES) - old.blocks(start, TIMES)).max() < 1e-12
    assert np.abs(new.block_integrals(start, TIMES) - old.block_integrals(start, TIMES)).max() < 1e-11
    for exponent in (-0.5, 0.5, 1.0, 2.0):
        rho = old.steady_blocks
        values = [generating_function(master, exponent, rho, TIMES) for master in (new, old)]
        assert np.allclose(*values, rtol=1e-10, atol=0)
    # From its steady state a machine goes nowhere.
    still = Master(model)
    assert (still.blocks(still.steady_blocks, TIMES) == still.steady_blocks).all()


@pytest.mark.parametrize("model", [dense(12), chain(4)], ids=lambda model: model.name)
def test_slowest_modes_by_products_alone(model: Model) -> None:
    master, series = _series(model)
    found = rightmost_eigenvalues(series.action, series.norm, master.steady_blocks, master.trace_row)
    exact = eigenvalues(master._without_steady_state())
    assert found is not None and found.real.max() == pytest.approx(exact.real.max(), rel=1e-9)
    slowest = exact[np.argsort(-exact.real)[: len(found)]]
    assert np.abs(np.sort(found.real) - np.sort(slowest.real)).max() < 1e-9
