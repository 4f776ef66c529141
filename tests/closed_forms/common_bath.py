"""Two qubits with own and common baths: steady state, entanglement and heat in closed form.

Man et al. (2019), Eqs. (15)-(20); see `common_bath` for the model and its notation. Without dephasing the steady state
is diagonal in the eigenstates of H, whose populations are those of a chain of four levels (`four_levels`): the bath k
drives l4 - l3 - l1 and l4 - l2 - l1, the lower and upper step of each way with the same energies in opposite order. At
Delta eps = 0 dephasing only adds jumps between l2 and l3 at the rate 2 gamma; at Delta eps != 0 it leaves coherence
between them, and there is no such form.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from closed_forms.four_levels import Way, four_level_populations
from closed_forms.thermal import entropy_production
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import validation
from trajectories.model.operators import Array, dagger
from trajectories.systems import thermal_baths
from trajectories.systems.common_bath import Baths, Frame, common_bath_baths, common_bath_frame, eigenbasis


class Steady(NamedTuple):
    """The steady state and what follows from it.

    populations: of |l4>, |l3>, |l2>, |l1>, rising in energy, (4,). rates: (K, 2, 4) of each acting bath along the ways
    over |l3> and |l2>, in the order of `four_levels.Way`.
    """

    frame: Frame
    baths: Baths
    rates: NDArray[np.float64]
    populations: NDArray[np.float64]

    @property
    def state(self) -> Array:
        """rho, shape (4, 4), in the order |00>, |01>, |10>, |11>: Eq. (15)."""
        basis = eigenbasis(self.frame)
        return (basis * self.populations) @ dagger(basis)

    @property
    def concurrence_signed(self) -> float:
        """2 (|<10|rho|01>| - sqrt(p_00 p_11)), Eq. (17) without max, or -2 sqrt(p_01 p_10) where that is larger.

        <10|rho|01> = sin(theta)/2 (p_l2 - p_l3). The concurrence before it is cut, `entanglement.concurrence_signed`.
        """
        ground, lower, upper, top = (float(p) for p in self.populations)
        sin, cos = self.frame.sin, self.frame.cos
        coherence = abs(sin * cos * (upper - lower))
        inner = math.sqrt(sin**2 * upper + cos**2 * lower) * math.sqrt(cos**2 * upper + sin**2 * lower)
        return 2.0 * max(coherence - math.sqrt(ground) * math.sqrt(top), -inner)

    @property
    def concurrence(self) -> float:
        """C = 2 max{0, |<10|rho|01>| - sqrt(p_00 p_11)}, Eq. (17)."""
        return max(0.0, self.concurrence_signed)

    @property
    def heats(self) -> dict[str, float]:
        """Heat current of each acting bath INTO the system, Tr[H D_k rho], Eq. (18). Dephasing brings the rest."""
        ground, lower, upper, top = (float(p) for p in self.populations)
        first, second = self.frame.omega_1, self.frame.omega_2
        found = {}
        for bath, (over_lower, over_upper) in zip(self.baths.names, self.rates, strict=True):
            x, y = Way(*over_lower), Way(*over_upper)
            slow = x.up * ground - x.down * lower + y.top * upper - y.fall * top
            fast = y.up * ground - y.down * upper + x.top * lower - x.fall * top
            found[bath] = float(first * slow + second * fast)
        return found

    @property
    def entropy_production(self) -> float:
        """Entropy production rate -sum_k Q_k/T_k, nats per time; infinite where a bath at T = 0 takes heat."""
        return entropy_production(tuple(self.heats.values()), self.baths.temperatures)


def common_bath_steady(
    T_A: float,
    T_B: float,
    epsilon_A: float,
    epsilon_B: float,
    Omega: float,
    gamma_A: float,
    gamma_B: float,
    T_C: float | None = None,
    gamma_C_A: float = 0.0,
    gamma_C_B: float = 0.0,
    dephasing: float = 0.0,
) -> Steady:
    """The steady state in closed form; parameters as for `common_bath`.

    Raises InputError for values out of range, for dephasing at epsilon_A != epsilon_B, and where the steady state is
    not unique (the common bath alone at epsilon_A = epsilon_B and equal rates).
    """
    frame = common_bath_frame(epsilon_A, epsilon_B, Omega)
    baths = common_bath_baths(T_A, T_B, gamma_A, gamma_B, T_C, gamma_C_A, gamma_C_B)
    gamma = validation.real(dephasing, "common_bath: dephasing", least=0.0)
    if gamma > 0.0 and epsilon_A != epsilon_B:
        raise InputError("common_bath: dephasing at epsilon_A != epsilon_B leaves coherence: there is no closed form")
    rates = np.array([_ways(frame, T, along) for T, along in zip(baths.temperatures, baths.along, strict=True)])
    over_lower, over_upper = rates.sum(axis=0).tolist()
    populations = four_level_populations(Way(*over_lower), Way(*over_upper), 2.0 * gamma)
    return Steady(frame, baths, rates, populations)


def _ways(frame: Frame, T: float, along: tuple[float, float]) -> tuple[Way, Way]:
    """Rates of one bath along l4 - l3 - l1 and l4 - l2 - l1."""
    first, second = frame.amplitudes(*along)
    slow, fast = thermal_baths.bose(T, frame.omega_1), thermal_baths.bose(T, frame.omega_2)

    def way(bottom: float, n_bottom: float, top: float, n_top: float) -> Way:
        low, high = 2.0 * bottom**2, 2.0 * top**2
        return Way(low * n_bottom, low * (n_bottom + 1.0), high * n_top, high * (n_top + 1.0))

    return way(first[1], slow, second[0], fast), way(second[1], fast, first[0], slow)


def effective_temperatures(
    T_A: float, T_B: float, epsilon_A: float, epsilon_B: float, Omega: float, gamma_A: float, gamma_B: float
) -> tuple[float, float]:
    """Temperatures (of w_1, of w_2) that the baths A and B together give the two transitions, Eqs. (19), (20).

    T_eff(w_j) = w_j / ln(G_j^- / G_j^+),   G_1^+ = sin^2(theta/2) Gamma_A n_A(w_1) + cos^2(theta/2) Gamma_B n_B(w_1),

    and G_1^- the same with n + 1; sin and cos are exchanged for w_2. Where both temperatures are equal, the qubits are
    in the thermal state of that temperature.
    """
    frame = common_bath_frame(epsilon_A, epsilon_B, Omega)
    baths = common_bath_baths(T_A, T_B, gamma_A, gamma_B, None, 0.0, 0.0)
    found = []
    for j, energy in enumerate((frame.omega_1, frame.omega_2)):
        shares = [frame.amplitudes(*along)[j][1] ** 2 for along in baths.along]
        occupations = [thermal_baths.bose(T, energy) for T in baths.temperatures]
        absorbed = sum(share * n for share, n in zip(shares, occupations, strict=True))
        found.append(energy / math.log1p(sum(shares) / absorbed) if absorbed > 0.0 else 0.0)
    return found[0], found[1]
