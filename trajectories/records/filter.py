"""The filter: the state and the likelihood of one measured record, and their derivatives.

    rho~(T) = e^{L_0 (T - t_N)} J_{d_N} ... J_{d_1} e^{L_0 (t_1 - t_0)} rho(t_0),   ln L = ln Tr rho~(T)

L is the probability density of N clicks of the detectors d_1, ..., d_N at t_1, ..., t_N and of no others from t_0 to T.
The state is normalised after every stretch and every click, and the logarithms of the norms are added. A state with
derivatives (`parameters`) is one longer vector that obeys equations of the same form, normalised with the trace of its
first part. (Gammelmark, Moelmer, PRA 87, 032115 (2013).)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError, listing, show
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.records.conditional import Conditional, conditional
from trajectories.records.detection import Detection
from trajectories.records.propagation import Propagator

IMPOSSIBLE = 1e-14
"""Of its largest possible rate: a click that is rarer is rounding, not measured in this model."""
ELEMENTS = 2_000_000
"""Elements of the propagators that are made at once."""


class Record(NamedTuple):
    """times: (N,) of the clicks, not falling, from start to end. clicks: (N,) int64, their detectors."""

    times: np.ndarray
    clicks: np.ndarray
    start: float
    end: float


class Filtered(NamedTuple):
    """log_likelihood: ln L. states: (T, d, d) conditional density matrices, computational basis."""

    log_likelihood: float
    states: np.ndarray


class Equations(NamedTuple):
    """What a vector x (N,) obeys: dx/dt = generator x, x -> clicks[d] x. trace: (N,) row, of the state in x.

    decay: the slowest decay of the state (1/time, as a real part <= 0). describe: of x, for messages.
    """

    generator: np.ndarray
    clicks: np.ndarray
    start: np.ndarray
    trace: np.ndarray
    decay: float
    describe: Callable[[np.ndarray], str]

    def plain(self) -> Equations:
        """Return the same equations in real numbers where all are real."""
        parts = (self.generator, self.clicks, self.start)
        if any(np.iscomplexobj(part) and np.any(part.imag) for part in parts):
            return self
        generator, clicks, start = (part.real.copy() for part in parts)
        return self._replace(generator=generator, clicks=clicks, start=start)

    def propagator(self, longest: float) -> Propagator:
        """Return what evolves the vector through waits of up to `longest` without clicks."""
        return Propagator(self.generator, longest, self.decay)


def filter_record(
    model: Model,
    detection: Detection,
    times: np.ndarray,
    detectors: np.ndarray,
    start: float,
    end: float,
    initial: np.ndarray | None,
    at: np.ndarray | None = None,
) -> Filtered:
    """Return ln L of a record and the filtered states at the times `at` (default: the end alone).

    times: (N,) of the clicks. detectors: (N,) their numbers in `detection.of(model).names`. start, end: of the
    observation. initial: rho(start), (d, d), None for the steady state. at: (T,), not falling; the state at the time of
    a click is that after it. Raises InputError for a click of probability zero in the model.
    """
    record = Record(np.asarray(times, float), np.asarray(detectors, np.int64), float(start), float(end))
    seen = detection.of(model)
    rho = Master(model).steady_state() if initial is None else initial
    sectors = find_sectors(model, (rho,))
    equations = equations_of(model, conditional(model, seen, sectors, rho), sectors)
    when = np.array([record.end]) if at is None else np.asarray(at, float)
    log_likelihood, vectors = propagate(equations, record, when, seen.names)
    return Filtered(log_likelihood, sectors.unflatten(vectors))


def equations_of(model: Model, parts: Conditional, sectors: Sectors) -> Equations:
    """Return the equations of the conditional state without derivatives."""

    def describe(blocks: np.ndarray) -> str:
        rho = sectors.unflatten(blocks / (sectors.trace_row @ blocks))
        occupied = [f"{label}: {p:.6g}" for label, p in zip(model.states, rho.diagonal().real, strict=True) if p > 1e-9]
        return f"{model.name} has the populations {listing(occupied, 8)} there"

    return Equations(*parts, sectors.trace_row, slowest(parts.generator), describe).plain()


def slowest(generator: np.ndarray) -> float:
    """Return the largest real part of the eigenvalues of a generator (1/time)."""
    return float(np.linalg.eigvals(generator).real.max())


def propagate(
    equations: Equations,
    record: Record,
    at: np.ndarray,
    names: tuple[str, ...],
    propagator: Propagator | None = None,
) -> tuple[float, np.ndarray]:
    """Return ln L and the vectors (T, N), normalised, at times `at` (T,) from record.start to record.end.

    names: of the detectors. propagator: `equations.propagator` for the longest wait of this record, or a longer one
    (default: made here).
    """
    when, click, place = _events(record, at)
    waits = np.diff(when, prepend=record.start)
    clicks, x = equations.clicks, equations.start
    propagator = equations.propagator(float(waits.max())) if propagator is None else propagator
    trace = equations.trace.astype(x.dtype)
    largest = np.array([np.abs((trace @ one)[trace != 0]).max() for one in clicks])
    norms, kept = np.ones((len(when), 2)), np.zeros((len(at), len(x)), complex)
    chunk = max(1, ELEMENTS // len(x) ** 2)
    for first in range(0, len(when), chunk):
        matrices, steps = propagator.remainders(waits[first : first + chunk])
        for i, (matrix, more) in enumerate(zip(matrices, steps, strict=True), start=first):
            x = matrix @ x
            for step in more:
                x = step @ x
            norms[i, 0] = norm = (trace @ x).real
            if not norm > 0:
                raise InputError(f"t = {when[i]:.9g}: no record of these clicks is so long without another one")
            x = x / norm
            d = click[i]
            if d < 0:
                kept[place[i]] = x
                continue
            y = clicks[d] @ x
            norms[i, 1] = rate = (trace @ y).real
            if not rate > IMPOSSIBLE * largest[d]:
                raise InputError(
                    f"click {place[i] + 1}, of {names[d]} at t = {when[i]:.9g}: has probability zero: "
                    f"{equations.describe(x)}"
                )
            x = y / rate
    return float(np.log(norms).sum() + equations.decay * (record.end - record.start)), kept


def _events(record: Record, at: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times, detectors (-1: none, the state is asked for), and numbers among the clicks or `at`, in order.

    The last event is the end of the record, as a state that is asked for once more.
    """
    when = np.concatenate([record.times, at, [record.end]])
    click = np.concatenate([record.clicks, np.full(len(at) + 1, -1)])
    place = np.concatenate([np.arange(len(record.times)), np.arange(len(at)), [-1]])
    order = np.argsort(when, kind="stable")
    return when[order], click[order], place[order]


def check_record(
    times: np.ndarray, clicks: np.ndarray, start: float, end: float, names: tuple[str, ...], where: str = "times"
) -> Record:
    """Return a record after checking it; InputError with the number of the click, counted from 1."""
    if times.ndim != 1 or clicks.shape != times.shape:
        raise InputError(f"{where}: {times.size} times and {clicks.size} clicks: must be one detector for each time")
    if not (np.isfinite([start, end]).all() and end > start):
        raise InputError(f"{where}: the record lasts from {start:g} to {end:g}: must end after its start")
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise InputError(f"{where}: click {bad[0] + 1} is at {times[bad[0]]}: must be a finite number")
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        i = int(back[0])
        raise InputError(
            f"{where}: click {i + 2} at {times[i + 1]:.9g} comes after one at {times[i]:.9g}: times must not fall"
        )
    outside = np.flatnonzero((times < start) | (times > end))
    if len(outside):
        i = int(outside[0])
        raise InputError(f"{where}: click {i + 1} at {times[i]:.9g}: must be from {start:.9g} to {end:.9g}")
    unknown = np.flatnonzero((clicks < 0) | (clicks >= len(names)))
    if len(unknown):
        i = int(unknown[0])
        raise InputError(f"{where}: click {i + 1}: there is no detector {show(int(clicks[i]))} of {len(names)}")
    return Record(times, clicks.astype(np.int64), start, end)
