"""The master equation's side of a figure: formulas over parameters and steady-state quantities, of any variant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.counting.steady_quantities import steady_values
from trajectories.runfiles.derived import resolve
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.run import Run
from trajectories.runfiles.schema import Table, is_number
from trajectories.runfiles.sections import MODEL_KEYS, optimise
from trajectories.systems import describe

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class ExactSide:
    """The machine of a run and the variants of it that its figure names.

    variants: for each name its changes of [system]; a text for a parameter is a formula of the others, `optimise` a
    table like [optimise], or false for none.
    """

    run: Run
    variants: Mapping[str, Mapping[str, Any]]

    def system(self, grid: Mapping[str, np.ndarray], variant: str = "") -> tuple[dict[str, Any], Arrays]:
        """Return the [system] table on a grid of some parameters, each (n,), and every number that formulas may name.

        Raises InputError for what does not exist.
        """
        changes = dict(self.variants[variant]) if variant else {}
        run = self._of_variant(changes, variant)
        fixed = {key: item for key, item in changes.items() if key in MODEL_KEYS or not isinstance(item, str)}
        swept = {name: column for name, column in grid.items() if name not in changes}
        if "file" in fixed or "name" in fixed:
            # A file's machine, or one that is built in, never both.
            run = replace(run, system={key: item for key, item in run.system.items() if key not in MODEL_KEYS})
        if fixed.get("name", self.run.system.get("name")) != self.run.system.get("name"):
            # Another machine takes over what it knows, and what its own formulas use.
            needed = names_of(Formula.parse(text, name) for name, text in run.derived.items())
            known = {"name", *describe(fixed["name"])["parameters"], *needed}
            run = replace(run, system={key: item for key, item in run.system.items() if key in known})
            swept = {name: column for name, column in swept.items() if name in known}
        found = resolve(run, swept, fixed)
        return found.system, _defaults(found.system) | numbers(found.system) | dict(found.auxiliary)

    def _of_variant(self, changes: dict[str, Any], variant: str) -> Run:
        """Return the run with a variant's own formulas and search; takes `optimise` out of its changes."""
        formulas = {key: text for key, text in changes.items() if isinstance(text, str) and key not in MODEL_KEYS}
        other = changes.get("name", self.run.system.get("name")) != self.run.system.get("name")
        kept = {} if other else {key: text for key, text in self.run.derived.items() if key not in changes}
        run = replace(self.run, derived=kept | formulas)
        if "optimise" in changes:
            given = changes.pop("optimise")
            table = Table(given or {}, f"figure.lines.{variant}.optimise", run.source, ("maximise", "over"))
            run = replace(run, optimise=optimise(table, tuple(run.derived)))
        return run

    def values(self, grid: Mapping[str, np.ndarray], names: Iterable[str]) -> Arrays:
        """Return parameters and quantities by name, each (n,); NAME.quantity is that of a variant."""
        wanted: dict[str, list[str]] = {}
        for name in sorted(set(names)):
            head, _, rest = name.partition(".")
            variant = head if head in self.variants and rest else ""
            wanted.setdefault(variant, []).append(rest if variant else name)
        (size,) = np.broadcast_shapes((1,), *(np.shape(column) for column in grid.values()))
        found: Arrays = {}
        for variant, needed in wanted.items():
            system, known = self.system(grid, variant)
            quantities = [name for name in needed if name not in known]
            values = {name: known[name] for name in needed if name in known}
            if quantities:
                values |= steady_values(system, quantities, self.run.directory)
            prefix = f"{variant}." if variant else ""
            found |= {prefix + name: np.broadcast_to(column, (size,)) for name, column in values.items()}
        return found


def numbers(table: Mapping[str, Any]) -> Arrays:
    """Return the parameters that are numbers, or arrays of them."""
    return {key: np.asarray(v, float) for key, v in table.items() if is_number(v) or isinstance(v, np.ndarray)}


def names_of(formulas: Iterable[Formula | None]) -> set[str]:
    """Return the names that formulas need, of those that are given."""
    return set().union(*(formula.names for formula in formulas if formula is not None))


def _defaults(system: Mapping[str, Any]) -> Arrays:
    """Return the numbers that a machine has where the run file gives none."""
    if "name" not in system:
        return {}
    return numbers({name: one["default"] for name, one in describe(system["name"])["parameters"].items()})
