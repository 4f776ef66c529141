"""Concurrence and negativity, against closed forms, against each other and against another program."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import complex_matrix, random_state

from trajectories.errors import InputError
from trajectories.master import entanglement

SIGMA_Y = np.array([[0.0, -1j], [1j, 0.0]])
SINGLET = np.array([0.0, 1.0, -1.0, 0.0]) / np.sqrt(2)


def werner(p: float) -> np.ndarray:
    return p * np.outer(SINGLET, SINGLET) + (1 - p) * np.eye(4) / 4


def concurrence_pure(psi: np.ndarray) -> np.ndarray:
    """The concurrence 2 |psi_00 psi_11 - psi_01 psi_10| of pure states (..., 4)."""
    return 2 * np.abs(psi[..., 0] * psi[..., 3] - psi[..., 1] * psi[..., 2])


def negativity_pure(psi: np.ndarray, dims: tuple[int, ...] = (2, 2), subsystem: int = 0) -> np.ndarray:
    """The negativity ((sum_i s_i)^2 - 1)/2 of pure states (..., d), s_i the Schmidt coefficients of a subsystem."""
    lead = psi.shape[:-1]
    parts = np.moveaxis(psi.reshape(*lead, *dims), len(lead) + subsystem, len(lead))
    schmidt = np.linalg.svd(parts.reshape(*lead, dims[subsystem], -1), compute_uv=False)
    return (schmidt.sum(axis=-1) ** 2 - 1) / 2


def random_states(n: int, d: int = 4, rank: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(n + d)
    return np.array([random_state(rng, d, rank) for _ in range(n)])


def random_vectors(n: int, d: int = 4) -> np.ndarray:
    psi = complex_matrix(np.random.default_rng(n), max(n, d))[:n, :d]
    return psi / np.linalg.norm(psi, axis=1, keepdims=True)


def from_the_definition(rho: np.ndarray) -> float:
    """Square roots of the eigenvalues of rho rho~, as a general matrix."""
    flip = np.kron(SIGMA_Y, SIGMA_Y)
    values = np.linalg.eigvals(rho @ flip @ rho.conj() @ flip)
    roots = np.sort(np.sqrt(np.abs(values)))[::-1]
    return float(roots[0] - roots[1:].sum())


def test_the_spin_flip_is_sigma_y_on_both() -> None:
    np.testing.assert_array_equal(entanglement.SPIN_FLIP, np.kron(SIGMA_Y, SIGMA_Y).real)


def test_signed_concurrence_of_random_states() -> None:
    states = random_states(50)
    expected = [from_the_definition(rho) for rho in states]
    np.testing.assert_allclose(entanglement.concurrence_signed(states), expected, atol=1e-10)
    assert min(expected) < 0 < max(from_the_definition(rho) for rho in random_states(50, rank=2))


def test_concurrence_agrees_with_qutip() -> None:
    qutip = pytest.importorskip("qutip")
    states = np.concatenate([random_states(20), random_states(20, rank=2)])
    theirs = [qutip.concurrence(qutip.Qobj(rho, dims=[[2, 2], [2, 2]])) for rho in states]
    np.testing.assert_allclose(entanglement.concurrence(states), theirs, atol=1e-7)
    assert max(theirs) > 0.3


def test_bell_and_product_states() -> None:
    bell = np.outer(SINGLET, SINGLET)
    assert entanglement.concurrence(bell) == pytest.approx(1.0, abs=1e-15)
    assert entanglement.negativity(bell) == pytest.approx(0.5, abs=1e-15)
    rng = np.random.default_rng(1)
    for _ in range(20):
        one, two = (complex_matrix(rng, 2)[0] for _ in range(2))
        psi = np.kron(one / np.linalg.norm(one), two / np.linalg.norm(two))
        # Not 1e-8, as the square root of a rounding error would be.
        assert entanglement.concurrence(np.outer(psi, psi.conj())) < 1e-14
        assert concurrence_pure(psi) < 1e-15
        assert entanglement.negativity(np.outer(psi, psi.conj())) < 1e-15


@pytest.mark.parametrize("p", [-0.2, 0.0, 0.3, 1 / 3, 0.5, 0.9, 1.0])
def test_werner_states(p: float) -> None:
    # Entangled for p > 1/3: C = (3p - 1)/2, N = (3p - 1)/4; below, the signed versions go on along the same lines
    # (the concurrence for p >= 0, beyond which the largest l is another one).
    rho = werner(p)
    assert entanglement.concurrence(rho) == pytest.approx(max(0.0, (3 * p - 1) / 2), abs=1e-14)
    assert entanglement.negativity(rho) == pytest.approx(max(0.0, (3 * p - 1) / 4), abs=1e-14)
    if p >= 0:
        assert entanglement.concurrence_signed(rho) == pytest.approx((3 * p - 1) / 2, abs=1e-14)
        assert entanglement.negativity_signed(rho) == pytest.approx((3 * p - 1) / 4, abs=1e-14)


def test_x_states_have_a_closed_form_down_to_tiny_populations() -> None:
    # C = 2 max(0, |c| - sqrt(p00 p11)); with p11 = 1e-20 the root is 1e-10 sqrt(p00), far above eps.
    rho = np.diag([0.5, 0.25, 0.25, 1e-20]).astype(complex)
    rho[1, 2], rho[2, 1] = 0.1j, -0.1j
    assert 0.2 - entanglement.concurrence(rho) == pytest.approx(2 * np.sqrt(0.5e-20), rel=1e-5)
    separable = np.diag([0.25, 0.25, 0.25, 0.25]).astype(complex)
    separable[1, 2] = separable[2, 1] = 0.1
    assert entanglement.concurrence_signed(separable) == pytest.approx(0.2 - 0.5, abs=1e-15)


def x_states(n: int) -> np.ndarray:
    """Random states with coherence between |01> and |10> and between |00> and |11> only."""
    allowed = np.eye(4) + np.eye(4)[::-1]
    states = random_states(n) * allowed
    return states / np.trace(states, axis1=1, axis2=2).real[:, None, None]


def test_the_margin_of_x_states_is_positive_where_they_are_entangled() -> None:
    states = np.concatenate([x_states(200), 0.5 * (x_states(200) + np.eye(4) / 4)])
    entangled = entanglement.negativity(states) > 1e-12
    assert 20 < entangled.sum() < 380
    np.testing.assert_array_equal(entanglement.entanglement_margin(states) > 0, entangled)


def test_a_positive_margin_proves_entanglement() -> None:
    states = np.concatenate([random_states(300, rank=rank) for rank in (1, 2, 3)])
    positive = entanglement.entanglement_margin(states) > 0
    assert positive.sum() > 50
    assert (entanglement.negativity(states)[positive] > 0).all()


def test_the_margin_by_hand() -> None:
    rho = np.diag([0.1, 0.3, 0.2, 0.4]).astype(complex)
    rho[1, 2] = 0.05j
    rho[2, 1] = -0.05j
    assert entanglement.entanglement_margin(rho) == pytest.approx(np.log(0.05 / 0.2), rel=1e-14)
    rho[0, 3] = rho[3, 0] = 0.15
    assert entanglement.entanglement_margin(rho) == pytest.approx(np.log(0.15 / np.sqrt(0.06)), rel=1e-14)
    assert entanglement.entanglement_margin(np.diag([0.5, 0.5, 0.0, 0.0])) == -np.inf
    assert entanglement.entanglement_margin(np.outer(SINGLET, SINGLET)) == np.inf


def test_pure_states() -> None:
    psi = random_vectors(30)
    rho = psi[:, :, None] * psi[:, None, :].conj()
    np.testing.assert_allclose(concurrence_pure(psi), entanglement.concurrence(rho), atol=1e-14)
    np.testing.assert_allclose(negativity_pure(psi), entanglement.negativity(rho), atol=1e-14)
    # Two qubits in a pure state: N = C/2.
    np.testing.assert_allclose(negativity_pure(psi), concurrence_pure(psi) / 2, atol=1e-14)


def test_the_factor_reproduces_the_state() -> None:
    for rank in (None, 1, 2, 3):
        states = random_states(10, rank=rank)
        factor = entanglement._factor(states)
        np.testing.assert_allclose(factor @ factor.conj().swapaxes(1, 2), states, atol=1e-15)
        assert np.count_nonzero(np.linalg.norm(factor, axis=1) > 0) == 10 * (rank or 4)


def test_signed_versions_agree_where_there_is_entanglement() -> None:
    states = random_states(50, rank=2)
    entangled = entanglement.concurrence(states) > 0
    assert entangled.any()
    np.testing.assert_array_equal(
        entanglement.concurrence(states)[entangled], entanglement.concurrence_signed(states)[entangled]
    )
    np.testing.assert_allclose(
        entanglement.negativity(states), np.maximum(0.0, entanglement.negativity_signed(states)), atol=1e-15
    )


def test_local_unitaries_change_nothing() -> None:
    rng = np.random.default_rng(4)
    local = np.kron(np.linalg.qr(complex_matrix(rng, 2))[0], np.linalg.qr(complex_matrix(rng, 2))[0])
    states = random_states(10)
    turned = local @ states @ local.conj().T
    for measure in (entanglement.concurrence_signed, entanglement.negativity, entanglement.negativity_signed):
        np.testing.assert_allclose(measure(turned), measure(states), atol=1e-13)


def test_leading_axes_of_any_number() -> None:
    states = random_states(6)
    for measure in (entanglement.concurrence, entanglement.negativity, entanglement.negativity_signed):
        assert measure(states[0]).shape == ()
        assert measure(states.reshape(2, 3, 4, 4)).shape == (2, 3)
        np.testing.assert_array_equal(measure(states.reshape(2, 3, 4, 4)).ravel(), measure(states))


def test_partial_transpose_of_unequal_subsystems() -> None:
    rng = np.random.default_rng(7)
    a, b, c = (complex_matrix(rng, n) for n in (2, 3, 2))
    whole = np.kron(np.kron(a, b), c)
    found = entanglement.partial_transpose(whole, (2, 3, 2), 1)
    np.testing.assert_allclose(found, np.kron(np.kron(a, b.T), c), atol=1e-13)


def test_negativity_of_larger_systems() -> None:
    # A maximally entangled pair of three-level systems: N = (3 - 1)/2.
    psi = np.eye(3).ravel() / np.sqrt(3)
    assert entanglement.negativity(np.outer(psi, psi), (3, 3), 1) == pytest.approx(1.0)
    assert negativity_pure(psi, (3, 3)) == pytest.approx(1.0)
    # GHZ: one qubit against the other two, N = 1/2, whichever it is.
    ghz = np.zeros(8)
    ghz[[0, 7]] = np.sqrt(0.5)
    for subsystem in range(3):
        assert entanglement.negativity(np.outer(ghz, ghz), (2, 2, 2), subsystem) == pytest.approx(0.5)
        assert negativity_pure(ghz, (2, 2, 2), subsystem) == pytest.approx(0.5)
    # Two of its three qubits are not entangled with each other.
    assert entanglement.concurrence(entanglement.reduce_pair(np.outer(ghz, ghz), (2, 2, 2), (0, 2))) == 0.0


@pytest.mark.parametrize("pair", [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2)])
def test_the_pair_that_is_asked_for_is_kept(pair: tuple[int, int]) -> None:
    rng = np.random.default_rng(8)
    dims = (2, 2, 3)
    parts = [random_state(rng, n) for n in dims]
    whole = np.kron(np.kron(parts[0], parts[1]), parts[2])
    found = entanglement.reduce_pair(np.array([whole, 2 * whole]), dims, pair)
    expected = np.kron(parts[pair[0]], parts[pair[1]])
    np.testing.assert_allclose(found, [expected, 2 * expected], atol=1e-15)


def test_an_entangled_pair_beside_a_third_system() -> None:
    spectator = random_state(np.random.default_rng(9), 3)
    bell = np.outer(SINGLET, SINGLET)
    whole = np.kron(spectator, bell)
    assert entanglement.concurrence(entanglement.reduce_pair(whole, (3, 2, 2), (1, 2))) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entanglement.concurrence(np.eye(6) / 6), r"rho has shape \(6, 6\); two qubits need \(\.\.\., 4, 4\)"),
        (lambda: entanglement.negativity(np.eye(6) / 6), r"shape \(\.\.\., 4, 4\)"),
        (lambda: entanglement.negativity(np.eye(6) / 6, (2, 3), 2), "no subsystem 2; there are 0 to 1"),
        (lambda: entanglement.reduce_pair(np.eye(4) / 4, (2, 2), (1, 1)), "two different subsystems"),
        (lambda: entanglement.reduce_pair(np.eye(4) / 4, (2, 2), (0, 2)), "no subsystem 2"),
    ],
)
def test_bad_shapes_are_refused(call, message: str) -> None:
    with pytest.raises(InputError, match=message):
        call()


def test_gaps_vanish_where_the_signed_measures_have_kinks() -> None:
    """Diagonal p with a coherence c between |01> and |10>: l = sqrt(p_00 p_11), twice, and sqrt(p_01 p_10) +- c.

    Where sqrt(p_00 p_11) = sqrt(p_01 p_10) + c the largest two cross, and the signed concurrence turns from level to
    a slope of two in c. The partial transpose has p_01, p_10 and (p_00 + p_11)/2 +- sqrt((p_00 - p_11)^2/4 + c^2).
    """

    def state(c: float) -> np.ndarray:
        rho = np.diag([0.05, 0.1, 0.1, 0.75]).astype(complex)
        rho[1, 2] = rho[2, 1] = c
        return rho

    outer = np.sqrt(0.05 * 0.75)
    kink = outer - 0.1
    for c in (0.02, 0.0965):
        values = np.sort([outer, outer, 0.1 + c, 0.1 - c])
        gap = next(values[3] - x for x in values[2::-1] if values[3] - x > 1e-9)
        assert entanglement.concurrence_gap(state(c)) == pytest.approx(gap, abs=1e-12)
        lowest = 0.4 - np.sqrt(0.35**2 + c**2)
        assert entanglement.negativity_gap(state(c)) == pytest.approx(0.1 - lowest, abs=1e-12)
    below, at, above = (float(entanglement.concurrence_signed(state(kink + d))) for d in (-1e-4, 0.0, 1e-4))
    assert at - below == pytest.approx(0.0, abs=1e-10) and above - at == pytest.approx(2e-4, rel=1e-6)
