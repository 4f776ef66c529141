"""The parts of a quantity's description: how it is measured, and how it is named, reported and drawn.

It is measured in one of six ways: JumpCounts, StateFunctional, TalliedNumber, Share, StateFunction, PairFunction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from trajectories.counting.entropy_statistics import generating_function, jump_average
from trajectories.kernels.observable_table import FIRST_STATIC
from trajectories.master.eigenensemble import levels
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.sampling.exact_averages import Exact, ExactSide
from trajectories.sampling.sampling_moments import Cumulants, SamplingMoments
from trajectories.sampling.statistics import Block

AVERAGE, CUMULATIVE, INSTANTANEOUS = "average", "cumulative", "instantaneous"
RESERVOIR, LABEL, PAIR = "reservoir", "label", "pair"

Owner = str | None
"""The reservoir or the label that a number belongs to; None where there is only one."""
ByOwner = Mapping[str, np.ndarray] | Mapping[None, np.ndarray] | Mapping[Owner, np.ndarray]
"""Weights (K,) or operators (d, d) of each owner."""
Pair = tuple[int, int] | None
Function = Callable[[np.ndarray], np.ndarray]
"""A function of states (..., m, m) or flattened states (..., D), with values (...)."""
Exponential = tuple[np.ndarray, Callable[[float], float]]
"""The weights (K,) of the jumps in a number X, and the function l -> <e^{l X}>."""


@dataclass(frozen=True)
class JumpCounts:
    """A linear form sum_k w_k n_k of the jump counts since counting began.

    forms: function of the model that returns the weights, (K,), of each owner.
    """

    forms: Callable[[Model], ByOwner]
    diverges: ClassVar[bool] = False
    weight: ClassVar[bool] = False

    def cumulants(self, moments: SamplingMoments, q: int) -> Cumulants:
        return moments.of_counts(q, moments.observables.linear[q], None, None, True)

    def width(self, moments: SamplingMoments, q: int, t: int) -> float:
        return np.inf

    def exponential(self, moments: SamplingMoments, q: int, t: int, most: float) -> Exponential:
        start, begin = moments.beginning(q)
        times, weights = moments.times[t : t + 1] - begin, moments.observables.linear[q]
        return weights, lambda exponent: float(
            jump_average(moments.master, np.exp(exponent * weights), start, times, most)[0]
        )


@dataclass(frozen=True)
class StateFunctional:
    """<psi|A|psi> with an operator A, (d, d) Hermitian, that does not change with time.

    operators: function of the model, its sectors and the run's observables that returns A of each owner.
    """

    operators: Callable[[Model, Sectors, Mapping[str, np.ndarray]], ByOwner]
    diverges: ClassVar[bool] = False
    weight: ClassVar[bool] = False

    def cumulants(self, moments: SamplingMoments, q: int) -> Cumulants:
        return moments.functionals[self._place(moments, q)]

    def width(self, moments: SamplingMoments, q: int, t: int) -> float:
        return float(np.ptp(levels(self._operator(moments, q), moments.sectors)))

    def exponential(self, moments: SamplingMoments, q: int, t: int, most: float) -> None:
        return None

    def _operator(self, moments: SamplingMoments, q: int) -> np.ndarray:
        return np.asarray(moments.observables.static[self._place(moments, q)])

    @staticmethod
    def _place(moments: SamplingMoments, q: int) -> int:
        """Return the number of column q among the functionals of the state."""
        return q - len(moments.observables.linear) - FIRST_STATIC


def entropy_exponential(moments: SamplingMoments, q: int, t: int, most: float) -> Exponential:
    """Return the weights of the jumps in Delta S, (K,), and the function l -> <e^{l Delta S}> at sample time t."""
    start, begin = moments.beginning(q)
    times = moments.times[t : t + 1] - begin
    return moments.master.model.entropy_steps, lambda exponent: float(
        generating_function(moments.master, -exponent, start, times, most=most)[0]
    )


@dataclass(frozen=True)
class TalliedNumber:
    """A number with a line of its own in the kernel `accumulate`.

    place: its column behind the linear forms, a constant of `kernels.observable_table`.
    mean, size: functions of the exact side that return the exact mean and the natural size, (T,) each or a number.
    cumulants: function of the moments and the column that returns its cumulants.
    width: likewise, and of the sample time: how far two values can lie apart.
    exponential: likewise: see `entropy_exponential`; None where no such average is known.
    defined: whether a model gives the number a meaning.
    diverges: True if one jump of a one-way channel makes the number infinite.
    weight: True for w = e^{-Delta S}, whose average may be carried by trajectories too rare to be met.
    """

    place: int
    mean: Callable[[ExactSide], np.ndarray]
    size: Callable[[ExactSide], np.ndarray | float]
    cumulants: Callable[[SamplingMoments, int], Cumulants]
    width: Callable[[SamplingMoments, int, int], float] = lambda moments, q, t: np.inf
    exponential: Callable[[SamplingMoments, int, int, float], Exponential | None] = lambda moments, q, t, most: None
    defined: Callable[[Model], bool] = lambda model: True
    diverges: bool = False
    weight: bool = False


@dataclass(frozen=True)
class Share:
    """The share of the trajectories to which something has happened until t.

    exact: function of the exact averages that returns the share, (T,).
    number: function of a Block that returns how many of its trajectories these are, (T,).
    defined: whether a model gives the share a meaning.
    """

    exact: Callable[[Exact], np.ndarray]
    number: Callable[[Block], np.ndarray]
    defined: Callable[[Model], bool]


@dataclass(frozen=True)
class StateFunction:
    """A function of the ensemble state, given as flattened states (..., D). gradient: its gradient, (..., D)."""

    value: Function
    gradient: Function


@dataclass(frozen=True)
class PairFunction:
    """A function of the state of the pair, (..., m, m), not cut at zero, which reports do.

    of_levels: function of the numbers of levels of the two subsystems that returns it, and the distance from its kink
    (None where none is known); None where it has no meaning for such subsystems.
    """

    of_levels: Callable[[tuple[int, int]], tuple[Function, Function | None] | None]


Measure = JumpCounts | StateFunctional | TalliedNumber | Share | StateFunction | PairFunction


@dataclass(frozen=True)
class Quantity:
    """One measured quantity: all that the program knows of it by name.

    name, unit: as in reports. value: its value on one trajectory, or the formula of it.
    kind: AVERAGE (since counting began, per time), CUMULATIVE (from time 0) or INSTANTANEOUS.
    measure: how it is measured.
    owner: RESERVOIR, LABEL or PAIR where there are several, each with its own number; "" where there is one.
    absent: function of the model and the pair that returns the owners it does not exist for, each with the reason.
    title: its name on an axis. short_title: in a legend beside others; "" for the title.
    panel: the panel of a picture it shares with others, of `quantities.PANELS`; "" where it is drawn only when asked.
    nonnegative: True if it is never below zero.
    headline: its place among the columns of a sweep's table, 0 where it is not shown there.
    reported: False for what is not in reports: counts kept for their cumulants alone, functions only figures name.
    """

    name: str
    unit: str
    kind: str
    value: str
    measure: Measure
    title: str
    owner: str = ""
    absent: Callable[[Model, Pair], Mapping[Owner, str]] = lambda model, pair: {}
    short_title: str = ""
    panel: str = ""
    nonnegative: bool = False
    headline: int = 0
    reported: bool = True


@dataclass(frozen=True)
class Column:
    """One column of the observable table: a quantity, its reservoir or label, and whether reports show it."""

    described: Quantity
    owner: Owner = None
    reported: bool = True

    @property
    def measure(self) -> JumpCounts | StateFunctional | TalliedNumber:
        assert isinstance(self.described.measure, JumpCounts | StateFunctional | TalliedNumber)
        return self.described.measure

    @property
    def quantity(self) -> str:
        return self.described.name

    @property
    def kind(self) -> str:
        return self.described.kind

    @property
    def counts_from_zero(self) -> bool:
        """Whether the column counts from time 0, whatever the burn-in."""
        return self.kind == CUMULATIVE

    @property
    def label(self) -> str | None:
        return self.owner if self.described.owner == LABEL else None

    @property
    def reservoir(self) -> str | None:
        return self.owner if self.described.owner == RESERVOIR else None

    def cumulants(self, moments: SamplingMoments, q: int) -> Cumulants:
        """Return the cumulants of this column, which is number q of the observable table."""
        return self.measure.cumulants(moments, q)
