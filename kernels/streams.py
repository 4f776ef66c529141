"""Random numbers as a pure function of (seed, point, trajectory, draw): Philox4x32-10.

Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11 (2011). The counter's four 32-bit words
are (draw, trajectory low, trajectory high, point | family << 28); the key is the 64-bit seed, low word first. Each
draw gives two uniform numbers, u0 from the output words (0, 1) and u1 from (2, 3): the upper 52 bits k of (second <<
32 | first) become (k + 1/2) 2^-52, which is never 0 or 1.

Draw 0 gives (initial eigenstate, final outcome), draw j >= 1 the j-th jump's (waiting time, channel).
"""

from __future__ import annotations

import numpy as np

from . import kernel

# Families of streams, so that no two kinds of trajectories of a point ever share random numbers.
FORWARD, BACKWARD, CLONING = range(3)
POINT_BITS = 28  # of the counter's last word: sweep points from 0 to 2^28 - 1

DRAWS = 2**32  # of one trajectory: what the counter's first word holds
BATCH = 16  # draws made at once, so that the compiler can use vector instructions; a power of two

# All arithmetic is in 64 bits on 32-bit words and never wraps: products of two words fit.
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
_UNUSED = np.uint64(12)
_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0 = np.uint64(0x9E3779B9)
_WEYL_1 = np.uint64(0xBB67AE85)


@kernel
def _round(c0, c1, c2, c3, k0, k1):
    """One round of Philox, and the key of the next."""
    even = _MULTIPLIER_0 * c0
    odd = _MULTIPLIER_1 * c2
    return (
        (odd >> _SHIFT) ^ c1 ^ k0,
        odd & _LOW,
        (even >> _SHIFT) ^ c3 ^ k1,
        even & _LOW,
        (k0 + _WEYL_0) & _LOW,
        (k1 + _WEYL_1) & _LOW,
    )


@kernel
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four output words of Philox4x32-10; all words are uint64 below 2^32."""
    # Ten rounds written out: a loop here would keep the loop over draws from being vectorised.
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    c0, c1, c2, c3, k0, k1 = _round(c0, c1, c2, c3, k0, k1)
    return c0, c1, c2, c3


@kernel
def _uniform(low, high):
    """Return (k + 1/2) 2^-52 with k the upper 52 bits of (high << 32 | low)."""
    return (np.float64(np.int64(((high << _SHIFT) | low) >> _UNUSED)) + 0.5) * 2.0**-52


@kernel
def words(seed, point_family, trajectory):
    """Return counter words 1, 2, 3 and the two key words, uint64, which all draws of a trajectory share."""
    number = np.uint64(trajectory)
    key = np.uint64(seed)
    return number & _LOW, number >> _SHIFT, np.uint64(point_family), key & _LOW, key >> _SHIFT


@kernel
def uniforms(seed, point_family, trajectory, draw):
    """Return the two uniform numbers of one draw. point_family: point | family << 28, below 2^32."""
    c1, c2, c3, k0, k1 = words(seed, point_family, trajectory)
    w0, w1, w2, w3 = philox(np.uint64(draw), c1, c2, c3, k0, k1)
    return _uniform(w0, w1), _uniform(w2, w3)


@kernel
def fill(first, stream, u0, u1):
    """Fill u0 and u1 (BATCH,) with draws first, first+1, ... of the stream that `words` describes."""
    c1, c2, c3, k0, k1 = stream
    for j in range(BATCH):
        w0, w1, w2, w3 = philox(np.uint64(first + j), c1, c2, c3, k0, k1)
        u0[j] = _uniform(w0, w1)
        u1[j] = _uniform(w2, w3)
