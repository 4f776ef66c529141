"""What all tests share."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# The papers' figures and claims are scripts, no part of the package.
PAPERS = Path(__file__).parents[1] / "runs" / "papers"
sys.path[:0] = [str(PAPERS / "claims"), str(PAPERS)]
os.environ.setdefault("MPLBACKEND", "Agg")
# As the command line does, before NumPy is imported: threads on small matrices cost up to forty times what they gain.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")


@pytest.fixture(scope="session")
def together(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of pytest-xdist share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def one_at_a_time(lock: Path) -> Iterator[None]:
    """One worker after another: what the first has compiled, the others load."""
    with open(lock, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_kernels(together: Path) -> None:
    """Compile the kernels where they are not, before a test measures or tells apart what is said on the terminal."""
    import numba

    from trajectories.kernels import cache_folder, compiled_before

    with one_at_a_time(together / "kernels.lock"):
        if not (numba.config.DISABLE_JIT or cache_folder() is None or compiled_before()):
            from trajectories.kernels import accumulate, along, cloning, jumps, records, reverse  # noqa: F401


@pytest.fixture(scope="session")
def uniform_waiting_times(together: Path) -> Callable[..., None]:
    """The kernel `jumps` with a mistake: waiting times are uniform numbers of the right mean, not exponential ones."""
    from mutants import mutant, sampler

    with one_at_a_time(together / "mutant.lock"):
        return sampler(mutant(together, "jumps.py", "log_r = math.log(uniform)", "log_r = -2.0 * uniform"))
