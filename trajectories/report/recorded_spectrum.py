"""The power spectrum of a count's current, from the periodograms of sampled jump records.

With Z = sum_j w_{k_j} e^{-i omega t_j} over the jumps in (0, T], counted from the beginning of counting,

    S_T(omega) = <|Z - <Z>|^2>/T,

which tends to S(omega) for T -> inf (see `time_correlations`) and is Var N/T at omega = 0. Its exact value at finite
T, from any start rho, comes from y(t), the state resolved by int_0^t e^{-i omega (t-s)} (dN_s - J ds):

    dy/dt = (L - i omega) y + (G - J) rho,
    S_T = [sum_k w_k^2 n_k(T) + 2 Re int_0^T Tr[(G - J) y] dt - |int_0^T e^{-i omega t} (Tr[G rho] - J) dt|^2]/T.

The exact mean <Z> is subtracted, not the sample's: |Z - <Z>|^2/T is then one number for each trajectory.
Landi, Kewming, Mitchison, Potts, PRX Quantum 5, 020201 (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import sparse

from trajectories.counting import time_correlations
from trajectories.counting.counted_currents import jump_operator
from trajectories.counting.model_counts import Count
from trajectories.errors import InputError
from trajectories.kernels import records as kernels
from trajectories.master.block_generator import DENSE_LIMIT
from trajectories.master.lindblad import Master
from trajectories.master.propagation import DensePropagator
from trajectories.master.sparse_propagation import SparsePropagator
from trajectories.report.counting_rows import CountingRow
from trajectories.report.exact_counting import square_kurtosis, start_of
from trajectories.report.record_rows import Ratio
from trajectories.report.recorded_waiting_times import occupied
from trajectories.sampling.jump_records import Recorded
from trajectories.sampling.preparation import Preparation

MOST_PHASE = 1e8  # omega T, whose rounding is the error of a phase
MULTIPLES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
MOST_LINES = 4  # frequencies of the generator's own modes that are looked at


class PowerSpectrum:
    """S_T(omega) of a count's current at some angular frequencies.

    Default: up to 16 slowest relaxation rates, and those at which slow modes of the generator oscillate.
    curve: (omega, S) at long times in the steady state. Raises InputError for frequencies that are not finite.
    """

    def __init__(self, preparation: Preparation, count: Count, frequencies: Sequence[float] = ()) -> None:
        master = Master(preparation.model, preparation.sectors)
        begin, end = preparation.counting_from, float(preparation.times[-1])
        most = MOST_PHASE / (end - begin)
        rate = preparation.gap if 0 < preparation.gap < np.inf else 2 * np.pi / (end - begin)
        lines = slow_lines(master, most)
        usual = np.unique([*(rate * np.array(MULTIPLES)), *lines.imag])
        self.frequencies = np.array(sorted(frequencies), float) if len(frequencies) else usual
        if not (np.abs(self.frequencies) <= most).all():
            raise InputError(
                f"--frequency: must be a finite number, from {-most:.3g} to {most:.3g} in records this long"
            )
        self._weights, self._begin, self._span = count.weights, begin, end - begin
        start = start_of(preparation)
        rho = master.steady_blocks if start is None else start
        jumps = master.jump_rates(occupied(preparation, master, begin, end))
        values = [finite_time_spectrum(master, count.weights, w, rho, self._span, jumps) for w in self.frequencies]
        self.mean = np.array([value for value, _ in values])
        self._amplitude = np.array([amplitude for _, amplitude in values])
        steady = time_correlations.power_spectrum(master, count.weights, self.frequencies)
        # Of the squared deviation of the count, which the periodogram is at omega = 0; elsewhere it spreads less.
        kurtosis = square_kurtosis(master, count.weights, self._span, start)
        self.ratios = []
        for f, w in enumerate(self.frequencies):
            label, unit = f"{count.name}, omega {w:.4g}", count.unit_of(2)
            row = CountingRow("power_spectrum", label, count.reservoir, begin, end, unit, None)
            self.ratios.append(Ratio(replace(row, long_time=float(steady[f])), f, (), 1.0, kurtosis))
        omega = _drawn(self.frequencies, lines)
        self.curve = omega, time_correlations.power_spectrum(master, count.weights, omega)

    def measure(self, records: Recorded) -> np.ndarray:
        """Return |Z - <Z>|^2/T at each frequency, (n, F)."""
        x = np.zeros((len(records.initial), 2 * len(self.frequencies)))
        weights = np.ascontiguousarray(self._weights, float)
        kernels.fourier(records.offsets, records.times, records.channels, weights, self._begin, self.frequencies, x)
        deviation = x[:, 0::2] + 1j * x[:, 1::2] - self._amplitude
        return np.asarray(np.abs(deviation) ** 2 / self._span)


def slow_lines(master: Master, most: float) -> np.ndarray:
    """Return the slowest oscillating modes -gamma + i omega of a generator, (n,) complex, with 0 < omega <= `most`.

    One turn or more within 2 pi lifetimes makes a line in a spectrum; of lines nearer than their width one is returned.
    Beyond 400 elements the modes are taken to first order in the jumps.
    """
    small = master.sectors.size <= DENSE_LIMIT
    modes = master.modes if small else master.space.coherent_modes()
    lines: list[complex] = []
    for mode in modes[np.argsort(-modes.real, kind="stable")]:
        narrow = max(-mode.real, 0.0) < mode.imag <= most
        if narrow and all(abs(mode.imag - line.imag) > max(-mode.real, 1e-3 * mode.imag) for line in lines):
            lines.append(complex(mode))
    return np.array(lines[:MOST_LINES], complex)


def evenly_spaced(frequencies: np.ndarray) -> bool:
    """Return whether there are three frequencies or more, at equal distances."""
    steps = np.diff(frequencies)
    return len(steps) > 1 and bool(np.ptp(steps) <= 1e-6 * steps.max())


def _drawn(frequencies: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Return frequencies (n,) for a curve from 0, or from the first, to the last, closer to each other near lines."""
    sizes = np.abs(frequencies[frequencies != 0.0])
    least, most = (float(sizes.min()), float(sizes.max())) if len(sizes) else (1.0, 1.0)
    if evenly_spaced(frequencies):
        least, most = float(frequencies[0]), float(frequencies[-1])
        omega = np.linspace(least, most, 301)
    else:
        omega = np.concatenate([np.linspace(0.0, least, 21), np.geomspace(least, most, 121)[1:]])
    near = (lines.imag - lines.real * np.linspace(-4, 4, 33)[:, None]).ravel()
    inside = (near > omega[0]) & (near < omega[-1])
    return np.unique(np.concatenate([omega, near[inside]]))


def finite_time_spectrum(
    master: Master, weights: np.ndarray, omega: float, rho: np.ndarray, duration: float, jumps: np.ndarray
) -> tuple[float, complex]:
    """Return S_T(omega) and <Z> over a duration T that begins in the state rho, (D,) flattened blocks.

    jumps: (K,) mean numbers of jumps in that time.
    """
    size, trace = len(master.trace_row), master.trace_row
    mean = float(weights @ master.jump_rates(master.steady_blocks))
    generator, unit = sparse.csr_matrix(master.generator), sparse.eye(size, format="csr")
    kick = sparse.csr_matrix(jump_operator(master, weights)) - mean * unit
    functional = sparse.csr_matrix((weights @ master.space.losses).conj() - mean * trace)
    # Rows: rho; y; int Tr[(G-J) y]; int e^{i omega (t-s)} Tr[(G-J) rho(s)] ds.
    joint = sparse.csr_array(
        sparse.bmat(
            [
                [generator, None, None, None],
                [kick, generator - 1j * omega * unit, None, None],
                [None, functional, sparse.csr_matrix((1, 1)), None],
                [functional, None, None, sparse.csr_matrix([[1j * omega]])],
            ]
        )
    )
    kept = np.concatenate([trace, np.zeros(size + 2)])
    small = joint.shape[0] <= DENSE_LIMIT
    propagator = DensePropagator(joint.toarray(), trace=kept) if small else SparsePropagator(joint)
    vector = np.concatenate([np.asarray(rho, complex), np.zeros(size + 2)])
    moved, log_scale = propagator.advance(vector, duration)
    correlated, beyond = moved[-2:] * np.exp(log_scale)
    shot = float(weights**2 @ jumps)
    value = (shot + 2 * float(correlated.real) - abs(beyond) ** 2) / duration
    steady = mean * (duration if omega == 0 else (1 - np.exp(-1j * omega * duration)) / (1j * omega))
    return value, complex(beyond * np.exp(-1j * omega * duration) + steady)
