"""No-jump evolution of a two-dimensional sector in closed form.

With B the traceless part of H_eff and Omega^2 = -det B, B^2 = Omega^2 and

    exp(-i B t) = cos(Omega t) - i sin(Omega t)/Omega B,

which has no exceptional point: both coefficients are entire functions of Omega^2.
"""

from __future__ import annotations

import math

from . import kernel

SMALL = 0.09  # below this |Omega t|^2 the sine's closed form would lose digits


@kernel
def damped_cosine_sine(omega, decay, t):
    """Return e^{-decay t} cos(Omega t) and e^{-decay t} sin(Omega t)/Omega.

    Neither exponential overflows, for decay >= Im Omega >= 0.
    """
    x = omega.real * t
    square = (omega.real**2 + omega.imag**2) * t * t
    if omega.imag == 0.0:
        even, odd = math.exp(-decay * t), 0.0
    else:
        up = math.exp((omega.imag - decay) * t)
        down = math.exp((-omega.imag - decay) * t)
        even, odd = 0.5 * (up + down), 0.5 * (up - down)
    if x == 0.0:
        cosine, sine = complex(even, 0.0), complex(0.0, odd)
    else:
        c, s = math.cos(x), math.sin(x)
        cosine, sine = complex(c * even, -s * odd), complex(s * even, c * odd)
    if square > SMALL:
        return cosine, sine / omega
    return cosine, math.exp(-decay * t) * t * _sinc(omega * omega * (t * t))


@kernel
def _sinc(square):
    """Return sin(z)/z as a power series in z^2, |z^2| <= SMALL."""
    series = 1.0 - square / 156.0
    series = 1.0 - square / 110.0 * series
    series = 1.0 - square / 72.0 * series
    series = 1.0 - square / 42.0 * series
    series = 1.0 - square / 20.0 * series
    return 1.0 - square / 6.0 * series


@kernel
def prepare_closed(matrices, row, b, psi, work):
    """Store B psi; B begins at element b of the row."""
    work[0] = matrices[row, b] * psi[0] + matrices[row, b + 1] * psi[1]
    work[1] = matrices[row, b + 2] * psi[0] + matrices[row, b + 3] * psi[1]


@kernel
def evolve_closed(omega, decay, psi, work, t, out):
    """Set out = exp(-i H_eff t) psi, up to a phase."""
    cosine, sine = damped_cosine_sine(omega, decay, t)
    factor = complex(sine.imag, -sine.real)
    out[0] = cosine * psi[0] + factor * work[0]
    out[1] = cosine * psi[1] + factor * work[1]
