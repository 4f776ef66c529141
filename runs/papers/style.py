"""What the scripts of the papers' figures share: the run file, the result, one look, and the command line.

A script NAME.py has RUN (its run file, or the same few keys where nothing is sampled), CAPTION, `curves()`, which
returns the arrays of the master equation, and `draw(result)`, which returns the figure. result: of NAME.h5, or None.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, ScalarFormatter
from numpy.typing import ArrayLike
from sampled_points import Sampled

import trajectories
from trajectories.exact import largest

FOLDER = Path(__file__).parent
BLUE, RED, GREEN, ORANGE, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#8C8C8C"
COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE)
MARKERS = "osD^v"
DASHED, DOTTED, DASHDOT = (0, (4, 1.8)), (0, (1, 1.3)), (0, (5, 1.5, 1, 1.5))
POINT: dict[str, Any] = {"ms": 3.4, "mfc": "white", "mew": 0.8}
RING: dict[str, Any] = {"marker": "o", "ms": 8, "mfc": "none", "mec": "#E00000", "mew": 1.0, "ls": "", "zorder": 4}
NOTHING = "#DDDDDD"
"""Colour of a map where a value does not exist or is unresolved."""
WIDTHS, HEIGHTS = {1: 3.5, 2: 6.2, 3: 7.4, 4: 8.4}, {1: 2.5, 2: 2.35, 3: 2.15, 4: 1.95}
"""Inches: of the figure, and of a row of panels, by the number of columns."""
LETTERS_PER_INCH, LINE = 22.0, 0.125
GREEK = ("beta", "gamma", "delta", "epsilon", "kappa", "omega")
SETTINGS: dict[str, Any] = {
    **{"font.size": 7.5, "axes.labelsize": 8, "xtick.labelsize": 7, "ytick.labelsize": 7, "legend.fontsize": 7},
    **{"axes.linewidth": 0.6, "lines.linewidth": 1.2, "axes.spines.top": False, "axes.spines.right": False},
    **{"xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5},
    **{"xtick.minor.size": 1.5, "ytick.minor.size": 1.5, "legend.frameon": False, "legend.handlelength": 1.6},
    **{"legend.handletextpad": 0.5, "legend.columnspacing": 1.1, "legend.labelspacing": 0.3},
    **{"mathtext.fontset": "dejavusans", "pdf.fonttype": 42, "savefig.facecolor": "white"},
}


def run_file(name: str) -> dict[str, Any]:
    """Return the run file NAME.toml beside this module as a dict, with its `name`."""
    with open(FOLDER / f"{name}.toml", "rb") as file:
        return {"name": name, **tomllib.load(file)}


def machine(run: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    """Return the arguments `machine` and parameters of `trajectories.exact.steady`: the run's [system] and others."""
    system = {**run["system"], **others}
    return {"machine": system.pop("name"), **system}


def search(run: Mapping[str, Any], **grid: Any) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the largest value of what the run's [optimise] names, and the parameters there, on a grid of others."""
    over = {name: (low, high) for name, (low, high) in run["optimise"]["over"].items()}
    return largest(**machine(run, **grid), name=run["optimise"]["maximise"], over=over)


def column(values: Sequence[float]) -> np.ndarray:
    """Return numbers as an array (n, 1), which broadcasts against a row."""
    return np.reshape(np.asarray(values, float), (-1, 1))


def panels(run: Mapping[str, Any], rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Return a figure with the run's title, and its axes row by row, lettered where there are several."""
    figure = Figure(figsize=(WIDTHS[columns], HEIGHTS[columns] * rows), layout="constrained")
    title = "\n".join(paragraph(run["title"], 14.0 * WIDTHS[columns]))
    figure.suptitle(title, x=0.02, ha="left", fontsize=8.5, fontweight="bold")
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for letter, one in zip("abcdefgh", axes if len(axes) > 1 else [], strict=False):
        one.set_title(f"({letter})", loc="left", fontsize=8.5, x=-0.12)
    return figure, axes


def label(axes: Axes, xlabel: str, ylabel: str, **how: Any) -> None:
    """Label a panel's axes, the power of ten of its values in the label; how: further properties of the axes."""
    axes.set(xlabel=xlabel, **how)
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log":
            axis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(ylabel + (power_of_ten(axes.yaxis) if axes.get_yscale() == "linear" else ""))


def power_of_ten(axis: Any) -> str:
    """Write an axis' values without their common power of ten, and return it for the axis' label."""
    largest = float(np.abs(axis.get_view_interval()).max())
    if 0.02 <= largest < 1e4:
        return ""
    power = int(np.floor(np.log10(largest)))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_powerlimits((power, power))
    axis.set_major_formatter(formatter)
    axis.offsetText.set_visible(False)
    return f" ($10^{{{power}}}$)"


def family(
    axes: Axes,
    x: np.ndarray,
    lines: np.ndarray,
    values: ArrayLike,
    name: str,
    points: Sampled | None = None,
    colours: Sequence[str] = COLOURS,
) -> None:
    """Draw curves (values, x), a colour for each value, with the sampled points at that value.

    name: the legend's entry, with {} for the value. points: their sweep is over x and over the curves' parameter.
    """
    for k, (value, line) in enumerate(zip(np.ravel(values), lines, strict=True)):
        axes.plot(x, line, color=colours[k])
        chosen = points.of(value) if points is not None else None
        look = {"marker": MARKERS[k], **POINT} if chosen is not None and chosen.size else {}
        axes.plot([], [], color=colours[k], label=name.format(f"{value:g}"), **look)
        if chosen is not None:
            mark(axes, chosen, colours[k], MARKERS[k])


def mark(axes: Axes, points: Sampled | None, colour: str = BLUE, marker: str = "o") -> None:
    """Draw sampled points with bars of one standard error: pale where unresolved, ringed where they disagree."""
    if points is None:
        return
    pale = to_hex(tuple(1 - 0.35 * (1 - part) for part in to_rgb(colour)))
    unresolved = points.status == "unresolved"
    for chosen, shade in ((~unresolved, colour), (unresolved, pale)):
        bars: dict[str, Any] = {"elinewidth": 0.8, "capsize": 1.5, "capthick": 0.7, "zorder": 3, **POINT}
        if chosen.any():
            values = points.x[chosen], points.estimate[chosen], points.error[chosen]
            axes.errorbar(*values, fmt=marker, color=shade, **bars)
    wrong = points.status == "disagree"
    axes.plot(points.x[wrong], points.estimate[wrong], **RING)


def legend_above(axes: Axes, columns: int) -> None:
    """Put the legend above a panel, where it can hide nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.1, ncols=columns)


def arrow(axes: Axes, x: np.ndarray, line: np.ndarray, difference: np.ndarray, colour: str = BLUE) -> None:
    """Point an arrow at a curve where a difference (x,) goes through zero."""
    for i in np.flatnonzero((difference[:-1] < 0) != (difference[1:] < 0)):
        at = x[i] - difference[i] * (x[i + 1] - x[i]) / (difference[i + 1] - difference[i])
        look = {"arrowstyle": "-|>", "color": colour, "lw": 0.8, "mutation_scale": 6}
        place: dict[str, Any] = {"xytext": (0, 13), "textcoords": "offset points", "annotation_clip": False}
        axes.annotate("", (at, float(np.interp(at, x, line))), arrowprops=look, **place)


def paragraph(text: str, width: float) -> list[str]:
    """Return a text with formulas in lines of about `width` letters; no line ends inside a formula."""
    lines = [""]
    for word in re.findall(r"(?:\$[^$]*\$|[^\s$])+", text):
        plain = re.sub(r"\\[a-zA-Z]+", "x", f"{lines[-1]} {word}".replace(r"\mathrm", ""))
        if lines[-1] and len(re.sub(r"[${}_^]", "", plain)) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def notes(run: Mapping[str, Any], result: Any) -> str:
    """Return what a figure holds fixed, and what its lines and points are."""
    roles = {"name", *run.get("sweep", {})}
    fixed = [f"{symbol(key)} = {value:g}" for key, value in run["system"].items() if key not in roles]
    facts = [", ".join(fixed)] if fixed else []
    if "optimise" in run:
        over, what = ", ".join(map(symbol, run["optimise"]["over"])), run["optimise"]["maximise"]
        facts.append(f"{over} where {what} is largest" if what.isidentifier() else f"{over} at its best")
    facts.append(r"$\hbar = k_\mathrm{B} = 1$")
    if result is None:
        sampled = "ensemble" in run
        facts.append("master equation alone" + (f" (no result {run['name']}.h5)" if sampled else ""))
    else:
        many = f"N = {result.trajectories:,} trajectories at each point, from the {run['ensemble']['initial']} state"
        facts.append(f"lines and fine maps: master equation; sampled, ± 1 standard error: {many} to t = ")
        facts[-1] += f"{result.times[-1]:g}; pale or grey: unresolved, too few events"
    return "; ".join(facts)


def symbol(name: str) -> str:
    """Return a parameter's name as a formula: gamma_h as a Greek letter with an index, long names as they are."""
    head, *rest = name.split("_")
    letter = f"\\{head}" if head.lower() in GREEK else head
    if letter == head and len(head) > 1:
        return name
    return f"${letter}_{{\\mathrm{{{','.join(rest)}}}}}$" if rest else f"${letter}$"


def caption(figure: Figure, text: str, small: str) -> None:
    """Write the caption and the notes below a figure, which grows by their lines."""
    width, height = figure.get_size_inches()
    blocks = [paragraph(words, LETTERS_PER_INCH * width) for words in (text, small)]
    room = 0.06 + LINE * sum(map(len, blocks))
    figure.set_size_inches(width, height + room + 0.2)
    total = height + room + 0.2
    y = room - 0.01
    for lines, colour in zip(blocks, ("#000000", "#505050"), strict=True):
        look: dict[str, Any] = {"fontsize": 6.2, "va": "top", "linespacing": 1.25, "color": colour}
        figure.text(0.06 / width, y / total, "\n".join(lines), **look)
        y -= LINE * len(lines)
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0.0, room / total, 1.0, 1.0 - room / total), w_pad=0.03, h_pad=0.05)


def save(run: Mapping[str, Any], text: str, draw: Callable[[Any], Figure], folder: Path, exact: bool) -> list[Path]:
    """Draw a figure and save it in a folder as PNG and PDF; return the two paths.

    exact: leave out what was sampled; otherwise it is read from NAME.h5 in the folder, if there is one.
    """
    file = folder / f"{run['name']}.h5"
    result = trajectories.open(file) if file.exists() and not exact else None
    with matplotlib.rc_context(SETTINGS):
        figure = draw(result)
        small = notes(run, result)
        caption(figure, text, small)
        FigureCanvasAgg(figure)
        paths = [folder / f"{run['name']}.{ending}" for ending in ("png", "pdf")]
        for path in paths:
            figure.savefig(path, dpi=200)
    print(
        f"{paths[0]}, .pdf: {'master equation alone' if result is None else f'with the points of {file}'}", flush=True
    )
    return paths


def main(run: Mapping[str, Any], text: str, draw: Callable[[Any], Figure], words: Iterable[str] | None = None) -> None:
    """Draw a script's figure as its command line says."""
    parser = argparse.ArgumentParser(
        description=f"Draw {run['name']}.png and .pdf, with the points of {run['name']}.h5"
    )
    parser.add_argument("--exact", action="store_true", help="the master equation alone")
    parser.add_argument("--out", type=Path, default=Path("."), metavar="FOLDER", help="of the result and of the figure")
    given = parser.parse_args(None if words is None else list(words))
    try:
        given.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {given.out}: no folder can be made there: {error.strerror or error}")
    save(run, text, draw, given.out, given.exact)
