"""The adiabatic and nonadiabatic entropy production, and the infimum of Delta S(t), sampled and exact.

The infimum law: in the steady state e^{-Delta S(t)} is a martingale of mean one, so that Delta S(t) falls to -x or
below at any time with probability e^{-x} at most, and <inf_t Delta S(t)> >= -1, however long the trajectory. It needs
Delta S(t) at every instant, which exists where all sectors have dimension 1; then it changes at jumps alone.
Neri, Roldan, Julicher, PRX 7, 011019 (2017); for Delta S and its parts Manzano, Horowitz, Parrondo, PRX 8, 031037
(2018).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from scipy import special

from trajectories.counting.adiabatic_split import Split, adiabatic_average, nonadiabatic_average, split_means, split_of
from trajectories.counting.entropy_statistics import WORTH
from trajectories.counting.infimum import Infimum, exact_infimum
from trajectories.errors import InputError, TooCostly
from trajectories.kernels.along import extrema
from trajectories.kernels.observable_table import ENTROPY
from trajectories.master.lindblad import Master
from trajectories.report.judge import judge_mean, judge_share, noted
from trajectories.report.law import MOST_SKEWED, NO_SPREAD, Law
from trajectories.report.report import law_at
from trajectories.report.rows import Row
from trajectories.sampling.jump_records import Recorded, record_stream
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.sampling_moments import ROUNDING, trajectory_cumulants
from trajectories.sampling.statistics import Block, block_of, merge, standard_error
from trajectories.sampling.weight_moments import needed_in_words, trajectories_needed

LEVELS = 0.25 * np.arange(1, 33)  # x in P(inf Delta S <= -x)
JUDGED_LEVELS = (1.0, 2.0, 4.0)
BOUND = -1.0
SAME = 1e-10

# Columns of the numbers that are kept of a trajectory.
ADIABATIC, NONADIABATIC, WEIGHT_AD, WEIGHT_NA, INFIMUM, SUPREMUM = range(6)
PARTS = ("adiabatic", "nonadiabatic")
"""The parts of Delta S in the order of their columns."""


@dataclass(frozen=True)
class EntropyParts:
    """Statistics of the adiabatic and nonadiabatic entropy production and of inf Delta S(t).

    split: None where Delta S has no parts, for the reason `split_undefined`. infimum_undefined: the reason for which
    Delta S(t) has no infimum, None where it has one. total: mergeable statistics of the columns above, histogram row 0
    the number of trajectories with inf Delta S <= -x for the LEVELS x; None before sampling and where neither exists.
    """

    preparation: Preparation
    split: Split | None
    split_undefined: str | None
    infimum_undefined: str | None
    total: Block | None = None

    @classmethod
    def of(cls, preparation: Preparation) -> EntropyParts:
        """Return the object for a preparation, without a sample."""
        split: Split | None = None
        reason: str | None = None
        try:
            split = split_of(Master(preparation.model, preparation.sectors))
        except InputError as error:
            reason = str(error)
        return cls(preparation, split, reason, infimum_undefined(preparation))

    @cached_property
    def _master(self) -> Master:
        return Master(self.preparation.model, self.preparation.sectors)

    @property
    def defined(self) -> bool:
        """True where there is a split or an infimum, so that trajectories are sampled."""
        return self.split is not None or self.infimum_undefined is None

    def sampled(
        self, seed: int, point: int, trajectories: int, tick: Callable[[int], None] = lambda n: None
    ) -> EntropyParts:
        """Return a copy with the statistics of the first `trajectories`; tick: called with each number sampled."""
        if not self.defined:
            return self
        targets, total = self._master.space.targets, None
        for piece in record_stream(self.preparation, seed, point, trajectories):
            part = _measured(self, targets, piece)
            total = part if total is None else merge(total, part)
            tick(len(piece.initial))
        return replace(self, total=total)

    def rows(self) -> list[Row]:
        """Return the rows that can be judged, not yet judged."""
        rows: list[Row] = []
        if self.split is not None:
            rows += [row for part in (ADIABATIC, NONADIABATIC) for row in self._split_rows(part)]
        if self.infimum_undefined is None and self.total is not None:
            rows += self._infimum_rows(self.total)
        return rows

    def json(self) -> dict[str, Any]:
        """Return reasons for undefined parts, and the sampled distribution of the infimum, as JSON's types by name."""
        parts: dict[str, Any] = {
            "split": {"defined": self.split is not None, "reason": self.split_undefined},
            "infimum": {"defined": self.infimum_undefined is None, "reason": self.infimum_undefined},
        }
        if self.split is not None:
            names = [channel.name for channel in self.preparation.model.channels]
            parts["split"]["potential_change"] = dict(zip(names, self.split.potential.tolist(), strict=True))
        if self.infimum_undefined is None and self.total is not None:
            n = int(self.total.count)
            share = self.total.histogram[0] / n
            parts["infimum"] |= {
                "x": LEVELS,
                "probability": share,
                "standard_error": np.sqrt(share * (1 - share) / n),
                "bound": np.exp(-LEVELS),
                "mean_supremum": float(self.total.mean[0, SUPREMUM]),
            }
        return parts

    def lines(self) -> list[str]:
        """Return a line for each undefined part."""
        lines = []
        if self.split_undefined is not None:
            lines.append(self.split_undefined)
        if self.infimum_undefined is not None:
            lines.append(f"infimum of Delta S(t) undefined: {self.infimum_undefined}")
        return lines

    def _split_rows(self, part: int) -> list[Row]:
        """Return the rows of <Delta S_x> and <e^{-Delta S_x}> of one part, the latter also by its tilted generator."""
        assert self.split is not None
        preparation, name = self.preparation, PARTS[part]
        master, start, times = self._master, preparation.start_state, preparation.times[-1:]
        time = float(times[0])
        average = (adiabatic_average, nonadiabatic_average)[part]
        exact = [float(average(master, self.split, 1.0, start, times)[0])]
        for power in (2.0, 3.0, 4.0):
            try:
                exact.append(float(average(master, self.split, power, start, times, WORTH)[0]))
            except TooCostly:  # exact[0]^2 is the least that the second moment can be
                exact.append(exact[0] ** 2 if power == 2.0 else np.nan)
        lowered = exact[0] < 1 - 1e-9
        row = Row("generating_function", f"{name} G(1,T)", None, 0.0, time, "1", None, estimate=exact[0])
        if lowered:
            why = "start without full rank" if part == NONADIABATIC else "one-way channels"
            rows = [replace(row, note=f"below one: {why}")]
        else:
            status = "exact" if abs(exact[0] - 1) <= SAME else "disagree"
            rows = [replace(row, exact=1.0, status=status, note=f"tilted generator, difference {exact[0] - 1:.1e}")]
        mean = float(split_means(master, self.split, start, times)[part][0])
        mean = 0.0 if abs(mean) < NO_SPREAD else mean
        row = Row(f"{name}_entropy_production", None, None, 0.0, time, "nat", mean)
        if np.isfinite(mean):
            rows.append(self._mean(row, part, self._law(part)))
        row = Row(f"integral_fluctuation_theorem_{name}", None, None, None, time, "1", exact[0])
        row = self._mean(row, WEIGHT_AD + part, law_of_weight(*exact))
        needed = trajectories_needed(*exact[:3])
        if self.total is not None and self.total.count < needed:
            row = replace(row, z=None, p_value=None, status="unresolved", note=needed_in_words(*exact[:3]))
        return [*rows, row]

    def _law(self, part: int) -> Law:
        """Return the exact law of one trajectory's part of Delta S."""
        assert self.split is not None
        preparation, times = self.preparation, self.preparation.times[-1:]
        ends: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
        weights = (self.split.adiabatic, self.split.nonadiabatic)[part]
        if part == NONADIABATIC:
            first, last = (preparation.sectors.flatten(spectrum.logarithm()) for spectrum in preparation.spectra)
            ends = first, -last[None]
        cumulants = trajectory_cumulants(self._master, weights, preparation.start_state, times, *ends)
        column = len(preparation.observables.linear) + ENTROPY
        return replace(law_at(cumulants, 0), rounding=NO_SPREAD * float(preparation.exact.scale[-1, column]))

    def _mean(self, row: Row, column: int, law: Law) -> Row:
        """Judge the mean of a column; a row that is exact has the exact value as its estimate."""
        if self.total is None:
            return row
        estimate, error = float(self.total.mean[0, column]), float(standard_error(self.total)[0, column])
        row = judge_mean(replace(row, estimate=estimate, standard_error=error), int(self.total.count), law)
        same = row.status == "exact"
        return replace(row, estimate=row.exact, note="the same on every trajectory") if same else row

    def _infimum_rows(self, total: Block) -> list[Row]:
        """Return the rows of <inf Delta S> and P(inf Delta S <= -x), beside exact values or bounds."""
        time, n = float(self.preparation.times[-1]), int(total.count)
        try:
            exact = exact_infimum(self._master, time)
        except InputError:
            exact = None
        row = Row("entropy_infimum", ">= -1", None, 0.0, time, "nat", None if exact is None else exact.mean)
        estimate, error = float(total.mean[0, INFIMUM]), float(standard_error(total)[0, INFIMUM])
        row = replace(row, estimate=estimate, standard_error=error)
        below = [None if exact is None else exact.below(x) for x in JUDGED_LEVELS]
        shares = [0.0 if p is not None and p <= NO_SPREAD else p for p in below]
        if exact is not None:
            rows = [self._mean(row, INFIMUM, _law_of_infimum(exact))]
        else:
            # -inf Delta S is no larger, in law, than an exponential number of mean 1, whose mean Chernoff's bound
            # holds for.
            low = max(-estimate, 1.0)
            bound = float(np.exp(-n * (low - 1 - np.log(low))))
            rows = [_bound(row, bound, n * MOST_SKEWED**2 >= 4.0)]  # the skewness of that number is 2
        counts = total.histogram[0][np.searchsorted(LEVELS, JUDGED_LEVELS)]
        return rows + [
            _infimum_share(x, int(count), n, time, share)
            for x, count, share in zip(JUDGED_LEVELS, counts, shares, strict=True)
        ]


def law_of_weight(mean: float, second: float, third: float, fourth: float) -> Law:
    """Return the law of w > 0 from <w> ... <w^4>, with the limits of an exponential average."""
    if not np.isfinite(third + fourth):
        return Law(missing="the exact moments of the weights are not known")
    variance = second - mean**2
    central = third - 3 * mean * second + 2 * mean**3
    excess = fourth - 4 * mean * third + 6 * mean**2 * second - 3 * mean**4 - 3 * variance * variance
    return Law(variance, central, excess, noise=ROUNDING * second, rounding=NO_SPREAD).of_weight()


def _law_of_infimum(exact: Infimum) -> Law:
    scale = float(np.abs(exact.values).max(initial=0.0))
    # The probabilities carry rounding errors of their own.
    law = Law.of_values(exact.values, exact.probabilities)
    return replace(law, noise=NO_SPREAD * scale**2, rounding=NO_SPREAD * scale)


def _infimum_share(x: float, count: int, n: int, time: float, exact: float | None) -> Row:
    """Return the row of P(inf Delta S <= -x): `count` of n trajectories, by the binomial law."""
    share, bound = count / n, float(np.exp(-x))
    row = Row("entropy_infimum_probability", f"inf <= -{x:g}", None, 0.0, time, "1", exact, share)
    row = replace(row, note=f"at most {bound:.4g}")
    if exact is not None:
        return judge_share(row, count, n)
    at_least = float(special.bdtrc(count - 1, n, bound)) if count else 1.0
    error = float(np.sqrt(share * (1 - share) / n))
    return _bound(replace(row, standard_error=error), at_least, n * bound * MOST_SKEWED**2 >= 1.0)


def _bound(row: Row, p: float, enough: bool) -> Row:
    """Judge an inequality: it agrees only where a violation would have been seen."""
    return noted(replace(row, p_value=p, status="judged" if enough else "bounded"), "a bound, not a value")


def infimum_undefined(preparation: Preparation) -> str | None:
    """Return the reason for which the infimum law does not apply, None where it does."""
    if not preparation.model.entropy:
        return f"{preparation.model.name} has no entropy accounting"
    largest = int(preparation.sectors.dimensions.max())
    if largest > 1:
        return f"sectors of dimension > 1 (up to {largest}), where Delta S(t) exists at the end alone"
    if not preparation.steady:
        return "the start is not the steady state, and the law holds there alone"
    return None


def _measured(parts: EntropyParts, targets: np.ndarray, piece: Recorded) -> Block:
    """Return the statistics of a piece of trajectories. targets: (K, S), see `BlockSpace`."""
    preparation, n = parts.preparation, len(piece.initial)
    observables = preparation.observables
    x = np.zeros((n, 1, 6))
    if parts.split is not None:
        infinite = (piece.counts * observables.one_way).any(axis=1)
        finite = np.where(np.isinf(parts.split.adiabatic), 0.0, parts.split.adiabatic)
        x[:, 0, ADIABATIC] = (piece.counts * finite).sum(axis=1)
        boundary = observables.log_start[piece.initial] - observables.log_finish[piece.final]
        x[:, 0, NONADIABATIC] = boundary + (piece.counts * parts.split.nonadiabatic).sum(axis=1)
        x[:, 0, WEIGHT_AD] = np.where(infinite, 0.0, np.exp(-x[:, 0, ADIABATIC]))
        x[:, 0, WEIGHT_NA] = np.exp(-x[:, 0, NONADIABATIC])
    below = np.zeros(len(LEVELS), np.int64)
    if parts.infimum_undefined is None:
        with np.errstate(divide="ignore"):  # states that are empty in the steady state are never entered
            log_steady = np.log(preparation.exact.density[-1].real)
        extremes = np.zeros((n, 2))
        arrays = (
            observables.pair_sign,
            observables.pair_entropy,
            observables.one_way,
            piece.initial,
            piece.offsets,
            piece.channels,
        )
        extrema(log_steady, preparation.plan.start_sector, np.ascontiguousarray(targets.T), *arrays, extremes)
        x[:, 0, [INFIMUM, SUPREMUM]] = extremes
        below = (extremes[:, :1] <= -LEVELS).sum(axis=0)
    nothing = np.zeros((1, 1)), below[None], np.zeros(1, np.int64), np.zeros((n, 1))
    return block_of(x, 0, *nothing)
