"""Parameters at which a quantity of the steady state is largest: a search that finds the same numbers everywhere.

The bounded box is searched in the logarithms where a parameter's bounds are positive, otherwise in the parameters
themselves: a grid over all of it, then from each of its best peaks ever finer grids around the best point, moved where
the best lies on an edge. Nothing is drawn at random. What is flat is settled by rule:

- numbers are rounded to six digits, for a maximum determines its place to half the digits of its value only; within
  that of a bound they are the bound;
- a parameter whose bound gives the same value to 12 digits is on that bound, the lower one if both do;
- where a common factor of all parameters changes nothing (rates that matter by their ratios), the factor is as large
  as the bounds allow: one of them lies on its upper bound;
- where concurrence or negativity of two qubits vanish everywhere, the place is that which comes closest to
  entanglement, where |<01|rho|10>|/sqrt(p_00 p_11) (of other models: the concurrence before it is cut at zero) is
  largest;
- of equal values elsewhere, the first on the grid: the smallest parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from trajectories.errors import InputError

Floats = NDArray[np.float64]
Function = Callable[[dict[str, Floats]], Floats]
"""Parameters as arrays (n,) by name -> values (n,)."""

ENTANGLEMENT = ("concurrence", "negativity", "effective.concurrence")
DIGITS = 6
ROUGH = 1e-3
FINEST = 1e-9
SAME = 1e-9
UNCHANGED = 1e-12
PEAKS = 4
MOST_ROUNDS = 120
FURTHER = 2.0 ** np.arange(-1, 9)
GRIDS = {True: (257, 33, 15, 8), False: (49, 13, 7, 5)}
"""Points along each axis for one to four parameters: of machines with closed forms, and of others."""


@dataclass(frozen=True)
class Optimum:
    """A maximum. quantity: of what; value: there, at the rounded parameters; parameters: where; bounds: what was
    searched; active: the parameters that lie on a bound, and which ("lower" or "upper"). zero: a measure of
    entanglement that vanishes in all of the box.
    """

    quantity: str
    value: float
    parameters: Mapping[str, float]
    bounds: Mapping[str, tuple[float, float]]
    active: Mapping[str, str]
    zero: bool

    def json(self) -> dict[str, Any]:
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

    def text(self) -> str:
        """One line: what is largest, how large, where, and which bounds are active."""
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
        self.all_logarithmic = bool(self.logarithmic.all())

    def values(self, unit: Floats) -> dict[str, Floats]:
        """Parameters by name, (n,), at points (n, k) of the cube."""
        ratio = np.where(self.logarithmic, self.high / np.where(self.logarithmic, self.low, 1.0), 1.0)
        linear = self.low + (self.high - self.low) * unit
        found = np.where(self.logarithmic, np.abs(self.low) * ratio**unit, linear)
        found = np.where(unit <= 0, self.low, np.where(unit >= 1, self.high, found))
        return dict(zip(self.names, found.T, strict=True))

    def point(self, unit: Floats) -> dict[str, float]:
        """The parameters at one point (k,), rounded, or on a bound from which rounding cannot tell them."""
        found = {}
        for i, (name, value) in enumerate(self.values(unit[None]).items()):
            low, high = float(self.low[i]), float(self.high[i])
            near = 10.0**-DIGITS * (abs(value[0]) if self.logarithmic[i] else high - low)
            rounded = min(max(float(f"{value[0]:.{DIGITS}g}"), low), high)
            found[name] = low if value[0] - low <= near else high if high - value[0] <= near else rounded
        return found


def maximum(
    quantity: str, function: Function, bounds: Mapping[str, tuple[float, float]], *, fast: bool, margin: Function | None
) -> Optimum:
    """Largest value of a function over one to four parameters in their bounds; see the module for the rules.

    fast: whether it takes thousands of points at once. margin: what decides where the function vanishes everywhere.
    Raises InputError where the function has no value anywhere.
    """
    box = Box(bounds)
    found, value = _largest(function, box, fast)
    zero = quantity in ENTANGLEMENT and value <= 0.0
    if zero and margin is not None:
        found, closest = _largest(margin, box, fast)
        if closest > 0.0:
            found, value = refined(function, box, found, 0.1, fast)
            zero = value <= 0.0
    deciding = function if not zero or margin is None else margin
    parameters = _scaled(deciding, box, _settled(deciding, box, found), fast)
    one = {name: np.array([number]) for name, number in parameters.items()}
    active = {}
    for name, (low, high) in bounds.items():
        if parameters[name] in (low, high) and low < high:
            active[name] = "lower" if parameters[name] == low else "upper"
    return Optimum(quantity, float(function(one)[0]), parameters, dict(bounds), active, zero)


def _largest(function: Function, box: Box, fast: bool) -> tuple[Floats, float]:
    """The highest point (k,) of the cube and the value there."""
    k = len(box.names)
    points = GRIDS[fast][k - 1]
    axes = np.meshgrid(*[np.linspace(0.0, 1.0, points)] * k, indexing="ij")
    unit = np.stack([axis.ravel() for axis in axes], axis=1)
    values = _evaluated(function, box, unit)
    if not np.isfinite(values.max()):
        raise InputError(f"no value to be found within the bounds of {', '.join(box.names)}: take other bounds")
    shape = (points,) * k
    if np.ptp(values) == 0.0:
        return unit[0], float(values[0])
    grid = values.reshape(shape)
    higher = grid > minimum_filter(grid, 3, mode="nearest")  # not the floor, which is flat
    peaks = np.flatnonzero((higher & (grid == maximum_filter(grid, 3, mode="nearest"))).ravel())
    first = peaks[np.argsort(-values[peaks], kind="stable")][:PEAKS]
    found = [refined(function, box, unit[i], 1.0 / (points - 1), fast, ROUGH) for i in first]
    best, _ = max(found, key=lambda one: one[1])
    return refined(function, box, best, 4.0 * ROUGH, fast)


def refined(
    function: Function, box: Box, start: Floats, width: float, fast: bool, finest: float = FINEST
) -> tuple[Floats, float]:
    """The highest point (k,) of the cube near a start, and the value there.

    Grids of half the width `width` around the best point so far, moved where the new best lies on their edge, halved
    where it lies inside, down to the width `finest`. Along a ridge that lies across the axes the grids come forward by
    its breadth only: before they are halved, the way since they were halved last is gone on, in steps that double.
    """
    k = len(box.names)
    steps = np.linspace(-1.0, 1.0, 9 if fast and k < 3 else 5)
    axes = np.meshgrid(*[steps] * k, indexing="ij")
    offsets = np.stack([axis.ravel() for axis in axes], axis=1)
    centre = start
    value = float(_evaluated(function, box, centre[None])[0])
    last = centre
    for _ in range(MOST_ROUNDS):
        unit = np.clip(centre + width * offsets, 0.0, 1.0)
        values = _evaluated(function, box, unit)
        i = int(values.argmax())
        outside = False
        if values[i] > value:
            moved = np.abs(unit[i] - centre) >= 0.999 * width
            outside = bool((moved & (unit[i] > 0.0) & (unit[i] < 1.0)).any())
            centre, value = unit[i], float(values[i])
        if outside:
            continue
        onward = np.clip(centre + FURTHER[:, None] * (centre - last), 0.0, 1.0)
        last = centre
        if k > 1 and not np.array_equal(onward[0], centre):
            values = _evaluated(function, box, onward)
            i = int(values.argmax())
            if values[i] > value + SAME * abs(value):
                centre, value = onward[i], float(values[i])
                continue
        width *= 0.5
        if width < finest:
            break
    return centre, value


def _settled(function: Function, box: Box, found: Floats) -> Floats:
    """The highest point, each parameter moved to a bound, the lower one first, if that changes nothing."""
    for i in range(len(box.names)):
        ends = np.array([found, found, found])
        ends[:2, i] = 0.0, 1.0
        lower, upper, here = _evaluated(function, box, ends)
        for at, value in ((0, lower), (1, upper)):
            if value >= here - UNCHANGED * abs(here):
                found = ends[at]
                break
    return found


def _scaled(function: Function, box: Box, found: Floats, fast: bool) -> dict[str, float]:
    """The parameters at a highest point; where a common factor changes nothing, the largest one."""
    if len(box.names) < 2 or not box.all_logarithmic:
        return box.point(found)
    ranges = np.log(box.high / box.low)
    room = (1.0 - found) * ranges
    first = int(room.argmin())
    raised = np.clip(found + room[first] / ranges, 0.0, 1.0)
    halfway = 0.5 * (found + raised)
    here, there, between = _evaluated(function, box, np.array([found, raised, halfway]))
    if room[first] < 10.0**-DIGITS or min(there, between) < here - SAME * abs(here):
        return box.point(found)
    name, high = box.names[first], float(box.high[first])
    rest = Box({n: (float(a), float(b)) for n, a, b in zip(box.names, box.low, box.high, strict=True) if n != name})

    def others(values: dict[str, Floats]) -> Floats:
        return function({**values, name: np.full(len(next(iter(values.values()))), high)})

    best, _ = refined(others, rest, np.delete(raised, first), 0.02, fast)
    within = rest.point(best)
    return {n: high if n == name else within[n] for n in box.names}


def _evaluated(function: Function, box: Box, unit: Floats) -> Floats:
    values = np.asarray(function(box.values(unit)), float)
    return np.where(np.isnan(values) | (values == math.inf), -math.inf, values)
