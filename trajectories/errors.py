"""Exit statuses, the exceptions of bad input and of stopped runs, and helpers for the words of messages."""

from __future__ import annotations

import difflib
import json
import os
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

AGREES, DISAGREES, BAD_INPUT, UNRESOLVED = 0, 1, 2, 3
FAULT = 70  # of this program itself
UNFINISHED = 75  # stopped before the end, nothing lost
CTRL_C = 130  # where there was nothing to go on with; 128 + its number after a second signal
BROKEN_PIPE = 141  # the reader of the output has gone
UNFINISHED_WORDS = "(unfinished: run the same command again)"
TRACEBACK = "TRAJECTORIES_TRACEBACK"
"""The environment variable with which faults of the program are shown in full."""


class InputError(ValueError):
    """Raised where an argument, a run file or a result file is wrong; nothing has been written or lost.

    The message is one line: the mistake, its place (file and key, or matrix and element), what would be right. The
    command line prints the line and exits with status 2.

    Examples
    --------
    >>> try:
    ...     trajectories.systems.diamond(beta_A=-2, beta_S=3, pump=-1)
    ... except trajectories.InputError as error:
    ...     print(error)
    diamond: pump = -1 is out of range; allowed: finite number > 0
    """


class TooCostly(InputError):
    """Raised where a calculation is known beforehand to take longer than the result is worth."""


class Interrupted(BaseException):
    """Raised where a run is stopped before its end and there is no Result to return.

    `trajectories.run` and `trajectories.sweep` return what has been sampled on Ctrl-C, and raise this error only where
    no block is finished yet, on SIGTERM and SIGUSR1, and where another process is writing the `output`. Everything
    finished is in the `output` if there is one. The error is no `Exception`, as `KeyboardInterrupt` is none: an
    `except Exception` in a user's function must not keep a run from being stopped. Exit status 75 of the command line.

    Attributes
    ----------
    result : ResultData or None
        Finished blocks of a run without `output`.

    Examples
    --------
    >>> issubclass(trajectories.Interrupted, Exception)
    False
    """

    result: Any = None


def told(error: BaseException) -> str:
    """Return an exception's message as one line."""
    return " ".join(str(error).split())


def fault(error: BaseException) -> str:
    """Return one line that reports an exception as a fault of this program; with TRAJECTORIES_TRACEBACK, the whole."""
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
    """Return `did you mean "x"? ` for the known word most like `word`, "" where none is like it."""
    known = list(known)
    folded = {name.lower(): name for name in known}
    match = difflib.get_close_matches(word.lower(), list(folded), n=1, cutoff=0.6)
    return f'did you mean "{folded[match[0]]}"? ' if match else ""


def listing(names: Iterable[str], most: int = 20) -> str:
    """Return the names joined by commas; beyond the first `most` only their number."""
    names = list(names)
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers as text with ranges, such as 0, 3-7, 9; shortened to twelve ranges."""
    starts = [n for i, n in enumerate(numbers) if i == 0 or numbers[i - 1] != n - 1]
    ends = [n for i, n in enumerate(numbers) if i == len(numbers) - 1 or numbers[i + 1] != n + 1]
    words = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True)]
    return ", ".join(words if len(words) <= 12 else [*words[:12], "..."])


def show(value: object) -> str:
    """Return a value as a run file spells it, on one line of at most 60 characters."""
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
    """Return the type of a TOML value in words, such as "a number"."""
    names: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "a boolean"),
        (int, "an integer"),
        (float, "a number"),
        (str, "a string"),
        ((list, tuple), "a list"),
        (Mapping, "a table"),
    )
    return next((word for types, word in names if isinstance(value, types)), f"a {type(value).__name__}")
