"""[optimise] of a run file: the parameters at which a quantity of the steady state is largest, at one point."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError, show
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.sections import Optimise
from trajectories.runfiles.system_table import SystemTable
from trajectories.systems import SYSTEMS

if TYPE_CHECKING:
    from trajectories.counting.optimum import Optimum

TEMPERATURE_BOUNDS = (1e-2, 1e2)
BETA_BOUNDS = (-10.0, 10.0)

Arrays = dict[str, NDArray[np.float64]]
Function = Callable[[Arrays], NDArray[np.float64]]

_searched: dict[Any, Optimum] = {}
"""Maxima that were searched before: a point is gone through more than once."""


def optimum(
    machine: SystemTable, table: Mapping[str, Any], optimise: Optimise, known: Mapping[str, float] | None = None
) -> Optimum:
    """Return the maximum at one point.

    machine: its [system] table. table: the numbers of the point. known: the parameters at the maximum where they were
    found before, by a run that is resumed. What was searched is remembered unless the machine is a file that may
    change. Raises InputError for what is wrong with a parameter, a bound or the quantity.
    """
    if "file" in table:
        return _search(machine, table, optimise, known)
    place = None if known is None else tuple(sorted(known.items()))
    numbers = tuple(sorted((name, repr(value)) for name, value in table.items()))
    key = (numbers, tuple(machine.derived.items()), optimise, place)
    if key not in _searched:
        _searched[key] = _search(machine, table, optimise, known)
    return _searched[key]


def _search(
    machine: SystemTable, table: Mapping[str, Any], optimise: Optimise, known: Mapping[str, float] | None
) -> Optimum:
    from trajectories.counting.optimum import ENTANGLEMENT, Optimum, maximum
    from trajectories.counting.steady_quantities import SteadyQuantities

    where = f"{machine.source}: [optimise]" if machine.source else "[optimise]"
    target = Formula.parse(optimise.maximise, f"{where} maximise")
    bounds = {name: _bounds(name, low, high, table, machine, where) for name, low, high in optimise.over}
    middle = {name: np.array([_middle(*ends)]) for name, ends in bounds.items()}

    def valued(formula: Formula, check: bool) -> Function:
        def values(over: Arrays) -> NDArray[np.float64]:
            n = len(next(iter(over.values())))
            system, auxiliary = machine.at({**table, **over}, n, check)
            numbers = machine.numbers({**system, **auxiliary})
            steady = quantities.values(system, sorted(formula.names - set(numbers)), check=check)
            return np.broadcast_to(formula.evaluate({**numbers, **steady}), (n,))

        return values

    with _located(target):
        # Checked once: what is wrong with a parameter or a quantity is said before anything is searched.
        quantities = SteadyQuantities.of(machine.at({**table, **middle}, 1)[0], machine.directory)
        valued(target, True)(middle)
    if known is not None:
        return Optimum.at(optimise.maximise, valued(target, False), known, bounds)
    margin: Function | None = None
    if optimise.maximise in ENTANGLEMENT[:2]:
        margin = valued(Formula.parse("entanglement_margin", where), False)
        try:
            margin(middle)
        except InputError:
            margin = None  # not of two qubits
    with _located(target):
        return maximum(optimise.maximise, valued(target, False), bounds, margin)


@contextmanager
def _located(target: Formula) -> Iterator[None]:
    """Prefix an InputError raised in the block with the formula's location, unless its message starts with one."""
    try:
        yield
    except InputError as error:
        file = target.where.partition("[")[0] + "["
        text = str(error)
        raise InputError(text if text.startswith(file) else f"{target.where} = {show(target.text)}: {text}") from None


def _middle(low: float, high: float) -> float:
    return float(np.sqrt(low * high)) if low > 0 and high > 0 else 0.5 * (low + high)


def _bounds(
    name: str, low: float | None, high: float | None, table: Mapping[str, Any], machine: SystemTable, where: str
) -> tuple[float, float]:
    """Return the bounds as given, or the default ones.

    Temperatures T_*: 1e-2 to 1e2 times the machine's energy scale; beta_*: -10 to 10; other parameters, couplings and
    rates: what the machine registers in units of that scale (`systems.registry`), 1e-6 to 1e-2 where weak-coupling
    master equations hold.
    """
    if name not in machine.used and not machine.parameter(name):
        takes = ", ".join(sorted(machine.takes or ()))
        raise InputError(f"{where} over {name}: is no parameter and in no formula; parameters are {takes}")
    if low is not None and high is not None:
        return low, high
    if "file" in table or not machine.parameter(name):
        raise InputError(f"{where} over {name}: has no default bounds: must be given, such as {name} = [1e-6, 1e-2]")
    if name.startswith("beta_"):
        return BETA_BOUNDS
    known = SYSTEMS[table["name"]]
    ends = TEMPERATURE_BOUNDS if name.startswith("T_") else known.couplings
    scale = 1.0 if name == known.energy_scale else float(machine.numbers(table).get(known.energy_scale, 1.0))
    return ends[0] * scale, ends[1] * scale
