"""What every rank but the first does: prepare and sample what rank 0 sends, until it is sent away.

Messages to rank 0: (HUNGRY,), (DONE, [(task, result)]), (HEARD, signal), (REFUSED, an InputError's text), (DROPPED,),
(ALIVE,).
Messages from it: (PREPARE, tasks, {point: Job}, patience), (SAMPLE, tasks, {point: Sampler}, patience), (LOADED,),
(ALIVE,), (DROP,), (END, status).
"""

from __future__ import annotations

import math
import time
from collections import deque
from typing import Any

from trajectories.errors import InputError
from trajectories.running.mpi import END, World
from trajectories.running.schedule import ASK_BELOW_SECONDS, Task
from trajectories.running.signals import GRACE_OF_RANKS, Stop

HUNGRY, DONE, HEARD, REFUSED, DROPPED, ALIVE = "hungry", "done", "heard", "refused", "dropped", "alive"
PREPARE, SAMPLE, LOADED, DROP = "prepare", "sample", "loaded", "drop"
SECONDS_BETWEEN_MESSAGES = 0.2
SECONDS_OF_SILENCE = 20.0  # at most, except in the middle of one trajectory


class _Dismissed(BaseException):
    """Rank 0 has sent this rank away, in the middle of anything (see `Interrupted`)."""


class _Dropped(BaseException):
    """Rank 0 has called off what this rank is doing."""


def share_kernels(world: World) -> None:
    """Let the other ranks on this machine load the kernels, which this one, the first there, has loaded or compiled."""
    if world.here[0] == world.rank:
        for rank in world.here[1:]:
            world.send(rank, (LOADED,))


def serve(world: World) -> int:
    """Work for rank 0 and return the exit status that it decides on."""
    with Stop(own=True, grace=GRACE_OF_RANKS).listening() as stop:
        helper = _Helper(world, stop)
        try:
            helper.load_kernels()
            while True:
                helper.step()
        except _Dismissed:
            world.leave()
            return helper.status or 0


class _Helper:
    def __init__(self, world: World, stop: Stop) -> None:
        self.world, self.stop = world, stop
        self.status: int | None = None
        self.may_load = world.here[0] == world.rank
        self.hungry = self.told = self.busy = self.dropping = False
        self.queue: deque[tuple[str, Task]] = deque()
        self.material: dict[int, Any] = {}  # by point: what its tasks need
        self.finished: list[tuple[Task, Any]] = []
        self.sent = self.alive = self.heard = time.monotonic()
        self.patience = math.inf

    def load_kernels(self) -> None:
        """Import the kernels: the first rank of each machine compiles them if need be, the others wait for it."""
        # What is no kernel all ranks may load at the same time.
        import scipy.linalg  # noqa: F401

        from trajectories import kernels  # noqa: F401
        from trajectories.sampling import statistics  # noqa: F401

        while not self.may_load:
            self.look()
            self.world.wait()
        from trajectories.sampling import block  # noqa: F401

        share_kernels(self.world)

    def look(self) -> None:
        """Take what has come, pass on a signal; raises _Dismissed, and _Dropped in the middle of a task."""
        for _, (kind, *content) in self.world.receive():
            self.heard = time.monotonic()
            if kind == END:
                self.status = content[0]
            elif kind == DROP:
                self.queue.clear()
                self.dropping = True
                self.patience = math.inf  # what rank 0 does now, it does alone
            elif kind == LOADED:
                self.may_load = True
            elif kind != ALIVE:
                self._accept(kind, *content)
        if self.status is not None:
            raise _Dismissed
        if time.monotonic() - self.heard > self.patience:
            raise RuntimeError(f"rank 0 has not been heard of for {self.patience:.0f} s: it must have died")
        if time.monotonic() - self.alive > SECONDS_OF_SILENCE:
            self.alive = time.monotonic()
            self.world.send(0, (ALIVE,))
        if self.stop.heard is not None and not self.told:
            self.told = True
            self.world.send(0, (HEARD, self.stop.heard))
        if self.dropping and self.busy:
            raise _Dropped

    def step(self) -> None:
        """Do the next task, or wait a moment for one."""
        self.look()
        if self.dropping:
            self._report()
            self.world.send(0, (DROPPED,))
            self.dropping = self.hungry = False
        elif not self.hungry and sum(task.seconds for _, task in self.queue) < ASK_BELOW_SECONDS:
            self._report()
            self.world.send(0, (HUNGRY,))
            self.hungry = True
        if self.queue:
            self._work(*self.queue.popleft())
        else:
            self._report()
            self.world.wait()

    def _work(self, kind: str, task: Task) -> None:
        self.busy = True
        try:
            self.finished.append((task, self._do(kind, task)))
        except _Dropped:
            pass
        except InputError as error:
            self.world.send(0, (REFUSED, str(error)))
        finally:
            self.busy = False
        if time.monotonic() - self.sent > SECONDS_BETWEEN_MESSAGES:
            self._report()

    def _do(self, kind: str, task: Task) -> Any:
        if kind == PREPARE:
            from trajectories.running.tasks import settle

            with self.stop.at_once(self.look):
                return settle(self.material[task.point])
        from trajectories.running.tasks import sample_node

        return sample_node(self.material[task.point], task, self.look)

    def _accept(self, kind: str, tasks: list[Task], material: dict[int, Any], patience: float) -> None:
        self.hungry = False
        self.patience = patience if kind == SAMPLE else math.inf
        self.queue += [(kind, task) for task in tasks]
        # Rank 0 sends nothing twice in a row: what the order before had is still here.
        needed = {task.point for _, task in self.queue}
        self.material = {point: one for point, one in self.material.items() if point in needed} | material

    def _report(self) -> None:
        if self.finished:
            self.world.send(0, (DONE, self.finished))
            self.finished = []
        self.sent = time.monotonic()
