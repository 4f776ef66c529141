"""Published machines, one file each, built by name.

    from trajectories.systems import diamond
    model = diamond(beta_A=-2, beta_S=3)

To add one, write its file in this folder: a function with annotated parameters and a numpy-style docstring that
returns a Model, and `register(function)` at the end (see `registry`).
"""

from __future__ import annotations

import importlib
import pkgutil

from trajectories.systems.cavity import cavity, effective_cavity
from trajectories.systems.common_bath import common_bath
from trajectories.systems.diamond import diamond
from trajectories.systems.double_dot import double_dot
from trajectories.systems.flux_qubits import flux_qubits
from trajectories.systems.local_engine import local_engine
from trajectories.systems.nonsecular_engine import nonsecular_engine
from trajectories.systems.registry import MACHINES as SYSTEMS
from trajectories.systems.registry import build, describe, machine, register
from trajectories.systems.reset_engine import reset_engine

for _file in pkgutil.iter_modules(__path__):
    if _file.name not in globals():
        importlib.import_module(f"{__name__}.{_file.name}")

__all__ = [
    "SYSTEMS",
    "build",
    "cavity",
    "common_bath",
    "describe",
    "diamond",
    "double_dot",
    "effective_cavity",
    "flux_qubits",
    "local_engine",
    "machine",
    "nonsecular_engine",
    "register",
    "reset_engine",
]
