"""Null spaces: stationary states of jump chains without a subtraction, and how many of them a generator has."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, eigs, splu

from trajectories.master.linear_solvers import RANK_TOLERANCE, Factors, inverse_norm


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
        if n > 64 and Factors(scaled).surely_regular():
            return 0
        values = linalg.svdvals(scaled)
        return int(np.count_nonzero(values < RANK_TOLERANCE * n * max(values[0], 1.0)))
    return _sparse_null_dimension(sparse.csc_array(matrix @ sparse.diags(1.0 / scale)))


def _sparse_null_dimension(matrix: sparse.csc_array) -> int:
    """Return the dimension of the null space of a sparse matrix of normalised columns, by eigenvalues near zero."""
    n = matrix.shape[0]
    tolerance = RANK_TOLERANCE * n
    shift = 1e-7
    factors = splu(sparse.csc_matrix(matrix.astype(complex) - shift * sparse.eye(n)))
    if inverse_norm(factors, n) < 0.1 / shift:
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
