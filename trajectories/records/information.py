r"""Fisher information of clicks per time, and the quantum bound on it.

After T the information of a long record is F T: no unbiased estimate has a covariance below F^{-1}/T. Where every seen
click leaves one of finitely many states i (Radaelli et al., arXiv:2402.06556 (2024)),

    F_ab = sum_i pi_i sum_d int_0^inf (dw_id/da)(dw_id/db)/w_id dt / sum_i pi_i tau_i,

w_id(t) the density of the next click, tau_i its mean time, pi the stationary distribution of the chain of the clicks.

No measurement of emission and system together has more than the quantum information (Gammelmark and Molmer, PRL 112,
170401 (2014))

    F^Q_ab = 4 Re d/da_1 d/db_2 lambda,

lambda the eigenvalue near 0 of M rho = -i H_1 rho + i rho H_2 + sum_k L_k1 rho L_k2^dagger
- (1/2) sum_k (L_k1^dagger L_k1 rho + rho L_k2^dagger L_k2), with the parameters theta_1 on the left and theta_2 on the
right. With the steady state rho and the reduced resolvent (Drazin inverse) L^# of the Liouvillian,

    d_1a d_2b lambda = Tr[(d_1a d_2b M) rho] - Tr[(d_1a M) L^# (d_2b M) rho] - Tr[(d_2b M) L^# (d_1a M) rho].
"""

from __future__ import annotations

import numpy as np

from trajectories.errors import InputError, TooCostly
from trajectories.master.lindblad import Master
from trajectories.master.null_space import recurrent_classes, stationary_distribution
from trajectories.master.sectors import find_sectors
from trajectories.records.click_intervals import LARGEST, SAME_SLOPE, ClickIntervals, Interval, NotFinite
from trajectories.records.detection import Detectors
from trajectories.records.model_derivatives import Derivatives

ROUNDING = 1e-6
"""Slope of ln w, relative to |dL_0|/|L_0| / 1000, that is rounding."""


def click_information(derivatives: Derivatives, detectors: Detectors) -> np.ndarray:
    """Return F, (p, p), the information per time of the clicks of these detectors.

    Raises InputError where the clicks do not leave one of finitely many states, and where no unique long-time
    behaviour exists; TooCostly beyond dimension 20.
    """
    master = Master(derivatives.model)
    master.steady_blocks  # noqa: B018 - refuses a steady state that is not unique
    intervals = ClickIntervals(derivatives, detectors)
    starts = find_sectors(derivatives.model).basis.T
    for start in starts:
        try:
            return _chain_information(intervals, np.outer(start, start.conj()).ravel())
        except NotFinite:
            continue
    raise NotFinite(
        f"detection: the state of {derivatives.model.name} after a click depends on when it came, and the "
        "information of such clicks is not computed; let every channel have its own perfect detector, or leave only "
        "detectors whose clicks reset the state, without dark counts"
    )


def _chain_information(intervals: ClickIntervals, start: np.ndarray) -> np.ndarray:
    """Return F from the states that clicks reach from a start (n,); raises NotFinite where they are too many."""
    states, slopes = [start], [np.zeros((intervals.p, intervals.size), complex)]
    allowed = SAME_SLOPE * intervals.slope_scale.max(axis=0)[:, None]
    for _ in range(4 * intervals.size):
        found = _all_intervals(intervals, states, slopes)
        arrivals = [
            (i, _index(states, after), probability, slope)
            for i, one in enumerate(found)
            for after, probability, slope in zip(one.after, one.clicks, one.slopes, strict=True)
            if probability > 0.0
        ]
        if all(np.all(np.abs(slope - slopes[j]) <= allowed) for _, j, _, slope in arrivals):
            rates = np.zeros((len(states), len(states)))
            for i, j, probability, _ in arrivals:
                rates[j, i] += probability
            return _average(found, rates, intervals.least)
        for _, j, _, slope in arrivals:
            slopes[j] = slope
    raise NotFinite("the derivative of the state after a click depends on earlier clicks")


def _all_intervals(intervals: ClickIntervals, states: list[np.ndarray], slopes: list[np.ndarray]) -> list[Interval]:
    """Return the integrals of every state; states that clicks reach are added to `states`, with slope 0."""
    found: list[Interval] = []
    while len(found) < len(states):
        if len(states) > 4 * intervals.size:
            raise NotFinite("clicks reach too many states")
        one = intervals.from_state(states[len(found)], slopes[len(found)])
        for after, probability in zip(one.after, one.clicks, strict=True):
            if probability > 0.0 and _index(states, after) < 0:
                states.append(after)
                slopes.append(np.zeros_like(slopes[0]))
        found.append(one)
    return found


def _index(states: list[np.ndarray], state: np.ndarray) -> int:
    """Return which of the states this is, -1 for none of them."""
    apart = np.abs(np.array(states) - state).max(axis=1)
    return int(np.argmin(apart)) if apart.min() < 1e-7 else -1


def _average(found: list[Interval], rates: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Return sum_i pi_i (information of interval i) / sum_i pi_i tau_i.

    rates: (n, n), probability that the click after state i leaves the state j, at [j, i]. least: (p,) scale of the
    slopes of ln w; an information that is no more than their rounding is 0.
    """
    np.fill_diagonal(rates, 0.0)
    if len(recurrent_classes(rates)) > 1:
        raise InputError("detection: clicks fall into classes that never mix: no single information per time exists")
    pi = stationary_distribution(rates)
    information = sum(share * one.information for share, one in zip(pi, found, strict=True))
    told = np.diag(information) > (ROUNDING * least) ** 2
    information = np.where(np.outer(told, told), 0.5 * (information + information.T), 0.0)
    return information / sum(share * one.duration for share, one in zip(pi, found, strict=True))


def quantum_bound(derivatives: Derivatives) -> np.ndarray:
    """Return F^Q, (p, p), per time, of the emission field and the system together.

    Raises InputError where the steady state is not unique; TooCostly beyond dimension 20.
    """
    model, d = derivatives.model, derivatives.model.dimension
    if d > LARGEST:
        raise TooCostly(f"{model.name}: has dimension {d}: the quantum Fisher information needs at most {LARGEST}")
    rho = Master(model).steady_state()
    jumps, p = model.operators, len(derivatives.names)
    adjoint = jumps.conj().transpose(0, 2, 1)

    def left(a: int, x: np.ndarray) -> np.ndarray:
        """d_1a M applied to x."""
        change, half = derivatives.operators[a], np.sum(adjoint @ derivatives.operators[a], axis=0)
        drift = -1j * derivatives.hamiltonian[a] - 0.5 * (half + half.conj().T)
        return drift @ x + np.sum(change @ x @ adjoint, axis=0)

    def right(a: int, x: np.ndarray) -> np.ndarray:
        """d_2a M applied to x, the adjoint of d_1a M applied to x^dagger."""
        return left(a, x.conj().T).conj().T

    one = np.eye(d)
    effective = model.effective_hamiltonian
    liouvillian = -1j * np.kron(effective, one) + 1j * np.kron(one, effective.conj())
    liouvillian = liouvillian + sum(np.kron(jump, jump.conj()) for jump in jumps)
    bordered = np.block([[liouvillian, rho.reshape(-1, 1)], [one.reshape(1, -1), np.zeros((1, 1))]])

    def reduced(x: np.ndarray) -> np.ndarray:
        """L^# x: the traceless y with L y = x - rho Tr x."""
        wanted = np.append((x - rho * np.trace(x)).ravel(), 0.0)
        return np.linalg.solve(bordered, wanted)[:-1].reshape(d, d)

    answers = [(reduced(left(a, rho)), reduced(right(a, rho))) for a in range(p)]
    bound = np.empty((p, p))
    for a in range(p):
        for b in range(p):
            change = derivatives.operators[a] @ rho @ derivatives.operators[b].conj().transpose(0, 2, 1)
            value = np.trace(np.sum(change, axis=0) - left(a, answers[b][1]) - right(b, answers[a][0]))
            bound[a, b] = 4.0 * value.real
    return 0.5 * (bound + bound.T)
