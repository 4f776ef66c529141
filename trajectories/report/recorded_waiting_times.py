"""Waiting times and g2 of sampled jump records, over windows in which nothing that is counted can be cut off.

A record ends at T, so long waits would be missed. Only starts in (from, T - tau_max] are looked at, and waits up to
tau_max: each of these is seen to its end, and no correction is needed. With rho_bar the integral of rho(t) over that
window, A the channels that start and B those that stop,

    <starts> = Tr[G_A rho_bar],    <waits longer than tau> = Tr[e^{(L - G_B) tau} G_A rho_bar],
    <pairs closer than tau> = int_0^tau Tr[G_B e^{L s} G_A rho_bar] ds,

from any start of the run; in the steady state their ratios are those of `time_correlations`. The mean wait is that of
min(wait, tau_max), int_0^{tau_max} P(wait > tau) dtau. Brandes, Ann. Phys. 17, 477 (2008).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

from trajectories.counting import time_correlations
from trajectories.counting.counted_currents import Channels, firing, jump_operator
from trajectories.errors import InputError
from trajectories.kernels import records as kernels
from trajectories.master.lindblad import Master
from trajectories.master.relaxation import eigenvalues
from trajectories.report.counting_rows import CountingRow
from trajectories.report.record_rows import Ratio
from trajectories.sampling.bunching import bunches
from trajectories.sampling.jump_records import Recorded
from trajectories.sampling.preparation import Preparation

BINS = 20
MOST_BINS = 1000
MEANS = 5.0  # longest wait that is looked at, in mean waits, or in relaxation times for g2
FIRST = 0.1  # first edge of logarithmic bins, in times that the fastest decaying state lasts


class Bins(NamedTuple):
    """Bins of waits and distances: their number, edges of equal ratios or distances, and the last edge.

    longest: None: chosen. With `logarithmic` the first bin is that from 0 to a tenth of the fastest decaying state's
    lifetime.
    """

    number: int = BINS
    logarithmic: bool = False
    longest: float | None = None

    def edges(self, master: Master, longest: float) -> np.ndarray:
        """Return the edges (number+1,), from 0 to `longest`."""
        if not self.logarithmic or self.number == 1:
            return np.linspace(0.0, longest, self.number + 1)
        losses = sum(operator.conj().T @ operator for operator in master.model.operators)
        first = min(FIRST / float(np.linalg.eigvalsh(losses)[-1]), FIRST * longest)
        return np.concatenate([[0.0], np.geomspace(first, longest, self.number)])

    def instants(self, edges: np.ndarray) -> np.ndarray:
        """Return times (n,) at which a curve over the bins is drawn."""
        if not self.logarithmic or self.number == 1:
            return np.linspace(0.0, edges[-1], 201)
        return np.geomspace(edges[1] / 3, edges[-1], 201)


CHOSEN = Bins()


class WaitingTimes:
    """The distribution of the time from a jump of `start` to the next one of `stop`, in bins from 0.

    Chosen longest wait: five mean waits, or with logarithmic bins five times that in which the longest waits decay, and
    half of the time counted at most. curve: (tau, density) in the steady state. Raises InputError for unknown channels,
    ones that never fire, or a window that is not shorter than the run.
    """

    def __init__(
        self, preparation: Preparation, name: str, start: Channels, stop: Channels, bins: Bins = CHOSEN
    ) -> None:
        self.master, self.bins = Master(preparation.model, preparation.sectors), bins
        self._masks = [firing(self.master, channels)[0] for channels in (start, stop)]
        wait = time_correlations.mean_waiting_time(self.master, start, stop)
        unending = self.master.tilted(np.where(self._masks[1], 0.0, 1.0))
        usual = MEANS * max(wait.mean, _decay_time(unending) if bins.logarithmic else 0.0)
        self._window = _window(preparation, bins.longest, usual, name)
        self.edges = edges = bins.edges(self.master, float(preparation.times[-1] - self._window[1]))
        waiting = jump_operator(self.master, self._masks[0] * 1.0) @ occupied(preparation, self.master, *self._window)
        propagator = self.master.propagator(unending)
        trace = self.master.trace_row
        left, total = [float((trace @ waiting).real)], 0.0
        for width in np.diff(edges):
            waiting, part = propagator.integrate(waiting, width)
            left.append(float((trace @ waiting).real))
            total += float((trace @ part).real)
        self.mean = np.array([left[0], *np.maximum(-np.diff(left), 0.0), total])
        steady = np.diff(time_correlations.waiting_time_distribution(self.master, start, stop, edges))
        bunch = bunches(preparation, self.master, self._masks[0]).of_jumps()
        self.ratios = _ratios(
            "waiting_time_density", "1/time", name, self.mean, edges, steady, np.full(len(edges) - 1, bunch)
        )
        label, last = f"{name}, cut at {edges[-1]:.4g}", float(edges[-1])
        row = CountingRow("mean_waiting_time", label, None, 0.0, last, "time", None, long_time=wait.mean)
        # Waits that are all cut have no spread: what spreads is as rare as starts or as waits that end.
        rarest = max(min(self.mean[0], float(self.mean[1:-1].sum())), np.finfo(float).tiny)
        self.ratios.append(Ratio(row, len(edges), (0,), 1.0, bunch / rarest))
        tau = bins.instants(edges)
        self.curve = tau, time_correlations.waiting_time_density(self.master, start, stop, tau)

    def measure(self, records: Recorded) -> np.ndarray:
        """Return numbers of starts, of waits in each bin, and the sum of cut waits, (n, bins+2)."""
        return _measured(kernels.waits, records, self._masks, self._window, self.edges)


class Coincidences:
    """g2(tau), averaged over bins from 0: pairs of jumps, against independent ones of the same rates.

    Chosen longest distance: five relaxation times, and half of the time counted at most. Otherwise as `WaitingTimes`.
    """

    def __init__(
        self, preparation: Preparation, name: str, first: Channels, second: Channels, bins: Bins = CHOSEN
    ) -> None:
        self.master, self.bins = Master(preparation.model, preparation.sectors), bins
        self._masks = [firing(self.master, channels)[0] for channels in (first, second)]
        usual = MEANS / preparation.gap if 0 < preparation.gap < np.inf else np.inf
        self._window = _window(preparation, bins.longest, usual, name)
        begin, last = self._window
        self.edges = edges = bins.edges(self.master, float(preparation.times[-1] - last))
        jumps = self.master.jump_rates(occupied(preparation, self.master, begin, float(preparation.times[-1])))
        kick = jump_operator(self.master, self._masks[0] * 1.0)
        rates = self.master.jump_rates(self.master.steady_blocks)
        density = np.array([float(rates[mask].sum()) for mask in self._masks])
        self.mean = self._expected(kick @ occupied(preparation, self.master, begin, last), jumps)
        steady = self._expected(kick @ self.master.steady_blocks, rates)[1:-1] / density.prod()
        span = float(preparation.times[-1]) - begin
        bunching = bunches(preparation, self.master, self._masks[0] | self._masks[1])
        size = np.array([bunching.of_pairs(*bin_) for bin_ in zip(self.mean[1:-1], np.diff(edges), strict=True)])
        self.ratios = _ratios("g2", "1", name, self.mean, edges, steady, size, (0, len(edges)), span)
        tau = bins.instants(edges)
        self.curve = tau, time_correlations.g2(self.master, first, tau, second)

    def _expected(self, vector: np.ndarray, jumps: np.ndarray) -> np.ndarray:
        """Return the expected row of a trajectory, from G_A rho_bar and the mean numbers of jumps (K,)."""
        propagator = self.master.propagator(self.master.generator, trace=self.master.trace_row)
        functional = (self._masks[1] * 1.0) @ self.master.space.losses
        numbers = [float((self.master.trace_row @ vector).real)]
        for width in np.diff(self.edges):
            vector, part = propagator.integrate(vector, width)
            numbers.append(float((functional.conj() @ part).real))
        return np.array([*numbers, float(jumps[self._masks[1]].sum())])

    def measure(self, records: Recorded) -> np.ndarray:
        """Return numbers of starts, of pairs in each bin, and of jumps that stop, (n, bins+2)."""
        return _measured(kernels.pairs, records, self._masks, self._window, self.edges)


def occupied(preparation: Preparation, master: Master, begin: float, end: float) -> np.ndarray:
    """Return the integral of the run's ensemble state from `begin` to `end`, as flattened blocks (D,)."""
    if preparation.steady:
        return master.steady_blocks * (end - begin)
    integrals = master.block_integrals(preparation.start_state, np.array([begin, end]))
    return integrals[1] - integrals[0]


def _decay_time(unending: np.ndarray | sparse.csr_array) -> float:
    """Return how long the longest waits last on average, from the slowest mode of the generator without their end."""
    if sparse.issparse(unending):
        return 0.0
    slowest = -float(eigenvalues(unending).real.max())
    return 1 / slowest if slowest > 0 else 0.0


def _window(preparation: Preparation, longest: float | None, usual: float, name: str) -> tuple[float, float]:
    """Return the beginning and the end of the window in which a start is looked at."""
    begin, end = preparation.counting_from, float(preparation.times[-1])
    if longest is None:
        return begin, end - min(usual, 0.5 * (end - begin))
    if not 0.0 < longest < end - begin:
        raise InputError(f"--longest {longest:g} for {name}: must lie between 0 and the time counted, {end - begin:g}")
    return begin, end - longest


def _ratios(
    quantity: str,
    unit: str,
    name: str,
    mean: np.ndarray,
    edges: np.ndarray,
    steady: np.ndarray,
    bunch: np.ndarray,
    per: tuple[int, ...] = (0,),
    scale: float = 1.0,
) -> list[Ratio]:
    """Return the ratio of each bin; steady (bins,): the integral over the bin in the steady state.

    bunch (bins,): mean number of its events in a bunch.
    """
    ratios = []
    for j, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        limit = float(steady[j] / (high - low))
        row = CountingRow(quantity, name, None, float(low), float(high), unit, None, long_time=limit)
        kurtosis = float(bunch[j] / max(mean[1 + j], np.finfo(float).tiny))
        ratios.append(Ratio(row, 1 + j, per, scale / (high - low), kurtosis))
    return ratios


def _measured(
    kernel: Callable[..., None],
    records: Recorded,
    masks: list[np.ndarray],
    window: tuple[float, float],
    edges: np.ndarray,
) -> np.ndarray:
    """Return the rows (n, bins+2) that a kernel fills from jump records."""
    x = np.zeros((len(records.initial), len(edges) + 1))
    starts, stops = (mask.astype(np.int64) for mask in masks)
    kernel(records.offsets, records.times, records.channels, starts, stops, *window, edges, x)
    return x
