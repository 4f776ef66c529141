"""One writer per result: who writes RESULT.h5 is said in RESULT.h5.run, a small JSON file replaced atomically.

Keys of that file: token (random, of this ownership), host, boot and namespace (which machine and process space), pid
and pid_started (against reused process numbers), acquired and heartbeat (seconds since 1970), done and total (blocks),
rate (trajectories per second), expected_end (seconds since 1970), ranks, rank_0 (seconds that it spent on messages,
merging, writing, and in all), state ("running", "stopped" or "complete").

An owner whose process is gone (as seen on its own machine) is replaced at once, one without a heartbeat for 60 s too; a
live one is waited for.  Nobody can be stopped from writing from afar: an owner that was replaced learns it from
``check``, which belongs before every write.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Self

from trajectories.errors import InputError, Interrupted
from trajectories.results.atomic_file import remove_leftovers

STALE_AFTER = 60.0  # seconds without a heartbeat
BEAT_EVERY = 2.0
_POLL = 0.25
_SETTLE = 0.2  # longer than reading and replacing a small file


class Busy(Interrupted):
    """Another process is writing this result; the same command again later continues it."""


class Lost(Interrupted):
    """Another process has taken this result over; nothing more may be written by this one."""


@dataclass(frozen=True)
class Status:
    """Contents of RESULT.h5.run; see the module's text for the keys."""

    token: str
    host: str
    boot: str
    namespace: str
    pid: int
    pid_started: str
    acquired: float
    heartbeat: float
    done: int = 0
    total: int = 0
    rate: float | None = None
    expected_end: float | None = None
    ranks: int = 1
    state: str = "running"
    rank_0: dict[str, float] | None = None

    @property
    def age(self) -> float:
        """Seconds since the last heartbeat, by this machine's clock."""
        return time.time() - self.heartbeat

    def gone(self) -> bool:
        """Return whether the owner's process is known to have ended (False for an owner on another machine)."""
        if self.host != socket.gethostname():
            return False
        if self.boot != _boot():
            return True
        return self.namespace == _namespace() and self.pid_started != _process_start(self.pid)

    def active(self) -> bool:
        """Return whether a run is writing the result, as far as can be known on this machine."""
        return self.state == "running" and self.age <= STALE_AFTER and not self.gone()


def status_path(path: str | os.PathLike[str]) -> Path:
    """Return the path RESULT.h5.run for RESULT.h5 (beside the target where RESULT.h5 is a link)."""
    return Path(os.path.realpath(path) + ".run")


def read_status(path: str | os.PathLike[str]) -> Status | None:
    """Return the status beside the result at ``path``; None where the file is missing or is no status."""
    known = {field.name for field in fields(Status)}
    try:
        stored = json.loads(status_path(path).read_text())
        return Status(**{name: value for name, value in stored.items() if name in known})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


class Ownership:
    """The right to write one result, from ``acquire`` to ``release``; a context manager (an exception: "stopped")."""

    def __init__(self, path: Path, status: Status) -> None:
        self._path, self.status = path, status
        self._last_beat: float | None = None

    @classmethod
    def acquire(
        cls,
        path: str | os.PathLike[str],
        wait: float = 120.0,
        ranks: int = 1,
        waiting: Callable[[str], None] = lambda message: None,
    ) -> Ownership:
        """Become the writer of the result at ``path``.

        Waits up to ``wait`` seconds for a live owner, calling ``waiting(message)`` about four times a second (it may
        raise to give up).  Raises Busy after that, InputError if the folder cannot be written.
        """
        target = status_path(path)
        mine = _myself(ranks)
        started = time.monotonic()
        seen, seen_since = "", started
        while True:
            other = _claim(target, path, mine)
            if other is None:
                remove_leftovers(Path(os.path.realpath(path)))
                return cls(target, mine)
            now = time.monotonic()
            beat = f"{other.token} {other.heartbeat}"
            if beat != seen:
                seen, seen_since = beat, now
            elif now - seen_since > STALE_AFTER:  # a silent owner, whatever the two clocks say
                _claim(target, path, mine, instead_of=other)
                continue
            message = f"{path} is being written by process {other.pid} on {other.host}, {other.age:.0f} s ago"
            if now - started >= wait:
                raise Busy(f"{message}; run the same command again when it has ended")
            waiting(message)
            time.sleep(min(_POLL, max(0.0, wait - (now - started))))

    def check(self) -> None:
        """Raise Lost if another process has become the writer."""
        other = _read(self._path)
        if other is not None and other.token != self.status.token:
            raise Lost(f"process {other.pid} on {other.host} has taken over {self._path.with_suffix('')}")

    def beat(
        self,
        done: int,
        total: int,
        rate: float | None = None,
        expected_end: float | None = None,
        rank_0: dict[str, float] | None = None,
    ) -> None:
        """Write a heartbeat and the progress, if the last one is two seconds old.  Raises Lost.

        done, total  blocks; rate  trajectories per second; expected_end  seconds since 1970; rank_0  seconds
        spent by rank 0, by activity
        """
        if self._last_beat is not None and time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        self.check()
        self._update(done=done, total=total, rate=rate, expected_end=expected_end, rank_0=rank_0)

    def release(
        self, state: str, done: int | None = None, total: int | None = None, rank_0: dict[str, float] | None = None
    ) -> None:
        """End the ownership; ``state`` is "stopped" or "complete".  No effect if another process has taken over."""
        other = _read(self._path)
        if other is not None and other.token != self.status.token:
            return
        done = self.status.done if done is None else done
        self._update(
            state=state,
            done=done,
            total=self.status.total if total is None else total,
            rank_0=rank_0 or self.status.rank_0,
        )

    def _update(self, **changes: object) -> None:
        self.status = replace(self.status, heartbeat=time.time(), **changes)  # type: ignore[arg-type]
        self._last_beat = time.monotonic()
        try:
            _write(self._path, self.status)
        except OSError:
            pass  # a missed heartbeat is no reason to lose work; a full disk shows at the next commit

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.status.state == "running":
            self.release("stopped")


def _claim(target: Path, path: str | os.PathLike[str], mine: Status, instead_of: Status | None = None) -> Status | None:
    """Write ``own`` if nobody (or ``instead_of``) is at work; otherwise the Status of who is."""
    try:
        with _locked(target.parent) as exclusive:
            other = _read(target)
            if other is not None and other.token == mine.token:
                return None
            if other is not None and other.active() and other != instead_of:
                return other
            if exclusive:
                remove_leftovers(target)
            _write(target, replace(mine, heartbeat=time.time()))
        if not exclusive:
            time.sleep(_SETTLE)
        winner = _read(target)
    except OSError as error:
        raise InputError(f"{path}: cannot write {target.name} beside it: {error.strerror or error}") from error
    return winner if winner is not None and winner.token != mine.token else None


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the folder's advisory lock; yields False where the file system has none (the last claim wins there)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            exclusive = True
        except OSError:
            exclusive = False
        yield exclusive
    finally:
        os.close(descriptor)


def _read(target: Path) -> Status | None:
    return read_status(str(target).removesuffix(".run"))


def _write(target: Path, status: Status) -> None:
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")
    try:
        temporary.write_text(json.dumps(asdict(status), indent=1) + "\n")
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def _myself(ranks: int) -> Status:
    now, pid = time.time(), os.getpid()
    host = socket.gethostname()
    return Status(secrets.token_hex(8), host, _boot(), _namespace(), pid, _process_start(pid), now, now, ranks=ranks)


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _process_start(pid: int) -> str:
    """Return the start time of process ``pid`` as the system writes it; empty for no process or a zombie."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if after_name[0] in "ZX" else after_name[19]
    except FileNotFoundError:
        if os.path.exists("/proc/self/stat"):
            return ""
    except OSError:
        return ""
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()
