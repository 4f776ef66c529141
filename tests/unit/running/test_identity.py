"""A result is taken for a run's own only where everything agrees that determines the numbers; what differs is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trajectories
from trajectories import Channel, InputError, Model, Reservoir
from trajectories.results.merge import merge
from trajectories.runfiles.fingerprints import digest_of, operator_difference
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import Run, load
from trajectories.running.driver import execute
from trajectories.systems import diamond, local_engine

ENGINE = {"name": "local_engine", "T_h": 2e10, "T_c": 3e9, "epsilon_h": 1e10, "g": 0.3, "gamma_h": 0.5, "gamma_c": 0.4}
ENSEMBLE = {"trajectories": 64, "duration": 1.0, "times": [0.5, 1.0]}
OWN = """
import numpy as np
from trajectories import Channel, Model, Reservoir

def build(energy, rate=0.5, sites=2, kind="cold", table=(1.0, 2.0)):
    lower = np.array([[0, 1], [0, 0]])
    channels = [Channel("down", lower, "b"), Channel("up", rate * lower.T, "b")]
    return Model(energy * np.diag([0, 1]), channels, [Reservoir("b")])
"""


def run_of(system: dict[str, Any], directory: Path | str = ".", **tables: Any) -> Run:
    ensemble = {**ENSEMBLE, **tables.pop("ensemble", {})}
    return Run.from_mapping({"system": system, "ensemble": ensemble, **tables}, directory=directory, text="# a run")


def refused(run: Run, output: Path, *words: str) -> None:
    """The file is another run's: the message has these words, on one line, and the file is as it was."""
    before = output.read_bytes()
    with pytest.raises(InputError) as caught:
        execute(jobs_of(run), output)
    message = str(caught.value)
    assert "holds the result of a different run" in message and "\n" not in message
    for word in words:
        assert word in message, (word, message)
    assert output.read_bytes() == before


def test_a_coupling_beside_large_energies(tmp_path: Path) -> None:
    """g is 3e-11 of the energies: the old numbers would be given for another coupling."""
    output = tmp_path / "a.h5"
    execute(jobs_of(run_of(ENGINE)), output)
    refused(run_of({**ENGINE, "g": 0.1}), output, "system.g: 0.3 in the file, 0.1 asked for")
    execute(jobs_of(run_of(ENGINE)), output)  # the same run still is


def test_optical_frequencies_and_a_coupling_one_percent_off(tmp_path: Path) -> None:
    output = tmp_path / "a.h5"
    engine = {**ENGINE, "T_h": 4e15, "T_c": 6e14, "epsilon_h": 2e15, "g": 1e7, "gamma_h": 1e7, "gamma_c": 1e7}
    short = {"ensemble": {"duration": 1e-7, "times": [1e-7]}}
    execute(jobs_of(run_of(engine, **short)), output)
    refused(run_of({**engine, "g": 1.01e7}, **short), output, "system.g: 10000000 in the file, 10100000 asked for")


def coupled(g: float, omega: float = 1e10, noise: float = 0.0) -> Model:
    """Two resonant qubits; noise: what another processor's rounding adds, relative to every element's size."""
    lower = np.array([[0, 1], [0, 0]], complex)
    one, two = np.kron(lower, np.eye(2)), np.kron(np.eye(2), lower)
    energy = omega * (one.T @ one + two.T @ two) + g * (one.T @ two + two.T @ one)
    channels = [
        Channel(f"{name}_{way}", rate * (1 + noise) * operator, name)
        for name, down in (("h", one), ("c", two))
        for way, rate, operator in (("down", 0.7, down), ("up", 0.5, down.T))
    ]
    return Model(energy * (1 + noise), channels, [Reservoir("h"), Reservoir("c")])


def test_a_model_made_in_python(tmp_path: Path) -> None:
    output = tmp_path / "a.h5"
    first = trajectories.run(coupled(0.3), duration=1.0, trajectories=64, seed=1, output=output)
    again = trajectories.run(coupled(0.3), duration=1.0, trajectories=64, seed=1, output=output)
    np.testing.assert_array_equal(first.states, again.states)
    with pytest.raises(InputError, match=r"hamiltonian, element \(1, 2\): 0.3 in the file, 0.1 now"):
        trajectories.run(coupled(0.1), duration=1.0, trajectories=64, seed=1, output=output)
    # The bits of another kind of processor are no other model: a few units in the last place of every element.
    trajectories.run(coupled(0.3, noise=4e-16), duration=1.0, trajectories=64, seed=1, output=output)
    with pytest.raises(InputError, match="element"):
        trajectories.run(coupled(0.3, noise=1e-11), duration=1.0, trajectories=64, seed=1, output=output)


def test_parameters_of_a_model_made_in_python(tmp_path: Path) -> None:
    """A run file's result is resumed from Python, and a changed parameter has its name there too."""
    output = tmp_path / "a.h5"
    parameters = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
    execute(jobs_of(run_of({"name": "local_engine", **parameters})), output)
    again = trajectories.run(local_engine(**parameters), times=[0.5, 1.0], trajectories=64, seed=1, output=output)
    assert again.trajectories == 64
    with pytest.raises(InputError, match=r"system\.g: 0\.02 in the file, 0\.03 asked for"):
        trajectories.run(
            local_engine(**parameters | {"g": 0.03}), times=[0.5, 1.0], trajectories=64, seed=1, output=output
        )


def test_elements_are_compared_to_their_own_digits() -> None:
    model = coupled(0.3)
    assert operator_difference(model.pack(), coupled(0.3).pack()) == ""
    assert operator_difference(model.pack(), coupled(0.3 * (1 + 1e-9)).pack())
    assert operator_difference(model.pack(), coupled(0.3, omega=1e10 * (1 + 1e-13)).pack())


def test_digests_of_arrays_have_twelve_digits_of_every_element() -> None:
    """In a matrix noise about zero is zero; among times nothing is."""
    noisy = np.array([[1.0, 0.5 + 1e-17j], [0.5 - 1e-17j, -0.0]])
    assert digest_of(noisy) == digest_of(np.array([[1.0, 0.5 + 0j], [0.5, 0.0]]))
    assert digest_of(noisy) != digest_of(np.array([[1.0, 0.5 + 0j], [0.5, 1e-9]]))
    assert digest_of([0.0, 1e-16, 1e3]) != digest_of([0.0, 2e-16, 1e3])
    assert digest_of([1.0]) == digest_of([1.0 + 1e-15]) != digest_of([1.0 + 1e-10])


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ensemble": {"seed": 2}}, ("ensemble.seed: 1 in the file, 2 asked for",)),
        ({"ensemble": {"duration": 2.0, "times": [2.0]}}, ("ensemble.duration: 1 in the file, 2 asked for",)),
        ({"ensemble": {"times": [0.4, 1.0]}}, ("ensemble.times[0]: 0.5 in the file, 0.4 asked for",)),
        ({"ensemble": {"times": [1.0]}}, ("ensemble.times: 2 values in the file, 1 values asked for",)),
        ({"ensemble": {"initial": "ground"}}, ("ensemble.initial: steady in the file, ground asked for",)),
        ({"ensemble": {"burn_in": 0.5}}, ("ensemble.burn_in: 0 in the file, 0.5 asked for",)),
        ({"ensemble": {"pair": [2, 1]}}, ("ensemble.pair[0]: 1 in the file, 2 asked for",)),
        ({"observables": {"both": "n1*n2"}}, ("observables.both: n1 + n2 in the file, n1*n2 asked for",)),
        ({"observables": {}}, ("observables.both: n1 + n2 in the file, nothing asked for",)),
        ({"observables": {"both": "n1 + n2", "one": "n1"}}, ("observables.one: nothing in the file, n1 asked for",)),
    ],
)
def test_what_differs_is_said(tmp_path: Path, changed: dict[str, Any], words: tuple[str, ...]) -> None:
    output, system = tmp_path / "a.h5", {"name": "diamond", "beta_A": 0, "beta_S": 1}
    execute(jobs_of(run_of(system, observables={"both": "n1 + n2"})), output)
    refused(run_of(system, **{"observables": {"both": "n1 + n2"}, **changed}), output, *words)


@pytest.mark.parametrize(
    ("system", "tables"),
    [
        ({"name": "diamond", "beta_A": 0.0, "beta_S": 1, "omega": 1}, {}),  # a default, named
        ({"name": "diamond", "beta_A": 0, "beta_S": 1}, {"ensemble": {"initial": "steady", "trajectories": 64}}),
        ({"name": "diamond", "beta_A": 0, "beta_S": 1}, {"observables": {"both": "n2 + n1"}}),  # the same operator
        ({"name": "diamond", "beta_A": 0}, {"derived": {"beta_S": "2*0.5"}}),
    ],
)
def test_the_same_run_in_other_words_is_resumed(tmp_path: Path, system: dict[str, Any], tables: dict[str, Any]) -> None:
    output, both = tmp_path / "a.h5", {"observables": {"both": "n1 + n2"}}
    first = execute(jobs_of(run_of({"name": "diamond", "beta_A": 0, "beta_S": 1}, **both)), output)
    again = execute(jobs_of(run_of(system, **{**both, **tables})), output)
    np.testing.assert_array_equal(again.states, first.states)


def test_sweeps(tmp_path: Path) -> None:
    output, system = tmp_path / "a.h5", {"name": "diamond", "beta_A": 0}
    sweep = {"sweep": {"beta_S": [1, 2, 3]}}
    run = run_of({**system, "half": 0.5}, derived={"omega": "2*half"}, **sweep)
    execute(jobs_of(run), output)
    with_omega = {"derived": {"omega": "2*half"}}
    refused(
        run_of({**system, "half": 0.5}, **with_omega, sweep={"beta_S": [1, 2, 4]}),
        output,
        "sweep.beta_S[2]: 3 in the file, 4 asked for",
    )
    refused(
        run_of({**system, "half": 0.5}, **with_omega, sweep={"beta_S": [1, 2]}),
        output,
        "sweep.beta_S: 3 values in the file, 2 values asked for",
    )
    refused(run_of({**system, "half": 0.6}, **with_omega, **sweep), output, "system.half: 0.5 in the file, 0.6 asked")
    refused(
        run_of({**system, "half": 0.5}, derived={"omega": "3*half"}, **sweep),
        output,
        "derived.omega: 2 * half in the file, 3 * half asked for",
    )
    refused(run_of(system, **sweep), output, "derived.omega", "system.half: 0.5 in the file, nothing asked for")
    execute(jobs_of(run_of({**system, "half": 0.5}, derived={"omega": "2 * (half)"}, **sweep)), output)


def test_many_differences_are_told_in_short(tmp_path: Path) -> None:
    output = tmp_path / "a.h5"
    execute(jobs_of(run_of(ENGINE)), output)
    other = {**ENGINE, "T_h": 1e10, "T_c": 2e9, "g": 0.2, "gamma_h": 0.1, "gamma_c": 0.2}
    refused(run_of(other), output, "system.T_h: 2e+10 in the file", "; and 1 more;")


def test_an_edited_model_file(tmp_path: Path) -> None:
    """A default that was changed has its name; a changed line is said by what became of the operators."""
    file, output = tmp_path / "own.py", tmp_path / "a.h5"
    file.write_text(OWN)
    run = run_of({"file": "own.py", "function": "build", "energy": 1.0}, tmp_path)
    result = execute(jobs_of(run), output)
    shown = {"energy": 1.0, "rate": 0.5, "sites": 2, "kind": "cold", "table": (1.0, 2.0)}
    assert result.points[0].parameters == shown
    assert "rate = 0.5, sites = 2, kind = cold" in result.report().text()
    file.write_text("# a remark\n" + OWN.replace("rate=0.5", "rate=0.50"))
    execute(jobs_of(run), output)
    file.write_text(OWN.replace("rate=0.5", "rate=0.4"))
    refused(run, output, "system.rate: 0.5 in the file, 0.4 asked for")
    file.write_text(OWN.replace("sites=2", "sites=3"))  # it may be what other points need
    refused(run, output, "system.sites: 2 in the file, 3 asked for")
    file.write_text(OWN.replace("rate * lower.T", "2 * rate * lower.T"))
    refused(
        run,
        output,
        "the operators of build in own.py differ although [system] is the same",
        "L of up, element (1, 0): 0.5 in the file, 1 now",
    )
    file.write_text(OWN.replace('Reservoir("b")', 'Reservoir("b", -1.3862943611198906)'))
    refused(run, output, "reservoirs[0].beta: nothing in the file, -1.3862944 now")


def test_parts_of_a_sweep_between_which_a_model_file_was_edited(tmp_path: Path) -> None:
    file, paths = tmp_path / "own.py", [tmp_path / "0.h5", tmp_path / "1.h5"]
    run = run_of({"file": "own.py", "function": "build"}, tmp_path, sweep={"energy": [1.0, 2.0]})
    for part, path in enumerate(paths):
        file.write_text(OWN if part == 0 else OWN.replace("rate=0.5", "rate=0.4"))
        execute(jobs_of(run, str(part)), path)
    with pytest.raises(InputError, match=r"system\.rate: 0\.5 in the latter, 0\.4 in the former"):
        merge(paths, tmp_path / "merged.h5")


def test_a_run_file_that_is_loaded_twice_is_one_run(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(
        '[system]\nname = "diamond"\nbeta_A = -2\nbeta_S = 3\n[ensemble]\ntrajectories = 64\nduration = 1\n'
    )
    first, again = (jobs_of(load(path)).fingerprints() for _ in range(2))
    assert first == again
    changed = jobs_of(load(path, ["system.omega=1.0000000001"])).fingerprints()
    assert changed["system.omega"] != first["system.omega"] and changed["operators"] != first["operators"]
    # The number of trajectories, words and pictures are not part of it.
    free = ["ensemble.trajectories=128", "title=other", "ensemble.records=3", "figure.formats=['pdf']"]
    assert jobs_of(load(path, free)).fingerprints() == first


@pytest.mark.parametrize("build", [lambda: diamond(-2, 3), lambda: coupled(0.3)], ids=["diamond", "own"])
def test_models_built_twice_have_the_same_digest(build: Callable[[], Model]) -> None:
    assert build().digest() == build().digest()


def test_large_integers_are_not_numbers_to_some_digits(tmp_path: Path) -> None:
    output, seed = tmp_path / "a.h5", 2**62
    run = run_of({"name": "diamond", "beta_A": 0, "beta_S": 1}, ensemble={"seed": seed})
    execute(jobs_of(run), output)
    other = run_of({"name": "diamond", "beta_A": 0, "beta_S": 1}, ensemble={"seed": seed + 1})
    refused(other, output, f"ensemble.seed: {seed} in the file, {seed + 1} asked for")
    changed = run_of({"name": "diamond", "beta_A": 0, "beta_S": 1 + 1e-14}, ensemble={"seed": seed})
    refused(changed, output, "system.beta_S: 1 in the file, 1.00000000000001 asked for")
