"""Copies of the kernels with one line changed: engines with a deliberate mistake."""

from __future__ import annotations

import contextlib
import importlib.util
import shutil
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest import mock

import numba
import numpy as np

KERNELS = Path(__file__).parent.parent / "kernels"


def mutant(folder: Path, file: str, old: str, new: str, *, interpreted: bool = False) -> ModuleType:
    """Copy the kernels into `folder`, replace `old` by `new` in one file, and import the copy's `jumps` module.

    `old` must be there exactly once: a control whose mistake is not made would pass for a wrong reason. A copy that is
    there already is taken as it is, so that what was compiled of it can be loaded. interpreted: as plain Python, which
    spares half a minute of compilation where few trajectories are enough.
    """
    name = f"mutant_{zlib.crc32(repr((file, old, new)).encode())}"
    copy = folder / name
    if not copy.exists():
        shutil.copytree(KERNELS, copy, ignore=shutil.ignore_patterns("__pycache__"))
        source = (copy / file).read_text()
        assert source.count(old) == 1, f"{old!r} is {source.count(old)} times in {file}"
        (copy / file).write_text(source.replace(old, new))
        # Numba tells named tuples apart by their class's name.
        plan = (copy / "plan.py").read_text()
        (copy / "plan.py").write_text(plan.replace("class Plan(", f"class {name}(") + f"\n\nPlan = {name}\n")
    spec = importlib.util.spec_from_file_location(name, copy / "__init__.py", submodule_search_locations=[str(copy)])
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    with mock.patch.object(numba.config, "DISABLE_JIT", 1) if interpreted else contextlib.nullcontext():
        spec.loader.exec_module(package)
        return importlib.import_module(f"{name}.jumps")


def sampler(module: ModuleType) -> Callable[..., None]:
    """Return the copy's `jumps`, taking the real package's Plan."""

    def jumps(plan: tuple[np.ndarray, ...], *rest: object) -> None:
        module.jumps(module.Plan(*plan), *rest)

    return jumps
