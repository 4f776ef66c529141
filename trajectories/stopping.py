"""How a run hears that it should stop, and how it waits for another one."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from .errors import InputError, Interrupted


class Stop:
    """Hears SIGINT, SIGTERM and SIGUSR1 while a run is under way; `poll` raises Interrupted once one has come."""

    SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)

    def __init__(self, deadline: float | None = None) -> None:
        self.heard: int | None = None
        self.deadline = deadline  # by the clock time.monotonic

    def hear(self, number: int, frame: FrameType | None = None) -> None:
        """Take note of a signal, one's own or one that another rank has heard."""
        self.heard = number

    def poll(self) -> None:
        """Raise Interrupted if a signal has come, or the time is up."""
        if self.heard is not None:
            raise Interrupted(f"stopped by {signal.Signals(self.heard).name}")
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise Interrupted("the walltime is over")

    @contextmanager
    def listening(self) -> Iterator[Stop]:
        """Listen until the end of the block; only the main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield self
            return
        previous = {number: signal.signal(number, self.hear) for number in self.SIGNALS}
        try:
            yield self
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def seconds_of(text: str) -> float:
    """Read a time span: 3h50m, 90s, 1d12h, or as Slurm writes it, 1:30:00, 50:00, 2-12:00:00; InputError otherwise."""
    words = text.strip().lower()
    found = re.fullmatch(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?", words)
    found = found or re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)", words)
    seconds = 0.0
    if found:
        parts = (float(part or 0) for part in found.groups())
        seconds = sum(unit * part for unit, part in zip((86400, 3600, 60, 1), parts, strict=True))
    if seconds <= 0:
        raise InputError(f"--walltime {text}: must be a time span such as 3h50m, 90s or 1:30:00")
    return seconds


class Patience:
    """Polls for signals while another process is writing the file, and says once what is being waited for."""

    def __init__(self, stop: Stop, say: Callable[[str], None]) -> None:
        self.stop, self.say, self.said = stop, say, False

    def __call__(self, message: str) -> None:
        self.stop.poll()
        if not self.said:
            self.say(f"waiting: {message}")
        self.said = True
