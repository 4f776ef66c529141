"""The comparison of a result with the master equation: rows of estimate, error, exact value, and one verdict.

Every row is judged by a two-sided p-value; it *disagrees* below 10^-3 / (number of rows judged), so that a correct
engine is called wrong in at most one report out of a thousand, however many rows there are. A row is *unresolved*
where its error bar cannot be trusted (too few events, an exponential average beyond its resolvable time), *exact*
where there is no spread, *irreversible* where the entropy production is infinite, *unchecked* where the master
equation gives no value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from .columns import measures_entropy
from .exact import LARGEST_SKEWNESS, trajectories_needed, wanted
from .kernels.ledger import FIRST_STATIC, WEIGHT
from .results import Point
from .rows import Measure, Row, entanglement_measures, entanglement_row, exact_row, irreversible_row, span
from .statistics import Jackknife, jackknife, p_value, skewness_of_mean, standard_error

FALSE_ALARM_RATE = 1e-3
FEWEST = 30  # trajectories for a mean to be judged by its own standard error
FEWEST_GROUPS = 32
FEWEST_EVENTS = 50
FROM_KINK = 5  # standard errors between a measure of entanglement and its kink
MOST_SKEWED = 0.2  # of a mean: as of 25 rare events, which are missed altogether once in 10^11
NO_SPREAD = 1e-12
INITIAL_DRAW = "steady start: tests the initial draw only"


@dataclass(frozen=True)
class Spread:
    """What is known of a mean of n values beside its standard error.

    skewness: of the mean, from the sample; expected: of one value, beforehand. scale: natural size of one value;
    widest: range of one value, inf where it has none. condemned(deviation): probability that all values are equal by
    chance. most_skewed: largest skewness of the mean at which its standard error is believed.
    """

    n: int
    skewness: float
    expected: float
    scale: float
    widest: float
    condemned: Callable[[float], float]
    most_skewed: float = MOST_SKEWED


def rows_of(point: Point) -> list[Row]:
    """Return every comparison of one sweep point, not yet judged."""
    rows: list[Row] = []
    block = point.total
    errors, skewness = standard_error(block), skewness_of_mean(block)
    for q in range(len(point.preparation.columns)):
        rows += _column_rows(point, q, errors[:, q], skewness[:, q])
    rows += _irreversible_rows(point)
    rows += _entanglement_rows(point)
    return rows


def verdict(rows: list[Row]) -> str:
    """Return "disagree" if any row does, "agree" if none does and something was tested, otherwise "unresolved".

    Exact rows alone are a test only where nothing was left unresolved: some are the same for any engine.
    """
    statuses = {row.status for row in rows}
    if "disagree" in statuses:
        return "disagree"
    return "agree" if "agree" in statuses or ("exact" in statuses and "unresolved" not in statuses) else "unresolved"


def _column_rows(point: Point, q: int, errors: np.ndarray, skewness: np.ndarray) -> list[Row]:
    preparation, block = point.preparation, point.total
    column, n_linear = preparation.columns[q], len(preparation.ledger.linear)
    rows = []
    for t, time in enumerate(preparation.times):
        row = exact_row(preparation, q, t)
        if row is None or column is None:
            continue
        if row.status != "irreversible":
            width = span(preparation, column, float(time))
            row = replace(row, estimate=float(block.mean[t, q] / width), standard_error=float(errors[t] / width))
            if q >= n_linear + FIRST_STATIC and preparation.steady:
                row = _noted(row, INITIAL_DRAW)
            spread = Spread(
                n=int(block.count),
                skewness=float(skewness[t]),
                expected=float(preparation.expected.skewness[t, q]),
                scale=float(preparation.expected.scale[t, q]) / width,
                widest=_range(point, q) / width,
                condemned=partial(_condemned, point, q, t),
            )
            row = _theorem(row, point, t, spread) if q == n_linear + WEIGHT else _mean(row, spread)
        rows.append(row)
    return rows


def _mean(row: Row, spread: Spread) -> Row:
    """Judge a mean: studentised where its distribution is close to normal, by a bound elsewhere."""
    estimate, exact, error = row.estimate, row.exact, row.standard_error
    if estimate is None or exact is None or error is None:
        return row
    n, deviation = spread.n, abs(estimate - exact)
    rounding = NO_SPREAD * spread.scale
    if not error > rounding / np.sqrt(n):
        row = replace(row, standard_error=0.0 if n > 1 else None)
        if deviation <= max(rounding, NO_SPREAD * abs(exact)):
            return replace(row, status="exact", estimate=0.0 if abs(estimate) <= rounding else estimate)
        return _bounded(row, spread.condemned(deviation), "no spread in the sample")
    z = (estimate - exact) / error
    skewed = max(abs(spread.skewness), spread.expected / np.sqrt(n))
    if n < FEWEST or skewed > spread.most_skewed:
        # Hoeffding's bound holds whatever the distribution inside its range.
        bound = 2 * np.exp(-2 * n * (deviation / spread.widest) ** 2) if spread.widest > 0 else 1.0
        return _bounded(replace(row, z=z), float(bound), "too few events for an error bar")
    return replace(row, z=z, p_value=float(p_value(z, spread.skewness, n - 1)), status="judged")


def _bounded(row: Row, bound: float, why: str) -> Row:
    """A row whose p-value is at most `bound`: it can disagree, but it cannot agree."""
    return _noted(replace(row, p_value=min(bound, 1.0), status="bounded"), why)


def _noted(row: Row, note: str) -> Row:
    return replace(row, note="; ".join(filter(None, (row.note, note))))


def _theorem(row: Row, point: Point, t: int, spread: Spread) -> Row:
    """Judge <exp(-Delta S)>: only where its exact moments say that so many trajectories can resolve it."""
    exact = point.preparation.exact
    needed = trajectories_needed(exact, float(exact.mean[t, point.weight_column]), t)
    if row.exact is not None and row.exact < 1 - 1e-9:
        one_way = point.preparation.ledger.one_way.any()
        why = "one-way channels" if one_way else "start without full rank"
        row = _noted(row, f"1 - lambda, below one: {why}")
    if point.trajectories < needed:
        mean = float(exact.mean[t, point.weight_column])
        return _noted(replace(row, status="unresolved"), wanted(mean, float(exact.second[t]), float(exact.third[t])))
    return _mean(row, replace(spread, most_skewed=LARGEST_SKEWNESS))


def _condemned(point: Point, q: int, t: int, deviation: float) -> float:
    """Return how likely it is at most that all N values of column q are equal, though their mean lies elsewhere."""
    preparation, n = point.preparation, point.trajectories
    n_linear = len(preparation.ledger.linear)
    if q >= n_linear + FIRST_STATIC:
        widest = _range(point, q)
        return float(np.exp(-n * deviation / widest)) if widest > 0 else 1.0
    # A count has no largest value; but the probability that nothing ever jumps is known.
    silent = float(point.total.mean[t, 0]) == 0.0
    return float(preparation.expected.silence[t] ** n) if silent else 1.0


def _range(point: Point, q: int) -> float:
    """Return how far one value of a functional of the state can lie from another, inf for counts."""
    preparation = point.preparation
    static = q - len(preparation.ledger.linear) - FIRST_STATIC
    if static < 0:
        return np.inf
    return float(np.ptp(np.linalg.eigvalsh(preparation.sectors.unflatten(preparation.ledger.static[static]))))


def _irreversible_rows(point: Point) -> list[Row]:
    preparation, block = point.preparation, point.total
    if not (measures_entropy(preparation.model) and preparation.ledger.one_way.any()):
        return []
    rows = []
    n = int(block.count)
    for t in range(len(preparation.times)):
        share, exact = float(block.infinite[t]) / n, float(preparation.exact.irreversible[t])
        error = np.sqrt(share * (1 - share) / max(n - 1, 1))
        row = replace(irreversible_row(preparation, t), estimate=share, standard_error=float(error))
        skewness, expected = (_skewness_of_share(p) for p in (share, exact))
        spread = Spread(n, skewness / np.sqrt(n), expected, 1.0, 1.0, lambda deviation: float(np.exp(-n * deviation)))
        rows.append(_mean(row, spread))
    return rows


def _skewness_of_share(p: float) -> float:
    """Skewness of a yes or no that is yes with probability p."""
    return abs(1 - 2 * p) / np.sqrt(p * (1 - p)) if 0 < p < 1 else 0.0


def _entanglement_rows(point: Point) -> list[Row]:
    """Concurrence and negativity of the pair: nonlinear in the ensemble state, so by the jackknife over groups."""
    preparation = point.preparation
    sums = np.array([group.density for group in point.groups])
    counts = np.array([int(group.count) for group in point.groups])
    rows = []
    for name, (measure, gap) in entanglement_measures(preparation).items():
        found = jackknife(measure, sums, counts, stacked=True)
        smooth = _smooth(gap, preparation.exact.density, sums, counts)
        exact = measure(preparation.exact.density)
        for t in range(len(preparation.times)):
            estimate = float(found.estimate[t])
            row = entanglement_row(preparation, name, t, float(exact[t]))
            row = replace(row, estimate=max(0.0, estimate), standard_error=float(found.standard_error[t]))
            row = _noted(row, INITIAL_DRAW) if preparation.steady else row
            # The measures are as good as linear only where every population they depend on has been met often enough.
            events = point.trajectories * float(preparation.expected.rarest[t])
            rows.append(_nonlinear(row, estimate - float(exact[t]), events, found, bool(smooth[t])))
    return rows


def _smooth(gap: Measure | None, exact: np.ndarray, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return whether a measure is as good as linear over the sample's spread at each time: its kink is far away."""
    if gap is None:
        return np.ones(len(exact), bool)
    found = jackknife(gap, sums, counts, stacked=True)
    error, known = np.nan_to_num(found.standard_error), gap(exact)
    # Values that are all equal, always, make no kink. Where the sample lies plays no part: an engine that is wrong
    # enough to sit at the kink must not escape by it.
    never = (error <= NO_SPREAD) & (np.abs(found.estimate) <= NO_SPREAD) & (known <= NO_SPREAD)
    return np.asarray(never | (known > FROM_KINK * error))


def _nonlinear(row: Row, deviation: float, events: float, found: Jackknife, smooth: bool) -> Row:
    """Judge a jackknifed value before its cut at zero, where it is smooth; elsewhere it has no error bar."""
    error, groups = row.standard_error, found.degrees_of_freedom + 1
    if error is None or not np.isfinite(error) or groups < FEWEST_GROUPS:
        row = replace(row, standard_error=error if error is not None and np.isfinite(error) else None)
        return _noted(replace(row, status="unresolved"), f"{groups} groups of trajectories: too few for an error bar")
    if error <= NO_SPREAD and abs(deviation) <= 1e-9:
        return replace(row, status="exact", standard_error=0.0)
    z = deviation / error if error > NO_SPREAD else None
    if events < FEWEST_EVENTS:
        why = f"the rarest population was met {events:.2g} times: too few for an error bar"
        return _noted(replace(row, z=z, status="unresolved"), why)
    if not smooth:
        return _noted(replace(row, z=z, status="unresolved"), "at a kink, where nothing is entangled: no error bar")
    p = float(p_value(z, degrees_of_freedom=found.degrees_of_freedom)) if z is not None else 0.0
    return replace(row, z=z, p_value=p, status="judged")


def judge(rows: list[Row]) -> list[Row]:
    """Turn p-values into statuses at the family-wise false-alarm rate (Bonferroni)."""
    judged = sum(row.status in ("judged", "bounded") for row in rows)
    threshold = FALSE_ALARM_RATE / max(judged, 1)

    def status(row: Row) -> str:
        if row.p_value is None or row.status not in ("judged", "bounded"):
            return row.status
        if row.p_value < threshold:
            return "disagree"
        return "agree" if row.status == "judged" else "unresolved"

    return [replace(row, status=status(row)) for row in rows]
