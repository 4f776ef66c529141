"""The averages that cloning estimates: their exact values, and the spread that rare final states give an estimate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trajectories.counting.entropy_statistics import generating_function
from trajectories.counting.scgf import scgf
from trajectories.master.eigenensemble import Spectrum, spectrum
from trajectories.master.lindblad import Master
from trajectories.master.sectors import find_sectors
from trajectories.model import Model
from trajectories.sampling.cloning_population import SETTLING
from trajectories.sampling.doob_transform import Guide

Array = np.ndarray


class Target(NamedTuple):
    """The average that is estimated: <e^{-u X}> over `duration` from the state `begin`, cut into windows.

    begin: (d, d) or flattened blocks. start: its eigenbasis. steady: True if it is the steady state. most:
    multiplications that an exact value may take.
    """

    master: Master
    begin: Array
    start: Spectrum
    steady: bool
    u: float
    boundary: bool
    duration: float
    windows: int
    most: float


class ExactValues(NamedTuple):
    """Values by the tilted generator that a RareEstimate is compared with; see there."""

    log_average: float
    scgf: float
    settling: float
    end_spread: float


def target_of(
    model: Model, initial: Array | None, u: float, boundary: bool, duration: float, windows: int, most: float
) -> Target:
    """Return the average to be estimated, from the state `initial` (d, d) or, if None, from the steady state."""
    sectors = find_sectors(model, states=() if initial is None else (initial,))
    master = Master(model, sectors)
    begin = master.steady_blocks if initial is None else initial
    start = spectrum(begin, model.hamiltonian, sectors)
    return Target(master, begin, start, initial is None, u, boundary, duration, windows, most)


def exact_values(target: Target, guide: Guide, finish: Array | None) -> ExactValues:
    """Return the exact values of a target; finish: operator measured at the end, as in Setup."""
    master, begin, u, duration = target.master, target.begin, target.u, target.duration
    if target.boundary:
        average = generating_function(master, u, begin, np.array([duration]), most=target.most)[0]
        log_average = float(np.log(float(average)))
        opened = master.sectors.flatten(spectral_power(target.start, 1 - u))
    else:
        log_average = _log_flow(target, duration, master.trace_row)
        opened = begin
    rate = float(scgf(master, u))
    spread = end_spread(master, _flowed(target, opened, duration)[0], guide, finish)
    settled = duration / target.windows * int(SETTLING * target.windows)
    grown = _log_flow(target, duration, guide.eigenvector) - _log_flow(target, settled, guide.eigenvector)
    return ExactValues(log_average, rate, grown / (duration - settled) - rate, spread)


def _flowed(target: Target, state: Array, duration: float) -> tuple[Array, float]:
    """Return (v, c) with e^{L_u t}(rho0) = e^c v, flattened blocks; TooCostly before more than `most` is spent."""
    master, u, steps = target.master, target.u, target.master.model.entropy_steps
    with np.errstate(over="ignore"):
        weights = np.where(np.isinf(steps), float(u == 0), np.exp(-u * np.where(np.isinf(steps), 0.0, steps)))
    blocks = master.flattened(state).real if master.classical else master.flattened(state)
    return master.propagator(master.tilted(weights), most=target.most).advance(blocks, duration)


def _log_flow(target: Target, duration: float, end: Array) -> float:
    """Return ln Tr[A e^{L_u t}(rho0)]; end (D,): flattened blocks of A, the identity for <e^{-u X}> of the flow."""
    vector, log_scale = _flowed(target, target.begin, duration)
    return float(np.log(np.vdot(end, vector).real) + log_scale)


def end_spread(master: Master, begun: Array, guide: Guide, finish: Array | None) -> float:
    """Return Tr[R A X^{-1} A] Tr[R X] / Tr[R A]^2 with R = `begun` (D,), A = `finish`.

    Clones end in phi = X^{1/2} psi with the mean state X^{1/2} R X^{1/2}/Tr[R X] and contribute <phi|M|phi>,
    M = X^{-1/2} A X^{-1/2}, whose square is at most <phi|M^2|phi>.
    """
    sums = np.zeros(3)
    blocks = zip(master.sectors.split(begun), master.sectors.split(guide.eigenvector), strict=True)
    for s, (r, x) in enumerate(blocks):
        m = len(r)
        a = np.eye(m) if finish is None else finish[s, :m, :m]
        half = guide.inverse[s, :m, :m] @ a
        sums += [np.trace(term).real for term in (r @ x, r @ a, r @ half.conj().T @ half)]
    return float(sums[0] * sums[2] / sums[1] ** 2)


def power_by_sector(spectrum: Spectrum, u: float, sectors: int) -> Array:
    """Return rho^u on its support, in the sectors' bases, (S, M, M)."""
    m = spectrum.local.shape[1]
    out = np.zeros((sectors, m, m), complex)
    for p, s, vector in zip(spectrum.probabilities, spectrum.sector, spectrum.local, strict=True):
        if p > 0:
            out[s] += p**u * np.outer(vector, vector.conj())
    return out


def spectral_power(spectrum: Spectrum, exponent: float) -> Array:
    """Return rho^exponent on its support, (d, d)."""
    p = spectrum.probabilities
    return spectrum.operator(np.where(p > 0, np.where(p > 0, p, 1.0) ** exponent, 0.0))
