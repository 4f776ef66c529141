"""The two-qubit engine between its local and its global master equation: weak baths, no secular approximation.

    H = eps_h n_h + eps_c n_c + g (s_+^h s_-^c + s_-^h s_+^c),   eps_c = eps_h + delta,

as in `local_engine`, with bosonic baths of flat rates gamma_j, and w_1, w_2 and the eigenoperators V_j1 + V_j2 = s_-^j
of `common_bath`. Each bath has one jump operator down and one up, which keep the phases between its two transitions,

    L_j- = sum_i sqrt(gamma_j (n_j(w_i) + 1)) V_ji,   L_j+ = sum_i sqrt(gamma_j n_j(w_i)) V_ji^dagger.

Where both w_i are as good as equal these are the jump operators of the local equation; where w_2 - w_1 is large
against the rates the phases average out, and the global equation is left. In between the equation is that of Bloch and
Redfield with its rates at two frequencies replaced by their geometric mean, which makes it completely positive:
Kirsanskas, Franckie, Wacker, PRB 97, 035432 (2018); Nathan, Rudner, PRB 102, 115109 (2020). Valid for gamma_j (n_j + 1)
small against w_1 and the temperatures, whatever g and delta. Shifts of the levels by the baths are left out. A jump
belongs to both energies, so that it has no counted quantum and no entropy; the energy current Tr[H D_j rho] obeys the
first law, and the second up to terms small in the rates.
"""

from __future__ import annotations

import math

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import dagger
from trajectories.systems import thermal_baths
from trajectories.systems.common_bath import (
    LABELS,
    common_bath_frame,
    eigenbasis,
    eigenoperator,
    exchange_hamiltonian,
)
from trajectories.systems.registry import register
from trajectories.systems.two_qubits import DIMS


def nonsecular_engine(
    T_h: float,
    T_c: float,
    g: float,
    gamma_h: float,
    gamma_c: float,
    epsilon_h: float = 1.0,
    delta: float = 0.0,
) -> Model:
    """Two-qubit engine, master equation without secular approximation, for weak baths at any coupling of the qubits.

    Parameters
    ----------
    T_h : float
        Temperature of the first qubit's bath, >= 0 and finite.
    T_c : float
        Temperature of the second qubit's bath, likewise.
    g : float
        Exchange coupling of the qubits (energy), 0 < |g| < sqrt(epsilon_h (epsilon_h + delta)).
    gamma_h : float
        Bare rate of the first bath, > 0; a transition of energy w has the rates gamma_h n(w) and gamma_h (n(w) + 1).
    gamma_c : float
        Bare rate of the second bath, > 0.
    epsilon_h : float
        Energy gap of the first qubit, > 0.
    delta : float
        Detuning: the second qubit's gap is epsilon_h + delta, > 0.

    Returns
    -------
    Model
        Channels h_up, h_down, c_up, c_down without quanta, reservoirs h and c, no entropy; the basis "eigen" of H.

    Raises
    ------
    InputError
        Values out of range.
    """
    gap = validation.real(epsilon_h, "nonsecular_engine: epsilon_h", above=0.0)
    other = gap + validation.real(delta, "nonsecular_engine: delta", above=-gap)
    most = math.sqrt(gap * other)
    if not 0.0 < abs(validation.real(g, "nonsecular_engine: g")) < most:
        raise InputError(f"nonsecular_engine: g = {g}: allowed: 0 < |g| < sqrt(epsilon_h*epsilon_c) = {most:.10g}")
    frame = common_bath_frame(gap, other, g)
    basis = eigenbasis(frame)
    channels = []
    baths = (("h", T_h, gamma_h, (1.0, 0.0)), ("c", T_c, gamma_c, (0.0, 1.0)))
    for bath, given, bare, along in baths:
        T = thermal_baths.temperature(given, f"nonsecular_engine: T_{bath}", infinite=False)
        rate = validation.real(bare, f"nonsecular_engine: gamma_{bath}", above=0.0)
        parts = [eigenoperator(j, elements, basis) for j, elements in enumerate(frame.amplitudes(*along))]
        mean = [thermal_baths.bose(T, energy) for energy in (frame.omega_1, frame.omega_2)]
        down = math.sqrt(rate * (mean[0] + 1.0)) * parts[0] + math.sqrt(rate * (mean[1] + 1.0)) * parts[1]
        up = dagger(math.sqrt(rate * mean[0]) * parts[0] + math.sqrt(rate * mean[1]) * parts[1])
        channels += [Channel(f"{bath}_up", up, bath, None, "none")] if mean[0] > 0.0 else []
        channels.append(Channel(f"{bath}_down", down, bath, None, "none"))
    values = {"T_h": T_h, "T_c": T_c, "g": g, "gamma_h": gamma_h, "gamma_c": gamma_c}
    return Model(
        exchange_hamiltonian(gap, other, g),
        channels,
        [Reservoir("h"), Reservoir("c")],
        name="nonsecular_engine",
        dims=DIMS,
        bases={"eigen": (basis, LABELS)},
        parameters=values | {"epsilon_h": epsilon_h, "delta": delta},
        entropy=False,
        remarks=thermal_baths.weak_coupling({"gamma_h": gamma_h, "gamma_c": gamma_c}, frame.omega_1, "w_1"),
    )


register(nonsecular_engine, energy_scale="epsilon_h")
