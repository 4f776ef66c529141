"""The sampled side of a figure: formulas of a report's rows at the points of a sweep, with their standard errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trajectories.report.judge import FEWEST_GROUPS, judge, judge_smooth
from trajectories.report.law import Law
from trajectories.report.result import Result
from trajectories.report.rows import Measure, Row, entanglement_measures, exact_row, pair_states, span
from trajectories.results.points import Point
from trajectories.runfiles.formulas import Formula
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.sampling_moments import measured_cumulants
from trajectories.sampling.statistics import jackknife


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
        report, last = result.report(), float(result.times[-1])
        # Reports say nothing of the purity: it is judged with their rows, as one of them.
        judged = sum(row.p_value is not None for row in report.rows)
        purities = judge([_purity(point, last) for point in result.points], judged)
        return cls(result, tuple(_named(report.point_rows(i), own, last) for i, own in enumerate(purities)))

    def parameters(self, name: str) -> np.ndarray:
        """Return the value of one parameter at every point, (n,)."""
        return np.array([float({**point.parameters, **point.swept}[name]) for point in self.result.points])

    def evaluate(self, formula: Formula, exact: Mapping[str, np.ndarray]) -> Sampled | None:
        """Return a formula's sampled values, None where a name in it is not sampled.

        exact: values (n,) of the names that are exact in themselves: parameters, quantities of other variants.
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
                error = np.array(
                    [
                        joint_error(formula, names, point, _at(i, exact), _at(i, estimates), _at(i, errors))
                        for i, point in enumerate(self.result.points)
                    ]
                )
                known = formula.evaluate(dict(exact) | {name: column["exact"] for name, column in columns.items()})
                z = np.where(error > 0, (estimate - known) / error, np.nan)
        statuses = [{rows[name].status for name in names} for rows in self.rows]
        z = np.where([not status <= {"agree", "disagree"} for status in statuses], np.nan, z)
        return Sampled(estimate, error, z, np.array(["disagree" in status for status in statuses]))


def _at(i: int, columns: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Return the numbers of one point."""
    return {name: float(column if np.ndim(column) == 0 else column[i]) for name, column in columns.items()}


def _number(value: Any) -> float:
    return np.nan if value is None else float(value)


def _names(row: Row) -> list[str]:
    """Return what formulas call a row; an observable has two names."""
    which = row.reservoir or (row.label if row.quantity not in ("concurrence", "negativity") else None)
    own = [row.label] if row.quantity == "observable" and row.label else []
    return [f"{row.quantity}.{which}" if which else row.quantity, *own]


def _named(rows: tuple[Row, ...], purity: Row, last: float) -> dict[str, Row]:
    """Return the rows of the last sample time by name, and the purity."""
    found: dict[str, Row] = {}
    for row in rows:
        if row.time == last:
            found |= dict.fromkeys(_names(row), row)
    return found | {"purity": purity}


def joint_error(
    formula: Formula,
    names: Sequence[str],
    point: Point,
    exact: Mapping[str, float],
    estimates: Mapping[str, float],
    errors: Mapping[str, float],
) -> float:
    """Standard error of a formula of several rows of one point, which the same trajectories gave.

    To first order, sum_ij c_i c_j r_ij with what each row's error contributes, c_i, and the correlations r_ij of the
    trajectories' values where all rows are means whose co-moments are kept; elsewhere the jackknife of the formula
    over groups of trajectories, nan where these are too few.
    """
    preparation, last = point.preparation, len(point.preparation.times) - 1
    places: dict[str, tuple[int, float]] = {}
    for q, column in enumerate(preparation.columns):
        row = exact_row(preparation, q, last)
        if row is not None and column is not None:
            width = span(preparation, column, row.time)
            places |= {name: (q, width) for name in _names(row)}
    comoment = point.total.comoment[last]
    if all(name in places and places[name][0] < len(comoment) for name in names):
        at = [places[name][0] for name in names]
        parts = formula.contributions(estimates, {name: errors[name] for name in names})
        spread = np.sqrt(np.diagonal(comoment)[at])
        steps = np.array([float(parts[name]) for name in names]) / np.where(spread > 0, spread, 1.0)
        return float(np.sqrt(max(0.0, steps @ comoment[np.ix_(at, at)] @ steps)))
    measures = {
        name: _of_pair(measure, preparation) for name, (measure, _) in entanglement_measures(preparation).items()
    }
    measures["purity"] = _purity_of(point)
    size = len(preparation.columns)

    def value(mean: np.ndarray) -> np.ndarray:
        found = {name: places[name] for name in names if name in places}
        linear = {name: mean[q].real / width for name, (q, width) in found.items()}
        rest = {name: measures[name](mean[size:]) for name in names if name not in places}
        return formula.evaluate(dict(exact) | linear | rest)

    if any(name not in places and name not in measures for name in names) or len(point.groups) < FEWEST_GROUPS:
        return float("nan")
    counts = np.array([int(group.count) for group in point.groups])
    sums = np.array(
        [np.concatenate([group.mean[last] * int(group.count), group.density[last]]) for group in point.groups]
    )
    return float(jackknife(value, sums, counts).standard_error)


def _of_pair(measure: Measure, preparation: Preparation) -> Measure:
    """Return a measure of the pair's states as one of flattened states (..., D)."""
    return lambda density: measure(pair_states(preparation, density))


def _purity_of(point: Point) -> Callable[[np.ndarray], np.ndarray]:
    """Return Tr rho^2 as a function of flattened states (..., D)."""

    def purity(density: np.ndarray) -> np.ndarray:
        rho = point.preparation.sectors.unflatten(density)
        return np.asarray((np.abs(rho) ** 2).sum(axis=(-2, -1)))

    return purity


def _purity(point: Point, time: float) -> Row:
    """Tr rho^2 of the sampled state at the last time, by the jackknife over groups of trajectories."""

    preparation, purity = point.preparation, _purity_of(point)
    sums = np.array([group.density[-1] for group in point.groups])
    counts = np.array([int(group.count) for group in point.groups])
    found = jackknife(purity, sums, counts)
    rho = preparation.exact.density[-1]
    exact, estimate = float(purity(rho)), float(found.estimate)
    row = Row("purity", None, None, None, time, "1", exact, estimate, float(found.standard_error))
    # The gradient of Tr rho^2 is 2 rho.
    spread = measured_cumulants(2 * rho[None], rho[None], preparation.sectors)
    law = Law(float(spread.variance[0]), float(spread.third[0]), float(spread.fourth[0]), exact=False)
    return judge_smooth(row, estimate - exact, found, point.trajectories, law)
