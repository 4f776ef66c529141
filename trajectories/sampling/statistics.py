"""Mergeable statistics of trajectories: central moments, co-moments, weights; standard errors, jackknife.

A ``Block`` holds what is kept of some trajectories.  Blocks of disjoint trajectories merge into the Block of all of
them, so means, errors and memory do not depend on how many trajectories there are.  Sums of squares are never
subtracted from each other: central sums are taken about the mean (two passes) and merged by the update formulas of
Chan, Golub and LeVeque (1979) and Pebay, SAND2008-6212 (2008), eqs. (3.1)-(3.4).

Everything here is a pure function of its arguments, to the last bit: no BLAS (whose summation order may depend on the
number of threads), no clocks, no global state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Complexes = NDArray[np.complex128]

_CHUNK = 2**16  # elements treated at a time: small enough to stay in the processor's cache
_ROW = 2**10  # elements summed side by side


class Block(NamedTuple):
    """Statistics of ``count`` trajectories at T sample times for Q quantities.

    count       () int64             number of trajectories n
    mean        (T, Q) float64       <x>
    m2, m3, m4  (T, Q) float64       sum_i (x_i - <x>)^p, p = 2, 3, 4
    comoment    (T, C, C) float64    sum_i (x_i - <x>)_a (x_i - <x>)_b for the first C quantities
    density     (T, D) complex128    sum_i |psi_i><psi_i|, flattened sector by sector
    histogram   (H, bins + 2) int64  counts; first underflow, last overflow
    infinite    (T,) int64           trajectories whose entropy production is infinite
    log_weight  (T, 3) float64       L = max_i ln w_i, sum_i e^(ln w_i - L), sum_i e^(2 (ln w_i - L));
                                     (-inf, 0, 0) where every weight is zero
    """

    count: Integers  # type: ignore[assignment]  # hides tuple.count, which nobody needs
    mean: Floats
    m2: Floats
    m3: Floats
    m4: Floats
    comoment: Floats
    density: Complexes
    histogram: Integers
    infinite: Integers
    log_weight: Floats


def block_of(
    x: ArrayLike,
    covariant: int,
    density: ArrayLike,
    histogram: ArrayLike,
    infinite: ArrayLike,
    log_w: ArrayLike,
) -> Block:
    """Return the Block of n trajectories.

    x          (n, T, Q) quantities of each trajectory, finite
    covariant  C <= Q: co-moments are kept among the first C quantities
    density    (T, D), histogram (H, bins + 2), infinite (T,): sums over these trajectories, taken over as they are
    log_w      (n, T) ln w, -inf where the weight is zero

    Raises ValueError where the shapes do not fit each other.
    """
    values = np.ascontiguousarray(x, dtype=np.float64)
    logs = np.ascontiguousarray(log_w, dtype=np.float64)
    if values.ndim != 3 or logs.shape != values.shape[:2]:
        raise ValueError(f"x must be (n, T, Q) and log_w (n, T); they are {values.shape} and {logs.shape}")
    if not 0 <= covariant <= values.shape[2]:
        raise ValueError(f"covariant must lie in 0..{values.shape[2]} (the quantities in x); it is {covariant}")
    mean, m2, m3, m4, comoment = _central_sums(values, covariant)
    return Block(
        np.array(values.shape[0], dtype=np.int64), mean, m2, m3, m4, comoment,
        np.array(density, dtype=np.complex128), np.array(histogram, dtype=np.int64),
        np.array(infinite, dtype=np.int64), _log_weight(logs),
    )  # fmt: skip


def _central_sums(x: Floats, covariant: int) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Return mean, central sums, co-moments in two passes: d = x - (rounded mean), then the shift by the mean of d."""
    n, times, quantities = x.shape
    sums = np.zeros((4, times, quantities))
    comoment = np.zeros((times, covariant, covariant))
    if x.size == 0:
        return sums[0], sums[1], sums[2], sums[3], comoment
    # Several trajectories side by side make one long row, for long inner loops also where there are few quantities.
    side = min(n, max(1, _ROW // (times * quantities)))
    whole = n - n % side
    parts = [part for part in (x[:whole].reshape(-1, side, times, quantities), x[whole:, None]) if len(part)]
    centre = sum(part.sum(axis=0).sum(axis=0) for part in parts) / n
    for part in parts:
        _add_powers(part, centre, sums, comoment)
    s1, s2, s3, s4 = sums
    shift = s1 / n
    comoment -= n * shift[:, :covariant, None] * shift[:, None, :covariant]
    m4 = s4 - 4 * shift * s3 + 6 * shift**2 * s2 - 3 * n * shift**4
    m3 = s3 - 3 * shift * s2 + 2 * n * shift**3
    m2 = s2 - n * shift**2
    return centre + shift, np.maximum(m2, 0.0), m3, np.maximum(m4, 0.0), comoment


def _add_powers(x: Floats, centre: Floats, sums: Floats, comoment: Floats) -> None:
    """Add sum d^p, p = 1..4, and sum d_a d_b of the first C columns, d = x - centre, x being (rows, side, T, Q)."""
    side, times, quantities = x.shape[1:]
    width = side * times * quantities
    covariant = comoment.shape[1]
    rows = min(len(x), max(1, _CHUNK // width))
    # Reused for every chunk: memory fresh from the system costs more than the arithmetic.
    d_chunk, square_chunk = np.empty((2, rows, *x.shape[1:]))
    columns_chunk = np.empty((covariant, rows, side, times))
    for first in range(0, len(x), rows):
        size = min(rows, len(x) - first)
        d, square, columns = d_chunk[:size], square_chunk[:size], columns_chunk[:, :size]
        np.subtract(x[first : first + size], centre, out=d)
        np.multiply(d, d, out=square)
        lines = d.reshape(size, width), square.reshape(size, width)
        sums[0] += lines[0].sum(axis=0).reshape(side, times, quantities).sum(axis=0)
        for power, (left, right) in enumerate([(0, 0), (0, 1), (1, 1)], start=1):
            products = np.einsum("ij,ij->j", lines[left], lines[right])
            sums[power] += products.reshape(side, times, quantities).sum(axis=0)
        for a in range(covariant):
            columns[a] = d[..., a]
        for a in range(covariant):
            products = np.einsum("ijk,bijk->bjk", columns[a], columns[a:]).sum(axis=1)
            comoment[:, a, a:] += products.T
            comoment[:, a + 1 :, a] += products[1:].T


def _log_weight(logs: Floats) -> Floats:
    out = np.zeros((logs.shape[1], 3))
    out[:, 0] = largest = logs.max(axis=0, initial=-np.inf)
    relative = np.exp(logs - np.where(largest == -np.inf, 0.0, largest))
    out[:, 1] = relative.sum(axis=0)
    out[:, 2] = (relative * relative).sum(axis=0)
    return out


def merge(a: Block, b: Block) -> Block:
    """Return the Block of the trajectories of a and b (disjoint sets); commutative only up to rounding."""
    na, nb = float(a.count), float(b.count)
    if nb == 0.0:
        return a
    if na == 0.0:
        return b
    n = na + nb
    delta = b.mean - a.mean
    step = delta / n
    first = delta[:, : a.comoment.shape[1]]
    m3 = a.m3 + b.m3 + delta * step**2 * (na * nb * (na - nb)) + 3 * step * (na * b.m2 - nb * a.m2)
    m4 = (
        a.m4 + b.m4 + delta * step**3 * (na * nb * (na * na - na * nb + nb * nb))
        + 6 * step**2 * (na * na * b.m2 + nb * nb * a.m2) + 4 * step * (na * b.m3 - nb * a.m3)
    )  # fmt: skip
    return Block(
        a.count + b.count,
        a.mean + step * nb,
        a.m2 + b.m2 + delta * step * (na * nb),
        m3,
        m4,
        a.comoment + b.comoment + first[:, :, None] * first[:, None, :] * (na * nb / n),
        a.density + b.density,
        a.histogram + b.histogram,
        a.infinite + b.infinite,
        _merge_log_weight(a.log_weight, b.log_weight),
    )


def _merge_log_weight(a: Floats, b: Floats) -> Floats:
    largest = np.maximum(a[:, 0], b[:, 0])
    finite = np.where(largest == -np.inf, 0.0, largest)
    fa, fb = np.exp(a[:, 0] - finite), np.exp(b[:, 0] - finite)
    return np.stack([largest, fa * a[:, 1] + fb * b[:, 1], fa * fa * a[:, 2] + fb * fb * b[:, 2]], axis=1)


def standard_error(block: Block) -> Floats:
    """Return the standard error of the mean, sqrt(m2 / (n (n - 1))), shape (T, Q); nan for fewer than two of them."""
    n = float(block.count)
    if n < 2:
        return np.full_like(block.mean, np.nan)
    return np.sqrt(block.m2 / (n * (n - 1.0)))


def skewness_of_mean(block: Block) -> Floats:
    """Return the skewness of the sampling distribution of the mean, gamma_1 / sqrt(n) = m3 / m2^(3/2), shape (T, Q).

    Zero where there is no spread.
    """
    spread = block.m2 > 0
    safe = np.where(spread, block.m2, 1.0)
    return np.where(spread, block.m3 / safe / np.sqrt(safe), 0.0)


def effective_sample_size(block: Block) -> Floats:
    """Return (sum w)^2 / sum w^2, shape (T,): n if all weights are equal, near 1 if one dominates, 0 if all are 0."""
    total, squares = block.log_weight[:, 1], block.log_weight[:, 2]
    return np.where(squares > 0, total**2 / np.where(squares > 0, squares, 1.0), 0.0)


def largest_weight_share(block: Block) -> Floats:
    """Return max w / sum w, shape (T,): the part of <w> that one trajectory carries; 0 where all weights are zero."""
    total = block.log_weight[:, 1]
    return np.where(total > 0, 1.0 / np.where(total > 0, total, 1.0), 0.0)


def p_value(z: ArrayLike, skewness_of_mean: ArrayLike = 0.0, degrees_of_freedom: float | None = None) -> Floats:
    """Return the two-sided probability of a studentised deviation at least as large as z, if the mean is `exact`.

    z                   (estimate - exact) / standard_error
    skewness_of_mean    g: z is first made symmetric by Hall's transformation
                        z' = z + g z^2 / 3 + g^2 z^3 / 27 + g / 6   (Hall, J. R. Statist. Soc. B 54, 221 (1992))
    degrees_of_freedom  Student's t with so many; None: the normal distribution
    """
    t, g = np.asarray(z, dtype=np.float64), np.asarray(skewness_of_mean, dtype=np.float64)
    t = t + g * t**2 / 3 + g**2 * t**3 / 27 + g / 6
    tail = special.ndtr(-np.abs(t)) if degrees_of_freedom is None else special.stdtr(degrees_of_freedom, -np.abs(t))
    return np.asarray(2 * tail)


class Jackknife(NamedTuple):
    """Bias-corrected estimate of ``jackknife``, its standard error, the bias removed, degrees of freedom."""

    estimate: Floats
    standard_error: Floats
    bias: Floats
    degrees_of_freedom: int


def jackknife(
    function: Callable[[NDArray], ArrayLike], sums: NDArray, counts: ArrayLike, stacked: bool = False
) -> Jackknife:
    """Return estimate and error of a nonlinear function of means, from G groups of trajectories.

    With group sums S_j over m_j trajectories, n = sum m_j, theta = f(sum_j S_j / n) and theta_j = f of the mean
    without group j, h_j = n / m_j (delete-m_j jackknife, Busing, Meijer and van der Leeden, Stat. Comput. 9, 3 (1999)):

        estimate  = G theta - sum_j (1 - m_j / n) theta_j
        variance  = (1 / G) sum_j [h_j theta - (h_j - 1) theta_j - estimate]^2 / (h_j - 1)

    function  maps a mean (...) to a number or an array of any shape
    sums      (G, ...) sums over each group's trajectories, real or complex
    counts    (G,) trajectories of each group; groups with none are left out
    stacked   whether function takes several means at once, stacked along a first axis: much faster

    The error is nan with fewer than two groups.  Raises ValueError if no group has a trajectory.
    """
    sizes = np.asarray(counts, dtype=np.float64)
    kept = sizes > 0
    sizes, parts = sizes[kept], np.asarray(sums)[kept]
    groups = len(sizes)
    if groups == 0:
        raise ValueError("the jackknife needs a group with at least one trajectory")
    n, total = sizes.sum(), parts.sum(axis=0)
    means = (total - parts) / (n - sizes).reshape((groups,) + (1,) * total.ndim) if groups > 1 else parts[:0]
    joint = np.concatenate([(total / n)[None], means])
    values = np.asarray(function(joint) if stacked else [function(mean) for mean in joint], dtype=np.float64)
    theta, without = values[0], values[1:]
    if groups == 1:
        return Jackknife(theta, np.full_like(theta, np.nan), np.zeros_like(theta), 0)
    h = (n / sizes).reshape((groups,) + (1,) * theta.ndim)
    # Differences from theta: G theta - sum (1 - m_j/n) theta_j loses digits where the bias is small.
    difference = without - theta
    bias = ((1 - 1 / h) * difference).sum(axis=0)
    deviation = bias - (h - 1) * difference
    variance = (deviation**2 / (h - 1)).mean(axis=0)
    return Jackknife(theta - bias, np.sqrt(variance), bias, groups - 1)
