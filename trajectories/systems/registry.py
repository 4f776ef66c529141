"""The machines that run files and Python know by name.

A machine is a function with annotated parameters and a numpy-style docstring that returns a Model. Its file ends in

    register(function)

with, where they are not the usual ones, what run files and reports need to know beyond the Model.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError, listing, nearest
from trajectories.model import Model, validation

REQUIRED = inspect.Parameter.empty
COUPLINGS = (1e-6, 1e-2)


class SteadyState(Protocol):
    """A machine's steady states at n points, as functions of further quantities see them.

    parameters: by name, numbers or arrays (n,), defaults included. rho: (n, d, d).
    """

    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def rho(self) -> NDArray[np.complex128]: ...
    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """Return a quantity of the steady state, (n,)."""

    def of(self, build: Callable[..., Model], name: str, **parameters: Any) -> NDArray[np.float64]:
        """Return a quantity of another machine's steady state, (n,)."""


Quantity = Callable[[SteadyState], NDArray[np.float64]]


class BathRates(NamedTuple):
    """The parameters that are the rates of the cold and of the hot bath, where heat between them entangles.

    bosonic: whether the total rate of a bath is the parameter times coth(energy/2T), not the parameter itself.
    """

    cold: str
    hot: str
    bosonic: bool = False


@dataclass(frozen=True)
class Machine:
    """A registered machine; the fields are the arguments of `register`."""

    build: Callable[..., Model]
    energy_scale: str
    couplings: tuple[float, float]
    quantities: Mapping[str, Quantity]
    bath_rates: BathRates | None

    def parameters(self) -> dict[str, dict[str, Any]]:
        """Return `required`, `default` (None where required), `type` and `doc` of every parameter by name."""
        docs = _documented(inspect.getdoc(self.build) or "")
        return {
            name: {
                "required": parameter.default is REQUIRED,
                "default": None if parameter.default is REQUIRED else parameter.default,
                "type": str(parameter.annotation),
                "doc": docs.get(name, ""),
            }
            for name, parameter in inspect.signature(self.build).parameters.items()
        }

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return parameters with their types checked against the builder's signature.

        Raises InputError for an unknown parameter (with the nearest known one), a missing one, or a wrong type.
        """
        name, known = self.build.__name__, inspect.signature(self.build).parameters
        for key in values:
            if key not in known:
                raise InputError(
                    f"system {name!r}: unknown parameter {key!r}; {nearest(str(key), known)}known are {listing(known)}"
                )
        missing = [key for key, parameter in known.items() if parameter.default is REQUIRED and key not in values]
        if missing:
            raise InputError(f"system {name!r}: parameter {missing[0]!r} is missing; required: {', '.join(missing)}")
        hints = typing.get_type_hints(self.build)
        return {key: _typed(value, hints[key], f"system {name!r}: {key}") for key, value in values.items()}


_machines: dict[str, Machine] = {}
MACHINES: Mapping[str, Machine] = MappingProxyType(_machines)
"""The registered machines by name."""


def register(
    build: Callable[..., Model],
    *,
    energy_scale: str = "",
    couplings: tuple[float, float] = COUPLINGS,
    quantities: Mapping[str, Quantity] = MappingProxyType({}),
    bath_rates: BathRates | None = None,
) -> None:
    """Make a machine known by its function's name to run files, maps, searches and the command line.

    build: function of annotated parameters that returns a Model.
    energy_scale: parameter in whose units default bounds of a search are given; "" where energies are of order 1.
    couplings: default bounds of a search over couplings and rates, in units of the energy scale.
    quantities: further quantities of the steady state by name, each a function of a SteadyState.
    bath_rates: for `threshold_temperature`; None where the machine has no such quantity.
    """
    _machines[build.__name__] = Machine(build, energy_scale, couplings, quantities, bath_rates)


def machine(name: str) -> Machine:
    """Return the machine of this name. Raises InputError for an unknown one, with the nearest and all known names."""
    if name not in _machines:
        raise InputError(f"unknown system {name!r}; {nearest(str(name), _machines)}known are {listing(_machines)}")
    return _machines[name]


def build(name: str, parameters: Mapping[str, Any]) -> Model:
    """Return the Model of the machine `name` with these parameters.

    Raises InputError for an unknown machine or parameter (naming the nearest one and listing all), for a missing one,
    for a wrong type, and for whatever the machine itself refuses.
    """
    known = machine(name)
    return known.build(**known.checked(parameters))


def describe(name: str) -> dict[str, Any]:
    """Return "name", "summary" and "parameters" (see `Machine.parameters`) of the machine `name`."""
    known = machine(name)
    summary = (inspect.getdoc(known.build) or "").partition("\n")[0]
    return {"name": name, "summary": summary, "parameters": known.parameters()}


def _documented(text: str) -> dict[str, str]:
    """Return the descriptions in the numpy-style section "Parameters" of a docstring by name."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    docs: dict[str, str] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else []:
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        elif line.strip():
            docs |= {name: f"{docs.get(name, '')} {line.strip()}".strip() for name in names}
    return docs


def _typed(value: Any, hint: Any, where: str) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    wanted = next(option for option in options if option is not type(None))
    if wanted is float:
        return validation.real(value, where, finite=False)
    if wanted is int:
        return validation.whole(value, where, -(2**63))
    if typing.get_origin(wanted) is tuple:
        parts = typing.get_args(wanted)
        if not isinstance(value, (list, tuple)) or len(value) != len(parts):
            raise InputError(f"{where} = {value!r}: must be a list of {len(parts)} numbers")
        return tuple(
            _typed(item, part, f"{where}[{i}]") for i, (item, part) in enumerate(zip(value, parts, strict=True))
        )
    if not isinstance(value, wanted):
        raise InputError(f"{where} = {value!r}: must be of type {wanted.__name__}")
    return value
