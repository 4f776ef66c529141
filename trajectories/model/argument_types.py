"""Checks on the types of arguments given from Python: InputError in one line instead of a TypeError further in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from trajectories.errors import InputError, kind, show


def integer(name: str, value: object) -> int:
    """Return an argument of the Python face as an integer, also 1e6; InputError where it is none."""
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if not isinstance(plain, int) or isinstance(plain, bool):
        raise InputError(f"{name} = {show(value)} is {kind(plain)}: must be an integer")
    return plain


def number(name: str, value: object) -> float:
    """Return an argument of the Python face as a number; InputError where it is none."""
    plain = value.item() if isinstance(value, np.generic) else value
    if not isinstance(plain, int | float) or isinstance(plain, bool):
        raise InputError(f"{name} = {show(value)} is {kind(plain)}: must be a number")
    return plain


def numbers(name: str, values: Any, dtype: type = float) -> np.ndarray:
    """Return an argument of the Python face as an array of numbers; InputError where it is none."""
    try:
        if not isinstance(values, str | bytes | None):
            return np.asarray(values, dtype)
    except (TypeError, ValueError, OverflowError):
        pass
    raise InputError(f"{name}: is {kind(values)}: must be numbers")


def file_path(name: str, value: object) -> Path:
    """Return an argument of the Python face as a path; InputError where it is no file name."""
    if not isinstance(value, str | Path):
        raise InputError(f"{name}: is {kind(value)}: must be the name of a file")
    return Path(value)


def channel_group(name: str, group: object) -> str:
    """Return channels given as one name or as a sequence of names, joined by +; InputError for anything else."""
    names = [group] if isinstance(group, str) else list(group) if isinstance(group, Iterable) else []
    if not names or not all(isinstance(one, str) for one in names):
        raise InputError(f"{name}: is {kind(group)}: must be names of channels or reservoirs")
    return "+".join(names)
