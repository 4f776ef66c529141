"""Steady-state quantities of a [system] table on arrays, and of one Model by its null state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trajectories.counting.steady_points import Machine, Solved
from trajectories.counting.steady_quantities import SteadyQuantities, SteadyStateValues
from trajectories.master.lindblad import Master
from trajectories.model import Model


def steady_values(system: Mapping[str, Any], names: Sequence[str], *, check: bool = True) -> dict[str, np.ndarray]:
    """Return quantities of a [system] table in which numbers may be arrays (n,), by name, (n,) each."""
    return SteadyQuantities.of(system).values(system, names, check=check)


def quantity_of(model: Model, name: str) -> float:
    """Return a quantity of the steady state that `Master` finds for one Model."""
    rho = Master(model).steady_state()
    solved = Solved(np.zeros(1, int), model, [model], model.hamiltonian[None], model.operators[None], rho[None])
    return float(SteadyStateValues(solved, Machine(lambda: model, model.name), {})[name][0])
