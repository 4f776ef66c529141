"""From a model to a plan: sectors, eigenbases and channel maps as the arrays that the kernels work on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import schur

from trajectories.errors import InputError
from trajectories.kernels.plan import (
    CLOSED,
    DIMENSION,
    EIGEN,
    GRID,
    LEVELS,
    MATRIX,
    METHOD,
    PROPAGATORS,
    SCALAR,
    SLOT,
    SLOT_END,
    VECTOR,
    Plan,
)
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.propagation import check_phases
from trajectories.master.sectors import Rotated, Sectors, rotated
from trajectories.model import Model

Array = np.ndarray

CONDITION = 1e4  # a state loses this factor of its digits in the eigenbasis
RECONSTRUCTION = 1e-12
LARGEST_ERROR = 1e-5  # of H_eff in its eigenbasis, times the duration
CELL = 0.25  # norm of H_eff times the finest cell of the grid
SHORT, TERMS = 0.25, 15  # norm of an exponent, and terms of its series: 0.25^16/16! < 1e-22
SLACK = 1e-12  # by which bounds of the total jump rate are widened, for rounding
OVERDAMPED = 0.99  # Im Omega over the mean decay from which the closed form would lose the slow rate, their difference

METHODS = {
    SCALAR: "exponential",
    CLOSED: "closed 2x2 exponential",
    EIGEN: "eigenbasis of H_eff",
    GRID: "propagators on a dyadic time grid: H_eff has no well-conditioned eigenbasis",
}


def unravel(model: Model, sectors: Sectors, start: Spectrum, finish: Spectrum, times: Array) -> Plan:
    """Compile the quantum-jump unravelling of a model; see `unravel_operators`."""
    return unravel_operators(rotated(model, sectors), sectors, start, finish, times)


def unravel_operators(operators: Rotated, sectors: Sectors, start: Spectrum, finish: Spectrum, times: Array) -> Plan:
    """Compile the quantum-jump unravelling of operators that are given in the sorted basis,

        |psi> -> exp(-i H_eff t)|psi> between jumps, H_eff = H - (i/2) sum_k L_k^dag L_k,
        |psi> -> L_k|psi> in jumps,

    for trajectories that start in an eigenstate of `start`, drawn with its probability, and end with a measurement in
    the basis of `finish`; rho(0) and rho(T) must be block diagonal in the sectors. times (T,): sample times >= 0,
    rising; the last is the duration. Raises InputError for times that are not, and where phases over the duration are
    beyond double precision.
    """
    times = _checked(times)
    bounds = list(zip(sectors.offsets[:-1].tolist(), sectors.offsets[1:].tolist(), strict=True))
    evolutions = [_evolution(operators.effective[a:b, a:b], float(times[-1])) for a, b in bounds]
    slots = _slots(operators.jumps, sectors, bounds)
    return Plan(
        times=times,
        start_cumulative=np.cumsum(start.probabilities),
        start_sector=start.sector.astype(np.int64),
        start_vector=np.array(start.local, complex, order="C"),
        sectors=_sector_table(sectors, slots, evolutions),
        rates=np.array([e.rates for e in evolutions]),
        matrices=np.stack(
            [
                *(np.concatenate(row) for row in zip(*(e.matrices for e in evolutions), strict=True)),
                np.concatenate(list(_measured(finish, sectors))),
            ]
        ),
        eigenvalues=np.concatenate([e.eigenvalues for e in evolutions]),
        grid=np.concatenate([e.grid for e in evolutions])[None],
        slots=slots.table,
        slot_cumulative=slots.cumulative,
        jump=slots.jump,
        finish_index=np.argsort(finish.sector, kind="stable").astype(np.int64),
    )


def plan_summary(plan: Plan, sectors: Sectors) -> list[str]:
    """Return lines of text: the sectors, their basis, the method of each kind, and elements set to zero."""
    dimensions = plan.sectors[:, DIMENSION]
    count = len(dimensions)
    what = "one sector" if count == 1 else f"{count} sectors"
    lines = [f"{what} in the {sectors.basis_name} basis, dimension {_listed(dimensions)}"]
    for method, name in METHODS.items():
        chosen = dimensions[plan.sectors[:, METHOD] == method]
        if len(chosen):
            lines.append(f"no-jump evolution in dimension {_listed(chosen)}: {name}")
    if sectors.dropped > 0:
        lines.append(f"largest element taken for rounding of that basis: {sectors.dropped:.1e} of its matrix")
    return [*lines, *sectors.passed_over]


def _listed(dimensions: Array) -> str:
    """Return "1 (x 4), 2 (x 1)"."""
    values, counts = np.unique(dimensions, return_counts=True)
    return ", ".join(f"{m} (x {n})" if n > 1 else f"{m}" for m, n in zip(values, counts, strict=True))


def _checked(times: Any) -> Array:
    """Return the sample times as (T,) float64; raise InputError unless they are finite, >= 0 and rising."""
    times = np.array(times, float, ndmin=1)
    if times.ndim != 1 or not len(times) or not np.all(np.isfinite(times)) or times[0] < 0 or times[-1] <= 0:
        raise InputError("sample times must be finite numbers >= 0, the last of them > 0")
    if np.any(np.diff(times) <= 0):
        i = int(np.argmax(np.diff(times) <= 0))
        raise InputError(f"sample times must rise: times[{i + 1}] = {times[i + 1]:g} comes after {times[i]:g}")
    return times


class _Evolution(NamedTuple):
    """One sector's no-jump evolution, as the columns and rows of Plan."""

    method: int
    rates: tuple[float, ...]
    matrices: tuple[Array, ...]  # (m^2,) each: all but the final measurement
    eigenvalues: Array
    grid: Array
    levels: int


def _evolution(h: Array, duration: float) -> _Evolution:
    """Choose and prepare the evolution of one sector; h: (m, m) block of H_eff."""
    m = len(h)
    loss = 1j * (h - h.conj().T)
    mean_loss = float(np.trace(loss).real) / m
    # Only differences of energies count: their mean, however large, must not cost them digits, nor leave a trace.
    above = h - h[0, 0] * np.eye(m)
    traceless = above - np.trace(above) / m * np.eye(m)
    stiffness = float(np.linalg.norm(traceless, 2))
    check_phases(traceless, duration)
    spread = np.linalg.eigvalsh(loss)
    slack = SLACK * max(spread[-1], 0.0)
    slowest, fastest = max(spread[0] - slack, 0.0), max(spread[-1] + slack, 0.0)
    rates = (0.5 * mean_loss, stiffness, slowest, fastest, 1.0 / spread[0] if m == 1 and spread[0] > 0 else np.inf)
    none = np.zeros_like(h)
    values, right, left, steps = np.zeros(m, complex), none, none, np.zeros((0, m, m), complex)
    # Losses stay as they are: a slow one beside a fast one would lose its digits with the mean of both.
    centred = h - h[0, 0].real * np.eye(m)
    centred = centred - np.trace(centred).real / m * np.eye(m)
    closed = m == 2 and _omega(traceless).imag <= OVERDAMPED * 0.5 * mean_loss
    basis = None if m == 1 or closed else _eigenbasis(centred, duration)
    if m == 1:
        method = SCALAR
    elif basis is not None:
        method = EIGEN
        values, right, left = basis
    elif closed:
        method = CLOSED
        values[:] = _omega(traceless), -_omega(traceless)
    else:
        method = GRID
        levels = max(1, int(np.ceil(np.log2(stiffness * duration / CELL))))
        steps = _propagators(-1j * duration * centred, levels)
    matrices = (traceless.ravel(), loss.ravel(), right.ravel(), left.ravel())
    return _Evolution(method, rates, matrices, values, steps.ravel(), len(steps))


def _propagators(exponent: Array, levels: int) -> Array:
    """Return e^{X/2^k}, k = 1 ... levels, (levels, m, m).

    From the finest on, E = e^X - 1 is doubled to 2 E + E^2: 1 + E would drop the digits of a slow decay beside a fast
    one.
    """
    norm = float(np.linalg.norm(exponent, 1)) / 2.0**levels
    finer = max(0, int(np.ceil(np.log2(max(norm, SHORT) / SHORT))))
    step = exponent / 2.0 ** (levels + finer)
    change = term = step
    for n in range(2, TERMS + 1):
        term = term @ step / n
        change = change + term
    propagators = []
    for k in range(finer + levels):
        if k >= finer:
            propagators.append(np.eye(len(exponent)) + change)
        change = 2 * change + change @ change
    return np.array(propagators[::-1])


def _omega(traceless: Array) -> complex:
    """Return the square root of -det B whose imaginary part is >= 0."""
    root = complex(np.sqrt(traceless[0, 0] ** 2 + traceless[0, 1] * traceless[1, 0]))
    return -root if root.imag < 0 else root


def _eigenbasis(h: Array, duration: float) -> tuple[Array, Array, Array] | None:
    """Return eigenvalues, eigenvectors as columns, and their inverse, or None where they lose too many digits."""
    size = max(float(np.linalg.norm(h)), np.finfo(float).tiny)
    # Rounding of a large energy must not swallow what a small coupling does over the duration.
    tolerance = min(RECONSTRUCTION * size, LARGEST_ERROR / duration)
    triangle, unitary = schur(h, output="complex")
    # A normal matrix has an orthonormal eigenbasis, which `eig` misses where eigenvalues coincide.
    if np.linalg.norm(np.triu(triangle, 1)) <= tolerance / 10:
        return np.diag(triangle), unitary, unitary.conj().T
    values, right = np.linalg.eig(h)
    if np.linalg.cond(right) > CONDITION:
        return None
    values, right, left = _refined(h, values, right)
    return (values, right, left) if np.linalg.norm((right * values) @ left - h) <= tolerance else None


def _refined(h: Array, values: Array, right: Array) -> tuple[Array, Array, Array]:
    """Return eigenvalues, eigenvectors and their inverse after two Newton steps.

    `eig` knows every eigenvalue to eps of the largest: not at all a decay that is 10^16 times slower than another. The
    residual R = h V - V Lambda of a graded matrix is small where h is, and with C = V^-1 R the next eigenvalues are
    lambda_i + C_ii, the next eigenvectors V (1 + X), X_ij = C_ij/(lambda_j - lambda_i).
    """
    for _ in range(2):
        left = np.linalg.inv(right)
        correction = left @ (h @ right - right * values)
        gaps = values[None, :] - values[:, None]
        equal = np.abs(gaps) <= RECONSTRUCTION * np.abs(values).max()
        mixing = np.where(equal, 0.0, correction / np.where(equal, 1.0, gaps))
        values = values + np.diag(correction)
        right = right + right @ mixing
    return values, right, np.linalg.inv(right)


class _Slots(NamedTuple):
    first: Array  # (S+1,) where each sector's slots begin
    table: Array
    cumulative: Array
    jump: Array


def _slots(operators: Array, sectors: Sectors, bounds: list[tuple[int, int]]) -> _Slots:
    """Return the channels of each sector, and where they lead; operators: (K, d, d) in the sorted basis."""
    first, table, blocks, cumulative, size = [0], [], [np.zeros(0, complex)], [np.zeros(0)], 0
    for a, b in bounds:
        weights = []
        for k, columns in enumerate(operators[:, :, a:b]):
            largest = int(np.abs(columns).max(axis=1).argmax())
            if not columns[largest].any():
                continue
            target = int(sectors.sector_of[largest])
            block = columns[slice(*bounds[target])]
            table.append((k, target, size))
            blocks.append(block.ravel())
            weights.append(float(np.sum(np.abs(block) ** 2)))
            size += block.size
        first.append(len(table))
        cumulative.append(np.cumsum(weights) / np.sum(weights) if b - a == 1 else np.zeros(len(weights)))
    slots = np.array(table, np.int64).reshape(-1, 3)
    return _Slots(np.array(first, np.int64), slots, np.concatenate(cumulative), np.concatenate(blocks))


def _sector_table(sectors: Sectors, slots: _Slots, evolutions: Sequence[_Evolution]) -> Array:
    """Return Plan's columns METHOD and so on, (S, 8)."""
    propagators = np.cumsum([0, *(len(e.grid) for e in evolutions)])[:-1]
    table = np.zeros((len(evolutions), 8), np.int64)
    table[:, DIMENSION] = sectors.dimensions
    table[:, METHOD] = [e.method for e in evolutions]
    table[:, MATRIX] = sectors.block_offsets[:-1]
    table[:, VECTOR] = sectors.offsets[:-1]
    table[:, SLOT], table[:, SLOT_END] = slots.first[:-1], slots.first[1:]
    table[:, PROPAGATORS] = propagators
    table[:, LEVELS] = [e.levels for e in evolutions]
    return table


def _measured(finish: Spectrum, sectors: Sectors) -> Iterator[Array]:
    """Yield each sector's final measurement, (m^2,), one state after another."""
    for s, m in enumerate(sectors.dimensions):
        yield finish.local[finish.sector == s, :m].ravel()
