"""Populations of four levels with two ways from the bottom to the top, in closed form.

          E
        /   \\
       x --- y        rates along every edge in both directions; the x-y edge has one rate for both
        \\   /
          G

The steady states of two-qubit machines come down to this chain where their coherence follows the populations. With
the rates up_x (G to x), top_x (x to E), down_x (x to G), fall_x (E to x), the same for y, and w between x and y,

    det = (down_x + top_x)(down_y + top_y) + w (down_x + top_x + down_y + top_y),
    P_x = [top_x (down_y + top_y + w) + w top_y] / det        chance to reach E before G from x,
    p_E (fall_x (1 - P_x) + fall_y (1 - P_y)) = p_G (up_x P_x + up_y P_y),
    p_x = [(down_y + top_y + w) s_x + w s_y] / det,   s_i = up_i p_G + fall_i p_E,

with 1 - P_x likewise a ratio of positive terms: nothing cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trajectories.errors import InputError


class Way(NamedTuple):
    """Rates of one way over the middle: up (G to i), down (i to G), top (i to E), fall (E to i)."""

    up: float
    down: float
    top: float
    fall: float


def four_level_populations(x: Way, y: Way, exchange: float = 0.0) -> NDArray[np.float64]:
    """Steady-state populations (p_G, p_x, p_y, p_E), shape (4,).

    x, y: rates of the two ways; exchange: rate w between x and y. Rates >= 0 in one unit. Raises InputError where the
    rates leave the steady state open.
    """
    largest = max(*x, *y, exchange)
    if not largest > 0.0:
        raise InputError("the steady state is not unique: all rates are zero")
    x, y, w = Way(*(rate / largest for rate in x)), Way(*(rate / largest for rate in y)), exchange / largest
    out_x, out_y = x.down + x.top, y.down + y.top
    det = out_x * out_y + w * (out_x + out_y)
    if det == 0.0:
        raise InputError("the steady state is not unique: a middle level is never left")
    to_top = (x.top * (out_y + w) + w * y.top, y.top * (out_x + w) + w * x.top)
    to_bottom = (x.down * (out_y + w) + w * y.down, y.down * (out_x + w) + w * x.down)
    ground = x.fall * to_bottom[0] + y.fall * to_bottom[1]
    excited = x.up * to_top[0] + y.up * to_top[1]
    if ground + excited == 0.0:
        raise InputError("the steady state is not unique: neither the lowest nor the highest level is ever left")
    into_x, into_y = x.up * ground + x.fall * excited, y.up * ground + y.fall * excited
    middle = ((out_y + w) * into_x + w * into_y, (out_x + w) * into_y + w * into_x)
    weights = np.array([ground * det, *middle, excited * det])
    return weights / weights.sum()
