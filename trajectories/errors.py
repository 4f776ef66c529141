"""The ways a command ends: its exit statuses, what ends a run early that is nobody's bug, and words of messages."""

from __future__ import annotations

import difflib
import json
import os
import traceback
from collections.abc import Iterable, Mapping
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


def nearest(word: str, known: Iterable[str]) -> str:
    """`did you mean "x"? ` for the known word most like `word`, or nothing when none is."""
    known = list(known)
    folded = {name.lower(): name for name in known}
    match = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return f'did you mean "{folded[match[0]]}"? ' if match else ""


def listing(names: Iterable[str], most: int = 20) -> str:
    """The names with commas, shortened where there are very many."""
    names = list(names)
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def show(value: object) -> str:
    """A value as the run file spells it, on one line and short."""
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        text = (
            json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, str | list | dict) else str(value)
        )
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def kind(value: object) -> str:
    """What a TOML value is, in words."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        ((list, tuple), "a list"),
        (Mapping, "a table"),
    )
    return next((word for types, word in names if isinstance(value, types)), f"a {type(value).__name__}")
