"""Maps over two parameters: the exact one, the sampled one beside it, and their difference in standard errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sampled_points import Sampled
from style import NOTHING, label, panels, power_of_ten

FARTHEST = 4.0
"""Standard errors at the ends of the colours of a difference."""


@dataclass(frozen=True)
class Guide:
    """A line across a map: upright at the number x, level at the number y, or y (n,) over the map's x (n,)."""

    x: float | None = None
    y: Any = None
    color: str = "white"
    ls: Any = "--"
    label: str = ""


@dataclass(frozen=True)
class Contour:
    """A line where values (y, x) have a level."""

    values: np.ndarray
    level: float
    color: str
    ls: Any = "-"
    label: str = ""


@dataclass(frozen=True)
class Map:
    """Exact values (y, x), with lines over them. low, high: ends of the colours, those of the values where None."""

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    xlabel: str
    ylabel: str
    zlabel: str
    scale: str = "linear"
    low: float | None = None
    high: float | None = None
    guides: Sequence[Guide] = ()
    contours: Sequence[Contour] = ()
    place: str = "upper left"


def draw_maps(run: Mapping[str, Any], shown: Map, points: Sampled | None) -> Figure:
    """Return the figure of an exact map and, of a result, of the sampled map and the difference of both."""
    figure, axes = panels(run, 1, 1 if points is None else 3)
    draw_map(axes[0], shown)
    if points is not None:
        x, y = points.axes.values()
        draw_layer(axes[1], shown, x, y, points.map(points.estimate), f"{shown.zlabel}, sampled")
        draw_layer(axes[2], shown, x, y, points.map(points.z), "difference / standard error", difference=True)
    return figure


def draw_map(axes: Axes, shown: Map) -> None:
    """Draw the exact map with its contours, guides and legend."""
    draw_layer(axes, shown, shown.x, shown.y, shown.values, shown.zlabel)
    for line in shown.contours:
        look: dict[str, Any] = {"colors": [line.color], "linestyles": [line.ls], "linewidths": 1.1}
        axes.contour(shown.x, shown.y, line.values, levels=[line.level], **look)
    named = [line for line in (*shown.contours, *shown.guides) if line.label]
    handles = [Line2D([], [], lw=1.1, color=line.color, ls=line.ls, label=line.label) for line in named]
    if handles:
        # The lines are drawn in colours that show on the map, so the legend lies on a ground like it.
        box: dict[str, Any] = {"facecolor": "#303030", "labelcolor": "white", "framealpha": 0.55, "edgecolor": "none"}
        axes.legend(handles=handles, loc=shown.place, frameon=True, **box)


def draw_layer(
    axes: Axes, shown: Map, x: np.ndarray, y: np.ndarray, values: np.ndarray, name: str, difference: bool = False
) -> None:
    """Draw values (y, x) with their colour bar and the guides of a map; difference: in standard errors."""
    mesh = axes.pcolormesh(x, y, values, shading="nearest", rasterized=True, **colours(shown, difference))
    low, high = mesh.get_clim()
    below, above = bool((values < low).any()), bool((values > high).any())
    extend = {(True, True): "both", (True, False): "min", (False, True): "max"}.get((below, above), "neither")
    bar = axes.figure.colorbar(mesh, ax=axes, pad=0.02, aspect=22, extend=extend)
    bar.set_label(name + power_of_ten(bar.ax.yaxis))
    bar.outline.set_linewidth(0.5)
    ends = (shown.x[0], shown.x[-1]), (shown.y[0], shown.y[-1])
    label(axes, shown.xlabel, shown.ylabel, xscale=shown.scale, yscale=shown.scale, xlim=ends[0], ylim=ends[1])
    axes.set_facecolor(NOTHING)
    axes.spines[:].set_visible(True)
    for guide in shown.guides:
        # White lines would be lost on the pale middle of a difference.
        look: dict[str, Any] = {"color": guide.color, "ls": guide.ls} if not difference else {"color": "k", "ls": "--"}
        if guide.x is not None:
            axes.axvline(guide.x, lw=0.9, **look)
        elif np.ndim(guide.y):
            axes.plot(shown.x, guide.y, lw=0.9, scalex=False, scaley=False, **look)
        else:
            axes.axhline(guide.y, lw=0.9, **look)


def colours(shown: Map, difference: bool) -> dict[str, Any]:
    """Return colours that people with any colour vision can tell apart: one hue's range, or two about zero."""
    if difference:
        return {"cmap": "RdBu_r", "vmin": -FARTHEST, "vmax": FARTHEST}
    low = np.nanmin(shown.values) if shown.low is None else shown.low
    high = np.nanmax(shown.values) if shown.high is None else shown.high
    if low < 0 < high:
        far = max(-low, high)
        return {"cmap": "PuOr_r", "vmin": -far, "vmax": far}
    return {"cmap": "viridis", "vmin": low, "vmax": high}
