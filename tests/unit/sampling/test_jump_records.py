"""The stream of jump records: the run's own trajectories, whatever the room that was made for them."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import thermal_qubit

from trajectories.errors import Interrupted
from trajectories.runfiles.arguments import run_of
from trajectories.runfiles.job import jobs_of
from trajectories.running import driver
from trajectories.sampling.jump_records import capacity_of, record_stream
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.studies import replay
from trajectories.systems import local_engine

SEED = 11


def engine() -> Preparation:
    model = local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011)
    return prepare(model, np.array([50.0, 300.0]), None, 4096)


def joined(preparation: Preparation, n: int, **options) -> list[np.ndarray]:
    pieces = list(record_stream(preparation, SEED, 0, n, **options))
    lengths = np.concatenate([piece.lengths for piece in pieces])
    names = ("initial", "final", "times", "channels", "counts")
    return [lengths, *(np.concatenate([getattr(piece, name) for piece in pieces]) for name in names)]


def test_they_are_the_runs_own_trajectories() -> None:
    """The means of the tallied counts, which are sums of integers, agree to rounding with the stream's records."""
    model = local_engine(T_h=2.0, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011)
    ensemble = {"times": [50.0, 300.0], "trajectories": 4096, "seed": SEED}
    result = driver.execute(jobs_of(run_of(model, ensemble, None, {})))
    preparation, n = result.points[0].preparation, result.trajectories
    lengths, initial, final, times, channels, counts = joined(preparation, n)
    tallied = result.points[0].total.mean[:, 0]
    np.testing.assert_allclose([(times <= 50.0).sum() / n, len(times) / n], tallied, rtol=1e-12)
    np.testing.assert_array_equal(np.bincount(channels, minlength=4), counts.sum(axis=0))
    heats = preparation.observables.linear[1:3] @ counts.sum(axis=0) / n
    np.testing.assert_allclose(heats, result.points[0].total.mean[-1, 1:3], rtol=1e-10)
    replayed = replay(result, 1234)
    own = slice(lengths[:1234].sum(), lengths[:1235].sum())
    np.testing.assert_array_equal(times[own], replayed.jump_times)
    np.testing.assert_array_equal(channels[own], replayed.channels)
    assert (initial[1234], final[1234]) == (replayed.start, replayed.end)


def test_numbers_do_not_depend_on_the_room() -> None:
    preparation = engine()
    usual = joined(preparation, 500)
    assert usual[0].max() > 3  # so that a room of 3 is too small
    for one, other in zip(usual, joined(preparation, 500, capacity=3), strict=True):
        np.testing.assert_array_equal(one, other)
    for one, other in zip(joined(preparation, 100, first=400), joined(preparation, 500), strict=True):
        np.testing.assert_array_equal(one, other[-len(one) :])


def test_room_from_exact_mean_and_variance() -> None:
    """Rates a up and b down: <N> = 2 a b t/(a+b), and, renewed after two jumps, Var N / <N> -> 2 (a^2+b^2)/(a+b)^2."""
    t, a, b = 1e4, 0.1, 0.6
    preparation = prepare(thermal_qubit(), np.array([t]), None, 64)
    mean = 2 * a * b / (a + b) * t
    spread = np.sqrt(mean * 2 * (a**2 + b**2) / (a + b) ** 2)
    assert capacity_of(preparation) == pytest.approx(mean + 6 * spread, abs=3)


def test_signals_and_progress_are_heard_between_pieces() -> None:
    preparation, heard = prepare(thermal_qubit(), np.array([1e4]), None, 64), []
    assert (
        sum(len(p.initial) for p in record_stream(preparation, SEED, 0, 300, progress=lambda *a: heard.append(a)))
        == 300
    )
    assert heard[-1] == (300, 300) and len(heard) > 1

    def stop(done: int, total: int) -> None:
        raise Interrupted("stopped")

    with pytest.raises(Interrupted):
        list(record_stream(preparation, SEED, 0, 300, progress=stop))
