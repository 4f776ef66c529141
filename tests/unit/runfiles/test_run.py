"""Run files: what is read is what was written; defaults, changes, states, observables, models of the user's own."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg

from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.runfiles.derived import at_point, resolve
from trajectories.runfiles.run import Run, load

ROOT = Path(__file__).parents[3]
RUNS = sorted((ROOT / "runs").glob("*.toml")) + sorted((ROOT / "runs" / "papers").glob("*.toml"))
DIAMOND = {"name": "diamond", "beta_A": -2, "beta_S": 3}


def made(system: dict | None = None, observables: dict | None = None, **ensemble: object) -> Run:
    """A small run of the diamond, changed."""
    tables = {
        "system": system or DIAMOND,
        "ensemble": {"trajectories": 100, "duration": 2.0, **ensemble},
        "observables": observables or {},
    }
    return Run.from_mapping(tables)


def liouvillian(model: Model) -> np.ndarray:
    """Row-major Liouvillian, written out here so that nothing is shared with the package."""
    one = np.eye(model.dimension)
    found = -1j * (np.kron(model.hamiltonian, one) - np.kron(one, model.hamiltonian.T))
    for channel in model.channels:
        jump = channel.operator
        loss = jump.conj().T @ jump
        found = found + np.kron(jump, jump.conj()) - 0.5 * (np.kron(loss, one) + np.kron(one, loss.T))
    return found


def steady(model: Model) -> np.ndarray:
    """The null vector of the Liouvillian with trace one."""
    rho = scipy.linalg.null_space(liouvillian(model))[:, 0].reshape(model.hamiltonian.shape)
    return rho / np.trace(rho)


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.stem)
def test_shipped_run_files_are_runs(path: Path) -> None:
    run = load(path)
    for number in range(run.point_count):
        point = resolve(at_point(run, number)[1])
        model = point.build_model()
        rho = point.initial_state(model)
        assert rho is None or abs(np.trace(rho) - 1) < 1e-12
        for matrix in point.observables_for(model).values():
            np.testing.assert_array_equal(matrix, matrix.conj().T)
    assert run.times[-1] == run.duration and run.title and run.name == path.stem


def test_samples_are_even_and_end_at_the_duration() -> None:
    assert made(samples=4).times == (0.5, 1.0, 1.5, 2.0)
    assert len(made().times) == 10
    # 0.7 * (j/7) need not be exact inside, but the end is the duration itself.
    assert made(duration=0.7, samples=7).times[-1] == 0.7


def test_times_are_completed_by_duration_and_burn_in() -> None:
    assert made(times=[0, 0.5]).times == (0.0, 0.5, 2.0)
    assert made(times=[0.5, 2]).times == (0.5, 2.0)
    assert made(times=[]).times == (2.0,)
    assert made(times=[0.5], burn_in=0.25).times == (0.25, 0.5, 2.0)
    assert made(times=[0.5], burn_in=0.5).times == (0.5, 2.0)


def test_defaults() -> None:
    run = made()
    assert (run.seed, run.records, run.burn_in, run.initial, run.pair) == (1, 0, 0.0, "steady", None)
    assert run.figure.formats == ("png",) and run.figure.histogram and run.figure.trajectory == 0


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "small.toml"
    path.write_text(
        '[system]\nname="diamond"\nbeta_A=-2\nbeta_S=3\n[ensemble]\ntrajectories=10\nduration = 2.0\nsamples=4'
    )
    return path


def test_overrides_are_toml_values_or_strings_and_the_last_one_wins(written: Path) -> None:
    run = load(
        written, ["system.beta_A=-inf", "ensemble.seed=3", "ensemble.seed = 9", "title=Warm", "ensemble.initial=A"]
    )
    assert run.system["beta_A"] == -math.inf
    assert (run.seed, run.title, run.initial) == (9, "Warm", "A")
    assert load(written, ["ensemble.times=[0.1, 0.2]"]).times == (0.1, 0.2, 2.0)
    assert load(written, ["figure.formats=['pdf', 'png']"]).figure.formats == ("pdf", "png")


def test_override_of_times_replaces_samples_and_back(written: Path) -> None:
    run = load(written, ["ensemble.times=[1.0]", "ensemble.samples=2"])
    assert run.times == (1.0, 2.0)


def test_named_starts() -> None:
    run = made()
    model = run.build_model()
    assert run.initial_state(model) is None
    np.testing.assert_array_equal(made(initial="ground").initial_state(model), np.diag([1, 0, 0, 0]))
    np.testing.assert_array_equal(made(initial="mixed").initial_state(model), np.eye(4) / 4)
    # |10> is the third state of |00>, |01>, |10>, |11>.
    np.testing.assert_array_equal(made(initial="10").initial_state(model), np.diag([0, 0, 1, 0]))
    # A = (|01> - |10>)/sqrt 2 of the Bell basis that the diamond offers.
    singlet = np.array([0, 1, -1, 0]) / np.sqrt(2)
    np.testing.assert_allclose(made(initial="A").initial_state(model), np.outer(singlet, singlet), atol=1e-15)


@pytest.mark.parametrize(
    "written_as",
    [[0.6, "0.8j", 0, 0], [[0.6, 0], [0, 0.8], [0, 0], [0, 0]], [0.6, "0+0.8j", "0", 0.0], [0.6, [0, 0.8], 0, 0]],
)
def test_vectors_in_every_spelling(written_as: list) -> None:
    run = made(initial=written_as)
    psi = np.array([0.6, 0.8j, 0, 0])
    np.testing.assert_allclose(run.initial_state(run.build_model()), np.outer(psi, psi.conj()), atol=1e-15)


def test_arrays_are_taken_from_python() -> None:
    psi = np.array([0.6, 0.8j, 0, 0])
    rho = np.outer(psi, psi.conj())
    model = made().build_model()
    for given in (psi, psi[:, None], rho, tuple(psi)):
        np.testing.assert_allclose(made(initial=given).initial_state(model), rho, atol=1e-15)
    swap = np.eye(4)[[0, 2, 1, 3]]
    np.testing.assert_array_equal(made(observables={"swap": swap}).observables_for(model)["swap"], swap)


def test_density_matrices_with_complex_entries() -> None:
    rows = [[0.5, "-0.25j", 0, 0], [[0, 0.25], 0.5, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    run = made(initial=rows)
    wanted = np.zeros((4, 4), complex)
    wanted[:2, :2] = [[0.5, -0.25j], [0.25j, 0.5]]
    np.testing.assert_allclose(run.initial_state(run.build_model()), wanted, atol=1e-15)


def test_two_pairs_mean_the_same_state_as_vector_and_as_matrix() -> None:
    # (c^2, cs), (cs, s^2): the matrix |v><v| with v = (c, s), and, read as [re, im] pairs, the vector (c + is)(c, s).
    for angle in np.linspace(0.1, 3.0, 7):
        v = np.array([np.cos(angle), np.sin(angle)])
        pairs = np.outer(v, v)
        as_vector = pairs[:, 0] + 1j * pairs[:, 1]
        np.testing.assert_allclose(np.outer(as_vector, as_vector.conj()), pairs, atol=1e-15)


def test_observables_are_expressions_or_matrices() -> None:
    exchange = [[0, 0, 0, 0], [0, 0, "-1j", 0], [0, "1j", 0, 0], [0, 0, 0, 0]]
    run = made(observables={"excitations": "n1 + n2", "current": exchange})
    found = run.observables_for(run.build_model())
    np.testing.assert_array_equal(found["excitations"], np.diag([0, 1, 1, 2]))
    assert found["current"][1, 2] == -1j and found["current"][2, 1] == 1j


def test_pair_is_counted_from_one_and_defaults_to_the_models() -> None:
    model = made().build_model()
    assert made(pair=[2, 1]).pair_of(model) == (1, 0)
    assert made().pair_of(model) == model.pair == (0, 1)
    qutrit = load(ROOT / "runs" / "own_model.toml")
    assert qutrit.pair_of(qutrit.build_model()) is None


def test_mapping_survives_json_and_makes_the_same_run() -> None:
    run = made(
        {**DIAMOND, "beta_A": -math.inf},
        {"x": [[0, "1j", 0, 0], ["-1j", 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], "n": "n1"},
        initial=["0.6", "0.8j", 0, 0],
        burn_in=0.3,
        pair=[2, 1],
        seed=2**63 - 1,
    )
    stored = json.dumps(run.mapping(), allow_nan=False)
    again = Run.from_mapping(json.loads(stored))
    assert again.mapping() == run.mapping()
    assert again.system == run.system and again.seed == 2**63 - 1 and again.times == run.times
    model = run.build_model()
    np.testing.assert_array_equal(again.initial_state(model), run.initial_state(model))
    np.testing.assert_array_equal(again.observables_for(model)["x"], run.observables_for(model)["x"])


def test_user_models_are_read_anew_and_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "scale.py").write_text("RATE = 1.0\n")
    source = """
import numpy as np
from scale import RATE
from trajectories import Channel, Model, Reservoir

def build(energy):
    lower = np.array([[0, 1], [0, 0]])
    channels = [Channel("down", lower, "b"), Channel("up", 0.5 * RATE * lower.T, "b")]
    return Model(energy * np.diag([0, 1]), channels, [Reservoir("b")])
"""
    file = tmp_path / "own.py"
    run = Run.from_mapping(
        {
            "system": {"file": "own.py", "function": "build", "energy": 2},
            "ensemble": {"trajectories": 1, "duration": 1},
        },
        directory=tmp_path,
    )
    file.write_text(source)
    assert run.build_model().hamiltonian[1, 1] == 2
    # Same length, same second: a cached .pyc would still be believed.
    file.write_text(source.replace("energy * ", "-energy* "))
    assert run.build_model().hamiltonian[1, 1] == -2
    assert not [path for path in tmp_path.rglob("own*.pyc")]


def test_learn_decay_has_the_closed_form_it_states() -> None:
    # The closed form solves the optical Bloch equations; here the master equation itself is exponentiated.
    run = load(ROOT / "runs" / "learn_decay.toml")
    model = run.build_model()
    closed = runpy.run_path(str(ROOT / "runs" / "learn_decay.py"))
    start = run.initial_state(model)
    assert start is not None
    for t in (0.3, 1.0, 4.0, 15.0):
        rho = (scipy.linalg.expm(t * liouvillian(model)) @ start.reshape(-1)).reshape(2, 2)
        assert rho[1, 1].real == pytest.approx(closed["excited_population"](t), abs=1e-12)
    assert steady(model)[1, 1].real == pytest.approx(closed["steady_excited_population"](), abs=1e-12)
    # The number in the run file's comments.
    assert f"= {closed['steady_excited_population']():.4f}" in " ".join(run.text.split())


def test_the_maser_has_the_efficiency_and_power_it_states() -> None:
    run = load(ROOT / "runs" / "own_model.toml")
    model = run.build_model()
    rho = steady(model)
    heat = {"h": 0.0, "c": 0.0}
    for channel in model.channels:
        assert channel.quantum is not None
        heat[channel.reservoir] += channel.quantum * np.trace(channel.operator.conj().T @ channel.operator @ rho).real
    # One quantum in from h for each one out to c: Q_c/Q_h = -omega_c/omega_h, and the rest is the drive's.
    assert heat["c"] / heat["h"] == pytest.approx(-0.4, abs=1e-10)
    power = np.trace(run.observables_for(model)["power"] @ rho).real
    assert power == pytest.approx(heat["h"] + heat["c"], rel=1e-10) and power > 0


def test_messages_name_the_run_file_and_the_change(written: Path) -> None:
    with pytest.raises(InputError, match=r"small\.toml: \[ensemble\] duration = -1: must be a number > 0"):
        written.write_text(written.read_text().replace("duration = 2.0", "duration = -1"))
        load(written)
    with pytest.raises(InputError, match=r"^--set ensemble\.duration = -2: must be a number > 0"):
        load(written, ["ensemble.duration=-2"])
