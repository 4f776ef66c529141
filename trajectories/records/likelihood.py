"""The likelihood of several records as a function of a model's parameters, and steps towards its maximum."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.master.sectors import find_sectors
from trajectories.model import Model
from trajectories.model.user_model import call
from trajectories.records.conditional import conditional
from trajectories.records.detection import Detection
from trajectories.records.filter import Record, check_record, equations_of, propagate
from trajectories.records.given import starting_state
from trajectories.records.parameters import expanded
from trajectories.records.readers import ClickRecord

LONGEST = 1.0
"""Step in the logarithm of a parameter, or in units of one that is not positive."""
HALVINGS = 30
UNDETERMINED = 1e-7
"""Smallest eigenvalue of the information, relative to its largest, that is no rounding of the second differences."""


class Likelihood:
    """ln L of some records as a function of coordinates (p,): ln theta of parameters that are positive, else theta."""

    def __init__(
        self,
        builder: Callable[..., Model],
        start: Mapping[str, float],
        fixed: Mapping[str, Any],
        detection: Detection,
        initial: Any,
        records: Sequence[ClickRecord],
    ) -> None:
        self.builder, self.names, self.fixed = builder, tuple(start), dict(fixed)
        self.detection, self.initial, self.given = detection, initial, records
        self.positive = np.array(list(start.values())) > 0
        model = self.model(self.coordinates(start))
        self.coherent = bool(find_sectors(model).dimensions.max() > 1)
        self.detectors = detection.of(model).names
        self.records = [numbered(record, detection, model) for record in records]
        self.longest = max(
            float(np.diff(np.concatenate([[one.start], one.times, [one.end]])).max()) for one in self.records
        )

    def coordinates(self, parameters: Mapping[str, float]) -> np.ndarray:
        theta = np.array(list(parameters.values()))
        return np.where(self.positive, np.log(np.where(self.positive, theta, 1.0)), theta)

    def parameters(self, place: np.ndarray) -> dict[str, float]:
        theta = np.where(self.positive, np.exp(np.where(self.positive, place, 0.0)), place)
        return dict(zip(self.names, theta.tolist(), strict=True))

    def shown(self, place: np.ndarray) -> str:
        return ", ".join(f"{name} = {value:.6g}" for name, value in self.parameters(place).items())

    def model(self, place: np.ndarray) -> Model:
        return call(
            self.builder, getattr(self.builder, "__name__", "builder"), {**self.fixed, **self.parameters(place)}
        )

    def value(self, place: np.ndarray) -> float:
        """Return ln L, -inf where the model does not exist or a click is impossible."""
        try:
            model = self.model(place)
            rho = starting_state(model, self.initial)
            sectors = find_sectors(model, (rho,))
            equations = equations_of(model, conditional(model, self.detection.of(model), sectors, rho), sectors)
            propagator = equations.propagator(self.longest)
            return sum(
                propagate(equations, one, np.array([one.end]), self.detectors, propagator)[0] for one in self.records
            )
        except InputError:
            return -np.inf

    def derivatives(self, place: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Return ln L, its gradient (p,) and Hessian (p, p) by the coordinates."""

        def start(model: Model) -> np.ndarray:
            return starting_state(model, self.initial)

        theta = self.parameters(place)
        taylor = expanded(self.builder, theta, self.fixed, self.detection, start, order=2)
        propagator = taylor.equations.propagator(self.longest)
        value, gradient = 0.0, np.zeros(len(place))
        hessian = np.zeros((len(place), len(place)))
        for one in self.records:
            own, vectors = propagate(taylor.equations, one, np.array([one.end]), self.detectors, propagator)
            value += own
            gradient += taylor.gradient(vectors[0])
            hessian += taylor.hessian(vectors[0])
        scale = np.where(self.positive, list(theta.values()), 1.0)
        bend = np.diag(np.where(self.positive, scale * gradient, 0.0))
        return value, scale * gradient, hessian * np.outer(scale, scale) + bend


def newton_step(gradient: np.ndarray, hessian: np.ndarray) -> tuple[np.ndarray, float]:
    """Return a step upwards (p,) and the squared distance to the maximum, in standard errors, inf where there is none.

    Eigenvalues of the wrong sign are turned, those that are nearly 0 raised to UNDETERMINED times the largest.
    """
    eigenvalues, vectors = np.linalg.eigh(-hessian)
    size = np.maximum(np.abs(eigenvalues), UNDETERMINED * np.abs(eigenvalues).max())
    along = vectors.T @ gradient
    step = vectors @ (along / size)
    length = float(np.abs(step).max())
    flat = float((along**2 / size).sum())
    # Where it is flat in one direction, the inverse is refused later.
    bent = eigenvalues[0] > -UNDETERMINED * eigenvalues[-1]
    return step * min(1.0, LONGEST / max(length, 1e-300)), flat if bent else np.inf


def raised(likelihood: Likelihood, place: np.ndarray, value: float, step: np.ndarray) -> np.ndarray:
    """Return a place along a step where ln L is no lower than before."""
    allowance = 1e-12 * max(1.0, abs(value))
    for halving in range(HALVINGS):
        new = place + step / 2**halving
        if likelihood.value(new) >= value - allowance:
            return new
    raise InputError(
        f"infer: the likelihood does not rise from {likelihood.shown(place)} in the direction of its gradient: "
        "start elsewhere"
    )


def numbered(record: ClickRecord, detection: Detection, model: Model) -> Record:
    """Return a record with the numbers of its detectors, checked."""
    detectors, where = detection.of(model), f"record {record.name}"
    names, which = np.unique(np.asarray(record.clicks, str), return_inverse=True)
    numbers = np.array([detectors.number(str(name), where) for name in names], np.int64)
    clicks = numbers[which.ravel()] if len(names) else np.zeros(0, np.int64)
    return check_record(np.asarray(record.times, float), clicks, record.start, record.end, detectors.names, where)
