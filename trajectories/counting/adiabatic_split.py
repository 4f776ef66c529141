"""The entropy production in two parts, where there are two: adiabatic and nonadiabatic.

Where every jump operator shifts the logarithm of the steady state pi by a constant,

    [L_k, ln pi] = Delta phi_k L_k,

jump k changes the nonequilibrium potential -ln pi by Delta phi_k, and Delta S = Delta S_ad + Delta S_na with

    Delta S_na = ln p(n0) - ln p(nT) - sum_j Delta phi_{k_j},    Delta S_ad = sum_j (Delta s_{k_j} + Delta phi_{k_j}).

Both averages are never negative, and each part has an integral theorem of its own, <e^{-Delta S_na}> = 1 (from a start
of full rank) and <e^{-Delta S_ad}> = 1 (from any start). Then [H, pi] = 0 follows, and a trajectory that starts in the
steady state stays in one eigenspace of pi until it jumps: there Delta S_na = 0 on every trajectory, and Delta S_ad is
Delta S.
Manzano, Horowitz, Parrondo, PRX 8, 031037 (2018), Sec. VI; Horowitz, Parrondo, NJP 15, 085028 (2013).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.counting.entropy_statistics import jump_average, weighted_average
from trajectories.errors import InputError
from trajectories.master.currents import von_neumann_entropy
from trajectories.master.eigenensemble import spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sparse_propagation import LONGEST

PROPORTIONAL = 1e-9
FULL_RANK = 1e-13


class Split(NamedTuple):
    """Change of -ln pi, Delta S_ad and Delta S_na by a jump of each channel, (K,) each in nats.

    adiabatic is +inf for a one-way channel.
    """

    potential: np.ndarray
    adiabatic: np.ndarray
    nonadiabatic: np.ndarray


def split_of(master: Master) -> Split:
    """Return the split of a model's entropy production.

    Raises InputError, "split undefined: ...", where the model has no entropy accounting, where the steady state is not
    unique or has no full rank, or where some [L_k, ln pi] is not proportional to L_k to 1e-9: the channel that is
    farthest from it is named, with ||[L_k, ln pi] - Delta phi_k L_k|| / ||L_k|| at the best Delta phi_k.
    """
    model = master.model
    if not model.entropy:
        raise InputError(f"split undefined: {model.name} has no entropy accounting (entropy=False)")
    try:
        steady = master.steady_blocks
    except InputError as error:
        raise InputError(f"split undefined: {error}") from None
    eigenstates = spectrum(steady if master.classical else master.steady_state(), model.hamiltonian, master.sectors)
    if eigenstates.null_rank:
        raise InputError(
            f"split undefined: the steady state has {eigenstates.null_rank} empty state"
            f"{'s' * (eigenstates.null_rank > 1)}, and ln pi does not exist there"
        )
    logarithm = eigenstates.logarithm()
    shifts, misfits = np.array([_shift(operator, logarithm) for operator in model.operators]).T
    worst = int(np.argmax(misfits))
    if misfits[worst] > PROPORTIONAL * max(1.0, float(np.abs(np.log(eigenstates.probabilities)).max())):
        raise InputError(
            f"split undefined: the jumps of {model.channels[worst].name} do not change ln pi by a constant: "
            f"[L, ln pi] differs from {shifts[worst]:.4g} L by {misfits[worst]:.3g} |L|"
        )
    return Split(shifts, model.entropy_steps + shifts, -shifts)


def _shift(operator: np.ndarray, logarithm: np.ndarray) -> tuple[float, float]:
    """Return Delta phi of the best fit [L, ln pi] = Delta phi L, and the norm of the residual over that of L."""
    commutator = operator @ logarithm - logarithm @ operator
    norm = float(np.linalg.norm(operator))
    shift = float(np.vdot(operator, commutator).real) / norm**2
    return shift, float(np.linalg.norm(commutator - shift * operator)) / norm


def adiabatic_average(
    master: Master, split: Split, exponent: float, rho0: np.ndarray, times: np.ndarray, most: float = LONGEST
) -> np.ndarray:
    """Return <e^{-l Delta S_ad}> = Tr[e^{L_l t}(rho(0))], (T,) float64, for l >= 0.

    L_l: the generator with the jump term of channel k multiplied by e^{-l (Delta s_k + Delta phi_k)}. exponent: l.
    rho0: (d, d) or flattened blocks (D,). times: (T,), not falling. 1 at l = 1 where no channel is one-way. Raises
    TooCostly before more than `most` multiplications are spent.
    """
    with np.errstate(over="ignore"):
        weights = np.exp(-exponent * split.adiabatic) if exponent else np.ones(len(split.adiabatic))
    return jump_average(master, weights, rho0, times, most) if np.isfinite(weights).all() else _overflown(times)


def nonadiabatic_average(
    master: Master, split: Split, exponent: float, rho0: np.ndarray, times: np.ndarray, most: float = LONGEST
) -> np.ndarray:
    """Return <e^{-l Delta S_na}> = Tr[rho(t)^l e^{L_l t}(rho(0)^{1-l})], (T,) float64, powers on the supports.

    L_l: the generator with the jump term of channel k multiplied by e^{l Delta phi_k}. 1 at l = 1 where rho(0) has full
    rank. Arguments: `adiabatic_average`.
    """
    with np.errstate(over="ignore"):
        weights = np.exp(-exponent * split.nonadiabatic)
    finite = np.isfinite(weights).all()
    return weighted_average(master, weights, exponent, rho0, times, most) if finite else _overflown(times)


def split_means(master: Master, split: Split, rho0: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (<Delta S_ad>, <Delta S_na>), (T,) each, in nats; arguments: `adiabatic_average`.

    <Delta S_ad> = sum_k (Delta s_k + Delta phi_k) <n_k>, inf where a one-way channel fires, and
    <Delta S_na> = S(rho(t)) - S(rho(0)) - sum_k Delta phi_k <n_k> = D(rho(0)|pi) - D(rho(t)|pi).
    """
    master = master.covering(rho0)
    counts = master.jump_rates(master.block_integrals(rho0, times))
    states = master.sectors.unflatten(master.blocks(rho0, np.concatenate([[0.0], times])))
    entropy = von_neumann_entropy(states)
    one_way = np.isinf(split.adiabatic)
    given = counts @ np.where(one_way, 0.0, split.adiabatic)
    adiabatic = np.where(counts[:, one_way].sum(axis=1) > 0, np.inf, given)
    return adiabatic, entropy[1:] - entropy[0] + counts @ split.nonadiabatic


def _overflown(times: np.ndarray) -> np.ndarray:
    return np.where(np.asarray(times) > 0, np.inf, 1.0)
