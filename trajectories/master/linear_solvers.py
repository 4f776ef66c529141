"""Linear equations with generators: factorised once, solved often, refined in extended precision.

Rates of a machine spread over many decades, so columns and rows are brought to one size before the factorisation (by
powers of two, which round nothing), and solutions of dense equations are corrected with residuals in extended
precision. The steady state, the Drazin inverse and resolvents are solutions of one bordered system, in which the trace
takes the place of the first row.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import LinearOperator, onenormest, splu

from trajectories.model.operators import full

REFINEMENTS = 3
TINY = 1e-200
FILLED = 0.25  # of the elements: a sparse factorisation would fill in the rest, and slowly
FITS = 2000  # columns of a dense matrix and its copy in extended precision, 200 MB
RANK_TOLERANCE = 16 * np.finfo(float).eps
"""Times the number of columns: singular values below it, relative to normalised columns, count as zero."""


class Factors:
    """A regular matrix A (D, D), dense or sparse, ready to solve with; RuntimeError for a sparse one that is singular.

    right: (D,), real or complex. columns: (D,) sizes by which columns are divided, rows as they are (default: the
    largest element of columns, then of rows). refinements: corrections of a solution.
    """

    def __init__(
        self,
        matrix: np.ndarray | sparse.csr_array,
        columns: np.ndarray | None = None,
        refinements: int = REFINEMENTS,
    ) -> None:
        self._refinements = refinements
        self._column = _sizes(matrix, axis=0) if columns is None else columns
        scaled = _divided(matrix, self._column, 1)
        self._row = _sizes(scaled, axis=1) if columns is None else np.ones(len(columns))
        scaled = _divided(scaled, self._row, 0)
        if sparse.issparse(scaled):
            self._matrix = sparse.csc_matrix(scaled.astype(complex))
            self._sparse = splu(self._matrix)
        else:
            self._sparse = None
            self._matrix = scaled.astype(np.result_type(scaled, np.longdouble))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", linalg.LinAlgWarning)
                self._dense = linalg.lu_factor(scaled, check_finite=False)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return x with A x = right, (D,)."""
        return self._refined(right / self._row, self._matrix, "N", self._column)

    def solve_adjoint(self, right: np.ndarray) -> np.ndarray:
        """Return x with A^dag x = right, (D,)."""
        return self._refined(right / self._column, self._matrix.conj().T, "H", self._row)

    def surely_regular(self) -> bool:
        """Return True only where the matrix, with rows and columns of one size, is far from singular."""
        norm, size = float(abs(self._matrix).sum(axis=0).max()), len(self._row)
        if self._sparse is not None:
            reciprocal = 1 / (norm * inverse_norm(self._sparse, size))
        else:
            factors = self._dense[0]
            condition = linalg.lapack.zgecon if np.iscomplexobj(factors) else linalg.lapack.dgecon
            reciprocal, info = condition(factors, norm)
            reciprocal = reciprocal if info == 0 else 0.0
        return bool(reciprocal > 1e3 * RANK_TOLERANCE * size)

    def _refined(
        self, right: np.ndarray, matrix: np.ndarray | sparse.csc_matrix, form: str, sizes: np.ndarray
    ) -> np.ndarray:
        """Return the solution (D,) with corrections; form: "N", or "H" for the adjoint. sizes: (D,) divisors."""
        once = self._by_sparse if self._sparse is not None else self._by_dense
        kind = np.result_type(right, complex if np.iscomplexobj(self._matrix) else float)
        solution = once(right.astype(kind), form).astype(np.result_type(kind, matrix.dtype))
        for _ in range(self._refinements):
            solution = solution + once((right - matrix @ solution).astype(kind), form)
        return (solution / sizes).astype(kind)

    def _by_sparse(self, right: np.ndarray, form: str) -> np.ndarray:
        return self._sparse.solve(right, trans=form)

    def _by_dense(self, right: np.ndarray, form: str) -> np.ndarray:
        return linalg.lu_solve(self._dense, right, trans=0 if form == "N" else 2, check_finite=False)


def bordered(generator: np.ndarray | sparse.csr_array, trace: np.ndarray, z: complex = 0.0) -> Factors:
    """Return the factors of G - z with the row vector tau in place of its first row, which the others imply.

    generator: (D, D) G, dense or sparse, with tau G = 0. trace: (D,) tau, with tau[0] = 1. The matrix is regular at
    z = 0 where, and only where, G has one null vector, up to factors: the solution for the right-hand side (1, 0, ...).
    """
    return Factors(_bordered(generator, trace, z))


def steady_factors(generator: np.ndarray | sparse.csr_array, trace: np.ndarray) -> Factors:
    """Return the factors of `bordered` at z = 0 for the steady state, columns divided by the sums of those of |G|.

    Every sampled trajectory depends on the last digits of the steady state, and these on the scaling.
    """
    columns = generator.shape[0]
    if sparse.issparse(generator) and columns <= FITS and sparse.csr_array(generator).nnz > FILLED * columns**2:
        generator = full(generator)
    sizes = np.asarray(abs(generator).sum(axis=0)).ravel()
    few = REFINEMENTS if sparse.issparse(generator) else REFINEMENTS - 1
    return Factors(_bordered(generator, trace), np.where(sizes > 0, sizes, 1.0), few)


def _bordered(
    generator: np.ndarray | sparse.csr_array, trace: np.ndarray, z: complex = 0.0
) -> np.ndarray | sparse.csr_array:
    """Return the matrix (D, D) of `bordered`."""
    if sparse.issparse(generator):
        body = sparse.csr_array(generator) - z * sparse.csr_array(sparse.eye(len(trace), format="csr"))
        return sparse.csr_array(sparse.vstack([sparse.csr_array(trace[None, :]), body[1:]]))
    body = generator - z * np.eye(len(trace))
    return np.concatenate([trace[None, :], body[1:]])


class Drazin:
    """The Drazin inverse of a generator L with the unique steady state rho, and the resolvents (L - z)^-1 beside it.

    solve(b) returns x with (L - z) x = Q b and Tr x = 0, Q = 1 - rho Tr: at z = 0 the Drazin inverse L^+ b; z -> 0
    needs no care. rho: (D,) flattened blocks of the steady state. factors: of the bordered L - z.
    """

    def __init__(self, factors: Factors, rho: np.ndarray, trace: np.ndarray) -> None:
        self._factors, self.rho, self.trace = factors, rho, trace

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return (L - z)^-1 Q vector, (D,), without trace."""
        wanted = vector - self.rho * (self.trace @ vector)
        wanted[0] = 0.0
        return self._factors.solve(wanted)


def inverse_norm(factors: Any, n: int) -> float:
    """Return an estimate of |A^{-1}|_1 from the factors of a sparse matrix A (n, n)."""

    def solved(vector: np.ndarray, trans: str) -> np.ndarray:
        solution = factors.solve(np.asarray(vector, complex).ravel(), trans=trans)
        # The estimate divides by the modulus of every element, which must not be denormal.
        return np.where(np.abs(solution) > TINY, solution, 0.0)

    inverse = LinearOperator(
        (n, n), matvec=lambda v: solved(v, "N"), rmatvec=lambda v: solved(v, "H"), dtype=np.dtype(complex)
    )
    return float(onenormest(inverse))


def _sizes(matrix: np.ndarray | sparse.csr_array, axis: int) -> np.ndarray:
    """Return the largest |element| of every column (axis=0) or row (axis=1), (D,), rounded to a power of two."""
    largest = abs(matrix).max(axis=axis)
    largest = largest.toarray().ravel() if sparse.issparse(largest) else largest
    return np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))


def _divided(matrix: np.ndarray | sparse.csr_array, sizes: np.ndarray, axis: int) -> np.ndarray | sparse.csr_array:
    """Return the matrix with row (axis=0) or column (axis=1) i divided by sizes[i]."""
    if sparse.issparse(matrix):
        scaling = sparse.diags(1 / sizes)
        return sparse.csr_array(scaling @ matrix if axis == 0 else matrix @ scaling)
    return matrix / (sizes[:, None] if axis == 0 else sizes)
