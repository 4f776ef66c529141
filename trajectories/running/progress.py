"""How far a run is, how fast it goes, and when it should end; and the bar that shows this."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trajectories.running import mpi

if TYPE_CHECKING:
    from trajectories.running.sweep_point import SweepPoint


class Pace:
    """Counter of finished work.

    done, total: trajectories of all points. blocks, of_blocks: blocks of all points.
    """

    def __init__(self, work: Sequence[SweepPoint]) -> None:
        self.done = sum(point.blocks_done * point.size for point in work)
        self.total = sum(point.blocks * point.size for point in work)
        self.blocks = sum(point.blocks_done for point in work)
        self.of_blocks = sum(point.blocks for point in work)
        self._left = sum(point.seconds for point in work)  # by the guess that portions are made with
        self._begun, self._fresh, self._worked = time.monotonic(), 0, 0.0

    def add(self, point: SweepPoint, blocks: int) -> None:
        """Record `blocks` newly sampled blocks of a point."""
        self.done += blocks * point.size
        self.blocks += blocks
        self._fresh += blocks * point.size
        self._worked += blocks * point.seconds_per_block
        self._left -= blocks * point.seconds_per_block

    def shorten(self, point: SweepPoint, asked: int, counted: int) -> None:
        """Record that a point of `asked` blocks has ended early, of which `counted` blocks were counted as done."""
        self.done += (point.blocks - counted) * point.size
        self.blocks += point.blocks - counted
        self.total += (point.blocks - asked) * point.size
        self.of_blocks += point.blocks - asked
        self._left -= (asked - counted) * point.seconds_per_block

    @property
    def rate(self) -> float | None:
        """Trajectories per second since this run was started; None before the first one."""
        elapsed = time.monotonic() - self._begun
        return self._fresh / elapsed if self._fresh and elapsed > 0 else None

    @property
    def expected_end(self) -> float | None:
        """Expected time of the last block, in seconds since 1970; None before the first block."""
        if self._worked <= 0:
            return None
        elapsed = time.monotonic() - self._begun
        return time.time() + max(0.0, self._left) * elapsed / self._worked


def bar_is_seen() -> bool:
    """Return whether a progress bar would be seen: on a terminal or in a notebook, and on rank 0."""
    world = mpi.current()
    return (world is None or world.rank == 0) and (sys.stderr.isatty() or "ipykernel" in sys.modules)


class ProgressBar:
    """A bar of sampled trajectories, called with (done, total); it counts quietly where `show` is False."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.first: tuple[int, int] | None = None  # (done, total) of the first call: what was sampled before
        self._bar: Any = None

    def __call__(self, done: int, total: int) -> None:
        self.first = self.first or (done, total)
        if not self.show or self.first[0] == total:
            return
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, initial=done, unit=" trajectories", unit_scale=True, leave=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.close()
