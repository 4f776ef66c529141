"""Exponentials of large sparse generators on a vector, at many times from one factorisation.

With S = (1 - gamma G)^{-1} and an orthonormal basis V of span{v, S v, ..., S^{m-1} v}, V[:, 0] = v/|v|,

    e^{G t} v ~ |v| V e^{H t} e_1,   H = (1 - T^{-1})/gamma,   T = V^dag S V,

where the slow modes come first, however fast the others are (Moret and Novati, BIT 44, 595 (2004); van den Eshof and
Hochbruck, SIAM J. Sci. Comput. 27, 1438 (2006)).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

Array = np.ndarray

LARGEST = 120
FIRST = 20
STRIDE = 10
ACCURACY = 1e-13
STEPS_PER_SPAN = 16.0  # gamma is about this fraction of the time, a power of two


class ShiftedInverse:
    """Krylov spaces of the shifted inverse of a generator G, sparse (D, D)."""

    def __init__(self, generator: sparse.csr_array) -> None:
        self._generator = sparse.csc_matrix(generator.astype(complex))
        self._gamma, self._solve = 0.0, self._generator.dot

    def evolve(self, vector: Array, durations: Array) -> tuple[Array, Array] | None:
        """Return e^{G t} v and int_0^t e^{G s} v ds, (T, D) each, at durations (T,) > 0; None where it fails.

        vector: (D,). It fails where 120 dimensions do not give thirteen digits relative to |v|: fast oscillations over
        many periods; shorter durations help.
        """
        size, scale = len(vector), float(np.linalg.norm(vector))
        if scale == 0.0:
            return np.zeros((len(durations), size), complex), np.zeros((len(durations), size), complex)
        gamma = 2.0 ** np.round(np.log2(durations[-1] / STEPS_PER_SPAN))
        if self._gamma != gamma:
            self._gamma, self._solve = gamma, splu(sparse.csc_matrix(sparse.eye(size) - gamma * self._generator)).solve
        basis = np.zeros((LARGEST + 1, size), complex)
        small = np.zeros((LARGEST + 1, LARGEST), complex)
        basis[0] = vector / scale
        last = np.zeros((2, len(durations), 0), complex)
        for m in range(1, min(LARGEST, size) + 1):
            new = self._solve(basis[m - 1])
            for _ in range(2):  # twice is enough
                overlap = basis[:m].conj() @ new
                new = new - overlap @ basis[:m]
                small[:m, m - 1] += overlap
            small[m, m - 1] = np.linalg.norm(new)
            closed = abs(small[m, m - 1]) < 1e-14 or m == size
            if closed or (m >= FIRST and m % STRIDE == 0):
                found = _functions(small[:m, :m], gamma, durations)
                if found is None:
                    continue
                change = found.copy()
                change[:, :, : last.shape[2]] -= last
                change[1] /= durations[:, None]
                if closed or (last.shape[2] and np.linalg.norm(change, axis=2).max() < ACCURACY):
                    states, integrals = scale * (found @ basis[:m])
                    return states, integrals
                last = found
            basis[m] = new / small[m, m - 1]
        return None


def _functions(small: Array, gamma: float, durations: Array) -> Array | None:
    """Return e^{H t} e_1 and its integral over t, (2, T, m), from T (m, m); None where a mode grows beyond bounds."""
    values, right = np.linalg.eig(small)
    start = np.linalg.solve(right, np.eye(len(small))[0])
    rates = (1.0 - 1.0 / values) / gamma
    exponent = rates * durations[:, None]
    if exponent.real.max() > 1.0:
        return None
    near = np.abs(exponent) < 1e-3
    safe = np.where(near, 1.0, exponent)
    series = 1.0 + exponent / 2 * (1.0 + exponent / 3 * (1.0 + exponent / 4 * (1.0 + exponent / 5)))
    average = np.where(near, series, np.expm1(safe) / safe)
    return np.stack([np.exp(exponent) * start, average * durations[:, None] * start]) @ right.T
