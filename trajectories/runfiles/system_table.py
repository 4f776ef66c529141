"""A [system] table with formulas: the parameters that its machine takes, and the numbers that follow from others."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, show
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.run import Run
from trajectories.runfiles.schema import canonical_value, is_number
from trajectories.runfiles.sections import MODEL_KEYS

Numbers = dict[str, Any]


class SystemTable:
    """A [system] table with its formulas in the order in which they can be worked out."""

    def __init__(self, system: Mapping[str, Any], derived: Mapping[str, str], directory: Path, source: str) -> None:
        self.directory, self.source, self.derived = directory, source, dict(derived)
        self.takes, defaults = _signature(system, directory)
        self.defaults: Numbers = {name: float(value) for name, value in defaults.items() if is_number(value)}
        where = f"{source}: [derived] " if source else "[derived] "
        formulas = {name: Formula.parse(text, f"{where}{name}") for name, text in derived.items()}
        self.formulas = _ordered(formulas)
        self.used = frozenset().union(*(formula.names for formula in formulas.values()))

    def at(self, table: Mapping[str, Any], n: int, check: bool = True) -> tuple[dict[str, Any], Numbers]:
        """Return the [system] table with its derived numbers, and the numbers that are no parameters, (n,) each.

        table: [system] with the swept numbers, arrays (n,) or floats. check: refuse a value that does not exist.
        """
        values = self.numbers(table)
        complete = dict(table)
        for name, formula in self.formulas:
            value = formula.evaluate(values)
            if check and np.isnan(value).any():
                raise InputError(
                    f"{formula.where} = {show(formula.text)}: has no value at point {int(np.argmax(np.isnan(value)))}: "
                    "must be a number at every point"
                )
            values[name] = value
            complete[name] = np.broadcast_to(value, (n,)) if value.ndim or n > 1 else float(value)
        extra = {name for name in complete if name not in MODEL_KEYS and not self.parameter(name)}
        extra &= self.used
        system = {name: value for name, value in complete.items() if name not in extra}
        return system, {name: np.broadcast_to(np.asarray(complete[name], float), (n,)) for name in sorted(extra)}

    def numbers(self, table: Mapping[str, Any]) -> Numbers:
        """Return what formulas may name: the machine's defaults and everything in the table that is a number."""
        return self.defaults | {key: v for key, v in table.items() if is_number(v) or isinstance(v, np.ndarray)}

    def parameter(self, name: str) -> bool:
        """Return whether a name is a parameter of the machine."""
        return self.takes is None or name in self.takes


def every_parameter(run: Run) -> dict[str, Any]:
    """Return the [system] table of a run without a sweep with the defaults of what it leaves out, as JSON can hold it.

    Of a model made in Python: its name and its parameters. What is None is left out.
    """
    if callable(run.given):
        from trajectories.model import user_model

        parameters = {**user_model.shown(user_model.defaults(run.given)), **run.system}
    elif run.given is not None:
        parameters = {"name": run.given.name, **run.given.parameters}
    else:
        parameters = {**_signature(run.system, run.directory)[1], **run.system}
    return {name: canonical_value(value) for name, value in parameters.items() if value is not None}


def _signature(system: Mapping[str, Any], directory: Path) -> tuple[frozenset[str] | None, dict[str, Any]]:
    """Return the parameters that the machine takes (None: any), and the defaults that a run file could have given."""
    if "file" in system:
        from trajectories.model import user_model

        known, defaults = user_model.parameters(directory / system["file"], system["function"])
        return known, user_model.shown(defaults)
    from trajectories.systems import machine

    parameters = machine(system["name"]).parameters()
    return frozenset(parameters), {name: parameter["default"] for name, parameter in parameters.items()}


def _ordered(formulas: Mapping[str, Formula]) -> list[tuple[str, Formula]]:
    """Return the formulas, each after those that it needs. Raises InputError for a circle, naming it."""
    needed = {name: sorted(formula.names & set(formulas)) for name, formula in formulas.items()}
    try:
        return [(name, formulas[name]) for name in TopologicalSorter(needed).static_order()]
    except CycleError as error:
        circle = error.args[1][::-1]  # found from what is needed to what needs it
        first = circle.index(min(circle, key=list(formulas).index))
        shown = [*circle[first:-1], *circle[:first], circle[first]]
        raise InputError(
            f"{formulas[shown[0]].where}: goes around in a circle: {' -> '.join(shown)}: one of them must be a number"
        ) from None
