"""The picture of what jump records say: sampled points over exact lines. No physics is computed here."""

from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from trajectories.errors import InputError
from trajectories.figures.draw import save
from trajectories.figures.heading import Heading
from trajectories.figures.panels import BLACK, BLUE, GREY, POINT, Style, bars, legend, name_panel, readable
from trajectories.figures.typography import SETTINGS, unit_of, wrapped
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import Asked
from trajectories.report.counting_rows import CountingRow
from trajectories.report.recorded_first_passages import FirstPassage
from trajectories.report.recorded_spectrum import PowerSpectrum, evenly_spaced
from trajectories.report.recorded_waiting_times import Coincidences, WaitingTimes

WIDTH, HEIGHT = 3.7, 2.7  # inches, of one panel
AWAY = 0.01  # relative difference from the steady state from which exact values of the run are drawn beside it
LABELS = {
    "waiting_time_density": (r"waiting time $\tau$ (time)", "density"),
    "g2": (r"distance $\tau$ (time)", r"$g^{(2)}(\tau)$"),
    "power_spectrum": (r"frequency $\omega$ (1/time)", r"spectrum $S(\omega)$"),
    "first_passage_survival": ("$t$ (time)", "not arrived by $t$"),
}


def draw_counting(found: Counting, path: Path) -> Path:
    """Draw what was asked of the jump records of the first point, and return the file written.

    path: ends in .png or .pdf. Raises InputError where nothing was asked, or it cannot be written.
    """
    if not found.points[0].asked:
        raise InputError(f"-o {path}: nothing to draw: ask for --waiting, --g2, --spectrum or --first-passage")
    with rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        return save(compose(found), path, path.suffix[1:])


def compose(found: Counting) -> Figure:
    """Return the picture: a panel for each statistic, two beside each other, below the title and the parameters."""
    point = found.points[0]
    columns = min(2, len(point.asked))
    lines = -(-len(point.asked) // columns)
    width = columns * WIDTH
    remark = f"records of {point.recorded:,} trajectories" if point.recorded else "exact"
    heading = Heading.of(found.title, point.parameters, [remark], width)
    height = lines * HEIGHT + heading.height
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, rect=(0, 0, 1, 1 - heading.height / height))
    figure = Figure(figsize=(width, height), layout=layout)
    heading.draw(figure)
    grid = figure.add_gridspec(lines, columns)
    for i, (letter, asked, rows) in enumerate(zip("abcdefghijklmnop", point.asked, point.records, strict=False)):
        line, column = divmod(i, columns)
        alone = i == len(point.asked) - 1 and column == 0
        axes = figure.add_subplot(grid[line, :] if alone else grid[line, column])
        _panel(axes, asked, rows)
        name_panel(axes, letter)
    return figure


def _places(asked: Asked, main: list[CountingRow]) -> np.ndarray:
    """Return where along the axis the rows stand (n,): frequencies, times, or the middles of bins."""
    if isinstance(asked, PowerSpectrum):
        return asked.frequencies
    if isinstance(asked, FirstPassage):
        return np.array([row.time for row in main])
    low, high = asked.edges[:-1], asked.edges[1:]
    middle = 0.5 * (low + high)
    return np.where(low > 0, np.sqrt(low * high), middle) if asked.bins.logarithmic else middle


def _frequency_axis(axes: Axes, x: np.ndarray) -> None:
    """Make frequencies linear where they are evenly spaced, else logarithmic with zero beside; label some of them."""
    sizes = np.abs(x[x != 0])
    if evenly_spaced(x) or not len(sizes):
        return
    least, most = float(sizes.min()), float(sizes.max())
    axes.set_xscale("symlog", linthresh=least, linscale=0.4)
    few = most < 100 * least
    powers = range(math.floor(math.log10(least)), math.floor(math.log10(most)) + 1)
    ticks = np.array([m * 10.0**k for k in powers for m in ((1, 2, 5) if few else (1,))])
    ticks = ticks[(ticks >= least * (1 - 1e-9)) & (ticks <= most * (1 + 1e-9))]
    axes.set_xticks([*(-ticks[::-1] if x.min() < 0 else []), 0.0, *ticks])
    if 1e-3 < least and most < 1e4:
        axes.xaxis.set_major_formatter("{x:g}")


def _panel(axes: Axes, asked: Asked, rows: tuple[CountingRow, ...]) -> None:
    """Draw the rows of a statistic's main quantity over its curve."""
    main = [row for row in rows if row.quantity == rows[0].quantity]
    quantity = main[0].quantity
    x = _places(asked, main)
    y, error, exact = (
        np.array([np.nan if (v := getattr(row, name)) is None else v for row in main], float)
        for name in ("estimate", "standard_error", "exact")
    )
    handles = [Line2D([], [], color=BLACK, lw=1.0)]
    names = ["steady state" if quantity != "first_passage_survival" else "exact"]
    axes.plot(*asked.curve, color=BLACK, lw=1.0, zorder=2)
    limit = np.array([np.nan if row.long_time is None else row.long_time for row in main], float)
    if quantity == "power_spectrum" or (np.abs(exact - limit) > AWAY * np.abs(limit)).any():
        axes.plot(x, exact, color=GREY, ls="", marker="_", ms=9, mew=1.2, zorder=2)
        handles.append(Line2D([], [], color=GREY, ls="", marker="_", ms=9, mew=1.2))
        names.append("exact, this start and time")
    if quantity == "power_spectrum":
        _frequency_axis(axes, x)
    if not np.isnan(y).all():
        bars(axes, x, y, error, Style(BLUE, "o"), "", ms=2.6)
        handles.append(Line2D([], [], color=BLUE, ls="", marker="o", **POINT))
        names.append("sampled")
    if quantity == "waiting_time_density" and (exact > 0).all() and not (y <= 0).any():
        axes.set_yscale("log")
        # Zeros of the curve, as of waits for a second photon, are not what the range is for.
        seen = np.concatenate([exact, y[np.isfinite(y)]])
        axes.set_ylim(seen.min() / 3, 2 * max(seen.max(), float(np.max(asked.curve[1]))))
    if isinstance(asked, WaitingTimes | Coincidences) and asked.bins.logarithmic:
        axes.set_xscale("log")
        readable(axes.xaxis)
    name = wrapped((main[0].label or "").split(", omega")[0], 60)
    axes.set_xlabel(f"{LABELS[quantity][0]}\n{name}")
    axes.set_ylabel(f"{LABELS[quantity][1]}{unit_of(main[0].unit)}")
    legend(axes, handles, names)
