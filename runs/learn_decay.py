"""A driven two-level atom in a thermal bath, with its closed form: the model of learn_decay.toml."""

from math import cos, exp, log, sin, sqrt

from trajectories import Channel, Model, Reservoir
from trajectories.model.operators import sigma_minus, sigma_plus, sigma_x

OMEGA = 1.0  # energy of one quantum


def build(drive: float = 1.0, gamma: float = 0.5, n: float = 0.2) -> Model:
    """H = (drive/2) sigma_x in the rotating frame; emission at rate gamma (n+1), absorption at rate gamma n."""
    bath = Reservoir("bath", beta=log((n + 1) / n) / OMEGA)
    down = Channel("emission", sqrt(gamma * (n + 1)) * sigma_minus(), "bath", quantum=-OMEGA)
    up = Channel("absorption", sqrt(gamma * n) * sigma_plus(), "bath", quantum=OMEGA)
    parameters = {"drive": drive, "gamma": gamma, "n": n}
    return Model(drive / 2 * sigma_x(), [down, up], [bath], name="driven atom", dims=(2,), parameters=parameters)


def steady_excited_population(drive: float = 1.0, gamma: float = 0.5, n: float = 0.2) -> float:
    """1/2 - gamma Gamma / (2 (Gamma^2 + 2 drive^2)), Gamma = gamma (2n+1)."""
    width = gamma * (2 * n + 1)
    return 0.5 - gamma * width / (2 * (width**2 + 2 * drive**2))


def excited_population(t: float, drive: float = 1.0, gamma: float = 0.5, n: float = 0.2) -> float:
    """Population of |1> at time t after a start in |0>, for drive > Gamma/4 (underdamped)."""
    width = gamma * (2 * n + 1)
    nu = sqrt(drive**2 - width**2 / 16)
    damping = exp(-0.75 * width * t)
    swing = cos(nu * t) + 0.75 * width / nu * sin(nu * t)
    return steady_excited_population(drive, gamma, n) * (1 - damping * swing) + n * gamma / nu * damping * sin(nu * t)
