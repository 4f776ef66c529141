"""Exact values of estimates by cloning, and the spread that rare final states give them."""

from __future__ import annotations

import numpy as np

from trajectories.master.eigenensemble import Spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sparse_propagation import LONGEST
from trajectories.sampling.doob_transform import Guide

Array = np.ndarray


def power_by_sector(spectrum: Spectrum, u: float, sectors: int) -> Array:
    """Return rho^u on its support, in the sectors' bases, (S, M, M)."""
    m = spectrum.local.shape[1]
    out = np.zeros((sectors, m, m), complex)
    for p, s, vector in zip(spectrum.probabilities, spectrum.sector, spectrum.local, strict=True):
        if p > 0:
            out[s] += p**u * np.outer(vector, vector.conj())
    return out


def spectral_power(spectrum: Spectrum, exponent: float) -> Array:
    """Return rho^exponent on its support, (d, d)."""
    p = spectrum.probabilities
    return spectrum.operator(np.where(p > 0, np.where(p > 0, p, 1.0) ** exponent, 0.0))


def flowed(master: Master, u: float, begin: Array, duration: float, most: float = LONGEST) -> tuple[Array, float]:
    """Return (v, c) with e^{L_u t}(rho0) = e^c v, flattened blocks; TooCostly before more than `most` is spent."""
    steps = master.model.entropy_steps
    with np.errstate(over="ignore"):
        weights = np.where(np.isinf(steps), float(u == 0), np.exp(-u * np.where(np.isinf(steps), 0.0, steps)))
    blocks = master.flattened(begin).real if master.classical else master.flattened(begin)
    return master.propagator(master.tilted(weights), most=most).advance(blocks, duration)


def exact_flow(master: Master, u: float, begin: Array, duration: float, end: Array, most: float = LONGEST) -> float:
    """Return ln Tr[A e^{L_u t}(rho0)]; end (D,): flattened blocks of A, the identity for <e^{-u X}> of the flow."""
    vector, log_scale = flowed(master, u, begin, duration, most)
    return float(np.log(np.vdot(end, vector).real) + log_scale)


def end_spread(master: Master, begun: Array, guide: Guide, finish: Array | None) -> float:
    """Return Tr[R A X^{-1} A] Tr[R X] / Tr[R A]^2 with R = `begun` (D,), A = `finish`.

    Clones end in phi = X^{1/2} psi with the mean state X^{1/2} R X^{1/2}/Tr[R X] and contribute <phi|M|phi>,
    M = X^{-1/2} A X^{-1/2}, whose square is at most <phi|M^2|phi>.
    """
    sums = np.zeros(3)
    blocks = zip(master.sectors.split(begun), master.sectors.split(guide.eigenvector), strict=True)
    for s, (r, x) in enumerate(blocks):
        m = len(r)
        a = np.eye(m) if finish is None else finish[s, :m, :m]
        half = guide.inverse[s, :m, :m] @ a
        sums += [np.trace(term).real for term in (r @ x, r @ a, r @ half.conj().T @ half)]
    return float(sums[0] * sums[2] / sums[1] ** 2)
