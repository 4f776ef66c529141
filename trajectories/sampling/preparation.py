"""A sweep point ready to be sampled: the compiled model, what is measured, exact values, block size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trajectories.counting.stages import stage
from trajectories.errors import InputError, TooCostly
from trajectories.kernels.observable_table import WEIGHT, ObservableTable
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum, spectra, spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.sampling.exact_averages import Ensemble, Exact, ensemble_of, exact_averages
from trajectories.sampling.observable_table import (
    columns_and_weights,
    histogram_edges,
    observable_table,
    tallied_numbers,
)
from trajectories.sampling.plan import plan_summary, unravel_operators
from trajectories.sampling.quantities import infinite_entropy
from trajectories.sampling.quantity import Column
from trajectories.sampling.quantity_names import absence_lines, absent_quantities
from trajectories.sampling.sampling_moments import SamplingMoments
from trajectories.sampling.weight_moments import omitted_moments

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
    trajectory starts and is measured. columns (Q,): of the observable table. pair: the subsystems whose entanglement is
    reported. counting_from: the time at which counted quantities begin. block_size: trajectories per block, a power
    of two.
    """

    model: Model
    sectors: Sectors
    plan: Plan
    observables: ObservableTable
    times: np.ndarray
    columns: tuple[Column, ...]
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
        """Return rho(0) as flattened blocks, (D,)."""
        if self.steady:
            return self.exact.density[-1]
        first = self.spectra[0]
        return self.sectors.flatten(first.operator(first.probabilities))

    @cached_property
    def moments(self) -> SamplingMoments:
        """Return the exact cumulants of every column, in the units of the observable table."""
        return SamplingMoments(
            Master(self.model, self.sectors),
            self.observables,
            self.exact,
            self.start_state,
            self.counting_from,
            self.times,
            self.columns,
        )

    @cached_property
    def summary(self) -> list[str]:
        """Return lines on sectors, methods, reversal partners, remarks, and the quantities not reported."""
        return [
            *plan_summary(self.plan, self.sectors),
            *self.model.partners_found,
            *infinite_entropy(self.model),
            *self.remarks,
            *absence_lines(self.absent),
        ]

    @property
    def absent(self) -> dict[str, str]:
        """Return the quantities that reports of this point lack, by name, and why."""
        return absent_quantities(self.model, self.pair)


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
    times = np.ascontiguousarray(times, float)
    master, ensemble = _ensemble(model, times, initial)
    sectors = master.sectors
    stage("the evolution between jumps")
    start = spectrum(ensemble.start, model.hamiltonian, sectors)
    ends = [start] * len(times) if ensemble.steady else spectra(ensemble.states, model.hamiltonian, sectors)
    plan = unravel_operators(master.space.rotated, sectors, start, ends[-1], times)
    columns, linear, operators = columns_and_weights(model, sectors, observables or {})
    counts = master.jump_rates(ensemble.integrals[-1])
    _check_jumps(float(counts.sum()), float(times[-1]))
    table = observable_table(model, sectors, ensemble, start, ends, linear, operators, times, burn_in)
    stage("the range of Delta S")
    table = table._replace(edges=histogram_edges(model, master, ensemble, table, counts, times, bins))
    stage("exact averages of exp(-l Delta S), l = 1, 2, 3" if model.entropy else "exact averages")
    exact = exact_averages(master, ensemble, table, times, tallied_numbers())
    stage("the slowest relaxation")
    gap, numbers = master.gap(), len(times) * len(columns)
    return Preparation(
        model=model,
        sectors=sectors,
        plan=plan,
        observables=table,
        times=times,
        columns=columns,
        exact=exact,
        spectra=(start, ends[-1]),
        steady=ensemble.steady,
        pair=pair,
        counting_from=burn_in,
        gap=gap,
        block_size=block_size(trajectories, counts.sum(), int(sectors.dimensions.max()), numbers, fewest_blocks),
        jumps_per_trajectory=float(counts.sum()),
        remarks=(*model.remarks, *omitted_moments(master, exact.mean[:, len(linear) + WEIGHT], exact.third, times)),
    )


def _ensemble(model: Model, times: np.ndarray, initial: np.ndarray | None) -> tuple[Master, Ensemble]:
    """Return the master equation of a model in the sectors of its start, and the ensemble state at `times`."""
    stage("the sectors of the model")
    master = Master(model, find_sectors(model, states=() if initial is None else (initial,)))
    stage("the steady state" if initial is None else "the master equation's state at the sample times")
    try:
        ensemble = ensemble_of(master, initial, times)
    except TooCostly as error:
        raise TooCostly(f"duration {times[-1]:g}: the master equation cannot be solved up to there: {error}") from None
    _check_truncation(model, master.sectors, ensemble, times)
    return master, ensemble


def groups_for(points: int) -> int:
    """Return the number of groups per point into which blocks fold: fewer in large sweeps, so that files stay small."""
    return GROUPS if points <= 32 else 32 if points <= 4096 else 16


def _check_jumps(jumps: float, duration: float) -> None:
    """Raise InputError where a trajectory has too many jumps on average."""
    if jumps > MOST_JUMPS:
        raise InputError(
            f"duration {duration:g}: a trajectory has {jumps:.3g} jumps on average: must be at most "
            f"{MOST_JUMPS:g}; take a shorter duration and more trajectories"
        )


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
