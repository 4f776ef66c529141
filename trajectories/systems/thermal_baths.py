"""Thermal baths of the published machines: temperatures, occupations, and the pair of channels a transition gives."""

from __future__ import annotations

import math

from trajectories.errors import InputError
from trajectories.model import Channel, validation
from trajectories.model.operators import Array, dagger

VALIDITY = 0.1
"""Couplings above this fraction of an energy draw a remark: weak-coupling master equations want them much smaller."""

SMALLEST_RATE = 1e-300


def temperature(value: float, key: str, *, infinite: bool = True) -> float:
    """Return a temperature >= 0, in units of energy; 0 and, where the baths allow it, infinity included.

    Raises InputError for anything else.
    """
    T = validation.real(value, key, finite=False, least=0.0, hint="0 and inf are allowed" if infinite else "finite")
    if T == math.inf and not infinite:
        raise InputError(
            f"{key} = inf: bosonic rates gamma*(1 + n_B) are infinite there; it must be finite: take a large one, and "
            "gamma = total/(2 n_B + 1) for a finite total rate"
        )
    return T


def inverse(T: float) -> float:
    """Return beta = 1/T (1/energy); +inf at T = 0, 0 at infinite temperature."""
    return math.inf if T == 0.0 else 1.0 / T


def boltzmann(T: float, energy: float) -> float:
    """Return e^{-energy/T} for energy > 0; 0 at T = 0, 1 at infinite temperature."""
    return 0.0 if T == 0.0 else math.exp(-energy / T)


def fermi(T: float, energy: float) -> float:
    """Return n_F = 1/(e^{energy/T} + 1), without cancellation; also the excited population of a qubit."""
    x = boltzmann(T, energy)
    return x / (1.0 + x)


def bose(T: float, energy: float) -> float:
    """Return n_B = 1/(e^{energy/T} - 1) for energy > 0 and finite T, without cancellation."""
    return 0.0 if T == 0.0 else boltzmann(T, energy) / -math.expm1(-energy / T)


def transition(
    name: str, bath: str, T: float, lowering: Array, energy: float, up: float, down: float, suffix: str = ""
) -> list[Channel]:
    """Return the channels `bath`_up and `bath`_down of one transition, with quanta +energy and -energy.

    lowering: (d, d) operator, without a rate; T, energy, up, down: temperature, quantum > 0, and the two rates.
    At T = 0 there is no way up, and the way down is one-way. Raises InputError where a rate leaves the range of
    numbers.
    """
    if T > 0.0 and up < SMALLEST_RATE:
        raise InputError(
            f"{name}: T_{bath} = {T:g}: the upward rate at energy {energy:g} underflows; "
            f"allowed: 0, or at least about {energy / 600.0:.3g}"
        )
    if not math.isfinite(up + down):
        raise InputError(f"{name}: T_{bath} = {T:g}: the rates at energy {energy:g} overflow; it must be smaller")
    upward, downward = f"{bath}_up{suffix}", f"{bath}_down{suffix}"
    if T == 0.0:
        return [Channel(downward, math.sqrt(down) * lowering, bath, -energy, "none")]
    return [
        Channel(upward, math.sqrt(up) * dagger(lowering), bath, energy, downward),
        Channel(downward, math.sqrt(down) * lowering, bath, -energy, upward),
    ]


def couplings(system: str, g: float, energy: float, **rates: float) -> None:
    """Check the exchange coupling, the energy and the bare rates of a machine.

    Raises InputError, naming the parameter.
    """
    validation.real(g, f"{system}: g")
    validation.real(energy, f"{system}: energy", above=0.0)
    for name, rate in rates.items():
        validation.real(rate, f"{system}: {name}", above=0.0)


def weak_coupling(sizes: dict[str, float], energy: float, what: str = "the qubits' energy") -> list[str]:
    """Return remarks on the couplings that are not small against an energy."""
    return [
        f"{name} = {size:g} is not small against {what}: {abs(size) / energy:.3g} of it, and the master equation "
        f"wants it below {VALIDITY:g}"
        for name, size in sizes.items()
        if abs(size) > VALIDITY * energy
    ]
