"""The exact side from Python: steady-state quantities of a machine on arrays of parameters, and their maxima."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from trajectories.counting import steady_points
from trajectories.counting.optimum import ENTANGLEMENT, maximum
from trajectories.counting.steady_quantities import SteadyQuantities
from trajectories.errors import InputError
from trajectories.model import Model

__all__ = ["largest", "steady"]

Machine = str | Callable[..., Model]


def steady(machine: Machine, names: Sequence[str], **parameters: Any) -> dict[str, np.ndarray]:
    """Return quantities of a machine's steady state on arrays of parameters.

    Parameters
    ----------
    machine : str or callable
        A system's name ("diamond"), or a function that returns a Model.
    names : sequence of str
        Quantities such as "concurrence" or "heat_current.h" (`counting.steady_quantities` lists them).
    **parameters
        Numbers, or arrays that broadcast against each other.

    Returns
    -------
    dict of str to array
        By quantity, of the broadcast shape of the parameters.

    Raises
    ------
    InputError
        For an unknown quantity, bad parameters, and a steady state that is not unique.

    Examples
    --------
    >>> exact.steady("diamond", ["concurrence"], beta_A=-2, beta_S=np.array([2.0, 3.0]))["concurrence"].round(4)
    array([0.    , 0.1738])
    """
    shape, flat = _flattened(parameters)
    values = _quantities(machine, parameters).values({**parameters, **flat}, names)
    return {name: value.reshape(shape) for name, value in values.items()}


def largest(
    machine: Machine, name: str, over: Mapping[str, tuple[float, float]], **parameters: Any
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the largest value of a steady-state quantity over some parameters, and the place of the maximum.

    Parameters
    ----------
    machine : str or callable
        As for `steady`.
    name : str
        A quantity.
    over : mapping of str to (float, float)
        Bounds of the parameters that are searched.
    **parameters
        As for `steady`.

    Returns
    -------
    values : array
        Of the broadcast shape of the parameters.
    where : dict of str to array
        Values of the searched parameters, of the same shape.

    Raises
    ------
    InputError
        As for `steady`.

    Examples
    --------
    >>> value, where = exact.largest("diamond", "concurrence", over={"beta_S": (0, 5)}, beta_A=-2)
    >>> round(float(where["beta_S"]), 6)
    5.0
    """
    shape, flat = _flattened(parameters)
    middle = {key: 0.5 * (low + high) for key, (low, high) in over.items()}
    quantities = _quantities(machine, {**parameters, **middle})
    # What is wrong with a parameter or a name is said before anything is searched.
    first = {**parameters, **{key: float(value[0]) for key, value in flat.items()}, **middle}
    quantities.values(first, [name])
    margins = name in ENTANGLEMENT[:2] and _defined(quantities, first, "entanglement_margin")
    found = []
    for i in range(int(np.prod(shape))):
        point = {**parameters, **{key: float(value[i]) for key, value in flat.items()}}

        def values(searched: dict[str, np.ndarray], name: str, point: dict[str, Any] = point) -> np.ndarray:
            return quantities.values({**point, **searched}, [name], check=False)[name]

        margin = partial(values, name="entanglement_margin") if margins else None
        found.append(maximum(name, partial(values, name=name), over, margin))
    where = {key: np.reshape([one.parameters[key] for one in found], shape) for key in over}
    return np.reshape([one.value for one in found], shape), where


def _defined(quantities: SteadyQuantities, point: Mapping[str, Any], name: str) -> bool:
    """Return whether a quantity exists for a machine: the entanglement margin only where there are two qubits."""
    try:
        quantities.values(point, [name])
    except InputError:
        return False
    return True


def _quantities(machine: Machine, parameters: Mapping[str, Any]) -> SteadyQuantities:
    if isinstance(machine, str):
        arrays = {key: np.ravel(value) if np.ndim(value) > 0 else value for key, value in parameters.items()}
        return SteadyQuantities.of({"name": machine, **arrays})
    return SteadyQuantities(steady_points.Machine(machine, machine.__name__))


def _flattened(parameters: Mapping[str, Any]) -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
    """Return the broadcast shape of the parameters, and those that are arrays, (n,) each."""
    arrays = {key: np.asarray(value, float) for key, value in parameters.items() if np.ndim(value) > 0}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    return shape, {key: np.broadcast_to(value, shape).reshape(-1) for key, value in arrays.items()}
