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

import dataclasses
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from trajectories.counting.dominant_mode import leading_mode
from trajectories.errors import InputError
from trajectories.kernels.plan import Plan
from trajectories.master.eigenensemble import Spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import Sectors, rotated_operators
from trajectories.sampling.plan import unravel

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
    model, sectors = master.model, master.sectors
    dimension = model.dimension
    finite = np.where(np.isfinite(model.entropy_steps), model.entropy_steps, 0.0)
    one_way = model.partner < 0
    if exponent == 0.0:
        growth, blocks = 0.0, [np.eye(m, dtype=complex) for m in sectors.dimensions]
        factors = np.ones(len(finite))
    else:
        with np.errstate(over="ignore"):
            factors = np.where(one_way, 0.0, np.exp(-exponent * finite))
        if not np.isfinite(factors).all() or (exponent < 0 and one_way.any()):
            raise InputError(f"guide {exponent:g}: a jump's weight e^(-u Delta s) is infinite: must be nearer to 0")
        mode = leading_mode(master, factors)
        growth = mode.value
        scale = float(np.abs(mode.left).max())
        blocks = [np.array(block, complex) / scale for block in sectors.split(mode.left.astype(complex))]
    pieces = [_roots(block, exponent) for block in blocks]
    root, inverse = (_whole([piece[i] for piece in pieces], sectors) for i in (0, 1))
    effective, jumps = rotated_operators(model, sectors)
    k = root @ effective @ inverse
    operators = np.sqrt(factors)[:, None, None] * (root @ jumps @ inverse)
    loss = np.einsum("kba,kbc->ac", operators.conj(), operators, optimize=True)
    error = np.abs(1j * (k - k.conj().T) + growth * np.eye(dimension) - loss).max()
    if not error <= ACCURACY * np.abs(loss).max():
        raise InputError(
            f"guide {exponent:g}: no positive eigenvector to enough digits (off by {error:.1g}); guide 0 always works"
        )
    # The plan is made in the sorted basis, where the sectors' roots, of very different sizes, do not mix.
    process: Any = SimpleNamespace(hamiltonian=0.5 * (k + k.conj().T), operators=operators)
    plan = unravel(
        process, dataclasses.replace(sectors, basis=np.eye(dimension)), spectrum, spectrum, np.array([window])
    )
    padded = [_padded([piece[i] for piece in pieces]) for i in (0, 1)]
    return Guide(
        exponent, growth, plan, padded[0], padded[1], exponent * finite, np.concatenate([b.ravel() for b in blocks])
    )


def _roots(block: Array, exponent: float) -> tuple[Array, Array]:
    """Return X^{1/2} and X^{-1/2} of one sector."""
    values, vectors = np.linalg.eigh(0.5 * (block + block.conj().T))
    if not values[0] > 1e-13 * values[-1] > 0:
        raise InputError(f"guide {exponent:g}: its eigenvector is not positive definite; guide 0 always works")
    size = np.sqrt(values)
    return (vectors * size) @ vectors.conj().T, (vectors / size) @ vectors.conj().T


def _whole(blocks: list[Array], sectors: Sectors) -> Array:
    """Return a block-diagonal matrix in the sorted basis, (d, d)."""
    whole = np.zeros((len(sectors.labels), len(sectors.labels)), complex)
    for block, begin in zip(blocks, sectors.offsets[:-1].tolist(), strict=True):
        whole[begin : begin + len(block), begin : begin + len(block)] = block
    return whole


def _padded(blocks: list[Array]) -> Array:
    m = max(map(len, blocks))
    out = np.zeros((len(blocks), m, m), complex)
    for s, block in enumerate(blocks):
        out[s, : len(block), : len(block)] = block
    return out
