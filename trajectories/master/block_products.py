"""A generator that acts on states of large sectors without a D x D matrix.

With the blocks h_s of H_eff and B_kts of the jump operators between the sectors (`block_generator`),

    (G_w rho)_t = -i h_t rho_t + i rho_t h_t^dag + sum_k w_k B_kts rho_s B_kts^dag,

two products of m x m matrices for each block: O(K m^3) instead of m^4 operations. Exponentials are Taylor series whose
steps are chosen after their terms are known. What a series leaves out obeys, in the trace norm and for w_k >= 0,

    |R_n| <= |(G t)^n v / n!| e^{mu t},   mu = max(0, largest eigenvalue of sum_k (w_k - 1) L_k^dag L_k),

since R_n = int_0^t e^{G s} G^n v (t - s)^{n-1}/(n-1)! ds, and a completely positive e^{G s} has the norm
|e^{G^dag s}(1)| <= e^{mu s} (Russo and Dye, Duke Math. J. 33, 413 (1966)).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from trajectories.errors import TooCostly
from trajectories.master.block_generator import BlockSpace
from trajectories.master.sectors import Sectors

LARGE_SECTOR = 16
SMALLEST = 255  # elements D up to which dyadic powers of a dense generator are fast enough
TERMS = 30
TOLERANCE = 1e-15  # of |v| in one step, at which terms are left out
LARGEST_TERM = 30.0  # times |v|: what cancels in a step loses that factor of rounding
LONGER = 2.0  # times the last step, the longest that is tried
SERIES = 10.0  # products per |G| t, from above
BLAS = 0.3  # time of a multiplication in a product of matrices, that in a sparse matrix being 1
CALL = 2_000  # multiplications in a sparse matrix that take as long as the other work of one matrix product


class BlockProducts:
    """The generator with jump terms multiplied by w_k, as products of the sectors' blocks.

    weights: (K,), finite and not negative.
    """

    def __init__(self, space: BlockSpace, sectors: Sectors, weights: np.ndarray) -> None:
        self._sectors = sectors
        offsets, self.dimension = sectors.offsets, len(space.rotated.effective)
        parts = [slice(int(a), int(b)) for a, b in zip(offsets[:-1], offsets[1:], strict=True)]
        self.drifts = [-1j * space.rotated.effective[part, part] for part in parts]
        self.jumps = [
            (source, int(target), math.sqrt(weight) * space.rotated.jumps[k][parts[target], parts[source]])
            for k, weight in enumerate(weights)
            for source, target in enumerate(space.targets[k])
            if target >= 0 and weight > 0
        ]
        self._weights, self._losses = weights, space.losses

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return G_w on flattened blocks (D,)."""
        states = list(self._sectors.split(vector))
        changes = [drift @ rho for drift, rho in zip(self.drifts, states, strict=True)]
        for s, (drift, rho) in enumerate(zip(self.drifts, states, strict=True)):
            changes[s] += rho @ drift.conj().T
        for source, target, jump in self.jumps:
            changes[target] += jump @ states[source] @ jump.conj().T
        return np.concatenate([change.ravel() for change in changes])

    @cached_property
    def elements(self) -> int:
        """Number of elements of G_w as a sparse matrix, from above."""
        drifts = sum(2 * len(drift) * int(np.count_nonzero(drift)) for drift in self.drifts)
        return drifts + sum(int(np.count_nonzero(jump)) ** 2 for _, _, jump in self.jumps)

    @cached_property
    def cost(self) -> float:
        """Time of one call in multiplications in a sparse matrix."""
        shapes = [(2, len(drift), len(drift)) for drift in self.drifts]
        shapes += [(1, *jump.shape) for _, _, jump in self.jumps]
        return sum(BLAS * (n * a * b * b + (n == 1) * a * a * b) + 2 * CALL for n, a, b in shapes)

    @cached_property
    def norm(self) -> float:
        """Bound of |G_w| in the norm sqrt(Tr[rho^dag rho]): 2 max |h_s| + the largest sum of |B|^2 into one block."""
        drift = max(float(np.linalg.norm(drift, 2)) for drift in self.drifts)
        arriving, leaving = np.zeros((2, len(self.drifts)))
        for source, target, jump in self.jumps:
            size = float(np.linalg.norm(jump, 2)) ** 2
            arriving[target] += size
            leaving[source] += size
        # |A|_2^2 <= |A|_1 |A|_inf for the matrix of the norms of the blocks.
        return 2 * drift + math.sqrt(float(arriving.max()) * float(leaving.max()))

    @cached_property
    def growth(self) -> float:
        """The rate mu >= 0 with |e^{G_w t}| <= e^{mu t} in the trace norm."""
        gained = (self._weights - 1.0) @ self._losses
        blocks = self._sectors.split(gained)
        return max(0.0, *(float(np.linalg.eigvalsh(0.5 * (b + b.conj().T))[-1]) for b in blocks))


class SeriesPropagator:
    """Exponentials of a generator on vectors, by Taylor series of steps of their own.

    products: the generator. action: what returns G v, (D,), and its cost, where that is not `products` itself. most:
    what one evolution may cost; what would take more is refused before it is begun, by TooCostly. error: bound of what
    the series have left out so far in the trace norm, each relative to |v| = sqrt(Tr[v^dag v]) before it.
    """

    def __init__(
        self,
        products: BlockProducts,
        most: float,
        action: tuple[Callable[[np.ndarray], np.ndarray], float] | None = None,
    ) -> None:
        self.action, self._cost = (products, products.cost) if action is None else action
        self.norm, self._products, self._most = products.norm, products, most
        self._step = 3.0 / max(self.norm, np.finfo(float).tiny)
        self.error, self.count = 0.0, 0

    def afford(self, duration: float) -> None:
        """Raise TooCostly where the series over this duration could take too long."""
        products = SERIES * self.norm * duration
        if products * self._cost > self._most:
            raise TooCostly(
                f"up to {products:.2g} products of a generator with the norm {self.norm:.2g} over a time of "
                f"{duration:g} would be needed"
            )

    def affordable(self, duration: float) -> bool:
        """Return whether `afford` lets a duration pass."""
        return SERIES * self.norm * duration * self._cost <= self._most

    def advance(self, vector: np.ndarray, duration: float) -> tuple[np.ndarray, float]:
        """Return (v, log_scale) with e^{G duration} vector = e^{log_scale} v. Raises TooCostly."""
        self.afford(duration)
        vector, log_scale, left = np.asarray(vector, complex), 0.0, duration
        while left > 0:
            size = float(np.linalg.norm(vector))
            if size == 0.0:
                break
            vector, _, step = self._series(vector / size, left)
            log_scale, left = log_scale + math.log(size), left - step
        return vector, log_scale

    def evolve(self, vector: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G t} vector and the integral of e^{G s} vector over s from 0 to t, (T, D) each. Raises TooCostly.

        times: (T,), from 0 on, not falling.
        """
        self.afford(float(times[-1]) if len(times) else 0.0)
        state, total, now = np.asarray(vector, complex), np.zeros(len(vector), complex), 0.0
        states, integrals = np.zeros((2, len(times), len(vector)), complex)
        for j, time in enumerate(times):
            left, now = time - now, time
            while left > 0 and state.any():
                state, part, step = self._series(state, left)
                total, left = total + part, left - step
            states[j], integrals[j] = state, total
        return states, integrals

    def _series(self, vector: np.ndarray, most: float) -> tuple[np.ndarray, np.ndarray, float]:
        """Return e^{G t} v, its integral from 0 to t, and t, a step of at most `most` as long as the error allows."""
        trial, size = min(most, self._step), float(np.linalg.norm(vector))
        terms, sizes = [vector], [size]
        for n in range(1, TERMS + 1):
            terms.append(self.action(terms[-1]) * (trial / n))
            sizes.append(float(np.linalg.norm(terms[-1])))
            if trial == most and sizes[-1] <= TOLERANCE * size and sizes[-2] <= TOLERANCE * size:
                break
        self.count += len(terms) - 1
        ratio = self._longest(np.array(sizes) / size)
        step = most if most <= ratio * trial else ratio * trial
        powers = (step / trial) ** np.arange(len(terms))
        kept = np.array(terms[:-1])
        # The remainder of a short last step says nothing of how long the next one may be.
        complete = len(terms) > TERMS and ratio < LONGER
        self._step = ratio * trial if complete else max(self._step, ratio * trial)
        left_out = sizes[-1] / size * float(powers[-1]) * math.exp(min(self._products.growth * step, 700.0))
        self.error += math.sqrt(self._products.dimension) * left_out
        return powers[:-1] @ kept, step * (powers[:-1] / np.arange(1, len(terms))) @ kept, step

    @staticmethod
    def _longest(sizes: np.ndarray) -> float:
        """Return by which factor a step may be multiplied, from the sizes (n + 1,) of its terms relative to |v|."""
        order = np.arange(1, len(sizes))
        with np.errstate(divide="ignore"):
            last = (TOLERANCE / sizes[-2:]) ** (1 / order[-2:])
            all_terms = (LARGEST_TERM / sizes[1:]) ** (1 / order)
        return float(min(last.min(), all_terms.min(), LONGER))
