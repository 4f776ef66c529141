"""Rank 0's side of working together: it hands out tasks, works itself, and answers the others between kernel calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from trajectories.errors import InputError
from trajectories.runfiles.job import Job, Spec
from trajectories.running.mpi import World, current
from trajectories.running.schedule import Handout, Task
from trajectories.running.signals import Stop
from trajectories.running.tasks import Sampler, sample_node, settle
from trajectories.running.worker import (
    ALIVE,
    DONE,
    DROP,
    DROPPED,
    HEARD,
    HUNGRY,
    PREPARE,
    REFUSED,
    SAMPLE,
    SECONDS_OF_SILENCE,
    share_kernels,
)

OWN_SECONDS = 0.1  # of rank 0's own portions
LONGEST_SILENCE = 600.0  # seconds: a launcher that does not notice a rank's death must not leave the others waiting


class Crew:
    """The ranks of this job and what they are doing; without other ranks, this process alone."""

    def __init__(self, stop: Stop) -> None:
        self.stop, self.world = stop, current()
        self._hungry: list[int] = []
        self._known: dict[int, set[int]] = {}  # by rank: the points of its last order
        self._arrived: list[tuple[Task, Any]] = []
        self._heard_of: dict[int, float] = {}
        self._attended = self._alive = time.monotonic()
        self.patience = LONGEST_SILENCE  # what is longer than any one trajectory takes
        self.seconds = 0.0  # spent on receiving and sending
        self._out = 0  # tasks on other ranks
        self._handout: Handout | None = None
        self._kind = SAMPLE
        self._material: Callable[[int], Any] = lambda point: None
        if self.world is not None:
            share_kernels(self.world)

    @property
    def ranks(self) -> int:
        """How many ranks there are."""
        return 1 if self.world is None else self.world.size

    def prepare(self, handout: Handout, job: Callable[[int], Job | Spec]) -> Iterator[tuple[Task, Any]]:
        """Yield (task, Settled) of the handout's points as they come, prepared by any rank."""

        def prepared(task: Task) -> Any:
            with self.stop.at_once(self.attend):
                return settle(job(task.point))

        return self._carry_out(PREPARE, handout, job, prepared)

    def sample(self, handout: Handout, sampler: Callable[[int], Sampler]) -> Iterator[tuple[Task, Any]]:
        """Yield (task, Block), or (task, nodes) of a whole point, as they come, sampled by any rank."""
        return self._carry_out(
            SAMPLE, handout, sampler, lambda task: sample_node(sampler(task.point), task, self.attend)
        )

    def _carry_out(
        self, kind: str, handout: Handout, material: Callable[[int], Any], do: Callable[[Task], Any]
    ) -> Iterator[tuple[Task, Any]]:
        self._kind, self._handout, self._material = kind, handout, material
        self._known.clear()
        while True:
            self.attend()
            own = handout.take(OWN_SECONDS)
            for task in own:
                self.attend()
                result = do(task)
                yield task, result
                yield from self._received()
            yield from self._received()
            if not own and not self._out:
                break
            if not own and self.world is not None:
                self.world.wait()
        self._handout = None

    def attend(self) -> None:
        """Take what the others have sent, give work to those who ask; raises Interrupted once a signal has come."""
        if self.world is not None:
            begin = time.perf_counter()
            refusals: list[str] = []
            for rank, (kind, *content) in self.world.receive():
                self._heard_of[rank] = time.monotonic()
                self._take(rank, kind, content, refusals)
            self._watch(self.world)
            self._feed(self.world)
            self.seconds += time.perf_counter() - begin
            if refusals:
                raise InputError(refusals[0])
        self.stop.poll()

    def _watch(self, world: World) -> None:
        """Show the others that rank 0 lives, and end everything where one of them does not."""
        now = time.monotonic()
        if self._kind != SAMPLE or now - self._attended > self.patience / 2:  # rank 0 itself was held up
            self._heard_of.clear()
        self._attended = now
        if now - self._alive > SECONDS_OF_SILENCE:
            self._alive = now
            for rank in self._heard_of:
                world.send(rank, (ALIVE,))
        for rank, when in self._heard_of.items():
            if now - when > self.patience:
                raise RuntimeError(f"rank {rank} has not been heard of for {now - when:.0f} s: it must have died")

    def drop(self) -> list[tuple[Task, Any]]:
        """Call off whatever the others are doing, and return what they had finished."""
        self._handout = None
        if self.world is not None and self.world.size > 1 and (self._out or self._hungry):
            for rank in range(1, self.world.size):
                self.world.send(rank, (DROP,))
            left, begin = set(range(1, self.world.size)), time.monotonic()
            while left:
                if time.monotonic() - begin > self.patience:
                    raise RuntimeError(f"ranks {sorted(left)} do not answer: they must have died")
                for rank, (kind, *content) in self.world.receive():
                    left -= {rank} if kind == DROPPED else set()
                    self._take(rank, kind, content, [])
                self.world.wait()
            self._out = 0
        return list(self._received())

    def _take(self, rank: int, kind: str, content: list[Any], refusals: list[str]) -> None:
        if kind == HUNGRY:
            self._hungry.append(rank)
        elif kind == DONE:
            self._arrived += content[0]
            self._out -= len(content[0])
        elif kind == HEARD:
            self.stop.hear(content[0])
        elif kind == REFUSED:
            refusals += content
        elif kind == DROPPED:
            self._hungry = [other for other in self._hungry if other != rank]

    def _feed(self, world: World) -> None:
        while self._hungry and self._handout is not None and (tasks := self._handout.take()):
            rank = self._hungry.pop(0)
            points = {task.point for task in tasks}
            material = {point: self._material(point) for point in points - self._known.get(rank, set())}
            self._known[rank] = points
            self._out += len(tasks)
            world.send(rank, (self._kind, tasks, material, self.patience))

    def _received(self) -> Iterator[tuple[Task, Any]]:
        while self._arrived:
            yield self._arrived.pop(0)
