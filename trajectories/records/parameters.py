"""Derivatives of the conditional state by a model's parameters: exact equations for xi = d rho~ / d theta.

    no click:  d xi/dt = L_0 xi + (dL_0/dtheta) rho~        click of d:  xi -> J_d xi + (dJ_d/dtheta) rho~
    d ln L / d theta = Tr xi / Tr rho~        start: d rho(0)/dtheta, that of the steady state included

so that rho~ and its derivatives are one longer vector of equations of the same form. L_0, J_d and rho(0) are
smooth functions of the parameters, and given as numbers by the model's builder: their derivatives are central
differences, extrapolated three times (Richardson). ln L itself is never differentiated numerically: it bends on the
scale 1/sqrt(information). L_0 and J_d are differentiated rather than H and L_k: they do not see the phases of the jump
operators, and are linear in rates where L_k is a square root.

Second derivatives are carried in the same way, as Taylor coefficients. (Gammelmark, Moelmer, PRA 87, 032115 (2013).)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np

from trajectories.errors import InputError, show
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.model.user_model import call
from trajectories.records.conditional import LARGEST, common_sectors, conditional
from trajectories.records.detection import Detection
from trajectories.records.filter import Equations, equations_of

STEP = 2e-3
"""Largest step of a difference, relative to the parameter. Three steps, each half the one before, leave an error of
(2e-3)^6/64 times the seventh derivative."""
LEVELS = 3

Builder = Callable[..., Model]
Term = tuple[int, ...]
"""A product of parameters, by their numbers in rising order: () is 1, (0, 1) is theta_0 theta_1."""


class Expanded(NamedTuple):
    """Equations of rho~ and its Taylor coefficients up to an order, in units of the parameters.

    terms: the coefficients' products, in the order of the vector's parts. units: (p,) of the parameters. size: D.
    """

    equations: Equations
    names: tuple[str, ...]
    terms: tuple[Term, ...]
    units: np.ndarray
    sectors: Sectors

    def traces(self, vector: np.ndarray) -> dict[Term, float]:
        """Return the trace of each Taylor coefficient in a vector, whose first part has the trace 1."""
        parts = vector.reshape(len(self.terms), -1) @ self.sectors.trace_row
        return dict(zip(self.terms, parts.real.tolist(), strict=True))

    def gradient(self, vector: np.ndarray) -> np.ndarray:
        """Return the derivatives (p,) of ln Tr rho~."""
        traces = self.traces(vector)
        return np.array([traces[(i,)] for i in range(len(self.units))]) / self.units

    def hessian(self, vector: np.ndarray) -> np.ndarray:
        """Return the second derivatives (p, p) of ln Tr rho~; needs terms of the second order."""
        traces, p = self.traces(vector), len(self.units)
        first = np.array([traces[(i,)] for i in range(p)])
        second = np.zeros((p, p))
        for i, j in combinations_with_replacement(range(p), 2):
            second[i, j] = second[j, i] = traces[(i, j)] * (2.0 if i == j else 1.0)
        return (second - np.outer(first, first)) / np.outer(self.units, self.units)


def expanded(
    builder: Builder,
    parameters: Mapping[str, float],
    fixed: Mapping[str, object],
    detection: Detection,
    initial: Callable[[Model], np.ndarray],
    order: int = 1,
) -> Expanded:
    """Return the equations of the conditional state and its derivatives by `parameters`, at their values.

    fixed: further arguments of the builder. initial: rho(0) of a model. order: 1, or 2 for second derivatives as well.
    Raises InputError where the builder has no model near the parameters, or another one has other channels.
    """
    names, centre = tuple(parameters), np.array([float(value) for value in parameters.values()])
    units = np.where(centre != 0, np.abs(centre), 1.0)
    models = _Models(builder, names, centre, units, dict(fixed))
    points = {tuple(point) for term in _terms(len(names), order) for point in _stencil(term, len(names))}
    found = {point: models.at(point) for point in sorted(points)}
    states = {point: initial(model) for point, model in found.items()}
    centre_model = found[(0.0,) * len(names)]
    sectors = common_sectors(list(found.values()), list(states.values()))
    terms = tuple(_terms(len(names), order))
    if len(terms) * sectors.size > LARGEST:
        raise InputError(
            f"{centre_model.name}: its conditional state with derivatives has {len(terms) * sectors.size:,} numbers: "
            f"at most {LARGEST:,} can be filtered; ask for fewer parameters"
        )
    parts = {p: conditional(m, detection.of(m), sectors, states[p]) for p, m in found.items()}
    centre_parts = parts[(0.0,) * len(names)]
    rows = {point: part.flat() for point, part in parts.items()}
    taylor = {term: centre_parts.filled(_coefficient(term, len(names), rows)) for term in terms}
    plain = equations_of(centre_model, centre_parts, sectors)
    size = sectors.size
    lifted = Equations(
        _lifted(terms, {term: part.generator for term, part in taylor.items()}),
        np.array([_lifted(terms, {t: part.clicks[d] for t, part in taylor.items()}) for d in range(len(plain.clicks))]),
        np.concatenate([taylor[term].start for term in terms]),
        np.concatenate([sectors.trace_row, np.zeros((len(terms) - 1) * size)]),
        plain.decay,
        lambda vector: plain.describe(vector[:size]),
    ).plain()
    return Expanded(lifted, names, terms, units, sectors)


class _Models(NamedTuple):
    """The models near a point; steps are given in units of the parameters."""

    builder: Builder
    names: tuple[str, ...]
    centre: np.ndarray
    units: np.ndarray
    fixed: dict[str, object]

    def at(self, steps: Sequence[float]) -> Model:
        values = dict(zip(self.names, (self.centre + self.units * np.array(steps)).tolist(), strict=True))
        where = getattr(self.builder, "__name__", "builder")
        if any(steps):
            where += f" at {', '.join(f'{name} = {show(value)}' for name, value in values.items())}, for derivatives"
        return call(self.builder, where, {**self.fixed, **values})


def _terms(count: int, order: int) -> Iterator[Term]:
    """Yield the products of up to `order` of `count` parameters."""
    for degree in range(order + 1):
        yield from combinations_with_replacement(range(count), degree)


def _stencil(term: Term, count: int) -> list[tuple[float, ...]]:
    """Return the points, in units, whose values the difference of a term needs, largest steps first."""
    if not term:
        return [(0.0,) * count]
    points = []
    for level in range(LEVELS):
        step = STEP / 2**level
        for signs in [(1,), (-1,)] if len(set(term)) == 1 else [(1, 1), (1, -1), (-1, 1), (-1, -1)]:
            point = [0.0] * count
            for i, sign in zip(sorted(set(term)), signs, strict=True):
                point[i] = sign * step
            points.append(tuple(point))
    return points


def _coefficient(term: Term, count: int, rows: Mapping[tuple[float, ...], np.ndarray]) -> np.ndarray:
    """Return the Taylor coefficient of a term from values at the points of its stencil."""
    points = _stencil(term, count)
    if not term:
        return rows[points[0]]
    estimates, each = [], len(points) // LEVELS
    for level in range(LEVELS):
        step, values = STEP / 2**level, [rows[point] for point in points[level * each : (level + 1) * each]]
        if len(term) == 1:
            estimates.append((values[0] - values[1]) / (2 * step))
        elif len(set(term)) == 1:
            estimates.append(((values[0] - rows[(0.0,) * count]) + (values[1] - rows[(0.0,) * count])) / (2 * step**2))
        else:
            estimates.append(((values[0] - values[1]) - (values[2] - values[3])) / (4 * step**2))
    for order in range(1, LEVELS):
        estimates = [
            fine + (fine - coarse) / (4**order - 1) for coarse, fine in zip(estimates, estimates[1:], strict=False)
        ]
    return estimates[0]


def _lifted(terms: Sequence[Term], coefficients: Mapping[Term, np.ndarray]) -> np.ndarray:
    """Return the matrix that acts on the Taylor coefficients of x as the expanded matrix A acts on x.

    (A x)_m = sum_n A_(m/n) x_n over the terms n that divide m.
    """
    size = len(coefficients[()])
    result = np.zeros((len(terms), size, len(terms), size), complex)
    for i, whole in enumerate(terms):
        for j, part in enumerate(terms):
            left = list(whole)
            if all(part.count(k) <= whole.count(k) for k in part):
                for k in part:
                    left.remove(k)
                result[i, :, j, :] = coefficients[tuple(left)]
    return result.reshape(len(terms) * size, -1)
