"""A Slurm of our own: munged, slurmctld and two slurmd on loopback, for as long as a test needs them.

Needs the programs (Debian: slurm-wlm, slurm-client, munge), but no service, no root and nothing outside a folder of its
own. All processes are descendants of one keeper, which adopts what they orphan and lives only as long as the test's end
of a pipe: when that closes, however it came to close, the keeper kills everything and removes the folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import getpass
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "slurmstepd", "sbatch", "srun", "scontrol", "scancel", "sinfo", "squeue")
MISSING = (
    "needs a Slurm to start: Debian packages slurm-wlm, slurm-client and munge (README, section Clusters: "
    "apt-get install -y --no-install-recommends slurm-wlm slurm-client munge)"
)
NODES = ("n1", "n2")
CPUS = 4  # of each node, whatever the machine has
UP_WITHIN = 30.0

# Loopback only; no cgroups, no accounting, one credential life short enough for a requeue to start within seconds.
CONFIGURATION = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
FirstJobId={first_job}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
TmpFS={folder}/tmp
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
SlurmctldParameters=preempt_send_user_signal
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,sched_min_interval=100000,bf_interval=1,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
JobRequeue=1
KillWait=2
MinJobAge=600
SlurmctldTimeout=30
SlurmdTimeout=60
PropagateResourceLimits=NONE
MailProg=/bin/true
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs={cpus} RealMemory=2000 State=UNKNOWN
PartitionName=work Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=10 PriorityTier=1 GraceTime=15 PreemptMode=REQUEUE
PartitionName=high Nodes=ALL MaxTime=INFINITE DefaultTime=10 PriorityTier=10 PreemptMode=OFF
"""


def program(name: str) -> str | None:
    """Where a program is; daemons are often outside a user's path."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")


def installed() -> bool:
    """Whether everything that a private Slurm needs is there."""
    return sys.platform == "linux" and all(program(name) or name == "slurmstepd" for name in PROGRAMS)


class Slurm:
    """A running private Slurm: its folder, the environment that leads commands to it, and what tests ask of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
        self.environment = inherited | {"SLURM_CONF": str(folder / "slurm.conf")}

    def call(self, *command: str, **variables: str) -> str:
        """What a Slurm command prints; raises with its complaint if it fails."""
        found = subprocess.run(
            [program(command[0]) or command[0], *command[1:]],
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert found.returncode == 0, f"{' '.join(command)}: {found.stderr}{self.last_words()}"
        return found.stdout

    def submit(self, *arguments: str, **variables: str) -> int:
        """The number of a new batch job."""
        return int(self.call("sbatch", "--parsable", *arguments, **variables))

    def facts(self, job: int | str) -> dict[str, str]:
        """What the controller says of a job: JobState, ExitCode, Restarts, NodeList and so on."""
        return dict(re.findall(r"(\w+)=(\S*)", self.call("scontrol", "--oneliner", "show", "job", str(job))))

    def wait(self, job: int | str, *states: str, within: float = 60.0) -> dict[str, str]:
        """The job's facts once it is in one of the states, which are final ones if none is given."""
        wanted = states or ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED")
        end = time.monotonic() + within
        while (found := self.facts(job))["JobState"] not in wanted:
            if time.monotonic() > end:
                raise AssertionError(f"job {job} is {found['JobState']} ({found['Reason']}) after {within:g} s")
            time.sleep(0.1)
        return found

    def lose(self, node: str) -> None:
        """Let a node fall silent: its slurmd is killed, what that had started lives on, the controller is told."""
        os.kill(int((self.folder / f"slurmd.{node}.pid").read_text()), signal.SIGKILL)
        # What the controller finds out by itself after SlurmdTimeout, which is half a minute at least.
        self.call("scontrol", "update", f"NodeName={node}", "State=DOWN", "Reason=silence")

    def last_words(self) -> str:
        """The ends of the daemons' logs."""
        logs = sorted(self.folder.glob("*.log"))
        return "".join(f"\n--- {log.name}\n{log.read_text(errors='replace')[-1500:]}" for log in logs)


@contextlib.contextmanager
def private_slurm() -> Iterator[Slurm]:
    """A Slurm with the nodes n1 and n2 and the partitions work and high, which preempts work."""
    # A short path: the names of sockets may have 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    keeper = subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert keeper.stdin is not None and keeper.stdout is not None
    try:
        said = keeper.stdout.readline().strip()
        slurm = Slurm(folder)
        if said != "up":
            raise RuntimeError(f"no private Slurm: {said}{slurm.last_words()}")
        yield slurm
    finally:
        keeper.stdin.close()
        keeper.stdout.close()
        keeper.wait(timeout=30)


def _keep(folder: Path) -> None:
    """The keeper's life: start everything, say so, wait until nobody holds the pipe, end everything."""
    _prctl(36)  # PR_SET_CHILD_SUBREAPER: what a daemon leaves behind becomes a child of the keeper
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    try:
        print(_start(folder), flush=True)
        sys.stdin.read()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _end_descendants()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> str:
    """Start the daemons in their order; "up", or what went wrong."""
    for name in ("munge", "state", "tmp", *(f"spool/{node}" for node in NODES)):
        (folder / name).mkdir(parents=True, mode=0o700)
    key = folder / "munge/key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    port = _free_ports(1 + len(NODES))
    (folder / "slurm.conf").write_text(
        CONFIGURATION.format(
            folder=folder,
            port=port,
            # MPICH names shared memory by the number of the job: not those of the Slurm before this one.
            first_job=1 + secrets.randbelow(50_000_000),
            first=port + 1,
            last=port + len(NODES),
            user=getpass.getuser(),
            host=socket.gethostname().split(".")[0],
            cpus=CPUS,
        )
    )
    environment = Slurm(folder).environment
    daemons: list[subprocess.Popen] = []

    def start(name: str, *arguments: str) -> None:
        with (folder / f"{name}.out").open("ab") as said:
            command = [program(name) or name, *arguments]
            daemons.append(
                subprocess.Popen(
                    command,
                    env=environment,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    preexec_fn=lambda: _prctl(1, signal.SIGKILL),  # PR_SET_PDEATHSIG: even a killed keeper
                )
            )

    munge = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    start("munged", "--foreground", "--force", *(f"--{option}={folder}/munge/{name}" for option, name in munge.items()))
    waits = _patience(daemons)
    while not (folder / "munge/socket").exists() and next(waits):
        pass
    start("slurmctld", "-D", "-f", environment["SLURM_CONF"])
    for node in NODES:
        start("slurmd", "-D", "-f", environment["SLURM_CONF"], "-N", node)
    # Slurm's own commands try again once a second only.
    while not _listening(port) and next(waits):
        pass
    asked = [program("sinfo") or "sinfo", "--noheader", "--Node", "--format=%N %t", "--partition=work"]
    while next(waits):
        found = subprocess.run(asked, env=environment, capture_output=True, text=True, check=False).stdout
        if [line.split()[1] for line in found.splitlines()] == ["idle"] * len(NODES):
            return "up"
    ended = [Path(daemon.args[0]).name for daemon in daemons if daemon.poll() is not None]  # type: ignore[index]
    return f"{', '.join(ended)} ended" if ended else f"not up after {UP_WITHIN:g} s"


def _patience(daemons: list[subprocess.Popen]) -> Iterator[bool]:
    """True every hundredth of a second, False for ever when it has taken too long or a daemon has ended."""
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end and all(daemon.poll() is None for daemon in daemons):
        time.sleep(0.01)
        yield True
    while True:
        yield False


def _listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
        return True
    return False


def _free_ports(count: int) -> int:
    """The first of so many consecutive free ports."""
    while True:
        with contextlib.ExitStack() as stack:
            try:
                first = stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
                for port in range(first + 1, first + count):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except (OSError, OverflowError):
                continue
            return first


def descendants(root: int) -> list[int]:
    """The process numbers of all children of ``root``, their children and so on."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found, waiting = [], [root]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found


def _end_descendants() -> None:
    """Kill until there is nobody left: an orphan comes to us, and a new one may be born meanwhile."""
    while True:
        for number in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            time.sleep(0.01)
        except ChildProcessError:
            return


def _prctl(option: int, value: int = 1) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
