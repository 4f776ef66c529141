"""The cloning kernel and the guided process against plain-Python twins in the full Hilbert space."""

from __future__ import annotations

import naive
import numpy as np
import pytest
from machines import compiled
from scipy.linalg import sqrtm

from trajectories.errors import InputError
from trajectories.kernels.cloning import advance, first_draws
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.sampling.cloning import cloning
from trajectories.sampling.cloning_population import systematic
from trajectories.sampling.doob_transform import Guide, guided
from trajectories.systems import diamond, local_engine

SEED, STREAM, FIRST = 2**63 + 77, 3 | 2 << 28, 5 << 24
# One for each way to evolve: exponential, closed form, eigenbasis, grid, eigenbasis in dimension 3.
NAMES = ("diamond", "engine", "engine with tunnelling", "threefold exceptional point", "random")
GUIDED = {
    "diamond": (diamond(beta_A=-2.0, beta_S=3.0), 2.0),
    "engine": (local_engine(T_c=0.1, T_h=1.0, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2), 3000.0),
    "detuned engine": (local_engine(T_c=0.3, T_h=1.0, g=0.05, gamma_h=0.1, gamma_c=0.1, delta=0.1), 40.0),
}


def twin(
    h_eff: np.ndarray, operators: np.ndarray, psi: np.ndarray, duration: float, number: int
) -> tuple[np.ndarray, list[float], list[int]]:
    """The normalised state after `duration`, the times and channels of the jumps."""
    begin, times, channels = 0.0, [], []
    while True:
        u_wait, u_channel = naive.uniforms(SEED, STREAM, number, len(times) + 1)
        wait = naive.waiting_time(h_eff, psi, u_wait, duration - begin)
        if begin + wait > duration:
            psi = naive.evolved(h_eff, psi, duration - begin)
            return psi / np.linalg.norm(psi), times, channels
        psi = naive.evolved(h_eff, psi, wait)
        after = [operator @ psi for operator in operators]
        channel = naive.chosen(np.array([np.linalg.norm(state) ** 2 for state in after]), u_channel)
        psi, begin = after[channel] / np.linalg.norm(after[channel]), begin + wait
        times.append(begin)
        channels.append(channel)


def whole(sectors: Sectors, sector: int, psi: np.ndarray) -> np.ndarray:
    """A clone's state in the computational basis."""
    begin, m = sectors.offsets[sector], sectors.dimensions[sector]
    return np.asarray(sectors.basis[:, begin : begin + m] @ psi[:m])


def assert_advances(plan: Plan, sectors: Sectors, model: Model, start: list[tuple[int, np.ndarray]]) -> None:
    """Carry the clones through two windows and compare each with its twin: same counts, states to 1e-8."""
    h_eff, duration = model.effective_hamiltonian, float(plan.times[-1])
    sector = np.array([s for s, _ in start], np.int64)
    psi = np.array([vector for _, vector in start])
    expected = [whole(sectors, s, vector) for s, vector in start]
    counts = np.full((len(start), len(model.operators)), -1, np.int64)
    for window in range(2):
        first = FIRST + (window << 24)
        advance(plan, np.uint64(SEED), STREAM, first, sector, psi, counts)
        for i in range(len(start)):
            expected[i], _, channels = twin(h_eff, model.operators, expected[i], duration, first + i)
            assert counts[i].tolist() == np.bincount(channels, minlength=len(model.operators)).tolist()
            found = whole(sectors, sector[i], psi[i])
            np.testing.assert_allclose(
                np.outer(found, found.conj()), np.outer(expected[i], expected[i].conj()), atol=1e-8
            )


@pytest.mark.interpreted
@pytest.mark.parametrize("name", NAMES)
def test_the_kernel_does_what_its_twin_does(name: str) -> None:
    machine = compiled(name)
    rows = np.arange(6) % len(machine.start.sector)
    start = [(int(machine.start.sector[i]), machine.start.local[i].astype(complex)) for i in rows]
    assert_advances(machine.plan, machine.sectors, machine.model, start)


def test_a_slower_process_is_noticed() -> None:
    machine = compiled("engine with tunnelling")
    plan = machine.plan._replace(eigenvalues=machine.plan.eigenvalues * (1 + 1e-5))
    with pytest.raises(AssertionError):
        assert_advances(plan, machine.sectors, machine.model, [(0, machine.start.local[0].astype(complex))] * 6)


def naive_guide(model: Model, v: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """X, K, J_k and mu from the dense adjoint generator on all of operator space."""
    h_eff, unit, d = model.effective_hamiltonian, np.eye(model.dimension), model.dimension
    weights = np.exp(-v * model.entropy_steps)
    # vec(A X B) = (A (x) B^T) vec(X), row by row.
    adjoint = 1j * (np.kron(h_eff.conj().T, unit) - np.kron(unit, h_eff.T))
    for weight, jump in zip(weights, model.operators, strict=True):
        adjoint = adjoint + weight * np.kron(jump.conj().T, jump.T)
    values, vectors = np.linalg.eig(adjoint)
    k = int(np.argmax(values.real))
    x = vectors[:, k].reshape(d, d)
    x = x / np.trace(x)
    root = sqrtm(0.5 * (x + x.conj().T))
    inverse, mu = np.linalg.inv(root), float(values[k].real)
    jumps = np.sqrt(weights)[:, None, None] * (root @ model.operators @ inverse)
    return x, root @ h_eff @ inverse - 0.5j * mu * unit, jumps, mu


def prepared(name: str, v: float) -> tuple[Model, Sectors, Guide, np.ndarray, np.ndarray]:
    """A guided process and 12 clones: their sectors and phi."""
    model, window = GUIDED[name]
    sectors = find_sectors(model)
    master = Master(model, sectors)
    start = spectrum(master.steady_blocks, model.hamiltonian, sectors)
    guide = guided(master, v, window, start)
    rows = np.arange(12) % len(start.sector)
    sector = start.sector[rows].astype(np.int64)
    return model, sectors, guide, sector, guide.transformed(sector, start.local[rows])[0]


def log_ratio_errors(model: Model, sectors: Sectors, guide: Guide, sector: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """By how much ln dP/dP_guided differs from the ratio of the densities of a record, multiplied out."""
    v, duration = guide.exponent, float(guide.plan.times[-1])
    x, k, jumps, _ = naive_guide(model, v)
    root = sqrtm(x)
    # 1/h: the average of the identity over that of X.
    before = np.log(guide.average(sector, phi))
    phis = [whole(sectors, s, p) for s, p in zip(sector, phi, strict=True)]
    # phi lives in the sectors' bases, where X^{1/2} is block diagonal: the change of basis commutes with the twin.
    counts = np.zeros((len(sector), len(model.operators)), np.int64)
    after_sector, after = sector.copy(), np.ascontiguousarray(phi)
    advance(guide.plan, np.uint64(SEED), STREAM, FIRST, after_sector, after, counts)
    claimed = counts @ guide.log_ratio + guide.growth * duration + np.log(guide.average(after_sector, after)) - before
    errors = []
    for i, start in enumerate(phis):
        end, times, channels = twin(k, jumps, start, duration, FIRST + i)
        assert counts[i].tolist() == np.bincount(channels, minlength=len(model.operators)).tolist()
        found = whole(sectors, after_sector[i], after[i])
        assert abs(abs(np.vdot(found, end)) - 1) < 1e-6
        psi, final = (np.linalg.solve(root, state) for state in (start, end))
        psi, final = psi / np.linalg.norm(psi), final / np.linalg.norm(final)
        record = (0.0, times, channels, duration)
        forward = naive.log_path_probability(model.effective_hamiltonian, model.operators, psi, *record, final)
        errors.append(claimed[i] - forward + naive.log_path_probability(k, jumps, start, *record, end))
    return np.array(errors)


@pytest.mark.parametrize("v", [-0.75, 0.75, 1.75])
@pytest.mark.parametrize("name", GUIDED)
def test_the_weight_is_the_ratio_of_the_densities(name: str, v: float) -> None:
    assert np.abs(log_ratio_errors(*prepared(name, v))).max() < 1e-5


def test_a_wrong_weight_is_not_the_ratio() -> None:
    model, sectors, guide, sector, phi = prepared("diamond", 0.75)
    for wrong in (guide._replace(log_ratio=1.02 * guide.log_ratio), guide._replace(growth=1.01 * guide.growth)):
        assert np.abs(log_ratio_errors(model, sectors, wrong, sector, phi)).max() > 1e-3


def test_guide_zero_is_the_forward_process() -> None:
    model, sectors, guide, sector, _ = prepared("engine", 0.0)
    h_eff = model.effective_hamiltonian
    start = np.eye(1, guide.root.shape[1], dtype=complex).repeat(len(sector), axis=0)
    counts = np.zeros((len(sector), len(model.operators)), np.int64)
    after_sector, after = sector.copy(), start.copy()
    advance(guide.plan, np.uint64(SEED), STREAM, FIRST, after_sector, after, counts)
    assert guide.growth == 0 and not guide.log_ratio.any() and counts.sum() > 0
    for i in range(len(sector)):
        _, _, channels = twin(h_eff, model.operators, whole(sectors, sector[i], start[i]), 3000.0, FIRST + i)
        assert counts[i].tolist() == np.bincount(channels, minlength=len(model.operators)).tolist()


def test_draw_zero() -> None:
    out = np.zeros((3, 2))
    numbers = np.array([0, 7, 2**40 + 1])
    first_draws(np.uint64(SEED), STREAM, numbers, out)
    assert out.tolist() == [list(naive.uniforms(SEED, STREAM, int(number), 0)) for number in numbers]


def test_systematic_resampling_gives_each_its_share() -> None:
    p = np.array([0.05, 0.0, 0.31, 0.64])
    total = np.zeros(4)
    for offset in (np.arange(200) + 0.5) / 200:
        copies = np.bincount(systematic(np.cumsum(p), offset, 10), minlength=4)
        # Each index comes floor(n p) or ceil(n p) times.
        assert (np.abs(copies - 10 * p) < 1).all()
        total += copies
    # Over evenly spaced offsets the mean is exact to their spacing.
    np.testing.assert_allclose(total / 2000, p, atol=1e-3)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"u": 1.0, "duration": 1.0, "guide": 1.0}, "exact answer"),
        ({"u": 1.0, "duration": 0.0}, "positive"),
        ({"u": np.nan, "duration": 1.0}, "finite"),
        ({"u": 1.0, "duration": 1.0, "population": 1}, "population is 1"),
        ({"u": 1.0, "duration": 1.0, "repetitions": 1}, "repetitions is 1"),
    ],
)
def test_bad_arguments(arguments: dict[str, float], word: str) -> None:
    with pytest.raises(InputError, match=word):
        cloning(GUIDED["diamond"][0], **arguments)  # type: ignore[arg-type]
