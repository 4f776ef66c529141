"""Evolution under a constant generator: y(t) = e^{G t} y(0) and its time integral."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import expm_multiply

from .errors import TooCostly
from .krylov import ShiftedInverse

TERMS = 18
BASE_NORM = 0.5
_ORDERS = np.arange(TERMS + 1)
HUGE = 1e75  # a vector of this size times two such matrices, and sums of it, are no overflow
SMALL = 24
AT_EASE = 100.0
PRODUCTS = 6.0  # matrix-vector products of a Taylor series of e^{G t}, per |G| t
OVERHEAD = 1_000  # elements whose multiplication takes as long as a product's other work
LONGEST = 1e12
"""Multiplications of one evolution: about an hour on one core, at some 4e-9 s each."""


class DensePropagator:
    """Exponentials of a dense generator by dyadic steps, so that any set of times costs matrix-vector products only.

    G: (D, D). A Taylor series over h with |G|_1 h <= 1/2 is squared to e^{G h 2^j}; a time is a sum of such steps
    plus a remainder shorter than h. Results that would overflow are returned as a vector and the logarithm of its
    scale.

    trace: (D,) row vector tau with tau G = 0, restored after every squaring (without it the rounding error of the
    conserved quantity doubles each time). fixed: (D,) column vector with G fixed = 0, likewise; one of the two at most.
    metzler: G is real with no negative element off the diagonal; then what is conserved is restored by factors instead
    of sums, so that every component of a nonnegative vector keeps its relative accuracy.
    """

    def __init__(
        self,
        generator: np.ndarray,
        *,
        trace: np.ndarray | None = None,
        fixed: np.ndarray | None = None,
        metzler: bool = False,
    ) -> None:
        self._generator, self._trace, self._fixed, self._metzler = generator, trace, fixed, metzler
        norm = float(np.abs(generator).sum(axis=0).max())
        self._base = BASE_NORM / max(norm, np.finfo(float).tiny)
        self._powers: list[tuple[np.ndarray, float]] = []
        self._integrals: list[np.ndarray] = []

    def advance(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, float]:
        """Return (v, log_scale) with e^{G duration} vector = e^{log_scale} v."""
        steps, rest = self._split(duration)
        vector = self._shortly(vector, rest)
        log_scale = 0.0
        for j in range(steps.bit_length()):
            if steps >> j & 1:
                power, log_power = self._power(j)
                vector = power @ vector
                if log_power:
                    vector, log_vector = _rescaled(vector)
                    log_scale += log_power + log_vector
        vector, log_vector = _rescaled(vector)
        return vector, log_scale + log_vector

    def integrate(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G duration} vector and the integral of e^{G s} vector over s from 0 to duration."""
        steps, rest = self._split(duration)
        total = self._short_integral(vector, rest)
        vector = self._shortly(vector, rest)
        for j in range(steps.bit_length()):
            if steps >> j & 1:
                total = total + self._integral(j) @ vector
                vector = self._power(j)[0] @ vector
        return vector, total

    def _split(self, duration: float) -> tuple[int, float]:
        ratio = duration / self._base
        # Beyond 2^50 steps the remainder is below the resolution of the duration itself.
        return (int(ratio), max(0.0, duration - int(ratio) * self._base)) if ratio < 2**50 else (int(ratio), 0.0)

    def _shortly(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """The same as `_short` on a vector; the terms of a small matrix are kept, since calls cost more than sums."""
        size = len(self._generator)
        if size > SMALL:
            return self._short(vector, duration)
        return ((duration / self._base) ** _ORDERS @ self._terms).reshape(size, size) @ vector

    @cached_property
    def _terms(self) -> np.ndarray:
        """(TERMS + 1, D^2): (G s)^n / n! at the base time s, where no power can overflow."""
        terms = [np.eye(len(self._generator), dtype=self._generator.dtype)]
        step = self._generator * self._base
        for n in range(1, TERMS + 1):
            terms.append(step @ terms[-1] / n)
        return np.array(terms).reshape(TERMS + 1, -1)

    def _short(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """Taylor series of e^{G duration} on a vector or matrix."""
        term, total = vector, vector
        for n in range(1, TERMS + 1):
            term = self._generator @ term * (duration / n)
            total = total + term
        return total

    def _short_integral(self, vector: np.ndarray, duration: float) -> np.ndarray:
        term = vector * duration
        total = term
        for n in range(2, TERMS + 2):
            term = self._generator @ term * (duration / n)
            total = total + term
        return total

    def _power(self, level: int) -> tuple[np.ndarray, float]:
        while len(self._powers) <= level:
            if self._powers:
                last, log_last = self._powers[-1]
                power, log_power = _rescaled(last @ last)
                self._powers.append((self._conserving(power), 2 * log_last + log_power))
            else:
                unit = np.eye(len(self._generator), dtype=self._generator.dtype)
                self._powers.append((self._conserving(self._short(unit, self._base)), 0.0))
        return self._powers[level]

    def _integral(self, level: int) -> np.ndarray:
        while len(self._integrals) <= level:
            if self._integrals:
                last = self._integrals[-1]
                self._integrals.append(last + self._power(len(self._integrals) - 1)[0] @ last)
            else:
                unit = np.eye(len(self._generator), dtype=self._generator.dtype)
                self._integrals.append(self._short_integral(unit, self._base))
        return self._integrals[level]

    def _conserving(self, power: np.ndarray) -> np.ndarray:
        if self._fixed is not None:
            return _restored(power.T, self._fixed, self._metzler).T
        return power if self._trace is None else _restored(power, self._trace, self._metzler)


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
        found = self._inverse.evolve(vector, times[later])
        if found is not None:
            states[later], integrals[later] = found
            return states, integrals
        total, now = np.zeros_like(states[0]), 0.0
        for j, time in enumerate(times):
            state, part = self._step(vector, time - now, time - now)
            vector, total, now = state, total + part, time
            states[j], integrals[j] = vector, total
        return states, integrals

    def _step(self, vector: np.ndarray, duration: float, whole: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the same after one duration, a part of `whole`, halved until one of the methods is at ease."""
        if duration * self._norm < AT_EASE:
            self.afford(whole)  # the parts to come will be no longer
            return self.integrate(vector, duration)
        if duration < self._too_long:
            found = self._inverse.evolve(vector, np.array([duration]))
            if found is not None:
                return found[0][0], found[1][0]
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
            vector, log_vector = _rescaled(vector)
            log_scale += log_vector
        return vector, log_scale

    def integrate(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G duration} vector and the integral of e^{G s} vector over s from 0 to duration."""
        n = len(vector)
        both = np.concatenate([vector, np.zeros(n, vector.dtype)])
        both = expm_multiply(self._extended * duration, both, traceA=self._diagonal * duration)
        return both[:n], both[n:] / self._norm


def _restored(power: np.ndarray, row: np.ndarray, metzler: bool) -> np.ndarray:
    """Return the matrix with row @ matrix = row again, up to the rounding of the last operation."""
    kept = row @ power
    if metzler:
        return power * (row / kept)
    return power + np.outer(row / (row @ row), row - kept)


def _rescaled(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the array divided by its largest element where that is huge or tiny, and the logarithm of the divisor."""
    largest = float(np.abs(array).max())
    if 1 / HUGE < largest < HUGE or largest == 0.0:
        return array, 0.0
    return array / largest, math.log(largest)
