"""Entanglement of the model's pair of subsystems."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError
from trajectories.exact.arguments import density_matrices, master_of
from trajectories.master import entanglement
from trajectories.model import Model


def concurrence(model: Model, state: ArrayLike | None = None) -> np.ndarray:
    """Return Wootters' concurrence of the model's pair of qubits.

    Parameters
    ----------
    model : Model
        With a `pair` of qubits; other subsystems are traced out.
    state : (..., d, d) array, optional
        Density matrices. Default: the steady state.

    Returns
    -------
    (...) array
        0 to 1.

    Raises
    ------
    InputError
        Where the model has no pair of qubits.

    References
    ----------
    Wootters, PRL 80, 2245 (1998).

    Examples
    --------
    >>> round(float(exact.concurrence(trajectories.systems.diamond(beta_A=-2, beta_S=3))), 4)
    0.1738
    """
    return np.asarray(entanglement.concurrence(_pair_state(model, state)))


def negativity(model: Model, state: ArrayLike | None = None) -> np.ndarray:
    """Return the negativity of the model's pair, 1/2 for a Bell state.

    Parameters
    ----------
    model : Model
        With a `pair`; other subsystems are traced out.
    state : (..., d, d) array, optional
        Density matrices. Default: the steady state.

    Returns
    -------
    (...) array

    Raises
    ------
    InputError
        Where the model has no pair.

    References
    ----------
    Vidal, Werner, PRA 65, 032314 (2002).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> bell = np.array([0, 1, 1, 0]) / np.sqrt(2)
    >>> round(float(exact.negativity(model, np.outer(bell, bell))), 12)
    0.5
    """
    pair = _pair_state(model, state)
    return np.asarray(entanglement.negativity(pair, [model.dims[i] for i in model.pair or ()]))


def _pair_state(model: Model, state: ArrayLike | None) -> np.ndarray:
    master_of(model)  # refuses what is no model
    if model.pair is None or len(model.dims) < 2:
        raise InputError(f"{model.name}: has no pair of subsystems: must have two subsystems or more, and a pair")
    return entanglement.reduce_pair(density_matrices(model, state), model.dims, model.pair)
