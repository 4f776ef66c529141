"""The measured quantities, one entry each: the only list of them. All that names a quantity asks here.

A row of numbers belongs to one trajectory at one sample time: first the linear forms of the jump counts, then the
numbers with lines of their own in the kernel `accumulate`, then the functionals of the state. Units: hbar = k_B = 1.

To add a quantity, add an entry at the end of QUANTITIES. A linear form of the jump counts, a functional of the state
and a function of the ensemble state need nothing else. Any other number of a trajectory needs its line in the kernel
`accumulate`, its place in `kernels.observable_table`, and here its exact mean and its cumulants.

The outcome of the final measurement is averaged over, which disturbs nothing and lowers the variance; the histograms
use the outcome drawn at the end. Heat is positive into the system. `coupling_work` is what counted heats leave over
in the first law: where quanta are those of bare qubits, the work of their coupling (in a steady state the sum of all
counted heats). Where quanta are counted from chemical potentials, it contains the work of moving the charge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trajectories.counting.counted_currents import (
    charged_reservoirs,
    counts_entropy,
    heated_reservoirs,
    jumps,
    no_quanta,
)
from trajectories.kernels.observable_table import COUPLING_WORK, ENTROPY, ENTROPY_SINCE, PROJECTION, WEIGHT
from trajectories.master.currents import energy_rates
from trajectories.master.entanglement import (
    concurrence_gap,
    concurrence_signed,
    negativity,
    negativity_gap,
    negativity_signed,
)
from trajectories.master.sectors import Sectors
from trajectories.model import Model
from trajectories.sampling import exact_averages as exact
from trajectories.sampling import sampling_moments as moments
from trajectories.sampling.quantity import (
    AVERAGE,
    CUMULATIVE,
    INSTANTANEOUS,
    LABEL,
    PAIR,
    RESERVOIR,
    Function,
    JumpCounts,
    Owner,
    Pair,
    PairFunction,
    Quantity,
    Share,
    StateFunction,
    StateFunctional,
    TalliedNumber,
    entropy_exponential,
)

MOST_POPULATIONS = 16
PANELS = ("entanglement", "populations", "observables", "currents", "charges", "entropy", "theorem")
"""The panels of a picture, in their order."""


def measures_entropy(model: Model) -> bool:
    """Return whether Delta S is a number for some trajectories that jump: defined, and not every channel one-way."""
    return bool(model.entropy and (model.partner >= 0).any())


def infinite_entropy(model: Model) -> list[str]:
    """Return a line that says that entropy production is infinite and why, where no channel can be undone."""
    if not model.entropy or measures_entropy(model):
        return []
    names = [channel.name for channel in model.channels]
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    why = f"every channel is one-way ({shown}), so that nothing undoes a jump"
    return [f"entropy production is infinite (absolutely irreversible): {why}"]


def _of_reservoirs(model: Model, reservoirs: Sequence[int], values: np.ndarray) -> dict[Owner, np.ndarray]:
    """Return the values (K,) of each reservoir's channels, 0 for the others and where there is none."""
    return {
        model.reservoirs[r].name: np.where(model.reservoir_index == r, np.nan_to_num(values), 0.0) for r in reservoirs
    }


def _populations(model: Model, sectors: Sectors, observables: Mapping[str, np.ndarray]) -> dict[Owner, np.ndarray]:
    if model.dimension > MOST_POPULATIONS:
        return {}
    return {label: np.outer(v, v.conj()) for label, v in zip(sectors.labels, sectors.basis.T, strict=True)}


def _without_heat(model: Model, pair: Pair = None) -> dict[Owner, str]:
    heated = heated_reservoirs(model)
    cold = [bath.name for r, bath in enumerate(model.reservoirs) if r not in heated]
    return {name: no_quanta(model, name) for name in cold}


def _without_work(model: Model, pair: Pair) -> dict[Owner, str]:
    cold = ", ".join(map(str, _without_heat(model))) or "any reservoir"
    return {} if _measures_work(model) else {None: f"no counted heat from {cold}"}


def _measures_work(model: Model) -> bool:
    return bool(model.reservoirs) and len(heated_reservoirs(model)) == len(model.reservoirs)


def _without_entropy(model: Model, pair: Pair) -> dict[Owner, str]:
    if measures_entropy(model):
        return {}
    return {
        None: "every channel is one-way" if model.entropy else f"{model.name} has no entropy accounting (entropy=False)"
    }


def _without_populations(model: Model, pair: Pair) -> dict[Owner, str]:
    many = model.dimension > MOST_POPULATIONS
    reason = f"{model.dimension} basis states, more than {MOST_POPULATIONS}: name an observable"
    return {None: reason} if many else {}


def _without_pair(model: Model, pair: Pair) -> dict[Owner, str]:
    return {None: "no pair of subsystems is named"} if len(model.dims) > 1 and pair is None else {}


def _without_two_qubits(model: Model, pair: Pair) -> dict[Owner, str]:
    levels = [model.dims[site] for site in pair or ()]
    if pair is None or levels == [2, 2]:
        return _without_pair(model, pair)
    sites = " and ".join(str(site + 1) for site in pair)
    return {None: f"is that of two qubits; subsystems {sites} have {levels[0]} and {levels[1]} levels"}


def _concurrence(levels: tuple[int, int]) -> tuple[Function, Function | None] | None:
    return (concurrence_signed, concurrence_gap) if levels == (2, 2) else None


def _negativity(levels: tuple[int, int]) -> tuple[Function, Function | None]:
    if levels == (2, 2):
        return negativity_signed, negativity_gap
    return lambda rho: negativity(rho, levels), None


QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        # The kernel takes the counted heats to be the second linear form and the next; the places of all counts that
        # have cumulants (`counting.model_counts.counts_of`) rest on the order of the first five entries.
        Quantity(
            "activity", "1/time", AVERAGE, "number of jumps",
            JumpCounts(lambda model: {None: jumps(model)}),
            "jumps per time", nonnegative=True, headline=5,
        ),
        Quantity(
            "heat_current", "energy/time", AVERAGE, "counted heat, sum_k n_k dq_k",
            JumpCounts(lambda model: _of_reservoirs(model, heated_reservoirs(model), model.quanta)),
            "heat current", owner=RESERVOIR, absent=_without_heat, short_title="heat", panel="currents", headline=3,
        ),
        # Tallied for its cumulants; its mean is in the entropy production.
        Quantity(
            "entropy_to_reservoirs", "nat/time", AVERAGE, "sum_k n_k Delta s_k, where always finite",
            JumpCounts(lambda model: {None: model.entropy_steps} if counts_entropy(model) else {}),
            "entropy given to the reservoirs", reported=False,
        ),
        Quantity(
            "charge_current", "1/time", AVERAGE, "counted charge, sum_k n_k c_k",
            JumpCounts(lambda model: _of_reservoirs(model, charged_reservoirs(model), model.charges)),
            "charge current", owner=RESERVOIR, panel="charges",
        ),
        Quantity(
            "count_rate", "1/time", AVERAGE, "a count of the model's own, sum_k n_k w_k",
            JumpCounts(lambda model: model.counts), "counts per time", owner=LABEL, panel="charges",
        ),
        Quantity(
            "entropy_production_rate", "nat/time", AVERAGE, "the increase of Delta S",
            TalliedNumber(
                ENTROPY_SINCE, exact.mean_entropy_since, exact.entropy_size, moments.entropy_cumulants,
                defined=measures_entropy, diverges=True,
            ),
            "entropy production", absent=_without_entropy, headline=4,
        ),
        Quantity(
            "entropy_production", "nat", CUMULATIVE, "Delta S = ln p(n0) - <psi|ln rho(t)|psi> + sum_k n_k Delta s_k",
            TalliedNumber(
                ENTROPY, lambda side: side.entropy, exact.entropy_size, moments.entropy_cumulants,
                exponential=entropy_exponential, defined=measures_entropy, diverges=True,
            ),
            r"entropy production $\langle\Delta S\rangle$", absent=_without_entropy, panel="entropy",
        ),
        Quantity(
            "integral_fluctuation_theorem", "1", INSTANTANEOUS,
            "exp(-sum_k n_k Delta s_k) <psi|rho(t)|psi> / p(n0)",
            TalliedNumber(
                WEIGHT, exact.mean_weight, lambda side: 1.0, moments.weight_cumulants,
                defined=measures_entropy, weight=True,
            ),
            r"$\langle e^{-\Delta S}\rangle$", absent=_without_entropy, panel="theorem",
        ),
        Quantity(
            "coupling_work", "energy/time", AVERAGE, "sum of the counted heats - change of <psi|H|psi>",
            TalliedNumber(
                COUPLING_WORK, exact.mean_coupling_work, exact.coupling_work_size, moments.coupling_work_cumulants,
                defined=_measures_work,
            ),
            "coupling work", absent=_without_work, panel="currents",
        ),
        Quantity(
            "projection_energy", "energy", INSTANTANEOUS, "energy added by a measurement in rho(t)'s eigenbasis",
            TalliedNumber(
                PROJECTION, exact.mean_projection_energy, exact.projection_energy_size,
                moments.projection_energy_cumulants, moments.projection_energy_width,
            ),
            "energy of the projection",
        ),
        # The kernel takes the energy to be the first functional.
        Quantity(
            "energy", "energy", INSTANTANEOUS, "<psi|H|psi>",
            StateFunctional(lambda model, sectors, observables: {None: model.hamiltonian}),
            r"energy $\langle H\rangle$",
        ),
        Quantity(
            "energy_current", "energy/time", INSTANTANEOUS, "Tr[H D_r(|psi><psi|)] of reservoir r",
            StateFunctional(
                lambda model, sectors, observables: {
                    bath.name: operator for bath, operator in zip(model.reservoirs, energy_rates(model), strict=True)
                }
            ),
            "energy current", owner=RESERVOIR, short_title="energy", panel="currents",
        ),
        Quantity(
            "population", "1", INSTANTANEOUS, "<b|psi><psi|b> of a basis state b", StateFunctional(_populations),
            "population", owner=LABEL, absent=_without_populations, panel="populations", nonnegative=True,
        ),
        Quantity(
            "observable", "of the operator", INSTANTANEOUS, "<psi|O|psi>",
            StateFunctional(lambda model, sectors, observables: observables),
            "observable", owner=LABEL, panel="observables",
        ),
        Quantity(
            "irreversible_fraction", "1", CUMULATIVE, "1 where a one-way channel has fired, else 0",
            Share(
                lambda averages: averages.irreversible, lambda block: block.infinite,
                lambda model: measures_entropy(model) and bool((model.partner < 0).any()),
            ),
            r"fraction with $\Delta S=\infty$", panel="entropy", nonnegative=True,
        ),
        Quantity(
            "concurrence", "1", INSTANTANEOUS, "max(0, l1 - l2 - l3 - l4) of the pair, two qubits (Wootters)",
            PairFunction(_concurrence), "concurrence", owner=PAIR, absent=_without_two_qubits,
            panel="entanglement", nonnegative=True, headline=1,
        ),
        Quantity(
            "negativity", "1", INSTANTANEOUS, "sum of |negative eigenvalues| of the pair's partial transpose",
            PairFunction(_negativity), "negativity", owner=PAIR, absent=_without_pair,
            panel="entanglement", nonnegative=True, headline=2,
        ),
        # Not in reports: figures name it, and judge it with the rows of their reports.
        Quantity(
            "purity", "1", INSTANTANEOUS, "Tr rho^2",
            StateFunction(lambda blocks: np.asarray((np.abs(blocks) ** 2).sum(axis=-1)), lambda blocks: 2 * blocks),
            "purity", nonnegative=True, reported=False,
        ),
    )
}  # fmt: skip
"""Every quantity by name, in the order in which reports list them."""
