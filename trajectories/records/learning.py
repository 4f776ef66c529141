"""What an information per time means for an experiment: errors, correlations, and how long it must run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from trajectories.errors import InputError
from trajectories.model.argument_types import number

NOTHING = 1e-10
"""Eigenvalue of the normalised information, at most the number of parameters, that is taken for 0."""
TAKES_PART = 1e-4
"""Component of a parameter in a combination that is not learnt, from which on the parameter is not learnt either."""


@dataclass(frozen=True, eq=False)
class Information:
    """Information per time about the parameters of a model.

    After a time T, large against the memory of the clicks, unbiased estimates have a covariance of at least F^{-1}/T.

    Attributes
    ----------
    parameters : mapping of str to float
        The p parameters and the values at which the information holds.
    matrix : (p, p) array
        F, in units of 1/(time * parameter a * parameter b).

    Examples
    --------
    >>> diamond, start = trajectories.systems.diamond, {"beta_A": 0.0, "pump": 1.0}
    >>> found = exact.fisher_information(diamond, start, fixed={"beta_S": 1.0})
    >>> print(found)
    parameter  value  information/time  error * sqrt(time)  time for 1 %
    beta_A         0          0.783942             1.22721             -
    pump           1           5.12392             0.48002       2304.19
    correlation of beta_A and pump: -0.391147
    """

    parameters: Mapping[str, float]
    matrix: np.ndarray

    @cached_property
    def covariance(self) -> np.ndarray:
        """(p, p) array: F^{-1}, the covariance of the best estimates times the duration.

        inf and nan in rows and columns of parameters that the record does not determine together with the others.
        """
        scale = np.sqrt(np.diag(self.matrix))
        scale = np.where(scale > 0, scale, 1.0)
        values, vectors = np.linalg.eigh(self.matrix / np.outer(scale, scale))
        learnt = values > NOTHING
        inverse = (vectors[:, learnt] / values[learnt]) @ vectors[:, learnt].T / np.outer(scale, scale)
        lost = np.any(np.abs(vectors[:, ~learnt]) > TAKES_PART, axis=1)
        inverse[lost] = inverse[:, lost] = np.nan
        inverse[lost, lost] = np.inf
        return inverse

    @property
    def correlations(self) -> np.ndarray:
        """(p, p) array: correlations of the best estimates, nan with a parameter that is not determined."""
        errors = np.sqrt(np.diag(self.covariance))
        with np.errstate(invalid="ignore"):
            return self.covariance / np.outer(errors, errors)

    @property
    def condition_number(self) -> float:
        """Ratio of the largest eigenvalue of F_ab/sqrt(F_aa F_bb) to the smallest; inf where not all is determined.

        1: the parameters do not disturb each other; large: some combination of them is hardly learnt.
        """
        scale = np.sqrt(np.diag(self.matrix))
        if not np.all(scale > 0):
            return float("inf")
        values = np.linalg.eigvalsh(self.matrix / np.outer(scale, scale))
        return float(values[-1] / values[0]) if values[0] > NOTHING else float("inf")

    def errors(self, duration: float) -> dict[str, float]:
        """Return the smallest standard errors after a duration, all parameters being estimated together.

        Parameters
        ----------
        duration : float
            Length of the record (time), > 0.

        Returns
        -------
        dict of str to float
            sqrt((F^{-1})_aa / duration); inf for a parameter that is not determined.

        Raises
        ------
        InputError
            For a duration that is not > 0.

        Examples
        --------
        >>> diamond, baths = trajectories.systems.diamond, {"beta_A": 0, "beta_S": 1}
        >>> found = exact.fisher_information(diamond, {"pump": 2.0}, fixed=baths)
        >>> found.errors(100.0)
        {'pump': 0.0624...}
        """
        if not 0 < number("duration", duration) < np.inf:
            raise InputError(f"duration = {duration}: must be finite and > 0")
        return dict(zip(self.parameters, np.sqrt(np.diag(self.covariance) / duration).tolist(), strict=True))

    def duration_for(self, relative: float = 0.01) -> dict[str, float]:
        """Return how long a record must be until each parameter has a relative standard error.

        Parameters
        ----------
        relative : float, default 0.01
            Standard error over the parameter's size, > 0.

        Returns
        -------
        dict of str to float
            (F^{-1})_aa / (relative theta_a)^2 (time); inf for a parameter that is not determined, nan for a parameter
            that is 0.

        Raises
        ------
        InputError
            For a relative error that is not > 0.

        Examples
        --------
        >>> diamond, baths = trajectories.systems.diamond, {"beta_A": 0, "beta_S": 1}
        >>> found = exact.fisher_information(diamond, {"pump": 2.0}, fixed=baths)
        >>> found.duration_for(0.01)
        {'pump': 975.8...}
        """
        if not 0 < number("relative", relative) < np.inf:
            raise InputError(f"relative = {relative}: must be finite and > 0")
        variances = np.diag(self.covariance).tolist()
        return {
            name: variance / relative**2 / value / value if value else float("nan")
            for (name, value), variance in zip(self.parameters.items(), variances, strict=True)
        }

    def __str__(self) -> str:
        names, times, errors = list(self.parameters), self.duration_for(), self.errors(1.0)
        head = ["parameter", "value", "information/time", "error * sqrt(time)", "time for 1 %"]
        lines = [head]
        for a, (name, value) in enumerate(self.parameters.items()):
            cells = [f"{value:g}", f"{self.matrix[a, a]:g}", f"{errors[name]:g}", f"{times[name]:g}" if value else "-"]
            lines.append([name, *cells])
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        text = [
            "  ".join(
                [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
            )
            for line in lines
        ]
        pairs = [(a, b) for a in range(len(names)) for b in range(a)]
        text += [f"correlation of {names[b]} and {names[a]}: {self.correlations[a, b]:.6g}" for a, b in pairs]
        return "\n".join(text)
