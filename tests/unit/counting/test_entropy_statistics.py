"""The generating function of the entropy production, against its definition in the full space and against moments."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from scipy.linalg import expm
from small_models import LOWER, one_way_model, random_model, random_state, thermal_qubit

from trajectories.counting import entropy_statistics
from trajectories.errors import InputError
from trajectories.master.currents import entropy_production
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import diamond, double_dot, local_engine

ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}


def power(rho: np.ndarray, exponent: float) -> np.ndarray:
    p, vectors = np.linalg.eigh(rho)
    return (vectors * np.where(p > 1e-13, np.abs(p) ** exponent, 0.0)) @ vectors.conj().T


def in_the_full_space(model: Model, exponent: float, rho0: np.ndarray, time: float) -> float:
    """Tr[rho(t)^l e^{L_l t}(rho0^{1-l})] with d^2 x d^2 exponentials, one-way jump terms left out."""

    def generator(weights: np.ndarray) -> np.ndarray:
        unit, effective = np.eye(model.dimension), model.effective_hamiltonian
        result = -1j * np.kron(effective, unit) + 1j * np.kron(unit, effective.conj())
        return result + sum(w * np.kron(x, x.conj()) for w, x in zip(weights, model.operators, strict=True))

    d, one_way = model.dimension, model.partner < 0
    weights = np.exp(-exponent * np.where(one_way, 0.0, model.entropy_steps)) * ~one_way
    late = (expm(generator(np.ones(len(weights))) * time) @ rho0.reshape(-1)).reshape(d, d)
    tilted = (expm(generator(weights) * time) @ power(rho0, 1 - exponent).reshape(-1)).reshape(d, d)
    return float(np.trace(power(late, exponent) @ tilted).real)


@pytest.mark.parametrize("exponent", [-1.5, -0.3, 0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("rank", [None, 2])
def test_the_generating_function_is_its_definition(exponent: float, rank: int | None) -> None:
    model, rho0 = random_model(3, 2, seed=61, dephasing=True), random_state(np.random.default_rng(62), 3, rank)
    found = entropy_statistics.generating_function(Master(model), exponent, rho0, [0.1, 0.6])
    expected = [in_the_full_space(model, exponent, rho0, time) for time in (0.1, 0.6)]
    np.testing.assert_allclose(found, expected, rtol=1e-11)


@pytest.mark.parametrize(
    "model",
    [random_model(3, 2, seed=63), thermal_qubit(), local_engine(**ENGINE), diamond(-2.0, 3.0), diamond(-30.0, 30.0)],
)
def test_the_integral_theorem_holds_for_every_start_of_full_rank(model: Model) -> None:
    solver = Master(model)
    d = model.dimension
    times = np.array([0.0, 0.1, 3.0, 1e4])
    for rho0 in (solver.steady_blocks, np.eye(d) / d, random_state(np.random.default_rng(64), d)):
        np.testing.assert_allclose(entropy_statistics.generating_function(solver, 1.0, rho0, times), 1.0, atol=1e-11)


def test_normalisation_at_zero() -> None:
    found = entropy_statistics.generating_function(
        Master(local_engine(**ENGINE)), 0.0, np.diag([0.0, 1.0, 0, 0]), [0.0, 50.0]
    )
    np.testing.assert_allclose(found, 1.0, atol=1e-13)


@pytest.mark.parametrize("rank", [None, 1])
def test_its_slope_at_zero_is_the_mean_entropy_production(rank: int | None) -> None:
    model, rho0 = random_model(3, 2, seed=65), random_state(np.random.default_rng(66), 3, rank)
    solver, h = Master(model), 1e-4
    times = np.array([0.3, 1.0])
    values = [entropy_statistics.generating_function(solver, u, rho0, times) for u in (-2 * h, -h, h, 2 * h)]
    slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h)
    np.testing.assert_allclose(-slope, entropy_production(solver, rho0, times), rtol=1e-8)


def test_wrong_entropies_break_the_integral_theorem() -> None:
    """Control: the unit result above is no artefact of the propagator, which restores only what is there."""

    class Mutant(Master):
        def tilted(self, weights: np.ndarray) -> np.ndarray:
            return super().tilted(np.where(weights == 1.0, 1.0, weights**1.001))

    model = random_model(3, 2, seed=63)
    found = entropy_statistics.generating_function(Mutant(model), 1.0, Master(model).steady_state(), [1.0])
    assert abs(found[0] - 1) > 1e-4


def test_without_the_final_measurement_it_breaks_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = entropy_statistics._power
    monkeypatch.setattr(
        entropy_statistics, "_power", lambda rho, u, *rest: honest(rho, u if rho.ndim == 1 else 0.0, *rest)
    )
    model = local_engine(**ENGINE)
    found = entropy_statistics.generating_function(Master(model), 1.0, Master(model).steady_state(), [100.0])
    assert abs(found[0] - 1) > 0.1


def test_a_pure_start_has_less_than_one() -> None:
    # A qubit that starts in |0>: 1 - lambda = Tr[rho(t) e^{L_1 t}(|0><0|)]; e^{L_1 t} is the adjoint evolution, so the
    # second factor is diag of P(0 -> 0) and P(1 -> 0), and p_1(t) = p (1 - x) from |0>, p + (1 - p) x from |1>.
    n, gamma, time = 0.2, 0.5, 0.8
    p, x = n / (2 * n + 1), np.exp(-gamma * (2 * n + 1) * time)
    stays, returns = 1 - p * (1 - x), (1 - p) * (1 - x)
    expected = stays * stays + (1 - stays) * returns
    found = entropy_statistics.generating_function(
        Master(thermal_qubit(n, gamma)), 1.0, np.diag([1.0, 0.0]), [0.0, time]
    )
    np.testing.assert_allclose(found, [1.0, expected], rtol=1e-13)


def test_rounding_in_a_given_state_is_no_support() -> None:
    # |S><S| written in the computational basis has 1e-17 of rounding along |A>: that must not count as occupied.
    model = diamond(-1.0, 1.0)
    vector = np.array([0.0, np.sqrt(0.5), np.sqrt(0.5), 0.0])
    rho0 = np.outer(vector, vector)
    exact = entropy_statistics.generating_function(Master(model), 1.0, np.array([0.0, 1.0, 0.0, 0.0]), [0.3])
    np.testing.assert_allclose(
        entropy_statistics.generating_function(Master(model), 1.0, rho0, [0.3]), exact, rtol=1e-12
    )
    assert exact[0] < 0.9


def decay_with_bath() -> Model:
    """A thermal qubit that also decays one-way, at rate 0.7."""
    channels = [
        Channel("down", LOWER, "bath", None, "up"),
        Channel("up", 0.6 * LOWER.T, "bath", None, "down"),
        Channel("decay", np.sqrt(0.7) * LOWER, "vacuum", None, "none"),
    ]
    return Model(np.diag([0.0, 1.0]), channels, [Reservoir("bath"), Reservoir("vacuum")], pair=None)


def test_one_way_channels() -> None:
    model = decay_with_bath()
    solver, rho0 = Master(model), np.diag([0.3, 0.7])
    times = np.array([0.0, 0.4])
    for exponent in (0.5, 1.0, 2.0):
        found = entropy_statistics.generating_function(solver, exponent, rho0, times)
        np.testing.assert_allclose(found[1], in_the_full_space(model, exponent, rho0, 0.4), rtol=1e-12)
    np.testing.assert_allclose(
        entropy_statistics.generating_function(solver, -0.1, rho0, times), [1.0, np.inf], rtol=1e-14
    )
    np.testing.assert_allclose(entropy_statistics.generating_function(solver, 0.0, rho0, times), 1.0, atol=1e-14)
    # Among finite Delta S only, the function is continuous at l = 0, where it is the share of them.
    share = entropy_statistics.reversible_probability(solver, rho0, times)
    for exponent in (-1e-9, 0.0, 1e-9):
        found = entropy_statistics.generating_function(solver, exponent, rho0, times, finite_only=True)
        np.testing.assert_allclose(found, share, rtol=1e-8)
    assert share[0] == 1.0
    assert 0.7 < share[1] < 0.9


@pytest.mark.parametrize("fired", [1e-2, 1e-9])
def test_however_rarely_a_one_way_channel_fires_the_average_is_infinite(fired: float) -> None:
    model = one_way_model(np.diag([0.0, 1.0]), [LOWER])
    time = -np.log1p(-fired)  # 1 - e^{-t} = fired
    found = entropy_statistics.generating_function(Master(model), -0.5, np.diag([0.0, 1.0]), [time])
    assert entropy_statistics.reversible_probability(Master(model), np.diag([0.0, 1.0]), [time]) == pytest.approx(
        1 - fired
    )
    assert found[0] == np.inf


def rational_generating_function(model: Model, exponent: int, time: float) -> float:
    """G(l, t) from the steady state of a classical chain in exact fractions: Taylor's series, 40 terms."""
    squares = np.abs(Master(model).sectors.rotate(model.operators)) ** 2
    rates = [[[Fraction(float(x)) for x in row] for row in operator] for operator in squares]
    levels = range(model.dimension)

    def generator(weights: np.ndarray) -> list[list[Fraction]]:
        factors = [Fraction(float(w)) for w in weights]
        moves = [
            [sum(w * rate[to][i] for w, rate in zip(factors, rates, strict=True)) for i in levels] for to in levels
        ]
        for i in levels:
            moves[i][i] -= sum(rate[to][i] for rate in rates for to in levels)
        return moves

    # The steady state by elimination: one row of the equations says that the probabilities add up to one.
    rows = [[Fraction(1)] * (len(levels) + 1)]
    rows += [[*row, Fraction(0)] for row in generator(np.ones(len(rates)))[1:]]
    for i in levels:
        pivot = next(j for j in levels[i:] if rows[j][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for j in levels:
            if j != i:
                factor = rows[j][i] / rows[i][i]
                rows[j] = [x - factor * y for x, y in zip(rows[j], rows[i], strict=True)]
    p = [rows[i][-1] / rows[i][i] for i in levels]

    tilted, term = generator(np.exp(-exponent * model.entropy_steps)), [x ** (1 - exponent) for x in p]
    total = list(term)
    for n in range(1, 41):
        term = [Fraction(time) / n * sum(x * y for x, y in zip(row, term, strict=True)) for row in tilted]
        total = [x + y for x, y in zip(total, term, strict=True)]
    return float(sum(x**exponent * y for x, y in zip(p, total, strict=True)))


@pytest.mark.parametrize("time", [1e-30, 1e-27, 1e-26])
def test_populations_below_rounding_count_where_they_are_known(time: float) -> None:
    """The diamond at -30 and 30 is in |S> with probability 9e-14, where G(2) comes from: p^2 e^{-2 Delta s}/p."""
    solver = Master(diamond(-30.0, 30.0))
    assert 0 < sorted(solver.steady_blocks.real)[1] < 1e-13
    found = entropy_statistics.generating_function(solver, 2.0, solver.steady_blocks, [time])[0]
    wanted = rational_generating_function(solver.model, 2, time)
    assert found == pytest.approx(wanted, rel=1e-11) and wanted > 1 + 1e-4


def test_the_share_of_reversible_trajectories_of_a_pure_decay() -> None:
    solver = Master(one_way_model(np.diag([0.0, 1.0]), [np.sqrt(0.7) * LOWER]))
    found = entropy_statistics.reversible_probability(solver, np.diag([0.25, 0.75]), [0.0, 2.0])
    np.testing.assert_allclose(found, [1.0, 0.25 + 0.75 * np.exp(-1.4)], rtol=1e-14)
    np.testing.assert_array_equal(
        entropy_statistics.reversible_probability(Master(thermal_qubit()), np.eye(2) / 2, [5.0]), [1.0]
    )


def test_what_overflows_is_infinite() -> None:
    # lambda(2) = 88.9 at (-2, 3): e^{88.9 t} leaves the range of numbers at t = 8.
    solver = Master(diamond(-2.0, 3.0))
    found = entropy_statistics.generating_function(solver, 2.0, solver.steady_state(), [1.0, 10.0, 1e6])
    assert np.isfinite(found[0])
    np.testing.assert_array_equal(found[1:], np.inf)
    # The weight of one jump overflows.
    found = entropy_statistics.generating_function(solver, 1e3, solver.steady_state(), [0.0, 1.0])
    np.testing.assert_array_equal(found, [1.0, np.inf])
    # Jumps with Delta s = -210: their weights e^{630} are numbers, products of them are not, and rho^3 is none either.
    solver = Master(double_dot(T_c=0.1, T_h=3.2, g=3.9e-3, gamma_c=1e-2, gamma_h=1e-2, U=20.0))
    found = entropy_statistics.generating_function(solver, 3.0, np.diag([1.0, 0, 0, 0]), [100.0])
    np.testing.assert_array_equal(found, np.inf)


def test_bad_input_is_refused() -> None:
    solver = Master(diamond(0.0, 1.0))
    with pytest.raises(InputError, match="exponent"):
        entropy_statistics.generating_function(solver, np.nan, np.eye(4) / 4, [1.0])
    silent = Master(one_way_model(np.diag([0.0, 1.0]), [LOWER], entropy=False))
    with pytest.raises(InputError, match="no entropy accounting"):
        entropy_statistics.generating_function(silent, 1.0, np.eye(2) / 2, [1.0])
    with pytest.raises(InputError, match="no entropy accounting"):
        entropy_statistics.reversible_probability(silent, np.eye(2) / 2, [1.0])
