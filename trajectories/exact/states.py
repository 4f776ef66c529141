"""States of the master equation, their currents and entropy production."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import heated_reservoirs
from trajectories.exact.arguments import Initial, density, density_matrices, master_of
from trajectories.master import currents
from trajectories.model import Model
from trajectories.model.argument_types import numbers


def steady_state(model: Model) -> np.ndarray:
    """Return the steady state of a model.

    Parameters
    ----------
    model : Model

    Returns
    -------
    (d, d) complex array
        Density matrix in the computational basis.

    Raises
    ------
    InputError
        Where the steady state is not unique.

    Examples
    --------
    >>> rho = exact.steady_state(trajectories.systems.diamond(beta_A=-2, beta_S=3))
    >>> rho.diagonal().real.round(4)
    array([0.4929, 0.2416, 0.2416, 0.0239])
    """
    return master_of(model).steady_state()


def state(model: Model, times: ArrayLike, initial: Initial) -> np.ndarray:
    """Return the state rho(t) of the master equation.

    Parameters
    ----------
    model : Model
    times : (T,) array
        From 0 on, not falling.
    initial : str or array
        "ground", "mixed", "steady", a basis state's label, a vector (d,) or a density matrix (d, d).

    Returns
    -------
    (T, d, d) complex array

    Raises
    ------
    InputError
        For times or states that are none.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> exact.state(model, [0, 1], "ground")[:, 0, 0].real.round(4)
    array([1.    , 0.4987])
    """
    return master_of(model).states(density(model, initial), numbers("times", times))


def heat_currents(model: Model, state: ArrayLike | None = None) -> dict[str, np.ndarray]:
    """Return the counted heat per time into the system from each reservoir (energy/time).

    Parameters
    ----------
    model : Model
    state : (..., d, d) array, optional
        Density matrices. Default: the steady state.

    Returns
    -------
    dict of str to array
        By reservoir, shape (...); reservoirs without quanta are left out.

    Raises
    ------
    InputError
        Where the steady state is asked for and not unique.

    Examples
    --------
    >>> heat = exact.heat_currents(trajectories.systems.diamond(beta_A=-2, beta_S=3))
    >>> {name: round(float(value), 4) for name, value in heat.items()}
    {'A': 1.7352, 'S': -1.7352}
    """
    rates = currents.heat_rates(master_of(model).model)
    return {model.reservoirs[r].name: _averaged(model, rates[r], state) for r in heated_reservoirs(model)}


def energy_currents(model: Model, state: ArrayLike | None = None) -> dict[str, np.ndarray]:
    """Return the energy per time into the system from each reservoir, Tr[H D_r rho] (energy/time).

    Parameters
    ----------
    model : Model
    state : (..., d, d) array, optional
        Density matrices. Default: the steady state.

    Returns
    -------
    dict of str to array
        By reservoir, shape (...). Their sum is the change of <H> per time.

    Raises
    ------
    InputError
        Where the steady state is asked for and not unique.

    Examples
    --------
    >>> flow = exact.energy_currents(trajectories.systems.diamond(beta_A=-2, beta_S=3))
    >>> abs(float(sum(flow.values()))) < 1e-12
    True
    """
    rates = currents.energy_rates(master_of(model).model)
    return {bath.name: _averaged(model, rates[r], state) for r, bath in enumerate(model.reservoirs)}


def activity(model: Model, state: ArrayLike | None = None) -> np.ndarray:
    """Return the number of jumps per time, of all channels (1/time).

    Parameters
    ----------
    model : Model
    state : (..., d, d) array, optional
        Density matrices. Default: the steady state.

    Returns
    -------
    (...) array

    Raises
    ------
    InputError
        Where the steady state is asked for and not unique.

    Examples
    --------
    >>> round(float(exact.activity(trajectories.systems.diamond(beta_A=-2, beta_S=3))), 4)
    5.8762
    """
    return _averaged(model, master_of(model).model.loss, state)


def entropy_production_rate(model: Model) -> float:
    """Return the entropy production rate of the steady state (nat/time).

    Parameters
    ----------
    model : Model

    Returns
    -------
    float
        inf where a channel without reversal partner fires.

    Raises
    ------
    InputError
        Where the steady state is not unique, or the model has no entropy accounting.

    References
    ----------
    Horowitz, Parrondo, NJP 15, 085028 (2013).

    Examples
    --------
    >>> round(exact.entropy_production_rate(trajectories.systems.diamond(beta_A=-2, beta_S=3)), 4)
    8.6759
    """
    return currents.steady_entropy_production_rate(master_of(model))


def entropy_production(model: Model, times: ArrayLike, initial: Initial) -> np.ndarray:
    """Return the mean total entropy production <Delta S>(t) from 0 to t (nat).

    Parameters
    ----------
    model : Model
    times : (T,) array
        From 0 on, not falling.
    initial : str or array
        As for `state`.

    Returns
    -------
    (T,) array
        inf once a channel without reversal partner can have fired.

    Raises
    ------
    InputError
        For times or states that are none, and where the model has no entropy accounting.

    References
    ----------
    Manzano, Horowitz, Parrondo, PRX 8, 031037 (2018).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    >>> exact.entropy_production(model, [0, 1, 6], "steady").round(3)
    array([ 0.   ,  8.676, 52.055])
    """
    return currents.entropy_production(master_of(model), density(model, initial), numbers("times", times))


def _averaged(model: Model, operator: np.ndarray, state: ArrayLike | None) -> np.ndarray:
    """Return Tr[A rho] (...) of a Hermitian operator."""
    return np.einsum("ab,...ba->...", operator, density_matrices(model, state)).real
