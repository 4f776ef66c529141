"""Counting statistics in the full d^2-dimensional space, from the definitions: dense, slow, without any sector."""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from trajectories.model import Model

POINTS = 32


def liouvillian(model: Model) -> np.ndarray:
    """Return the full Liouvillian (d^2, d^2), dense, acting on rho.reshape(-1) (row by row)."""
    unit = np.eye(model.dimension)
    effective = model.effective_hamiltonian
    result = -1j * np.kron(effective, unit) + 1j * np.kron(unit, effective.conj())
    for operator in model.operators:
        result = result + np.kron(operator, operator.conj())
    return result


def tilted(model: Model, factors: np.ndarray) -> np.ndarray:
    """The generator (d^2, d^2) with the jump term of channel k multiplied by factors[k], real or complex."""
    unit, effective = np.eye(model.dimension), model.effective_hamiltonian
    result = -1j * np.kron(effective, unit) + 1j * np.kron(unit, effective.conj())
    return result + sum(f * np.kron(x, x.conj()) for f, x in zip(factors, model.operators, strict=True))


def leading(matrix: np.ndarray) -> complex:
    """The eigenvalue of largest real part."""
    values = np.linalg.eigvals(matrix)
    return values[np.argmax(values.real)]


def derivatives(function, radius: float, order: int) -> np.ndarray:
    """The first derivatives at 0 of a function analytic for |x| <= radius: differences around a circle.

    f^(n)(0) = n!/(N r^n) sum_j f(r e^{2 pi i j/N}) e^{-2 pi i j n/N}, with an error that falls as fast as r^N.
    """
    values = np.array([function(radius * np.exp(2j * np.pi * j / POINTS)) for j in range(POINTS)])
    coefficients = np.fft.fft(values) / POINTS / radius ** np.arange(POINTS)
    factorials = np.cumprod(np.arange(1, order + 1))
    return coefficients[1 : order + 1].real * factorials


def cumulant_rates(model: Model, count: np.ndarray, order: int = 4, radius: float = 0.15) -> np.ndarray:
    """d^n theta/dx^n at 0 of the leading eigenvalue of the generator with factors e^{x w_k}, n = 1 ... order."""
    return derivatives(lambda x: leading(tilted(model, np.exp(x * count))), radius, order)


def cumulants_at(
    model: Model, count: np.ndarray, start: np.ndarray, time: float, order: int = 4, radius: float = 0.1
) -> np.ndarray:
    """d^n/dx^n at 0 of ln Tr e^{L_x t} rho(0), n = 1 ... order."""
    trace = np.eye(model.dimension).reshape(-1)

    def log_generating(x: complex) -> complex:
        return np.log(trace @ expm(tilted(model, np.exp(x * count)) * time) @ start.reshape(-1))

    return derivatives(log_generating, radius, order)


def jump(model: Model, count: np.ndarray) -> np.ndarray:
    """sum_k w_k L_k . L_k^dag, (d^2, d^2)."""
    return tilted(model, count) - tilted(model, np.zeros(len(count)))
