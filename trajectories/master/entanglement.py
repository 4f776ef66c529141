"""Entanglement of two subsystems: concurrence and negativity.

Every function takes any number of leading axes. The `_signed` versions are smooth where the entanglement begins: they
go on to negative values where the others stop at zero, so that errors propagate through them linearly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trajectories.errors import InputError
from trajectories.model.operators import partial_trace

ROUNDING = 16 * np.finfo(float).eps
SAME = 1e-9
SPIN_FLIP = np.diag([-1.0, 1.0, 1.0, -1.0])[::-1]
"""(4, 4): sigma_y x sigma_y in the order |00>, |01>, |10>, |11>."""


def concurrence(rho: np.ndarray) -> np.ndarray:
    """Return the concurrence C = max(0, l1 - l2 - l3 - l4) of two qubits, (...,).

    l1 >= l2 >= l3 >= l4: square roots of the eigenvalues of rho rho~, rho~ = (sigma_y x sigma_y) rho* (sigma_y x
    sigma_y). Wootters, PRL 80, 2245 (1998). rho: (..., 4, 4). Raises InputError for another shape.
    """
    return np.maximum(0.0, concurrence_signed(rho))


def concurrence_signed(rho: np.ndarray) -> np.ndarray:
    """Return l1 - l2 - l3 - l4 of `concurrence` without the maximum, (...,).

    The l are the singular values of F^T (sigma_y x sigma_y) F for any F with rho = F F^dag. (rho rho~ is not Hermitian
    in general, so it cannot be diagonalised as a Hermitian matrix, as one finds in print.)
    """
    values = _wootters(rho)
    return 2 * values[..., 0] - values.sum(axis=-1)


def entanglement_margin(rho: np.ndarray) -> np.ndarray:
    """Return ln of the larger of |rho_01,10|/sqrt(p_00 p_11) and |rho_00,11|/sqrt(p_01 p_10) of two qubits, (...,).

    Where it is positive, a 2x2 minor of the partial transpose is negative and the state is entangled (Peres, PRL 77,
    1413 (1996)); where no other coherence exists, it is entangled nowhere else. It has a slope however far from
    entanglement a state is. inf where only the denominator vanishes, -inf without coherence. rho: (..., 4, 4). Raises
    InputError for another shape.
    """
    rho = _two_qubits(rho)
    p = np.maximum(rho.diagonal(axis1=-2, axis2=-1).real, 0.0)
    with np.errstate(divide="ignore"):
        size, population = np.log(np.abs(rho)), 0.5 * np.log(p)
    inner, outer = population[..., 1] + population[..., 2], population[..., 0] + population[..., 3]
    # Without coherence there is no margin, whatever the populations.
    parts = ((size[..., 1, 2], outer), (size[..., 0, 3], inner))
    return np.maximum(*(np.where(np.isneginf(c), -np.inf, c - np.where(np.isneginf(c), 0.0, d)) for c, d in parts))


def concurrence_gap(rho: np.ndarray) -> np.ndarray:
    """Return how far the largest l of `concurrence` lies above the next one that differs, (...,).

    Where it vanishes, `concurrence_signed` has a kink; an entangled state is far from it, l1 - l2 > l3 + l4.
    """
    return _to_the_next(_wootters(rho))


def _wootters(rho: np.ndarray) -> np.ndarray:
    """Return l1 >= l2 >= l3 >= l4, (..., 4)."""
    factor = _factor(_two_qubits(rho))
    return np.linalg.svd(factor.swapaxes(-1, -2) @ SPIN_FLIP @ factor, compute_uv=False)


def negativity(rho: np.ndarray, dims: Sequence[int] = (2, 2), subsystem: int = 0) -> np.ndarray:
    """Return the negativity N = (|rho^T_1| - 1)/2, minus the sum of the negative eigenvalues of rho^T_1, (...,).

    rho: (..., d, d). dims: the dimensions of all subsystems, product d. subsystem: which of them is transposed, from 0.
    1/2 for a Bell state. Vidal and Werner, PRA 65, 032314 (2002). Raises InputError where the shapes do not fit.
    """
    return -np.minimum(0.0, np.linalg.eigvalsh(partial_transpose(rho, dims, subsystem))).sum(axis=-1)


def negativity_signed(rho: np.ndarray) -> np.ndarray:
    """Return minus the smallest eigenvalue of the partial transpose of two qubits, (...,).

    Two qubits have at most one negative eigenvalue, so that this is the negativity where it is positive.
    """
    return -np.linalg.eigvalsh(partial_transpose(_two_qubits(rho), (2, 2), 0))[..., 0]


def negativity_gap(rho: np.ndarray) -> np.ndarray:
    """Return how far the smallest eigenvalue of `negativity_signed` lies below the next that differs, (...,)."""
    return _to_the_next(-np.linalg.eigvalsh(partial_transpose(_two_qubits(rho), (2, 2), 0)))


def _to_the_next(values: np.ndarray) -> np.ndarray:
    """Return the distance of the first of falling values (..., n) to the next one that differs, 0 if none does.

    Values that are equal by symmetry stay so, and make no kink.
    """
    gaps = values[..., :1] - values[..., 1:]
    nearest = np.where(gaps > SAME, gaps, np.inf).min(axis=-1)
    return np.where(np.isfinite(nearest), nearest, 0.0)


def partial_transpose(rho: np.ndarray, dims: Sequence[int], subsystem: int) -> np.ndarray:
    """Return rho (..., d, d) with one subsystem transposed."""
    rho, dims = _state(rho, dims, (subsystem,))
    lead, n = rho.shape[:-2], len(dims)
    axes = rho.reshape(*lead, *dims, *dims)
    axes = np.swapaxes(axes, len(lead) + subsystem, len(lead) + n + subsystem)
    return axes.reshape(rho.shape)


def reduce_pair(rho: np.ndarray, dims: Sequence[int], pair: tuple[int, int]) -> np.ndarray:
    """Return the state of two subsystems, (..., d_a d_b, d_a d_b), the others traced out.

    rho: (..., d, d). dims: the dimensions of all subsystems. pair: (a, b), from 0, in the order wanted.
    Raises InputError where the shapes do not fit or the pair is none.
    """
    rho, dims = _state(rho, dims, pair)
    if pair[0] == pair[1]:
        raise InputError(f"pair is {tuple(pair)}; two different subsystems are wanted")
    return partial_trace(rho, dims, pair)


def _factor(rho: np.ndarray) -> np.ndarray:
    """Return F (..., 4, 4) with F F^dag = rho, by Cholesky elimination, the largest population left first.

    A square root through eigenvalues turns a rounding error of 1e-16 in a zero into 1e-8. Here a population that is
    left after elimination counts as zero below 16 eps of what it was before, so pure states are exact and small
    populations that nothing else touches keep all their digits.
    """
    left = 0.5 * (rho + rho.conj().swapaxes(-1, -2))
    before = left.diagonal(axis1=-2, axis2=-1).real
    factor = np.zeros_like(left)
    for k in range(left.shape[-1]):
        present = left.diagonal(axis1=-2, axis2=-1).real
        present = np.where(present > ROUNDING * before, present, 0.0)
        pivot = np.argmax(present, axis=-1)[..., None]
        weight = np.take_along_axis(present, pivot, axis=-1)
        column = np.take_along_axis(left, pivot[..., None], axis=-1)[..., 0]
        column = np.where(present > 0, column, 0.0) / np.sqrt(np.where(weight > 0, weight, 1.0))
        column = np.where(weight > 0, column, 0.0)
        factor[..., :, k] = column
        left = left - column[..., :, None] * column[..., None, :].conj()
    return factor


def _two_qubits(rho: np.ndarray) -> np.ndarray:
    rho = np.asarray(rho, complex)
    if rho.ndim < 2 or rho.shape[-2:] != (4, 4):
        raise InputError(f"rho has shape {rho.shape}; two qubits need (..., 4, 4); see reduce_pair")
    return rho


def _state(rho: np.ndarray, dims: Sequence[int], subsystems: Sequence[int]) -> tuple[np.ndarray, tuple[int, ...]]:
    rho, dims = np.asarray(rho, complex), _dims(dims, subsystems)
    d = int(np.prod(dims))
    if rho.ndim < 2 or rho.shape[-2:] != (d, d):
        raise InputError(f"rho has shape {rho.shape}; a state of subsystems {dims} has shape (..., {d}, {d})")
    return rho, dims


def _dims(dims: Sequence[int], subsystems: Sequence[int]) -> tuple[int, ...]:
    for i in subsystems:
        if not 0 <= i < len(dims):
            raise InputError(f"there is no subsystem {i}; there are 0 to {len(dims) - 1}")
    return tuple(int(n) for n in dims)
