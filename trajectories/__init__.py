"""Quantum-jump trajectories of quantum thermal machines: heat, entropy production and entanglement along single runs.

    import trajectories
    model = trajectories.systems.diamond(beta_A=-2, beta_S=3)
    result = trajectories.run(model, duration=6, trajectories=100_000)
    print(result.report())

Importing the package is cheap: everything heavy is imported when it is first needed.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from trajectories.errors import InputError, Interrupted

if TYPE_CHECKING:
    from trajectories import exact, systems
    from trajectories.api import open as open  # not in __all__: `import *` must leave Python's own alone
    from trajectories.api import run, sweep
    from trajectories.model import Channel, Model, Reservoir
    from trajectories.records.detection import Detection
    from trajectories.records.inference import infer
    from trajectories.records.readers import read_records
    from trajectories.records.simulated import detect
    from trajectories.result import Result
    from trajectories.runfiles.run import load
    from trajectories.studies import merge, plan, rare, replay, solve

__version__ = "0.1.0"
__all__ = [
    "Channel",
    "Detection",
    "InputError",
    "Interrupted",
    "Model",
    "Reservoir",
    "Result",
    "detect",
    "exact",
    "infer",
    "load",
    "merge",
    "plan",
    "rare",
    "read_records",
    "replay",
    "run",
    "solve",
    "sweep",
    "systems",
]

_HOMES = {
    "Channel": "trajectories.model.model",
    "Detection": "trajectories.records.detection",
    "Model": "trajectories.model.model",
    "Reservoir": "trajectories.model.model",
    "Result": "trajectories.result",
    "detect": "trajectories.records.simulated",
    "infer": "trajectories.records.inference",
    "load": "trajectories.runfiles.run",
    "merge": "trajectories.studies",
    "open": "trajectories.api",
    "plan": "trajectories.studies",
    "rare": "trajectories.studies",
    "read_records": "trajectories.records.readers",
    "replay": "trajectories.studies",
    "run": "trajectories.api",
    "solve": "trajectories.studies",
    "sweep": "trajectories.api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name in ("exact", "systems"):
        return importlib.import_module(f"trajectories.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'trajectories' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*__all__, "open", "__version__"})
