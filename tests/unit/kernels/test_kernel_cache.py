"""The rule of the compiled kernels' cache: an edit of any kernel file is seen, and no cache is never an error."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from trajectories import kernels

KERNELS = Path(kernels.__file__).parent
pytestmark = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")

# The rule is that of the package's __init__.py; two small kernels show it as well as all of them, in a hundredth of the
# time.
HELPER = """
from . import kernel


@kernel
def doubled(x):
    return 2.0 * x
"""
OUTER = """
from . import kernel
from .helper import doubled


@kernel
def quadrupled(x: float) -> float:
    return doubled(doubled(x))
"""
PROGRAM = """
from trajectories.kernels.outer import quadrupled
print(quadrupled(1.5), quadrupled.stats.cache_hits.total())
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A package `trajectories` in a folder of its own, with the decorator of the kernels and two small ones."""
    package = tmp_path / "copy" / "trajectories"
    (package / "kernels").mkdir(parents=True)
    (package / "__init__.py").touch()
    shutil.copy(KERNELS / "__init__.py", package / "kernels")
    (package / "kernels" / "helper.py").write_text(HELPER)
    (package / "kernels" / "outer.py").write_text(OUTER)
    return package


def started(copy: Path, cache: Path, program: str = PROGRAM, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(copy.parent), "NUMBA_CACHE_DIR": str(cache), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=copy.parent,
    )


def run(copy: Path, cache: Path, program: str = PROGRAM, **environment: str) -> str:
    process = started(copy, cache, program, **environment)
    output, complaints = process.communicate(timeout=300)
    assert (process.returncode, complaints) == (0, "")
    return output.strip()


def test_an_edited_helper_in_another_file_is_seen(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert run(copy, cache) == "6.0 0"
    assert run(copy, cache) == "6.0 1"  # from the cache
    # quadrupled itself, in outer.py, stays as it is.
    helper = copy / "kernels" / "helper.py"
    helper.write_text(HELPER.replace("2.0 * x", "3.0 * x"))
    assert run(copy, cache) == "13.5 0"
    helper.write_text(HELPER)
    assert run(copy, cache) == "6.0 1"


def test_every_source_and_version_is_in_the_name(copy: Path, tmp_path: Path) -> None:
    program = "from trajectories import kernels; print(kernels.cache_folder())"
    first = run(copy, tmp_path, program)
    assert Path(first).parent == tmp_path / "trajectories"
    for path in sorted((copy / "kernels").glob("*.py")):
        source = path.read_text()
        path.write_text(source + "# edited\n")
        assert run(copy, tmp_path, program) != first, path.name
        path.write_text(source)
    assert run(copy, tmp_path, program) == first
    assert run(copy, tmp_path, program, NUMBA_CPU_NAME="generic") != first
    assert run(copy, tmp_path, "import numba; numba.__version__ = '0'\n" + program) != first


@pytest.mark.parametrize("root", ["a file", "not writable"])
def test_a_cache_that_cannot_be_written_is_no_error(copy: Path, tmp_path: Path, root: str) -> None:
    blocked = tmp_path / "blocked"
    if root == "a file":
        blocked.touch()
    else:
        # A folder that even root cannot write to.
        blocked = Path("/proc/self")
    assert run(copy, blocked) == "6.0 0"
    assert run(copy, blocked, "from trajectories import kernels; print(kernels.cache_folder())") == "None"
    assert not list(copy.rglob("*.nb[ic]"))


def test_a_full_disk_or_a_damaged_entry_is_no_error(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    full = """
import numba.core.caching
def save(*_):
    raise OSError(28, "No space left on device")
numba.core.caching.IndexDataCacheFile.save = save
"""
    assert run(copy, cache, full + PROGRAM) == "6.0 0"
    assert not list(cache.rglob("*.nbc"))
    run(copy, cache)
    (entry,) = cache.rglob("*.nbc")
    entry.write_bytes(entry.read_bytes()[:100])
    assert run(copy, cache) == "6.0 0"


def test_the_users_own_functions_keep_their_cache(copy: Path, tmp_path: Path) -> None:
    program = """
import numba
from trajectories.kernels import outer
print(numba.config.CACHE_DIR, "|", getattr(numba.config, "CACHE_LOCATOR_CLASSES", ""))
"""
    assert run(copy, tmp_path / "cache", program) == f"{tmp_path / 'cache'} |"


def test_the_root_is_the_users_cache_folder_by_default(copy: Path, tmp_path: Path) -> None:
    program = (
        "import os; del os.environ['NUMBA_CACHE_DIR']\nfrom trajectories import kernels; print(kernels.cache_folder())"
    )
    home, xdg = tmp_path / "home", tmp_path / "xdg"
    found = run(copy, tmp_path, program, XDG_CACHE_HOME=str(xdg), HOME=str(home))
    assert Path(found).parent == xdg / "trajectories"
    found = run(copy, tmp_path, program, XDG_CACHE_HOME="", HOME=str(home))
    assert Path(found).parent == home / ".cache" / "trajectories"


def test_two_processes_may_fill_an_empty_cache_at_once(copy: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    both = [started(copy, cache) for _ in range(2)]
    assert [process.communicate(timeout=300)[0].split()[0] for process in both] == ["6.0", "6.0"]
    assert run(copy, cache) == "6.0 1"


def test_a_function_stored_on_disk_has_one_signature() -> None:
    from trajectories.kernels.accumulate import accumulate
    from trajectories.kernels.jumps import jumps
    from trajectories.kernels.reverse import log_path_probability

    for function in (jumps, log_path_probability, accumulate):
        assert len(function.signatures) == 1
        # Nor can it get another: other types are refused, not compiled.
        with pytest.raises(TypeError):
            function(*["no such thing"] * len(function.signatures[0]))
        assert len(function.signatures) == 1
