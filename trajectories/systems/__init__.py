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
from trajectories.systems.cavity import cavity, effective_cavity
from trajectories.systems.common_bath import common_bath
from trajectories.systems.diamond import diamond
from trajectories.systems.double_dot import double_dot
from trajectories.systems.flux_qubits import flux_qubits
from trajectories.systems.local_engine import local_engine
from trajectories.systems.nonsecular_engine import nonsecular_engine
from trajectories.systems.reset_engine import reset_engine

_BUILDERS: dict[str, Callable[..., Model]] = {
    "diamond": diamond,
    "local_engine": local_engine,
    "cavity": cavity,
    "reset_engine": reset_engine,
    "flux_qubits": flux_qubits,
    "double_dot": double_dot,
    "common_bath": common_bath,
    "nonsecular_engine": nonsecular_engine,
}

SYSTEMS = tuple(_BUILDERS)

__all__ = [
    "SYSTEMS",
    "build",
    "cavity",
    "common_bath",
    "describe",
    "diamond",
    "double_dot",
    "effective_cavity",
    "flux_qubits",
    "local_engine",
    "nonsecular_engine",
    "reset_engine",
]


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
