"""Measured records: likelihood, filtered states, and derivatives by the model's parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from trajectories.errors import InputError, kind
from trajectories.exact.arguments import Initial, density, master_of
from trajectories.model import Model
from trajectories.model.argument_types import number, numbers
from trajectories.records.detection import Detection
from trajectories.records.filter import Record, check_record, filter_record, propagate
from trajectories.records.given import checked_parameters, detection_of
from trajectories.records.parameters import expanded

Clicks = Sequence[str] | Sequence[int] | np.ndarray


def log_likelihood(
    model: Model,
    times: ArrayLike,
    clicks: Clicks,
    duration: float,
    detection: Detection | None = None,
    initial: Initial = "steady",
) -> float:
    """Return ln L of a measured record: the logarithm of the density of exactly these clicks in [0, duration].

    L = Tr[e^{L_0 (T - t_N)} J_{d_N} ... J_{d_1} e^{L_0 t_1} rho(0)], with J_d as in `trajectories.Detection` and
    L_0 = L - sum_d J_d, L the Liouvillian: jumps that no detector sees stay in it.

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
        Default: every channel has its own perfect detector, of the channel's name.
    initial : str or array, default "steady"
        "ground", "mixed", "steady", a basis state's label, a vector (d,) or a density matrix (d, d).

    Returns
    -------
    float
        A density in N times (in 1/time^N).

    Raises
    ------
    InputError
        For times that fall or lie outside, unknown detectors, a click of probability zero in the model (with its number
        and the state then), and where the steady state is asked for and not unique.

    References
    ----------
    Gammelmark, Moelmer, PRA 87, 032115 (2013).

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=0, beta_S=1)
    >>> round(exact.log_likelihood(model, [0.2, 0.9], ["A_up", "A_down"], 2.0, initial="00"), 6)
    -6.613706
    """
    seen, record = _measured(model, times, clicks, duration, detection)
    return filter_record(model, seen, *record, density(model, initial)).log_likelihood


def filtered_states(
    model: Model,
    times: ArrayLike,
    clicks: Clicks,
    duration: float,
    at: ArrayLike | None = None,
    detection: Detection | None = None,
    initial: Initial = "steady",
) -> np.ndarray:
    """Return the states conditioned on the clicks so far, rho(t | clicks up to t).

    Parameters
    ----------
    model : Model
    times, clicks, duration
        The record, as for `log_likelihood`.
    at : (T,) array, optional
        Times in [0, duration], not falling; at the time of a click the state is that after it. Default: the end.
    detection, initial
        As for `log_likelihood`.

    Returns
    -------
    (T, d, d) complex array
        Density matrices in the computational basis; pure where every jump is resolved and the start is pure.

    Raises
    ------
    InputError
        As for `log_likelihood`.

    Examples
    --------
    >>> model = trajectories.systems.diamond(beta_A=0, beta_S=1)
    >>> up = trajectories.Detection({"up": ["A_up", "S_up"], "down": ["A_down", "S_down"]})
    >>> states = exact.filtered_states(model, [0.2], ["up"], 1.0, at=[0.1, 0.2], detection=up, initial="00")
    >>> states.diagonal(axis1=1, axis2=2).real.round(6) + 0
    array([[1. , 0. , 0. , 0. ],
           [0. , 0.5, 0.5, 0. ]])
    """
    seen, record = _measured(model, times, clicks, duration, detection)
    when = np.array([record.end]) if at is None else np.atleast_1d(numbers("at", at))
    if not (np.isfinite(when).all() and (np.diff(when) >= 0).all() and (when >= 0).all() and (when <= duration).all()):
        raise InputError(f"at: must be times from 0 to {duration:g} that do not fall")
    return filter_record(model, seen, *record, density(model, initial), when).states


def score(
    builder: Callable[..., Model],
    parameters: Mapping[str, float],
    times: ArrayLike,
    clicks: Clicks,
    duration: float,
    detection: Detection | None = None,
    initial: Initial = "steady",
    fixed: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """Return the derivatives of ln L of a record by a model's parameters.

    d ln L/d theta = Tr xi / Tr rho~, xi = d rho~/d theta carried along the record beside the unnormalised state rho~.
    In the mean over records at the true parameters each is zero, and its variance is the Fisher information.

    Parameters
    ----------
    builder : callable
        Function of the parameters that returns the Model, such as `trajectories.systems.local_engine`.
    parameters : mapping of str to float
        The parameters to differentiate by, with their values. The model must exist in a neighbourhood of 0.2 per cent
        (of 2e-3 where a value is 0).
    times, clicks, duration, detection, initial
        As for `log_likelihood`. A steady start depends on the parameters as well, and so does a named state.
    fixed : mapping, optional
        Further arguments of the builder.

    Returns
    -------
    dict of str to float
        In the order of `parameters`, each in 1/(unit of the parameter).

    Raises
    ------
    InputError
        As for `log_likelihood`, and where the builder fails near the parameters.

    References
    ----------
    Gammelmark, Moelmer, PRA 87, 032115 (2013).

    Examples
    --------
    >>> clicks = [10.0, 30.0], ["h_up", "c_down"], 50.0
    >>> fixed = {"T_c": 0.3, "gamma_h": 0.01, "gamma_c": 0.011}
    >>> found = exact.score(trajectories.systems.local_engine, {"g": 0.02, "T_h": 2.0}, *clicks, fixed=fixed)
    >>> {name: round(value, 4) for name, value in found.items()}
    {'g': 48.7443, 'T_h': 0.1165}
    """
    given = checked_parameters(builder, parameters, fixed)
    seen = detection_of(detection)
    equations = expanded(builder, *given, seen, lambda model: density(model, initial))
    model = builder(**given[1], **given[0])
    seen, record = _measured(model, times, clicks, duration, seen)
    _, vectors = propagate(equations.equations, record, np.array([record.end]), seen.of(model).names)
    return dict(zip(equations.names, equations.gradient(vectors[0]).tolist(), strict=True))


def _measured(
    model: Model, times: ArrayLike, clicks: Clicks, duration: float, detection: Detection | None
) -> tuple[Detection, Record]:
    """Return the detection and the checked record."""
    master_of(model)
    seen = detection_of(detection)
    detectors = seen.of(model)
    if isinstance(clicks, str) or not isinstance(clicks, Sequence | np.ndarray):
        raise InputError(f"clicks: is {kind(clicks)}: must be the detectors of the clicks, such as ['A_up', 'S_down']")
    which = []
    for i, click in enumerate(np.asarray(clicks).tolist() if isinstance(clicks, np.ndarray) else clicks, start=1):
        if isinstance(click, str):
            which.append(detectors.number(click, f"click {i}"))
        elif isinstance(click, int | np.integer) and not isinstance(click, bool):
            which.append(int(click))
        else:
            raise InputError(f"click {i}: is {kind(click)}: must be the name of a detector, or its number")
    end = float(number("duration", duration))
    when = np.atleast_1d(numbers("times", times))
    return seen, check_record(when, np.array(which, np.int64), 0.0, end, detectors.names)
