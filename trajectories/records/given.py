"""Arguments of the functions of records, as users give them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from trajectories.errors import InputError, kind
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.model.argument_types import number, numbers
from trajectories.model.initial_state import given_state, named_state
from trajectories.records.detection import Detection


def starting_state(model: Model, initial: Any) -> np.ndarray:
    """Return an initial state given by name, vector or matrix as a density matrix (d, d)."""
    if not isinstance(initial, str):
        return given_state(np.array(numbers("initial", initial, complex)), model.dimension, "initial")
    named = named_state(initial, model, "initial")
    return Master(model).steady_state() if named is None else named


def detection_of(detection: object) -> Detection:
    """Return a detection, by default one with a perfect detector for each channel."""
    if detection is not None and not isinstance(detection, Detection):
        raise InputError(f"detection: is {kind(detection)}: must be a trajectories.Detection")
    return Detection() if detection is None else detection


def checked_parameters(builder: object, parameters: object, fixed: object) -> tuple[dict[str, float], dict[str, Any]]:
    """Return checked parameters and fixed arguments of a builder."""
    if not callable(builder):
        raise InputError(f"builder: is {kind(builder)}: must be a function of the parameters that returns a Model")
    if not isinstance(parameters, Mapping) or not parameters:
        raise InputError('parameters: must be a mapping of names to numbers, such as {"g": 0.02}')
    if fixed is not None and not isinstance(fixed, Mapping):
        raise InputError(f"fixed: is {kind(fixed)}: must be a mapping of names to values")
    values = {name: float(number(f"parameters: {name}", value)) for name, value in parameters.items()}
    for name, value in values.items():
        if not np.isfinite(value):
            raise InputError(f"parameters: {name} = {value}: must be finite")
        if name in (fixed or {}):
            raise InputError(f"fixed: {name} is among the parameters as well: must be in one of the two")
    return values, dict(fixed or {})
