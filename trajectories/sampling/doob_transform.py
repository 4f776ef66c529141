"""Guided dynamics: trajectories of the same jumps, drawn so that rare ones become common, with exact path weights.

Take a number v and the leading eigenvector X > 0 of the adjoint generator with jumps weighted by e^{-v Delta s_k},

    i (H_eff^dag X - X H_eff) + sum_k e^{-v Delta s_k} L_k^dag X L_k = mu X .

Then K = X^{1/2} H_eff X^{-1/2} - i mu/2 and J_k = e^{-v Delta s_k/2} X^{1/2} L_k X^{-1/2} obey i(K - K^dag) =
sum_k J_k^dag J_k: they unravel a process of their own, whose states phi are X^{1/2} psi, psi the state that the
original process would be in after the same record. The densities of a record differ by a factor without any integral,

    dP/dP_guided = e^{mu t} prod_j e^{v Delta s_{k_j}} <psi_0|X|psi_0> / <psi_t|X|psi_t>,   psi normalised.

This is Doob's transform for quantum jumps (Garrahan, Lesanovsky, PRL 104, 160601 (2010); Carollo, Garrahan, Lesanovsky,
Perez-Espigares, PRA 98, 010103 (2018)). v = 0 has X = 1, mu = 0: the original process, every weight 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.linalg import block_diag

from trajectories.counting.dominant_mode import leading_mode
from trajectories.errors import InputError
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Rotated, rotated
from trajectories.model import Model
from trajectories.sampling.plan import unravel_operators

Array = np.ndarray

ACCURACY = 1e-7


class Guide(NamedTuple):
    """A guided process, in the basis of the sectors.

    exponent: v. growth: mu (1/time). plan: of one window. root, inverse (S, M, M): X^{1/2} and X^{-1/2} of each sector,
    padded with zeros. log_ratio (K,): what a jump adds to ln dP/dP_guided, v Delta s_k.
    eigenvector (D,): X, flattened blocks.
    """

    exponent: float
    growth: float
    plan: Plan
    root: Array
    inverse: Array
    log_ratio: Array
    eigenvector: Array

    def transformed(self, sector: Array, psi: Array) -> tuple[Array, Array]:
        """Return phi = X^{1/2} psi, normalised, (n, M), and <psi|X|psi>, (n,); psi (n, M) normalised."""
        phi = np.einsum("nab,nb->na", self.root[sector], psi)
        size = (np.abs(phi) ** 2).sum(axis=1)
        return phi / np.sqrt(size)[:, None], size

    def average(self, sector: Array, phi: Array, operator: Array | None = None) -> Array:
        """Return <psi|A|psi>/<psi|X|psi>, (n,), for phi (n, M) normalised; operator A (S, M, M), None: the identity."""
        psi = np.einsum("nab,nb->na", self.inverse[sector], phi)
        turned = psi if operator is None else np.einsum("nab,nb->na", operator[sector], psi)
        return np.asarray((psi.conj() * turned).sum(axis=1).real)


def guided(master: Master, exponent: float, window: float, spectrum: Spectrum) -> Guide:
    """Return the process guided by v = `exponent`, compiled for windows of duration `window`.

    spectrum: a Spectrum of the same sectors, for the plan's start, which is not used. Raises InputError where the
    eigenvector is not positive to enough digits, as with one-way channels or weights that overflow.
    """
    sectors = master.sectors
    growth, factors, blocks = _eigenvector(master, exponent)
    roots, inverses = zip(*(_roots(block, exponent) for block in blocks), strict=True)
    root, inverse = block_diag(*roots), block_diag(*inverses)
    original = rotated(master.model, sectors)
    k = root @ original.effective @ inverse
    jumps = np.sqrt(factors)[:, None, None] * (root @ original.jumps @ inverse)
    loss = np.einsum("kba,kbc->ac", jumps.conj(), jumps, optimize=True)
    error = np.abs(1j * (k - k.conj().T) + growth * np.eye(len(k)) - loss).max()
    if not error <= ACCURACY * np.abs(loss).max():
        raise InputError(
            f"guide {exponent:g}: no positive eigenvector to enough digits (off by {error:.1g}); guide 0 always works"
        )
    # The plan is made in the sorted basis, where the sectors' roots, of very different sizes, do not mix.
    process = Rotated.of(0.5 * (k + k.conj().T), jumps, sectors)
    plan = unravel_operators(process, sectors, spectrum, spectrum, np.array([window]))
    return Guide(
        exponent=exponent,
        growth=growth,
        plan=plan,
        root=_padded(roots),
        inverse=_padded(inverses),
        log_ratio=exponent * finite_steps(master.model),
        eigenvector=np.concatenate([block.ravel() for block in blocks]),
    )


def finite_steps(model: Model) -> Array:
    """Return Delta s of every channel, (K,) in nats, 0 for a one-way channel."""
    return np.where(np.isfinite(model.entropy_steps), model.entropy_steps, 0.0)


def _eigenvector(master: Master, exponent: float) -> tuple[float, Array, list[Array]]:
    """Return mu (1/time), the factors e^{-v Delta s} of the jumps (K,), and X in blocks of the sectors."""
    one_way = master.model.partner < 0
    if exponent == 0.0:
        return 0.0, np.ones(len(one_way)), [np.eye(m, dtype=complex) for m in master.sectors.dimensions]
    with np.errstate(over="ignore"):
        factors = np.where(one_way, 0.0, np.exp(-exponent * finite_steps(master.model)))
    if not np.isfinite(factors).all() or (exponent < 0 and one_way.any()):
        raise InputError(f"guide {exponent:g}: a jump's weight e^(-u Delta s) is infinite: must be nearer to 0")
    mode = leading_mode(master, factors)
    scale = float(np.abs(mode.left).max())
    blocks = master.sectors.split(mode.left.astype(complex))
    return mode.value, factors, [np.array(block, complex) / scale for block in blocks]


def _roots(block: Array, exponent: float) -> tuple[Array, Array]:
    """Return X^{1/2} and X^{-1/2} of one sector."""
    values, vectors = np.linalg.eigh(0.5 * (block + block.conj().T))
    if not values[0] > 1e-13 * values[-1] > 0:
        raise InputError(f"guide {exponent:g}: its eigenvector is not positive definite; guide 0 always works")
    size = np.sqrt(values)
    return (vectors * size) @ vectors.conj().T, (vectors / size) @ vectors.conj().T


def _padded(blocks: Sequence[Array]) -> Array:
    """Return the blocks of all sectors, padded with zeros to the size of the largest, (S, M, M)."""
    m = max(map(len, blocks))
    out = np.zeros((len(blocks), m, m), complex)
    for s, block in enumerate(blocks):
        out[s, : len(block), : len(block)] = block
    return out
