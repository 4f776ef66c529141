"""Dense matrices of small quantum systems: spins, ladder operators, tensor products, and operators written as text.

Conventions, the same everywhere in the package:

- ``|0>`` is the ground and ``|1>`` the excited state of a qubit; level i of any subsystem is row and column i.
- Several subsystems are ordered first one first: ``|00>, |01>, |10>, |11>`` for two qubits.
- ``sigma_minus = |0><1|`` lowers the energy, and ``sigma_z = |1><1| - |0><0|`` has the sign of the energy.

Every function returns a new complex128 array.
"""

from __future__ import annotations

import ast
import difflib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError

Array = NDArray[np.complex128]

LONGEST_EXPRESSION = 2000
LARGEST_DENSE = 64


def basis(dimension: int, i: int) -> Array:
    """Basis vector |i> of a system with `dimension` levels, shape (dimension,)."""
    if not 0 <= i < dimension:
        raise InputError(f"basis state {i} does not exist; a system of dimension {dimension} has 0 to {dimension - 1}")
    ket = np.zeros(dimension, dtype=np.complex128)
    ket[i] = 1.0
    return ket


def identity(dimension: int) -> Array:
    """Identity of a system with `dimension` levels, shape (dimension, dimension)."""
    return np.eye(dimension, dtype=np.complex128)


def destroy(dimension: int) -> Array:
    """Annihilation operator a = sum_n sqrt(n) |n-1><n| cut off at `dimension` levels, shape (dimension, dimension)."""
    return np.diag(np.sqrt(np.arange(1, dimension, dtype=float)), k=1).astype(np.complex128)


def number(dimension: int = 2) -> Array:
    """Number operator sum_n n |n><n|, shape (dimension, dimension); for a qubit |1><1|."""
    return np.diag(np.arange(dimension, dtype=float)).astype(np.complex128)


def sigma_minus() -> Array:
    """Lowering operator |0><1| of a qubit."""
    return destroy(2)


def sigma_plus() -> Array:
    """Raising operator |1><0| of a qubit."""
    return dagger(destroy(2))


def sigma_x() -> Array:
    """sigma_x = sigma_plus + sigma_minus."""
    return sigma_plus() + sigma_minus()


def sigma_y() -> Array:
    """sigma_y = -i sigma_plus + i sigma_minus, so that [sigma_x, sigma_y] = 2i sigma_z with the sigma_z below."""
    return -1j * sigma_plus() + 1j * sigma_minus()


def sigma_z() -> Array:
    """sigma_z = |1><1| - |0><0|, positive for the excited state.

    With the ground state first this is diag(-1, +1): minus the matrix of textbooks that list the excited state first.
    """
    return np.diag([-1.0, 1.0]).astype(np.complex128)


def dagger(operator: Array) -> Array:
    """Hermitian adjoint over the last two axes; leading axes are kept."""
    return np.conj(np.swapaxes(operator, -1, -2))


def compact(operator: Array) -> Any:
    """The operator (d, d) as a sparse array where it is large and nearly empty, for products; else as it is."""
    if len(operator) <= LARGEST_DENSE or np.count_nonzero(operator) > operator.size / 10:
        return operator
    from scipy import sparse

    return sparse.csr_array(operator)


def full(operator: Any) -> Array:
    """The opposite of `compact`."""
    dense: Array = operator if isinstance(operator, np.ndarray) else operator.toarray()
    return dense


def products_of_adjoints(operators: Array) -> list[Any]:
    """L_k^dagger L_k for K operators (K, d, d), each as `compact` has it."""
    if operators.shape[-1] <= LARGEST_DENSE:
        return list(dagger(operators) @ operators)
    return [jump.conj().T @ jump for jump in map(compact, operators)]


def tensor(*operators: Array) -> Array:
    """Tensor product A1 x A2 x ... of matrices or of vectors, first subsystem first."""
    if not operators:
        raise InputError("tensor: give at least one operator")
    product = np.asarray(operators[0], dtype=np.complex128)
    for factor in operators[1:]:
        product = np.kron(product, factor).astype(np.complex128)
    return product


def embed(operator: Array, site: int, dims: Sequence[int]) -> Array:
    """Operator of one subsystem acting on the whole: 1 x ... x A x ... x 1.

    operator: (dims[site], dims[site]); site: index of the subsystem, 0 is the first; dims: levels of each subsystem.
    Returns shape (d, d), d the product of dims.
    """
    if not 0 <= site < len(dims):
        raise InputError(f"embed: site {site} does not exist; {len(dims)} subsystems are numbered 0 to {len(dims) - 1}")
    local = np.asarray(operator, dtype=np.complex128)
    if local.shape != (dims[site], dims[site]):
        raise InputError(f"embed: shape {local.shape} does not fit subsystem {site} of dimension {dims[site]}")
    return tensor(identity(math.prod(dims[:site])), local, identity(math.prod(dims[site + 1 :])))


def partial_trace(rho: Array, dims: Sequence[int], keep: Sequence[int]) -> Array:
    """Reduced density matrix: the trace over every subsystem that is not in `keep`.

    rho: (..., d, d), leading axes are kept; dims: levels of each subsystem, product d;
    keep: indices (0 is the first) of the subsystems that stay, in the order wanted in the result.
    Returns shape (..., k, k), k the product of the kept dimensions.
    """
    d, n = math.prod(dims), len(dims)
    rho = np.asarray(rho, dtype=np.complex128)
    if rho.ndim < 2 or rho.shape[-2:] != (d, d):
        raise InputError(f"partial_trace: shape {rho.shape} does not fit dims {tuple(dims)} (dimension {d})")
    if len(set(keep)) != len(keep) or not all(0 <= site < n for site in keep):
        raise InputError(f"partial_trace: keep = {tuple(keep)} must name different subsystems between 0 and {n - 1}")
    size = math.prod(dims[site] for site in keep)
    lead = rho.ndim - 2
    order = [*keep, *(site for site in range(n) if site not in keep)]
    axes = [*range(lead), *(lead + site for site in order), *(lead + n + site for site in order)]
    split = rho.reshape(*rho.shape[:-2], *dims, *dims).transpose(axes)
    reduced: Array = np.einsum("...ikjk->...ij", split.reshape(*rho.shape[:-2], size, d // size, size, d // size))
    return reduced


def as_operator(value: Any, name: str) -> Array:
    """Square complex128 matrix from an array, nested lists, a sparse matrix or a QuTiP object; a new array.

    name: how the matrix is called in error messages.
    Raises InputError if it is not a square matrix of finite numbers.
    """
    if hasattr(value, "full"):
        value = value.full()
    elif hasattr(value, "toarray"):
        value = value.toarray()
    try:
        # Adding 0 turns -0.0 into 0.0, so that equal matrices have equal bits and equal digests.
        matrix = np.array(value, dtype=np.complex128, order="C") + 0.0
    except (TypeError, ValueError):
        raise InputError(f"{name}: must be a square matrix of numbers, not {_short(value)}") from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise InputError(f"{name}: shape {matrix.shape} is not that of a square matrix (d, d) with d >= 1")
    bad = np.argwhere(~np.isfinite(matrix))
    if bad.size:
        i, j = (int(x) for x in bad[0])
        raise InputError(f"{name}: element ({i}, {j}) = {matrix[i, j]} must be a finite number")
    return matrix


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class HasOperators(Protocol):
    """What `expression` needs to know of a model."""

    @property
    def hamiltonian(self) -> Array: ...
    @property
    def dims(self) -> tuple[int, ...]: ...
    @property
    def states(self) -> tuple[str, ...]: ...
    @property
    def bases(self) -> Mapping[str, tuple[Array, tuple[str, ...]]]: ...


def expression(text: str, model: HasOperators) -> Array:
    """Operator written as text, for observables in run files, e.g. "n1 + n2" or "1j*(sp1*sm2 - sm1*sp2)".

    Names: ``H`` (the Hamiltonian), ``I`` (the identity), ``n1`` (number operator of subsystem 1; subsystems are
    numbered from 1), ``a3`` (annihilation operator), ``sx1 sy1 sz1 sm1 sp1`` (qubits only), ``P_01`` (projector on the
    basis state labelled 01, of the computational basis or else of a basis the model offers). Also numbers, ``1j``,
    ``+``, ``-``, ``*`` (operator product, or a multiple), ``/`` by a number, brackets, ``dag(...)``. A number added to
    an operator stands for that multiple of the identity.

    Returns shape (d, d), not necessarily Hermitian. Raises InputError naming the part that is not understood. The text
    is parsed, never executed.
    """
    if len(text) > LONGEST_EXPRESSION:
        raise InputError(f"operator expression of {len(text)} characters: at most {LONGEST_EXPRESSION} are allowed")
    try:
        tree = ast.parse(text.strip(), mode="eval")
        with np.errstate(all="ignore"):
            value = _evaluate(tree.body, text, model)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if isinstance(error, InputError):
            raise
        reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
        raise InputError(f"operator expression {text!r}: {reason}; write for example 'n1 + 0.5*sx2'") from None
    result = value if isinstance(value, np.ndarray) else value * identity(math.prod(model.dims))
    if not np.all(np.isfinite(result)):
        raise InputError(f"operator expression {text!r}: the result is not finite; every number must be finite")
    return result


def _evaluate(node: ast.expr, text: str, model: HasOperators) -> Array | complex:
    where = f"operator expression {text!r}"
    match node:
        case ast.Constant(value=(int() | float() | complex()) as number_) if not isinstance(number_, bool):
            return complex(number_)
        case ast.Name(id=name):
            return _named(name, where, model)
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            value = _evaluate(operand, text, model)
            return -value if isinstance(node.op, ast.USub) else value
        case ast.Call(func=ast.Name(id="dag"), args=[argument], keywords=[]):
            value = _evaluate(argument, text, model)
            return dagger(value) if isinstance(value, np.ndarray) else value.conjugate()
        case ast.BinOp(left=left, op=operation, right=right):
            return _combine(_evaluate(left, text, model), operation, _evaluate(right, text, model), where, model)
    part = ast.get_source_segment(text.strip(), node) or type(node).__name__
    raise InputError(f"{where}: {part!r} is not allowed; use names, numbers, + - * /, brackets and dag(...)")


def _combine(
    left: Array | complex, operation: ast.operator, right: Array | complex, where: str, model: HasOperators
) -> Array | complex:
    one = identity(math.prod(model.dims))
    match operation:
        case ast.Add() | ast.Sub():
            if isinstance(left, np.ndarray) != isinstance(right, np.ndarray):
                left = left if isinstance(left, np.ndarray) else left * one
                right = right if isinstance(right, np.ndarray) else right * one
            return left + right if isinstance(operation, ast.Add) else left - right
        case ast.Mult():
            both = isinstance(left, np.ndarray) and isinstance(right, np.ndarray)
            return left @ right if both else left * right  # type: ignore[operator]
        case ast.Div():
            if isinstance(right, np.ndarray):
                raise InputError(f"{where}: only division by a number is allowed, not by an operator")
            if right == 0:
                raise InputError(f"{where}: division by zero; the divisor must be a number other than 0")
            return left / right
    raise InputError(f"{where}: operation {type(operation).__name__} is not allowed; use + - * and / by a number")


def _named(name: str, where: str, model: HasOperators) -> Array:
    if name == "H":
        return np.array(model.hamiltonian)
    if name == "I":
        return identity(math.prod(model.dims))
    if name.startswith("P_"):
        return _projector(name[2:], where, model)
    found = re.fullmatch(r"(n|a|sx|sy|sz|sm|sp)([0-9]+)", name)
    if found is None:
        near = difflib.get_close_matches(name, _known(model), n=1)
        hint = f" (did you mean {near[0]}?)" if near else ""
        raise InputError(
            f"{where}: unknown name {name!r}{hint}; known: {', '.join(_known(model))}, P_<state>, dag(...)"
        )
    kind, site = found.group(1), int(found.group(2)) - 1
    if not 0 <= site < len(model.dims):
        raise InputError(f"{where}: {name!r} names subsystem {site + 1}; there are subsystems 1 to {len(model.dims)}")
    d = model.dims[site]
    if kind == "n":
        return embed(number(d), site, model.dims)
    if kind == "a":
        return embed(destroy(d), site, model.dims)
    if d != 2:
        raise InputError(f"{where}: {name!r} is for qubits, but subsystem {site + 1} has dimension {d}; use n or a")
    spins = {"sx": sigma_x, "sy": sigma_y, "sz": sigma_z, "sm": sigma_minus, "sp": sigma_plus}
    return embed(spins[kind](), site, model.dims)


def _projector(label: str, where: str, model: HasOperators) -> Array:
    if label in model.states:
        ket = basis(len(model.states), model.states.index(label))
        return np.outer(ket, ket.conj())
    for vectors, labels in model.bases.values():
        if label in labels:
            ket = vectors[:, labels.index(label)]
            return np.outer(ket, ket.conj())
    known = list(model.states) + [name for _, labels in model.bases.values() for name in labels]
    shown = ", ".join(dict.fromkeys(known[:40])) + (", ..." if len(known) > 40 else "")
    raise InputError(f"{where}: no basis state is labelled {label!r}; known: {shown}")


def _known(model: HasOperators) -> list[str]:
    names = ["H", "I"]
    for site, d in enumerate(model.dims, start=1):
        names += [f"{kind}{site}" for kind in ("n", "a")]
        if d == 2:
            names += [f"{kind}{site}" for kind in ("sx", "sy", "sz", "sm", "sp")]
    return names
