"""The ways a run ends early that are nobody's bug: bad input, too much work, an interruption."""

from __future__ import annotations


class InputError(ValueError):
    """Something the user gave is wrong.

    The message is one line: what is wrong, where (file and key, or matrix and element), what would be right.
    The command line prints it and exits with status 2; nothing has been written or lost.
    """


class TooCostly(InputError):
    """A calculation that would go on for longer than it is worth; known before it is begun."""


class Interrupted(BaseException):
    """A run was stopped before its end; everything finished so far is in the result file (exit status 75).

    Like KeyboardInterrupt it may come at any moment, and is no Exception: what a user's own function catches for its
    own ends must not keep a run from being stopped.
    """
