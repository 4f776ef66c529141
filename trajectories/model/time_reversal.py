"""Time reversal of a model: the process whose trajectories are the forward ones run backwards.

Theta = U K is antiunitary; K conjugates in the computational basis, never in a sector's basis or an eigenbasis.
"""

from __future__ import annotations

import numpy as np

from trajectories.model.model import Model
from trajectories.model.operators import dagger


def reversed_model(model: Model) -> Model:
    """Return the time-reversed model, with every operator A replaced by Theta A Theta^dagger = U conj(A) U^dagger.

    Names, partners, reservoirs, quanta and entropy steps stay as they are. A jump k of a forward trajectory is undone
    by the jump `partner[k]` of the reversed model, whose operator is Theta L_partner(k) Theta^dagger
    = e^{-Delta s_k/2} Theta L_k^dagger Theta^dagger; a one-way jump is undone by none. Offered bases are carried along
    (vectors v become Theta v), so that the reversed model has the sectors of the forward one. Reversing twice gives
    the original back whenever Theta^2 = +1 or -1.

    Reference: Manzano, Horowitz and Parrondo, PRX 8, 031037 (2018); Horowitz and Parrondo, NJP 15, 085028 (2013).
    Eq. (B3) of Tacchino et al., PRL 120, 063604 (2018), preprint, lacks a dagger: the reversed jump operator is
    sqrt(rho) K^dagger sqrt(rho)^-1 with the bath's equilibrium state rho, which is the opposite channel's operator.
    """
    u = model.time_reversal
    meta, arrays = model.pack()
    turned = dict(arrays)
    for key in ("hamiltonian", "operators"):
        turned[key] = u @ np.conj(arrays[key]) @ dagger(u)
    for key in model.bases:
        turned[f"basis_{key}"] = u @ np.conj(arrays[f"basis_{key}"])
    return Model.unpack(meta, turned)
