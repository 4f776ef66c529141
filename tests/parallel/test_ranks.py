"""Several ranks give the bits of one, whatever happens to them, and never hang."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from launched import (
    ROOT,
    assert_same_bits,
    environment,
    finish,
    kill,
    mpiexec_of,
    needs_mpi,
    ranks_of,
    run,
    start,
    wait_for,
)

import trajectories
from trajectories.running import mpi

# The costs of the points differ a hundredfold.
SWEEP = """
[system]
name = "local_engine"
T_h = 2.0
T_c = 0.3
g = 0.02
gamma_c = 0.011
[ensemble]
trajectories = 65536
duration = 200.0
initial = "ground"
records = 5
[sweep]
gamma_h = [0.001, 0.01, 1.0]
"""
LONG = ("--trajectories", "1e9")
# Ten blocks per second on each rank: the sweep's 192 or more take long enough to be interrupted for sure.
SLOW = """
import sys, time
from trajectories.cli import main as cli
from trajectories.running import manager
from trajectories.running import tasks as nodes
sound = nodes.sample_task
def slow(*arguments):
    time.sleep(0.1)
    return sound(*arguments)
nodes.sample_task = manager.sample_task = slow
sys.exit(cli.main())
"""


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ranks") / "sweep.toml"
    path.write_text(SWEEP)
    return path


@pytest.fixture(scope="module")
def alone(sweep: Path) -> Path:
    """What one process makes of it."""
    output = sweep.with_name("alone.h5")
    assert run(0, "run", str(sweep), "-o", str(output), "--no-figure", "--quiet")[0] == 0
    return output


@needs_mpi
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_the_same_bits_on_any_number_of_ranks(size: int, sweep: Path, alone: Path, tmp_path: Path) -> None:
    output = tmp_path / "many.h5"
    status, out, err = run(size, "run", str(sweep), "-o", str(output), "--no-figure")
    assert status == 0, err
    assert out.count("verdict: agree") == 1  # only rank 0 speaks
    assert (f"sampled on {size} ranks, 1 thread each" in out) == (size > 1)
    assert_same_bits(output, alone)


@needs_mpi
def test_stopped_on_some_ranks_and_finished_on_others(sweep: Path, alone: Path, tmp_path: Path) -> None:
    """A rank is killed, then one rank alone hears a signal, then the time is over: nothing hangs, nothing is lost."""
    output = tmp_path / "many.h5"
    arguments = ("run", str(sweep), "-o", str(output), "--no-figure", "--quiet")
    process = start(3, *arguments, *LONG)
    wait_for(output, process)
    kill(ranks_of(process)[2])
    assert finish(process)[0] not in (0, 75)

    process = start(2, *arguments, *LONG)
    while len(ranks_of(process)) < 2 or json.loads(status_of(output))["state"] != "running":
        time.sleep(0.05)
        assert process.poll() is None
    said = json.loads(status_of(output))
    assert (said["ranks"], said["blocks_done"] > 0, said["blocks"] > 1000) == (2, True, True)
    kill(ranks_of(process)[1], signal.SIGUSR1)
    ended, _, err = finish(process)
    assert (ended, err.count("\n")) == (75, 1) and "SIGUSR1" in err

    ended, _, err = run(4, *arguments, *LONG, "--walltime", "1s")
    assert (ended, err.count("\n")) == (75, 1) and "walltime" in err
    held = trajectories.open(output).trajectories
    assert held > 0 and json.loads(status_of(output))["state"] == "stopped"


def status_of(path: Path) -> str:
    command = [sys.executable, "-m", "trajectories", "status", str(path), "--json"]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=True, timeout=60).stdout


@needs_mpi
def test_signals_to_the_launcher_end_all_ranks_alike(sweep: Path, alone: Path, tmp_path: Path) -> None:
    output = tmp_path / "many.h5"
    arguments = ("run", str(sweep), "-o", str(output), "--no-figure", "--quiet")
    process = start(2, *arguments, program=SLOW)
    wait_for(output, process)
    kill(mpiexec_of(process), signal.SIGTERM)
    ended, _, err = finish(process)
    assert (ended, err.count("\n")) == (75, 1) and "SIGTERM" in err
    assert json.loads(status_of(output))["state"] == "stopped"
    assert run(3, *arguments)[0] == 0
    assert_same_bits(output, alone)


@needs_mpi
def test_kills_on_one_two_and_four_ranks_change_no_bit() -> None:
    """The script of runs/benchmarks/kill_ranks.py, with few kills."""
    command = [sys.executable, str(ROOT / "runs/benchmarks/kill_ranks.py"), "--json", "--kills", "10", "--seed", "3"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] == 10 and found["same bits"] and found["while sampling"] >= 5
    assert found["committed blocks lost"] == 0 and found["ranks left behind"] == 0


# What goes wrong on one rank ends all, with the reason.

BREAK = """
import os, sys
from trajectories.cli import main as cli
from trajectories.running import manager
from trajectories.running import tasks as nodes
from trajectories.errors import InputError
sound = nodes.sample_task
def broken(sampler, task, poll):
    if task.node == 0:
        return sound(sampler, task, poll)
    raise {error}("nothing goes right on this rank")
if os.environ["PMI_RANK"] == "{rank}":
    nodes.sample_task = manager.sample_task = broken
sys.exit(cli.main())
"""


@needs_mpi
@pytest.mark.parametrize("rank", [0, 1])
def test_an_exception_on_any_rank_ends_all(rank: int, sweep: Path, tmp_path: Path) -> None:
    arguments = ("run", str(sweep), "-o", str(tmp_path / "many.h5"), "--no-figure", *LONG)
    status, _, err = run(2, *arguments, program=BREAK.format(error="ZeroDivisionError", rank=rank))
    assert status not in (0, 75)
    assert f"rank {rank} of 2 failed" in err and "nothing goes right" in err


@needs_mpi
def test_bad_input_is_one_line_and_status_2_for_all(sweep: Path, tmp_path: Path) -> None:
    arguments = ("run", str(sweep), "-o", str(tmp_path / "many.h5"), "--no-figure", *LONG)
    status, out, err = run(2, *arguments, program=BREAK.format(error="InputError", rank=1))
    assert (status, out, err) == (2, "", "trajectories: error: nothing goes right on this rank\n")
    status, out, err = run(2, "run", str(tmp_path / "none.toml"))
    assert status == 2 and err.count("\n") == 1 and "none.toml" in err
    status, out, err = run(2, "run", "--nonsense")
    assert status == 2 and err.count("\n") == 1


# Started several times by mistake.

SLURM_STEP = {"SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "2", "SLURM_STEP_NUM_TASKS": "2"}


@needs_mpi
@pytest.mark.parametrize(
    "told", [SLURM_STEP, {"OMPI_COMM_WORLD_SIZE": "2"}, {"PMI_SIZE": "2"}], ids=["srun", "Open MPI", "another MPICH"]
)
def test_copies_that_do_not_find_each_other_refuse(told: dict[str, str], sweep: Path, tmp_path: Path) -> None:
    output = tmp_path / "many.h5"
    status, out, err = run(0, "run", str(sweep), "-o", str(output), "--no-figure", **told)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "2 copies" in err and "only 1" in err and "mpiexec" in err
    assert not output.exists()


def test_a_missing_mpi_library_is_named(sweep: Path, tmp_path: Path) -> None:
    program = "import sys; sys.modules['mpi4py'] = None; from trajectories.cli import main as cli; sys.exit(cli.main())"
    status, out, err = run(0, "run", str(sweep), program=program, **SLURM_STEP)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "2 copies" in err and "trajectories[mpi]" in err


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, 1),
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "64", "SLURM_PROCID": "0"}, 1),  # inside a batch script, without srun
        ({"SLURM_JOB_ID": "7", "SLURM_NTASKS": "64", "SLURM_STEP_ID": "0"}, 64),
        (SLURM_STEP, 2),
        ({"PMI_SIZE": "4", "SLURM_STEP_NUM_TASKS": "2"}, 4),  # mpiexec in a job: srun has started one worker per node
        ({"OMPI_COMM_WORLD_SIZE": "3"}, 3),
        ({"PMI_SIZE": "?"}, 1),
    ],
)
def test_what_launchers_announce(told: dict[str, str], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*mpi.ANNOUNCED, *SLURM_STEP):
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    assert mpi.announced_size() == expected


def test_a_process_on_its_own_imports_no_mpi(sweep: Path) -> None:
    program = (
        "import sys; from trajectories.cli import main as cli; status = cli.main(); "
        "print('mpi4py' in sys.modules, file=sys.stderr); sys.exit(status)"
    )
    status, _, err = run(0, "run", str(sweep), "--plan", program=program)
    assert (status, err) == (0, "False\n")


@needs_mpi
def test_a_rank_that_hangs_ends_the_run(sweep: Path, tmp_path: Path) -> None:
    """Launchers notice a process that has died, but not one that hangs."""
    program = """
import os, sys, time
from trajectories.cli import main as cli
from trajectories.running import manager
from trajectories.running import driver as ensemble
from trajectories.running import tasks as nodes
manager.LONGEST_SILENCE = ensemble.LONGEST_SILENCE = 2.0
if os.environ["PMI_RANK"] == "1":
    sound, asked = nodes.sample_task, []
    def hanging(*arguments):
        asked.append(time.sleep(60) if len(asked) > 3 else None)
        return sound(*arguments)
    nodes.sample_task = manager.sample_task = hanging
sys.exit(cli.main())
"""
    arguments = ("run", str(sweep), "-o", str(tmp_path / "many.h5"), "--no-figure", *LONG)
    status, _, err = run(2, *arguments, program=program)
    assert status not in (0, 75)
    assert "rank 1 has sent no message" in err


SLOW_POINTS = """
import os, time
from pathlib import Path
from trajectories.systems import diamond

def build(beta_S=1.0):
    if beta_S > 1.5:
        Path(__file__).with_name(f"building.{os.getpid()}").touch()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pass
    return diamond(0.0, beta_S)
"""
SLOW_SWEEP = """
[system]
file = "slow.py"
function = "build"
[ensemble]
trajectories = 1000
duration = 10.0
[sweep]
beta_S = [1.0, 2.0, 3.0, 4.0, 5.0]
"""


@needs_mpi
@pytest.mark.parametrize("how", ["launcher", "rank 0", "rank 1", "walltime"])
def test_all_ranks_end_while_points_are_prepared(how: str, tmp_path: Path) -> None:
    """Both ranks build models for a minute, asking for nothing: each hears of the end all the same."""
    (tmp_path / "slow.py").write_text(SLOW_POINTS)
    (tmp_path / "slow.toml").write_text(SLOW_SWEEP)
    more = ("--walltime", "12s") if how == "walltime" else ()
    process = start(2, "run", str(tmp_path / "slow.toml"), "-o", str(tmp_path / "slow.h5"), "--no-figure", *more)
    while len(list(tmp_path.glob("building.*"))) < 2:
        time.sleep(0.05)
        assert process.poll() is None
    begin = time.monotonic()
    if how == "launcher":
        kill(mpiexec_of(process), signal.SIGTERM)
    elif how != "walltime":
        kill(ranks_of(process)[int(how[-1])], signal.SIGUSR1)
    status, out, err = finish(process)
    assert (status, out, err.count("\n")) == (75, "", 1) and "run the same command again" in err
    assert time.monotonic() - begin < 12 + 8 * (how == "walltime")
    assert not list(tmp_path.glob("slow.h5*"))
