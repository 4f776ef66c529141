"""The processes of one MPI job: their ranks, their messages, and how all of them end together.

The only importer of mpi4py, and only where a launcher (mpiexec, srun) announces several processes. Rank 0 runs the
command as a single process would; the other ranks carry out its tasks (`worker`) and end with its exit status.
"""

from __future__ import annotations

import os
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NoReturn

from trajectories.errors import FAULT, InputError, fault

# How MPI's own launchers announce the number of processes: MPICH, Intel MPI, Cray and Slurm's PMI-2; Open MPI; MVAPICH.
ANNOUNCED = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
SLEEP = 0.001  # seconds between two polls for messages: waiting ranks leave the processor to others
END, BYE = "end", "bye"
LONGEST_FAREWELL = 600.0  # seconds: some may still be compiling


def announced_size() -> int:
    """Return the number of processes that the launcher announces; 1 without a launcher.

    With Slurm only a job step (srun) counts: a command run directly in a batch script is a single process.
    """
    sizes = [int(value) for name in ANNOUNCED if (value := os.environ.get(name, "")).isdigit()]
    if sizes:
        return max(sizes)
    step = os.environ.get("SLURM_STEP_NUM_TASKS")
    if step is None and "SLURM_STEP_ID" in os.environ:
        step = os.environ.get("SLURM_NTASKS")
    return int(step) if step and step.isdigit() else 1


class World:
    """All ranks of this job. Messages are any Python objects; from one rank to another they arrive in order."""

    def __init__(self, communicator: Any, status: Any, here: list[int]) -> None:
        self._communicator, self._status = communicator, status
        self._pending: list[Any] = []
        self.here = here  # the ranks on this machine, ascending
        self.rank: int = communicator.Get_rank()
        self.size: int = communicator.Get_size()

    def send(self, to: int, message: Any) -> None:
        """Send without waiting for the receiver."""
        self._pending = [request for request in self._pending if not request.Test()]
        self._pending.append(self._communicator.isend(message, dest=to))

    def receive(self) -> list[tuple[int, Any]]:
        """Return the messages that have arrived, as (sender, message), without waiting."""
        messages = []
        while (message := self._communicator.improbe(status=self._status)) is not None:
            messages.append((self._status.Get_source(), message.recv()))
        return messages

    def wait(self) -> None:
        """Sleep for a millisecond and let pending messages proceed."""
        self._pending = [request for request in self._pending if not request.Test()]
        time.sleep(SLEEP)

    def dismiss(self, status: int) -> None:
        """Rank 0: end the other ranks with an exit status, and wait for their confirmation."""
        for rank in range(1, self.size):
            self.send(rank, (END, status))
        left, begin = set(range(1, self.size)), time.monotonic()
        while left:
            if time.monotonic() - begin > LONGEST_FAREWELL:
                raise RuntimeError(f"ranks {sorted(left)} do not answer: they must have died")
            left -= {rank for rank, (kind, *_) in self.receive() if kind == BYE}
            self.wait()

    def leave(self) -> None:
        """A rank other than 0: confirm the end, once all its messages have been received."""
        self.send(0, (BYE,))
        while self._pending:
            self.wait()

    def abort(self) -> NoReturn:
        """End all ranks at once because of the exception being handled: otherwise the others would wait for ever."""
        reason = fault(sys.exc_info()[1] or RuntimeError("no reason"))
        print(f"trajectories: rank {self.rank} of {self.size} failed, all end: {reason}", file=sys.stderr, flush=True)
        sys.stdout.flush()
        try:
            self._communicator.Abort(FAULT)
        finally:
            os._exit(FAULT)  # some libraries' Abort returns


_current: World | None = None


def current() -> World | None:
    """Return the MPI job that this process belongs to; None for a single process."""
    return _current


def run_on_all_ranks(lead: Callable[[], int], serve: Callable[[World], int]) -> int:
    """Run `lead` on rank 0 and `serve` on the others, and return the exit status of `lead` on all of them.

    Raises InputError on every copy where the launcher's processes do not find each other, since each would do all the
    work. Any other exception, on any rank, is printed and ends all ranks.
    """
    global _current
    _current = world = _join()
    try:
        if world.rank > 0:
            return serve(world)
        try:
            status = lead()
        except SystemExit as ending:  # of the parser, which has said why
            status = ending.code if isinstance(ending.code, int) else 1
        world.dismiss(status)
        return status
    except BaseException:
        world.abort()


def _join() -> World:
    expected = announced_size()
    try:
        import mpi4py

        mpi4py.rc.thread_level = "funneled"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a foreign launcher: reported below, in one line
            from mpi4py import MPI
    except (ImportError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(
            f"the launcher has started {expected} copies of this program, but MPI cannot be loaded ({reason}): install "
            "the extra `mpi` (pip install 'trajectories[mpi]'; on a cluster pip install mpi4py and load its MPI module)"
        ) from None
    everyone = MPI.COMM_WORLD
    if everyone.Get_size() < expected:
        library = MPI.Get_library_version().splitlines()[0].strip()
        raise InputError(
            f"the launcher has started {expected} copies of this program, but each finds only {everyone.Get_size()} in "
            f"its MPI ({library}): must be started by the mpiexec of that library, or with srun by the right --mpi= "
            "(srun --mpi=list)"
        )
    machine = everyone.Split_type(MPI.COMM_TYPE_SHARED, everyone.Get_rank())
    here: list[int] = machine.allgather(everyone.Get_rank())
    machine.Free()
    return World(everyone, MPI.Status(), here)
