"""A correct engine is called wrong at most once in 1000 reports, also where events are rare and trajectories few.

480 reports of eight kinds, each judged as one family at 10^-3: at most 0.48 false alarms are expected, and more than 4
come with probability 1.5*10^-4 at most (Poisson). The seeds are fixed. That wrong engines are caught is shown by
test_negative_controls.py.
"""

from __future__ import annotations

import numpy as np
import pytest
from sampled import judged, point_of

from trajectories.model import Model
from trajectories.preparation import prepare
from trajectories.report import verdict
from trajectories.systems import diamond, local_engine

GROUND = np.diag([1.0, 0, 0, 0]).astype(complex)
PAPER = {"T_h": 1.0, "T_c": 0.1, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
HOT = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}
REPORTS, MOST = 60, 4
CASES: dict[str, tuple[Model, list[float], np.ndarray | None, int]] = {
    "nothing has happened yet": (local_engine(**PAPER), [10.0], GROUND, 1024),
    "rare double excitation": (local_engine(**PAPER), [1000.0], GROUND, 1024),
    "one-way, steady": (local_engine(**(PAPER | {"T_c": 0.0})), [1000.0], None, 1000),
    "widely spread rates": (diamond(beta_A=-5.0, beta_S=5.0), [1.0, 5.0], GROUND, 1000),
    "first instants": (diamond(beta_A=-2.0, beta_S=3.0), [0.02, 0.2], GROUND, 4096),
    "ten trajectories": (diamond(beta_A=-2.0, beta_S=3.0), [0.5, 3.0], None, 10),
    "few groups' worth": (diamond(beta_A=-2.0, beta_S=3.0), [0.5, 3.0], None, 64),
    "rare eigenstates at the ends": (local_engine(**HOT), [100.0], None, 256),
}


def test_a_correct_engine_is_hardly_ever_called_wrong() -> None:
    wrong = []
    for name, (model, times, initial, n) in CASES.items():
        preparation = prepare(model, np.array(times), initial, n, pair=(0, 1))
        for seed in range(REPORTS):
            if verdict(judged([point_of(preparation, n, seed)])) == "disagree":
                wrong.append((name, seed))
    assert len(wrong) <= MOST, wrong


@pytest.mark.parametrize("trajectories", [1, 2, 10])
def test_what_is_too_few_resolves_nothing(trajectories: int) -> None:
    preparation = prepare(diamond(beta_A=-2.0, beta_S=3.0), np.array([1.0]), None, trajectories, pair=(0, 1))
    assert verdict(judged([point_of(preparation, trajectories, 1)])) == "unresolved"
