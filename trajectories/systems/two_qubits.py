"""Operators of two qubits (4, 4), in the order |00>, |01>, |10>, |11>: constants, since maps build many models."""

from __future__ import annotations

from trajectories.model.operators import Array, dagger, embed, number, sigma_minus, sigma_x, sigma_z, tensor
from trajectories.model.validation import frozen

DIMS = (2, 2)
LOWER: tuple[Array, Array] = (frozen(embed(sigma_minus(), 0, DIMS)), frozen(embed(sigma_minus(), 1, DIMS)))
NUMBER: tuple[Array, Array] = (frozen(embed(number(), 0, DIMS)), frozen(embed(number(), 1, DIMS)))
SIGMA_X: tuple[Array, Array] = (frozen(embed(sigma_x(), 0, DIMS)), frozen(embed(sigma_x(), 1, DIMS)))
SIGMA_Z: tuple[Array, Array] = (frozen(embed(sigma_z(), 0, DIMS)), frozen(embed(sigma_z(), 1, DIMS)))
EXCHANGE: Array = frozen(dagger(LOWER[0]) @ LOWER[1] + dagger(dagger(LOWER[0]) @ LOWER[1]))
"""|10><01| + |01><10|."""
BOTH: Array = frozen(tensor(number(), number()))
"""|11><11|."""


def resonant_hamiltonian(energy: float, g: float, U: float = 0.0) -> Array:
    """Return H = energy (n_1 + n_2) + g (|10><01| + |01><10|) + U |11><11|, shape (4, 4).

    Brask et al., NJP 17, 113029 (2015), Eqs. (1), (2). energy, g, U: energies.
    """
    return energy * (NUMBER[0] + NUMBER[1]) + g * EXCHANGE + U * BOTH
