"""Bytes at given places: systems that read and write piece by piece, and files that could not be opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from trajectories.errors import InputError
from trajectories.results.raw_file import PatientFile, RawFile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "bytes"
    found.write_bytes(bytes(range(100)))
    return found


def test_a_system_that_moves_little_at_a_time_is_asked_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on network file systems and when a signal comes in between: 7 bytes per call."""
    read, write = os.pread, os.pwrite
    monkeypatch.setattr(os, "pread", lambda descriptor, size, offset: read(descriptor, min(size, 7), offset))
    monkeypatch.setattr(os, "pwrite", lambda descriptor, raw, offset: write(descriptor, bytes(raw)[:7], offset))
    file = RawFile(path, writable=True)
    assert file.read(50, 20) == bytes(range(20, 70))
    file.write(bytes(range(50, 0, -1)), 10)
    file.close()
    assert path.read_bytes() == bytes([*range(10), *range(50, 0, -1), *range(60, 100)])


def test_bytes_beyond_the_end_are_a_truncated_file(path: Path) -> None:
    file = RawFile(path, writable=False)
    with pytest.raises(InputError, match="the file is truncated; restore it or run anew"):
        file.read(10, 95)


def test_a_failing_disk_is_one_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> int:
        raise OSError(5, "the system's own words")

    file = RawFile(path, writable=True)
    monkeypatch.setattr(os, "pread", fails)
    with pytest.raises(InputError, match=r"bytes: cannot read the file: [^;]*$"):
        file.read(1, 0)
    monkeypatch.setattr(os, "pwrite", fails)
    with pytest.raises(InputError, match="bytes: cannot write the file: .*; what was committed before is intact"):
        file.write(b"x", 0)


def test_a_file_whose_opening_failed_is_closed_without_a_word(path: Path) -> None:
    """Python closes it when it is forgotten, and from 3.13 on reports what goes wrong then."""
    with pytest.raises(FileExistsError):
        PatientFile(path)
    never_opened = PatientFile.__new__(PatientFile)
    never_opened.close()
    assert never_opened.closed


def test_failures_of_writing_show_at_the_end_only(tmp_path: Path) -> None:
    with PatientFile(tmp_path / "new") as file:
        assert (file.write(b"abc"), file.tell(), file.truncate(10), file.seek(1)) == (3, 3, 10, 1)
        buffer = bytearray(b"x" * 12)
        assert file.readinto(buffer) == 12 and buffer == b"bc" + bytes(10)
        file.finish()
        for_reading = os.open(tmp_path / "new", os.O_RDONLY)
        os.dup2(for_reading, file.fileno())  # from now on writing fails
        os.close(for_reading)
        assert (file.write(b"abc"), file.truncate(0)) == (3, 0)  # or so it seems
        with pytest.raises(OSError, match="descriptor"):
            file.finish()
    assert (tmp_path / "new").stat().st_size == 10
