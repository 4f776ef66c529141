"""No-jump evolution of a sector in the eigenbasis of H_eff, exp(-i H_eff t) = V exp(-i lambda t) V^-1.

The state itself is formed at every time, not its norm from V^dag V: that would square the condition number of V.
"""

from __future__ import annotations

import math

from . import kernel
from .matrices import apply


@kernel
def prepare_eigen(matrices, row, line, m, psi, work):
    """Store V^-1 psi; V^-1 begins at element `line` of the row."""
    apply(matrices, row, line, m, psi, work)


@kernel
def evolve_eigen(eigenvalues, first, matrices, row, line, m, work, t, turned, out):
    """Set out = exp(-i H_eff t) psi, up to a phase; `turned` is overwritten."""
    for a in range(m):
        value = eigenvalues[first + a]
        size = math.exp(value.imag * t)
        angle = value.real * t
        turned[a] = complex(size * math.cos(angle), -size * math.sin(angle)) * work[a]
    apply(matrices, row, line, m, turned, out)
