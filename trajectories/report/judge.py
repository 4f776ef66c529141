"""The judge: decide whether an estimate contradicts its exact value, for every row of every table.

The null hypothesis of a row is that its estimate is the mean of n independent values of a correct engine, whose exact
moments are known beforehand. The rules, in this order, with their thresholds:

1. *exact*: the quantity, or the sample, has a single value, which equals the exact one up to rounding.
2. *Judged by the exact law.* z = (estimate - exact)/sqrt(kappa_2/n), where the mean of n values is close to normal:
   skewness |kappa_3|/(kappa_2^(3/2) sqrt n) <= 0.2 and excess kurtosis |kappa_4|/(kappa_2^2 n) <= 0.06, as of 25 rare
   events (a Poisson number of 25 has skewness 0.2 and excess 0.04, a gamma number of that skewness 0.06). Its p-value
   takes both into account (see `normal_score`).
3. *Judged by the sample's error*, s/sqrt n, where the exact moments are bounds (a number averaged over outcomes
   spreads less than the outcomes): mu_4/(v^2 n) <= 0.04 with the bound mu_4 on the fourth central moment, and for v
   the bound on the variance, or 2 s^2 where that is less; or w^2/(v n) <= 0.04 with the range w of one value, so that
   no single one moves the mean by much; or a kurtosis known beforehand, at most 0.04 n, as that of 25 independent
   events. Each way the skewness of the mean is about 0.2 at most, whatever carries it.
4. *Bounded* everywhere else: the p-value is an upper bound that holds for every law with these moments or this range
   (Chebyshev, fourth moments, Hoeffding, empirical Bernstein) or this generating function (Chernoff). Such a row can
   disagree, but it cannot agree: it is *unresolved*, with the number of trajectories that would resolve it.

The sample decides in rule 3 alone, and there a spread that is too small only adds doubt. Rows whose exact value or
spread cannot be had at acceptable cost are *unchecked*, with the reason. A row *disagrees* where its p-value lies below
10^-3 divided by the number of rows judged together (Bonferroni): a correct engine is called wrong by at most one
command in a thousand, however many rows it prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from scipy import special

from trajectories.errors import AGREES, DISAGREES, UNRESOLVED
from trajectories.report.law import MOST_SKEWED, NO_SPREAD, Law, normal_score
from trajectories.report.rows import Row
from trajectories.sampling.statistics import Jackknife, p_value

FALSE_ALARM_RATE = 1e-3
EXIT_STATUS = {"agree": AGREES, "disagree": DISAGREES, "unresolved": UNRESOLVED}
MOST_PEAKED_BOUND = 0.04
FEWEST = 30  # values for a standard error of their own
FEWEST_GROUPS = 16
MOST_BIASED = 0.5  # standard errors of the bias that a jackknife removes
SAME = 1e-9
FROM_KINK = 5.0  # standard errors between a measure of entanglement and its kink
MISSED = 0.5  # of its exact size: a sample error that has missed rare trajectories

AnyRow = TypeVar("AnyRow", bound=Row)


@np.errstate(all="ignore")
def judge_mean(row: AnyRow, n: int, law: Law, skewness: float = 0.0) -> AnyRow:
    """Judge a mean of n values; the row has estimate, standard error (None for a single value) and exact value.

    skewness: of the mean, from the sample, for rule 3. Returns the row with z, p-value and status "judged", "bounded",
    "exact", "disagree" or "unchecked".
    """
    estimate, exact = row.estimate, row.exact
    if estimate is None or exact is None:
        return row
    deviation, error = estimate - exact, row.standard_error or 0.0
    law = replace(law, noise=law.noise + law.beyond**2 / n, beyond=0.0)
    same = abs(deviation) <= max(law.rounding, NO_SPREAD * abs(exact))
    if law.known and law.exact:
        row = replace(row, exact_error=float(np.sqrt(law.largest_variance / n)))
    if law.known and law.largest_variance <= law.rounding**2:
        row = replace(row, standard_error=error if error > law.rounding else 0.0)
        if same:
            return replace(row, status="exact", estimate=0.0 if abs(estimate) <= law.rounding else estimate)
        return noted(replace(row, status="disagree", p_value=0.0), "has one value alone")
    if law.sure and law.exact and n >= law.needed():
        return _missed_noted(_by_law(row, deviation, n, law), error)
    if not error > law.rounding / np.sqrt(n):
        row = replace(row, standard_error=0.0 if n > 1 else None)
        # A sample of equal values proves nothing where correct ones are known to differ.
        if same and not (law.sure and law.exact):
            return replace(row, status="exact", estimate=0.0 if abs(estimate) <= law.rounding else estimate)
        return _bounded(row, deviation, n, law, "no spread in the sample")
    if not law.exact and n >= FEWEST and _peaked(law, error, n) <= _peaked_bound(law):
        z = deviation / error
        return replace(row, z=float(z), p_value=float(p_value(z, skewness, n - 1)), status="judged")
    if not law.known and not np.isfinite(min(law.width, law.kurtosis)):
        row = replace(row, z=float(deviation / error))
        return noted(replace(row, status="unchecked"), law.missing or "its exact spread is not known")
    return _bounded(row, deviation, n, law, _too_few(law, error, n))


def judge_share(row: AnyRow, count: int, n: int) -> AnyRow:
    """Judge a share, count of n, against the probability row.exact: by the binomial law."""
    assert row.exact is not None
    share = count / n
    error = float(np.sqrt(share * (1 - share) / max(n - 1, 1)))
    return judge_mean(replace(row, estimate=share, standard_error=error), n, Law.of_share(row.exact, n))


@np.errstate(all="ignore")
def judge_smooth(row: AnyRow, deviation: float, sampled: Jackknife, n: int, law: Law, smooth: bool = True) -> AnyRow:
    """Judge a smooth function of means by its jackknife error, Student's t with the groups' degrees of freedom.

    deviation: estimate - exact, before any cut. sampled: jackknife estimate and error of this row. n: values behind the
    means. law: of the influence of one value, the function's gradient at the exact means: to first order an estimate is
    the mean of influences. smooth: False where the function has a kink within the sample's reach.
    """
    error, groups = row.standard_error, sampled.degrees_of_freedom + 1
    if error is None or not np.isfinite(error) or groups < FEWEST_GROUPS:
        row = replace(row, standard_error=error if error is not None and np.isfinite(error) else None)
        return noted(replace(row, status="unresolved"), f"{groups} groups of trajectories: too few for an error bar")
    still = not error > max(law.rounding, NO_SPREAD * abs(row.exact or 0.0))
    if still and abs(deviation) <= max(SAME, SAME * abs(row.exact or 0.0)) and not (law.sure and law.exact):
        return replace(row, status="exact", standard_error=0.0)
    z = None if still else deviation / error
    row = replace(row, z=None if z is None else float(z))
    if not smooth:
        return noted(replace(row, status="unresolved"), "at a kink, where nothing is entangled: no error bar")
    if z is None or not _peaked(law, error, n) <= MOST_PEAKED_BOUND or abs(float(sampled.bias)) > MOST_BIASED * error:
        # To first order: such a row can disagree, but it cannot agree.
        bound = min(1.0, float(law.largest_variance / n / deviation / deviation)) if deviation else 1.0
        if z is None:
            # As many rare events as make the mean normal are expected, and none has come.
            bound = min(bound, _by_bound(deviation, n, law))
        why = "no spread in the sample" if z is None else _too_few(law, error, n)
        return noted(replace(row, status="bounded", p_value=bound), why)
    p = float(p_value(z, degrees_of_freedom=sampled.degrees_of_freedom))
    return replace(row, p_value=p, status="judged")


def judge(rows: Iterable[AnyRow]) -> list[AnyRow]:
    """Turn p-values into statuses at the family-wise false-alarm rate (Bonferroni)."""
    family = list(rows)
    judged = sum(row.status in ("judged", "bounded") for row in family)
    threshold = FALSE_ALARM_RATE / max(judged, 1)

    def status(row: AnyRow) -> str:
        if row.p_value is None or row.status not in ("judged", "bounded"):
            return row.status
        if row.p_value < threshold:
            return "disagree"
        return "agree" if row.status == "judged" else "unresolved"

    return [replace(row, status=status(row)) for row in family]


def judge_groups(groups: Iterable[Iterable[AnyRow]]) -> list[tuple[AnyRow, ...]]:
    """Judge the rows of all groups as one family; return the groups again."""
    groups = [tuple(group) for group in groups]
    judged = iter(judge(row for group in groups for row in group))
    return [tuple(next(judged) for _ in group) for group in groups]


class Judged:
    """A report whose `rows` have been judged together."""

    @property
    def rows(self) -> Sequence[Row]:
        """All rows of all points."""
        raise NotImplementedError

    @property
    def verdict(self) -> str:
        """agree, disagree or unresolved."""
        return verdict(self.rows)

    @property
    def exit_status(self) -> int:
        """0 agree, 1 disagree, 3 nothing resolved."""
        return EXIT_STATUS[self.verdict]

    def _verdict_json(self) -> dict[str, Any]:
        """Return the verdict and the false-alarm rate by name, for programs."""
        return {"verdict": self.verdict, "false_alarm_rate": FALSE_ALARM_RATE}

    def _verdict_line(self) -> str:
        """Return the verdict and the number of rows behind it as a line."""
        judged = sum(row.p_value is not None for row in self.rows)
        return (
            f"verdict: {self.verdict} ({judged} rows judged together: a correct engine is called wrong once in "
            f"{1 / FALSE_ALARM_RATE:.0f} reports)"
        )


def verdict(rows: Iterable[Row]) -> str:
    """Return "disagree" if any row disagrees, "agree" if none does and a row was tested, otherwise "unresolved".

    Exact rows alone count as a test only where no row is unresolved: some of them are equal for any engine.
    """
    statuses = {row.status for row in rows}
    if "disagree" in statuses:
        return "disagree"
    return "agree" if "agree" in statuses or ("exact" in statuses and "unresolved" not in statuses) else "unresolved"


def noted(row: AnyRow, note: str) -> AnyRow:
    """Return the row with text appended to its note."""
    return replace(row, note="; ".join(filter(None, (row.note, note))))


def _by_law(row: AnyRow, deviation: float, n: int, law: Law) -> AnyRow:
    """Judge by rule 2, the exact law."""
    z = deviation / np.sqrt(law.variance / n)
    p = float(2 * special.ndtr(-abs(_score(float(z), n, law))))
    return replace(row, z=float(z), p_value=p, status="judged")


def _score(z: float, n: int, law: Law) -> float:
    """Return a deviation in exact standard errors as a number that is close to normal."""
    skewness = law.third / law.variance / np.sqrt(law.variance * n)
    return normal_score(z, float(skewness), float(law.fourth / law.variance / law.variance / n))


def _by_bound(deviation: float, n: int, law: Law) -> float:
    """Bound the p-value by 2 e^{-x^2/2} where the mean of values that spread at least as much is close to normal.

    Their generating function is the larger one (Jensen), so that Chernoff's bound of theirs holds.
    """
    if not law.sure or n < law.needed():
        return 1.0
    return float(2 * np.exp(-(_score(deviation / np.sqrt(law.variance / n), n, law) ** 2) / 2))


def _missed_noted(row: AnyRow, error: float) -> AnyRow:
    """Note where the sample's error bar is far below the exact standard error."""
    if row.exact_error and error < MISSED * row.exact_error:
        return noted(row, f"the exact standard error is {row.exact_error:.2g}")
    return row


def _bounded(row: AnyRow, deviation: float, n: int, law: Law, why: str) -> AnyRow:
    """Judge by rule 4, bounds that hold for every law."""
    error, size = row.standard_error or 0.0, abs(deviation)
    exact_error = float(np.sqrt(law.largest_variance / n))
    if law.exact and law.known and exact_error > 0:
        z: float | None = float(deviation / exact_error)
    else:
        z = float(deviation / error) if error > 0 else None
    bounds = [1.0, _by_bound(deviation, n, law)]
    if size > 0 and np.isfinite(exact_error):
        bounds.append((exact_error / size) ** 2)
        if np.isfinite(law.fourth_moment):
            square = exact_error * exact_error / size / size
            excess = max(law.fourth_moment - 3 * law.variance * law.variance, 0.0) / n / n / n
            bounds.append(3 * square * square + excess / size / size / size / size)
    if 0 < law.width < np.inf:
        bounds.append(2 * float(np.exp(-2 * n * (size / law.width) ** 2)))
        bounds.append(2 * _bernstein(size, error, law.width, n))
    if law.tail is not None and row.estimate is not None and not size <= 3 * exact_error < np.inf:
        bounds.append(2 * law.tail(row.estimate))
    return noted(replace(row, z=z, p_value=min(bounds), status="bounded"), why)


def _bernstein(size: float, error: float, width: float, n: int) -> float:
    """Return the p-value 4 e^{-L} of the two-sided empirical Bernstein bound (Maurer and Pontil, COLT 2009).

    L solves size = sqrt(2 s^2 L/n) + 7 width L/(3(n-1)).
    """
    if n < 2:
        return 1.0
    a, b = np.sqrt(2.0) * error, 7 * width / (3 * (n - 1))
    root = (np.sqrt(a * a + 4 * b * size) - a) / (2 * b)
    return min(1.0, float(4 * np.exp(-(root**2))))


def _peaked(law: Law, error: float, n: int) -> float:
    """Return the bound of rule 3 on the excess kurtosis of the mean of n values with this standard error."""
    spread = error**2 * n
    if law.known:
        # The bound on the variance where the sample's is as large, but for its own error: at least half of it.
        spread = min(law.variance, 2 * spread)
    return min(law.fourth_moment / spread**2 / n, law.width**2 / spread / n, law.kurtosis / n)


def _peaked_bound(law: Law) -> float:
    """Return the limit of rule 3, scaled for a law with limits of its own."""
    return MOST_PEAKED_BOUND * (law.most_skewed / MOST_SKEWED) ** 2


def _too_few(law: Law, error: float, n: int) -> str:
    """Return a note with the number of trajectories that would resolve a row."""
    needed = law.needed() if law.exact else n * _peaked(law, error, n) / _peaked_bound(law)
    if not np.isfinite(needed):
        return law.missing or "its spread lies below the rounding of its exact moments"
    number = f": takes about {needed:.1g} trajectories" if needed > n else ""
    return f"too few events for an error bar{number}"
