"""Exact statistics of the times of jumps: waiting times, g2, first passages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting import time_correlations
from trajectories.counting.first_passage import PassageSpace
from trajectories.counting.time_correlations import WaitingTime
from trajectories.errors import InputError
from trajectories.exact.arguments import Counted, Group, Initial, channel_names, count_weights, density, master_of
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.master.states import check_times
from trajectories.model import Model
from trajectories.model.argument_types import numbers


def waiting_times(model: Model, start: Group, stop: Group, times: ArrayLike, ends: Group | None = None) -> np.ndarray:
    """Return the density of the time from a jump of `start` to the next jump of `stop` in the steady state (1/time).

    Parameters
    ----------
    model : Model
    start, stop : str or sequence of str
        Channels.
    times : (T,) array
        Waits, from 0 on, not falling.
    ends : str or sequence of str, optional
        Channels any of whose jumps ends the wait. Default: those of `stop`. With "any" the density is that of the very
        next jump, and integrates to the probability that it is one of `stop`.

    Returns
    -------
    (T,) array

    Raises
    ------
    InputError
        For channels that do not exist or never fire, and where the steady state is not unique.

    References
    ----------
    Brandes, Ann. Phys. 17, 477 (2008).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> exact.waiting_times(model, "A_up", "A_down", [0.0, 1.0]).shape
    (2,)
    """
    groups = [channel_names(model, name, group) for name, group in (("start", start), ("stop", stop))]
    ending = None if ends is None else channel_names(model, "ends", ends)
    return time_correlations.waiting_time_density(
        master_of(model), groups[0], groups[1], numbers("times", times), ending
    )


def mean_waiting_time(model: Model, start: Group, stop: Group, ends: Group | None = None) -> WaitingTime:
    """Return the mean of the waiting time from `start` to `stop` (time).

    Parameters
    ----------
    model : Model
    start, stop, ends : str or sequence of str
        As for `waiting_times`.

    Returns
    -------
    WaitingTime
        `probability` that the wait ends with `stop`, `mean` and `standard_deviation` of such waits.

    Raises
    ------
    InputError
        As for `waiting_times`.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> round(exact.mean_waiting_time(model, "any", "any").mean * float(exact.activity(model)), 9)
    1.0
    """
    groups = [channel_names(model, name, group) for name, group in (("start", start), ("stop", stop))]
    ending = None if ends is None else channel_names(model, "ends", ends)
    return time_correlations.mean_waiting_time(master_of(model), groups[0], groups[1], ending)


def g2(model: Model, first: Group, times: ArrayLike, second: Group | None = None) -> np.ndarray:
    """Return g2(tau) of jumps in the steady state: how much likelier `second` is a time tau after `first`.

    Parameters
    ----------
    model : Model
    first : str or sequence of str
        Channels.
    times : (T,) array
        Distances tau, from 0 on, not falling.
    second : str or sequence of str, optional
        Channels. Default: those of `first`.

    Returns
    -------
    (T,) array
        1 for independent jumps.

    Raises
    ------
    InputError
        For channels that do not exist or never fire, and where the steady state is not unique.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> exact.g2(model, "A_up", [0.0, 50.0]).round(3)
    array([0.57, 1.  ])
    """
    other = None if second is None else channel_names(model, "second", second)
    return time_correlations.g2(master_of(model), channel_names(model, "first", first), numbers("times", times), other)


class FirstPassages(NamedTuple):
    """First passages of a count through two bounds.

    Attributes
    ----------
    survival : (T,) array
        Probability that neither bound has been reached by t.
    upper, lower : (T,) array
        Probability that the upper, or the lower, bound has been reached first by t.
    mean : float
        Mean first-passage time; inf where a bound may never be reached.

    Examples
    --------
    >>> exact.FirstPassages._fields
    ('survival', 'upper', 'lower', 'mean')
    """

    survival: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    mean: float


def first_passages(
    model: Model,
    count: Counted,
    bound: float | tuple[float, float],
    times: ArrayLike,
    initial: Initial = "steady",
) -> FirstPassages:
    """Return when a count first reaches a bound.

    Parameters
    ----------
    model : Model
    count : str or (K,) array
        As for `cumulants`; "entropy" is that given to the reservoirs alone.
    bound : float or (float, float)
        Either of +-bound, or (low, high) with low < 0 < high, either of which may be infinite.
    times : (T,) array
        From 0 on, not falling.
    initial : str or array, default "steady"
        As for `state`.

    Returns
    -------
    FirstPassages

    Raises
    ------
    InputError
        For a count, bounds, times or a state that is none, and for bounds too far apart to be resolved.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> passage = exact.first_passages(model, "A", 3, [1.0, 2.0])
    >>> bool(np.allclose(passage.survival + passage.upper + passage.lower, 1))
    True
    """
    bounds = numbers("bound", bound).ravel().tolist()
    low, high = bounds if len(bounds) == 2 else (-bounds[0], bounds[0]) if len(bounds) == 1 else (0.0, 0.0)
    if not low < 0.0 < high:
        raise InputError(f"bound: is {low:g} and {high:g}: must have 0 between the two")
    rho, weights = density(model, initial), count_weights(model, count)
    sectors = find_sectors(model, (rho,))
    steps = np.repeat(weights[:, None], len(sectors.dimensions), axis=1)
    space = PassageSpace(Master(model, sectors), steps, float(low), float(high))
    blocks = sectors.flatten(rho)
    reached, _ = space.left(blocks, check_times(np.atleast_1d(numbers("times", times))))
    survival = np.clip(1.0 - reached.sum(axis=1), 0.0, 1.0)
    return FirstPassages(survival, reached[:, 0], reached[:, 1], space.mean_time(blocks))
