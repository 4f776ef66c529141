"""Terminal output of a command: text or JSON, messages, a progress bar; and its reaction to signals."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from trajectories.counting.stages import Teller, stage
from trajectories.running import mpi
from trajectories.running.signals import GRACE, GRACE_OF_RANKS, Stop

Command = Callable[[Namespace], int]


def write(as_json: bool, data: Callable[[], Any], text: Callable[[], str]) -> None:
    """Print the JSON or the text, whichever was asked for."""
    if not as_json:
        print(text())
        return
    from trajectories.model.conversion import json_value

    print(json.dumps(json_value(data()), indent=2, allow_nan=False, ensure_ascii=False))


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


class Progress:
    """Called with (done, total) trajectories: draws a bar on a terminal, remembers how many were done at the start."""

    def __init__(self, show: bool) -> None:
        self.show = show
        self.bar: Any = None
        self.found: tuple[int, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        self.found = self.found or (done, total)
        if not self.show or self.found[0] == total:
            return
        if self.bar is None:
            from tqdm import tqdm

            self.bar = tqdm(total=total, initial=done, unit=" trajectories", unit_scale=True, leave=False)
        self.bar.update(done - self.bar.n)

    def close(self) -> None:
        if self.bar is not None:
            self.bar.close()

    def remark(self, output: Path) -> str:
        """Return a line about the trajectories that were in the file at the start; "" where there were none."""
        done, total = self.found or (0, 0)
        if not done:
            return ""
        if done == total:
            return f"{output} is complete: its {total:,} trajectories were sampled before\n"
        return f"{output} held {done:,} of {total:,} trajectories; the rest was added\n"


def stopper(deadline: float | None = None, quiet: bool = False) -> Stop:
    """Return the Stop of a command, which reports on a terminal what takes long."""
    tell = Teller(say) if sys.stderr.isatty() and not quiet else None
    return Stop(deadline, own=True, tell=tell, grace=GRACE if mpi.current() is None else GRACE_OF_RANKS)


def interruptible(command: Command) -> Command:
    """Let a command that writes no result end anywhere when a signal comes."""

    @wraps(command)
    def carried_out(arguments: Namespace) -> int:
        stop = stopper()
        with stop.listening(), stop.interruptible():
            stage(f"what `{arguments.command}` shows")
            return command(arguments)

    return carried_out
