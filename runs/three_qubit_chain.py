"""Heat through a chain of three qubits: the model of three_qubit_chain.toml."""

import numpy as np

from trajectories import Channel, Model, Reservoir
from trajectories.model.operators import dagger, embed, number, sigma_minus

DIMS = (2, 2, 2)


def chain(T_h, T_c, g, gamma_h, gamma_c, energy=1.0):
    """Equal qubits 1-2-3 with exchange g; a hot bath on qubit 1, a cold one on qubit 3 (local, so g << energy).

    H = energy (n1 + n2 + n3) + g (s1^dagger s2 + s2^dagger s3 + h.c.), s = |0><1|; bath j lowers its qubit at the rate
    gamma_j (n_j + 1) and raises it at gamma_j n_j, n_j = 1/(exp(energy/T_j) - 1).
    """
    lower = [embed(sigma_minus(), site, DIMS) for site in range(3)]
    hamiltonian = energy * sum(embed(number(), site, DIMS) for site in range(3))
    for left, right in ((0, 1), (1, 2)):
        exchange = g * dagger(lower[left]) @ lower[right]
        hamiltonian = hamiltonian + exchange + dagger(exchange)

    reservoirs, channels = [], []
    for bath, site, temperature, gamma in (("h", 0, T_h, gamma_h), ("c", 2, T_c, gamma_c)):
        n = 1 / np.expm1(energy / temperature)
        down, up = np.sqrt(gamma * (n + 1)) * lower[site], np.sqrt(gamma * n) * dagger(lower[site])
        # An operator includes its rate; quantum is the energy that the system gains in the jump.
        reservoirs.append(Reservoir(bath, beta=1 / temperature))
        channels.append(Channel(f"{bath}_down", down, bath, quantum=-energy))
        channels.append(Channel(f"{bath}_up", up, bath, quantum=energy))
    # pair: the qubits whose entanglement is meant, counted from 0 (here those next to the cold bath).
    return Model(hamiltonian, channels, reservoirs, name="three-qubit chain", dims=DIMS, pair=(1, 2))
