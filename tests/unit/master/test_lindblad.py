"""The master equation: its generator, steady state, evolution and rates, against definitions and closed forms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from full_space import liouvillian
from scipy.linalg import expm
from small_models import LOWER, complex_matrix, derivative, one_way_model, random_model, random_state, thermal_qubit

from trajectories.errors import InputError
from trajectories.master import block_generator, lindblad
from trajectories.master.lindblad import Master
from trajectories.master.null_space import null_dimension, recurrent_classes, stationary_distribution
from trajectories.master.propagation import DensePropagator
from trajectories.master.sectors import find_sectors
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import diamond, local_engine

ENGINE = {"T_h": 0.7, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}


# The generator ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 3, 5])
def test_the_liouvillian_is_the_master_equation(d: int) -> None:
    model = random_model(d, 2, seed=d, dephasing=True)
    matrix = complex_matrix(np.random.default_rng(d), d)
    expected = derivative(model, matrix)
    np.testing.assert_allclose((liouvillian(model) @ matrix.reshape(-1)).reshape(d, d), expected, atol=1e-13)


def test_the_liouvillian_agrees_with_qutip() -> None:
    qutip = pytest.importorskip("qutip")
    model = random_model(4, 3, seed=11, dephasing=True)
    theirs = qutip.liouvillian(qutip.Qobj(model.hamiltonian), [qutip.Qobj(jump) for jump in model.operators]).full()
    # QuTiP stacks columns, this package rows.
    swap = np.arange(16).reshape(4, 4).T.ravel()
    np.testing.assert_allclose(liouvillian(model), theirs[np.ix_(swap, swap)], atol=1e-13)
    steady = qutip.steadystate(qutip.Qobj(model.hamiltonian), [qutip.Qobj(jump) for jump in model.operators]).full()
    np.testing.assert_allclose(Master(model).steady_state(), steady, atol=1e-12)


@pytest.mark.parametrize("model", [local_engine(**ENGINE), random_model(3, 2, seed=4), diamond(-1.0, 1.0)])
def test_the_block_generator_is_the_liouvillian_on_the_blocks(model: Model) -> None:
    solver = Master(model)
    full, identity = liouvillian(model), np.eye(solver.sectors.size)
    for column, unit in zip(solver.generator.T, identity, strict=True):
        matrix = full @ solver.sectors.unflatten(unit).reshape(-1)
        d = model.dimension
        np.testing.assert_allclose(column, solver.sectors.flatten(matrix.reshape(d, d)), atol=1e-14)


def test_tilting_weights_the_jumps_and_not_the_losses() -> None:
    model = random_model(3, 2, seed=5)
    solver, rho = Master(model), random_state(np.random.default_rng(1), 3)
    weights = np.array([0.3, 2.0, 0.0, 1.0])
    expected = -1j * (model.effective_hamiltonian @ rho - rho @ model.effective_hamiltonian.conj().T)
    for weight, jump in zip(weights, model.operators, strict=True):
        expected = expected + weight * jump @ rho @ jump.conj().T
    found = solver.tilted(weights) @ solver.sectors.flatten(rho)
    np.testing.assert_allclose(found, solver.sectors.flatten(expected), atol=1e-14)


# The steady state ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [2, 4, 6])
def test_the_steady_state_of_a_random_model(d: int) -> None:
    model = random_model(d, 2, seed=20 + d)
    rho = Master(model).steady_state()
    np.testing.assert_allclose(derivative(model, rho), 0.0, atol=1e-14)
    np.testing.assert_array_equal(rho, rho.conj().T)
    assert np.trace(rho).real == pytest.approx(1.0, abs=1e-15)
    assert np.linalg.eigvalsh(rho)[0] > 0


def test_a_thermal_qubit_is_thermal() -> None:
    n = 1e-9
    p = Master(thermal_qubit(n=n)).steady_blocks.real
    np.testing.assert_allclose(p, [(n + 1) / (2 * n + 1), n / (2 * n + 1)], rtol=1e-15)


def exact_stationary(rates: list[list[Fraction]]) -> list[Fraction]:
    """Solve the rate equation in rational arithmetic: Gaussian elimination without rounding."""
    n = len(rates)
    exits = [sum(rates[k][j] for k in range(n) if k != j) for j in range(n)]
    rows = [[-exits[j] if i == j else rates[i][j] for j in range(n)] for i in range(n)]
    rows[0] = [Fraction(1)] * n
    rows = [row + [Fraction(int(i == 0))] for i, row in enumerate(rows)]
    for i in range(n):
        pivot = next(k for k in range(i, n) if rows[k][i] != 0)
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return [row[-1] for row in rows]


def test_elimination_is_accurate_in_every_component() -> None:
    rng = np.random.default_rng(3)
    rates = 10.0 ** rng.uniform(-15, 15, size=(6, 6))
    np.fill_diagonal(rates, 0.0)
    exact = exact_stationary([[Fraction(float(x)) for x in row] for row in rates])
    found = stationary_distribution(rates)
    relative = [float(abs(Fraction(float(p)) - q) / q) for p, q in zip(found, exact, strict=True)]
    assert min(exact) < Fraction(1, 10**10)
    assert max(relative) < 1e-14


def test_transient_states_and_recurrent_classes() -> None:
    rates = np.zeros((5, 5))
    rates[1, 0] = rates[2, 1] = rates[1, 2] = rates[4, 3] = 1.0
    rates[2, 1] = 3.0
    assert [members.tolist() for members in recurrent_classes(rates)] == [[1, 2], [4]]
    with pytest.raises(ValueError, match="2 recurrent classes"):
        stationary_distribution(rates)
    rates[0, 4] = 1e-30
    np.testing.assert_allclose(stationary_distribution(rates), [0, 0.25, 0.75, 0, 0], rtol=1e-15)


def test_a_one_way_decay_ends_in_the_ground_state() -> None:
    model = one_way_model(np.diag([0.0, 1.0, 2.5]), [np.diag([1.0, 1.0], 1)])
    np.testing.assert_array_equal(Master(model).steady_blocks, [1.0, 0.0, 0.0])


def collective_bath() -> Model:
    """One bath alone that couples to two qubits collectively: |A> is dark."""
    jump = np.kron(LOWER, np.eye(2)) + np.kron(np.eye(2), LOWER)
    channels = [Channel("down", jump, "S", None, "up"), Channel("up", 0.5 * jump.T, "S", None, "down")]
    bell = diamond(0.0, 1.0).bases["bell"]
    return Model(np.diag([0.0, 1.0, 1.0, 2.0]), channels, [Reservoir("S")], dims=(2, 2), bases={"bell": bell})


NOT_UNIQUE = {
    "collective bath alone": (collective_bath(), 2),
    # H = 0 and L ~ sigma_x: the populations mix, but sigma_x itself is conserved, a coherence between the sectors.
    "conserved coherence": (one_way_model(np.zeros((2, 2)), [LOWER + LOWER.T]), 2),
    "dephasing": (one_way_model(np.diag([0.0, 1.0]), [np.diag([1.0, -1.0])]), 2),
    "two ends": (
        one_way_model(np.diag([0.0, 1.0, 3.0]), [np.eye(3)[[1, 2, 0]] * [0, 1, 0], np.eye(3, k=-1) * [0, 1, 0]]),
        2,
    ),
    # Two levels that nothing reaches: two populations and, H being zero, the coherence between them and its conjugate.
    "dark levels": (one_way_model(np.zeros((3, 3)), [np.eye(3, k=2)]), 4),
    "a qubit left alone": (one_way_model(np.diag([0.0, 1.0, 1.0, 2.0]), [np.kron(LOWER, np.eye(2))], dims=(2, 2)), 2),
}


@pytest.mark.parametrize("name", NOT_UNIQUE)
def test_a_steady_state_that_is_not_unique_is_refused(name: str) -> None:
    model, dimension = NOT_UNIQUE[name]
    full = np.linalg.svd(liouvillian(model), compute_uv=False)
    assert np.count_nonzero(full < 1e-12) == dimension
    with pytest.raises(InputError, match=rf"not unique.*null space of dimension {dimension}, it should be 1"):
        Master(model).steady_state()


@pytest.mark.parametrize("seed", range(40))
def test_the_null_space_is_counted_as_in_the_full_space(seed: int) -> None:
    # Sparse random models conserve this and that; a channel that maps two sectors into one makes coherences feed
    # populations. The first five levels are in order, the pair 3, 4 is coupled.
    rng = np.random.default_rng(seed)
    d = 5
    hamiltonian = np.zeros((d, d))
    hamiltonian[3, 4] = hamiltonian[4, 3] = 0.7 * (seed % 2)
    jumps = [rng.choice([0.5, 1.0, 2.0], (d, d)) * (rng.random((d, d)) < 0.1) for _ in range(2)]
    if seed % 4 < 2:
        # 0 -> 3 and 1 -> 4 by one operator.
        jumps[0] = jumps[0] * 0
        jumps[0][3, 0] = jumps[0][4, 1] = 1.0
    model = one_way_model(hamiltonian, [jump for jump in jumps if jump.any()] or [np.eye(d)])
    values = np.linalg.svd(liouvillian(model), compute_uv=False)
    assert Master(model).null_dimension == np.count_nonzero(values < 1e-10)


def test_a_conserved_coherence_is_found_where_the_blocks_look_unique() -> None:
    solver = Master(NOT_UNIQUE["conserved coherence"][0])
    assert solver.sectors.dimensions.tolist() == [1, 1]
    assert null_dimension(solver.generator) == 1


def test_rates_of_very_different_size_are_not_mistaken_for_zero() -> None:
    # 25 orders of magnitude between the two baths: the steady state is unique all the same.
    solver = Master(diamond(-30.0, 30.0))
    assert solver.null_dimension == 1


# The gap ------------------------------------------------------------------------------------------------------------


def test_the_gap_of_a_thermal_qubit_is_that_of_its_coherence() -> None:
    # Populations relax at gamma (2n + 1), the coherence at half of that.
    assert Master(thermal_qubit(n=0.2, gamma=0.5)).gap() == pytest.approx(0.5 * 1.4 / 2, rel=1e-13)


@pytest.mark.parametrize("model", [random_model(3, 2, seed=31), local_engine(**ENGINE), diamond(-2.0, 3.0)])
def test_the_gap_is_that_of_the_full_spectrum(model: Model) -> None:
    values = np.linalg.eigvals(liouvillian(model))
    values = values[np.argsort(np.abs(values))][1:]
    assert Master(model).gap() == pytest.approx(-values.real.max(), rel=1e-9)


def test_the_gap_survives_stiff_rates() -> None:
    # At beta_S >> 1, beta_A = 0, the slowest mode is the coherence between G and A: half the exit rates of the two,
    # (2 + 2 + 2 * 1)/2 + 1 = 4 in units of the pump, up to 4 e^{-beta_S}.
    assert Master(diamond(0.0, 30.0)).gap() == pytest.approx(4.0, rel=1e-11)


@pytest.mark.parametrize("omega", [1e6, 1e8, 1e10])
@pytest.mark.parametrize("drive", [0.0, 1.0])
def test_the_gap_sees_slow_modes_that_oscillate_fast(omega: float, drive: float) -> None:
    # Far from resonance the coherence decays at gamma/2, the population at gamma, up to (drive/omega)^2.
    hamiltonian = np.array([[0.0, drive / 2], [drive / 2, omega]])
    model = one_way_model(hamiltonian, [np.sqrt(0.3) * LOWER], entropy=False)
    # What L holds of gamma is rounded at omega in the elimination of one population where all is in one sector.
    assert Master(model).gap() == pytest.approx(0.15, rel=1e-9 if drive == 0 else 1e-15 * omega / 0.15 + 1e-9)


def stiff_model(seed: int) -> Model:
    """Random, of 2 to 4 levels, with a Hamiltonian, level distances or one channel up to 1e9 times the slowest rate."""
    rng = np.random.default_rng(seed)
    d, stiffness = int(rng.integers(2, 5)), 10 ** rng.uniform(3, 9)
    hamiltonian = complex_matrix(rng, d)
    hamiltonian = hamiltonian + hamiltonian.conj().T
    operators = [0.3 * complex_matrix(rng, d), 0.5 * complex_matrix(rng, d)]
    if seed % 3 == 0:
        hamiltonian = hamiltonian * stiffness
    elif seed % 3 == 1:
        hamiltonian = hamiltonian + np.diag(rng.normal(size=d)) * stiffness
    else:
        operators[0] = operators[0] * np.sqrt(stiffness)
    return one_way_model(hamiltonian, operators, entropy=False)


@pytest.mark.parametrize(("way", "rounding"), [("dense", 1e-14), ("sparse", 1e-13)])
def test_the_gap_of_stiff_models_is_that_of_the_full_spectrum(
    way: str, rounding: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eigenvalues are right to some 1e-16 of the norm of a matrix, times how much eigenvectors lean."""
    if way == "sparse":
        monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
        monkeypatch.setattr(lindblad, "FULL_SPECTRUM_SIZE", 0)
    for seed in range(60):
        model = stiff_model(seed)
        full = liouvillian(model)
        values = np.linalg.eigvals(full)
        expected = -values[np.argsort(np.abs(values))][1:].real.max()
        allowed = 1e-9 * expected + rounding * np.abs(full).sum(axis=0).max()
        assert Master(model).gap() == pytest.approx(expected, abs=allowed), seed


def test_nothing_relaxes_where_something_is_conserved() -> None:
    assert Master(NOT_UNIQUE["dephasing"][0]).gap() == 0.0


# Evolution ----------------------------------------------------------------------------------------------------------

TIMES = np.array([0.0, 0.3, 0.3, 1.7, 20.0])


@pytest.mark.parametrize("d", [2, 3])
def test_states_and_integrals_against_the_exponential_of_the_full_liouvillian(d: int) -> None:
    model, rho0 = random_model(d, 2, seed=40 + d), random_state(np.random.default_rng(d), d)
    full, zero = liouvillian(model), np.zeros((d * d, d * d))
    extended = np.block([[full, np.eye(d * d)], [zero, zero]])
    states, integrals = Master(model).states(rho0, TIMES), Master(model).integrals(rho0, TIMES)
    for j, time in enumerate(TIMES):
        both = expm(extended * time)
        expected = (both[: d * d, : d * d] @ rho0.reshape(-1)).reshape(d, d)
        np.testing.assert_allclose(states[j], expected, atol=2e-14)
        expected = (both[: d * d, d * d :] @ rho0.reshape(-1)).reshape(d, d)
        np.testing.assert_allclose(integrals[j], expected, atol=2e-14 * max(1.0, time))


def test_a_qubit_relaxes_exponentially() -> None:
    n, gamma = 0.2, 0.5
    end, rate = n / (2 * n + 1), gamma * (2 * n + 1)
    solver, ground = Master(thermal_qubit(n, gamma)), np.diag([1.0, 0.0])
    times = np.array([0.0, 1e-6, 0.01, 1.0, 30.0, 1e6])
    excited = solver.states(ground, times)[:, 1, 1].real
    np.testing.assert_allclose(excited, -end * np.expm1(-rate * times), rtol=1e-13)
    integral = solver.integrals(ground, times)[:, 1, 1].real
    expected = end * (times + np.expm1(-rate * times) / rate)
    np.testing.assert_allclose(integral[2:], expected[2:], rtol=1e-12)
    np.testing.assert_allclose(integral[1], end * rate * times[1] ** 2 / 2, rtol=1e-5)


def test_rounding_in_a_given_state_is_not_evolved() -> None:
    # |S><S| in the computational basis has 1e-17 of rounding along |A>, which would grow into a support.
    vector = np.array([0.0, np.sqrt(0.5), np.sqrt(0.5), 0.0])
    found = Master(diamond(-1.0, 1.0)).blocks(np.outer(vector, vector) + 1e-17 * np.eye(4), np.zeros(1))[0]
    assert np.count_nonzero(found) == 1
    assert found[1] == pytest.approx(1.0, abs=1e-15)


def test_small_populations_keep_their_digits_in_time() -> None:
    # Up at 1e-20: p_1(t) = 1e-20 (1 - e^{-rate t})/rate.
    model = one_way_model(np.diag([0.0, 1.0]), [1e-10 * LOWER.T, LOWER])
    excited = Master(model).blocks(np.diag([1.0, 0.0]), np.array([0.5, 3.0]))[:, 1].real
    np.testing.assert_allclose(excited, -1e-20 * np.expm1(-np.array([0.5, 3.0])), rtol=1e-14)


def test_a_start_with_coherence_between_sectors_is_covered() -> None:
    model = diamond(-1.0, 1.0)
    rho0 = np.diag([0.0, 1.0, 0.0, 0.0]).astype(complex)
    expected = (expm(0.2 * liouvillian(model)) @ rho0.reshape(-1)).reshape(4, 4)
    solver = Master(model)
    np.testing.assert_allclose(solver.states(rho0, [0.2])[0], expected, atol=1e-15)
    assert solver.covering(rho0).sectors.dimensions.tolist() == [1, 2, 1]
    assert solver.covering(np.eye(4) / 4) is solver


def test_the_trace_survives_many_squarings() -> None:
    # |H| T = 10^9: without restoring the trace its error would be about 10^-7.
    model = local_engine(T_h=1.0, T_c=0.5, g=0.02, gamma_h=0.01, gamma_c=0.011, kappa_h=0.1, kappa_c=0.02)
    solver = Master(model)
    late = solver.states(np.diag([1.0, 0.0, 0.0, 0.0]), [1e9])[0]
    assert np.trace(late).real == pytest.approx(1.0, abs=1e-14)
    np.testing.assert_allclose(late, solver.steady_state(), atol=1e-12)


def test_a_growing_exponential_is_returned_with_its_logarithm() -> None:
    generator = np.array([[0.5, 1.0], [2.0, -0.3]])
    vector, log_scale = DensePropagator(generator).advance(np.array([1.0, 0.0]), 3000.0)
    values, right = np.linalg.eig(generator)
    left = np.linalg.inv(right)
    k = np.argmax(values)
    assert np.isfinite(vector).all()
    assert np.log(vector[0]) + log_scale == pytest.approx(
        3000.0 * values[k] + np.log(right[0, k] * left[k, 0]), rel=1e-12
    )


def test_sparse_and_dense_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    parameters = {"T_h": 1.0, "T_c": 0.5, "g": 0.3, "gamma_h": 0.1, "gamma_c": 0.2, "kappa_h": 0.4}
    model, rho0 = local_engine(**parameters), random_state(np.random.default_rng(9), 4)
    dense = Master(model)
    expected = (dense.steady_state(), dense.states(rho0, TIMES), dense.integrals(rho0, TIMES), dense.gap())
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    monkeypatch.setattr(lindblad, "FULL_SPECTRUM_SIZE", 0)
    sparse = Master(model)
    assert not isinstance(sparse.generator, np.ndarray)
    assert sparse.null_dimension == 1
    found = (sparse.steady_state(), sparse.states(rho0, TIMES), sparse.integrals(rho0, TIMES), sparse.gap())
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


def test_a_sparse_null_space_has_the_right_dimension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    monkeypatch.setattr(Master, "classical", False)
    # Three qubits, of which two are left alone: the identity and sigma_z of each, and their product.
    jump = np.kron(np.kron(LOWER, np.eye(2)), np.eye(2))
    model = one_way_model(np.diag([0.0, 0.7, 1.1, 1.8, 1.0, 1.7, 2.1, 2.8]), [jump], dims=(2, 2, 2))
    assert Master(model).null_dimension == 4
    assert np.count_nonzero(np.linalg.svd(liouvillian(model), compute_uv=False) < 1e-12) == 4


BAD_STATES = {
    "shape": (np.eye(2) / 2, r"shape \(2, 2\).*\(4, 4\)"),
    "nan": (np.full((4, 4), np.nan), "not finite"),
    "trace": (np.eye(4), "trace 4, it should be 1"),
    "hermitian": (np.diag([1.0, 0, 0, 0]) + 0.1 * np.eye(4, k=1), r"not Hermitian: element \(0, 1\)"),
    "positive": (np.diag([1.2, -0.2, 0, 0]), "not positive: its lowest eigenvalue is -0.2"),
}


@pytest.mark.parametrize("name", BAD_STATES)
def test_what_is_no_state_is_refused(name: str) -> None:
    rho, message = BAD_STATES[name]
    with pytest.raises(InputError, match=message):
        Master(diamond(0.0, 1.0)).states(rho, [1.0])


@pytest.mark.parametrize("times", [[1.0, 0.5], [-1.0], [np.inf], 1.0])
def test_bad_times_are_refused(times) -> None:
    with pytest.raises(InputError, match="times"):
        Master(diamond(0.0, 1.0)).states(np.eye(4) / 4, times)


def test_sectors_given_by_the_caller_are_used() -> None:
    model = diamond(0.0, 1.0)
    coarse = find_sectors(model, states=[np.diag([0.0, 1.0, 0.0, 0.0])])
    solver = Master(model, coarse)
    assert not solver.classical
    np.testing.assert_allclose(solver.steady_state(), Master(model).steady_state(), atol=1e-15)


# Blocks of the engine: |00>, then |01> and |10> with their coherence, then |11>.
BAD_BLOCKS = {
    "trace": ([0.5, 0.2, 0, 0, 0.2, 0.2], "has trace 1.1, it should be 1"),
    "not finite": ([np.nan, 0.5, 0, 0, 0.5, 0], "not finite"),
    "a negative level": ([-0.1, 0.5, 0, 0, 0.5, 0.1], "its lowest eigenvalue is -0.1"),
    "complex populations": ([0.5 + 0.1j, 0.2, 0, 0, 0.2, 0.1 - 0.1j], "not Hermitian"),
    "a coherence without its partner": ([0.2, 0.4, 0.1, 0, 0.4, 0], "not Hermitian"),
    "a coherence beyond the populations": ([0.2, 0.4, 0.5, 0.5, 0.4, 0], "its lowest eigenvalue is -0.1"),
}


@pytest.mark.parametrize("name", BAD_BLOCKS)
def test_flattened_blocks_that_are_no_state_are_refused(name: str) -> None:
    solver = Master(local_engine(**ENGINE))
    assert solver.covering(np.array([0.2, 0.4, 0.1, 0.1, 0.4, 0.0])) is solver
    blocks, message = BAD_BLOCKS[name]
    with pytest.raises(InputError, match=message):
        solver.covering(np.array(blocks))
