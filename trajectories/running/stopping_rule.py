"""Stop a point when its standard errors are small enough, by a rule that depends on the trajectories alone.

The rule is applied when exactly the first n = 64, 128, 256, ... blocks of a point are complete, independent of who
sampled them and in which order. The point ends at the first n at which every requested standard error is small enough;
blocks beyond are discarded. So neither ranks nor kills change the result. With so few tests the intervals keep their
coverage: a rule tested after every block would stop where chance makes the error small.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trajectories.errors import InputError
from trajectories.report.report import rows_of
from trajectories.report.rows import Row, exact_rows
from trajectories.results.points import Point
from trajectories.running.sweep_point import SweepPoint
from trajectories.sampling.preparation import Preparation
from trajectories.sampling.statistics import Block

FIRST_LOOK = 64  # blocks at the first test of the rule; doubled at every further test
JUDGEABLE = ("judged", "exact")


@dataclass(frozen=True)
class Target:
    """A standard error to reach at the last sample time: absolute, or as a fraction of the estimate."""

    quantity: str
    which: str | None
    error: float
    relative: bool
    text: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read `heat_current.A=1e-3`, `concurrence=0.5%`; InputError for anything else."""
        name, equals, value = text.replace(" ", "").partition("=")
        quantity, _, which = name.partition(".")
        try:
            error = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            error = math.nan
        if not (equals and quantity and 0 < error < math.inf):
            raise InputError(
                f"--target-error {text}: must be QUANTITY=ERROR or QUANTITY.RESERVOIR=ERROR with a positive error, "
                "such as heat_current.A=1e-3, or heat_current.A=0.5% of the estimate"
            )
        return cls(quantity, which or None, error, value.endswith("%"), f"{name}={value}")

    def rows(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows at the last sample time that belong to this target."""
        last = max((row.time for row in rows), default=0.0)
        return [
            row
            for row in rows
            if row.time == last and row.quantity == self.quantity and self.which in (None, row.label, row.reservoir)
        ]

    def met(self, rows: Sequence[Row]) -> bool:
        """Return whether every row of this target has an error bar that is small enough."""
        return all(row.status in JUDGEABLE and self._small(row) for row in self.rows(rows))

    def _small(self, row: Row) -> bool:
        if row.standard_error is None or row.estimate is None:
            return False
        # The exact error where it is known: a sample that has missed rare trajectories looks precise.
        error = max(row.standard_error, row.exact_error or 0.0)
        return error <= self.error * (abs(row.estimate) if self.relative else 1.0)


@dataclass(frozen=True)
class Rule:
    """Targets that must all be met; without targets a run goes on to its last block."""

    targets: tuple[Target, ...] = ()

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Rule:
        """Read the values of `--target-error`."""
        return cls(tuple(Target.parse(text) for text in texts))

    @property
    def texts(self) -> list[str]:
        return sorted(target.text for target in self.targets)

    def check(self, preparation: Preparation) -> None:
        """Raise InputError for a target that no row of the report can meet."""
        rows = exact_rows(preparation)
        for target in self.targets:
            if any(row.status != "irreversible" for row in target.rows(rows)):
                continue
            names = [".".join(filter(None, (row.quantity, row.label or row.reservoir))) for row in rows]
            raise InputError(
                f"--target-error {target.text}: the report has no error bar of that name at the last sample time: "
                f"must be one of {', '.join(dict.fromkeys(names))}"
            )

    def stopped_before(self, meta: Mapping[str, Any], points: int) -> list[int | None]:
        """Return the number of blocks at which this rule ended each point of a stored result; None where it did not."""
        stored = meta.get("stopping") or {}
        same = bool(self.targets) and stored.get("targets") == self.texts
        return list(stored["blocks"]) if same else [None] * points

    def meta(self, gates: Sequence[PrefixGate]) -> dict[str, Any]:
        """Return the rule as stored in a result: targets, first test, number of blocks at which each point ended."""
        return {
            "targets": self.texts,
            "first_look": FIRST_LOOK,
            "blocks": [gate.stopped for gate in gates],
        }

    def met(self, work: SweepPoint) -> bool:
        """Return whether the blocks now in the point's Forest meet all targets."""
        rows = rows_of(Point({}, work.preparation, work.forest, work.number, work.swept))
        return all(target.met(rows) for target in self.targets)


class PrefixGate:
    """Adds nodes to a point's Forest so that the rule is applied to exactly its first 64, 128, 256, ... blocks."""

    def __init__(self, work: SweepPoint, rule: Rule) -> None:
        self.work, self.rule = work, rule
        self.stopped: int | None = None
        self.taken = work.forest.blocks_done  # blocks, those held back included
        self._held_back: list[tuple[int, int, int, Block]] = []
        self._next_test = FIRST_LOOK
        while self._next_test < work.forest.end():
            self._next_test *= 2
        if rule.targets:
            self._apply_rule()

    def add(self, group: int, level: int, index: int, block: Block) -> None:
        """Add a node; a node beyond the next test is held back, a node beyond the end is discarded."""
        if self.stopped is not None:
            return
        self.taken += 1 << level
        if self.rule.targets and self._end(group, level, index) > self._next_test:
            self._held_back.append((group, level, index, block))
            return
        self.work.forest.add_node(group, level, index, block)
        if self.rule.targets:
            self._apply_rule()

    def _end(self, group: int, level: int, index: int) -> int:
        return group + self.work.forest.groups * (((index + 1) << level) - 1) + 1

    def _apply_rule(self) -> None:
        while self.stopped is None and self.work.forest.blocks_done == self._next_test:
            if self.rule.met(self.work):
                self.stopped = self.work.blocks = self._next_test
                self._held_back = []
                return
            self._next_test *= 2
            ready = [node for node in self._held_back if self._end(*node[:3]) <= self._next_test]
            self._held_back = [node for node in self._held_back if self._end(*node[:3]) > self._next_test]
            for node in ready:
                self.work.forest.add_node(*node)
