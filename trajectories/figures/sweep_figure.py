"""Picture of a sweep -> matplotlib figure: the layout of its panels or maps, title above and words below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from trajectories.figures.figure_data import Map, Picture
from trajectories.figures.panels import name_panel
from trajectories.figures.sweep_curves import draw_panel
from trajectories.figures.sweep_maps import draw_map
from trajectories.figures.typography import paragraph, wrapped

# Inches. A single panel is as wide as a column of a journal, three maps as wide as a page.
WIDTHS = {1: 3.5, 2: 6.2, 3: 7.4, 4: 8.4}
HEIGHTS = {1: 2.5, 2: 2.35, 3: 2.15, 4: 1.95}
TITLE_LINE, SMALL_LINE, MARGIN = 0.18, 0.125, 0.06
TITLE_LETTERS, SMALL_LETTERS = 14.0, 22.0  # per inch
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Words:
    """Title, caption and notes, broken into lines that fit a width in inches."""

    title: str
    below: tuple[str, str]

    @classmethod
    def of(cls, picture: Picture, width: float) -> Words:
        title = wrapped(picture.title, int(width * TITLE_LETTERS)) if picture.title else ""
        caption, notes = (paragraph(text, width * SMALL_LETTERS) for text in (picture.caption, picture.notes))
        return cls(title, (caption, notes))

    @property
    def above_height(self) -> float:
        return MARGIN + TITLE_LINE * (1 + self.title.count("\n")) if self.title else MARGIN / 2

    @property
    def below_height(self) -> float:
        return MARGIN + SMALL_LINE * sum(1 + text.count("\n") for text in self.below if text)

    def draw(self, figure: Figure) -> None:
        width, height = figure.get_size_inches()
        figure.text(0.06 / width, 1 - MARGIN / height, self.title, fontsize=8.5, fontweight="bold", va="top")
        y = self.below_height - 0.01
        for text, colour in zip(self.below, ("#000000", "#505050"), strict=True):
            if text:
                look: dict[str, Any] = {"fontsize": 6.2, "va": "top", "linespacing": 1.25, "color": colour}
                figure.text(0.06 / width, y / height, text, **look)
                y -= SMALL_LINE * (1 + text.count("\n"))


def compose_sweep(picture: Picture) -> Figure:
    """Return the picture with all its panels."""
    columns = max(map(len, picture.grid))
    width, height = WIDTHS.get(columns, 2.1 * columns), HEIGHTS.get(columns, HEIGHTS[4])
    texts = Words.of(picture, width)
    above, below = texts.above_height, texts.below_height
    total = above + below + height * len(picture.grid)
    room = (0.0, below / total, 1.0, 1.0 - (above + below) / total)
    layout = ConstrainedLayoutEngine(w_pad=0.03, h_pad=0.03, hspace=0.02, wspace=0.02, rect=room)
    figure = Figure(figsize=(width, total), layout=layout)
    texts.draw(figure)
    grid = figure.add_gridspec(len(picture.grid), columns)
    shown = [(i, j, panel) for i, row in enumerate(picture.grid) for j, panel in enumerate(row)]
    said: list[tuple[Any, ...]] = []
    for letter, (i, j, panel) in zip(LETTERS, shown, strict=False):
        axes = figure.add_subplot(grid[i, j])
        if isinstance(panel, Map):
            draw_map(figure, axes, panel, picture.legend)
        else:
            # What one legend says, the next panel need not repeat.
            entries = (panel.values, panel.formulas, tuple(guide.label for guide in panel.guides))
            draw_panel(axes, panel, "" if picture.legend == "none" or entries in said else picture.legend)
            said.append(entries)
        if len(shown) > 1:
            name_panel(axes, letter)
        under = picture.grid[i + 1][j] if i + 1 < len(picture.grid) and j < len(picture.grid[i + 1]) else None
        if panel.title and under is not None and under.x == panel.x and under.title == panel.title:
            # A column of panels for one value of a parameter says once what they share.
            axes.set_xlabel("")
        if panel.title and (i == 0 or picture.grid[i - 1][j].title != panel.title):
            axes.set_title(panel.title, loc="center", fontsize=7.5, pad=3)
    return figure
