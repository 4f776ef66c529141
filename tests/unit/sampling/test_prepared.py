"""What is settled before anything is sampled: edges of histograms, and how long a trajectory may be."""

from __future__ import annotations

import numpy as np
import pytest

from trajectories.counting.counted_currents import heated_reservoirs
from trajectories.errors import InputError
from trajectories.model import Model
from trajectories.sampling.preparation import MOST_JUMPS, prepare
from trajectories.systems import diamond, local_engine

ENGINE = {"T_h": 2.0, "T_c": 0.3, "g": 0.02, "gamma_h": 0.01, "gamma_c": 0.011}


@pytest.mark.parametrize(
    ("model", "duration"), [(diamond(-2.0, 3.0), 0.3), (diamond(-2.0, 3.0), 50.0), (local_engine(**ENGINE), 900.0)]
)
def test_edges_of_heats_lie_half_way_between_two_counts(model: Model, duration: float) -> None:
    """All quanta of a reservoir are the same here: heat is a whole number of them, and so falls into a bin for sure."""
    preparation = prepare(model, np.array([duration]), None, 64)
    for r, edges in zip(heated_reservoirs(model), preparation.observables.edges[1:], strict=True):
        (quantum,) = set(np.abs(model.quanta[model.reservoir_index == r]).tolist())
        np.testing.assert_allclose((edges / quantum) % 1.0, 0.5, atol=1e-9)


def test_a_trajectory_of_too_many_jumps_is_refused() -> None:
    model = local_engine(**ENGINE)
    rate = prepare(model, np.array([1.0]), None, 64).jumps_per_trajectory
    assert prepare(model, np.array([0.99 * MOST_JUMPS / rate]), None, 64).jumps_per_trajectory <= 1e8
    with pytest.raises(
        InputError, match=r"1\.01e\+08 jumps on average: must be at most 1e\+08; take a shorter duration"
    ):
        prepare(model, np.array([1.01e8 / rate]), None, 64)
