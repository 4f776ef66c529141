"""The sampled side of a figure: formulas of a report's rows at the points of a sweep, with their standard errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trajectories.report.judge import FEWEST_GROUPS, judge
from trajectories.report.report import function_rows
from trajectories.report.result import ResultData
from trajectories.report.rows import EnsembleFunction, Row, ensemble_functions, exact_row, span
from trajectories.results.points import Point
from trajectories.runfiles.formulas import Formula
from trajectories.sampling.quantity import Function
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

    result: ResultData
    rows: tuple[Mapping[str, Row], ...]

    @classmethod
    def of(cls, result: ResultData) -> SampledSide:
        report, last = result.report(), float(result.times[-1])
        # Functions of the state that reports do not show, such as the purity, are judged with the rows of reports.
        judged = sum(row.p_value is not None for row in report.rows)
        others = [_unreported(point, last) for point in result.points]
        judgements = iter(judge([row for rows in others for row in rows], judged))
        own = [[next(judgements) for _ in rows] for rows in others]
        return cls(result, tuple(_named((*report.point_rows(i), *rows), last) for i, rows in enumerate(own)))

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


def _unreported(point: Point, last: float) -> list[Row]:
    """Return the rows, at the last sample time, of the functions of the state that reports do not show."""
    functions = ensemble_functions(point.preparation, reported=False)
    return [row for function in functions for row in function_rows(point, function) if row.time == last]


def _named(rows: Sequence[Row], last: float) -> dict[str, Row]:
    """Return the rows of the last sample time by name."""
    return {name: row for row in rows if row.time == last for name in row.names}


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
        if row is not None:
            width = span(preparation, column, row.time)
            places |= {name: (q, width) for name in row.names}
    comoment = point.total.comoment[last]
    if all(name in places and places[name][0] < len(comoment) for name in names):
        at = [places[name][0] for name in names]
        parts = formula.contributions(estimates, {name: errors[name] for name in names})
        spread = np.sqrt(np.diagonal(comoment)[at])
        steps = np.array([float(parts[name]) for name in names]) / np.where(spread > 0, spread, 1.0)
        return float(np.sqrt(max(0.0, steps @ comoment[np.ix_(at, at)] @ steps)))
    functions = [f for reported in (True, False) for f in ensemble_functions(preparation, reported)]
    measures = {function.quantity.name: _of_blocks(function) for function in functions}
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


def _of_blocks(function: EnsembleFunction) -> Function:
    """Return a function of the ensemble state as one of flattened states (..., D)."""
    return lambda blocks: function.value(function.states(blocks))
