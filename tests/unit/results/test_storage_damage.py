"""Damaged, foreign and unwritable result files are refused in one line; lost power and full disks lose nothing."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from stored import assert_holds, forest, header, leaf

from trajectories.errors import InputError
from trajectories.results.container import HEAD
from trajectories.results.raw_file import RawFile
from trajectories.results.storage import Store, read


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.h5"


@pytest.fixture
def stored(path: Path) -> Path:
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit(0, forest(10).nodes())
    return path


def damage(path: Path, dataset: str, byte: int = 0) -> None:
    with h5py.File(path) as file:
        offset = file[dataset].id.get_offset() + byte
    with open(path, "r+b") as plain:
        plain.seek(offset)
        old = plain.read(1)
        plain.seek(offset)
        plain.write(bytes([old[0] ^ 0x40]))


def foreign(path: Path) -> None:
    path.unlink()
    with h5py.File(path, "w") as file:
        file["x"] = 1


def of_version(version: int, path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = version


def without_group(name: str, path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]


def folder_instead(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD = {
    "missing": (lambda p: p.unlink(), "no such file"),
    "folder": (folder_instead, "a folder"),
    "empty": (lambda p: p.write_bytes(b""), "is empty"),
    "text": (lambda p: p.write_text("[system]\n"), "not an HDF5 file"),
    "foreign": (foreign, "no result of this program: its attribute 'format'"),
    "newer": (lambda p: of_version(5, p), "format version 5 is newer than this program reads (4)"),
    "older": (lambda p: of_version(2, p), "format version 2 is older than this program reads (4)"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-5000]), "damaged or incomplete"),
    "half": (lambda p: p.write_bytes(p.read_bytes()[:700]), "damaged or incomplete"),
    "no run": (lambda p: without_group("run", p), "damaged or incomplete"),
    "no field": (lambda p: without_group("blocks/m3", p), "damaged or incomplete"),
    "plan": (lambda p: damage(p, "plan/rates"), "/plan do not match their stored checksum"),
    "model": (lambda p: damage(p, "model/H"), "/model do not match their stored checksum"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("opening", [read, Store.open], ids=["read", "write"])
def test_a_file_that_cannot_be_used_is_refused_in_one_line(stored: Path, name: str, opening: object) -> None:
    spoil, message = BAD[name]
    spoil(stored)
    before = stored.read_bytes() if stored.is_file() else None
    with pytest.raises(InputError) as caught:
        opening(stored)  # type: ignore[operator]
    assert message in str(caught.value) and str(stored) in str(caught.value) and "\n" not in str(caught.value)
    assert (stored.read_bytes() if stored.is_file() else None) == before


@pytest.mark.parametrize("field", ["count", "m4", "density", "log_weight"])
def test_a_damaged_node_is_found_and_named(stored: Path, field: str) -> None:
    with read(stored) as file:
        entry, size = file._entries[0][-1], file._contents.fields[field].size
    slot, key = int(entry["slot"]), (entry["group"], entry["level"], entry["index"])
    damage(stored, f"blocks/{field}", slot * size + size - 1)
    message = r"node \(group {}, level {}, index {}\) of point 0".format(*key)
    with read(stored) as file, pytest.raises(InputError, match=message):
        file.load(0)


def test_a_torn_directory_gives_way_to_the_one_before(path: Path) -> None:
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit(0, forest(4).nodes())  # side 1
        store.commit(0, forest(4).nodes())  # side 0
    damage(path, "directory/entries", 0)
    assert_holds(path, 0, forest(4))
    with Store.open(path) as store:
        store.commit(0, forest(9).nodes())
    assert_holds(path, 0, forest(9))
    damage(path, "directory/heads", 0)
    damage(path, "directory/heads", 16)
    with pytest.raises(InputError, match="both directories of point 0"):
        read(path)


def test_a_directory_of_impossible_length_gives_way_too(path: Path) -> None:
    """More entries than there is room for, indeed than the file has bytes."""
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit(0, forest(3).nodes())  # side 1
        store.commit(0, forest(4).nodes())  # side 0
    length = HEAD.fields["length"][1]
    damage(path, "directory/heads", length + HEAD["length"].itemsize - 1)  # the highest byte
    assert_holds(path, 0, forest(3))


def test_places_that_cannot_be_written_are_refused(stored: Path) -> None:
    for place, message in [
        (stored, "exists already"),
        (stored.parent / "nowhere" / "r.h5", "No such file or directory"),
        (stored / "r.h5", "Not a directory"),
    ]:
        with pytest.raises(InputError, match=message):
            Store.create(place, header(), leaf(0), groups=4, blocks=16)
    assert_holds(stored, 0, forest(10))


NO_PERMISSION = """
import sys
sys.path[:0] = sys.argv[2:]
from stored import header, leaf
from trajectories.errors import InputError
from trajectories.results.storage import Store
try:
    Store.create(sys.argv[1], header(), leaf(0), groups=4, blocks=16)
except InputError as error:
    print(error)
"""


def root_may_not_override() -> None:
    """Give up, for the program that is about to start, root's rights to write and to enter everywhere."""
    drop_from_bounding_set, override, read_search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
    for right in (override, read_search):
        ctypes.CDLL(None).prctl(drop_from_bounding_set, right, 0, 0, 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="rights of root need Linux")
@pytest.mark.parametrize("mode", [0o500, 0o600], ids=["read only", "not to be entered"])
def test_a_folder_without_permission_is_refused(stored: Path, mode: int) -> None:
    os.chmod(stored.parent, mode)
    program = [sys.executable, "-c", NO_PERMISSION, str(stored.with_name("other.h5")), str(Path(__file__).parent)]
    done = subprocess.run(
        [*program, *sys.path[:1]], capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3],
        preexec_fn=root_may_not_override,
    )  # fmt: skip
    os.chmod(stored.parent, 0o700)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{stored.with_name('other.h5')}: cannot create the file: Permission denied\n"
    assert os.listdir(stored.parent) == [stored.name]


FULL_DISK = """
import resource, sys
sys.path[:0] = sys.argv[3:]
from stored import forest, header, leaf
from trajectories.errors import InputError
from trajectories.results.storage import Store
with Store.open(sys.argv[1]) as store:
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for write in (lambda: store.commit(0, forest(16).nodes()), lambda: store.extend(100_000)):
        try:
            write()
        except InputError as error:
            print(error)
"""


def test_a_full_disk_is_one_line_and_costs_nothing_committed(stored: Path) -> None:
    """A limit on the size of files stands in for the full disk: the system refuses the write in the same place."""
    with h5py.File(stored) as file:
        limit = file["blocks/density"].id.get_offset()
    program = [sys.executable, "-c", FULL_DISK, str(stored), str(limit), str(Path(__file__).parent), *sys.path[:1]]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 2
    assert "cannot write the file" in lines[0] and "what was committed before is intact" in lines[0]
    assert "cannot create the file" in lines[1]
    assert_holds(stored, 0, forest(10))
    assert os.listdir(stored.parent) == [stored.name]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit


def crashed(before: bytes, steps: list, synced: int, rng: np.random.Generator) -> bytes:
    """The file after a loss of power: writes before the last sync are there, of the later ones any part."""
    image = bytearray(before)
    for number, (offset, raw) in enumerate(steps):
        if number < synced:
            image[offset : offset + len(raw)] = raw
        elif rng.random() < 0.5:
            part = raw[: rng.integers(len(raw) + 1)] if rng.random() < 0.3 else raw
            image[offset : offset + len(part)] = part
    return bytes(image)


@pytest.mark.parametrize("honest", [True, False], ids=["syncs", "control: syncs do nothing"])
def test_lost_power_leaves_the_old_or_the_new(stored: Path, monkeypatch: pytest.MonkeyPatch, honest: bool) -> None:
    before = stored.read_bytes()
    steps: list[tuple[int, bytes]] = []
    syncs: list[int] = []
    write, sync = RawFile.write, RawFile.sync

    def noted_write(self: RawFile, raw: bytes, offset: int) -> None:
        steps.append((offset, raw))
        write(self, raw, offset)

    def noted_sync(self: RawFile) -> None:
        syncs.append(len(steps))
        sync(self)

    monkeypatch.setattr(RawFile, "write", noted_write)
    monkeypatch.setattr(RawFile, "sync", noted_sync)
    with Store.open(stored) as store:
        store.commit(0, forest(11).nodes())
        store.commit(0, forest(16).nodes())
    monkeypatch.undo()
    assert len(syncs) == 4 and syncs[-1] == len(steps)
    states = {n: forest(n) for n in (10, 11, 16)}
    rng = np.random.default_rng(1)
    bad = 0
    for at in range(len(steps) + 1):
        passed = [s for s in syncs if s <= at]
        for _ in range(4):
            stored.write_bytes(crashed(before, steps[:at], passed[-1] if passed and honest else 0, rng))
            try:
                with read(stored) as file:
                    done = file.blocks_done(0)
                    if done < (10, 11, 16)[len(passed) // 2]:  # a commit that returned is lost
                        bad += 1
                    else:
                        assert_holds(stored, 0, states[done])
            except InputError:
                bad += 1
    assert (bad == 0) == honest
