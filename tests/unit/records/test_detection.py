"""Detectors: which jumps they see, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trajectories import Detection, InputError
from trajectories.systems import diamond

MODEL = diamond(beta_A=0, beta_S=1)
UP_DOWN = {"up": ["A_up", "S_up"], "down": ["A_down", "S_down"]}


def test_absent_every_channel_has_its_own_perfect_detector() -> None:
    detectors = Detection().of(MODEL)
    assert detectors.names == tuple(channel.name for channel in MODEL.channels)
    np.testing.assert_array_equal(detectors.eta, np.eye(4))
    assert not detectors.dark.any() and detectors.perfect


def test_merged_with_efficiencies_and_dark_counts() -> None:
    detectors = Detection(UP_DOWN, efficiency={"up": 0.8}, dark={"down": 1e-4}).of(MODEL)
    np.testing.assert_array_equal(detectors.eta, [[0.8, 0, 0.8, 0], [0, 1, 0, 1]])
    assert detectors.dark.tolist() == [0, 1e-4] and detectors.number("down", "record 3") == 1
    with pytest.raises(InputError, match=r'record 3: there is no detector "dwn"; did you mean "down"\?'):
        detectors.number("dwn", "record 3")


@pytest.mark.parametrize(
    "detection",
    [
        Detection(UP_DOWN),
        Detection(efficiency=0.99),
        Detection(dark=1e-9),
        Detection({"A": ["A_up"], "S": ["S_up"], "down": ["A_down"]}),
    ],
)
def test_not_perfect(detection: Detection) -> None:
    assert not detection.of(MODEL).perfect


def test_two_detectors_share_a_channel() -> None:
    shared = {"left": ["A_up"], "right": ["A_up"]}
    np.testing.assert_array_equal(Detection(shared, efficiency=0.5).of(MODEL).eta[:, 0], [0.5, 0.5])
    with pytest.raises(InputError, match=r"see 1\.2 of the jumps of A_up: must be at most 1"):
        Detection(shared, efficiency=0.6).of(MODEL)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"detectors": {}}, "detectors: is empty: must be names with channels"),
        ({"detectors": ["A_up"]}, "detectors: is a list: must be names with channels"),
        ({"detectors": {"up": []}}, r'detectors\["up"\] = \[\]: must be a list of names'),
        ({"detectors": {"up": ["A_up", "A_up"]}}, "names a channel twice"),
        ({"detectors": {"up": ["A_upp"]}}, r'has no channel "A_upp"; did you mean "A_up"\?'),
        ({"efficiency": 1.1}, r"efficiency = 1\.1: must be from 0 to 1"),
        ({"efficiency": float("nan")}, "efficiency = nan: must be from 0 to 1"),
        ({"efficiency": {"A_up": -1}}, r'efficiency\["A_up"\] = -1: must be from 0 to 1'),
        ({"efficiency": {"up": 1}}, r'efficiency\["up"\]: there is no such detector'),
        ({"efficiency": "all"}, "efficiency = .* is a string: must be a number"),
        ({"dark": -1e-3}, r"dark = -0\.001: must be finite and >= 0"),
        ({"dark": float("inf")}, "dark = inf: must be finite and >= 0"),
    ],
)
def test_what_is_refused(given: dict[str, Any], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted) as caught:
        Detection(**given).of(MODEL)
    assert "\n" not in str(caught.value)
