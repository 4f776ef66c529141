"""Products with matrices that are stored flat, row-major, one after another; and norms."""

from __future__ import annotations

import math

from . import kernel


@kernel
def apply(matrices, row, first, m, psi, out):
    """Set out = A psi for the m x m matrix A that begins at element `first` of the row."""
    line = first
    for a in range(m):
        total = 0j
        for b in range(m):
            total += matrices[row, line + b] * psi[b]
        out[a] = total
        line += m


@kernel
def expectation(matrices, row, first, m, psi):
    """Return <psi|A|psi> for a Hermitian A."""
    line = first
    total = 0.0
    for a in range(m):
        total += matrices[row, line + a].real * (psi[a].real ** 2 + psi[a].imag ** 2)
        for b in range(a):
            total += 2.0 * (psi[a].conjugate() * matrices[row, line + b] * psi[b]).real
        line += m
    return total


@kernel
def norm_squared(psi, m):
    """Return <psi|psi>."""
    total = 0.0
    for a in range(m):
        total += psi[a].real ** 2 + psi[a].imag ** 2
    return total


@kernel
def normalise(psi, m):
    """Scale psi to norm one."""
    size = 1.0 / math.sqrt(norm_squared(psi, m))
    for a in range(m):
        psi[a] *= size
