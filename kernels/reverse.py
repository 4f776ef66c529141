"""Probability density of a recorded trajectory, from the operators of a process and nothing else.

Given the operators of the forward process it evaluates a record, given those of the reversed process its reversal. It
shares no step with the kernel that samples: no sectors, no eigenbasis, and no entropy per jump.
"""

from __future__ import annotations

import math

import numpy as np

from . import kernel
from .arrays import Complex1, Complex2, Complex3, Float1, Int1
from .matrices import norm_squared, normalise

ORDER = 40
TERM = 1e-17  # of the state: Taylor's series ends with a term this small


@kernel
def _product(matrix, psi, out):
    """Set out = A psi."""
    for a in range(len(psi)):
        total = 0j
        for b in range(len(psi)):
            total += matrix[a, b] * psi[b]
        out[a] = total


@kernel
def _norm_bound(matrix):
    """Return the largest row sum of |A|, which bounds every eigenvalue."""
    bound = 0.0
    for a in range(matrix.shape[0]):
        total = 0.0
        for b in range(matrix.shape[1]):
            total += abs(matrix[a, b])
        bound = max(bound, total)
    return bound


@kernel
def _log_rescale(psi):
    """Normalise psi; return the logarithm of the norm squared that it had, -infinity for a zero vector."""
    size = norm_squared(psi, len(psi))
    if size == 0.0:
        return -math.inf
    normalise(psi, len(psi))
    return math.log(size)


@kernel
def _drift(generator, bound, t, psi, term, product):
    """Replace psi by exp(-i A t) psi, normalised, by Taylor's series in short steps; return ln of its norm squared."""
    steps = max(1, math.ceil(bound * t))
    log_size = 0.0
    for _ in range(steps):
        for a in range(len(psi)):
            term[a] = psi[a]
        for order in range(1, ORDER + 1):
            _product(generator, term, product)
            factor = complex(0.0, -t / (steps * order))
            for a in range(len(psi)):
                term[a] = factor * product[a]
                psi[a] += term[a]
            if norm_squared(term, len(psi)) < TERM * TERM:
                break
        log_size += _log_rescale(psi)
    return log_size


@kernel
def log_path_probability(
    h_eff: Complex2,
    jump_ops: Complex3,
    start_vector: Complex1,
    log_p: float,
    times: Float1,
    channels: Int1,
    duration: float,
    end_vector: Complex1,
) -> float:
    """Return log_p + ln |<end| U(T-t_N) L_kN ... L_k1 U(t_1) |start>|^2, with U(t) = exp(-i H_eff t).

    h_eff (d, d), jump_ops (K, d, d): H - (i/2) sum L^dag L and the jump operators. start_vector, end_vector (d,):
    normalised; log_p: logarithm of the probability of starting there. times, channels (N,): the jumps, in order;
    duration T. The result is a density in the N jump times; -infinity for an impossible record.
    """
    d = len(start_vector)
    generator = h_eff.copy()
    mean = 0j
    for a in range(d):
        mean += h_eff[a, a] / d
    for a in range(d):
        generator[a, a] -= mean
    bound = _norm_bound(generator)
    psi = start_vector.copy()
    term = np.empty(d, np.complex128)
    product = np.empty(d, np.complex128)
    log_size = log_p + _log_rescale(psi) + 2.0 * mean.imag * duration
    before = 0.0
    for j in range(len(times)):
        log_size += _drift(generator, bound, times[j] - before, psi, term, product)
        _product(jump_ops[channels[j]], psi, product)
        for a in range(d):
            psi[a] = product[a]
        log_size += _log_rescale(psi)
        if log_size == -math.inf:
            return log_size
        before = times[j]
    log_size += _drift(generator, bound, duration - before, psi, term, product)
    overlap = 0j
    for a in range(d):
        overlap += end_vector[a].conjugate() * psi[a]
    size = overlap.real**2 + overlap.imag**2
    return log_size + math.log(size) if size > 0.0 else -math.inf
