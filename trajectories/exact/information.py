"""What clicks can teach about the parameters of a machine, before any have been measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trajectories.errors import InputError, kind
from trajectories.model import Model
from trajectories.records.detection import Detection
from trajectories.records.information import click_information, quantum_bound
from trajectories.records.learning import Information
from trajectories.records.model_derivatives import Derivatives, differentiate


def fisher_information(
    builder: Callable[..., Model],
    parameters: Mapping[str, float],
    detection: Detection | None = None,
    fixed: Mapping[str, Any] | None = None,
) -> Information:
    r"""Return the Fisher information per time of click records about parameters of a model.

    With the density w_id(t) of the time from a click that left the state i to the next click, of detector d, its mean
    tau_i, and the share pi_i of clicks that leave the state i,

        F_ab = sum_i pi_i sum_d int_0^inf (dw_id/da)(dw_id/db)/w_id dt / sum_i pi_i tau_i.

    Parameters
    ----------
    builder : callable
        Function of keyword arguments that makes a Model, such as `trajectories.systems.diamond`.
    parameters : mapping of str to float
        The parameters to be learnt, all together, and the values at which.
    detection : Detection, optional
        What sees the jumps. Default: every channel has its own perfect detector. The state after a click must not
        depend on when the click came. So it is in most small machines whose jumps are all seen, and with any efficiency
        where each seen jump resets the state, as the photon of a driven atom does.
    fixed : mapping, optional
        Further keyword arguments of `builder`.

    Returns
    -------
    Information
        `matrix` (p, p), `errors(duration)`, `duration_for(0.01)`, `correlations`, `condition_number`; prints a table.

    Raises
    ------
    InputError
        Where the state after a click depends on when it came, where there may never be another click, where the steady
        state is not unique, beyond dimension 20, and where the operators are no smooth functions of the parameters.

    References
    ----------
    Radaelli, Smiga, Landi, Binder, arXiv:2402.06556 (2024); Kiilerich, Molmer, PRA 89, 052110 (2014).

    Examples
    --------
    >>> engine = {"gamma_h": 0.01, "gamma_c": 0.011, "T_c": 0.3}
    >>> found = exact.fisher_information(trajectories.systems.local_engine, {"g": 0.02, "T_h": 2.0}, fixed=engine)
    >>> found.matrix.diagonal().round(6)
    array([1.25357075e+02, 5.44300000e-03])
    """
    detectors = Detection() if detection is None else detection
    if not isinstance(detectors, Detection):
        raise InputError(f"detection: is {kind(detection)}: must be a trajectories.Detection")
    slopes = differentiate(builder, parameters, fixed)
    return _answer(slopes, click_information(slopes, detectors.of(slopes.model)))


def quantum_fisher_information(
    builder: Callable[..., Model], parameters: Mapping[str, float], fixed: Mapping[str, Any] | None = None
) -> Information:
    """Return the quantum Fisher information per time: no measurement of what a machine emits, and of it, has more.

    F^Q_ab = 4 Re d^2 lambda/(da_1 db_2), lambda the eigenvalue near 0 of the generator with the parameters theta_1 on
    the left of rho and theta_2 on the right. Clicks reach it where only rates depend on the parameters, and for some
    others; how far `fisher_information` stays below says what another detection could gain.

    Parameters
    ----------
    builder, parameters, fixed
        As for `fisher_information`.

    Returns
    -------
    Information
        As of `fisher_information`.

    Raises
    ------
    InputError
        Where the steady state is not unique, beyond dimension 20, and where the operators are no smooth functions of
        the parameters.

    References
    ----------
    Gammelmark, Molmer, PRL 112, 170401 (2014).

    Examples
    --------
    >>> engine = {"T_h": 2.0, "T_c": 0.3, "gamma_h": 0.01, "gamma_c": 0.011}
    >>> exact.quantum_fisher_information(trajectories.systems.local_engine, {"g": 0.02}, fixed=engine).matrix.round(6)
    array([[125.357075]])
    """
    slopes = differentiate(builder, parameters, fixed)
    return _answer(slopes, quantum_bound(slopes))


def _answer(slopes: Derivatives, matrix: Any) -> Information:
    matrix.setflags(write=False)
    return Information(dict(zip(slopes.names, slopes.values.tolist(), strict=True)), matrix)
