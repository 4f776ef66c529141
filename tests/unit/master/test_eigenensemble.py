"""Eigenbases of density matrices: complete, by sectors, and unambiguous where the mathematics is not."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import complex_matrix, random_model, random_state

from trajectories.errors import InputError
from trajectories.master.eigenensemble import spectrum
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.systems import diamond, local_engine

ENGINE = local_engine(T_h=0.7, T_c=0.1, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)


def one_sector(d: int) -> Sectors:
    return Sectors("computational", np.eye(d, dtype=complex), tuple(map(str, range(d))), np.array([0, d]), 0.0)


@pytest.mark.parametrize("rank", [None, 2])
def test_a_random_state_is_diagonalised(rank: int | None) -> None:
    model, rho = random_model(5, 2, seed=3), random_state(np.random.default_rng(4), 5, rank)
    found = spectrum(rho, model.hamiltonian, find_sectors(model))
    p, vectors = found.probabilities, found.vectors
    np.testing.assert_allclose((vectors * p) @ vectors.conj().T, rho, atol=1e-14)
    np.testing.assert_allclose(vectors.conj().T @ vectors, np.eye(5), atol=1e-14)
    assert (np.diff(p) <= 0).all()
    assert p.sum() == pytest.approx(1.0, abs=1e-15)
    assert found.null_rank == (0 if rank is None else 3)
    np.testing.assert_array_equal(found.local, vectors.T)


def test_vectors_stay_in_their_sectors() -> None:
    sectors = find_sectors(ENGINE)
    rho = sectors.unflatten(sectors.flatten(random_state(np.random.default_rng(5), 4)))
    found = spectrum(rho, ENGINE.hamiltonian, sectors)
    assert found.sector.tolist() == [0, 1, 1, 2]
    assert found.local.shape == (4, 2)
    assert found.local[0, 1] == found.local[3, 1] == 0.0
    for n in range(4):
        own = slice(sectors.offsets[found.sector[n]], sectors.offsets[found.sector[n] + 1])
        m = own.stop - own.start
        np.testing.assert_allclose(sectors.basis[:, own] @ found.local[n, :m], found.vectors[:, n], atol=1e-15)
    np.testing.assert_allclose((found.vectors * found.probabilities) @ found.vectors.conj().T, rho, atol=1e-14)


def test_a_degenerate_state_is_measured_in_energy_eigenstates() -> None:
    rng = np.random.default_rng(6)
    hamiltonian = complex_matrix(rng, 4)
    hamiltonian = hamiltonian + hamiltonian.conj().T
    found = spectrum(np.eye(4) / 4, hamiltonian, one_sector(4))
    energies = np.linalg.eigvalsh(hamiltonian)
    inside = found.vectors.conj().T @ hamiltonian @ found.vectors
    np.testing.assert_allclose(inside, np.diag(energies), atol=1e-13)
    np.testing.assert_allclose(found.probabilities, 0.25, atol=1e-15)


def test_degenerate_eigenspaces_of_rank_two() -> None:
    rng = np.random.default_rng(7)
    basis = np.linalg.qr(complex_matrix(rng, 4))[0]
    rho = basis @ np.diag([0.4, 0.4, 0.2, 0.0]) @ basis.conj().T
    hamiltonian = complex_matrix(rng, 4)
    hamiltonian = hamiltonian + hamiltonian.conj().T
    found = spectrum(rho, hamiltonian, one_sector(4))
    inside = found.vectors[:, :2].conj().T @ hamiltonian @ found.vectors[:, :2]
    assert abs(inside[0, 1]) < 1e-13
    assert inside[0, 0].real < inside[1, 1].real
    assert found.null_rank == 1


@pytest.mark.parametrize("seed", range(5))
def test_rounding_errors_do_not_choose_the_basis(seed: int) -> None:
    """A projector degenerate in rho and in H: noise of 1e-16 must move the vectors by no more than that, times ten."""
    rng = np.random.default_rng(seed)
    space = np.linalg.qr(complex_matrix(np.random.default_rng(8), 5))[0][:, :3]
    rho = space @ space.conj().T / 3
    noise = 1e-16 * complex_matrix(rng, 5)
    clean = spectrum(rho, np.zeros((5, 5)), one_sector(5)).vectors
    noisy = spectrum(rho + noise + noise.conj().T, np.zeros((5, 5)), one_sector(5)).vectors
    np.testing.assert_allclose(noisy, clean, atol=2e-15 * 10)


@pytest.mark.parametrize("seed", range(8))
def test_of_equal_choices_the_first_is_taken(seed: int) -> None:
    """All basis states project equally onto what is orthogonal to a uniform vector; noise must not choose one."""
    rng = np.random.default_rng(seed)
    phases = np.array([1, 1j, -1, -1j, 1]) / np.sqrt(5)
    for rho in ((np.eye(5) - np.outer(phases, phases.conj())) / 4, np.outer(phases, phases.conj())):
        noise = 1e-16 * complex_matrix(rng, 5)
        clean = spectrum(rho, np.zeros((5, 5)), one_sector(5)).vectors
        noisy = spectrum(rho + noise + noise.conj().T, np.zeros((5, 5)), one_sector(5)).vectors
        np.testing.assert_allclose(noisy, clean, atol=2e-14)


def test_everything_outside_the_support_is_one_eigenspace() -> None:
    # Eigenvalues 0 and 5e-14 belong to vectors that H couples: both count as zero, so H decides.
    rho, hamiltonian = np.diag([1.0, 5e-14, 0.0]), np.zeros((3, 3))
    hamiltonian[1, 2] = hamiltonian[2, 1] = 1.0
    found = spectrum(rho, hamiltonian, one_sector(3))
    np.testing.assert_allclose(np.abs(found.vectors[1:, 1:]), np.sqrt(0.5), atol=1e-12)


def test_probabilities_sum_to_one() -> None:
    found = spectrum(np.diag([0.6, 0.4 + 1e-10]), np.eye(2), one_sector(2))
    assert found.probabilities.sum() == pytest.approx(1.0, abs=1e-15)


def test_without_any_preference_the_basis_states_are_taken() -> None:
    found = spectrum(np.eye(3) / 3, np.eye(3), one_sector(3))
    np.testing.assert_allclose(found.vectors, np.eye(3), atol=1e-15)


def test_phases_make_the_largest_component_positive() -> None:
    psi = np.array([0.6j, -0.8, 0.0])
    found = spectrum(np.outer(psi, psi.conj()), np.diag([0.0, 1.0, 2.0]), one_sector(3))
    np.testing.assert_allclose(found.vectors[:, 0], [-0.6j, 0.8, 0.0], atol=1e-15)
    equal = np.array([1j, 1.0, -1.0]) / np.sqrt(3)
    found = spectrum(np.outer(equal, equal.conj()), np.diag([0.0, 1.0, 2.0]), one_sector(3))
    np.testing.assert_allclose(found.vectors[:, 0], np.array([1, -1j, 1j]) / np.sqrt(3), atol=1e-15)


@pytest.mark.parametrize(("small", "inside"), [(5e-14, False), (5e-13, True)])
def test_the_support_ends_at_1e_13(small: float, inside: bool) -> None:
    rho = np.diag([1.0 - small, small])
    found = spectrum(rho, np.diag([0.0, 1.0]), one_sector(2))
    assert (found.probabilities[1] > 0) == inside
    assert found.null_rank == (0 if inside else 1)
    assert np.linalg.norm(found.vectors[:, 1]) == pytest.approx(1.0)


def test_exact_blocks_keep_every_population() -> None:
    model = diamond(-2.0, 3.0)
    populations = np.array([1.0, 1e-40, 0.0, 1e-200])
    found = spectrum(populations, model.hamiltonian, find_sectors(model))
    np.testing.assert_allclose(found.probabilities, populations, rtol=1e-14)
    assert found.null_rank == 1


def test_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="not positive: eigenvalue -0.1"):
        spectrum(np.diag([1.1, -0.1]), np.eye(2), one_sector(2))
    with pytest.raises(InputError, match="zero"):
        spectrum(np.zeros((2, 2)), np.eye(2), one_sector(2))
