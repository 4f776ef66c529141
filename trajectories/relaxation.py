"""Slow modes of a generator: how long it takes to forget the start."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigs, expm_multiply

MOST_STEPS = 200.0


def eigenvalues_by_inverse(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a regular matrix from its inverse, where the slow modes are the accurate ones."""
    return 1.0 / np.linalg.eigvals(np.linalg.inv(matrix))


def slow_eigenvalues(generator: sparse.csr_array) -> np.ndarray:
    """Return the real parts of some of the slowest eigenvalues without the zero: those near zero, and oscillating ones.

    The eigenvalues of e^{G tau} of largest modulus belong to the slow modes of G, whatever their frequency.
    """
    size, norm = generator.shape[0], float(abs(generator).sum(axis=0).max())
    matrix, start = sparse.csc_matrix(generator), np.cos(np.arange(size) + 1.0).astype(complex)
    # The shift lies to the right of the spectrum: its neighbours are the slow modes that do not oscillate.
    near = eigs(matrix, k=min(8, size - 2), sigma=1e-6 * norm, v0=start, return_eigenvectors=False)
    near = near[np.argsort(np.abs(near))][1:].real
    tau = min(2.0 / max(-near.max(), np.finfo(float).tiny), MOST_STEPS / norm)
    step = LinearOperator((size, size), matvec=lambda v: expm_multiply(matrix * tau, v), dtype=np.dtype(complex))
    moduli = np.abs(eigs(step, k=min(8, size - 2), v0=start, tol=1e-8, return_eigenvectors=False))
    return np.concatenate([near, np.log(np.sort(moduli)[:-1]) / tau])
