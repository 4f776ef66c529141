"""Statistics of jump records -> picture: sampled points over exact lines."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from trajectories.errors import InputError
from trajectories.figures.draw import write
from trajectories.figures.figure_data import Drawing, Picture, in_rows
from trajectories.figures.panels import bars, legend, readable
from trajectories.figures.style import BLACK, BLUE, GREY, Style
from trajectories.figures.typography import unit_of, wrapped
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import RecordedStatistic
from trajectories.report.counting_rows import CountingRow
from trajectories.report.recorded_first_passages import FirstPassage
from trajectories.report.recorded_spectrum import PowerSpectrum, evenly_spaced
from trajectories.report.recorded_waiting_times import Coincidences, WaitingTimes

HEIGHT = 2.7  # inches, of one panel
AWAY = 0.01  # relative difference from the steady state from which exact values of the run are drawn beside it
LABELS = {
    "waiting_time_density": (r"waiting time $\tau$ (time)", "density"),
    "g2": (r"distance $\tau$ (time)", r"$g^{(2)}(\tau)$"),
    "power_spectrum": (r"frequency $\omega$ (1/time)", r"spectrum $S(\omega)$"),
    "first_passage_survival": ("$t$ (time)", "not arrived by $t$"),
}


def draw_counting(counting: Counting, path: Path) -> Path:
    """Draw the statistics asked of the jump records of the first point, and return the file written.

    path: ends in .png or .pdf. Raises InputError where nothing was asked, or the file cannot be written.
    """
    if not counting.points[0].statistics:
        raise InputError(f"-o {path}: nothing to draw: ask for --waiting, --g2, --spectrum or --first-passage")
    return write(counting_picture(counting), path)[0]


def counting_picture(counting: Counting) -> Picture:
    """Return the picture: a panel for each statistic, two beside each other."""
    point = counting.points[0]
    remark = f"records of {point.recorded:,} trajectories" if point.recorded else "exact"
    panels = [
        Drawing((partial(_panel, statistic=statistic, rows=rows),), height=HEIGHT)
        for statistic, rows in zip(point.statistics, point.records, strict=True)
    ]
    rows = in_rows(panels, min(2, len(panels)))
    return Picture(counting.title, rows, point.parameters, (remark,))


def _places(statistic: RecordedStatistic, main: list[CountingRow]) -> np.ndarray:
    """Return where along the axis the rows stand (n,): frequencies, times, or the middles of bins."""
    if isinstance(statistic, PowerSpectrum):
        return statistic.frequencies
    if isinstance(statistic, FirstPassage):
        return np.array([row.time for row in main])
    low, high = statistic.edges[:-1], statistic.edges[1:]
    middle = 0.5 * (low + high)
    return np.where(low > 0, np.sqrt(low * high), middle) if statistic.bins.logarithmic else middle


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


def _panel(axes: Axes, statistic: RecordedStatistic, rows: tuple[CountingRow, ...]) -> None:
    """Draw the rows of a statistic's main quantity over its curve."""
    main = [row for row in rows if row.quantity == rows[0].quantity]
    quantity = main[0].quantity
    x = _places(statistic, main)
    y, error, exact = (
        np.array([np.nan if (v := getattr(row, name)) is None else v for row in main], float)
        for name in ("estimate", "standard_error", "exact")
    )
    name = "steady state" if quantity != "first_passage_survival" else "exact"
    axes.plot(*statistic.curve, color=BLACK, lw=1.0, zorder=2, label=name)
    limit = np.array([np.nan if row.long_time is None else row.long_time for row in main], float)
    if quantity == "power_spectrum" or (np.abs(exact - limit) > AWAY * np.abs(limit)).any():
        dash: dict[str, Any] = {"ls": "", "marker": "_", "ms": 9, "mew": 1.2}
        axes.plot(x, exact, color=GREY, zorder=2, label="exact, this start and time", **dash)
    if quantity == "power_spectrum":
        _frequency_axis(axes, x)
    if not np.isnan(y).all():
        bars(axes, x, y, error, Style(BLUE, "o"), "sampled", ms=2.6)
    if quantity == "waiting_time_density" and (exact > 0).all() and not (y <= 0).any():
        axes.set_yscale("log")
        # Zeros of the curve, as of waits for a second photon, are not what the range is for.
        seen = np.concatenate([exact, y[np.isfinite(y)]])
        axes.set_ylim(seen.min() / 3, 2 * max(seen.max(), float(np.max(statistic.curve[1]))))
        readable(axes.yaxis)
    if isinstance(statistic, WaitingTimes | Coincidences) and statistic.bins.logarithmic:
        axes.set_xscale("log")
        readable(axes.xaxis)
    name = wrapped((main[0].label or "").split(", omega")[0], 60)
    axes.set_xlabel(f"{LABELS[quantity][0]}\n{name}")
    axes.set_ylabel(f"{LABELS[quantity][1]}{unit_of(main[0].unit)}")
    legend(axes)
