"""What a model's jumps are made of: reservoirs, channels, and what a jump carries."""

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
    """A reservoir: its name and its inverse temperature beta.

    beta: in units of 1/energy; may be negative (population inversion); +inf is zero temperature, -inf a pump that only
    gives energy; None where no temperature is defined.
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
    """One kind of jump.

    operator: (d, d) jump operator L with its rate included, so that L^dagger L has the unit of a rate;
    reservoir: name of the reservoir that makes the jump;
    quantum: energy delta q that the system gains from the reservoir in one jump, as the reservoir's energy scale counts
        it. None: the jump exchanges no counted energy, as in dephasing: 0 where another channel of the reservoir has a
        quantum; a reservoir none of whose channels has one has no counted heat;
    partner: name of the channel that undoes this one; its own name for L = L^dagger; "none" for a jump that nothing
        undoes (declared one-way); None: it is looked for among the channels of the reservoir;
    charge: particles (or whatever else is counted) that the system gains from the reservoir in one jump, such as +1
        for an electron that enters. None: 0 where another channel of the reservoir has a charge; where none has, quanta
        are counted instead, with the sign of their energy: +1 for quantum > 0, -1 for quantum < 0.

    Partners have opposite quanta and charges.
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
    """What K channels count, (K,): None is 0 beside a number of the same reservoir, nan where there is none."""
    known = {channel.reservoir for channel, value in zip(channels, values, strict=True) if value is not None}
    return np.array([
        (0.0 if channel.reservoir in known else math.nan) if value is None else value
        for channel, value in zip(channels, values, strict=True)
    ])  # fmt: skip


def checked_reservoirs(value: Iterable[Reservoir]) -> tuple[Reservoir, ...]:
    """Reservoirs with unique names."""
    found = validation.instances(value, Reservoir, "reservoirs")
    validation.unique([bath.name for bath in found], "reservoir")
    return found


def checked_channels(value: Iterable[Channel], baths: Sequence[Reservoir], dimension: int) -> tuple[Channel, ...]:
    """At least one channel, with unique names, known reservoirs and the Hamiltonian's shape."""
    found = validation.instances(value, Channel, "channels")
    if not found:
        raise InputError("channels: there is none; a model needs at least one jump channel")
    validation.unique([channel.name for channel in found], "channel")
    known = [bath.name for bath in baths]
    for channel in found:
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
    return found
