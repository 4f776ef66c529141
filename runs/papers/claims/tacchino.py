"""Claims of Tacchino et al., PRL 120, 063604 (2018), and of its preprint's appendices, one function each."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from claim import Claim
from claim_tools import largest, null_concurrence, null_heats, null_state, peak, root
from closed_forms.diamond import diamond_concurrence, diamond_entropy_production
from scipy.stats import spearmanr

from trajectories.counting.steady_quantities import SteadyQuantities
from trajectories.master import entanglement
from trajectories.master.lindblad import Master
from trajectories.model import Channel, Model, Reservoir
from trajectories.model.operators import Array, dagger, identity, sigma_minus, sigma_z, tensor
from trajectories.systems import diamond

PAPER = "Tacchino et al., PRL 120, 063604 (2018)"
SYSTEMS = "tests/unit/systems/test_systems.py"
PRINTED = f"{SYSTEMS}::test_diamond_printed_concurrence_and_its_limits"
CAVITY = "tests/physics/test_cavity_exact.py"
HERE = "tests/physics/test_claimed.py"
POINT = (-2.0, 3.0)


def thermal_limit() -> Claim:
    betas = [*np.linspace(0.0, 10.0, 21), 20.0, 40.0, 60.0]
    found = max(diamond_concurrence(a, s) for a in betas for s in betas)
    text = "C is limited to 1/3 by reservoirs at positive temperatures (0 <= beta <= 60)"
    return Claim(PAPER, "below Eq. (5)", text, "1/3", found, PRINTED)


def limit_at_negative_temperature() -> Claim:
    betas = [-60.0, -40.0, -20.0, *np.linspace(-10.0, 10.0, 41), 20.0, 40.0, 60.0]
    found = max(diamond_concurrence(a, s) for a in betas for s in betas)
    text = "C reaches 1/2 with one reservoir at negative temperature (-60 <= beta <= 60)"
    return Claim(PAPER, "below Eq. (5)", text, "1/2", found, PRINTED)


def both_negative() -> Claim:
    betas = np.linspace(-10.0, 0.0, 41)
    found = all(diamond_concurrence(a, s) == 0.0 for a in betas for s in betas)
    text = "no entanglement where both temperatures are negative (-10 <= beta <= 0)"
    return Claim(PAPER, "below Eq. (5)", text, True, found, PRINTED)


def equal_temperatures() -> Claim:
    found = all(diamond_concurrence(b, b) == 0.0 for b in np.linspace(-10.0, 10.0, 81))
    text = "no entanglement at equal temperatures (-10 <= beta_A = beta_S <= 10)"
    return Claim(PAPER, "Appendix A", text, True, found, PRINTED)


def concurrence() -> Claim:
    """Eqs. (4), (5)."""
    a, s = (math.exp(beta) for beta in POINT)
    total, product = a + s, a * s
    n1 = abs((a - s) * (total / 2 - 1))
    n2 = math.sqrt((total / 2 + 1) * (2 * total**2 + 2 * product * (total - 2)))
    printed = (n1 - n2) / (1 + total**2 + total * (product + 3) / 2 - product)
    text = "C = (N1 - N2)/d at (beta_A, beta_S) = (-2, 3)"
    return Claim(PAPER, "Eqs. (4), (5) = (A12)", text, printed, null_concurrence(diamond(*POINT)), PRINTED)


def concurrence_in_rates() -> Claim:
    """Eq. (A10), x = Gamma_1^-/Gamma^+, y = Gamma_2^-/Gamma^+."""
    x, y = (math.exp(beta) for beta in POINT)

    def value(half: float, term: float, extra: float) -> float:
        n1 = half * abs((x - y) * (x + y - 2))
        n2 = math.sqrt((x + y + 2) * (x**2 * y + x**2 + y**2 * x + term))
        d = 1 + x**2 + y**2 + extra + x * y + 1.5 * (x + y) + 0.5 * (x + y) * x * y
        return (n1 - n2) / d

    return Claim(
        PAPER,
        "Eq. (A10)",
        "C = (N1 - N2)/d in the rates, at (beta_A, beta_S) = (-2, 3)",
        value(1.0, 0.0, y**2),
        null_concurrence(diamond(*POINT)),
        f"{HERE}::test_misprints",
        corrected=value(0.5, y**2, 0.0),
        condition="N1 lacks a factor 1/2, N2 the term (Gamma_2^-/Gamma^+)^2, and d has that square twice",
    )


def approach_to_one_third() -> Claim:
    """Eq. (A13): its first correction to 1/3, in units of e^{-beta_S/2}, where higher ones are below 1e-7."""
    beta = 36.0
    # An elimination without subtractions: a singular vector has no digits left where rates spread so far.
    state = Master(diamond(0.0, beta)).steady_state()
    missing = (1 / 3 - float(entanglement.concurrence(state))) / math.exp(-beta / 2)
    return Claim(
        PAPER,
        "Eq. (A13)",
        "C = (2/3)(1/2 - e^{-beta_S/2}) at beta_A = 0, beta_S -> infinity: (1/3 - C) e^{beta_S/2}",
        2 / 3,
        missing,
        PRINTED,
        corrected=2 / 3 * math.sqrt(2),
        condition="lacks a sqrt2: C = (2/3)(1/2 - sqrt2 e^{-beta_S/2})",
    )


def where_entanglement_starts() -> Claim:
    """Eq. (A14): zero of e^b/2 - 1 = sqrt(e^b + 2)."""

    def signed(beta: float) -> float:
        model = diamond(rates=(1.0, 0.0, 1.0, math.exp(beta)))
        return float(entanglement.concurrence_signed(null_state(model)))

    text = "at beta_A -> -infinity entanglement starts at the zero of (A14), beta_S = ln(4 + 2 sqrt5)"
    printed = math.log(4 + 2 * math.sqrt(5))
    return Claim(PAPER, "Eq. (A14)", text, printed, root(signed, 1.5, 3.0, 1e-11), PRINTED)


def reversed_operators() -> Claim:
    """Eq. (B3): sum of the entropies ln(|K|^2/|K~|^2) of the jumps per time, K~ = sqrt(rho) K^-/+ 1/sqrt(rho)."""
    model = diamond(*POINT)
    rho = null_state(model)
    energy = model.hamiltonian.diagonal().real
    names = [channel.name for channel in model.channels]

    def production(undo: bool) -> float:
        found = 0.0
        for channel in model.channels:
            beta = model.reservoirs[[bath.name for bath in model.reservoirs].index(channel.reservoir)].beta or 0.0
            other = model.channels[names.index(str(channel.partner))].operator
            root_rho = np.exp(-beta * energy / 2)
            reverse = root_rho[:, None] * (dagger(channel.operator) if undo else other) / root_rho
            rate = np.trace(dagger(channel.operator) @ channel.operator @ rho).real
            found += float(rate * 2 * np.log(np.linalg.norm(channel.operator) / np.linalg.norm(reverse)))
        return found

    heats = null_heats(model, rho)
    return Claim(
        PAPER,
        "Eq. (B3)",
        "reversed jump operators sqrt(rho) K^-/+ 1/sqrt(rho): entropy production at (-2, 3) against Eq. (6)",
        production(undo=False),
        -POINT[0] * heats["A"] - POINT[1] * heats["S"],
        f"{HERE}::test_misprints",
        corrected=production(undo=True),
        condition="lacks a dagger: sqrt(rho) K^dagger 1/sqrt(rho); as printed every jump counts -2 beta dQ",
    )


def anticommutator() -> Claim:
    """Eq. (1): c_2 of fermions has a sign of the first qubit, which changes the collective operators."""

    def value(string: Array) -> float:
        c1, c2 = tensor(sigma_minus(), identity(2)), tensor(string, sigma_minus())
        spin = diamond(*POINT)
        channels = []
        for bath, jump, beta in (("A", c1 - c2, POINT[0]), ("S", c1 + c2, POINT[1])):
            down = math.exp(beta / 2) * jump
            channels += [Channel(f"{bath}_up", dagger(jump), bath), Channel(f"{bath}_down", down, bath)]
        baths = [Reservoir("A"), Reservoir("S")]
        return null_concurrence(Model(spin.hamiltonian, channels, baths, dims=(2, 2), name="pairs of ladders"))

    return Claim(
        PAPER,
        "below Eq. (2)",
        "{c_i, c_j^dagger} = delta_ij: C at (-2, 3) against Eq. (5)",
        value(-sigma_z()),
        diamond_concurrence(*POINT),
        f"{HERE}::test_misprints",
        corrected=value(identity(2)),
        condition="holds for i = j only: the c_i are lowering operators of spins, which commute for i != j",
    )


def irreversible_is_entangled() -> Claim:
    betas = np.linspace(-6.0, 6.0, 25)
    pairs = [(float(a), float(s)) for a in betas for s in betas]
    production = np.array([diamond_entropy_production(*pair) for pair in pairs])
    entangled = np.array([diamond_concurrence(*pair) for pair in pairs])
    order = np.argsort(production, kind="stable")
    # Rounding makes equals differ: a fall counts from 1e-9 on.
    found = bool((np.diff(entangled[order]) > -1e-9).all())
    likeness = float(spearmanr(production, entangled).statistic)
    best = int(np.argmax(entangled))
    same = bool(np.isclose(production[best], production.max(), rtol=1e-9))
    corner = f"both are largest at {pairs[best]}" if same else "they are largest at different points"
    there = f"sigma = {diamond_entropy_production(-6, 2):.3g} and C = {diamond_concurrence(-6, 2):.3g} at (-6, 2)"
    return Claim(
        PAPER,
        "abstract, Fig. 1",
        "the more irreversible the process, the larger the concurrence (-6 <= beta <= 6)",
        True,
        found,
        f"{HERE}::test_statements_that_fail",
        condition=f"a correlation only: rank correlation {likeness:.2f}, {there}; {corner}",
    )


def _cavity(**parameters: float) -> float:
    """Return the concurrence of the cavity model's qubits before it is cut at zero."""
    return float(_quantities().values(parameters, ["concurrence_signed"])["concurrence_signed"][0])


@cache
def _quantities() -> SteadyQuantities:
    """Return what solves the cavity model, made once."""
    return SteadyQuantities.of({"name": "cavity", "p": 1e-3, "gamma": 1e-3, "kappa": 2.0})


@cache
def _maximum(gamma: float, start: float) -> tuple[float, float, float]:
    """Largest concurrence of the cavity, p/gamma and kappa/g there."""

    def signed(ratio: float, kappa: float) -> float:
        return _cavity(p=ratio * gamma, gamma=gamma, kappa=kappa, n_max=8)

    value, (ratio, kappa) = largest(signed, [start, 2.0], digits=1e-9)
    return value, ratio, kappa


def cavity_maximum() -> Claim:
    text = "largest C at gamma = 1e-3 g over p and kappa"
    return Claim(PAPER, "Appendix C, Fig. 3", text, "0.3869", _maximum(1e-3, 5.0)[0], f"{CAVITY}::test_maxima")


def cavity_maximum_at_less_decay() -> Claim:
    text = "largest C at gamma = 1e-4 g over p and kappa"
    return Claim(PAPER, "Appendix C, Fig. 3", text, "0.4479", _maximum(1e-4, 13.0)[0], f"{CAVITY}::test_maxima")


def cavity_best_pump() -> Claim:
    text = "p/gamma of the largest C at gamma = 1e-3 g"
    return Claim(PAPER, "Appendix C, Fig. 3", text, "5", _maximum(1e-3, 5.0)[1], f"{CAVITY}::test_maxima")


def cavity_best_loss() -> Claim:
    text = "kappa/g of the largest C at gamma = 1e-3 g"
    return Claim(PAPER, "Appendix C, Fig. 3", text, "2", _maximum(1e-3, 5.0)[2], f"{CAVITY}::test_maxima")


def cavity_without_decay() -> Claim:
    found = _cavity(p=1e-8, gamma=0.0, kappa=2.0, n_max=4)
    text = "C -> 0.5 of the full model at gamma = 0 and p/Gamma -> 0 (p = 1e-8 g, kappa = 2 g)"
    return Claim(PAPER, "below Eq. (9), Fig. 2(b)", text, "0.5", found, f"{CAVITY}::test_full_and_effective_model")


def cavity_maximum_of_the_letter() -> Claim:
    text = "largest C at gamma = 1e-3 g, around p/gamma = 5, as the Letter gives it"
    return Claim(PAPER, "below Eq. (9), Fig. 2(c)", text, "0.4", _maximum(1e-3, 5.0)[0], f"{CAVITY}::test_maxima")


def cavity_under_dephasing() -> Claim:
    value, ratio, kappa = _maximum(1e-3, 5.0)
    pump = 1e-3 * ratio
    left = _cavity(p=pump, gamma=1e-3, kappa=kappa, n_max=8, dephasing=pump)
    text = "pure dephasing at the rate of the pump leaves a significant amount of entanglement: more than a third of it"
    condition = f"C = {left:.4f} of {value:.4f}"
    test = f"{CAVITY}::test_how_noise_ends_the_entanglement"
    return Claim(PAPER, "Appendix D, Fig. 4", text, True, left > value / 3, test, condition=condition)


def _beyond(ratio: float, gamma: float) -> float:
    """Largest concurrence over kappa at p = ratio gamma, minus 1/3."""

    def signed(kappa: float) -> float:
        return _cavity(p=ratio * gamma, gamma=gamma, kappa=kappa, n_max=8)

    return peak(signed, 0.3, 30.0, 1e-4)[0] - 1 / 3


def beyond_one_third() -> Claim:

    def edge(gamma: float, low: float, high: float) -> float:
        return root(lambda ratio: _beyond(ratio, gamma), low, high, 1e-5)

    falling = ", ".join(f"{edge(gamma, 1.001, 2.0):.3f} at {gamma:g}" for gamma in (1e-4, 1e-5))
    window = f"{edge(1e-3, 1.001, 2.0):.3f} < p/gamma < {edge(1e-3, 15.0, 30.0):.1f}"
    return Claim(
        PAPER,
        "below Eq. (9), Fig. 2(c)",
        "C > 1/3, for the proper kappa, as soon as p > gamma (p = 1.01 gamma, gamma = 1e-3 g)",
        True,
        _beyond(1.01, 1e-3) > 0.0,
        f"{CAVITY}::test_beyond_one_third_needs_more_than_a_pump_above_the_decay",
        condition=f"holds for {window} at gamma/g = 0.001; the onset falls to 1 only as gamma -> 0 ({falling})",
    )


CLAIMS = (
    thermal_limit,
    limit_at_negative_temperature,
    both_negative,
    equal_temperatures,
    concurrence,
    concurrence_in_rates,
    approach_to_one_third,
    where_entanglement_starts,
    anticommutator,
    reversed_operators,
    irreversible_is_entangled,
    cavity_maximum,
    cavity_maximum_at_less_decay,
    cavity_best_pump,
    cavity_best_loss,
    cavity_maximum_of_the_letter,
    cavity_without_decay,
    cavity_under_dephasing,
    beyond_one_third,
)
