"""A run file's figure of a paper, in numbers: the master equation on the fine grid, and what a result sampled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from trajectories.errors import InputError, show
from trajectories.figures.exact_side import Arrays, ExactSide, names_of, numbers
from trajectories.figures.figure_data import Axis, Contour, Curve, Guide, Map, Panel, Picture, Points
from trajectories.figures.labels import called, denser, logarithmic, named, zeros
from trajectories.figures.typography import described, parameter, value, words
from trajectories.runfiles.figure_spec import Drawn, GuideLine, Paper
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.run import Run

if TYPE_CHECKING:
    from trajectories.figures.sampled_side import Sampled, SampledSide

WIDEST = 400  # letters of the parameters that are listed below a figure


@dataclass(frozen=True)
class PaperFigure:
    """The figure that a run describes. sampled: None where only the master equation is drawn; trajectories, seed."""

    run: Run
    paper: Paper
    sampled: SampledSide | None = None
    trajectories: int = 0

    def picture(self) -> Picture:
        """Return everything that is drawn. Raises InputError for names that do not exist and grids without values."""
        _check(self)
        rows = self._map_rows() if self.paper.upward else self._curve_rows()
        return Picture(self.run.figure.title, self.paper.caption, self._notes(rows), rows, self.paper.legend)

    # The grid: one axis per parameter, panels slowest.

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The parameters of the grid: panels, curves or the vertical axis of maps, the axis."""
        paper = self.paper
        return tuple(name for name in (paper.panels, paper.curves, paper.upward, paper.x) if name)

    @cached_property
    def axes(self) -> dict[str, np.ndarray]:
        """The values of each parameter of the grid."""
        paper, sweep = self.paper, self.run.sweep
        where = self.where
        for name in (*sweep, *paper.fine):
            if name not in self.roles:
                raise InputError(f"{where}: {name} has several values: must be one of x, curves, panels, or y of maps")
        found = {}
        for name in self.roles:
            given = paper.fine.get(name, sweep.get(name))
            if given is None:
                raise InputError(f"{where}: {name} has no values: must be in [sweep] or in [figure.fine]")
            dense = name == paper.x and name not in paper.fine and not paper.upward
            found[name] = denser(np.array(given, float)) if dense else np.array(given, float)
            if name in (paper.x, paper.upward):
                found[name] = np.sort(found[name])
                if not np.isfinite(found[name]).all():
                    raise InputError(f"{where}: {name} is infinite: must be finite along an axis")
                if paper.upward and len(found[name]) < 2:
                    raise InputError(f"{where}: {name} has one value: must have two at least along an axis of maps")
        return found

    @property
    def where(self) -> str:
        return f"{self.run.source}: [figure]" if self.run.source else "[figure]"

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(self.axes[name]) for name in self.roles)

    @cached_property
    def exact(self) -> Arrays:
        """Every name that some formula needs, on the whole grid, each of the grid's shape."""
        meshes = np.meshgrid(*self.axes.values(), indexing="ij")
        grid = {name: mesh.ravel() for name, mesh in zip(self.roles, meshes, strict=True)}
        found = ExactSide(self.run, self.paper.lines).values(grid, self._names)
        return {name: column.reshape(self.shape) for name, column in found.items()}

    @cached_property
    def _names(self) -> set[str]:
        drawn = [entry for panel in self.paper.formulas for entry in panel]
        contours = [contour.of for contour in self.paper.contours]
        return names_of([*(e.of for e in drawn), *(e.where for e in drawn), *contours, self.paper.marks])

    def on_grid(self, formula: Formula, where: Formula | None = None) -> np.ndarray:
        """Return a formula on the grid, nan where `where` is not positive."""
        found = np.broadcast_to(formula.evaluate(self.exact), self.shape).astype(float)
        if where is not None:
            found = np.where(where.evaluate(self.exact) > 0, found, np.nan)
        return np.where(np.isfinite(found), found, np.nan)

    # The sampled points, in the order of the sweep.

    @cached_property
    def places(self) -> Arrays:
        """The parameters of the grid at every sampled point, each (n,)."""
        assert self.sampled is not None
        return {
            name: self.sampled.parameters(name) if name in self.run.sweep else self._fixed(name) for name in self.roles
        }

    def _fixed(self, name: str) -> np.ndarray:
        assert self.sampled is not None
        return np.full(len(self.sampled.rows), float(self.run.system.get(name, np.nan)))

    @cached_property
    def known(self) -> Arrays:
        """What is exact in itself at every sampled point: parameters, and quantities of the variants."""
        side = ExactSide(self.run, self.paper.lines)
        _, parameters = side.system(self.places)
        needed = [name for name in self._names if name.partition(".")[0] in self.paper.lines or name in parameters]
        return side.values(self.places, needed)

    def at_points(self, drawn: Drawn) -> Sampled | None:
        """Return a formula's sampled values at every point, None where it has none."""
        if self.sampled is None:
            return None
        return self.sampled.evaluate(drawn.of, self.known)

    def shown(self, drawn: Drawn) -> np.ndarray:
        """Return at which of the sampled points the formula exists, (n,)."""
        if drawn.where is None:
            return np.ones(len(next(iter(self.places.values()))), bool)
        side = ExactSide(self.run, self.paper.lines)
        positive = drawn.where.evaluate(side.values(self.places, drawn.where.names)) > 0
        return np.asarray(np.broadcast_to(positive, len(next(iter(self.places.values())))))

    # Curves.

    def _curve_rows(self) -> tuple[tuple[Panel, ...], ...]:
        columns = self.axes[self.paper.panels] if self.paper.panels else np.zeros(1)
        panels = [[self._panel(i, j) for j in range(len(columns))] for i in range(len(self.paper.formulas))]
        if self.paper.panels:
            return tuple(map(tuple, panels))
        flat = [panel for row in panels for panel in row]
        across = {1: 1, 2: 2, 4: 2}.get(len(flat), 3)
        return tuple(tuple(flat[i : i + across]) for i in range(0, len(flat), across))

    def _panel(self, i: int, column: int) -> Panel:
        paper = self.paper
        values = self.axes[paper.curves] if paper.curves else np.zeros(1)
        curves = [curve for k, drawn in enumerate(paper.formulas[i]) for curve in self._curves(drawn, k, column)]
        label = paper.labels[i] or called(paper.formulas[i][0])
        return Panel(
            x=Axis(*self.axis(paper.x, paper.xlabel, paper.scales[0]), paper.limits[0]),
            y=Axis(words(label), paper.scales[1 + i] or "linear", paper.limits[2 + i]),
            curves=tuple(curves),
            values=tuple(named(paper.curve_label, paper.curves, v) for v in values) if paper.curves else (),
            formulas=tuple(words(drawn.label) for drawn in paper.formulas[i]),
            guides=self._guides(),
            title=self._panel_title(column),
            taken=tuple(drawn.style for panel in paper.formulas for drawn in panel),
        )

    def _curves(self, drawn: Drawn, k: int, column: int) -> list[Curve]:
        """Return the lines of one formula in one column of panels, with their points."""
        paper = self.paper
        shape = (self.shape[0] if paper.panels else 1, len(self.axes[paper.curves]) if paper.curves else 1, -1)
        x = self.axes[paper.x]
        lines = self.on_grid(drawn.of, drawn.where).reshape(shape)[column]
        marks = self.on_grid(paper.marks).reshape(shape)[column] if paper.marks is not None else None
        found = self.at_points(drawn)
        # A variant that knows nothing of the curves' parameter is one line, not many on top of each other.
        same = len(lines) > 1 and all(np.allclose(line, lines[0], 1e-9, 0, equal_nan=True) for line in lines[1:])
        curves = []
        for j, line in enumerate(lines[:1] if same else lines):
            curves.append(
                Curve(
                    x=x,
                    y=line,
                    value=None if same or not paper.curves else j,
                    formula=k,
                    style=drawn.style,
                    points=None if found is None else self._points(drawn, found, j, column),
                    marks=zeros(x, marks[j]) if marks is not None and k == 0 else (),
                )
            )
        return curves

    def _points(self, drawn: Drawn, found: Sampled, j: int, column: int) -> Points | None:
        chosen = self._selected(drawn, j, column)
        if not chosen.any():
            return None
        x = self.places[self.paper.x]
        drawn_so = (found.wrong[chosen], np.isnan(found.z[chosen]))
        return Points(x[chosen], found.estimate[chosen], found.error[chosen], *drawn_so)

    def _selected(self, drawn: Drawn, j: int, column: int) -> np.ndarray:
        """Return which sampled points belong to value j of the curves in one column of panels."""
        chosen = self.shown(drawn)
        for name, i in ((self.paper.curves, j), (self.paper.panels, column)):
            if name:
                chosen = chosen & np.isclose(self.places[name], self.axes[name][i], 1e-9, 0)
        return chosen

    # Maps.

    def _map_rows(self) -> tuple[tuple[Map, ...], ...]:
        columns = range(len(self.axes[self.paper.panels])) if self.paper.panels else range(1)
        rows = [self._maps(i, column) for i in range(len(self.paper.formulas)) for column in columns]
        if all(len(row) == 1 for row in rows):
            flat = [row[0] for row in rows]
            across = 2 if len(flat) in (2, 4) else 3
            return tuple(tuple(flat[i : i + across]) for i in range(0, len(flat), across))
        return tuple(rows)

    def _maps(self, i: int, column: int) -> tuple[Map, ...]:
        """Return the exact map of one formula and, where it is sampled, the sampled one and their difference."""
        paper, drawn = self.paper, self.paper.formulas[i][0]
        exact = self._layer(self.on_grid(drawn.of, drawn.where), column)
        name = words(paper.labels[i] or called(drawn))
        found = self.at_points(drawn)
        chosen = self._selected(drawn, 0, column) if found is not None else np.zeros(0, bool)
        x, y = self.axes[paper.x], self.axes[paper.upward]
        low, high = paper.limits[1] or (np.nanmin(exact), np.nanmax(exact))
        common: dict[str, Any] = {
            # The ends of the fine grid, so that maps beside each other have the same axes.
            "x": Axis(*self.axis(paper.x, paper.xlabel, paper.scales[0]), paper.limits[0] or (x[0], x[-1])),
            "y": Axis(*self.axis(paper.upward, paper.upward_label, paper.scales[1]), paper.limits[2] or (y[0], y[-1])),
            "low": float(low),
            "high": float(high),
            "guides": self._guides(),
        }
        title, contours = self._panel_title(column), self._contours(column)
        shown: dict[str, Any] = {"values": exact, "contours": contours, "title": title}
        maps = [Map(z=Axis(name), across=x, upward=y, kind="exact", **shown, **common)]
        if found is None or not chosen.any():
            return tuple(maps)
        across, upward = (np.unique(self.places[name][chosen]) for name in (paper.x, paper.upward))
        for kind, column_of in (("sampled", found.estimate), ("z", found.z)):
            values = np.full((len(upward), len(across)), np.nan)
            at = (np.searchsorted(upward, self.places[paper.upward]), np.searchsorted(across, self.places[paper.x]))
            values[at[0][chosen], at[1][chosen]] = column_of[chosen]
            label = "difference / standard error" if kind == "z" else f"{name}, sampled"
            maps.append(Map(z=Axis(label), across=across, upward=upward, values=values, kind=kind, **common))
        return tuple(maps)

    def _layer(self, values: np.ndarray, column: int) -> np.ndarray:
        """Return values on the grid as (ny, nx) of one column."""
        return values[column] if self.paper.panels else values

    def _contours(self, column: int) -> tuple[Contour, ...]:
        return tuple(
            Contour(self._layer(self.on_grid(line.of), column), line.level, line.style, words(line.label))
            for line in self.paper.contours
        )

    # Words.

    def axis(self, name: str, label: str, scale: str) -> tuple[str, str]:
        own = "log" if logarithmic(self.axes[name]) else "linear"
        return words(label) if label else parameter(name), scale or own

    def _panel_title(self, column: int) -> str:
        panels = self.paper.panels
        return named(self.paper.panel_label, panels, self.axes[panels][column]) if panels else ""

    def _guides(self) -> tuple[Guide, ...]:
        return tuple(self._guide(line) for line in self.paper.guides)

    def _guide(self, line: GuideLine) -> Guide:
        label = words(line.label)
        if isinstance(line.y, Formula):
            x = self.axes[self.paper.x]
            y = line.y.evaluate(numbers(self.run.system) | {self.paper.x: x})
            return Guide(x, np.broadcast_to(y, x.shape), line.style, label)
        upright, level = (None if at is None else np.asarray(at, float) for at in (line.x, line.y))
        return Guide(upright, level, line.style, label)

    def _notes(self, rows: tuple[tuple[Panel | Map, ...], ...]) -> str:
        """Return what is fixed, and what lines and points are."""
        hidden = {"name", "file", "function", *self.roles}
        fixed = {name: v for name, v in self.run.system.items() if name not in hidden}
        facts = [r"$\hbar = k_\mathrm{B} = 1$"]
        if self.run.optimise is not None:
            over = ", ".join(parameter(name) for name, _, _ in self.run.optimise.over)
            what = self.run.optimise.maximise
            # What a formula stands for is said by the caption.
            facts.insert(0, f"{over} where {what} is largest" if what.isidentifier() else f"{over} at its best")
        if self.sampled is not None:
            start = self.run.initial if isinstance(self.run.initial, str) else "a given state"
            many = f"N = {self.trajectories:,} trajectories at each point, from the {start} state to "
            many += f"$t$ = {value(self.run.duration)}"
            panels = [panel for row in rows for panel in row if isinstance(panel, Panel)]
            points = [curve.points for panel in panels for curve in panel.curves if curve.points is not None]
            faint = any(found.unresolved is not None and found.unresolved.any() for found in points)
            lines = f"lines: master equation; points: sampled ± 1 standard error, {many}"
            lines += "; faint: unresolved, too few events" if faint else ""
            facts.append(f"sampled: {many}; grey: unresolved, too few events" if self.paper.upward else lines)
        return "; ".join(text for text in (described(fixed, [], WIDEST), *facts) if text)


def _check(figure: PaperFigure) -> None:
    """Raise InputError where a formula has no value on the whole grid, or none that its axis can show."""
    paper = figure.paper
    for i, panel in enumerate(paper.formulas):
        positive = not paper.upward and paper.scales[1 + i] == "log"
        for drawn in panel:
            values = figure.on_grid(drawn.of, drawn.where)
            if not (values[np.isfinite(values)] > (0.0 if positive else -np.inf)).any():
                wanted = "a positive value on a logarithmic axis" if positive else "a value"
                raise InputError(f"{drawn.of.where} = {show(drawn.of.text)}: must have {wanted} somewhere")
    for line in paper.contours:
        if np.isnan(figure.on_grid(line.of)).all():
            raise InputError(f"{line.of.where} = {show(line.of.text)}: must have a value somewhere")
    upright = paper.scales[1:]
    if paper.upward:
        upright = (figure.axis(paper.upward, "", paper.scales[1])[1],)
    scales = (figure.axis(paper.x, "", paper.scales[0])[1], *upright)
    limits = (paper.limits[0], *paper.limits[2:])
    for i, (scale, ends) in enumerate(zip(scales, limits, strict=False)):
        if scale == "log" and ends and min(ends) <= 0:
            key = "ylim" if i else "xlim"
            raise InputError(f"{figure.where} {key} = {list(ends)}: must be positive on a logarithmic axis")
