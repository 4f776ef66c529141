"""Checks of states and times."""

from __future__ import annotations

import numpy as np

from trajectories.errors import InputError
from trajectories.master.sectors import Sectors
from trajectories.model import Model

TOLERANCE = 1e-9


def check_state(model: Model, rho: np.ndarray) -> None:
    """Raise InputError unless rho is a density matrix (d, d) of the model: finite, Hermitian, positive, trace one."""
    d = model.dimension
    if np.shape(rho) != (d, d):
        raise InputError(f"the initial state has shape {np.shape(rho)}; a state of {model.name} has shape ({d}, {d})")
    rho = np.asarray(rho, complex)
    if not np.isfinite(rho).all():
        raise InputError("the initial state has an element that is not finite")
    if np.abs(rho - rho.conj().T).max() > TOLERANCE:
        i, j = np.unravel_index(np.argmax(np.abs(rho - rho.conj().T)), (d, d))
        raise InputError(
            f"the initial state is not Hermitian: element ({i}, {j}) is {rho[i, j]:.6g}, ({j}, {i}) is {rho[j, i]:.6g}"
        )
    if abs(np.trace(rho) - 1) > TOLERANCE:
        raise InputError(f"the initial state has trace {np.trace(rho).real:.12g}, it should be 1")
    lowest = float(np.linalg.eigvalsh(rho)[0])
    if lowest < -TOLERANCE:
        raise InputError(
            f"the initial state is not positive: its lowest eigenvalue is {lowest:.3g}, it should be 0 or more"
        )


def check_times(times: np.ndarray) -> np.ndarray:
    """Return the times as (T,) float64; raise InputError unless they are finite, from 0 on and not falling."""
    times = np.asarray(times, float)
    if times.ndim != 1:
        raise InputError(f"times have shape {times.shape}; a list of times is wanted")
    if not np.isfinite(times).all() or (times < 0).any() or (np.diff(times) < 0).any():
        raise InputError("times must be finite, 0 or later, and not falling")
    return times


def surely_a_state(sectors: Sectors, blocks: np.ndarray) -> bool:
    """Return True where flattened blocks (D,) surely pass `check_state`, without forming the whole matrix."""
    blocks, least = np.asarray(blocks, complex), TOLERANCE / 2
    rows, columns = sectors.indices
    if not np.isfinite(blocks).all() or abs(blocks[rows == columns].sum() - 1) > least:
        return False
    for block in sectors.split(blocks):
        if len(block) == 1:
            if abs(block[0, 0].imag) > least or block[0, 0].real < -least:
                return False
        elif np.abs(block - block.conj().T).max() > least or np.linalg.eigvalsh(block)[0] < -least:
            return False
    return True
