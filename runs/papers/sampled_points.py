"""What a result sampled at the points of a sweep, as arrays that the papers' figures draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.report.judge import judge
from trajectories.report.report import function_rows
from trajectories.report.rows import ensemble_functions
from trajectories.sampling.statistics import jackknife


@dataclass(frozen=True)
class Sampled:
    """A quantity at the last sample time, at n points of a sweep.

    sweep: (n,) of each swept parameter, that along the axis first. estimate, error (one standard error), exact: (n,).
    z: (n,) the report's deviation in standard errors, judged before a measure of entanglement is cut at zero, nan where
    unresolved. status: (n,) agree, disagree, unresolved and others. axes: the values along each axis of the sweep.
    """

    sweep: dict[str, np.ndarray]
    estimate: np.ndarray
    error: np.ndarray
    exact: np.ndarray
    z: np.ndarray
    status: np.ndarray
    axes: dict[str, np.ndarray]

    @property
    def size(self) -> int:
        return len(self.estimate)

    @property
    def x(self) -> np.ndarray:
        return next(iter(self.sweep.values()))

    def of(self, value: float) -> Sampled:
        """Return the points at one value of the sweep's other parameter."""
        *_, other = self.sweep.values()
        return self.where(np.isclose(other, value, rtol=1e-9, atol=0))

    def where(self, chosen: np.ndarray) -> Sampled:
        """Return the points of a mask (n,)."""
        columns = (self.estimate, self.error, self.exact, self.z, self.status)
        swept = {name: column[chosen] for name, column in self.sweep.items()}
        return Sampled(swept, *(column[chosen] for column in columns), self.axes)

    def linear(self, factor: Any, shift: Any = 0.0) -> Sampled:
        """Return factor*(quantity + shift), both exact: numbers or arrays (n,)."""
        estimate, exact = (factor * (values + shift) for values in (self.estimate, self.exact))
        error, z = np.abs(factor) * self.error, np.sign(factor) * self.z
        return replace(self, estimate=estimate, error=error, exact=exact, z=z)

    def map(self, values: np.ndarray) -> np.ndarray:
        """Return values (n,) of all points as an array (y, x)."""
        return values.reshape([len(axis) for axis in self.axes.values()]).T


def sampled(result: Any, name: str, along: str = "") -> Sampled | None:
    """Return a quantity of a result, None without one; along: the parameter of the axis, where it is not the first."""
    if result is None:
        return None
    found = result.arrays(name)
    columns = (found.estimate, found.standard_error, found.exact, found.status)
    estimate, error, exact, status = (column[..., -1].ravel() for column in columns)
    return Sampled(swept(result, along), estimate, error, exact, _deviations(result, name), status, result.sweep)


def _deviations(result: Any, name: str) -> np.ndarray:
    """Return z (n,) of a quantity's rows in the report, nan where unresolved."""
    quantity, _, which = name.partition(".")
    places = swept(result)
    z = np.full(len(next(iter(places.values()))), np.nan)
    for i, point in enumerate(result.points):
        at = _place(places, point.swept)
        for row in result.report().point_rows(i):
            last = row.quantity == quantity and row.time == result.times[-1]
            if last and (not which or which in (row.label, row.reservoir)) and row.status in ("agree", "disagree"):
                z[at] = row.z
    return z


def swept(result: Any, along: str = "") -> dict[str, np.ndarray]:
    """Return the swept parameters at all points, (n,) each, that along the axis first."""
    meshes = np.meshgrid(*result.sweep.values(), indexing="ij")
    every = {name: mesh.ravel() for name, mesh in zip(result.sweep, meshes, strict=True)}
    first = along or next(iter(every))
    return {first: every.pop(first), **every}


def of_report(result: Any, name: str, along: str = "") -> Sampled | None:
    """Return a function of the state at the end that reports leave out, judged as their rows are, all points together.

    name: such as "purity". along: the parameter of the axis, where it is not the first.
    """
    if result is None:
        return None
    rows = []
    for point in result.points:
        functions = ensemble_functions(point.preparation, reported=False)
        (function,) = (function for function in functions if function.quantity.name == name)
        rows.append(function_rows(point, function)[-1])
    judged = judge(rows)
    places = swept(result, along)
    order = [_place(places, point.swept) for point in result.points]
    columns = np.full((4, len(order)), np.nan)
    status = np.full(len(order), "unchecked")
    for at, row in zip(order, judged, strict=True):
        z = row.z if row.status in ("agree", "disagree") else None
        columns[:, at] = np.array([row.estimate, row.standard_error, row.exact, z], float)
        status[at] = row.status
    return Sampled(places, *columns, status, result.sweep)


def _place(places: dict[str, np.ndarray], at: dict[str, float]) -> int:
    """Return the index of the point with these values of the swept parameters."""
    return int(
        np.flatnonzero(
            np.all([np.isclose(places[name], value, rtol=1e-9, atol=0) for name, value in at.items()], axis=0)
        )[0]
    )


def of_states(
    result: Any, function: Callable[[np.ndarray, float], float], current: str, along: str = ""
) -> Sampled | None:
    """Return a function of the state at the end and of a reservoir's mean heat current, by the jackknife over groups.

    function: of the ensemble state (d, d) and of the current. current: the reservoir's name.
    """
    if result is None:
        return None
    places = swept(result, along)
    columns = np.full((3, len(next(iter(places.values())))), np.nan)
    for point in result.points:
        columns[:, _place(places, point.swept)] = _of_point(point, function, current)
    estimate, error, exact = columns
    status = np.full(len(estimate), "unchecked")
    return Sampled(places, estimate, error, exact, (estimate - exact) / error, status, result.sweep)


def _of_point(point: Any, function: Callable[[np.ndarray, float], float], current: str) -> tuple[float, float, float]:
    """Return estimate, standard error and exact value of `of_states` at one point."""
    plan = point.preparation
    owners = [(column.quantity, column.reservoir) if column else None for column in plan.columns]
    heat = owners.index(("heat_current", current))
    span = plan.times[-1] - plan.counting_from

    def joined(density: np.ndarray, mean: np.ndarray) -> np.ndarray:
        # Means over trajectories at the last sample time: the flattened state, and the current.
        return np.append(density[-1], mean[-1, heat] / span)

    def value(mean: np.ndarray) -> float:
        return function(plan.sectors.unflatten(mean[:-1]), float(mean[-1].real))

    counts = np.array([int(group.count) for group in point.groups])
    means = [joined(group.density / int(group.count), group.mean) for group in point.groups]
    with np.errstate(divide="ignore", invalid="ignore"):  # a ratio need not exist of too few trajectories
        found = jackknife(value, np.array(means) * counts[:, None], counts)
    exact = value(joined(plan.exact.density, plan.exact.mean))
    return float(found.estimate), float(found.standard_error), exact
