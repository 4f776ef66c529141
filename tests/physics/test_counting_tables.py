"""Counting statistics of the machines, to the printed digits of reference values.

Those of the diamond follow from the quartic of its tilted rate matrix; those of the two engines and the dot were found
with an independent null-space solution and with QuTiP's counting statistics.
"""

from __future__ import annotations

import asymptotes
import numpy as np
import pytest
from scipy.optimize import brentq

from trajectories.counting import counted_currents, finite_time_cumulants, long_time_cumulants
from trajectories.counting.entropy_statistics import generating_function
from trajectories.counting.scgf import scgf, time_reversal_breaking
from trajectories.counting.uncertainty_relations import uncertainty
from trajectories.master.lindblad import Master
from trajectories.systems import diamond, double_dot, local_engine, reset_engine

# (beta_A, beta_S): J = <N_S>/t, Var/t, Fano, D sigma/(2 J^2), lambda(2) = lambda(-1), lambda(1/2), t of <e^{-2DS}> = 5
DIAMOND = {
    (0.0, 1.0): ("-0.5619610678", "1.197041943", "2.1301", "1.065058", "1.237207", None, "1.3016"),
    (0.0, 2.0): ("-0.9965779263", "1.491788633", "1.4969", "1.496911", "6.591458", "-0.4315552620", "0.22957"),
    (-1.0, 1.0): ("-0.9242343145", "1.075158808", "1.1633", "1.163297", "4.642399", "-0.4410520105", "0.34084"),
    (-2.0, 3.0): ("-1.735174528", "1.794541551", "1.0342", "2.585535", "88.944161", "-1.3015490654", "0.010332"),
    (-1.0, -2.0): ("0.1187542358", "0.2838810735", "2.3905", "1.195246", "0.319078", "-0.0282220805", "5.0683"),
}
ENGINE = {"T_c": 0.1, "T_h": 0.7, "g": 1.6e-3, "gamma_h": 1e-3, "gamma_c": 1.1e-2}
# Net quanta from the hot bath: c1, c2, c3, sigma, D sigma/(2 J^2)
MACHINES = {
    "reset": (
        reset_engine(T_c=0.1, T_h=2.0, g=1.6e-3, p_c=1e-2, p_h=1.1e-3),
        ("1.18819069e-4", "9.85860450e-5", "6.77317e-5", "1.128781e-3", "3.94115"),
    ),
    "engine": (
        local_engine(**ENGINE),
        ("9.97403947e-5", "8.92833944e-5", "7.11343e-5", "8.549177e-4", "3.83639"),
    ),
    "detuned engine": (
        local_engine(**ENGINE, delta=0.01),
        ("3.84231819e-5", "3.69891162e-5", "3.42470e-5", "3.331839e-4", "4.17389"),
    ),
    "dot": (
        double_dot(T_c=0.1, T_h=3.2, g=3.9e-3, gamma_c=1e-2, gamma_h=1e-2, U=20.0),
        ("8.42191165e-4", "5.46231560e-4", "2.00700e-4", "8.273837e-3", "3.18590"),
    ),
}


def printed(found: float, text: str | None) -> bool:
    """Whether a number is the printed one to half a unit of its last digit."""
    if text is None:
        return True
    mantissa, _, exponent = text.partition("e")
    last = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return abs(found - float(text)) <= 0.501 * last


@pytest.mark.parametrize("betas", DIAMOND)
def test_the_diamond(betas: tuple[float, float]) -> None:
    solver = Master(diamond(*betas))
    values = uncertainty(solver, counted_currents.quanta(solver.model, "S"))
    at_two, at_minus_one, at_half = scgf(solver, [2.0, -1.0, 0.5])
    rho = solver.steady_state()
    late = brentq(lambda t: generating_function(solver, 2.0, rho, [t])[0] - 5.0, 1e-4, 20.0, xtol=1e-12)
    fano = values.noise / abs(values.current)
    found = (values.current, values.noise, fano, values.tur_ratio, at_two, at_half, late)
    assert [printed(x, text) for x, text in zip(found, DIAMOND[betas], strict=True)] == [True] * 7
    assert printed(at_minus_one, DIAMOND[betas][4])
    assert long_time_cumulants.cumulants(solver, counted_currents.quanta(solver.model, "A"), 2)[1] == pytest.approx(
        values.noise, rel=1e-12
    )


@pytest.mark.parametrize("name", MACHINES)
def test_the_machines(name: str) -> None:
    model, row = MACHINES[name]
    solver = Master(model)
    count = counted_currents.quanta(model, "h")
    rates = long_time_cumulants.cumulants(solver, count, 3)
    values = uncertainty(solver, count)
    found = (*rates, values.entropy_production, values.tur_ratio)
    assert [printed(x, text) for x, text in zip(found, row, strict=True)] == [True] * 5


def test_a_coherent_dot_beats_the_classical_bound() -> None:
    # Fermionic rates without repulsion, E = Gamma = 1.
    solver = Master(double_dot(T_c=0.9, T_h=1000.0, g=0.65, gamma_c=1.0, gamma_h=1.0, U=0.0))
    assert printed(uncertainty(solver, counted_currents.quanta(solver.model, "h")).tur_ratio, "0.991335")


@pytest.mark.parametrize("name", MACHINES)
def test_the_entropy_production_is_the_current_times_the_affinity(name: str) -> None:
    model, _ = MACHINES[name]
    solver = Master(model)
    assert time_reversal_breaking(model) is None
    both = scgf(solver, [-1.0, 2.0, 0.3, 0.7])
    np.testing.assert_allclose(both[[0, 2]], both[[1, 3]], rtol=1e-12)
    found = long_time_cumulants.cumulants(solver, counted_currents.entropy(model), 1)[0]
    assert found == pytest.approx(
        uncertainty(solver, counted_currents.quanta(model, "h")).entropy_production, rel=1e-11
    )
    if name != "dot":
        # One quantum from h to c carries the same entropy, whichever way: Delta S follows the count.
        entropies = long_time_cumulants.cumulants(solver, counted_currents.entropy(model), 3)
        quanta = long_time_cumulants.cumulants(solver, counted_currents.quanta(model, "h"), 3)
        affinity = found / quanta[0]
        np.testing.assert_allclose(entropies, quanta * affinity ** np.arange(1, 4), rtol=1e-9)


def test_the_constant_of_the_variance_matters_in_a_run() -> None:
    # The reset engine over T = 1000, little more than one relaxation time: Var N is .308, the rate alone gives .119;
    # 2 10^4 trajectories know it to one or two per cent.
    solver = Master(reset_engine(T_c=0.5, T_h=2.0, g=1.6e-3, p_c=1e-2, p_h=1.1e-3))
    count = counted_currents.quanta(solver.model, "h")
    line, exact = (
        asymptotes.long_time(solver, count),
        finite_time_cumulants.finite_time(solver, count, [1e3, 1e5]),
    )
    assert exact.covariance[0] > 2 * line.covariance_rate * 1e3
    assert exact.covariance[1] == pytest.approx(line.covariance_rate * 1e5 + line.covariance_offset, rel=1e-10)


def test_wrong_digits_would_be_seen() -> None:
    """Control: the comparison above is to the last printed digit, and rejects the next one."""
    assert printed(0.99133534, "0.991335")
    assert not printed(0.9913356, "0.991335")
    assert not printed(9.858610e-5, "9.85860450e-5")
    assert not printed(-88.944161, "88.944161")
