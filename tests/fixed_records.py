"""The fixed records with their machines and detectors (PHYSICS_RECORDS 2.4): two states, a driven atom, the engine.

The values were computed by exponentials of the Kronecker generator and by DOP853 with central differences; the two
agree to 1e-12 in ln L and 1e-9 in the derivatives. The start is a given state: that of the fluctuator is its steady
one at these rates, and its derivatives are left out of those listed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from small_models import LOWER

from trajectories import Detection
from trajectories.model import Channel, Model, Reservoir
from trajectories.systems import local_engine


class Row(NamedTuple):
    """A detection with what it sees of the record, ln L, derivatives, a population at the end, and the purity."""

    detection: Detection
    clicks: list[str]
    log_likelihood: float
    score: list[float]
    population: float
    purity: float


class Fixed(NamedTuple):
    """builder: of the model from parameters. initial: as given to `exact`. watched: number of the population."""

    builder: Callable[..., Model]
    parameters: dict[str, float]
    times: list[float]
    duration: float
    initial: Any
    watched: int
    rows: dict[str, Row]


def fluctuator(a: float, b: float) -> Model:
    """Two states, 0 to 1 at the rate a and back at the rate b."""
    channels = [
        Channel("up", np.sqrt(a) * LOWER.T, "bath", 1.0, "down"),
        Channel("down", np.sqrt(b) * LOWER, "bath", -1.0, "up"),
    ]
    return Model(np.zeros((2, 2)), channels, [Reservoir("bath", np.log(b / a))], name="fluctuator", pair=None)


def atom(omega: float, gamma: float, n: float) -> Model:
    """H = (omega/2) sigma_x, emission at gamma (n + 1), absorption at gamma n."""
    channels = [
        Channel("emission", np.sqrt(gamma * (n + 1)) * LOWER, "bath", None, "absorption"),
        Channel("absorption", np.sqrt(gamma * n) * LOWER.T, "bath", None, "emission"),
    ]
    return Model(0.5 * omega * (LOWER + LOWER.T), channels, [Reservoir("bath")], name="atom", pair=None)


def engine(g: float, T_h: float, T_c: float) -> Model:
    return local_engine(T_h=T_h, T_c=T_c, g=g, gamma_h=0.01, gamma_c=0.011)


BOTH = Detection({"any": ["up", "down"]})
FLUCTUATOR = Fixed(
    fluctuator,
    {"a": 0.7, "b": 0.4},
    [0.5, 1.2, 1.9, 3.1, 4.4],
    6.0,
    np.diag([4 / 11, 7 / 11]),
    1,
    {
        "resolved": Row(
            Detection(),
            ["up", "down", "up", "down", "up"],
            -7.06420720724,
            [1.78571428571, 1.5],
            1.0,
            1.0,
        ),
        "one detector": Row(
            BOTH,
            ["any"] * 5,
            -6.50985196277,
            [0.752217540832, 2.98945119115],
            0.574442516812,
            0.511083376619,
        ),
        "efficiency": Row(
            Detection(efficiency=0.6),
            ["up", "down", "up", "down", "up"],
            -9.15065400989,
            [1.88901814188, 2.68738005965],
            0.835134441026,
            0.724630187123,
        ),
        "dark": Row(
            Detection(efficiency=0.6, dark=0.05),
            ["up", "down", "up", "down", "up"],
            -9.12672275241,
            [1.49529794358, 2.33372089862],
            0.795580283001,
            0.674735407398,
        ),
    },
)
PHOTONS = ["emission", "emission", "absorption", "emission"]
ATOM = Fixed(
    atom,
    {"omega": 1.0, "gamma": 0.5, "n": 0.2},
    [1.3, 2.1, 4.0, 7.7],
    10.0,
    "0",
    1,
    {
        "resolved": Row(Detection(), PHOTONS, -11.8672815045, [7.30939119703, 4.37949676766, 2.5], 0.654546835544, 1.0),
        "one detector": Row(
            Detection({"any": ["emission", "absorption"]}),
            ["any"] * 4,
            -7.30710272854,
            [0.132439633384, 2.35035341117, 1.59796227210],
            0.640735161635,
            0.962374444924,
        ),
        "efficiency": Row(
            Detection(efficiency=0.5),
            PHOTONS,
            -12.6077163062,
            [3.30641725092, 6.36625312468, 6.30688253175],
            0.553832167185,
            0.812055398382,
        ),
        "dark": Row(
            Detection(efficiency=0.5, dark=0.02),
            PHOTONS,
            -11.5121314054,
            [1.49318645924, 3.58728045357, 2.89619075085],
            0.549777939770,
            0.771678703554,
        ),
    },
)
EMISSION = ATOM._replace(
    times=[1.3, 2.1, 7.7],
    rows={
        "emission alone": Row(
            Detection({"photon": ["emission"]}),
            ["photon"] * 3,
            -7.85546335636,
            [-3.02999654605, 3.31223447297, 3.72522983019],
            0.641522901453,
            0.823249232866,
        ),
    },
)
STROKES = ["h_up", "c_down", "h_up", "h_down"]
ENGINE = Fixed(
    engine,
    {"g": 0.02, "T_h": 2.0, "T_c": 0.3},
    [40.0, 95.0, 110.0, 150.0],
    200.0,
    "00",
    3,
    {
        "resolved": Row(
            Detection(), STROKES, -21.5800274286, [-25.6168756778, -0.302728482615, -0.526702482522], 0.0, 1.0
        ),
        "up and down": Row(
            Detection({"up": ["h_up", "c_up"], "down": ["h_down", "c_down"]}),
            ["up", "down", "up", "down"],
            -20.6593994470,
            [-71.7953386853, -0.312415660688, 0.185626762204],
            0.0,
            1.0,
        ),
        "efficiency": Row(
            Detection(efficiency=0.5),
            STROKES,
            -23.5350785845,
            [0.386723137819, 0.297366180155, -0.104361604033],
            0.0156440122392,
            0.568604718172,
        ),
    },
)
CASES = [(fixed, row) for fixed in (FLUCTUATOR, ATOM, EMISSION, ENGINE) for row in fixed.rows.values()]
NAMES = [f"{fixed.builder.__name__}, {name}" for fixed in (FLUCTUATOR, ATOM, EMISSION, ENGINE) for name in fixed.rows]
