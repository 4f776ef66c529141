"""S_r = ln P/P~ of measured records: a reference value, the tilted filter record by record, and <e^{-S_r}> = 1."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from scipy import linalg

import trajectories
from trajectories import Channel, Detection, InputError, Model, Reservoir, exact, systems
from trajectories.exact import entropy_of_records as module

SIGMAS = 4.5
ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
BATHS_UNKNOWN = {"up": ["h_up", "c_up"], "down": ["h_down", "c_down"]}
BOTH = {"up": ["absorption"], "down": ["emission"]}


def atom() -> Model:
    """A driven atom in a thermal bath."""
    lower, n = np.array([[0.0, 1.0], [0.0, 0.0]]), 0.4
    bath = Reservoir("bath", beta=log((n + 1) / n))
    down = Channel("emission", sqrt(0.5 * (n + 1)) * lower, "bath", quantum=-1.0)
    up = Channel("absorption", sqrt(0.5 * n) * lower.T, "bath", quantum=1.0)
    return Model(0.5 * (lower + lower.T), [down, up], [bath])


def by_tilted_filter(
    model: Model, times: np.ndarray, clicks: list[int], duration: float, detection: Detection
) -> float:
    """-ln <e^{-Delta S} | r> from the forward filter with C_k e^{-Delta s_k}, between rho(0)^0 and rho(T)^1."""
    d, rho = model.dimension, exact.steady_state(model)
    _, eta, dark = detection.of(model)

    def filtered(start: np.ndarray, weights: np.ndarray) -> np.ndarray:
        one, effective = np.eye(d), model.effective_hamiltonian
        each = np.array([w * np.kron(a, a.conj()) for w, a in zip(weights, model.operators, strict=True)])
        drift = -1j * np.kron(effective, one) + 1j * np.kron(one, effective.conj())
        hidden = drift + np.tensordot(1 - eta.sum(axis=0), each, 1) - dark.sum() * np.eye(d * d)
        state, now = start.ravel(), 0.0
        for time, click in zip(times, clicks, strict=True):
            state = linalg.expm(hidden * (time - now)) @ state
            state, now = np.tensordot(eta[click], each, 1) @ state + dark[click] * state, time
        return (linalg.expm(hidden * (duration - now)) @ state).reshape(d, d)

    plain = np.trace(filtered(rho, np.ones(len(model.channels)))).real
    tilted = np.trace(rho @ filtered(np.eye(d), np.exp(-model.entropy_steps))).real
    return -log(tilted / plain)


def test_engine_whose_baths_are_not_told_apart() -> None:
    model = systems.local_engine(**ENGINE)
    record = [40.0, 95.0, 110.0, 150.0], ["up", "down", "up", "down"], 200.0
    assert exact.record_entropy(model, *record, Detection(BATHS_UNKNOWN)) == pytest.approx(0.0603971438855, abs=1e-11)


@pytest.mark.parametrize(
    ("model", "detection", "duration"),
    [
        (systems.local_engine(**ENGINE), Detection(BATHS_UNKNOWN, 0.6, 1e-3), 300.0),
        (systems.local_engine(**ENGINE), Detection({"h+": ["h_up"], "h-": ["h_down"]}, 0.7, 1e-3), 300.0),
        (atom(), Detection(BOTH, 0.5, 0.1), 10.0),
        (atom(), Detection({"any": ["emission", "absorption"]}, 0.9), 10.0),
        (systems.diamond(-1.0, 1.0), Detection({"A+": ["A_up"], "A-": ["A_down"]}, 0.3, 0.2), 4.0),
    ],
)
def test_record_by_record(model: Model, detection: Detection, duration: float) -> None:
    """The reversed filter and the tilted one are two programs; random records need not be likely."""
    rng, detectors = np.random.default_rng(4), len(detection.of(model).names)
    for n in (0, 1, 2, 5):
        times, clicks = np.sort(rng.uniform(0, duration, n)), rng.integers(0, detectors, n).tolist()
        found = exact.record_entropy(model, times, clicks, duration, detection)
        assert found == pytest.approx(by_tilted_filter(model, times, clicks, duration, detection), abs=1e-10)


def standardised() -> float:
    """Deviation of the mean of e^{-S_r} from 1, over 150 sampled records, in standard errors."""
    model, detection = atom(), Detection(BOTH, 0.6, 0.05)
    result = trajectories.run(model, duration=6, trajectories=256, records=150, seed=21, initial="steady")
    records = trajectories.detect(model, trajectories.read_records(result), detection, seed=21)
    found = [exact.record_entropy(model, r.times, r.clicks, 6.0, detection) for r in records]
    weights = np.exp(-np.array(found))
    assert weights.std() > 0.1
    return float((weights.mean() - 1) / weights.std() * sqrt(len(weights)))


def test_integral_theorem() -> None:
    """Two-sided at 4.5 standard errors: a right program fails one in 150 000 times; the seed is fixed."""
    assert abs(standardised()) < SIGMAS


def test_a_record_read_backwards_without_exchanging_its_detectors_would_be_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "partner_detectors", lambda model, detectors: np.arange(len(detectors.names)))
    with pytest.raises(AssertionError):
        test_record_by_record(atom(), Detection(BOTH, 0.5, 0.1), 10.0)


@pytest.mark.parametrize(
    ("model", "detection", "words"),
    [
        (atom(), Detection({"down": ["emission"]}), "no detector sees the reverse of what down sees"),
        (atom(), Detection(BOTH, {"up": 0.5, "down": 0.6}), "no detector sees the reverse"),
        (atom(), Detection(BOTH, 1.0, {"up": 0.5}), "no detector sees the reverse"),
        (systems.diamond(-np.inf, 1.0), Detection({"S+": ["S_up"], "S-": ["S_down"]}), "A_up is one-way"),
    ],
)
def test_records_that_have_no_reverse(model: Model, detection: Detection, words: str) -> None:
    with pytest.raises(InputError, match=words):
        exact.record_entropy(model, [], [], 1.0, detection)
