"""Operators in another basis, without the rounding of the change of basis.

An element of W^dag A W is a sum of products, each with a relative rounding error of about eps, so that its error is at
most ROUNDING times the same sum of absolute values, |W|^dag |A| |W|; the columns of W themselves are known to eps of
the largest element of that (the residual of a diagonalisation). Below this the element says nothing, and is zero. A W
that only reorders the basis, with phases, adds nothing, and nothing is set to zero.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.model.operators import dagger, full, products_of_adjoints

ROUNDING = 8 * np.finfo(float).eps
RESOLVED = 1e-6
"""Rounding that a coupling may have, relative to the level difference and the losses of the two states: the error of
their coherence; that of their populations is its square."""


class Turned(NamedTuple):
    """W^dag A W, (..., d, d) each: the matrix, sizes of elements set to zero, bounds of the rounding."""

    matrix: np.ndarray
    dropped: np.ndarray
    rounding: np.ndarray


def turned(operator: np.ndarray, basis: np.ndarray) -> Turned:
    """Return an operator in the basis of the columns of W, with rounding set to zero.

    operator: (..., d, d) in the computational basis. basis: W (d, d), unitary.
    """
    operator = np.asarray(operator, complex)
    basis = np.where(np.abs(basis) < np.finfo(float).eps, 0, basis)
    if np.count_nonzero(basis) == len(basis):
        order = np.argmax(np.abs(basis), axis=0)
        phase = basis[order, np.arange(len(order))]
        matrix = phase.conj()[:, None] * operator[..., order[:, None], order] * phase
        nothing = np.broadcast_to(0.0, matrix.shape)
        return Turned(matrix, nothing, nothing)
    matrix = dagger(basis) @ operator @ basis
    size = np.abs(basis)
    rounding = ROUNDING * (size.T @ np.abs(operator) @ size)
    small = np.abs(matrix) <= rounding.max(axis=(-2, -1), keepdims=True)
    return Turned(np.where(small, 0, matrix), np.where(small, np.abs(matrix), 0.0), rounding)


def coupled_by_loss(jumps: np.ndarray) -> np.ndarray:
    """Return where the loss sum_k L_k^dag L_k is not zero, (d, d) bool: terms that cancel leave their rounding.

    jumps: (K, d, d).
    """
    loss, terms = (np.abs(full(sum(products_of_adjoints(each)))) for each in (jumps, np.abs(jumps)))
    return np.asarray(loss > ROUNDING * terms)


def unresolved(hamiltonian: Turned, jumps: np.ndarray) -> tuple[int, int, float, float] | None:
    """Return a pair of states (i, j) whose coupling in H rounding may hide, None where there is none.

    With it how large rounding is there, and what it is measured against: |H_ii - H_jj|, the mean loss of i and j, and
    |H_ij| where that is kept, whose levels must be as sharp. jumps: (K, d, d), without rounding.
    """
    matrix, dropped, rounding = hamiltonian
    level, broad = matrix.diagonal().real, rounding.diagonal()
    loss = (np.abs(jumps) ** 2).sum(axis=(0, 1))
    kept = np.abs(matrix) > 0
    noise = np.where(kept, np.maximum(rounding, 0.5 * (broad[:, None] + broad)), np.maximum(rounding, dropped))
    scale = np.abs(level[:, None] - level) + 0.5 * (loss[:, None] + loss) + np.abs(matrix)
    excess = noise - RESOLVED * scale
    np.fill_diagonal(excess, 0.0)
    i, j = (int(x) for x in np.unravel_index(np.argmax(excess), excess.shape))
    return (i, j, float(noise[i, j]), float(scale[i, j])) if excess[i, j] > 0 else None
