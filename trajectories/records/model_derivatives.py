"""Derivatives of a model with respect to the parameters of its builder.

H and the jump operators L_k are smooth functions of a few numbers, so central differences with Richardson's
extrapolation give the derivatives to about twelve digits. Never differentiate a likelihood in this way: its curvature
grows with the length of the record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from trajectories.errors import InputError, kind, show
from trajectories.model import Model
from trajectories.model.argument_types import number
from trajectories.model.user_model import call

STEPS = (2.0**-6, 2.0**-9)
"""Largest step of the differences, relative to the parameter (1 takes the place of a parameter that is 0).

The first suits most functions; the second those like e^{-1/(2T)} at T = 0.01.
"""
HALVINGS = 4
SMOOTH = 1e-7
"""Largest difference, relative to the derivative, of the last two extrapolations of a smooth function."""


class Derivatives(NamedTuple):
    """A model and the derivatives of its operators.

    names: the p parameters. values: (p,). hamiltonian: (p, d, d), dH/dtheta_a. operators: (p, K, d, d), dL_k/dtheta_a.
    """

    model: Model
    names: tuple[str, ...]
    values: np.ndarray
    hamiltonian: np.ndarray
    operators: np.ndarray


def differentiate(
    builder: Callable[..., Model], parameters: Mapping[str, float], fixed: Mapping[str, Any] | None = None
) -> Derivatives:
    """Return a model and the derivatives of H and L_k with respect to `parameters`.

    builder: function of keyword arguments. parameters: values at which to differentiate. fixed: further arguments.
    Raises InputError for arguments that are none, and where the operators are no smooth functions of a parameter.
    """
    if not callable(builder):
        raise InputError(f"builder: is {kind(builder)}: must be a function that returns a Model")
    if not isinstance(parameters, Mapping) or not parameters:
        raise InputError(f"parameters: is {show(parameters)}: must map names to values, such as {{'beta_A': -2.0}}")
    if fixed is not None and not isinstance(fixed, Mapping):
        raise InputError(f"fixed: is {kind(fixed)}: must map names to values")
    twice = sorted(set(parameters) & set(fixed or {}))
    if twice:
        raise InputError(f"fixed: {twice[0]} is among the parameters too: must be in one of the two")
    values = {name: number(f"parameters: {name}", value) for name, value in parameters.items()}
    for name, value in values.items():
        if not np.isfinite(value):
            raise InputError(f"parameters: {name} = {value}: must be finite")
    given = {**(fixed or {}), **values}
    model = call(builder, "builder", given)
    found = [_along(builder, given, model, name) for name in values]
    return Derivatives(
        model,
        tuple(values),
        np.array(list(values.values()), float),
        np.array([one[0] for one in found]),
        np.array([one[1:] for one in found]),
    )


def _along(builder: Callable[..., Model], given: Mapping[str, Any], model: Model, name: str) -> np.ndarray:
    """Return (1 + K, d, d): the derivative of H, L_1, L_2, ... with respect to one parameter."""
    names = [channel.name for channel in model.channels]

    def operators(shift: float) -> np.ndarray:
        try:
            near = call(builder, "builder", {**given, name: given[name] + shift})
        except InputError as error:
            raise InputError(f"parameters: {name} cannot be varied about {given[name]:g}: {error}") from None
        if near.dimension != model.dimension or [channel.name for channel in near.channels] != names:
            raise InputError(f"parameters: {name} changes the channels of {model.name} near {given[name]:g}")
        return np.concatenate([near.hamiltonian[None], near.operators])

    for step in STEPS:
        found, smooth = _extrapolated(operators, step * (abs(given[name]) or 1.0))
        if smooth:
            return found
    raise InputError(
        f"parameters: the operators of {model.name} are no smooth function of {name} at {given[name]:g}: take another "
        "parameter or another value, away from kinks and from rates that vanish"
    )


def _extrapolated(operators: Callable[[float], np.ndarray], step: float) -> tuple[np.ndarray, bool]:
    """Return the derivative at 0 of matrices (n, d, d) given as a function, and whether that is smooth there."""
    middle = operators(0.0)
    row: list[np.ndarray] = []
    kinks = []
    for level in range(HALVINGS):
        h = step / 2**level
        after, before = operators(h), operators(-h)
        fresh = [(after - before) / (2 * h)]
        for order, older in enumerate(row, 1):
            fresh.append(fresh[-1] + (fresh[-1] - older) / (4**order - 1))
        previous, row = row, fresh
        kinks.append(np.abs(after + before - 2 * middle).max(axis=(1, 2)) / h)
    # Extrapolations from larger and from smaller steps agree, and second differences vanish faster than the step.
    scale = np.abs(middle).max(axis=(1, 2))
    floor = np.maximum(np.abs(row[-1]).max(axis=(1, 2)), 1e-15 * scale / (h * SMOOTH))
    apart = np.abs(row[-1] - previous[-1]).max(axis=(1, 2))
    kinked = (kinks[-1] > 0.5 * kinks[0]) & (kinks[-1] > 1e-6 * scale / step)
    return row[-1], not (np.any(apart > SMOOTH * floor) or np.any(kinked))
