"""How a run hears that it should stop, and how it waits for another one."""

from __future__ import annotations

import os
import re
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType
from typing import NoReturn

from trajectories.errors import UNFINISHED, UNFINISHED_WORDS, InputError, Interrupted

TICK = 0.25  # seconds between two looks during work that asks for nothing itself
SAME = 0.3  # seconds within which signals are one: launchers and `timeout` send them to a process and to its group
GRACE = 1.0  # seconds that a calculation outside Python may go on after a signal
GRACE_OF_RANKS = 10.0  # the same with several ranks, which end better together


class Stop:
    """Catches SIGINT, SIGTERM and SIGUSR1 during a run; `poll` raises Interrupted once one has come.

    A second signal ends the process at once, in a caller's process by KeyboardInterrupt. deadline: time at which the
    run must end, by the clock time.monotonic. own: True for a command, False in a caller's process. A command ends
    itself even while Python waits for a library, and reports what it is preparing by `tell`, called four times a
    second. grace: seconds that a library call may go on after a signal.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)

    def __init__(
        self,
        deadline: float | None = None,
        own: bool = False,
        tell: Callable[[], None] | None = None,
        grace: float = GRACE,
    ) -> None:
        self.signal_number: int | None = None
        self.deadline, self.own, self.tell, self.grace = deadline, own, tell, grace
        self.at_work = False  # in a calculation that does not poll
        self._listening = False
        self._first: float | None = None

    def note_signal(self, number: int) -> None:
        """Remember a signal that this process or another rank has received."""
        self.signal_number = number

    def _hear_own(self, number: int, frame: FrameType | None = None) -> None:
        again = self._first is not None and time.monotonic() - self._first > SAME
        self._first = self._first or time.monotonic()
        self.note_signal(number)
        if again and not self.own:  # else `SignalThread` has ended it
            raise KeyboardInterrupt

    def poll(self) -> None:
        """Raise Interrupted if a signal has come, or the time is up."""
        if self.signal_number is not None:
            raise Interrupted(f"stopped by {signal.Signals(self.signal_number).name}")
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise Interrupted("the walltime is over")

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Catch signals until the end of the block; only in the main thread."""
        if self._listening or threading.current_thread() is not threading.main_thread():
            yield self
            return
        previous = {number: signal.signal(number, self._hear_own) for number in self.SIGNALS}
        self._listening = True
        try:
            with SignalThread(self) if self.own else nullcontext():
                yield self
        finally:
            self._listening = False
            for number, handler in previous.items():
                signal.signal(number, handler)

    @contextmanager
    def interruptible(self, check: Callable[[], None] | None = None) -> Iterator[None]:
        """Call `check` (default: `poll`) four times a second until the end of the block, between Python instructions.

        For calculations that may be left anywhere: nothing may be half written in the block. A call into a library is
        not interrupted. Outside the main thread, or where the caller uses SIGALRM, signals are handled afterwards.
        """
        check = check or self.poll
        check()
        taken = signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0)
        if self.at_work or taken or threading.current_thread() is not threading.main_thread():
            yield
            return

        def tick(number: int, frame: FrameType | None) -> None:
            try:
                if self.at_work:
                    check()
            except BaseException:
                self.at_work = False  # clean-up on the way out is not interrupted
                raise

        previous = signal.signal(signal.SIGALRM, tick)
        self.at_work = True
        signal.setitimer(signal.ITIMER_REAL, TICK, TICK)
        try:
            yield
        finally:
            self.at_work = False
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, previous)


class SignalThread:
    """A thread that handles signals while Python waits for a library, and ends a process that does not end itself."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        self.since: float | None = None  # when the first signal came
        self.number = 0
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._write_end, False)
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._previous = signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._previous)
        os.close(self._write_end)
        self._thread.join()
        os.close(self._read_end)

    def _watch(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, self.stop.SIGNALS)  # signals are delivered to the main thread
        while True:
            if select.select([self._read_end], [], [], TICK)[0]:
                numbers = os.read(self._read_end, 64)
                if not numbers:
                    return
                for number in numbers:
                    if number in self.stop.SIGNALS:
                        self._hear(number)
            if self.stop.at_work:
                self._look()

    def _hear(self, number: int) -> None:
        now = time.monotonic()
        if self.since is not None and now - self.since > SAME:
            end_at_once(number)
        self.since, self.number = self.since or now, number

    def _look(self) -> None:
        now, deadline = time.monotonic(), self.stop.deadline
        if self.since is not None and now - self.since > self.stop.grace:
            _give_up(f"stopped by {signal.Signals(self.number).name}")
        if deadline is not None and now - deadline > self.stop.grace:
            _give_up("the walltime is over")
        if self.since is None and self.stop.tell is not None:
            self.stop.tell()


def end_at_once(number: int) -> NoReturn:
    """End the process at once, with the exit status that shells give to a process ended by a signal."""
    os.write(2, f"trajectories: ended by a second signal, {signal.Signals(number).name}\n".encode())
    os._exit(128 + number)


def _give_up(why: str) -> NoReturn:
    """End the process, whose main thread is held up by a library, with the message and status of an interruption."""
    os.write(2, f"trajectories: {why} {UNFINISHED_WORDS}\n".encode())
    os._exit(UNFINISHED)


def seconds_of(text: str) -> float:
    """Read a time span: 3h50m, 90s, 1d12h, or as Slurm writes it, 1:30:00, 50:00, 2-12:00:00; InputError otherwise."""
    words = text.strip().lower()
    match = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", words)
    match = match or re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", words)
    seconds = 0.0
    if match:
        parts = (float(part or 0) for part in match.groups())
        seconds = sum(unit * part for unit, part in zip((86400, 3600, 60, 1), parts, strict=True))
    if seconds <= 0:
        raise InputError(f"--walltime {text}: must be a time span such as 3h50m, 90s or 1:30:00")
    return seconds


class WaitForOwner:
    """Polls for signals while another process is writing the file, and says once which process is waited for."""

    def __init__(self, stop: Stop, say: Callable[[str], None]) -> None:
        self.stop, self.say, self.said = stop, say, False

    def __call__(self, message: str) -> None:
        self.stop.poll()
        if not self.said:
            self.say(f"waiting: {message}")
        self.said = True
