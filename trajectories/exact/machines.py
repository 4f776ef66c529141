"""The exact side from Python: steady-state quantities of a machine on arrays of parameters, and their maxima."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from trajectories.counting import steady_points
from trajectories.counting.optimum import ENTANGLEMENT, maximum
from trajectories.counting.steady_quantities import SteadyQuantities
from trajectories.errors import InputError, kind
from trajectories.model import Model
from trajectories.model.argument_types import numbers

__all__ = ["largest", "steady"]

Machine = str | Callable[..., Model]


def steady(machine: Machine, names: str | Sequence[str], **parameters: Any) -> dict[str, np.ndarray]:
    """Return quantities of a machine's steady state on arrays of parameters.

    Parameters
    ----------
    machine : str or callable
        A system's name ("diamond"), or a function that returns a Model.
    names : str or sequence of str
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
    names = [names] if isinstance(names, str) else _texts(names)
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
    over = _bounds(over)
    middle = {key: 0.5 * (low + high) for key, (low, high) in over.items()}
    quantities = _quantities(machine, {**parameters, **middle})
    _texts([name])
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
    if not callable(machine):
        raise InputError(f"machine: is {kind(machine)}: must be a system's name or a function that returns a Model")
    return SteadyQuantities(steady_points.Machine(machine, getattr(machine, "__name__", "machine")))


def _flattened(parameters: Mapping[str, Any]) -> tuple[tuple[int, ...], dict[str, np.ndarray]]:
    """Return the broadcast shape of the parameters, and those that are arrays, (n,) each."""
    arrays = {key: numbers(key, value) for key, value in parameters.items() if np.ndim(value) > 0}
    try:
        shape = np.broadcast_shapes(*(value.shape for value in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{key} {value.shape}" for key, value in arrays.items())
        raise InputError(f"parameters: {shapes}: must be arrays that broadcast against each other") from None
    return shape, {key: np.broadcast_to(value, shape).reshape(-1) for key, value in arrays.items()}


def _texts(names: Sequence[str]) -> list[str]:
    """Return the names of quantities; InputError where one is no text."""
    texts = list(names) if isinstance(names, Iterable) else [names]
    if wrong := [name for name in texts if not isinstance(name, str)]:
        raise InputError(f'quantity: is {kind(wrong[0])}: must be a name such as "concurrence"')
    return texts


def _bounds(over: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Return the bounds of the searched parameters as numbers; InputError where they are none."""
    pairs = dict(over) if isinstance(over, Mapping) else {}
    bounds = {key: tuple(numbers(f"over: {key}", pair).ravel().tolist()) for key, pair in pairs.items()}
    if not bounds or not all(len(pair) == 2 for pair in bounds.values()):
        raise InputError("over: must be a mapping of parameters to their bounds (low, high)")
    return {key: (pair[0], pair[1]) for key, pair in bounds.items()}
