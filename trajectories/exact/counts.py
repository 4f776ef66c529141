"""Exact statistics of counts: cumulants, generating function, power spectrum."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting import finite_time_cumulants as finite_time
from trajectories.counting import long_time_cumulants, time_correlations
from trajectories.counting import scgf as generating_function
from trajectories.errors import InputError
from trajectories.exact.arguments import Counted, Initial, count_weights, density, master_of
from trajectories.model import Model
from trajectories.model.argument_types import integer, numbers


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
    return long_time_cumulants.cumulants(master_of(model), count_weights(model, count), _order(order))


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
    return finite_time.finite_time_cumulants(
        master_of(model), count_weights(model, count), numbers("times", times), start, _order(order)
    )


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
    return generating_function.scgf(
        master_of(model), numbers("u", u), None if count is None else count_weights(model, count)
    )


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
    return time_correlations.power_spectrum(
        master_of(model), count_weights(model, count), numbers("frequencies", frequencies)
    )


def _order(order: int) -> int:
    """Return the order of a cumulant; InputError where it is none."""
    n = integer("order", order)
    if not 1 <= n <= long_time_cumulants.HIGHEST_ORDER:
        raise InputError(f"order = {n}: must be from 1 to {long_time_cumulants.HIGHEST_ORDER}")
    return n
