"""Damaged, foreign and unwritable result files are refused in one line; lost power and full disks lose nothing."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from stored import assert_holds, forest, header, leaf

from trajectories.errors import InputError
from trajectories.results.reader import read
from trajectories.results.storage import Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.h5"


@pytest.fixture
def stored(path: Path) -> Path:
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit({0: forest(10).nodes()})
    return path


def damage(path: Path, dataset: str, byte: int = 0) -> None:
    """Flip a bit of a dataset's last chunk."""
    with h5py.File(path) as file:
        last = file[dataset].id.get_num_chunks() - 1
        offset = file[dataset].id.get_chunk_info(last).byte_offset + byte
    flip(path, offset, 0x40)


def flip(path: Path, offset: int, bits: int) -> None:
    with open(path, "r+b") as plain:
        plain.seek(offset)
        old = plain.read(1)
        plain.seek(offset)
        plain.write(bytes([old[0] ^ bits]))


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
    "words": (lambda p: p.write_text("[system]\n"), "not an HDF5 file"),
    "foreign": (foreign, "no result of this program: its attribute 'format'"),
    "newer": (lambda p: of_version(6, p), "format version 6 is newer than this program reads (5)"),
    "older": (lambda p: of_version(4, p), "format version 4 is older than this program reads (5)"),
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-5000]), "damaged or incomplete"),
    "half": (lambda p: p.write_bytes(p.read_bytes()[:700]), "damaged or incomplete"),
    "no run": (lambda p: without_group("run", p), "damaged or incomplete"),
    "no field": (lambda p: without_group("nodes/m3", p), "damaged or incomplete"),
    "plan": (lambda p: damage(p, "plan/rates"), "damaged or incomplete (Can't synchronously read data"),
    "text": (lambda p: damage(p, "run/text"), "damaged or incomplete"),
    "keys": (lambda p: damage(p, "nodes/level"), "damaged or incomplete"),
    "rows": (lambda p: without_group("nodes/index", p), "damaged or incomplete"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("opening", [read, Store], ids=["read", "write"])
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
    damage(stored, f"nodes/{field}")
    message = r"damaged or incomplete \(nodes of point 0: .*\); restore it or run anew"
    with read(stored) as file, pytest.raises(InputError, match=message):
        file.load(0)


def test_a_damaged_point_is_not_copied_with_a_new_checksum(path: Path) -> None:
    with Store.create(path, header(2), leaf(0), groups=4, blocks=16) as store:
        store.commit({0: forest(10).nodes()})
    damage(path, "nodes/m4")
    before = path.read_bytes()
    with Store(path) as store, pytest.raises(InputError, match="damaged or incomplete"):
        store.commit({1: forest(10, point=1).nodes()})
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def files_open() -> int:
    """Return the number of HDF5 files that this process has open."""
    return int(h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE))


def chunks_of(path: Path) -> dict[str, tuple[int, int]]:
    """Return place and size of the first chunk of every dataset that is stored in chunks."""
    places: dict[str, tuple[int, int]] = {}

    def collect(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and item.chunks:
            chunk = item.id.get_chunk_info(0)
            places[name] = (chunk.byte_offset, chunk.size)

    with h5py.File(path) as file:
        file.visititems(collect)
    return places


def test_every_flipped_bit_of_a_dataset_is_refused_and_leaves_no_file_open(stored: Path) -> None:
    """A file left open by a refusal would hide the next damage, or the repair: HDF5 shares what it has read of it."""
    whole, rng = stored.read_bytes(), np.random.default_rng(4)
    chunks, before = chunks_of(stored), files_open()
    gc.disable()
    try:
        for name, (first, size) in chunks.items():
            for offset in rng.integers(size, size=10).tolist():
                flip(stored, first + offset, 1 << int(rng.integers(8)))
                with pytest.raises(InputError, match="damaged or incomplete"):
                    assert_holds(stored, 0, forest(10))
                assert files_open() <= before, name
                stored.write_bytes(whole)
                assert_holds(stored, 0, forest(10))
    finally:
        gc.enable()


def test_no_flipped_bit_changes_a_number(stored: Path) -> None:
    """Wherever a bit flips, the file is refused, or everything in it is as it was."""
    whole, rng = stored.read_bytes(), np.random.default_rng(3)
    refused = 0
    for offset in rng.choice(len(whole), 400, replace=False).tolist():
        flip(stored, offset, 1 << int(rng.integers(8)))
        try:
            with read(stored) as file:
                assert (file.header.text, file.header.digest, file.header.seed) == (
                    header().text, header().digest, header().seed,
                )  # fmt: skip
                assert file.header.meta == header().meta and file.blocks.tolist() == [16] and file.groups == 4
                np.testing.assert_array_equal(file.header.plans[0]["rates"], header().plans[0]["rates"])
            assert_holds(stored, 0, forest(10))
        except InputError:
            refused += 1
        stored.write_bytes(whole)
    assert refused > 200


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
    assert done.stdout == f"{stored.with_name('other.h5')}: cannot write the file: Permission denied\n"
    assert os.listdir(stored.parent) == [stored.name]


FULL_DISK = """
import resource, sys
sys.path[:0] = sys.argv[3:]
from stored import forest, header, leaf
from trajectories.errors import InputError
from trajectories.results.storage import Store
with Store(sys.argv[1]) as store:
    limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    for write in (lambda: store.commit({0: forest(16).nodes()}), lambda: store.extend(100_000)):
        try:
            write()
        except InputError as error:
            print(error)
"""


@pytest.mark.parametrize("part", [0.0, 0.1, 0.5, 0.9])
def test_a_full_disk_is_one_line_and_costs_nothing_committed(stored: Path, part: float) -> None:
    """A limit on the size of files stands in for the full disk: the system refuses the write in the same place."""
    limit = int(part * stored.stat().st_size)
    program = [sys.executable, "-c", FULL_DISK, str(stored), str(limit), str(Path(__file__).parent), *sys.path[:1]]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, cwd=Path(__file__).parents[3])
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == 2
    assert all("cannot write the file" in line and "what was committed before is intact" in line for line in lines)
    assert_holds(stored, 0, forest(10))
    assert os.listdir(stored.parent) == [stored.name]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit


@pytest.mark.parametrize("honest", [True, False], ids=["syncs", "control: syncs do nothing"])
def test_lost_power_leaves_the_old_or_the_new(stored: Path, monkeypatch: pytest.MonkeyPatch, honest: bool) -> None:
    """After each step the name stands for the old or the new file, with what was synchronised of it."""
    synchronised = {stored.stat().st_ino: stored.read_bytes()}
    names = [stored.stat().st_ino]  # files that the name may stand for after a loss of power, the oldest first
    after: list[tuple[int, bytes]] = []  # (blocks committed before, possible content of the file)
    committed = 10
    fsync, move = os.fsync, os.replace

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        status = os.fstat(descriptor)
        if honest and stat.S_ISREG(status.st_mode):
            synchronised[status.st_ino] = os.pread(descriptor, status.st_size, 0)
        elif honest:
            del names[:-1]  # the folder
        note()

    def noted_move(source: Path, target: Path) -> None:
        names.append(source.stat().st_ino)
        move(source, target)
        note()

    def note() -> None:
        after.extend((committed, synchronised.get(inode, b"")) for inode in names)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(os, "replace", noted_move)
    with Store(stored) as store:
        for committed in (10, 11):
            store.commit({0: forest({10: 11, 11: 16}[committed]).nodes()})
    committed = 16
    note()
    monkeypatch.undo()
    bad = 0
    for before, content in after:
        stored.write_bytes(content)
        try:
            with read(stored) as file:
                done = file.blocks_done(0)
            assert_holds(stored, 0, forest(done))
            bad += done < before  # a commit that returned is lost
        except InputError:
            bad += 1
    assert len(after) >= 8
    assert (bad == 0) == honest
