"""The detailed fluctuation theorem against a reversed ensemble that is sampled on its own, and processes made wrong.

Every bin of the forward histogram, weighted with e^{-Delta S}, equals the mirrored reversed one. The engine's steady
state has complex coherence: Theta changes it, and the forward ensemble is no substitute for the reversed one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from trajectories.kernels.observable_table import WEIGHT
from trajectories.master.eigenensemble import Spectrum, spectrum
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import dagger
from trajectories.report.entropy_histograms import gather
from trajectories.report.fluctuation_theorems import bins_of, detailed_row
from trajectories.report.judge import judge
from trajectories.report.rows import Row
from trajectories.report.theorems import INTEGRAL, point_theorems, settled_bins
from trajectories.results.points import Point
from trajectories.sampling.block import sample_block
from trajectories.sampling.plan import unravel
from trajectories.sampling.preparation import GROUPS, Preparation, prepare
from trajectories.sampling.reduction_tree import Forest
from trajectories.sampling.reversed_ensemble import (
    Direction,
    asymmetry,
    backward,
    expected_entropy,
    forward,
    reverse_of,
    survival,
)
from trajectories.systems import common_bath, diamond, double_dot, flux_qubits, local_engine, reset_engine

N = 2**19
SYMMETRIC, ENGINE = "diamond", "engine"


@cache
def prepared(name: str) -> Preparation:
    if name == SYMMETRIC:
        return prepare(diamond(0, 1), np.array([1.0]), None, N)
    engine = local_engine(T_h=2, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011, delta=0)
    return prepare(engine, np.array([100.0]), None, N)


def rows_with(
    preparation: Preparation, seed: int = 1, ahead: Direction | None = None, reverse: Direction | None = None
) -> dict[str, Row]:
    """Judged rows by quantity, family-wise false-alarm rate 10^-3; the integral theorem has tests of its own."""
    forest = Forest(GROUPS)
    block = sample_block(preparation.plan, preparation.observables, seed, 0, 0, preparation.block_size, 1.0)
    forest.add(0, block)
    point = Point({}, preparation, forest)
    rows = point_theorems(point, seed, 0, N, reverse=reverse, ahead=ahead).rows
    return {row.quantity: row for row in judge([row for row in rows if row.quantity != INTEGRAL])}


# The honest process


def test_reference_values() -> None:
    """<Delta S> forward and reversed of the engine at T = 100: reference values."""
    preparation = prepared(ENGINE)
    column = next(
        q for q, found in enumerate(preparation.columns) if found is not None and found.quantity == "entropy_production"
    )
    assert preparation.exact.mean[-1, column] == pytest.approx(0.684384, abs=1e-6)
    assert expected_entropy(preparation) == pytest.approx(0.637223, abs=1e-6)
    assert survival(preparation) == pytest.approx(1.0, abs=1e-12)
    # Measured in the eigenbasis and with the populations of its own evolved state it would be 0.9258.
    weaker = local_engine(T_h=2, T_c=0.3, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)
    assert expected_entropy(prepare(weaker, np.array([2000.0]), None, N)) == pytest.approx(1.0349, abs=5e-5)


@pytest.mark.parametrize("name", [SYMMETRIC, ENGINE])
def test_the_theorems_hold(name: str) -> None:
    preparation = prepared(name)
    rows = rows_with(preparation)
    assert {row.status for row in rows.values()} <= {"agree", "exact"}
    detailed = rows["detailed_fluctuation_theorem"]
    assert detailed.status == "agree" and detailed.exact is not None and detailed.exact >= 15
    assert rows["generating_function"].estimate == pytest.approx(1.0, abs=1e-11)
    assert rows["windowed_fluctuation_theorem"].label == ("forward" if name == SYMMETRIC else "reversed")
    assert (asymmetry(preparation) is None) == (name == SYMMETRIC)
    both = rows["entropy_production"], rows["reversed_entropy_production"]
    if name == ENGINE:
        assert [row.exact for row in both] == pytest.approx([0.684384, 0.637223], abs=1e-6)


def test_absolute_irreversibility() -> None:
    """One-way channels and starts without full rank: 1 - lambda is the share of reversed trajectories that survive.

    Reference values: the engine at T_c = 0 loses 0.888558, not the forward 0.857816; the diamond from |00>, 0.572952.
    """
    engine = prepare(local_engine(1.0, 0.0, 1.6e-3, 1e-3, 1.1e-2), np.array([1000.0]), None, N)
    ground = np.diag([1.0, 0, 0, 0]).astype(complex)
    start = prepare(diamond(-2, 3), np.array([0.2]), ground, N)
    for preparation, kept in ((engine, 0.888558), (start, 0.572952)):
        assert survival(preparation) == pytest.approx(kept, abs=1e-6)
        assert expected_entropy(preparation) == np.inf
        rows = rows_with(preparation)
        assert rows["reversed_survival"].status == "agree" and "one-way" in rows["reversed_survival"].note
        assert rows["detailed_fluctuation_theorem"].status == "agree"
        assert rows["generating_function"].status == "exact"
    # A reversed process whose one-way jumps are taken for reversible survives too often.
    wrong = backward(engine)
    rows = rows_with(engine, reverse=wrong._replace(one_way=np.zeros_like(wrong.one_way)))
    assert rows["detailed_fluctuation_theorem"].status == "disagree"


def complex_model(seed: int = 3) -> Model:
    """A three-level machine with complex H and L, one dephasing channel, and Theta = U K with U = v v^T."""
    rng = np.random.default_rng(seed)
    h, hot, cold, mark, v = (rng.normal(size=(3, 3)) + 1j * rng.normal(size=(3, 3)) for _ in range(5))
    channels = [
        Channel("in", 0.6 * hot, "hot", 1.0, "out"),
        Channel("out", 0.6 * np.exp(0.2) * dagger(hot), "hot", -1.0, "in"),
        Channel("up", 0.5 * cold, "cold", 1.0, "down"),
        Channel("down", 0.5 * np.exp(0.6) * dagger(cold), "cold", -1.0, "up"),
        Channel("mark", 0.3 * (mark + dagger(mark)), "meter", None, "mark"),
    ]
    unitary = np.linalg.qr(v)[0]
    reservoirs = [Reservoir("hot", 0.4), Reservoir("cold", 1.2), Reservoir("meter")]
    return Model(h + dagger(h), channels, reservoirs, time_reversal=unitary @ unitary.T)


def test_a_complex_model_with_a_time_reversal_of_its_own() -> None:
    """Nothing is real here: Theta = U K in H, jumps, start and measurement, or the theorem fails."""
    start = np.array([[0.5, 0.2j, 0.1], [-0.2j, 0.3, 0], [0.1, 0, 0.2]])
    preparation = prepare(complex_model(), np.array([0.15]), start, N)
    rows = rows_with(preparation)
    assert {row.status for row in rows.values()} <= {"agree", "exact"}
    unturned = unravel(preparation.model, preparation.sectors, *preparation.spectra[::-1], preparation.times)
    wrong = rows_with(preparation, reverse=backward(preparation)._replace(plan=unturned))
    assert wrong["detailed_fluctuation_theorem"].status == "disagree"


# Processes made wrong


def in_the_computational_basis(preparation: Preparation) -> Direction:
    """The forward process, measured at its end in the computational basis."""
    rho, sectors = preparation.sectors.unflatten(preparation.exact.density[-1]), preparation.sectors
    found = spectrum(np.diag(np.diag(rho)), preparation.model.hamiltonian, sectors)
    plan = unravel(preparation.model, sectors, preparation.spectra[0], found, preparation.times)
    return forward(preparation)._replace(plan=plan, log_end=np.log(found.probabilities))


def without_theta(preparation: Preparation) -> Direction:
    """The reversed process from |nT> to |n0>: the conjugation taken in the eigenbasis, where it does nothing."""
    reverse = reverse_of(preparation)
    start, finish = preparation.spectra[::-1]
    plan = unravel(reverse.model, preparation.sectors, start, finish, preparation.times)
    return backward(preparation)._replace(plan=plan)


def in_its_own_basis(preparation: Preparation) -> Direction:
    """The reversed process, measured in the eigenbasis of the steady state, to which it relaxes."""
    reverse = reverse_of(preparation)
    found: Spectrum = preparation.spectra[0]
    plan = unravel(reverse.model, preparation.sectors, reverse.start, found, preparation.times)
    return backward(preparation)._replace(plan=plan)


def without_boundary(direction: Direction) -> Direction:
    return direction._replace(log_begin=0 * direction.log_begin, log_end=0 * direction.log_end)


Change = Callable[[Preparation], tuple[Direction | None, Direction | None]]
WRONG: dict[str, Change] = {
    "forward ensemble used as reversed": lambda p: (None, forward(p)._replace(family=1)),
    "reversal partners swapped": lambda p: (None, (one := backward(p))._replace(pair_sign=-one.pair_sign)),
    "boundary term dropped": lambda p: (without_boundary(forward(p)), None),
    "boundary term dropped on both sides": lambda p: (without_boundary(forward(p)), without_boundary(backward(p))),
    "final measurement in the computational basis": lambda p: (in_the_computational_basis(p), None),
    "start and end not conjugated": lambda p: (None, without_theta(p)),
    "end in the basis of its own state": lambda p: (None, in_its_own_basis(p)),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_caught(mistake: str) -> None:
    ahead, reverse = WRONG[mistake](prepared(ENGINE))
    rows = rows_with(prepared(ENGINE), ahead=ahead, reverse=reverse)
    caught = {row.quantity for row in rows.values() if row.status == "disagree"}
    assert "detailed_fluctuation_theorem" in caught
    # In a steady state the boundary term is zero on average: <Delta S> cannot tell.
    assert "boundary" in mistake or caught & {"entropy_production", "reversed_entropy_production"}


def test_the_wrong_basis_passes_the_integral_theorem() -> None:
    """<e^{-Delta S}> = 1 holds for any final basis with that basis's own populations; <Delta S> = sigma T does not.

    Reference value: the computational basis adds 0.0182 to <Delta S>.
    """
    preparation = prepared(ENGINE)
    wrong = in_the_computational_basis(preparation)
    found, running = gather(wrong, preparation.observables.edges[0], 1, 0, 0, N, preparation.block_size)
    assert abs(running.mean[-1] - 1) < 4 * running.standard_error[-1]
    assert abs(found.mean - 0.684384 - 0.0182) < 4 * found.standard_error
    assert 0.0182 > 8 * found.standard_error


def test_the_symmetric_identity_is_not_used_without_symmetry() -> None:
    """The engine breaks <(e^{-Delta S} - 1) 1[|Delta S| < c]> = 0: its own label says what it was compared with."""
    preparation = prepared(ENGINE)
    rows = rows_with(preparation)
    row = rows["windowed_fluctuation_theorem"]
    assert row.label == "reversed" and "steady state" in str(asymmetry(preparation))
    relaxing = replace(prepared(SYMMETRIC), steady=False)
    assert "start" in str(asymmetry(relaxing))


# A test of the test


def reset() -> Model:
    return reset_engine(T_c=0.5, T_h=2.0, g=1.6e-3, p_c=1e-2, p_h=1.1e-3)


def dephased() -> Model:
    rates = {"gamma_A": 1.0, "gamma_B": 1.0, "gamma_C_A": 0.5, "gamma_C_B": 0.5, "dephasing": 0.3}
    return common_bath(T_A=5.0, T_B=8.0, T_C=5.0, epsilon_A=20.0, epsilon_B=17.0, Omega=6.0, **rates)


MACHINES: dict[str, tuple[Callable[[], Model], float]] = {
    "diamond": (lambda: diamond(-1, 1), 0.5),
    "diamond with a one-way bath": (lambda: diamond(-np.inf, 1), 0.2),
    "engine": (lambda: local_engine(2.0, 0.3, 0.02, 0.01, 0.011), 100.0),
    "tunnelling": (lambda: local_engine(1.0, 0.5, 1.6e-3, 1e-3, 1.1e-2, delta=0.02, kappa_h=0.03), 1000.0),
    "reset engine": (reset, 1000.0),
    "flux qubits": (lambda: flux_qubits(T_c=0.4, T_h=2.0, g=2e-3, gamma_c=1e-2, gamma_h=1e-2), 100.0),
    "double dot": (lambda: double_dot(T_c=0.5, T_h=2.0, g=3.9e-3, gamma_c=1e-2, gamma_h=1e-2, U=1.0), 300.0),
    "common bath": (dephased, 1.0),
    "complex": (complex_model, 0.3),
}


def p_values(preparation: Preparation, reverse: Direction, n: int) -> list[float | None]:
    """The detailed theorem's p-values of 200 seeds."""
    edges, directions, found = preparation.observables.edges[0], (forward(preparation), reverse), []
    for seed in range(200):
        bins = settled_bins(directions, edges, seed, 0, n, n)
        both = [gather(one, edges, seed, 0, 0, n, n)[0] for one in directions]
        found.append(detailed_row(bins_of(*both, bins), 1.0).p_value)
    return found


@pytest.mark.parametrize("name", MACHINES)
def test_p_values_are_uniform(name: str) -> None:
    """200 seeds, Kolmogorov-Smirnov, family-wise 10^-3; G(1, T) of the same machine by two generators to 1e-11."""
    build, duration = MACHINES[name]
    preparation = prepare(build(), np.array([duration]), None, 4096)
    column = len(preparation.observables.linear) + WEIGHT
    assert abs(survival(preparation) - preparation.exact.mean[-1, column]) < 1e-11
    found = p_values(preparation, backward(preparation), 4096)
    assert stats.kstest(found, "uniform").pvalue > 1e-3 / len(MACHINES)


def test_p_values_of_a_wrong_process_are_not() -> None:
    """With the forward ensemble in place of the reversed one; too few trajectories to see it in most single runs."""
    preparation = prepared(ENGINE)
    wrong = p_values(preparation, forward(preparation)._replace(family=1), 4096)
    assert stats.kstest(wrong, "uniform").pvalue < 1e-6
