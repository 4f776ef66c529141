"""Linear equations with generators: factorised once, solved often, refined in extended precision.

Rates of a machine spread over many decades, so columns and rows are brought to one size before the factorisation (by
powers of two, which round nothing), and solutions of dense equations are corrected with residuals in extended
precision.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import splu

from trajectories.master.lindblad import Master

REFINEMENTS = 3


class Factors:
    """A regular matrix A (D, D), dense or sparse, ready to solve with. right: (D,), real or complex."""

    def __init__(self, matrix: np.ndarray | sparse.csr_array) -> None:
        self._column = _sizes(matrix, axis=0)
        scaled = _times(matrix, 1 / self._column, 1)
        self._row = _sizes(scaled, axis=1)
        scaled = _times(scaled, 1 / self._row, 0)
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
        return self._refined(right / self._row, self._matrix, "N") / self._column

    def solve_adjoint(self, right: np.ndarray) -> np.ndarray:
        """Return x with A^dag x = right, (D,)."""
        return self._refined(right / self._column, self._matrix.conj().T, "H") / self._row

    def _refined(self, right: np.ndarray, matrix: np.ndarray | sparse.csc_matrix, form: str) -> np.ndarray:
        once = self._by_sparse if self._sparse is not None else self._by_dense
        kind = np.result_type(right, complex if np.iscomplexobj(self._matrix) else float)
        solution = once(right.astype(kind), form).astype(np.result_type(kind, matrix.dtype))
        for _ in range(REFINEMENTS):
            solution = solution + once((right - matrix @ solution).astype(kind), form)
        return solution.astype(kind)

    def _by_sparse(self, right: np.ndarray, form: str) -> np.ndarray:
        return self._sparse.solve(right, trans=form)

    def _by_dense(self, right: np.ndarray, form: str) -> np.ndarray:
        return linalg.lu_solve(self._dense, right, trans=0 if form == "N" else 2, check_finite=False)


class Drazin:
    """The Drazin inverse of a generator L with the unique steady state rho, and the resolvents (L - z)^-1 beside it.

    solve(b) returns x with (L - z) x = Q b and Tr x = 0, Q = 1 - rho Tr: at z = 0 the Drazin inverse L^+ b. The trace
    takes the place of the first row, which the other populations' rows imply, so that z -> 0 needs no care.
    rho: (D,) flattened blocks of the steady state. Raises InputError where it is not unique.
    """

    def __init__(self, master: Master, z: complex = 0.0) -> None:
        self.rho = master.steady_blocks.real.copy() if master.classical else master.steady_blocks
        self.trace = master.trace_row
        generator, size = master.generator, len(master.trace_row)
        if sparse.issparse(generator):
            body = sparse.csr_array(generator) - z * sparse.csr_array(sparse.eye(size, format="csr"))
            bordered = sparse.csr_array(sparse.vstack([sparse.csr_array(self.trace[None, :]), body[1:]]))
        else:
            body = generator - z * np.eye(size)
            bordered = np.concatenate([self.trace[None, :], body[1:]])
        self._factors = Factors(bordered)

    def solve(self, vector: np.ndarray) -> np.ndarray:
        """Return (L - z)^-1 Q vector, (D,), without trace."""
        wanted = vector - self.rho * (self.trace @ vector)
        wanted[0] = 0.0
        return self._factors.solve(wanted)


def _sizes(matrix: np.ndarray | sparse.csr_array, axis: int) -> np.ndarray:
    """Return the largest |element| of every column (axis=0) or row (axis=1), (D,), rounded to a power of two."""
    largest = abs(matrix).max(axis=axis)
    largest = largest.toarray().ravel() if sparse.issparse(largest) else largest
    return np.exp2(np.round(np.log2(np.where(largest > 0, largest, 1.0))))


def _times(matrix: np.ndarray | sparse.csr_array, factors: np.ndarray, axis: int) -> np.ndarray | sparse.csr_array:
    """Return the matrix with row (axis=0) or column (axis=1) i multiplied by factors[i]."""
    if sparse.issparse(matrix):
        scaling = sparse.diags(factors)
        return sparse.csr_array(scaling @ matrix if axis == 0 else matrix @ scaling)
    return matrix * (factors[:, None] if axis == 0 else factors)
