"""Rank 0 of a parallel run: distribute tasks, sample as well, and answer the other ranks between kernel calls."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from trajectories.errors import InputError
from trajectories.runfiles.job import Spec
from trajectories.running.mpi import World, current
from trajectories.running.schedule import Schedule, Task
from trajectories.running.signals import Stop
from trajectories.running.tasks import Sampler, prepare_point, sample_task
from trajectories.running.worker import (
    CANCEL,
    CANCELLED,
    DONE,
    IDLE,
    PREPARE,
    REFUSED,
    SAMPLE,
    SIGNALLED,
    share_kernels,
)

OWN_SECONDS = 0.1  # of rank 0's own portions
LONGEST_SILENCE = (
    600.0  # seconds: with a launcher that does not notice a rank's death the others must not wait for ever
)


class Manager:
    """The ranks of this job and the tasks they hold; without other ranks, this process alone."""

    def __init__(self, stop: Stop) -> None:
        self.stop, self.world = stop, current()
        self._idle: list[int] = []
        self._sent_points: dict[int, set[int]] = {}  # by rank: the points of its last portion
        self._arrived: list[tuple[Task, Any]] = []
        self._last_message: dict[int, float] = {}
        self._attended = time.monotonic()
        self.patience = LONGEST_SILENCE  # seconds; longer than any single trajectory takes
        self.seconds = 0.0  # spent on sending and receiving messages
        self._outstanding: Counter[int] = Counter()  # by rank: tasks sent and not yet returned
        self._schedule: Schedule | None = None
        self._kind = SAMPLE
        self._inputs: Callable[[int], Any] = lambda point: None
        if self.world is not None:
            share_kernels(self.world)

    @property
    def ranks(self) -> int:
        """Number of ranks."""
        return 1 if self.world is None else self.world.size

    def prepare(self, schedule: Schedule, spec: Callable[[int], Spec]) -> Iterator[tuple[Task, Any]]:
        """Yield (task, PackedPoint) of the schedule's points as they come, prepared by any rank."""

        def prepared(task: Task) -> Any:
            with self.stop.interruptible(self.handle_messages):
                return prepare_point(spec(task.point))

        return self._carry_out(PREPARE, schedule, spec, prepared)

    def sample(self, schedule: Schedule, sampler: Callable[[int], Sampler]) -> Iterator[tuple[Task, Any]]:
        """Yield (task, its nodes by key) as they come, sampled by any rank."""
        return self._carry_out(
            SAMPLE, schedule, sampler, lambda task: sample_task(sampler(task.point), task, self.handle_messages)
        )

    def _carry_out(
        self, kind: str, schedule: Schedule, inputs: Callable[[int], Any], do: Callable[[Task], Any]
    ) -> Iterator[tuple[Task, Any]]:
        self._kind, self._schedule, self._inputs = kind, schedule, inputs
        self._sent_points.clear()
        while True:
            self.handle_messages()
            portion = schedule.take(OWN_SECONDS)
            for task in portion:
                self.handle_messages()
                result = do(task)
                yield task, result
                yield from self._pop_results()
            yield from self._pop_results()
            if not portion and not self._outstanding.total():
                break
            if not portion and self.world is not None:
                self.world.wait()
        self._schedule = None

    def handle_messages(self) -> None:
        """Receive the other ranks' messages and send tasks to idle ranks; raises Interrupted once a signal has come."""
        if self.world is not None:
            begin = time.perf_counter()
            refusals: list[str] = []
            for rank, (kind, *content) in self.world.receive():
                self._last_message[rank] = time.monotonic()
                self._handle(rank, kind, content, refusals)
            self._check_alive()
            self._send_tasks(self.world)
            self.seconds += time.perf_counter() - begin
            if refusals:
                raise InputError(refusals[0])
        self.stop.poll()

    def _check_alive(self) -> None:
        """Raise RuntimeError where a rank that has tasks to sample has been silent for too long.

        Launchers end a job in which a process has died, but none notices a process that hangs.
        """
        now = time.monotonic()
        if self._kind != SAMPLE or now - self._attended > self.patience / 2:  # rank 0 itself was delayed
            self._last_message = dict.fromkeys(self._last_message, now)
        self._attended = now
        for rank, when in self._last_message.items():
            if self._outstanding[rank] and now - when > self.patience:
                raise RuntimeError(f"rank {rank} has sent no message for {now - when:.0f} s: it must have died")

    def cancel(self) -> list[tuple[Task, Any]]:
        """Cancel the other ranks' tasks and return the results that they had finished."""
        self._schedule = None
        if self.world is not None and self.world.size > 1 and (self._outstanding.total() or self._idle):
            for rank in range(1, self.world.size):
                self.world.send(rank, (CANCEL,))
            left, begin = set(range(1, self.world.size)), time.monotonic()
            while left:
                if time.monotonic() - begin > self.patience:
                    raise RuntimeError(f"ranks {sorted(left)} do not answer: they must have died")
                for rank, (kind, *content) in self.world.receive():
                    left -= {rank} if kind == CANCELLED else set()
                    self._handle(rank, kind, content, [])
                self.world.wait()
            self._outstanding.clear()
        return list(self._pop_results())

    def _handle(self, rank: int, kind: str, content: list[Any], refusals: list[str]) -> None:
        if kind == IDLE:
            self._idle.append(rank)
        elif kind == DONE:
            self._arrived += content[0]
            self._outstanding[rank] -= len(content[0])
        elif kind == SIGNALLED:
            self.stop.note_signal(content[0])
        elif kind == REFUSED:
            refusals += content
        elif kind == CANCELLED:
            self._idle = [other for other in self._idle if other != rank]

    def _send_tasks(self, world: World) -> None:
        while self._idle and self._schedule is not None and (tasks := self._schedule.take()):
            rank = self._idle.pop(0)
            points = {task.point for task in tasks}
            inputs = {point: self._inputs(point) for point in points - self._sent_points.get(rank, set())}
            self._sent_points[rank] = points
            self._outstanding[rank] += len(tasks)
            self._last_message[rank] = time.monotonic()
            world.send(rank, (self._kind, tasks, inputs))

    def _pop_results(self) -> Iterator[tuple[Task, Any]]:
        while self._arrived:
            yield self._arrived.pop(0)
