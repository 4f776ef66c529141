"""The arrays by which the kernels turn a trajectory into numbers: weights, operators, ends, histogram edges."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trajectories.counting.counted_currents import heated_reservoirs
from trajectories.counting.entropy_statistics import WORTH, generating_function
from trajectories.errors import TooCostly
from trajectories.kernels.observable_table import OUTSIDE, ObservableTable
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.sampling.exact_averages import Ensemble
from trajectories.sampling.quantities import QUANTITIES
from trajectories.sampling.quantity import Column, JumpCounts, StateFunctional, TalliedNumber


def tallied_numbers() -> list[TalliedNumber]:
    """Return the numbers with lines of their own in the kernel, in the order of its columns."""
    numbers = [quantity.measure for quantity in QUANTITIES.values() if isinstance(quantity.measure, TalliedNumber)]
    return sorted(numbers, key=lambda number: number.place)


def columns_and_weights(
    model: Model, sectors: Sectors, observables: Mapping[str, np.ndarray]
) -> tuple[tuple[Column, ...], np.ndarray, np.ndarray]:
    """Return the columns of the table (Q), the weights of the linear forms (C, K), the functionals (F, d, d)."""
    forms: list[tuple[Column, np.ndarray]] = []
    numbers: dict[int, Column] = {}
    functionals: list[tuple[Column, np.ndarray]] = []
    for quantity in QUANTITIES.values():
        measure = quantity.measure
        if isinstance(measure, JumpCounts):
            forms += [(Column(quantity, owner, quantity.reported), w) for owner, w in measure.forms(model).items()]
        elif isinstance(measure, TalliedNumber):
            numbers[measure.place] = Column(quantity, None, quantity.reported and measure.defined(model))
        elif isinstance(measure, StateFunctional):
            operators = measure.operators(model, sectors, observables)
            functionals += [(Column(quantity, owner, quantity.reported), a) for owner, a in operators.items()]
    columns = *(c for c, _ in forms), *(numbers[place] for place in sorted(numbers)), *(c for c, _ in functionals)
    return columns, np.array([w for _, w in forms]), np.array([a for _, a in functionals])


def observable_table(
    model: Model,
    sectors: Sectors,
    ensemble: Ensemble,
    start: Spectrum,
    ends: list[Spectrum],
    linear: np.ndarray,
    operators: np.ndarray,
    times: np.ndarray,
    burn_in: float,
) -> ObservableTable:
    """Return the kernel's table of observables, still without histogram edges.

    start, ends: eigenbases of rho(0) and of rho(t) at the sample times.
    linear: (C, K) weights of the linear forms. operators: (F, d, d) functionals of the state.
    times: (T,). burn_in: one of them, from which counted quantities are averaged, or 0.
    """
    pair_sign, pair_entropy = _pairs(model)
    log_of = [np.log(np.where(end.probabilities > 0, end.probabilities, 1.0)) for end in (start, ends[-1])]
    hamiltonian = sectors.flatten(model.hamiltonian)
    cuts = zip(sectors.offsets[:-1], sectors.offsets[1:], sectors.split(hamiltonian), strict=True)
    energies = np.concatenate([_expectations(start.local[a:b, : b - a], energy) for a, b, energy in cuts])
    if ensemble.steady:
        varying = np.repeat(_varying(ensemble.start[None], ends[:1], hamiltonian, sectors), len(times), axis=0)
    else:
        varying = _varying(ensemble.states, ends, hamiltonian, sectors)
    if not model.entropy:
        # A final measurement that no entropy is asked of may have any outcome, however rare its states are.
        varying[:, OUTSIDE] = 0.0
    burn_index = int(np.flatnonzero(times == burn_in)[0]) if burn_in > 0 else -1
    return ObservableTable(
        dimension=np.ascontiguousarray(sectors.dimensions, np.int64),
        block_offset=np.ascontiguousarray(sectors.block_offsets, np.int64),
        linear=linear,
        pair_sign=pair_sign,
        pair_entropy=pair_entropy,
        one_way=(model.partner < 0).astype(np.int64),
        log_start=log_of[0],
        start_energy=np.ascontiguousarray(energies),
        log_finish=log_of[1],
        static=np.ascontiguousarray(sectors.flatten(operators)),
        varying=np.ascontiguousarray(varying),
        burn_index=np.array([burn_index], np.int64),
        edges=np.zeros((0, 2)),
    )


def _varying(states: np.ndarray, ends: list[Spectrum], hamiltonian: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return (T, 4, D): rho, ln rho on its support, the projector outside it, H pinched in rho's eigenbasis minus H.

    states: (T, D), with the eigenbases `ends`. hamiltonian: (D,) flattened blocks.
    """
    probabilities = np.array([end.probabilities for end in ends])
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    local = np.array([end.local for end in ends])
    varying = np.zeros((len(states), 4, states.shape[1]), complex)
    varying[:, 0] = states
    for s, energy in enumerate(sectors.split(hamiltonian)):
        m, columns = len(energy), slice(*sectors.offsets[s : s + 2])
        vectors = local[:, columns, :m]
        diagonal = (logarithms[:, columns], probabilities[:, columns] <= 0, _expectations(vectors, energy))
        weights = np.stack(np.broadcast_arrays(*diagonal), axis=1)
        matrices = (vectors.swapaxes(1, 2)[:, None] * weights[:, :, None, :]) @ vectors.conj()[:, None]
        matrices[:, 2] -= energy
        varying[:, 1:, slice(*sectors.block_offsets[s : s + 2])] = matrices.reshape(len(states), 3, m * m)
    return varying


def _expectations(vectors: np.ndarray, operator: np.ndarray) -> np.ndarray:
    """Return <v|A|v> (..., n) for vectors (..., n, m), one after another, and an operator (m, m)."""
    return ((vectors.conj() @ operator) * vectors).sum(axis=-1).real


def _pairs(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Return the sign of every channel in its pair's net count (P, K), and the pair's Delta s (P,)."""
    signs, entropies = [], []
    for k, partner in enumerate(model.partner):
        if partner > k:
            sign = np.zeros(len(model.partner), np.int64)
            sign[k], sign[partner] = 1, -1
            signs.append(sign)
            entropies.append(model.entropy_steps[k])
    return np.array(signs, np.int64).reshape(-1, len(model.partner)), np.array(entropies, float)


def histogram_edges(
    model: Model,
    master: Master,
    ensemble: Ensemble,
    observables: ObservableTable,
    counts: np.ndarray,
    times: np.ndarray,
    bins: int,
) -> np.ndarray:
    """Return the histogram edges, (H, bins + 1): of Delta S in nats, and of each counted heat, never on a count.

    They are chosen before the first trajectory, six standard deviations wide.
    counts: (K,) mean number of jumps of every channel until the end. times: (T,). bins: number of bins, odd.
    """
    rows = [
        _entropy_edges(model, master, ensemble, counts, times, bins)
        if model.entropy
        else np.linspace(-1.0, 1.0, bins + 1)
    ]
    for r, form in zip(heated_reservoirs(model), observables.linear[1:], strict=False):
        quanta = np.abs(model.quanta[(model.reservoir_index == r) & (model.quanta != 0)])
        step = float(quanta.min()) if len(quanta) else 1.0
        # A count's spread is at most about that of independent jumps.
        spread = 6.0 * np.sqrt(max(counts[model.reservoir_index == r].sum(), 1.0))
        stride = max(1, int(np.ceil(2 * spread / bins)))
        first = np.floor((form @ counts) / step - stride * bins / 2) - 0.5
        rows.append((first + stride * np.arange(bins + 1)) * step)
    return np.array(rows)


def _entropy_edges(
    model: Model, master: Master, ensemble: Ensemble, counts: np.ndarray, times: np.ndarray, bins: int
) -> np.ndarray:
    """Return edges symmetric about zero, over the mean plus six standard deviations of Delta S(T)."""
    steps = np.where(np.isfinite(model.entropy_steps), model.entropy_steps, 0.0)
    mean, variance = float(steps @ counts), float(steps**2 @ counts)
    h = 1e-3 / max(1.0, 1e-3 * (abs(mean) + np.sqrt(variance)))  # the averages of exp(+-h Delta S) are of order one
    try:
        average = [
            generating_function(master, u, ensemble.start, times[-1:], finite_only=True, most=WORTH)[0]
            for u in (-h, 0.0, h)
        ]
    except TooCostly:
        average = [0.0]
    # Where no trajectory is left without a one-way jump, or it takes too long, independent jumps have to do.
    if min(average) > 0 and np.isfinite(average).all():
        logs = np.log(average)
        mean, variance = -(logs[2] - logs[0]) / (2 * h), (logs[2] - 2 * logs[1] + logs[0]) / h**2
    # The odd factor keeps the edges off the atoms, which are sums of multiples of the channels' Delta s.
    half = 1.0172963 * (abs(mean) + 6.0 * np.sqrt(max(variance, 0.0)) + 0.1)
    return np.linspace(-half, half, bins + 1)
