"""Plain bytes at given places of a file, and moving a finished file into place."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from trajectories.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_synchronise = getattr(os, "fdatasync", os.fsync)  # not everywhere


class RawFile:
    """An open file; every failure of the system becomes an InputError of one line."""

    def __init__(self, path: Path, writable: bool) -> None:
        self._path = path
        with explained(path, "open"):
            self._descriptor = os.open(path, (os.O_RDWR if writable else os.O_RDONLY) | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.inode = (status.st_dev, status.st_ino)

    def __del__(self) -> None:
        # A result that is read point by point keeps its file open as long as somebody holds it.
        if hasattr(self, "_descriptor"):
            self.close()

    def read(self, size: int, offset: int) -> bytes:
        """``size`` bytes from ``offset``."""
        try:
            raw = os.pread(self._descriptor, size, offset)
            while len(raw) < size:
                more = os.pread(self._descriptor, size - len(raw), offset + len(raw))
                if not more:
                    raise InputError(f"{self._path}: the file is truncated; restore it or run anew")
                raw += more
        except OSError as error:
            raise explanation(self._path, "read", error) from error
        return raw

    def write(self, raw: bytes, offset: int) -> None:
        """All of ``raw`` at ``offset``."""
        try:
            done = os.pwrite(self._descriptor, raw, offset)
            while done < len(raw):
                done += os.pwrite(self._descriptor, memoryview(raw)[done:], offset + done)
        except OSError as error:
            raise explanation(self._path, "write", error) from error

    def sync(self) -> None:
        """Return when everything written is on the disk."""
        with explained(self._path, "write"):
            _synchronise(self._descriptor)

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class PatientFile(io.FileIO):
    """A new file for HDF5 to write to, whose failures show on ``finish`` only.

    The library can crash the process when a write fails (a full disk), since it tries again while it cleans up; so it
    is told that all is well, and what it made is thrown away.
    """

    def __init__(self, path: Path) -> None:
        self._failure: OSError | None = None
        super().__init__(path, "x+b")

    def finish(self) -> None:
        """Raise the OSError of the first write that failed, if any did."""
        if self._failure is not None:
            raise self._failure

    def write(self, raw: Buffer, /) -> int:
        """All of ``raw``, or so it seems."""
        with memoryview(raw) as view, self._noting_failure():
            done = 0
            while done < view.nbytes:
                done += super().write(view[done:])
        return len(memoryview(raw))

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size, or so it seems."""
        with self._noting_failure():
            super().truncate(size)
        return self.tell() if size is None else size

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failure = self._failure or error

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer, with zeros beyond the end."""
        view = memoryview(buffer)
        done = super().readinto(view)
        view[done:] = bytes(len(view) - done)
        return len(view)


def explanation(path: Path, verb: str, error: OSError) -> InputError:
    """One line that says which file, why, and what of it is still good."""
    reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
    hint = "; what was committed before is intact" if verb == "write" else ""
    return InputError(f"{path}: cannot {verb} the file: {reason}{hint}")


@contextmanager
def explained(path: Path, verb: str) -> Iterator[None]:
    """Turn an OSError of the body into its explanation."""
    try:
        yield
    except OSError as error:
        raise explanation(path, verb, error) from error


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
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
        with suppress(OSError):
            temporary.unlink()
    sync_folder(path.parent)


def remove_leftovers(path: Path) -> None:
    """Remove what a killed writer left beside ``path``; only the owner of ``path`` may call this."""
    for leftover in path.parent.glob(f".{_escaped(path.name)}.????????????.tmp"):
        leftover.unlink(missing_ok=True)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
