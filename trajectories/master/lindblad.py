"""The master equation: generator, steady state, evolution in time, all by sectors.

d rho/dt = -i[H, rho] + sum_k (L_k rho L_k^dag - {L_k^dag L_k, rho}/2), hbar = 1, jump operators with their rates.
A state without coherence between sectors never acquires any, so the D = sum_s m_s^2 elements inside the sectors are
all there is to evolve (see `sectors`). Uniqueness of the steady state is a property of the whole d^2-dimensional space.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy import sparse

from trajectories.errors import InputError
from trajectories.master.block_generator import BlockSpace
from trajectories.master.block_products import LARGE_SECTOR, SMALLEST, BlockProducts, SeriesPropagator
from trajectories.master.linear_solvers import Drazin, Factors, bordered, steady_factors
from trajectories.master.null_space import balanced, null_dimension, recurrent_classes, stationary_distribution
from trajectories.master.propagation import DensePropagator, check_phases
from trajectories.master.relaxation import eigenvalues, rightmost_eigenvalues, slow_eigenvalues
from trajectories.master.sectors import NEGLIGIBLE, Sectors, find_sectors
from trajectories.master.sparse_propagation import LONGEST, SparsePropagator
from trajectories.master.states import check_state, check_times, surely_a_state
from trajectories.model import Model
from trajectories.model.operators import full

FULL_SPECTRUM_DIMENSION = 12
FULL_SPECTRUM_SIZE = 1500
KRYLOV_SIZE = 800  # from which a Krylov space is faster than all eigenvalues of a dense matrix
ROUNDING = 1e-15
KEPT = 4
WORTH = 2e9  # multiplications up to which series are taken, some seconds; stiff generators take more
OCCUPIED = 1e-2
"""Times the largest: population of a sector that is no rounding error."""


class Master:
    """The master equation of a model.

    model: the machine. sectors: a decomposition of it (default: `find_sectors(model)`); it must cover every initial
    state that is asked for most, others are covered on the fly by coarser sectors.
    """

    def __init__(self, model: Model, sectors: Sectors | None = None) -> None:
        self.model = model
        self.sectors = find_sectors(model) if sectors is None else sectors
        self.space = BlockSpace(model, self.sectors)
        # The last few evolutions, by their question: many averages ask for the same.
        self._answers: dict[tuple[bytes, bytes, bool], tuple[np.ndarray, np.ndarray]] = {}

    @property
    def classical(self) -> bool:
        """True where every sector has dimension 1: populations obey a rate equation, solved without subtractions."""
        return len(self.sectors.dimensions) == self.model.dimension

    @cached_property
    def generator(self) -> np.ndarray | sparse.csr_array:
        """Generator (D, D) of the sector blocks, row-major, one after another; dense for D <= 400, else sparse."""
        return self.tilted(np.ones(len(self.model.operators)))

    @property
    def trace_row(self) -> np.ndarray:
        """(D,) float64: the row vector that gives the trace of flattened blocks."""
        return self.sectors.trace_row

    def tilted(self, weights: np.ndarray) -> np.ndarray | sparse.csr_array:
        """Return the generator with the jump term of channel k multiplied by weights[k], (K,); the losses stay."""
        matrix = self.space.diagonal(weights)
        return matrix.real.copy() if self.classical and np.isrealobj(weights) else matrix

    @cached_property
    def large(self) -> bool:
        """True where sectors are so large that the generator acts as products of their blocks."""
        return self.sectors.size > SMALLEST and int(self.sectors.dimensions.max()) >= LARGE_SECTOR

    def series(self, weights: np.ndarray, duration: float, most: float = WORTH) -> SeriesPropagator | None:
        """Return the propagator of `tilted` weights (K,) that needs no D x D matrix.

        None where sectors are small, a weight is negative or not finite, or `duration` would cost more than `most`.
        """
        if not (self.large and np.isrealobj(weights) and np.isfinite(weights).all() and (weights >= 0).all()):
            return None
        products = BlockProducts(self.space, self.sectors, weights)
        if products.elements >= products.cost:
            series = SeriesPropagator(products, most)
            return series if series.affordable(duration) else None
        if not SeriesPropagator(products, most, (products, products.elements)).affordable(duration):
            return None
        matrix = sparse.csr_array(self.tilted(weights))
        return SeriesPropagator(products, most, (matrix.dot, matrix.nnz))

    def covering(self, rho0: np.ndarray) -> Master:
        """Return this object, or one with coarser sectors where rho0 has coherence between the sectors.

        rho0: (d, d), or (D,) flattened blocks. Raises InputError where it is no density matrix of the model.
        """
        flat = np.ndim(rho0) == 1
        if not (flat and surely_a_state(self.sectors, rho0)):
            check_state(self.model, self.sectors.unflatten(rho0) if flat else rho0)
        if flat or self.sectors.coherence(rho0) < NEGLIGIBLE:
            return self
        return Master(self.model, find_sectors(self.model, (rho0,)))

    def flattened(self, rho0: np.ndarray) -> np.ndarray:
        """Return the flattened blocks (D,) of a state (d, d), or of one that is given so."""
        return np.asarray(rho0, complex) if np.ndim(rho0) == 1 else self.sectors.flatten(rho0)

    # Steady state ------------------------------------------------------------------------------------------------

    def steady_state(self) -> np.ndarray:
        """Return the steady state rho (d, d), Hermitian, of trace one, in the computational basis.

        Where all sectors have dimension 1 it comes from an elimination without subtractions, otherwise from the
        linear equations L rho = 0, Tr rho = 1, refined in extended precision. Eigenvalues may be negative by rounding
        (above -1e-12); they are left as they are. Raises InputError where the steady state is not unique.
        """
        return self.sectors.unflatten(self.steady_blocks)

    @cached_property
    def steady_blocks(self) -> np.ndarray:
        """Flattened blocks (D,) of the steady state; exact in every component where all sectors have dimension 1."""
        dimension = self.null_dimension
        if dimension != 1:
            raise InputError(
                f"the steady state of {self.model.name} is not unique: its Liouvillian has a null space of dimension "
                f"{dimension}, it should be 1. Something is conserved: a state that no reservoir reaches (one "
                "collective bath alone, a zero rate) or an observable that commutes with H and every jump operator"
            )
        return self._stationary

    @cached_property
    def null_dimension(self) -> int:
        """Dimension of the null space of the full Liouvillian, coherence between sectors included.

        Let the state without coherence between sectors be unique, rho. It has the largest support that a stationary
        state can have, since the average over all times of the evolution from 1/d is one. On that support the null
        vectors of the adjoint Liouvillian are the operators X that commute with H, every L_k and every L_k^dag
        (Frigerio, Commun. Math. Phys. 63, 269 (1978)). They form an algebra in which those without coherence are
        multiples of 1, and what X holds in one class of coherences is one of them. So the part of X^dag X without
        coherence is

            sum_s X_ss'^dag X_ss' = c 1   in every sector s' of the support, and likewise for X X^dag:

        a class that does not have each of these sectors both on its left and on its right has no null vector.
        """
        inside = self._inside
        occupied = self._occupied if inside == 1 else np.zeros(0, int)
        return inside + sum(
            coherences.times * null_dimension(self.space.between(coherences))
            for coherences in self.space.coherence_classes
            if np.isin(occupied, coherences.first).all() and np.isin(occupied, coherences.second).all()
        )

    @cached_property
    def _inside(self) -> int:
        """Dimension of the null space without coherence between sectors."""
        if self.classical:
            return len(recurrent_classes(self._rates))
        try:
            if sparse.issparse(self.generator) and self._equations.surely_regular():
                return 1
        except RuntimeError:  # exactly singular
            pass
        return null_dimension(balanced(self.generator, self.trace_row))

    @property
    def _occupied(self) -> np.ndarray:
        """Sectors that are in the support of the stationary state beyond doubt, where there is one such state only."""
        if self.classical:
            return recurrent_classes(self._rates)[0]
        population = np.bincount(
            self.sectors.sector_of[self.sectors.indices[0]], self._stationary.real * self.trace_row, minlength=1
        )
        return np.flatnonzero(population > OCCUPIED * population.max())

    @cached_property
    def _stationary(self) -> np.ndarray:
        """Flattened blocks (D,) of the stationary state, where only one has no coherence between sectors."""
        if self.classical:
            return stationary_distribution(self._rates).astype(complex)
        rho = self.sectors.unflatten(self._equations.solve(np.eye(1, self.sectors.size)[0]).astype(complex))
        rho = 0.5 * (rho + rho.conj().T)
        return self.sectors.flatten(rho / np.trace(rho).real)

    @cached_property
    def _equations(self) -> Factors:
        return steady_factors(self.generator, self.trace_row)

    def drazin(self, z: complex = 0.0) -> Drazin:
        """Return the Drazin inverse of the generator, or its resolvent at z (1/time) without the steady state.

        Raises InputError where the steady state is not unique.
        """
        rho = self.steady_blocks.real.copy() if self.classical else self.steady_blocks
        return Drazin(bordered(self.generator, self.trace_row, z), rho, self.trace_row)

    @property
    def _rates(self) -> np.ndarray:
        rates = full(self.generator).copy()
        np.fill_diagonal(rates, 0.0)
        return rates

    def gap(self) -> float:
        """Return the slowest relaxation rate, the smallest -Re of the Liouvillian's eigenvalues but the steady one.

        For d <= 12 of the full Liouvillian, beyond that of the sector blocks, which govern every state without
        coherence between sectors. Unit: 1/time. 0 where something never decays; inf where nothing else exists.
        """
        if self.null_dimension > 1:
            return 0.0
        values = self.modes
        if self.model.dimension <= FULL_SPECTRUM_DIMENSION:
            between = [full(self.space.between(pairs)) for pairs in self.space.coherence_classes]
            values = np.concatenate([values, *(eigenvalues(matrix) for matrix in between)])
        return float(max(0.0, -values.real.max(initial=-np.inf)))

    @cached_property
    def modes(self) -> np.ndarray:
        """Eigenvalues (n,) complex of the generator but the zero.

        Only some of the slowest beyond 1500 elements, from 800 where sectors are large. Raises InputError where the
        steady state is not unique.
        """
        many = self.large and self.sectors.size > KRYLOV_SIZE
        if many and (series := self.series(np.ones(len(self.model.operators)), 0.0)) is not None:
            slowest = rightmost_eigenvalues(series.action, series.norm, self.steady_blocks, self.trace_row)
            if slowest is not None:
                return slowest
        if self.sectors.size > FULL_SPECTRUM_SIZE:
            return slow_eigenvalues(sparse.csr_array(self.generator), self.space.coherent_modes())
        return eigenvalues(self._without_steady_state()) if self.sectors.size > 1 else np.zeros(0, complex)

    def _without_steady_state(self) -> np.ndarray:
        """Return L without one population, eliminated by Tr rho = 1: it has the eigenvalues of L but the zero."""
        generator, trace = full(self.generator), self.trace_row
        eliminated = int(np.argmax(self.steady_blocks.real * trace))
        kept = np.arange(len(trace)) != eliminated
        return generator[np.ix_(kept, kept)] - np.outer(generator[kept, eliminated], trace[kept])

    def jump_rates(self, blocks: np.ndarray) -> np.ndarray:
        """Return each channel's number of jumps per time, Tr[L_k^dag L_k rho], (..., K), from blocks (..., D)."""
        return (blocks @ self.space.losses.conj().T).real

    # Evolution -------------------------------------------------------------------------------------------------------

    def states(self, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return rho(t) = e^{L t} rho0 as (T, d, d).

        rho0: (d, d) density matrix. times: (T,), from 0 on, not falling. Raises InputError for anything else.
        """
        master = self.covering(rho0)
        return master.sectors.unflatten(master.blocks(rho0, times))

    def integrals(self, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the integral of rho(s) over s from 0 to t, (T, d, d); arguments as for `states`."""
        master = self.covering(rho0)
        return master.sectors.unflatten(master.block_integrals(rho0, times))

    def blocks(self, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the flattened blocks (T, D) of rho(t) in this object's sectors, which must cover rho0.

        rho0: (d, d), or (D,) flattened blocks. Where all sectors have dimension 1, every component of the result has
        the relative accuracy of the blocks of rho0; a component below 1e-15 of a (d, d) matrix is taken for rounding.
        """
        return self._evolved(rho0, times)[0]

    def block_integrals(self, rho0: np.ndarray, times: np.ndarray) -> np.ndarray:
        """Return the flattened blocks (T, D) of the integral of rho(s) over s from 0 to t."""
        return self._evolved(rho0, times, integrate=True)[1]

    def _evolved(self, rho0: np.ndarray, times: np.ndarray, integrate: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Return flattened blocks (T, D) of rho(t) and, if `integrate`, of its integral; from the last few if known."""
        times = check_times(times)
        vector = self.flattened(rho0)
        if self.classical:
            vector = np.where(vector.real > (0.0 if np.ndim(rho0) == 1 else ROUNDING), vector.real, 0.0)
        start, when = vector.tobytes(), times.tobytes()
        key = (start, when, integrate or (start, when, True) in self._answers)
        if key not in self._answers:
            if len(self._answers) >= KEPT:
                self._answers.clear()
            answer = self._evolve(vector, times, key[2])
            for array in answer:
                array.setflags(write=False)
            self._answers[key] = answer
        return self._answers[key]

    def _evolve(self, vector: np.ndarray, times: np.ndarray, integrate: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return e^{G t} vector at `times` (T, D) and, if `integrate`, its integrals (T, D)."""
        effective, offsets = self.space.rotated.effective, self.sectors.offsets
        for a, b in zip(offsets[:-1], offsets[1:], strict=True):
            check_phases(effective[a:b, a:b], float(times[-1]))
        if self.large and len(times):
            if np.array_equal(vector, self.__dict__.get("steady_blocks", ())):
                return np.repeat(vector[None], len(times), axis=0), vector * times[:, None]
            series = self.series(np.ones(len(self.model.operators)), float(times[-1]))
            if series is not None:
                return series.evolve(vector, times)
        if isinstance(self._propagator, SparsePropagator):
            return self._propagator.evolve(vector, times)
        states = np.zeros((len(times), len(vector)), complex)
        integrals = np.zeros_like(states)
        total, now = np.zeros_like(vector), 0.0
        for j, time in enumerate(times):
            if integrate:
                vector, part = self._propagator.integrate(vector, time - now)
                total = total + part
            else:
                vector, _ = self._propagator.advance(vector, time - now)
            states[j], integrals[j], now = vector, total, time
        return states, integrals

    @cached_property
    def _propagator(self) -> DensePropagator | SparsePropagator:
        return self.propagator(self.generator, trace=self.trace_row)

    def propagator(
        self,
        generator: np.ndarray | sparse.csr_array,
        *,
        trace: np.ndarray | None = None,
        fixed: np.ndarray | None = None,
        most: float = LONGEST,
    ) -> DensePropagator | SparsePropagator:
        """Return a propagator of a generator on this object's blocks, for instance a tilted one.

        trace, fixed: (D,) what it conserves, see `DensePropagator`. most: see `SparsePropagator`.
        """
        if sparse.issparse(generator):
            return SparsePropagator(generator, most)
        metzler = self.classical and np.isrealobj(generator)
        return DensePropagator(generator, trace=trace, fixed=fixed, metzler=metzler)
