"""Maps over two parameters: exact, sampled, and their difference in standard errors."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from trajectories.figures.figure_data import Map
from trajectories.figures.panels import power_of_ten, readable
from trajectories.figures.sweep_curves import draw_guide, dress, room_for_letters, style
from trajectories.figures.typography import fitting, with_power

FEW = 4.0  # standard errors at the ends of the colours of a difference
NOTHING = "#DDDDDD"  # where a value does not exist or is unresolved


def draw_map(figure: Figure, axes: Axes, shown: Map, place: str) -> None:
    """Draw one map with its colour bar, contours and guides; place: where the legend goes, "none" for nowhere."""
    mesh = axes.pcolormesh(
        shown.across, shown.upward, shown.values, shading="nearest", rasterized=True, **_colours(shown)
    )
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=22, extend=_beyond(shown))
    bar.set_label(fitting(with_power(shown.z.label, power_of_ten(bar.ax)), room_for_letters(axes)))
    bar.outline.set_linewidth(0.5)
    dress(axes, shown.x, shown.y)
    axes.set_facecolor(NOTHING)
    readable(axes.xaxis)
    readable(axes.yaxis)
    # A map fills its frame: half a cell on every side belongs to it.
    for spine in axes.spines.values():
        spine.set_visible(True)
    entries = []
    for contour in shown.contours:
        how = style(contour.style, "#000000")
        if np.nanmin(contour.values) < contour.level < np.nanmax(contour.values):
            lines: dict[str, Any] = {"colors": [how["color"]], "linestyles": [how["ls"]], "linewidths": 1.1}
            axes.contour(shown.across, shown.upward, contour.values, levels=[contour.level], **lines)
        entries.append((contour.label, how))
    # White lines would be lost on the pale middle of a difference.
    ground = "#000000" if shown.kind == "z" else "#FFFFFF"
    for guide in shown.guides:
        how = style(guide.style, ground, "dashed")
        draw_guide(axes, replace(guide, style="black dashed") if shown.kind == "z" else guide, ground)
        entries.append((guide.label, how))
    handles = [Line2D([], [], lw=1.1, label=label, **how) for label, how in entries if label]
    if handles and shown.kind == "exact" and place != "none":
        # The lines are drawn in colours that show on the map, so the legend lies on a ground like it.
        box: dict[str, Any] = {
            "loc": place,
            "frameon": True,
            "facecolor": "#303030",
            "labelcolor": "white",
            "framealpha": 0.55,
        }
        axes.legend(handles=handles, edgecolor="none", **box)


def _beyond(shown: Map) -> Literal["neither", "both", "min", "max"]:
    """At which ends of the colours there are values beyond them."""
    ends = _colours(shown)
    below, above = bool((shown.values < ends["vmin"]).any()), bool((shown.values > ends["vmax"]).any())
    return "both" if below and above else "min" if below else "max" if above else "neither"


def _colours(shown: Map) -> dict[str, Any]:
    """Colours that people with any colour vision can tell apart: one hue's range, or two about zero."""
    if shown.kind == "z":
        return {"cmap": "RdBu_r", "vmin": -FEW, "vmax": FEW}
    if shown.low < 0 < shown.high:
        far = max(-shown.low, shown.high)
        return {"cmap": "PuOr_r", "vmin": -far, "vmax": far}
    return {"cmap": "viridis", "vmin": shown.low, "vmax": shown.high}
