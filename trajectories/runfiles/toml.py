"""The text of a run file -> tables, with the changes that `--set` makes."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trajectories.errors import InputError, kind, listing, nearest
from trajectories.runfiles.sections import SECTIONS


def read(path: Path, overrides: Sequence[str]) -> tuple[dict[str, Any], str]:
    """Return the tables of a run file, changed, and its text as it is.

    overrides: as in `run.load`. Raises InputError where the file cannot be read or is no TOML, and for a change
    that is none.
    """
    try:
        text = path.read_bytes().decode()
        mapping = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}: must be a run file (TOML)") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text (byte {error.start + 1}): must be a run file (TOML in UTF-8)") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: is not valid TOML: {' '.join(str(error).split())}") from None
    for item in overrides:
        _override(mapping, item)
    return mapping, text


def _override(mapping: dict[str, Any], item: str) -> None:
    """Apply one `section.key=value` to the parsed run file."""
    name, equals, text = item.partition("=")
    path = [part.strip() for part in name.split(".")]
    if not equals or len(path) > 2 or not all(path):
        raise InputError(f"--set {item}: must be section.key=value, for example system.beta_A=-1")
    value: Any = text.strip()
    try:
        parsed = tomllib.loads(f"value = {value}")
        value = parsed["value"] if len(parsed) == 1 else value
    except tomllib.TOMLDecodeError:
        pass
    if len(path) == 1:
        mapping[path[0]] = value
        return
    section, key = path
    if section not in SECTIONS:
        raise InputError(f"--set {item}: unknown table; {nearest(section, SECTIONS)}tables are {listing(SECTIONS)}")
    table = mapping.setdefault(section, {})
    if not isinstance(table, dict):
        raise InputError(f"--set {item}: {section} is {kind(table)} in the run file: must be a table [{section}]")
    for other in ({"samples": "times", "times": "samples"}.get(key),) if section == "ensemble" else ():
        table.pop(other, None)
    table[key] = value
