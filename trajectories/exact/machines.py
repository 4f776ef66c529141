"""The exact side from Python: steady-state quantities of a machine on arrays of parameters, and their maxima."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trajectories.counting.optimum import maximum
from trajectories.counting.steady_quantities import quantities_of, steady_values
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
    arrays = {key: np.asarray(value, float) for key, value in parameters.items() if np.ndim(value) > 0}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    flat = {key: np.broadcast_to(value, shape).reshape(-1) for key, value in arrays.items()}
    if isinstance(machine, str):
        values = steady_values({"name": machine} | parameters | flat, names)
    else:
        size = int(np.prod(shape))
        points = [{**parameters, **{key: float(value[i]) for key, value in flat.items()}} for i in range(size)]
        each = [quantities_of(machine(**point), names) for point in points]
        values = {name: np.array([one[name] for one in each]) for name in names}
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
    arrays = {key: np.asarray(value, float) for key, value in parameters.items() if np.ndim(value) > 0}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    flat = {key: np.broadcast_to(value, shape).reshape(-1) for key, value in arrays.items()}
    values, where = [], []
    for i in range(int(np.prod(shape))):
        point = {**parameters, **{key: float(value[i]) for key, value in flat.items()}}

        def function(searched: dict[str, np.ndarray], point: dict[str, Any] = point) -> np.ndarray:
            return steady(machine, [name], **{**point, **searched})[name]

        best = maximum(name, function, over, fast=isinstance(machine, str), margin=None)
        values.append(best.value)
        where.append(best.parameters)
    return np.reshape(values, shape), {key: np.reshape([one[key] for one in where], shape) for key in over}
