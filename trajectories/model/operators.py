"""Dense matrices of small quantum systems: spins, ladder operators, tensor products.

Conventions, the same everywhere in the package:

- ``|0>`` is the ground and ``|1>`` the excited state of a qubit; level i of any subsystem is row and column i.
- Several subsystems are ordered first one first: ``|00>, |01>, |10>, |11>`` for two qubits.
- ``sigma_minus = |0><1|`` lowers the energy, and ``sigma_z = |1><1| - |0><0|`` has the sign of the energy.

Every function returns a new complex128 array.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError, show

Array = NDArray[np.complex128]

LARGEST_DENSE = 64


def basis(dimension: int, i: int) -> Array:
    """Return the basis vector |i> of a system with `dimension` levels, shape (dimension,)."""
    if not 0 <= i < dimension:
        raise InputError(f"basis state {i} does not exist; a system of dimension {dimension} has 0 to {dimension - 1}")
    ket = np.zeros(dimension, dtype=np.complex128)
    ket[i] = 1.0
    return ket


def identity(dimension: int) -> Array:
    """Return the identity of a system with `dimension` levels, shape (dimension, dimension)."""
    return np.eye(dimension, dtype=np.complex128)


def destroy(dimension: int) -> Array:
    """Return the annihilation operator a = sum_n sqrt(n) |n-1><n| of `dimension` levels, (dimension, dimension)."""
    return np.diag(np.sqrt(np.arange(1, dimension, dtype=float)), k=1).astype(np.complex128)


def number(dimension: int = 2) -> Array:
    """Return the number operator sum_n n |n><n|, shape (dimension, dimension); for a qubit |1><1|."""
    return np.diag(np.arange(dimension, dtype=float)).astype(np.complex128)


def sigma_minus() -> Array:
    """Return the lowering operator |0><1| of a qubit."""
    return destroy(2)


def sigma_plus() -> Array:
    """Return the raising operator |1><0| of a qubit."""
    return dagger(destroy(2))


def sigma_x() -> Array:
    """Return sigma_x = sigma_plus + sigma_minus."""
    return sigma_plus() + sigma_minus()


def sigma_y() -> Array:
    """Return sigma_y = -i sigma_plus + i sigma_minus, so that [sigma_x, sigma_y] = 2i sigma_z as below."""
    return -1j * sigma_plus() + 1j * sigma_minus()


def sigma_z() -> Array:
    """Return sigma_z = |1><1| - |0><0|, positive for the excited state.

    With the ground state first this is diag(-1, +1): minus the matrix of textbooks that list the excited state first.
    """
    return np.diag([-1.0, 1.0]).astype(np.complex128)


def dagger(operator: Array) -> Array:
    """Return the Hermitian adjoint over the last two axes; leading axes are kept."""
    return np.conj(np.swapaxes(operator, -1, -2))


def compact(operator: Array) -> Any:
    """Return an operator (d, d) as a sparse array where it is large and nearly empty, for products; else as it is."""
    if len(operator) <= LARGEST_DENSE or np.count_nonzero(operator) > operator.size / 10:
        return operator
    from scipy import sparse

    return sparse.csr_array(operator)


def full(operator: Any) -> Array:
    """Return an operator made by `compact` as a dense array."""
    dense: Array = operator if isinstance(operator, np.ndarray) else operator.toarray()
    return dense


def products_of_adjoints(operators: Array) -> list[Any]:
    """Return L_k^dagger L_k for K operators (K, d, d), each as `compact` has it."""
    if operators.shape[-1] <= LARGEST_DENSE:
        return list(dagger(operators) @ operators)
    return [jump.conj().T @ jump for jump in map(compact, operators)]


def tensor(*operators: Array) -> Array:
    """Return the tensor product A1 x A2 x ... of matrices or of vectors, first subsystem first."""
    if not operators:
        raise InputError("tensor: give at least one operator")
    product = np.asarray(operators[0], dtype=np.complex128)
    for factor in operators[1:]:
        product = np.kron(product, factor).astype(np.complex128)
    return product


def embed(operator: Array, site: int, dims: Sequence[int]) -> Array:
    """Return the operator of one subsystem acting on the whole: 1 x ... x A x ... x 1.

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
    """Return the reduced density matrix: the trace over every subsystem that is not in `keep`.

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
    """Return a square complex128 matrix from an array, nested lists, a sparse matrix or a QuTiP object; a new array.

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
        raise InputError(f"{name}: must be a square matrix of numbers, not {show(value)}") from None
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.size == 0:
        raise InputError(f"{name}: shape {matrix.shape} is not that of a square matrix (d, d) with d >= 1")
    bad = np.argwhere(~np.isfinite(matrix))
    if bad.size:
        i, j = (int(x) for x in bad[0])
        raise InputError(f"{name}: element ({i}, {j}) = {matrix[i, j]} must be a finite number")
    return matrix
