"""Exact averages from the master equation: the ensemble state, and the mean of every number that is tallied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np

from trajectories.counting import entropy_statistics
from trajectories.kernels.observable_table import DIAGONAL, WEIGHT, ObservableTable
from trajectories.master.currents import entropy_production, steady_entropy_production_rate
from trajectories.master.eigenensemble import levels
from trajectories.master.lindblad import Master
from trajectories.sampling.weight_moments import first_moment, higher_moments


class Ensemble(NamedTuple):
    """The ensemble state of the master equation, as flattened sector blocks, which keep small populations exact."""

    start: np.ndarray  # (D,) rho(0)
    states: np.ndarray  # (T, D) rho(t)
    integrals: np.ndarray  # (T, D) integral of rho from 0 to t
    steady: bool


class Exact(NamedTuple):
    """Exact averages of every column, and what decides whether the integral theorem can be resolved by sampling."""

    mean: np.ndarray  # (T, Q) float64; counts from the burn-in on, nan where there is no exact value
    density: np.ndarray  # (T, D) complex128: rho(t), sector blocks
    second: np.ndarray  # (T,) <exp(-2 Delta S)> from the tilted generator; a lower bound where third is nan
    third: np.ndarray  # (T,) <exp(-3 Delta S)>, nan where it would have taken too long
    irreversible: np.ndarray  # (T,) fraction of trajectories with infinite Delta S
    scale: np.ndarray  # (T, Q) natural size of one trajectory's value, against which rounding is judged

    def weight_moments(self, column: int, t: int) -> tuple[float, float, float]:
        """Return <w>, <w^2> and <w^3> at sample time t, w = exp(-Delta S) being a column of the table."""
        return float(self.mean[t, column]), float(self.second[t]), float(self.third[t])


@dataclass(frozen=True)
class ExactSide:
    """The ensemble at the sample times, from which exact means and natural sizes follow.

    times: (T,) sample times, 1/energy.
    """

    master: Master
    ensemble: Ensemble
    observables: ObservableTable
    times: np.ndarray

    @cached_property
    def counts(self) -> np.ndarray:
        """Mean number of jumps of every channel in (0, t], (T, K)."""
        return self.master.jump_rates(self.ensemble.integrals)

    @cached_property
    def counts_since(self) -> np.ndarray:
        """Mean number of jumps of every channel since counting began, (T, K)."""
        return self.counts - (self.counts[self.burn] if self.burn >= 0 else 0.0)

    @cached_property
    def forms(self) -> np.ndarray:
        """Means of the linear forms of the jump counts, (T, C)."""
        return np.einsum("tk,ck->tc", self.counts_since, self.observables.linear)

    @cached_property
    def functionals(self) -> np.ndarray:
        """Means of the fixed functionals of the state, (T, F), the energy first."""
        return np.einsum("fx,tx->tf", self.observables.static.conj(), self.ensemble.states).real

    @cached_property
    def entropy(self) -> np.ndarray:
        """<Delta S>(t) = S(rho(t)) - S(rho(0)) + sum_k Delta s_k <n_k>(t), (T,) in nats; nan without entropies."""
        if not self.master.model.entropy:
            return np.full(len(self.times), np.nan)
        if self.ensemble.steady:
            rate = steady_entropy_production_rate(self.master)
            return np.where(self.times > 0, rate * np.maximum(self.times, np.finfo(float).tiny), 0.0)
        return entropy_production(self.master, self.master.sectors.unflatten(self.ensemble.start), self.times)

    @property
    def burn(self) -> int:
        """Index of the sample time at which counting begins, -1 for time 0."""
        return int(self.observables.burn_index[0])

    @property
    def heats(self) -> slice:
        """Columns of the counted heats among the linear forms."""
        return slice(1, len(self.observables.edges))

    @cached_property
    def form_sizes(self) -> np.ndarray:
        """Natural sizes of the linear forms, (T, C): the largest step times the number of jumps."""
        jumps = np.maximum(self.counts_since.sum(axis=1), 1.0)
        return jumps[:, None] * np.abs(self.observables.linear).max(axis=1)

    @cached_property
    def functional_sizes(self) -> np.ndarray:
        """Natural sizes of the functionals, (F,): the largest eigenvalue."""
        return np.array(
            [np.abs(levels(operator, self.master.sectors)).max() for operator in self.observables.static], dtype=float
        )


class TalliedNumber(Protocol):
    """A number with its own line in the kernel `accumulate`: its exact mean and natural size, (T,) or one number."""

    @property
    def mean(self) -> Callable[[ExactSide], np.ndarray]: ...
    @property
    def size(self) -> Callable[[ExactSide], np.ndarray | float]: ...


def mean_entropy_since(side: ExactSide) -> np.ndarray:
    """Return the mean increase of Delta S since counting began, (T,) in nats."""
    # Infinite once a one-way channel can have fired: then the difference does not exist.
    with np.errstate(invalid="ignore"):
        return side.entropy - (side.entropy[side.burn] if side.burn >= 0 else 0.0)


def mean_weight(side: ExactSide) -> np.ndarray:
    """Return <exp(-Delta S)>, (T,): 1 or 1 - lambda; nan without entropies and where it takes too long."""
    if not side.master.model.entropy:
        return np.full(len(side.times), np.nan)
    return first_moment(side.master, side.ensemble.start, side.times)


def mean_coupling_work(side: ExactSide) -> np.ndarray:
    """Return the mean of the counted heats less the change of the energy, (T,) in units of energy."""
    energies = side.functionals[:, 0]
    first = (side.observables.static[0].conj() @ side.ensemble.start).real if side.burn < 0 else energies[side.burn]
    return side.forms[:, side.heats].sum(axis=1) - (energies - first)


def mean_projection_energy(side: ExactSide) -> np.ndarray:
    """Return the mean energy that a measurement in the eigenbasis of rho(t) adds, (T,) in units of energy."""
    return np.einsum("tx,tx->t", side.observables.varying[:, DIAGONAL].conj(), side.ensemble.states).real


def entropy_size(side: ExactSide) -> np.ndarray:
    """Return the natural size of Delta S, (T,) in nats: the largest |Delta s| times the jumps, and both ends."""
    observables = side.observables
    boundary = 1.0 + float(np.abs(observables.log_start).max()) + float(np.abs(observables.log_finish).max())
    # |Delta s| of each channel, 0 for one without a partner.
    largest = float(np.abs(observables.pair_entropy @ observables.pair_sign).max(initial=0.0))
    return np.maximum(side.counts.sum(axis=1), 1.0) * largest + boundary


def coupling_work_size(side: ExactSide) -> np.ndarray:
    """Return the natural size of the coupling work, (T,): that of the energy and of all counted heats."""
    return projection_energy_size(side) + side.form_sizes[:, side.heats].sum(axis=1)


def projection_energy_size(side: ExactSide) -> float:
    """Return the largest energy of a level, by its absolute value."""
    return float(side.functional_sizes[0])


def ensemble_of(master: Master, start: np.ndarray | None, times: np.ndarray) -> Ensemble:
    """Return the ensemble state at the sample times; a steady start (None) stays where it is, to the last bit."""
    if start is None:
        rho = master.steady_blocks
        return Ensemble(rho, np.repeat(rho[None], len(times), axis=0), rho * times[:, None], True)
    # The integrals first: the states are a by-product.
    integrals = master.block_integrals(start, times)
    return Ensemble(master.sectors.flatten(start), master.blocks(start, times), integrals, False)


def exact_averages(
    master: Master,
    ensemble: Ensemble,
    observables: ObservableTable,
    times: np.ndarray,
    numbers: Sequence[TalliedNumber],
    *,
    resolution: bool = True,
) -> Exact:
    """Return the master equation's mean of every column of the observable table.

    <n_k>(t) = int_0^t Tr[L_k^dag L_k rho(s)] ds for the counts; Tr[A rho(t)] for functionals of the state.

    times: (T,) sample times.
    numbers: the numbers between the linear forms and the functionals, in the order of the kernel's columns.
    resolution: False leaves out the higher moments of exp(-Delta S) (nan), which no curve shows.
    """
    side = ExactSide(master, ensemble, observables, times)
    with np.errstate(invalid="ignore"):
        tallied = [number.mean(side)[:, None] for number in numbers]
    mean = np.hstack([side.forms, *tallied, side.functionals])
    second = third = np.full(len(times), np.nan)
    irreversible = np.zeros(len(times))
    if master.model.entropy:
        if resolution:
            second, third = higher_moments(master, ensemble.start, times, mean[:, len(observables.linear) + WEIGHT])
        if observables.one_way.any():
            irreversible = 1.0 - entropy_statistics.reversible_probability(master, ensemble.start, times)
    return Exact(mean, ensemble.states, second, third, irreversible, _sizes(side, numbers))


def _sizes(side: ExactSide, numbers: Sequence[TalliedNumber]) -> np.ndarray:
    """Return the natural sizes of all columns, (T, Q)."""
    shape = len(side.times), 1
    tallied = [np.broadcast_to(np.reshape(number.size(side), (-1, 1)), shape) for number in numbers]
    functionals = np.broadcast_to(side.functional_sizes, (len(side.times), len(side.functional_sizes)))
    sizes = np.hstack([side.form_sizes, *tallied, functionals])
    return np.where(sizes > 0, sizes, 1.0)
