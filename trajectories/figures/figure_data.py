"""What the picture of a sweep shows, in numbers and words: panels of curves, or maps. Nothing here draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Points:
    """Sampled values of one curve, each (n,): where, estimate, standard error, and whether it disagrees.

    unresolved: whether the error bar is not to be trusted, None where nothing is said of it.
    """

    x: np.ndarray
    estimate: np.ndarray
    error: np.ndarray
    wrong: np.ndarray
    unresolved: np.ndarray | None = None


@dataclass(frozen=True)
class Curve:
    """One line of the master equation, x and y (n,), with the sampled points that belong to it.

    value: which of the curves' values it belongs to, None where it is the same for all; formula: which of the panel's
    formulas it shows. marks: where along x an arrow stands. style: colour and dashes in words, where asked for.
    """

    x: np.ndarray
    y: np.ndarray
    value: int | None = None
    formula: int = 0
    style: str = ""
    points: Points | None = None
    marks: tuple[float, ...] = ()


@dataclass(frozen=True)
class Guide:
    """A line that helps to read: through (x, y), or upright at x, or level at y where the other one is None."""

    x: np.ndarray | None
    y: np.ndarray | None
    style: str = ""
    label: str = ""


@dataclass(frozen=True)
class Contour:
    """Where `values`, shape (ny, nx) of the map, are equal to `level`."""

    values: np.ndarray
    level: float
    style: str = ""
    label: str = ""


@dataclass(frozen=True)
class Axis:
    """A label, "linear" or "log", and the limits that are asked for."""

    label: str
    scale: str = "linear"
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Panel:
    """Curves over one axis. values, formulas: what the legend calls each value and each formula ("" for nothing).

    taken: styles in words of the figure's formulas: values do not take the colours in them.
    """

    x: Axis
    y: Axis
    curves: tuple[Curve, ...]
    values: tuple[str, ...] = ()
    formulas: tuple[str, ...] = ("",)
    guides: tuple[Guide, ...] = ()
    title: str = ""
    taken: tuple[str, ...] = ()


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
    contours: tuple[Contour, ...] = ()
    guides: tuple[Guide, ...] = ()
    title: str = ""


@dataclass(frozen=True)
class Picture:
    """Rows of panels or of maps. caption: stands below them; notes: what is fixed, what lines and points are."""

    title: str
    caption: str
    notes: str
    grid: tuple[tuple[Panel | Map, ...], ...]
    legend: str = "best"
