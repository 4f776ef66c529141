"""Adiabatic and nonadiabatic entropy production: where they exist, their theorems, and controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_models import LOWER, one_way_model, random_state

from trajectories.counting.adiabatic_split import adiabatic_average, nonadiabatic_average, split_means, split_of
from trajectories.errors import InputError
from trajectories.master.currents import entropy_production
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.report.entropy_parts import EntropyParts
from trajectories.report.judge import judge
from trajectories.report.rows import Row
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.systems import common_bath, diamond, double_dot, flux_qubits, local_engine, reset_engine

N = 2**17
TIMES = np.array([0.02, 0.2, 1.0])
MIXED = np.diag([0.4, 0.3, 0.2, 0.1]).astype(complex)
COHERENT = 0.5 * MIXED + 0.5 * random_state(np.random.default_rng(5), 4)


def two_baths(**changes: float) -> Model:
    """The common-bath model without the common reservoir: the steady state is diagonal in the eigenbasis of H."""
    values = {
        "T_A": 5.0,
        "T_B": 8.0,
        "epsilon_A": 21.0,
        "epsilon_B": 18.0,
        "Omega": 6.0,
        "gamma_A": 1.0,
        "gamma_B": 0.5,
    }
    return common_bath(**(values | changes))


# Where it exists


def test_potential_of_jumps_between_eigenstates() -> None:
    """A jump from |i> to |j> changes -ln pi by ln pi_i - ln pi_j; both baths' jumps at one frequency by the same."""
    model = two_baths()
    master = Master(model)
    split, p = split_of(master), master.steady_blocks.real
    for operator, shift in zip(master.sectors.rotate(model.operators), split.potential, strict=True):
        for to, source in np.argwhere(np.abs(operator) > 0):
            assert shift == pytest.approx(np.log(p[source] / p[to]), abs=1e-12)
    np.testing.assert_allclose(split.potential[:4], split.potential[4:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(split.adiabatic + split.nonadiabatic, model.entropy_steps, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("model", "channel"),
    [
        (diamond(-2, 3), "A_(up|down)"),
        (local_engine(2.0, 0.3, 0.02, 0.01, 0.011), "[hc]_(up|down)"),
        (reset_engine(T_c=0.5, T_h=2.0, g=1.6e-3, p_c=1e-2, p_h=1.1e-3), "[hc]_(up|down)"),
        (flux_qubits(T_c=0.5, T_h=2.0, g=1.6e-3, gamma_c=1e-2, gamma_h=1.1e-3), "[hc]_(up|down)"),
        (double_dot(T_c=0.5, T_h=2.0, g=1.6e-3, gamma_c=1e-2, gamma_h=1.1e-3, U=20.0), "[hc]_(up|down)_[01]"),
        (two_baths(T_C=5.0, gamma_C_A=1.0, gamma_C_B=1.0), "[AB]_(up|down)_[12]"),
        (two_baths(dephasing=0.1), "dephasing_[AB]"),
    ],
    ids=["diamond", "local", "reset", "flux", "dot", "common", "dephasing"],
)
def test_undefined_with_the_channel_named(model: Model, channel: str) -> None:
    """Channels that misfit alike are told apart by rounding alone."""
    with pytest.raises(InputError, match=f"split undefined: the jumps of {channel} do not .* differs from .* by "):
        split_of(Master(model))


def test_the_misfit_that_is_stated() -> None:
    """Reference value: L = A_up takes G to A and A to E, and ln(p_G p_E/p_A^2)/2 is what it misses on either side."""
    p = Master(diamond(-2, 3)).steady_state()
    ground, antisymmetric, excited = p[0, 0].real, (p[1, 1] - p[1, 2]).real, p[3, 3].real
    misfit = abs(np.log(ground * excited / antisymmetric**2)) / 2
    with pytest.raises(InputError, match=f"by {misfit:.3g} "):
        split_of(Master(diamond(-2, 3)))


def test_equilibrium_has_a_split_without_entropy() -> None:
    """At equal temperatures -ln pi changes by what the reservoirs lose: Delta s_ad = 0 for every jump."""
    for model in (diamond(1, 1), reset_engine(T_c=0.5, T_h=0.5, g=1.6e-3, p_c=1e-2, p_h=1.1e-3)):
        np.testing.assert_allclose(split_of(Master(model)).adiabatic, 0.0, atol=1e-11)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (one_way_model(np.diag([0.0, 1.0]), [LOWER], entropy=False), "model has no entropy accounting"),
        (one_way_model(np.diag([0.0, 1.0]), [np.diag([1.0, -1.0])]), "the steady state of model is not unique"),
        (one_way_model(np.diag([0.0, 1.0]), [LOWER]), "the steady state has 1 empty state, and"),
        (
            one_way_model(np.diag([0.0, 1.0, 3.0]), [np.eye(3, k=1), np.eye(3, k=2)]),
            "the steady state has 2 empty states",
        ),
        (diamond(-np.inf, 0.0), "the jumps of A_up do not change ln pi by a constant"),
    ],
    ids=["no entropy", "not unique", "one empty", "two empty", "no constant"],
)
def test_every_reason(model: Model, reason: str) -> None:
    with pytest.raises(InputError, match=f"^split undefined: {reason}"):
        split_of(Master(model))


def test_one_way_channels_make_the_adiabatic_part_infinite() -> None:
    """Bath A at zero temperature only takes energy; bath B keeps every level occupied, so that the split exists."""
    master = Master(two_baths(T_A=0.0))
    split = split_of(master)
    one_way = master.model.partner < 0
    assert one_way.sum() == 2 and (np.isinf(split.adiabatic) == one_way).all()
    adiabatic, nonadiabatic = split_means(master, split, MIXED, np.array([0.0, 1e-9, 1.0]))
    assert adiabatic.tolist() == [0.0, np.inf, np.inf]
    assert nonadiabatic[0] == 0 and 0 < nonadiabatic[1] < nonadiabatic[2] < np.inf


# The theorems, exactly


@pytest.mark.parametrize("rho0", [None, MIXED, COHERENT], ids=["steady", "diag", "any"])
def test_both_theorems_to_rounding(rho0: np.ndarray | None) -> None:
    master = Master(two_baths())
    split = split_of(master)
    start = master.steady_blocks if rho0 is None else rho0
    master = master if rho0 is None else master.covering(rho0)
    for average in (adiabatic_average, nonadiabatic_average):
        np.testing.assert_allclose(average(master, split, 1.0, start, TIMES), 1.0, rtol=0, atol=1e-10)
        np.testing.assert_allclose(average(master, split, 0.0, start, TIMES), 1.0, rtol=0, atol=1e-10)
    parts = split_means(master, split, start, TIMES)
    assert all((part > -1e-12).all() for part in parts)
    np.testing.assert_allclose(sum(parts), entropy_production(master, start, TIMES), rtol=1e-9, atol=1e-12)


def test_averages_are_derivatives_of_the_generating_functions() -> None:
    """-d/dl <e^{-l Delta S_x}> at l = 0, by central differences of step h: error of order h^2 <Delta S^3>/6."""
    master, h = Master(two_baths()), 1e-4
    split = split_of(master)
    means = split_means(master, split, MIXED, TIMES)
    for average, mean in zip((adiabatic_average, nonadiabatic_average), means, strict=True):
        sides = [average(master, split, exponent, MIXED, TIMES) for exponent in (-h, h)]
        np.testing.assert_allclose((sides[0] - sides[1]) / (2 * h), mean, rtol=0, atol=1e-5)


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1.01])
def test_a_wrong_potential_breaks_both_theorems(factor: float) -> None:
    master = Master(two_baths())
    split = split_of(master)
    wrong = factor * split.potential
    false = split._replace(adiabatic=master.model.entropy_steps + wrong, nonadiabatic=-wrong)
    assert abs(adiabatic_average(master, false, 1.0, MIXED, TIMES) - 1)[-1] > 1e-3
    assert abs(nonadiabatic_average(master, false, 1.0, MIXED, TIMES) - 1)[-1] > 1e-3


# Sampled


def prepared(initial: np.ndarray | None, duration: float = 0.2) -> Preparation:
    return prepare(two_baths(), np.array([duration]), initial, N)


def judged(found: EntropyParts) -> dict[tuple[str, str | None], Row]:
    rows = judge(found.sampled(7, 0, N).rows())
    return {(row.quantity, row.label): row for row in rows}


QUANTITIES = (
    "adiabatic_entropy_production",
    "nonadiabatic_entropy_production",
    "integral_fluctuation_theorem_adiabatic",
    "integral_fluctuation_theorem_nonadiabatic",
)


@pytest.mark.parametrize("initial", [MIXED, COHERENT], ids=["diag", "any"])
def test_sampled_parts_agree(initial: np.ndarray) -> None:
    """False alarms: 10^-3 for each start; the seed is fixed."""
    rows = judged(EntropyParts.of(prepared(initial)))
    assert [rows[name, None].status for name in QUANTITIES] == ["agree"] * 4
    assert rows["generating_function", "adiabatic G(1,T)"].status == "exact"
    assert rows["generating_function", "nonadiabatic G(1,T)"].status == "exact"


def test_steady_start_produces_nothing_nonadiabatic() -> None:
    rows = judged(EntropyParts.of(prepared(None)))
    assert [rows[name, None].status for name in QUANTITIES] == ["agree", "exact", "agree", "exact"]
    assert rows[QUANTITIES[1], None].estimate == pytest.approx(0.0, abs=1e-12)


def test_start_without_full_rank_lowers_the_nonadiabatic_average() -> None:
    rows = judged(EntropyParts.of(prepared(np.diag([1.0, 0, 0, 0]).astype(complex), 0.05)))
    row = rows["integral_fluctuation_theorem_nonadiabatic", None]
    assert row.status == "agree" and row.exact is not None and row.exact < 0.99
    assert rows["integral_fluctuation_theorem_adiabatic", None].exact == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("factor", [-1.0, 0.9])
def test_a_wrong_potential_is_caught_in_the_sample(factor: float) -> None:
    """Trajectories tallied with a wrong potential, judged against the exact values of the right one."""
    honest = EntropyParts.of(prepared(MIXED))
    assert honest.split is not None
    wrong = factor * honest.split.potential
    steps = honest.preparation.model.entropy_steps
    false = replace(honest, split=honest.split._replace(adiabatic=steps + wrong, nonadiabatic=-wrong)).sampled(7, 0, N)
    rows = {row.quantity: row for row in judge(replace(honest, total=false.total).rows())}
    assert rows["adiabatic_entropy_production"].status == "disagree"
    assert rows["nonadiabatic_entropy_production"].status == "disagree"
    assert "disagree" in {rows[name].status for name in QUANTITIES[2:]}


def test_an_average_of_rare_trajectories_is_unresolved() -> None:
    """From MIXED to T = 30 the exact standard error of <e^{-Delta S_ad}> is beyond 0.02."""
    found = EntropyParts.of(prepared(MIXED, 30.0)).sampled(7, 0, 4096)
    rows = {row.quantity: row for row in judge(found.rows())}
    row = rows["integral_fluctuation_theorem_adiabatic"]
    assert row.status == "unresolved" and row.p_value is None and "takes" in row.note
