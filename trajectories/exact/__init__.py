"""The exact side from Python: the master equation and counting statistics of a Model, as arrays.

`machines`: steady-state quantities on arrays of parameters. `states`, `entanglement`: states and functions of them.
`counts`, `waiting`: statistics of the jumps. `records`: likelihoods and states of measured clicks. `information`: what
clicks can teach about a machine's parameters, before any have been measured.
Units: hbar = k_B = 1; heat is positive into the system; entropy in nats.
"""

from trajectories.exact.counts import cumulants, finite_time_cumulants, scgf, spectrum
from trajectories.exact.entanglement import concurrence, negativity
from trajectories.exact.entropy_of_records import record_entropy
from trajectories.exact.information import fisher_information, quantum_fisher_information
from trajectories.exact.machines import largest, steady
from trajectories.exact.records import filtered_states, log_likelihood, score
from trajectories.exact.states import (
    activity,
    energy_currents,
    entropy_production,
    entropy_production_rate,
    heat_currents,
    state,
    steady_state,
)
from trajectories.exact.waiting import FirstPassages, first_passages, g2, mean_waiting_time, waiting_times

__all__ = [
    "FirstPassages",
    "activity",
    "concurrence",
    "cumulants",
    "energy_currents",
    "entropy_production",
    "entropy_production_rate",
    "filtered_states",
    "finite_time_cumulants",
    "first_passages",
    "fisher_information",
    "g2",
    "heat_currents",
    "largest",
    "log_likelihood",
    "mean_waiting_time",
    "negativity",
    "quantum_fisher_information",
    "record_entropy",
    "scgf",
    "score",
    "spectrum",
    "state",
    "steady",
    "steady_state",
    "waiting_times",
]
