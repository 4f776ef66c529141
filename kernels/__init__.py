"""Compiled kernels: arrays in, arrays out. This file holds the one decorator that all of them use, and its cache rule.

Numba finds compiled code on disk by the file of the outermost function alone: after an edit of a helper in another
file it would go on running the old code. So the cache folder is named by a hash of every kernel source and of all that
compiled code depends on. And each function that is stored has exactly one signature, read from its annotations: two
processes that fill an empty cache at the same time write the same entries.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import tempfile
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

# No fastmath: it would cost reproducible bits and the meaning of NaN and infinity.
_OPTIONS = {"nopython": True, "nogil": True, "fastmath": False, "error_model": "numpy"}

# Helpers are inlined and allocate nothing; otherwise each call would count references to all arrays of a plan.
_HELPER = {"forceinline": True, "_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: Function) -> Function:
    """Compile a function.

    One with annotations is called from Python: its only signature follows from them, it is compiled or loaded when its
    module is imported, and it is cached on disk. One without is a helper, which only kernels call.
    """
    import numba

    if numba.config.DISABLE_JIT:
        return function
    if not function.__annotations__:
        return numba.jit(**_OPTIONS, **_HELPER)(function)
    hints = typing.get_type_hints(function, include_extras=True)
    result = _numba_type(hints.pop("return"))
    signature = result(*(_numba_type(hint) for hint in hints.values()))
    return _compiled(function, signature)


def _compiled(function: Function, signature: Any) -> Function:
    """Compile with this package's cache folder, which is Numba's for this one function only; without if that fails."""
    import numba

    folder = cache_folder()
    if folder is not None:
        config = numba.config
        mine = {"CACHE_DIR": str(folder), "CACHE_LOCATOR_CLASSES": "UserProvidedCacheLocator"}
        users = {name: getattr(config, name, "") for name in mine}
        try:
            vars(config).update(mine)
            return numba.jit(signature, cache=True, **_OPTIONS)(function)
        except (numba.errors.NumbaError, NotImplementedError):
            raise
        except Exception:  # a full disk or a damaged entry, whatever it looks like: the cache only saves time
            pass
        finally:
            vars(config).update(users)
    return numba.jit(signature, **_OPTIONS)(function)


def _numba_type(hint: Any) -> Any:
    """Return Numba's type for an annotation: a NamedTuple, one of arrays.py, a number, or None."""
    import numba
    import numpy as np

    if hint is type(None):
        return numba.types.void
    if typing.get_origin(hint) is typing.Annotated:
        kind, dimensions = hint.__metadata__
        return numba.types.Array(getattr(numba.types, kind), dimensions, "C")
    if issubclass(hint, tuple):
        fields = typing.get_type_hints(hint, include_extras=True).values()
        return numba.types.NamedTuple([_numba_type(field) for field in fields], hint)
    return {int: numba.types.int64, float: numba.types.float64, np.uint64: numba.types.uint64}[hint]


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder that holds the compiled kernels, or None where it cannot be written.

    Its root is $NUMBA_CACHE_DIR, else the user's cache folder ($XDG_CACHE_HOME, ~/.cache).
    """
    root = os.environ.get("NUMBA_CACHE_DIR")
    try:
        base = Path(root) if root else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        folder = base / "trajectories" / f"kernels-{_fingerprint()}"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return folder


def compiled_before() -> bool:
    """Return whether the kernels are in the cache, so that importing them takes no time worth a word."""
    folder = cache_folder()
    return folder is not None and any(folder.rglob("*.nbc"))


def _fingerprint() -> str:
    """Return a hash of the kernel sources and of everything else that compiled code depends on."""
    import llvmlite
    import numba
    import numpy
    from llvmlite import binding

    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.name} {len(source)}\n".encode() + source)
    surroundings = (
        [sys.version, numba.__version__, llvmlite.__version__, numpy.__version__],
        [binding.get_host_cpu_name(), binding.get_host_cpu_features().flatten()],
        [numba.config.CPU_NAME, numba.config.CPU_FEATURES, numba.config.OPT, numba.config.BOUNDSCHECK],
    )
    digest.update(repr([[str(item) for item in items] for items in surroundings]).encode())
    return digest.hexdigest()[:24]
