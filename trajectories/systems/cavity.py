"""Two pumped qubits in a lossy cavity: the machine of `diamond` with its baths made of light.

Tacchino et al., PRL 120, 063604 (2018), Eqs. (7)-(9), and Appendices C and D of the preprint. The Tavis-Cummings
Hamiltonian in the frame that rotates with the qubits and the cavity (exact, since every term conserves or changes the
number of excitations as a whole), for spin lowering operators c_1, c_2 and the cavity's a:

    H = g sum_i ( c_i^dagger a + c_i a^dagger ) + delta (n_1 - n_2),
    d rho/dt = -i[H, rho] + sum_i ( p D[c_i^dagger] + gamma D[c_i] + gamma_z D[sigma_z^i] ) rho
               + kappa D[a] rho + p_c D[a^dagger] rho,      D[L] rho = L rho L^dagger - 1/2 {L^dagger L, rho}.

The paper's (Gamma/2) D_o with D_o = 2 o rho o^dagger - {o^dagger o, rho} is a rate Gamma here. Only ratios of rates to
g matter. Dephasing is gamma_z (sigma_z rho sigma_z - rho) for each qubit, without a factor 1/2. The subsystems are the
two qubits and the cavity, cut off after n_max photons: d = 4 (n_max + 1).

The number of excitations n_1 + n_2 + n is a weak symmetry: a trajectory stays in sectors of at most four states, and
the steady state has 16 n_max + 4 elements. Entropy accounting is off and no jump has a quantum of energy: the paper
defines no heat for this model, and photons leave the cavity for good.

Without the cavity's dynamics (kappa >> g) it decays into the effective model of Eq. (9), the diamond with the rates
Gamma^+ = p/2 (both baths), Gamma_A^- = gamma/2 and Gamma_S^- = Gamma + gamma/2, Gamma = 4 g^2/kappa.

"C > 1/3 as soon as p > gamma" holds in the limit gamma -> 0 only: at gamma = 1e-3 g it takes 1.372 < p/gamma < 22.6.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError
from trajectories.model import Channel, Model, Reservoir, validation
from trajectories.model.operators import Array, dagger, destroy, embed, number, sigma_minus, sigma_z
from trajectories.model.validation import frozen
from trajectories.systems.diamond import diamond
from trajectories.systems.registry import Quantity, SteadyState, register

LARGEST_N_MAX = 500


def cavity(
    p: float,
    gamma: float,
    kappa: float,
    g: float = 1.0,
    n_max: int = 15,
    dephasing: float = 0.0,
    detuning: float = 0.0,
    cavity_pump: float = 0.0,
) -> Model:
    """Two pumped qubits in a lossy cavity (Tacchino et al., PRL 120, 063604 (2018), Eqs. (7), (8)).

    Parameters
    ----------
    p : float
        Rate of incoherent pumping of each qubit (1/time), >= 0.
    gamma : float
        Rate of decay of each qubit, >= 0; p and gamma are not both 0.
    kappa : float
        Rate at which photons leave the cavity, > 0.
    g : float
        Coupling of each qubit to the cavity, > 0; only the ratios of rates to g matter.
    n_max : int
        Largest number of photons, 1 to 500; what is too small for a run or a map is refused.
    dephasing : float
        Rate gamma_z of pure dephasing of each qubit, gamma_z (sigma_z rho sigma_z - rho), >= 0 (Appendix D).
    detuning : float
        Detuning delta of the qubits from the cavity, +delta for the first and -delta for the second (Appendix D).
    cavity_pump : float
        Rate p_c of incoherent pumping of the cavity, the warmth of its bath, >= 0 and < kappa (Appendix D).

    Returns
    -------
    Model
        Channels pump_1, pump_2, decay_1, decay_2, loss, dephasing_1, dephasing_2, cavity_pump, without those of rate 0;
        reservoirs pump, decay, cavity, dephasing without temperatures; no entropy accounting, no quanta of energy.

    Raises
    ------
    InputError
        Values out of range; p = gamma = 0, where the dark state of the qubits keeps its population for ever.
    """
    least_zero = {"p": p, "gamma": gamma, "dephasing": dephasing, "cavity_pump": cavity_pump}
    values = {key: validation.real(rate, f"cavity: {key}", least=0.0) for key, rate in least_zero.items()}
    values |= {key: validation.real(x, f"cavity: {key}", above=0.0) for key, x in (("kappa", kappa), ("g", g))}
    values["detuning"] = validation.real(detuning, "cavity: detuning")
    values["n_max"] = validation.whole(n_max, "cavity: n_max", 1)
    if n_max > LARGEST_N_MAX:
        raise InputError(f"cavity: n_max = {n_max}: allowed: 1 to {LARGEST_N_MAX} (operators are dense matrices)")
    if values["p"] == 0.0 and values["gamma"] == 0.0:
        raise InputError("cavity: p = gamma = 0: the qubits never leave their dark state; p or gamma must be > 0")
    if values["cavity_pump"] >= values["kappa"]:
        raise InputError(
            f"cavity: cavity_pump = {cavity_pump:g}: the number of photons would grow without end; "
            f"allowed: < kappa = {kappa:g}"
        )
    order = ("p", "gamma", "kappa", "g", "n_max", "dephasing", "detuning", "cavity_pump")
    values = {key: values[key] for key in order}
    exchange, difference = unit_hamiltonians(int(values["n_max"]))
    # Nothing is searched for what would undo a jump: no entropy is defined here.
    channels = [
        Channel(name, math.sqrt(values[key]) * jump, bath, None, name if bath == "dephasing" else "none")
        for name, bath, key, jump in unit_jumps(int(values["n_max"]))
        if values[key] > 0.0
    ]
    return Model(
        values["g"] * exchange + values["detuning"] * difference,
        channels,
        [Reservoir(bath) for bath in dict.fromkeys(channel.reservoir for channel in channels)],
        name="cavity",
        dims=(2, 2, int(values["n_max"]) + 1),
        pair=(0, 1),
        parameters=values,
        entropy=False,
        truncated=(2,),
    )


@lru_cache(maxsize=4)
def unit_hamiltonians(n_max: int) -> tuple[Array, Array]:
    """Return what g and delta multiply, sum_i (c_i^dagger a + c_i a^dagger) and n_1 - n_2, each (d, d)."""
    dims = (2, 2, n_max + 1)
    absorb = dagger(embed(sigma_minus(), 0, dims) + embed(sigma_minus(), 1, dims)) @ embed(destroy(n_max + 1), 2, dims)
    return frozen(absorb + dagger(absorb)), frozen(embed(number(), 0, dims) - embed(number(), 1, dims))


@lru_cache(maxsize=4)
def unit_jumps(n_max: int) -> list[tuple[str, str, str, Array]]:
    """Return name, reservoir, rate's parameter and operator (d, d) at unit rate of every kind of jump."""
    dims = (2, 2, n_max + 1)
    photon = embed(destroy(n_max + 1), 2, dims)
    jumps: list[tuple[str, str, str, Array]] = []
    for i in (0, 1):
        c = embed(sigma_minus(), i, dims)
        jumps += [(f"pump_{i + 1}", "pump", "p", dagger(c)), (f"decay_{i + 1}", "decay", "gamma", c)]
    jumps += [("loss", "cavity", "kappa", photon), ("cavity_pump", "cavity", "cavity_pump", dagger(photon))]
    jumps += [(f"dephasing_{i + 1}", "dephasing", "dephasing", embed(sigma_z(), i, dims)) for i in (0, 1)]
    return [(name, bath, key, frozen(operator)) for name, bath, key, operator in jumps]


def effective_cavity(p: float, gamma: float, kappa: float, g: float = 1.0) -> Model:
    """Return the two-qubit model that is left when the cavity follows the qubits at once, Eq. (9): a `diamond`.

    p, gamma, kappa, g: as for `cavity`. Its rates are up_A = up_S = p/2, down_A = gamma/2, down_S = 4 g^2/kappa +
    gamma/2; good for kappa >> g. Unlike the cavity it has reservoirs with temperatures, beta_A = ln(gamma/p) and
    beta_S = ln((gamma + 8 g^2/kappa)/p). Raises InputError for values out of range.
    """
    p, gamma = validation.real(p, "cavity: p", least=0.0), validation.real(gamma, "cavity: gamma", least=0.0)
    kappa, g = validation.real(kappa, "cavity: kappa", above=0.0), validation.real(g, "cavity: g", above=0.0)
    return diamond(rates=(p / 2.0, gamma / 2.0, p / 2.0, 4.0 * g**2 / kappa + gamma / 2.0))


def pair_population(index: int) -> Quantity:
    """Return the function that gives the population of a state of the two qubits, 0 to 3 for |00> to |11>."""

    def population(steady: SteadyState) -> NDArray[np.float64]:
        diagonal = np.diagonal(steady.rho, axis1=1, axis2=2).real
        return np.asarray(diagonal.reshape(len(diagonal), 4, -1)[:, index].sum(axis=1))

    return population


def photons(steady: SteadyState) -> NDArray[np.float64]:
    """Return the mean number of photons in the cavity, (n,)."""
    diagonal = np.diagonal(steady.rho, axis1=1, axis2=2).real
    levels = diagonal.reshape(len(diagonal), 4, -1).sum(axis=1)
    return np.asarray(levels @ np.arange(levels.shape[1]))


def effective_concurrence(steady: SteadyState) -> NDArray[np.float64]:
    """Return the concurrence of the diamond that is left when the cavity follows the qubits at once, (n,)."""
    values = {name: steady.parameters[name] for name in ("p", "gamma", "kappa", "g")}
    return steady.of(effective_cavity, "concurrence", **values)


register(
    cavity,
    energy_scale="g",
    couplings=(1e-6, 1e2),
    quantities={
        "photons": photons,
        "effective.concurrence": effective_concurrence,
        **{f"pair_population.{label}": pair_population(i) for i, label in enumerate(("00", "01", "10", "11"))},
    },
)
