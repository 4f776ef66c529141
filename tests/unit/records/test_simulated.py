"""Simulated detectors: shares, dark counts, streams; and the score of what they record, against Fisher information."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

import trajectories
from trajectories import Channel, Detection, InputError, Model, Reservoir, exact
from trajectories.records import simulated
from trajectories.records.filter import check_record, propagate
from trajectories.records.parameters import expanded
from trajectories.records.readers import ClickRecord

SIGMAS = 4.5
"""Two-sided: a right program fails one in 150 000 such comparisons; seeds are fixed."""


def atom(Omega: float, Gamma: float) -> Model:
    lower = np.array([[0.0, 1.0], [0.0, 0.0]])
    photon = Channel("photon", sqrt(Gamma) * lower, "field", partner="none")
    return Model(Omega / 2 * (lower + lower.T), [photon], [Reservoir("field")])


def diamond_jumps(n: int) -> list[ClickRecord]:
    """One record of n jumps of each of two channels, in turn, at equal distances."""
    times = (np.arange(2 * n) + 0.5) / 2
    return [ClickRecord("0", times, np.array(["A_up", "S_down"] * n), 0.0, float(n))]


DIAMOND = trajectories.systems.diamond(0.0, 1.0)
SPLIT = Detection({"left": ["A_up", "S_down"], "right": ["S_down"]}, {"left": 0.3, "right": 0.5}, {"right": 0.2})


def shares(detection: Detection = SPLIT, n: int = 20_000) -> dict[str, float]:
    """Standardised deviations of the numbers of clicks from their means."""
    (seen,) = trajectories.detect(DIAMOND, diamond_jumps(n), detection, seed=3)
    count = {name: np.count_nonzero(seen.clicks == name) for name in ("left", "right")}
    on_grid = np.isin(seen.times, diamond_jumps(n)[0].times)
    right = seen.clicks == "right"
    return {
        "left": (count["left"] - 0.3 * 2 * n) / sqrt(2 * n * 0.3 * 0.7),
        "right": (np.count_nonzero(right & on_grid) - 0.5 * n) / sqrt(n * 0.25),
        "dark": (np.count_nonzero(right & ~on_grid) - 0.2 * n) / sqrt(0.2 * n),
        "dark on the left": float(np.count_nonzero(~right & ~on_grid)),
    }


def test_shares_of_detectors_and_dark_counts() -> None:
    assert all(abs(z) < SIGMAS for z in shares().values())
    wrong = Detection({"left": ["A_up", "S_down"], "right": ["S_down"]}, {"left": 0.35, "right": 0.55}, {"right": 0.25})
    found = shares(wrong)
    assert min(found[name] for name in ("left", "right", "dark")) > SIGMAS


def test_perfect_detectors_change_nothing_but_the_names() -> None:
    (record,) = jumps = diamond_jumps(50)
    (seen,) = trajectories.detect(DIAMOND, jumps, Detection(), seed=1)
    assert seen.clicks.tolist() == record.clicks.tolist() and np.array_equal(seen.times, record.times)
    (merged,) = trajectories.detect(DIAMOND, jumps, Detection({"any": ["A_up", "S_down"]}), seed=1)
    assert set(merged.clicks) == {"any"} and np.array_equal(merged.times, record.times)


def test_a_record_depends_on_its_place_and_the_seed_alone() -> None:
    jumps = diamond_jumps(200) * 3
    three, two = (trajectories.detect(DIAMOND, jumps[:n], SPLIT, seed=5) for n in (3, 2))
    assert all(np.array_equal(a.times, b.times) for a, b in zip(three, two, strict=False))
    assert not np.array_equal(three[0].times, three[1].times)
    assert not np.array_equal(three[0].times, trajectories.detect(DIAMOND, jumps[:1], SPLIT, seed=6)[0].times)
    for record in three:
        assert np.all(np.diff(record.times) >= 0) and record.times.min() >= 0 and record.times.max() <= record.end


def scores(assumed: float) -> np.ndarray:
    """Scores of Omega gained in the first and the second half of 1000 records of an atom seen with efficiency 0.5."""
    result = trajectories.run(atom(1.0, 1.0), duration=60, trajectories=1024, records=1000, seed=11, initial="steady")
    records = trajectories.detect(atom(1.0, 1.0), trajectories.read_records(result), Detection(efficiency=0.5), seed=11)
    given = {"Omega": 1.0}, {"Gamma": 1.0}, Detection(efficiency=assumed)
    equations = expanded(atom, *given, lambda model: exact.steady_state(model))
    found = []
    for record in records:
        clicks = np.zeros(len(record.times), np.int64)
        checked = check_record(record.times, clicks, 0.0, 60.0, ("photon",))
        _, vectors = propagate(equations.equations, checked, np.array([30.0, 60.0]), ("photon",))
        first, both = (equations.gradient(vector)[0] for vector in vectors)
        found.append([first, both - first])
    return np.array(found)


def deviations(found: np.ndarray) -> tuple[float, float]:
    """Standardised deviations of the mean score from 0, and of the squared gain from F T/2, in the second half."""
    gains, squares = found[:, 1], found[:, 1] ** 2
    half = 30.0 * exact.fisher_information(atom, {"Omega": 1.0}, Detection(efficiency=0.5), {"Gamma": 1.0}).matrix[0, 0]
    error = sqrt(len(found))
    return gains.mean() / gains.std() * error, (squares.mean() - half) / squares.std() * error


def test_score_of_what_is_seen_has_the_variance_of_the_information() -> None:
    """The sampled jumps, the simulated detector, the filter and the quadrature are four programs."""
    assert all(abs(z) < SIGMAS for z in deviations(scores(0.5)))


def test_a_wrong_efficiency_is_rejected_by_the_score() -> None:
    assert max(abs(z) for z in deviations(scores(0.6))) > SIGMAS


def test_bad_input() -> None:
    jumps = diamond_jumps(1)
    for arguments, words in (
        (("diamond", jumps, SPLIT, 1), "must be a Model"),
        ((DIAMOND, jumps, "all", 1), "must be a trajectories.Detection"),
        ((DIAMOND, "jumps", SPLIT, 1), "must be records"),
        ((DIAMOND, jumps, SPLIT, -1), "must be >= 0"),
        (
            (DIAMOND, [ClickRecord("7", np.array([0.5]), np.array(["A_upp"]), 0.0, 1.0)], SPLIT, 1),
            'did you mean "A_up"',
        ),
    ):
        with pytest.raises(InputError, match=words):
            simulated.detect(*arguments)
