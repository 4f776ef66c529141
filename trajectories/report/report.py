"""The comparison of a result with the master equation: rows of estimate, error and exact value, judged by `judge`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import optimize

from trajectories.counting.entropy_statistics import WORTH
from trajectories.errors import TooCostly
from trajectories.kernels.observable_table import WEIGHT
from trajectories.report.judge import FROM_KINK, judge_mean, judge_share, judge_smooth, noted
from trajectories.report.law import NO_SPREAD, Law
from trajectories.report.rows import EnsembleFunction, Row, ensemble_functions, exact_row, share_rows, span
from trajectories.results.points import Point
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.quantities import QUANTITIES
from trajectories.sampling.quantity import Function, Share, StateFunctional
from trajectories.sampling.sampling_moments import Cumulants, measured_cumulants
from trajectories.sampling.statistics import jackknife, skewness_of_mean, standard_error
from trajectories.sampling.weight_moments import needed_in_words, trajectories_needed

INITIAL_DRAW = "steady start: tests the initial draw only"
MOST_MOVED = 0.5  # of its expected error: how far one trajectory in each level may move a measure of entanglement
STEP = 1e-3  # of one trajectory's weight: how far a state is moved to differentiate a measure of entanglement
MOST_TILTS = 30
TILTS = np.log([1e-3, 1e3])  # of the largest step of a count: exponents among which Chernoff's bound is looked for


def rows_of(point: Point) -> list[Row]:
    """Return every comparison of one sweep point, not yet judged together."""
    rows: list[Row] = []
    block = point.total
    errors, skewness = standard_error(block), skewness_of_mean(block)
    for q in range(len(point.preparation.columns)):
        rows += _column_rows(point, q, errors[:, q], skewness[:, q])
    rows += _share_rows(point)
    for function in ensemble_functions(point.preparation):
        rows += function_rows(point, function)
    return rows


def column_law(point: Point, q: int, t: int) -> Law:
    """Return the law of one trajectory's value of column q at sample time t, in the units of the observable table."""
    preparation = point.preparation
    moments, measure = preparation.moments, preparation.columns[q].measure
    law = law_at(moments.column(q), t)
    return replace(
        law.of_weight() if measure.weight else law,
        width=measure.width(moments, q, t),
        rounding=NO_SPREAD * float(preparation.exact.scale[t, q]),
        tail=_chernoff(point, q, t),
    )


def law_at(cumulants: Cumulants, t: int) -> Law:
    """Return the law of a number whose cumulants are known, at one time."""
    variance, third, fourth = float(cumulants.variance[t]), float(cumulants.third[t]), float(cumulants.fourth[t])
    noise = float(np.nan_to_num(cumulants.noise[t]))
    return Law(variance, third, fourth, noise=noise, exact=cumulants.exact, missing=cumulants.missing)


def _column_rows(point: Point, q: int, errors: np.ndarray, skewness: np.ndarray) -> list[Row]:
    """Return the rows of column q of the observable table at the sample times."""
    preparation, block = point.preparation, point.total
    column = preparation.columns[q]
    rows = []
    for t, time in enumerate(preparation.times):
        row = exact_row(preparation, q, t)
        if row is None:
            continue
        if row.status != "irreversible":
            width = span(preparation, column, float(time))
            error = float(errors[t] / width)
            known_error = error if np.isfinite(error) else None
            row = replace(row, estimate=float(block.mean[t, q] / width), standard_error=known_error)
            if isinstance(column.measure, StateFunctional) and preparation.steady:
                row = noted(row, INITIAL_DRAW)
            law = column_law(point, q, t).scaled(1 / width)
            if column.measure.weight:
                row = _theorem(row, point, t, law, float(skewness[t]))
            else:
                row = judge_mean(row, int(block.count), law, float(skewness[t]))
        rows.append(row)
    return rows


def _theorem(row: Row, point: Point, t: int, law: Law, skewness: float) -> Row:
    """Judge <exp(-Delta S)>: only where its exact moments say that so many trajectories can resolve it."""
    moments = point.preparation.exact.weight_moments(point.weight_column, t)
    if row.exact is not None and row.exact < 1 - 1e-9:
        one_way = point.preparation.observables.one_way.any()
        why = "one-way channels" if one_way else "start without full rank"
        row = noted(row, f"1 - lambda, below one: {why}")
    if point.trajectories < trajectories_needed(*moments):
        return noted(replace(row, status="unresolved"), needed_in_words(*moments, theorem_needs(point.preparation, t)))
    return judge_mean(row, int(point.total.count), law, skewness)


def theorem_needs(preparation: Preparation, t: int) -> float:
    """Return how many trajectories resolve <exp(-Delta S)> at sample time t: small error, skewness and kurtosis.

    The kurtosis counts where the cumulants are those of the average itself (every sector of dimension 1).
    """
    column = len(preparation.observables.linear) + WEIGHT
    law = law_at(preparation.moments.column(column), t).of_weight()
    peaked = law.needed() if law.exact else 0.0
    return max(trajectories_needed(*preparation.exact.weight_moments(column, t)), peaked)


def _chernoff(point: Point, q: int, t: int) -> Callable[[float], float] | None:
    """Return Chernoff's bound on the mean of a column: P(mean beyond x) <= exp(-n sup_l (l x - ln <e^{l X}>)).

    With the exact generating function, that of measured outcomes where they are averaged over: its values are larger.
    None for a column whose generating function is not known.
    """
    preparation, n = point.preparation, point.trajectories
    exponential = preparation.columns[q].measure.exponential(preparation.moments, q, t, WORTH / MOST_TILTS)
    if exponential is None:
        return None
    weights, average = exponential
    size = max(float(np.abs(weights).max(initial=0.0)), np.finfo(float).tiny)

    def tail(value: float) -> float:
        sign = 1.0 if value > float(preparation.exact.mean[t, q]) else -1.0

        def rate(log_size: float) -> float:
            exponent = sign * float(np.exp(log_size)) / size
            with np.errstate(over="ignore"):
                if not np.isfinite(np.exp(exponent * weights)).all():
                    return np.inf
            try:
                mean = average(exponent)
            except TooCostly:
                return np.inf
            return float(np.log(mean) - exponent * value) if 0 < mean < np.inf else np.inf

        best = optimize.minimize_scalar(rate, bounds=tuple(TILTS), method="bounded", options={"maxiter": MOST_TILTS})
        # A value of the function is a bound wherever it is taken: the minimum need not be exact.
        return float(np.exp(min(0.0, n * float(best.fun))))

    return tail


def _share_rows(point: Point) -> list[Row]:
    """Return the rows of the shares of trajectories, such as the irreversible fraction."""
    rows = []
    for quantity in QUANTITIES.values():
        if isinstance(quantity.measure, Share):
            numbers = quantity.measure.number(point.total)
            exact = share_rows(point.preparation, quantity)
            rows += [judge_share(row, int(numbers[t]), int(point.total.count)) for t, row in enumerate(exact)]
    return rows


def function_rows(point: Point, function: EnsembleFunction) -> list[Row]:
    """Return the rows of a function of the ensemble state, by the jackknife over groups of trajectories."""
    preparation = point.preparation
    known = function.states(preparation.exact.density)
    sums = function.states(np.array([group.density for group in point.groups]))
    counts = np.array([int(group.count) for group in point.groups])
    sampled = jackknife(function.value, sums, counts, stacked=True)
    smooth = _smooth(function.kink, known, sums, counts, point.trajectories)
    exact, rows = function.value(known), []
    for t, row in enumerate(function.rows()):
        estimate = float(sampled.estimate[t])
        row = replace(row, estimate=function.cut(estimate), standard_error=float(sampled.standard_error[t]))
        row = noted(row, INITIAL_DRAW) if preparation.steady else row
        sampled_at_t = sampled._replace(standard_error=sampled.standard_error[t], bias=sampled.bias[t])
        law = _function_law(point, function, known[t])
        deviation = estimate - float(exact[t])
        if function.gradient is None and not _linear(function.value, known[t], point.trajectories, law):
            rows.append(noted(replace(row, status="unresolved"), "too few events for an error bar to first order"))
            continue
        rows.append(judge_smooth(row, deviation, sampled_at_t, point.trajectories, law, bool(smooth[t])))
    return rows


def _function_law(point: Point, function: EnsembleFunction, rho: np.ndarray) -> Law:
    """Return bounds on the influence of one trajectory on a function of the ensemble state rho."""
    if function.gradient is None:
        return influence_law(function.value, rho, point.trajectories)
    spread = measured_cumulants(function.gradient(rho)[None], rho[None], point.preparation.sectors)
    return Law(float(spread.variance[0]), float(spread.third[0]), float(spread.fourth[0]), exact=False)


def influence_law(measure: Function, rho: np.ndarray, n: int) -> Law:
    """Return bounds on the influence that one of n trajectories has on a measure of their mean state (m, m).

    To first order the measure changes by Tr[D (|psi><psi| - rho)], D its gradient, whose outcomes measured in rho
    spread at least as much as <psi|D|psi>. The gradient is taken in the state to which one more trajectory in each
    level has been added: a level that is never met by n trajectories would make it infinite.
    """
    m = len(rho)
    basis = []
    for a in range(m):
        for b in range(a, m):
            for phase in (1.0, 1j)[: 1 + (b > a)]:
                matrix = np.zeros((m, m), complex)
                matrix[a, b] += phase / 2
                matrix[b, a] += np.conj(phase) / 2
                basis.append(matrix / np.linalg.norm(matrix))
    directions, base, step = np.array(basis), rho + np.eye(m) / n, STEP / n
    slopes = (measure(base + step * directions) - measure(base - step * directions)) / (2 * step)
    values, vectors = np.linalg.eigh(np.einsum("i,iab->ab", slopes, directions))
    weight = np.einsum("an,ab,bn->n", vectors.conj(), rho, vectors).real.clip(min=0.0)
    return replace(Law.of_values(values, weight), exact=False, width=float(np.ptp(values)), rounding=NO_SPREAD)


def _linear(measure: Function, rho: np.ndarray, n: int, law: Law) -> bool:
    """Return whether one more trajectory in each level moves the measure by at most half its expected error.

    Where it moves further, neither the jackknife nor `influence_law`, both of first order, say how it spreads.
    """
    moved = abs(float(measure(rho + np.eye(len(rho)) / n)) - float(measure(rho)))
    return moved <= MOST_MOVED * np.sqrt(law.largest_variance / n) + NO_SPREAD


def _smooth(gap: Function | None, exact: np.ndarray, sums: np.ndarray, counts: np.ndarray, n: int) -> np.ndarray:
    """Return whether a measure is as good as linear over the spread of n trajectories at each time: its kink is far.

    The spread is the sample's or, since the sample may have missed rare events, that expected beforehand. The state at
    which `influence_law` takes its gradient must be on the same side of the kink as well.
    """
    if gap is None:
        return np.ones(len(exact), bool)
    sampled, known = jackknife(gap, sums, counts, stacked=True), gap(exact)
    expected = np.array([np.sqrt(influence_law(gap, rho, n).largest_variance / n) for rho in exact])
    moved = np.abs(gap(exact + np.eye(exact.shape[-1]) / n) - known)
    error = np.maximum(np.nan_to_num(sampled.standard_error), np.maximum(expected, moved))
    # Values that are all equal, always, make no kink. Where the sample lies plays no part: an engine that is wrong
    # enough to sit at the kink must not escape by it.
    never = (error <= NO_SPREAD) & (np.abs(sampled.estimate) <= NO_SPREAD) & (known <= NO_SPREAD)
    return np.asarray(never | (known > FROM_KINK * error))
