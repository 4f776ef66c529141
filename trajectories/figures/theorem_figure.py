"""Fluctuation theorems -> picture: histograms, log ratio, lambda(u) and running average."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from trajectories.figures.draw import write
from trajectories.figures.figure_data import Drawing, Picture, in_rows
from trajectories.figures.panels import bars, legend
from trajectories.figures.style import BLACK, BLUE, DASHES, GREY, POINT, SHADE, SKY, VERMILLION, Style
from trajectories.report.text import with_error
from trajectories.report.theorems import PointTheorems, Theorems

HEIGHT = 2.7  # inches, of one panel


def draw_theorems(theorems: Theorems, path: Path) -> Path:
    """Draw histograms, log ratio, lambda(u) and running average of the first sweep point; return the file written.

    path: ends in .png or .pdf. Raises InputError where it cannot be written.
    """
    return write(theorem_picture(theorems), path)[0]


def theorem_picture(theorems: Theorems) -> Picture:
    """Return the picture: four panels."""
    point = theorems.points[0]
    title, _, sampled = theorems.title.partition(", ")
    draws = (_histograms, _log_ratio, _scgf, _running)
    rows = in_rows([Drawing((partial(draw, point=point),), height=HEIGHT) for draw in draws])
    return Picture(title, rows, point.parameters, (f"duration = {point.rows[-1].time:g}", sampled))


def _histograms(axes: Axes, point: PointTheorems) -> None:
    """Draw P(Delta S), the mirrored reversed histogram, and the forward one weighted with e^{-Delta S}: the last two
    are the same in every bin."""
    width = np.diff(point.edges)
    forward = point.forward.bins[1:-1] / (point.forward.count * width)
    mirrored = point.backward.bins[1:-1] / (point.backward.count * width)
    weighted = point.forward.sums[0][1:-1] / (point.forward.count * width)
    error = np.sqrt(point.forward.sums[1][1:-1]) / (point.forward.count * width)
    look: dict[str, Any] = {"fill": True, "alpha": 0.45, "lw": 0}
    axes.stairs(forward, point.edges, color=SKY, **look)
    axes.stairs(mirrored, point.edges, color=VERMILLION, **(look | {"alpha": 0.3}))
    seen = np.flatnonzero(point.forward.bins[1:-1])
    centres = 0.5 * (point.edges[1:] + point.edges[:-1])
    bars(axes, centres[seen], weighted[seen], error[seen], Style(BLACK, "o"), "", ms=2, mfc=BLACK, mew=0, capsize=0)
    filled = np.flatnonzero(point.forward.bins[1:-1] + point.backward.bins[1:-1])
    if len(filled):
        heights = np.concatenate([forward[forward > 0], mirrored[mirrored > 0]])
        axes.set_yscale("log")
        axes.set_ylim(0.5 * heights.min(), 2.5 * heights.max())
        axes.set_xlim(point.edges[filled[0]] - width[0], point.edges[filled[-1] + 1] + width[0])
    axes.axvline(0, color=GREY, lw=0.6, zorder=1)
    axes.set_xlabel(r"$\Delta S$ (nat)")
    axes.set_ylabel("probability density (1/nat)")
    dot = Line2D([], [], color=BLACK, ls="", marker="o", ms=2.5)
    handles = [Patch(color=SKY, alpha=0.45), Patch(color=VERMILLION, alpha=0.3), dot]
    names = [r"$P(\Delta S)$", r"$\tilde P(-\Delta\tilde S)$", r"$e^{-\Delta S}P(\Delta S)$"]
    legend(axes, handles, names)


def _log_ratio(axes: Axes, point: PointTheorems) -> None:
    """Draw the log ratio of the compared bins and the line of slope one."""
    axes.set_xlabel(r"$-\ln\,\langle e^{-\Delta S}\rangle_B$ (nat)")
    axes.set_ylabel(r"$\ln\,P(B)\,/\,\tilde P(-B)$")
    if point.bins is None:
        axes.text(
            0.5, 0.5, "no bin holds enough of\nboth ensembles", transform=axes.transAxes, ha="center", va="center"
        )
        axes.set_xticks([])
        axes.set_yticks([])
        return
    ratio, error = point.bins.log_ratio
    kept = np.isfinite(ratio) & np.isfinite(error)
    delta, ratio, error = point.bins.delta[kept], ratio[kept], error[kept]
    bars(axes, delta, ratio, error, Style(BLUE, "o"), "", ms=2.6)
    reach = np.concatenate([delta, ratio, [0.0]])
    ends = np.array([reach.min(), reach.max()]) + 0.08 * max(float(np.ptp(reach)), 0.5) * np.array([-1, 1])
    axes.plot(ends, ends, color=BLACK, lw=1.0, zorder=2)
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    slope, uncertainty = point.bins.slope
    names = ["slope 1", "bins" if np.isnan(slope) else f"bins: {with_error(slope, uncertainty)}"]
    marker = Line2D([], [], color=BLUE, ls="", marker="o", **POINT)
    legend(axes, [Line2D([], [], color=BLACK, lw=1.0), marker], names)


def _scgf(axes: Axes, point: PointTheorems) -> None:
    """Draw lambda(u) and its axis of symmetry, ln <e^{-u Delta S}>/T exactly, and what trajectories resolve of it."""
    axes.set_xlabel("$u$")
    axes.set_ylabel(r"$\ln\,\langle e^{-u\Delta S}\rangle\,/\,T$")
    curves = point.curves
    if curves is None:
        why = r"$\lambda(u)$ does not exist for all $u$:" + "\nsome trajectories cannot be undone"
        axes.text(0.5, 0.5, why, transform=axes.transAxes, ha="center", va="center")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    limit = axes.plot(curves.u, curves.scgf, color="#D0D0D0", lw=4.0, zorder=1)[0]
    finite = axes.plot(curves.u, curves.finite, color=BLACK, lw=1.0, zorder=2)[0]
    handles: list[Any] = [limit, finite]
    names = [r"exact, $T\to\infty$: $\lambda(u)$", "exact, $T$ of the run"]
    # Where both ensembles resolve it the small square lies inside the circle.
    ahead: dict[str, Any] = {"ms": 6.0, "mfc": "none", "mew": 1.0}
    reverse: dict[str, Any] = {"ms": 2.6, "mfc": VERMILLION, "mew": 0.0}
    for sampled, style, look, name in (
        (curves.forward, Style(BLUE, "o"), ahead, "forward"),
        (curves.backward, Style(VERMILLION, "s"), reverse, "reversed"),
    ):
        if len(sampled.u):
            bars(axes, sampled.u, sampled.value, sampled.standard_error, style, "", **look)
            handles.append(Line2D([], [], color=style.colour, ls="", marker=style.marker, **look))
            names.append(name)
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    axes.axvline(0.5, ymax=0.9, color=GREY, lw=0.6, ls=DASHES[2], zorder=1)
    if point.breaking is None:
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        words: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 7.5, "color": "#404040"}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.annotate("$\\lambda(u) = \\lambda(1-u)$", (0.5, 1), xytext=(0, -4), bbox=box, **place, **words)
    legend(axes, handles, names)


def _running(axes: Axes, point: PointTheorems) -> None:
    """Draw the average of e^{-Delta S} over the first n trajectories, with the sample's own error bar and, as a band
    about the exact value, the exact standard error."""
    n, mean, error = point.running
    n, mean, error = n[n >= 16], mean[n >= 16], error[n >= 16]
    axes.set_xscale("log")
    axes.set_xlabel("trajectories $n$")
    axes.set_ylabel(r"$\langle e^{-\Delta S}\rangle$ over the first $n$")
    handles: list[Any] = [Line2D([], [], color=BLACK, lw=1.0)]
    names = ["exact"]
    if len(n):
        axes.errorbar(n, mean, yerr=error, color=BLUE, lw=1.0, elinewidth=0.7, capsize=0, zorder=3)
        low, high = float((mean - error).min()), float((mean + error).max())
        low, high = min(low, point.average), max(high, point.average)
        pad = 0.08 * (high - low) or 0.1
        axes.set_xlim(n[0] / 1.2, n[-1] * 1.2)
        handles.append(Line2D([], [], color=BLUE, lw=1.0))
        names.append("sample ± its own error")
        if not np.isnan(point.error):
            # Where <e^{-2 Delta S}> overflows, the band covers everything, as it does long before.
            band = np.full(len(n), point.error) / np.sqrt(n)
            wide = np.minimum(band, 10 * (high - low + 1.0))
            axes.fill_between(n, point.average - wide, point.average + wide, color=SHADE, lw=0, zorder=0)
            handles.append(Patch(color=SHADE))
            names.append(f"± exact error, at last {band[-1]:.2g}".replace("inf", "∞"))
        axes.set_ylim(low - pad, high + pad)
    axes.axhline(point.average, color=BLACK, lw=1.0, zorder=2)
    legend(axes, handles, names)
