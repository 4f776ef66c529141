"""Every machine by trajectories: reports agree with the master equation, and Delta S is ln P - ln P~ of each of them.

All rows of one machine's report are judged as one family with a false-alarm rate of 10^-3 and the seed is fixed; the
control samples a machine that is at least 20 % off in one parameter.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sampled import disagreeing, judged, point_of

import trajectories
from trajectories.sampling.preparation import prepare
from trajectories.studies import replay
from trajectories.systems import build

TRAJECTORIES = 20_000
NOISE = {"dephasing": 0.01, "detuning": 0.1, "cavity_pump": 0.1}
RESET = {"T_c": 0.5, "T_h": 2.0, "g": 1.6e-3, "p_c": 1e-2, "p_h": 1.1e-3}
FLUX = {"T_c": 0.5, "T_h": 2.0, "g": 0.01, "gamma_c": 0.02, "gamma_h": 0.01}
DOT = {"T_c": 0.5, "T_h": 3.0, "g": 4e-3, "gamma_c": 1e-2, "gamma_h": 1e-2, "U": 5.0}
COMMON = {"T_A": 2.0, "T_B": 6.0, "epsilon_A": 20.0, "epsilon_B": 19.0, "Omega": 10.0, "gamma_A": 1.0, "gamma_B": 1.0}
COMMON |= {"T_C": 4.0, "gamma_C_A": 1.0, "gamma_C_B": 0.5}
# machine, parameters, duration, how the control differs
MACHINES: dict[str, tuple[str, dict[str, Any], float, dict[str, float]]] = {
    "cavity": ("cavity", {"p": 5e-3, "gamma": 1e-3, "kappa": 2.0}, 400.0, {"p": 6e-3}),
    "noisy cavity": ("cavity", {"p": 0.05, "gamma": 0.01, "kappa": 2.0, "n_max": 8, **NOISE}, 100.0, {"p": 0.06}),
    "reset engine": ("reset_engine", RESET, 1000.0, {"T_h": 3.0}),
    "reset engine from 0 to inf": ("reset_engine", RESET | {"T_c": 0.0, "T_h": math.inf}, 1000.0, {"g": 1.92e-3}),
    "flux qubits": ("flux_qubits", FLUX, 300.0, {"T_h": 2.4}),
    "flux qubits at 0": ("flux_qubits", FLUX | {"T_c": 0.0}, 300.0, {"T_h": 2.4}),
    "double dot": ("double_dot", DOT, 500.0, {"T_h": 3.6}),
    "double dot at inf": ("double_dot", DOT | {"U": 2.0, "T_h": math.inf}, 500.0, {"U": 2.4}),
    "common bath": ("common_bath", COMMON, 4.0, {"T_B": 7.2}),
    "dephased common bath": ("common_bath", COMMON | {"dephasing": 0.5}, 4.0, {"dephasing": 0.6}),
    "common bath at 0": ("common_bath", COMMON | {"T_A": 0.0, "dephasing": 0.5, "epsilon_B": 20.0}, 4.0, {"T_B": 7.2}),
}


@pytest.mark.parametrize("case", MACHINES)
def test_trajectories_agree_with_the_master_equation(case: str) -> None:
    name, parameters, duration, _ = MACHINES[case]
    model = build(name, parameters)
    result = trajectories.run(model, times=[duration / 2, duration], trajectories=TRAJECTORIES, seed=11)
    assert result.report().verdict == "agree"
    if not model.entropy:
        return
    jumps = 0
    for number in range(20):
        path = replay(result, number)
        jumps += len(path.jump_times)
        if math.isinf(path.entropy):
            assert path.paths.entropy == math.inf
        else:
            assert path.paths.entropy == pytest.approx(path.entropy, abs=1e-9)
    assert jumps > 20


@pytest.mark.parametrize("case", MACHINES)
def test_a_slightly_different_machine_is_caught(case: str) -> None:
    name, parameters, duration, change = MACHINES[case]
    honest, other = (
        prepare(build(name, values), np.array([duration]), None, TRAJECTORIES, pair=(0, 1))
        for values in (parameters, parameters | change)
    )
    assert disagreeing(judged([point_of(honest, TRAJECTORIES, 11, engine=other)]))


@pytest.mark.parametrize("case", ["reset engine", "double dot", "dephased common bath", "noisy cavity"])
def test_trajectories_from_the_ground_state(case: str) -> None:
    # A start in the steady state tests the initial draw; here the states have to be reached.
    name, parameters, duration, _ = MACHINES[case]
    result = trajectories.run(
        build(name, parameters), duration=duration, trajectories=TRAJECTORIES, seed=12, initial="ground"
    )
    assert result.report().verdict == "agree"
