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
    """Return quantities of the steady state, by name, on the broadcast shape of the parameters.

    machine: a system's name ("diamond"), or a function that returns a Model. names: quantities such as "concurrence",
    "heat_current.h" (`counting.steady_quantities` lists them). parameters: numbers, or arrays that broadcast against
    each other. Raises InputError for an unknown quantity, bad parameters, and a steady state that is not unique.
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
    """Return the largest value of a steady-state quantity over some parameters, and where it is taken.

    over: bounds of the parameters that are searched. machine, parameters, errors: as for `steady`. The values and
    the parameters found have the broadcast shape of the parameters.
    """
    arrays = {key: np.asarray(value, float) for key, value in parameters.items() if np.ndim(value) > 0}
    shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    flat = {key: np.broadcast_to(value, shape).reshape(-1) for key, value in arrays.items()}
    values, where = [], []
    for i in range(int(np.prod(shape))):
        point = {**parameters, **{key: float(value[i]) for key, value in flat.items()}}

        def function(searched: dict[str, np.ndarray], point: dict[str, Any] = point) -> np.ndarray:
            return steady(machine, [name], **{**point, **searched})[name]

        best = maximum(name, function, over)
        values.append(best.value)
        where.append(best.parameters)
    return np.reshape(values, shape), {key: np.reshape([one[key] for one in where], shape) for key in over}
