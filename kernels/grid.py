"""No-jump evolution of a sector whose H_eff has no usable eigenbasis: propagators on a dyadic grid of times.

A time is the sum of its binary digits, cells T/2, T/4, ..., and of a remainder shorter than the finest cell, which a
Taylor series covers: there the norm of H_eff times the cell is at most 1/4.
"""

from __future__ import annotations

import math

from . import kernel
from .matrices import apply, norm_squared

ORDER = 14  # (1/4)^15/15! < 1e-21


@kernel
def evolve_short(matrices, row, line, decay, m, psi, t, term, next_term, out):
    """Set out = exp(-i H_eff t) psi, up to a phase, for t within the finest cell; overwrites term and next_term."""
    for a in range(m):
        term[a] = psi[a]
        out[a] = psi[a]
    for order in range(1, ORDER + 1):
        apply(matrices, row, line, m, term, next_term)
        factor = complex(0.0, -t / order)
        for a in range(m):
            term[a] = factor * next_term[a]
            out[a] += term[a]
    size = math.exp(-decay * t)
    for a in range(m):
        out[a] *= size


@kernel
def evolve_cells(grid, first, levels, cell, m, psi, t, base, out):
    """Set base = exp(-i H_eff t') psi with t' the sum of all whole cells in t; return t - t'. cell: the duration T."""
    for a in range(m):
        base[a] = psi[a]
    for _ in range(levels):
        cell *= 0.5
        if t >= cell:
            apply(grid, 0, first, m, base, out)
            for a in range(m):
                base[a] = out[a]
            t -= cell
        first += m * m
    return t


@kernel
def descend(grid, first, levels, cell, m, psi, threshold, remaining, base, out):
    """Set base to the state at the last grid time, counted from psi, at which its norm squared is still >= threshold.

    Returns that time, which is at most `remaining`. The norm never rises, so that the largest cells come first.
    """
    for a in range(m):
        base[a] = psi[a]
    passed = 0.0
    for _ in range(levels):
        cell *= 0.5
        if passed + cell <= remaining:
            apply(grid, 0, first, m, base, out)
            if norm_squared(out, m) >= threshold:
                for a in range(m):
                    base[a] = out[a]
                passed += cell
        first += m * m
    return passed
