"""Parameters from records: closed forms, the errors that theory gives, several maxima, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fixed_records import atom, fluctuator
from small_models import LOWER

import trajectories
from trajectories import Detection, InputError, infer, read_records
from trajectories.model import Channel, Model, Reservoir
from trajectories.records.readers import ClickRecord

RESULT: dict[str, Any] = {"duration": 2000.0, "trajectories": 64, "seed": 3, "records": 1}
START = np.diag([1.0, 0.0])


def alternating(seed: int, pairs: int) -> tuple[list[ClickRecord], np.ndarray, np.ndarray]:
    """A resolved record of the fluctuator from state 0 with its waits below and above."""
    waits = np.random.default_rng(seed).exponential(size=2 * pairs) / np.tile([0.7, 0.4], pairs)
    record = read_records((np.cumsum(waits), ["up", "down"] * pairs), end="last click")
    return record, waits[::2], waits[1::2]


def photons(omega: float, scale: float = 1.0) -> Model:
    """Resonance fluorescence at a decay rate of 1; scale: of the emission that is not driven."""
    channels = [Channel("emission", np.sqrt(scale) * LOWER, "bath", None, "none")]
    return Model(0.5 * omega * (LOWER + LOWER.T), channels, [Reservoir("bath")], pair=None, entropy=False)


def thinned(seed: int, records: int, duration: float, eta: float) -> list[ClickRecord]:
    """Photons at omega = 1 of which the share eta is seen."""
    asked = {"duration": duration, "trajectories": records, "seed": seed, "records": records}
    rng, found = np.random.default_rng(seed), []
    for one in read_records(trajectories.run(photons(1.0), **asked))[:records]:
        kept = rng.random(len(one.times)) < eta
        found.append(ClickRecord(one.name, one.times[kept], one.clicks[kept], one.start, one.end))
    return found


def test_resolved_rates_are_counts_over_times() -> None:
    """From a given state a = N_up/T_0, b = N_down/T_1, errors a/sqrt(N_up), b/sqrt(N_down), no correlation."""
    record, below, above = alternating(1, 1000)
    found = infer(fluctuator, record, {"a": 2.0, "b": 0.1}, initial=START)
    a, b = 1000 / below.sum(), 1000 / above.sum()
    assert found.estimate == pytest.approx({"a": a, "b": b}, rel=1e-6)
    assert found.standard_error == pytest.approx({"a": a / 1000**0.5, "b": b / 1000**0.5}, rel=1e-6)
    assert abs(found.correlation[0, 1]) < 1e-7 and found.condition_number == pytest.approx(1, rel=1e-6)
    ln = 1000 * (np.log(a) + np.log(b) - 2)
    assert found.log_likelihood == pytest.approx(ln, abs=1e-6) and found.clicks == 2000 and not found.remarks
    assert found.model.parameters == found.estimate and "std. error" in str(found)


def test_two_records_count_as_one_twice_as_long() -> None:
    (first,), (second,) = alternating(1, 500)[0], alternating(2, 500)[0]
    shifted = ClickRecord("later", second.times + 7, second.clicks, second.start + 7, second.end + 7)
    found = infer(fluctuator, [first, shifted], {"a": 1.0, "b": 1.0}, initial=START)
    below = sum(np.diff(one.times, prepend=0.0)[::2].sum() for one in (first, second))
    assert found.estimate["a"] == pytest.approx(1000 / below, rel=1e-6)
    assert found.records == 2 and found.duration == pytest.approx(first.duration + second.duration)


def test_start_is_ordered_by_time_and_steady_where_nothing_else_is_said() -> None:
    """The steady start adds ln p_0 = ln b/(a + b), which raises b and lowers a."""
    record, below, above = alternating(1, 20)
    given, steady = (infer(fluctuator, record, {"a": 1.0, "b": 1.0}, initial=i) for i in (START, "steady"))
    a, b = steady.estimate.values()
    assert 20 / a - below.sum() - 1 / (a + b) == pytest.approx(0, abs=1e-4)
    assert 20 / b - above.sum() + 1 / b - 1 / (a + b) == pytest.approx(0, abs=1e-4)
    assert a < given.estimate["a"] and b > given.estimate["b"]


def test_one_start_of_many_maxima_is_said_and_a_grid_finds_the_highest() -> None:
    """A perfectly resolved driven atom (PHYSICS_RECORDS 2.1): a wait at a zero of its density is impossible."""
    result = trajectories.run(atom(1.0, 0.5, 0.2), **RESULT)
    record, fixed = read_records(result)[0], {"gamma": 0.5, "n": 0.2}
    alone = infer(atom, record, {"omega": 0.85}, fixed=fixed)
    assert abs(alone.estimate["omega"] - 1) > 10 * alone.standard_error["omega"]  # the nearest maximum is a wrong one
    assert any("found from one start" in line for line in alone.remarks)
    found = infer(atom, record, {"omega": np.linspace(0.85, 1.15, 25)}, fixed=fixed)
    assert abs(found.estimate["omega"] - 1) < 4 * found.standard_error["omega"]
    assert found.other_maxima and found.log_likelihood > max(ln for _, ln in found.other_maxima)
    assert not any("found from one start" in line for line in found.remarks)


def test_estimates_scatter_by_their_standard_errors() -> None:
    """60 records at eta = .5: sum z^2 is chi^2 of 60 (21 to 118: 1e-5 of all seeds); a wrong efficiency is not."""
    records, found = thinned(4, 60, 300.0, 0.5), {}
    for efficiency in (0.5, 0.6):
        detection = Detection(efficiency=efficiency)
        answers = [infer(photons, one, {"omega": 1.0}, detection=detection) for one in records]
        z = [(one.estimate["omega"] - 1) / one.standard_error["omega"] for one in answers]
        found[efficiency] = float(np.square(z).sum())
    assert 21 < found[0.5] < 118
    assert found[0.6] > 118


RECORD = alternating(1, 10)[0]


def one_rate(a: float, b: float) -> Model:
    """Only the sum of a and b matters."""
    return fluctuator(a + b, 0.4)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"builder": one_rate}, "these records do not determine .* hold one of these parameters fixed"),
        ({"parameters": {"a": [], "b": 1.0}}, "a list of values to start from is empty"),
        ({"parameters": {"a": [1.0, -1.0], "b": 1.0}}, "must be all positive, or none, for each parameter"),
        ({"parameters": 3}, "parameters: must be a mapping"),
        ({"records": []}, "records: must be a list of what trajectories.read_records returns"),
        ({"detection": Detection({"any": ["up", "down"]})}, 'record 0: there is no detector "down"'),
        ({"initial": np.diag([0.0, 1.0])}, "click 1, of up at t = .*: has probability zero"),
        ({"most_steps": 1, "parameters": {"a": 5.0, "b": 5.0}}, "no maximum of the likelihood after 1 steps"),
        ({"fixed": {"c": 1.0}}, "unknown parameter c"),
    ],
)
def test_what_is_refused(change: dict[str, Any], wanted: str) -> None:
    given = {"builder": fluctuator, "records": RECORD, "parameters": {"a": 1.0, "b": 1.0}, "initial": START} | change
    with pytest.raises(InputError, match=wanted) as caught:
        infer(**given)
    assert "\n" not in str(caught.value)
