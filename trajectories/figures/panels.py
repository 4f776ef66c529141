"""Panels of curves: sampled points with their error bars over the master equation's lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, ScalarFormatter

from trajectories.figures.figure_data import Curve, Panel, Points
from trajectories.figures.style import DASHES, GREY, MARKERS, PALETTE, POINT, RING, Style, faded
from trajectories.figures.typography import fitting, ket, length, short, short_quantity_name, with_power
from trajectories.sampling.quantity_names import nonnegative, of_reservoirs

LETTER, SYMBOL, GAP = 3.9, 14.7, 7.7  # points: width of a letter, of a line with its marker, and between columns
LETTERS_UPRIGHT = 20.0  # of an axis label beside a panel
DECADES = 1.8  # from which powers of ten are labels enough on a logarithmic axis
MOST_COLOURS = 6  # more values than this run through a sequential colour map, whose order is the parameter's
MOST_BARS = 60  # beyond so many points, points and bars become a band


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the curves of a panel with its legend, axis labels and limits."""
    if panel.side_by_side:
        _draw_side_by_side(axes, panel.curves)
    else:
        for curve, style in zip(panel.curves, styles(panel.curves), strict=True):
            if curve.line.size:
                line: dict[str, Any] = {
                    "color": style.colour,
                    "ls": style.dashes,
                    "label": f"{curve.name}, master equation",
                }
                axes.plot(*curve.line, zorder=2, **line)
            if len(curve.points):
                draw_points(axes, curve.points, style, curve.name)
        axes.set_xlabel(panel.x.label)
        axes.set_xscale(panel.x.scale)
        if panel.x.scale == "linear":
            axes.margins(x=0.03)
        if panel.legend:
            legend(axes, *_entries(panel.curves))
    axes.set_yscale(panel.y.scale)
    if panel.y.scale == "linear" and not panel.side_by_side:
        _limits(axes, panel.curves)
    finish(axes, panel.y.label)


def finish(axes: Axes, ylabel: str) -> None:
    """Write the label of the y axis, with the power of ten of its numbers, and readable numbers on both axes."""
    power = power_of_ten(axes) if axes.get_yscale() == "linear" else 0
    axes.set_ylabel(fitting(with_power(ylabel, power), LETTERS_UPRIGHT))
    readable(axes.xaxis)
    readable(axes.yaxis)


def styles(curves: Sequence[Curve]) -> list[Style]:
    """Return a style for each curve.

    Of several values of a parameter colour and marker tell the value, of several labels the label, else the quantity;
    dashes tell what is left.
    """
    keys = [_ranked(curve, curves) for curve in curves]
    firsts = list(dict.fromkeys(key[0] for key in keys))
    seconds = list(dict.fromkeys(key[1] for key in keys))
    palette: Sequence[str] = PALETTE
    if curves and curves[0].value and len(firsts) > MOST_COLOURS:
        palette = [to_hex(colormaps["viridis"](0.9 * i / (len(firsts) - 1))) for i in range(len(firsts))]
    found = []
    for first, second in keys:
        i, k = firsts.index(first), seconds.index(second)
        found.append(Style(palette[i % len(palette)], MARKERS[i % len(MARKERS)], DASHES[k % len(DASHES)]))
    return found


def _ranked(curve: Curve, curves: Sequence[Curve]) -> tuple[Any, Any]:
    """Return what the colour of a curve tells, and what its dashes tell."""
    several_values = len({other.value for other in curves}) > 1
    several_labels = len({other.which for other in curves}) > 1
    if several_values:
        return curve.value, (curve.quantity, curve.which)
    return (curve.which, curve.quantity) if several_labels else (curve.quantity, None)


def bars(axes: Axes, x: Any, y: Any, error: Any, style: Style, label: str, **look: Any) -> None:
    """Draw points with error bars of one standard error; `look` changes what all of them have in common."""
    common: dict[str, Any] = {"elinewidth": 0.9, "capsize": 1.6, "capthick": 0.8, "zorder": 3}
    axes.errorbar(x, y, yerr=error, fmt=style.marker, color=style.colour, label=label, **(POINT | common | look))


def draw_points(axes: Axes, points: Points, style: Style, name: str, **look: Any) -> None:
    """Draw sampled points with bars of one standard error, or a band where they are many.

    Unresolved points are faint, points that disagree with the master equation have a ring.
    """
    if len(points) > MOST_BARS:
        band: dict[str, Any] = {"color": style.colour, "alpha": 0.35, "lw": 0, "label": name}
        axes.fill_between(points.x, points.estimate - points.error, points.estimate + points.error, **band)
        axes.plot(points.x, points.estimate, ".", color=style.colour, ms=1.5, label=name)
    else:
        size = {"ms": POINT["ms"] if len(points) <= 24 else 2.6}
        faint = points.status == "unresolved"
        pale = Style(faded(style.colour), style.marker)
        for chosen, shade, label in ((~faint, style, name), (faint, pale, f"{name}, unresolved")):
            if chosen.any():
                values = (points.x[chosen], points.estimate[chosen], points.error[chosen])
                bars(axes, *values, shade, label, **(size | look))
    wrong = points.status == "disagree"
    if wrong.any():
        axes.plot(points.x[wrong], points.estimate[wrong], ls="", label="disagrees", **RING)


def disagreement() -> Line2D:
    """Return the ring around points that disagree with the master equation, for a legend."""
    return Line2D([], [], ls="", **RING)


def _entries(curves: Sequence[Curve]) -> tuple[list[Line2D], list[str]]:
    """Return handles and labels of a legend: one for each curve, or for each value and for each label."""
    looks = styles(curves)
    values = list(dict.fromkeys(curve.value for curve in curves))
    kinds = list(dict.fromkeys((curve.quantity, curve.which) for curve in curves))
    if len(values) < 2 or len(kinds) < 2:
        handles = [_handle(curve, style) for curve, style in zip(curves, looks, strict=True)]
        labels = [curve.value if len(values) > 1 else legend_label(curve, curves) for curve in curves]
        return (handles, labels) if len(curves) > 1 else ([], [])
    handles, labels = [], []
    for value in values:
        curve, style = next((c, s) for c, s in zip(curves, looks, strict=True) if c.value == value)
        handles.append(_handle(curve, replace(style, dashes="-")))
        labels.append(value)
    for kind in kinds:
        curve, style = next((c, s) for c, s in zip(curves, looks, strict=True) if (c.quantity, c.which) == kind)
        handles.append(Line2D([], [], color=GREY, ls=style.dashes, lw=1.2))
        labels.append(legend_label(curve, curves))
    return handles, labels


def _handle(curve: Curve, style: Style) -> Line2D:
    marker = style.marker if len(curve.points) else ""
    return Line2D([], [], marker=marker, color=style.colour, ls=style.dashes, lw=1.2, **POINT)


def legend_label(curve: Curve, curves: Sequence[Curve]) -> str:
    """Return what tells a curve from the others of its panel, apart from a value."""
    several = len({other.quantity for other in curves}) > 1
    parts = [short_quantity_name(curve.quantity)] if several else []
    if curve.which is not None and (len({other.which for other in curves}) > 1 or not several):
        name = ket(curve.which) if curve.quantity == "population" else short(curve.which)
        parts.append(f"from {name}" if of_reservoirs(curve.quantity) else name)
    return " ".join(parts)


def _draw_side_by_side(axes: Axes, curves: Sequence[Curve]) -> None:
    """Draw the last value of each curve as a bar with its sampled point."""
    for i, (curve, style) in enumerate(zip(curves, styles(curves), strict=True)):
        if curve.line.size:
            value = curve.line[1, -1]
            axes.bar(i, value, width=0.66, color=style.colour, alpha=0.25, lw=0)
            axes.hlines(value, i - 0.33, i + 0.33, color=style.colour, lw=1.4)
        if len(curve.points):
            last = Points(np.array([float(i)]), *(part[-1:] for part in _parts(curve.points)))
            draw_points(axes, last, style, curve.name, ms=3.8)
    time = curves[0].line[0, -1] if curves[0].line.size else curves[0].points.x[-1]
    labels = [legend_label(curve, curves) for curve in curves] if len(curves) > 1 else [f"$t$ = {time:g}"]
    axes.set_xticks(range(len(curves)), labels)
    axes.set_xlim(-0.8 - 0.4 * (len(curves) == 1), len(curves) - 0.2 + 0.4 * (len(curves) == 1))
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.margins(y=0.12)


def _parts(points: Points) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return points.estimate, points.error, points.status


def _limits(axes: Axes, curves: Sequence[Curve]) -> None:
    """Show zero where the curves come near it, and never a range that only rounding fills."""
    low, high = axes.get_ylim()
    middle = 0.5 * (low + high)
    if high - low <= 1e-9 * abs(middle) or max(abs(low), abs(high)) < 1e-12:
        low, high = middle - 0.5, middle + 0.5
    elif all(nonnegative(curve.quantity) for curve in curves) and low < 0.35 * high:
        low = max(min(low, 0.0), -0.03 * high)
    if low < 0 < high and curves[0].quantity.endswith(("current", "work")):
        axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.set_ylim(low, high)


def power_of_ten(axes: Axes) -> int:
    """Write the values of the y axis without a common power of ten, and return it, to be written in the axis' label."""
    largest = float(np.abs(axes.get_ylim()).max())
    if 0.02 <= largest < 1e4 or largest == 0:
        return 0
    power = int(np.floor(np.log10(largest)))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_powerlimits((power, power))
    axes.yaxis.set_major_formatter(formatter)
    axes.yaxis.offsetText.set_visible(False)
    return power


def readable(axis: Axis) -> None:
    """Label a logarithmic axis, whose limits are settled, so that no two labels meet.

    Powers of ten, or 1, 2 and 5 times them, or even distances, by how far it reaches.
    """
    if axis.get_scale() != "log":
        return
    low, high = sorted(axis.get_view_interval())
    axis.set_minor_formatter(NullFormatter())
    short = low > 1e-3 and high < 1e4
    if np.log10(high / low) >= (DECADES if short else 1.2):
        return
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = np.array([m * 10.0**k for k in powers for m in (1, 2, 5)])
    ticks = ticks[(ticks >= low) & (ticks <= high)]
    if len(ticks) < 3 or not short:
        ticks = np.array(MaxNLocator(4 if short else 2).tick_values(low, high))
    axis.set_major_locator(FixedLocator(list(ticks)))
    axis.set_major_formatter("{x:g}")


def legend(axes: Axes, handles: Sequence[Any] | None = None, labels: Sequence[str] = ()) -> None:
    """Put a legend above the axes, where it can hide nothing, in as many columns as are about as wide as the axes.

    handles, labels: None for what has been drawn with a label.
    """
    if handles is None:
        handles, labels = axes.get_legend_handles_labels()
    if not labels:
        return
    spec = axes.get_subplotspec()
    panel = axes.figure.bbox.width / axes.figure.dpi / (spec.get_gridspec().ncols if spec is not None else 1)
    room = 1.08 * 72 * (panel - 0.68)  # points; about 0.68 inches of a panel are beside its axes
    entries = [LETTER * length(label) + SYMBOL for label in labels]
    columns = len(labels)
    while columns > 1 and sum(max(entries[i::columns]) for i in range(columns)) + GAP * (columns - 1) > room:
        columns -= 1
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.1}
    axes.legend(handles, labels, ncols=columns, labelspacing=0.25, **place)
