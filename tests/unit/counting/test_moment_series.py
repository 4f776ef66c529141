"""Moments of counts in large sectors by products of blocks agree with those by matrices."""

from __future__ import annotations

import numpy as np
import pytest

from trajectories import Channel, Model, Reservoir
from trajectories.counting import finite_time_cumulants as moments
from trajectories.counting.moment_series import MomentProducts
from trajectories.master.lindblad import Master

TIMES = np.array([0.0, 0.4, 3.0])


def _model(m: int) -> Model:
    """Return a random machine in two sectors of m levels, between which one bath jumps and the other does not."""
    rng = np.random.default_rng(m)
    a, b, c, d = (rng.normal(size=(4, m, m)) + 1j * rng.normal(size=(4, m, m))) / np.sqrt(m)
    zero = np.zeros((m, m))
    energy = np.block([[a + a.conj().T, zero], [zero, b + b.conj().T]])
    channels = []
    for name, jump in (("across", np.block([[zero, c], [zero, zero]])), ("inside", np.block([[d, zero], [zero, c]]))):
        channels += [Channel(name, jump, name), Channel(name + " back", np.exp(-0.5) * jump.conj().T, name)]
    return Model(energy, channels, [Reservoir("across"), Reservoir("inside")])


@pytest.mark.parametrize("from_steady", [True, False])
def test_series_have_the_cumulants_of_matrices(from_steady: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    model = _model(4)
    master, count = Master(model), np.array([1.0, -1.0, 0.3, 0.0])
    start = None if from_steady else np.diag([0.5, 0.5, 0, 0, 0, 0, 0, 0])
    exact = moments.finite_time_cumulants(master, count, TIMES, start)
    used = []
    plain = MomentProducts.__call__
    monkeypatch.setattr(MomentProducts, "__call__", lambda self, v: used.append(1) or plain(self, v))
    monkeypatch.setattr(moments, "_series_cost", lambda joint, duration: 0.0)
    master.__dict__["large"] = True
    series = moments.finite_time_cumulants(master, count, TIMES, start)
    assert used and np.allclose(series, exact, rtol=1e-10, atol=1e-11)
    # A feed that is wrong by one part in 1e6 is seen.
    monkeypatch.setattr(MomentProducts, "__call__", lambda self, v: plain(self, v) * (1 + 1e-6))
    assert not np.allclose(moments.finite_time_cumulants(master, count, TIMES, start), exact, rtol=1e-10, atol=1e-11)


def test_the_joint_norm_is_a_bound() -> None:
    model = _model(3)
    master = Master(model)
    joint = MomentProducts(master, np.array([1.0, -1.0, 0.3, 0.0]), 0.2, 2)
    size = 3 * len(master.trace_row)
    matrix = np.array([joint(column) for column in np.eye(size, dtype=complex)]).T
    assert np.linalg.norm(matrix, 2) <= joint.norm
