"""The picture of a sweep: quantities against the swept parameter, or maps over two of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from .job import jobs_of
from .panels import BLACK, MARKERS, PALETTE, POINT, RING
from .results import Result
from .rows import Row, exact_rows
from .runfile import Run
from .typography import described, parameter, quantity_name, short, unit_of, wrapped

DEFAULT = ("concurrence", "heat_current", "entropy_production_rate")
MOST_PANELS, MOST_MAPS = 6, 3
FINE = 61
PANEL = (3.0, 2.4)  # inches
LETTERS_PER_INCH = 15
HEADER = 0.75

Kind = tuple[str, str | None]


@dataclass(frozen=True)
class Sweep:
    """What a sweep's picture shows: for every point what is swept, and its rows at the last sample time.

    sampled: whether rows have estimates. title, facts: what stands above; fixed: the parameters that are not swept.
    fine: the master equation on a finer grid of one parameter, None where the model cannot be built anew.
    """

    swept: tuple[dict[str, float], ...]
    rows: tuple[tuple[Row, ...], ...]
    quantities: tuple[str, ...]
    fixed: dict[str, Any]
    title: str
    facts: tuple[str, ...]
    sampled: bool
    fine: Sweep | None = None

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.swept[0])

    def kinds(self, quantity: str) -> list[Kind]:
        """The labels or reservoirs of a quantity; observables go by their own names."""
        names = [row for row in self.rows[0] if quantity in (row.quantity, row.label)]
        return list(dict.fromkeys((row.quantity, row.label or row.reservoir) for row in names))

    def values(self, kind: Kind) -> dict[str, np.ndarray]:
        """Estimate, standard error, exact value and z of one kind at every point; nan for none or unresolved z."""
        found = [
            next((row for row in rows if (row.quantity, row.label or row.reservoir) == kind), None)
            for rows in self.rows
        ]
        names = ("estimate", "standard_error", "exact")
        columns = {name: [getattr(row, name, None) for row in found] for name in names}
        columns["z"] = [row.z if row is not None and row.status in ("agree", "disagree") else None for row in found]
        return {name: np.array([np.nan if v is None else v for v in column]) for name, column in columns.items()}

    def unit(self, kind: Kind) -> str:
        return next(row.unit for row in self.rows[0] if (row.quantity, row.label or row.reservoir) == kind)


def last_rows(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows of the last sample time."""
    last = max(row.time for row in rows)
    return tuple(row for row in rows if row.time == last)


def compose_sweep(sweep: Sweep) -> Figure:
    """Return the picture of a sweep over one parameter (curves) or two (maps)."""
    present = [quantity for quantity in sweep.quantities or DEFAULT if sweep.kinds(quantity)]
    if len(sweep.parameters) == 1:
        figure, axes = _canvas(sweep, [present[i : i + 3] for i in range(0, min(len(present), MOST_PANELS), 3)])
        for quantity, place in zip(present, axes, strict=False):
            _curves(place, sweep, quantity)
        return figure
    kinds = [sweep.kinds(quantity)[0] for quantity in present[:MOST_MAPS]]
    figure, axes = _canvas(sweep, [["sampled", "exact", "z"] if sweep.sampled else ["exact"] for _ in kinds])
    places = iter(axes)
    for kind in kinds:
        _maps(figure, places, sweep, kind)
    return figure


def _canvas(sweep: Sweep, grid: list[list[str]]) -> tuple[Figure, list[Axes]]:
    columns, rows = max(map(len, grid)), len(grid)
    width, height = max(PANEL[0] * columns, 4.4), PANEL[1] * rows + HEADER
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(rect=(0.0, 0.0, 1.0, 1.0 - HEADER / height))  # type: ignore[union-attr,call-arg]
    above = described(sweep.fixed, list(sweep.facts), int(width * LETTERS_PER_INCH))
    title = wrapped(sweep.title, int(width * 9))
    figure.text(0.012, 1 - 0.08 / height, title, fontsize=10, fontweight="bold", va="top")
    figure.text(0.012, 1 - 0.30 / height, above, fontsize=7.5, color="#404040", va="top")
    axes = [
        figure.add_subplot(rows, columns, i * columns + j + 1) for i, row in enumerate(grid) for j in range(len(row))
    ]
    for letter, place in zip("abcdefghi", axes, strict=False):
        place.set_title(letter, loc="left", fontsize=9, fontweight="bold")
    return figure, axes


def _curves(axes: Axes, sweep: Sweep, quantity: str) -> None:
    """Sampled points with error bars over the master equation's line."""
    (name,) = sweep.parameters
    x = np.array([point[name] for point in sweep.swept])
    line = sweep.fine or sweep
    along = np.array([point[name] for point in line.swept])
    order = np.argsort(along)
    handles = []
    for kind, colour, marker in zip(sweep.kinds(quantity), itertools.cycle(PALETTE), itertools.cycle(MARKERS)):
        found = sweep.values(kind)
        axes.plot(along[order], line.values(kind)["exact"][order], color=colour)
        if sweep.sampled:
            bars = {"fmt": marker, "color": colour, "ecolor": colour, "elinewidth": 0.8, "capsize": 1.5, **POINT}
            axes.errorbar(x, found["estimate"], found["standard_error"], **bars)
            wrong = [row.status == "disagree" for row in _of(sweep, kind)]
            axes.plot(x[wrong], found["estimate"][wrong], linestyle="none", **RING)
        label = short(kind[1]) if kind[1] and len(sweep.kinds(quantity)) > 1 else ""
        handles.append(Line2D([], [], color=colour, marker=marker if sweep.sampled else "", label=label, **POINT))
    if len(handles) > 1:
        axes.legend(handles=handles, loc="best")
    if _logarithmic(x):
        axes.set_xscale("log")
    axes.set_xlabel(parameter(name))
    axes.set_ylabel(quantity_name(quantity) + unit_of(sweep.unit(sweep.kinds(quantity)[0])))


def _of(sweep: Sweep, kind: Kind) -> list[Row]:
    return [next(row for row in rows if (row.quantity, row.label or row.reservoir) == kind) for rows in sweep.rows]


def _maps(figure: Figure, places: Any, sweep: Sweep, kind: Kind) -> None:
    """The sampled map beside the exact one, on one scale, and their difference in standard errors."""
    first, second = sweep.parameters
    x = np.unique([point[first] for point in sweep.swept])
    y = np.unique([point[second] for point in sweep.swept])
    where = [(np.searchsorted(y, point[second]), np.searchsorted(x, point[first])) for point in sweep.swept]
    found = sweep.values(kind)
    low, high = np.nanmin(found["exact"]), np.nanmax(found["exact"])
    name = quantity_name(kind[0]) + (f" {kind[1]}" if kind[1] else "") + unit_of(sweep.unit(kind))
    panels = [("estimate", f"sampled {name}"), ("exact", f"exact {name}"), ("z", "difference / standard error")]
    for key, label in panels if sweep.sampled else panels[1:2]:
        axes = next(places)
        values = np.full((len(y), len(x)), np.nan)
        for (i, j), value in zip(where, found[key], strict=True):
            values[i, j] = value
        scale = (
            {"cmap": "RdBu_r", "vmin": -4, "vmax": 4} if key == "z" else {"cmap": "viridis", "vmin": low, "vmax": high}
        )
        mesh = axes.pcolormesh(x, y, values, shading="nearest", rasterized=True, **scale)
        figure.colorbar(mesh, ax=axes, label=label)
        for axis, grid in ((axes.set_xscale, x), (axes.set_yscale, y)):
            axis("log" if _logarithmic(grid) else "linear")
        axes.set_xlabel(parameter(first))
        axes.set_ylabel(parameter(second))
        axes.set_facecolor("#DDDDDD" if key == "z" else BLACK)


def _logarithmic(grid: np.ndarray) -> bool:
    """Whether values are spaced evenly in their logarithm, over a decade or more."""
    grid = np.sort(grid)
    if len(grid) < 3 or grid[0] <= 0 or grid[-1] < 10 * grid[0]:
        return False
    steps = np.diff(np.log(grid))
    return bool(np.ptp(steps) < 1e-6 * steps.max())


def sweep_of(source: Result | Run, exact: bool) -> Sweep | None:
    """Return what the picture of a sweep shows; None for a result or a run without one."""
    run: Run | None
    if isinstance(source, Run):
        if not source.sweep:
            return None
        run, points = source, _solved(source)
        title, quantities, sampled = source.figure.title, source.figure.quantities, None
    else:
        if len(source.points) < 2 and not source.points[0].swept:
            return None
        report = source.report()
        points = [(point.swept, point.parameters, report.point_rows(i)) for i, point in enumerate(source.points)]
        mapping = source.meta.get("run", {})
        # A model from somebody's file cannot be built anew from the result alone.
        run = Run.from_mapping(mapping, name=source.name) if "name" in mapping.get("system", {}) else None
        figure = mapping.get("figure", {})
        title, quantities = figure.get("title", ""), tuple(figure.get("quantities", ()))
        sampled = None if exact else source.trajectories
    swept, parameters, _ = points[0]
    rows = tuple(last_rows(rows) for _, _, rows in points)
    fine = None
    if run is not None and run.given is None and len(swept) == 1:
        fine = _fine(run)
    return Sweep(
        swept=tuple(point for point, _, _ in points),
        rows=rows,
        quantities=quantities,
        fixed={name: value for name, value in parameters.items() if name not in swept},
        title=title or source.name,
        facts=_facts(source.seed, sampled, rows[0][0].time, len(swept) == 1),
        sampled=sampled is not None,
        fine=fine,
    )


Solved = list[tuple[dict[str, float], dict[str, Any], tuple[Row, ...]]]


def _solved(run: Run) -> Solved:
    """The master equation's rows at every point of a run's sweep."""
    return [(dict(job.swept), dict(job.model.parameters), tuple(exact_rows(job.prepare()))) for job in jobs_of(run)]


def _fine(run: Run) -> Sweep:
    """The master equation at the end of the run, on a finer grid of its one parameter."""
    ((name, values),) = run.sweep.items()
    spaced = np.geomspace if _logarithmic(np.array(values)) else np.linspace
    grid = np.union1d(values, spaced(min(values), max(values), FINE))
    points = _solved(replace(run, sweep={name: tuple(grid.tolist())}, times=run.times[-1:], burn_in=0.0))
    rows = tuple(last_rows(rows) for _, _, rows in points)
    return Sweep(tuple(point for point, _, _ in points), rows, (), {}, "", (), False)


def _facts(seed: int, trajectories: int | None, time: float, curves: bool) -> tuple[str, ...]:
    """What stands behind the parameters: time, seed, trajectories, what lines and points are, units."""
    sampled = () if trajectories is None else (f"seed {seed}", f"N = {trajectories:,} per point")
    legend = "lines: master equation" + ("" if trajectories is None else ", points: sampled ± 1 standard error")
    grey = [] if trajectories is None else ["grey: unresolved, too few events"]
    return (f"$t$ = {time:g}", *sampled, *([legend] if curves else grey), r"$\hbar = k_\mathrm{B} = 1$")
