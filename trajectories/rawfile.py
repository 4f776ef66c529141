"""Plain bytes at given places of a file, and moving a finished file into place."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from trajectories.errors import InputError

_synchronise = getattr(os, "fdatasync", os.fsync)  # not everywhere


class RawFile:
    """An open file; every failure of the system becomes an InputError of one line."""

    def __init__(self, path: Path, writable: bool) -> None:
        self._path = path
        with explained(path, "open"):
            self._descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.inode = (status.st_dev, status.st_ino)

    def read(self, size: int, offset: int) -> bytes:
        """``size`` bytes from ``offset``."""
        with explained(self._path, "read"):
            raw = os.pread(self._descriptor, size, offset)
            while len(raw) < size:
                more = os.pread(self._descriptor, size - len(raw), offset + len(raw))
                if not more:
                    raise InputError(f"{self._path}: the file is truncated; restore it or run anew")
                raw += more
        return raw

    def write(self, raw: bytes, offset: int) -> None:
        """All of ``raw`` at ``offset``."""
        with explained(self._path, "write"):
            done = 0
            while done < len(raw):
                done += os.pwrite(self._descriptor, memoryview(raw)[done:], offset + done)

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        with explained(self._path, "write"):
            _synchronise(self._descriptor)

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextmanager
def explained(path: Path, verb: str) -> Iterator[None]:
    """Turn an OSError into one line that says which file, why, and what of it is still good."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        hint = "; what was committed before is intact" if verb == "write" else ""
        raise InputError(f"{path}: cannot {verb} the file: {reason}{hint}") from error


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        pass
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: Path, guard: Callable[[], None]) -> Iterator[Path]:
    """A new name beside ``path``; what the body leaves there is synced and takes the place of ``path``.

    ``guard`` is called just before. If anything raises, ``path`` is untouched and the new name is gone.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with explained(path, "create"):
            yield temporary
            finished = RawFile(temporary, writable=True)
            finished.sync()
            finished.close()
            guard()
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what a killed writer left beside ``path``; only the owner of ``path`` may call this."""
    for leftover in path.parent.glob(f".{_escaped(path.name)}.????????????.tmp"):
        leftover.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
