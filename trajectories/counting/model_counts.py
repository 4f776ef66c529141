"""The counts of a model: what is counted along its trajectories, by name.

The counts are the charge that the system takes from each reservoir, or its net quanta where no charge is declared (the
heat, where there is a charge or quanta have several sizes), the entropy given to the reservoirs, counts that the model
names itself, and the number of jumps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trajectories.counting import counted_currents as counts
from trajectories.counting.counted_currents import charged_reservoirs, counts_entropy, heated_reservoirs
from trajectories.errors import InputError
from trajectories.model import Model

ONE_SIZE = 1e-12
"""Relative difference up to which quanta have one size."""


@dataclass(frozen=True, eq=False)
class Count:
    """A number N = sum_k w_k N_k that grows along a trajectory.

    name: as in the tables. reservoir: the one it is counted at, if there is one. unit: of N ("1", "energy", "nat").
    weights: (K,). column, scale: N is the tallied linear form of that index times the scale; None: it is not tallied.
    """

    name: str
    reservoir: str | None
    unit: str
    weights: np.ndarray
    column: int | None
    scale: float = 1.0

    def unit_of(self, order: int) -> str:
        """Return the unit of the rate of the cumulant of this order."""
        power = "" if order == 1 else f"^{order}"
        return "1/time" if self.unit == "1" else f"{self.unit}{power}/time"


def unit_of_covariance(a: Count, b: Count) -> str:
    """Return the unit of the rate at which the covariance of two counts grows."""
    units = [count.unit for count in (a, b) if count.unit != "1"]
    return f"{' '.join(units) or '1'}/time" if len(set(units)) != 1 or len(units) == 1 else f"{units[0]}^2/time"


def counts_of(model: Model) -> list[Count]:
    """Return the counts of a model: each reservoir's charge and quanta, entropy where it is finite, its own, all jumps.

    Beside a charge, and where quanta differ in size, the heat is counted instead of the number of quanta.
    """
    heated, charged = heated_reservoirs(model), charged_reservoirs(model)
    last_heat = len(heated)
    first_charge = 1 + last_heat + counts_entropy(model)
    listed = []
    for r, bath in enumerate(model.reservoirs):
        name, at = bath.name, model.reservoir_index == r
        carries = r in charged and bool(model.charges[at].any())
        if carries:
            column = first_charge + charged.index(r)
            listed.append(Count(f"charge from {name}", name, "1", counts.charge(model, name), column))
        energies = np.abs(model.quanta[at & (model.quanta != 0.0)])
        if r not in heated or not len(energies):
            continue
        column, size = 1 + heated.index(r), float(energies.max())
        if not carries and float(energies.min()) >= size * (1.0 - ONE_SIZE):
            listed.append(Count(f"quanta from {name}", name, "1", counts.quanta(model, name), column, 1.0 / size))
        else:
            listed.append(Count(f"heat from {name}", name, "energy", counts.heat(model, name), column))
    if entropy_missing(model) is None:
        listed.append(Count("entropy production", None, "nat", counts.entropy(model), 1 + last_heat))
    first_own = first_charge + len(charged)
    for column, (name, weights) in enumerate(model.counts.items(), start=first_own):
        listed.append(Count(name, None, "1", weights.copy(), column))
    return [*listed, Count("jumps", None, "1", counts.jumps(model), 0)]


def uncounted(model: Model) -> dict[str, str]:
    """Return why counts that one might look for are not there, by their names."""
    reasons = {}
    named = {count.name for count in counts_of(model)}
    for bath in model.reservoirs:
        if not named & {f"{what} from {bath.name}" for what in ("quanta", "heat", "charge")}:
            reasons[f"quanta from {bath.name}"] = counts.no_quanta(model, bath.name)
    reason = entropy_missing(model)
    return reasons | ({} if reason is None else {"entropy production": reason})


def entropy_missing(model: Model) -> str | None:
    """Return why the entropy production of a model has no cumulants, None where it has."""
    try:
        counts.entropy(model)
    except InputError as error:
        return str(error)
    return None


def reverses(model: Model, weights: np.ndarray) -> bool:
    """Return True where a count changes sign under reversal, as the thermodynamic uncertainty relation needs."""
    partner = model.partner
    if (partner < 0).any():
        return False
    return bool(np.allclose(weights[partner], -weights, rtol=0.0, atol=1e-9 * np.abs(weights).max(initial=0.0)))
