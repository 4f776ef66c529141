"""Fluctuation theorems -> picture: histograms, log ratio, lambda(u) and running average."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from trajectories.figures.draw import write
from trajectories.figures.figure_data import Drawing, Picture, in_rows
from trajectories.figures.panels import bars, legend
from trajectories.figures.style import BLACK, BLUE, DASHES, GREY, SHADE, SKY, VERMILLION, Style
from trajectories.report.text import with_error
from trajectories.report.theorems import PointTheorems, Theorems

HEIGHT = 2.7  # inches, of one panel
ROUNDING = 1e-9


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
    axes.stairs(forward, point.edges, color=SKY, label=r"$P(\Delta S)$", **look)
    axes.stairs(
        mirrored, point.edges, color=VERMILLION, label=r"$\tilde P(-\Delta\tilde S)$", **(look | {"alpha": 0.3})
    )
    seen = np.flatnonzero(point.forward.bins[1:-1])
    centres = 0.5 * (point.edges[1:] + point.edges[:-1])
    dots: dict[str, Any] = {"ms": 2, "mfc": BLACK, "mew": 0, "capsize": 0}
    name = r"$e^{-\Delta S}P(\Delta S)$"
    bars(axes, centres[seen], weighted[seen], error[seen], Style(BLACK, "o"), name, **dots)
    filled = np.flatnonzero(point.forward.bins[1:-1] + point.backward.bins[1:-1])
    if len(filled):
        heights = np.concatenate([forward[forward > 0], mirrored[mirrored > 0]])
        axes.set_yscale("log")
        axes.set_ylim(0.5 * heights.min(), 2.5 * heights.max())
        axes.set_xlim(point.edges[filled[0]] - width[0], point.edges[filled[-1] + 1] + width[0])
    axes.axvline(0, color=GREY, lw=0.6, zorder=1)
    axes.set_xlabel(r"$\Delta S$ (nat)")
    axes.set_ylabel("probability density (1/nat)")
    legend(axes)


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
    slope, uncertainty = point.bins.slope
    name = "bins" if np.isnan(slope) else f"bins: slope {with_error(slope, uncertainty)}"
    bars(axes, delta, ratio, error, Style(BLUE, "o"), name, ms=2.6)
    reach = np.concatenate([delta, ratio, [0.0]])
    ends = np.array([reach.min(), reach.max()]) + 0.08 * max(float(np.ptp(reach)), 0.5) * np.array([-1, 1])
    axes.plot(ends, ends, color=BLACK, lw=1.0, zorder=2, label="slope 1")
    axes.set_xlim(*ends)
    axes.set_ylim(*ends)
    legend(axes)


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
    limit = r"exact, $T\to\infty$: $\lambda(u)$"
    axes.plot(curves.u, curves.scgf, color="#D0D0D0", lw=4.0, zorder=1, label=limit)
    axes.plot(curves.u, curves.finite, color=BLACK, lw=1.0, zorder=2, label="exact, $T$ of the run")
    # Where both ensembles resolve it the small square lies inside the circle.
    ahead: dict[str, Any] = {"ms": 6.0, "mfc": "none", "mew": 1.0}
    reverse: dict[str, Any] = {"ms": 2.6, "mfc": VERMILLION, "mew": 0.0}
    for sampled, style, look, name in (
        (curves.forward, Style(BLUE, "o"), ahead, "forward"),
        (curves.backward, Style(VERMILLION, "s"), reverse, "reversed"),
    ):
        if len(sampled.u):
            bars(axes, sampled.u, sampled.value, sampled.standard_error, style, name, **look)
    axes.axhline(0, color=GREY, lw=0.6, zorder=1)
    low, high = axes.get_ylim()
    if high - low < ROUNDING:  # not the rounding of zero
        axes.set_ylim(-1.0, 1.0)
    axes.axvline(0.5, ymax=0.9, color=GREY, lw=0.6, ls=DASHES[2], zorder=1)
    if point.breaking is None:
        place: dict[str, Any] = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        words: dict[str, Any] = {"ha": "center", "va": "top", "fontsize": 7.5, "color": "#404040"}
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.annotate("$\\lambda(u) = \\lambda(1-u)$", (0.5, 1), xytext=(0, -4), bbox=box, **place, **words)
    legend(axes)


def _running(axes: Axes, point: PointTheorems) -> None:
    """Draw the average of e^{-Delta S} over the first n trajectories, with the sample's own error bar and, as a band
    about the exact value, the exact standard error."""
    n, mean, error = point.running
    n, mean, error = n[n >= 16], mean[n >= 16], error[n >= 16]
    axes.set_xscale("log")
    axes.set_xlabel("trajectories $n$")
    axes.set_ylabel(r"$\langle e^{-\Delta S}\rangle$ over the first $n$")
    axes.axhline(point.average, color=BLACK, lw=1.0, zorder=2, label="exact")
    if len(n):
        look: dict[str, Any] = {"lw": 1.0, "elinewidth": 0.7, "capsize": 0, "zorder": 3}
        axes.errorbar(n, mean, yerr=error, color=BLUE, label="sample ± own error", **look)
        low, high = float((mean - error).min()), float((mean + error).max())
        low, high = min(low, point.average), max(high, point.average)
        pad = 0.08 * (high - low) or 0.1
        axes.set_xlim(n[0] / 1.2, n[-1] * 1.2)
        if not np.isnan(point.error):
            # Where <e^{-2 Delta S}> overflows, the band covers everything, as it does long before.
            band = np.full(len(n), point.error) / np.sqrt(n)
            wide = np.minimum(band, 10 * (high - low + 1.0))
            name = f"± exact error, at last {band[-1]:.2g}".replace("inf", "∞")
            axes.fill_between(n, point.average - wide, point.average + wide, color=SHADE, lw=0, zorder=0, label=name)
        axes.set_ylim(low - pad, high + pad)
    legend(axes)
