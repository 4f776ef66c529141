"""Parameters at which a quantity of the steady state is largest.

The bounded box is searched in the logarithms where a parameter's bounds are positive, otherwise in the parameters
themselves: a grid over all of it, then scipy's L-BFGS-B from each of its best peaks, and its Nelder-Mead where a
maximum is a kink. Nothing is drawn at random. What is flat is settled by rule:

- numbers are rounded to six digits, for a maximum determines its place to half the digits of its value only; within
  that of a bound they are the bound;
- a parameter whose bound gives the same value to 12 digits is on that bound, the lower one if both do;
- where a common factor of all parameters changes nothing (rates that matter by their ratios), the factor is as large
  as the bounds allow: one of them lies on its upper bound;
- where concurrence or negativity of two qubits vanish everywhere, the place is that which comes closest to
  entanglement, where the entanglement margin is largest;
- of equal values elsewhere, the first on the grid: the smallest parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError

Floats = NDArray[np.float64]
Function = Callable[[dict[str, Floats]], Floats]
"""Parameters as arrays (n,) by name -> values (n,)."""

ENTANGLEMENT = ("concurrence", "negativity", "effective.concurrence")
DIGITS = 6
SAME = 1e-9
UNCHANGED = 1e-12
PEAKS = 3
GRID = (65, 17, 9, 6)
"""Points along each axis, for one to four parameters."""
STEP = 1e-5
"""Of the unit cube, for derivatives."""
LEVEL = 1e-6
"""Slope in the unit cube, in units of the function's range, above which what was reached is a kink."""


@dataclass(frozen=True)
class Optimum:
    """A maximum.

    quantity: what is largest. value: at the rounded parameters. parameters: by name. bounds: by name, what was
    searched. active: the parameters that lie on a bound, "lower" or "upper" by name. zero: whether the quantity
    measures entanglement and vanishes in all of the box.
    """

    quantity: str
    value: float
    parameters: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    active: Mapping[str, str]
    zero: bool

    def json(self) -> dict[str, Any]:
        """Return the maximum as plain data."""
        over = {
            name: {
                "value": value,
                "from": self.bounds[name][0],
                "to": self.bounds[name][1],
                "bound": self.active.get(name),
            }
            for name, value in self.parameters.items()
        }
        return {"quantity": self.quantity, "value": self.value, "over": over, "zero": self.zero}

    @classmethod
    def at(
        cls,
        quantity: str,
        function: Function,
        parameters: Mapping[str, float],
        bounds: Mapping[str, tuple[float, float]],
    ) -> Optimum:
        """Return the maximum that a function of parameters has at a place that was found."""
        value = float(function({name: np.array([number]) for name, number in parameters.items()})[0])
        active = {
            name: "lower" if parameters[name] == low else "upper"
            for name, (low, high) in bounds.items()
            if parameters[name] in (low, high) and low < high
        }
        return cls(quantity, value, dict(parameters), dict(bounds), active, quantity in ENTANGLEMENT and value <= 0.0)

    def text(self) -> str:
        """Return one line that says what is largest, how large, where, and which bounds are active."""
        where = ", ".join(
            f"{name} = {value:.6g}" + (f" (on its {self.active[name]} bound)" if name in self.active else "")
            for name, value in self.parameters.items()
        )
        if self.zero:
            return f"largest {self.quantity} = 0 everywhere within the bounds; taken: {where}"
        return f"largest {self.quantity} = {self.value:.10g} at {where}"


class Box:
    """The bounds as a unit cube, logarithmic where both bounds are positive."""

    def __init__(self, bounds: Mapping[str, tuple[float, float]]) -> None:
        self.names = tuple(bounds)
        self.low, self.high = np.array(list(bounds.values()), float).T
        self.logarithmic = (self.low > 0) & (self.high > 0)

    def values(self, unit: Floats) -> dict[str, Floats]:
        """Return the parameters by name, (n,), at points (n, k) of the cube."""
        ratio = np.where(self.logarithmic, self.high / np.where(self.logarithmic, self.low, 1.0), 1.0)
        linear = self.low + (self.high - self.low) * unit
        columns = np.where(self.logarithmic, np.abs(self.low) * ratio**unit, linear)
        columns = np.where(unit <= 0, self.low, np.where(unit >= 1, self.high, columns))
        return dict(zip(self.names, columns.T, strict=True))

    def point(self, unit: Floats) -> dict[str, float]:
        """Return the parameters at one point (k,), rounded, or on a bound from which rounding cannot tell them."""
        parameters = {}
        for i, (name, value) in enumerate(self.values(unit[None]).items()):
            low, high = float(self.low[i]), float(self.high[i])
            near = 10.0**-DIGITS * (abs(value[0]) if self.logarithmic[i] else high - low)
            rounded = min(max(float(f"{value[0]:.{DIGITS}g}"), low), high)
            parameters[name] = low if value[0] - low <= near else high if high - value[0] <= near else rounded
        return parameters

    def grid(self, points: int) -> Floats:
        """Return a grid over the cube, (points^k, k), the last parameter fastest."""
        axes = np.meshgrid(*[np.linspace(0.0, 1.0, points)] * len(self.names), indexing="ij")
        return np.stack([axis.ravel() for axis in axes], axis=1)

    def evaluated(self, function: Function, unit: Floats) -> Floats:
        """Return a function at points (n, k) of the cube, (n,), -inf where it has no value."""
        values = np.asarray(function(self.values(unit)), float)
        return np.where(np.isnan(values) | (values == math.inf), -math.inf, values)


def maximum(
    quantity: str, function: Function, bounds: Mapping[str, tuple[float, float]], margin: Function | None = None
) -> Optimum:
    """Return the largest value of a function over one to four parameters in their bounds; see the module for the rules.

    quantity: its name. bounds: (lower, upper) by parameter. margin: what decides where a measure of entanglement
    vanishes everywhere. Raises InputError where the function has no value anywhere.
    """
    box = Box(bounds)
    place, value = _largest(function, box)
    zero = quantity in ENTANGLEMENT and value <= 0.0
    if zero and margin is not None:
        place, closest = _largest(margin, box)
        if closest > 0.0:
            place, value = climb(function, box, place)
            zero = value <= 0.0
    deciding = function if not zero or margin is None else margin
    parameters = _scaled(deciding, box, _on_bounds(deciding, box, place))
    return Optimum.at(quantity, function, parameters, bounds)


def _largest(function: Function, box: Box) -> tuple[Floats, float]:
    """Return the highest point (k,) of the cube and the value there."""
    from scipy.ndimage import maximum_filter, minimum_filter

    points = GRID[len(box.names) - 1]
    unit = box.grid(points)
    values = box.evaluated(function, unit)
    if not np.isfinite(values.max()):
        raise InputError(f"no value to be found within the bounds of {', '.join(box.names)}: take other bounds")
    if values.max() == values.min():
        return unit[0], float(values[0])
    grid = values.reshape((points,) * len(box.names))
    higher = grid > minimum_filter(grid, 3, mode="nearest")  # not the floor, which is flat
    peaks = np.flatnonzero((higher & (grid == maximum_filter(grid, 3, mode="nearest"))).ravel())
    first = peaks[np.argsort(-values[peaks], kind="stable")][:PEAKS]
    floor = float(values[np.isfinite(values)].min())
    return max((climb(function, box, unit[i], floor) for i in first), key=lambda peak: peak[1])


def climb(function: Function, box: Box, start: Floats, floor: float = 0.0) -> tuple[Floats, float]:
    """Return the highest point (k,) of the cube that is reached uphill from a start, and the value there.

    floor: a value that is low for this function, for its scale.
    """
    from scipy.optimize import minimize

    k = len(start)
    here = float(box.evaluated(function, start[None])[0])
    scale = abs(here - floor) or abs(here) or 1.0
    low = min(here, floor) - scale

    def lost(points: Floats) -> Floats:
        return np.asarray((here - np.maximum(box.evaluated(function, points), low)) / scale)

    def with_slope(at: Floats) -> tuple[float, Floats]:
        ahead, behind = np.minimum(at + STEP * np.eye(k), 1.0), np.maximum(at - STEP * np.eye(k), 0.0)
        values = lost(np.concatenate([at[None], ahead, behind]))
        return float(values[0]), (values[1 : k + 1] - values[k + 1 :]) / (ahead - behind).diagonal()

    bounds = [(0.0, 1.0)] * k
    options = {"ftol": 0.0, "gtol": 1e-12, "maxiter": 200}
    result = minimize(with_slope, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    place, least = result.x, float(result.fun)
    downhill = place - np.clip(place - with_slope(place)[1], 0.0, 1.0)
    if np.abs(downhill).max() > LEVEL:
        close = {"xatol": 1e-9, "fatol": 1e-15, "maxfev": 400 * k}
        result = minimize(
            lambda at: float(lost(np.clip(at, 0.0, 1.0)[None])[0]), place, method="Nelder-Mead", bounds=bounds,
            options=close,
        )  # fmt: skip
        place, least = (result.x, float(result.fun)) if result.fun < least else (place, least)
    return (place, here - scale * least) if least < 0.0 else (start, here)


def _on_bounds(function: Function, box: Box, place: Floats) -> Floats:
    """Return the highest point, each parameter moved to a bound, the lower one first, if that changes nothing."""
    for i in range(len(box.names)):
        ends = np.array([place, place, place])
        ends[:2, i] = 0.0, 1.0
        lower, upper, here = box.evaluated(function, ends)
        for at, value in ((0, lower), (1, upper)):
            if value >= here - UNCHANGED * abs(here):
                place = ends[at]
                break
    return place


def _scaled(function: Function, box: Box, place: Floats) -> dict[str, float]:
    """Return the parameters at a highest point; where a common factor changes nothing, the largest one."""
    if len(box.names) < 2 or not box.logarithmic.all():
        return box.point(place)
    ranges = np.log(box.high / box.low)
    room = (1.0 - place) * ranges
    first = int(room.argmin())
    raised = np.clip(place + room[first] / ranges, 0.0, 1.0)
    here, top, between = box.evaluated(function, np.array([place, raised, 0.5 * (place + raised)]))
    if room[first] < 10.0**-DIGITS or min(top, between) < here - SAME * abs(here):
        return box.point(place)
    name, high = box.names[first], float(box.high[first])
    rest = Box({n: (float(a), float(b)) for n, a, b in zip(box.names, box.low, box.high, strict=True) if n != name})

    def others(values: dict[str, Floats]) -> Floats:
        return function({**values, name: np.full(len(next(iter(values.values()))), high)})

    best, _ = climb(others, rest, np.delete(raised, first))
    within = rest.point(best)
    return {n: high if n == name else within[n] for n in box.names}
