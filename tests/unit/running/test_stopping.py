"""How a run hears that it should stop."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from trajectories.errors import Interrupted
from trajectories.running.signals import Stop


@pytest.mark.parametrize("number", Stop.SIGNALS, ids=lambda number: number.name)
def test_a_signal_is_heard_at_the_next_poll_and_only_inside(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = Stop()
    with stop.listening():
        stop.poll()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted, match=f"stopped by {number.name}"):
            stop.poll()
    assert signal.getsignal(number) == before


def test_the_deadline_ends_it() -> None:
    Stop(time.monotonic() + 1000).poll()
    with pytest.raises(Interrupted, match="the walltime is over"):
        Stop(time.monotonic() - 1).poll()


def test_outside_the_main_thread_nothing_is_set() -> None:
    """Python lets the main thread alone listen; what another rank has heard still ends the run."""
    before, found = [signal.getsignal(number) for number in Stop.SIGNALS], []

    def work() -> None:
        with Stop().listening() as stop:
            found.append([signal.getsignal(number) for number in Stop.SIGNALS])
            stop.note_signal(signal.SIGTERM)
            with pytest.raises(Interrupted, match="SIGTERM"):
                stop.poll()
            found.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [before, "stopped"]
