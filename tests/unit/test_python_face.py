"""One call from Python for what the command line does: runs, sweeps, statistics, pictures, files, interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import trajectories
from trajectories import exact
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import RecordRequest
from trajectories.report.result import open_result
from trajectories.runfiles.job import jobs_of
from trajectories.running import progress
from trajectories.running.driver import execute
from trajectories.running.signals import Stop
from trajectories.systems import diamond, local_engine

ROOT = Path(__file__).parents[2]
MODEL = diamond(beta_A=-2, beta_S=3)
SWEEP = """
[system]
name = "local_engine"
T_c = 0.3
gamma_h = 0.01
gamma_c = 0.011
[ensemble]
trajectories = 640
duration = 50.0
times = [50.0]
seed = 5
[sweep]
T_h = [2.0, 1.0]
g = [0.01, 0.02, 0.04]
"""
OVER = {"T_h": [2.0, 1.0], "g": np.array([0.01, 0.02, 0.04])}


def engine(T_h: float, g: float, T_c: float = 0.3) -> trajectories.Model:
    return local_engine(T_h=T_h, T_c=T_c, g=g, gamma_h=0.01, gamma_c=0.011)


@pytest.fixture(scope="module")
def result() -> trajectories.Result:
    return trajectories.run(MODEL, duration=2, times=[1, 2], trajectories=640, seed=1, records=9)


def same_blocks(one: Any, other: Any) -> bool:
    return all(
        np.array_equal(x, y, equal_nan=True)
        for p, q in zip(one.points, other.points, strict=True)
        for x, y in zip(p.total, q.total, strict=True)
    )


# Names


def test_dir_shows_the_public_names_and_nothing_else() -> None:
    show = "print(*dir(trajectories))"
    code = f"import trajectories; {show}; trajectories.run, trajectories.exact; {show}"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split("\n")
    names = (
        "Channel Detection InputError Interrupted Model Reservoir Result __version__ detect exact infer load merge "
        "open plan "
    )
    names += "rare read_records replay run solve sweep systems"
    assert said[:2] == [names, names]


# Runs and sweeps


def test_a_sweep_of_a_name_of_a_function_and_of_a_file_have_the_same_bits(tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_text(SWEEP)
    from_file = trajectories.run(tmp_path / "engine.toml")
    fixed = {"T_c": 0.3, "gamma_h": 0.01, "gamma_c": 0.011}
    named = trajectories.sweep("local_engine", OVER, duration=50, trajectories=640, seed=5, **fixed)
    built = trajectories.sweep(engine, OVER, duration=50, trajectories=640, seed=5)
    assert same_blocks(from_file, named) and same_blocks(named, built)
    assert {name: values.tolist() for name, values in built.sweep.items()} == {
        "T_h": [2.0, 1.0],
        "g": [0.01, 0.02, 0.04],
    }
    heat = built.arrays("heat_current.h")
    assert heat.estimate.shape == heat.standard_error.shape == heat.status.shape == (2, 3, 1)
    for i, T_h in enumerate(OVER["T_h"]):
        for j, g in enumerate(OVER["g"]):
            wanted = exact.heat_currents(engine(T_h, g))["h"]
            assert heat.exact[i, j, 0] == pytest.approx(wanted, rel=1e-9)
    assert built.models[4].parameters["g"] == 0.02 and built.models[4].parameters["T_h"] == 1.0


def test_points_are_independent(tmp_path: Path) -> None:
    """Equal parameters at two points: other trajectories."""
    result = trajectories.sweep(engine, {"g": [0.02, 0.02 + 1e-12]}, T_h=2.0, duration=50, trajectories=640, seed=5)
    heat = result.arrays("heat_current.h").estimate[:, 0]
    assert heat[0] != heat[1]


def test_some_points_stand_at_their_places_among_nan(tmp_path: Path) -> None:
    (tmp_path / "engine.toml").write_text(SWEEP)
    part = trajectories.run(tmp_path / "engine.toml", points="4:6")
    whole = trajectories.run(tmp_path / "engine.toml")
    heat, wanted = part.arrays("heat_current.h"), whole.arrays("heat_current.h")
    assert np.isnan(heat.estimate).sum() == 4 and (heat.status == "").sum() == 4
    np.testing.assert_array_equal(heat.estimate[1, 1:], wanted.estimate[1, 1:])


def test_a_run_file_is_changed_by_keywords(tmp_path: Path) -> None:
    path = ROOT / "runs" / "diamond.toml"
    changed = trajectories.load(path, ["system.beta_A=-1", "ensemble.trajectories=640", "ensemble.seed=9"])
    wanted = execute(jobs_of(changed))
    found = trajectories.run(path, trajectories=640, seed=9, changes={"system.beta_A": -1})
    again = trajectories.run(trajectories.load(path), trajectories=640, seed=9, changes={"system.beta_A": -1})
    assert same_blocks(found, wanted) and same_blocks(again, wanted)
    assert trajectories.run(path, trajectories=640, duration=1.0, times=[0.5, 1.0]).times.tolist() == [0.5, 1.0]
    assert trajectories.run(changed, times=[0.5, 1.0]).times.tolist() == [0.5, 1.0]


def test_a_sweep_is_resumed_and_another_refused(tmp_path: Path) -> None:
    output = tmp_path / "sweep.h5"
    first = trajectories.sweep(engine, OVER, duration=50, trajectories=640, output=output)
    again = trajectories.sweep(engine, OVER, duration=50, trajectories=640, output=output)
    assert first.seed == again.seed and same_blocks(first, again)
    with pytest.raises(trajectories.InputError, match=r"system\.T_c: 0\.3 in the file, 0\.2 asked for"):
        trajectories.sweep(engine, OVER, duration=50, trajectories=640, output=output, T_c=0.2)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"over": {}}, "over: must be a mapping"),
        ({"over": {"h": [1.0]}}, "engine: unknown parameter h; "),
        ({"over": {"g": [0.1]}}, "engine: parameter T_h is missing"),
        ({"T_c": np.eye}, "T_c: is a function: must be a number, text, or a list"),
        ({"machine": 3}, "machine: is an integer: must be a system's name or a function that returns a Model"),
        ({"machine": lambda T_h, g: 3}, "returned an integer: must return a trajectories.Model"),
        ({"machine": lambda T_h, g: 1 / 0}, "raised ZeroDivisionError"),
        ({"target_error": "heat_current.h=1e-3"}, "target_error: needs an output"),
        ({"walltime": "soon"}, "soon: must be a time span"),
        ({"duration": None}, r"\[ensemble\] duration is missing"),
    ],
)
def test_bad_input_is_one_line(arguments: dict[str, Any], wanted: str) -> None:
    given = {"machine": engine, "over": OVER, "duration": 50, "trajectories": 640} | arguments
    with pytest.raises(trajectories.InputError, match=wanted) as caught:
        trajectories.sweep(**given)
    assert "\n" not in str(caught.value)


def test_a_target_error_ends_a_run(tmp_path: Path) -> None:
    rule = {"target_error": "activity=10%", "output": tmp_path / "a.h5"}
    assert trajectories.run(MODEL, duration=2, trajectories=100_000, seed=1, **rule).trajectories < 50_000


# What is sampled, in the hand


def test_kept_records_are_the_replayed_trajectories(result: trajectories.Result) -> None:
    assert len(result.records) == 9 == len(result.records[:])
    kept, again = result.records[7], result.replay(7)
    np.testing.assert_array_equal(kept.jump_times, again.jump_times)
    assert kept.channel_names == again.channel_names and set(kept.channel_names) <= {c.name for c in MODEL.channels}
    np.testing.assert_allclose(np.linalg.norm(kept.states([0.0, 1.0, 2.0]), axis=1), 1)
    assert kept.text() == again.text() == str(trajectories.replay(result, 7))
    assert result.records[-1].number == 8
    with pytest.raises(IndexError, match="the jumps of 9 trajectories were kept"):
        result.records[9]
    with pytest.raises(trajectories.InputError, match="point 3"):
        result.replay(7, point=3)


def test_a_result_is_saved_opened_and_extended(result: trajectories.Result, tmp_path: Path) -> None:
    path = result.save(tmp_path / "saved.h5")
    opened = trajectories.open(path)
    assert same_blocks(opened, result) and opened.records[7].text() == result.records[7].text()
    assert opened.report().text().partition("\n")[2] == result.report().text().partition("\n")[2]
    copy = trajectories.open(opened.save(tmp_path / "copy.h5"))
    assert same_blocks(copy, result)
    asked: dict[str, Any] = {"duration": 2, "times": [1, 2], "trajectories": 1000, "records": 9}
    more = trajectories.run(MODEL, **asked, output=path)
    assert more.trajectories == 1000 and more.seed == 1
    with pytest.warns(UserWarning, match="sampled anew, in larger blocks"):
        more = trajectories.run(MODEL, **asked | {"trajectories": 6400}, output=path)
    assert same_blocks(more, trajectories.run(MODEL, **asked | {"trajectories": 6400}, seed=1))
    with pytest.raises(trajectories.InputError, match=r"saved\.h5: exists: must be the name of a new file"):
        result.save(path)


def test_statistics_of_records_are_those_of_the_counting_table(result: trajectories.Result, tmp_path: Path) -> None:
    request = RecordRequest(waiting=("A_up+S_up,A_down",), bins=5, point=0)
    rows = Counting.of_result(result, request=request).points[0].records[0]
    waits = result.waiting_times(["A_up", "S_up"], "A_down", bins=5)
    assert waits.estimate.tolist() == [own.estimate for own in rows if own.quantity == "waiting_time_density"]
    assert waits.edges is not None and waits.x.tolist() == (0.5 * (waits.edges[1:] + waits.edges[:-1])).tolist()
    assert set(waits.status) <= {"agree", "unresolved", "exact"}
    asked: dict[str, Any] = {"waiting": [("A", "S")], "g2": [("any", "any")], "spectrum": ["S"]}
    table = result.counting(**asked, first_passage=[("A", (-2, 3))], path=tmp_path / "counting.png")
    assert len(table.points[0].records) == 4 and (tmp_path / "counting.png").stat().st_size > 10_000
    assert table.verdict == "agree"
    with pytest.raises(trajectories.InputError, match="no channel or reservoir 'B'"):
        result.g2("B")


def test_pictures(result: trajectories.Result, tmp_path: Path) -> None:
    figure = result.figure(tmp_path / "diamond.png", window=(0.0, 1.0))
    assert (tmp_path / "diamond.png").read_bytes()[:4] == b"\x89PNG" and len(figure.axes) > 3
    assert result.theorems(path=tmp_path / "theorems.pdf").verdict == "agree"
    assert (tmp_path / "theorems.pdf").read_bytes()[:4] == b"%PDF"
    curves = trajectories.sweep("diamond", {"beta_S": [1, 2, 3]}, beta_A=-1, duration=2, trajectories=640, seed=1)
    assert curves.figure().axes
    grid = trajectories.sweep(engine, {"T_h": [1, 2], "g": [0.01, 0.02]}, duration=50, trajectories=640, seed=1)
    assert grid.figure().axes and trajectories.sweep(engine, {"g": [0.01, 0.02]}, T_h=2, duration=9).figure().axes


# Stopped


@pytest.fixture
def stopped_after(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Send this process a signal at the n-th look for signals after the points are prepared."""

    def arrange(looks: int, number: signal.Signals) -> None:
        left, poll = [looks], Stop.poll

        def counted(self: Stop) -> None:
            left[0] -= not self.at_work
            if left[0] == 0:
                os.kill(os.getpid(), number)
            poll(self)

        monkeypatch.setattr(Stop, "poll", counted)

    return arrange


@pytest.mark.parametrize("in_file", [False, True])
def test_ctrl_c_returns_what_is_sampled(stopped_after: Any, tmp_path: Path, in_file: bool) -> None:
    output = tmp_path / "stopped.h5" if in_file else None
    stopped_after(12, signal.SIGINT)
    with pytest.warns(UserWarning, match=r"stopped by SIGINT: the result has [\d,]+ of 1,000,000 trajectories") as said:
        result = trajectories.run(MODEL, duration=2, trajectories=1_000_000, seed=1, output=output)
    assert said[0].filename == __file__
    assert 0 < result.trajectories < 1_000_000 and result.report().verdict == "agree"
    whole = trajectories.run(MODEL, duration=2, trajectories=1_000_000, seed=1)
    assert result.points[0].preparation.block_size == whole.points[0].preparation.block_size
    if in_file:
        assert trajectories.open(tmp_path / "stopped.h5").trajectories == result.trajectories
    else:  # goes on from its file to the bits of an undisturbed run
        path = result.save(tmp_path / "saved.h5")
        assert same_blocks(trajectories.run(MODEL, duration=2, trajectories=1_000_000, seed=1, output=path), whole)


def test_a_stopped_sweep_has_its_first_points(stopped_after: Any) -> None:
    stopped_after(80, signal.SIGINT)
    with pytest.warns(UserWarning, match="the result has"):
        result = trajectories.sweep(engine, OVER, duration=50, trajectories=6400, seed=5)
    known = ~np.isnan(result.arrays("heat_current.h").estimate[..., 0])
    assert 0 < known.sum() < 6 and known.ravel()[: known.sum()].all()


@pytest.mark.parametrize(("looks", "number"), [(1, signal.SIGINT), (12, signal.SIGTERM)])
def test_interrupted_is_raised(stopped_after: Any, looks: int, number: signal.Signals) -> None:
    """Where nothing is sampled yet, and where the process is asked to end."""
    stopped_after(looks, number)
    with pytest.raises(trajectories.Interrupted, match=f"stopped by {number.name}") as caught:
        trajectories.run(MODEL, duration=2, trajectories=1_000_000, seed=1)
    assert (caught.value.result is None) == (looks == 1)


def test_a_walltime_ends_a_run() -> None:
    with pytest.warns(UserWarning, match="the walltime is over: the result has"):
        result = trajectories.run(MODEL, duration=20, trajectories=10**9, seed=1, walltime=2.0)
    assert 0 < result.trajectories < 10**9


def test_a_bar_is_shown_on_terminals_and_in_notebooks_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    trajectories.run(MODEL, duration=2, trajectories=640, seed=1)
    assert capsys.readouterr().err == "" and not progress.bar_is_seen()
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert progress.bar_is_seen()
    trajectories.run(MODEL, duration=2, trajectories=640, seed=1)
    assert "trajectories" in capsys.readouterr().err
    trajectories.run(MODEL, duration=2, trajectories=640, seed=1, progress=False)
    assert capsys.readouterr().err == ""


# The exact side, against the full Liouvillian written out here


def full_liouvillian(model: trajectories.Model, factor: dict[str, complex] | None = None) -> np.ndarray:
    d, effective = model.dimension, model.hamiltonian - 0.5j * sum(a.conj().T @ a for a in model.operators)
    matrix = -1j * np.kron(effective, np.eye(d)) + 1j * np.kron(np.eye(d), effective.conj())
    for channel in model.channels:
        matrix = matrix + (factor or {}).get(channel.name, 1.0) * np.kron(channel.operator, channel.operator.conj())
    return matrix


@pytest.mark.parametrize("model", [MODEL, engine(2.0, 0.02)], ids=["diamond", "local_engine"])
def test_the_exact_side(model: trajectories.Model) -> None:
    d, bath = model.dimension, model.reservoirs[0].name
    trace, matrix = np.eye(d).reshape(-1), full_liouvillian(model)
    weights = {c.name: float(np.sign(c.quantum or 0)) * (c.reservoir == bath) for c in model.channels}
    up = {name for name, weight in weights.items() if weight > 0}
    rho = exact.steady_state(model)
    np.testing.assert_allclose(matrix @ rho.reshape(-1), 0, atol=1e-12)
    ground = exact.state(model, [0.0, 1.0, 7.0], "ground")
    start = ground[0].reshape(-1)
    np.testing.assert_allclose(ground[2].reshape(-1), expm(7.0 * matrix) @ start, atol=1e-10)
    energy = sum(exact.energy_currents(model, ground).values())
    np.testing.assert_allclose(
        energy[1], np.trace(model.hamiltonian @ (matrix @ ground[1].reshape(-1)).reshape(d, d)).real, atol=1e-10
    )
    entropy = -sum((model.reservoirs[r].beta or 0.0) * q for r, q in enumerate(exact.heat_currents(model).values()))
    assert exact.entropy_production_rate(model) == pytest.approx(entropy, rel=1e-9)
    np.testing.assert_allclose(exact.entropy_production(model, [3.0], "steady"), 3.0 * entropy, rtol=1e-7)

    def leading(u: float) -> float:
        return float(
            np.linalg.eigvals(full_liouvillian(model, {n: np.exp(-u * w) for n, w in weights.items()})).real.max()
        )

    np.testing.assert_allclose(exact.scgf(model, [0.4, -0.2], bath), [leading(0.4), leading(-0.2)], atol=1e-10)
    h = 1e-3
    noise = (leading(h) - 2 * leading(0.0) + leading(-h)) / h**2
    np.testing.assert_allclose(exact.cumulants(model, bath, 2), [-(leading(h) - leading(-h)) / 2 / h, noise], rtol=1e-3)
    kick = sum(np.kron(c.operator, c.operator.conj()) for c in model.channels if c.name in up)
    after = kick @ rho.reshape(-1)
    rate = (trace @ after).real
    g2 = [(trace @ kick @ expm(t * matrix) @ after).real / rate**2 for t in (0.0, 2.0)]
    np.testing.assert_allclose(exact.g2(model, sorted(up), [0.0, 2.0]), g2, rtol=1e-8)
    without = full_liouvillian(model, dict.fromkeys(up, 0.0))
    waits = [(trace @ kick @ expm(t * without) @ after).real / rate for t in (0.0, 2.0)]
    np.testing.assert_allclose(exact.waiting_times(model, sorted(up), sorted(up), [0.0, 2.0]), waits, rtol=1e-8)
    stayed = (trace @ expm(2.0 * without) @ start).real  # an upward count of one is reached by the first such jump
    one_up = np.array([float(c.name in up) for c in model.channels])
    passage = exact.first_passages(model, one_up, (-np.inf, 1), [2.0], "ground")
    np.testing.assert_allclose([passage.survival[0], passage.upper[0]], [stayed, 1 - stayed], atol=1e-10)
    np.testing.assert_allclose(exact.finite_time_cumulants(model, one_up, [9.0], order=1), [[9.0 * rate]], rtol=1e-9)
    assert exact.spectrum(model, bath, [0.0])[0] == pytest.approx(exact.cumulants(model, bath, 2)[1], rel=1e-9)
    found = exact.steady(lambda: model, ["concurrence", "negativity"])
    np.testing.assert_allclose(exact.concurrence(model), found["concurrence"], atol=1e-12)
    np.testing.assert_allclose(exact.negativity(model, np.stack([rho, rho]))[1], found["negativity"], atol=1e-12)


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (
            lambda: exact.cumulants(MODEL, "B"),
            "count B: diamond has no such count: must be one of A, S, entropy, jumps",
        ),
        (lambda: exact.g2(MODEL, "C_up", [0.0]), "first: diamond has no channel or reservoir 'C_up'"),
        (lambda: exact.state(MODEL, [1.0], "up"), "initial"),
        (lambda: exact.state(MODEL, [1.0, 0.5], "ground"), "not falling"),
        (lambda: exact.first_passages(MODEL, "A", (1, 2), [1.0]), "bound: is 1 and 2: must have 0 between the two"),
        (lambda: exact.concurrence(MODEL, np.eye(2)), r"state: has shape \(2, 2\)"),
    ],
)
def test_the_exact_side_refuses(call: Any, wanted: str) -> None:
    with pytest.raises(trajectories.InputError, match=wanted):
        call()


def test_a_public_result_is_the_stored_one(result: trajectories.Result, tmp_path: Path) -> None:
    path = result.save(tmp_path / "a.h5")
    assert type(trajectories.open(path)) is trajectories.Result and same_blocks(open_result(path), result)
    assert result.model.name == "diamond" and [m.digest() for m in result.models] == [MODEL.digest()]


def test_a_machine_of_one_level_is_kept_in_a_file(tmp_path: Path) -> None:
    """Nothing relaxes in one level: its gap is infinite, which JSON cannot say."""
    ticking = trajectories.Channel("tick", np.eye(1), "bath", quantum=0.0)
    model = trajectories.Model(np.zeros((1, 1)), [ticking], [trajectories.Reservoir("bath", 1.0)], dims=(1,), pair=None)
    result = trajectories.run(model, duration=5, trajectories=64, seed=1, output=tmp_path / "one.h5")
    again = trajectories.open(tmp_path / "one.h5")
    assert again.points[0].preparation.gap == np.inf and same_blocks(again, result)


RUN = ROOT / "runs" / "diamond.toml"


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda result: exact.steady_state("diamond"), "model: is a string: must be a Model"),
        (lambda result: exact.heat_currents(MODEL, "x"), "state: is a string: must be numbers"),
        (lambda result: exact.state(MODEL, "x", "ground"), "times: is a string: must be numbers"),
        (lambda result: exact.g2(MODEL, 3, [0.0]), "first: is an integer: must be names of channels"),
        (lambda result: exact.cumulants(MODEL, "A", order=2.5), "order = 2.5 is a number: must be an integer"),
        (lambda result: exact.first_passages(MODEL, "A", "x", [1.0]), "bound: is a string: must be numbers"),
        (lambda result: exact.steady(3, ["concurrence"]), "machine: is an integer: must be a system's name or a func"),
        (lambda result: exact.largest("diamond", "concurrence", {"beta_S": 5}, beta_A=-2), r"over: .* \(low, high\)"),
        (lambda result: exact.largest("diamond", "concurrence", ["beta_S"], beta_A=-2), r"over: .* \(low, high\)"),
        (lambda result: trajectories.run(RUN, changes="x"), "changes: is a string: must be a mapping"),
        (lambda result: trajectories.run(RUN, observables=np.eye(2)), "observables: is a ndarray: must be a mapping"),
        (lambda result: trajectories.run(RUN, output=3), "output: is an integer: must be the name of a file"),
        (lambda result: trajectories.run(RUN, target_error=0.1), "target_error: .* must be text"),
        (lambda result: trajectories.run(RUN, walltime=np.nan), "walltime = nan: must be positive"),
        (lambda result: trajectories.open(None), "path: is a NoneType: must be the name of a file"),
        (lambda result: trajectories.load(3), "path: is an integer: must be the name of a file"),
        (lambda result: trajectories.merge([3], "x.h5"), "parts: is an integer: must be the name of a file"),
        (lambda result: trajectories.merge(3, "x.h5"), "parts: is an integer: must be a list of file names"),
        (lambda result: trajectories.replay("x", 0), "source: is a string: must be a Result or a Run"),
        (lambda result: trajectories.replay(result, "x"), 'number = "x" is a string: must be an integer'),
        (lambda result: trajectories.rare(RUN, population="x"), 'population = "x" is a string: must be an integer'),
        (lambda result: trajectories.rare(RUN, "x"), "u: is a string: must be numbers"),
        (lambda result: result.counting(spectrum=["A"], bins="x"), 'bins = "x" is a string: must be an integer'),
        (lambda result: result.waiting_times("A", "S", longest="x"), 'longest = "x" is a string: must be a number'),
        (lambda result: result.waiting_times(3, "S"), "start: is an integer: must be names of channels"),
        (lambda result: result.theorems("x"), 'trajectories = "x" is a string: must be an integer'),
        (lambda result: result.spectrum("A", ["x"]), "frequencies: is a list: must be numbers"),
        (lambda result: result.counting(waiting="AS"), "waiting: .* must be pairs"),
        (lambda result: result.records["x"], "must be an integer"),
        (lambda result: result.replay(0).states("x"), "times: is a string: must be numbers"),
        (lambda result: result.figure(3), "path: is an integer: must be the name of a file"),
        (lambda result: result.save(3), "path: is an integer: must be the name of a file"),
        (lambda result: result[3], "quantity: is an integer"),
        (lambda result: result.arrays(3), "quantity: is an integer"),
    ],
)
def test_an_argument_of_the_wrong_type_is_one_line(result: trajectories.Result, call: Any, wanted: str) -> None:
    with pytest.raises(trajectories.InputError, match=wanted) as error:
        call(result)
    assert "\n" not in str(error.value)


def test_whole_floats_are_integers_and_one_name_is_a_name(result: trajectories.Result) -> None:
    assert "from the jump records of 100 tr" in str(result.counting(spectrum=["A"], trajectories=1e2))
    assert list(exact.steady("diamond", "concurrence", beta_A=-2, beta_S=3)) == ["concurrence"]


def test_every_answer_prints_as_its_table() -> None:
    model = diamond(beta_A=0, beta_S=1)
    result = trajectories.run(model, duration=1, trajectories=640, seed=1)
    answers = [
        *(result.report(), result.theorems(trajectories=100), result.counting(), result.replay(1)),
        *(trajectories.solve(model, duration=1), trajectories.plan(model, duration=1, trajectories=100)),
        trajectories.rare(model, [0.5], duration=2, population=50, repetitions=4),
    ]
    for answer in answers:
        assert str(answer) == repr(answer) == answer.text()
        assert str(answer).startswith("diamond")
