"""The exact side from Python: the master equation and counting statistics of a Model, as arrays.

`machines`: steady-state quantities on arrays of parameters. `states`: states, currents, entropy, entanglement.
`counts`: statistics of the jumps. Units: hbar = k_B = 1; heat is positive into the system; entropy in nats.
"""

from trajectories.exact.counts import (
    FirstPassages,
    cumulants,
    finite_time_cumulants,
    first_passages,
    g2,
    mean_waiting_time,
    scgf,
    spectrum,
    waiting_times,
)
from trajectories.exact.machines import largest, steady
from trajectories.exact.states import (
    activity,
    concurrence,
    energy_currents,
    entropy_production,
    entropy_production_rate,
    heat_currents,
    negativity,
    state,
    steady_state,
)

__all__ = [
    "FirstPassages",
    "activity",
    "concurrence",
    "cumulants",
    "energy_currents",
    "entropy_production",
    "entropy_production_rate",
    "finite_time_cumulants",
    "first_passages",
    "g2",
    "heat_currents",
    "largest",
    "mean_waiting_time",
    "negativity",
    "scgf",
    "spectrum",
    "state",
    "steady",
    "steady_state",
    "waiting_times",
]
