"""e^{A t} for many different times t: steps of 64 lengths each, looked up, and a short remainder.

A conditional state waits as long as its detectors are silent, a different time before every click. With A h of norm at
most 1/16 a wait is t = (n_0 + 64 n_1 + 64^2 n_2 + ...) h + r, 0 <= r < h: e^{A h n_0}, e^{64 A h n_1}, ... are looked
up, e^{A r} is a Taylor polynomial of order 10 (remainder below 1e-18). Decay is divided out: A is shifted so that its
slowest mode does not decay, and the shift is returned for the logarithm of the scale.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

NORM = 1 / 16
ORDER = 10
TABLE = 2_000_000
"""Elements of a table of one length; larger matrices have fewer steps of each length."""
MOST_STEPS = 2**52


class Propagator:
    """e^{(A - shift) t} for a matrix A (N, N), times from 0 to `longest`.

    shift: the largest real part of the eigenvalues of A (1/time), or of those that are given for them.
    """

    def __init__(self, matrix: np.ndarray, longest: float, shift: float) -> None:
        size = len(matrix)
        self.shift = shift
        shifted = matrix - shift * np.eye(size)
        norm = max(float(np.abs(shifted).sum(axis=0).max()), 1e-300, NORM / max(longest, 1e-300))
        self.step = 2.0 ** np.floor(np.log2(NORM / norm))
        self._bits = int(np.clip(np.log2(max(TABLE / size**2, 2.0)), 1, 6))
        self._tables: list[np.ndarray] = []
        steps = min(int(longest / self.step), MOST_STEPS)
        while steps >> (self._bits * len(self._tables)):
            self._tables.append(self._table(shifted, len(self._tables)))
        powers = [np.eye(size, dtype=shifted.dtype)]
        for k in range(1, ORDER + 1):
            powers.append(powers[-1] @ (shifted * self.step) / k)
        self._powers = np.array(powers)

    def _table(self, shifted: np.ndarray, level: int) -> np.ndarray:
        """Return e^{A h n 2^(bits level)}, n = 0, ..., 2^bits - 1."""
        one = expm(shifted * (self.step * 2.0 ** (self._bits * level)))
        table = [np.eye(len(one), dtype=one.dtype), one]
        for _ in range(2, 2**self._bits):
            table.append(table[-1] @ one)
        return np.array(table)

    def remainders(self, times: np.ndarray) -> tuple[np.ndarray, list[list[np.ndarray]]]:
        """Return e^{A r} of each time's remainder, (n, N, N), and for each time the steps that are left to take."""
        steps = np.floor(times / self.step)
        part = (times - steps * self.step) / self.step
        n, size = len(times), self._powers.shape[-1]
        series = (part[:, None] ** np.arange(ORDER + 1)) @ self._powers.reshape(ORDER + 1, -1)
        whole, mask = steps.astype(np.int64), 2**self._bits - 1
        digits = np.array([(whole >> (self._bits * level)) & mask for level in range(len(self._tables))])
        left = [
            [self._tables[level][digit] for level, digit in enumerate(column) if digit] for column in digits.T.tolist()
        ]
        return series.reshape(n, size, size), left or [[] for _ in range(n)]
