"""The result file: what goes in comes out, and nothing but data is written."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from stored import assert_holds, forest, header, leaf

from trajectories.errors import InputError
from trajectories.results import provenance, reader
from trajectories.results.raw_file import RawFile
from trajectories.results.storage import Header, Records, Store, read
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.statistics import Block


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.h5"


@pytest.fixture
def stored(path: Path) -> Path:
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit(0, forest(10).nodes())
    return path


def test_what_goes_in_comes_out(path: Path) -> None:
    with Store.create(path, header(3), leaf(0), groups=4, blocks=[16, 7, 9]) as store:
        for point in (2, 0):
            for blocks in (1, 5, 7):
                store.commit(point, forest(blocks, point=point).nodes())
    assert_holds(path, 0, forest(7))
    assert_holds(path, 1, Forest(4))
    assert_holds(path, 2, forest(7, point=2))
    with read(path) as file:
        given, found = header(3), file.header
        assert (found.text, found.digest, found.seed, found.meta) == (given.text, given.digest, given.seed, given.meta)
        for a, b in ((given.plans, found.plans), (given.models, found.models)):
            assert len(a) == len(b) == 3
            for one, other in zip(a, b, strict=True):
                assert one.keys() == other.keys()
                assert all(np.array_equal(one[n], other[n]) and one[n].dtype == other[n].dtype for n in one)
        assert (file.points, file.groups, file.blocks.tolist()) == (3, 4, [16, 7, 9])
        assert file.records() is None


def test_a_stranger_with_h5py_finds_everything_by_the_documented_paths(stored: Path) -> None:
    """The layout text of storage.py, followed by hand."""
    with h5py.File(stored) as file:
        assert file.attrs["format"] == "trajectories result" and file.attrs["format_version"] == 4
        assert {"created", "program", "git", "python", "numpy", "numba", "scipy", "h5py", "cpu"} <= set(file.attrs)
        assert file["run/text"][()].decode() == header().text
        heads = file["directory/heads"][0]
        side = int(np.argmax(heads["sequence"]))
        entries = file["directory/entries"][0, side, : heads["length"][side]]
        for entry in entries:
            key = int(entry["group"]), int(entry["level"]), int(entry["index"])
            for name, value in forest(10).nodes()[key]._asdict().items():
                np.testing.assert_array_equal(file["blocks"][name][entry["slot"]], value)
        np.testing.assert_array_equal(file["plan/rates"][0], [0, 1, 2])


def test_empty_dimensions_are_stored_too(path: Path) -> None:
    block = leaf(0, shape=(2, 0, 0))
    assert block.mean.size == block.comoment.size == block.histogram.size == 0
    with Store.create(path, header(), block, groups=1, blocks=1) as store:
        store.commit(0, {(0, 0, 0): block})
    with read(path) as file:
        assert file.load(0)[0, 0, 0].histogram.shape == block.histogram.shape
        np.testing.assert_array_equal(file.load(0)[0, 0, 0].density, block.density)


def test_a_commit_writes_raw_data_only_and_never_over_what_holds(stored: Path) -> None:
    before = stored.read_bytes()
    with h5py.File(stored) as file:
        inside = np.zeros(len(before), bool)
        for name in [f"blocks/{field}" for field in Block._fields] + ["directory/heads", "directory/entries"]:
            dataset = file[name]
            start = dataset.id.get_offset()
            inside[start : start + dataset.id.get_storage_size()] = True
        with read(stored) as reader:
            held = reader._entries[0]["slot"]
        for name in Block._fields:
            dataset = file["blocks"][name]
            size = dataset.id.get_storage_size() // len(dataset)
            for slot in held:  # the nodes of the directory that holds are not to be touched
                inside[dataset.id.get_offset() + slot * size : dataset.id.get_offset() + (slot + 1) * size] = False
    with Store.open(stored) as store:
        store.commit(0, forest(16).nodes())
    after = stored.read_bytes()
    assert len(after) == len(before)
    changed = np.flatnonzero(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    assert len(changed) > 0
    assert inside[changed].all()


def test_nodes_already_in_the_file_are_not_written_again(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(stored) as store:
        written: list[int] = []
        write_node = store._write_node

        def noted(slot: int, block: Block) -> int:
            written.append(slot)
            return write_node(slot, block)

        monkeypatch.setattr(store, "_write_node", noted)
        store.commit(0, forest(10).nodes())
        assert written == []
        store.commit(0, forest(11).nodes())
        assert len(written) == 1


def test_asking_for_more_keeps_what_is_there(stored: Path) -> None:
    with Store.open(stored) as store:
        store.extend(4096)
        assert store.blocks.tolist() == [4096]
        store.commit(0, forest(100).nodes())
        store.extend(4096)  # no change: nothing to do
    assert_holds(stored, 0, forest(100))
    with Store.open(stored) as store:
        newer = header()
        store.extend(8192, Header("another text", "abc123", 1, {}, newer.plans, newer.models))
        assert store.header.text == "another text"
    assert_holds(stored, 0, forest(100))
    assert os.listdir(stored.parent) == [stored.name]


def test_asking_for_more_keeps_every_point_apart(path: Path) -> None:
    points = 300  # more than are moved at once
    with Store.create(path, header(points), leaf(0), groups=4, blocks=4) as store:
        store.commit_points({point: forest(3, point=point).nodes() for point in range(points)})
        store.extend(np.arange(points) + 5000)
        assert store.blocks[7] == 5007
    for point in (0, 1, 255, 256, 299):
        assert_holds(path, point, forest(3, point=point))


def test_blocks_far_out_of_order_move_to_a_larger_file(path: Path) -> None:
    scattered = Forest(1)
    with Store.create(path, header(), leaf(0), groups=1, blocks=512) as store:
        capacity = store._contents.extent.capacity
        for index in range(0, 512, 2):
            scattered.add(index, leaf(index))
            if index % 32 == 0:
                store.commit(0, scattered.nodes())
        store.commit(0, scattered.nodes())
        assert store._contents.extent.capacity > capacity
    assert_holds(path, 0, scattered)


def test_records_are_kept_through_extension(stored: Path) -> None:
    n = np.arange(3)
    channels = np.arange(5, dtype=np.int32)
    records = Records(n * 0, n, n % 2, 1 - n % 2, np.array([0, 2, 2, 5]), np.linspace(0, 1, 5), channels)
    with Store.open(stored) as store:
        store.write_records(records)
        store.extend(64)
    with read(stored) as file:
        found = file.records()
        assert found is not None
        for a, b in zip(found, records, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    assert_holds(stored, 0, forest(10))


def test_working_on_it_elsewhere_is_noted(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.open(stored).close()
    with read(stored) as file:
        assert len(file.sessions) == 1
    here = provenance.environment()
    for cpu in [f"another processor {i}" for i in range(70)]:
        monkeypatch.setattr("trajectories.results.storage.environment", lambda cpu=cpu: here | {"cpu": cpu})
        Store.open(stored).close()
    with Store.open(stored) as store:
        store.extend(64)
    with read(stored) as file:
        assert len(file.sessions) == 64
        assert file.sessions[0]["cpu"] == here["cpu"]
        assert file.sessions[1]["cpu"] == "another processor 0"
        assert file.sessions[-1]["cpu"] == "another processor 69"


def test_a_reader_sees_whole_commits_while_they_are_written(path: Path) -> None:
    grown, expected = Forest(2), forest(200, groups=2)
    store = Store.create(path, header(), leaf(0), groups=2, blocks=256)
    seen: list[int] = []
    stop = threading.Event()
    with read(path) as early:

        def look() -> None:
            while not stop.is_set():
                with read(path) as file:
                    for source in (file, early):
                        source._load_directory(0)
                        nodes = source.load(0)
                        for key, block in nodes.items():
                            rebuilt = Forest(2)
                            for j in range(key[2] << key[1], (key[2] + 1) << key[1]):
                                rebuilt.add(key[0] + 2 * j, leaf(key[0] + 2 * j))
                            assert block.m4.tobytes() == rebuilt.nodes()[key].m4.tobytes()
                        seen.append(source.blocks_done(0))

        reader = threading.Thread(target=look)
        reader.start()
        with store:
            for index in range(200):
                grown.add(index, leaf(index))
                store.commit(0, grown.nodes())
                looks = len(seen)
                while index % 50 == 25 and len(seen) < looks + 3 and reader.is_alive():
                    time.sleep(0.001)  # so that looks fall between the first commit and the last
        stop.set()
        reader.join()
    assert seen == sorted(seen) and len({done for done in seen if 0 < done < 200}) >= 4
    assert_holds(path, 0, expected)


def test_slots_of_merged_nodes_are_used_again(path: Path) -> None:
    """256 commits of one block each write 511 nodes; there is room for what is alive, and that is enough."""
    grown = Forest(2)
    with Store.create(path, header(), leaf(0), groups=2, blocks=256) as store:
        size, slots = path.stat().st_size, store._contents.extent.slots
        assert slots < 100
        for index in range(256):
            grown.add(index, leaf(index))
            store.commit(0, grown.nodes())
        assert store._contents.extent.slots == slots and path.stat().st_size == size
    assert_holds(path, 0, forest(256, groups=2))


def test_the_guard_is_asked_before_anything_is_written(stored: Path) -> None:
    def refuse() -> None:
        raise PermissionError("not ours")

    before = stored.read_bytes()
    with Store.open(stored, guard=refuse) as store:
        for attempt in (lambda: store.commit(0, forest(16).nodes()), lambda: store.extend(999)):
            with pytest.raises((PermissionError, InputError), match="not ours"):
                attempt()
    assert stored.read_bytes() == before
    assert os.listdir(stored.parent) == [stored.name]


def test_one_who_is_replaced_while_he_copies_does_not_move_the_copy_in(stored: Path) -> None:
    asked: list[int] = []

    def ours_at_first() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise RuntimeError("taken over")

    before = stored.read_bytes()
    with Store.open(stored, guard=ours_at_first) as store, pytest.raises(RuntimeError, match="taken over"):
        store.extend(999)
    assert stored.read_bytes() == before
    assert os.listdir(stored.parent) == [stored.name]


def test_a_file_behind_a_link_is_replaced_behind_it(stored: Path) -> None:
    link = stored.with_name("link.h5")
    link.symlink_to(stored)
    with Store.open(link) as store:
        store.extend(64)
    assert link.is_symlink()
    with read(stored) as file:
        assert file.blocks.tolist() == [64]


def test_leftovers_of_a_killed_writer_are_removed(stored: Path) -> None:
    mine, other = stored.with_name(".r.h5.0123456789ab.tmp"), stored.with_name(".s.h5.0123456789ab.tmp")
    for leftover in (mine, other):
        leftover.write_text("half a file")
    Store.open(stored).close()
    assert not mine.exists()
    assert other.exists()


def test_many_points_need_no_more_datasets_and_little_space(path: Path) -> None:
    """Slots are shared: a point takes what its nodes need, not the worst case of each."""
    with Store.create(path, header(2000), leaf(0), groups=16, blocks=64) as store:
        for first in range(0, 2000, 500):
            nodes = {(g, 2, 0): leaf(g) for g in range(16)}
            store.commit_points({point: nodes for point in range(first, first + 500)})
        node = sum(field.size for field in store._contents.fields.values())
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        assert len(names) < 40
    assert path.stat().st_size < 2000 * 16 * node * 1.5 + 8_000_000
    with read(path) as file:
        assert sum(file.blocks_done(point) for point in range(2000)) == 2000 * 64


def test_a_file_that_is_replaced_at_every_look_is_given_up(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[RawFile] = []

    def another(path: Path, writable: bool) -> RawFile:
        opened.append(RawFile(path, writable))
        opened[-1].inode = (0, len(opened))
        return opened[-1]

    monkeypatch.setattr(reader, "RawFile", another)
    with pytest.raises(InputError, match="is being replaced over and over; wait for the run that does so"):
        read(stored)
    assert len(opened) == 50 and {file._descriptor for file in opened} == {-1}  # all closed again


def test_a_copy_is_as_good(stored: Path) -> None:
    copy = stored.with_name("copy.h5")
    shutil.copy(stored, copy)
    assert_holds(copy, 0, forest(10))
