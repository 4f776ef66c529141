"""Rank 0's side of the talk with other ranks, with messages written down beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from trajectories.errors import InputError, Interrupted
from trajectories.running.manager import Manager
from trajectories.running.schedule import Schedule, Task
from trajectories.running.signals import Stop
from trajectories.running.worker import CANCEL, CANCELLED, DONE, IDLE, REFUSED, SAMPLE, SIGNALLED


class Paper:
    """Stands for the ranks 1 and 2: what they send is written here, what they are sent is kept."""

    size = 3

    def __init__(self) -> None:
        self.sent: list[tuple[int, tuple[Any, ...]]] = []
        self.said: list[list[tuple[int, tuple[Any, ...]]]] = []
        self.waited = 0

    def receive(self) -> list[tuple[int, tuple[Any, ...]]]:
        return self.said.pop(0) if self.said else []

    def send(self, rank: int, message: tuple[Any, ...]) -> None:
        self.sent.append((rank, message))

    def wait(self) -> None:
        self.waited += 1
        assert self.waited < 10, "rank 0 waits for ever"

    def orders(self) -> list[int]:
        return [rank for rank, message in self.sent if message[0] == SAMPLE]


@pytest.fixture
def manager() -> Manager:
    found = Manager(Stop())
    found.world = Paper()  # type: ignore[assignment]
    return found


def tasks(n: int) -> Schedule:
    every = [Task(0, 0, 0, node, 1.0) for node in range(n)]
    return Schedule(every, float(n), 3)


def test_ranks_that_are_called_off_ask_anew_and_get_one_order_each(manager: Manager) -> None:
    paper: Any = manager.world
    paper.said = [[(1, (IDLE,)), (2, (IDLE,))]]
    manager.handle_messages()  # nothing to do yet: both are remembered
    late = Task(0, 0, 0, 7, 1.0), "late"
    paper.said = [[(1, (CANCELLED,))], [(2, (DONE, [late])), (2, (CANCELLED,))]]
    assert manager.cancel() == [late]
    assert [(rank, message[0]) for rank, message in paper.sent] == [(1, CANCEL), (2, CANCEL)]
    paper.said = [[(2, (IDLE,)), (1, (IDLE,))]]
    manager._schedule = tasks(30)
    manager.handle_messages()
    assert paper.orders() == [2, 1]


def test_one_that_is_called_off_takes_no_other_from_the_queue(manager: Manager) -> None:
    paper: Any = manager.world
    paper.said = [[(1, (IDLE,)), (2, (IDLE,)), (1, (CANCELLED,))]]
    manager._schedule = tasks(30)
    manager.handle_messages()
    assert paper.orders() == [2]


def test_what_a_rank_refuses_or_hears_ends_all(manager: Manager) -> None:
    paper: Any = manager.world
    paper.said = [[(2, (REFUSED, "the model cannot be"))], [(1, (SIGNALLED, 15))]]
    with pytest.raises(InputError, match="the model cannot be"):
        manager.handle_messages()
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        manager.handle_messages()


def test_a_rank_that_was_never_heard_again_ends_the_run(manager: Manager) -> None:
    paper: Any = manager.world
    paper.said = [[(1, (IDLE,))]]
    manager._schedule = tasks(30)
    manager.handle_messages()
    manager._last_message[1] -= 1.1 * manager.patience
    with pytest.raises(RuntimeError, match="rank 1 has sent no message for 660 s: it must have died"):
        manager.handle_messages()
