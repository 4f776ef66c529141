"""One small machine for each way in which a sector can evolve, all with rates of order one."""

from __future__ import annotations

import numpy as np
from compiled import Compiled
from small_models import LOWER, one_way_model, random_model, random_state

from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import diamond, local_engine


def pure(psi: list[complex]) -> np.ndarray:
    """|psi><psi|, normalised."""
    vector = np.array(psi, complex)
    return np.outer(vector, vector.conj()) / np.vdot(vector, vector).real


def driven_qubit(rabi: float = 1.0, detuning: float = 0.3, down: float = 0.8, up: float = 0.3) -> Model:
    """A driven qubit with two thermal channels: one sector of dimension 2."""
    channels = [
        Channel("down", np.sqrt(down) * LOWER, "bath", None, "up"),
        Channel("up", np.sqrt(up) * LOWER.T, "bath", None, "down"),
    ]
    hamiltonian = 0.5 * rabi * (LOWER + LOWER.T) + np.diag([0.0, detuning])
    return Model(hamiltonian, channels, [Reservoir("bath")], name="driven qubit", pair=None)


def threefold_exceptional_point() -> Model:
    """A chain of three levels with losses (4, 2, 0) sqrt(2): all three eigenvectors of H_eff coincide.

    With the mean loss taken out, H_eff is [[-i c, 1, 0], [1, 0, 1], [0, 1, i c]], whose eigenvalues are 0 and
    +-sqrt(2 - c^2), with c^2 = 2.
    """
    level = np.eye(3)
    chain = np.diag([1.0, 1.0], 1) + np.diag([1.0, 1.0], -1)
    c = np.sqrt(2.0)
    return one_way_model(
        chain, [np.sqrt(4 * c) * np.outer(level[2], level[0]), np.sqrt(2 * c) * np.outer(level[2], level[1])]
    )


def bright_and_dark(levels: int) -> Model:
    """`levels` degenerate levels that decay to level 0 through their symmetric superposition only, at rate 1."""
    bright = np.concatenate([[0.0], np.ones(levels)]) / np.sqrt(levels)
    ground = np.eye(levels + 1)[0]
    return one_way_model(np.zeros((levels + 1, levels + 1)), [np.outer(ground, bright)])


def engine_state(seed: int = 4) -> np.ndarray:
    """A state of two qubits whose only coherence is between |01> and |10>."""
    allowed = np.eye(4)
    allowed[1:3, 1:3] = 1
    rho = random_state(np.random.default_rng(seed), 4) * allowed
    return rho / np.trace(rho)


def compiled(name: str) -> Compiled:
    """Return the machine of this name, its start and its sample times, the first of which is 0."""
    rng = np.random.default_rng(5)
    rates = {"T_h": 1.0, "T_c": 0.1, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    if name == "diamond":
        model = diamond(beta_A=-1.0, beta_S=1.0)
        bell = model.bases["bell"][0]
        rho, duration = bell @ np.diag([0.1, 0.2, 0.3, 0.4]) @ bell.conj().T, 2.0
    elif name in ("engine", "detuned engine", "engine at its exceptional point"):
        g, delta = {"engine": (1.6e-3, 0.0), "detuned engine": (1.6e-3, 0.01)}.get(name, (2.5e-3, 0.0))
        model, rho, duration = local_engine(g=g, delta=delta, **rates), engine_state(), 3000.0
    elif name == "engine with tunnelling":
        model = local_engine(g=1.6e-3, delta=0.01, kappa_h=0.07, kappa_c=0.05, **rates)
        rho, duration = random_state(rng, 4), 1000.0
    elif name == "driven qubit":
        model, rho, duration = driven_qubit(), random_state(rng, 2), 5.0
    elif name == "fast drive":
        model, rho, duration = driven_qubit(rabi=60.0), random_state(rng, 2), 5.0
    elif name == "random":
        model, rho, duration = random_model(3, 2, 1, dephasing=True), random_state(rng, 3), 1.0
    elif name == "threefold exceptional point":
        model, rho, duration = threefold_exceptional_point(), pure([0, 0, 1]), 6.0
    elif name == "decay into the dark":
        model, rho, duration = bright_and_dark(3), pure([0, 1, 1j, 0]), 400.0
    else:
        raise KeyError(name)
    return Compiled(model, rho, duration * np.array([0.0, 0.3, 0.5, 1.0]), random_state_like(rho, rng))


def random_state_like(rho: np.ndarray, rng: np.random.Generator) -> np.ndarray | None:
    """Another state to measure in, where there is no structure to respect."""
    d = len(rho)
    return random_state(rng, d) if d in (2, 3) else None


MACHINES = (
    "diamond",
    "engine",
    "detuned engine",
    "engine at its exceptional point",
    "engine with tunnelling",
    "driven qubit",
    "fast drive",
    "random",
    "threefold exceptional point",
    "decay into the dark",
)
