"""Every draw of recorded trajectories, re-derived in the full Hilbert space to 1e-10 (tests/rederived.py).

Statistics cannot see small faults: a rate off by 1e-6 takes 10^12 trajectories. Here each trajectory is a proof by
itself: the number drawn for each jump is the squared norm just before it, and lies in its channel's piece of the
cumulative probability; the start, the outcome, the counts, the states, Delta S and the energy balance follow. Of the
correct engine's deviations the largest is 3e-12, in a run of 600 jumps; the controls show what is caught.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import planted
import pytest
from machines import bright_and_dark, driven_qubit, engine_state, pure, threefold_exceptional_point
from mutants import mutant, sampler
from rederived import Worst, deviations, exponential
from scipy.linalg import expm
from small_models import one_way_model, random_model, random_state

from trajectories.kernels.plan import CLOSED, DIMENSION, EIGEN, GRID, METHOD, SCALAR
from trajectories.model import Channel, Model, Reservoir
from trajectories.sampling import block, reversed_ensemble
from trajectories.sampling import plan as unravelling
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import cavity, common_bath, diamond, double_dot, flux_qubits, local_engine, reset_engine

BY_METHOD = ("diamond", "engine", "dense 4", "threefold exceptional point")  # scalar, closed, eigenbasis, grid
SEED, TRAJECTORIES = 2**63 + 12345, 4
# Sample times in units of a machine's own time; the last is the duration.
SPANS = np.array([1e-6, 1e-2, 0.3, 1.0, 10.0])
LONG = np.array([1e-6, 1e-3, 1.0, 30.0, 1000.0])
PAPER = {"T_h": 1.0, "T_c": 0.1, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
HOT = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
MIXED = np.diag([0.4, 0.3, 0.2, 0.1]).astype(complex)


class Machine(NamedTuple):
    model: Model
    times: np.ndarray
    initial: np.ndarray | None = None
    burn_in: float = 0.0

    def prepared(self) -> Preparation:
        return prepare(self.model, self.times, self.initial, 64, burn_in=self.burn_in)


def dense(d: int, times: np.ndarray) -> Machine:
    """A model without any symmetry, one sector of dimension d, with a self-partnered dephasing channel."""
    model = random_model(d, 1, d, dephasing=True)
    return Machine(model, times / np.linalg.norm(model.loss, 2), random_state(np.random.default_rng(d), d))


def ring() -> Model:
    """Six levels in a ring whose pairs of channels have rates from 1e-6 to 1e6."""
    channels, reservoirs = [], []
    for i, step in enumerate((0.5, -0.3, 0.2, 0.4, -0.6, 0.1)):
        up = np.zeros((6, 6))
        up[(i + 1) % 6, i] = 10.0 ** (1.2 * i - 3)
        channels.append(Channel(f"up{i}", up, f"bath{i}", None, f"down{i}"))
        channels.append(Channel(f"down{i}", np.exp(-step / 2) * up.T, f"bath{i}", None, f"up{i}"))
        reservoirs.append(Reservoir(f"bath{i}"))
    return Model(np.diag(0.3 * np.arange(6)), channels, reservoirs, pair=None)


def spread() -> Machine:
    """One dense sector whose three pairs of channels have rates of order 1e-6, 1 and 1e6."""
    plain = random_model(4, 3, 4)
    factors = np.repeat([1e-3, 1.0, 1e3], 2)
    channels = [
        Channel(c.name, factor * c.operator, c.reservoir, c.quantum, c.partner)
        for c, factor in zip(plain.channels, factors, strict=True)
    ]
    model = Model(plain.hamiltonian, channels, plain.reservoirs, pair=None)
    return Machine(model, 1e-6 * SPANS[1:], random_state(np.random.default_rng(4), 4))


def overdamped(loss: float, initial: np.ndarray | None = None) -> Machine:
    """Level 0, coupled by g = 1 to level 1, which is lost at a much higher rate: it decays at 4/loss.

    initial: default |0>; with coherence to level 2, all three are one sector.
    """
    level = np.eye(3)
    hamiltonian = np.outer(level[0], level[1]) + np.outer(level[1], level[0])
    jumps = [np.sqrt(loss) * np.outer(level[2], level[1]), np.sqrt(4 / loss) * np.outer(level[0], level[2])]
    return Machine(one_way_model(hamiltonian, jumps), loss * SPANS, pure([1, 0, 0]) if initial is None else initial)


def twofold_exceptional_point() -> Machine:
    """Two levels at their exceptional point beside a third, in one sector because the start has coherence."""
    level = np.eye(3)
    hamiltonian = np.outer(level[0], level[1]) + np.outer(level[1], level[0])
    jumps = [2 * np.outer(level[2], level[1]), 0.7 * np.outer(level[0], level[2])]
    return Machine(one_way_model(hamiltonian, jumps), SPANS, random_state(np.random.default_rng(2), 3))


def empty_cavity() -> Machine:
    model = cavity(p=2e-3, gamma=1e-3, kappa=6.0, n_max=3)
    return Machine(model, 200 * SPANS, np.diag(np.eye(16)[0]).astype(complex))


def bell_mixture() -> np.ndarray:
    basis = diamond(-1.0, 2.0).bases["bell"][0]
    return basis @ np.diag([0.1, 0.2, 0.3, 0.4]) @ basis.conj().T


def shared_bath(**options: float) -> Model:
    return common_bath(3.0, 8.0, 20.5, 19.5, 6.0, 1.0, 1.0, T_C=5.0, gamma_C_A=1.0, gamma_C_B=1.0, **options)


MACHINES: dict[str, Callable[[], Machine]] = {
    "diamond": lambda: Machine(diamond(-1.0, 1.0), SPANS),
    "diamond, relaxing": lambda: Machine(diamond(-1.0, 2.0), SPANS, bell_mixture()),
    "diamond, from one state": lambda: Machine(diamond(-2.0, 3.0), SPANS[1:], np.diag([1.0, 0, 0, 0]).astype(complex)),
    "diamond, long": lambda: Machine(diamond(-1.0, 1.0), 0.3 * LONG, burn_in=0.3 * LONG[2]),
    "engine": lambda: Machine(local_engine(g=1.6e-3, **PAPER), 600 * SPANS, engine_state()),
    "engine, steady": lambda: Machine(local_engine(**HOT), 100 * SPANS, burn_in=100.0),
    "engine, long": lambda: Machine(local_engine(**HOT), 100 * LONG),
    "engine, detuned": lambda: Machine(local_engine(g=1.6e-3, delta=0.01, **PAPER), 600 * SPANS, engine_state()),
    "engine, exceptional": lambda: Machine(local_engine(g=2.5e-3, **PAPER), 600 * SPANS, engine_state()),
    "engine, exceptional, long": lambda: Machine(local_engine(g=2.5e-3, **PAPER), 600 * LONG, engine_state()),
    "engine, tunnelling": lambda: Machine(
        local_engine(g=1.6e-3, delta=0.01, kappa_h=0.07, kappa_c=0.05, **PAPER),
        300 * SPANS,
        random_state(np.random.default_rng(5), 4),
    ),
    "reset": lambda: Machine(reset_engine(0.5, 2.0, 1.6e-3, 1e-2, 1.1e-3), 400 * SPANS),
    "reset, one-way": lambda: Machine(reset_engine(0.0, 2.0, 1.6e-3, 1e-2, 1.1e-3), 400 * SPANS, MIXED),
    "dot": lambda: Machine(double_dot(0.5, 3.2, 3.9e-3, 1e-2, 1e-2, 1.0), 300 * SPANS, MIXED),
    "flux qubits, one-way": lambda: Machine(flux_qubits(0.0, 1.0, 1e-3, 1e-2, 1e-2), 100 * SPANS, MIXED),
    "common bath": lambda: Machine(shared_bath(), SPANS, MIXED),
    "common bath, dephasing": lambda: Machine(shared_bath(dephasing=0.1), SPANS),
    "cavity": empty_cavity,
    "fast drive": lambda: Machine(driven_qubit(rabi=60.0), 30 * SPANS),
    "decay into the dark": lambda: Machine(bright_and_dark(3), 40 * SPANS, pure([0, 1, 1j, 0])),
    "twofold exceptional point": twofold_exceptional_point,
    "threefold exceptional point": lambda: Machine(
        threefold_exceptional_point(), 5 * SPANS, random_state(np.random.default_rng(3), 3)
    ),
    "threefold exceptional point, long": lambda: Machine(
        threefold_exceptional_point(), 3 * LONG, random_state(np.random.default_rng(3), 3)
    ),
    "twelve decades": lambda: Machine(ring(), np.array([1e-7, 1e-3]), np.diag([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]) + 0j),
    "twelve decades, dense": spread,
    "overdamped": lambda: overdamped(100.0),
    "overdamped, twelve decades": lambda: overdamped(1e6),
    "overdamped, eighteen decades": lambda: overdamped(1e9),
    "overdamped, one sector": lambda: overdamped(1e9, random_state(np.random.default_rng(1), 3)),
    "dense 2, long": lambda: dense(2, 0.3 * LONG),
    "dense 3, long": lambda: dense(3, 0.3 * LONG),
} | {f"dense {d}": (lambda d=d: dense(d, 3 * SPANS)) for d in range(1, 13)}


@cache
def prepared(name: str) -> tuple[Preparation, np.ndarray | None]:
    machine = MACHINES[name]()
    return machine.prepared(), machine.initial


def wrong(worst: Worst) -> set[str]:
    return {name for name, value in worst.items() if not value < 1}


@pytest.mark.parametrize("name", MACHINES)
def test_every_draw_is_the_one_that_was_drawn(name: str) -> None:
    preparation, initial = prepared(name)
    found = deviations(preparation, initial, SEED, TRAJECTORIES)
    assert {"start", "outcome", "a jump too few", "counts", "state", "counted", "functionals"} <= set(found)
    assert wrong(found) == set(), found


def test_the_grid_keeps_a_slow_decay_beside_a_fast_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the eigenbasis does: the same machine by the method that a defective H_eff gets."""
    monkeypatch.setattr(unravelling, "_eigenbasis", lambda h, duration: None)
    machine = overdamped(1e9, random_state(np.random.default_rng(1), 3))
    preparation = machine.prepared()
    assert preparation.plan.sectors[:, METHOD].tolist() == [GRID]
    assert wrong(deviations(preparation, machine.initial, SEED, TRAJECTORIES)) == set()


@pytest.mark.parametrize("loss", [1e6, 1e9])
def test_the_exact_side_keeps_a_slow_decay_beside_a_fast_one(loss: float) -> None:
    """Both ways between levels 0 and 2 take place at s = 4/loss, up to (4/loss)^2 of it and the first 1/loss.

    So p_0(t) = (1 + e^{-2 s t})/2, and the rate of jumps is s.
    """
    preparation = prepare(overdamped(loss).model, loss * np.array([0.1, 1.0]), pure([1, 0, 0]), 64)
    populations = preparation.sectors.unflatten(preparation.exact.density)[:, 0, 0].real
    np.testing.assert_allclose(populations, 0.5 * (1 + np.exp(-0.8 * np.array([1.0, 10.0]))), rtol=20 / loss**2 + 1e-14)
    np.testing.assert_allclose(preparation.exact.mean[:, 0], 4.0 * np.array([0.1, 1.0]), rtol=200 / loss**2 + 1e-13)


def test_the_machines_cover_what_they_are_for() -> None:
    found, longest = set(), {}
    for name in MACHINES:
        plan = prepared(name)[0].plan
        found |= {(int(method), int(m)) for m, method in plan.sectors[:, [DIMENSION, METHOD]]}
        for method in {int(method) for method in plan.sectors[:, METHOD]}:
            longest[method] = max(longest.get(method, 0.0), prepared(name)[0].jumps_per_trajectory)
    assert {m for _, m in found} == set(range(1, 13))
    assert {method for method, _ in found} == {SCALAR, CLOSED, EIGEN, GRID}
    # Beyond a hundred jumps, with each method: past the batches in which random numbers are drawn.
    assert min(longest.values()) > 100


def test_the_exponential_is_that_of_a_matrix() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5)) - 4 * np.eye(5)
    for t in (0.0, 1e-9, 0.1, 1.0, 30.0):
        np.testing.assert_allclose(
            exponential(matrix, np.array([t]))[0] + np.eye(5), expm(matrix * t), rtol=1e-12, atol=1e-13
        )
    # A slow rate beside a fast one, which squaring 1 + X would lose: levels 0 and 1 coupled by 1, 1 lost at 1e8.
    loss = 1e8
    slow = np.array([[0, -1j], [-1j, -loss / 2]])
    decay = exponential(slow, np.array([loss / 4]))[0, 0, 0]
    # Eigenvalue -(loss/4)(1 - sqrt(1 - 16/loss^2)) = -2/loss (1 + 4/loss^2 ...), so that e^{-1/2} is left.
    assert decay == pytest.approx(np.expm1(-0.5), rel=1e-14)


# The mistake, its size where it has one, the machine, and what it must be caught in.
CONTROLS: list[tuple[Callable, tuple[float, ...], str, set[str]]] = [
    *((planted.rate, (1e-6,), name, {"waiting time"}) for name in BY_METHOD),
    *((planted.coupling, (1e-6,), name, {"waiting time"}) for name in BY_METHOD[1:]),
    *((planted.loss, (), name, {"waiting time"}) for name in BY_METHOD),
    *((planted.times, (1e-6,), name, {"state"}) for name in BY_METHOD[1:]),
    *((planted.final_basis, (), name, {"bases", "entropy"}) for name in ("engine, detuned", "dense 4")),
    *((planted.measurement, (), name, {"outcome"}) for name in ("engine, detuned", "dense 4")),
    *((planted.weights, (0.3,), name, {"start"}) for name in ("diamond", "dense 4")),
    *((planted.channels_exchanged, (), name, {"channel"}) for name in ("diamond", "engine", "dense 4")),
    *((planted.entropy_step, (1e-6,), name, {"entropy", "entropy drawn"}) for name in ("diamond", "engine", "dense 4")),
    (planted.partners, (), "diamond", {"entropy", "entropy drawn"}),
    (planted.quantum, (1e-6,), "engine", {"counted", "energy balance"}),
    (planted.start_energy, (1e-6,), "engine", {"energy balance"}),
]


def _id(value: object) -> str | None:
    return getattr(value, "__name__", None) or ("" if isinstance(value, tuple | set) else None)


@pytest.mark.parametrize(("change", "size", "name", "caught"), CONTROLS, ids=_id)
def test_a_small_fault_of_the_plan_or_the_ledger_is_caught(
    change: Callable, size: tuple[float, ...], name: str, caught: set[str]
) -> None:
    preparation, initial = prepared(name)
    assert wrong(deviations(change(preparation, *size), initial, SEED, 2 * TRAJECTORIES)) >= caught


WAIT = "return waiting_time("
SCALAR_WAIT = "return -log_r * plan.rates[s, MEAN_WAIT]"
JUMP = "jump(plan, s, scalar, u1[k], scratch)"
MUTANTS: dict[str, tuple[str, str, list[str], set[str]]] = {
    "nothing": (WAIT, WAIT, list(BY_METHOD), set()),
    "waiting time of one level": (SCALAR_WAIT, SCALAR_WAIT + " * (1 + 1e-8)", ["diamond", "engine"], {"waiting time"}),
    "waiting time": (
        WAIT,
        "return (1 + 1e-8) * waiting_time(",
        ["engine", "engine, exceptional", "dense 4", "threefold exceptional point"],
        {"waiting time"},
    ),
    "channel by the waiting time's number, one level": (
        JUMP,
        "jump(plan, s, scalar, u0[k] if scalar else u1[k], scratch)",
        ["diamond"],
        {"channel"},
    ),
    "channel by the waiting time's number": (
        JUMP,
        "jump(plan, s, scalar, u1[k] if scalar else u0[k], scratch)",
        ["dense 4"],
        {"channel"},
    ),
    "second batch of draws": (
        "fill(n, stream, scratch.u0, scratch.u1)",
        "fill(n + 1, stream, scratch.u0, scratch.u1)",
        ["diamond"],
        {"waiting time"},
    ),
    "outcome by the start's number": ("last_uniform = u1[0]", "last_uniform = u0[0]", ["dense 4"], {"outcome"}),
    "one jump in twenty not counted": (
        "scratch.fired[channel] += 1",
        "scratch.fired[channel] += n % 20 != 19",
        ["diamond"],
        {"counts", "counted"},
    ),
    "a stream for two trajectories": (
        "words(seed, point_family, first + i)",
        "words(seed, point_family, (first + i) // 2)",
        ["diamond", "dense 4"],
        {"waiting time"},
    ),
    "sampled too late": (
        "sample(plan, s, times[j] - t, scratch",
        "sample(plan, s, (times[j] - t) * (1 + 1e-8), scratch",
        ["engine, detuned", "dense 4"],
        {"state"},
    ),
    "the last jump left out": ("if j == len(times):", "if j == len(times) or n == 5:", ["dense 4"], {"a jump too few"}),
}


@pytest.mark.parametrize(("fault", "name"), [(fault, name) for fault in MUTANTS for name in MUTANTS[fault][2]])
def test_a_small_fault_of_the_kernel_is_caught(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fault: str, name: str
) -> None:
    """Copies of the kernel with one line changed, run as plain Python; the first one is unchanged, and passes."""
    old, new, _, caught = MUTANTS[fault]
    wrong_kernel = sampler(mutant(tmp_path, "jumps.py", old, new, interpreted=True))
    monkeypatch.setattr(block, "jumps", wrong_kernel)
    monkeypatch.setattr(reversed_ensemble, "jumps", wrong_kernel)
    preparation, initial = prepared(name)
    found = wrong(deviations(preparation, initial, SEED, TRAJECTORIES))
    assert found >= caught
    assert caught or not found
