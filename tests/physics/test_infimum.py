"""How low the entropy production falls on the way: the infimum law, exactly on a lattice and sampled, and controls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from trajectories.counting.infimum import exact_infimum
from trajectories.errors import InputError
from trajectories.master.lindblad import Master
from trajectories.report.entropy_parts import LEVELS, EntropyParts
from trajectories.report.judge import judge
from trajectories.runfiles.job import Job
from trajectories.sampling.preparation import Preparation, prepare
from trajectories.sampling.replay import Replay
from trajectories.systems import common_bath, diamond, local_engine

N = 2**16


def prepared(beta_A: float = 0.0, beta_S: float = 1.0, duration: float = 2.0, n: int = N) -> Preparation:
    return prepare(diamond(beta_A, beta_S), np.array([duration]), None, n)


def statuses(found: EntropyParts) -> dict[str | None, str]:
    return {row.label: row.status for row in judge(found.rows()) if row.quantity.startswith("entropy_infimum")}


def naive_infimum(job: Job, number: int) -> float:
    """The lowest Delta S(t) of one trajectory, from its replayed record and the populations of the states it is in."""
    told, rho = Replay.of(job.prepare(), number, name=job.name, seed=job.seed), Master(job.model).steady_state()
    psi, flow, lowest = told.spectra[0].vectors[:, told.start], 0.0, 0.0
    begin = np.log((psi.conj() @ rho @ psi).real)
    for k in told.channels:
        psi = job.model.operators[k] @ psi
        psi = psi / np.linalg.norm(psi)
        flow += job.model.entropy_steps[k]
        lowest = min(lowest, float(begin - np.log((psi.conj() @ rho @ psi).real)) + flow)
    return lowest


# Exactly


@pytest.mark.parametrize(("beta_A", "beta_S"), [(0, 1), (-2, 3)])
def test_law_holds_for_the_exact_distribution(beta_A: float, beta_S: float) -> None:
    laws = [exact_infimum(Master(diamond(beta_A, beta_S)), duration) for duration in (0.0, 0.1, 2.0, 1e4)]
    means = [law.mean for law in laws]
    assert means[0] == pytest.approx(0.0, abs=1e-12) and -1 <= means[3] < means[2] < means[1] < means[0] + 1e-9
    for law in laws:
        assert law.probabilities.sum() == pytest.approx(1.0, abs=1e-9) and law.probabilities.min() > -1e-9
        assert all(law.below(x) <= np.exp(-x) + 1e-7 for x in LEVELS)


def test_first_order_in_time() -> None:
    """Up to O(T^2) at most one jump happens: <inf> = -T sum_jumps rate pi(n) max(0, -Delta S of that jump)."""
    model, duration = diamond(-2, 3), 1e-5
    master = Master(model)
    p, expected = master.steady_blocks.real, 0.0
    for k, rates in enumerate(np.abs(master.sectors.rotate(model.operators)) ** 2):
        for to, source in np.argwhere(rates > 0):
            step = np.log(p[source] / p[to]) + model.entropy_steps[k]
            expected += duration * rates[to, source] * p[source] * min(0.0, step)
    # Two jumps change it by the rates times T, here up to 100 T; from T and T/2 that is taken out.
    whole, half = (exact_infimum(master, duration / n).mean for n in (1, 2))
    assert whole == pytest.approx(expected, rel=1e-2)
    assert 4 * half - whole == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(("beta_A", "beta_S", "duration"), [(0, 1, 1e4), (-2, 3, 2.0)])
def test_where_the_lattice_ends_does_not_matter(
    beta_A: float, beta_S: float, duration: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends so high that to fall from there has a probability of e^{-18}; six nats more change 1e-7 at most."""
    master = Master(diamond(beta_A, beta_S))
    found = exact_infimum(master, duration)
    monkeypatch.setattr("trajectories.counting.infimum.SAFE", 24.0)
    wanted = exact_infimum(master, duration)
    assert len(wanted.values) >= len(found.values)
    assert found.mean == pytest.approx(wanted.mean, abs=1e-7)
    for x in LEVELS:
        assert found.below(x) == pytest.approx(wanted.below(x), abs=1e-7)


def test_equilibrium_never_falls() -> None:
    assert exact_infimum(Master(diamond(1, 1)), 5.0).mean == pytest.approx(0.0, abs=1e-9)


def test_refused() -> None:
    engine = local_engine(2.0, 0.3, 0.02, 0.01, 0.011)
    with pytest.raises(InputError, match="sectors of dimension 1"):
        exact_infimum(Master(engine), 1.0)
    with pytest.raises(InputError, match="lattice of"):
        exact_infimum(Master(diamond(0, np.sqrt(2) / 30)), 1.0)


# Sampled


def test_kernel_against_single_trajectories() -> None:
    job = Job("diamond", diamond(-2, 3), np.array([3.0]), None, 64, seed=5)
    found = EntropyParts.of(job.prepare()).sampled(5, 0, 200)
    assert found.total is not None
    lowest = np.array([naive_infimum(job, i) for i in range(200)])
    assert found.total.mean[0, 4] == pytest.approx(lowest.mean(), abs=1e-9)
    np.testing.assert_array_equal(found.total.histogram[0], [(lowest <= -x + 1e-9).sum() for x in LEVELS])


@pytest.mark.parametrize(("beta_A", "beta_S", "duration"), [(0, 1, 2.0), (-2, 3, 6.0), (-1, 1, 1.0)])
def test_sampled_infimum_agrees_with_the_exact_one(beta_A: float, beta_S: float, duration: float) -> None:
    """Mean and three probabilities; false alarms: 10^-3 for each point, the seed is fixed."""
    found = EntropyParts.of(prepared(beta_A, beta_S, duration)).sampled(3, 0, N)
    assert set(statuses(found).values()) == {"agree"}
    assert all(row.exact is not None for row in found.rows())


def test_without_an_exact_value_the_bound_is_judged() -> None:
    """Steps of 1.75, 2.8, 3.25 and 5.2 nats: too fine a lattice."""
    model = common_bath(T_A=5.0, T_B=8.0, epsilon_A=20.0, epsilon_B=20.0, Omega=6.0, gamma_A=1.0, gamma_B=1.0)
    preparation = prepare(model, np.array([3.0]), None, N)
    rows = [row for row in judge(EntropyParts.of(preparation).sampled(3, 0, N).rows()) if "infimum" in row.quantity]
    assert len(rows) == 4
    assert {row.status for row in rows} == {"agree"} and {row.exact for row in rows} == {None}
    # The control: reservoirs that are said to lose what they gain drive Delta S down, and the law catches it.
    false = replace(
        preparation, observables=preparation.observables._replace(pair_entropy=-preparation.observables.pair_entropy)
    )
    caught = judge(EntropyParts.of(false).sampled(3, 0, N).rows())
    assert "disagree" in {row.status for row in caught if "infimum" in row.quantity}


@pytest.mark.parametrize("change", ["pair_entropy", "log_steady"])
def test_the_exact_value_notices(change: str) -> None:
    """Steps 2 % too large, or a boundary term of the wrong temperatures, against the exact distribution."""
    preparation = prepared()
    if change == "pair_entropy":
        observables = preparation.observables._replace(pair_entropy=preparation.observables.pair_entropy * 1.02)
        false = replace(preparation, observables=observables)
    else:
        other = preparation.exact._replace(density=prepared(0.0, 1.2).exact.density)
        false = replace(preparation, exact=other)
    total = EntropyParts.of(false).sampled(3, 0, N).total
    assert statuses(replace(EntropyParts.of(preparation), total=total))[">= -1"] == "disagree"


@pytest.mark.parametrize(
    ("preparation", "words"),
    [
        (prepare(local_engine(2.0, 0.3, 0.02, 0.01, 0.011), np.array([10.0]), None, 64), "sectors of dimension > 1"),
        (prepare(diamond(0, 1), np.array([1.0]), np.eye(4) / 4, 64), "not the steady state"),
    ],
)
def test_undefined(preparation: Preparation, words: str) -> None:
    found = EntropyParts.of(preparation)
    assert found.infimum_undefined is not None and words in found.infimum_undefined
    assert any("infimum of Delta S(t) undefined" in line for line in found.lines())
    assert not found.json()["infimum"]["defined"]
