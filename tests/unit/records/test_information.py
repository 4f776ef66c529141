"""Fisher information of clicks, and the quantum bound: closed forms, reference values, and integrals done otherwise.

Values: closed forms as written beside each; those without a closed form were computed in two independent ways
(quadrature with matrix exponentials, and an ODE solver with Simpson's rule), which agree to the digits given.
"""

from __future__ import annotations

from collections.abc import Callable
from math import cos, exp, log, sin, sqrt
from typing import Any

import numpy as np
import pytest
from scipy import linalg
from scipy.integrate import quad

from trajectories import Channel, Detection, InputError, Model, Reservoir, exact, systems
from trajectories.records import click_intervals
from trajectories.records.learning import Information

LOWER = np.array([[0.0, 1.0], [0.0, 0.0]])
SIGMA_X = LOWER + LOWER.T


def fluctuator(a: float, b: float) -> Model:
    """Two states without coherence: up at rate a, down at rate b."""
    jumps = [Channel("up", sqrt(a) * LOWER.T, "r"), Channel("down", sqrt(b) * LOWER, "r")]
    return Model(np.zeros((2, 2)), jumps, [Reservoir("r")])


def atom(Omega: float, Gamma: float, Delta: float = 0.0, angle: float = 0.0) -> Model:
    """A driven atom; a photon leaves it in cos(angle) |0> + sin(angle) |1>."""
    reset = np.outer([cos(angle), sin(angle)], [0.0, 1.0])
    photon = Channel("photon", sqrt(Gamma) * reset, "field", partner="none")
    return Model(Omega / 2 * SIGMA_X + Delta * np.diag([0, 1.0]), [photon], [Reservoir("field")])


def thermal(drive: float, gamma: float, n: float) -> Model:
    """A driven atom in a thermal bath."""
    bath = Reservoir("bath", beta=log((n + 1) / n))
    down = Channel("emission", sqrt(gamma * (n + 1)) * LOWER, "bath", quantum=-1.0)
    up = Channel("absorption", sqrt(gamma * n) * LOWER.T, "bath", quantum=1.0)
    return Model(drive / 2 * SIGMA_X, [down, up], [bath])


ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
PHOTON = "photon"


def clicks(builder: Callable[..., Model], parameters: dict[str, float], **more: Any) -> np.ndarray:
    return exact.fisher_information(builder, parameters, **more).matrix


def quantum(builder: Callable[..., Model], parameters: dict[str, float], **more: Any) -> np.ndarray:
    return exact.quantum_fisher_information(builder, parameters, **more).matrix


@pytest.mark.parametrize("information", [clicks, quantum])
@pytest.mark.parametrize(("a", "b"), [(0.7, 0.4), (3.0, 0.02)])
def test_fluctuator(information: Callable[..., np.ndarray], a: float, b: float) -> None:
    """F_aa = b/(a(a+b)), F_bb = a/(b(a+b)), F_ab = 0: each rate is a Poissonian rate while its state lasts."""
    expected = np.diag([b / (a * (a + b)), a / (b * (a + b))])
    np.testing.assert_allclose(information(fluctuator, {"a": a, "b": b}), expected, rtol=1e-10, atol=1e-11)


def test_fluctuator_of_which_one_detector_is_missing() -> None:
    found = clicks(fluctuator, {"a": 0.7, "b": 0.4}, detection=Detection({"down": ["down"]}))
    np.testing.assert_allclose(np.diag(found), [0.140624864383, 1.21205343556], rtol=1e-9)


@pytest.mark.parametrize("efficiency", [1.0, 0.6, 0.1])
def test_fluctuator_seen_in_part(efficiency: float) -> None:
    """Waits have w = eta a b (e^{-l1 t} - e^{-l2 t})/(l2 - l1), l = ((a+b) -+ sqrt((a+b)^2 - 4 a b eta))/2."""
    a, b, eta = 0.7, 0.4, efficiency

    def density(t: float, a: float, b: float) -> float:
        root = sqrt((a + b) ** 2 - 4 * a * b * eta)
        return eta * a * b * (exp(-(a + b - root) / 2 * t) - exp(-(a + b + root) / 2 * t)) / root

    def slopes(t: float) -> np.ndarray:
        h = 1e-4
        of_a = (
            (8 * (density(t, a + h, b) - density(t, a - h, b)) - density(t, a + 2 * h, b) + density(t, a - 2 * h, b))
            / 12
            / h
        )
        of_b = (
            (8 * (density(t, a, b + h) - density(t, a, b - h)) - density(t, a, b + 2 * h) + density(t, a, b - 2 * h))
            / 12
            / h
        )
        return np.array([of_a, of_b])

    def integrand(t: float, i: int, j: int) -> float:
        slope = slopes(t)
        return float(slope[i] * slope[j] / density(t, a, b))

    longest = 60.0 / (a * b * eta / (a + b))
    pieces = np.linspace(1e-9, longest, 40)
    rate = eta * a * b / (a + b)
    expected = [
        [
            rate * sum(quad(integrand, s, e, (i, j), epsabs=1e-13)[0] for s, e in zip(pieces, pieces[1:], strict=False))
            for j in (0, 1)
        ]
        for i in (0, 1)
    ]
    found = clicks(fluctuator, {"a": a, "b": b}, detection=Detection({"down": ["down"]}, efficiency=eta))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("information", [clicks, quantum])
@pytest.mark.parametrize("Omega", [0.3, 0.5, 1.0, 2.0, 5.0])
def test_resonance_fluorescence(information: Callable[..., np.ndarray], Omega: float) -> None:
    """F_OO = 4/Gamma, F_GG = R/Gamma^2, F_OG = -2R/(Omega Gamma), R = Gamma Omega^2/(Gamma^2 + 2 Omega^2)."""
    for Gamma in (1.0, 0.4):
        rate = Gamma * Omega**2 / (Gamma**2 + 2 * Omega**2)
        cross = -2 * rate / (Omega * Gamma)
        expected = [[4 / Gamma, cross], [cross, rate / Gamma**2]]
        np.testing.assert_allclose(information(atom, {"Omega": Omega, "Gamma": Gamma}), expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("Omega", "efficiency", "expected", "rtol"),
    [
        (0.5, 0.5, 0.893683300, 1e-9),
        (0.5, 0.2, 0.275243629, 1e-8),
        (1.0, 0.5, 0.173859880694, 1e-10),
        (1.0, 0.2, 0.0411380847, 2e-9),
        (2.0, 0.5, 0.0696469419, 2e-9),
        (2.0, 0.2, 0.00673881842, 2e-9),
    ],
)
def test_photons_seen_in_part(Omega: float, efficiency: float, expected: float, rtol: float) -> None:
    """Half the photons lost costs a factor 23 at Omega = Gamma."""
    found = clicks(atom, {"Omega": Omega, "Gamma": 1.0}, detection=Detection(efficiency=efficiency))
    assert found[0, 0] == pytest.approx(expected, rel=rtol)


def test_detuned_atom() -> None:
    """Detuning and drive: clicks say less than the quantum bound; at resonance nothing about the detuning."""
    at = {"Omega": 1.0, "Delta": 0.5}
    found = clicks(atom, at, fixed={"Gamma": 1.0})
    wanted = [[0.70717113886, -0.11888983234], [-0.11888983234, 0.52752459713]]
    np.testing.assert_allclose(found, wanted, rtol=0.0, atol=7e-10)  # to which the two ways agree
    bound = quantum(atom, at, fixed={"Gamma": 1.0})
    np.testing.assert_allclose(np.diag(bound), [1.75, 0.75], rtol=1e-10)
    assert np.linalg.eigvalsh(bound - found).min() > 0.05
    resonant = {"Omega": 1.0, "Delta": 0.0}
    np.testing.assert_allclose(clicks(atom, resonant, fixed={"Gamma": 1.0}), np.diag([4.0, 0.0]), atol=1e-10)
    np.testing.assert_allclose(quantum(atom, resonant, fixed={"Gamma": 1.0}), np.diag([4.0, 8 / 9]), atol=1e-10)


@pytest.mark.parametrize("information", [clicks, quantum])
def test_thermal_atom(information: Callable[..., np.ndarray]) -> None:
    """F_OO = 4/(gamma (2n+1)), F_On = 0, F_gn = 1."""
    found = information(thermal, {"drive": 1.0, "gamma": 0.5, "n": 0.2})
    cross = -0.5737234653
    expected = [[4 / 0.7, cross, 0.0], [cross, 1.259437751, 1.0], [0.0, 1.0, 1.604752343]]
    np.testing.assert_allclose(found, expected, rtol=5e-10, atol=1e-11)


def test_thermal_atom_seen_in_part_lies_between_nothing_and_everything() -> None:
    at = {"drive": 1.0, "gamma": 0.5, "n": 0.2}
    whole = clicks(thermal, at)
    for detection in (Detection(efficiency=0.5), Detection({"emission": ["emission"]})):
        found = clicks(thermal, at, detection=detection)
        assert np.linalg.eigvalsh(found).min() > 0
        assert np.linalg.eigvalsh(whole - found).min() > 1e-3


@pytest.mark.parametrize("information", [clicks, quantum])
def test_diamond(information: Callable[..., np.ndarray]) -> None:
    """Classical: F(beta_i) is the rate of i_down, F(pump) the activity, and the two temperatures are independent."""
    model = systems.diamond(0.0, 1.0)
    rho = exact.steady_state(model)
    rates = [float(np.trace(jump.conj().T @ jump @ rho).real) for jump in model.operators]
    rate = dict(zip([channel.name for channel in model.channels], rates, strict=True))
    expected = [
        [rate["A_down"], 0.0, rate["A_down"]],
        [0.0, rate["S_down"], rate["S_down"]],
        [rate["A_down"], rate["S_down"], sum(rates)],
    ]
    found = information(systems.diamond, {"beta_A": 0.0, "beta_S": 1.0, "pump": 1.0})
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(np.diag(found), [0.783942428873, 1.77801863896, 5.12392213567], rtol=1e-10)


@pytest.mark.parametrize("information", [clicks, quantum])
def test_local_engine(information: Callable[..., np.ndarray]) -> None:
    found = information(
        systems.local_engine, {name: ENGINE[name] for name in ("g", "T_h", "T_c", "gamma_h", "gamma_c")}
    )
    expected = [125.357074667, 0.00544342828, 0.0415778533962, 185.987524094, 25.0818236286]
    np.testing.assert_allclose(np.diag(found), expected, rtol=1e-9)
    assert found[0, 3] == pytest.approx(4.58834357, rel=2e-9)
    np.testing.assert_allclose(found[0, 1:3], 0.0, atol=1e-11)


@pytest.mark.parametrize("T_c", [0.05, 0.01])
def test_local_engine_with_a_cold_bath(T_c: float) -> None:
    """Clicks of rates down to e^{-100} attain the quantum bound as well, with temperatures of steep effect."""
    at = {**ENGINE, "T_c": T_c}
    found, bound = (information(systems.local_engine, at) for information in (clicks, quantum))
    sizes = np.sqrt(np.outer(np.diag(bound), np.diag(bound)))
    np.testing.assert_allclose(found / sizes, bound / sizes, rtol=0.0, atol=1e-9)


def test_state_after_a_click_that_depends_on_the_parameter() -> None:
    """The wait has w(t) = Gamma |<1| e^{-i H_eff t} |phi(theta)>|^2: its information by another quadrature."""
    at = {"Omega": 1.0, "angle": 0.4}

    def density(t: float, Omega: float, angle: float) -> float:
        effective = Omega / 2 * SIGMA_X - 0.5j * np.diag([0.0, 1.0])
        return float(abs((linalg.expm(-1j * effective * t) @ [cos(angle), sin(angle)])[1]) ** 2)

    def slopes(t: float) -> np.ndarray:
        h = 1e-4
        of_drive = (density(t, 1.0 + h, 0.4) - density(t, 1.0 - h, 0.4)) / 2 / h
        return np.array([of_drive, (density(t, 1.0, 0.4 + h) - density(t, 1.0, 0.4 - h)) / 2 / h])

    points, weights = np.polynomial.legendre.leggauss(400)
    times, weights = 40.0 * (points + 1), 40.0 * weights
    values = np.array([density(t, 1.0, 0.4) for t in times])
    gradients = np.array([slopes(t) for t in times])
    expected = np.einsum("ta,tb,t->ab", gradients, gradients, weights / values) / (weights @ (times * values))
    found = clicks(atom, at, fixed={"Gamma": 1.0})
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert found[1, 1] > 0.1
    assert np.linalg.eigvalsh(quantum(atom, at, fixed={"Gamma": 1.0}) - found).min() > -1e-9


def test_another_parameter_for_the_same_physics() -> None:
    """F transforms as J^T F J."""
    plain = clicks(atom, {"Omega": 1.3, "Delta": 0.2, "Gamma": 0.7})

    def mixed(u: float, v: float, w: float) -> Model:
        return atom(exp(u), w**2, v * exp(u))

    u, v, w = log(1.3), 0.2 / 1.3, sqrt(0.7)
    jacobian = np.array([[exp(u), 0, 0], [v * exp(u), exp(u), 0], [0, 0, 2 * w]])
    np.testing.assert_allclose(
        clicks(mixed, {"u": u, "v": v, "w": w}), jacobian.T @ plain @ jacobian, rtol=1e-8, atol=1e-9
    )


@pytest.mark.parametrize(
    "at", [{"Omega": 1.0, "Delta": 0.5, "angle": 0.3}, {"Omega": 0.4, "Delta": -1.0, "angle": 0.0}]
)
def test_quantum_bound_by_eigenvalues_of_the_two_sided_generator(at: dict[str, float]) -> None:
    """4 Re d_1a d_2b lambda by differences of the eigenvalue nearest 0."""
    names, h, one = list(at), 1e-3, np.eye(2)

    def eigenvalue(left: dict[str, float], right: dict[str, float]) -> complex:
        first, second = atom(Gamma=1.0, **left), atom(Gamma=1.0, **right)
        matrix = -1j * np.kron(first.effective_hamiltonian, one) + 1j * np.kron(
            one, second.effective_hamiltonian.conj()
        )
        matrix += sum(np.kron(a, b.conj()) for a, b in zip(first.operators, second.operators, strict=True))
        values = linalg.eigvals(matrix)
        return complex(values[np.argmin(np.abs(values))])

    def shifted(name: str, step: float) -> dict[str, float]:
        return {**at, name: at[name] + step}

    def mixed(a: str, b: str, h: float) -> float:
        signs = [(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]
        terms = [sign * eigenvalue(shifted(a, s * h), shifted(b, t * h)).real for s, t, sign in signs]
        return sum(terms) / h**2

    expected = [[(4 * mixed(a, b, h) - mixed(a, b, 2 * h)) / 3 for b in names] for a in names]
    np.testing.assert_allclose(quantum(atom, at, fixed={"Gamma": 1.0}), expected, atol=1e-7)


def test_a_wrong_engine_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the dependence of the click rates on the parameters the closed form is missed."""
    right = click_intervals.ClickIntervals.__init__

    def wrong(self: Any, *arguments: Any) -> None:
        right(self, *arguments)
        self.clicks_by = [0.5 * change for change in self.clicks_by]

    monkeypatch.setattr(click_intervals.ClickIntervals, "__init__", wrong)
    with pytest.raises(AssertionError):
        test_resonance_fluorescence(clicks, 1.0)


def test_what_follows_for_an_experiment() -> None:
    """Two parameters: variances and correlation by the 2 x 2 inverse."""
    rate = 1 / 3
    found = exact.fisher_information(atom, {"Omega": 1.0, "Gamma": 1.0})
    determinant = 4 * rate - 4 * rate**2
    assert found.errors(100.0)["Omega"] == pytest.approx(sqrt(rate / determinant / 100))
    assert found.duration_for(0.01)["Gamma"] == pytest.approx(4 / determinant / 1e-4)
    assert found.correlations[0, 1] == pytest.approx(2 * rate / sqrt(4 * rate))
    assert found.condition_number == pytest.approx((1 + 2 * rate / sqrt(4 * rate)) / (1 - 2 * rate / sqrt(4 * rate)))
    assert str(found).splitlines()[1].split() == ["Omega", "1", "4", "0.612372", "3750"]


def test_what_clicks_do_not_determine() -> None:
    """A detuning at resonance, an energy that no jump feels, and two rates that act only as one."""
    found = exact.fisher_information(atom, {"Omega": 1.0, "Delta": 0.0}, fixed={"Gamma": 1.0})
    assert found.errors(1.0) == {"Omega": pytest.approx(0.5), "Delta": np.inf}
    assert np.isnan(found.duration_for()["Delta"]) and np.isnan(found.correlations[0, 1])
    assert found.condition_number == np.inf
    found = exact.fisher_information(systems.diamond, {"omega": 1.0, "pump": 1.0}, fixed={"beta_A": 0.0, "beta_S": 1.0})
    assert found.matrix[0, 0] == 0.0 and found.duration_for()["omega"] == np.inf
    twins = Information({"a": 1.0, "b": 2.0, "c": 3.0}, np.array([[1.0, 0.5, 0], [0.5, 0.25, 0], [0, 0, 4.0]]))
    assert twins.errors(1.0) == {"a": np.inf, "b": np.inf, "c": pytest.approx(0.5)}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((atom, {"Omega": 1.0, "Gamma": 1.0}, "photon"), "must be a trajectories.Detection"),
        ((atom, {}), "parameters: is"),
        ((atom, {"Omega": "1", "Gamma": 1.0}), "parameters: Omega"),
        ((atom, {"Omega": float("nan"), "Gamma": 1.0}), "must be finite"),
        ((atom, {"Omega": 1.0, "Gamma": 1.0}, None, {"Omega": 2.0}), "Omega is among the parameters too"),
        ((atom, {"Omega": 1.0, "width": 1.0}), "width"),
        (("atom", {"Omega": 1.0}), "builder: is"),
        ((atom, {"Omega": 1.0, "Gamma": 0.0}), "operator is zero"),
        ((lambda x: fluctuator(0.7, 0.4 + abs(x - 1.0)), {"x": 1.0}), "no smooth function of x"),
        ((systems.local_engine, ENGINE, Detection(efficiency=0.5)), "depends on when it came"),
        ((atom, {"Omega": 1.0, "Gamma": 1.0}, Detection(dark=0.1)), "depends on when it came"),
        ((atom, {"Omega": 1.0, "Gamma": 1.0}, Detection(efficiency=0.0)), "never be another click"),
        ((atom, {"Omega": 0.0}, None, {"Gamma": 1.0}), "never be another click"),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(InputError, match=words) as error:
        exact.fisher_information(*arguments)
    assert "\n" not in str(error.value)
