"""Null spaces: stationary states of jump chains without a subtraction, and how many of them a generator has."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigs, onenormest, splu

TINY = 1e-200
RANK_TOLERANCE = 16 * np.finfo(float).eps
"""Times the number of columns: singular values below it, relative to normalised columns, count as zero."""


def recurrent_classes(rates: np.ndarray) -> list[np.ndarray]:
    """Return the closed communicating classes of a jump chain, each as an array of states.

    rates: (n, n), rates[i, j] >= 0 for the jump j -> i; the diagonal is ignored. The chain has as many stationary
    distributions as such classes; states in none of them are transient.
    """
    links = sparse.coo_array(rates.T > 0)
    count, label = connected_components(links, directed=True, connection="strong")
    targets, sources = np.nonzero(rates > 0)
    leaving = label[sources] != label[targets]
    closed = np.setdiff1d(np.arange(count), label[sources[leaving]])
    return [np.flatnonzero(label == index) for index in closed]


def stationary_distribution(rates: np.ndarray) -> np.ndarray:
    """Return p >= 0 with sum_j rates[i, j] p_j = p_i sum_j rates[j, i] and sum p = 1, for one recurrent class.

    Elimination of states in the form without subtractions (Grassmann, Taksar and Heyman, Oper. Res. 33, 1107 (1985)):
    every component, however small, has the relative accuracy of the rates. rates: (n, n), the jump j -> i; the diagonal
    is ignored. Transient states get p = 0. Raises ValueError where the stationary distribution is not unique.
    """
    classes = recurrent_classes(rates)
    if len(classes) != 1:
        raise ValueError(f"{len(classes)} recurrent classes: the stationary distribution is not unique")
    (members,) = classes
    left = rates[np.ix_(members, members)].astype(float)
    np.fill_diagonal(left, 0.0)
    n = len(members)
    exits = np.ones(n)
    for k in range(n - 1, 0, -1):
        exits[k] = left[:k, k].sum()
        left[:k, :k] += np.outer(left[:k, k] / exits[k], left[k, :k])
        np.fill_diagonal(left[:k, :k], 0.0)
    weight = np.ones(n)
    for k in range(1, n):
        weight[k] = left[k, :k] @ weight[:k] / exits[k]
    p = np.zeros(len(rates))
    p[members] = weight / weight.sum()
    return p


def balanced(generator: Any, trace: np.ndarray) -> Any:
    """Return a generator (D, D), dense or sparse, whose columns obey tau G = 0 to the rounding of their own size.

    trace: (D,) tau, 1 for a population and 0 for a coherence. Jumps that change nothing, such as a reset to the state
    that is there, cancel against the decay, and leave the rounding of a large rate in the column of a small one.
    """
    excess = trace * (trace @ generator)
    return generator - (sparse.diags_array(excess) if sparse.issparse(generator) else np.diag(excess))


def null_dimension(matrix: Any) -> int:
    """Return the dimension of the null space of a square matrix, dense or sparse, with its columns normalised first.

    The normalisation keeps rates of very different size apart from a true null vector: a column of a generator holds
    the decay of one element of the state and where it goes.
    """
    n = matrix.shape[0]
    columns = abs(matrix).sum(axis=0)
    scale = np.where(columns > 0, columns, 1.0)
    if not sparse.issparse(matrix):
        scaled = matrix / scale
        if n > 64 and _surely_regular(scaled):
            return 0
        values = linalg.svdvals(scaled)
        return int(np.count_nonzero(values < RANK_TOLERANCE * n * max(values[0], 1.0)))
    return _sparse_null_dimension(sparse.csc_array(matrix @ sparse.diags(1.0 / scale)))


def _surely_regular(matrix: np.ndarray) -> bool:
    """Cheap test by LU: True only where the matrix is far from singular."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", linalg.LinAlgWarning)
        factors, _ = linalg.lu_factor(matrix, check_finite=False)
    condition = linalg.lapack.zgecon if np.iscomplexobj(factors) else linalg.lapack.dgecon
    reciprocal, info = condition(factors, np.abs(matrix).sum(axis=0).max())
    return bool(info == 0 and reciprocal > 1e3 * RANK_TOLERANCE * len(matrix))


def _sparse_null_dimension(matrix: sparse.csc_array) -> int:
    n = matrix.shape[0]
    tolerance = RANK_TOLERANCE * n
    shift = 1e-7
    factors = splu(sparse.csc_matrix(matrix.astype(complex) - shift * sparse.eye(n)))
    if _inverse_norm(factors, n) < 0.1 / shift:
        return 0
    inverse = LinearOperator((n, n), matvec=factors.solve, dtype=np.dtype(complex))
    wanted = 4
    while True:
        start = np.cos(np.arange(n) + 1.0).astype(complex)
        values = eigs(inverse, k=min(wanted, n - 2), v0=start, return_eigenvectors=False)
        zeros = int(np.count_nonzero(np.abs(1 / values + shift) < tolerance))
        if zeros < len(values) or wanted >= n - 2:
            return zeros
        wanted *= 2


def _inverse_norm(factors: Any, n: int) -> float:
    """Estimate |A^{-1}|_1 from the factors of a sparse matrix A."""

    def solved(vector: np.ndarray, trans: str) -> np.ndarray:
        found = factors.solve(np.asarray(vector, complex).ravel(), trans=trans)
        # The estimate divides by the modulus of every element, which must not be denormal.
        return np.where(np.abs(found) > TINY, found, 0.0)

    inverse = LinearOperator(
        (n, n), matvec=lambda v: solved(v, "N"), rmatvec=lambda v: solved(v, "H"), dtype=np.dtype(complex)
    )
    return float(onenormest(inverse))


class SteadyEquations:
    """G rho = 0 with tau rho = 1: the row vector tau in place of the first row of G, which the others imply.

    generator: (D, D), dense or sparse, with tau G = 0. trace: (D,) tau, with tau[0] = 1.
    The matrix is regular where, and only where, G has one null vector, up to factors.
    """

    def __init__(self, generator: np.ndarray | sparse.csr_array, trace: np.ndarray) -> None:
        scale = np.asarray(abs(generator).sum(axis=0)).ravel()
        self._scale = np.where(scale > 0, scale, 1.0)
        self._wanted = np.zeros(len(trace), complex)
        self._wanted[0] = 1.0
        if sparse.issparse(generator):
            rest = sparse.csr_array(generator)[1:] @ sparse.diags(1 / self._scale)
            first = sparse.csr_array((trace / self._scale)[None, :])
            self._matrix = sparse.csc_matrix(sparse.vstack([first, rest]))
        else:
            self._matrix = np.concatenate([trace[None, :], generator[1:]]) / self._scale

    @cached_property
    def _factors(self) -> Any:
        return splu(self._matrix)

    def surely_regular(self) -> bool:
        """For a sparse generator: True only where the matrix is far from singular."""
        try:
            inverse = _inverse_norm(self._factors, len(self._scale))
        except RuntimeError:  # exactly singular
            return False
        norm = float(abs(self._matrix).sum(axis=0).max())
        return bool(inverse * norm < 1 / (1e3 * RANK_TOLERANCE * len(self._scale)))

    def solution(self) -> np.ndarray:
        """Return rho (D,), refined, by extended precision where G is dense."""
        wanted = self._wanted
        if sparse.issparse(self._matrix):
            solution = self._factors.solve(wanted)
            for _ in range(3):
                solution = solution + self._factors.solve(wanted - self._matrix @ solution)
        else:
            factors, precise = linalg.lu_factor(self._matrix), self._matrix.astype(np.clongdouble)
            solution = linalg.lu_solve(factors, wanted).astype(np.clongdouble)
            for _ in range(2):
                solution = solution + linalg.lu_solve(factors, (wanted - precise @ solution).astype(complex))
        return (solution / self._scale).astype(complex)
