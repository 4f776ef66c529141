"""Two pumped qubits in a lossy cavity (Tacchino et al., PRL 120, 063604 (2018)): the master equation, no sampling.

The numbers come from a null-space solve of the test's own, on the |i><j| with equal numbers of excitations; the
engine is compared with it. The paper prints the maxima 0.3869 (gamma = 1e-3 g) and 0.4479 (1e-4 g) and, read off its
figures, p/gamma = 5, kappa/g = 2; everything else here is derived. Units of g.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import pytest
from closed_forms.diamond import diamond_concurrence
from optimum import best
from scipy.optimize import brentq
from steady_values import steady_values

from trajectories.errors import InputError
from trajectories.master import entanglement
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.model import Model
from trajectories.model.operators import destroy, embed, number, sigma_minus, sigma_z
from trajectories.systems import cavity, diamond, effective_cavity


def steady(model: Model) -> np.ndarray:
    """Steady state from the |i><j| with equal numbers of excitations: 16 n_max + 4 unknowns."""
    excitations = sum(
        np.diag(embed(number(m), site, model.dims)).real.round().astype(int) for site, m in enumerate(model.dims)
    )
    row, column = np.nonzero(excitations[:, None] == excitations[None, :])
    effective = -1j * model.effective_hamiltonian
    matrix = effective[np.ix_(row, row)] * (column[:, None] == column[None, :])
    matrix = matrix + effective.conj()[np.ix_(column, column)] * (row[:, None] == row[None, :])
    for jump in model.operators:
        matrix = matrix + jump[np.ix_(row, row)] * jump.conj()[np.ix_(column, column)]
    matrix[0] = row == column
    rho = np.zeros((model.dimension, model.dimension), complex)
    rho[row, column] = np.linalg.solve(matrix, np.eye(len(row))[0])
    return rho


def top_level_population(rho: np.ndarray) -> float:
    """Population of the highest Fock level."""
    return float(np.diag(rho).real.reshape(4, -1)[:, -1].sum())


def effective_rates(p: float, gamma: float, kappa: float) -> tuple[float, float, float, float]:
    """Rates of the effective model at g = 1, Eq. (9)."""
    return p / 2, gamma / 2, p / 2, 4 / kappa + gamma / 2


def signed(n_max: int = 4, **point: float) -> float:
    """Concurrence of the qubits before the cut at zero, which needs no more photons than these."""
    model = cavity(n_max=n_max, **point)  # type: ignore[arg-type]
    rho = steady(model)
    assert top_level_population(rho) < 1e-6
    return float(entanglement.concurrence_signed(entanglement.reduce_pair(rho, model.dims, (0, 1))))


@pytest.mark.parametrize(
    "options",
    [{}, {"dephasing": 0.03}, {"detuning": 0.2}, {"cavity_pump": 0.1}, {"dephasing": 0.1, "cavity_pump": 0.2}],
)
def test_the_engine_solves_the_model(options: dict[str, float]) -> None:
    model = cavity(5e-3, 1e-3, 2.0, n_max=6, **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(Master(model).steady_state(), steady(model), atol=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_maps_by_the_sparse_pattern(seed: int) -> None:
    draw = np.random.default_rng(seed)
    p, gamma, dephasing, cavity_pump = draw.uniform(0.001, 0.05, (4, 3))
    point: dict[str, np.ndarray] = {"p": p, "gamma": gamma, "dephasing": dephasing, "cavity_pump": cavity_pump}
    point |= {"kappa": draw.uniform(1, 3, 3), "g": draw.uniform(0.5, 2, 3), "detuning": draw.uniform(-0.3, 0.3, 3)}
    names = ["concurrence_signed", "photons", *(f"pair_population.{label}" for label in ("00", "01", "10", "11"))]
    found = steady_values({"name": "cavity", "n_max": 9, **point}, names)
    for i in range(3):
        model = cavity(n_max=9, **{name: float(values[i]) for name, values in point.items()})  # type: ignore[arg-type]
        rho = steady(model)
        pair = entanglement.reduce_pair(rho, model.dims, (0, 1))
        assert found["concurrence_signed"][i] == pytest.approx(float(entanglement.concurrence_signed(pair)), abs=1e-12)
        np.testing.assert_allclose([found[name][i] for name in names[2:]], pair.diagonal().real, atol=1e-13)
        photons = np.diag(rho).real.reshape(4, 10).sum(axis=0) @ np.arange(10)
        assert found["photons"][i] == pytest.approx(photons, abs=1e-13)


def test_maps_are_fast() -> None:
    # A map of 61 x 61 points is to take less than a minute: 16 ms for each.
    kappa = np.linspace(1.0, 3.0, 101)
    steady_values({"name": "cavity", "p": 5e-3, "gamma": 1e-3, "kappa": kappa[:2]}, ["concurrence"])
    begin = time.process_time()
    steady_values({"name": "cavity", "p": 5e-3, "gamma": 1e-3, "kappa": kappa}, ["concurrence"])
    assert (time.process_time() - begin) / 101 < 0.016


def test_the_master_equation_of_the_paper() -> None:
    # Eqs. (7), (8) and Appendix D with the paper's D_o = 2 o rho o^dag - {o^dag o, rho} and its factors, term by term.
    p, gamma, kappa, g, gamma_z, delta, p_c, levels = 0.3, 0.2, 1.1, 0.7, 0.05, 0.4, 0.6, 3
    dims = (2, 2, levels)
    c = [embed(sigma_minus(), site, dims) for site in (0, 1)]
    z = [embed(sigma_z(), site, dims) for site in (0, 1)]
    a = embed(destroy(levels), 2, dims)
    draw = np.random.default_rng(5)
    factor = draw.normal(size=(12, 12)) + 1j * draw.normal(size=(12, 12))
    rho = factor @ factor.conj().T / 100

    def D(o: np.ndarray) -> np.ndarray:
        loss = o.conj().T @ o
        return 2 * o @ rho @ o.conj().T - loss @ rho - rho @ loss

    H = sum(g * (ci.conj().T @ a + ci @ a.conj().T) for ci in c)
    H = H + delta * (c[0].conj().T @ c[0] - c[1].conj().T @ c[1])
    expected = -1j * (H @ rho - rho @ H) + kappa / 2 * D(a) + p_c / 2 * D(a.conj().T)
    for ci, zi in zip(c, z, strict=True):
        expected = expected + p / 2 * D(ci.conj().T) + gamma / 2 * D(ci) + gamma_z * (zi @ rho @ zi - rho)
    model = cavity(p, gamma, kappa, g, levels - 1, gamma_z, delta, p_c)
    effective = model.effective_hamiltonian
    found = -1j * (effective @ rho - rho @ effective.conj().T)
    found = found + sum(jump @ rho @ jump.conj().T for jump in model.operators)
    np.testing.assert_allclose(found, expected, atol=1e-13)


@cache
def maximum(gamma: float) -> tuple[float, np.ndarray]:
    """Largest concurrence over p/gamma and kappa/g."""
    start = [5.0, 2.0] if gamma == 1e-3 else [13.0, 2.0]
    return best(lambda ratio, kappa: signed(p=ratio * gamma, gamma=gamma, kappa=kappa), start, digits=1e-10)


@pytest.mark.parametrize(
    ("gamma", "value", "ratio", "kappa", "printed"),
    [(1e-3, 0.3869532, 5.424, 2.332, 0.3869), (1e-4, 0.4479219, 13.16, 2.248, 0.4479)],
)
def test_maxima(gamma: float, value: float, ratio: float, kappa: float, printed: float) -> None:
    found, (best_ratio, best_kappa) = maximum(gamma)
    assert found == pytest.approx(value, abs=6e-8)
    assert best_ratio == pytest.approx(ratio, rel=5e-4)
    assert best_kappa == pytest.approx(kappa, rel=5e-4)
    assert np.floor(1e4 * found) / 1e4 == pytest.approx(printed)  # 0.38695 is printed truncated


def test_a_point_to_ten_digits() -> None:
    model = cavity(5e-3, 1e-3, 2.0)
    rho = Master(model).steady_state()
    pair = entanglement.reduce_pair(rho, model.dims, (0, 1))
    assert entanglement.concurrence(pair) == pytest.approx(0.3865050040, abs=6e-11)
    np.testing.assert_allclose(rho, steady(model), atol=1e-13)
    # No photons are missing: fewer levels give the same entanglement.
    assert signed(4, p=5e-3, gamma=1e-3, kappa=2.0) == pytest.approx(0.3865050040, abs=1e-9)


# kappa/g: concurrence of the full and the effective model at (p, gamma)
COLUMNS = ((2e-4, 0.0), (2e-4, 1e-3), (1e-3, 1e-3), (5e-3, 1e-3))
TABLE = {
    0.03: (0.419555, 0.499133, 0.088160, 0.142250, 0.150660, 0.331503, 0, 0.450203),
    0.3: (0.476637, 0.497248, 0.126615, 0.140933, 0.282079, 0.327510, 0.318706, 0.440607),
    2.0: (0.487125, 0.492842, 0.133858, 0.137856, 0.305800, 0.318096, 0.386505, 0.417340),
    30.0: (0.471069, 0.471313, 0.122761, 0.122933, 0.270297, 0.270812, 0.288898, 0.290103),
    300.0: (0.400712, 0.400720, 0.075754, 0.075760, 0.110835, 0.110850, 0, 0),
}


@pytest.mark.parametrize("kappa", TABLE)
def test_full_and_effective_model(kappa: float) -> None:
    full, effective = [], []
    for p, gamma in COLUMNS:
        full.append(max(0.0, signed(10, p=p, gamma=gamma, kappa=kappa)))
        effective.append(diamond_concurrence(rates=effective_rates(p, gamma, kappa)))
        rho = Master(effective_cavity(p, gamma, kappa)).steady_state()
        assert effective[-1] == pytest.approx(float(entanglement.concurrence(rho)), abs=1e-12)
    np.testing.assert_allclose(full, TABLE[kappa][::2], atol=5.1e-7)
    np.testing.assert_allclose(effective, TABLE[kappa][1::2], atol=5.1e-7)


def test_the_effective_model_is_the_limit_of_a_fast_cavity() -> None:
    # p and gamma stay fixed against Gamma = 4 g^2/kappa while kappa/g grows: the difference falls like (g/kappa)^2.
    differences = []
    for kappa in (30.0, 60.0):
        rate = 4.0 / kappa
        full = signed(5, p=0.02 * rate, gamma=0.005 * rate, kappa=kappa)
        differences.append(diamond_concurrence(rates=effective_rates(0.02 * rate, 0.005 * rate, kappa)) - full)
    assert differences[0] / differences[1] == pytest.approx(4.0, rel=0.02)


def test_the_effective_model_is_a_diamond() -> None:
    # Eq. (9): beta_A = ln(gamma/p), beta_S = ln((gamma + 2 Gamma)/p) with Gamma = 4 g^2/kappa.
    p, gamma, kappa, g = 0.01, 0.002, 3.0, 0.8
    betas = np.log(gamma / p), np.log((gamma + 8 * g**2 / kappa) / p)
    expected = diamond(float(betas[0]), float(betas[1]), pump=p / 2)
    found = effective_cavity(p, gamma, kappa, g)
    np.testing.assert_allclose(found.operators, expected.operators, rtol=1e-12)
    np.testing.assert_allclose([bath.beta for bath in found.reservoirs], betas, rtol=1e-12)


@pytest.mark.parametrize(
    ("noise", "half", "zero", "n_max"),
    [("dephasing", 4.684e-3, 0.0960, 4), ("detuning", 0.08986, 0.4413, 4), ("cavity_pump", 0.3282, 0.6489, 13)],
)
def test_how_noise_ends_the_entanglement(noise: str, half: float, zero: float, n_max: int) -> None:
    value, (ratio, kappa) = maximum(1e-3)

    def left(size: float) -> float:
        return signed(n_max, p=1e-3 * ratio, gamma=1e-3, kappa=kappa, **{noise: size})

    at_half = brentq(lambda size: left(size) - value / 2, 0.8 * half, 1.2 * half, xtol=1e-9)
    assert at_half == pytest.approx(half, rel=1.5e-4)
    at_zero = brentq(left, 0.8 * zero, 1.2 * zero, xtol=1e-9)
    assert at_zero == pytest.approx(zero, abs=6e-5)


@pytest.mark.parametrize(("ratio", "digit"), [(1.372, 1e-3), (22.6, 0.1)])
def test_beyond_one_third_needs_more_than_a_pump_above_the_decay(ratio: float, digit: float) -> None:
    # "C > 1/3 as soon as p > gamma" is the limit gamma -> 0. At gamma = 1e-3 it takes 1.372 < p/gamma < 22.6.
    def beyond(ratio: float) -> float:
        return best(lambda kappa: signed(p=1e-3 * ratio, gamma=1e-3, kappa=kappa), [2.0], digits=1e-9)[0] - 1 / 3

    assert brentq(beyond, 0.95 * ratio, 1.05 * ratio, xtol=1e-4) == pytest.approx(ratio, abs=0.55 * digit)
    assert beyond(1.01) < 0


def test_sectors_and_slow_relaxation() -> None:
    model = cavity(5.424e-3, 1e-3, 2.332)
    sectors = find_sectors(model)
    assert model.dimension == 64
    assert sectors.dimensions.max() == 4
    assert sectors.size == 16 * 15 + 4
    assert Master(model).gap() == pytest.approx(0.0119, abs=5e-5)
    assert Master(cavity(2e-4, 0.0, 2.0, n_max=4)).gap() == pytest.approx(4e-4, rel=0.01)


def test_truncation_is_seen() -> None:
    assert top_level_population(steady(cavity(5e-3, 1e-3, 2.0, n_max=4))) < 1e-6
    short = cavity(0.5, 0.01, 0.1, n_max=4)
    top = embed(np.diag([0.0, 0.0, 0.0, 0.0, 1.0]), 2, short.dims)
    assert top_level_population(steady(short)) == pytest.approx(np.trace(top @ steady(short)).real, rel=1e-12)
    point = {"name": "cavity", "p": 0.5, "gamma": 0.01, "n_max": 4}
    for kappa in (0.1, np.array([2.0, 0.1])):
        with pytest.raises(InputError, match="cut off at 5 levels, and the highest has the population 0"):
            steady_values({**point, "kappa": kappa}, ["concurrence"])
    assert np.isnan(steady_values({**point, "kappa": 0.1}, ["concurrence"], check=False)["concurrence"]).all()


def test_without_pump_and_decay_the_steady_state_is_not_unique() -> None:
    # p = gamma = 0 is refused before; the engine says the same of a model that is next to it.
    with pytest.raises(InputError, match="p = gamma = 0"):
        cavity(0.0, 0.0, 2.0)
    model = cavity(1e-3, 1e-3, 2.0, n_max=1)
    lossy = [channel for channel in model.channels if channel.name == "loss"]
    dark = Model(model.hamiltonian, lossy, model.reservoirs, name="dark", dims=model.dims, entropy=False)
    assert Master(dark).null_dimension == 4


def test_the_paper_defines_no_heat() -> None:
    model = cavity(5e-3, 1e-3, 2.0, dephasing=0.01)
    assert not model.entropy
    assert np.isnan(model.quanta).all()
    assert all(bath.beta is None for bath in model.reservoirs)
