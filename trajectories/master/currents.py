"""Rates of the ensemble as Hermitian operators: heat, energy, activity, entropy. Heat is positive INTO the system.

For a state rho and an operator A from here the rate is Tr[A rho]; with rho integrated over time, what has been
exchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.model.operators import compact, full

if TYPE_CHECKING:
    from trajectories.master.lindblad import Master

FIRES = 1e-14


def heat_rates(model: Model) -> np.ndarray:
    """Return the counted heat per time from each reservoir, sum_{k in r} dq_k L_k^dag L_k, as operators (R, d, d).

    dq_k: the energy quantum of channel k, 0 for one without; a reservoir none of whose channels has a quantum has no
    counted heat: nan.
    Unit: energy/time.
    """
    rates = np.zeros((len(model.reservoirs), model.dimension, model.dimension), complex)
    for k, operator in enumerate(model.operators):
        rates[model.reservoir_index[k]] += model.quanta[k] * (operator.conj().T @ operator)
    return rates


def energy_rates(model: Model) -> np.ndarray:
    """Return the energy per time from each reservoir as operators (R, d, d), the adjoint dissipators acting on H,

    A_r = sum_{k in r} (L_k^dag H L_k - {L_k^dag L_k, H}/2),   Tr[A_r rho] = Tr[H D_r rho].

    They obey the first law, sum_r Tr[A_r rho] = d<H>/dt, whatever the model. Unit: energy/time.
    """
    hamiltonian = compact(model.hamiltonian)
    rates = np.zeros((len(model.reservoirs), model.dimension, model.dimension), complex)
    for k, operator in enumerate(model.operators):
        # L^dag [H, L] + its adjoint, halved: no energy of the undisturbed state is added and taken away again.
        jump = compact(operator)
        change = full(jump.conj().T @ (hamiltonian @ jump - jump @ hamiltonian))
        rates[model.reservoir_index[k]] += 0.5 * (change + change.conj().T)
    return rates


def steady_entropy_production_rate(master: Master) -> float:
    """Return the entropy production rate of the steady state, sum_k Delta s_k Tr[L_k^dag L_k rho] (nat/time).

    inf where a channel without partner fires. Horowitz and Parrondo, NJP 15, 085028 (2013). Raises InputError where
    the model has no entropy accounting.
    """
    check_entropy(master.model)
    return float(_entropy_given(master.model, master.jump_rates(master.steady_blocks), 1.0))


def entropy_production(master: Master, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the mean total entropy production from 0 to t, <Delta S>(t), as (T,) in nats,

    <Delta S>(t) = S(rho(t)) - S(rho(0)) + sum_k Delta s_k int_0^t Tr[L_k^dag L_k rho(s)] ds,   S(rho) = -Tr rho ln rho.

    rho0: (d, d) or flattened blocks (D,). times: (T,), not falling. inf once a channel without partner can have
    fired. It is finite for a pure start. Manzano, Horowitz and Parrondo, PRX 8, 031037 (2018). Raises InputError
    where the model has no entropy accounting, or for a bad state or bad times.
    """
    check_entropy(master.model)
    master = master.covering(rho0)
    start = master.blocks(rho0, np.zeros(1))
    states, integrals = master.blocks(rho0, times), master.block_integrals(rho0, times)
    gained = np.array([_entropy(state, master) for state in states]) - _entropy(start[0], master)
    return gained + _entropy_given(master.model, master.jump_rates(integrals), np.asarray(times, float))


def von_neumann_entropy(rho: np.ndarray) -> np.ndarray:
    """Return -Tr rho ln rho in nats, (...,), for density matrices (..., d, d)."""
    p = np.linalg.eigvalsh(np.asarray(rho, complex))
    return -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=-1)


def _entropy(blocks: np.ndarray, master: Master) -> float:
    """Return the entropy of flattened blocks; one-dimensional sectors count exactly, however small."""
    total = 0.0
    for block in master.sectors.split(blocks):
        if len(block) == 1:
            p = float(block[0, 0].real)
            total -= p * np.log(p) if p > 0 else 0.0
        else:
            total += float(von_neumann_entropy(block))
    return total


def _entropy_given(model: Model, jumps: np.ndarray, elapsed: np.ndarray | float) -> np.ndarray:
    """Return sum_k Delta s_k jumps_k for (..., K) numbers of jumps; inf where one-way channels fire beyond rounding."""
    one_way = model.partner < 0
    given = jumps @ np.where(one_way, 0.0, model.entropy_steps)
    noise = FIRES * np.asarray(elapsed) * float(np.abs(model.loss).max())
    return np.where(jumps[..., one_way].sum(axis=-1) > noise, np.inf, given)


def check_entropy(model: Model) -> None:
    """Raise InputError where the model has no entropy accounting."""
    if not model.entropy:
        raise InputError(f"{model.name} has no entropy accounting (entropy=False): its entropy production is undefined")
