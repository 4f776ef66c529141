"""Parameters of a machine, read from its builder's signature and docstring, and checked before it is called."""

from __future__ import annotations

import difflib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from trajectories.errors import InputError
from trajectories.model import validation

REQUIRED = inspect.Parameter.empty


def summary(builder: Callable[..., Any]) -> str:
    """First line of the builder's docstring."""
    return (inspect.getdoc(builder) or "").partition("\n")[0]


def parameters(builder: Callable[..., Any]) -> dict[str, dict[str, Any]]:
    """For each parameter: `required`, `default` (None where required), `type` as text, `doc` from the docstring."""
    docs = _documented(inspect.getdoc(builder) or "")
    return {
        name: {
            "required": parameter.default is REQUIRED,
            "default": None if parameter.default is REQUIRED else parameter.default,
            "type": str(parameter.annotation),
            "doc": docs.get(name, ""),
        }
        for name, parameter in inspect.signature(builder).parameters.items()
    }


def _documented(text: str) -> dict[str, str]:
    """Descriptions from the numpy-style section "Parameters" of a docstring."""
    section = re.search(r"^Parameters\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, flags=re.DOTALL | re.MULTILINE)
    docs: dict[str, str] = {}
    names: list[str] = []
    for line in section.group(1).splitlines() if section else []:
        if line and not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        elif line.strip():
            docs |= {name: f"{docs.get(name, '')} {line.strip()}".strip() for name in names}
    return docs


def checked(builder: Callable[..., Any], system: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with their types checked against the builder's signature.

    Raises InputError for an unknown parameter (with the nearest known one), a missing one, or a wrong type.
    """
    known = inspect.signature(builder).parameters
    for key in values:
        if key not in known:
            raise InputError(f"system {system!r}: unknown parameter {key!r}{nearest(key, known)}")
    missing = [name for name, parameter in known.items() if parameter.default is REQUIRED and name not in values]
    if missing:
        raise InputError(f"system {system!r}: parameter {missing[0]!r} is missing; required: {', '.join(missing)}")
    hints = typing.get_type_hints(builder)
    return {key: _typed(value, hints[key], f"system {system!r}: {key}") for key, value in values.items()}


def nearest(key: Any, known: typing.Iterable[str]) -> str:
    """Hint for an unknown name: the nearest known one, and all of them."""
    names = list(known)
    near = [name for name in names if name.lower() == str(key).lower()]
    near = near or difflib.get_close_matches(str(key), names, n=1, cutoff=0.5)
    return (f" (did you mean {near[0]!r}?)" if near else "") + f"; known: {', '.join(names)}"


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
