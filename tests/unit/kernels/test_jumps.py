"""The jump kernel against its plain-Python twin, trajectory by trajectory, and against the master equation."""

from __future__ import annotations

from types import SimpleNamespace

import naive
import numba
import numpy as np
import pytest
from compiled import Compiled, Sampled
from machines import MACHINES, compiled
from scipy.linalg import expm

from trajectories.kernels.plan import CLOSED, EIGEN, GRID, METHOD, SCALAR, Plan
from trajectories.kernels.streams import BATCH
from trajectories.sampling import plan as unravelling
from trajectories.sampling.plan import unravel

SEED, POINT, FIRST = 2**63 + 12345, 7 | 1 << 28, 2**33 + 5


def assert_twin_agrees(machine: Compiled, n: int) -> np.ndarray:
    """Same draws, same channels and counts; times to 1e-9 relative, states to 1e-9. Return the numbers of jumps."""
    sampled = machine.sample(n, seed=SEED, point=POINT, first=FIRST, capacity=300)
    states = machine.states(sampled)
    for i in range(n):
        twin = naive.trajectory(machine.model, machine.start, machine.finish, machine.times, SEED, POINT, FIRST + i)
        length = sampled.record_length[i]
        assert (sampled.initial[i], sampled.final[i], length) == (twin.initial, twin.final, len(twin.times))
        assert sampled.record_channels[i, :length].tolist() == twin.channels
        np.testing.assert_allclose(sampled.record_times[i, :length], twin.times, rtol=1e-9)
        np.testing.assert_array_equal(sampled.counts[i], twin.counts)
        for state, expected in zip(states[i], twin.states, strict=True):
            projector, wanted = (np.outer(psi, psi.conj()) for psi in (state, expected))
            np.testing.assert_allclose(projector, wanted, atol=1e-9)
    return sampled.record_length


@pytest.mark.interpreted
@pytest.mark.parametrize("name", MACHINES)
def test_twin_agrees_trajectory_by_trajectory(name: str) -> None:
    assert_twin_agrees(compiled(name), 8)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["diamond", "random"])
def test_twin_agrees_beyond_the_first_draws(name: str) -> None:
    """Draws are made 16 at a time; above hardly a trajectory needs more. Here each needs two further batches."""
    machine = compiled(name)
    machine.times = 8 * machine.times
    assert min(assert_twin_agrees(machine, 3)) > 2 * BATCH


def test_the_machines_use_every_method() -> None:
    found = {int(method) for name in MACHINES for method in compiled(name).plan.sectors[:, METHOD]}
    assert found == {SCALAR, CLOSED, EIGEN, GRID}


# Controls: what the comparison with the twin has to notice, each a change of the plan.
def shifted_start(plan: Plan) -> Plan:
    return plan._replace(start_cumulative=np.linspace(0.3, 1.0, len(plan.start_cumulative)))


def other_final_basis(plan: Plan) -> Plan:
    return plan._replace(finish_index=plan.finish_index[::-1].copy())


def slower_evolution(plan: Plan) -> Plan:
    return plan._replace(eigenvalues=plan.eigenvalues * (1 + 1e-6))


def weaker_channel(plan: Plan) -> Plan:
    jump = plan.jump.copy()
    jump[: len(jump) // 2] *= 0.5
    return plan._replace(jump=jump)


@pytest.mark.interpreted
@pytest.mark.parametrize("change", [shifted_start, other_final_basis, slower_evolution, weaker_channel])
def test_twin_notices(change) -> None:
    machine = compiled("random")
    machine.__dict__["plan"] = change(machine.plan)
    with pytest.raises(AssertionError):
        assert_twin_agrees(machine, 8)


def assert_same(one: Sampled, other: Sampled) -> None:
    for a, b in zip(one.arrays(), other.arrays(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["diamond", "detuned engine", "random", "threefold exceptional point"])
def test_bits_do_not_depend_on_how_a_block_is_cut(name: str) -> None:
    machine = compiled(name)
    whole = machine.sample(7, first=100, capacity=20)
    parts = [machine.sample(n, first=100 + first, capacity=20) for first, n in ((0, 1), (1, 4), (5, 2))]
    joined = Sampled(*(np.concatenate(arrays) for arrays in zip(*(part.arrays() for part in parts), strict=True)))
    assert_same(whole, joined)
    # Control: the trajectories do differ from each other.
    assert len(np.unique(whole.record_times[:, 0])) == 7


@pytest.mark.interpreted
def test_seed_point_family_and_number_make_a_trajectory() -> None:
    machine = compiled("diamond")
    streams = [{}, {"seed": 2}, {"point": 1}, {"point": 1 << 28}, {"first": 1}, {"first": 2**32}, {"seed": 1 + 2**32}]
    first_jumps = [machine.sample(1, capacity=1, **stream).record_times[0, 0] for stream in streams]
    assert len(set(first_jumps)) == len(streams)


@pytest.mark.interpreted
def test_records_are_optional_and_cut_at_their_capacity() -> None:
    machine = compiled("diamond")
    full, cut, none = (machine.sample(5, capacity=capacity) for capacity in (100, 3, 0))
    assert full.record_length.max() < 100 and full.record_length.min() > 3
    np.testing.assert_array_equal(cut.record_times, full.record_times[:, :3])
    np.testing.assert_array_equal(cut.record_channels, full.record_channels[:, :3])
    for other in (cut, none):
        for field in ("initial", "final", "counts", "sector", "psi", "record_length"):
            np.testing.assert_array_equal(getattr(other, field), getattr(full, field))


@pytest.mark.interpreted
def test_counts_are_those_of_the_record_and_states_are_normalised() -> None:
    machine = compiled("engine with tunnelling")
    sampled = machine.sample(20, capacity=50)
    np.testing.assert_array_equal(sampled.counts[:, 0], 0)  # at time 0
    for i, length in enumerate(sampled.record_length):
        for j, t in enumerate(machine.times):
            channels = sampled.record_channels[i, :length][sampled.record_times[i, :length] <= t]
            np.testing.assert_array_equal(sampled.counts[i, j], np.bincount(channels, minlength=4))
    np.testing.assert_allclose(np.linalg.norm(sampled.psi, axis=2), 1, rtol=1e-14)
    start = machine.start.local[sampled.initial]
    np.testing.assert_allclose(sampled.psi[:, 0], start, atol=1e-14)


@pytest.mark.interpreted
def test_states_of_small_sectors_are_padded_with_zeros() -> None:
    machine = compiled("engine")
    sampled = machine.sample(20)
    small = machine.sectors.dimensions[sampled.sector] == 1
    assert small.any() and not small.all()
    np.testing.assert_array_equal(sampled.psi[small], [[1, 0]] * small.sum())


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["random", "engine with tunnelling", "decay into the dark"])
def test_the_grid_gives_the_same_trajectories_as_the_eigenbasis(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine, on_grid = compiled(name), compiled(name)
    monkeypatch.setattr(unravelling, "_eigenbasis", lambda h, duration: None)
    assert GRID in on_grid.plan.sectors[:, METHOD]
    monkeypatch.undo()
    assert EIGEN in machine.plan.sectors[:, METHOD]
    n = 20 if numba.config.DISABLE_JIT else 2000
    by_eigenbasis, by_grid = (each.sample(n, capacity=30) for each in (machine, on_grid))
    for field in ("initial", "final", "counts", "record_channels", "record_length"):
        np.testing.assert_array_equal(getattr(by_eigenbasis, field), getattr(by_grid, field))
    np.testing.assert_allclose(by_grid.record_times, by_eigenbasis.record_times, rtol=1e-9)


compiled_only = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="too many trajectories for plain Python")
N = 40_000
# Largest of at most 4 x 16 x 2 standard normal numbers: beyond 5.5 with probability below 5e-6.
FAR = 5.5


def ensemble(machine: Compiled, t: float) -> np.ndarray:
    """exp(L t) rho, with the Liouvillian written out: vec(A rho B) = (A x B^T) vec(rho), row-major."""
    model, one = machine.model, np.eye(machine.model.dimension)
    generator = -1j * (np.kron(model.hamiltonian, one) - np.kron(one, model.hamiltonian.T))
    for jump in model.operators:
        loss = jump.conj().T @ jump
        generator = generator + np.kron(jump, jump.conj()) - 0.5 * (np.kron(loss, one) + np.kron(one, loss.T))
    return (expm(generator * t) @ machine.rho.reshape(-1)).reshape(machine.rho.shape)


def deviation(machine: Compiled, sampled: Sampled) -> float:
    """Largest deviation, in standard errors, of the average |psi><psi| from the ensemble state, at all times."""
    states = machine.states(sampled)
    largest = 0.0
    for j, t in enumerate(machine.times):
        projectors = states[:, j, :, None] * states[:, j, None, :].conj()
        difference = projectors.mean(axis=0) - ensemble(machine, t)
        for part in (np.real, np.imag):
            spread = part(projectors).std(axis=0) / np.sqrt(len(states))
            # Elements without spread (outside the blocks, imaginary parts of a diagonal) are equal to rounding.
            if np.any(np.abs(part(difference)[spread < 1e-12]) > 1e-10):
                return np.inf
            varied = spread >= 1e-12
            largest = max(largest, float(np.max(np.abs(part(difference)[varied] / spread[varied]), initial=0.0)))
    return largest


def half_the_loss(machine: Compiled) -> Plan:
    model = machine.model
    wrong = SimpleNamespace(hamiltonian=model.hamiltonian + 0.25j * model.loss, operators=model.operators)
    return unravel(wrong, machine.sectors, machine.start, machine.finish, machine.times)


POINT_OF_THREE = "threefold exceptional point"
AVERAGED = (
    "diamond",
    "detuned engine",
    "engine with tunnelling",
    "driven qubit",
    "random",
    "threefold exceptional point",
)


@compiled_only
@pytest.mark.parametrize("name", AVERAGED)
def test_states_average_to_the_master_equation(name: str) -> None:
    machine = compiled(name)
    assert deviation(machine, machine.sample(N)) < FAR
    # Controls: half the loss between jumps; another start; the same stream for every trajectory.
    assert deviation(machine, machine.sample(N, plan=half_the_loss(machine))) > FAR
    if name != POINT_OF_THREE:  # which starts in one state
        assert deviation(machine, machine.sample(N, plan=shifted_start(machine.plan))) > FAR
    repeated = Sampled(*(np.repeat(array, N // 50, axis=0) for array in machine.sample(50).arrays()))
    assert deviation(machine, repeated) > FAR


@compiled_only
def test_final_outcomes_have_the_ensemble_states_probabilities() -> None:
    machine = compiled("random")
    machine.rho_T = ensemble(machine, machine.times[-1])
    expected = machine.finish.probabilities

    def largest(final: np.ndarray) -> float:
        found = np.bincount(final, minlength=3) / N
        return float(np.max(np.abs(found - expected) / np.sqrt(expected * (1 - expected) / N)))

    # Three numbers beyond 5 standard deviations: probability below 2e-6.
    assert largest(machine.sample(N).final) < 5
    assert largest(machine.sample(N, plan=other_final_basis(machine.plan)).final) > 5


@compiled_only
def test_records_of_different_trajectories_are_independent() -> None:
    """Correlation of the first jump times of neighbours, in standard deviations 1/sqrt(N)."""
    machine = compiled("diamond")
    times = machine.sample(N, capacity=1).record_times[:, 0]

    def correlation(values: np.ndarray) -> float:
        return float(np.corrcoef(values[:-1], values[1:])[0, 1] * np.sqrt(N))

    # Beyond 5 with probability below 6e-7.
    assert abs(correlation(times)) < 5
    # Control: every stream is used by two trajectories.
    assert abs(correlation(np.repeat(times[: N // 2], 2))) > 5
