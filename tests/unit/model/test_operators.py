"""Matrices of small systems and the operator expressions of run files."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir
from trajectories.model import operators as op
from trajectories.model.expressions import expression
from trajectories.systems import diamond


@pytest.fixture(scope="module")
def qubits() -> Model:
    return diamond(0.5, 1.5)


@pytest.fixture(scope="module")
def mixed() -> Model:
    """A qubit, a three-level system and a qubit, with a complex Hamiltonian."""
    dims = (2, 3, 2)
    hop = op.tensor(op.sigma_plus(), op.destroy(3), op.identity(2))
    energy = op.embed(op.number(3), 1, dims) + 1j * hop - 1j * op.dagger(hop)
    down = op.embed(op.destroy(3), 1, dims)
    return Model(energy, [Channel("loss", down, "bath", partner="none")], [Reservoir("bath")], dims=dims)


def test_spin_matrices_lower_raise_and_count() -> None:
    ground, excited = op.basis(2, 0), op.basis(2, 1)
    np.testing.assert_array_equal(op.sigma_minus() @ excited, ground)
    np.testing.assert_array_equal(op.sigma_plus() @ ground, excited)
    np.testing.assert_array_equal(op.number() @ excited, excited)
    np.testing.assert_array_equal(op.sigma_z(), 2 * op.number() - op.identity(2))


def test_spin_matrices_close_the_right_handed_algebra() -> None:
    x, y, z = op.sigma_x(), op.sigma_y(), op.sigma_z()
    for a, b, c in ((x, y, z), (y, z, x), (z, x, y)):
        np.testing.assert_array_equal(a @ b - b @ a, 2j * c)
        np.testing.assert_array_equal(a @ a, op.identity(2))


def test_ladder_operator_has_the_truncated_commutator() -> None:
    a = op.destroy(5)
    commutator = a @ op.dagger(a) - op.dagger(a) @ a
    # [a, a^dagger] = 1 except on the top level, where the cut leaves 1 - 5.
    np.testing.assert_allclose(commutator, np.diag([1, 1, 1, 1, -4]), atol=1e-14)
    np.testing.assert_allclose(op.dagger(a) @ a, op.number(5), atol=1e-14)


def test_tensor_puts_the_first_subsystem_first() -> None:
    ket = op.tensor(op.basis(2, 1), op.basis(3, 2))
    np.testing.assert_array_equal(np.flatnonzero(ket), [1 * 3 + 2])


def test_embedded_operators_act_on_their_own_subsystem() -> None:
    dims, rng = (2, 3, 2), np.random.default_rng(1)
    local = rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3))
    vectors = [rng.normal(size=d) + 0j for d in dims]
    found = op.embed(local, 1, dims) @ op.tensor(*vectors)
    np.testing.assert_allclose(found, op.tensor(vectors[0], local @ vectors[1], vectors[2]), atol=1e-13)


@pytest.mark.parametrize("keep", [(0,), (1,), (2,), (0, 2), (2, 0), (1, 2), (0, 1, 2), ()])
def test_partial_trace_of_products(keep: tuple[int, ...]) -> None:
    dims, rng = (2, 3, 4), np.random.default_rng(2)
    factors = [rng.normal(size=(2, d, d)) + 1j * rng.normal(size=(2, d, d)) for d in dims]
    whole = np.stack([op.tensor(*(factor[i] for factor in factors)) for i in range(2)])
    found = op.partial_trace(whole, dims, keep)
    for i in range(2):
        traces = np.prod([np.trace(factors[site][i]) for site in range(3) if site not in keep])
        expected = traces * (op.tensor(*(factors[site][i] for site in keep)) if keep else np.ones((1, 1)))
        np.testing.assert_allclose(found[i], expected, rtol=1e-12)


def test_partial_trace_of_a_bell_state_is_mixed() -> None:
    bell = (op.tensor(op.basis(2, 0), op.basis(2, 1)) + op.tensor(op.basis(2, 1), op.basis(2, 0))) / np.sqrt(2)
    np.testing.assert_allclose(op.partial_trace(np.outer(bell, bell), (2, 2), (1,)), op.identity(2) / 2, atol=1e-15)


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: op.basis(2, 2), "0 to 1"),
        (lambda: op.tensor(), "at least one"),
        (lambda: op.embed(op.sigma_x(), 2, (2, 2)), "0 to 1"),
        (lambda: op.embed(op.sigma_x(), 0, (3, 2)), "dimension 3"),
        (lambda: op.partial_trace(np.eye(4), (2, 3), (0,)), "(2, 3)"),
        (lambda: op.partial_trace(np.eye(4), (2, 2), (0, 0)), "(0, 0)"),
        (lambda: op.partial_trace(np.eye(4), (2, 2), (2,)), "between 0 and 1"),
        (lambda: op.as_operator([[1, 2]], "M"), "M: shape (1, 2)"),
        (lambda: op.as_operator([[1, 2], [3]], "M"), "square matrix of numbers"),
        (lambda: op.as_operator("x" * 100, "M"), "square matrix of numbers"),
        (lambda: op.as_operator([[1, np.nan], [0, 1]], "M"), "M: element (0, 1)"),
    ],
)
def test_bad_matrices_are_refused_by_name(call, part: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        call()
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_as_operator_copies_and_reads_sparse_matrices() -> None:
    given = np.array([[0.0, 1.0], [-0.0, 0.0]])
    for value in (given, sparse.csr_array(given), given.tolist()):
        found = op.as_operator(value, "M")
        assert found is not value
        assert not np.signbit(found.real).any()
        np.testing.assert_array_equal(found, given)


def test_expressions_name_every_subsystem(mixed: Model) -> None:
    dims = mixed.dims
    expected = {
        "H": mixed.hamiltonian,
        "I": op.identity(12),
        "n2": op.embed(op.number(3), 1, dims),
        "a2": op.embed(op.destroy(3), 1, dims),
        "sx1": op.embed(op.sigma_x(), 0, dims),
        "sy3": op.embed(op.sigma_y(), 2, dims),
        "sz1": op.embed(op.sigma_z(), 0, dims),
        "sm3": op.embed(op.sigma_minus(), 2, dims),
        "sp3": op.embed(op.sigma_plus(), 2, dims),
        "P_021": np.diag(np.eye(12)[0 * 6 + 2 * 2 + 1]),
        "dag(a2)": op.embed(op.dagger(op.destroy(3)), 1, dims),
        "dag(2j)": -2j * op.identity(12),
    }
    for text, matrix in expected.items():
        np.testing.assert_array_equal(expression(text, mixed), matrix, err_msg=text)


def test_expressions_follow_the_rules_of_algebra(mixed: Model) -> None:
    a, b, h = expression("a2", mixed), expression("sy1", mixed), mixed.hamiltonian
    found = expression(" 1j*(a2*sy1 - sy1*dag(a2))/2 + -0.25*H*a2 + 3 - n2 ", mixed)
    expected = 0.5j * (a @ b - b @ op.dagger(a)) - 0.25 * h @ a + 3 * op.identity(12) - op.dagger(a) @ a
    np.testing.assert_allclose(found, expected, atol=1e-14)
    # The operator product does not commute; an element-wise product would be caught here.
    assert not np.allclose(expression("a2*dag(a2)", mixed), expression("dag(a2)*a2", mixed))


def test_projectors_on_offered_bases(qubits: Model) -> None:
    # |S> = (|01> + |10>)/sqrt2, |A> = (|01> - |10>)/sqrt2.
    plus = 0.5 * np.array([[1, 1], [1, 1]])
    np.testing.assert_allclose(expression("P_S", qubits)[1:3, 1:3], plus, atol=1e-15)
    np.testing.assert_allclose(expression("P_A", qubits)[1:3, 1:3], 2 * np.diag([0.5, 0.5]) - plus, atol=1e-15)
    np.testing.assert_allclose(expression("P_G + P_S + P_A + P_E", qubits), np.eye(4), atol=1e-15)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("m1", "'m1'"),
        ("H2", "'H2'"),
        ("n_1", 'did you mean "n1"?'),
        ("n4", "1 to 3"),
        ("n0", "1 to 3"),
        ("sx2", "dimension 3"),
        ("P_031", "'031'"),
        ("n1 +", "invalid syntax"),
        ("n1 / a2", "by a number"),
        ("n1 / 0", "division by zero"),
        ("n1 ** 2", "'n1 ** 2' is not allowed"),
        ("n1 @ a2", "'n1 @ a2' is not allowed"),
        ("__import__('os')", "unknown function __import__"),
        ("n1.real", "unknown name 'n1.real'"),
        ("dag(n1, n1)", "dag must have one argument"),
        ("[n1]", "'[n1]' is not allowed"),
        ("True", "unknown name 'True'"),
        ("n1 if 1 else 2", "is not an operator expression"),
        ("dag", "parentheses"),
        ("'n1'", "is not allowed"),
        ("1e999*n1", "finite"),
        ("1e200*1e200*n1", "finite"),
        ("", "must be an operator expression"),
        ("n1 + " * 600 + "n1", "2000"),
        ("(" * 1000 + "n1" + ")" * 990, "operator expression"),
        ("n1\0", "operator expression"),
    ],
)
def test_bad_expressions_name_the_offending_part(mixed: Model, text: str, part: str) -> None:
    with pytest.raises(InputError) as caught:
        expression(text, mixed)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_labels_with_two_digits_stay_readable_and_usable() -> None:
    loss = op.embed(op.destroy(12), 1, (2, 12))
    model = Model(np.zeros((24, 24)), [Channel("loss", loss, "b", partner="none")], [Reservoir("b")], dims=(2, 12))
    assert model.states[11] == "0_11"
    np.testing.assert_array_equal(expression("P_1_10", model), np.diag(np.eye(24)[22]))
