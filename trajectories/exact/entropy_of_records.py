"""Entropy production of measured records, as far as the detectors see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError
from trajectories.exact.arguments import Initial, density, master_of
from trajectories.exact.records import Clicks, log_likelihood
from trajectories.model import Model
from trajectories.model.argument_types import number, numbers
from trajectories.model.time_reversal import reversed_model
from trajectories.records.detection import Detection
from trajectories.records.reversal import partner_detectors


def record_entropy(
    model: Model,
    times: ArrayLike,
    clicks: Clicks,
    duration: float,
    detection: Detection | None = None,
    initial: Initial = "steady",
) -> float:
    r"""Return S_r = ln P[r]/P~[r~], the entropy production that a record of clicks shows.

    P is the likelihood of the record, P~ that of the record read backwards, each detector replaced by the one that sees
    the reversed jumps, in the reversed model from the time reversed rho(T). With Delta S the entropy production of the
    jumps behind the record,

        e^{-S_r} = <e^{-Delta S} | r>,     S_r <= <Delta S | r>,     <e^{-S_r}> = 1,

    the last where the reversed process starts in states that the forward one can reach. S_r is a lower bound in the
    mean, not the entropy production of the run that made the record.

    Parameters
    ----------
    model : Model
    times : (N,) array
        Times of the clicks, not falling, in [0, duration].
    clicks : (N,) sequence of str or int
        Detector of each click: its name, or its number in `detection.of(model).names`.
    duration : float
        Time T for which the detectors were watched.
    detection : Detection, optional
        For each detector there must be one that sees the reversed jumps as surely and has the same dark counts; it may
        be the same detector. Default: every channel has its own perfect detector.
    initial : str or array, default "steady"
        State at t = 0; at the end nothing is measured.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    InputError
        As for `log_likelihood`; for a detector without a reversed one; and where a jump is one-way.

    References
    ----------
    Manzano, Horowitz, Parrondo, PRX 8, 031037 (2018).

    Examples
    --------
    >>> model = trajectories.systems.local_engine(T_h=2, T_c=0.3, g=0.02, gamma_h=0.01, gamma_c=0.011)
    >>> baths_unknown = trajectories.Detection({"up": ["h_up", "c_up"], "down": ["h_down", "c_down"]})
    >>> clicks = [40, 95, 110, 150], ["up", "down", "up", "down"], 200.0
    >>> round(exact.record_entropy(model, *clicks, detection=baths_unknown), 9)
    0.060397144
    """
    forward = log_likelihood(model, times, clicks, duration, detection, initial)
    detectors = (Detection() if detection is None else detection).of(model)
    partner = partner_detectors(model, detectors)
    end, when = number("duration", duration), np.atleast_1d(numbers("times", times))
    numbered = [detectors.number(c, "clicks") if isinstance(c, str) else int(c) for c in clicks]
    final = master_of(model).states(density(model, initial), np.array([end]))[0]
    u = model.time_reversal
    start = u @ final.conj() @ u.conj().T
    backwards = [int(partner[d]) for d in reversed(numbered)]
    try:
        backward = log_likelihood(reversed_model(model), end - when[::-1], backwards, duration, detection, start)
    except InputError as error:
        raise InputError(f"the record read backwards: {error}") from None
    return forward - backward
