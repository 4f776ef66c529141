"""Evolution under a constant sparse generator: y(t) = e^{G t} y(0) and its time integral.

Large sparse generators act on a vector at many times from one factorisation. With S = (1 - gamma G)^{-1} and an
orthonormal basis V of span{v, S v, ..., S^{m-1} v}, V[:, 0] = v/|v|,

    e^{G t} v ~ |v| V e^{H t} e_1,   H = (1 - T^{-1})/gamma,   T = V^dag S V,

where the slow modes come first, however fast the others are (Moret and Novati, BIT 44, 595 (2004); van den Eshof and
Hochbruck, SIAM J. Sci. Comput. 27, 1438 (2006)).
"""

from __future__ import annotations

import math

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply, splu

from trajectories.errors import TooCostly
from trajectories.master.propagation import rescaled

LARGEST = 120
FIRST = 20
STRIDE = 10
ACCURACY = 1e-13
STEPS_PER_SPAN = 16.0  # gamma is about this fraction of the time, a power of two
AT_EASE = 100.0  # norm times duration up to which a Taylor series is cheap
PRODUCTS = 6.0  # matrix-vector products of a Taylor series of e^{G t}, per |G| t
OVERHEAD = 1_000  # elements whose multiplication takes as long as a product's other work
LONGEST = 1e12
"""Multiplications of one evolution: about an hour on one core, at some 4e-9 s each."""


class SparsePropagator:
    """Exponentials of a sparse generator on vectors.

    `advance` and `integrate` are by Taylor series (Al-Mohy and Higham, SIAM J. Sci. Comput. 33, 488 (2011)), which cost
    |G| times the duration; `evolve` is by a Krylov space of the shifted inverse where that converges.

    most: multiplications that one evolution may take. What would take more is refused before it is begun, by TooCostly.
    """

    def __init__(self, generator: sparse.csr_array, most: float = LONGEST) -> None:
        n = generator.shape[0]
        self._most = most
        self._norm = max(float(abs(generator).sum(axis=0).max()), np.finfo(float).tiny)
        self._generator = sparse.csr_matrix(generator)
        unit, nothing = sparse.eye(n, format="csr"), sparse.csr_matrix((n, n))
        self._extended = sparse.bmat([[self._generator, None], [self._norm * unit, nothing]], format="csr")
        self._diagonal = complex(generator.diagonal().sum())
        self._inverse, self._too_long = ShiftedInverse(generator), math.inf

    def afford(self, duration: float) -> None:
        """Raise TooCostly where `advance` over this duration, in one step or in several, would take too long."""
        products = PRODUCTS * self._norm * duration
        elements = self._generator.nnz
        if products * (elements + OVERHEAD) > self._most:
            raise TooCostly(
                f"{products:.2g} products with a matrix of {elements:,} elements would be needed, which has the norm "
                f"{self._norm:.2g} over a time of {duration:g}"
            )

    def evolve(self, vector: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G t} vector and the integral of e^{G s} vector over s from 0 to t, (T, D) each.

        times: (T,), from 0 on, not falling. The error is about 1e-13 of |vector|, unless |e^{G t}| grows. Raises
        TooCostly.
        """
        states = np.repeat(np.asarray(vector, complex)[None], len(times), axis=0)
        integrals = np.zeros_like(states)
        later = times > 0
        if not later.any():
            return states, integrals
        solution = self._inverse.evolve(vector, times[later])
        if solution is not None:
            states[later], integrals[later] = solution
            return states, integrals
        total, now = np.zeros_like(states[0]), 0.0
        for j, time in enumerate(times):
            state, part = self._step(vector, time - now, time - now)
            vector, total, now = state, total + part, time
            states[j], integrals[j] = vector, total
        return states, integrals

    def _step(self, vector: np.ndarray, duration: float, whole: float) -> tuple[np.ndarray, np.ndarray]:
        """Return `evolve` after one duration, a part of `whole`, halved until one of the two methods converges."""
        if duration * self._norm < AT_EASE:
            self.afford(whole)  # the parts to come will be no longer
            return self.integrate(vector, duration)
        if duration < self._too_long:
            solution = self._inverse.evolve(vector, np.array([duration]))
            if solution is not None:
                return solution[0][0], solution[1][0]
            self._too_long = duration
        middle, first = self._step(vector, duration / 2, whole)
        end, second = self._step(middle, duration / 2, whole)
        return end, first + second

    def advance(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, float]:
        """Return (v, log_scale) with e^{G duration} vector = e^{log_scale} v. Raises TooCostly."""
        self.afford(duration)
        pieces = max(1, math.ceil(duration * self._norm / 200.0))
        log_scale = 0.0
        for _ in range(pieces):
            step = duration / pieces
            vector = expm_multiply(self._generator * step, vector, traceA=self._diagonal * step)
            vector, log_vector = rescaled(vector)
            log_scale += log_vector
        return vector, log_scale

    def integrate(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G duration} vector and the integral of e^{G s} vector over s from 0 to duration."""
        n = len(vector)
        both = np.concatenate([vector, np.zeros(n, vector.dtype)])
        both = expm_multiply(self._extended * duration, both, traceA=self._diagonal * duration)
        return both[:n], both[n:] / self._norm


class ShiftedInverse:
    """Krylov spaces of the shifted inverse of a generator G, sparse (D, D)."""

    def __init__(self, generator: sparse.csr_array) -> None:
        self._generator = sparse.csc_matrix(generator.astype(complex))
        self._gamma, self._solve = 0.0, self._generator.dot

    def evolve(self, vector: np.ndarray, durations: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
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
                coefficients = _functions(small[:m, :m], gamma, durations)
                if coefficients is None:
                    continue
                change = coefficients.copy()
                change[:, :, : last.shape[2]] -= last
                change[1] /= durations[:, None]
                if closed or (last.shape[2] and np.linalg.norm(change, axis=2).max() < ACCURACY):
                    states, integrals = scale * (coefficients @ basis[:m])
                    return states, integrals
                last = coefficients
            basis[m] = new / small[m, m - 1]
        return None


def _functions(small: np.ndarray, gamma: float, durations: np.ndarray) -> np.ndarray | None:
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
