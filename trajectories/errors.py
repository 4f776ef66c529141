"""The ways a command ends: its exit statuses, and what ends a run early that is nobody's bug."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

AGREES, DISAGREES, BAD_INPUT, UNRESOLVED = 0, 1, 2, 3
FAULT = 70  # of this program itself
UNFINISHED = 75  # stopped before the end, nothing lost
CTRL_C = 130  # where there was nothing to go on with; 128 + its number after a second signal
BROKEN_PIPE = 141  # the reader of the output has gone
UNFINISHED_WORDS = "(unfinished: run the same command again)"
TRACEBACK = "TRAJECTORIES_TRACEBACK"
"""The environment variable with which faults of the program are shown in full."""


class InputError(ValueError):
    """Something the user gave is wrong.

    The message is one line: what is wrong, where (file and key, or matrix and element), what would be right.
    The command line prints it and exits with status 2; nothing has been written or lost.
    """


class TooCostly(InputError):
    """A calculation that would take longer than it is worth, which is known before it is begun."""


class Interrupted(BaseException):
    """A run was stopped before its end; everything finished so far is in the result file (exit status 75).

    Like KeyboardInterrupt it may come at any moment, and is no Exception: what a user's own function catches for its
    own ends must not keep a run from being stopped.
    """


def told(error: BaseException) -> str:
    """Return an exception's message as one line."""
    return " ".join(str(error).split())


def fault(error: BaseException) -> str:
    """Return one line about an exception that is a fault of this program; with the environment variable, all of it."""
    if os.environ.get(TRACEBACK):
        return "".join(traceback.format_exception(error)).rstrip()
    if isinstance(error, MemoryError):
        return f"not enough memory: {told(error) or 'no more can be had'}"
    chain = [error]
    while (before := chain[0].__cause__ or chain[0].__context__) is not None and not chain[0].__suppress_context__:
        chain.insert(0, before)
    what = "; then ".join(f"{type(one).__name__}: {told(one) or 'no message'}" for one in chain)
    steps = traceback.extract_tb(chain[0].__traceback__)[-4:]
    trail = " < ".join(f"{Path(step.filename).name}:{step.lineno}" for step in reversed(steps))
    return (
        f"internal error, a fault of this program: {what} ({trail}); please report it with the command, its files and "
        f"what {TRACEBACK}=1 shows"
    )
