"""Which detector sees the jumps that undo those of another one."""

from __future__ import annotations

import numpy as np

from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.records.detection import Detectors

ALIKE = 1e-12


def partner_detectors(model: Model, detectors: Detectors) -> np.ndarray:
    """Return for each detector d the one d~ (D,) with eta_{d~ k~} = eta_{dk} for every channel k, and its dark counts.

    k~ is the channel that undoes k. Detectors that are alike are taken in their order. Raises InputError where a
    channel, seen or hidden, is one-way, and for a detector that has no partner.
    """
    names = [channel.name for channel in model.channels]
    for name, partner in zip(names, model.partner, strict=True):
        if partner < 0:
            raise InputError(f"{model.name}: {name} is one-way: a record of a process with such jumps has no reverse")
    reversed_eta = np.zeros_like(detectors.eta)
    reversed_eta[:, model.partner] = detectors.eta
    found = np.full(len(detectors.names), -1)
    for d, (eta, dark) in enumerate(zip(reversed_eta, detectors.dark, strict=True)):
        same = np.abs(detectors.eta - eta).max(axis=1) <= ALIKE
        equal = same & (np.abs(detectors.dark - dark) <= ALIKE * max(1.0, abs(dark)))
        free = [e for e in np.flatnonzero(equal) if e not in found]
        if not free:
            raise InputError(
                f"detection: no detector sees the reverse of what {detectors.names[d]} sees, with the same "
                "efficiencies and dark counts: such records have no reverse"
            )
        found[d] = free[0]
    return found
