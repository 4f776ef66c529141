"""Exact statistics of jumps: cumulants, generating function, waiting times, g2, power spectrum, first passages.

A *count* N = sum_k w_k N_k is given by name (a reservoir: its charge, else its quanta; "heat from A"; "jumps";
"entropy": that given to the reservoirs; or a count of the model), or as the weights (K,) of the model's channels.
*Channels* are given by name: one, a reservoir's, "A_up+S_up", "any", or a sequence of names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting import finite_time_cumulants as finite_time
from trajectories.counting import long_time_cumulants, time_correlations
from trajectories.counting import scgf as generating_function
from trajectories.counting.counted_currents import check_weights
from trajectories.counting.first_passage import PassageSpace
from trajectories.counting.time_correlations import WaitingTime
from trajectories.errors import InputError
from trajectories.exact.states import Initial, density
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.master.states import check_times
from trajectories.model import Model
from trajectories.report.counting_requests import channels_named, count_named

Counted = str | ArrayLike
Group = str | Sequence[str]


def cumulants(model: Model, count: Counted, order: int = 4) -> np.ndarray:
    """Return the rates at which the cumulants of a count grow in the steady state.

    Parameters
    ----------
    model : Model
    count : str or (K,) array
        A count's name ("S", "heat from A", "jumps", "entropy"), or weights of the channels.
    order : int, default 4
        Number of cumulants, at most 20.

    Returns
    -------
    (order,) array
        Current, noise (no factor 1/2), ...; c_n in (unit of the count)^n / time.

    Raises
    ------
    InputError
        For a count that does not exist, and where the steady state is not unique.

    References
    ----------
    Flindt, Novotny, Braggio, Sassetti, Jauho, PRL 100, 150601 (2008).

    Examples
    --------
    >>> exact.cumulants(trajectories.systems.diamond(beta_A=-2, beta_S=3), "A", 2).round(4)
    array([1.7352, 1.7945])
    """
    return long_time_cumulants.cumulants(Master(model), _weights(model, count), order)


def finite_time_cumulants(
    model: Model, count: Counted, times: ArrayLike, initial: Initial = "steady", order: int = 4
) -> np.ndarray:
    """Return the cumulants of a count over (0, t].

    Parameters
    ----------
    model : Model
    count : str or (K,) array
        As for `cumulants`.
    times : (T,) array
        From 0 on, not falling.
    initial : str or array, default "steady"
        As for `state`.
    order : int, default 4

    Returns
    -------
    (T, order) array
        Mean, variance, ...

    Raises
    ------
    InputError
        For a count, times or a state that is none.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> exact.finite_time_cumulants(model, "A", [6.0], order=1).round(3)
    array([[10.411]])
    """
    start = None if isinstance(initial, str) and initial == "steady" else density(model, initial)
    return finite_time.finite_time_cumulants(Master(model), _weights(model, count), times, start, order)


def scgf(model: Model, u: ArrayLike, count: Counted | None = None) -> np.ndarray:
    """Return the scaled cumulant generating function lambda(u) = lim ln <exp(-u N)>/t (1/time).

    Parameters
    ----------
    model : Model
    u : array
        Real numbers.
    count : str or (K,) array, optional
        As for `cumulants`. Default: the entropy production, also with one-way channels.

    Returns
    -------
    array
        Of the shape of u.

    Raises
    ------
    InputError
        For a count that does not exist, and where the steady state is not unique.

    References
    ----------
    Lebowitz, Spohn, J. Stat. Phys. 95, 333 (1999).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> bool(np.allclose(exact.scgf(model, [0.0, 0.3]), exact.scgf(model, [1.0, 0.7])))
    True
    """
    return generating_function.scgf(Master(model), u, None if count is None else _weights(model, count))


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
    groups = [_channels(model, name, group) for name, group in (("start", start), ("stop", stop))]
    ending = None if ends is None else _channels(model, "ends", ends)
    return time_correlations.waiting_time_density(Master(model), groups[0], groups[1], np.asarray(times, float), ending)


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
    groups = [_channels(model, name, group) for name, group in (("start", start), ("stop", stop))]
    ending = None if ends is None else _channels(model, "ends", ends)
    return time_correlations.mean_waiting_time(Master(model), groups[0], groups[1], ending)


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
    other = None if second is None else _channels(model, "second", second)
    return time_correlations.g2(Master(model), _channels(model, "first", first), np.asarray(times, float), other)


def spectrum(model: Model, count: Counted, frequencies: ArrayLike) -> np.ndarray:
    """Return the power spectrum of a count's current in the steady state (unit of the count squared / time).

    Parameters
    ----------
    model : Model
    count : str or (K,) array
        As for `cumulants`.
    frequencies : (F,) array
        Angular frequencies.

    Returns
    -------
    (F,) array
        At frequency 0 the noise.

    Raises
    ------
    InputError
        For a count or frequencies that are none, and where the steady state is not unique.

    References
    ----------
    Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> bool(np.isclose(exact.spectrum(model, "A", [0.0])[0], exact.cumulants(model, "A")[1]))
    True
    """
    return time_correlations.power_spectrum(Master(model), _weights(model, count), frequencies)


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
    low, high = bound if isinstance(bound, tuple | list) else (-bound, bound)
    if not low < 0.0 < high:
        raise InputError(f"bound: is {low:g} and {high:g}: must have 0 between the two")
    rho, weights = density(model, initial), _weights(model, count)
    sectors = find_sectors(model, (rho,))
    steps = np.repeat(weights[:, None], len(sectors.dimensions), axis=1)
    space = PassageSpace(model, sectors, steps, float(low), float(high))
    blocks = sectors.flatten(rho)
    reached, _ = space.left(blocks, check_times(np.atleast_1d(np.asarray(times, float))))
    survival = np.clip(1.0 - reached.sum(axis=1), 0.0, 1.0)
    return FirstPassages(survival, reached[:, 0], reached[:, 1], space.mean_time(blocks))


def _weights(model: Model, count: Counted) -> np.ndarray:
    """Return the weights (K,) of a count given by name or as weights."""
    return count_named(model, "count", count).weights if isinstance(count, str) else check_weights(model, count)


def _channels(model: Model, name: str, group: Group) -> list[str]:
    """Return the names of the channels that a group means; name: of the argument, for messages."""
    return channels_named(model, name, group if isinstance(group, str) else "+".join(group))
