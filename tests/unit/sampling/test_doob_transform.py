"""The guided process: what it refuses, and that its jumps and its losses belong together."""

from __future__ import annotations

import numpy as np
import pytest
from small_models import random_model

from trajectories.errors import InputError
from trajectories.master.eigenensemble import spectrum
from trajectories.master.lindblad import Master
from trajectories.model import Model
from trajectories.sampling.doob_transform import Guide, guided
from trajectories.systems import diamond, local_engine

RANDOM = random_model(3, 2, seed=3)
ENGINE = local_engine(T_c=0.1, T_h=1.0, g=1.6e-3, gamma_h=1e-3, gamma_c=1.1e-2)


def of(model: Model, exponent: float) -> Guide:
    master = Master(model)
    return guided(master, exponent, 1.0, spectrum(master.steady_state(), model.hamiltonian, master.sectors))


def misfit(model: Model, guide: Guide) -> float:
    """How far the eigenvector is from i (H^dag X - X H) + sum_k w_k L_k^dag X L_k = mu X, over its largest term.

    In the computational basis, with H = H_eff and w_k = e^{-v Delta s_k}: none of the guide's own steps.
    """
    x = Master(model).sectors.unflatten(guide.eigenvector)
    gained = sum(
        np.exp(-guide.exponent * step) * jump.conj().T @ x @ jump
        for step, jump in zip(model.entropy_steps, model.operators, strict=True)
    )
    effective = model.effective_hamiltonian
    change = 1j * (effective.conj().T @ x - x @ effective) + gained
    return float(np.abs(change - guide.growth * x).max() / np.abs(gained).max())


@pytest.mark.parametrize("exponent", [-1.0, 0.5, 2.0, 8.0])
def test_a_guide_that_is_given_is_an_eigenvector(exponent: float) -> None:
    assert misfit(RANDOM, of(RANDOM, exponent)) < 1e-9


@pytest.mark.parametrize(
    ("model", "exponent", "reason"),
    [
        (RANDOM, 12.0, r"no positive eigenvector to enough digits \(off by [0-9.e+]+\)"),  # 2e-4 of the largest rate
        (diamond(beta_A=-np.inf, beta_S=1.0), 0.5, r"no positive eigenvector to enough digits"),
        (ENGINE, 8.0, "its eigenvector is not positive definite"),
        (diamond(-2.0, 3.0), 1000.0, r"a jump's weight e\^\(-u Delta s\) is infinite: must be nearer to 0"),
        (diamond(beta_A=-np.inf, beta_S=1.0), -0.5, r"a jump's weight e\^\(-u Delta s\) is infinite"),
    ],
    ids=["digits", "one-way", "not positive", "overflow", "one-way below 0"],
)
def test_what_has_no_guide_is_refused(model: Model, exponent: float, reason: str) -> None:
    with pytest.raises(InputError, match=f"^guide {exponent:g}: {reason}"):
        of(model, exponent)
