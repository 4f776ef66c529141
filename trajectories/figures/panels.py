"""Panels of curves: sampled points with their error bars over the master equation's lines.

Colours are those of Okabe and Ito, which people with any colour vision can tell apart; points also differ by marker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, ScalarFormatter

from trajectories.figures.typography import ket, length, short, short_quantity_name
from trajectories.sampling.quantity_names import nonnegative, of_reservoirs

if TYPE_CHECKING:
    from trajectories.report.rows import Row

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, BLACK, YELLOW = "#CC79A7", "#56B4E9", "#000000", "#B8A800"
PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW)
GREY, SHADE = "#8C8C8C", "#EDEDED"
MARKERS = "osD^vPX*"
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)))
POINT: dict[str, Any] = {"ms": 3.4, "mfc": "white", "mew": 0.8}
RING: dict[str, Any] = {"marker": "o", "ms": 8, "mfc": "none", "mec": "#E00000", "mew": 1.0, "zorder": 4}
LETTER, SYMBOL, GAP = 3.9, 14.7, 7.7  # points: width of a letter, of a line with its marker, and between columns
DECADES = 1.8  # from which powers of ten are labels enough on a logarithmic axis
MOST_CURVES = len(PALETTE)
MOST_BARS = 60  # beyond so many sample times, points and bars become a band


@dataclass(frozen=True)
class Curve:
    """One quantity of one label or reservoir: its sampled rows, in time, and the rows of its line."""

    quantity: str
    which: str | None
    unit: str
    points: tuple[Row, ...]
    line: tuple[Row, ...]

    @property
    def name(self) -> str:
        return f"{self.quantity} {self.which or ''}".strip()

    @property
    def sampled(self) -> np.ndarray:
        """Times, estimates and standard errors of the points, (3, n); nan where a number does not exist."""
        rows = [(row.time, row.estimate, row.standard_error) for row in self.points]
        return np.array(rows, float).reshape(-1, 3).T

    @property
    def exact(self) -> np.ndarray:
        """Times and values of the line, (2, n)."""
        return np.array([(row.time, row.exact) for row in self.line], float).reshape(-1, 2).T

    @property
    def reach(self) -> float:
        return float(max(np.abs(self.exact[1]).max(initial=0.0), np.abs(self.sampled[1]).max(initial=0.0)))


@dataclass(frozen=True)
class Style:
    """How one curve looks."""

    colour: str
    marker: str
    dashes: Any = "-"


def curves_of(
    points: Sequence[Row], lines: Sequence[Row], quantities: Sequence[str], labels: Sequence[str] = ()
) -> list[Curve]:
    """Return the curves of `quantities` in that order; `labels`: only these, where any are given.

    Of more curves than there are colours, those that reach highest are kept.
    """
    found: dict[tuple[str, str | None], tuple[list[Row], list[Row]]] = {}
    for rows, place in ((lines, 1), (points, 0)):
        for row in rows:
            which = row.label or row.reservoir
            if row.quantity not in quantities or (labels and which not in labels):
                continue
            if (row.exact if place else row.estimate) is not None:
                found.setdefault((row.quantity, which), ([], []))[place].append(row)
    order = list(quantities)
    curves = [
        Curve(*key, (drawn or sampled)[0].unit, tuple(sampled), tuple(drawn))
        for key, (sampled, drawn) in sorted(found.items(), key=lambda item: order.index(item[0][0]))
    ]
    highest = sorted(curves, key=lambda curve: curve.reach, reverse=True)[:MOST_CURVES]
    return [curve for curve in curves if curve in highest]


def styles(curves: Sequence[Curve]) -> list[Style]:
    """Return a style for each curve: colour by label, dashes by quantity; colour by quantity for a single label."""
    labels = list(dict.fromkeys(curve.which for curve in curves))
    quantities = list(dict.fromkeys(curve.quantity for curve in curves))
    found = []
    for curve in curves:
        i, q = labels.index(curve.which), quantities.index(curve.quantity)
        if len(labels) == 1:
            i, q = q, 0
        found.append(Style(PALETTE[i % len(PALETTE)], MARKERS[(i + q) % len(MARKERS)], DASHES[q % len(DASHES)]))
    return found


def bars(axes: Axes, x: Any, y: Any, error: Any, style: Style, label: str, **look: Any) -> None:
    """Draw points with error bars of one standard error; `look` changes what all of them have in common."""
    common: dict[str, Any] = {"elinewidth": 0.9, "capsize": 1.6, "capthick": 0.8, "zorder": 3}
    axes.errorbar(x, y, yerr=error, fmt=style.marker, color=style.colour, label=label, **(POINT | common | look))


def disagreement() -> Line2D:
    """Return the ring around points that disagree with the master equation, for a legend."""
    return Line2D([], [], ls="", **RING)


def draw_points(axes: Axes, curve: Curve, style: Style, **look: Any) -> None:
    """Draw the sampled rows of a curve: estimates with bars of one standard error, or a band where they are many."""
    time, estimate, error = curve.sampled
    if len(time) > MOST_BARS:
        band: dict[str, Any] = {"color": style.colour, "alpha": 0.35, "lw": 0}
        axes.fill_between(time, estimate - error, estimate + error, label=curve.name, **band)
        axes.plot(time, estimate, ".", color=style.colour, ms=1.5, label=curve.name)
    else:
        size = {"ms": POINT["ms"] if len(time) <= 24 else 2.6}
        bars(axes, time, estimate, error, style, curve.name, **(size | look))
    wrong = np.array([row.status == "disagree" for row in curve.points], bool)
    if wrong.any():
        axes.plot(time[wrong], estimate[wrong], ls="", label="disagrees", **RING)


def draw_curves(axes: Axes, curves: Sequence[Curve], several_times: bool) -> None:
    """Draw curves against time, or as bars side by side where the run has one sample time only."""
    looks = styles(curves)
    labels = [_legend_label(curve, curves) for curve in curves]
    if not several_times:
        _draw_side_by_side(axes, curves, looks, labels)
        return
    handles = []
    for curve, style in zip(curves, looks, strict=True):
        line: dict[str, Any] = {"color": style.colour, "ls": style.dashes, "lw": 1.2}
        if curve.line:
            axes.plot(*curve.exact, label=f"{curve.name}, master equation", zorder=2, **line)
        if curve.points:
            draw_points(axes, curve, style)
        handles.append(Line2D([], [], marker=style.marker if curve.points else "", **line, **POINT))
    if len(curves) > 1:
        legend(axes, handles, labels)
    _limits(axes, curves)


def _legend_label(curve: Curve, curves: Sequence[Curve]) -> str:
    """Return what tells a curve from the others of its panel."""
    several = len({other.quantity for other in curves}) > 1
    parts = [short_quantity_name(curve.quantity)] if several else []
    if curve.which is not None and (len({other.which for other in curves}) > 1 or not several):
        name = ket(curve.which) if curve.quantity == "population" else short(curve.which)
        parts.append(f"from {name}" if of_reservoirs(curve.quantity) else name)
    return " ".join(parts)


def _draw_side_by_side(axes: Axes, curves: Sequence[Curve], looks: Sequence[Style], labels: Sequence[str]) -> None:
    for i, (curve, style) in enumerate(zip(curves, looks, strict=True)):
        if curve.line:
            value = curve.exact[1, -1]
            axes.bar(i, value, width=0.66, color=style.colour, alpha=0.25, lw=0)
            axes.hlines(value, i - 0.33, i + 0.33, color=style.colour, lw=1.4)
        if curve.points:
            _, estimate, error = curve.sampled
            bars(axes, [i], estimate[-1:], error[-1:], style, curve.name, ms=3.8)
    single = f"$t$ = {(curves[0].points or curves[0].line)[-1].time:g}"
    axes.set_xticks(range(len(curves)), labels if len(curves) > 1 else [single])
    axes.set_xlim(-0.8 - 0.4 * (len(curves) == 1), len(curves) - 0.2 + 0.4 * (len(curves) == 1))
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.margins(y=0.12)


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


def name_panel(axes: Axes, letter: str) -> None:
    """Write (a) at the upper left corner of a panel, beside the legend above it."""
    look: dict[str, Any] = {"fontsize": 8.5, "ha": "right", "va": "bottom", "annotation_clip": False}
    axes.annotate(f"({letter})", (0, 1), xycoords="axes fraction", xytext=(-14, 4), textcoords="offset points", **look)


def legend(axes: Axes, handles: Sequence[Any], labels: Sequence[str]) -> None:
    """Put a legend above the axes, where it can hide nothing, in as many columns as are about as wide as the axes."""
    spec = axes.get_subplotspec()
    panel = axes.figure.bbox.width / axes.figure.dpi / (spec.get_gridspec().ncols if spec is not None else 1)
    room = 1.08 * 72 * (panel - 0.6)  # points; about 0.6 inches of a panel are beside its axes
    entries = [LETTER * length(label) + SYMBOL for label in labels]
    columns = len(labels)
    while columns > 1 and sum(max(entries[i::columns]) for i in range(columns)) + GAP * (columns - 1) > room:
        columns -= 1
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.1}
    axes.legend(handles, labels, ncols=columns, labelspacing=0.25, **place)
