"""One writer per result: who gets it, who waits, and who learns that it is his no more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from trajectories.errors import InputError, Interrupted
from trajectories.results import ownership
from trajectories.results.ownership import Busy, Lost, Ownership, Status, read_status


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "r.h5"


def said(path: Path) -> Status:
    status = read_status(path)
    assert status is not None
    return status


def rewrite(path: Path, **changes: object) -> None:
    """Make the status file say something else."""
    target = ownership.status_path(path)
    target.write_text(json.dumps(json.loads(target.read_text()) | changes))


def other_process(path: Path) -> Status:
    """The status left by a process that acquired the result and was killed."""
    acquired = f"Ownership.acquire({str(path)!r})"
    program = f"import os; from trajectories.results.ownership import Ownership; {acquired}; os._exit(9)"
    done = subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parents[3], timeout=60, check=False)
    assert done.returncode == 9
    return said(path)


def test_from_acquire_to_release(path: Path) -> None:
    assert read_status(path) is None
    with Ownership.acquire(path, ranks=4) as owner:
        owner.check()
        assert said(path).active()
        assert (said(path).pid, said(path).ranks, said(path).state) == (os.getpid(), 4, "running")
        owner.beat(3, 10, 2.5e6)
        assert (said(path).done, said(path).total, said(path).rate) == (3, 10, 2.5e6)
        owner.release("complete", 10)
    assert (said(path).state, said(path).done, said(path).total) == ("complete", 10, 10)
    assert not said(path).active()
    assert os.listdir(path.parent) == ["r.h5.run"]
    assert ownership.status_path(path).read_text().startswith("{")


def test_an_exception_leaves_it_stopped(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Ownership.acquire(path):
        raise KeyboardInterrupt
    assert said(path).state == "stopped"
    Ownership.acquire(path, wait=0)


def test_heartbeats_are_few(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = Ownership.acquire(path)
    owner.beat(1, 100)
    first = said(path)
    owner.beat(2, 100)
    assert said(path) == first
    monkeypatch.setattr(ownership, "BEAT_EVERY", 0.0)
    owner.beat(3, 100)
    assert said(path).done == 3
    assert said(path).heartbeat > first.heartbeat


def test_a_live_owner_is_waited_for_and_then_busy(path: Path) -> None:
    Ownership.acquire(path)
    heard: list[str] = []
    started = time.monotonic()
    with pytest.raises(Busy, match=f"is being written by process {os.getpid()} on .* run the same command again"):
        Ownership.acquire(path, wait=0.6, waiting=heard.append)
    assert time.monotonic() - started > 0.5
    assert 1 <= len(heard) <= 4  # it looks every quarter of a second
    assert issubclass(Busy, Interrupted) and issubclass(Lost, Interrupted)


def test_waiting_ends_when_the_owner_does(path: Path) -> None:
    owner = Ownership.acquire(path)
    second = Ownership.acquire(path, wait=20.0, waiting=lambda message: owner.release("stopped"))
    second.check()
    assert said(path).token == second.status.token != owner.status.token


def test_waiting_can_be_given_up(path: Path) -> None:
    def give_up(message: str) -> None:
        raise Interrupted("signal")

    Ownership.acquire(path)
    with pytest.raises(Interrupted, match="signal"):
        Ownership.acquire(path, waiting=give_up)


def test_a_dead_owner_on_this_machine_is_replaced_at_once(path: Path) -> None:
    dead = other_process(path)
    assert dead.state == "running" and dead.gone() and not dead.active()
    Ownership.acquire(path, wait=0)
    assert said(path).token != dead.token


def test_a_corpse_nobody_buried_is_dead(path: Path) -> None:
    """A zombie still has a process number and its old start time."""
    pid = os.fork()
    if pid == 0:
        Ownership.acquire(path)
        os._exit(9)
    deadline = time.monotonic() + 20
    while (read_status(path) is None or not said(path).gone()) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        assert said(path).pid == pid
        Ownership.acquire(path, wait=0)
    finally:
        os.waitpid(pid, 0)


def test_a_reused_process_number_is_not_the_owner(path: Path) -> None:
    Ownership.acquire(path)
    rewrite(path, pid_started="1")
    assert said(path).gone()
    Ownership.acquire(path, wait=0)


def test_before_the_last_boot_is_gone(path: Path) -> None:
    Ownership.acquire(path)
    rewrite(path, boot="another boot")
    assert said(path).gone()


@pytest.mark.parametrize("changes", [{"host": "elsewhere"}, {"namespace": "pid:[1]"}], ids=["host", "container"])
def test_elsewhere_only_the_heartbeat_counts(path: Path, changes: dict) -> None:
    Ownership.acquire(path)
    rewrite(path, pid=2**22 + 5, **changes)
    assert not said(path).gone() and said(path).active()
    with pytest.raises(Busy):
        Ownership.acquire(path, wait=0)
    rewrite(path, heartbeat=time.time() - 61)
    assert not said(path).active()
    Ownership.acquire(path, wait=0)


def test_a_silent_owner_is_replaced_even_if_its_clock_is_ahead(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "STALE_AFTER", 0.5)
    Ownership.acquire(path)
    rewrite(path, host="elsewhere", heartbeat=time.time() + 3600)
    with pytest.raises(Busy):
        Ownership.acquire(path, wait=0.1)
    second = Ownership.acquire(path, wait=20)
    second.check()


def test_a_replaced_owner_learns_it_before_it_writes(path: Path) -> None:
    owner = Ownership.acquire(path)
    rewrite(path, heartbeat=time.time() - 61)
    second = Ownership.acquire(path, wait=0)
    for attempt in (owner.check, lambda: owner.beat(1, 2)):
        with pytest.raises(Lost, match=f"process {os.getpid()} on .* has taken over .*r.h5$"):
            attempt()
    owner.release("complete")  # not ours to say
    assert (said(path).token, said(path).state) == (second.status.token, "running")
    second.check()


def test_a_status_file_removed_by_hand_is_written_again(path: Path) -> None:
    owner = Ownership.acquire(path)
    ownership.status_path(path).unlink()
    owner.check()
    owner.beat(1, 2)
    assert said(path).token == owner.status.token


@pytest.mark.parametrize("text", ["", "{", "[]", '{"token": 1}', '{"unknown": 1}'])
def test_a_status_file_that_makes_no_sense_bars_nobody(path: Path, text: str) -> None:
    ownership.status_path(path).write_text(text)
    assert read_status(path) is None
    Ownership.acquire(path, wait=0).check()


def test_later_keys_are_passed_over(path: Path) -> None:
    Ownership.acquire(path)
    rewrite(path, invented_later=1)
    assert said(path).pid == os.getpid()


def test_a_link_has_the_owner_of_its_file(path: Path, tmp_path: Path) -> None:
    path.write_text("")
    link = tmp_path / "elsewhere.h5"
    link.symlink_to(path)
    Ownership.acquire(path)
    assert said(link) == said(path)
    with pytest.raises(Busy):
        Ownership.acquire(link, wait=0)


def test_a_folder_that_cannot_be_written_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match="No such file or directory"):
        Ownership.acquire(path.parent / "nowhere" / "r.h5")
    path.write_text("")
    with pytest.raises(InputError, match="Not a directory"):
        Ownership.acquire(path / "r.h5")


RACE = """
import sys, time
from trajectories.results.ownership import Busy, Ownership
go = float(sys.argv[2])
time.sleep(max(0.0, go - time.time()))
try:
    Ownership.acquire(sys.argv[1], wait=0).check()
    print("mine", flush=True)
except Busy:
    print("busy", flush=True)
sys.stdin.read()  # live until all have tried
"""


def test_of_many_that_start_together_one_wins(path: Path) -> None:
    dead = other_process(path)
    command = [sys.executable, "-c", RACE, str(path), str(time.time() + 1.5)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": Path(__file__).parents[3]}
    many = [subprocess.Popen(command, **pipes) for _ in range(8)]  # type: ignore[call-overload]
    answers = [process.stdout.readline().strip() for process in many]
    for process in many:
        process.communicate(timeout=60)
    assert sorted(answers) == ["busy"] * 7 + ["mine"]
    assert said(path).token != dead.token


def test_without_locks_the_last_claim_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have none: two claims in the same instant are told apart after a moment."""

    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(ownership.fcntl, "flock", no_locks)
    first = Ownership.acquire(path)
    rival = replace(first.status, token="rival", host="elsewhere")
    slept: list[float] = []

    def rival_claims(seconds: float) -> None:
        slept.append(seconds)
        ownership._write(ownership.status_path(path), rival)

    first.release("stopped")
    monkeypatch.setattr(ownership.time, "sleep", rival_claims)
    with pytest.raises(Busy, match="on elsewhere"):
        Ownership.acquire(path, wait=0)
    assert slept == [ownership._SETTLE]
