"""The content of a picture in numbers and words: panels of curves, maps, and drawings of other kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes


@dataclass(frozen=True)
class Axis:
    """A label, and "linear" or "log"."""

    label: str = ""
    scale: str = "linear"


@dataclass(frozen=True)
class Points:
    """Sampled values of one curve, each (n,): position, estimate, standard error and status of the comparison."""

    x: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    status: np.ndarray

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Curve:
    """One quantity: the master equation's line (2, n) and the sampled points.

    which: label or reservoir. value: of the other swept parameter, as a legend writes it; "" without one.
    """

    quantity: str
    which: str | None
    unit: str
    line: np.ndarray
    points: Points
    value: str = ""

    @property
    def name(self) -> str:
        """Return quantity, label and value, as artists are labelled."""
        return " ".join(filter(None, (self.quantity, self.which, self.value)))

    @property
    def reach(self) -> float:
        """Return the largest absolute value of line and points."""
        sizes = np.abs(np.concatenate([self.line[1], self.points.estimate]))
        return float(np.nanmax(sizes)) if np.isfinite(sizes).any() else 0.0


@dataclass(frozen=True)
class Panel:
    """Curves over one axis. legend: whether one is drawn; side_by_side: as bars, each curve with one value."""

    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    legend: bool = True
    side_by_side: bool = False


@dataclass(frozen=True)
class Map:
    """Values (ny, nx) over x (nx,) and y (ny,). kind: "exact", "sampled", or "z", a difference in standard errors.

    low, high: the ends of the colour scale, the same for the exact and the sampled map of a quantity.
    """

    x: Axis
    y: Axis
    z: Axis
    across: np.ndarray
    upward: np.ndarray
    values: np.ndarray
    kind: str
    low: float
    high: float


@dataclass(frozen=True)
class Drawing:
    """A panel that functions draw into axes: one, or several strips above each other on a common x axis."""

    parts: tuple[Callable[[Axes], None], ...]
    title: str = ""
    height: float | None = None  # inches, None for that of other panels


Part = Panel | Map | Drawing


@dataclass(frozen=True)
class Picture:
    """Rows of panels, with the words above and below them.

    parameters, facts: written below the title. sampled: legend of the sampled points, "" where only lines are drawn,
    None where no common legend explains lines and points. formats: file endings that the run asks for.
    """

    title: str
    rows: tuple[tuple[Part, ...], ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    facts: tuple[str, ...] = ()
    caption: str = ""
    sampled: str | None = None
    formats: tuple[str, ...] = ("png",)

    @property
    def parts(self) -> list[Part]:
        """Return all panels, row by row."""
        return [part for row in self.rows for part in row]

    @property
    def points(self) -> list[Points]:
        """Return the sampled points of all panels of curves."""
        return [curve.points for part in self.parts if isinstance(part, Panel) for curve in part.curves]


def in_rows(parts: Sequence[Part], columns: int | None = None) -> tuple[tuple[Part, ...], ...]:
    """Return panels in rows of `columns`, by default of as many as suit their number."""
    columns = columns or {1: 1, 2: 2, 4: 2}.get(len(parts), 3)
    return tuple(tuple(parts[i : i + columns]) for i in range(0, len(parts), columns))
