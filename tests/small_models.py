"""Small models and states for tests: a thermal qubit, and ones without any symmetry, the same in every run."""

from __future__ import annotations

import numpy as np

from trajectories.model import Channel, Model, Reservoir

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
"""|0><1| of one qubit."""


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


def thermal_qubit(n: float = 0.2, gamma: float = 0.5, energy: float = 1.3) -> Model:
    """A qubit in a bosonic bath of occupation n: up at gamma n, down at gamma (n + 1)."""
    channels = [
        Channel("down", np.sqrt(gamma * (n + 1)) * LOWER, "bath", -energy, "up"),
        Channel("up", np.sqrt(gamma * n) * LOWER.T, "bath", energy, "down"),
    ]
    bath = Reservoir("bath", np.log((n + 1) / n) / energy)
    return Model(np.diag([0.0, energy]), channels, [bath], name="qubit", pair=None)


def derivative(model: Model, rho: np.ndarray) -> np.ndarray:
    """d rho/dt, term by term."""
    result = -1j * (model.hamiltonian @ rho - rho @ model.hamiltonian)
    for jump in model.operators:
        loss = jump.conj().T @ jump
        result = result + jump @ rho @ jump.conj().T - (loss @ rho + rho @ loss) / 2
    return result
