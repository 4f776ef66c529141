"""The sampled side of a figure: formulas of a report's rows at the points of a sweep, with their standard errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .formulas import Formula
from .results import Point, Result
from .rows import Row
from .statistics import jackknife


@dataclass(frozen=True)
class Sampled:
    """A formula's values at the points of a sweep, each (n,): estimate, standard error, z, and whether it disagrees.

    z is nan where a row is unresolved.
    """

    estimate: np.ndarray
    error: np.ndarray
    z: np.ndarray
    wrong: np.ndarray


@dataclass(frozen=True)
class SampledSide:
    """A result's points, and the rows of each by the names of formulas: concurrence, heat_current.c, population.G."""

    result: Result
    rows: tuple[Mapping[str, Row], ...]

    @classmethod
    def of(cls, result: Result) -> SampledSide:
        report = result.report()
        return cls(result, tuple(_named(point, report.point_rows(i)) for i, point in enumerate(result.points)))

    def parameters(self, name: str) -> np.ndarray:
        """Return the value of one parameter at every point, (n,)."""
        return np.array([float({**point.parameters, **point.swept}[name]) for point in self.result.points])

    def evaluate(self, formula: Formula, exact: Mapping[str, np.ndarray]) -> Sampled | None:
        """Return a formula's sampled values, None where a name in it is not sampled.

        exact: values (n,) of the names that are exact in themselves: parameters, quantities of other variants. The
        rows of a point are taken as independent of each other.
        """
        names = sorted(name for name in formula.names if name not in exact)
        if not names or any(name not in rows or rows[name].estimate is None for name in names for rows in self.rows):
            return None
        columns: dict[str, dict[str, np.ndarray]] = {
            name: {
                key: np.array([_number(getattr(rows[name], key)) for rows in self.rows])
                for key in ("estimate", "standard_error", "exact", "z")
            }
            for name in names
        }
        estimates = dict(exact) | {name: column["estimate"] for name, column in columns.items()}
        errors = {name: np.nan_to_num(column["standard_error"]) for name, column in columns.items()}
        # A ratio may have no value at some of the points.
        with np.errstate(divide="ignore", invalid="ignore"):
            estimate, error = formula.evaluate(estimates), formula.standard_error(estimates, errors)
            if len(names) == 1:
                # Judged before a measure of entanglement is cut at zero, where it is smooth.
                z = columns[names[0]]["z"] * np.sign(formula.contributions(estimates, errors)[names[0]])
            else:
                known = formula.evaluate(dict(exact) | {name: column["exact"] for name, column in columns.items()})
                z = np.where(error > 0, (estimate - known) / error, np.nan)
        statuses = [{rows[name].status for name in names} for rows in self.rows]
        z = np.where([not status <= {"agree", "disagree"} for status in statuses], np.nan, z)
        return Sampled(estimate, error, z, np.array(["disagree" in status for status in statuses]))


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _named(point: Point, rows: tuple[Row, ...]) -> dict[str, Row]:
    """Return the rows of the last sample time by name, and the purity, of which reports say nothing."""
    last = max(row.time for row in rows)
    found: dict[str, Row] = {}
    for row in rows:
        if row.time == last:
            which = row.reservoir or (row.label if row.quantity not in ("concurrence", "negativity") else None)
            found[f"{row.quantity}.{which}" if which else row.quantity] = row
            if row.quantity == "observable" and row.label:
                found[row.label] = row
    return found | {"purity": _purity(point, last)}


def _purity(point: Point, time: float) -> Row:
    """Tr rho^2 of the sampled state at the last time, by the jackknife over groups of trajectories."""

    def purity(density: np.ndarray) -> np.ndarray:
        rho = point.preparation.sectors.unflatten(density)
        return np.asarray((np.abs(rho) ** 2).sum(axis=(-2, -1)))

    sums = np.array([group.density[-1] for group in point.groups])
    counts = np.array([int(group.count) for group in point.groups])
    found = jackknife(purity, sums, counts)
    exact = float(purity(point.preparation.exact.density[-1]))
    error = float(found.standard_error)
    z = (float(found.estimate) - exact) / error if error > 0 else None
    status = "agree" if z is not None else "unresolved"
    return Row("purity", None, None, None, time, "1", exact, float(found.estimate), error, z, status=status)
