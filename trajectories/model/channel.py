"""Reservoirs and jump channels of a model, with the energy and charge of their jumps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import validation
from trajectories.model.operators import Array, as_operator


@dataclass(frozen=True, eq=False)
class Reservoir:
    """A reservoir of energy, and of particles where its channels carry a charge.

    Parameters
    ----------
    name : str
    beta : float, optional
        Inverse temperature (1/energy). May be negative (population inversion); +inf is zero temperature, -inf a pump
        that only gives energy; None where no temperature is defined.

    Raises
    ------
    InputError
        For a name or a beta that is none.

    Examples
    --------
    >>> trajectories.Reservoir("hot", beta=0.5)
    Reservoir(name='hot', beta=0.5)
    """

    name: str
    beta: float | None = None

    def __post_init__(self) -> None:
        if not validation.checking():
            return
        validation.name(self.name, "reservoir")
        if self.beta is not None:
            beta = validation.real(self.beta, f"reservoir {self.name!r}: beta", finite=False)
            object.__setattr__(self, "beta", beta + 0.0)


@dataclass(frozen=True, eq=False)
class Channel:
    """One kind of jump, with the reservoir that makes it.

    Partners have opposite quanta and charges.

    Parameters
    ----------
    name : str
    operator : (d, d) array, sparse matrix or QuTiP object
        Jump operator L with its rate included, so that L^dagger L has the unit of a rate.
    reservoir : str
        Name of the reservoir.
    quantum : float, optional
        Energy that the system gains from the reservoir in one jump, as the reservoir's energy scale counts it. None:
        no counted energy, as in dephasing; 0 where another channel of the reservoir has a quantum.
    partner : str, optional
        Name of the channel that undoes this one: its own name for L = L^dagger, "none" where nothing does (one-way).
        None: the partner is searched among the reservoir's channels.
    charge : float, optional
        Particles that the system gains from the reservoir in one jump, such as +1 for an electron that enters. None: 0
        where another channel of the reservoir has a charge; where none has, quanta are counted by their signs.

    Raises
    ------
    InputError
        For an operator that is zero or no square matrix, and names or numbers that are none.

    Examples
    --------
    >>> decay = trajectories.Channel("emit", [[0, 0.1], [0, 0]], "cold", quantum=-1.0)
    >>> decay.operator.shape
    (2, 2)
    """

    name: str
    operator: Array
    reservoir: str
    quantum: float | None = None
    partner: str | None = None
    charge: float | None = None

    def __post_init__(self) -> None:
        if not validation.checking():
            return
        validation.name(self.name, "channel")
        if self.name == "none":
            raise InputError("channel 'none': this name is reserved for partner=\"none\"; choose another")
        where = f"channel {self.name!r}"
        validation.name(self.reservoir, f"{where}: reservoir")
        if self.partner is not None:
            validation.name(self.partner, f"{where}: partner")
        for key, value in (("quantum", self.quantum), ("charge", self.charge)):
            if value is not None:
                object.__setattr__(self, key, validation.real(value, f"{where}: {key}") + 0.0)
        operator = as_operator(self.operator, f"{where}: operator")
        if not np.any(operator):
            raise InputError(f"{where}: operator is zero; leave the channel out, or give it a rate > 0")
        object.__setattr__(self, "operator", validation.frozen(operator))


def counted(values: Sequence[float | None], channels: Sequence[Channel]) -> NDArray[np.float64]:
    """Return the numbers that K channels count, (K,): None is 0 beside a number of its reservoir, else nan."""
    known = {channel.reservoir for channel, value in zip(channels, values, strict=True) if value is not None}
    return np.array([
        (0.0 if channel.reservoir in known else math.nan) if value is None else value
        for channel, value in zip(channels, values, strict=True)
    ])  # fmt: skip


def checked_reservoirs(value: Iterable[Reservoir]) -> tuple[Reservoir, ...]:
    """Return the reservoirs as a tuple; raise InputError unless their names are unique."""
    reservoirs = validation.instances(value, Reservoir, "reservoirs")
    validation.unique([bath.name for bath in reservoirs], "reservoir")
    return reservoirs


def checked_channels(value: Iterable[Channel], baths: Sequence[Reservoir], dimension: int) -> tuple[Channel, ...]:
    """Return the channels as a tuple; raise InputError unless names, reservoirs and shapes fit."""
    channels = validation.instances(value, Channel, "channels")
    if not channels:
        raise InputError("channels: there is none; a model needs at least one jump channel")
    validation.unique([channel.name for channel in channels], "channel")
    known = [bath.name for bath in baths]
    for channel in channels:
        if channel.reservoir not in known:
            raise InputError(
                f"channel {channel.name!r}: unknown reservoir {channel.reservoir!r}; "
                f"known: {', '.join(known) or 'none'}"
            )
        if channel.operator.shape[0] != dimension:
            raise InputError(
                f"channel {channel.name!r}: operator has shape {channel.operator.shape}, must be "
                f"({dimension}, {dimension}), that of the hamiltonian"
            )
    return channels
