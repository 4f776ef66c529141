"""What is measured: the quantities of a run, their names, units and places in a trajectory's row.

A row of numbers belongs to one trajectory at one sample time. Names, signs and units:

==========================  =======================================================  ==============
quantity                    value on one trajectory                                  unit (hbar = k_B = 1)
==========================  =======================================================  ==============
activity                    number of jumps in (from, time], per time                1/time
heat_current                counted heat, sum_k n_k dq_k in (from, time], per time   energy/time
coupling_work               (sum of counted heats - energy change) per time          energy/time
charge_current              counted charge, sum_k n_k c_k in (from, time], per time  1/time
count_rate                  a count of the model's own, sum_k n_k w_k, likewise      1/time
entropy_production          ln p(n0) - <psi|ln rho(t)|psi> + sum_k n_k Delta s_k     nat
entropy_production_rate     its increase over (from, time], per time                 nat/time
integral_fluctuation_theorem  exp(-sum_k n_k Delta s_k) <psi|rho(t)|psi> / p(n0)     1
energy                      <psi|H|psi>                                              energy
projection_energy           energy added by a measurement in rho(t)'s eigenbasis     energy
energy_current              Tr[H D_r(|psi><psi|)] of reservoir r                     energy/time
population                  <b|psi><psi|b> of a basis state b                        1
observable                  <psi|O|psi>                                              of O
==========================  =======================================================  ==============

The outcome of the final measurement is averaged over, which disturbs nothing and lowers the variance; the histograms
use the outcome drawn at the end. Heat is positive into the system. `coupling_work` is what counted heats leave over
in the first law: where quanta are those of bare qubits, the work of their coupling (in a steady state the sum of all
counted heats). Where quanta are counted from chemical potentials, it contains the work of moving the charge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trajectories.counting.counted_currents import charged_reservoirs, counts_entropy, heated_reservoirs
from trajectories.master.currents import energy_rates
from trajectories.master.sectors import Sectors
from trajectories.model import Model

MOST_POPULATIONS = 16


@dataclass(frozen=True)
class Column:
    """One measured number: its name, what it belongs to, its unit, and how it is averaged.

    kind: "average" (divide by time - from), "cumulative" (from time 0), "instantaneous".
    """

    quantity: str
    unit: str
    kind: str
    label: str | None = None
    reservoir: str | None = None


def _at(model: Model, r: int, values: np.ndarray) -> np.ndarray:
    return np.where(model.reservoir_index == r, np.nan_to_num(values), 0.0)


def linear_forms(model: Model) -> np.ndarray:
    """Return the tallied linear forms of the jump counts, (C, K).

    All jumps; each counted heat; the entropy given, where `counts_entropy`; each charge; the model's own counts.
    """
    rows = [np.ones(len(model.channels))]
    rows += [_at(model, r, model.quanta) for r in heated_reservoirs(model)]
    if counts_entropy(model):
        rows.append(model.entropy_steps)
    rows += [_at(model, r, model.charges) for r in charged_reservoirs(model)]
    return np.array([*rows, *model.counts.values()])


def measures_entropy(model: Model) -> bool:
    """Whether Delta S is a number for some trajectories that jump: defined, and not every channel one-way."""
    return bool(model.entropy and (model.partner >= 0).any())


def infinite_entropy(model: Model) -> list[str]:
    """Return a line that says that entropy production is infinite and why, where no channel can be undone."""
    if not model.entropy or measures_entropy(model):
        return []
    names = [channel.name for channel in model.channels]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    why = f"every channel is one-way ({shown}), so that nothing undoes a jump"
    return [f"entropy production is infinite (absolutely irreversible): {why}"]


def static_functionals(
    model: Model, sectors: Sectors, observables: dict[str, np.ndarray]
) -> tuple[list[Column | None], np.ndarray]:
    """Return columns and operators (F, d, d) of the fixed linear functionals of the state, the energy first."""
    columns: list[Column | None] = [Column("energy", "energy", "instantaneous")]
    operators = [model.hamiltonian]
    for reservoir, operator in zip(model.reservoirs, energy_rates(model), strict=True):
        columns.append(Column("energy_current", "energy/time", "instantaneous", reservoir=reservoir.name))
        operators.append(operator)
    if model.dimension <= MOST_POPULATIONS:
        for i, label in enumerate(sectors.labels):
            columns.append(Column("population", "1", "instantaneous", label=label))
            vector = sectors.basis[:, i]
            operators.append(np.outer(vector, vector.conj()))
    for name, operator in observables.items():
        columns.append(Column("observable", "of the operator", "instantaneous", label=name))
        operators.append(operator)
    return columns, np.array(operators)


def columns_of(model: Model, static: list[Column | None]) -> list[Column | None]:
    """Return the columns in the order of the tally; None where the model gives that number no meaning."""
    heated = heated_reservoirs(model)
    columns: list[Column | None] = [Column("activity", "1/time", "average")]
    columns += [Column("heat_current", "energy/time", "average", reservoir=model.reservoirs[r].name) for r in heated]
    entropic = measures_entropy(model)
    # The entropy given to the reservoirs is tallied for its cumulants; its mean is in the entropy production.
    columns += [None] * counts_entropy(model)
    charged = [model.reservoirs[r].name for r in charged_reservoirs(model)]
    columns += [Column("charge_current", "1/time", "average", reservoir=name) for name in charged]
    columns += [Column("count_rate", "1/time", "average", label=name) for name in model.counts]
    columns.append(Column("entropy_production_rate", "nat/time", "average") if entropic else None)
    columns.append(Column("entropy_production", "nat", "cumulative") if entropic else None)
    columns.append(Column("integral_fluctuation_theorem", "1", "instantaneous") if entropic else None)
    all_heated = bool(heated) and len(heated) == len(model.reservoirs)
    columns.append(Column("coupling_work", "energy/time", "average") if all_heated else None)
    columns.append(Column("projection_energy", "energy", "instantaneous"))
    return columns + static
