"""`trajectories counting`: of a run file and of a result, as text and JSON, and how it ends."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from trajectories import run
from trajectories.cli.main import main
from trajectories.counting.model_counts import counts_of
from trajectories.counting.steady_counting import CUMULANTS, RATIOS, SteadyCounting
from trajectories.master.lindblad import Master
from trajectories.report.counting_report import Counting
from trajectories.report.result import open_result
from trajectories.results.points import Point
from trajectories.sampling.statistics import Block
from trajectories.systems import cavity, diamond, local_engine, reset_engine

RUN = """
[system]
name = "diamond"
beta_A = 0.0
beta_S = 1.0
[ensemble]
trajectories = 32768
duration = 1.0
samples = 2
"""
GROUND = np.diag([1.0, 0.0, 0.0, 0.0]).astype(complex)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with small.toml and its result small.h5."""
    where = tmp_path_factory.mktemp("counting")
    (where / "small.toml").write_text(RUN)
    assert main(["run", str(where / "small.toml"), "-o", str(where / "small.h5"), "--quiet", "--no-figure"]) == 0
    return where


def printed(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> str:
    """What the command prints when it ends with this status."""
    assert main(["counting", *map(str, arguments)]) == status
    return capsys.readouterr().out


def strict(text: str) -> Any:
    """Parse JSON; NaN and Infinity, which JSON does not have, are refused."""

    def refuse(constant: str) -> NoReturn:
        raise AssertionError(f"{constant} in JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["counting", "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(word in text for word in ("usage: trajectories counting", "--set", "--json", "--scgf", "examples:"))


# Of a run file


def test_a_run_file_gives_the_reference_values(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(printed(capsys, folder / "small.toml", "--json"))
    assert found["verdict"] is None and found["points"][0]["rows"] == []
    steady = found["points"][0]["steady"]
    rates = {own["count"]: own for own in steady["counts"]}
    assert list(rates) == ["quanta from A", "quanta from S", "entropy production", "jumps"]
    # Reference values of the diamond at (0, 1), from its quartic.
    assert rates["quanta from S"]["current"] == pytest.approx(-0.5619610678, abs=1e-10)
    assert rates["quanta from S"]["noise"] == pytest.approx(1.197041943, abs=1e-9)
    assert rates["quanta from S"]["tur_ratio"] == pytest.approx(1.065058, abs=1e-6)
    assert rates["entropy production"]["tur_ratio"] == pytest.approx(1.065058, abs=1e-6)
    assert rates["jumps"]["current"] == steady["activity"] == pytest.approx(5.123922136, abs=1e-9)
    # A number of jumps does not change sign under reversal: there is no thermodynamic relation for it.
    assert rates["jumps"]["tur_ratio"] is None and rates["jumps"]["kur_ratio"] > 1
    matrix = np.array(steady["covariance"])
    np.testing.assert_allclose(np.diag(matrix), [own["noise"] for own in steady["counts"]], rtol=1e-10)
    scgf = steady["scgf"]
    assert scgf["symmetry_required"] is True and scgf["largest_deviation"] < 1e-12
    np.testing.assert_allclose(scgf["entropy"], scgf["entropy"][::-1], atol=1e-12)
    assert scgf["u"][0] == -0.5 and scgf["u"][-1] == 1.5
    assert scgf["counts"] == {}


def test_waiting_times_are_those_between_channels(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = diamond(0.0, 1.0)
    found = strict(printed(capsys, folder / "small.toml", "--json"))["points"][0]["steady"]["waiting_times"]
    assert found["channels"] == [channel.name for channel in model.channels]
    solver = Master(model)
    rates = solver.jump_rates(solver.steady_blocks)
    # From one jump of a channel to the next of the same: the inverse of its rate.
    np.testing.assert_allclose(np.diag(found["mean"]), 1 / rates, rtol=1e-10)


def test_the_text_has_a_table_for_each_thing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, folder / "small.toml")
    for word in (*CUMULANTS, *RATIOS, "covariances", "waiting time", "required", "-0.56196107", "1.1970419"):
        assert word in text
    assert "lim ln" not in text and "verdict" not in text
    shown = printed(capsys, folder / "small.toml", "--scgf", "--set", "system.beta_S=2")
    # lambda(1/2) of the diamond at (0, 2): reference value -0.4315552620.
    assert "lim ln <exp(-u N)>/t" in shown and "-0.43155526" in shown


def test_counts_of_models_that_lack_something() -> None:
    one_way = SteadyCounting.of(Master(local_engine(T_h=0.7, T_c=0.0, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)))
    assert [count.name for count in one_way.counts] == ["quanta from h", "quanta from c", "jumps"]
    assert not one_way.scgf.symmetry_required and "one-way" in one_way.scgf.reason
    assert one_way.scgf.entropy is not None and np.isinf(one_way.scgf.entropy[0])
    assert np.isnan(one_way.rates[0].tur_ratio)
    # The channel that a bath at zero temperature lacks is not there; all that are fire.
    assert np.isfinite(one_way.waiting_times.mean).all()
    photons = cavity(p=0.1, gamma=0.05, kappa=1.0, n_max=3)
    without = SteadyCounting.of(Master(photons))
    assert without.scgf.entropy is None and "no entropy accounting" in without.scgf.reason
    assert "entropy production" not in [count.name for count in counts_of(photons)]


# Of a result


def test_a_result_is_compared_at_finite_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = strict(printed(capsys, folder / "small.h5", "--json"))
    rows = found["points"][0]["rows"]
    # 2 times, 4 counts with 3 cumulants and a kinetic ratio, 3 thermodynamic ratios, 6 pairs.
    assert len(rows) == 2 * (4 * 4 + 3 + 6)
    assert {row["quantity"] for row in rows} == {*CUMULANTS[1:], *RATIOS, "covariance"}
    assert found["verdict"] == "agree" and {row["status"] for row in rows} <= {"agree", "unresolved"}
    noise = next(r for r in rows if r["quantity"] == "noise" and r["reservoir"] == "S" and r["time"] == 1.0)
    assert noise["from"] == 0.0 and noise["long_time"] == pytest.approx(1.197041943, abs=1e-9)
    # Over one relaxation time the constant of the variance is not small: the row's exact value holds it.
    assert noise["exact"] > 1.1 * noise["long_time"]
    assert abs(noise["estimate"] - noise["exact"]) < 4 * noise["standard_error"]
    text = printed(capsys, folder / "small.h5")
    assert "finite time" in text and "long time" in text and "verdict: agree" in text


def test_the_sampled_variance_is_the_blocks_own(folder: Path) -> None:
    result = open_result(folder / "small.h5")
    block = result.points[0].total
    column = 2  # jumps, heat from A, heat from S
    expected = block.m2[1, column] / (int(block.count) - 1)
    rows = {(f.quantity, f.label, f.time): f for f in Counting.of_result(result).points[0].rows}
    # Per time 1, and a quantum of 1: the variance itself. Without the jackknife's correction it were 3e-5 smaller;
    # groups correct it to a small part of that, not to the last digit.
    assert rows["noise", "quanta from S", 1.0].estimate == pytest.approx(expected, rel=1e-5)
    joint = block.comoment[1, 1, 2] / (int(block.count) - 1)
    assert rows["covariance", "quanta from A, quanta from S", 1.0].estimate == pytest.approx(joint, rel=1e-5)


def test_counting_begins_at_the_burn_in() -> None:
    result = run(diamond(0.0, 1.0), times=[0.3, 1.0], initial=GROUND, burn_in=0.3, trajectories=8192, seed=3)
    report = Counting.of_result(result)
    assert {found.start for found in report.points[0].rows} == {0.3}
    assert {found.time for found in report.points[0].rows} == {1.0}
    assert report.verdict == "agree"
    ratios = [row for row in report.rows if row.quantity in RATIOS]
    assert ratios and all("not the steady state" in row.note for row in ratios)


def test_a_spread_that_is_wrong_disagrees(folder: Path) -> None:
    """Control: sums of squares that are six per cent too large are seen in the noise, and end with status 1."""
    result = open_result(folder / "small.h5")
    point = result.points[0]

    def wider(block: Block) -> Block:
        return block._replace(m2=1.06 * block.m2)

    changed = Point(point.parameters, point.preparation, point.forest)
    changed.__dict__["groups"] = [wider(block) for block in point.groups]
    result.points = (changed,)
    report = Counting.of_result(result)
    assert report.verdict == "disagree" and report.exit_status == 1
    assert "noise" in {row.quantity for row in report.rows if row.status == "disagree"}


def test_too_few_trajectories_are_unresolved() -> None:
    result = run(diamond(0.0, 1.0), times=[0.05], trajectories=64, seed=1)
    report = Counting.of_result(result)
    fourth = [row for row in report.rows if row.quantity == "fourth_cumulant"]
    assert {row.status for row in fourth} == {"unresolved"}
    assert all(row.note for row in fourth)
    # About one jump in each of ten trajectories: nothing is resolved at all.
    assert (report.verdict, report.exit_status) == ("unresolved", 3)


def test_no_ratio_where_no_current_flows() -> None:
    result = run(diamond(1.0, 1.0), times=[1.0], trajectories=1024, seed=1)
    rows = Counting.of_result(result).rows
    ratios = {(row.quantity, row.label) for row in rows if row.quantity in RATIOS}
    assert ratios == {("kur_ratio", "jumps")}
    steady = SteadyCounting.of(Master(diamond(1.0, 1.0)))
    assert np.isnan(steady.rates[0].tur_ratio)


def test_a_product_with_a_rare_count_is_as_rare_as_that_count() -> None:
    """Of 3008 trajectories some four have a quantum from c by then: covariances with it hang on those alone.

    Judged by their own spread, they were 18 standard errors off in a correct run.
    """
    engine = reset_engine(T_c=0.1, T_h=2.0, g=1.6e-3, p_c=1e-2, p_h=1.1e-3)
    result = run(engine, times=[250.0], initial=GROUND, trajectories=3000, seed=1)
    rows = [row for row in Counting.of_result(result).rows if row.quantity == "covariance"]
    rare = [row for row in rows if "quanta from c" in (row.label or "")]
    assert len(rare) == 3 and {row.status for row in rare} == {"unresolved"}
    assert max(abs(row.z or 0.0) for row in rare) > 4
    assert "disagree" not in {row.status for row in rows}


def test_an_error_bar_that_has_missed_what_is_rare_is_no_error_bar() -> None:
    """The cold bath's quanta make nearly all of the entropy's variance by then; five of 2048 trajectories have one."""
    engine = local_engine(T_h=1.0, T_c=0.1, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)
    result = run(engine, times=[250.0], initial=GROUND, trajectories=2000, seed=5016)
    report = Counting.of_result(result)
    rows = {row.quantity: row for row in report.rows if row.label == "entropy production"}
    # Here none has, and the error bar is that of the other trajectories: 32 times smaller than the deviation.
    noise = rows["noise"]
    assert noise.estimate is not None and noise.exact is not None and noise.standard_error and noise.exact_error
    assert (noise.estimate - noise.exact) / noise.standard_error < -20
    assert noise.exact_error > 10 * noise.standard_error
    assert rows["noise"].status == rows["third_cumulant"].status == "unresolved"
    assert report.verdict == "agree"


# Bad input


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("missing.toml",), "missing.toml"),
        (("missing.h5",), "missing.h5"),
        (("small.toml", "--set", "system.beta_Q=1"), "beta_Q"),
        (("small.h5", "--set", "system.beta_A=1"), "is a result"),
    ],
)
def test_bad_input_is_one_line(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(folder)
    assert main(["counting", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and words in captured.err and captured.err.count("\n") == 1


def test_a_model_without_a_unique_steady_state_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # Without exchange, dephasing alone leaves every population where it is.
    Path("own.py").write_text(
        "import numpy as np\nfrom trajectories import Channel, Model, Reservoir\n"
        "def build():\n"
        "    z = np.diag([1.0, -1.0]).astype(complex)\n"
        "    return Model(z, [Channel('d', z, 'r', partner='d')], [Reservoir('r', 1.0)])\n"
    )
    ensemble = "[ensemble]\ntrajectories = 64\nduration = 1.0\n"
    Path("own.toml").write_text(f'[system]\nfile = "own.py"\nfunction = "build"\n{ensemble}')
    assert main(["counting", "own.toml"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "steady state" in error


# Of jump records

ASKED = ("--waiting", "A_up,A+S_down", "--g2", "any,any", "--spectrum", "entropy", "--frequency", 2, "--first-passage")


def test_jump_records_are_compared_with_one_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = (*ASKED, "A=-1:2", "--longest", 0.5, "--trajectories", 4000)
    found = strict(printed(capsys, folder / "small.h5", *few, "--json"))
    records = found["points"][0]["records"]
    quantities = [row["quantity"] for row in records]
    assert quantities.count("waiting_time_density") == quantities.count("g2") == 20
    assert quantities.count("power_spectrum") == 1 and quantities.count("first_passage_survival") == 12
    assert quantities.count("first_passage_share") == 2
    wait = records[19]
    assert (
        wait["time"] == 0.5
        and wait["label"] == "A_up to A+S_down"
        and wait["long_time"] == pytest.approx(wait["exact"])
    )
    assert {row["status"] for row in records} <= {"agree", "unresolved"} and found["verdict"] == "agree"
    text = printed(capsys, folder / "small.h5", *few)
    assert "g2 from the jump records of 4,000 trajectories" in text and "omega 2" in text and "verdict: agree" in text


def test_first_passages_of_delta_s_and_a_picture(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "counting.png"
    asked = ("--first-passage", "entropy=2", "--first-passage", "jumps=5", "--spectrum", "A", "--trajectories", 2000)
    text = printed(capsys, folder / "small.h5", *asked, "-o", picture)
    assert "Delta S from -2 to 2" in text and "jumps to 5" in text and f"written: {picture}" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--waiting", "A_up"), "must be two groups of channels"),
        (("--g2", "A_up,Q"), "no channel or reservoir 'Q'"),
        (("--spectrum", "Z"), "must be one of A, S, entropy, jumps"),
        (("--first-passage", "A"), "must be COUNT=N"),
        (("--first-passage", "A=1:2"), "must have 0 between them"),
        (("--waiting", "A,S", "--longest", "3"), "must lie between 0 and"),
        (("--point", "2"), "has the points 0 to 0"),
        (("--waiting", "A,S", "--trajectories", "0"), "must be 1 or more"),
        (("-o", "a.png"), "nothing to draw"),
        (("--spectrum", "A", "--frequency", "1e300"), "must be a finite number, from -1e+08 to 1e+08"),
        (("--spectrum", "A", "--frequency", "nan"), "must be a finite number"),
        (("--spectrum", "A", "--frequencies", "3"), "--frequencies 3: must be FROM:TO:N"),
        (("--spectrum", "A", "--frequencies", "3:1:5"), "--frequencies 3:1:5: must be FROM:TO:N"),
        (("--spectrum", "A", "--frequencies", "0:1:0"), "from 2 to 1000 frequencies"),
        (("--spectrum", "A", "--frequencies", "0:inf:5"), "from 2 to 1000 frequencies"),
        (("--waiting", "A,S", "--bins", "0"), "--bins 0: must be from 1 to 1000"),
        (("-o", "a.toml"), "must be .png or .pdf"),
    ],
)
def test_bad_questions_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert main(["counting", str(folder / "small.h5"), *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1


def test_a_run_file_gives_the_exact_values_of_records(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are the exact column of a result of the same run, and nothing is judged."""
    asked = ("--waiting", "A_up,A_down", "--spectrum", "A", "--first-passage", "A=2")
    exact = strict(printed(capsys, folder / "small.toml", *asked, "--json"))
    sampled = strict(printed(capsys, folder / "small.h5", *asked, "--trajectories", 2000, "--json"))
    rows, beside = (found["points"][0]["records"] for found in (exact, sampled))
    assert [row["exact"] for row in rows] == [row["exact"] for row in beside]
    assert [row["long_time"] for row in rows] == [row["long_time"] for row in beside]
    assert {row["estimate"] for row in rows} == {None} and {row["status"] for row in rows} == {"exact"}
    assert exact["verdict"] is None
    text = printed(capsys, folder / "small.toml", *asked, "-o", tmp_path / "exact.png")
    assert "waiting_time_density of jump records as long as the run's" in text and "verdict" not in text
    assert (tmp_path / "exact.png").read_bytes().startswith(b"\x89PNG")
    assert main(["counting", str(folder / "small.toml"), "--waiting", "A,S", "--trajectories", "5"]) == 2
    assert "nothing is sampled" in capsys.readouterr().err


def test_bins_and_frequencies_are_those_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("--waiting", "A_up,A_down", "--g2", "any,any", "--spectrum", "A", "--bins", 7, "--log")
    more = ("--frequencies", "0:10:6", "--frequency", "3", "--trajectories", 2000)
    rows = strict(printed(capsys, folder / "small.h5", *asked, *more, "--json"))["points"][0]["records"]
    waits, pairs = ([row for row in rows if row["quantity"] == name] for name in ("waiting_time_density", "g2"))
    assert len(waits) == len(pairs) == 7
    for own in (waits, pairs):
        assert [row["from"] for row in own[1:]] == [row["time"] for row in own[:-1]] and own[0]["from"] == 0.0
        ratios = np.array([row["time"] / row["from"] for row in own[1:]])
        np.testing.assert_allclose(ratios, ratios[0], rtol=1e-9)
    labels = [row["label"] for row in rows if row["quantity"] == "power_spectrum"]
    assert [label.split("omega ")[1] for label in labels] == ["0", "2", "3", "4", "6", "8", "10"]
    assert {row["status"] for row in rows} <= {"agree", "unresolved"}


def test_the_table_is_written_as_csv(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same numbers as in JSON, each in a row of its own, with the Fano factor and Mandel's Q of each count."""
    asked = (folder / "small.h5", "--waiting", "A_up,A_down", "--trajectories", 2000)
    point = strict(printed(capsys, *asked, "--json"))["points"][0]
    text = printed(capsys, *asked, "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["beta_S"] for row in rows} == {str(point["parameters"]["beta_S"])}
    for table, own in (("counts", point["rows"]), ("records", point["records"])):
        found = [row for row in rows if row["table"] == table]
        assert [(r["quantity"], r["label"], r["status"]) for r in found] == [
            (r["quantity"], r["label"] or "", r["status"]) for r in own
        ]
        for name in ("estimate", "standard_error", "exact", "z", "long_time"):
            assert [r[name] for r in found] == ["" if r[name] is None else repr(r[name]) for r in own]
    settled = {(r["quantity"], r["label"]): float(r["long_time"]) for r in rows if r["table"] == "long times"}
    for count in point["steady"]["counts"]:
        fano = count["noise"] / abs(count["current"])
        assert settled["fano_factor", count["count"]] == count["fano_factor"] == pytest.approx(fano, rel=1e-12)
        assert (count["mandel_q"] is None) == (count["unit"] != "1")
        if count["unit"] == "1":
            assert settled["mandel_q", count["count"]] == count["mandel_q"] == pytest.approx(fano - 1, rel=1e-12)
    assert main(["counting", *map(str, asked), "--csv", str(tmp_path / "c.csv")]) in (0, 3)
    assert (tmp_path / "c.csv").read_text() == text and "fano_factor" in capsys.readouterr().out
    assert main(["counting", str(folder / "small.h5"), "--csv", str(folder / "small.h5")]) == 2
    assert "is the file that is read" in capsys.readouterr().err


def test_points_of_a_sweep_without_a_result(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "sweep.toml").write_text(RUN + "[sweep]\nbeta_S = [0.5, 1.0, 2.0]\n")
    every = strict(printed(capsys, tmp_path / "sweep.toml", "--json"))["points"]
    assert [point["parameters"]["beta_S"] for point in every] == [0.5, 1.0, 2.0]
    one = strict(printed(capsys, tmp_path / "sweep.toml", "--point", 1, "--json"))["points"]
    assert one == [every[1]]
    assert one[0]["steady"] == strict(printed(capsys, folder / "small.toml", "--json"))["points"][0]["steady"]
    assert main(["counting", str(tmp_path / "sweep.toml"), "--point", "3"]) == 2
    assert "0 to 2" in capsys.readouterr().err
