"""The picture of a sweep that asks for no figure of its own: the rows of its report against what is swept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trajectories.figures.figure_data import Axis, Curve, Map, Panel, Picture, Points
from trajectories.figures.labels import logarithmic
from trajectories.figures.typography import described, parameter, quantity_name, short, unit_of, words
from trajectories.report.result import ResultData
from trajectories.report.rows import Row, exact_rows
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run

DEFAULT = ("concurrence", "heat_current", "entropy_production_rate")
MOST_PANELS, MOST_MAPS = 6, 3
FINE = 61
WIDEST = 400  # letters of the parameters that are listed below a picture

Kind = tuple[str, str | None]
Swept = tuple[dict[str, float], ...]


@dataclass(frozen=True)
class Sweep:
    """For every point what is swept, and its rows at the last sample time. sampled: whether these have estimates."""

    swept: Swept
    rows: tuple[tuple[Row, ...], ...]
    sampled: bool

    def grid(self, name: str) -> np.ndarray:
        return np.array([point[name] for point in self.swept])

    def kinds(self, quantity: str) -> list[Kind]:
        """The labels or reservoirs of a quantity; observables go by their own names."""
        names = [row for row in self.rows[0] if quantity in (row.quantity, row.label)]
        return list(dict.fromkeys((row.quantity, row.label or row.reservoir) for row in names))

    def of(self, kind: Kind) -> list[Row | None]:
        return [next((row for row in rows if _kind(row) == kind), None) for rows in self.rows]

    def values(self, kind: Kind, name: str) -> np.ndarray:
        """One number of every point's row, nan where there is none; z only where it is judged."""
        found = [getattr(row, name, None) for row in self.of(kind)]
        if name == "z":
            judged = [row is not None and row.status in ("agree", "disagree") for row in self.of(kind)]
            found = [value if yes else None for value, yes in zip(found, judged, strict=True)]
        return np.array([np.nan if value is None else value for value in found], float)

    def unit(self, kind: Kind) -> str:
        return next(row.unit for row in self.rows[0] if _kind(row) == kind)


def rows_picture(source: ResultData | Run, exact: bool) -> Picture | None:
    """Return what the picture of a sweep shows; None for a result or a run without one."""
    if isinstance(source, Run):
        if not source.sweep:
            return None
        run: Run | None = source
        points = _solved(source)
        title, quantities, sampled = source.figure.title, source.figure.quantities, False
        parameters = dict(source.system)
    else:
        if len(source.points) < 2 and not source.points[0].swept:
            return None
        report = source.report()
        points = [(point.swept, report.point_rows(i)) for i, point in enumerate(source.points)]
        mapping = source.meta.get("run", {})
        # A model from somebody's file cannot be built anew from the result alone.
        run = Run.from_mapping(mapping, name=source.name) if "name" in mapping.get("system", {}) else None
        figure = mapping.get("figure", {})
        title, quantities, sampled = figure.get("title", ""), tuple(figure.get("quantities", ())), not exact
        parameters = dict(source.points[0].parameters)
    sweep = _sweep(points, sampled)
    fine = sweep
    if run is not None and run.given is None and len(sweep.swept[0]) == 1:
        fine = _fine(run)
    hidden = {"name", "file", "function", *sweep.swept[0]}
    fixed = {name: value for name, value in parameters.items() if name not in hidden}
    present = [quantity for quantity in quantities or DEFAULT if sweep.kinds(quantity)]
    notes = described(fixed, _facts(source, sweep), WIDEST)
    if len(sweep.swept[0]) == 1:
        panels = [_panel(sweep, fine, quantity) for quantity in present[:MOST_PANELS]]
        rows: list[Sequence[Panel | Map]] = [panels[i : i + 3] for i in range(0, len(panels), 3)]
    else:
        rows = [_maps(sweep, sweep.kinds(quantity)[0]) for quantity in present[:MOST_MAPS]]
    return Picture(title or source.name, "", notes, tuple(map(tuple, rows)))


def _kind(row: Row) -> Kind:
    return row.quantity, row.label or row.reservoir


def _sweep(points: Sequence[tuple[dict[str, float], Sequence[Row]]], sampled: bool) -> Sweep:
    last = [max(row.time for row in rows) for _, rows in points]
    kept = tuple(tuple(row for row in rows if row.time == t) for (_, rows), t in zip(points, last, strict=True))
    return Sweep(tuple(swept for swept, _ in points), kept, sampled)


def _solved(run: Run) -> list[tuple[dict[str, float], Sequence[Row]]]:
    """The master equation's rows at every point of a run's sweep."""
    return [(dict(job.swept), exact_rows(job.prepare())) for job in jobs_of(run)]


def _fine(run: Run) -> Sweep:
    """The master equation at the end of the run, on a finer grid of its one parameter."""
    ((name, values),) = run.sweep.items()
    spaced = np.geomspace if logarithmic(np.array(values)) else np.linspace
    grid = np.union1d(values, spaced(min(values), max(values), FINE))
    return _sweep(_solved(replace(run, sweep={name: tuple(grid.tolist())}, times=run.times[-1:], burn_in=0.0)), False)


def _panel(sweep: Sweep, fine: Sweep, quantity: str) -> Panel:
    (name,) = sweep.swept[0]
    x, kinds = sweep.grid(name), sweep.kinds(quantity)
    along = fine.grid(name)
    order = np.argsort(along)
    curves = []
    for k, kind in enumerate(kinds):
        points = None
        if sweep.sampled:
            wrong = np.array([row is not None and row.status == "disagree" for row in sweep.of(kind)])
            points = Points(x, sweep.values(kind, "estimate"), sweep.values(kind, "standard_error"), wrong)
        curves.append(Curve(along[order], fine.values(kind, "exact")[order], formula=k, points=points))
    label = quantity_name(quantity) + unit_of(sweep.unit(kinds[0]))
    names = tuple(short(kind[1]) if kind[1] and len(kinds) > 1 else "" for kind in kinds)
    return Panel(Axis(parameter(name), _scale(x)), Axis(label), tuple(curves), formulas=names)


def _maps(sweep: Sweep, kind: Kind) -> list[Map]:
    """The exact map and, where there is one, the sampled map on the same scale, and their difference."""
    first, second = sweep.swept[0]
    x, y = np.unique(sweep.grid(first)), np.unique(sweep.grid(second))
    at = np.searchsorted(y, sweep.grid(second)), np.searchsorted(x, sweep.grid(first))
    exact = sweep.values(kind, "exact")
    name, unit = quantity_name(kind[0]) + (f" {words(kind[1])}" if kind[1] else ""), unit_of(sweep.unit(kind))
    labels = {"exact": name + unit, "estimate": f"{name}, sampled{unit}", "z": "difference / standard error"}
    found = []
    for column, label in labels.items() if sweep.sampled else [("exact", name + unit)]:
        values = np.full((len(y), len(x)), np.nan)
        values[at] = sweep.values(kind, column)
        shown: dict[str, Any] = {"values": values, "low": float(np.nanmin(exact)), "high": float(np.nanmax(exact))}
        axes = Axis(parameter(first), _scale(x)), Axis(parameter(second), _scale(y)), Axis(label)
        found.append(Map(*axes, x, y, kind="sampled" if column == "estimate" else column, **shown))
    return found


def _scale(grid: np.ndarray) -> str:
    return "log" if logarithmic(grid) else "linear"


def _facts(source: ResultData | Run, sweep: Sweep) -> list[str]:
    """What stands behind the parameters: time, what lines and points are, how many, units."""
    facts = [f"$t$ = {sweep.rows[0][0].time:g}"]
    if sweep.sampled and isinstance(source, ResultData):
        drawn = "lines: master equation; points: sampled ± 1 standard error" if len(sweep.swept[0]) == 1 else ""
        grey = "" if drawn else "grey: unresolved, too few events"
        facts += [f"N = {source.trajectories:,} at each point", f"seed {source.seed}", drawn or grey]
    return [*facts, r"$\hbar = k_\mathrm{B} = 1$"]
