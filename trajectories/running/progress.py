"""How far a run is, how fast it goes, and when it should end."""

from __future__ import annotations

import time
from collections.abc import Sequence

from trajectories.running.sweep_point import SweepPoint


class Pace:
    """Counts what is done. done, total: trajectories; blocks, of_blocks: blocks of all points together."""

    def __init__(self, work: Sequence[SweepPoint]) -> None:
        self.done = sum(one.blocks_done * one.size for one in work)
        self.total = sum(one.blocks * one.size for one in work)
        self.blocks = sum(one.blocks_done for one in work)
        self.of_blocks = sum(one.blocks for one in work)
        self._left = sum(one.seconds for one in work)  # by the guess that portions are made with
        self._begun, self._fresh, self._worked = time.monotonic(), 0, 0.0

    def add(self, work: SweepPoint, blocks: int) -> None:
        """So many blocks of a point have been sampled."""
        self.done += blocks * work.size
        self.blocks += blocks
        self._fresh += blocks * work.size
        self._worked += blocks * work.seconds_per_block
        self._left -= blocks * work.seconds_per_block

    def shorten(self, work: SweepPoint, asked: int, counted: int) -> None:
        """A point that was to have `asked` blocks has ended before; `counted` of its blocks were counted as done."""
        self.done += (work.blocks - counted) * work.size
        self.blocks += work.blocks - counted
        self.total += (work.blocks - asked) * work.size
        self.of_blocks += work.blocks - asked
        self._left -= (asked - counted) * work.seconds_per_block

    @property
    def rate(self) -> float | None:
        """Trajectories per second since this run was started; None before the first."""
        elapsed = time.monotonic() - self._begun
        return self._fresh / elapsed if self._fresh and elapsed > 0 else None

    @property
    def expected_end(self) -> float | None:
        """When the last block should be done, in seconds since 1970; None before there is anything to go by."""
        if self._worked <= 0:
            return None
        elapsed = time.monotonic() - self._begun
        return time.time() + max(0.0, self._left) * elapsed / self._worked
