"""Electrons through a quantum dot between two leads: charge is counted on its own, whatever the energies' signs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small_models import LOWER
from steady_values import quantity_of

import trajectories
from trajectories.counting.model_counts import counts_of
from trajectories.counting.steady_counting import SteadyCounting
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.report.counting_report import Counting
from trajectories.report.counting_requests import RecordRequest
from trajectories.report.record_rows import exact_rows
from trajectories.runfiles.job import Job
from trajectories.runfiles.run import Run

T, MU, GAMMA = 0.5, {"L": 1.0, "R": -1.0}, {"L": 1.0, "R": 0.5}


def lead_dot(epsilon: float, charged: bool = True, junction: bool = False) -> Model:
    """One level of the energy epsilon between leads at -+1; quanta are epsilon - mu, as Delta s = -beta dq wants."""
    channels = []
    for name, mu in MU.items():
        filled = 1 / (math.exp((epsilon - mu) / T) + 1)
        into, out = math.sqrt(GAMMA[name] * filled), math.sqrt(GAMMA[name] * (1 - filled))
        gained, lost = (1.0, -1.0) if charged else (None, None)
        channels.append(Channel(f"{name}_in", into * LOWER.T, name, epsilon - mu, charge=gained))
        channels.append(Channel(f"{name}_out", out * LOWER, name, mu - epsilon, charge=lost))
    own = {"L_in": 0.3, "L_out": -0.3, "R_in": -0.7, "R_out": 0.7}
    baths = [Reservoir(name, 1 / T) for name in MU]
    counts = {"junction": own} if junction else None
    return Model(np.diag([0.0, epsilon]), channels, baths, name="lead dot", counts=counts)


def two_states(epsilon: float) -> tuple[float, float]:
    """Current from L and zero-frequency noise by the generating function of the two-state rate equation.

    With a = total rate in, b = total rate out, W(chi) = [[-a, b(chi)], [a(chi), -b]] and z = e^chi on jumps at L,
    lambda(chi) = (-(a+b) + sqrt((a-b)^2 + 4 a(chi) b(chi)))/2, a(chi) b(chi) = p(z) = (a_R + a_L z)(b_R + b_L/z).
    With s = a + b: p(1) = ab, and at chi = 0 the first derivatives by chi are lambda' = p'/s, lambda'' = (p'' -
    2 lambda'^2)/s, p' = a_L b_R - a_R b_L, p'' = a_L b_R + a_R b_L.
    """
    f = {name: 1 / (math.exp((epsilon - mu) / T) + 1) for name, mu in MU.items()}
    a = {name: GAMMA[name] * f[name] for name in MU}
    b = {name: GAMMA[name] * (1 - f[name]) for name in MU}
    s = sum(a.values()) + sum(b.values())
    forth, back = a["L"] * b["R"], a["R"] * b["L"]
    current = (forth - back) / s
    return current, (forth + back - 2 * current**2) / s


@pytest.mark.parametrize("epsilon", [0.2, 1.0, -1.0, 3.0])
def test_both_leads_count_the_same_electrons(epsilon: float) -> None:
    """At epsilon = 1 the quantum of lead L is 0, at 3 both quanta have one sign: no matter for the charge."""
    current, noise = two_states(epsilon)
    steady = SteadyCounting.of(Master(lead_dot(epsilon)))
    names = [count.name for count in steady.counts]
    left, right = names.index("charge from L"), names.index("charge from R")
    assert steady.rates[left].current == pytest.approx(current, rel=1e-10)
    assert steady.rates[right].current == pytest.approx(-current, rel=1e-10)
    for lead in (left, right):
        assert steady.rates[lead].noise == pytest.approx(noise, rel=1e-10)
        assert steady.rates[lead].tur_ratio >= 1 - 1e-9
    assert steady.covariance[left, right] == pytest.approx(-noise, rel=1e-10)
    heats = [name for name in names if name.startswith("heat")]
    assert heats == [f"heat from {name}" for name, mu in MU.items() if mu != epsilon]


def test_the_printed_numbers() -> None:
    current, noise = two_states(0.2)
    assert (current, noise) == (pytest.approx(0.24961523, abs=5e-9), pytest.approx(0.17585254, abs=5e-9))


def test_without_a_charge_the_sign_is_that_of_the_energy() -> None:
    current, _ = two_states(0.2)
    rates = SteadyCounting.of(Master(lead_dot(0.2, charged=False))).rates
    assert [own.current for own in rates[:2]] == pytest.approx([-current, -current], rel=1e-10)


def test_a_lead_at_resonance_says_why_it_counts_no_quanta() -> None:
    model = lead_dot(1.0, charged=False)
    steady = SteadyCounting.of(Master(model))
    assert "quanta from L" not in [count.name for count in steady.counts]
    assert steady.absent["quanta from L"] == "all quanta of reservoir L are 0"
    job = Job.of(Run.from_mapping({"ensemble": {"trajectories": 1, "duration": 1.0}}, name="dot", model=model))
    assert "no quanta from L: all quanta of reservoir L are 0" in Counting.of_jobs([job]).text()
    with pytest.raises(InputError, match=r"--spectrum L: .* no such count \(all quanta of reservoir L are 0\)"):
        Counting.of_jobs([job], request=RecordRequest(spectrum=("L",)))


def test_a_reservoir_means_its_charge_and_full_names_mean_the_rest() -> None:
    model = lead_dot(0.2, junction=True)
    job = Job.of(Run.from_mapping({"ensemble": {"trajectories": 1, "duration": 5.0}}, name="dot", model=model))
    wanted = RecordRequest(spectrum=("L", "heat from L", "junction"), first_passage=("R=-2",))
    rows = [exact_rows(one)[0].label for one in wanted.statistics(job.prepare())]
    expected = ("charge from L", "heat from L", "junction", "charge from R")
    assert all(name in row for name, row in zip(expected, rows, strict=True)), rows


def test_sampled_charges_agree_with_exact_ones() -> None:
    model = lead_dot(1.0, junction=True)
    current, _ = two_states(1.0)
    result = trajectories.run(model, duration=20.0, trajectories=8192)
    # Six standard errors: by chance once in 5e8.
    for which, sign in (("L", 1.0), ("R", -1.0)):
        found = result["charge_current", which]
        assert found.exact[0] == pytest.approx(sign * current, rel=1e-10)
        assert abs(found.estimate[0] - found.exact[0]) < 6 * found.standard_error[0] < 0.1 * current
    junction = result["count_rate", "junction"]
    assert junction.exact[0] == pytest.approx(0.3 * current + 0.7 * current, rel=1e-10)
    expected = 0.3 * result["charge_current", "L"].estimate - 0.7 * result["charge_current", "R"].estimate
    assert junction.estimate == pytest.approx(expected, rel=1e-12)
    found = {name: quantity_of(model, name) for name in ("charge_current.L", "count_rate.junction", "tur_ratio.L")}
    assert found["charge_current.L"] == pytest.approx(current, rel=1e-10)
    assert found["count_rate.junction"] == pytest.approx(current, rel=1e-10)
    assert found["tur_ratio.L"] >= 1.0


def test_the_tally_finds_the_columns_of_its_counts() -> None:
    model = lead_dot(0.2, junction=True)
    preparation = trajectories.run(model, duration=1.0, trajectories=1).points[0].preparation
    for count in counts_of(model):
        assert count.column is not None
        np.testing.assert_allclose(
            preparation.observables.linear[count.column] * count.scale, count.weights, atol=1e-15
        )
