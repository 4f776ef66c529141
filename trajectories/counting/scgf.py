"""Scaled cumulant generating functions, lambda(u) = lim ln <e^{-u X(t)}>/t, of the entropy production and of counts.

lambda(u) is the leading eigenvalue of the generator with the jump term of channel k multiplied by e^{-u x_k}, where x_k
is what the jump adds to X: Delta s_k for the entropy production, w_k for a count. It is convex, lambda(0) = 0, and its
derivatives at 0 are the cumulant rates, (-1)^n c_n.

For the entropy production lambda(u) = lambda(1-u) where the antiunitary time reversal Theta leaves H as it is and maps
the set of all (L_k, Delta s_k) onto itself; real H and L_k suffice. A complex H breaks the symmetry of lambda, not the
integral theorem: then the forward lambda(u) is the reversed process's at 1-u. A single count has such a symmetry only
where the entropy production is that count times a constant, but for what stays bounded.

Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024); Lebowitz, Spohn, J. Stat. Phys. 95, 333 (1999).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trajectories.counting.counted_currents import check_weights
from trajectories.counting.dominant_mode import leading_mode
from trajectories.errors import InputError
from trajectories.master.currents import check_entropy
from trajectories.master.lindblad import Master
from trajectories.model import Model

SYMMETRIC = 1e-12


def scgf(master: Master, u: ArrayLike, weights: ArrayLike | None = None) -> np.ndarray:
    """Return lambda(u) = lim ln <e^{-u X(t)}>/t, float64 of the shape of u (1/time).

    u: real numbers, any shape. weights: (K,) of a count; None: the entropy production (X = Delta S, in nats), whose
    boundary term is bounded and does not matter. A one-way channel makes Delta S infinite: for u > 0 its jumps are left
    out (they carry e^{-inf}), for u < 0 lambda is inf, and lambda(0) = 0.
    inf where a weight e^{-u x_k} overflows. Raises InputError for u that is not finite, for bad weights, where the
    model has no entropy accounting, or where the steady state is not unique.
    """
    given = np.asarray(u, float)
    if not np.isfinite(given).all():
        raise InputError("lambda(u): u must be finite")
    if weights is None:
        check_entropy(master.model)
        steps = master.model.entropy_steps
    else:
        steps = check_weights(master.model, weights)
    rates = master.jump_rates(master.steady_blocks)
    return np.array([_at(master, x, steps, rates) for x in given.ravel()]).reshape(given.shape)


def _at(master: Master, u: float, steps: np.ndarray, rates: np.ndarray) -> float:
    """Return lambda at one u; steps (K,): what each jump adds, rates (K,): of the jumps in the steady state."""
    if u == 0.0:
        return 0.0
    one_way = np.isinf(steps)
    if u < 0.0 and (rates[one_way] > 0.0).any():
        return np.inf
    with np.errstate(over="ignore"):
        factors = np.where(one_way, 0.0, np.exp(-u * np.where(one_way, 0.0, steps)))
    return leading_mode(master, factors).value if np.isfinite(factors).all() else np.inf


def time_reversal_breaking(model: Model) -> str | None:
    """Return a line naming the part that the model's time reversal Theta changes, None where it changes none.

    Wanted is Theta H Theta^dag = H, and for every value of Delta s the same map sum_k L_k . L_k^dag of the channels
    that have it, which does not depend on how these are combined or on their phases.
    """
    u = model.time_reversal
    turned = u @ model.hamiltonian.conj() @ u.conj().T
    difference = np.abs(turned - model.hamiltonian)
    if difference.max() > SYMMETRIC * max(1.0, np.abs(model.hamiltonian).max()):
        i, j = np.unravel_index(int(np.argmax(difference)), difference.shape)
        was, now = model.hamiltonian[i, j], turned[i, j]
        return f"the time reversal changes H: element ({i}, {j}) = {was:.6g} becomes {now:.6g}"
    reversed_jumps = (u @ model.operators.conj() @ u.conj().T).reshape(len(model.operators), -1)
    jumps = model.operators.reshape(len(model.operators), -1)
    for members in _equal_steps(model.entropy_steps):
        before, after = jumps[members], reversed_jumps[members]
        # |M - M'|^2 of the two maps, from overlaps of operators: the maps themselves have d^4 elements.
        overlaps = [(np.abs(a.conj() @ b.T) ** 2).sum() for a, b in ((before, before), (after, after), (before, after))]
        if overlaps[0] + overlaps[1] - 2 * overlaps[2] > SYMMETRIC * overlaps[0]:
            names = ", ".join(model.channels[k].name for k in members)
            return f"the time reversal changes the jumps with Delta s = {model.entropy_steps[members[0]]:.6g}: {names}"
    return None


def _equal_steps(steps: np.ndarray) -> list[np.ndarray]:
    """Return the indices of channels in groups of equal Delta s, to rounding; one-way channels make one group."""
    finite = np.flatnonzero(np.isfinite(steps))
    order = finite[np.argsort(steps[finite], kind="stable")]
    gaps = np.diff(steps[order], prepend=steps[order[:1]]) > 1e-9 * (1 + np.abs(steps[order]))
    groups = [*np.split(order, np.flatnonzero(gaps)), np.flatnonzero(~np.isfinite(steps))]
    return [members for members in groups if len(members)]
