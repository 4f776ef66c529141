"""A machine: Hamiltonian, reservoirs, and jump channels with the jumps that undo them.

`model` is the class that everything else takes; `channel`, `operators` and `expressions` are what it is made of,
`validation` and `detailed_balance` what is checked, `time_reversal` the process backwards, `conversion` QuTiP objects
and plain data, `user_model` a Python file of the user's own, `initial_state` the start of a run.
"""

from trajectories.model.channel import Channel, Reservoir
from trajectories.model.model import Model

__all__ = ["Channel", "Model", "Reservoir"]
