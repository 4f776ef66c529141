"""Waiting time of one no-jump stretch: the time t at which ||exp(-i H_eff t) psi||^2 has fallen to a drawn number r.

Newton's method on f(t) = ln ||psi(t)||^2 - ln r, whose derivative is minus the total jump rate of the normalised
state, inside a bracket that every step narrows.
"""

from __future__ import annotations

import math

from . import kernel
from .closed import evolve_closed, prepare_closed
from .eigen import evolve_eigen, prepare_eigen
from .grid import descend, evolve_cells, evolve_short
from .matrices import apply, expectation, norm_squared
from .plan import (
    CLOSED,
    DECAY,
    DIMENSION,
    EIGEN,
    FASTEST,
    GRID,
    LEFT,
    LEVELS,
    LOSS,
    MATRIX,
    METHOD,
    PROPAGATORS,
    RIGHT,
    SLOWEST,
    STIFFNESS,
    TRACELESS,
    VECTOR,
)  # fmt: skip

ROWS = 4  # rows of scratch space: PREPARED belongs to a stretch, the others to one call
PREPARED, BASE, TERM, NEXT = range(ROWS)

LAST_STEP = 1e-8  # Newton's step times the norm of H_eff from which the error left is of second order
STEPS = 200
TINY = 1e-280
ROUNDING = 4e-16
SAME_CELL = 1 + 1e-9


@kernel
def prepare(plan, s, psi, work):
    """Fill the row PREPARED of `work` for a stretch that starts in psi: all evaluations of the stretch share it."""
    if plan.sectors[s, METHOD] == CLOSED:
        prepare_closed(plan.matrices, TRACELESS, plan.sectors[s, MATRIX], psi, work[PREPARED])
    elif plan.sectors[s, METHOD] == EIGEN:
        prepare_eigen(plan.matrices, LEFT, plan.sectors[s, MATRIX], plan.sectors[s, DIMENSION], psi, work[PREPARED])


@kernel
def evolve(plan, s, psi, t, work, out):
    """Set out = exp(-i H_eff t) psi, up to a phase, in a sector of more than one dimension; psi is prepared."""
    if plan.sectors[s, METHOD] == GRID:
        m, levels, first = plan.sectors[s, DIMENSION], plan.sectors[s, LEVELS], plan.sectors[s, PROPAGATORS]
        t = evolve_cells(plan.grid, first, levels, plan.times[-1], m, psi, t, work[BASE], out)
        psi = work[BASE]
    _evolve_within(plan, s, psi, t, work, out)


@kernel
def _evolve_within(plan, s, psi, t, work, out):
    """Set out = exp(-i H_eff t) psi as `evolve` does; with method GRID for t within the finest cell only."""
    m, line, decay = plan.sectors[s, DIMENSION], plan.sectors[s, MATRIX], plan.rates[s, DECAY]
    first = plan.sectors[s, VECTOR]
    if plan.sectors[s, METHOD] == CLOSED:
        evolve_closed(plan.eigenvalues[first], decay, psi, work[PREPARED], t, out)
    elif plan.sectors[s, METHOD] == EIGEN:
        evolve_eigen(plan.eigenvalues, first, plan.matrices, RIGHT, line, m, work[PREPARED], t, work[TERM], out)
    else:
        evolve_short(plan.matrices, TRACELESS, line, decay, m, psi, t, work[TERM], work[NEXT], out)


@kernel
def _jump_rate(plan, s, psi):
    """Return <psi| i (H_eff - H_eff^dag) |psi>, the total jump rate where psi is normalised."""
    return expectation(plan.matrices, LOSS, plan.sectors[s, MATRIX], plan.sectors[s, DIMENSION], psi)


@kernel
def waiting_time(plan, s, psi, log_r, remaining, work, out):
    """Return when the next jump comes, infinity if not within `remaining`; set out to the state just before it.

    psi: normalised, prepared. log_r = ln r. out is not normalised, and arbitrary where there is no jump. A norm that
    levels off above r is a dark state: no jump.
    """
    slowest, fastest = plan.rates[s, SLOWEST], plan.rates[s, FASTEST]
    if fastest == 0.0:
        return math.inf
    if plan.sectors[s, METHOD] == GRID:
        m, levels, first = plan.sectors[s, DIMENSION], plan.sectors[s, LEVELS], plan.sectors[s, PROPAGATORS]
        duration, r = plan.times[-1], math.exp(log_r)
        passed = descend(plan.grid, first, levels, duration, m, psi, r, remaining, work[BASE], out)
        psi = work[BASE]
        low, high, cell = 0.0, remaining - passed, math.ldexp(duration, -int(levels))
        # The jump is in this cell, or it has not come by the end, which is in this cell or, but for rounding, its edge.
        at_end = high <= SAME_CELL * cell
        if not at_end:
            high = cell
    else:
        passed, low, high, at_end = 0.0, -log_r / fastest, remaining, True
    dark = at_end and -log_r > slowest * remaining
    if slowest > 0.0:
        high = max(low, min(high, -log_r / slowest - passed))
    return passed + _solve(plan, s, psi, log_r, low, high, dark, work, out)


@kernel
def _solve(plan, s, psi, log_r, low, high, dark, work, out):
    """Return the root of f between low and high, with out the state there; infinity where, if `dark`, f(high) >= 0."""
    size = norm_squared(psi, plan.sectors[s, DIMENSION])
    guess = (math.log(size) - log_r) * size / max(_jump_rate(plan, s, psi), TINY)
    guess = min(max(guess, low), high)
    t = high if dark else guess
    before = math.inf
    for _ in range(STEPS):
        _evolve_within(plan, s, psi, t, work, out)
        size = max(norm_squared(out, plan.sectors[s, DIMENSION]), TINY)
        f = math.log(size) - log_r
        if dark:
            if f >= 0.0:
                return math.inf
            dark = False
            t = guess
            continue
        step = f * size / max(_jump_rate(plan, s, out), TINY)
        if abs(step) * plan.rates[s, STIFFNESS] <= LAST_STEP:
            _advance(plan, s, out, step, work[NEXT])
            return t + step
        if f > 0.0:
            low = t
        else:
            high = t
        # Bisect where Newton leaves the bracket or gains too little: rates that swing, or vanish for a moment.
        if low < t + step < high and abs(f) < 0.5 * before:
            t += step
        else:
            t = math.sqrt(low * high) if high > 4.0 * low > 0.0 else 0.5 * (low + high)
        before = abs(f)
        if high - low <= ROUNDING * high:
            break
    return t


@kernel
def _advance(plan, s, psi, t, turned):
    """Carry psi on, up to a factor, by a time t so short that the first order in H_eff is exact to rounding."""
    m = plan.sectors[s, DIMENSION]
    apply(plan.matrices, TRACELESS, plan.sectors[s, MATRIX], m, psi, turned)
    for a in range(m):
        psi[a] += complex(0.0, -t) * turned[a]
