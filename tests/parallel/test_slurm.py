"""The shipped batch scripts on a real, private Slurm: whatever happens to a job, its result has a serial run's bits."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from private_slurm import MISSING, Slurm, installed, private_slurm

import trajectories
from trajectories.kernels import cache_folder
from trajectories.report.result import ResultData
from trajectories.results.ownership import read_status
from trajectories.runfiles.job import jobs_of
from trajectories.runfiles.run import load
from trajectories.running.driver import execute
from trajectories.sampling.statistics import Block

ROOT = Path(__file__).parents[2]
RUN = """
[system]
name = "local_engine"
T_h = 2.0
T_c = 0.3
g = 0.02
gamma_h = 0.01
gamma_c = 0.011

[ensemble]
trajectories = {trajectories}
duration = 400.0
times = [200.0]
initial = "ground"
records = 20
"""
TRAJECTORIES = 2**20
SWEEP = "\n[sweep]\nT_h = [1.0, 2.0, 3.0, 4.0, 5.0]\n"

pytestmark = [
    pytest.mark.skipif(not installed(), reason=MISSING),
    pytest.mark.skipif(importlib.util.find_spec("mpi4py") is None, reason="needs the extra mpi: pip install '.[mpi]'"),
]


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    with private_slurm() as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def limited(slurm: Slurm, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, list[int], Path]:
    """A job with a time limit, its ranks, its folder: Slurm takes half a minute over it, time for the other tests."""
    folder = tmp_path_factory.mktemp("limited")
    with pytest.MonkeyPatch.context() as patch:
        prepare(folder, patch)
        options = ("--nodelist=n1", "--ntasks=2", "--time=1", "--signal=USR1@50")
        job = submit(slurm, *options, "engine.toml")
        return job, stop_in_the_middle(job, folder / "engine.h5"), folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that jobs are submitted from, with engine.toml in it and the program's settings around it."""
    prepare(tmp_path, monkeypatch)
    return tmp_path


def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.chdir(folder)
    write_run(folder / "engine.toml", TRAJECTORIES)


def write_run(path: Path, count: int, sweep: str = "") -> Path:
    path.write_text(RUN.format(trajectories=count) + sweep)
    return path


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> ResultData:
    """The same run by one process, undisturbed."""
    path = write_run(tmp_path_factory.mktemp("serial") / "engine.toml", TRAJECTORIES)
    return execute(jobs_of(load(path)))


def submit(slurm: Slurm, *arguments: str, script: str = "job", **variables: str) -> int:
    """Submit a shipped script with these options and arguments; options of Slurm come first."""
    options = [argument for argument in arguments if argument.startswith("-")]
    kernels = cache_folder()
    settings = {
        "TRAJECTORIES": f"{sys.executable} -m trajectories",
        "PYTHONPATH": str(ROOT),
        # MPICH's transport library would look for network devices, of which a test machine may have strange ones.
        "UCX_TLS": "self,sm",
        **({} if kernels is None else {"NUMBA_CACHE_DIR": str(kernels.parents[1])}),
    }
    rest = [argument for argument in arguments if not argument.startswith("-")]
    rest += ["--no-figure"] if script == "job" else []
    return slurm.submit(*options, str(ROOT / f"slurm/{script}.sbatch"), *rest, **settings | variables)


def log_of(slurm: Slurm, job: int | str) -> str:
    return Path(slurm.facts(job)["StdOut"]).read_text()


def finished(slurm: Slurm, job: int | str, within: float = 90.0) -> dict[str, str]:
    """The facts of a job that has to end well."""
    facts = slurm.wait(job, within=within)
    assert facts["JobState"] == "COMPLETED", log_of(slurm, job) + slurm.last_words()
    return facts


def eventually(condition: Callable[[], object], what: str, within: float = 60.0) -> None:
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {within:g} s"
        time.sleep(0.05)


def ranks_of(job: int | str) -> list[int]:
    """The process numbers of the ranks of a job, or of an array's member "JOB_MEMBER", rank 0 first."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.path.realpath(folder / "exe") != os.path.realpath(sys.executable):
                continue
            said = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        variables = dict(item.split("=", 1) for item in said if "=" in item)
        member = "{SLURM_ARRAY_JOB_ID}_{SLURM_ARRAY_TASK_ID}".format_map(defaultdict(str, variables))
        if str(job) in (variables.get("SLURM_JOB_ID"), member) and "SLURM_STEP_ID" in variables:
            found[int(variables["SLURM_PROCID"])] = int(folder.name)
    return [found[rank] for rank in sorted(found)]


def begun(output: Path) -> bool:
    """Whether there are finished blocks in a result file."""
    try:
        return trajectories.open(output).trajectories > 0
    except trajectories.InputError:
        return False


def stop_in_the_middle(job: int | str, output: Path) -> list[int]:
    """Suspend a job's ranks once some blocks are in the file and others are not; return their process numbers."""
    eventually(lambda: begun(output), "no block was written")
    ranks = ranks_of(job)
    for number in ranks:
        os.kill(number, signal.SIGSTOP)
    status = read_status(output)
    assert ranks and status is not None and status.state == "running"
    return ranks


def go_on(ranks: list[int]) -> None:
    for number in ranks:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGCONT)


def told_to_stop(ranks: list[int]) -> bool:
    """Whether Slurm has sent all of the suspended ranks SIGUSR1; sometimes it wakes them as well."""
    for number in ranks:
        with contextlib.suppress(FileNotFoundError):
            lines = Path(f"/proc/{number}/status").read_text().splitlines()
            masks = [int(line.split()[1], 16) for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
            if "T (stopped)" in "".join(lines) and not any(mask >> (signal.SIGUSR1 - 1) & 1 for mask in masks):
                return False
    return True


def assert_same_bits(found: ResultData, wanted: ResultData) -> None:
    for point, other in zip(found.points, wanted.points, strict=True):
        for one, two in zip(point.groups, other.groups, strict=True):
            for name, a, b in zip(Block._fields, one, two, strict=True):
                np.testing.assert_array_equal(a, b, err_msg=name)
    for name, a, b in zip(wanted.jump_records._fields, found.jump_records, wanted.jump_records, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_nothing_is_left_of_a_killed_test(slurm: Slurm) -> None:
    """The private Slurm ends with the process that asked for it, also if that is killed."""
    program = "import private_slurm as p\nwith p.private_slurm() as s: print(s.folder, flush=True); input()"
    command, pipe = [sys.executable, "-c", program], subprocess.PIPE
    with subprocess.Popen(command, cwd=Path(__file__).parent, stdin=pipe, stdout=pipe, text=True) as child:
        assert child.stdout is not None
        folder = child.stdout.readline().strip()
        names = [line.split("\0")[0].rpartition("/")[2] for line in command_lines() if folder in line]
        child.kill()
    assert {"munged", "slurmctld", "slurmd"} <= set(names)
    eventually(lambda: not any(folder in line for line in command_lines()), "somebody is left", within=10)
    eventually(lambda: not Path(folder).exists(), "the folder is left", within=10)


def command_lines() -> Iterator[str]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_text(errors="replace")


def test_a_job_on_two_nodes(slurm: Slurm, here: Path, serial: ResultData) -> None:
    job = submit(slurm, "--nodes=2", "--ntasks=4", "engine.toml")
    assert finished(slurm, job)["NodeList"] == "n[1-2]"
    log = log_of(slurm, job)
    assert "4 processes on 2 nodes: n[1-2]" in log and f"result {here}/engine.h5" in log
    assert f"trajectories {trajectories.__version__}, slurm" in log
    assert "== done" in log and "verdict: agree" in log
    status = read_status("engine.h5")
    assert status is not None and (status.ranks, status.state) == (4, "complete")
    assert_same_bits(trajectories.open("engine.h5"), serial)


def test_the_wrong_kind_of_mpi_is_refused(slurm: Slurm, here: Path) -> None:
    """Otherwise each of the processes would find itself alone, and do all the work."""
    local = here / "local"
    settings = {"MPI_TYPE": "none", "NUMBA_CACHE_DIR": "", "SLURM_TMPDIR": str(local)}
    facts = slurm.wait(job := submit(slurm, "--ntasks=2", "engine.toml", **settings))
    assert facts["ExitCode"] == "2:0"
    log = log_of(slurm, job)
    assert "srun --mpi=list" in log and "has to be mended" in log
    assert not Path("engine.h5").exists()
    # The node's own folder for compiled kernels was made, and removed again.
    assert local.is_dir() and list(local.iterdir()) == []


def test_an_array_and_its_merge(slurm: Slurm, here: Path) -> None:
    """Two members with three and two points; one is stopped on the way, and goes on, alone."""
    run = load(write_run(here / "sweep.toml", 2**17, SWEEP))
    array = submit(slurm, "--array=0-1", "sweep.toml", script="sweep", PARTS="2")
    merging = submit(slurm, f"--dependency=afterok:{array}", "sweep.toml", script="sweep")
    ranks = stop_in_the_middle(f"{array}_0", here / "sweep.parts/0.h5")
    slurm.call("scancel", "--signal=USR1", f"{array}_0")
    eventually(lambda: told_to_stop(ranks), "no signal")
    go_on(ranks)
    finished(slurm, merging)
    assert [slurm.facts(f"{array}_{member}")["Restarts"] for member in (0, 1)] == ["1", "0"]
    assert sorted(path.name for path in Path("sweep.parts").glob("*.h5")) == ["0.h5", "1.h5"]
    assert [point.index for point in trajectories.open("sweep.parts/1.h5").points] == [1, 3]
    assert "points 1::2" in log_of(slurm, f"{array}_1") and "whole sweep" in log_of(slurm, merging)
    assert_same_bits(trajectories.open("sweep.h5"), execute(jobs_of(run)))


def test_a_more_urgent_job_is_let_through(slurm: Slurm, here: Path, serial: ResultData) -> None:
    job = submit(slurm, "--nodelist=n2", "--ntasks=2", "--exclusive", "engine.toml")
    ranks = stop_in_the_middle(job, here / "engine.h5")
    urgent = slurm.submit("--partition=high", "--nodelist=n2", "--exclusive", "--output=urgent.log", "--wrap=hostname")
    eventually(lambda: told_to_stop(ranks), "no signal at the preemption")
    go_on(ranks)
    assert slurm.wait(urgent)["JobState"] == "COMPLETED"
    assert finished(slurm, job)["Restarts"] == "1"
    log = log_of(slurm, job)
    assert "== to be continued" in log and "== done" in log
    assert_same_bits(trajectories.open("engine.h5"), serial)


def test_a_killed_rank_ends_the_job_and_nothing_else(slurm: Slurm, here: Path, serial: ResultData) -> None:
    job = submit(slurm, "--nodes=2", "--ntasks=3", "engine.toml")
    eventually(lambda: begun(here / "engine.h5"), "no block was written")
    os.kill(ranks_of(job)[1], signal.SIGKILL)
    killed = time.monotonic()
    assert slurm.wait(job)["JobState"] == "FAILED"
    assert time.monotonic() - killed < 15
    assert "== failed" in log_of(slurm, job) and "Killed" in log_of(slurm, job)
    kept = trajectories.open("engine.h5").trajectories
    assert 0 < kept < TRAJECTORIES
    # The same job again, number and all, on nodes where the killed ranks have left their shared memory.
    slurm.call("scontrol", "requeue", str(job))
    slurm.wait(job, "PENDING", "RUNNING")
    finished(slurm, job)
    assert f"held {kept:,} of" in log_of(slurm, job)
    assert_same_bits(trajectories.open("engine.h5"), serial)


def test_a_lost_node_leaves_one_writer(here: Path, serial: ResultData) -> None:
    """A node falls silent while its ranks live on: Slurm starts the job elsewhere, which waits for them."""
    with private_slurm() as slurm:
        # One process: the nodes here share a host, so the living would see the shared memory of the lost.
        job = submit(slurm, "--nodes=1", "--ntasks=1", "engine.toml")
        ranks = stop_in_the_middle(job, here / "engine.h5")
        lost = slurm.facts(job)["NodeList"]
        slurm.lose(lost)
        eventually(lambda: "waiting: " in Path(f"trajectories-{job}.log").read_text(), "no second start")
        facts = slurm.facts(job)
        assert (facts["Restarts"], facts["JobState"]) == ("1", "RUNNING") and facts["NodeList"] != lost
        go_on(ranks)
        finished(slurm, job)
        log = log_of(slurm, job)
        assert f"is being written by process {ranks[0]}" in log and "engine.h5 is complete" in log
        # The batch shell on the lost node, whose srun ended with status 0, did not take that for the end.
        assert log.index("have not reported the end") < log.index("start number 2") and log.count("== done") == 1
    assert_same_bits(trajectories.open("engine.h5"), serial)


def test_a_time_limit_is_survived(slurm: Slurm, limited: tuple[int, list[int], Path], serial: ResultData) -> None:
    job, ranks, folder = limited
    eventually(lambda: told_to_stop(ranks), "no signal before the time limit")
    go_on(ranks)
    assert int(finished(slurm, job)["Restarts"]) >= 1
    log = log_of(slurm, job)
    assert log.index("stopped by SIGUSR1") < log.index("== to be continued") < log.index("start number 2")
    assert "== done" in log
    assert_same_bits(trajectories.open(folder / "engine.h5"), serial)
