"""[derived] and [optimise] of a run file: from what is given and swept to the parameters that a machine takes.

A derived number is a formula of the numbers in [system], of what is swept or optimised, of a machine's defaults and of
other derived ones, in any order, never around a circle. A name that only formulas use need not be a parameter. The
optimised parameters take, at each point, the values at which a quantity of the steady state is largest (`optimum`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.errors import InputError, show
from trajectories.runfiles.formulas import Formula
from trajectories.runfiles.run import Run
from trajectories.runfiles.schema import canonical_value, is_number
from trajectories.runfiles.sections import MODEL_KEYS, Optimise

if TYPE_CHECKING:
    from trajectories.counting.optimum import Optimum

COUPLING_BOUNDS = (1e-6, 1e-2)
CAVITY_BOUNDS = (1e-6, 1e2)
TEMPERATURE_BOUNDS = (1e-2, 1e2)
BETA_BOUNDS = (-10.0, 10.0)
ENERGIES = ("energy", "epsilon_h", "epsilon_A", "omega")

Numbers = dict[str, Any]


class Resolved(NamedTuple):
    """What a run comes to at points (n,) of its sweep.

    system: the [system] table with every parameter the machine takes, numbers that vary as arrays (n,). auxiliary:
    names that are no parameters, with their arrays. optima: one for each point, none where nothing is optimised.
    """

    system: dict[str, Any]
    auxiliary: dict[str, NDArray[np.float64]]
    optima: tuple[Optimum, ...]


def resolve(run: Run, swept: Mapping[str, ArrayLike], changes: Mapping[str, Any] | None = None) -> Resolved:
    """Work out the machine's parameters.

    swept: values (n,) by name, all of one length. changes: of [system], also of a derived number, which is then given.
    Raises InputError for a name that nothing gives, a circle, and a value that does not exist.
    """
    given = {**run.system, **(changes or {})}
    arrays = {name: np.atleast_1d(np.asarray(value, float)) for name, value in swept.items()}
    formulas = {name: text for name, text in run.derived.items() if name not in (changes or {})}
    n = max((len(array) for array in arrays.values()), default=1)
    machine = _Machine(given, formulas, run.directory, run.source)
    if run.optimise is None:
        return Resolved(*machine.at({**given, **arrays}, n), ())
    optima = tuple(
        _optimum(machine, {**given, **{name: float(array[i]) for name, array in arrays.items()}}, run.optimise)
        for i in range(n)
    )
    best = {name: np.array([one.parameters[name] for one in optima]) for name in optima[0].parameters}
    return Resolved(*machine.at({**given, **arrays, **best}, n), optima)


def points(run: Run, numbers: Sequence[int] | None = None) -> list[tuple[dict[str, float], Run]]:
    """Return points of a run's sweep, the last parameter fastest: what is swept, and the run at that point.

    numbers: which, None for all; the search of [optimise] is made at these alone.
    """
    every = [dict(zip(run.sweep, values, strict=True)) for values in itertools.product(*run.sweep.values())]
    chosen = every if numbers is None else [every[number] for number in numbers]
    settled: dict[str, Any] = {"sweep": MappingProxyType({}), "derived": MappingProxyType({}), "optimise": None}
    if not run.derived and run.optimise is None:
        return [(one, replace(run, system=MappingProxyType({**run.system, **one}), **settled)) for one in chosen]
    whole = resolve(run, {name: np.array([swept[name] for swept in chosen], float) for name in run.sweep})
    found = []
    for i, swept in enumerate(chosen):
        one = {k: float(v[i]) if isinstance(v, np.ndarray) else v for k, v in whole.system.items()}
        one |= {name: value for name, value in swept.items() if name in one}
        extra = {name: float(values[i]) for name, values in whole.auxiliary.items()}
        optimum = whole.optima[i] if whole.optima else None
        system = MappingProxyType(one)
        point = replace(run, system=system, auxiliary=MappingProxyType(extra), optimum=optimum, **settled)
        found.append((swept, point))
    return found


class _Machine:
    """A [system] table with its formulas in the order in which they can be worked out."""

    def __init__(self, system: Mapping[str, Any], derived: Mapping[str, str], directory: Path, source: str) -> None:
        self.directory, self.source, self.derived = directory, source, dict(derived)
        self.takes, defaults = _signature(system, directory)
        self.defaults: Numbers = {name: float(value) for name, value in defaults.items() if is_number(value)}
        where = f"{source}: [derived] " if source else "[derived] "
        formulas = {name: Formula.parse(text, f"{where}{name}") for name, text in derived.items()}
        self.formulas = _ordered(formulas)
        self.used = frozenset().union(*(formula.names for formula in formulas.values()))

    def at(self, table: Mapping[str, Any], n: int, check: bool = True) -> tuple[dict[str, Any], Numbers]:
        """The [system] table of `Resolved` and the auxiliary numbers. check: refuse a value that does not exist."""
        values = self.numbers(table)
        found = dict(table)
        for name, formula in self.formulas:
            value = formula.evaluate(values)
            if check and np.isnan(value).any():
                raise InputError(
                    f"{formula.where} = {show(formula.text)}: has no value at point {int(np.argmax(np.isnan(value)))}: "
                    "must be a number at every point"
                )
            values[name] = value
            found[name] = np.broadcast_to(value, (n,)) if value.ndim or n > 1 else float(value)
        extra = {name for name in found if name not in MODEL_KEYS and not self.parameter(name)}
        extra &= self.used
        system = {name: value for name, value in found.items() if name not in extra}
        return system, {name: np.broadcast_to(np.asarray(found[name], float), (n,)) for name in sorted(extra)}

    def numbers(self, table: Mapping[str, Any]) -> Numbers:
        """What formulas may name: the machine's defaults and everything in the table that is a number."""
        return self.defaults | {key: v for key, v in table.items() if is_number(v) or isinstance(v, np.ndarray)}

    def parameter(self, name: str) -> bool:
        return self.takes is None or name in self.takes


def every_parameter(run: Run) -> dict[str, Any]:
    """Return the [system] table of a run without a sweep with the defaults of what it leaves out, as JSON can hold it.

    Of a model made in Python: its name and its parameters. None values are left out.
    """
    if callable(run.given):
        from trajectories.model import user_model

        every = {**user_model.shown(user_model.defaults(run.given)), **run.system}
    elif run.given is not None:
        every = {"name": run.given.name, **run.given.parameters}
    else:
        every = {**_signature(run.system, run.directory)[1], **run.system}
    return {name: canonical_value(value) for name, value in every.items() if value is not None}


def _signature(system: Mapping[str, Any], directory: Path) -> tuple[frozenset[str] | None, dict[str, Any]]:
    """The parameters that the machine takes (None: any), and the defaults that a run file could have given."""
    if "file" in system:
        from trajectories.model import user_model

        known, defaults = user_model.parameters(directory / system["file"], system["function"])
        return known, user_model.shown(defaults)
    from trajectories.systems import describe

    found = describe(system["name"])["parameters"]
    return frozenset(found), {name: one["default"] for name, one in found.items()}


def _ordered(formulas: Mapping[str, Formula]) -> list[tuple[str, Formula]]:
    """The formulas, each after those that it needs. Raises InputError for a circle, naming it."""
    needed = {name: sorted(formula.names & set(formulas)) for name, formula in formulas.items()}
    try:
        return [(name, formulas[name]) for name in TopologicalSorter(needed).static_order()]
    except CycleError as error:
        circle = error.args[1][::-1]  # found from what is needed to what needs it
        first = circle.index(min(circle, key=list(formulas).index))
        shown = [*circle[first:-1], *circle[:first], circle[first]]
        raise InputError(
            f"{formulas[shown[0]].where}: goes around in a circle: {' -> '.join(shown)}: one of them must be a number"
        ) from None


_FOUND: dict[Any, Optimum] = {}
"""Maxima that were searched before: the points of a sweep are gone through more than once."""


def _optimum(machine: _Machine, table: Mapping[str, Any], optimise: Optimise) -> Optimum:
    """The maximum at one point, remembered unless the machine is a file that may change."""
    if "file" in table:
        return _search(machine, table, optimise)
    key = (tuple(sorted((k, repr(value)) for k, value in table.items())), tuple(machine.derived.items()), optimise)
    if key not in _FOUND:
        _FOUND[key] = _search(machine, table, optimise)
    return _FOUND[key]


def _search(machine: _Machine, table: Mapping[str, Any], optimise: Optimise) -> Optimum:
    """The parameters at which the quantity is largest, at one point."""
    from trajectories.counting.optimum import ENTANGLEMENT, maximum
    from trajectories.counting.steady_quantities import below_zero, steady_values, vectorised

    where = f"{machine.source}: [optimise]" if machine.source else "[optimise]"
    target = Formula.parse(optimise.maximise, f"{where} maximise")
    bounds = {name: _bounds(name, low, high, table, machine, where) for name, low, high in optimise.over}

    def valued(formula: Formula, check: bool) -> Callable[[dict[str, NDArray[np.float64]]], NDArray[np.float64]]:
        def values(over: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
            n = len(next(iter(over.values())))
            system, auxiliary = machine.at({**table, **over}, n, check)
            numbers = machine.numbers({**system, **auxiliary})
            asked = sorted(formula.names - set(numbers))
            found = steady_values(system, asked, machine.directory, check=check)
            return np.broadcast_to(formula.evaluate({**numbers, **found}), (n,))

        return values

    # Checked once: what is wrong with a parameter or a quantity is said before anything is searched.
    middle = {name: np.array([_middle(*ends)]) for name, ends in bounds.items()}
    with _placed(target):
        valued(target, True)(middle)
    margin, at_middle = None, machine.at({**table, **middle}, 1)[0]
    if optimise.maximise in ENTANGLEMENT[:2]:
        margin = valued(Formula.parse(below_zero(at_middle), where), False)
        try:
            margin(middle)
        except InputError:
            margin = None  # not of two qubits
    with _placed(target):
        return maximum(optimise.maximise, valued(target, False), bounds, fast=vectorised(at_middle), margin=margin)


@contextmanager
def _placed(target: Formula) -> Iterator[None]:
    """Say of what is wrong that it is about this formula, unless it says itself where it is."""
    try:
        yield
    except InputError as error:
        file = target.where.partition("[")[0] + "["
        text = str(error)
        raise InputError(text if text.startswith(file) else f"{target.where} = {show(target.text)}: {text}") from None


def _middle(low: float, high: float) -> float:
    return float(np.sqrt(low * high)) if low > 0 and high > 0 else 0.5 * (low + high)


def _bounds(
    name: str, low: float | None, high: float | None, table: Mapping[str, Any], machine: _Machine, where: str
) -> tuple[float, float]:
    """The bounds as given, or the default ones.

    Temperatures T_*: 1e-2 to 1e2 times the machine's energy (energy, epsilon_h, epsilon_A or omega); beta_*: -10 to
    10; other parameters, couplings and rates: 1e-6 to 1e-2 times that energy, where weak-coupling master equations
    hold, and 1e-6 to 1e2 times g in the cavity.
    """
    if name not in machine.used and not machine.parameter(name):
        takes = ", ".join(sorted(machine.takes or ()))
        raise InputError(f"{where} over {name}: is no parameter and in no formula; parameters are {takes}")
    if low is not None and high is not None:
        return low, high
    if "file" in table or not machine.parameter(name):
        raise InputError(f"{where} over {name}: has no default bounds: must be given, such as {name} = [1e-6, 1e-2]")
    numbers = machine.numbers(table)
    scale = float(next((numbers[energy] for energy in ENERGIES if energy in numbers), 1.0))
    if name.startswith("beta_"):
        return BETA_BOUNDS
    if name.startswith("T_"):
        return TEMPERATURE_BOUNDS[0] * scale, TEMPERATURE_BOUNDS[1] * scale
    if table["name"] == "cavity":
        scale = float(numbers["g"]) if name != "g" else 1.0
        return CAVITY_BOUNDS[0] * scale, CAVITY_BOUNDS[1] * scale
    return COUPLING_BOUNDS[0] * scale, COUPLING_BOUNDS[1] * scale
