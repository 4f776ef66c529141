"""Slow modes of a generator: how long it takes to forget the start."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import eigs

MOST_SHIFTS = 4


def eigenvalues_by_inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a regular matrix from its inverse, where the slow modes are the accurate ones."""
    return 1.0 / np.linalg.eigvals(np.linalg.inv(matrix))


def slow_eigenvalues(generator: sparse.csr_array, coherent: np.ndarray) -> np.ndarray:
    """Return the real parts of some of the slowest eigenvalues without the zero: those near zero, and oscillating ones.

    coherent: (n,) estimates of oscillating eigenvalues. Near those that look slower than anything near zero it is
    searched too, by the inverse shifted there.
    """
    size, norm = generator.shape[0], float(abs(generator).sum(axis=0).max())
    matrix, start = sparse.csc_matrix(generator, dtype=complex), np.cos(np.arange(size) + 1.0).astype(complex)
    few = min(8, size - 2)
    # A shift lies to the right of the spectrum: its neighbours are the slow modes of that frequency.
    near = eigs(matrix, k=few, sigma=1e-6 * norm, v0=start, return_eigenvectors=False)
    found = near[np.argsort(np.abs(near))][1:].real
    candidates = coherent[coherent.real > 2 * found.max()]
    for _ in range(MOST_SHIFTS):
        if not len(candidates):
            break
        shift = 1j * abs(candidates[np.argmax(candidates.real)].imag)
        there = eigs(matrix, k=few, sigma=1e-6 * norm + shift, v0=start, return_eigenvectors=False)
        found = np.concatenate([found, there[np.abs(there) > 1e-9 * norm].real])
        reach = np.abs(there - shift).max()
        candidates = candidates[np.abs(np.abs(candidates.imag) - abs(shift)) > reach]
    return found
