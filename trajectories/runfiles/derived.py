"""[derived] and [optimise] of a run file: from what is given and swept to the parameters that a machine takes.

A derived number is a formula of the numbers in [system], of what is swept or optimised, of a machine's defaults and of
other derived ones, in any order, never around a circle. A name that only formulas use need not be a parameter. The
optimised parameters take, at each point, the values at which a quantity of the steady state is largest (`optimum`).
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from trajectories.runfiles.optimised import optimum
from trajectories.runfiles.run import Run
from trajectories.runfiles.system_table import SystemTable


def at_point(run: Run, number: int) -> tuple[dict[str, float], Run]:
    """Return the swept parameters of a point of a run's sweep, and the run at that point, without a sweep.

    number: of the point, in the order of the sweep, the last parameter fastest.
    """
    where = np.unravel_index(number, tuple(map(len, run.sweep.values()))) if run.sweep else ()
    swept = {name: values[i] for (name, values), i in zip(run.sweep.items(), where, strict=True)}
    couplings = MappingProxyType({0: run.couplings[number]} if number in run.couplings else {})
    system = MappingProxyType({**run.system, **swept})
    return swept, replace(run, system=system, sweep=MappingProxyType({}), couplings=couplings)


def resolve(run: Run) -> Run:
    """Return a run without a sweep as one whose [system] has every number: derived, and searched for.

    Raises InputError for a name that nothing gives, a circle, and a value that does not exist.
    """
    if not run.derived and run.optimise is None:
        return run
    machine, given, largest = SystemTable(run.system, run.derived, run.directory, run.source), dict(run.system), None
    if run.optimise is not None:
        largest = optimum(machine, given, run.optimise, run.couplings.get(0))
        given |= largest.parameters
    system, auxiliary = machine.at(given, 1)
    return replace(
        run,
        system=MappingProxyType(system),
        auxiliary=MappingProxyType({name: float(values[0]) for name, values in auxiliary.items()}),
        optimum=largest,
        derived=MappingProxyType({}),
        optimise=None,
    )
