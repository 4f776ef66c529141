"""A new file that takes the place of an old one in one step."""

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


@contextmanager
def replacement(path: Path, guard: Callable[[], None]) -> Iterator[NewFile]:
    """Yield a new, empty file, which takes the place of `path` when the body ends.

    guard: called just before the move; raises to forbid it. If anything raises, `path` is untouched and the new file
    is removed. Raises InputError where the disk is full or the folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        with NewFile(temporary) as file:
            yield file
            file.finish()
        guard()
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else " ".join(str(error).split())
        intact = "; what was committed before is intact" if os.path.exists(path) else ""
        raise InputError(f"{path}: cannot write the file: {reason}{intact}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


class NewFile(io.FileIO):
    """New file for HDF5 to write to, which reports the first failed write in `finish` only.

    HDF5 crashes the process if a write fails, because it writes again while it closes the file.
    """

    def __init__(self, path: Path) -> None:
        self._failure: OSError | None = None
        super().__init__(path, "x+b")

    def write(self, raw: Buffer, /) -> int:
        """Write all of `raw` and return its length, also if that failed."""
        with memoryview(raw) as view, self._failure_noted():
            done = 0
            while done < view.nbytes:
                done += super().write(view[done:])
        return len(memoryview(raw))

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size and return it, also if that failed."""
        with self._failure_noted():
            super().truncate(size)
        return self.tell() if size is None else size

    def readinto(self, buffer: Buffer, /) -> int:
        """Fill the buffer, with zeros beyond the end, and return its length."""
        view = memoryview(buffer)
        done = super().readinto(view)
        view[done:] = bytes(len(view) - done)
        return len(view)

    @contextmanager
    def _failure_noted(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failure = self._failure or error

    def finish(self) -> None:
        """Synchronise the file with the disk; raises the OSError of the first write that failed."""
        if self._failure is not None:
            raise self._failure
        os.fsync(self.fileno())


def _sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_leftovers(path: Path) -> None:
    """Remove temporary files of killed writers of `path`; only the owner of `path` may call this."""
    name = "".join(f"[{c}]" if c in "*?[" else c for c in path.name)
    for leftover in path.parent.glob(f".{name}.????????????.tmp"):
        leftover.unlink(missing_ok=True)
