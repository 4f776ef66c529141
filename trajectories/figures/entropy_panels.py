"""Panels of the entropy production: the integral fluctuation theorem, and the histogram of Delta S."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from trajectories.figures.figure_data import Curve, Points
from trajectories.figures.panels import bars, draw_points, legend
from trajectories.figures.style import BLACK, BLUE, GREY, POINT, SHADE, SKY, VERMILLION, Style
from trajectories.report.rows import Row

RESOLVED, UNRESOLVED = Style(BLUE, "o"), Style(VERMILLION, "s")


def draw_theorem(axes: Axes, curve: Curve, several_times: bool) -> None:
    """Draw <exp(-Delta S)>: resolved points apart from unresolved ones, the region that cannot be resolved shaded."""
    points = curve.points
    unresolved = points.status == "unresolved"
    handles, names = [], []
    for chosen, style, face, name in (
        (~unresolved, RESOLVED, BLUE, "resolved"),
        (unresolved, UNRESOLVED, "white", "unresolved"),
    ):
        if chosen.any():
            # The colour tells what is unresolved, none of these points is faint.
            status = np.where(unresolved[chosen], "agree", points.status[chosen])
            part = Points(points.x[chosen], points.estimate[chosen], points.error[chosen], status)
            draw_points(axes, part, style, f"{curve.quantity} {name}", mfc=face)
            handles.append(Line2D([], [], color=style.colour, ls="", marker=style.marker, **(POINT | {"mfc": face})))
            names.append(name)
    time, exact = curve.line
    lowered = bool(exact.min(initial=1.0) < 1 - 1e-9)
    axes.axhline(1.0, color=GREY, lw=0.8, ls=(0, (4, 2)) if lowered else "-", zorder=1)
    if several_times:
        axes.plot(time, exact, color=BLACK, lw=1.2, label="master equation", zorder=2)
    else:
        axes.axhline(exact[-1], color=BLACK, lw=1.2, label="master equation", zorder=2)
        axes.set_xticks(time[-1:])
    handles.append(Line2D([], [], color=BLACK, lw=1.2))
    names.append(r"$1-\lambda$" if lowered else "1")
    legend(axes, handles, names)
    _theorem_limits(axes, points, unresolved, exact)
    _shade(axes, points.x, unresolved)


def _theorem_limits(axes: Axes, points: Points, unresolved: np.ndarray, exact: np.ndarray) -> None:
    """Choose the range by what can be trusted, and the rest as far as it is near; arrows stand for points above it."""
    value, error = points.estimate, np.nan_to_num(points.error)
    trusted = np.concatenate([exact, [1.0], (value - error)[~unresolved], (value + error)[~unresolved]])
    low, high = float(trusted.min()), float(trusted.max())
    room = max(0.5, 2 * (high - low))
    floor, ceiling = low - room, high + room
    above = unresolved & (value > ceiling)
    ends = np.clip([value - error, value + error], floor, ceiling)[:, unresolved & ~above]
    low = min(float(ends.min(initial=low)), float(value[unresolved].min(initial=low)))
    high = float(ends.max(initial=high))
    pad = 0.08 * (high - low) if high - low > 1e-9 else 0.01  # not the rounding of an exact 1
    axes.set_ylim(low - pad, high + pad)
    arrows: dict[str, Any] = {"marker": "^", "s": 9, "color": VERMILLION, "transform": axes.get_xaxis_transform()}
    axes.scatter(points.x[above], [0.96] * int(above.sum()), label="beyond", zorder=4, **arrows)


def _shade(axes: Axes, times: np.ndarray, unresolved: np.ndarray) -> None:
    """Shade the stretches of time that hold only unresolved points, halfway to the neighbours."""
    low, high = axes.get_xlim()
    edges = np.concatenate([[low], 0.5 * (times[1:] + times[:-1]), [high]])
    for i in np.flatnonzero(unresolved):
        axes.axvspan(edges[i], edges[i + 1], color=SHADE, lw=0, zorder=0)
    axes.set_xlim(low, high)


def draw_histogram(
    axes: Axes, edges: np.ndarray, counts: np.ndarray, total: int, mean: Row | None, infinite: float
) -> None:
    """Draw the density of Delta S at the end of the run, with Poisson error bars.

    edges (bins+1,), counts (bins+2,): below all edges first, above them last. total: trajectories. mean: the row of
    <Delta S>, if it exists. infinite: the share of trajectories whose Delta S is infinite.
    """
    width = np.diff(edges)
    density, error = counts[1:-1] / (total * width), np.sqrt(counts[1:-1]) / (total * width)
    filled = np.flatnonzero(counts[1:-1])
    axes.stairs(density, edges, fill=True, color=SKY, alpha=0.45, lw=0, label="density")
    centres = (0.5 * (edges[1:] + edges[:-1]))[filled]
    bars(
        axes, centres, density[filled], error[filled], Style(BLUE, "o"), "histogram", ms=1.6, mew=0, mfc=BLUE, capsize=0
    )
    if len(filled):
        seen = density[filled]
        logarithmic = seen.max() > 100 * seen.min()
        axes.set_yscale("log" if logarithmic else "linear")
        axes.set_ylim(
            0.4 * seen.min() if logarithmic else 0, (2.5 * seen if logarithmic else 1.06 * (density + error)).max()
        )
        axes.set_xlim(min(edges[filled[0]], 0.0) - 1.5 * width[0], max(edges[filled[-1] + 1], 0.0) + 1.5 * width[0])
    else:
        axes.set_yticks([])
        axes.text(0.5, 0.5, r"no trajectory with finite $\Delta S$", transform=axes.transAxes, ha="center")
    axes.axvline(0, color=GREY, lw=0.6, zorder=1)
    handles: list[Any] = []
    names: list[str] = []
    if mean is not None and mean.exact is not None and mean.estimate is not None:
        axes.axvline(mean.exact, color=BLACK, lw=1.2, zorder=2, label="mean, master equation")
        look: dict[str, Any] = {"xerr": [mean.standard_error or 0.0], "transform": axes.get_xaxis_transform()}
        bars(axes, [mean.estimate], [0.93], None, Style(BLACK, "D"), "mean", zorder=4, **look)
        handles.append(Line2D([], [], color=BLACK, lw=1.2, marker="D", **POINT))
        names.append(rf"mean $\langle\Delta S\rangle$ = {mean.exact:.4g}")
    outside = max(0.0, (counts[0] + counts[-1]) / total - infinite)
    for share, name in ((infinite, r"$\Delta S=\infty$"), (outside, "outside the bins")):
        if share > 0:
            handles.append(Line2D([], [], ls=""))
            names.append(f"{name}: {100 * share:.3g} %")
    legend(axes, handles, names)
