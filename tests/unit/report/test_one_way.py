"""Where no jump can be undone it is said once that entropy production is infinite; everything else is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import trajectories
from trajectories import Channel, Model, Reservoir
from trajectories.cli.main import main
from trajectories.errors import InputError
from trajectories.figures.run_content import panel_curves, sampled_content
from trajectories.master.lindblad import Master
from trajectories.model.operators import sigma_minus
from trajectories.report.theorems import theorems
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import load
from trajectories.running.planning import plan

ABOUT_ENTROPY = {
    "entropy_production",
    "entropy_production_rate",
    "integral_fluctuation_theorem",
    "irreversible_fraction",
}
ABOUT_ENERGY = {"energy", "energy_current", "heat_current", "coupling_work", "projection_energy"}
ATOM = """
import numpy as np
from trajectories import Channel, Model, Reservoir

def atom(thermal=0.0, entropy=True):
    lower = np.array([[0, 1], [0, 0]], complex)
    channels = [Channel("emit", lower, "vacuum", quantum=-1.0, partner="none")]
    if thermal:
        channels += [Channel("down", np.sqrt(thermal) * lower, "bath", quantum=-1.0),
                     Channel("up", np.sqrt(thermal / 3) * lower.T, "bath", quantum=1.0)]
    baths = [Reservoir("vacuum")] + [Reservoir("bath", np.log(3))] * bool(thermal)
    return Model(1.5 * (lower + lower.T) + np.diag([0, 1.0]), channels, baths, name="atom", entropy=bool(entropy))
"""
RUN = """
[system]
file = "atom.py"
function = "atom"
thermal = {thermal}
[ensemble]
trajectories = 512
duration = 30.0
samples = 6
initial = "ground"
"""


def folder_of(tmp_path: Path, thermal: float) -> Path:
    (tmp_path / "atom.py").write_text(ATOM)
    (tmp_path / "atom.toml").write_text(RUN.format(thermal=thermal))
    return tmp_path / "atom.toml"


def fluorescence(entropy: bool = True) -> Model:
    lower = sigma_minus()
    channels = [Channel("emit", lower, "vacuum", quantum=-1.0, partner="none")]
    hamiltonian = 1.5 * (lower + lower.T) + np.diag([0.0, 1.0])
    return Model(hamiltonian, channels, [Reservoir("vacuum")], name="atom", entropy=entropy)


@pytest.mark.parametrize("entropy", [True, False])
def test_all_but_the_entropy_is_shown(entropy: bool) -> None:
    result = trajectories.run(fluorescence(entropy), times=[5.0, 30.0], trajectories=512, initial="ground")
    report = result.report()
    found = {row.quantity for row in report.rows}
    assert not found & ABOUT_ENTROPY and found >= ABOUT_ENERGY | {"activity", "population"}
    assert report.text().count("infinite") == int(entropy)  # once, or where none is meant not at all
    assert ("every channel is one-way (emit)" in report.text()) == entropy
    assert "integral fluctuation theorem" not in report.text()
    content = sampled_content(result)
    assert content.histogram is None
    assert not {curve.quantity for curves in panel_curves(content) for curve in curves} & ABOUT_ENTROPY


def test_energies_without_entropy_are_those_of_the_master_equation() -> None:
    """The same numbers as with entropy accounting, and by another route: Tr[H rho], Tr[H D(rho)]."""
    model, times = fluorescence(entropy=False), [5.0, 9.0]
    result = trajectories.run(model, times=times, trajectories=2048, initial="ground", seed=3)
    states = Master(model).states(np.diag([1.0, 0.0]), np.array(times))
    (jump,) = model.operators
    loss = jump.conj().T @ jump
    for j, (time, rho) in enumerate(zip(times, states, strict=True)):
        rows = {row.quantity: row for row in result.report().rows if row.time == time}
        dissipated = jump @ rho @ jump.conj().T - 0.5 * (loss @ rho + rho @ loss)
        assert rows["energy"].exact == pytest.approx(np.trace(model.hamiltonian @ rho).real, abs=1e-12)
        assert rows["energy_current"].exact == pytest.approx(np.trace(model.hamiltonian @ dissipated).real, abs=1e-12)
        assert rows["energy"].status == rows["energy_current"].status == "agree", j
        assert rows["projection_energy"].estimate is not None


def test_a_plan_says_it_once_and_has_no_gaps(tmp_path: Path) -> None:
    text = plan(jobs_of(load(str(folder_of(tmp_path, 0.0)), []))).text()
    assert text.count("infinite") == 1 and "fluctuation theorem" not in text
    mixed = plan(jobs_of(load(str(folder_of(tmp_path, 0.5)), [])))
    irreversible = mixed.preparation.exact.irreversible
    assert irreversible[0] < 1 and 512 * (1 - irreversible[-1]) < 1
    times = mixed.preparation.times.tolist()
    assert mixed.resolvable == times[: len(mixed.resolvable)] and times[-1] not in mixed.resolvable


def test_a_machine_with_one_one_way_channel_keeps_its_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_file = folder_of(tmp_path, 0.5)
    assert main(["run", str(run_file), "-o", str(tmp_path / "a.h5"), "--no-figure"]) in (0, 1, 3)
    text = capsys.readouterr().out
    assert all(f"\n{name}" in text for name in ABOUT_ENTROPY)
    assert "absolutely irreversible: 99.9994 % of all trajectories" in text and "no trajectory has a finite" in text


def test_theorems_say_why_there_is_nothing_to_test() -> None:
    result = trajectories.run(fluorescence(), duration=5.0, trajectories=64, initial="ground")
    with pytest.raises(InputError, match=r"no fluctuation theorem to test: .* every channel is one-way \(emit\)"):
        theorems(result)


def test_who_is_sent_to_one_way_channels_is_told_of_the_other_way() -> None:
    with pytest.raises(InputError, match=r'partner="none" .* entropy=False'):
        Model(np.diag([0.0, 1.0]), [Channel("emit", sigma_minus(), "vacuum")], [Reservoir("vacuum")], name="atom")
