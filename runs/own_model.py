"""A three-level maser: the model of own_model.toml, written as you would write your own."""

import numpy as np

from trajectories import Channel, Model, Reservoir


def maser(T_h=2.0, T_c=0.3, omega_h=1.0, omega_c=0.4, rate_h=0.3, rate_c=0.5, drive=0.1):
    """Levels 0, 1, 2; hot bath on 0-2 (energy omega_h), cold bath on 1-2 (omega_c), drive on 0-1 (rotating frame)."""
    reservoirs = [Reservoir("h", beta=1 / T_h), Reservoir("c", beta=1 / T_c)]
    channels = []
    for reservoir, lower, omega, rate in ((reservoirs[0], 0, omega_h, rate_h), (reservoirs[1], 1, omega_c, rate_c)):
        n = 1 / np.expm1(reservoir.beta * omega)
        down = np.zeros((3, 3))
        down[lower, 2] = 1  # |lower><2|
        # An operator includes its rate; quantum is the energy that the system gains in the jump.
        name = reservoir.name
        channels.append(Channel(f"down_{name}", np.sqrt(rate * (n + 1)) * down, name, quantum=-omega))
        channels.append(Channel(f"up_{name}", np.sqrt(rate * n) * down.T, name, quantum=omega))
    hamiltonian = np.zeros((3, 3))
    hamiltonian[0, 1] = hamiltonian[1, 0] = drive
    return Model(hamiltonian, channels, reservoirs, name="three-level maser", dims=(3,), states=("0", "1", "2"))
