"""lambda(u): against closed forms, the full space and the generating function; when it is symmetric and when not."""

from __future__ import annotations

import full_space
import numpy as np
import pytest
from closed_forms.diamond_counting import diamond_scgf
from numpy.typing import ArrayLike
from small_models import LOWER, one_way_model, random_model, random_state

from trajectories.counting import counted_currents, dominant_mode, entropy_statistics, long_time_cumulants, scgf
from trajectories.counting.dominant_mode import leading_mode
from trajectories.errors import InputError
from trajectories.master import block_generator
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import diamond, double_dot, local_engine

ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
MODELS = {
    "random": random_model(3, 2, seed=5, dephasing=True),
    "engine": local_engine(**ENGINE, delta=0.013),
    "tunnelling": local_engine(**ENGINE, delta=0.013, kappa_h=0.005),
    "diamond": diamond(-1.0, 1.0),
}
US = np.array([-1.0, -0.4, -1e-3, 0.0, 1e-5, 0.25, 0.5, 0.9, 1.0, 1.3, 2.0, 3.0])


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_leading_eigenvalue_in_the_full_space(name: str) -> None:
    model = MODELS[name]
    expected = [full_space.leading(full_space.tilted(model, np.exp(-u * model.entropy_steps))).real for u in US]
    scale = np.abs(model.loss).max()
    np.testing.assert_allclose(scgf.scgf(Master(model), US), expected, rtol=1e-11, atol=1e-13 * scale)
    count = np.random.default_rng(81).normal(size=len(model.channels))
    expected = [full_space.leading(full_space.tilted(model, np.exp(-u * count))).real for u in US]
    np.testing.assert_allclose(scgf.scgf(Master(model), US, count), expected, rtol=1e-11, atol=1e-13 * scale)


@pytest.mark.parametrize("betas", [(0.0, 1.0), (-2.0, 3.0), (-20.0, 20.0)])
def test_the_diamond_in_closed_form(betas: tuple[float, float]) -> None:
    found = scgf.scgf(Master(diamond(*betas)), US.reshape(3, 4))
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found.ravel(), diamond_scgf(US, *betas), rtol=2e-11, atol=1e-14)


def test_the_bounds_meet_whatever_the_weights() -> None:
    # A jump against 20 T_c of repulsion weighs e^{210 u}: elements of the generator differ by 180 orders of magnitude.
    model = double_dot(T_c=0.1, T_h=3.2, g=3.9e-3, gamma_c=1e-2, gamma_h=1e-2, U=20.0)
    for u in (-0.5, 0.3, 2.0, 3.0):
        mode = leading_mode(Master(model), np.exp(-u * model.entropy_steps))
        assert mode.lower <= mode.value <= mode.upper
        assert mode.upper - mode.lower <= 1e-12 * abs(mode.value)
    assert mode.value > 1e40
    both = scgf.scgf(Master(model), [2.0, -1.0])
    assert both[0] == pytest.approx(both[1], rel=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_eigenvectors_are_positive_and_normalised(name: str) -> None:
    model = MODELS[name]
    solver, weights = Master(model), np.exp(-0.7 * model.entropy_steps)
    mode, matrix = leading_mode(solver, weights), full_space.tilted(model, weights)
    left, right = solver.sectors.unflatten(mode.left), solver.sectors.unflatten(mode.right)
    np.testing.assert_allclose(matrix @ right.reshape(-1), mode.value * right.reshape(-1), atol=1e-13)
    scale = np.abs(left).max()
    np.testing.assert_allclose(matrix.conj().T @ left.reshape(-1), mode.value * left.reshape(-1), atol=1e-13 * scale)
    assert np.trace(right) == pytest.approx(1.0)
    assert np.trace(left @ right) == pytest.approx(1.0)
    assert np.linalg.eigvalsh(left)[0] > 0
    assert np.linalg.eigvalsh(right)[0] > 0


@pytest.mark.parametrize("name", MODELS)
def test_its_slope_and_curvature_at_zero(name: str) -> None:
    solver, h = Master(MODELS[name]), 1e-3
    values = scgf.scgf(solver, h * np.arange(-2, 3))
    slope = (values[0] - 8 * values[1] + 8 * values[3] - values[4]) / (12 * h)
    curvature = (-values[0] + 16 * values[1] - 30 * values[2] + 16 * values[3] - values[4]) / (12 * h * h)
    expected = long_time_cumulants.cumulants(solver, counted_currents.entropy(solver.model), 2)
    np.testing.assert_allclose([-slope, curvature], expected, rtol=1e-7)


@pytest.mark.parametrize("u", [-0.3, 0.5, 1.5])
def test_it_is_the_growth_of_the_generating_function(u: float) -> None:
    solver = Master(MODELS["random"])
    times = np.array([30.0, 31.0]) / solver.gap()
    generating = entropy_statistics.generating_function(solver, u, random_state(np.random.default_rng(82), 3), times)
    growth = np.log(generating[1] / generating[0]) / (times[1] - times[0])
    assert scgf.scgf(solver, u) == pytest.approx(growth, rel=1e-9)


def test_it_is_continuous_and_convex() -> None:
    grid = np.linspace(-1.0, 2.0, 121)
    values = scgf.scgf(Master(MODELS["engine"]), grid)
    second = np.diff(values, 2)
    assert (second > 0).all()
    assert (np.abs(np.diff(np.log(second))) < 0.2).all()


def test_sparse_generators_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = scgf.scgf(Master(MODELS["random"]), US)
    monkeypatch.setattr(block_generator, "DENSE_LIMIT", 0)
    np.testing.assert_allclose(scgf.scgf(Master(MODELS["random"]), US), expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("limit", [1500, 0])
def test_where_jumps_are_left_out_the_bounds_stay_apart_and_the_value_is_right(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dominant_mode, "FULL_SPECTRUM_SIZE", limit)
    small = (diamond(-1.0, 1.0), diamond(-np.inf, 1.0), local_engine(**ENGINE))
    for model in (*(small if limit else ()), random_model(4, 2, seed=6)):
        for weights in (*np.eye(4), np.zeros(4), np.array([1.0, 0.0, 1.0, 0.0])):
            weights = weights[: len(model.channels)]
            mode = leading_mode(Master(model), weights)
            expected = full_space.leading(full_space.tilted(model, weights)).real
            assert mode.value == pytest.approx(expected, rel=1e-9, abs=1e-12)
            assert mode.lower <= mode.value <= mode.upper


# Symmetry --------------------------------------------------------------------------------------------------------


def asymmetry(solver: Master, u: ArrayLike) -> np.ndarray:
    """Return lambda(u) - lambda(1-u)."""
    return scgf.scgf(solver, u) - scgf.scgf(solver, 1.0 - np.asarray(u))


@pytest.mark.parametrize("name", ["engine", "tunnelling", "diamond"])
def test_symmetric_where_it_must_be(name: str) -> None:
    solver = Master(MODELS[name])
    assert scgf.time_reversal_breaking(solver.model) is None
    scale = np.abs(scgf.scgf(solver, US)).max()
    np.testing.assert_allclose(asymmetry(solver, US), 0.0, atol=1e-13 * scale)


def test_a_complex_hamiltonian_breaks_the_symmetry_but_not_the_integral_theorem() -> None:
    solver = Master(MODELS["random"])
    reason = scgf.time_reversal_breaking(solver.model)
    assert reason is not None and reason.startswith("the time reversal changes H: element (")
    deviation = asymmetry(solver, [0.25, 0.0])
    assert abs(deviation[0]) > 1e-3
    assert deviation[1] == pytest.approx(0.0, abs=1e-13)


def test_one_count_is_symmetric_only_where_it_is_the_entropy() -> None:
    # In the steady state of the engine every quantum from h goes to c: Delta S = a N_h but for what stays bounded.
    for name, symmetric in (("engine", True), ("tunnelling", False)):
        model = MODELS[name]
        affinity = 1.013 / ENGINE["T_c"] - 1.0 / ENGINE["T_h"]
        values = scgf.scgf(Master(model), np.array([-0.3, 1.3]) * affinity, counted_currents.quanta(model, "h"))
        assert (abs(values[0] - values[1]) < 1e-12 * abs(values[0])) == symmetric


def test_wrong_entropies_break_it() -> None:
    """Control: Delta s off by 0.1 % for one reservoir shows."""
    model = MODELS["engine"]
    wrong = model.entropy_steps * np.where(model.reservoir_index == 0, 1.001, 1.0)
    values = scgf.scgf(Master(model), [0.3, 0.7, 1.0], wrong)
    scale = abs(values[0])
    assert abs(values[0] - values[1]) > 1e-5 * scale
    assert abs(values[2]) > 1e-5 * scale


def three_levels(flux: float, gauge: float = 0.0, time_reversal: np.ndarray | None = None) -> Model:
    """A ring of three levels with tunnelling phases that add up to `flux`, and the same ring in other phases."""
    hamiltonian = np.diag([0.0, 0.7, 1.6]).astype(complex)
    for i, j, phase in ((0, 1, flux - gauge), (1, 2, gauge), (2, 0, 0.0)):
        hamiltonian[i, j] += 0.4 * np.exp(1j * phase)
        hamiltonian[j, i] += 0.4 * np.exp(-1j * phase)
    channels, reservoirs = [], []
    for name, (i, j), step in (("a", (0, 1), 1.0), ("b", (0, 2), 2.5)):
        down = np.zeros((3, 3))
        down[i, j] = 0.8
        channels.append(Channel(f"{name}_down", down, name, None, f"{name}_up"))
        channels.append(Channel(f"{name}_up", np.exp(-step / 2) * down.T, name, None, f"{name}_down"))
        reservoirs.append(Reservoir(name))
    return Model(hamiltonian, channels, reservoirs, pair=None, time_reversal=time_reversal)


def test_phases_that_a_gauge_removes_are_a_matter_of_the_time_reversal() -> None:
    # With gauge phases of no flux the plain conjugation changes H; conjugation with a diagonal unitary does not.
    plain, turned = three_levels(0.0, 0.6), three_levels(0.0, 0.6, np.diag([1.0, np.exp(1.2j), 1.0]))
    assert scgf.time_reversal_breaking(plain) is not None
    assert scgf.time_reversal_breaking(turned) is None
    np.testing.assert_allclose([asymmetry(Master(model), [0.3]) for model in (plain, turned)], 0.0, atol=1e-14)
    # A flux through the ring is no gauge: the symmetry is gone.
    assert scgf.time_reversal_breaking(three_levels(1.0)) is not None
    assert abs(asymmetry(Master(three_levels(1.0)), [0.3])[0]) > 1e-4


def test_jumps_may_be_mixed_by_the_time_reversal_where_their_entropy_is_the_same() -> None:
    x, y = np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]])

    def noisy(*jumps: np.ndarray) -> Model:
        channels = [Channel(f"c{k}", jump, "noise", None, f"c{k}") for k, jump in enumerate(jumps)]
        return Model(np.diag([0.0, 1.0]), channels, [Reservoir("noise")], pair=None)

    assert scgf.time_reversal_breaking(noisy(x + y, x - y)) is None
    assert scgf.time_reversal_breaking(noisy(y)) is None
    reason = scgf.time_reversal_breaking(noisy(x + y))
    assert reason == "the time reversal changes the jumps with Delta s = 0: c0"


# One-way channels and what is refused ----------------------------------------------------------------------------


def test_one_way_channels() -> None:
    model = local_engine(**{**ENGINE, "T_c": 0.0})
    solver = Master(model)
    found = scgf.scgf(solver, [-0.1, 0.0, 0.3, 1.0])
    left_out = np.where(model.partner < 0, 0.0, 1.0)
    reversible = np.where(model.partner < 0, 0.0, model.entropy_steps)
    expected = [full_space.leading(full_space.tilted(model, left_out * np.exp(-u * reversible))).real for u in (0.3, 1)]
    assert found[0] == np.inf
    assert found[1] == 0.0
    np.testing.assert_allclose(found[2:], expected, rtol=1e-10)
    assert found[3] < -1e-5


def test_what_overflows_is_infinite() -> None:
    assert scgf.scgf(Master(diamond(-2.0, 3.0)), 1e3) == np.inf


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="u must be finite"):
        scgf.scgf(Master(diamond(0.0, 1.0)), [0.0, np.nan])
    with pytest.raises(InputError, match="no entropy accounting"):
        scgf.scgf(Master(one_way_model(np.diag([0.0, 1.0]), [LOWER], entropy=False)), 0.5)
    with pytest.raises(InputError, match="4 channels"):
        scgf.scgf(Master(diamond(0.0, 1.0)), 0.5, [1.0])
