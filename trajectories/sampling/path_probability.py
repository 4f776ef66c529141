"""Forward and reversed probability of a recorded trajectory, each from the operators of its own process."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.kernels.reverse import log_path_probability
from trajectories.master.propagation import check_phases
from trajectories.master.sectors import Sectors, find_sectors
from trajectories.model import Model
from trajectories.model.detailed_balance import ONE_WAY
from trajectories.model.time_reversal import reversed_model


class Paths(NamedTuple):
    """ln P of a record and ln P~ of its reversal, densities in the same jump times; -infinity: impossible."""

    forward: float
    reverse: float

    @property
    def entropy(self) -> float:
        """ln P - ln P~, which is the entropy production; infinity where nothing undoes one of the jumps."""
        return self.forward - self.reverse


def path_probabilities(
    model: Model,
    start: np.ndarray,
    log_start: float,
    finish: np.ndarray,
    log_finish: float,
    times: np.ndarray,
    channels: np.ndarray,
    duration: float,
    backwards: Model | None = None,
) -> Paths:
    """Return the two probabilities of the record {n0; (k_1, t_1), ..., (k_N, t_N); nT} of duration T:

        ln P  = ln p(n0) + ln |<nT| U(T-t_N) L_kN ... L_k1 U(t_1) |n0>|^2,
        ln P~ = ln p(nT) + ln |<Theta n0| U~(t_1) L~_k1' ... L~_kN' U~(T-t_N) |Theta nT>|^2,

    where U~ and L~ belong to the reversed process, k' undoes k, and Theta n = U conj(n) in the computational basis.
    The second is evaluated with the reversed model's arrays alone; their difference is the entropy production only if
    that model is right.

    start, finish: (d,) |n0> and |nT>, computational basis. log_start, log_finish: ln p(n0), ln p(nT). times, channels:
    (N,), in order, from 0 to the duration. backwards: the reversed model, where it has been made before. Source:
    Horowitz and Parrondo, NJP 15, 085028 (2013); Manzano, Horowitz and Parrondo, PRX 8, 031037 (2018). The reversed
    operator of a jump is proportional to the adjoint of the forward one; Eq. (B3) of the preprint of Tacchino et al.,
    PRL 120, 063604 (2018) lacks that dagger. Raises InputError for times or channels that are no record, or where
    phases over the duration are beyond double precision.
    """
    times, channels = _checked(model, times, channels, duration)
    forward = _log_probability(model, start, log_start, times, channels, duration, finish)
    undoing = model.partner[channels][::-1]
    if np.any(undoing == ONE_WAY):
        return Paths(forward, -np.inf)
    reverse = _log_probability(
        reversed_model(model) if backwards is None else backwards,
        time_reversed(model, finish),
        log_finish,
        duration - times[::-1],
        undoing,
        duration,
        time_reversed(model, start),
    )
    return Paths(forward, reverse)


def _checked(model: Model, times: np.ndarray, channels: np.ndarray, duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Return times and channels of a record as (N,) arrays; raise InputError where they are no record."""
    when, which = np.asarray(times, float), np.asarray(channels)
    last = len(model.operators) - 1
    if when.ndim != 1 or which.shape != when.shape:
        raise InputError(f"a record has {when.size} times and {which.size} channels: must be one channel for each time")
    if len(when) and not (np.diff([0.0, *when, duration]) >= 0).all():
        raise InputError(f"the times of a record: must be from 0 to its duration, {duration:g}, and not fall")
    if len(which) and not (np.issubdtype(which.dtype, np.integer) and which.min() >= 0 and which.max() <= last):
        raise InputError(f"the channels of a record: must be numbers from 0 to {last}, those of the model's channels")
    return when, which.astype(np.int64)


def time_reversed(model: Model, psi: np.ndarray) -> np.ndarray:
    """Return Theta psi = U conj(psi), (d,), in the computational basis."""
    return model.time_reversal @ np.conj(psi)


def without_sector_energies(model: Model, sectors: Sectors, duration: float) -> np.ndarray:
    """Return H_eff (d, d) without the mean energy of each sector.

    A state lives in one sector, where that energy is a phase, however large beside the others. Raises InputError where
    phases inside a sector over the duration are beyond double precision.
    """
    effective = model.effective_hamiltonian
    blocks = list(sectors.split(sectors.flatten(effective)))
    for block in blocks:
        check_phases(block, duration)
    means = [np.trace(block).real / len(block) * np.eye(len(block)).ravel() for block in blocks]
    return effective - sectors.unflatten(np.concatenate(means))


def _log_probability(
    model: Model,
    start: np.ndarray,
    log_p: float,
    times: np.ndarray,
    channels: np.ndarray,
    duration: float,
    finish: np.ndarray,
) -> float:
    """Return ln P of a record in one process; see `kernels.reverse.log_path_probability`."""
    sectors = find_sectors(model, [np.outer(psi, np.conj(psi)) for psi in (start, finish)])
    effective = without_sector_energies(model, sectors, duration)

    # The kernel has one signature: contiguous arrays that it could write to.
    def plain(array: np.ndarray, kind: type) -> np.ndarray:
        return np.array(array, kind, order="C")

    return log_path_probability(
        plain(effective, complex),
        plain(model.operators, complex),
        plain(start, complex),
        float(log_p),
        plain(times, float),
        plain(channels, np.int64),
        float(duration),
        plain(finish, complex),
    )
