"""Engines with one mistake in the plan, in the observables or in how the kernel is called, beside the right exact side.

A change of the preparation leaves its exact values alone: what is sampled is wrong, what it is compared with is right.
Each returns None where its mistake cannot be made in a machine. A change of the kernel takes the kernel and the number
of trajectories in a block.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from trajectories.kernels.observable_table import LOG_STATE, STATE, ObservableTable
from trajectories.kernels.plan import CHANNEL, FINISH, SLOT, SLOT_END, Plan
from trajectories.master.eigenensemble import Spectrum
from trajectories.sampling.plan import unravel
from trajectories.sampling.preparation import Preparation

Change = Callable[[Preparation], Preparation | None]
Kernel = Callable[..., None]


def _other_plan(preparation: Preparation, **arrays: np.ndarray) -> Preparation:
    plan: Plan = preparation.plan._replace(**arrays)
    return dataclasses.replace(preparation, plan=plan)


def _other_ledger(preparation: Preparation, **arrays: np.ndarray) -> Preparation:
    observables: ObservableTable = preparation.observables._replace(**arrays)
    return dataclasses.replace(preparation, observables=observables)


def _other_model(preparation: Preparation, hamiltonian: np.ndarray, operators: np.ndarray) -> Preparation:
    """The plan of another Hamiltonian and other jump operators."""
    other = SimpleNamespace(hamiltonian=hamiltonian, operators=operators)
    plan = unravel(other, preparation.sectors, *preparation.spectra, preparation.times)
    return dataclasses.replace(preparation, plan=plan)


def rate(preparation: Preparation, off: float = 0.01) -> Preparation:
    """The first channel's rate is too high by a part `off` of it."""
    operators = preparation.model.operators.copy()
    operators[0] *= np.sqrt(1 + off)
    return _other_model(preparation, preparation.model.hamiltonian, operators)


def coupling(preparation: Preparation, off: float = 0.01) -> Preparation | None:
    """All off-diagonal elements of H are too large by a part `off` of them."""
    hamiltonian = preparation.model.hamiltonian
    between = hamiltonian - np.diag(np.diag(hamiltonian))
    if not between.any():
        return None
    return _other_model(preparation, hamiltonian + off * between, preparation.model.operators)


def loss(preparation: Preparation) -> Preparation:
    """The loss of the largest sector is halved: between jumps its norm falls half as fast."""
    sectors, model = preparation.sectors, preparation.model
    largest = int(np.argmax(sectors.dimensions))
    basis = sectors.basis[:, sectors.offsets[largest] : sectors.offsets[largest + 1]]
    inside = basis @ basis.conj().T
    return _other_model(preparation, model.hamiltonian + 0.25j * inside @ model.loss @ inside, model.operators)


def times(preparation: Preparation, off: float = 1e-3) -> Preparation:
    """Everything is looked at too late, by a part `off` of the time."""
    plan = unravel(preparation.model, preparation.sectors, *preparation.spectra, preparation.times * (1 + off))
    return dataclasses.replace(preparation, plan=plan)


def weights(preparation: Preparation, off: float = 0.01) -> Preparation | None:
    """Initial weights add up to 1 + off and are drawn as if they added up to 1."""
    if preparation.spectra[0].probabilities.max() == 1.0:
        return None
    return _other_plan(preparation, start_cumulative=np.minimum(preparation.plan.start_cumulative * (1 + off), 1.0))


def final_basis(preparation: Preparation) -> Preparation | None:
    """The final measurement is in the sectors' basis, with the populations there, not in rho(T)'s eigenbasis."""
    sectors, observables = preparation.sectors, preparation.observables
    if sectors.dimensions.max() == 1:
        return None
    unit = [np.eye(m) for m in sectors.dimensions]
    diagonal, varying = np.concatenate([one.ravel() for one in unit]), observables.varying.copy()
    varying[:, STATE] *= diagonal
    populations = varying[:, STATE].real
    varying[:, LOG_STATE] = np.log(np.where(populations > 0, populations, 1.0)) * diagonal
    local = np.zeros((len(sectors.basis), int(sectors.dimensions.max())), complex)
    for begin, one in zip(sectors.offsets, unit, strict=False):
        local[begin : begin + len(one), : len(one)] = one
    last, start = populations[-1][diagonal > 0], preparation.spectra[0]
    finish = Spectrum(last, sectors.basis, sectors.sector_of.astype(np.int64), local, 0)
    plan = unravel(preparation.model, sectors, start, finish, preparation.times)
    wrong = dataclasses.replace(preparation, plan=plan, spectra=(start, finish))
    return _other_ledger(wrong, varying=varying, log_finish=np.log(last))


def measurement(preparation: Preparation) -> Preparation:
    """The kernel alone measures in the sectors' basis: outcomes keep the names and populations of the right states."""
    matrices = preparation.plan.matrices.copy()
    matrices[FINISH] = np.concatenate([np.eye(m).ravel() for m in preparation.sectors.dimensions])
    return _other_plan(preparation, matrices=matrices)


def channels_exchanged(preparation: Preparation) -> Preparation:
    """In every sector the first two channels take each other's name."""
    slots = preparation.plan.slots.copy()
    for first, last in preparation.plan.sectors[:, [SLOT, SLOT_END]]:
        if last - first > 1:
            slots[[first, first + 1], CHANNEL] = slots[[first + 1, first], CHANNEL]
    return _other_plan(preparation, slots=slots)


def entropy_step(preparation: Preparation, off: float = 0.01) -> Preparation:
    """Delta s of the first pair of channels is too large by a part `off` of it."""
    entropy = preparation.observables.pair_entropy.copy()
    entropy[0] *= 1 + off
    return _other_ledger(preparation, pair_entropy=entropy)


def partners(preparation: Preparation) -> Preparation:
    """Partners are swapped: every jump gets the entropy of its reversal."""
    return _other_ledger(preparation, pair_sign=-preparation.observables.pair_sign)


def heat_sign(preparation: Preparation) -> Preparation:
    """The heat of one channel of the first reservoir has the wrong sign."""
    return quantum(preparation, -2.0)


def quantum(preparation: Preparation, off: float) -> Preparation:
    """The heat of one channel of the first reservoir is too large by a part `off` of it."""
    linear = preparation.observables.linear.copy()
    linear[1, np.flatnonzero(linear[1])[0]] *= 1 + off
    return _other_ledger(preparation, linear=linear)


def start_energy(preparation: Preparation, off: float) -> Preparation:
    """The energy at the start is too high."""
    return _other_ledger(preparation, start_energy=preparation.observables.start_energy + off)


def nothing(preparation: Preparation) -> Preparation:
    """No fault."""
    return preparation


def right(kernel: Kernel, block: int) -> Kernel:
    """No fault."""
    return kernel


def jumps_missed(kernel: Kernel, block: int, share: float = 1e-3) -> Kernel:
    """This share of the jumps is not counted."""

    def jumps(plan, seed, stream, first, initial, final, counts, *rest):
        kernel(plan, seed, stream, first, initial, final, counts, *rest)
        fresh = np.diff(counts, axis=1, prepend=0)
        counts -= np.random.default_rng([int(seed), stream, first]).binomial(fresh, share).cumsum(axis=1)

    return jumps


def streams_twice(kernel: Kernel, block: int) -> Kernel:
    """Every stream is used by two trajectories, one after the other."""

    def jumps(plan, seed, stream, first, *arrays):
        used = (first + np.arange(len(arrays[0]))) // 2
        numbers = used - used[0]
        half = [np.zeros((numbers[-1] + 1, *array.shape[1:]), array.dtype) for array in arrays]
        kernel(plan, seed, stream, int(used[0]), *half)
        for array, found in zip(arrays, half, strict=True):
            array[:] = found[numbers]

    return jumps


def streams_of_one_block(kernel: Kernel, block: int) -> Kernel:
    """Every block uses the streams of the first one."""

    def jumps(plan, seed, stream, first, *arrays):
        kernel(plan, seed, stream, first % block, *arrays)

    return jumps
