"""Every rank except rank 0: prepare and sample the tasks that rank 0 sends, until rank 0 ends the job.

Messages to rank 0: (IDLE,), (DONE, [(task, result)]), (SIGNALLED, signal), (REFUSED, an InputError's text),
(CANCELLED,).
Messages from rank 0: (PREPARE, tasks, {point: Spec}), (SAMPLE, tasks, {point: Sampler}), (LOADED,), (CANCEL,),
(END, status).
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from trajectories.errors import InputError
from trajectories.running.mpi import END, World
from trajectories.running.schedule import ASK_BELOW_SECONDS, Task
from trajectories.running.signals import GRACE_OF_RANKS, Stop

IDLE, DONE, SIGNALLED, REFUSED, CANCELLED = "idle", "done", "signalled", "refused", "cancelled"
PREPARE, SAMPLE, LOADED, CANCEL = "prepare", "sample", "loaded", "drop"
SECONDS_BETWEEN_MESSAGES = 0.2


class _Dismissed(BaseException):
    """Rank 0 has ended the job; may be raised anywhere (see `Interrupted`)."""


class _Cancelled(BaseException):
    """Rank 0 has cancelled the task being carried out."""


def share_kernels(world: World) -> None:
    """Allow the other ranks of this node to load the kernels, once its first rank has loaded or compiled them."""
    if world.here[0] == world.rank:
        for rank in world.here[1:]:
            world.send(rank, (LOADED,))


def serve(world: World) -> int:
    """Work for rank 0 and return the exit status that it decides on."""
    with Stop(own=True, grace=GRACE_OF_RANKS).listening() as stop:
        worker = _Worker(world, stop)
        try:
            worker.load_kernels()
            while True:
                worker.step()
        except _Dismissed:
            world.leave()
            return worker.status or 0


class _Worker:
    def __init__(self, world: World, stop: Stop) -> None:
        self.world, self.stop = world, stop
        self.status: int | None = None
        self.may_load = world.here[0] == world.rank
        self.idle = self.signal_sent = self.busy = self.cancelling = False
        self.queue: deque[tuple[str, Task]] = deque()
        self.inputs: dict[int, Any] = {}  # by point: what its tasks need
        self.finished: list[tuple[Task, Any]] = []
        self.sent = time.monotonic()

    def load_kernels(self) -> None:
        """Import the kernels: the first rank of each node compiles them if necessary, the others wait for it."""
        # Everything that is not a kernel may be loaded by all ranks at the same time.
        import scipy.linalg  # noqa: F401

        from trajectories import kernels  # noqa: F401
        from trajectories.sampling import statistics  # noqa: F401

        while not self.may_load:
            self.handle_messages()
            self.world.wait()
        from trajectories.sampling import block  # noqa: F401

        share_kernels(self.world)

    def handle_messages(self) -> None:
        """Receive rank 0's messages and report a signal; raises _Dismissed, and _Cancelled in the middle of a task."""
        for _, (kind, *content) in self.world.receive():
            if kind == END:
                self.status = content[0]
            elif kind == CANCEL:
                self.queue.clear()
                self.cancelling = True
            elif kind == LOADED:
                self.may_load = True
            else:
                self._accept(kind, *content)
        if self.status is not None:
            raise _Dismissed
        if self.stop.signal_number is not None and not self.signal_sent:
            self.signal_sent = True
            self.world.send(0, (SIGNALLED, self.stop.signal_number))
        if self.cancelling and self.busy:
            raise _Cancelled

    def step(self) -> None:
        """Carry out the next task, or wait a moment for one."""
        self.handle_messages()
        if self.cancelling:
            self._send_results()
            self.world.send(0, (CANCELLED,))
            self.cancelling = self.idle = False
        elif not self.idle and sum(task.seconds for _, task in self.queue) < ASK_BELOW_SECONDS:
            self._send_results()
            self.world.send(0, (IDLE,))
            self.idle = True
        if self.queue:
            self._work(*self.queue.popleft())
        else:
            self._send_results()
            self.world.wait()

    def _work(self, kind: str, task: Task) -> None:
        self.busy = True
        try:
            self.finished.append((task, self._do(kind, task)))
        except _Cancelled:
            pass
        except InputError as error:
            self.world.send(0, (REFUSED, str(error)))
        finally:
            self.busy = False
        if time.monotonic() - self.sent > SECONDS_BETWEEN_MESSAGES:
            self._send_results()

    def _do(self, kind: str, task: Task) -> Any:
        if kind == PREPARE:
            from trajectories.running.tasks import prepare_point

            # Looked up first: messages handled on the way forget the inputs of all but the waiting tasks.
            spec = self.inputs[task.point]
            with self.stop.interruptible(self.handle_messages):
                return prepare_point(spec)
        from trajectories.running.tasks import sample_task

        return sample_task(self.inputs[task.point], task, self.handle_messages)

    def _accept(self, kind: str, tasks: list[Task], inputs: dict[int, Any]) -> None:
        self.idle = False
        self.queue += [(kind, task) for task in tasks]
        # Rank 0 does not send again what the previous portion contained.
        needed = {task.point for _, task in self.queue}
        self.inputs = {
            point: job_or_sampler for point, job_or_sampler in self.inputs.items() if point in needed
        } | inputs

    def _send_results(self) -> None:
        if self.finished:
            self.world.send(0, (DONE, self.finished))
            self.finished = []
        self.sent = time.monotonic()
