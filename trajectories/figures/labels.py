"""Small things that a figure needs: what values are called, grids fine enough to be drawn, zeros along a curve."""

from __future__ import annotations

import numpy as np

from trajectories.figures.typography import parameter, quantity_name, value, words
from trajectories.runfiles.figure_spec import Drawn

FINE = 101


def named(template: str, name: str, v: float) -> str:
    """Return what a value of a parameter is called."""
    if not template:
        return f"{parameter(name)} = {value(v)}"
    return words(template.format(value=v)).replace("inf", r"$\infty$")


def called(drawn: Drawn) -> str:
    """Return an axis label for a formula without one: the quantity's name where it is one."""
    quantity, _, which = drawn.of.text.partition(".")
    plain = quantity.isidentifier() and drawn.of.names == {drawn.of.text}
    return f"{quantity_name(quantity)} {which}".strip() if plain else drawn.of.text


def zeros(x: np.ndarray, y: np.ndarray) -> tuple[float, ...]:
    """Return where y goes through zero, by straight lines between the grid's points."""
    at = np.flatnonzero((y[:-1] < 0) != (y[1:] < 0))
    return tuple(float(x[i] - y[i] * (x[i + 1] - x[i]) / (y[i + 1] - y[i])) for i in at)


def denser(values: np.ndarray) -> np.ndarray:
    """Return a grid fine enough to be drawn, the values among its points."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return values
    spaced = np.geomspace if logarithmic(finite) else np.linspace
    return np.union1d(values, spaced(finite.min(), finite.max(), FINE))


def logarithmic(grid: np.ndarray) -> bool:
    """Whether values are spaced evenly in their logarithm, over half a decade or more."""
    grid = np.sort(grid)
    if len(grid) < 3 or grid[0] <= 0 or not grid[-1] > 3 * grid[0] or np.isinf(grid[-1]):
        return False
    steps = np.diff(np.log(grid))
    return bool(np.ptp(steps) < 1e-6 * steps.max())
