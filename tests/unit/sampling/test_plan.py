"""The compiled plan: which method each sector gets, what the arrays hold, and what is refused."""

from __future__ import annotations

import re
import typing

import numba
import numpy as np
import pytest
from compiled import Compiled
from machines import MACHINES, bright_and_dark, compiled, driven_qubit, pure, threefold_exceptional_point
from scipy.linalg import expm
from small_models import one_way_model, random_model, random_state, thermal_qubit

from trajectories.errors import InputError
from trajectories.kernels import jumps as jump_kernel
from trajectories.kernels.plan import (
    BLOCK,
    CHANNEL,
    CLOSED,
    DECAY,
    DIMENSION,
    EIGEN,
    FASTEST,
    FINISH,
    GRID,
    LEFT,
    LEVELS,
    LOSS,
    MATRIX,
    MEAN_WAIT,
    METHOD,
    PROPAGATORS,
    RIGHT,
    SCALAR,
    SLOT,
    SLOT_END,
    SLOWEST,
    TARGET,
    TRACELESS,
    VECTOR,
    Plan,
)
from trajectories.model import Model
from trajectories.sampling.plan import plan_summary
from trajectories.systems import diamond, local_engine

RATES = {"T_h": 1.0, "T_c": 0.1, "gamma_h": 1e-3, "gamma_c": 1.1e-2}


def of(model: Model, duration: float = 1.0) -> Compiled:
    """A compiled model that starts in the completely mixed state."""
    return Compiled(model, np.eye(model.dimension) / model.dimension, np.array([0.5, 1.0]) * duration)


def block(machine: Compiled, row: int, s: int) -> np.ndarray:
    m, begin = machine.plan.sectors[s, DIMENSION], machine.plan.sectors[s, MATRIX]
    return machine.plan.matrices[row, begin : begin + m * m].reshape(m, m)


def h_eff(machine: Compiled, s: int) -> np.ndarray:
    """Block of H_eff without the real part of its mean diagonal element, from the model."""
    a, b = machine.sectors.offsets[s : s + 2]
    matrix = machine.sectors.rotate(machine.model.effective_hamiltonian)[a:b, a:b]
    return matrix - np.trace(matrix).real / (b - a) * np.eye(b - a)


@pytest.mark.parametrize(
    ("model", "methods"),
    [
        (diamond(beta_A=-2, beta_S=3), [SCALAR] * 4),
        (local_engine(g=1.6e-3, **RATES), [SCALAR, CLOSED, SCALAR]),
        # The two eigenvectors of the middle sector coincide at g = (gamma_c - gamma_h)/4: no fallback is needed.
        (local_engine(g=2.5e-3, **RATES), [SCALAR, CLOSED, SCALAR]),
        (local_engine(g=1.6e-3, kappa_h=0.07, **RATES), [EIGEN]),
        (thermal_qubit(), [SCALAR, SCALAR]),
        (driven_qubit(), [CLOSED]),
        (random_model(3, 1, 1), [EIGEN]),
        (threefold_exceptional_point(), [GRID]),
        # H_eff is normal with a threefold eigenvalue: an orthonormal eigenbasis exists.
        (bright_and_dark(4), [SCALAR, EIGEN]),
    ],
    ids=lambda value: value.name if isinstance(value, Model) else None,
)
def test_methods(model: Model, methods: list[int]) -> None:
    assert of(model).plan.sectors[:, METHOD].tolist() == methods


@pytest.mark.parametrize("name", MACHINES)
def test_evolutions_are_exponentials_of_h_eff(name: str) -> None:
    machine = compiled(name)
    plan, duration = machine.plan, machine.times[-1]
    for s, row in enumerate(plan.sectors):
        m, exact = row[DIMENSION], h_eff(machine, s)
        size = np.linalg.norm(exact)
        damped = block(machine, TRACELESS, s) - 1j * plan.rates[s, DECAY] * np.eye(m)
        np.testing.assert_allclose(damped, exact, atol=1e-14 * size)
        loss = 1j * (exact - exact.conj().T)
        np.testing.assert_allclose(block(machine, LOSS, s), loss, atol=1e-14 * size)
        rates = np.linalg.eigvalsh(loss)
        assert plan.rates[s, SLOWEST] <= rates[0] + 1e-15 * size
        assert rates[-1] <= plan.rates[s, FASTEST] <= 1.0001 * rates[-1]
        values = plan.eigenvalues[row[VECTOR] : row[VECTOR] + m]
        if row[METHOD] == SCALAR:
            assert plan.rates[s, MEAN_WAIT] == (pytest.approx(1 / rates[0]) if rates[0] > 0 else np.inf)
        elif row[METHOD] == CLOSED:
            assert values[0] ** 2 == pytest.approx(-np.linalg.det(block(machine, TRACELESS, s)), abs=1e-13 * size**2)
            assert values[0].imag >= 0
        elif row[METHOD] == EIGEN:
            rebuilt = (block(machine, RIGHT, s) * values) @ block(machine, LEFT, s)
            np.testing.assert_allclose(rebuilt, exact, atol=1e-12 * size)
        else:
            propagators = plan.grid[0, row[PROPAGATORS] :][: row[LEVELS] * m * m].reshape(-1, m, m)
            for k, propagator in enumerate(propagators, start=1):
                np.testing.assert_allclose(propagator, expm(-1j * exact * duration / 2**k), atol=1e-13)
            assert np.linalg.norm(block(machine, TRACELESS, s), 2) * duration / 2 ** row[LEVELS] <= 0.25


@pytest.mark.parametrize("name", MACHINES)
def test_slots_hold_the_jump_operators(name: str) -> None:
    machine = compiled(name)
    plan, sectors = machine.plan, machine.sectors
    rebuilt = np.zeros_like(machine.model.operators)
    for s, row in enumerate(plan.sectors):
        sources = slice(*sectors.offsets[s : s + 2])
        for slot in plan.slots[row[SLOT] : row[SLOT_END]]:
            targets = slice(*sectors.offsets[slot[TARGET] : slot[TARGET] + 2])
            shape = (targets.stop - targets.start, sources.stop - sources.start)
            rebuilt[slot[CHANNEL], targets, sources] = plan.jump[slot[BLOCK] :][: shape[0] * shape[1]].reshape(shape)
    expected = sectors.basis.conj().T @ machine.model.operators @ sectors.basis
    np.testing.assert_allclose(rebuilt, expected, atol=1e-14 * np.abs(expected).max())


def test_scalar_sectors_know_their_channels_probabilities() -> None:
    """The diamond's |S> goes down at rate 2 e^{beta_S} and up at rate 2 (pump rates of order one)."""
    machine = of(diamond(beta_A=-1.0, beta_S=1.0))
    s = machine.sectors.labels.index("S")
    row = machine.plan.sectors[s]
    cumulative = machine.plan.slot_cumulative[row[SLOT] : row[SLOT_END]]
    names = [machine.model.channels[k].name for k in machine.plan.slots[row[SLOT] : row[SLOT_END], CHANNEL]]
    probability = dict(zip(names, np.diff(cumulative, prepend=0.0), strict=True))
    assert probability == pytest.approx({"S_down": np.e / (np.e + 1), "S_up": 1 / (np.e + 1)})
    assert machine.plan.rates[s, MEAN_WAIT] == pytest.approx(1 / (2 * np.e + 2))


def test_slow_rates_survive_beside_fast_ones() -> None:
    """beta = (0, 30): rates from 2 to 2 e^30 share the Bell basis, and none of them may lose its digits."""
    machine = of(diamond(beta_A=0.0, beta_S=30.0))
    waits = dict(zip(machine.sectors.labels, machine.plan.rates[:, MEAN_WAIT], strict=True))
    fast = np.exp(30.0)
    assert waits["G"] == pytest.approx(1 / 4, rel=1e-12)
    assert waits["S"] == pytest.approx(1 / (2 * fast + 2), rel=1e-12)
    assert waits["A"] == pytest.approx(1 / 4, rel=1e-12)
    assert waits["E"] == pytest.approx(1 / (2 * fast + 2), rel=1e-12)


def test_start_and_finish_are_the_spectra() -> None:
    rng = np.random.default_rng(1)
    machine = Compiled(random_model(3, 1, 1), random_state(rng, 3), np.array([1.0]), random_state(rng, 3))
    plan = machine.plan
    np.testing.assert_allclose(np.diff(plan.start_cumulative, prepend=0.0), machine.start.probabilities)
    np.testing.assert_array_equal(plan.start_vector, machine.start.local)
    np.testing.assert_array_equal(plan.start_sector, machine.start.sector)
    np.testing.assert_array_equal(block(machine, FINISH, 0), machine.finish.local)
    np.testing.assert_array_equal(plan.finish_index, [0, 1, 2])


@pytest.mark.parametrize("name", MACHINES)
def test_every_array_has_the_kernels_type(name: str) -> None:
    hints = typing.get_type_hints(Plan, include_extras=True)
    for field, array in compiled(name).plan._asdict().items():
        kind, dimensions = hints[field].__metadata__
        assert (array.dtype.name, array.ndim) == (kind, dimensions), field
        assert array.flags.c_contiguous and array.flags.writeable, field


def test_equal_input_gives_equal_bits() -> None:
    first, second = (compiled("random").plan for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([], "finite numbers >= 0, the last of them > 0"),
        ([0.0], "the last of them > 0"),
        ([-1.0, 2.0], "finite numbers >= 0"),
        ([1.0, np.nan], "finite numbers"),
        ([1.0, np.inf], "finite numbers"),
        ([[1.0, 2.0]], "finite numbers"),
        ([1.0, 3.0, 2.0], "times[2] = 2 comes after 3"),
        ([1.0, 1.0], "times[1] = 1 comes after 1"),
    ],
)
def test_bad_times(times: list, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        _ = Compiled(thermal_qubit(), pure([1, 0]), np.array(times)).plan


def test_summary_names_sectors_methods_and_the_fallback() -> None:
    def text(machine: Compiled) -> str:
        return "\n".join(plan_summary(machine.plan, machine.sectors))

    found = text(of(diamond(beta_A=-2, beta_S=3)))
    assert "4 sectors in the bell basis, dimension 1 (x 4)" in found
    assert "exponential" in found and "eigenbasis" not in found
    found = text(of(local_engine(g=1.6e-3, **RATES)))
    assert "3 sectors in the computational basis, dimension 1 (x 2), 2" in found
    assert "dimension 2: closed 2x2 exponential" in found
    found = text(of(threefold_exceptional_point()))
    assert "one sector in the computational basis, dimension 3" in found
    assert "no well-conditioned eigenbasis" in found


def test_what_was_taken_for_rounding_is_reported() -> None:
    machine = of(diamond(beta_A=-2, beta_S=3))
    assert machine.plan.sectors[:, METHOD].tolist() == [SCALAR] * 4
    summary = "\n".join(plan_summary(machine.plan, machine.sectors))
    assert re.search(r"largest element taken for rounding of that basis: \d\.\de-1[67] of its matrix", summary)
    machine = of(diamond(beta_A=-2e-13, beta_S=3e-13, omega=1e13))
    summary = "\n".join(plan_summary(machine.plan, machine.sectors))
    assert "in the computational basis" in summary
    assert re.search(r"the bell basis is not used: .*\(S, A\) of the hamiltonian uncertain by 0\.0\d", summary)


def test_a_large_energy_does_not_swallow_what_a_loss_does() -> None:
    # |0> and |1> exchange beside the loss of |1>, which makes H_eff non-normal by far less than 1e-13 of the energy.
    h = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1e-3], [0.0, 1e-3, 5e13]])
    duration = 1e-3
    machine = of(one_way_model(h, [np.outer(np.eye(3)[0], [0.0, 1.0, 0.0])]), duration)
    plan, row = machine.plan, machine.plan.sectors[0]
    assert row[DIMENSION] == 3
    if row[METHOD] == EIGEN:
        right, left = block(machine, RIGHT, 0), block(machine, LEFT, 0)
        found = right @ np.diag(np.exp(-1j * duration * plan.eigenvalues)) @ left
    else:
        half = plan.grid[0, :9].reshape(3, 3)
        found = half @ half
    exact = expm(-1j * duration * (h[:2, :2] - 0.5j * np.diag([0.0, 1.0])))
    np.testing.assert_allclose(np.abs(found[:2, :2]), np.abs(exact), atol=1e-5)


@pytest.mark.interpreted
@pytest.mark.skipif(not numba.config.DISABLE_JIT, reason="the limit is compiled in")
def test_a_trajectory_never_uses_a_draw_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = compiled("diamond")
    machine.times *= 20
    monkeypatch.setattr(jump_kernel, "DRAWS", 64)
    with pytest.raises(OverflowError, match="shorten the duration"):
        machine.sample(1)
