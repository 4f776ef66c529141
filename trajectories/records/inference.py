"""Maximum-likelihood parameters of a model from measured records, with errors from the observed information.

The logarithm of the likelihood of independent records is a sum; its first and second derivatives are exact
(`parameters`), so its maximum is found by Newton's method, on the logarithm of parameters that are positive. Where the
likelihood bends upwards the eigenvalues of its Hessian are taken with the other sign, and a step that does not raise
the likelihood is halved.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.model.argument_types import integer
from trajectories.records.detection import Detection
from trajectories.records.given import checked_parameters, detection_of
from trajectories.records.likelihood import UNDETERMINED, Likelihood, newton_step, raised
from trajectories.records.readers import ClickRecord, read_records

CONVERGED = 1e-10
"""Squared distance to the maximum that Newton's method predicts, in standard errors."""
NEARLY_ONE = 0.99
CLIMBED = 8
"""Starts from which a maximum is looked for."""
ALONE = (
    "found from one start: the likelihood of a coherent system can have many maxima; give several values to start from"
)
RIVAL = 5.0
"""Difference of ln L below which another maximum is reported."""


@dataclass(frozen=True, eq=False)
class Inference:
    """Parameters of a model found from measured records.

    Attributes
    ----------
    estimate : dict of str to float
        Where the likelihood is largest.
    standard_error : dict of str to float
        Square roots of the diagonal of `covariance`.
    covariance, correlation : (p, p) array
        Inverse of the observed information -d^2 ln L/d theta d theta', in the order of `estimate`.
    condition_number : float
        Of the information about the parameters' logarithms (about the parameters where they are not positive): how much
        worse the worst combination of parameters is known than the best, squared.
    log_likelihood : float
        ln L at the estimate.
    model : Model
        The model with the estimates.
    records, clicks : int
    duration : float
        Of all records together.
    steps : int
        Of Newton's method.
    other_maxima : tuple of (dict, float)
        Lower maxima that other starts led to, with their ln L, the highest first.
    alone : bool
        True where one start was given for a model whose likelihood may have several maxima: one with coherences.
    remarks : tuple of str
        One line for each pair of parameters that the records hardly tell apart (|correlation| > 0.99), for each other
        maximum that is less than e^5 less likely, and where `alone` is true.

    Examples
    --------
    >>> build, fixed = trajectories.systems.diamond, {"beta_S": 1.0}
    >>> result = trajectories.run(build(beta_A=0.5, beta_S=1.0), duration=50, trajectories=64, seed=2, records=4)
    >>> found = trajectories.infer(build, result, {"beta_A": 0.2}, fixed=fixed)
    >>> found.records, found.duration, sorted(found.standard_error) == sorted(found.estimate)
    (4, 200.0, True)
    """

    estimate: dict[str, float]
    covariance: np.ndarray
    condition_number: float
    log_likelihood: float
    model: Model
    records: int
    clicks: int
    duration: float
    steps: int
    other_maxima: tuple[tuple[dict[str, float], float], ...] = ()
    alone: bool = False

    @property
    def standard_error(self) -> dict[str, float]:
        return dict(zip(self.estimate, np.sqrt(self.covariance.diagonal()).tolist(), strict=True))

    @property
    def correlation(self) -> np.ndarray:
        size = np.sqrt(self.covariance.diagonal())
        return self.covariance / np.outer(size, size)

    @property
    def remarks(self) -> tuple[str, ...]:
        names, matrix = list(self.estimate), self.correlation
        rivals = [
            f"another maximum at {', '.join(f'{name} = {value:.6g}' for name, value in where.items())} is only "
            f"e^{self.log_likelihood - ln:.3g} less likely"
            for where, ln in self.other_maxima
            if self.log_likelihood - ln < RIVAL
        ]
        rivals += [ALONE] * self.alone
        return tuple(rivals) + tuple(
            f"{names[i]} and {names[j]} are hardly told apart by these records: correlation {matrix[i, j]:+.4f}"
            for i in range(len(names))
            for j in range(i)
            if abs(matrix[i, j]) > NEARLY_ONE
        )

    def text(self) -> str:
        """Return the estimates with their standard errors and correlations as a table."""
        names = list(self.estimate)
        width = max(len(name) for name in names)
        lines = [
            f"{self.model.name}: {self.clicks:,} clicks in {self.records:,} records of total duration "
            f"{self.duration:.6g}; ln L = {self.log_likelihood:.6f}",
            f"  {'':{width}}  {'estimate':>13}  {'std. error':>11}  correlations",
        ]
        for i, name in enumerate(names):
            row = " ".join(f"{value:+.3f}" for value in self.correlation[i])
            lines.append(f"  {name:{width}}  {self.estimate[name]:13.7g}  {self.standard_error[name]:11.3g}  {row}")
        return "\n".join([*lines, f"  condition number {self.condition_number:.3g}", *self.remarks])

    __str__ = text

    __repr__ = text


def infer(
    builder: Callable[..., Model],
    records: Any,
    parameters: Mapping[str, float],
    *,
    detection: Detection | None = None,
    fixed: Mapping[str, Any] | None = None,
    initial: Any = "steady",
    most_steps: int = 60,
) -> Inference:
    """Return the parameters of a model under which measured records are likeliest, with their standard errors.

    Newton's method finds a maximum of ln L near its start. Perfectly resolved records of a coherent system have many (a
    wait at which the density of waits is zero is impossible): give several values to start from.

    Parameters
    ----------
    builder : callable
        Function of the parameters that returns the Model, such as `trajectories.systems.local_engine`.
    records : list of ClickRecord, ClickRecord, Result, or path
        As `trajectories.read_records` returns, or takes; a file of which it needs to be told the end must be read
        first.
    parameters : mapping of str to float or sequence of float
        The parameters to find, with one or several values to start from; of all combinations the eight likeliest are
        climbed from. A parameter that starts positive stays positive.
    detection : Detection, optional
        Default: every channel has its own perfect detector.
    fixed : mapping, optional
        Further arguments of the builder.
    initial : str or array, default "steady"
        State at the start of every record, as for `trajectories.exact.log_likelihood`.
    most_steps : int, default 60
        Steps of Newton's method after which the search is given up.

    Returns
    -------
    Inference
        Estimates, standard errors from the observed information, correlations, and the model.

    Raises
    ------
    InputError
        As `trajectories.exact.score` does; where a click is impossible at the start; where no maximum is found; and
        where the records do not determine a combination of the parameters.

    References
    ----------
    Gammelmark, Moelmer, PRA 87, 032115 (2013); Kiilerich, Moelmer, PRA 89, 052110 (2014).

    Examples
    --------
    >>> build, fixed = trajectories.systems.diamond, {"beta_S": 1.0}
    >>> result = trajectories.run(build(beta_A=0.5, beta_S=1.0), duration=100, trajectories=64, seed=2, records=8)
    >>> found = trajectories.infer(build, result, {"beta_A": 0.2}, fixed=fixed)
    >>> abs(found.estimate["beta_A"] - 0.5) < 4 * found.standard_error["beta_A"]
    True
    """
    checked = [checked_parameters(builder, start, fixed) for start in _grid(parameters)]
    grid, (values, others) = [start for start, _ in checked], checked[0]
    signs = {tuple(value > 0 for value in start.values()) for start in grid}
    if len(signs) > 1:
        raise InputError("parameters: the values to start from must be all positive, or none, for each parameter")
    likelihood = Likelihood(builder, values, others, detection_of(detection), initial, _listed(records))
    places = [likelihood.coordinates(start) for start in grid]
    if len(places) > CLIMBED:
        places = sorted(places, key=likelihood.value, reverse=True)[:CLIMBED]
    most = integer("most_steps", most_steps)
    maxima: list[Inference] = []
    for place in places:
        try:
            own = _climbed(likelihood, place, most)
        except InputError:
            if len(places) == 1:
                raise
            continue
        if not any(_same(own, other) for other in maxima):
            maxima.append(own)
    if not maxima:
        raise InputError(f"infer: no maximum of the likelihood was found from {len(places)} starts; start elsewhere")
    best, *lower = sorted(maxima, key=lambda one: -one.log_likelihood)
    others_found = tuple((one.estimate, one.log_likelihood) for one in lower)
    return replace(best, other_maxima=others_found, alone=len(grid) == 1 and likelihood.coherent)


def _climbed(likelihood: Likelihood, place: np.ndarray, most: int) -> Inference:
    """Return the maximum that Newton's method finds from a place."""
    for steps in range(1, most + 1):
        value, gradient, hessian = likelihood.derivatives(place)
        step, distance = newton_step(gradient, hessian)
        if distance < CONVERGED:
            return _maximum(likelihood, place, value, hessian, steps)
        place = raised(likelihood, place, value, step)
    raise InputError(
        f"infer: no maximum of the likelihood after {most} steps of Newton's method; reached "
        f"{likelihood.shown(place)}: start elsewhere, or hold a parameter fixed"
    )


def _maximum(likelihood: Likelihood, place: np.ndarray, value: float, hessian: np.ndarray, steps: int) -> Inference:
    """Return the answer at a maximum; InputError where the records leave a combination undetermined."""
    eigenvalues, vectors = np.linalg.eigh(-hessian)
    if not eigenvalues[0] > UNDETERMINED * eigenvalues[-1]:
        flat = " ".join(f"{v:+.3g} {name}" for v, name in zip(vectors[:, 0], likelihood.names, strict=True))
        raise InputError(
            f"infer: these records do not determine {flat} (relative changes of positive parameters): the "
            "likelihood is flat along it; hold one of these parameters fixed"
        )
    theta = likelihood.parameters(place)
    scale = np.where(likelihood.positive, list(theta.values()), 1.0)
    return Inference(
        theta,
        np.linalg.inv(-hessian) * np.outer(scale, scale),
        float(eigenvalues[-1] / eigenvalues[0]),
        value,
        likelihood.model(place),
        len(likelihood.records),
        sum(len(one.times) for one in likelihood.records),
        float(sum(one.end - one.start for one in likelihood.records)),
        steps,
    )


def _same(one: Inference, other: Inference) -> bool:
    """Return whether two maxima are one, to 1/100 of a standard error."""
    errors = one.standard_error
    return all(abs(other.estimate[name] - value) < 0.01 * errors[name] for name, value in one.estimate.items())


def _grid(parameters: object) -> list[dict[str, Any]]:
    """Return the starts that parameters with one or several values each mean, all combinations."""
    if not isinstance(parameters, Mapping):
        raise InputError('parameters: must be a mapping of names to numbers, such as {"g": 0.02}')
    values = [list(v) if isinstance(v, list | tuple | np.ndarray) else [v] for v in parameters.values()]
    starts = [dict(zip(parameters, combination, strict=True)) for combination in product(*values)]
    if not starts:
        raise InputError("parameters: a list of values to start from is empty: must have at least one")
    return starts


def _listed(records: Any) -> list[ClickRecord]:
    """Return records given in any way."""
    if isinstance(records, ClickRecord):
        return [records]
    if not isinstance(records, list):
        return read_records(records)
    if not records or not all(isinstance(one, ClickRecord) for one in records):
        raise InputError("records: must be a list of what trajectories.read_records returns, at least one")
    return records
