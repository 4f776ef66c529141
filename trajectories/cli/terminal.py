"""Terminal output of a command: text or JSON, messages; and its reaction to signals."""

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
from trajectories.running.progress import ProgressBar
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


def held_before(progress: ProgressBar, output: Path) -> str:
    """Return a line that says how many trajectories the result file held already, "" where it held none."""
    done, total = progress.first or (0, 0)
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
