"""Maps over two parameters: exact, sampled, and their difference in standard errors."""

from __future__ import annotations

from typing import Any, Literal

from matplotlib.axes import Axes

from trajectories.figures.figure_data import Map
from trajectories.figures.panels import LETTERS_UPRIGHT, power_of_ten, readable
from trajectories.figures.typography import fitting, with_power

FEW = 4.0  # standard errors at the ends of the colours of a difference
NOTHING = "#DDDDDD"  # where a value does not exist or is unresolved


def draw_map(axes: Axes, shown: Map) -> None:
    """Draw one map with its colour bar."""
    colours = _colours(shown)
    mesh = axes.pcolormesh(shown.across, shown.upward, shown.values, shading="nearest", rasterized=True, **colours)
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, aspect=22, extend=_beyond(shown))
    bar.set_label(fitting(with_power(shown.z.label, power_of_ten(bar.ax)), LETTERS_UPRIGHT))
    bar.outline.set_linewidth(0.5)
    axes.set_xscale(shown.x.scale)
    axes.set_yscale(shown.y.scale)
    axes.set_xlabel(shown.x.label)
    axes.set_ylabel(shown.y.label)
    axes.set_facecolor(NOTHING)
    readable(axes.xaxis)
    readable(axes.yaxis)
    # A map fills its frame: half a cell on every side belongs to it.
    for spine in axes.spines.values():
        spine.set_visible(True)


def _beyond(shown: Map) -> Literal["neither", "both", "min", "max"]:
    """Return at which ends of the colours there are values beyond them."""
    ends = _colours(shown)
    below, above = bool((shown.values < ends["vmin"]).any()), bool((shown.values > ends["vmax"]).any())
    return "both" if below and above else "min" if below else "max" if above else "neither"


def _colours(shown: Map) -> dict[str, Any]:
    """Return colours that people with any colour vision can tell apart: one hue's range, or two about zero."""
    if shown.kind == "z":
        return {"cmap": "RdBu_r", "vmin": -FEW, "vmax": FEW}
    if shown.low < 0 < shown.high:
        far = max(-shown.low, shown.high)
        return {"cmap": "PuOr_r", "vmin": -far, "vmax": far}
    return {"cmap": "viridis", "vmin": shown.low, "vmax": shown.high}
