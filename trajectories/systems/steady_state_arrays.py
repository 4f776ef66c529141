"""Closed forms of the machines' steady states on arrays of parameters, for maps, curves and searches.

Each function takes its machine's parameters, numbers or arrays that broadcast to (n,), and returns what can be asked
of the steady state by name (`pair_arrays.Quantities`), or None where there is no closed form. The numbers are those of
the scalar functions beside the machines, which state equations and sources; they are not checked here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.systems import two_qubit_arrays as pairs
from trajectories.systems.two_qubit_arrays import Flips, Floats, Quantities, Ways, bose, fermi


def _independent(up: Floats, down: Floats, quantum: Floats, T: Floats) -> Flips:
    """A bath that does not see the other qubit."""
    return Flips(up, down, up, down, quantum, quantum, T)


def reset_engine_arrays(T_c: Any, T_h: Any, g: Any, p_c: Any, p_h: Any, energy: Any = 1.0) -> Quantities:
    """Reset engine: the coherence decays at p_c + p_h, and every reset counts as a jump."""
    baths = []
    for T, p in ((T_c, p_c), (T_h, p_h)):
        excited = fermi(T, energy)
        baths.append(_independent(p * excited, p * (1.0 - excited), energy, T))
    found = pairs.exchange_quantities(("c", "h"), (baths[0], baths[1]), g, (p_c, p_h))
    return found | {"activity": lambda: p_c + p_h}


def flux_qubits_arrays(T_c: Any, T_h: Any, g: Any, gamma_c: Any, gamma_h: Any, energy: Any = 1.0) -> Quantities:
    """Flux qubits, bosonic baths."""
    baths = []
    for T, gamma in ((T_c, gamma_c), (T_h, gamma_h)):
        up = gamma * bose(T, energy)
        baths.append(_independent(up, gamma + up, energy, T))
    return pairs.exchange_quantities(("c", "h"), (baths[0], baths[1]), g)


def double_dot_arrays(T_c: Any, T_h: Any, g: Any, gamma_c: Any, gamma_h: Any, U: Any, energy: Any = 1.0) -> Quantities:
    """Double quantum dot, channels resolved at E and E + U."""
    baths = []
    for T, gamma in ((T_c, gamma_c), (T_h, gamma_h)):
        low, high = fermi(T, energy), fermi(T, energy + U)
        rates = (gamma * low, gamma * (1.0 - low), gamma * high, gamma * (1.0 - high))
        baths.append(Flips(*rates, energy, energy + U, T))
    return pairs.exchange_quantities(("c", "h"), (baths[0], baths[1]), g)


def local_engine_arrays(
    T_h: Any,
    T_c: Any,
    g: Any,
    gamma_h: Any,
    gamma_c: Any,
    epsilon_h: Any = 1.0,
    delta: Any = 0.0,
    kappa_h: Any = 0.0,
    kappa_c: Any = 0.0,
) -> Quantities | None:
    """Two-qubit engine without tunnelling, and J, J_c, J/J_c of Khandelwal et al., NJP 22, 073039 (2020), Eqs. (11),
    (18), as heat_flow, critical_heat_flow and heat_flow_ratio; critical_heat_current is J_c/2, beside Q_h = J/2.
    """
    if np.any(kappa_h) or np.any(kappa_c):
        return None
    baths = []
    for T, gamma, gap in ((T_h, gamma_h, epsilon_h), (T_c, gamma_c, epsilon_h + delta)):
        up = gamma * bose(T, np.where(gap > 0.0, gap, np.nan))
        baths.append(_independent(up, gamma + up, gap, T))
    h, c = baths
    found = pairs.exchange_quantities(("h", "c"), (h, c), g, detuning=delta)
    total_h, total_c = h.up_0 + h.down_0, c.up_0 + c.down_0
    energies = epsilon_h * total_c + (epsilon_h + delta) * total_h

    def critical() -> Floats:
        outer = np.sqrt(found["population.00"]() * found["population.11"]())
        return np.asarray(2.0 * np.abs(g) * outer / np.hypot(total_h + total_c, 2.0 * delta) * energies)

    return found | {
        "heat_flow": lambda: 2.0 * found["energy_current.h"](),
        "critical_heat_current": critical,
        "critical_heat_flow": lambda: 2.0 * critical(),
        "heat_flow_ratio": lambda: found["energy_current.h"]() / critical(),
    }


def diamond_arrays(
    beta_A: Any = None, beta_S: Any = None, pump: Any = 1.0, omega: Any = 1.0, rates: Any = None
) -> Quantities:
    """The diamond, in the Bell states too; one-way baths included."""
    if rates is None:
        up_A = up_S = pump
        down_A, down_S = pump * np.exp(beta_A), pump * np.exp(beta_S)
        beta = {"A": beta_A, "S": beta_S}
    else:
        up_A, down_A, up_S, down_S = (np.asarray(rate, float) for rate in rates)
        with np.errstate(divide="ignore"):
            beta = {"A": np.log(down_A) - np.log(up_A), "S": np.log(down_S) - np.log(up_S)}
    # Every step has twice its bath's rate; the four levels want only ratios.
    p = pairs.four_level_arrays(Ways(up_S, down_S, up_S, down_S), Ways(up_A, down_A, up_A, down_A), np.zeros(()))
    ground, symmetric, antisymmetric, excited = p
    middle = 0.5 * (symmetric + antisymmetric)
    found = pairs.pair_quantities(np.array([ground, middle, middle, excited]), 0.5 * (symmetric - antisymmetric) + 0j)
    found |= pairs.labelled(("G", "S", "A", "E"), p)
    g_S, g_A, forth, back = up_S + down_S, up_A + down_A, up_S * down_A, down_S * up_A
    ends = (up_S**2 + down_S**2) / g_S + (up_A**2 + down_A**2) / g_A
    net = 4.0 * ((forth - back) / g_S) * ((forth + back) / g_A) * (ground + excited) / ends
    heats = {"A": -omega * net + 0.0, "S": omega * net + 0.0}
    with np.errstate(divide="ignore"):
        temperatures = {bath: omega / np.asarray(value, float) for bath, value in beta.items()}
    found |= pairs.thermal_quantities(heats, temperatures)
    found |= {f"energy_current.{bath}": found[f"heat_current.{bath}"] for bath in heats}

    def activity() -> Floats:
        up = up_S * (ground + symmetric) + up_A * (ground + antisymmetric)
        return np.asarray(2.0 * (up + down_S * (symmetric + excited) + down_A * (antisymmetric + excited)))

    return found | {"activity": activity}


def common_bath_arrays(
    T_A: Any,
    T_B: Any,
    epsilon_A: Any,
    epsilon_B: Any,
    Omega: Any,
    gamma_A: Any,
    gamma_B: Any,
    T_C: Any = None,
    gamma_C_A: Any = 0.0,
    gamma_C_B: Any = 0.0,
    dephasing: Any = 0.0,
) -> Quantities | None:
    """Own and common baths, global master equation; None for dephasing at a detuning, which leaves other coherence.

    effective_temperature.1 and .2 are those of both transitions, Man et al. (2019), Eqs. (19), (20).
    """
    if np.any((np.asarray(dephasing) > 0.0) & (np.asarray(epsilon_A) != epsilon_B)):
        return None
    difference = epsilon_A - epsilon_B
    half = 0.5 * np.arctan2(2.0 * Omega, difference)
    cos, sin = np.cos(half), np.sin(half)
    upper = 0.5 * (epsilon_A + epsilon_B + np.hypot(difference, 2.0 * Omega))
    mean = np.sqrt(epsilon_A * epsilon_B)
    lower = (mean - Omega) * (mean + Omega) / upper
    lower = np.where(lower > 0.0, lower, np.nan)  # beyond it the model ends
    rates = {"A": (gamma_A, 0.0, T_A), "B": (0.0, gamma_B, T_B), "C": (gamma_C_A, gamma_C_B, T_C)}
    acting = {
        bath: rate for bath, rate in rates.items() if rate[2] is not None and (np.any(rate[0]) or np.any(rate[1]))
    }
    ways, temperatures = {}, {}
    for bath, (on_A, on_B, T) in acting.items():
        a, b = np.sqrt(on_A), np.sqrt(on_B)
        slow, fast = bose(T, lower), bose(T, upper)
        first = _without_rounding(a * sin, b * cos)
        second = _without_rounding(a * cos, -b * sin)
        over_lower = _way(first[1], slow, second[0], fast)
        over_upper = _way(second[1], fast, first[0], slow)
        ways[bath], temperatures[bath] = (over_lower, over_upper), np.asarray(T, float)
    x, y = (Ways(*(sum(parts) for parts in zip(*(way[i] for way in ways.values()), strict=True))) for i in (0, 1))
    p = pairs.four_level_arrays(x, y, 2.0 * np.asarray(dephasing, float))
    ground, low, high, top = p
    middle = (sin**2 * high + cos**2 * low, cos**2 * high + sin**2 * low)
    found = pairs.pair_quantities(np.array([ground, *middle, top]), sin * cos * (high - low) + 0j)
    found |= pairs.labelled(("lambda_4", "lambda_3", "lambda_2", "lambda_1"), p)
    heats = {}
    for bath, (over_low, over_high) in ways.items():
        first_step = over_low.up * ground - over_low.down * low + over_high.top * high - over_high.fall * top
        second_step = over_high.up * ground - over_high.down * high + over_low.top * low - over_low.fall * top
        heats[bath] = lower * first_step + upper * second_step
    found |= pairs.thermal_quantities(heats, temperatures)
    found |= {f"energy_current.{bath}": found[f"heat_current.{bath}"] for bath in heats}
    if np.any(dephasing):
        # Not every reservoir counts its heat, so that there is no work to be had from the rest.
        del found["coupling_work"]
        found["energy_current.dephasing"] = lambda: -np.asarray(sum(heats.values()))

    def activity() -> Floats:
        leave = (x.up + y.up, x.down + x.top, y.down + y.top, x.fall + y.fall)
        return np.asarray(sum(rate * level for rate, level in zip(leave, p, strict=True)) + 2.0 * dephasing)

    def effective(energy: Floats, share_A: Floats, share_B: Floats) -> Floats:
        absorbed = share_A * bose(T_A, energy) + share_B * bose(T_B, energy)
        with np.errstate(divide="ignore"):
            return np.asarray(energy / np.log1p((share_A + share_B) / absorbed))

    return found | {
        "activity": activity,
        "effective_temperature.1": lambda: effective(lower, sin**2 * gamma_A, cos**2 * gamma_B),
        "effective_temperature.2": lambda: effective(upper, cos**2 * gamma_A, sin**2 * gamma_B),
    }


def _way(bottom: Floats, n_bottom: Floats, top: Floats, n_top: Floats) -> Ways:
    low, high = 2.0 * bottom**2, 2.0 * top**2
    return Ways(low * n_bottom, low * (n_bottom + 1.0), high * n_top, high * (n_top + 1.0))


def _without_rounding(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """a + b and b - a (up to the sign, which no rate sees), zero where they cancel: a dark state must stay dark."""
    size = 1e-15 * (np.abs(a) + np.abs(b))
    return tuple(np.where(np.abs(x) > size, x, 0.0) for x in (a + b, b - a))  # type: ignore[return-value]


def cavity_arrays(**values: Any) -> Quantities:
    """The cavity model, point by point through its sparse equations (`cavity_steady`): the state of its two qubits,
    nan where these refuse the parameters.

    effective.concurrence is that of the diamond which is left when the cavity follows at once. photons: mean number.
    """
    from trajectories.systems.cavity_steady import cavity_steady

    shape = np.broadcast_shapes(*(np.shape(value) for value in values.values()))
    size = int(np.prod(shape))
    columns = {key: np.broadcast_to(value, shape).ravel() for key, value in values.items()}
    populations, coherence, photons = np.zeros((4, size)), np.zeros(size, complex), np.zeros(size)
    for i in range(size):
        point = {key: float(column[i]) for key, column in columns.items()}
        if "n_max" in point:
            point["n_max"] = int(point["n_max"])
        try:
            steady = cavity_steady(**point)  # type: ignore[arg-type]
        except InputError:
            populations[:, i] = coherence[i] = photons[i] = np.nan
            continue
        populations[:, i], coherence[i] = np.diagonal(steady.pair).real, steady.pair[1, 2]
        photons[i] = np.arange(len(steady.photons)) @ steady.photons

    def effective() -> Floats:
        p, gamma, loss = columns["p"] / 2.0, columns["gamma"] / 2.0, 4.0 * columns.get("g", 1.0) ** 2 / columns["kappa"]
        return diamond_arrays(rates=(p, gamma, p, loss + gamma))["concurrence"]().reshape(shape)

    found = pairs.pair_quantities(populations.reshape(4, *shape), coherence.reshape(shape))
    found |= {"photons": lambda: photons.reshape(shape), "effective.concurrence": effective}
    # The rows of the whole model are populations of its 4 (n_max + 1) states, not these.
    return {name: value for name, value in found.items() if not name.startswith("population.")} | {
        f"pair_population.{label}": found[f"population.{label}"] for label in ("00", "01", "10", "11")
    }
