"""Estimate cost and resolution of a run before it is started (`run --plan`)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trajectories.report.report import theorem_needs
from trajectories.runfiles.job import Job
from trajectories.running.sweep_point import blocks_for
from trajectories.running.tasks import template
from trajectories.sampling.block import sample_block
from trajectories.sampling.preparation import Preparation, groups_for
from trajectories.sampling.quantities import measures_entropy

PROBE_SECONDS = 0.2
MiB = 2**20


@dataclass(frozen=True, repr=False)
class RunPlan:
    """Sectors, cost and resolution of a run that has not been started.

    resolvable: sample times at which this many trajectories resolve <exp(-Delta S)>.
    """

    name: str
    preparation: Preparation
    points: int
    trajectories: int
    blocks: int
    seconds: float
    memory: int
    file_size: int

    @property
    def resolvable(self) -> list[float]:
        exact = self.preparation.exact
        each = self.trajectories / self.points
        return [
            float(time)
            for t, time in enumerate(self.preparation.times)
            # Where no trajectory is expected to have a finite Delta S, there is nothing to average.
            if each * (1 - exact.irreversible[t]) >= 1 and theorem_needs(self.preparation, t) <= each
        ]

    def json(self) -> dict[str, Any]:
        """Return the plan as JSON's types; seconds on one core of this machine, sizes in bytes."""
        preparation = self.preparation
        return {
            "name": self.name,
            "points": self.points,
            "trajectories": self.trajectories,
            "blocks": self.blocks,
            "block_size": preparation.block_size,
            "sectors": preparation.sectors.dimensions.tolist(),
            "basis": preparation.sectors.basis_name,
            "jumps_per_trajectory": preparation.jumps_per_trajectory,
            "relaxation_time": 1 / preparation.gap if preparation.gap > 0 else None,
            "seconds": self.seconds,
            "memory": self.memory,
            "file_size": self.file_size,
            "resolvable_times": self.resolvable if measures_entropy(preparation.model) else None,
            "summary": preparation.summary,
            "not_reported": preparation.absent,
        }

    def __repr__(self) -> str:
        return self.text()

    def text(self) -> str:
        """Return the plan as lines."""
        preparation, resolvable = self.preparation, self.resolvable
        lines = [
            f"{self.name}: {self.trajectories:,} trajectories in {self.blocks:,} blocks of {preparation.block_size:,}"
        ]
        if self.points > 1:
            lines.append(f"{self.points} points of a sweep; the following lines describe the point with the most jumps")
        lines += ["  " + line for line in preparation.summary]
        lines.append(
            f"jumps per trajectory: {preparation.jumps_per_trajectory:.4g} up to t = {preparation.times[-1]:g}"
        )
        if preparation.gap > 0:
            lines.append(f"slowest relaxation time: {1 / preparation.gap:.4g}")
        lines.append(
            f"expected: {self.seconds:.2g} s on one core of this machine, {self.memory / MiB:.0f} MiB for samples"
        )
        lines.append(f"result file: {self.file_size / MiB:.2g} MiB")
        if measures_entropy(preparation.model):
            until = f"sample times {', '.join(f'{t:g}' for t in resolvable)}" if resolvable else "no sample time"
            lines.append(f"integral fluctuation theorem: resolvable at {until}")
        return "\n".join(lines)


def plan(jobs: Sequence[Job]) -> RunPlan:
    """Prepare a run and time a few trajectories of its costliest point; nothing is written."""
    preparations = [job.prepare() for job in jobs]
    job = jobs[0]
    preparation = max(preparations, key=lambda point: point.jumps_per_trajectory)
    blocks = np.array([blocks_for(job.trajectories, point.block_size) for point in preparations])
    amounts = np.array([n * point.block_size for n, point in zip(blocks, preparations, strict=True)])
    jumps = np.array([max(point.jumps_per_trajectory, 1.0) for point in preparations])
    groups = groups_for(jobs[0].points)
    block = template(preparation)
    node = sum(np.asarray(part).nbytes for part in block)
    numbers = len(preparation.times) * (
        len(preparation.columns) + len(preparation.model.channels) + 2 * int(preparation.sectors.dimensions.max())
    )
    return RunPlan(
        name=job.name,
        preparation=preparation,
        points=len(jobs),
        trajectories=int(amounts.sum()),
        blocks=int(blocks.sum()),
        seconds=float(amounts @ (jumps / jumps.max())) * _seconds_per_trajectory(preparation),
        memory=8 * preparation.block_size * numbers + node * groups * 2 * len(jobs),
        file_size=sum(_final_nodes(int(n), groups) for n in blocks) * node,
    )


def _final_nodes(blocks: int, groups: int) -> int:
    """Return the number of nodes that a complete point has in the result file."""
    each, more = divmod(blocks, groups)
    return more * (each + 1).bit_count() + (groups - more) * each.bit_count()


def _seconds_per_trajectory(preparation: Preparation) -> float:
    """Return the seconds per trajectory, timed on growing samples (at most a block) until 0.2 s have passed."""
    size = 1
    while True:
        begin = time.perf_counter()
        sample_block(preparation.plan, preparation.observables, 0, 0, 0, size, preparation.jumps_per_trajectory)
        elapsed = time.perf_counter() - begin
        if elapsed > PROBE_SECONDS or size >= preparation.block_size:
            return elapsed / size
        size = min(4 * size, preparation.block_size)
