"""Likelihoods, conditional states and scores of records: fixed ones, closed forms, sampled ones; what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from fixed_records import ATOM, CASES, ENGINE, FLUCTUATOR, NAMES, Fixed, Row, atom, engine, fluctuator

from trajectories import Detection, InputError, exact
from trajectories.records import conditional
from trajectories.records import filter as record_filter
from trajectories.records.parameters import expanded

HIDING = ("efficiency", "dark", "emission alone")
Record = tuple[np.ndarray, list[str], float]


def close_form(a: float, b: float, times: np.ndarray, duration: float) -> tuple[float, float, float]:
    """ln L and its derivatives of an alternating resolved record that starts upwards from the steady state."""
    waits = np.diff(np.concatenate([[0.0], times, [duration]]))
    below, above, n = waits[::2].sum(), waits[1::2].sum(), len(times)
    up, down = (n + 1) // 2, n // 2
    value = np.log(b / (a + b)) + up * np.log(a) + down * np.log(b) - a * below - b * above
    return value, up / a - below - 1 / (a + b), down / b - above + 1 / b - 1 / (a + b)


def sampled(rng: np.random.Generator, a: float, b: float, duration: float, eta: float) -> Record:
    """A record of the fluctuator from its steady state, of which the share eta is seen."""
    state, now, times, clicks = int(rng.random() < a / (a + b)), 0.0, [], []
    while (now := now + rng.exponential(1 / (b if state else a))) < duration:
        if rng.random() < eta:
            times.append(now)
            clicks.append("down" if state else "up")
        state = 1 - state
    return np.array(times), clicks, duration


@pytest.mark.parametrize(("fixed", "row"), CASES, ids=NAMES)
def test_likelihood_and_state_of_fixed_records(fixed: Fixed, row: Row) -> None:
    model, record = fixed.builder(**fixed.parameters), (fixed.times, row.clicks, fixed.duration)
    given = {"detection": row.detection, "initial": fixed.initial}
    assert exact.log_likelihood(model, *record, **given) == pytest.approx(row.log_likelihood, abs=1e-9)
    (rho,) = exact.filtered_states(model, *record, **given)
    assert np.trace(rho).real == pytest.approx(1, abs=1e-12)
    assert rho[fixed.watched, fixed.watched].real == pytest.approx(row.population, abs=1e-9)
    assert np.trace(rho @ rho).real == pytest.approx(row.purity, abs=1e-9)


@pytest.mark.parametrize(("fixed", "row"), CASES, ids=NAMES)
def test_score_of_fixed_records(fixed: Fixed, row: Row) -> None:
    record = (fixed.times, row.clicks, fixed.duration)
    found = exact.score(fixed.builder, fixed.parameters, *record, row.detection, fixed.initial)
    assert list(found) == list(fixed.parameters)
    np.testing.assert_allclose(list(found.values()), row.score, rtol=0, atol=1e-9)


HIDDEN = [case for case, name in zip(CASES, NAMES, strict=True) if name.split(", ")[1] in HIDING]


@pytest.mark.parametrize(("fixed", "row"), HIDDEN)
def test_hidden_jumps_left_out_would_be_seen(fixed: Fixed, row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    """A filter without the jumps that no detector sees, planted here, misses the values above."""
    right = conditional.conditional

    def forgetful(model: Any, detectors: Any, sectors: Any, initial: Any) -> Any:
        seen = np.full_like(detectors.eta, 1 / len(detectors.eta))
        without = right(model, detectors._replace(eta=seen), sectors, initial).generator
        return right(model, detectors, sectors, initial)._replace(generator=without)

    monkeypatch.setattr(record_filter, "conditional", forgetful)
    model, record = fixed.builder(**fixed.parameters), (fixed.times, row.clicks, fixed.duration)
    wrong = exact.log_likelihood(model, *record, detection=row.detection, initial=fixed.initial)
    assert abs(wrong - row.log_likelihood) > 0.1


def test_resolved_closed_form_with_the_start_among_the_derivatives() -> None:
    """20,000 clicks; waits from 1e-5 to 3,000 among them."""
    rng = np.random.default_rng(3)
    a, b = 0.7, 0.4
    waits = rng.exponential(size=20_000) / np.tile([a, b], 10_000)
    waits[[5, 700, 15_001]] = 1e-5, 0.0, 3000.0
    times = np.cumsum(waits)
    clicks, duration = ["up", "down"] * 10_000, float(times[-1] + 2)
    wanted = close_form(a, b, times, duration)
    found = exact.score(fluctuator, {"a": a, "b": b}, times, clicks, duration)
    assert exact.log_likelihood(fluctuator(a, b), times, clicks, duration) == pytest.approx(wanted[0], rel=1e-11)
    np.testing.assert_allclose(list(found.values()), wanted[1:], rtol=1e-8, atol=1e-7)


@pytest.mark.parametrize("fixed", [FLUCTUATOR, ATOM, ENGINE], ids=lambda fixed: fixed.builder.__name__)
def test_second_derivatives_are_those_of_the_score(fixed: Fixed) -> None:
    """The score, exact to 1e-9, is differentiated by central differences of 1e-3, extrapolated once."""
    row, names = fixed.rows["efficiency"], list(fixed.parameters)
    detectors = row.detection.of(fixed.builder(**fixed.parameters)).names
    numbers = np.array([detectors.index(name) for name in row.clicks])
    record = record_filter.Record(np.array(fixed.times), numbers, 0.0, fixed.duration)

    def gradient(values: dict[str, float]) -> np.ndarray:
        found = exact.score(
            fixed.builder, values, fixed.times, row.clicks, fixed.duration, row.detection, fixed.initial
        )
        return np.array(list(found.values()))

    rho = exact.arguments.density(fixed.builder(**fixed.parameters), fixed.initial)
    second = expanded(fixed.builder, fixed.parameters, {}, row.detection, lambda model: rho, order=2)
    _, vectors = record_filter.propagate(second.equations, record, np.array([fixed.duration]), detectors)
    hessian = second.hessian(vectors[0])
    for i, name in enumerate(names):
        steps = []
        for size in (1e-3, 5e-4):
            h = size * fixed.parameters[name]
            ends = [gradient({**fixed.parameters, name: fixed.parameters[name] + sign * h}) for sign in (1, -1)]
            steps.append((ends[0] - ends[1]) / (2 * h))
        scale = np.abs(hessian).max() * 1e-6
        np.testing.assert_allclose(hessian[:, i], (4 * steps[1] - steps[0]) / 3, rtol=1e-6, atol=scale)


def test_sampled_score_has_mean_zero_and_a_wrong_efficiency_has_not() -> None:
    """400 records of another sampler: z < 4 is left by chance in 1e-4 of all seeds for two parameters."""
    rng, a, b, eta = np.random.default_rng(11), 0.7, 0.4, 0.6
    records = [sampled(rng, a, b, 30.0, eta) for _ in range(400)]

    def z(efficiency: float) -> np.ndarray:
        detection = Detection(efficiency=efficiency)
        equations = expanded(fluctuator, {"a": a, "b": b}, {}, detection, exact.steady_state)
        scores = []
        for times, clicks, duration in records:
            numbers = np.array([("up", "down").index(name) for name in clicks], np.int64)
            record = record_filter.Record(times, numbers, 0.0, duration)
            vectors = record_filter.propagate(equations.equations, record, np.array([duration]), ("up", "down"))[1]
            scores.append(equations.gradient(vectors[0]))
        return np.mean(scores, axis=0) / (np.std(scores, axis=0, ddof=1) / np.sqrt(len(scores)))

    assert np.abs(z(eta)).max() < 4
    assert np.abs(z(0.5)).max() > 6


def test_states_at_clicks_and_between() -> None:
    model = atom(1.0, 0.5, 0.2)
    record = ([1.3, 2.1], ["emission", "absorption"], 3.0)
    states = exact.filtered_states(model, *record, at=[0.0, 1.3, 2.1, 2.5, 3.0], initial="0")
    populations = states[:, 1, 1].real
    assert populations[[0, 1, 2]].round(12).tolist() == [0, 0, 1] and 0 < populations[3] < 1
    np.testing.assert_allclose(np.einsum("tab,tba->t", states, states).real, 1, atol=1e-12)
    again = exact.filtered_states(model, *record, initial="0")
    np.testing.assert_allclose(again[0], states[-1], atol=1e-14)
    unseen = Detection(efficiency=0.0)
    np.testing.assert_allclose(
        exact.filtered_states(model, [], [], 2.0, at=[1.0, 2.0], detection=unseen, initial="0"),
        exact.state(model, [1.0, 2.0], "0"),
        atol=1e-12,
    )
    assert exact.log_likelihood(model, [], [], 2.0, unseen, "0") == pytest.approx(0, abs=1e-12)


def test_probabilities_of_all_records_add_up_to_one() -> None:
    """No click, and one click integrated over its time, in so short a time that more are rare: of order T^2."""
    model, nodes = engine(0.02, 2.0, 0.3), np.polynomial.legendre.leggauss(8)
    detection, T = Detection(efficiency=0.5, dark=0.01), 0.01
    total = np.exp(exact.log_likelihood(model, [], [], T, detection))
    for d in range(4):
        density = [np.exp(exact.log_likelihood(model, [T * (x + 1) / 2], [d], T, detection)) for x in nodes[0]]
        total += T / 2 * nodes[1] @ np.array(density)
    assert 0 < 1 - total < 1e-5 and total < 1 - 1e-9


RECORD: dict[str, Any] = {"times": [0.5, 1.2], "clicks": ["up", "down"], "duration": 2.0}


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"times": [1.2, 0.5]}, r"click 2 at 0\.5 comes after one at 1\.2: times must not fall"),
        ({"times": [0.5, np.nan]}, "click 2 is at nan: must be a finite number"),
        ({"times": [-0.5, 1.2]}, r"click 1 at -0\.5: must be from 0 to 2"),
        ({"times": [0.5, 2.2]}, r"click 2 at 2\.2: must be from 0 to 2"),
        ({"times": [0.5]}, "1 times and 2 clicks: must be one detector for each time"),
        ({"times": "soon"}, "times: is a string: must be numbers"),
        ({"duration": 0.0}, "lasts from 0 to 0: must end after its start"),
        ({"clicks": ["up", "dwn"]}, r'click 2: there is no detector "dwn"; did you mean "down"\?'),
        ({"clicks": [0, 2]}, "click 2: there is no detector 2 of 2"),
        ({"clicks": [0, 1.0]}, "click 2: is a number: must be the name of a detector, or its number"),
        ({"clicks": "up"}, "clicks: is a string: must be the detectors"),
        ({"clicks": ["up", "up"]}, r"click 2, of up at t = 1\.2: has probability zero: .* populations 1: 1 there"),
        ({"detection": 0.5}, "detection: is a number: must be a trajectories.Detection"),
    ],
)
def test_what_is_refused(change: dict[str, Any], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted) as caught:
        exact.log_likelihood(fluctuator(0.7, 0.4), **(RECORD | change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"builder": 3}, "builder: is an integer: must be a function"),
        ({"parameters": {}}, "parameters: must be a mapping of names to numbers"),
        ({"parameters": {"a": "x", "b": 1.0}}, "parameters: a = .* is a string: must be a number"),
        ({"parameters": {"a": 0.7, "b": 0.4, "c": 1.0}}, "unknown parameter c"),
        ({"parameters": {"a": 0.7, "b": np.nan}}, "parameters: b = nan: must be finite"),
        ({"fixed": {"a": 0.7}}, "fixed: a is among the parameters as well"),
        ({"builder": lambda a, b: 1 / 0}, "raised ZeroDivisionError|ZeroDivisionError"),
    ],
)
def test_what_the_score_refuses(change: dict[str, Any], wanted: str) -> None:
    given = {"builder": fluctuator, "parameters": {"a": 0.7, "b": 0.4}, **RECORD} | change
    with pytest.raises(InputError, match=wanted) as caught:
        exact.score(**given)
    assert "\n" not in str(caught.value)
