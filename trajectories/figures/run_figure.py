"""Content -> picture of one run: points from a report's rows, lines from the master equation; no physics here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from trajectories.figures.heading import Heading
from trajectories.figures.panels import BLACK, Curve, disagreement, draw_curves, name_panel, power_of_ten
from trajectories.figures.run_content import Content, chosen
from trajectories.figures.trajectory_panels import (
    MOST_JUMPS,
    RATE_BINS,
    draw_entropy,
    draw_histogram,
    draw_jumps,
    draw_state,
    draw_theorem,
    follow,
    inside,
    stretch,
)
from trajectories.figures.typography import quantity_name, short, unit_of, value
from trajectories.sampling.quantities import measures_entropy
from trajectories.sampling.replay import Replay

WIDTHS = {1: 4.8, 2: 6.0, 3: 7.4}  # inches, by columns
PANEL, STRIP = 2.35, 2.5  # inches


def compose(content: Content) -> Figure:
    """Return the picture: up to six panels in columns, and a trajectory in full width below them."""
    panels = chosen(content)
    count = len(panels) + (content.histogram is not None)
    columns = {0: 1, 1: 1, 2: 2, 4: 2}.get(count, 3)
    rows = -(-count // columns)
    width = WIDTHS[columns if content.story is None else max(columns, 2)]
    heights = [PANEL] * rows + [STRIP] * (content.story is not None)
    header = Header.of(content, panels, width)
    total = header.height + sum(heights)
    # The header's height is in inches, so that it looks the same above one panel and above six.
    room = (0.0, 0.0, 1.0, 1.0 - header.height / total)
    layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04, hspace=0.02, wspace=0.02, rect=room)
    figure = Figure(figsize=(width, total), layout=layout)
    header.draw(figure)
    if not heights:
        return figure
    grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    letters = iter("abcdefg")
    for i, place in enumerate(_places(grid, count, columns)):
        axes = figure.add_subplot(place)
        name_panel(axes, next(letters))
        if i < len(panels):
            _panel(axes, panels[i], content)
        else:
            _histogram_panel(axes, content)
    if content.story is not None:
        _strip(figure, grid[-1], content.story, content.window, next(letters))
    return figure


def _places(grid: GridSpec, count: int, columns: int) -> list[SubplotSpec]:
    """Return the places of `count` panels in rows of `columns`; the last row is filled by what is left."""
    full, left = divmod(count, columns)
    places: list[SubplotSpec] = []
    # A grid of its own for the last row: shared margins of columns that do not line up would leave panels no room.
    if full:
        block = grid[:full].subgridspec(full, columns)
        places += [block[row, column] for row in range(full) for column in range(columns)]
    if left:
        block = grid[full].subgridspec(1, left)
        places += [block[0, column] for column in range(left)]
    return places


def _panel(axes: Axes, curves: list[Curve], content: Content) -> None:
    if curves[0].quantity == "integral_fluctuation_theorem":
        draw_theorem(axes, curves[0], content.several_times)
    else:
        draw_curves(axes, curves, content.several_times)
    axes.set_ylabel(_ylabel(curves, power_of_ten(axes)))
    if content.several_times or curves[0].quantity == "integral_fluctuation_theorem":
        axes.set_xlabel("time $t$ (1/energy)")
    if content.log_time and content.several_times:
        axes.set_xscale("log")
    elif content.several_times:
        axes.margins(x=0.03)


def _ylabel(curves: list[Curve], power: int) -> str:
    """Return the name and unit of what all curves of a panel show."""
    first, names = curves[0], {curve.quantity for curve in curves}
    rows = first.line or first.points
    name = quantity_name(first.quantity)
    if first.quantity in ("concurrence", "negativity"):
        pair = (first.which or "").replace("-", "–")
        name = f"{name if len(names) == 1 else 'entanglement'}, pair {pair}"
    elif first.quantity == "observable":
        name = short(first.which or "") if len(curves) == 1 else "observables"
    if first.quantity not in ("heat_current", "coupling_work", "activity", "entropy_production_rate"):
        return name + unit_of(first.unit, power)
    counted = ""
    if len(names) > 1:
        name = "currents" if "energy_current" in names else "energy per time"
        counted = "heat and work " if "coupling_work" in names else "heat "
    return f"{name}{unit_of(first.unit, power)}\n{counted}averaged over ({rows[0].start or 0.0:g}, $t\\,$]"


def _histogram_panel(axes: Axes, content: Content) -> None:
    found = content.histogram
    assert found is not None
    means = [row for row in content.points if row.quantity == "entropy_production"]
    draw_histogram(axes, found.edges, found.counts, found.total, means[-1] if means else None, found.infinite)
    axes.set_xlabel(f"$\\Delta S$ at $t$ = {means[-1].time:g} (nat)" if means else r"$\Delta S$ at the end (nat)")
    axes.set_ylabel("probability density (1/nat)")


def _strip(figure: Figure, place: SubplotSpec, story: Replay, window: tuple[float, float] | None, letter: str) -> None:
    """Draw one trajectory, or a window of it: its jumps, its energy, its entropy, one above the other."""
    begin, end = stretch(story, window)
    seen = int(inside(story, begin, end).sum())
    followed = follow(story, begin, end) if seen <= MOST_JUMPS else None
    entropic = measures_entropy(story.preparation.model)
    parts = place.subgridspec(1 + (followed is not None) + entropic, 1, hspace=0.0)
    axes = [figure.add_subplot(parts[0])]
    axes += [figure.add_subplot(parts[i], sharex=axes[0]) for i in range(1, parts.nrows)]
    draw_jumps(axes[0], story, begin, end)
    if followed is not None:
        draw_state(axes[1], followed)
    if entropic:
        draw_entropy(axes[-1], story, begin, end)
    for upper in axes[:-1]:
        upper.tick_params(axis="x", labelbottom=False)
    axes[-1].set_xlabel("time $t$ (1/energy)")
    figure.align_ylabels(axes[1:])
    name_panel(axes[0], letter)
    told = [f"trajectory {story.number}: {_which_jumps(len(story.jump_times), seen, begin)}"]
    if seen > MOST_JUMPS:
        told.append(f"jumps per time in bins of {(end - begin) / RATE_BINS:.3g}, the largest at the right")
    if followed is not None:
        told.append(rf"{followed.name} in the state $\psi(t)$")
    if entropic:
        told.append(r"entropy $\ln p(n_0)+\Sigma\Delta s$")
        if end == story.duration and np.isfinite(story.entropy):
            told.append(rf"circle: $\Delta S$ = {value(float(f'{story.entropy:.4g}'))}")
    axes[0].set_title(",   ".join(told), loc="left", fontsize=7.5)


def _which_jumps(count: int, seen: int, begin: float) -> str:
    if seen == count:
        return f"{count:,} jump{'s' * (count != 1)}"
    return f"the first {seen:,} of {count:,} jumps" if begin == 0 else f"{seen:,} of {count:,} jumps"


@dataclass(frozen=True)
class Header:
    """What stands above the panels: title, parameters, and what points and lines mean."""

    heading: Heading
    trajectories: int
    disagrees: bool

    LEGEND = 0.24  # inches

    @classmethod
    def of(cls, content: Content, panels: list[list[Curve]], width: float) -> Header:
        facts = ["ħ = k$_\\mathrm{B}$ = 1"]
        if content.trajectories:
            facts.insert(0, f"seed {content.seed}")
        heading = Heading.of(content.settings.title or content.name, content.parameters, facts, width)
        disagrees = any(row.status == "disagree" for curves in panels for curve in curves for row in curve.points)
        return cls(heading, content.trajectories, disagrees)

    @property
    def height(self) -> float:
        return self.heading.height + self.LEGEND

    def draw(self, figure: Figure) -> None:
        """Write it at the top of a figure, whose panels leave `height` inches for it."""
        self.heading.draw(figure)
        handles: list[Any] = [Line2D([], [], color=BLACK, lw=1.2)]
        names = ["master equation"]
        if self.trajectories:
            marker = Line2D([], [], color=BLACK, ls="", marker="o", ms=3.4, mfc="white", mew=0.8)
            bar = LineCollection([], colors=[BLACK], linewidths=[0.9])
            handles.append(ErrorbarContainer((marker, (), (bar,)), has_yerr=True))
            names.append(f"sampled, ± 1 standard error (N = {self.trajectories:,} trajectories)")
        if self.disagrees:
            handles.append(disagreement())
            names.append("disagrees")
        look: dict[str, Any] = dict(loc="lower left", ncols=3, borderaxespad=0.0, borderpad=0.0)
        width, height = figure.get_size_inches()
        figure.legend(handles, names, bbox_to_anchor=(0.09 / width, 1 - (self.height - 0.03) / height), **look)
