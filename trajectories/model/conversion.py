"""A model from QuTiP objects, and models and numbers to and from plain data (TOML, JSON, other processes)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model.channel import Channel, Reservoir
from trajectories.model.detailed_balance import pair_channels
from trajectories.model.operators import Array, as_operator


def arguments_of_qutip(
    hamiltonian: Any,
    c_ops: Sequence[Any],
    reservoirs: Sequence[Reservoir | str] | None,
    quanta: Sequence[float | None] | None,
    names: Sequence[str] | None,
    partners: Sequence[str | None] | None,
    charges: Sequence[float | None] | None,
    options: dict[str, Any],
) -> tuple[Array, list[Channel], list[Reservoir], dict[str, Any]]:
    """Return Hamiltonian, channels, reservoirs and options of the Model that `Model.from_qutip` makes."""
    energy = _static(hamiltonian, "hamiltonian")
    operators = [_static(operator, f"c_ops[{k}]") for k, operator in enumerate(c_ops)]
    count = len(operators)
    jumps = _one_each(names, count, "names", [f"c{k + 1}" for k in range(count)])
    energies = _one_each(quanta, count, "quanta", [None] * count)
    undone_by = _one_each(partners, count, "partners", [None] * count)
    carried = _one_each(charges, count, "charges", [None] * count)
    if reservoirs is None:
        everything = Reservoir("c_ops")
        same = ["c_ops"] * count
        # Without quanta: beside others of one reservoir, those that are absent would count as 0.
        loose = [Channel(*parts) for parts in zip(jumps, operators, same, [None] * count, undone_by, strict=True)]
        groups = _pairs(loose, everything, bool(options.get("entropy", True)))
        baths = [Reservoir(name) for name in dict.fromkeys(groups)]
    else:
        given = _one_each(reservoirs, count, "reservoirs", [])
        groups, baths = _named_reservoirs(given)
    channels = [Channel(*parts) for parts in zip(jumps, operators, groups, energies, undone_by, carried, strict=True)]
    if hasattr(hamiltonian, "full"):
        options = {"dims": tuple(hamiltonian.dims[0])} | options
    return energy, channels, baths, options


def _static(value: Any, where: str) -> Array:
    """Return a matrix; raise InputError for time-dependent QuTiP forms."""
    if isinstance(value, (list, tuple)) and value and hasattr(value[0], "full"):
        raise InputError(f"{where}: [operator, coefficient] is time dependent; only constant operators are supported")
    if not getattr(value, "isoper", True) or hasattr(value, "isconstant"):
        raise InputError(f"{where}: a {type(value).__name__} is not supported; give a constant Qobj or an array")
    return as_operator(value, where)


def _one_each(value: Sequence[Any] | None, count: int, what: str, default: list[Any]) -> list[Any]:
    if value is None:
        return default
    if isinstance(value, str) or len(value) != count:
        raise InputError(f"{what}: must be a list of {count} entries, one for each collapse operator, not {value!r}")
    return list(value)


def _pairs(channels: Sequence[Channel], reservoir: Reservoir, entropy: bool) -> list[str]:
    """Return a reservoir name for each channel, the same for the two of a pair."""
    if not channels:
        return []
    partner = pair_channels(channels, [reservoir], entropy).partner
    first = [min(k, int(p)) if p >= 0 else k for k, p in enumerate(partner)]
    order = list(dict.fromkeys(first))
    return [f"bath{order.index(k) + 1}" for k in first]


def _named_reservoirs(given: Sequence[Any]) -> tuple[list[str], list[Reservoir]]:
    """Return reservoir names for each channel and the distinct reservoirs, in order of appearance."""
    baths: dict[str, Reservoir | None] = {}
    groups = []
    for k, entry in enumerate(given):
        if not isinstance(entry, (str, Reservoir)):
            raise InputError(f"reservoirs[{k}]: must be a Reservoir or a name, not {entry!r}")
        name = entry if isinstance(entry, str) else entry.name
        groups.append(name)
        known = baths.setdefault(name, None)
        if isinstance(entry, Reservoir):
            if known is not None and known.beta != entry.beta:
                raise InputError(f"reservoirs[{k}]: {name!r} has beta {entry.beta}, but before it had {known.beta}")
            baths[name] = entry
    return groups, [bath or Reservoir(name) for name, bath in baths.items()]


def arguments_of(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> dict[str, Any]:
    """Return the arguments of the model that `Model.pack` described. Raises InputError for a damaged description."""
    try:
        return {
            "hamiltonian": arrays["hamiltonian"],
            "channels": [
                Channel(c["name"], operator, c["reservoir"], c["quantum"], c["partner"], c["charge"])
                for c, operator in zip(meta["channels"], arrays["operators"], strict=True)
            ],
            "reservoirs": [Reservoir(bath["name"], decoded(bath["beta"])) for bath in meta["reservoirs"]],
            "name": meta["name"],
            "dims": meta["dims"],
            "states": meta["states"],
            "bases": {key: (arrays[f"basis_{key}"], labels) for key, labels in meta["bases"].items()},
            "time_reversal": arrays["time_reversal"],
            "truncated": meta["truncated"],
            "pair": None if meta["pair"] is None else (meta["pair"][0], meta["pair"][1]),
            "parameters": {key: decoded(value) for key, value in meta["parameters"].items()},
            "entropy": meta["entropy"],
            "remarks": meta["remarks"],
            "counts": {
                name: {c["name"]: weight for c, weight in zip(meta["channels"], weights, strict=True)}
                for name, weights in meta["counts"].items()
            },
        }
    except InputError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(error) from None


def damaged(error: Exception) -> InputError:
    """Return an InputError for a damaged stored model."""
    return InputError(f"stored model is damaged: {type(error).__name__}: {error}")


def encoded(value: Any) -> Any:
    """Return a value for JSON, which has no infinity: floats that are not finite become {"float": "inf"}."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return [encoded(item) for item in value] if isinstance(value, tuple) else value


def decoded(value: Any) -> Any:
    """Return the value from its form made by `encoded`."""
    if isinstance(value, Mapping):
        return float(value["float"])
    return tuple(decoded(item) for item in value) if isinstance(value, (list, tuple)) else value


def toml_value(value: Any) -> Any:
    """Return a Python value (tuple, NumPy array, QuTiP object) as TOML has it: lists and numbers."""
    if hasattr(value, "full"):
        value = value.full()
    if getattr(value, "ndim", 0) == 2 and value.shape[1] == 1:
        value = value[:, 0]
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [toml_value(entry) for entry in value] if isinstance(value, list | tuple) else value


def json_value(value: Any) -> Any:
    """Return `value` as JSON can hold it: infinite numbers as text, nan as null, arrays as lists."""
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if hasattr(value, "tolist"):
        return json_value(value.tolist())
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
