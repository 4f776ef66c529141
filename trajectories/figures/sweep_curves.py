"""Panels of a sweep's curves: sampled points with error bars over the master equation's lines."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from trajectories.figures.figure_data import Axis, Curve, Guide, Panel
from trajectories.figures.panels import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    MARKERS,
    ORANGE,
    PALETTE,
    POINT,
    PURPLE,
    RING,
    SKY,
    VERMILLION,
    YELLOW,
    legend,
    power_of_ten,
    readable,
)
from trajectories.figures.typography import fitting, with_power

COLOURS = {
    "black": BLACK,
    "blue": BLUE,
    "red": VERMILLION,
    "green": GREEN,
    "orange": ORANGE,
    "purple": PURPLE,
    "sky": SKY,
    "yellow": YELLOW,
    "grey": GREY,
    "white": "#FFFFFF",
}
DASHES: dict[str, Any] = {
    "solid": "-",
    "dashed": (0, (4, 1.8)),
    "dotted": (0, (1, 1.3)),
    "dashdot": (0, (5, 1.5, 1, 1.5)),
}
MOST_COLOURS = 6  # more values than this run through a sequential colour map, whose order is the parameter's
MOST_INSIDE = 6  # legend entries
BESIDE, LETTER_HEIGHT = 60.0, 4.8  # points: axis, labels and title above and below a panel; a letter of a label
FAINT = 0.35  # share of its colour that a point keeps whose error bar is not to be trusted


def style(words: str, colour: str = BLACK, dash: str = "solid") -> dict[str, Any]:
    """Return colour and dashes as the run file's words say, else as given."""
    for word in words.split():
        colour, dash = COLOURS.get(word, colour), word if word in DASHES else dash
    return {"color": colour, "ls": DASHES[dash]}


def colours(count: int, taken: tuple[str, ...] = ()) -> list[str]:
    """Return a colour for each value of the parameter that tells curves apart; taken: styles whose colours are not."""
    used = {COLOURS[word] for words in taken for word in words.split() if word in COLOURS}
    free = [colour for colour in PALETTE if colour not in used]
    if count <= min(MOST_COLOURS, len(free)):
        return free[:count]
    return [to_hex(colormaps["viridis"](0.9 * i / (count - 1))) for i in range(count)]


def look(panel: Panel, curve: Curve) -> dict[str, Any]:
    """Return colour and dashes of a curve: colour by value, dashes by formula; by formula alone without values."""
    several = len(panel.values) > 1
    dashes = list(DASHES)
    if curve.value is not None and several:
        free = colours(len(panel.values), panel.taken)
        return style(curve.style, free[curve.value], dashes[curve.formula % len(dashes)])
    return style(curve.style, PALETTE[curve.formula % len(PALETTE)] if not several else BLACK)


def faded(colour: str) -> str:
    """Return a colour mixed with white: unlike a transparent one it hides the line behind a marker."""
    red, green, blue = (1 - FAINT * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def draw_panel(axes: Axes, panel: Panel, place: str) -> None:
    """Draw the curves of a panel, its guides and its legend; place: where the legend goes, "" for none."""
    for guide in panel.guides:
        draw_guide(axes, guide, GREY)
    for curve in panel.curves:
        how = look(panel, curve)
        axes.plot(curve.x, curve.y, zorder=2, **how)
        if curve.points is not None:
            marker = MARKERS[(curve.value or curve.formula) % len(MARKERS)]
            bars: dict[str, Any] = {"elinewidth": 0.8, "capsize": 1.5, "capthick": 0.7, "zorder": 3, **POINT}
            found, colour = curve.points, how["color"]
            faint = np.zeros(len(found.x), bool) if found.unresolved is None else found.unresolved
            for chosen, shade in ((~faint, colour), (faint, faded(colour))):
                values = (found.x[chosen], found.estimate[chosen], found.error[chosen])
                if chosen.any():
                    axes.errorbar(*values, fmt=marker, color=shade, **bars)
            if found.wrong.any():
                axes.plot(found.x[found.wrong], found.estimate[found.wrong], ls="", **RING)
    dress(axes, panel.x, panel.y)
    _zero_below(axes, panel)
    power = power_of_ten(axes) if panel.y.scale == "linear" else 0
    axes.set_ylabel(fitting(with_power(panel.y.label, power), room_for_letters(axes)))
    readable(axes.xaxis)
    readable(axes.yaxis)
    _arrows(axes, panel)
    if place:
        _legend(axes, panel, place)


def dress(axes: Axes, x: Axis, y: Axis) -> None:
    """Set labels, scales and limits."""
    axes.set_xscale(x.scale)
    axes.set_yscale(y.scale)
    axes.set_xlabel(x.label)
    axes.set_ylabel(y.label)
    if x.limits:
        axes.set_xlim(*x.limits)
    if y.limits:
        axes.set_ylim(*y.limits)


def room_for_letters(axes: Axes) -> float:
    """Return how many letters of a label have room beside a panel, before the layout settles its exact height."""
    spec = axes.get_subplotspec()
    rows = spec.get_gridspec().nrows if spec is not None else 1
    return (72 * axes.figure.bbox.height / axes.figure.dpi / rows - BESIDE) / LETTER_HEIGHT


def draw_guide(axes: Axes, guide: Guide, colour: str) -> None:
    """Draw a line that is neither sampled nor computed."""
    how = style(guide.style, colour, "dashed") | {"lw": 0.9, "zorder": 1.5}
    if guide.x is not None and guide.y is not None:
        axes.plot(guide.x, guide.y, scalex=False, scaley=False, **how)
    elif guide.x is not None:
        axes.axvline(float(guide.x), **how)
    elif guide.y is not None:
        axes.axhline(float(guide.y), **how)


def _zero_below(axes: Axes, panel: Panel) -> None:
    """Let curves that go down to zero stand on it, and give those that are zero throughout a range."""
    if panel.y.limits or panel.y.scale == "log":
        return
    values = np.concatenate([curve.y for curve in panel.curves])
    values = values[np.isfinite(values)]
    low, high = axes.get_ylim()
    if values.size and values.min() >= 0 and values.min() < 0.2 * values.max():
        axes.set_ylim(min(low, -0.02 * high), high)


def _arrows(axes: Axes, panel: Panel) -> None:
    """Draw an arrow down onto each marked place of a curve."""
    for curve in panel.curves:
        for x in curve.marks:
            y = float(np.interp(x, curve.x, curve.y))
            arrow = {"arrowstyle": "-|>", "color": look(panel, curve)["color"], "lw": 0.8, "mutation_scale": 6}
            place: dict[str, Any] = {"xytext": (0, 13), "textcoords": "offset points", "annotation_clip": False}
            axes.annotate("", (x, y), arrowprops=arrow, **place)


def _legend(axes: Axes, panel: Panel, place: str) -> None:
    handles = _handles(panel)
    if not handles:
        return
    if place == "above" or len(handles) > MOST_INSIDE and place == "best":
        legend(axes, handles, [str(handle.get_label()) for handle in handles])
    else:
        where: Any = place
        axes.legend(handles=handles, loc=where, labelspacing=0.3, borderaxespad=0.4)


def _handles(panel: Panel) -> list[Line2D]:
    """Return the legend's entries: one for each value, and one for each formula that has a name."""
    found: list[Line2D] = []
    for i, label in enumerate(panel.values):
        curve = next((curve for curve in panel.curves if curve.value == i), None)
        if curve is not None and label:
            marker = MARKERS[i % len(MARKERS)] if curve.points is not None else ""
            found.append(Line2D([], [], marker=marker, label=label, **look(panel, curve), **POINT))
    for i, label in enumerate(panel.formulas):
        curve = next((curve for curve in panel.curves if curve.formula == i), None)
        if curve is None or not label:
            continue
        how = look(panel, curve)
        shared = curve.value is None or len(panel.values) < 2
        marker = MARKERS[i % len(MARKERS)] if curve.points is not None and shared else ""
        found.append(
            Line2D([], [], marker=marker, label=label, **how | {} if shared else how | {"color": GREY}, **POINT)
        )
    for guide in panel.guides:
        if guide.label:
            found.append(Line2D([], [], lw=0.9, label=guide.label, **style(guide.style, GREY, "dashed")))
    return found
