"""The words above the panels of a picture: its title, and below it the parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from matplotlib.figure import Figure

from trajectories.figures.typography import described, wrapped


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
        return cls(wrapped(title, int(width * 11)), described(parameters, facts, int(width * 20)))

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
        figure.text(
            at, 1 - self.MARGIN / height, self.title, fontsize=10, fontweight="bold", va="top", linespacing=1.25
        )
        figure.text(at, 1 - below / height, self.subtitle, fontsize=7.5, color="#404040", va="top", linespacing=1.4)
