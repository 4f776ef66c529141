"""Exact cumulants of one trajectory's numbers, against a generating function made with dense exponentials."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from scipy.linalg import expm
from small_models import random_model
from zoo import MACHINES

from trajectories.counting import finite_time_cumulants
from trajectories.kernels.observable_table import COUPLING_WORK, ENTROPY, ENTROPY_SINCE
from trajectories.master.eigenensemble import levels
from trajectories.master.lindblad import Master
from trajectories.master.propagation import PolynomialPropagator
from trajectories.master.sectors import find_sectors
from trajectories.model import Model
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.sampling.sampling_moments import measured_cumulants, trajectory_cumulants
from trajectories.systems import diamond, local_engine

MODELS = {
    "diamond": diamond(beta_A=-0.5, beta_S=1.0),
    "engine": local_engine(T_h=2.0, T_c=0.3, g=0.4, gamma_h=0.3, gamma_c=0.5, delta=0.2),
    "dense": random_model(3, 2, 5, dephasing=True),
}


def superoperator(model: Model, factors: np.ndarray) -> np.ndarray:
    """The generator of the full space with the jump term of channel k multiplied by factors[k], row-major."""
    d = model.dimension
    unit = np.eye(d)
    effective = model.hamiltonian - 0.5j * sum(op.conj().T @ op for op in model.operators)
    found = -1j * (np.kron(effective, unit) - np.kron(unit, effective.conj()))
    for factor, op in zip(factors, model.operators, strict=True):
        found = found + factor * np.kron(op, op.conj())
    return found


def by_generating_function(
    model: Model, weights: np.ndarray, a: np.ndarray, b: np.ndarray, rho: np.ndarray, t: float, size: float
) -> np.ndarray:
    """kappa_1 ... kappa_4: of ln Tr[e^{x b} e^{L_x t} (e^{x a} rho)], from 32 points of a circle."""
    x = 0.3 / size * np.exp(2j * np.pi * np.arange(32) / 32)
    values = []
    for point in x:
        start = expm(point * a) @ rho
        moved = (expm(superoperator(model, np.exp(point * weights)) * t) @ start.ravel()).reshape(rho.shape)
        values.append(np.trace(expm(point * b) @ moved))
    # The logarithm continues along the circle.
    logs = np.log(np.abs(values)) + 1j * np.unwrap(np.angle(values))
    coefficients = np.fft.fft(logs) / 32
    return np.array([(coefficients[n] * factorial(n) / (0.3 / size) ** n).real for n in range(1, 5)])


@pytest.mark.parametrize("name", MODELS)
def test_jumps_and_both_ends_together(name: str) -> None:
    model, rng = MODELS[name], np.random.default_rng(11)
    master = Master(model)
    sectors, d = master.sectors, model.dimension
    blocks = [0.3 * np.eye(m) + 0.1 * np.ones((m, m)) for m in sectors.dimensions]
    rho = sectors.unflatten(np.concatenate([block.ravel() for block in blocks]).astype(complex))
    rho = rho / np.trace(rho).real
    weights = rng.normal(size=len(model.channels))
    noise = sectors.flatten(rng.normal(size=(d, d)))
    final = sectors.unflatten(noise)
    final = 0.5 * (final + final.conj().T)
    values, vectors = np.linalg.eigh(rho)
    first = (vectors * np.log(values)) @ vectors.conj().T
    times = np.array([0.1, 0.7])
    ends = np.array([sectors.flatten(final)] * 2)
    found = trajectory_cumulants(master, weights, sectors.flatten(rho), times, sectors.flatten(first), ends)
    for i, t in enumerate(times):
        size = float(np.abs(weights).max() + np.abs(np.linalg.eigvalsh(final)).max() + np.abs(np.log(values)).max())
        expected = by_generating_function(model, weights, first, final, rho, float(t), size)
        np.testing.assert_allclose(found.variance[i], expected[1], rtol=1e-9)
        np.testing.assert_allclose(found.third[i], expected[2], rtol=1e-7, atol=1e-9 * expected[1] ** 1.5)
        np.testing.assert_allclose(found.fourth[i], expected[3], rtol=1e-6, atol=1e-7 * expected[1] ** 2)


def test_large_generators_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = MODELS["dense"]
    master, weights = Master(model), np.arange(1.0, len(MODELS["dense"].channels) + 1)
    start, times = master.steady_blocks, np.array([0.5, 2.0])
    dense = trajectory_cumulants(master, weights, start, times)
    monkeypatch.setattr(finite_time_cumulants, "SMALL_ENOUGH", 0)
    found = trajectory_cumulants(master, weights, start, times)
    np.testing.assert_allclose(found.fourth, dense.fourth, rtol=1e-9)


def test_exponentials_of_polynomials() -> None:
    rng = np.random.default_rng(3)
    parts = rng.normal(size=(3, 4, 4))
    parts[0] -= np.ones(4)[:, None] * parts[0].sum(axis=0) / 4  # columns sum to zero, as a generator's do
    joint = np.block([[parts[i - j] if i >= j else np.zeros((4, 4)) for j in range(3)] for i in range(3)])
    start = rng.normal(size=(3, 4))
    found = PolynomialPropagator(parts, np.ones(4)).evolve(start, np.array([0.0, 0.3, 5.0]))
    for t, each in zip((0.0, 0.3, 5.0), found, strict=True):
        expected = expm(joint * t) @ start.ravel()
        np.testing.assert_allclose(each.ravel(), expected, atol=1e-10 * np.abs(expected).max())


def test_outcomes_of_a_measurement() -> None:
    sectors = find_sectors(MODELS["diamond"])
    rho = np.array([0.1, 0.2, 0.3, 0.4])
    values = np.array([1.0, -2.0, 0.5, 3.0])
    found = measured_cumulants(values[None].astype(complex), rho[None].astype(complex), sectors)
    d = values - rho @ values
    second, third, fourth = (float(rho @ d**p) for p in (2, 3, 4))
    np.testing.assert_allclose(
        [found.variance[0], found.third[0], found.fourth[0]], [second, third, fourth - 3 * second**2], rtol=1e-12
    )
    np.testing.assert_allclose(np.sort(levels(values, sectors)), np.sort(values))


def test_what_would_cost_too_much_is_not_known_and_says_so() -> None:
    model = MODELS["dense"]
    master = Master(model)
    found = trajectory_cumulants(master, np.ones(len(model.channels)), master.steady_blocks, np.array([1.0]))
    assert not found.missing and np.isfinite(found.variance).all()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trajectories.sampling.sampling_moments.MOST_PRODUCTS", 1.0)
        found = trajectory_cumulants(master, np.ones(len(model.channels)), master.steady_blocks, np.array([1.0]))
    assert "multiplications" in found.missing and np.isnan(found.variance).all()


def spread_of(preparation: Preparation, trajectories_: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sampled variances (T, Q) and their standard errors."""
    block = sample_block(
        preparation.plan, preparation.observables, seed, 0, 0, trajectories_, preparation.jumps_per_trajectory
    )
    n = trajectories_
    variance, fourth = block.m2 / n, block.m4 / n
    return variance, np.sqrt(np.maximum(fourth - variance**2, 0.0) / n)


@pytest.mark.parametrize("name", ["diamond", "engine"])
@pytest.mark.parametrize("start", ["steady", "mixed"])
def test_sampled_spreads(name: str, start: str) -> None:
    # 6 standard errors of the sampled variance, 40 columns: false alarm below 1e-7. Where sectors have dimension 1 the
    # moments are exact, elsewhere they bound.
    model = MODELS[name]
    initial = None if start == "steady" else np.diag([0.4, 0.25, 0.25, 0.1]).astype(complex)
    preparation = prepare(model, np.array([0.2, 1.5]), initial, 20_000)
    variance, error = spread_of(preparation, 20_000, 5)
    n_linear = len(preparation.observables.linear)
    kinds = set()
    for q, column in enumerate(preparation.columns):
        if not column.reported and q >= n_linear:
            continue
        found = preparation.moments.column(q)
        if q == n_linear + 2:  # e^{-Delta S}, whose fourth moment the sample does not know
            continue
        kinds.add(found.exact)
        above, margin = variance[:, q] - found.variance, 6 * error[:, q] + found.noise
        assert (above <= margin).all(), column
        if found.exact:
            assert (above >= -margin).all(), column
    assert kinds == ({True} if name == "diamond" else {True, False})


def test_after_a_burn_in_counts_and_ends_begin_there() -> None:
    # In the steady state the beginning of counting cannot matter.
    model = MODELS["diamond"]
    early = prepare(model, np.array([1.0]), None, 1000)
    late = prepare(model, np.array([2.0, 3.0]), None, 1000, burn_in=2.0)
    n_linear = len(early.observables.linear)
    for q in (0, 1, n_linear + ENTROPY_SINCE, n_linear + COUPLING_WORK):
        np.testing.assert_allclose(
            late.moments.column(q).variance[1], early.moments.column(q).variance[0], rtol=1e-9, atol=1e-12
        )
    assert np.isnan(late.moments.column(0).variance[0]) or late.moments.column(0).variance[0] == 0.0
    longer = prepare(model, np.array([3.0]), None, 1000)
    entropy = n_linear + ENTROPY
    np.testing.assert_allclose(
        late.moments.column(entropy).variance[1], longer.moments.column(entropy).variance[0], rtol=1e-9
    )


def test_bunched_jumps_are_not_taken_for_independent_ones() -> None:
    # A dark and a bright pair of levels: of 5000 trajectories half a bright one is expected, and it carries all the
    # spread. As independent jumps the skewness of the mean would be .012.
    preparation = MACHINES["metastable, two baths"].prepare()
    found, n = preparation.moments.column(0), 5000
    skewness = float(found.third[-1] / found.variance[-1] ** 1.5 / np.sqrt(n))
    assert skewness == pytest.approx(1.41, abs=0.01)
    assert float(np.sqrt(found.variance[-1] / n)) == pytest.approx(0.33, abs=0.005)
