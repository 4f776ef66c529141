"""Published machines, one file each, built by name.

    from trajectories.systems import diamond
    model = diamond(beta_A=-2, beta_S=3)

A machine is one function with annotated parameters and a numpy-style docstring; `build` and `describe` read both. To
add one, write its file and list its function in `_BUILDERS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.systems import parameters as _parameters
from trajectories.systems.diamond import diamond
from trajectories.systems.local_engine import local_engine

_BUILDERS: dict[str, Callable[..., Model]] = {
    "diamond": diamond,
    "local_engine": local_engine,
}

SYSTEMS = tuple(_BUILDERS)

__all__ = ["SYSTEMS", "build", "describe", "diamond", "local_engine"]


def build(name: str, parameters: Mapping[str, Any]) -> Model:
    """The machine `name` with these parameters.

    Raises InputError for an unknown machine or parameter (naming the nearest one and listing all), for a missing one,
    for a wrong type, and for whatever the machine itself refuses.
    """
    builder = _builder(name)
    return builder(**_parameters.checked(builder, name, parameters))


def describe(name: str) -> dict[str, Any]:
    """{"name", "summary", "parameters": {name: {"required", "default", "type", "doc"}}} of the machine `name`."""
    builder = _builder(name)
    return {"name": name, "summary": _parameters.summary(builder), "parameters": _parameters.parameters(builder)}


def _builder(name: str) -> Callable[..., Model]:
    if name not in SYSTEMS:
        raise InputError(f"unknown system {name!r}{_parameters.nearest(name, SYSTEMS)}")
    return _BUILDERS[name]
