"""[derived] and [optimise] of a run file: from what is given and swept to the parameters that a machine takes.

A derived number is a formula of the numbers in [system], of what is swept or optimised, of a machine's defaults and of
other derived ones, in any order, never around a circle. A name that only formulas use need not be a parameter. The
optimised parameters take, at each point, the values at which a quantity of the steady state is largest (`optimum`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trajectories.runfiles.optimised import optimum as search
from trajectories.runfiles.run import Run
from trajectories.runfiles.system_table import SystemTable

if TYPE_CHECKING:
    from trajectories.counting.optimum import Optimum


class Resolved(NamedTuple):
    """What a run comes to at points (n,) of its sweep.

    system: the [system] table with every parameter the machine takes, numbers that vary as arrays (n,). auxiliary:
    names that are no parameters, with their arrays. optima: one for each point, none where nothing is optimised.
    """

    system: dict[str, Any]
    auxiliary: dict[str, NDArray[np.float64]]
    optima: tuple[Optimum, ...]


def resolve(run: Run, swept: Mapping[str, ArrayLike], changes: Mapping[str, Any] | None = None) -> Resolved:
    """Return the machine's parameters at points of a sweep.

    swept: values (n,) by name, all of one length. changes: of [system], also of a derived number, which is then given.
    Raises InputError for a name that nothing gives, a circle, and a value that does not exist.
    """
    given = {**run.system, **(changes or {})}
    arrays = {name: np.atleast_1d(np.asarray(value, float)) for name, value in swept.items()}
    formulas = {name: text for name, text in run.derived.items() if name not in (changes or {})}
    n = max((len(array) for array in arrays.values()), default=1)
    machine = SystemTable(given, formulas, run.directory, run.source)
    if run.optimise is None:
        return Resolved(*machine.at({**given, **arrays}, n), ())
    tables = [{**given, **{name: float(array[i]) for name, array in arrays.items()}} for i in range(n)]
    known = run.couplings.get(0) if not run.sweep and not changes else None
    optima = tuple(search(machine, table, run.optimise, known) for table in tables)
    best = {name: np.array([optimum.parameters[name] for optimum in optima]) for name in optima[0].parameters}
    return Resolved(*machine.at({**given, **arrays, **best}, n), optima)


def at_point(run: Run, number: int) -> tuple[dict[str, float], Run]:
    """Return what a point of a run's sweep has of its own, and the run without a sweep that is left there.

    number: of the point, in the order of the sweep, the last parameter fastest.
    """
    where = np.unravel_index(number, tuple(map(len, run.sweep.values()))) if run.sweep else ()
    swept = {name: values[i] for (name, values), i in zip(run.sweep.items(), where, strict=True)}
    couplings = MappingProxyType({0: run.couplings[number]} if number in run.couplings else {})
    system = MappingProxyType({**run.system, **swept})
    return swept, replace(run, system=system, sweep=MappingProxyType({}), couplings=couplings)


def settled(run: Run) -> Run:
    """Return a run without a sweep as one whose [system] has every number: derived, and searched for."""
    if not run.derived and run.optimise is None:
        return run
    resolved = resolve(run, {})
    auxiliary = {name: float(values[0]) for name, values in resolved.auxiliary.items()}
    system = {key: float(x[0]) if isinstance(x, np.ndarray) else x for key, x in resolved.system.items()}
    return replace(
        run,
        system=MappingProxyType(system),
        auxiliary=MappingProxyType(auxiliary),
        optimum=resolved.optima[0] if resolved.optima else None,
        derived=MappingProxyType({}),
        optimise=None,
    )


def points(run: Run, numbers: Sequence[int] | None = None) -> list[tuple[dict[str, float], Run]]:
    """Return points of a run's sweep: what each has of its own, and the run at that point, see `settled`.

    numbers: which, None for all; the search of [optimise] is made at these alone.
    """
    chosen = range(run.point_count) if numbers is None else numbers
    return [(swept, settled(point)) for swept, point in (at_point(run, number) for number in chosen)]
