"""The result file: what goes in comes out, and nothing but data is written."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from stored import assert_holds, forest, header, leaf

from trajectories.errors import InputError
from trajectories.results import layout, provenance, storage
from trajectories.results.layout import Header, Records
from trajectories.results.ownership import Ownership
from trajectories.results.reader import read
from trajectories.results.storage import Store
from trajectories.sampling.reduction_tree import Forest


def records() -> Records:
    n = np.arange(3)
    channels = np.arange(5, dtype=np.int32)
    return Records(n * 0, n, n % 2, 1 - n % 2, np.array([0, 2, 2, 5]), np.linspace(0, 1, 5), channels)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.h5"


@pytest.fixture
def stored(path: Path) -> Path:
    with Store.create(path, header(), leaf(0), groups=4, blocks=16) as store:
        store.commit({0: forest(10).nodes()})
    return path


def test_what_goes_in_comes_out(path: Path) -> None:
    with Store.create(path, header(3), leaf(0), groups=4, blocks=[16, 7, 9]) as store:
        for point in (2, 0):
            for blocks in (1, 5, 7):
                store.commit({point: forest(blocks, point=point).nodes()})
    assert_holds(path, 0, forest(7))
    assert_holds(path, 1, Forest(4))
    assert_holds(path, 2, forest(7, point=2))
    with read(path) as file:
        given, found = header(3), file.header
        assert (found.text, found.digest, found.seed, found.meta) == (given.text, given.digest, given.seed, given.meta)
        for one, other in zip(given.plans, found.plans, strict=True):
            assert one.keys() == other.keys()
            assert all(np.array_equal(one[n], other[n]) and one[n].dtype == other[n].dtype for n in one)
        assert (file.points, file.groups, file.blocks.tolist()) == (3, 4, [16, 7, 9])
        assert file.records() is None


def test_h5py_alone_finds_everything_by_the_documented_paths(stored: Path) -> None:
    with h5py.File(stored) as file:
        assert file.attrs["format"] == "trajectories result" and file.attrs["format_version"] == 5
        assert {"created", "program", "git", "python", "numpy", "numba", "scipy", "h5py", "cpu"} <= set(file.attrs)
        assert file["run/text"][0].decode() == header().text
        nodes = file["nodes"]
        keys = list(zip(*(nodes[name][()].tolist() for name in ("group", "level", "index")), strict=True))
        assert keys == list(forest(10).nodes()) and set(nodes["point"][()]) == {0}
        for row, key in enumerate(keys):
            for name, value in forest(10).nodes()[key]._asdict().items():
                np.testing.assert_array_equal(nodes[name][row], value)
        np.testing.assert_array_equal(file["plan/rates"][0], [0, 1, 2])


def documented() -> tuple[dict[str, int], set[str]]:
    """Number of dimensions of each documented dataset, and the attributes of all groups."""
    rows = re.findall(r"^    (/[\w/]*) +(\(.*?\))?((?:.|\n {8})*)", layout.__doc__ or "", re.MULTILINE)
    dimensions = {path: len(re.findall(r"[^(), ][^(),]*", shape)) for path, shape, _ in rows if shape}
    words = " ".join(re.split("attributes?: ", rest, maxsplit=1)[-1] for _, shape, rest in rows if not shape)
    return dimensions, set(re.findall(r"\w+", re.sub(r"\(.*?\)|\".*?\"", "", words)))


def test_the_documented_layout_is_that_of_a_file(path: Path) -> None:
    """Paths, dimensions and attributes, in both directions; NAME stands for the names of the plan's arrays."""
    with Store.create(path, header(3), leaf(0), groups=4, blocks=16) as store:
        store.commit({0: forest(10).nodes()})
        store.write_records(records())
    dimensions, attributes = documented()
    found, named = {}, set()

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        named.update(item.attrs)
        if isinstance(item, h5py.Dataset):
            found["/" + name.replace("plan/rates", "plan/NAME").replace("plan/map", "plan/NAME")] = item

    with h5py.File(path) as file:
        named.update(file.attrs)
        file.visititems(note)
        ragged = dimensions.pop("/plan/NAME")
        assert found.pop("/plan/NAME").ndim > 0 and ragged > 0
        assert {name: item.ndim for name, item in found.items()} == dimensions
        assert named <= attributes
        assert all(item.fletcher32 for item in found.values() if item.size)


def test_empty_dimensions_are_stored_too(path: Path) -> None:
    block = leaf(0, shape=(2, 0, 0))
    assert block.mean.size == block.comoment.size == block.histogram.size == 0
    with Store.create(path, header(), block, groups=1, blocks=1) as store:
        store.commit({0: {(0, 0, 0): block}})
    with read(path) as file:
        assert file.load(0)[0, 0, 0].histogram.shape == block.histogram.shape
        np.testing.assert_array_equal(file.load(0)[0, 0, 0].density, block.density)


def test_a_commit_does_not_touch_the_file_before(stored: Path) -> None:
    before = stored.read_bytes()
    with open(stored, "rb") as old, Store(stored) as store:
        store.commit({0: forest(16).nodes()})
        assert old.read() == before
    assert stored.read_bytes() != before
    assert os.listdir(stored.parent) == [stored.name]


def test_finished_points_are_copied(path: Path) -> None:
    """Points in any order, of which the first and the last are written again."""
    with Store.create(path, header(5), leaf(0), groups=4, blocks=16) as store:
        for point in (3, 1, 4, 0, 2):
            store.commit({point: forest(9, point=point).nodes()})
        store.commit({3: forest(16, point=3).nodes(), 2: {}})
    for point, blocks in enumerate((9, 9, 0, 16, 9)):
        assert_holds(path, point, forest(blocks, point=point))


def test_without_new_nodes_nothing_is_written(stored: Path) -> None:
    with Store(stored) as store:
        before = stored.stat().st_ino
        store.commit({0: forest(10).nodes()})
        assert stored.stat().st_ino == before
        store.commit({0: forest(11).nodes()})
        assert stored.stat().st_ino != before


def test_commits_take_a_twentieth_of_the_time(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, duration = 0.0, 0.01
    monkeypatch.setattr(storage.time, "monotonic", lambda: now)

    def synchronise(descriptor: int) -> None:
        nonlocal now
        now += duration / 2  # file and folder

    monkeypatch.setattr(os, "fsync", synchronise)
    with Store(stored) as store:
        assert store.due
        store.commit({0: forest(11).nodes()})
        for pause, due in ((0.9, False), (0.2, True)):
            now += pause
            assert store.due == due
        duration = 2.0
        store.commit({0: forest(12).nodes()})
        for pause, due in ((39.0, False), (2.0, True)):
            now += pause
            assert store.due == due


def test_asking_for_more_keeps_what_is_there(stored: Path) -> None:
    with Store(stored) as store:
        store.extend(4096)
        assert store.blocks.tolist() == [4096]
        store.commit({0: forest(100).nodes()})
        store.extend(4096)  # no change: nothing to do
    assert_holds(stored, 0, forest(100))
    with Store(stored) as store:
        newer = header()
        store.extend(8192, Header("another text", "abc123", 1, {}, newer.plans))
        assert store.header.text == "another text"
    assert_holds(stored, 0, forest(100))
    assert os.listdir(stored.parent) == [stored.name]


def test_asking_for_more_keeps_every_point_apart(path: Path) -> None:
    points = 300  # more than are moved at once
    with Store.create(path, header(points), leaf(0), groups=4, blocks=4) as store:
        store.commit({point: forest(3, point=point).nodes() for point in range(points)})
        store.extend(np.arange(points) + 5000)
        assert store.blocks[7] == 5007
    for point in (0, 1, 255, 256, 299):
        assert_holds(path, point, forest(3, point=point))


def test_blocks_far_out_of_order_are_stored(path: Path) -> None:
    scattered = Forest(1)
    with Store.create(path, header(), leaf(0), groups=1, blocks=512) as store:
        for index in range(0, 512, 2):
            scattered.add(index, leaf(index))
            if index % 64 == 0:
                store.commit({0: scattered.nodes()})
        store.commit({0: scattered.nodes()})
    assert_holds(path, 0, scattered)


def test_records_are_kept_through_extension(stored: Path) -> None:
    with Store(stored) as store:
        store.write_records(records())
        store.extend(64)
    with read(stored) as file:
        found = file.records()
        assert found is not None
        for a, b in zip(found, records(), strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype
    assert_holds(stored, 0, forest(10))


def test_working_on_it_elsewhere_is_noted(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(stored) as store:
        store.commit({0: forest(11).nodes()})
    with read(stored) as file:
        assert len(file.sessions) == 1
    here = provenance.environment()
    for i in range(70):
        cpu = {"cpu": f"another processor {i}"}
        monkeypatch.setattr("trajectories.results.storage.environment", lambda cpu=cpu: here | cpu)
        with Store(stored) as store:
            store.extend(100 + i)
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

    def look() -> None:
        while not stop.is_set():
            with read(path) as file:
                nodes = file.load(0)
                for key, block in nodes.items():
                    rebuilt = Forest(2)
                    for j in range(key[2] << key[1], (key[2] + 1) << key[1]):
                        rebuilt.add(key[0] + 2 * j, leaf(key[0] + 2 * j))
                    assert block.m4.tobytes() == rebuilt.nodes()[key].m4.tobytes()
                seen.append(file.blocks_done(0))

    reader = threading.Thread(target=look)
    reader.start()
    with store:
        for index in range(200):
            grown.add(index, leaf(index))
            if index % 4 == 3:
                store.commit({0: grown.nodes()})
            looks = len(seen)
            while index % 50 == 25 and len(seen) < looks + 3 and reader.is_alive():
                time.sleep(0.001)  # so that looks fall between the first commit and the last
    stop.set()
    reader.join()
    assert seen == sorted(seen) and len({done for done in seen if 0 < done < 200}) >= 4
    assert_holds(path, 0, expected)


def test_a_reader_keeps_the_snapshot_that_it_has_opened(stored: Path) -> None:
    with read(stored) as file, Store(stored) as store:
        store.commit({0: forest(16).nodes()})
        assert file.blocks_done(0) == 10
        assert file.load(0).keys() == forest(10).nodes().keys()
    assert_holds(stored, 0, forest(16))


def test_the_guard_is_asked_before_anything_is_written(stored: Path) -> None:
    def refuse() -> None:
        raise PermissionError("not ours")

    before = stored.read_bytes()
    with Store(stored, guard=refuse) as store:
        for attempt in (lambda: store.commit({0: forest(16).nodes()}), lambda: store.extend(999)):
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
    with Store(stored, guard=ours_at_first) as store, pytest.raises(RuntimeError, match="taken over"):
        store.extend(999)
    assert stored.read_bytes() == before
    assert os.listdir(stored.parent) == [stored.name]


def test_a_file_behind_a_link_is_replaced_behind_it(stored: Path) -> None:
    link = stored.with_name("link.h5")
    link.symlink_to(stored)
    with Store(link) as store:
        store.extend(64)
    assert link.is_symlink()
    with read(stored) as file:
        assert file.blocks.tolist() == [64]


def test_leftovers_of_a_killed_writer_are_removed_by_the_next_owner(stored: Path) -> None:
    mine, other = stored.with_name(".r.h5.0123456789ab.tmp"), stored.with_name(".s.h5.0123456789ab.tmp")
    for leftover in (mine, other):
        leftover.write_text("half a file")
    with Ownership.acquire(stored):
        assert not mine.exists()
        assert other.exists()


def test_many_points_need_no_more_datasets_and_little_space(path: Path) -> None:
    """A point takes what its nodes need."""
    with Store.create(path, header(2000), leaf(0), groups=16, blocks=64) as store:
        for first in range(0, 2000, 500):
            nodes = {(g, 2, 0): leaf(g) for g in range(16)}
            store.commit({point: nodes for point in range(first, first + 500)})
        node = sum(np.asarray(value).nbytes for value in leaf(0)) + 4 * 8
    with h5py.File(path) as file:
        names: list[str] = []
        file.visit(names.append)
        assert len(names) < 40
    assert path.stat().st_size < 2000 * 16 * node * 1.2 + 1_000_000
    with read(path) as file:
        assert sum(file.blocks_done(point) for point in range(2000)) == 2000 * 64


def test_a_copy_is_as_good(stored: Path) -> None:
    copy = stored.with_name("copy.h5")
    shutil.copy(stored, copy)
    assert_holds(copy, 0, forest(10))
