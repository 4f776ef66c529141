"""Sweep -> picture: curves over one parameter, or maps over two; sampled values beside the master equation's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.errors import InputError
from trajectories.figures.curves import Kind, Placed, curves_of, kind_of
from trajectories.figures.exact_curves import logarithmic
from trajectories.figures.figure_data import Axis, Map, Panel, Part, Picture, in_rows
from trajectories.figures.labelling import relabelled, sampled_label
from trajectories.figures.run_figure import ylabel_of
from trajectories.figures.typography import parameter, quantity_name, unit_of, value, words
from trajectories.report.rows import Row, exact_rows
from trajectories.runfiles.figure_section import Figure
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run
from trajectories.runfiles.sections import MODEL_KEYS
from trajectories.sampling.quantity_names import reported_names

if TYPE_CHECKING:
    from trajectories.report.result import ResultData

DEFAULT = ("concurrence", "heat_current", "entropy_production_rate")
MOST_PANELS, MOST_MAPS = 6, 3
FINE, COARSE = 61, 31  # points of a line beside the sampled ones, and of a machine that takes long to solve
SMALL = 16  # dimension

Solved = Sequence[tuple[Mapping[str, float], Sequence[Row]]]


@dataclass(frozen=True)
class Sweep:
    """The points of a sweep, each with its values of the swept parameters and its rows at the last sample time.

    settings, name: of the run. run: None where it cannot be built anew. parameters: those that are the same at all
    points. facts: written after them. sampled: legend entry of sampled points, "" where only lines are drawn.
    """

    settings: Figure
    name: str
    run: Run | None
    points: Solved
    parameters: Mapping[str, Any]
    facts: tuple[str, ...]
    sampled: str

    @property
    def swept(self) -> tuple[str, ...]:
        return tuple(self.points[0][0])

    @property
    def quantities(self) -> list[str]:
        """Return the quantities asked for, or the default ones, that rows have."""
        names = {name for row in self.points[0][1] for name in (row.quantity, row.label)}
        return [quantity for quantity in self.settings.quantities or DEFAULT if quantity in names]

    def values(self, name: str) -> np.ndarray:
        """Return the value of a swept parameter at every point (n,)."""
        return np.array([swept[name] for swept, _ in self.points])


def sweep_of(source: ResultData | Run, exact: bool, run: Run | None = None) -> Sweep | None:
    """Return the sweep of a result or a run, None where it has none.

    exact: without the sampled values. run: the run of a result, which may not be made anew from the result alone.
    """
    if isinstance(source, Run):
        if not source.sweep:
            return None
        parameters, facts = _fixed(source.system, source.mapping()), _facts(source.duration, source.mapping())
        return Sweep(source.figure, source.name, source, _solved(source), parameters, facts, "")
    if len(source.points) < 2 and not source.points[0].swept:
        return None
    mapping = source.meta.get("run", {})
    settings = run.figure if run else Figure.of(mapping.get("figure", {}))
    report = source.report()
    points = [(point.swept, report.point_rows(i)) for i, point in enumerate(source.points)]
    if run is None and "name" in mapping.get("system", {}):
        # A model from somebody's file cannot be built anew from the result alone.
        run = Run.from_mapping({**mapping, "figure": {}}, name=source.name)
    parameters = _fixed(source.points[0].parameters, mapping)
    facts = _facts(float(source.times[-1]), mapping, () if exact else (f"seed {source.seed}",))
    sampled = "" if exact else sampled_label(source.trajectories, " per point")
    return Sweep(settings, source.name, run, _at_the_end(points), parameters, facts, sampled)


def _fixed(parameters: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that are the same at all points of a run, given as tables."""
    varying = {
        *MODEL_KEYS,
        *table.get("sweep", {}),
        *table.get("derived", {}),
        *table.get("optimise", {}).get("over", {}),
    }
    return {name: item for name, item in parameters.items() if name not in varying}


def _facts(duration: float, table: Mapping[str, Any], more: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the words that follow the parameters: the search of [optimise], the time, `more`, the units."""
    search = table.get("optimise", {})
    names = ", ".join(map(parameter, search.get("over", {})))
    best = (f"{names} where {words(search['maximise'])} is largest",) if names else ()
    return (*best, f"$t$ = {duration:g}", *more, r"ħ = k$_\mathrm{B}$ = 1")


def sweep_picture(sweep: Sweep) -> Picture:
    """Return the picture: curves over one parameter, one for each value of a second one; maps where no x is given."""
    maps = len(sweep.swept) == 2 and not sweep.settings.x
    rows = _map_rows(sweep) if maps else in_rows(_panels(sweep))
    if not rows:
        raise InputError("[figure] quantities: none of them is measured here: must be others, or left out")
    facts, sampled = sweep.facts, None if maps else sweep.sampled
    if maps and sweep.sampled:
        facts = (sweep.sampled.replace("sampled, ± 1 standard error (", "").rstrip(")"), *facts)
        facts = (*facts, "grey: unresolved, too few events")
    settings = sweep.settings
    picture = Picture(
        settings.title or sweep.name, rows, sweep.parameters, facts, settings.caption, sampled, settings.formats
    )
    return relabelled(picture, settings)


def _at_the_end(points: Solved) -> Solved:
    """Return the rows of the last sample time alone."""
    last = [max(row.time for row in rows) for _, rows in points]
    return [(swept, [row for row in rows if row.time == t]) for (swept, rows), t in zip(points, last, strict=True)]


def _solved(run: Run) -> Solved:
    """Return the master equation's rows at the end of the run, at every point of its sweep."""
    counting_from = (run.burn_in,) if run.burn_in > 0 else ()
    run = replace(run, times=(*counting_from, run.duration))
    return _at_the_end([(dict(job.swept), exact_rows(job.prepare())) for job in jobs_of(run)])


# Curves.


def _panels(sweep: Sweep) -> list[Part]:
    x = sweep.settings.x or sweep.swept[0]
    other = next((name for name in sweep.swept if name != x), "")
    fine = _solved(_finer(sweep.run, x)) if sweep.run is not None and sweep.run.given is None else sweep.points
    points = _placed(sweep.points, x, other) if sweep.sampled else []
    lines = _placed(fine, x, other)
    panels: list[Part] = []
    scale = "log" if logarithmic(sweep.values(x)) else "linear"
    for quantity in sweep.quantities:
        name, only = ("observable", (quantity,)) if quantity not in reported_names() else (quantity, ())
        curves = curves_of(points, lines, [name], only)
        if not curves:
            continue  # no value exists, as of an infinite entropy production
        # The values of the other parameter stand in the first legend.
        legend = not other or not panels or len({curve.which for curve in curves}) > 1
        panels.append(Panel(Axis(parameter(x), scale), Axis(ylabel_of(curves)), tuple(curves), legend))
    return panels[:MOST_PANELS]


def _placed(points: Solved, x: str, other: str) -> list[Placed]:
    named = [(swept[x], f"{parameter(other)} = {value(swept[other])}" if other else "", rows) for swept, rows in points]
    return [(at, label, row) for at, label, rows in named for row in rows]


def _finer(run: Run, x: str) -> Run:
    """Return the run with its parameter x on a grid fine enough for lines, the values of the sweep among them."""
    values = np.array(run.sweep[x])
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return run
    count = FINE if jobs_of(run)[0].model.dimension <= SMALL else COARSE
    spaced = np.geomspace if logarithmic(finite) else np.linspace
    grid = np.union1d(values, spaced(finite.min(), finite.max(), count))
    return replace(run, sweep={**run.sweep, x: tuple(grid.tolist())})


# Maps.


def _map_rows(sweep: Sweep) -> tuple[tuple[Part, ...], ...]:
    every = [_kinds(sweep, quantity) for quantity in sweep.quantities]
    kinds = [kind for kinds in every for kind in kinds]
    if len(kinds) > MOST_MAPS:
        kinds = [kinds[0] for kinds in every if kinds]
    rows = [_maps(sweep, kind) for kind in kinds[:MOST_MAPS]]
    return tuple(rows) if sweep.sampled else in_rows([row[0] for row in rows])


def _kinds(sweep: Sweep, quantity: str) -> list[Kind]:
    """Return the labels or reservoirs of a quantity; observables go by their own names."""
    every = [row for _, rows in sweep.points for row in rows if row.exact is not None]
    rows = [row for row in every if quantity in (row.quantity, row.label)]
    return list(dict.fromkeys(map(kind_of, rows)))


def _maps(sweep: Sweep, kind: Kind) -> tuple[Map, ...]:
    """Return the exact map and, where there is one, the sampled map on the same scale, and their difference."""
    first, second = sweep.swept
    x, y = np.unique(sweep.values(first)), np.unique(sweep.values(second))
    at = np.searchsorted(y, sweep.values(second)), np.searchsorted(x, sweep.values(first))
    each = [next((row for row in rows if kind_of(row) == kind), None) for _, rows in sweep.points]
    unit = next(unit_of(row.unit) for row in each if row is not None)
    name = quantity_name(kind[0]) + (f" {words(kind[1])}" if kind[1] else "")
    axes = [Axis(parameter(p), "log" if logarithmic(v) else "linear") for p, v in ((first, x), (second, y))]
    exact = _numbers(each, "exact")
    ends = float(np.nanmin(exact)), float(np.nanmax(exact))
    labels = {"exact": ("exact", name + unit), "estimate": ("sampled", f"{name}, sampled{unit}")}
    labels["z"] = ("z", "difference / standard error")
    maps = []
    for column, (what, label) in labels.items() if sweep.sampled else list(labels.items())[:1]:
        values = np.full((len(y), len(x)), np.nan)
        values[at] = _numbers(each, column)
        maps.append(Map(axes[0], axes[1], Axis(label), x, y, values, what, min(ends), max(ends)))
    return tuple(maps)


def _numbers(rows: Sequence[Row | None], name: str) -> np.ndarray:
    """Return one number of every point's row, nan where there is none; z only where it is judged."""
    judged = [row is not None and (name != "z" or row.status in ("agree", "disagree")) for row in rows]
    numbers = [getattr(row, name) if yes else None for row, yes in zip(rows, judged, strict=True)]
    return np.array([np.nan if number is None else number for number in numbers], float)
