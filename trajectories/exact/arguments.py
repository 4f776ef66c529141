"""States, counts and channels as users give them.

A *count* N = sum_k w_k N_k is given by name (a reservoir: its charge, else its quanta; "heat from A"; "jumps";
"entropy": that given to the reservoirs; or a count of the model), or as the weights (K,) of the model's channels.
*Channels* are given by name: one, a reservoir's, "A_up+S_up", "any", or a sequence of names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import check_weights
from trajectories.errors import InputError, kind
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.model.argument_types import channel_group, numbers
from trajectories.records.given import starting_state
from trajectories.report.counting_requests import channels_named, count_named

Initial = str | Sequence | np.ndarray
Counted = str | ArrayLike
Group = str | Sequence[str]


def master_of(model: Model) -> Master:
    """Return the master equation of a model; InputError for anything else."""
    if not isinstance(model, Model):
        raise InputError(f"model: is {kind(model)}: must be a Model, such as trajectories.systems.diamond(0, 1)")
    return Master(model)


def density(model: Model, initial: Initial) -> np.ndarray:
    """Return an initial state given by name, vector or matrix as a density matrix (d, d)."""
    return starting_state(model, initial)


def density_matrices(model: Model, state: ArrayLike | None) -> np.ndarray:
    """Return density matrices (..., d, d), by default the steady state."""
    rho = master_of(model).steady_state() if state is None else numbers("state", state, complex)
    d = model.dimension
    if rho.shape[-2:] != (d, d):
        raise InputError(f"state: has shape {rho.shape}: must be density matrices (..., {d}, {d}) of {model.name}")
    return rho


def count_weights(model: Model, count: Counted) -> np.ndarray:
    """Return the weights (K,) of a count given by name or as weights."""
    if isinstance(count, str):
        return count_named(model, "count", count).weights
    return check_weights(model, numbers("count", count))


def channel_names(model: Model, name: str, group: Group) -> list[str]:
    """Return the names of the channels that a group means; name: of the argument, for messages."""
    return channels_named(model, name, channel_group(name, group))
