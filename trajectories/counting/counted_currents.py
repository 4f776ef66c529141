"""Counts: numbers accumulated along a trajectory, N(t) = sum_k w_k N_k(t), with N_k the jumps of channel k in (0, t].

A count is its weights w, (K,) float64 in the order of `model.channels`. The functions here make the usual ones.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError
from trajectories.master.currents import check_entropy
from trajectories.master.lindblad import Master
from trajectories.model import Model

Channels = str | int | Iterable[str | int]
"""A channel or several, by name or by index from 0."""

FIRES = 1e-14


def jumps(model: Model) -> np.ndarray:
    """Return the weights, (K,), that count every jump, self-partnered ones too: its rate is the dynamical activity."""
    return np.ones(len(model.channels))


def quanta(model: Model, reservoir: str) -> np.ndarray:
    """Return the weights, (K,), of the net number of quanta that the system takes from a reservoir.

    w_k = sign(dq_k) for the channels k of the reservoir, dq_k the energy that the system gains; 0 for the others. The
    sign is that of an energy: particles whose energy is counted from a chemical potential want a `charge`. Raises
    InputError as `heat` does.
    """
    return np.sign(heat(model, reservoir))


def heat(model: Model, reservoir: str) -> np.ndarray:
    """Return the weights, (K,), of the counted heat into the system from a reservoir: w_k = dq_k (energy).

    A jump without a quantum counts 0. Raises InputError for an unknown reservoir, and one none of whose jumps carries
    energy.
    """
    weights = _of_reservoir(model, reservoir, model.quanta)
    if not weights.any():
        raise InputError(f"{model.name}: no counted heat from {reservoir!r}: {no_quanta(model, reservoir)}")
    return weights


def no_quanta(model: Model, reservoir: str) -> str:
    """Return the reason for which a reservoir has no counted quanta."""
    if reservoir not in (channel.reservoir for channel in model.channels):
        return f"reservoir {reservoir} has no channel"
    known = any(channel.quantum is not None for channel in model.channels if channel.reservoir == reservoir)
    return (
        f"all quanta of reservoir {reservoir} are 0" if known else f"no channel of reservoir {reservoir} has a quantum"
    )


def charge(model: Model, reservoir: str) -> np.ndarray:
    """Return the weights, (K,), of the net charge that the system takes from a reservoir: w_k = c_k.

    A jump without a charge counts 0. Raises InputError for an unknown reservoir, and one none of whose jumps carries
    charge.
    """
    weights = _of_reservoir(model, reservoir, model.charges)
    if not weights.any():
        raise InputError(f"{model.name}: no channel of reservoir {reservoir!r} has a charge other than 0")
    return weights


def _of_reservoir(model: Model, reservoir: str, values: np.ndarray) -> np.ndarray:
    """Return the values (K,) of a reservoir's channels, 0 for unknown ones and the others."""
    names = [bath.name for bath in model.reservoirs]
    if reservoir not in names:
        raise InputError(f"{model.name} has no reservoir {reservoir!r}; it has {', '.join(names)}")
    return np.where(model.reservoir_index == names.index(reservoir), np.nan_to_num(values), 0.0)


def entropy(model: Model) -> np.ndarray:
    """Return the weights, (K,), of the entropy given to the reservoirs: w_k = Delta s_k (nats).

    Raises InputError where the model has no entropy accounting, or a channel without partner (Delta s = inf).
    """
    check_entropy(model)
    if (model.partner < 0).any():
        name = model.channels[int(np.argmax(model.partner < 0))].name
        raise InputError(f"{model.name}: channel {name!r} is one-way, its entropy is infinite and has no cumulants")
    return model.entropy_steps.copy()


def members(model: Model, channels: Channels) -> np.ndarray:
    """Return the mask, (K,) bool, of some channels, given by name or index.

    Raises InputError for an unknown channel, or none at all.
    """
    names = [channel.name for channel in model.channels]
    mask = np.zeros(len(names), bool)
    for channel in [channels] if isinstance(channels, str | int) else channels:
        if channel in names:
            mask[names.index(str(channel))] = True
        elif not isinstance(channel, str) and 0 <= channel < len(names):
            mask[channel] = True
        else:
            raise InputError(
                f"{model.name} has no channel {channel!r}; it has {', '.join(names)} (or 0 to {len(names) - 1})"
            )
    if not mask.any():
        raise InputError(f"no channel of {model.name} is named; name at least one of {', '.join(names)}")
    return mask


def firing(master: Master, channels: Channels) -> tuple[np.ndarray, float]:
    """Return the mask (K,) of some channels and how often they fire in the steady state (1/time).

    Raises InputError as `members` does, and where they never fire.
    """
    mask = members(master.model, channels)
    rates = master.jump_rates(master.steady_blocks)
    rate = float(rates[mask].sum())
    # Populations of a rate equation are exact however small; other states carry rounding.
    if rate <= (0.0 if master.classical else FIRES * float(np.abs(rates).sum())):
        named = ", ".join(c.name for c, inside in zip(master.model.channels, mask, strict=True) if inside)
        raise InputError(f"{master.model.name}: {named} never fires in the steady state; name channels with a rate > 0")
    return mask, rate


def check_weights(model: Model, weights: ArrayLike) -> np.ndarray:
    """Return count weights as float64, (K,); raise InputError unless they are one finite number for each channel."""
    given = np.asarray(weights, float)
    n_channels = len(model.channels)
    if given.shape != (n_channels,):
        raise InputError(
            f"count weights have shape {given.shape}; {model.name} has {n_channels} channels: ({n_channels},) is wanted"
        )
    if not np.isfinite(given).all():
        name = model.channels[int(np.argmin(np.isfinite(given)))].name
        raise InputError(f"count weights: that of channel {name!r} is not finite")
    return given


def jump_operator(master: Master, weights: np.ndarray) -> np.ndarray:
    """Return sum_k w_k L_k . L_k^dag on the sector blocks, (D, D), dense or sparse as the generator is.

    weights: (K,).
    """
    return master.tilted(weights) - master.tilted(np.zeros(len(weights)))


def heated_reservoirs(model: Model) -> list[int]:
    """Return the reservoirs with a channel that has an energy quantum: these have a counted heat."""
    return _known(model, model.quanta)


def charged_reservoirs(model: Model) -> list[int]:
    """Return the reservoirs with a channel that has a charge."""
    return _known(model, model.charges)


def _known(model: Model, values: np.ndarray) -> list[int]:
    return [int(r) for r in np.unique(model.reservoir_index[np.isfinite(values)])]


def counts_entropy(model: Model) -> bool:
    """Return True where the entropy given to the reservoirs, sum_k n_k Delta s_k, is defined and always finite."""
    return bool(model.entropy and (model.partner >= 0).all())
