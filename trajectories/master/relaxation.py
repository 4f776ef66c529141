"""Slow modes of a generator: how long it takes to forget the start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigs

MOST_SHIFTS = 4
FEW = 8
SURE = 1e-9  # relative error of the slowest rate up to which nothing is computed again
ROUNDING = 10 * np.finfo(float).eps
WHOLE = 100  # size up to which all eigenvalues are taken from a shifted inverse
KRYLOV = 60
RESTARTS = 200
CONVERGED = 1e-12  # relative to the eigenvalue
SUSPECTED = 8.0  # times the slowest rate found: estimated rates of oscillating modes that are looked at


def eigenvalues(matrix: np.ndarray) -> np.ndarray:
    """Return the eigenvalues of a regular matrix L with Re lambda <= 0, those with the smallest -Re lambda accurately.

    The inverse has them with an error of about eps |lambda|^2 ||L^-1||, the matrix itself with eps ||L||: the first is
    better for |lambda|^2 < ||L||/||L^-1||, and loses slow modes that oscillate fast. Where both leave the slowest rate
    uncertain, the inverse of L - i omega decides, omega being that mode's frequency. A real matrix is that of a rate
    equation, where |Im lambda| <= |Re lambda| cot(pi/n) and the inverse suffices (Dmitriev, Dynkin, Dokl. Akad. Nauk
    SSSR 49, 159 (1945)). The cost is that of all eigenvalues of one matrix, of two where rounding matters (about
    ||L|| > 1e3 rates), and up to MOST_SHIFTS factorisations more (||L|| > 1e6 rates).
    """
    inverse = np.linalg.inv(matrix)
    norm, largest = _norm(matrix), _norm(inverse)
    values = 1.0 / np.linalg.eigvals(inverse)
    if np.isrealobj(matrix) or ROUNDING * norm**2 * largest < SURE * _rate(values):
        return values
    # Both about the middle: what is found twice does no harm, what is lost between them would.
    middle, direct = np.sqrt(norm / largest), np.linalg.eigvals(matrix)
    values = np.concatenate([values[np.abs(values) < 2 * middle], direct[np.abs(direct) > middle / 2]])
    for _ in range(MOST_SHIFTS):
        slowest = values[np.argmax(values.real)]
        if np.abs(slowest) < middle or ROUNDING * norm < SURE * _rate(values):
            break
        shift = 1j * slowest.imag
        near, reach = _near(matrix, shift)
        values = np.concatenate([values[np.abs(values - shift) >= reach], near[np.abs(near - shift) < reach]])
    return values


def slow_eigenvalues(generator: sparse.csr_array, coherent: np.ndarray) -> np.ndarray:
    """Return some of the slowest eigenvalues without the zero: those near zero, and oscillating ones.

    coherent: (n,) estimates of oscillating eigenvalues. Near those that look slow it is searched too, by the inverse
    shifted there, at MOST_SHIFTS frequencies at most: a factorisation each.
    """
    norm, matrix = _norm(generator), sparse.csc_matrix(generator, dtype=complex)
    # A shift lies to the right of the spectrum: its neighbours are the slow modes of that frequency.
    near, _ = _near(matrix, 1e-6 * norm)
    values = near[np.argsort(np.abs(near))][1:]
    candidates = coherent[coherent.real > SUSPECTED * values.real.max()]
    for _ in range(MOST_SHIFTS):
        if not len(candidates):
            break
        shift = 1j * abs(candidates[np.argmax(candidates.real)].imag)
        oscillating, reach = _near(matrix, 1e-6 * norm + shift)
        values = np.concatenate([values, oscillating[np.abs(oscillating) > 1e-9 * norm]])
        candidates = candidates[np.abs(np.abs(candidates.imag) - abs(shift)) > reach]
    return values


def rightmost_eigenvalues(
    action: Callable[[np.ndarray], np.ndarray], norm: float, rho: np.ndarray, trace: np.ndarray
) -> np.ndarray | None:
    """Return the eigenvalues of a generator L with the largest real parts but the zero, by its action on vectors alone.

    A Krylov space of L - |L| rho Tr, in which the steady state has the eigenvalue -|L| and all others are those of L:
    oscillating modes are found as others are. None where it does not converge: slow modes beside very fast ones.

    action: returns L v, (D,). norm: |L|, a bound. rho: (D,) the steady state. trace: (D,) the trace of blocks.
    """
    size = len(rho)
    operator = LinearOperator(
        (size, size), matvec=lambda v: action(v.ravel()) - norm * rho * (trace @ v.ravel()), dtype=np.dtype(complex)
    )
    start = np.cos(np.arange(size) + 1.0).astype(complex)
    try:
        return eigs(
            operator, k=FEW, which="LR", v0=start, ncv=KRYLOV, maxiter=RESTARTS, tol=CONVERGED,
            return_eigenvectors=False,
        )  # fmt: skip
    except ArpackNoConvergence:
        return None


def _near(matrix: np.ndarray | sparse.csc_matrix, shift: complex) -> tuple[np.ndarray, float]:
    """Return eigenvalues near a shift from the inverse there, and the distance up to which they are better so."""
    if isinstance(matrix, np.ndarray) and len(matrix) <= WHOLE:
        inverse = np.linalg.inv(matrix - shift * np.eye(len(matrix)))
        return shift + 1.0 / np.linalg.eigvals(inverse), float(np.sqrt(_norm(matrix) / _norm(inverse)))
    size = matrix.shape[0]
    few, start = min(FEW, size - 2), np.cos(np.arange(size) + 1.0).astype(complex)
    try:
        near = eigs(matrix, k=few, sigma=shift, v0=start, ncv=min(size, 5 * few), return_eigenvectors=False)
    except ArpackNoConvergence as error:
        near = error.eigenvalues
    return near, float(np.abs(near - shift).max(initial=0.0)) * (1 + 1e-9)


def _norm(matrix: np.ndarray | sparse.csr_array) -> float:
    return float(abs(matrix).sum(axis=0).max())


def _rate(values: np.ndarray) -> float:
    return float(max(0.0, -values.real.max()))
