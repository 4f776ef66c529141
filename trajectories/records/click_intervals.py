r"""From one click to the next: integrals over the time between clicks that reset the state.

Detector d sees the share eta_dk of the jumps k and has delta_d dark counts per time. With C_k rho = L_k rho L_k^dagger
and the full Liouvillian L,

    click of d:  J_d rho = sum_k eta_dk C_k rho + delta_d rho,   no click:  d rho/dt = L_0 rho,  L_0 = L - sum_d J_d.

After a click that left the state rho_i, the next is one of d after the time t with the density

    w_id(t) = Tr J_d e^{L_0 t} rho_i,

and its derivatives with respect to the parameters come from xi_a = d rho/d theta_a, d xi_a/dt = L_0 xi_a + (dL_0/d
theta_a) rho. Where the state after the click does not depend on t, the states rho_i form a finite set and a Markov
chain. Integrals over t: Gauss's rule with 16 points on intervals that are halved until nothing changes, all their
propagators exact exponentials; an interval's length is a power of two, so that each is needed once.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import linalg

from trajectories.errors import InputError, TooCostly
from trajectories.records.detection import Detectors
from trajectories.records.model_derivatives import Derivatives

_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
POINTS, WEIGHTS = 0.5 * (_POINTS + 1.0), 0.5 * _WEIGHTS
ACCURACY = 1e-11
SURVIVES = 1e-16
"""Probability of no click until then at which an integral ends."""
INTERVALS = 20_000
LARGEST = 20
SAME = 1e-8
"""Largest difference between elements of density matrices that count as the same state."""
SAME_SLOPE = 1e-6
"""Largest difference between derivatives of such matrices, relative to |dJ|/|J| + |dL_0|/|L_0|, that counts as none."""
VANISHING = 1e-11
"""Density of a detector's clicks, relative to its largest possible one, at which rounding begins to spoil quotients."""
NEVER = 1e-13
"""Probability of the next click below which it does not come."""


class NotFinite(InputError):
    """Raised where the state after a click depends on the time of the click."""


class Interval(NamedTuple):
    """Integrals from one click to the next.

    information: (p, p), sum_d int (dw_d/da)(dw_d/db)/w_d dt. duration: mean time to the next click. clicks: (D,)
    probability that it is one of detector d. after: (D, n) state after it, flattened; slopes: (D, p, n) derivatives.
    """

    information: np.ndarray
    duration: float
    clicks: np.ndarray
    after: np.ndarray
    slopes: np.ndarray


class ClickIntervals:
    """The evolution between clicks of a differentiated model.

    derivatives: the model. detectors: what sees its jumps.
    """

    def __init__(self, derivatives: Derivatives, detectors: Detectors) -> None:
        d = derivatives.model.dimension
        if d > LARGEST:
            name = derivatives.model.name
            raise TooCostly(f"{name}: has dimension {d}: the information of clicks is computed up to {LARGEST}")
        self.size, self.p = d * d, len(derivatives.names)
        self.trace = np.eye(d).ravel()
        energy, jumps = derivatives.model.hamiltonian, derivatives.model.operators
        each = np.array([np.kron(jump, jump.conj()) for jump in jumps])
        self.clicks = np.tensordot(detectors.eta, each, 1) + detectors.dark[:, None, None] * np.eye(d * d)
        self.quiet = _hamiltonian_part(energy, jumps) + each.sum(axis=0) - self.clicks.sum(axis=0)
        self.clicks_by, self.quiet_by = [], []
        for shift, change in zip(derivatives.hamiltonian, derivatives.operators, strict=True):
            slopes = np.array([np.kron(b, a.conj()) + np.kron(a, b.conj()) for a, b in zip(jumps, change, strict=True)])
            self.clicks_by.append(np.tensordot(detectors.eta, slopes, 1))
            drift = _hamiltonian_part(shift, jumps, change)
            self.quiet_by.append(drift + slopes.sum(axis=0) - self.clicks_by[-1].sum(axis=0))
        # A parameter of which a click tells nothing leaves rounding, of no relative accuracy.
        changes = [np.abs(q).sum() + np.abs(c).sum() for q, c in zip(self.quiet_by, self.clicks_by, strict=True)]
        self.least = 1e-3 * np.array(changes) / np.abs(self.quiet).sum()
        # A rare click may depend on a parameter much more than the whole does.
        sizes = np.abs(self.clicks).sum(axis=(1, 2))
        own = np.array([np.abs(change).sum(axis=(1, 2)) for change in self.clicks_by]) / np.where(sizes > 0, sizes, 1.0)
        self.slope_scale = own.T + 1e3 * self.least
        self._steps: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    @cached_property
    def first_level(self) -> int:
        """The interval that the integrals begin with lasts 2^level."""
        return math.floor(-math.log2(linalg.norm(self.quiet, 1)))

    def _step(self, level: int) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{L_0 t} (17, n, n) at Gauss's points and the end of 2^level, and its derivatives (p, 17, n, n)."""
        if level not in self._steps:
            n, times = self.size, 2.0**level * np.append(POINTS, 1.0)
            slopes = []
            for change in self.quiet_by:
                both = np.block([[self.quiet, np.zeros((n, n))], [change, self.quiet]])
                grown = np.array([linalg.expm(both * time) for time in times])
                slopes.append(grown[:, n:, :n])
            self._steps[level] = (grown[:, :n, :n], np.array(slopes))
        return self._steps[level]

    def _advance(self, state: np.ndarray, level: int) -> np.ndarray:
        """Return (17, 1 + p, n): rho and its derivatives at Gauss's points and the end, from those now (1 + p, n)."""
        plain, slopes = self._step(level)
        states = np.einsum("tij,aj->tai", plain, state)
        states[:, 1:] += np.einsum("atij,j->tai", slopes, state[0])
        return states

    @cached_property
    def _rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Row vectors of Tr J_d rho, of its derivative in time and of its second one, and their slopes.

        (3, D, n), with w = row rho; and (3, D, p, n), with dw/d theta_a = row xi_a + slope_a rho.
        """
        rows, slopes = [self.trace @ self.clicks], [np.stack([self.trace @ by for by in self.clicks_by], axis=1)]
        for _ in range(2):
            through = np.stack([rows[-1] @ by for by in self.quiet_by], axis=1)
            slopes.append(slopes[-1] @ self.quiet + through)
            rows.append(rows[-1] @ self.quiet)
        return np.array(rows), np.array(slopes)

    def _densities(self, states: np.ndarray, order: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """Return the densities w (T, D), or a derivative in time, and their slopes (T, p, D); states: (T, 1 + p, n)."""
        rows, slopes = self._rows
        densities = np.einsum("dj,taj->tad", rows[order], states).real
        return densities[:, 0], densities[:, 1:] + np.einsum("daj,tj->tad", slopes[order], states[:, 0]).real

    def _integrands(self, states: np.ndarray) -> np.ndarray:
        """Return (T, p^2 + 1 + D): the information's integrand, the probability of no click yet, and the densities.

        At a zero of w, 0/0, the integrand is 2 (d w'/da)(d w'/db)/w'' with the derivatives of w in time.
        """
        (density, slope), (speed, turn) = self._densities(states), self._densities(states, 1)
        bend = self._densities(states, 2)[0]
        quiet = (states[:, 0] @ self.trace).real
        floor = VANISHING * np.abs(quiet)[:, None] * np.abs(self.clicks).max(axis=(1, 2))
        zero = (density < floor) & (bend > 0.0) & (speed**2 <= 10.0 * floor * bend)
        numerator = np.where(zero[:, None, :], turn, slope)
        inverse = np.divide(1.0, density, out=np.zeros_like(density), where=density > floor)
        inverse = np.divide(2.0, bend, out=inverse, where=zero)
        information = np.einsum("tad,tbd,td->tab", numerator, numerator, inverse)
        return np.concatenate([information.reshape(len(states), -1), quiet[:, None], density], axis=1)

    def from_state(self, rho: np.ndarray, slopes: np.ndarray) -> Interval:
        """Return the integrals over the time to the next click after a click that left the state rho (n,).

        slopes: (p, n), d rho/d theta_a. Raises NotFinite where the state after a click of some detector depends on its
        time, InputError where there may never be another click.
        """
        state, level = np.concatenate([rho[None], slopes]).astype(complex), self.first_level
        total = np.zeros(self.p**2 + 1 + len(self.clicks))
        best = np.zeros(len(self.clicks))
        seen = np.zeros((len(self.clicks), 1 + self.p, self.size), complex)
        for _ in range(INTERVALS):
            whole = self._advance(state, level)
            first = self._advance(state, level - 1)
            second = self._advance(first[-1], level - 1)
            halves = sum(2.0 ** (level - 1) * (WEIGHTS @ self._integrands(part[:-1])) for part in (first, second))
            error = np.abs(halves - 2.0**level * (WEIGHTS @ self._integrands(whole[:-1])))
            if np.any(error > self._allowed(total + halves)) and level > self.first_level - 20:
                level -= 1
                continue
            total, state = total + halves, second[-1]
            self._look_after(np.concatenate([first[:-1], second[:-1]]), best, seen)
            if float((state[0] @ self.trace).real) < SURVIVES:
                return self._finished(total, seen)
            level += 1
            if level > self.first_level + 60:
                break
        raise InputError("detection: there may never be another click: no information per time exists")

    def _allowed(self, total: np.ndarray) -> np.ndarray:
        """Return the error allowed in each integral, (p^2 + 1 + D,)."""
        size = np.sqrt(np.diag(total[: self.p**2].reshape(self.p, self.p))) + self.least
        duration, clicks = total[self.p**2], np.ones(len(self.clicks))
        return ACCURACY * np.concatenate([np.outer(size, size).ravel(), [duration], clicks])

    def _look_after(self, states: np.ndarray, best: np.ndarray, seen: np.ndarray) -> None:
        """Keep the state after a click of each detector where it is likeliest; refuse a state that depends on time."""
        density, slope = self._densities(states)
        for d, click in enumerate(self.clicks):
            likely = np.flatnonzero(density[:, d] > max(1e-2 * best[d], 1e-300))
            if not len(likely):
                continue
            weight = density[likely, d]
            after = states[likely] @ click.T
            after[:, 1:] += np.einsum("aij,tj->tai", np.array(self.clicks_by)[:, d], states[likely, 0])
            after[:, 0] /= weight[:, None]
            after[:, 1:] = (after[:, 1:] - slope[likely, :, d, None] * after[:, :1]) / weight[:, None, None]
            top = int(np.argmax(weight))
            if best[d] > 1e-2 * weight[top]:
                self._compare(after, seen[d], np.minimum(weight, best[d]), d)
            if weight[top] > best[d]:
                best[d], seen[d] = weight[top], after[top]
            strong = weight > 1e-2 * best[d]
            self._compare(after[strong], seen[d], weight[strong], d)

    def _compare(self, after: np.ndarray, known: np.ndarray, weight: np.ndarray, d: int) -> None:
        """Refuse states after a click (T, 1 + p, n) that differ from a known one (1 + p, n) by more than rounding."""
        # Rounding of rho, of size one at most, is all that a rare click may differ by.
        rounding = 1e-14 * np.abs(self.clicks[d]).max() / weight
        apart = np.abs(after - known).max(axis=2)
        allowed = np.append(SAME, SAME_SLOPE * self.slope_scale[d])
        if np.any(apart > allowed * (1.0 + rounding[:, None] / SAME)):
            raise NotFinite("depends on the time of the click")

    def _finished(self, total: np.ndarray, seen: np.ndarray) -> Interval:
        information, duration = total[: self.p**2].reshape(self.p, self.p), total[self.p**2]
        clicks = np.where(total[self.p**2 + 1 :] > NEVER, total[self.p**2 + 1 :], 0.0)
        if abs(clicks.sum() - 1.0) > 1e-9:
            raise InputError(
                f"detection: the next click comes with probability {clicks.sum():.12g}, not 1: rates of this model "
                "are too far apart for exponentials of its generator"
            )
        return Interval(information, float(duration), clicks, seen[:, 0], seen[:, 1:])


def _hamiltonian_part(energy: np.ndarray, jumps: np.ndarray, change: np.ndarray | None = None) -> np.ndarray:
    """Return rho -> -i(A rho - rho A^dagger) as (n, n), A = H - (i/2) sum L^dagger L, or A's derivative.

    energy: H, or its derivative. change: (K, d, d) derivatives of the jump operators, for the derivative.
    """
    if change is None:
        loss = np.einsum("kji,kjl->il", jumps.conj(), jumps)
    else:
        half = np.einsum("kji,kjl->il", jumps.conj(), change)
        loss = half + half.conj().T
    effective, one = energy - 0.5j * loss, np.eye(len(energy))
    return -1j * np.kron(effective, one) + 1j * np.kron(one, effective.conj())
