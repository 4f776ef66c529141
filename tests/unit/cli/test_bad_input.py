"""Bad input, one case for each check: one line on stderr that names the key or element and what would be right.

Exit status 2, no traceback, and nothing written or changed.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from trajectories.cli.main import main

SYSTEM = 'name = "diamond"\nbeta_A = -2.0\nbeta_S = 3.0'
ENSEMBLE = "trajectories = 64\nduration = 1.0\nsamples = 2"


def run_file(system: str = SYSTEM, ensemble: str = ENSEMBLE, more: str = "") -> str:
    """A run file that is right except for what is changed."""
    return f"[system]\n{system}\n[ensemble]\n{ensemble}\n{more}"


def ensemble(line: str) -> str:
    """The right run file with one more line in [ensemble], in place of the line with the same key."""
    key = line.split("=")[0].strip()
    kept = [old for old in ENSEMBLE.splitlines() if not old.startswith(f"{key} ")]
    if key == "times":
        kept = [old for old in kept if not old.startswith("samples")]
    return run_file(ensemble="\n".join([*kept, line]))


def system(line: str) -> str:
    """The right run file with one line of [system] changed or added."""
    key = line.split("=")[0].strip()
    kept = [old for old in SYSTEM.splitlines() if not old.startswith(f"{key} ")]
    return run_file(system="\n".join([*kept, line]))


RUN_FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    # The file as such
    "not TOML": ("[system\nname = 1", ("not valid TOML", "line 1")),
    "a key twice": (ensemble("seed = 1\nseed = 2"), ("not valid TOML", "line 10")),
    "an empty file": ("", ("[system] name", "is missing", "trajectories systems")),
    "unknown table": (run_file(more="[ensembel]\n"), ("ensembel", 'did you mean "ensemble"', "system, ensemble")),
    "a value for a table": ('system = "diamond"\n', ("system", "is a string", "[system]")),
    "title is a number": ("title = 3\n" + run_file(), ("title", "is an integer", "a string")),
    # [ensemble]
    "unknown key": (ensemble("trajectorys = 5"), ("trajectorys", 'did you mean "trajectories"', "duration")),
    "key of another table": (ensemble("beta_A = 5"), ("[ensemble] beta_A", "unknown key", "burn_in")),
    "trajectories missing": (run_file(ensemble="duration = 1"), ("trajectories", "missing", "from 1 to 10^15")),
    "no trajectories": (ensemble("trajectories = 0"), ("trajectories = 0", "from 1 to 10^15")),
    "trajectories a float": (ensemble("trajectories = 1e3"), ("trajectories", "1000.0 is a number", "an integer")),
    "trajectories a boolean": (ensemble("trajectories = true"), ("trajectories", "is a boolean", "an integer")),
    "duration missing": (run_file(ensemble="trajectories = 5"), ("duration", "missing", "> 0")),
    "duration zero": (ensemble("duration = 0"), ("duration = 0", "> 0")),
    "duration a string": (ensemble('duration = "6 s"'), ("duration", "is a string", "> 0")),
    "duration infinite": (ensemble("duration = inf"), ("duration", "inf is not finite", "> 0")),
    "duration nan": (ensemble("duration = nan"), ("duration", "nan is not finite", "> 0")),
    "samples zero": (ensemble("samples = 0"), ("samples = 0", "from 1 to 100000")),
    "samples and times": (ensemble("samples = 2\ntimes = [0.5]"), ("samples", "both", "only one")),
    "times not a list": (ensemble("times = 0.5"), ("times", "is a number", "increasing list")),
    "times decreasing": (ensemble("times = [0.5, 0.2]"), ("times", "0.5 is followed by 0.2", "increasing")),
    "times beyond the end": (ensemble("times = [0.5, 2.0]"), ("times", "2.0", "duration = 1.0")),
    "a time twice": (ensemble("times = [0.5, 0.5]"), ("times", "0.5 is followed by 0.5", "increasing")),
    "the last time twice": (ensemble("times = [1.0, 1.0]"), ("times", "given twice", "increasing")),
    "a negative time": (ensemble("times = [-0.5]"), ("times", "-0.5", "from 0 to duration")),
    "a time that is no number": (ensemble('times = [0.1, "x"]'), ("times", '"x" is a string', "increasing list")),
    "seed negative": (ensemble("seed = -1"), ("seed = -1", "from 0 to 2^63-1")),
    "seed too large": (ensemble(f"seed = {2**63}"), ("seed", "from 0 to 2^63-1")),
    "records negative": (ensemble("records = -5"), ("records = -5", "from 0 to 10^9")),
    "burn_in beyond the end": (ensemble("burn_in = 1.0"), ("burn_in = 1.0", "< duration = 1.0")),
    "pair of one": (ensemble("pair = [1, 1]"), ("pair", "[1, 1]", "two different subsystems")),
    "pair from zero": (ensemble("pair = [0, 1]"), ("pair", "counted from 1")),
    "pair beyond the model": (ensemble("pair = [1, 3]"), ("pair = [1, 3]", "2 subsystems", "from 1 to 2")),
    # The start
    "initial unknown": (ensemble('initial = "grond"'), ("initial", 'did you mean "ground"', "steady", "01", "A")),
    "initial a number": (ensemble("initial = 3"), ("initial = 3", "density matrix")),
    "vector too short": (ensemble("initial = [1, 0]"), ("initial", "(2,)", "a vector of 4 entries")),
    "vector not normalised": (ensemble("initial = [1, 1, 0, 0]"), ("initial", "norm 1.41421", "must be 1")),
    "vector with a word": (ensemble('initial = [1, "one", 0, 0]'), ("initial, entry 2", '"one"', "0.5-0.5j")),
    "vector with nan": (ensemble("initial = [nan, 1, 0, 0]"), ("initial, entry 1", "nan", "finite")),
    "matrix not square": (ensemble("initial = [[1, 0, 0], [0, 0, 0]]"), ("initial: row 1", "3 entries", "square")),
    "matrix not Hermitian": (
        ensemble("initial = [[0.5,1,0,0],[0,0.5,0,0],[0,0,0,0],[0,0,0,0]]"),
        ("initial", "not Hermitian", "(0, 1)", "conjugate"),
    ),
    "matrix with trace 2": (
        ensemble("initial = [[1,0,0,0],[0,1,0,0],[0,0,0,0],[0,0,0,0]]"),
        ("initial", "trace 2", "must be 1"),
    ),
    "matrix not positive": (
        ensemble("initial = [[1.5,0,0,0],[0,-0.5,0,0],[0,0,0,0],[0,0,0,0]]"),
        ("initial", "eigenvalue -0.5", ">= 0"),
    ),
    # [system]
    "no system": (f"[ensemble]\n{ENSEMBLE}", ("[system] name", "missing")),
    "name and file": (system('file = "x.py"'), ("name and file are both given", "either")),
    "unknown system": (run_file(system='name = "dimond"'), ("[system]", "dimond", "diamond", "local_engine")),
    "name not a string": (run_file(system="name = 7"), ("[system] name", "is an integer", "diamond")),
    "unknown parameter": (system("beta_B = 1.0"), ("[system]", "beta_B", "beta_A")),
    "parameter missing": (run_file(system='name = "local_engine"\nT_h = 1.0'), ("[system]", "T_c", "missing")),
    "parameter nan": (system("beta_A = nan"), ("[system] beta_A", "nan", "number")),
    "parameter a string": (system('beta_A = "hot"'), ("[system]", "beta_A", "hot", "number")),
    "parameter a table": (system("beta_A = { low = 1 }"), ("[system] beta_A", "is a table", "a number")),
    "parameter a date": (system("beta_A = 2018-02-09"), ("[system] beta_A", "2018-02-09", "a number")),
    "zero temperature": (system("beta_A = inf"), ("[system]", "beta_A", "rates")),
    "negative rate": (system("pump = -1.0"), ("[system]", "pump", "> 0")),
    "unphysical temperature": (
        run_file(system='name = "local_engine"\nT_h = -1.0\nT_c = 0.1\ng = 0.01\ngamma_h = 0.1\ngamma_c = 0.1'),
        ("[system]", "T_h", "-1", ">= 0"),
    ),
    "steady state not unique": (
        run_file(system='name = "diamond"\nrates = [1.0, 2.0, 0.0, 0.0]'),
        ("rates",),
    ),
    # [observables]
    "unknown operator": (run_file(more='[observables]\nx = "n1 + n3"'), ("[observables] x", "n3", "n1")),
    "expression not closed": (run_file(more='[observables]\nx = "n1 + ("'), ("[observables] x", "n1 + (")),
    "expression with a call": (run_file(more="[observables]\nx = \"open('x')\""), ("[observables] x", "open")),
    "observable not Hermitian": (run_file(more='[observables]\nx = "sm1"'), ("[observables] x", "not Hermitian", "(")),
    "observable a number": (run_file(more="[observables]\nx = 3"), ("[observables] x = 3", "expression", "matrix")),
    "observable a vector": (run_file(more="[observables]\nx = [1, 0]"), ("[observables] x", "matrix")),
    "observable too small": (run_file(more="[observables]\nx = [[1, 0], [0, 1]]"), ("[observables] x", "4x4")),
    "observable's name taken": (run_file(more='[observables]\nactivity = "n1"'), ("[observables] activity", "name")),
    "observable's name a path": (run_file(more='[observables]\n"a/b" = "n1"'), ("[observables] a/b", "without /")),
    # [figure]
    "unknown quantity": (run_file(more='[figure]\nquantities = ["concurence"]'), ("quantities", '"concurrence"')),
    "a quantity twice": (run_file(more='[figure]\nquantities = ["energy", "energy"]'), ("quantities", "repetition")),
    "unknown format": (run_file(more='[figure]\nformats = ["svg"]'), ("formats", "svg", "png, pdf")),
    "histogram a word": (run_file(more='[figure]\nhistogram = "yes"'), ("histogram", "is a string", "true or false")),
    "negative trajectory": (run_file(more="[figure]\ntrajectory = -1"), ("trajectory = -1", "from 0 to")),
}

HEAD = """
import numpy as np
from trajectories import Channel, Model, Reservoir
H = np.diag([0.0, 1.0])
LOWER = np.array([[0, 1], [0, 0]])
"""


def qubit(channels: str, reservoirs: str = 'Reservoir("b", beta=1.0)', hamiltonian: str = "H") -> str:
    """A Python file whose build() returns a two-level model with these channels."""
    return HEAD + f"def build():\n    return Model({hamiltonian}, [{channels}], [{reservoirs}])\n"


DOWN = 'Channel("down", LOWER, "b", quantum=-1.0)'
UP = 'Channel("up", np.exp(-0.5) * LOWER.T, "b", quantum=1.0)'

MODELS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    # The Python file as such: file content, further lines of [system], what the message must hold
    "syntax error": ("def build(:\n", "", ("model.py", "SyntaxError", "line 1")),
    "error on import": ("import nothing_of_this_name\n", "", ("model.py", "ModuleNotFoundError", "line 1")),
    "exit on import": ("raise SystemExit(3)\n", "", ("model.py", "SystemExit", "line 1")),
    "function missing": ("def built():\n    pass\n", "", ("model.py", "no function build", "built")),
    "parameter unknown": ("def build(rate):\n    pass\n", "rat = 1", ("build", "unknown parameter rat", '"rate"')),
    "parameter not given": ("def build(rate):\n    pass\n", "", ("build", "parameter rate is missing")),
    "exception inside": ("def build():\n    return 1 / 0\n", "", ("build", "ZeroDivisionError", "line 2")),
    "not a model": ("def build():\n    return [1]\n", "", ("build", "a list", "trajectories.Model")),
    # The physics in it
    "H not Hermitian": (qubit(f"{DOWN}, {UP}", hamiltonian="H + 1j * LOWER"), "", ("Hermitian", "(0, 1)")),
    "H not finite": (qubit(f"{DOWN}, {UP}", hamiltonian="H * np.nan"), "", ("hamiltonian", "nan", "finite")),
    "no partner": (qubit(DOWN), "", ("'down'", "adjoint", 'partner="none"')),
    "two partners": (
        qubit('Channel("down", LOWER, "b"), Channel("up", LOWER.T, "b"), Channel("up2", LOWER.T, "b")'),
        "",
        ("'up'", "'up2'", "partner="),
    ),
    "partner unknown": (qubit(f'{UP}, Channel("down", LOWER, "b", partner="upp")'), "", ("'upp'", '"up"', "none")),
    "detailed balance": (qubit(f'{DOWN}, Channel("up", LOWER.T, "b", quantum=1.0)'), "", ("down", "1e-09", "1")),
    "operator zero": (qubit(f'{DOWN}, {UP}, Channel("z", 0 * LOWER, "b")'), "", ("'z'", "zero", "> 0")),
    "unknown reservoir": (qubit(f'{DOWN}, {UP}, Channel("z", H, "bath")'), "", ("'z'", "'bath'", "b")),
    "a name twice": (qubit(f"{DOWN}, {DOWN}"), "", ("'down'", "unique")),
    "wrong shape": (qubit(f'{DOWN}, {UP}, Channel("z", np.eye(3), "b")'), "", ("'z'", "(3, 3)", "(2, 2)")),
    "beta nan": (qubit(f"{DOWN}, {UP}", 'Reservoir("b", beta=np.nan)'), "", ("beta", "nan", "number")),
    "conserved quantity": (
        # L = sigma_x with H = 0 conserves sigma_x: every mixture of its two eigenstates is stationary.
        qubit('Channel("x", LOWER + LOWER.T, "b")', 'Reservoir("b")', "0 * H"),
        "",
        ("steady state", "not unique", "dimension 2", "should be 1"),
    ),
}


def contents(directory: Path) -> dict[str, str]:
    """Every file below the directory with the digest of what it holds."""
    files = [path for path in directory.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refused(arguments: list[str], directory: Path, capsys: pytest.CaptureFixture[str], *wanted: str) -> None:
    """The command ends with status 2, one line that holds what is wanted, and every file as it was."""
    before = contents(directory)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("trajectories: error: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err
    for text in wanted:
        assert text in err, f"{text!r} not in {err!r}"
    assert contents(directory) == before


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("case", RUN_FILES)
def test_run_files(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, wanted = RUN_FILES[case]
    (here / "bad.toml").write_text(text)
    refused(["run", "bad.toml"], here, capsys, *wanted)


@pytest.mark.parametrize("case", MODELS)
def test_models(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, parameters, wanted = MODELS[case]
    (here / "model.py").write_text(text)
    (here / "bad.toml").write_text(run_file(system=f'file = "model.py"\nfunction = "build"\n{parameters}'))
    refused(["run", "bad.toml"], here, capsys, *wanted)


def test_messages_tell_the_cases_apart(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No two malformed run files get the same complaint: each case meets a check of its own."""
    found = {}
    for case, (text, _) in RUN_FILES.items():
        (here / "bad.toml").write_text(text)
        main(["run", "bad.toml"])
        found[case] = capsys.readouterr().err
    assert len(found) >= 40
    same = [(a, b) for a in found for b in found if a < b and found[a] == found[b]]
    assert same == [("an empty file", "no system")]


# Files and arguments: needs a run that is right


@pytest.fixture
def good(here: Path) -> Path:
    """good.toml, and good.h5 from it."""
    (here / "good.toml").write_text(run_file())
    assert main(["run", "good.toml", "--quiet", "--no-figure"]) in (0, 3)
    return here


def test_no_run_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["run", "none.toml"], here, capsys, "none.toml", "No such file", "run file")
    refused(["run", "."], here, capsys, ".: cannot be read", "run file")


def test_run_file_is_not_text(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "x.toml").write_bytes(b"\x89HDF\r\n")
    refused(["run", "x.toml"], here, capsys, "x.toml", "not text", "UTF-8")


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ("beta_A", ("beta_A", "section.key=value")),
        ("a.b.c=1", ("a.b.c", "section.key=value")),
        ("sistem.beta_A=1", ("sistem", 'did you mean "system"')),
        ("system.beta_a=1", ("system", "beta_a", "beta_A")),
        ("ensemble.samples=many", ("--set ensemble.samples", '"many" is a string', "an integer")),
        ("title.x=1", ("title.x", "unknown table", "system")),
    ],
)
def test_changes(change: str, wanted: tuple[str, ...], here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "good.toml").write_text(run_file())
    refused(["run", "good.toml", "--set", change], here, capsys, *wanted)


def test_another_run_is_not_overwritten(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", "good.toml", "-o", "good.h5"]
    refused([*run, "--seed", "2"], good, capsys, "good.h5", "ensemble.seed: 1 in the file, 2 asked for", "-o")
    refused([*run, "--set", "system.beta_A=-1"], good, capsys, "good.h5", "system.beta_A: -2 in the file, -1", "-o")
    refused([*run, "--set", "ensemble.duration=2.0"], good, capsys, "good.h5", "ensemble.duration: 1 in", "-o")


def test_the_run_file_is_not_overwritten(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "good.toml").write_text(run_file())
    refused(["run", "good.toml", "-o", "good.toml"], here, capsys, "-o good.toml", "good.h5")


@pytest.mark.parametrize("command", [["report"], ["replay", "--trajectory", "0"], ["figure"]], ids=lambda c: c[0])
def test_foreign_and_damaged_results(command: list[str], good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import h5py

    whole = (good / "good.h5").read_bytes()
    (good / "text.h5").write_text("not HDF5 at all\n" * 100)
    (good / "empty.h5").write_bytes(b"")
    (good / "truncated.h5").write_bytes(whole[: len(whole) // 2])
    (good / "short.h5").write_bytes(whole[:1000])
    with h5py.File(good / "foreign.h5", "w") as file:
        file["data"] = [1.0, 2.0]
    for name in ("text.h5", "empty.h5", "truncated.h5", "short.h5", "foreign.h5", "missing.h5"):
        refused([command[0], name, *command[1:]], good, capsys, name)


def test_running_into_a_foreign_file_leaves_it_alone(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import h5py

    with h5py.File(good / "foreign.h5", "w") as file:
        file["data"] = [1.0, 2.0]
    (good / "text.h5").write_text("not HDF5 at all\n" * 100)
    whole = (good / "good.h5").read_bytes()
    (good / "truncated.h5").write_bytes(whole[: len(whole) // 2])
    for name in ("foreign.h5", "text.h5", "truncated.h5"):
        refused(["run", "good.toml", "-o", name], good, capsys, name)


def test_unwritable_output(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (good / "folder.h5").mkdir()
    refused(["run", "good.toml", "-o", "none/good.h5"], good, capsys, "none")
    # A directory that cannot be created in, for root as well.
    refused(["run", "good.toml", "-o", "/proc/good.h5"], good, capsys, "/proc")
    refused(["run", "good.toml", "-o", "folder.h5"], good, capsys, "folder.h5")
    refused(["report", "good.h5", "--csv", "none/rows.csv"], good, capsys, "none/rows.csv")
    refused(["figure", "good.h5", "-o", "none/a.png"], good, capsys, "none")


def test_what_a_result_does_not_have(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(["replay", "good.h5", "--trajectory", "-1"], good, capsys, "-1", "0, 1, 2")
    refused(["figure", "good.h5", "-o", "a.svg"], good, capsys, "a.svg", ".png or .pdf")
    refused(["figure", "good.h5", "--set", "figure.histogram=false"], good, capsys, "--set", "good.h5", "run file")
    refused(["systems", "dimond"], good, capsys, "dimond", "diamond", "local_engine")
