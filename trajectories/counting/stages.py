"""The stage of preparation under way, so that a terminal can show that a long one does not hang."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS_OF_SILENCE = 2.0

_now = ""


def stage(name: str) -> None:
    """Set the stage that begins, in words that complete "preparing: "."""
    global _now
    _now = name


class Teller:
    """Shows the stage under way after two seconds, each stage once; to be called several times a second."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._said = say, {""}
        self._last = time.monotonic()

    def __call__(self) -> None:
        now = time.monotonic()
        if _now not in self._said and now - self._last >= SECONDS_OF_SILENCE:
            self._last = now
            self._said.add(_now)
            self._say(f"preparing: {_now}")
