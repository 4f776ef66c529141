"""Which jumps the detectors of an experiment see, how surely, and how often they click without any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError, kind, listing, nearest, show
from trajectories.model import Model
from trajectories.model.argument_types import number

SUM_ROUNDING = 1e-12
"""By which the efficiencies of one channel may add up to more than 1, being rounded."""


class Detectors(NamedTuple):
    """The detectors of a model. With C_k rho = L_k rho L_k^dag a click of d changes the state by

        J_d rho = sum_k eta[d, k] C_k rho + dark[d] rho.

    names: of the D detectors. eta: (D, K) share of the jumps of channel k that d sees. dark: (D,) clicks per time
    without a jump.
    """

    names: tuple[str, ...]
    eta: np.ndarray
    dark: np.ndarray

    @property
    def perfect(self) -> bool:
        """True where every jump is seen and every detector sees one channel: a pure state stays pure."""
        seen = self.eta > 0
        surely = np.array_equal(self.eta.sum(axis=0), np.ones(self.eta.shape[1]))
        return bool(surely and (seen.sum(axis=0) == 1).all() and (seen.sum(axis=1) <= 1).all() and not self.dark.any())

    def number(self, name: str, where: str) -> int:
        """Return the number of a detector; where: what names it, for the message of InputError."""
        if name not in self.names:
            raise InputError(
                f"{where}: there is no detector {show(name)}; {nearest(name, self.names)}the detectors are "
                f"{listing(self.names)}"
            )
        return self.names.index(name)


@dataclass(frozen=True)
class Detection:
    """The detectors of an experiment: which channels each one sees, how surely, and its dark counts.

    A click of detector d says that one of its channels has jumped, or none (a dark count):
    J_d rho = sum_k eta_dk L_k rho L_k^dag + delta_d rho.

    Parameters
    ----------
    detectors : mapping of str to sequence of str, optional
        Names of the channels that each detector sees; channels of no detector are hidden. Default: every channel of the
        model has its own detector, of its own name.
    efficiency : float or mapping of str to float, default 1
        Share eta of the jumps that is seen, in [0, 1], for all detectors or by detector (those left out: 1).
    dark : float or mapping of str to float, default 0
        Dark counts delta of a detector (1/time), >= 0, for each detector or by detector (those left out: 0).

    Raises
    ------
    InputError
        One line, for numbers out of range and detectors or channels that do not exist; `of` also where detectors
        together see more than all jumps of a channel.

    References
    ----------
    Wiseman, Milburn, *Quantum Measurement and Control* (Cambridge, 2010), chapter 4.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=0, beta_S=1)
    >>> detection = trajectories.Detection({"up": ["A_up", "S_up"], "down": ["A_down", "S_down"]}, efficiency=0.8)
    >>> names, eta, dark = detection.of(model)
    >>> names, eta.tolist(), dark.tolist()
    (('up', 'down'), [[0.8, 0.0, 0.8, 0.0], [0.0, 0.8, 0.0, 0.8]], [0.0, 0.0])
    """

    detectors: Mapping[str, Sequence[str]] | None = None
    efficiency: float | Mapping[str, float] = 1.0
    dark: float | Mapping[str, float] = 0.0

    def __post_init__(self) -> None:
        if self.detectors is not None:
            object.__setattr__(self, "detectors", MappingProxyType(_groups(self.detectors)))
        for name, most in (("efficiency", 1.0), ("dark", np.inf)):
            value = getattr(self, name)
            if isinstance(value, Mapping):
                checked = {d: _checked(f"{name}[{show(d)}]", one, most) for d, one in value.items()}
                object.__setattr__(self, name, MappingProxyType(checked))
            else:
                object.__setattr__(self, name, _checked(name, value, most))

    def of(self, model: Model) -> Detectors:
        """Return the detectors' names, efficiencies (D, K) and dark counts (D,) for the channels of a model.

        Parameters
        ----------
        model : Model

        Returns
        -------
        Detectors
            `names`, `eta` (D, K), `dark` (D,) in 1/time.

        Examples
        --------
        >>> trajectories.Detection(dark=0.1).of(trajectories.systems.diamond(beta_A=0, beta_S=1)).dark.tolist()
        [0.1, 0.1, 0.1, 0.1]
        """
        channels = [channel.name for channel in model.channels]
        groups = {name: [name] for name in channels} if self.detectors is None else self.detectors
        efficiencies = _by_detector("efficiency", self.efficiency, list(groups), 1.0)
        eta = np.zeros((len(groups), len(channels)))
        for d, (detector, seen) in enumerate(groups.items()):
            for name in seen:
                if name not in channels:
                    raise InputError(
                        f"detectors[{show(detector)}]: {model.name} has no channel {show(name)}; "
                        f"{nearest(name, channels)}its channels are {listing(channels)}"
                    )
                eta[d, channels.index(name)] = efficiencies[d]
        total = eta.sum(axis=0)
        if (total > 1 + SUM_ROUNDING).any():
            k = int(np.argmax(total))
            raise InputError(
                f"efficiency: the detectors together see {total[k]:g} of the jumps of {channels[k]}: must be at most 1"
            )
        return Detectors(tuple(groups), eta, _by_detector("dark", self.dark, list(groups), 0.0))


def _groups(value: object) -> dict[str, tuple[str, ...]]:
    """Return detectors with the names of their channels."""
    if not isinstance(value, Mapping) or not value:
        given = kind(value) if value else "empty"
        raise InputError(f'detectors: is {given}: must be names with channels, such as {{"up": ["A_up"]}}')
    groups = {}
    for detector, seen in value.items():
        names = (seen,) if isinstance(seen, str) else tuple(seen) if isinstance(seen, Sequence) else ()
        if not isinstance(detector, str) or not names or not all(isinstance(name, str) for name in names):
            raise InputError(f"detectors[{show(detector)}] = {show(seen)}: must be a list of names of channels")
        if len(set(names)) < len(names):
            raise InputError(f"detectors[{show(detector)}] = {show(list(names))}: names a channel twice")
        groups[detector] = names
    return groups


def _checked(where: str, value: object, most: float) -> float:
    """Return a number from 0 to `most`."""
    result = float(number(where, value))
    if not (0 <= result <= most and np.isfinite(result)):
        allowed = "from 0 to 1" if most == 1 else "finite and >= 0"
        raise InputError(f"{where} = {show(value)}: must be {allowed}")
    return result


def _by_detector(name: str, value: float | Mapping[str, float], detectors: list[str], default: float) -> np.ndarray:
    """Return a number for each detector, (D,)."""
    if not isinstance(value, Mapping):
        return np.full(len(detectors), float(value))
    for detector in value:
        if detector not in detectors:
            raise InputError(
                f"{name}[{show(detector)}]: there is no such detector; {nearest(str(detector), detectors)}"
                f"the detectors are {listing(detectors)}"
            )
    return np.array([value.get(detector, default) for detector in detectors])
