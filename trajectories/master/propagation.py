"""Evolution under a constant dense generator: y(t) = e^{G t} y(0) and its time integral, by dyadic steps."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, lru_cache, partial
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError

TERMS = 18
BASE_NORM = 0.5
_ORDERS = np.arange(TERMS + 1)
HUGE = 1e75  # a vector of this size times two such matrices, and sums of it, are no overflow
GONE = 0.5  # of e^X: below, everything has moved, and nothing is slow any more
SMALL = 24
LARGEST_PHASE = 1e11
"""Energy difference times duration: what slow rates beside it have lost to rounding is about 1e-5 to 1e-6 here."""


def check_phases(block: np.ndarray, duration: float) -> None:
    """Raise InputError where energies of one sector differ so much that double precision loses slow rates beside them.

    block: (m, m) of H or H_eff.
    """
    energies = np.linalg.eigvalsh(0.5 * (block + block.conj().T) - block[0, 0].real * np.eye(len(block)))
    spread = float(energies[-1] - energies[0])
    if spread * duration > LARGEST_PHASE:
        raise InputError(
            f"energies that are coupled coherently differ by {spread:.3g}, a phase of {spread * duration:.3g} over the "
            f"duration {duration:g}: must be at most {LARGEST_PHASE:g}, or slow rates are lost in rounding; leave the "
            "fast frequency out (a rotating frame), or the couplings that it averages away"
        )


class DensePropagator:
    """Exponentials of a dense generator by dyadic steps, so that any set of times costs matrix-vector products only.

    G: (D, D). A Taylor series over h with |G|_1 h <= 1/2 is squared to e^{G h 2^j}; a time is a sum of such steps
    plus a remainder shorter than h. What is stored is E = e^X - 1, doubled to 2 E + E^2, as long as something is left
    that has hardly moved: 1 + E would drop the digits of a rate much slower than 1/h. Results that would overflow are
    returned as a vector and the logarithm of its scale.

    trace: (D,) row vector tau with tau G = 0, restored after every squaring (without it the rounding error of the
    conserved quantity doubles each time). fixed: (D,) column vector with G fixed = 0, likewise; one of the two at most.
    metzler: G is real with no negative element off the diagonal; then e^X itself is squared, which adds nonnegative
    numbers only, and what is conserved is restored by factors instead of sums, which keeps slow rates: every component
    of a nonnegative vector keeps its relative accuracy.
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
        self._powers: list[_Power] = []
        self._integrals: list[np.ndarray] = []

    def advance(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, float]:
        """Return (v, log_scale) with e^{G duration} vector = e^{log_scale} v."""
        steps, rest = self._split(duration)
        vector = self._shortly(vector, rest)
        log_scale = 0.0
        for j in range(steps.bit_length()):
            if steps >> j & 1:
                power = self._power(j)
                vector = power.applied(vector)
                if power.log_scale:
                    vector, log_vector = rescaled(vector)
                    log_scale += power.log_scale + log_vector
        vector, log_vector = rescaled(vector)
        return vector, log_scale + log_vector

    def integrate(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G duration} vector and the integral of e^{G s} vector over s from 0 to duration."""
        steps, rest = self._split(duration)
        total = self._short_integral(vector, rest)
        vector = self._shortly(vector, rest)
        for j in range(steps.bit_length()):
            if steps >> j & 1:
                total = total + self._integral(j) @ vector
                vector = self._power(j).applied(vector)
        return vector, total

    def _split(self, duration: float) -> tuple[int, float]:
        ratio = duration / self._base
        # Beyond 2^50 steps the remainder is below the resolution of the duration itself.
        return (int(ratio), max(0.0, duration - int(ratio) * self._base)) if ratio < 2**50 else (int(ratio), 0.0)

    def _shortly(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """Return `_short` of a vector; the terms of a small matrix are kept, since calls cost more than sums."""
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
        """Return e^{G duration} on a vector or matrix, by its Taylor series."""
        return vector + self._change(vector, duration)

    def _change(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """Return e^{G duration} - 1 on a vector or matrix, by its Taylor series."""
        term = total = self._generator @ vector * duration
        for n in range(2, TERMS + 1):
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

    def _power(self, level: int) -> _Power:
        """Return e^{G h 2^level}, h being the base time."""
        while len(self._powers) <= level:
            if not self._powers:
                unit = np.eye(len(self._generator), dtype=self._generator.dtype)
                change = self._change(unit, self._base)
                power = _Power(unit + change, 0.0, False) if self._metzler else _Power(change, 0.0, True)
            else:
                power = self._powers[-1].squared()
            self._powers.append(power._replace(matrix=self._conserving(power.matrix, power.change)))
        return self._powers[level]

    def _integral(self, level: int) -> np.ndarray:
        """Return the integral of e^{G s} over s from 0 to h 2^level, (D, D)."""
        while len(self._integrals) <= level:
            if self._integrals:
                last = self._integrals[-1]
                self._integrals.append(last + self._power(len(self._integrals) - 1).applied(last))
            else:
                unit = np.eye(len(self._generator), dtype=self._generator.dtype)
                self._integrals.append(self._short_integral(unit, self._base))
        return self._integrals[level]

    def _conserving(self, power: np.ndarray, change: bool) -> np.ndarray:
        if self._fixed is not None:
            return _restored(power.T, self._fixed, self._metzler, change).T
        return power if self._trace is None else _restored(power, self._trace, self._metzler, change)


class _Power(NamedTuple):
    """e^X = e^{log_scale} matrix, or 1 + matrix if `change`, where log_scale is 0."""

    matrix: np.ndarray
    log_scale: float
    change: bool

    def applied(self, vector: np.ndarray) -> np.ndarray:
        """Return e^X vector, without the scale."""
        return vector + self.matrix @ vector if self.change else self.matrix @ vector

    def squared(self) -> _Power:
        """Return e^{2 X}; as a change while some of its elements are neither small nor huge."""
        if not self.change:
            matrix, log_scale = rescaled(self.matrix @ self.matrix)
            return _Power(matrix, 2 * self.log_scale + log_scale, False)
        matrix = 2 * self.matrix + self.matrix @ self.matrix
        exponential = matrix + np.eye(len(matrix))
        if GONE < np.abs(exponential).max() < HUGE:
            return _Power(matrix, 0.0, True)
        return _Power(*rescaled(exponential), False)


class PolynomialPropagator:
    """Exponentials of G(x) = G_0 + G_1 x + ... + G_n x^n up to the power n of x, by dyadic steps.

    generators: (n+1, D, D), the coefficients G_m. The coefficients y_m of e^{G(x) t} y(x) obey
    dy_m/dt = sum_j G_j y_{m-j}. trace: (D,) row vector tau with tau G_0 = 0, restored after every squaring. The
    products of two such exponentials cost (n+1)(n+2)/2 of D x D matrices, an eighth of those of one large matrix.
    """

    def __init__(self, generators: np.ndarray, trace: np.ndarray) -> None:
        self._generators, self._trace = generators, trace
        self._places = _toeplitz(*generators.shape[:2]) if generators[0].size <= SMALL**2 else None
        norm = float(np.abs(generators).sum(axis=(0, 1)).max())
        self._base = BASE_NORM / max(norm, np.finfo(float).tiny)
        self._changes: list[np.ndarray] = []

    def evolve(self, start: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the coefficients (T, n+1, D) at times (T,), from 0 on, not falling; start: (n+1, D)."""
        vector, coefficients, now = start[:, :, None], np.zeros((len(times), *start.shape), complex), 0.0
        for j, time in enumerate(times):
            vector, now = self._advanced(vector, float(time) - now), float(time)
            coefficients[j] = vector[:, :, 0]
        return coefficients

    def _advanced(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """Return the coefficients (n+1, D, 1) of e^{G(x) duration} y(x), those of y being `vector`."""
        ratio = duration / self._base
        steps = int(ratio)
        if ratio < 2**50:
            vector = vector + self._short(vector, max(0.0, duration - steps * self._base))
        for j in range(steps.bit_length()):
            if steps >> j & 1:
                vector = vector + self._convolved(self._change(j), vector)
        return vector

    def _short(self, vector: np.ndarray, duration: float) -> np.ndarray:
        """Return e^{G duration} - 1 on coefficients (n+1, D, ...), by its Taylor series."""
        apply: Callable[[np.ndarray], np.ndarray] = partial(self._convolved, self._generators)
        if self._places is not None:
            shape, vector = vector.shape, vector.reshape(len(self._joint), -1)
            apply = self._joint.__matmul__
        term = apply(vector) * duration
        total = term
        for n in range(2, TERMS + 1):
            term = apply(term) * (duration / n)
            total = total + term
        return total if self._places is None else total.reshape(shape)

    @cached_property
    def _joint(self) -> np.ndarray:
        """The generator of all coefficients of a small problem as one matrix."""
        return np.append(self._generators, 0.0)[self._places]

    def _convolved(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Return sum_j a_j b_{m-j}, (n+1, D, ...), of matrices a (n+1, D, D) and b (n+1, D, ...)."""
        if self._places is None:
            return np.array([sum(a[j] @ b[m - j] for j in range(m + 1)) for m in range(len(a))])
        joint = np.append(a, 0.0)[self._places]
        return np.asarray((joint @ b.reshape(len(joint), -1)).reshape(b.shape))

    def _change(self, level: int) -> np.ndarray:
        """Return e^{G h 2^level} - 1, in which slow rates beside fast ones keep their digits."""
        while len(self._changes) <= level:
            if self._changes:
                last = self._changes[-1]
                change = 2 * last + self._convolved(last, last)
            else:
                unit = np.zeros_like(self._generators)
                unit[0] = np.eye(unit.shape[1])
                change = self._short(unit, self._base)
            change[0] = _restored(change[0], self._trace, False, True)
            self._changes.append(change)
        return self._changes[level]


@lru_cache(maxsize=16)
def _toeplitz(orders: int, size: int) -> np.ndarray:
    """Return where each element of the joint block matrix is found among coefficients and a zero behind them."""
    block, row, other, column = np.ogrid[:orders, :size, :orders, :size]
    place = ((block - other) * size + row) * size + column
    return np.where(block >= other, place, orders * size**2).reshape(orders * size, orders * size)


def _restored(power: np.ndarray, row: np.ndarray, metzler: bool, change: bool) -> np.ndarray:
    """Return the matrix with row @ matrix = row again (= 0 for a change), up to the rounding of the last operation.

    What is missing is shared out in proportion to what every element contributes, so that small ones stay as they are.
    """
    kept = row @ power
    if metzler:
        return power * (row / kept)
    size, weight = np.abs(power), np.abs(row)
    total = weight @ size
    missing = ((0.0 if change else row) - kept) / np.where(total > np.finfo(float).tiny, total, np.inf)
    sign = np.divide(weight, row, out=np.zeros_like(row), where=weight > 0)
    return power + sign[:, None] * size * missing


def rescaled(array: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the array divided by its largest element where that is huge or tiny, and the logarithm of the divisor."""
    largest = float(np.abs(array).max())
    if 1 / HUGE < largest < HUGE or largest == 0.0:
        return array, 0.0
    return array / largest, math.log(largest)
