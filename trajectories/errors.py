"""The two ways a run ends early that are nobody's bug: bad input and an interruption."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave is wrong.

    The message is one line: what is wrong, where (file and key, or matrix and element), what would be right.
    The command line prints it and exits with status 2; nothing has been written or lost.
    """


class Interrupted(Exception):
    """A run was stopped before its end; everything finished so far is in the result file (exit status 75)."""
