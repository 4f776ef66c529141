"""Speed and memory of the engine, measured beside QuTiP in the same process where QuTiP is installed.

Single numbers depend on the machine; quote the ratio. Both engines sample the same model with two
sample times, at least 100 jumps per trajectory, keeping no states, on one core; their runs alternate and the best of
several is taken.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.model.operators import embed, number
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import prepare
from trajectories.systems import diamond, local_engine

JUMPS = 120.0  # expected on each trajectory
REPETITIONS = 5
SECONDS_PER_QUTIP_RUN = 2.0
QUTIP_METHODS = ("diag", "tsit5", "vern7", "adams")


def bench_models() -> dict[str, tuple[Model, np.ndarray]]:
    """Return the models to time, each with QuTiP's Hamiltonian: in the rotating frame, where phases turn slowly."""
    energy = embed(number(), 0, (2, 2)) + embed(number(), 1, (2, 2))
    engine = {"T_h": 1.0, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
    models = {
        "diamond": diamond(beta_A=-2.0, beta_S=3.0),
        "local_engine": local_engine(**engine),
        "local_engine, detuned": local_engine(**engine, delta=0.01),
    }
    return {name: (model, model.hamiltonian - energy) for name, model in models.items()}


def bench(repetitions: int = REPETITIONS) -> dict[str, Any]:
    """Time every model and return {"models": [{name, jumps_per_second, qutip_..., ratio}], "memory": {...}}."""
    memory = memory_growth()
    models = [_bench_model(name, *pair, repetitions) for name, pair in bench_models().items()]
    return {"models": models, "memory": memory}


def _bench_model(name: str, model: Model, rotating: np.ndarray, repetitions: int) -> dict[str, Any]:
    master = Master(model)
    rate = float(np.trace(model.loss @ master.steady_state()).real)
    times = np.array([0.5, 1.0]) * JUMPS / rate
    ours = _our_run(model, times)
    row: dict[str, Any] = {"name": name, "jumps_per_trajectory": JUMPS}
    try:
        theirs = _qutip_run(model, rotating, master.steady_state(), times)
    except ImportError:
        theirs = None
    ours()  # compiles
    our_speeds, their_speeds = [], []
    for _ in range(repetitions):
        our_speeds.append(ours())
        if theirs is not None:
            their_speeds.append(theirs())
    row["jumps_per_second"] = max(our_speeds)
    if theirs is not None:
        row["qutip_method"] = theirs.__name__
        row["qutip_jumps_per_second"] = max(their_speeds)
        row["ratio"] = max(our_speeds) / max(their_speeds)
    return row


def _our_run(model: Model, times: np.ndarray) -> Callable[[], float]:
    preparation = prepare(model, times, None, 2**20)
    size = preparation.block_size

    def run() -> float:
        begin = time.perf_counter()
        block = sample_block(preparation.plan, preparation.observables, 1, 0, 0, size, preparation.jumps_per_trajectory)
        return float(block.mean[-1, 0]) * size / (time.perf_counter() - begin)

    return run


def _qutip_run(model: Model, rotating: np.ndarray, steady: np.ndarray, times: np.ndarray) -> Callable[[], float]:
    """Return a run of the fastest of QuTiP's integrators for this model, named after it."""
    import qutip

    hamiltonian = qutip.Qobj(rotating)
    collapse = [qutip.Qobj(operator) for operator in model.operators]
    values, vectors = np.linalg.eigh(steady)
    start = qutip.Qobj(vectors[:, int(np.argmax(values))])

    def speed(method: str, trajectories: int) -> float:
        options = {"method": method, "progress_bar": "", "store_states": False, "keep_runs_results": False}
        begin = time.perf_counter()
        result = qutip.mcsolve(
            hamiltonian, start, [0.0, *times], collapse, ntraj=trajectories, options=options, seeds=1
        )
        return sum(len(jumps) for jumps in result.col_times) / (time.perf_counter() - begin)

    speeds = {}
    for method in QUTIP_METHODS:
        try:
            speeds[method] = speed(method, 20)
        except Exception:  # an integrator that refuses this model is no rival
            continue
    best = max(speeds, key=lambda method: speeds[method])
    trajectories = max(20, int(speeds[best] * SECONDS_PER_QUTIP_RUN / JUMPS))

    def run() -> float:
        return speed(best, trajectories)

    run.__name__ = best
    return run


def memory_growth() -> dict[str, float]:
    """Return the peak memory in MiB after 2^14 and after 2^18 trajectories; the two should be equal."""
    from trajectories.api import run

    model = diamond(beta_A=-2.0, beta_S=3.0)
    peaks = {}
    for trajectories in (2**14, 2**18):
        run(model, duration=2.0, trajectories=trajectories)
        peaks[f"{trajectories} trajectories"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peaks


def text(measured: dict[str, Any]) -> str:
    """Return the measurements as a table."""
    lines = [f"{'model':24}{'jumps/s':>12}{'QuTiP jumps/s':>16}{'integrator':>12}{'ratio':>8}"]
    for row in measured["models"]:
        other = (
            f"{row['qutip_jumps_per_second']:16.3g}{row['qutip_method']:>12}{row['ratio']:8.0f}"
            if "ratio" in row
            else f"{'not installed':>16}"
        )
        lines.append(f"{row['name']:24}{row['jumps_per_second']:12.3g}{other}")
    lines += [f"peak memory after {name}: {size:.0f} MiB" for name, size in measured["memory"].items()]
    return "\n".join(lines)
