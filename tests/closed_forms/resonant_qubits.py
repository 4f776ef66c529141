"""Steady states of two resonant qubits with exchange coupling, each at its own bath, in closed form.

Brask et al., NJP 17, 113029 (2015), Eqs. (1), (2):

    H = E (n_c + n_h) + g (|10><01| + |01><10|) + U |11><11|,

the first qubit cold (c), the second hot (h). Baths flip one qubit at a time, at rates that may depend on the other
qubit, and damp the coherence between |01> and |10> at a rate D. In the steady state all other coherences vanish and

    <01|rho|10> = i (g/D) (p_01 - p_10),

so that the exchange acts like jumps between |01> and |10> at the rate w = 2 g^2/D in both directions, and the
populations are those of a chain of four levels (`four_levels`). U drops out of the coherence. D is half the sum of all
rates that leave |01> and |10> for Lindblad baths, and p_c + p_h for baths that reset a qubit.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from closed_forms.four_levels import Way, four_level_populations
from numpy.typing import NDArray

from trajectories.model.operators import Array


class Bath(NamedTuple):
    """Rates of one qubit's flips, where the other qubit is in |0> and where it is in |1>."""

    up_0: float
    down_0: float
    up_1: float
    down_1: float


class Resonant(NamedTuple):
    """A machine in numbers: coupling g, the two baths' rates, and the damping D of the coherence."""

    g: float
    c: Bath
    h: Bath
    damping: float


def lindblad(g: float, c: Bath, h: Bath) -> Resonant:
    """The machine whose baths are the jump operators sqrt(rate) sigma_-/+ x |m><m|: D from what leaves |01>, |10>."""
    return Resonant(g, c, h, 0.5 * (c.down_0 + h.up_1 + h.down_0 + c.up_1))


def independent(total: float, excited: float) -> Bath:
    """Bath that does not see the other qubit: total rate (up plus down), and the excited share it drives to."""
    up, down = total * excited, total * (1.0 - excited)
    return Bath(up, down, up, down)


def populations(machine: Resonant) -> NDArray[np.float64]:
    """Steady-state populations of |00>, |01>, |10>, |11>, shape (4,)."""
    c, h = machine.c, machine.h
    hot, cold = Way(h.up_0, h.down_0, c.up_1, c.down_1), Way(c.up_0, c.down_0, h.up_1, h.down_1)
    return four_level_populations(hot, cold, 2.0 * machine.g**2 / machine.damping)


def state(machine: Resonant) -> Array:
    """Steady state rho, shape (4, 4), in the order |00>, |01>, |10>, |11>."""
    p = populations(machine)
    rho = np.diag(p).astype(np.complex128)
    rho[1, 2] = 1j * (machine.g / machine.damping) * (p[1] - p[2])
    rho[2, 1] = np.conj(rho[1, 2])
    return rho


def concurrence_signed(machine: Resonant) -> float:
    """2 (|<01|rho|10>| - sqrt(p_00 p_11)) of the steady state, Eq. (6), or -2 sqrt(p_01 p_10) where that is larger.

    The concurrence before it is cut at zero, `entanglement.concurrence_signed`.
    """
    p = populations(machine)
    coherence = abs(machine.g * (p[1] - p[2])) / machine.damping
    return 2.0 * max(float(coherence - math.sqrt(p[0]) * math.sqrt(p[3])), -math.sqrt(p[1]) * math.sqrt(p[2]))


def heats(machine: Resonant, energy: float, U: float = 0.0) -> tuple[float, float]:
    """Steady-state heat currents (c, h) INTO the system, quanta energy + m U times their net rates.

    Here counted heats are the energy currents Tr[H D_k rho]: the coherence is imaginary, the exchange energy zero.
    """
    p00, p01, p10, p11 = (float(p) for p in populations(machine))
    c, h = machine.c, machine.h
    cold = energy * (c.up_0 * p00 - c.down_0 * p10) + (energy + U) * (c.up_1 * p01 - c.down_1 * p11)
    hot = energy * (h.up_0 * p00 - h.down_0 * p01) + (energy + U) * (h.up_1 * p10 - h.down_1 * p11)
    return cold, hot
