"""`accumulate` against a plain-Python twin that works with whole states and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import random_model, random_state

from trajectories.errors import InputError
from trajectories.kernels.accumulate import accumulate
from trajectories.kernels.observable_table import (
    COUPLING_WORK,
    ENTROPY,
    ENTROPY_SINCE,
    FIRST_STATIC,
    PROJECTION,
    WEIGHT,
)
from trajectories.model import Model
from trajectories.sampling.block import Samples, sample, sample_block
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import diamond, local_engine

pytestmark = pytest.mark.interpreted
TIMES = np.array([0.0, 0.4, 1.0])
N = 40


def prepared(name: str) -> Preparation:
    if name == "diamond, steady":
        return prepare(diamond(beta_A=-1.0, beta_S=1.0), TIMES, None, N)
    if name == "one-way engine":
        model = local_engine(T_h=1.0, T_c=0.0, g=0.3, gamma_h=0.7, gamma_c=0.9)
        return prepare(model, TIMES, None, N, burn_in=0.4)
    model = random_model(3, 2, seed=3, dephasing=True)
    observables = {"O": random_state(np.random.default_rng(8), 3)}
    return prepare(model, TIMES, random_state(np.random.default_rng(5), 3), N, observables, burn_in=0.4)


def tallied(
    preparation: Preparation, samples: Samples
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What the kernel makes of the samples: x, ln w, density, histogram, infinite, leak."""
    observables = preparation.observables
    x = np.zeros((N, len(TIMES), len(preparation.columns)))
    log_weight = np.zeros((N, len(TIMES)))
    density = np.zeros((len(TIMES), observables.static.shape[1]), complex)
    histogram = np.zeros((observables.edges.shape[0], observables.edges.shape[1] + 1), np.int64)
    infinite, leak = np.zeros(len(TIMES), np.int64), np.zeros(1)
    with np.errstate(divide="ignore"):  # where kernels are plain Python: ln 0 of a state that cannot be
        accumulate(observables, *samples[:5], x, log_weight, density, histogram, infinite, leak)
    return x, log_weight, density, histogram, infinite, leak


def whole_state(preparation: Preparation, samples: Samples, i: int, t: int) -> np.ndarray:
    """psi in the computational basis."""
    sectors = preparation.sectors
    begin, end = sectors.offsets[samples.sector[i, t]], sectors.offsets[samples.sector[i, t] + 1]
    return sectors.basis[:, begin:end] @ samples.psi[i, t, : end - begin]


def logarithm(rho: np.ndarray) -> np.ndarray:
    p, vectors = np.linalg.eigh(rho)
    return (vectors * np.log(np.where(p > 1e-13, p, 1.0))) @ vectors.conj().T


def flow(model: Model, counts: np.ndarray) -> float:
    """Sum of Delta s over all jumps, one by one."""
    return float(sum(n * s for n, s in zip(counts, model.entropy_steps, strict=True) if n))


@pytest.mark.parametrize("name", ["diamond, steady", "one-way engine", "random, relaxing"])
def test_the_tally_is_what_the_definitions_say(name: str) -> None:
    preparation = prepared(name)
    model, observables = preparation.model, preparation.observables
    samples = sample(preparation.plan, observables, 7, 0, 0, N)
    x, log_weight, density, histogram, infinite, leak = tallied(preparation, samples)
    assert leak[0] < 1e-9
    start, finish = preparation.spectra
    n_linear = len(observables.linear)
    expected_density = np.zeros((len(TIMES), model.dimension, model.dimension), complex)
    drawn, never = [], np.zeros(len(TIMES), int)
    for i in range(N):
        log_p0 = np.log(start.probabilities[samples.initial[i]])
        psi0 = start.vectors[:, samples.initial[i]]
        since, entropy_from, energy_from = (
            np.zeros(len(model.channels)),
            0.0,
            np.vdot(psi0, model.hamiltonian @ psi0).real,
        )
        for t in range(len(TIMES)):
            psi, rho = (
                whole_state(preparation, samples, i, t),
                preparation.sectors.unflatten(preparation.exact.density[t]),
            )
            expected_density[t] += np.outer(psi, psi.conj())
            counts, energy = samples.counts[i, t], np.vdot(psi, model.hamiltonian @ psi).real
            given = flow(model, counts)
            entropy = log_p0 - np.vdot(psi, logarithm(rho) @ psi).real + given
            if TIMES[t] == preparation.counting_from > 0:
                since, entropy_from, energy_from = counts, entropy, energy
            linear = observables.linear[1:] @ (counts - since)
            heat = linear[: len(observables.edges) - 1].sum()
            assert x[i, t, 0] == (counts - since).sum()
            np.testing.assert_allclose(x[i, t, 1:n_linear], linear, atol=1e-12)
            if not observables.one_way.any():
                np.testing.assert_allclose(x[i, t, n_linear - 1], flow(model, counts - since), rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(x[i, t, n_linear + COUPLING_WORK], heat - energy + energy_from, atol=1e-11)
            np.testing.assert_allclose(x[i, t, n_linear + FIRST_STATIC], energy, atol=1e-11)
            np.testing.assert_allclose(x[i, t, n_linear + PROJECTION], pinching(rho, model, psi) - energy, atol=1e-9)
            if np.isinf(given):
                never[t] += 1
                assert log_weight[i, t] == -np.inf and x[i, t, n_linear + WEIGHT] == 0
                continue
            weight = np.exp(-given) * np.vdot(psi, rho @ psi).real / np.exp(log_p0)
            np.testing.assert_allclose(x[i, t, n_linear + ENTROPY], entropy, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose(x[i, t, n_linear + ENTROPY_SINCE], entropy - entropy_from, rtol=1e-9, atol=1e-9)
            np.testing.assert_allclose([x[i, t, n_linear + WEIGHT], np.exp(log_weight[i, t])], weight, rtol=1e-9)
        if np.isfinite(given):
            drawn.append(log_p0 - np.log(finish.probabilities[samples.final[i]]) + given)
    np.testing.assert_allclose(preparation.sectors.unflatten(density), expected_density, atol=1e-9)
    np.testing.assert_array_equal(infinite, never)
    np.testing.assert_array_equal(histogram[0, 1:-1], np.histogram(drawn, observables.edges[0])[0])
    assert histogram.sum(axis=1).tolist() == [N] * len(histogram)
    # Trajectories that cannot be undone are beyond the last edge.
    assert histogram[0, 0] == (np.array(drawn) < observables.edges[0][0]).sum()
    assert histogram[0, -1] == never[-1] + (np.array(drawn) >= observables.edges[0][-1]).sum()
    assert never[-1] > 0 or name != "one-way engine"


GROUND, MIXED = np.diag([1.0, 0.0, 0.0, 0.0]), np.eye(4) / 4


def test_a_trajectory_outside_the_support_is_noticed() -> None:
    """One of forty, the others inside: the largest weight counts, wherever it comes."""
    inside = prepare(diamond(-1.0, 1.0), TIMES, GROUND, N)
    samples = sample(inside.plan, inside.observables, 7, 0, 0, N)
    assert tallied(inside, samples)[-1][0] < 1e-9
    for stray in (0, N // 2, N - 1):
        sector = samples.sector + 0
        sector[stray, 0] = inside.sectors.sector_of[-1]  # excited at time 0, when everybody is in the ground state
        assert tallied(inside, samples._replace(sector=sector))[-1][0] == pytest.approx(1.0)


def test_a_start_that_is_not_the_ensembles_is_refused() -> None:
    """Trajectories that start anywhere, told against an ensemble that starts in the ground state."""
    inside, anywhere = (prepare(diamond(-1.0, 1.0), TIMES, rho, N) for rho in (GROUND, MIXED))
    assert sample_block(inside.plan, inside.observables, 1, 0, 0, N, 1.0).count == N
    message = "weight 1 outside the support of the ensemble state"
    with np.errstate(divide="ignore"), pytest.raises(InputError, match=message):
        sample_block(anywhere.plan, inside.observables, 1, 0, 0, N, 1.0)


def pinching(rho: np.ndarray, model: Model, psi: np.ndarray) -> float:
    """Mean energy after a measurement of psi in rho's eigenbasis; rho without degeneracy."""
    _, vectors = np.linalg.eigh(rho)
    energies = np.einsum("an,ab,bn->n", vectors.conj(), model.hamiltonian, vectors).real
    return float(np.abs(vectors.conj().T @ psi) ** 2 @ energies)


def test_the_order_of_jumps_does_not_change_a_bit_of_the_entropy() -> None:
    """Delta s of the jumps comes from net counts: a cycle there and back is exactly zero."""
    preparation = prepared("diamond, steady")
    samples = sample(preparation.plan, preparation.observables, 3, 0, 0, N)
    counts = samples.counts + 0
    counts[:, 1:] += np.array([1000, 1000, 77, 77])  # up and down equally often
    x = tallied(preparation, samples)[0]
    more = tallied(preparation, samples._replace(counts=counts))[0]
    column = len(preparation.observables.linear) + ENTROPY
    np.testing.assert_array_equal(x[:, :, column], more[:, :, column])
