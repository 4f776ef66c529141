"""The table of `trajectories rare`: <e^{-u Delta S}>, lambda(u) and the integral theorem of a run file, by cloning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from trajectories.counting.entropy_statistics import WORTH
from trajectories.errors import TooCostly
from trajectories.model.conversion import json_value
from trajectories.report.judge import FALSE_ALARM_RATE, Judged, judge
from trajectories.report.rows import Row
from trajectories.report.text import aligned, described, number, with_error
from trajectories.runfiles.job import Job
from trajectories.sampling.cloning import RareEstimate, cloning

EXPONENTS = (-1.0, -0.5, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
EXPONENTS_ONE_WAY = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
HEADER = ("u", "lambda(u)", "half population", "exact", "z", "status", "ln<e^(-u flow)>", "exact", "z", "status")


@dataclass(frozen=True, repr=False)
class Rare(Judged):
    """Estimates of one machine, each with its verdict.

    flow: one for each u, of the entropy that jumps give to the reservoirs. theorem: <e^{-Delta S}> with both ends.
    left_out: a line for each u whose exact value would take too long.
    """

    title: str
    parameters: dict[str, Any]
    flow: tuple[RareEstimate, ...]
    theorem: RareEstimate
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        job: Job,
        exponents: Sequence[float] | None = None,
        population: int = 2000,
        repetitions: int = 16,
        windows: int = 256,
    ) -> Rare:
        """Estimate lambda(u) and <e^{-Delta S}> of a job's machine over the job's duration, from its start."""
        if not exponents:
            exponents = EXPONENTS_ONE_WAY if (job.model.partner < 0).any() else EXPONENTS
        averages = [(u, False) for u in exponents] + [(1.0, True)]
        estimates, left_out = [], []
        for i, (u, boundary) in enumerate(averages):
            try:
                estimates.append(
                    cloning(
                        job.model,
                        u,
                        float(job.times[-1]),
                        population,
                        repetitions,
                        job.seed,
                        windows,
                        boundary=boundary,
                        initial=job.initial,
                        point=job.point * len(averages) + i,
                        most=WORTH,
                    )
                )
            except TooCostly as reason:
                if boundary:
                    raise
                left_out.append(f"u = {u:g} is left out, since its exact value would take too long: {reason}")
        parameters = dict(job.model.parameters) | dict(job.swept)
        return cls(job.name, parameters, tuple(estimates[:-1]), estimates[-1], tuple(left_out))

    @cached_property
    def _judged(self) -> list[Row]:
        """Rows of the average and of lambda(u) of each estimate, the theorem's last."""
        estimates = [*self.flow, self.theorem]
        return judge(_row(p, resolved) for e in estimates for p, resolved in zip(e.p_values, e.resolved, strict=True))

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Statuses of each average and each lambda(u), "agree", "disagree" or "unresolved"; the theorem last."""
        rows = self._judged
        return [(average.status, rate.status) for average, rate in zip(rows[::2], rows[1::2], strict=True)]

    @property
    def rows(self) -> list[Row]:
        """Rows behind the verdict: the theorem has no lambda(u)."""
        return self._judged[:-1]

    def json(self) -> dict[str, Any]:
        """Return every number of the table, and the verdict."""
        rows = [
            estimate._asdict() | {"z": estimate.z, "scgf_z": estimate.scgf_z, "status": s[0], "scgf_status": s[1]}
            for estimate, s in zip([*self.flow, self.theorem], self.statuses, strict=True)
        ]
        return {
            "parameters": json_value(self.parameters),
            "rows": json_value(rows[:-1]),
            "integral_fluctuation_theorem": json_value(rows[-1]),
            "left_out": list(self.left_out),
        } | self._verdict_json()

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the table."""
        theorem = self.theorem
        lines = [
            f"{self.title}: rare events by cloning, {theorem.repetitions} repetitions of {theorem.population:,} "
            f"trajectories, T = {theorem.duration:g} in {theorem.windows} windows",
            described(self.parameters),
            "",
        ]
        cells = [_cells(e, s) for e, s in zip(self.flow, self.statuses, strict=False)]
        lines += aligned([HEADER, *cells])
        lines += [
            *self.left_out,
            "",
            "integral fluctuation theorem, <e^(-Delta S)> with both ends: "
            f"{with_error(theorem.average, _error(theorem))}, "
            f"half population {np.exp(theorem.half_population_log_average):.4g}, "
            f"exact {number(float(np.exp(theorem.exact_log_average)))}, "
            f"z = {theorem.z:+.2f}: {self.statuses[-1][0]}",
            f"{_guides(self.flow)}; verdict: {self.verdict} (a correct engine is called wrong once "
            f"in {1 / FALSE_ALARM_RATE:.0f} tables)",
        ]
        return "\n".join(lines)


def _guides(flow: Sequence[RareEstimate]) -> str:
    """Return the tilts of the guiding processes as text."""
    if not any(estimate.guide for estimate in flow):
        return "the forward process itself, without a guide"
    return "guided by v = " + ", ".join(f"{e.guide:g}" for e in flow) + " for these u, never by u itself"


def _row(p: float, resolved: bool) -> Row:
    """Return an estimate's row for the judge. p: its p-value; resolved: by its repetitions."""
    return Row("rare", None, None, None, 0.0, "1", None, p_value=p, status="judged" if resolved else "unresolved")


def _error(estimate: RareEstimate) -> float:
    return estimate.average * estimate.standard_error


def _cells(e: RareEstimate, status: tuple[str, str]) -> tuple[str, ...]:
    """Return an estimate as the cells under HEADER; status: of the average and of lambda(u)."""
    return (
        f"{e.u:g}",
        with_error(e.scgf, e.scgf_error),
        f"{e.half_population_scgf:.6g}",
        number(e.exact_scgf),
        f"{e.scgf_z:+.2f}",
        status[1],
        with_error(e.log_average, e.standard_error),
        number(e.exact_log_average),
        f"{e.z:+.2f}",
        status[0],
    )
