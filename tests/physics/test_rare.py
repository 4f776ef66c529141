"""Rare events: lambda(u) and the integral theorem at the papers' own temperatures, where plain sampling is hopeless.

Tolerances: |z| < 5 with 15 degrees of freedom is a false alarm in 6000 for each number, and the seeds are fixed.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from scipy import stats

from trajectories.counting.entropy_statistics import generating_function
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.report.rare_events import Rare
from trajectories.runfiles.job import Job
from trajectories.sampling import cloning as rare
from trajectories.sampling import cloning_population
from trajectories.sampling.cloning import RareEstimate, cloning
from trajectories.sampling.cloning_population import Setup
from trajectories.sampling.tilted_propagation import Target
from trajectories.systems import diamond, local_engine

ENGINE = local_engine(T_c=0.1, T_h=1.0, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)
DIAMOND = diamond(beta_A=-2.0, beta_S=3.0)
MILD = diamond(beta_A=0.0, beta_S=1.0)
MACHINES = {"engine": (ENGINE, 10_000.0), "diamond": (DIAMOND, 10.0)}
# max |lambda| over [-1, 2], at both ends: the tilted generator's for the engine, the diamond's closed form.
LARGEST = {"engine": 0.0209003, "diamond": 88.944161}


@pytest.mark.parametrize("u", [-1.0, 0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", MACHINES)
def test_lambda_is_resolved(name: str, u: float) -> None:
    """To 3 % (0.001 max |lambda| where it is 0), by error bar and in truth, the finite population's bias included."""
    model, duration = MACHINES[name]
    found = cloning(model, u, duration, 1000, 16, seed=3, windows=256)
    tolerance = 0.001 * LARGEST[name] if u in (0.0, 1.0) else 0.03 * abs(found.exact_scgf)
    assert found.scgf_error + found.bias_bound < tolerance
    assert abs(found.scgf - found.exact_scgf) < tolerance
    assert abs(found.scgf_z) < 5 and found.resolved[1]
    # The two symmetric ends have the largest value.
    assert u not in (-1.0, 2.0) or abs(found.exact_scgf - LARGEST[name]) < 1e-5 * LARGEST[name]


@pytest.mark.parametrize("name", MACHINES)
def test_integral_theorem_is_resolved(name: str) -> None:
    model, duration = MACHINES[name]
    found = cloning(model, 1.0, duration, 2000, 16, seed=4, windows=256, boundary=True)
    assert found.exact_log_average == pytest.approx(0, abs=1e-9)
    assert found.average * found.standard_error < 0.06
    assert abs(found.z) < 5 and found.resolved[0]


@pytest.mark.parametrize("name", MACHINES)
def test_plain_sampling_is_hopeless(name: str) -> None:
    """The forward process itself, cloned: too few of the population ever see what decides the average.

    With the guide the same populations know it to 6 % at worst.
    """
    model, duration = MACHINES[name]
    found = cloning(model, 1.0, duration, 2000, 16, seed=4, windows=256, boundary=True, guide=0.0)
    assert not found.resolved[0] and found.standard_error > 0.2


@pytest.mark.parametrize("guide", [0.0, 0.5, 0.9, 1.3])
def test_the_answer_does_not_depend_on_the_guide(guide: float) -> None:
    """Guide 0 is plain cloning of the forward dynamics: no eigenvector enters."""
    found = cloning(MILD, 1.0, 6.0, 1000, 16, seed=5, windows=48, boundary=True, guide=guide)
    assert found.average * found.standard_error < 0.05 and abs(found.z) < 5
    assert abs(found.average - 1) < 0.15


def test_a_start_away_from_the_steady_state() -> None:
    """From |00> of the diamond the exact value is 0.572952, the reference value of the diamond (-2, 3) at T = 0.2."""
    ground = np.diag([1.0, 0, 0, 0]).astype(complex)
    found = cloning(DIAMOND, 1.0, 0.2, 2000, 16, seed=6, windows=16, boundary=True, initial=ground)
    assert np.exp(found.exact_log_average) == pytest.approx(0.572952, abs=1e-6)
    assert abs(found.z) < 5 and found.standard_error < 0.03


@pytest.mark.parametrize("guide", [None, 0.0])
def test_absolute_irreversibility(guide: float | None) -> None:
    """A hot bath that only lifts: <e^{-Delta S}> is the surviving weight, below 1."""
    model = diamond(beta_A=-np.inf, beta_S=1.0)
    exact = float(generating_function(Master(model), 1.0, Master(model).steady_state(), np.array([0.2]))[0])
    # Reference value of the diamond with one-way bath A at beta_S = 1, T = 0.2.
    assert exact == pytest.approx(0.785010, abs=1e-6)
    found = cloning(model, 1.0, 0.2, 2000, 16, seed=7, windows=16, boundary=True, guide=guide)
    assert np.exp(found.exact_log_average) == pytest.approx(exact, rel=1e-9)
    assert abs(found.z) < 5 and found.standard_error < 0.03
    with pytest.raises(InputError, match="one-way"):
        cloning(model, -0.5, 0.2)


def estimate_with(
    monkeypatch: pytest.MonkeyPatch, model: Model, duration: float, u: float, change: dict[str, float]
) -> RareEstimate:
    """An estimate by an engine whose weights are wrong."""
    honest = rare._setup

    def wrong(target: Target, exponent: float) -> Setup:
        setup = honest(target, exponent)
        weight, growth = setup.log_weight, setup.growth
        # A jump's weight is e^{(v - u) Delta s}: only the part with u is the observable's.
        weight = weight - (change.get("entropy", 1.0) - 1) * u * model.entropy_steps
        twice = change.get("times", 1.0)
        return setup._replace(log_weight=twice * weight, growth=twice * growth)

    monkeypatch.setattr(rare, "_setup", wrong)
    return cloning(model, u, duration, 1000, 16, seed=3, windows=256)


@pytest.mark.parametrize("change", [{"entropy": 1.02}, {"entropy": 0.98}, {"times": 2.0}], ids=str)
@pytest.mark.parametrize("name", MACHINES)
def test_wrong_weights_are_caught(monkeypatch: pytest.MonkeyPatch, name: str, change: dict[str, float]) -> None:
    model, duration = MACHINES[name]
    found = estimate_with(monkeypatch, model, duration, -1.0, change)
    assert found.p_values[1] < 1e-6 and abs(found.scgf - found.exact_scgf) > 0.01 * LARGEST[name]


def test_the_same_bits_whatever_is_beside_them() -> None:
    """Workers, further repetitions: nothing changes; another seed or point does."""
    few = cloning(ENGINE, 1.5, 2000.0, 64, 3, seed=8, windows=32, workers=1)
    many = cloning(ENGINE, 1.5, 2000.0, 64, 6, seed=8, windows=32, workers=3)
    assert few.log_z.tobytes() == many.log_z[:3].tobytes()
    for other in ({"seed": 9}, {"point": 1}):
        assert not np.isin(
            few.log_z, cloning(ENGINE, 1.5, 2000.0, 64, 3, windows=32, **({"seed": 8} | other)).log_z
        ).any()


RUNS, LEVEL = 200, 0.95


@functools.cache
def small_runs() -> list[np.ndarray]:
    """Z of 8 repetitions of each run."""
    return [
        np.exp(cloning(MILD, 1.0, 1.0, 64, 8, seed=10, windows=8, boundary=True, point=point, workers=1).log_z)
        for point in range(RUNS)
    ]


def coverage(repeated: int = 1) -> float:
    """Share of small runs whose 95 % interval holds the truth; `repeated`: how often each repetition is counted."""
    quantile = stats.t.ppf(0.5 + LEVEL / 2, 7)
    counted = [np.tile(z[: 8 // repeated], repeated) for z in small_runs()]
    return float(np.mean([abs(z.mean() - 1) < quantile * z.std(ddof=1) / np.sqrt(8) for z in counted]))


def test_error_bars_cover_what_they_promise() -> None:
    """Of 200 runs 95 % cover; a correct interval leaves 0.89 to 0.995 once in 1600 (binomial)."""
    assert 0.89 < coverage() < 0.995


def test_a_stream_used_twice_is_caught() -> None:
    """Every repetition counted twice: t quantile and error belong to 8, information to 4; about 0.75 are covered."""
    assert coverage(repeated=2) < 0.89


def test_rare_ends_are_unresolved() -> None:
    """Without the final weight p(nT) the engine's flow at u = 1 hangs on final states that hardly a clone reaches.

    Small populations miss them and report an error bar that is calm and wrong; with both ends there is no such thing.
    """
    flow = cloning(ENGINE, 1.0, 8000.0, 300, 8, seed=11, windows=64)
    both = cloning(ENGINE, 1.0, 8000.0, 300, 8, seed=11, windows=64, boundary=True)
    assert flow.end_spread > 10 * both.end_spread and not flow.resolved[0]
    assert flow.resolved[1] and both.end_spread < 10
    # A calm error bar does not help: from the end alone Z's mean has a variance of 0.03, a standard error of 18 %.
    assert 0.02 < flow.end_spread / (300 * 8) < 0.05
    assert not flow._replace(standard_error=0.01).resolved[0]
    assert both._replace(standard_error=0.01, end_spread=1.0).resolved[0]


def test_no_random_number_is_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full and half populations, all repetitions and windows: each has streams of its own."""
    used: list[tuple[int, ...]] = []

    def noted(seed: int, point_family: int, numbers: np.ndarray, draws: np.ndarray) -> None:
        used.extend((int(seed), point_family, int(number)) for number in numbers)
        first_draws(seed, point_family, numbers, draws)

    first_draws = cloning_population.first_draws
    monkeypatch.setattr(cloning_population, "first_draws", noted)
    cloning(MILD, 1.0, 1.0, 64, 5, seed=3, windows=8, workers=1)
    assert len(used) == 2 * 5 * 8 and len(set(used)) == len(used)
    # Clones count from a window's number on: there is room for all of them before the next one.
    numbers = sorted(number for _, _, number in used)
    assert min(np.diff(numbers)) >= 64


def test_the_table() -> None:
    job = Job("mild", MILD, np.array([4.0]), None, 1, seed=2)
    found = Rare.of(job, [0.25, 1.0], population=400, repetitions=8, windows=32)
    assert found.verdict == "agree" and found.exit_status == 0
    text, data = found.text(), found.json()
    assert "integral fluctuation theorem" in text and text.count("agree") >= 5
    assert [row["u"] for row in data["rows"]] == [0.25, 1.0] and data["integral_fluctuation_theorem"]["boundary"]
