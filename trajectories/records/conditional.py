"""The conditional state of a monitored system, as linear equations on the diagonal blocks of its sectors.

    click of d:  rho -> J_d rho = sum_k eta_dk L_k rho L_k^dag + delta_d rho
    no click:    d rho/dt = L_0 rho,  L_0 = L - sum_d J_d

with the full Liouvillian L, hidden jumps included. Every L_k maps a sector into one sector, so a state without
coherence between sectors never acquires any: D = sum_s m_s^2 numbers are all there is. The trace of the unnormalised
state is the probability density of the clicks. A perfectly resolved record keeps a pure state pure in the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError
from trajectories.master.basis_change import coupled_by_loss
from trajectories.master.sectors import NEGLIGIBLE, Sectors, rotated, smallest_subspaces
from trajectories.model import Model
from trajectories.model.validation import COMPUTATIONAL
from trajectories.records.detection import Detectors

LARGEST = 1000
"""Numbers of the conditional state, derivatives included, beyond which the dense matrices here cost too much."""


class Conditional(NamedTuple):
    """generator: L_0 (D, D) (1/time). clicks: J_d (M, D, D) (1/time). start: flattened blocks of rho(0) (D,)."""

    generator: np.ndarray
    clicks: np.ndarray
    start: np.ndarray

    def flat(self) -> np.ndarray:
        """Return all numbers in one row."""
        return np.concatenate([part.ravel() for part in self])

    def filled(self, row: np.ndarray) -> Conditional:
        """Return the object of this shape that `flat` made into a row."""
        ends = np.cumsum([part.size for part in self])[:-1]
        return Conditional(*(new.reshape(old.shape) for new, old in zip(np.split(row, ends), self, strict=True)))


def conditional(model: Model, detectors: Detectors, sectors: Sectors, initial: np.ndarray) -> Conditional:
    """Return the equations of the conditional state; initial: rho(0), (d, d), without coherence between the sectors.

    Raises InputError where the blocks have more numbers than dense matrices can be made for.
    """
    if sectors.size > LARGEST:
        raise InputError(
            f"{model.name}: its conditional state has {sectors.size:,} numbers: at most {LARGEST:,} can be filtered"
        )
    operators = rotated(model, sectors)
    rows, columns = sectors.indices
    left, right = (rows[:, None], rows[None, :]), (columns[:, None], columns[None, :])
    h, unit = operators.effective, np.eye(model.dimension)
    generator = -1j * h[left] * unit[right] + 1j * h.conj()[right] * unit[left]
    clicks = np.zeros((len(detectors.names), *generator.shape), complex)
    for k, jump in enumerate(operators.jumps):
        action = jump[left] * jump.conj()[right]
        clicks += detectors.eta[:, k, None, None] * action
        generator += max(0.0, 1.0 - detectors.eta[:, k].sum()) * action
    clicks += detectors.dark[:, None, None] * np.eye(sectors.size)
    generator -= detectors.dark.sum() * np.eye(sectors.size)
    return Conditional(generator, clicks, sectors.flatten(initial))


def common_sectors(models: Sequence[Model], states: Sequence[np.ndarray]) -> Sectors:
    """Return sectors in the computational basis that hold for each of some models with the same channels.

    states: density matrices (d, d) that must have no coherence between them. For one model `find_sectors` may find
    finer ones, in a basis that other parameters would turn.
    """
    couplings = [model.hamiltonian != 0 for model in models]
    couplings += [coupled_by_loss(model.operators) for model in models]
    couplings += [np.abs(rho) >= NEGLIGIBLE * np.abs(rho).max() for rho in states]
    jumps = np.any([model.operators != 0 for model in models], axis=0)
    sector = smallest_subspaces(couplings, jumps)
    order = np.argsort(sector, kind="stable")
    offsets = np.concatenate([[0], np.cumsum(np.bincount(sector))]).astype(np.int64)
    basis = np.eye(len(sector), dtype=complex)[:, order]
    return Sectors(COMPUTATIONAL, basis, tuple(models[0].states[i] for i in order), offsets, 0.0)
