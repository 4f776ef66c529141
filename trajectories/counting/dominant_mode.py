"""Leading eigenvalue of a generator with weighted jumps, between bounds, by iterations that stay positive.

With weights >= 0 the semigroup e^{G t} maps positive operators to positive ones. Then the eigenvalue lambda of G of
largest real part is real, no other eigenvalue is closer to a real shift above it, and for every X > 0

    min spec X^{-1/2} G^dag(X) X^{-1/2}  <=  lambda  <=  max spec X^{-1/2} G^dag(X) X^{-1/2}.

X <- (sigma - G^dag)^{-1} X with sigma the upper bound is Noda's iteration (Numer. Math. 17, 382 (1971), for nonnegative
matrices), here for completely positive maps: the bound falls monotonically, at the end quadratically, and what is found
cannot be another eigenvalue, whatever crosses below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigs

from trajectories.master.lindblad import FULL_SPECTRUM_SIZE, Master
from trajectories.master.linear_solvers import Factors

MOST_STEPS = 1000
CLOSE = 1e-8
MEETING = 1e-9
MARGIN = 1e-6
ROUNDING = 1e-15


class Leading(NamedTuple):
    """The leading eigenvalue `value` (1/time), between the bounds `lower` and `upper`, and its eigenvectors.

    left, right: flattened blocks (D,) of positive operators X and R, G^dag(X) = value X, G(R) = value R, Tr R = 1,
    Tr[X R] = 1. Where parts of the generator do not feed each other both ways (a weight of 0) they need not be unique
    and the bounds may stay apart.
    """

    value: float
    left: np.ndarray
    right: np.ndarray
    lower: float
    upper: float


def leading_mode(master: Master, weights: np.ndarray) -> Leading:
    """Return the leading eigenvalue and eigenvectors of the generator with channel k's jump term times weights[k].

    weights: (K,) finite and >= 0. Weights that differ by 200 orders of magnitude are no difficulty. Where bounds do not
    meet (see `Leading`) the value comes from the whole spectrum, or from an Arnoldi search for D > 1500.
    """
    generator = master.tilted(weights)
    scale = float(abs(generator).sum(axis=0).max())
    shift, left, lower, upper = _descent(master, weights, generator, scale)
    together = upper - lower <= max(MEETING * max(abs(lower), abs(upper)), 100 * ROUNDING * scale)
    spectral = None if together else _rightmost(generator, upper + MARGIN * scale)
    if spectral is not None:
        shift, left = spectral + 1e-3 * MARGIN * scale, master.trace_row.astype(generator.dtype)
    factors, right = Factors(_shifted(generator, shift)), master.trace_row.astype(generator.dtype)
    for _ in range(3):
        right, left = factors.solve(right), factors.solve_adjoint(left)
        right, left = right / np.abs(right).max(), left / np.abs(left).max()
    value = _quotient(generator, left, right) if spectral is None else spectral
    right = right / (master.trace_row @ right)
    return Leading(value, left / np.vdot(left, right).conj(), right, min(lower, value), max(upper, value))


def _descent(
    master: Master, weights: np.ndarray, generator: np.ndarray | sparse.csr_array, scale: float
) -> tuple[float, np.ndarray, float, float]:
    """Return the last shift surely above the eigenvalue, X, and both bounds, by Noda's iteration from X = 1."""
    lower, upper = _bounds_at_identity(master, weights)
    above = shift = upper + MARGIN * scale
    left = master.trace_row.astype(generator.dtype)
    for _ in range(MOST_STEPS):
        with np.errstate(all="ignore"):
            moved = Factors(_shifted(generator, shift)).solve_adjoint(left)
            least, most = _ratios(master, left, moved)
        if not 0.0 < least <= most < np.inf:
            # The shift is on the eigenvalue, to rounding, or X has become singular.
            break
        above, lower, upper = shift, max(lower, shift - most), min(upper, shift - least)
        left = moved / np.abs(moved).max()
        if most - least <= CLOSE * most or least <= ROUNDING * abs(shift):
            break
        shift -= (1.0 - MARGIN) * least
    return above, left, lower, upper


def _rightmost(generator: np.ndarray | sparse.csr_array, shift: float) -> float:
    """Return the largest real part of the eigenvalues; shift: real, to the right of all of them."""
    if generator.shape[0] <= FULL_SPECTRUM_SIZE:
        return float(np.linalg.eigvals(sparse.csr_array(generator).toarray()).real.max())
    start = np.cos(np.arange(generator.shape[0]) + 1.0).astype(complex)
    values = eigs(sparse.csc_matrix(generator), k=6, sigma=shift, v0=start, return_eigenvectors=False)
    return float(values.real.max())


def _quotient(generator: np.ndarray | sparse.csr_array, left: np.ndarray, right: np.ndarray) -> float:
    """Return <left, G right>/<left, right>: its error is the product of both vectors' errors."""
    wide = np.result_type(right, np.longdouble)
    # Rows are summed in extended precision: what stays and what leaves cancel to the digits that matter.
    applied = generator @ right if sparse.issparse(generator) else generator.astype(wide) @ right.astype(wide)
    return float((np.vdot(left.astype(wide), applied) / np.vdot(left.astype(wide), right.astype(wide))).real)


def _shifted(generator: np.ndarray | sparse.csr_array, shift: float) -> np.ndarray | sparse.csr_array:
    size = generator.shape[0]
    if sparse.issparse(generator):
        return sparse.csr_array(shift * sparse.eye(size, format="csr") - generator)
    return shift * np.eye(size) - generator


def _bounds_at_identity(master: Master, weights: np.ndarray) -> tuple[float, float]:
    """Return the bounds for X = 1, where G^dag(X) = sum_k (weights_k - 1) L_k^dag L_k."""
    gain = (weights - 1.0) @ master.space.losses
    values = np.concatenate([np.linalg.eigvalsh(block) for block in master.sectors.split(gain)])
    return float(values.min()), float(values.max())


def _ratios(master: Master, before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return the extreme eigenvalues of after^{-1/2} before after^{-1/2}, over all sectors; (0, 0) unless after > 0."""
    if master.classical:
        if (after.real <= 0).any():
            return 0.0, 0.0
        ratio = before.real / after.real
        return float(ratio.min()), float(ratio.max())
    least, most = np.inf, 0.0
    for old, new in zip(master.sectors.split(before), master.sectors.split(after), strict=True):
        diagonal = new.diagonal().real
        if (diagonal <= 0).any():
            return 0.0, 0.0
        # The ratio is the same in any basis: one where the diagonal of `after` is 1 has the mildest roundings.
        root = 1 / np.sqrt(diagonal)
        values, vectors = np.linalg.eigh(_hermitian(new * root[:, None] * root))
        if values[0] <= 0:
            return 0.0, 0.0
        change = (root[:, None] * vectors) / np.sqrt(values)
        ratio = np.linalg.eigvalsh(_hermitian(change.conj().T @ old @ change))
        least, most = min(least, float(ratio[0])), max(most, float(ratio[-1]))
    return least, most


def _hermitian(matrix: np.ndarray) -> np.ndarray:
    return 0.5 * (matrix + matrix.conj().T)
