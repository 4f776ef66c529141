"""What ranks leave behind when they are killed is removed: segments of shared memory, and files of mpiexec."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

SHARED = Path("/dev/shm")
PREFIXES = ("mpich_shm_", "ucx_shm_")


def segments() -> set[str]:
    """Names of the segments that MPI libraries have made."""
    try:
        return {path.name for path in SHARED.iterdir() if path.name.startswith(PREFIXES)}
    except OSError:
        return set()


def in_use() -> str:
    """What all processes that can be looked at have mapped."""
    found = []
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            found.append(maps.read_text())
        except OSError:
            continue
    return "\n".join(found)


@pytest.fixture(scope="session")
def there_before() -> set[str]:
    return segments()


@pytest.fixture(autouse=True)
def nothing_is_left(there_before: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Segments that have appeared and that nobody uses; other tests may be running ranks at the same time."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield
    appeared = segments() - there_before
    used = in_use() if appeared else ""
    for name in appeared:
        if name not in used:
            (SHARED / name).unlink(missing_ok=True)
