"""The look of all pictures: letters, lines, colours and markers.

Colours are those of Okabe and Ito, which people with any colour vision can tell apart; points also differ by marker.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.colors import to_hex, to_rgb

SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "mathtext.fontset": "dejavusans",
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-99, 99),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.5,
    "legend.columnspacing": 1.1,
    "lines.linewidth": 1.2,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
}

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, BLACK, YELLOW = "#CC79A7", "#56B4E9", "#000000", "#B8A800"
PALETTE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK, YELLOW)
GREY, SHADE = "#8C8C8C", "#EDEDED"
MARKERS = "osD^vPX*"
DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
POINT: dict[str, Any] = {"ms": 3.4, "mfc": "white", "mew": 0.8}
RING: dict[str, Any] = {"marker": "o", "ms": 8, "mfc": "none", "mec": "#E00000", "mew": 1.0, "zorder": 4}
FAINT = 0.35  # share of its colour that a point keeps whose error bar is not to be trusted


@dataclass(frozen=True)
class Style:
    """Colour, marker and dashes of one curve."""

    colour: str
    marker: str
    dashes: Any = "-"


def faded(colour: str) -> str:
    """Return a colour mixed with white: unlike a transparent one it hides the line behind a marker."""
    red, green, blue = (1 - FAINT * (1 - part) for part in to_rgb(colour))
    return to_hex((red, green, blue))
