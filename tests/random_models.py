"""Models and states without any symmetry, the same ones in every run."""

from __future__ import annotations

import numpy as np

from trajectories.model import Channel, Model, Reservoir


def complex_matrix(rng: np.random.Generator, d: int) -> np.ndarray:
    return rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))


def random_state(rng: np.random.Generator, d: int, rank: int | None = None) -> np.ndarray:
    """A density matrix with complex elements; rank: default full."""
    root = complex_matrix(rng, d)[:, : d if rank is None else rank]
    rho = root @ root.conj().T
    return rho / np.trace(rho).real


def random_model(d: int, pairs: int, seed: int, *, dephasing: bool = False) -> Model:
    """Complex Hamiltonian and jump operators; every pair of channels is a reservoir with its own random Delta s."""
    rng = np.random.default_rng(seed)
    hamiltonian = complex_matrix(rng, d)
    channels, reservoirs = [], []
    for i in range(pairs):
        jump, step = 0.5 * complex_matrix(rng, d), rng.normal()
        channels.append(Channel(f"down{i}", jump, f"bath{i}", None, f"up{i}"))
        channels.append(Channel(f"up{i}", np.exp(-step / 2) * jump.conj().T, f"bath{i}", None, f"down{i}"))
        reservoirs.append(Reservoir(f"bath{i}"))
    if dephasing:
        jump = complex_matrix(rng, d)
        channels.append(Channel("dephasing", 0.3 * (jump + jump.conj().T), "noise", None, "dephasing"))
        reservoirs.append(Reservoir("noise"))
    return Model(hamiltonian + hamiltonian.conj().T, channels, reservoirs, name=f"random{d}", pair=None)


def one_way_model(hamiltonian: np.ndarray, operators: list[np.ndarray], **options) -> Model:
    """A model whose channels have no partners: for what concerns the dynamics only."""
    channels = [Channel(f"c{k}", operator, "bath", None, "none") for k, operator in enumerate(operators)]
    return Model(hamiltonian, channels, [Reservoir("bath")], pair=None, **options)
