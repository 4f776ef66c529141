"""Sectors: they split what can be split, nothing else, and always in the same order."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import complex_matrix, one_way_model, random_model, random_state

from trajectories.errors import InputError
from trajectories.master.sectors import Sectors, find_sectors, rotated
from trajectories.model import Model
from trajectories.model.operators import partial_trace
from trajectories.systems import diamond, local_engine

ENGINE = {"T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}


def naive_sectors(effective: np.ndarray, jumps: list[np.ndarray]) -> list[set[int]]:
    """Merge sets of basis states one by one until nothing connects two of them: the definition, in plain Python."""
    d = len(effective)
    groups = [{i} for i in range(d)]

    def home(i: int) -> set[int]:
        return next(group for group in groups if i in group)

    def merge(i: int, j: int) -> bool:
        a, b = home(i), home(j)
        if a is b:
            return False
        groups.remove(b)
        a |= b
        return True

    for i in range(d):
        for j in range(d):
            if effective[i, j] != 0 or effective[j, i] != 0:
                merge(i, j)
    changed = True
    while changed:
        changed = False
        for jump in jumps:
            for group in [set(group) for group in groups]:
                reached = [i for j in group for i in range(d) if jump[i, j] != 0]
                changed = any([merge(reached[0], i) for i in reached[1:]]) or changed
    return sorted(groups, key=min)


def test_the_diamond_splits_into_single_states_in_the_bell_basis() -> None:
    found = find_sectors(diamond(-2.0, 3.0))
    assert found.basis_name == "bell"
    assert found.labels == ("G", "S", "A", "E")
    assert found.dimensions.tolist() == [1, 1, 1, 1]
    assert found.size == 4


def test_the_engine_splits_by_its_number_of_excitations() -> None:
    found = find_sectors(local_engine(**ENGINE))
    assert found.basis_name == "computational"
    assert found.labels == ("00", "01", "10", "11")
    assert found.dimensions.tolist() == [1, 2, 1]
    assert found.block_offsets.tolist() == [0, 1, 5, 6]
    assert found.dropped == 0.0


def test_tunnelling_leaves_one_sector() -> None:
    assert find_sectors(local_engine(**ENGINE, kappa_h=0.01)).dimensions.tolist() == [4]


def test_a_general_model_is_one_sector() -> None:
    assert find_sectors(random_model(5, 2, seed=1)).dimensions.tolist() == [5]


@pytest.mark.parametrize("seed", range(12))
def test_sectors_are_those_of_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    d = 9
    hamiltonian = complex_matrix(rng, d) * (rng.random((d, d)) < 0.03)
    jumps = [complex_matrix(rng, d) * (rng.random((d, d)) < 0.03) + 0 for _ in range(3)]
    jumps = [jump for jump in jumps if jump.any()]
    model = one_way_model(hamiltonian + hamiltonian.conj().T, jumps)
    found = find_sectors(model)
    columns = np.argmax(np.abs(found.basis), axis=0)
    groups = [set(columns[a:b].tolist()) for a, b in zip(found.offsets[:-1], found.offsets[1:], strict=True)]
    assert groups == naive_sectors(model.effective_hamiltonian, jumps)


def test_a_jump_into_two_sectors_merges_them_and_what_they_jump_to() -> None:
    # 0 -> 1 + 2 makes {1, 2}; then 1 -> 3 and 2 -> 4 by one operator make {3, 4}.
    first, second = np.zeros((6, 6)), np.zeros((6, 6))
    first[1, 0] = first[2, 0] = second[3, 1] = second[4, 2] = 1.0
    found = find_sectors(one_way_model(np.diag(np.arange(6.0)), [first, second]))
    assert found.dimensions.tolist() == [1, 2, 2, 1]
    # By two operators they stay apart.
    apart = find_sectors(one_way_model(np.diag(np.arange(6.0)), [first, second * (np.arange(6) == 1), np.eye(6)]))
    assert apart.dimensions.tolist() == [1, 2, 1, 1, 1]


def test_columns_of_a_sector_are_neighbours() -> None:
    hamiltonian = np.zeros((4, 4))
    hamiltonian[0, 2] = hamiltonian[2, 0] = hamiltonian[1, 3] = hamiltonian[3, 1] = 1.0
    model = one_way_model(hamiltonian, [np.diag([1.0, 0, 1.0, 0])], dims=(2, 2))
    found = find_sectors(model)
    assert found.labels == ("00", "10", "01", "11")
    assert found.dimensions.tolist() == [2, 2]
    rho = random_state(np.random.default_rng(0), 4)
    expected = np.concatenate([rho[np.ix_([0, 2], [0, 2])].ravel(), rho[np.ix_([1, 3], [1, 3])].ravel()])
    np.testing.assert_array_equal(found.flatten(rho), expected)


def test_a_state_with_coherence_merges_sectors() -> None:
    bell = find_sectors(diamond(-2.0, 3.0), states=[np.diag([0.0, 1.0, 0.0, 0.0])])
    assert bell.basis_name == "computational"
    assert bell.dimensions.tolist() == [1, 2, 1]
    plus = np.zeros((4, 4))
    plus[np.ix_([0, 3], [0, 3])] = 0.5
    merged = find_sectors(local_engine(**ENGINE), states=[plus])
    assert merged.labels == ("00", "11", "01", "10")
    assert merged.dimensions.tolist() == [2, 2]


@pytest.mark.parametrize("element", [1e-30, 1e-14, 1.0])
def test_no_coupling_that_was_given_is_dropped(element: float) -> None:
    large = 2e13
    hamiltonian = np.array([[large, element], [element, large]])
    found = find_sectors(one_way_model(hamiltonian, [np.array([[0.0, 1.0], [0.0, 0.0]])]))
    assert found.dimensions.tolist() == [2]
    assert found.dropped == 0.0
    effective = rotated(one_way_model(hamiltonian, [np.eye(2)]), found).effective
    assert effective[0, 1] == element


def test_small_elements_of_jump_operators_are_kept() -> None:
    jump = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1e-14, 0.0]])
    assert find_sectors(one_way_model(np.diag([0.0, 1.0, 2.0]), [jump])).dimensions.tolist() == [2, 1]


def test_losses_that_cancel_up_to_rounding_couple_nothing() -> None:
    # Emission from |+> and from |-> at one rate is emission from both levels: 0.3 - 0.1 - 0.2 is not 0.
    plus, minus = np.zeros((3, 3)), np.zeros((3, 3))
    plus[0, 1:] = np.sqrt(0.3)
    minus[0, 1:] = np.sqrt(0.1), -np.sqrt(0.1)
    third = np.sqrt(2) * minus
    model = one_way_model(np.zeros((3, 3)), [plus, minus, third])
    assert model.loss[1, 2] != 0.0
    assert abs(model.loss[1, 2]) < 1e-15
    assert find_sectors(model).dimensions.tolist() == [1, 1, 1]


def turned_model(d: int, seed: int, scale: float, coupling: float) -> Model:
    """Jumps along a ring of levels, and H with one coupling of two of them, all seen in a random basis."""
    rng = np.random.default_rng(seed)
    unitary = np.linalg.qr(complex_matrix(rng, d))[0]
    hamiltonian = np.diag(scale * rng.random(d)).astype(complex)
    hamiltonian[0, 1] = hamiltonian[1, 0] = coupling
    jumps = [rng.random() * np.outer(np.eye(d)[(i + 1) % d], np.eye(d)[i]) for i in range(d)]
    given = [unitary @ matrix @ unitary.conj().T for matrix in (hamiltonian, *jumps)]
    given[0] = 0.5 * (given[0] + given[0].conj().T)
    bases = {"own": (unitary, [f"u{i}" for i in range(d)])}
    return one_way_model(given[0], given[1:], bases=bases)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("d", [3, 8, 20])
def test_an_offered_basis_is_freed_of_rounding(d: int, seed: int) -> None:
    free = find_sectors(turned_model(d, seed, 1.0, 0.0))
    assert free.basis_name == "own"
    assert free.dimensions.tolist() == [1] * d
    assert 0.0 < free.dropped < 1e-13
    model = turned_model(d, seed, 1.0, 1e-9)
    coupled = find_sectors(model)
    assert sorted(coupled.dimensions) == [1] * (d - 2) + [2]
    effective = rotated(model, coupled).effective
    off_diagonal = np.abs(effective - np.diag(effective.diagonal()))
    assert off_diagonal.max() == pytest.approx(1e-9, rel=1e-4)


@pytest.mark.parametrize("seed", range(6))
def test_a_basis_in_which_rounding_may_hide_a_coupling_is_passed_over(seed: int) -> None:
    # Levels of 1e13 are known to about 1e-2, not against losses of order one.
    model = diamond(beta_A=-1e-13, beta_S=1e-13, omega=1e13)
    found = find_sectors(model)
    assert (found.basis_name, found.dimensions.tolist()) == ("computational", [1, 2, 1])
    assert "bell basis is not used" in found.passed_over[0]
    assert "(S, A)" in found.passed_over[0]
    # Far levels do not mind: 1e13 apart, what rounding hides is nothing.
    assert find_sectors(turned_model(4, seed, 1e13, 0.0)).basis_name == "own"


def test_rotation_clears_rounding_and_nothing_else() -> None:
    found = find_sectors(diamond(-2.0, 3.0))
    for small, left in ((1e-17, 0), (1e-13, 2)):
        inside = np.diag([1.0, 1.0, 1.0, 0.0])
        inside[1, 2] = inside[2, 1] = small
        rotated = found.rotate(found.basis @ inside @ found.basis.conj().T)
        assert np.count_nonzero(rotated - np.diag(rotated.diagonal())) == left


@pytest.mark.parametrize("build", [lambda: diamond(0.0, 1.0), lambda: local_engine(**ENGINE)])
def test_blocks_survive_a_round_trip(build) -> None:
    found = find_sectors(build())
    rng = np.random.default_rng(2)
    blocks = rng.normal(size=(3, 2, found.size)) + 1j * rng.normal(size=(3, 2, found.size))
    matrices = found.unflatten(blocks)
    assert matrices.shape == (3, 2, 4, 4)
    np.testing.assert_allclose(found.flatten(matrices), blocks, atol=1e-15)
    rotated = found.basis.conj().T @ matrices @ found.basis
    between = found.sector_of[:, None] != found.sector_of[None, :]
    assert np.abs(rotated[..., between]).max() < 1e-15
    for s, block in enumerate(found.split(found.flatten(matrices))):
        own = slice(found.offsets[s], found.offsets[s + 1])
        np.testing.assert_allclose(block, rotated[..., own, own], atol=1e-15)


@pytest.mark.parametrize("keep", [[0], [2], [1, 2], [0, 1]])
def test_reduced_states_of_a_large_model_are_partial_traces(keep: list[int]) -> None:
    """Beyond 64 dimensions without the whole matrix: two qubits and 21 levels, in sectors of a shuffled basis."""
    dims, rng = (2, 2, 21), np.random.default_rng(7)
    offsets = np.array([0, 30, 31, 84])
    basis = np.eye(84, dtype=complex)[:, rng.permutation(84)]
    large = Sectors("computational", basis, tuple(map(str, range(84))), offsets, 0.0)
    blocks = rng.normal(size=(2, large.size)) + 1j * rng.normal(size=(2, large.size))  # not Hermitian
    wanted = partial_trace(large.unflatten(blocks), dims, keep)
    np.testing.assert_allclose(large.reduced(blocks, dims, keep), wanted, atol=1e-12)


def test_a_slow_loss_beside_a_fast_one_keeps_its_digits() -> None:
    # |A> loses at 2 (1 + e^0) = 4 to its own bath only; bath S is 10^13 times faster.
    model = diamond(0.0, 30.0)
    effective = rotated(model, find_sectors(model)).effective
    assert -2 * effective[2, 2].imag == pytest.approx(4.0, rel=1e-12)


def test_a_large_model_keeps_small_sectors() -> None:
    # Two qubits in a cavity with 60 levels: as many sectors as excitation numbers, none with more than four states.
    levels = 60
    a = np.diag(np.sqrt(np.arange(1.0, levels)), 1)
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    c1, c2 = np.kron(np.kron(lower, np.eye(2)), np.eye(levels)), np.kron(np.kron(np.eye(2), lower), np.eye(levels))
    photon = np.kron(np.eye(4), a)
    exchange = (c1 + c2).T @ photon
    found = find_sectors(one_way_model(exchange + exchange.T, [c1.T, c2.T, photon], dims=(2, 2, levels)))
    assert found.dimensions.tolist() == [1, 3] + [4] * (levels - 2) + [3, 1]


def test_a_state_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(InputError, match=r"states\[0\] has shape \(2, 2\).*\(4, 4\)"):
        find_sectors(diamond(0.0, 1.0), states=[np.eye(2) / 2])


def test_a_large_model_is_split_in_a_basis_it_offers() -> None:
    """Forty pairs of levels that exchange in pairs: in the basis of sums and differences nothing couples."""
    pairs = 40
    exchange = np.kron(np.eye(pairs), [[0.0, 1.0], [1.0, 0.0]]) + np.diag(np.repeat(np.arange(pairs), 2))
    turned = np.kron(np.eye(pairs), np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2))
    labels = tuple(f"{i}{sign}" for i in range(pairs) for sign in "+-")
    step = np.kron(np.eye(pairs, k=1), np.eye(2))
    plain = one_way_model(exchange, [step])
    found = find_sectors(one_way_model(exchange, [step], bases={"turned": (turned, labels)}))
    assert find_sectors(plain).dimensions.tolist() == [2] * pairs
    assert (found.basis_name, found.dimensions.tolist()) == ("turned", [1] * 2 * pairs)
    assert found.labels[:2] == ("0+", "0-") and found.dropped < 1e-15
