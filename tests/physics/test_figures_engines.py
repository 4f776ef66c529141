"""The curves of the scripts of Brask et al. and Khandelwal et al., to printed digits.

Reference values: null spaces of the Liouvillian, with couplings searched independently.
"""

from __future__ import annotations

from typing import Any

import brask_fig2a
import brask_fig2b
import brask_fig2c
import brask_fig2d
import brask_fig4a
import brask_fig4b
import brask_fig4c
import khandelwal_fig2a
import khandelwal_fig2b
import khandelwal_fig3a
import khandelwal_fig3b
import khandelwal_fig4
import khandelwal_fig5a
import khandelwal_fig5b
import numpy as np
import pytest
import style

from trajectories.exact import steady
from trajectories.master.lindblad import Master
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import load

SAMPLED = [
    *("brask_fig2a", "brask_fig2b", "brask_fig2c", "brask_fig4a", "brask_fig4b", "brask_fig4c"),
    *("khandelwal_fig2a", "khandelwal_fig2b", "khandelwal_fig3a", "khandelwal_fig3b", "khandelwal_fig4"),
    *("khandelwal_fig5a", "khandelwal_fig5b"),
]
COUNTED = ("brask_fig2b", "khandelwal_fig3a", "khandelwal_fig3b")
T_H, T_C = (0.5, 1.0, 2.0, 5.0), (0.0, 0.1, 0.15, 0.2)


@pytest.mark.parametrize("name", SAMPLED)
def test_sampled_states_have_forgotten_a_start_far_from_the_steady_state(name: str) -> None:
    """At least 20 relaxation times of the slowest mode, quanta counted after 10 of them."""
    run = load(style.FOLDER / f"{name}.toml")
    assert run.initial in ("ground", "mixed")
    for job in jobs_of(run):
        gap = Master(job.model).gap()
        assert gap * run.duration > 20.0, job.swept
        if name in COUNTED:
            assert run.burn_in * gap > 10.0, job.swept


def test_reset_engine() -> None:
    """Largest concurrences; at T_c = 0 they are .011065, .026331, .038617, .047561 and .054109 at T_h = infinity."""
    table = [
        [0.011065, 0.026331, 0.038617, 0.047561],
        [0.010386, 0.025715, 0.038066, 0.047057],
        [0.000617, 0.014513, 0.027009, 0.036409],
        [0.0, 0.0, 0.0, 0.006782],
    ]
    concurrence, hottest = brask_fig2a.curves(T_H, T_C)
    np.testing.assert_allclose(concurrence, table, atol=5.1e-7)
    np.testing.assert_allclose(hottest, [0.054109, 0.053638, 0.043385, 0.013989], atol=5.1e-7)
    # Current and purity exist where there is entanglement, and nowhere else.
    for script in (brask_fig2b, brask_fig2c):
        np.testing.assert_array_equal(np.isfinite(script.curves(T_H, T_C)), np.array(table) > 0, script.RUN["name"])


def test_couplings_that_entangle_are_found_where_few_of_them_do() -> None:
    """At T_c = 0.2, T_h = 2.5 and 3 the search's grid meets no entanglement; a fine one about the place does."""
    T_h = (2.5, 3.0)
    concurrence, couplings = brask_fig2a.best(T_h, (0.2,))
    near = np.linspace(0.9, 1.1, 41)
    for i, hot in enumerate(T_h):
        g, p_h = (float(couplings[name][0, i]) * near for name in ("g", "p_h"))
        engine = style.machine(brask_fig2a.RUN, T_h=hot, T_c=0.2, g=g[:, None], p_h=p_h)
        fine = steady(**engine, names=["concurrence"])["concurrence"]
        assert concurrence[0, i] == pytest.approx(fine.max(), rel=1e-6) and fine.max() > 4e-4


def test_reset_engine_current_and_purity_are_those_of_the_printed_state() -> None:
    """Eqs. (4), (5), at the couplings of Fig. 2(a); Q_c is positive from the cold qubit to its bath."""
    _, couplings = brask_fig2a.best((2.0,), (0.15,))
    g, p_c, p_h = float(couplings["g"][0, 0]), 1e-2, float(couplings["p_h"][0, 0])
    r_c, r_h = (1 / (1 + np.exp(-1 / T)) for T in (0.15, 2.0))
    current = 2 * g**2 * p_c * p_h * (r_c - r_h) / ((p_c + p_h) * (2 * g**2 + p_c * p_h))
    tau_c, tau_h = np.diag([r_c, 1 - r_c]), np.diag([r_h, 1 - r_h])
    both = (p_c * tau_c + p_h * tau_h) / (p_c + p_h)
    state = p_c * p_h * np.kron(tau_c, tau_h) + 2 * g**2 * np.kron(both, both) + 0j
    state[1, 2] = 1j * g * p_c * p_h * (r_c - r_h) / (p_c + p_h)
    state[2, 1] = -state[1, 2]
    state /= 2 * g**2 + p_c * p_h
    assert brask_fig2b.curves((2.0,), (0.15,))[0, 0] == pytest.approx(current, rel=1e-9) and current > 0
    assert brask_fig2c.curves((2.0,), (0.15,))[0, 0] == pytest.approx(np.trace(state @ state).real, rel=1e-9)


def test_threshold() -> None:
    threshold = brask_fig2d.curves(np.array([0.05, 0.10, 0.15, 0.20, 0.21, 0.2181, 0.2182]))
    np.testing.assert_allclose(threshold[:5], [0.06487, 0.18467, 0.48035, 2.40885, 5.64840], atol=5.1e-6)
    # The line T_c = 0.21811 is where it diverges.
    assert threshold[5] > 1e3 and np.isnan(threshold[6])
    assert brask_fig2d.DIVERGES == pytest.approx(0.2181090, abs=5e-8)


def test_flux_qubits_and_double_dots() -> None:
    flux = brask_fig4a.curves(np.array(T_H), (0.15,))[0]
    np.testing.assert_allclose(flux, [0.012010, 0.040154, 0.063369, 0.080285], atol=5.1e-7)
    below = brask_fig4b.curves(np.array([0.2, 1.0, 2.0, 3.0, 5.0, 10.0]), (0.5,))[0]
    assert np.isnan(below[0])
    np.testing.assert_allclose(below[1:], [0.07757, 0.13438, 0.14681, 0.13150, 0.08232], atol=5.1e-6)
    repulsion = brask_fig4c.curves(np.array([2.0, 10.0, 20.0, 100.0]), (300.0,))[0]
    np.testing.assert_allclose(repulsion, [0.19236, 0.24497, 0.25168, 0.18952], atol=5.1e-6)
    assert brask_fig4c.curves(np.array([3.216]), (20.0,))[0, 0] == pytest.approx(0.203902, abs=5.1e-7)


# delta: J, negativity and J/J_c at T_h = 0.5, 0.7, 1.
ENGINE = {
    0.0: (
        (1.159663e-4, 2.86262e-4, 2.24844),
        (1.994808e-4, 8.97226e-4, 2.20513),
        (2.924916e-4, 2.053417e-3, 2.10934),
    ),
    0.005: (
        (8.372172e-5, 2.59775e-4, 2.44390),
        (1.426847e-4, 7.87416e-4, 2.38340),
        (2.085835e-4, 1.737948e-3, 2.25081),
    ),
    0.02: (
        (1.619914e-5, 6.95857e-5, 2.47595),
        (2.708749e-5, 2.03908e-4, 2.53586),
        (3.936378e-5, 4.31927e-4, 2.42515),
    ),
}


def test_entanglement_engine() -> None:
    """J, N and J/J_c, also as Fig. 3 writes the ratio: from quanta and populations."""
    table = np.array(list(ENGINE.values()))
    delta, T_h = np.array(list(ENGINE)), (0.5, 0.7, 1.0)
    np.testing.assert_allclose(khandelwal_fig2a.curves(delta, T_h).T, table[:, :, 0], rtol=1e-6)
    np.testing.assert_allclose(khandelwal_fig2b.curves(delta, T_h).T, table[:, :, 1], rtol=3e-6)
    ratio, negativity = khandelwal_fig3a.curves(delta, style.column(T_h))
    np.testing.assert_allclose(ratio.T, table[:, :, 2], rtol=3e-6)
    np.testing.assert_allclose(negativity.T, table[:, :, 1], rtol=3e-6)
    np.testing.assert_allclose(
        khandelwal_fig3b.curves(np.array(T_h), style.column(delta))[0], table[:, :, 2], rtol=3e-6
    )
    detuned = np.array([-0.05, 0.03])
    names = ["heat_flow_ratio", "heat_current.h"]
    found = steady(**style.machine(khandelwal_fig3a.RUN, delta=detuned, T_h=0.7), names=names)
    assert (found["heat_current.h"] > 0).all()
    np.testing.assert_allclose(khandelwal_fig3a.curves(detuned, 0.7)[0], found["heat_flow_ratio"], rtol=1e-9)


def test_what_the_captions_say_is_not_reproduced() -> None:
    """J/J_c is monotonic neither in delta nor in T_h; N vanishes at delta = -.0746 and outside .1588 < T_h < 9.988."""
    ratio, negativity = khandelwal_fig3a.curves(np.array([-0.0747, -0.0745, 0.0, 0.01, 0.1]), 0.7)
    assert ratio[2] < ratio[3] > ratio[4] > 1
    assert ratio[0] < 1 < ratio[1] and np.isnan(negativity[0]) and (negativity[1:] > 0).all()
    ratio, negativity = khandelwal_fig3b.curves(np.array([0.1588, 0.1589, 0.5, 0.7, 9.988, 9.989]), 0.0)
    assert ratio[1] < ratio[2] > ratio[3] > ratio[4]
    assert (ratio > 1).tolist() == np.isfinite(negativity).tolist() == [False, True, True, True, True, False]


def test_tunnelling() -> None:
    """J comes back to .99979 of its value without detuning, at kappa_h = .070872."""
    kappa = np.array([0.0, 0.070472, 0.070872, 0.071272])
    current, _, resonant, negativity = (lines[0] for lines in khandelwal_fig4.curves(kappa, (0.7,)))
    np.testing.assert_allclose(resonant, 1.994808e-4, rtol=1e-6)
    assert current[2] / resonant[0] == pytest.approx(0.99979, abs=5.1e-6)
    assert current[2] > max(current[1], current[3])
    np.testing.assert_allclose(negativity, 8.97226e-4, rtol=3e-6)


@pytest.mark.parametrize(("script", "panel"), [(khandelwal_fig5a, 0), (khandelwal_fig5b, 1)])
def test_maps_are_the_curves_of_figure_4_at_their_detuning(script: Any, panel: int) -> None:
    kappa = np.array([0.0, 0.03, 0.07, 0.15])
    values = script.curves(kappa, (0.0, khandelwal_fig5a.FIG4))
    np.testing.assert_allclose(values[1], khandelwal_fig4.curves(kappa, (0.7,))[panel][0], rtol=1e-9)
    assert values[0, 0] == pytest.approx(ENGINE[0.0][1][panel], rel=3e-6)
    assert khandelwal_fig4.RUN["system"]["delta"] == khandelwal_fig5a.FIG4 == khandelwal_fig5a.GUIDES[0].y
