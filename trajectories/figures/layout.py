"""Picture -> matplotlib figure: the words above, the panels in their rows, the caption below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from trajectories.figures.figure_data import Drawing, Map, Panel, Part, Picture
from trajectories.figures.maps import draw_map
from trajectories.figures.panels import disagreement, draw_panel
from trajectories.figures.style import BLACK, POINT, faded
from trajectories.figures.typography import described, paragraph, wrapped

# Inches, by the number of columns.
WIDTHS = {1: 4.8, 2: 7.0}
WIDEST = 7.4
HEIGHT = 2.35  # of a row of panels
KEY, KEY_LINE = 0.08, 0.16  # of the legend of points and lines
KEY_LETTERS = 18.0  # per inch
CAPTION_LINE, MARGIN = 0.125, 0.06
CAPTION_LETTERS = 22.0  # per inch
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def compose(picture: Picture) -> Figure:
    """Return the figure of a picture, with all its panels."""
    columns = max((2 if _is_strip(part) else len(row) for row in picture.rows for part in row), default=1)
    width = WIDTHS.get(columns, WIDEST)
    heights = [max(_height(part) for part in row) for row in picture.rows]
    heading = Heading.of(picture.title, picture.parameters, list(picture.facts), width)
    key = Key.of(picture, width)
    above = heading.height + key.height
    caption = paragraph(picture.caption, width * CAPTION_LETTERS) if picture.caption else ""
    below = MARGIN + CAPTION_LINE * (1 + caption.count("\n")) if caption else 0.0
    total = above + sum(heights) + below
    # Heights of the words are in inches, so that they look the same beside one panel and beside six.
    room = (0.0, below / total, 1.0, 1.0 - (above + below) / total)
    layout = ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.05, hspace=0.02, wspace=0.02, rect=room)
    figure = Figure(figsize=(width, total), layout=layout)
    heading.draw(figure)
    key.draw(figure, 1 - (above - 0.03) / total)
    if caption:
        figure.text(0.09 / width, (below - 0.02) / total, caption, fontsize=6.2, va="top", linespacing=1.25)
    if heights:
        places = _places(figure.add_gridspec(len(heights), 1, height_ratios=heights), picture)
        for letter, part, place in zip(LETTERS, picture.parts, places, strict=False):
            name_panel(_draw(figure, place, part), letter)
    return figure


def _is_strip(part: Part) -> bool:
    return isinstance(part, Drawing) and len(part.parts) > 1


def _height(part: Part) -> float:
    own = part.height if isinstance(part, Drawing) else None
    return own or HEIGHT


def _places(grid: GridSpec, picture: Picture) -> list[SubplotSpec]:
    """Return the place of each panel. Rows of as many panels share a grid, so that their axes line up.

    Others have grids of their own: shared margins of columns that do not line up would leave panels no room.
    """
    places: list[SubplotSpec] = []
    start = 0
    for columns, group in groupby(picture.rows, key=len):
        rows = len(list(group))
        heights = np.array(grid.get_height_ratios())[start : start + rows]
        block = grid[start : start + rows, 0].subgridspec(rows, columns, height_ratios=heights)
        places += [block[row, column] for row in range(rows) for column in range(columns)]
        start += rows
    return places


def _draw(figure: Figure, place: SubplotSpec, part: Part) -> Axes:
    """Draw a panel at its place and return its (upper) axes."""
    if isinstance(part, Drawing):
        return _draw_strips(figure, place, part)
    axes = figure.add_subplot(place)
    if isinstance(part, Map):
        draw_map(axes, part)
    elif isinstance(part, Panel):
        draw_panel(axes, part)
    return axes


def _draw_strips(figure: Figure, place: SubplotSpec, drawing: Drawing) -> Axes:
    if len(drawing.parts) == 1:
        strips = [figure.add_subplot(place)]
    else:
        grid = place.subgridspec(len(drawing.parts), 1, hspace=0.0)
        strips = [figure.add_subplot(grid[0])]
        strips += [figure.add_subplot(grid[i], sharex=strips[0]) for i in range(1, grid.nrows)]
    for axes, draw in zip(strips, drawing.parts, strict=True):
        draw(axes)
    for upper in strips[:-1]:
        upper.set_xlabel("")
        upper.tick_params(axis="x", labelbottom=False)
    if len(strips) > 2:
        figure.align_ylabels(np.array(strips[1:]))
    if drawing.title:
        strips[0].set_title(drawing.title, loc="left", fontsize=7.5)
    return strips[0]


def name_panel(axes: Axes, letter: str) -> None:
    """Write (a) at the upper left corner of a panel, beside the legend above it."""
    look: dict[str, Any] = {"fontsize": 8.5, "ha": "right", "va": "bottom", "annotation_clip": False}
    axes.annotate(f"({letter})", (0, 1), xycoords="axes fraction", xytext=(-14, 4), textcoords="offset points", **look)


@dataclass(frozen=True)
class Key:
    """The legend of lines and points above all panels, in one line or two."""

    handles: list[Any]
    names: list[str]
    lines: int

    @classmethod
    def of(cls, picture: Picture, width: float) -> Key:
        """Return the legend of a picture `width` inches wide, empty where the picture has none."""
        statuses = {status for points in picture.points for status in points.status}
        entries: list[tuple[Any, str]] = []
        if picture.sampled is not None:
            entries.append((Line2D([], [], color=BLACK, lw=1.2), "master equation"))
        if picture.sampled:
            entries.append((_error_bar(BLACK), picture.sampled))
            if "unresolved" in statuses:
                entries.append((_error_bar(faded(BLACK)), "unresolved: too few events"))
            if "disagree" in statuses:
                entries.append((disagreement(), "disagrees"))
        letters = sum(len(name) + 7 for _, name in entries)
        handles, names = [handle for handle, _ in entries], [name for _, name in entries]
        return cls(handles, names, (1 + (letters > KEY_LETTERS * width)) if entries else 0)

    @property
    def height(self) -> float:
        """Height in inches."""
        return KEY + KEY_LINE * self.lines if self.lines else 0.0

    def draw(self, figure: Figure, y: float) -> None:
        """Draw the legend with its lower edge at y, a fraction of the figure's height."""
        if self.names:
            columns = -(-len(self.names) // self.lines)
            look: dict[str, Any] = {"loc": "lower left", "borderaxespad": 0.0, "borderpad": 0.0, "labelspacing": 0.3}
            anchor = (0.09 / figure.get_size_inches()[0], y)
            figure.legend(self.handles, self.names, ncols=columns, bbox_to_anchor=anchor, **look)


def _error_bar(colour: str) -> ErrorbarContainer:
    marker = Line2D([], [], color=colour, ls="", marker="o", **POINT)
    return ErrorbarContainer((marker, (), (LineCollection([], colors=[colour], linewidths=[0.9]),)), has_yerr=True)


@dataclass(frozen=True)
class Heading:
    """Title and subtitle, each of at most two lines that fit into the picture's width."""

    title: str
    subtitle: str

    TITLE: ClassVar[float] = 0.19  # inches: heights of a line, and of what is free above
    SUBTITLE: ClassVar[float] = 0.155
    MARGIN: ClassVar[float] = 0.08

    @classmethod
    def of(cls, title: str, parameters: Mapping[str, Any], facts: list[str], width: float) -> Heading:
        """Return the heading of a picture `width` inches wide: a title, parameters and further facts."""
        return cls(wrapped(title, int(width * 10.4)), described(parameters, facts, int(width * 18.5)))

    @property
    def height(self) -> float:
        """Height in inches."""
        title, subtitle = (1 + text.count("\n") for text in (self.title, self.subtitle))
        return self.MARGIN + title * self.TITLE + subtitle * self.SUBTITLE

    def draw(self, figure: Figure) -> None:
        """Write the heading at the top of a figure, whose panels leave `height` inches for it."""
        width, height = figure.get_size_inches()
        below = self.MARGIN + (1 + self.title.count("\n")) * self.TITLE + 0.01
        at = 0.09 / width
        look: dict[str, Any] = {"fontsize": 10, "fontweight": "bold", "va": "top", "linespacing": 1.25}
        figure.text(at, 1 - self.MARGIN / height, self.title, **look)
        figure.text(at, 1 - below / height, self.subtitle, fontsize=7.5, color="#404040", va="top", linespacing=1.4)
