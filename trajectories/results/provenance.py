"""Versions of the program and its libraries, and the processor, as stored with a result."""

from __future__ import annotations

import platform
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

Environment = dict[str, str]

_LIBRARIES = ("numpy", "numba", "scipy", "h5py")


def environment() -> Environment:
    """Return versions by name: program, git (empty outside a checkout), python, numpy, numba, scipy, h5py and cpu.

    Equal environments give equal bits; different ones need not.
    """
    return dict(_environment())


@cache
def _environment() -> Environment:
    versions = {"program": _version("trajectories"), "git": _git_revision(), "python": platform.python_version()}
    versions |= {library: _version(library) for library in _LIBRARIES}
    return versions | {"cpu": _cpu_model()}


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"


def _git_revision() -> str:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():  # an installed copy inside somebody else's repository has no revision
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--match="]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
