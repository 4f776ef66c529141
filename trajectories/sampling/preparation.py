"""What is settled before the first trajectory: the compiled model, what is measured, exact values, block size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trajectories.counting.counted_currents import heated_reservoirs
from trajectories.counting.entropy_statistics import WORTH, generating_function
from trajectories.counting.stages import stage
from trajectories.errors import InputError, TooCostly
from trajectories.kernels.ledger import OUTSIDE, Ledger
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum, spectra, spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.sampling.absent_quantities import absent, said
from trajectories.sampling.exact_averages import Ensemble, Exact, ensemble_of, exact_averages, left_out
from trajectories.sampling.plan import plan_summary, unravel
from trajectories.sampling.quantities import Column, columns_of, infinite_entropy, linear_forms, static_functionals
from trajectories.sampling.sampling_moments import SamplingMoments

JUMPS_PER_BLOCK = 1_000_000
LARGEST_BLOCK = 16_384
NUMBERS_PER_BLOCK = 4_000_000
FEWEST_BLOCKS = 64
GROUPS = 64
LARGE_SWEEP = 256  # points: beyond, histograms have a single bin, and blocks are as few as groups
LARGEST_TOP_POPULATION = 1e-6
BINS = 101
MOST_JUMPS = 1e8  # a trajectory is one uninterrupted calculation


@dataclass(frozen=True)
class Preparation:
    """One sweep point, ready to be sampled.

    times (T,): sample times, the last is the duration. spectra: the eigenbases of rho(0) and rho(T), in which a
    trajectory starts and is measured. columns (Q,): None where a number has no meaning for this model.
    pair: the subsystems whose entanglement is meant. counting_from: when counted quantities begin. block_size:
    trajectories per block, a power of two.
    """

    model: Model
    sectors: Sectors
    plan: Plan
    ledger: Ledger
    times: np.ndarray
    columns: tuple[Column | None, ...]
    exact: Exact
    spectra: tuple[Spectrum, Spectrum]
    steady: bool
    pair: tuple[int, int] | None
    counting_from: float
    gap: float
    block_size: int
    jumps_per_trajectory: float
    remarks: tuple[str, ...]

    @cached_property
    def start_state(self) -> np.ndarray:
        """rho(0) as flattened blocks, (D,)."""
        if self.steady:
            return self.exact.density[-1]
        first = self.spectra[0]
        return self.sectors.flatten(first.operator(first.probabilities))

    @cached_property
    def moments(self) -> SamplingMoments:
        """What is known beforehand of the spread of every column."""
        return SamplingMoments(
            Master(self.model, self.sectors), self.ledger, self.exact, self.start_state, self.counting_from, self.times
        )

    @cached_property
    def summary(self) -> list[str]:
        """One line for each thing found: sectors, methods, reversal partners, remarks, what is not reported and why."""
        return [
            *plan_summary(self.plan, self.sectors),
            *self.model.partners_found,
            *infinite_entropy(self.model),
            *self.remarks,
            *said(self.absent),
        ]

    @property
    def absent(self) -> dict[str, str]:
        """Quantities that reports of it lack, by name, and why."""
        return absent(self.model, self.columns, self.pair)


def prepare(
    model: Model,
    times: np.ndarray,
    initial: np.ndarray | None,
    trajectories: int,
    observables: dict[str, np.ndarray] | None = None,
    burn_in: float = 0.0,
    pair: tuple[int, int] | None = None,
    fewest_blocks: int = FEWEST_BLOCKS,
    bins: int = BINS,
) -> Preparation:
    """Compile a model for sampling at `times` (T,), from `initial` (d, d) or, if None, from its steady state.

    The measurement at the end is in the eigenbasis of rho(T), the ensemble state; the trajectory starts in an
    eigenstate of rho(0). `burn_in` is one of `times` (or 0): counted quantities are averages from then on.
    The trajectories make at least `fewest_blocks` blocks; histograms have `bins` bins (odd). Raises InputError where
    the steady state is not unique or a trajectory could leave the support of the ensemble state.
    """
    stage("the sectors of the model")
    times = np.ascontiguousarray(times, float)
    sectors = find_sectors(model, states=() if initial is None else (initial,))
    master = Master(model, sectors)
    stage("the steady state" if initial is None else "the master equation's state at the sample times")
    try:
        ensemble = ensemble_of(master, initial, times)
    except TooCostly as error:
        raise TooCostly(f"duration {times[-1]:g}: the master equation cannot be solved up to there: {error}") from None
    _check_truncation(model, sectors, ensemble, times)
    stage("the evolution between jumps")
    start = spectrum(ensemble.start, model.hamiltonian, sectors)
    ends = _spectra(ensemble, model, sectors)
    plan = unravel(model, sectors, start, ends[-1], times, master.space.rotated)
    static, operators = static_functionals(model, sectors, observables or {})
    counts = master.jump_rates(ensemble.integrals[-1])
    if counts.sum() > MOST_JUMPS:
        raise InputError(
            f"duration {times[-1]:g}: a trajectory has {counts.sum():.3g} jumps on average: must be at most "
            f"{MOST_JUMPS:g}; take a shorter duration and more trajectories"
        )
    ledger = _ledger(model, sectors, ensemble, start, ends, operators, times, burn_in)
    columns = tuple(columns_of(model, static))
    stage("the range of Delta S")
    ledger = ledger._replace(edges=_edges(model, master, ensemble, ledger, counts, times, bins))
    stage("exact averages of exp(-l Delta S), l = 1, 2, 3" if model.entropy else "exact averages")
    exact = exact_averages(master, ensemble, ledger, times)
    stage("the slowest relaxation")
    gap = master.gap()
    return Preparation(
        model=model,
        sectors=sectors,
        plan=plan,
        ledger=ledger,
        times=times,
        columns=columns,
        exact=exact,
        spectra=(start, ends[-1]),
        steady=ensemble.steady,
        pair=pair,
        counting_from=burn_in,
        gap=gap,
        block_size=block_size(
            trajectories, counts.sum(), int(sectors.dimensions.max()), len(times) * len(columns), fewest_blocks
        ),
        jumps_per_trajectory=float(counts.sum()),
        remarks=(*model.remarks, *left_out(master, exact, ledger, times)),
    )


def groups_for(points: int) -> int:
    """Return the number of groups per point into which blocks fold: fewer in large sweeps, so that files stay small."""
    return GROUPS if points <= 32 else 32 if points <= 4096 else 16


def _check_truncation(model: Model, sectors: Sectors, ensemble: Ensemble, times: np.ndarray) -> None:
    """Raise InputError where the highest level of a subsystem that was cut off is populated."""
    states = np.concatenate([ensemble.start[None], ensemble.states])
    for subsystem in model.truncated:
        top = sectors.reduced(states, model.dims, [subsystem])[:, -1, -1].real
        if top.max() > LARGEST_TOP_POPULATION:
            when = np.concatenate([[0.0], times])[int(top.argmax())]
            raise InputError(
                f"{model.name}: subsystem {subsystem + 1} is cut off at {model.dims[subsystem]} levels, and the "
                f"highest has the population {top.max():.2g} at t = {when:g}: must be at most "
                f"{LARGEST_TOP_POPULATION:g}; keep more levels"
            )


def block_size(
    trajectories: int, jumps: float, largest_sector: int, numbers: int, fewest_blocks: int = FEWEST_BLOCKS
) -> int:
    """Return the number of trajectories in a block, a power of two.

    About 10^6 expected jumps, fewer in costly sectors and where each trajectory yields many `numbers`, and at least
    `fewest_blocks` blocks: a function of the run and the model alone, never of a clock, a machine or the number of
    ranks. It is kept when more trajectories are asked for, unless they are sampled faster in larger blocks, the stored
    ones again with them.
    """
    cost = max(jumps, 1.0) * largest_sector**2
    wanted = min(JUMPS_PER_BLOCK / cost, NUMBERS_PER_BLOCK / numbers, LARGEST_BLOCK, trajectories / fewest_blocks)
    return 2 ** max(0, int(np.floor(np.log2(wanted)))) if wanted >= 1 else 1


def _spectra(ensemble: Ensemble, model: Model, sectors: Sectors) -> list[Spectrum]:
    """Diagonalise rho(t) at every sample time; once is enough in a steady state."""
    if ensemble.steady:
        return [spectrum(ensemble.start, model.hamiltonian, sectors)] * len(ensemble.states)
    return spectra(ensemble.states, model.hamiltonian, sectors)


def _varying(states: np.ndarray, ends: list[Spectrum], hamiltonian: np.ndarray, sectors: Sectors) -> np.ndarray:
    """Return (T, 4, D): rho, ln rho on its support, the projector outside it, H pinched in rho's eigenbasis minus H.

    states: (T, D), with the eigenbases `ends`. hamiltonian: (D,) flattened blocks.
    """
    probabilities = np.array([found.probabilities for found in ends])
    logarithms = np.log(np.where(probabilities > 0, probabilities, 1.0))
    local = np.array([found.local for found in ends])
    varying = np.zeros((len(states), 4, states.shape[1]), complex)
    varying[:, 0] = states
    for s, energy in enumerate(sectors.split(hamiltonian)):
        m, own = len(energy), slice(*sectors.offsets[s : s + 2])
        vectors = local[:, own, :m]
        diagonal = (logarithms[:, own], probabilities[:, own] <= 0, _expectations(vectors, energy))
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


def _ledger(
    model: Model,
    sectors: Sectors,
    ensemble: Ensemble,
    start: Spectrum,
    ends: list[Spectrum],
    operators: np.ndarray,
    times: np.ndarray,
    burn_in: float,
) -> Ledger:
    pair_sign, pair_entropy = _pairs(model)
    log_of = [np.log(np.where(found.probabilities > 0, found.probabilities, 1.0)) for found in (start, ends[-1])]
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
    return Ledger(
        dimension=np.ascontiguousarray(sectors.dimensions, np.int64),
        block_offset=np.ascontiguousarray(sectors.block_offsets, np.int64),
        linear=linear_forms(model),
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


def _edges(
    model: Model,
    master: Master,
    ensemble: Ensemble,
    ledger: Ledger,
    counts: np.ndarray,
    times: np.ndarray,
    bins: int,
) -> np.ndarray:
    """Choose histogram edges before anything is sampled: six standard deviations wide, never on a count."""
    rows = [
        _entropy_edges(model, master, ensemble, counts, times, bins)
        if model.entropy
        else np.linspace(-1.0, 1.0, bins + 1)
    ]
    for r, form in zip(heated_reservoirs(model), ledger.linear[1:], strict=False):
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
