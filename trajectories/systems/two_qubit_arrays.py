"""Steady states of many two-qubit machines at once: arrays of parameters in, arrays of quantities out.

All machines here come down to four populations and the one coherence c = <01|rho|10>. Where baths flip one qubit at a
time and the exchange g couples |01> and |10>, whose energies differ by Delta = E_01 - E_10, and the coherence decays
at D,

    c = i g (p_01 - p_10)/(D + i Delta),   w = 2 g^2 D/(D^2 + Delta^2),

the populations are those of a chain of four levels with jumps between the middle ones at the rate w (`four_levels`,
`resonant`). Arrays have shape (n,) or broadcast to it; results are functions, so that only what is asked for is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Quantities = dict[str, Callable[[], Floats]]
"""Quantities of the steady state by name, such as "heat_current.c", each a function that makes its array."""


class Ways(NamedTuple):
    """`four_levels.Way` in arrays: rates up (G to i), down (i to G), top (i to E), fall (E to i)."""

    up: Floats
    down: Floats
    top: Floats
    fall: Floats


class Flips(NamedTuple):
    """One bath in arrays: rates of its qubit's flips where the other qubit is in |0> and in |1>, and the quanta."""

    up_0: Floats
    down_0: Floats
    up_1: Floats
    down_1: Floats
    quantum_0: Floats
    quantum_1: Floats
    temperature: Floats


def boltzmann(T: Floats, energy: Floats) -> Floats:
    """e^{-energy/T}; 0 at T = 0, 1 at infinite temperature."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.exp(-energy / T))


def fermi(T: Floats, energy: Floats) -> Floats:
    """1/(e^{energy/T} + 1), also a qubit's excited population."""
    x = boltzmann(T, energy)
    return x / (1.0 + x)


def bose(T: Floats, energy: Floats) -> Floats:
    """1/(e^{energy/T} - 1); 0 at T = 0."""
    with np.errstate(divide="ignore"):
        return boltzmann(T, energy) / -np.expm1(-energy / T)


def four_level_arrays(x: Ways, y: Ways, exchange: Floats) -> Floats:
    """`four_level_populations` for arrays of rates: (4, n), nan where the steady state is not unique."""
    rates = np.array(np.broadcast_arrays(*x, *y, exchange), float)
    with np.errstate(all="ignore"):
        rates = rates / rates.max(axis=0)
        x, y, w = Ways(*rates[:4]), Ways(*rates[4:8]), rates[8]
        out_x, out_y = x.down + x.top, y.down + y.top
        det = out_x * out_y + w * (out_x + out_y)
        ground = x.fall * (x.down * (out_y + w) + w * y.down) + y.fall * (y.down * (out_x + w) + w * x.down)
        excited = x.up * (x.top * (out_y + w) + w * y.top) + y.up * (y.top * (out_x + w) + w * x.top)
        into_x, into_y = x.up * ground + x.fall * excited, y.up * ground + y.fall * excited
        middle = ((out_y + w) * into_x + w * into_y, (out_x + w) * into_y + w * into_x)
        weights = np.array([ground * det, *middle, excited * det])
        return np.asarray(weights / weights.sum(axis=0))


def pair_quantities(populations: Floats, coherence: NDArray[np.complex128]) -> Quantities:
    """What follows from the state alone. populations (4, n): |00>, |01>, |10>, |11>; coherence (n,): <01|rho|10>.

    concurrence = 2 max(0, |c| - sqrt(p_00 p_11)); negativity without subtractions. concurrence_signed and
    entanglement_margin: as in `entanglement`, with c the only coherence. The largest of Wootters' l is |c| + sqrt(p_01
    p_10) or, where that is less, the double sqrt(p_00 p_11); ln(|c|/sqrt(p_00 p_11)) is the margin.
    """
    p00, p01, p10, p11 = populations
    size = np.abs(coherence)
    outer = np.sqrt(p00) * np.sqrt(p11)

    def negativity() -> Floats:
        root = np.hypot(2.0 * size, p00 - p11)
        return np.maximum(0.0, 2.0 * (size - outer) * (size + outer) / (root + p00 + p11))

    def margin() -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.log(size) - np.log(outer))

    found: Quantities = {
        "concurrence": lambda: np.maximum(0.0, 2.0 * (size - outer)),
        "concurrence_signed": lambda: 2.0 * np.maximum(size - outer, -np.sqrt(p01) * np.sqrt(p10)),
        "negativity": negativity,
        "entanglement_margin": margin,
        "purity": lambda: (populations**2).sum(axis=0) + 2.0 * size**2,
    }
    return found | labelled(("00", "01", "10", "11"), populations)


def labelled(labels: tuple[str, ...], populations: Floats) -> Quantities:
    """The populations (d, n) by their labels."""
    return {f"population.{label}": _constant(p) for label, p in zip(labels, populations, strict=True)}


def _constant(value: Floats) -> Callable[[], Floats]:
    return lambda: value


def thermal_quantities(heats: Mapping[str, Floats], temperatures: Mapping[str, Floats]) -> Quantities:
    """Counted heats by reservoir, their sum (the work of the coupling), and -sum_k Q_k/T_k (nat/time).

    The last is infinite where heat flows from or to a bath at zero temperature.
    """

    def entropy() -> Floats:
        total = np.zeros(())
        for bath, heat in heats.items():
            with np.errstate(divide="ignore", invalid="ignore"):
                part = np.where(heat == 0.0, 0.0, -heat / temperatures[bath])
            # Heat that only rounding makes positive must not turn the sign of an infinity.
            total = total + np.where(temperatures[bath] == 0.0, np.abs(part), part)
        return np.asarray(total)

    found: Quantities = {f"heat_current.{bath}": _constant(heat) for bath, heat in heats.items()}
    found["coupling_work"] = lambda: np.asarray(sum(heats.values()))
    found["entropy_production_rate"] = entropy
    return found


def exchange_quantities(
    names: tuple[str, str],
    baths: tuple[Flips, Flips],
    g: Floats,
    damping: tuple[Floats, Floats] | None = None,
    detuning: Floats | float = 0.0,
) -> Quantities:
    """A machine of two qubits with exchange, the first at baths[0], the second at baths[1], by quantity.

    damping: what each bath contributes to the decay D of the coherence; None: half of all its rates that leave |01>
    and |10>, as for Lindblad baths. detuning: E_01 - E_10.
    """
    first, second = baths
    if damping is None:
        damping = 0.5 * (first.down_0 + first.up_1), 0.5 * (second.down_0 + second.up_1)
    D = damping[0] + damping[1]
    x = Ways(second.up_0, second.down_0, first.up_1, first.down_1)
    y = Ways(first.up_0, first.down_0, second.up_1, second.down_1)
    p = four_level_arrays(x, y, 2.0 * g**2 * D / (D**2 + detuning**2))
    p00, p01, p10, p11 = p
    c = 1j * g * (p01 - p10) / (D + 1j * detuning)
    alone = (first.up_0 * p00 - first.down_0 * p10, second.up_0 * p00 - second.down_0 * p01)
    beside = (first.up_1 * p01 - first.down_1 * p11, second.up_1 * p10 - second.down_1 * p11)
    heats = {
        name: bath.quantum_0 * low + bath.quantum_1 * high
        for name, bath, low, high in zip(names, baths, alone, beside, strict=True)
    }
    found = pair_quantities(p, c)
    found |= thermal_quantities(heats, {name: bath.temperature for name, bath in zip(names, baths, strict=True)})
    for name, decay in zip(names, damping, strict=True):
        # The coupling's energy 2 g Re c decays too.
        found[f"energy_current.{name}"] = _constant(heats[name] - 2.0 * decay * g * c.real)
    found["activity"] = lambda: sum(
        bath.up_0 * p00 + bath.up_1 * other + bath.down_0 * own + bath.down_1 * p11
        for bath, own, other in ((first, p10, p01), (second, p01, p10))
    )
    return found
