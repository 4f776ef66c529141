"""The picture of what jump records say: sampled points over exact lines. No physics is computed here."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from .countingasked import Asked
from .countingreport import CountingRow
from .countingtables import Counting
from .drawing import save
from .errors import InputError
from .panels import BLACK, BLUE, GREY, POINT, Style, bars, legend
from .typography import SETTINGS, described, unit_of, wrapped

WIDTH, HEIGHT, HEADER = 3.7, 2.7, 0.5  # inches, of one panel
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
    size = columns * WIDTH, lines * HEIGHT + HEADER
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, rect=(0, 0, 1, 1 - HEADER / size[1]))
    figure = Figure(figsize=size, layout=layout)
    figure.text(0.012, 1 - 0.09 / size[1], wrapped(found.title, 95), fontsize=9, fontweight="bold", va="top")
    remark = f"records of {point.recorded:,} trajectories" if point.recorded else "exact"
    parameters = described(point.parameters, [remark], 85 * columns)
    figure.text(0.012, 1 - 0.28 / size[1], parameters, fontsize=7.5, color="#404040", va="top")
    panels = np.atleast_1d(figure.subplots(lines, columns)).ravel()
    for axes, letter, asked, rows in zip(panels, "abcdefghijkl", point.asked, point.records, strict=False):
        _panel(axes, asked, rows)
        axes.annotate(
            letter, (0, 1), xycoords="axes fraction", xytext=(-12, 4), textcoords="offset points",
            fontsize=9, fontweight="bold", ha="right", va="bottom",
        )  # fmt: skip
    for axes in panels[len(point.asked) :]:
        axes.set_axis_off()
    return figure


def _panel(axes: Axes, asked: Asked, rows: tuple[CountingRow, ...]) -> None:
    """Draw the rows of a statistic's main quantity over its curve."""
    main = [found.row for found in rows if found.row.quantity == rows[0].row.quantity]
    quantity = main[0].quantity
    x = np.array(getattr(asked, "frequencies", [row.time for row in main]), float)
    binned = quantity in ("waiting_time_density", "g2")
    if binned:
        x = np.array([0.5 * ((row.start or 0.0) + row.time) for row in main])
    y, error, exact = (
        np.array([np.nan if (v := getattr(row, name)) is None else v for row in main], float)
        for name in ("estimate", "standard_error", "exact")
    )
    handles = [Line2D([], [], color=BLACK, lw=1.0)]
    names = ["steady state" if quantity != "first_passage_survival" else "exact"]
    axes.plot(*asked.curve, color=BLACK, lw=1.0, zorder=2)
    if quantity == "power_spectrum":
        axes.plot(x, exact, color=GREY, ls="", marker="_", ms=9, mew=1.2, zorder=2)
        handles.append(Line2D([], [], color=GREY, ls="", marker="_", ms=9, mew=1.2))
        names.append("exact at finite time")
        if (x > 0).any():
            least = float(x[x > 0].min())
            axes.set_xscale("symlog", linthresh=least, linscale=0.4)
            decades = 10.0 ** np.arange(np.ceil(np.log10(least)), np.floor(np.log10(x.max())) + 1)
            axes.set_xticks([0.0, *decades])
    if not np.isnan(y).all():
        bars(axes, x, y, error, Style(BLUE, "o"), "", ms=2.6)
        handles.append(Line2D([], [], color=BLUE, ls="", marker="o", **POINT))
        names.append("sampled")
    if quantity == "waiting_time_density" and (exact > 0).all() and not (y <= 0).any():
        axes.set_yscale("log")
    name = wrapped((main[0].label or "").split(", omega")[0], 60)
    axes.set_xlabel(f"{LABELS[quantity][0]}\n{name}")
    axes.set_ylabel(f"{LABELS[quantity][1]}{unit_of(main[0].unit)}")
    legend(axes, handles, names)
