"""Rank 0's side of the talk with other ranks, with messages written down beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from trajectories.errors import InputError, Interrupted
from trajectories.running.manager import Crew
from trajectories.running.schedule import Handout, Task
from trajectories.running.signals import Stop
from trajectories.running.worker import DONE, DROP, DROPPED, HEARD, HUNGRY, REFUSED, SAMPLE


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
def crew() -> Crew:
    found = Crew(Stop())
    found.world = Paper()  # type: ignore[assignment]
    return found


def tasks(n: int) -> Handout:
    every = [Task(0, 0, 0, node, 1.0) for node in range(n)]
    return Handout(every, float(n), 3)


def test_ranks_that_are_called_off_ask_anew_and_get_one_order_each(crew: Crew) -> None:
    paper: Any = crew.world
    paper.said = [[(1, (HUNGRY,)), (2, (HUNGRY,))]]
    crew.attend()  # nothing to do yet: both are remembered
    late = Task(0, 0, 0, 7, 1.0), "late"
    paper.said = [[(1, (DROPPED,))], [(2, (DONE, [late])), (2, (DROPPED,))]]
    assert crew.drop() == [late]
    assert [(rank, message[0]) for rank, message in paper.sent] == [(1, DROP), (2, DROP)]
    paper.said = [[(2, (HUNGRY,)), (1, (HUNGRY,))]]
    crew._handout = tasks(30)
    crew.attend()
    assert paper.orders() == [2, 1]


def test_one_that_is_called_off_takes_no_other_from_the_queue(crew: Crew) -> None:
    paper: Any = crew.world
    paper.said = [[(1, (HUNGRY,)), (2, (HUNGRY,)), (1, (DROPPED,))]]
    crew._handout = tasks(30)
    crew.attend()
    assert paper.orders() == [2]


def test_what_a_rank_refuses_or_hears_ends_all(crew: Crew) -> None:
    paper: Any = crew.world
    paper.said = [[(2, (REFUSED, "the model cannot be"))], [(1, (HEARD, 15))]]
    with pytest.raises(InputError, match="the model cannot be"):
        crew.attend()
    with pytest.raises(Interrupted, match="stopped by SIGTERM"):
        crew.attend()


def test_a_rank_that_was_never_heard_again_ends_the_run(crew: Crew) -> None:
    paper: Any = crew.world
    paper.said = [[(1, (HUNGRY,))]]
    crew.attend()
    crew._heard_of[1] -= 1.1 * crew.patience
    with pytest.raises(RuntimeError, match="rank 1 has not been heard of for 660 s: it must have died"):
        crew.attend()
