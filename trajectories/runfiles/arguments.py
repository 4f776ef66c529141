"""Arguments of `trajectories.run` and `trajectories.sweep` -> Run, as a run file would have made it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, kind
from trajectories.model import Model
from trajectories.model.conversion import toml_value
from trajectories.runfiles import toml
from trajectories.runfiles.run import Run
from trajectories.runfiles.schema import is_number

Tables = dict[str, Any]


def run_of(
    model: Model | Run | str | Path,
    ensemble: Mapping[str, Any],
    observables: Mapping[str, Any] | None,
    changes: Mapping[str, Any],
) -> Run:
    """Return the Run of a model, of a run file, or of another Run, with changes.

    ensemble: values of [ensemble], None to leave them as they are. changes: further ones, by "section.key".
    """
    changed = {"ensemble": _given(ensemble), "observables": _observables(observables)}
    if not isinstance(changes, Mapping):
        raise InputError(f"changes: is {kind(changes)}: must be a mapping such as {{'system.beta_A': -1}}")
    for key, value in changes.items():
        section, _, name = str(key).partition(".")
        if not name:
            raise InputError(f"changes: {key}: must be section.key, such as system.beta_A")
        changed.setdefault(section, {})[name] = toml_value(value)
    changed["ensemble"] = _with_end(changed["ensemble"])
    if isinstance(model, Model):
        return Run.from_mapping(changed, name=model.name, model=model)
    if isinstance(model, Run):
        if not any(changed.values()):
            return model
        tables = _tables_of(model)
        place: Tables = {"directory": model.directory, "name": model.name}
        place |= {"source": model.source, "text": model.text, "model": model.given}
    elif isinstance(model, str | Path):
        path = Path(model)
        tables, text = toml.read(path, ())
        place = {"directory": path.parent, "name": path.stem, "source": str(path), "text": text}
    else:
        raise InputError(
            f"model: is {kind(model)}: must be a Model, such as trajectories.systems.diamond(0, 1), or a run file"
        )
    # New sample times, or a new end, take the place of the old times.
    for key, replaced in (("duration", ["times"]), ("times", ["samples"]), ("samples", ["times"])):
        if key in changed["ensemble"]:
            ensemble_before = tables.get("ensemble", {})
            tables["ensemble"] = {name: value for name, value in ensemble_before.items() if name not in replaced}
    for section, values in changed.items():
        tables[section] = {**tables.get(section, {}), **values}
    return Run.from_mapping(tables, **place)


def _tables_of(run: Run) -> Tables:
    """Return a run as tables, with infinite numbers as numbers: the canonical form writes them as text."""
    tables = run.mapping()
    tables["sweep"] = {name: list(values) for name, values in run.sweep.items()}
    unwanted = ("name", "function") if run.given is not None else ()
    tables["system"] = {name: value for name, value in run.system.items() if name not in unwanted}
    return tables


def sweep_of(
    machine: str | Callable[..., Model],
    over: Mapping[str, Sequence[float] | np.ndarray],
    ensemble: Mapping[str, Any],
    observables: Mapping[str, Any] | None,
    parameters: Mapping[str, Any],
) -> Run:
    """Return the Run of a sweep of a system, or of a function that returns a Model, over one or two parameters.

    over: values of the swept parameters. ensemble: values of [ensemble]. parameters: the others of the machine.
    """
    if not isinstance(over, Mapping) or not over:
        raise InputError('over: must be a mapping of parameters to their values, such as {"g": [0.1, 0.2]}')
    fixed = {name: toml_value(value) for name, value in parameters.items()}
    for name, value in fixed.items():
        if not isinstance(value, bool | int | float | str | list):
            raise InputError(
                f"{name}: is {kind(value)}: must be a number, text, or a list; others belong in a function"
            )
    tables: Tables = {
        "ensemble": _with_end(_given(ensemble)),
        "sweep": {name: toml_value(values) for name, values in over.items()},
        "observables": _observables(observables),
    }
    if isinstance(machine, str):
        return Run.from_mapping(tables | {"system": {"name": machine, **fixed}}, name=machine)
    if callable(machine):
        name = getattr(machine, "__name__", "sweep")
        return Run.from_mapping(tables | {"system": fixed}, name=name, model=machine)
    raise InputError(f"machine: is {kind(machine)}: must be a system's name or a function that returns a Model")


def _given(ensemble: Mapping[str, Any]) -> Tables:
    """Return the values that are not None, numbers as Python's own."""
    return {key: _plain_number(value) for key, value in ensemble.items() if value is not None}


def _with_end(ensemble: Tables) -> Tables:
    """Return the [ensemble] table with the last of the times as duration where none is given."""
    times = toml_value(ensemble.get("times"))
    if "duration" not in ensemble and isinstance(times, list) and times and is_number(times[-1]):
        return ensemble | {"duration": times[-1]}
    return ensemble


def _observables(observables: Mapping[str, Any] | None) -> Tables:
    if observables is not None and not isinstance(observables, Mapping):
        raise InputError(f"observables: is {kind(observables)}: must be a mapping of names to operators (d, d)")
    named = dict(observables or {})
    if not all(isinstance(name, str) for name in named):
        raise InputError("observables: must be named by strings")
    return named


def _plain_number(value: object) -> object:
    """Return NumPy's numbers as Python's, and whole floats such as 1e6 as integers, which they are meant to be."""
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
