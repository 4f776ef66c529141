"""Checked density matrices of the initial states that run files name or list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trajectories.errors import InputError, listing, nearest, show
from trajectories.model.validation import hermitian

if TYPE_CHECKING:
    from trajectories.model.model import Model


def named_state(word: str, model: Model, where: str) -> np.ndarray | None:
    """Return the density matrix (d, d) of "ground", "mixed" or a basis state's label; None for "steady"."""
    if word == "steady":
        return None
    d = model.dimension
    if word == "mixed":
        return np.eye(d, dtype=complex) / d
    if word == "ground":
        return _projector(np.eye(d, dtype=complex)[:, 0])
    offered = [(np.eye(d, dtype=complex), model.states), *model.bases.values()]
    states = [_projector(vectors[:, list(labels).index(word)]) for vectors, labels in offered if word in labels]
    if not states:
        names = ["steady", "ground", "mixed", *dict.fromkeys(label for _, labels in offered for label in labels)]
        raise InputError(
            f"{where} = {show(word)}: unknown state; {nearest(word, names)}{model.name} has {listing(names)}; "
            "or give a vector or a density matrix"
        )
    if any(np.abs(state - states[0]).max() > 1e-12 for state in states):
        raise InputError(
            f"{where} = {show(word)}: different states of two bases have this label: must be given as a vector"
        )
    return states[0]


def given_state(array: np.ndarray, d: int, where: str) -> np.ndarray:
    """Check a vector (d,) or a density matrix (d, d) and return the normalised density matrix."""
    if array.shape not in ((d,), (d, d)):
        raise InputError(
            f"{where}: has shape {array.shape}: must be a vector of {d} entries or a {d}x{d} density matrix"
        )
    if array.ndim == 1:
        norm = float(np.linalg.norm(array))
        if abs(norm - 1) > 1e-3:
            raise InputError(f"{where}: the vector has norm {norm:.6g}: must be 1 (to 1e-3; it is then normalised)")
        return _projector(array / norm)
    rho = hermitian(array, where)
    trace, smallest = float(np.trace(rho).real), float(np.linalg.eigvalsh(rho)[0])
    if abs(trace - 1) > 1e-6:
        hint = "; write complex entries of a vector of two as strings" if d == 2 else ""
        raise InputError(f"{where}: the density matrix has trace {trace:.9g}: must be 1 (to 1e-6){hint}")
    if smallest < -1e-10:
        raise InputError(f"{where}: the density matrix has the eigenvalue {smallest:.3g}: must be >= 0")
    return rho / trace


def _projector(vector: np.ndarray) -> np.ndarray:
    return np.outer(vector, vector.conj())
