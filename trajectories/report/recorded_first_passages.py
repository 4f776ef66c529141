"""First passages of a count in sampled jump records: the time of its first arrival at a bound, seen or not by the end.

Trajectories that have not arrived at T are not left out: rows are the probability of not having arrived by t, for t up
to T, the probabilities of having arrived at either bound by T, and the mean of min(time, T), each exact at finite T.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trajectories.counting.counted_currents import counts_entropy
from trajectories.counting.first_passage import PassageSpace
from trajectories.counting.model_counts import Count
from trajectories.errors import InputError
from trajectories.kernels import records as kernels
from trajectories.master.lindblad import Master
from trajectories.report.counting_rows import CountingRow
from trajectories.report.exact_counting import start_of
from trajectories.report.record_rows import Ratio
from trajectories.sampling.jump_records import Recorded
from trajectories.sampling.preparation import Preparation

INSTANTS = 12


class FirstPassage:
    """First time at which a count, or Delta S where it exists at every instant, reaches `low` < 0 or `high` > 0.

    count: what is counted; None: Delta S(t) = ln p(s_0) - ln p(s_t) + sum_j Delta s, with the steady populations p of
    one-dimensional sectors s. Raises InputError where that does not exist, or for bounds that are not such.
    """

    def __init__(self, preparation: Preparation, count: Count | None, low: float, high: float) -> None:
        name = "Delta S" if count is None else count.name
        if not low < 0.0 < high:
            raise InputError(
                f"--first-passage of {name}: its bounds are {low:g} and {high:g}: must have 0 between them"
            )
        model, sectors = preparation.model, preparation.sectors
        master = Master(model, sectors)
        if count is None:
            steps = _entropy_steps(preparation, master)
        else:
            steps = np.repeat(count.weights[:, None], len(sectors.dimensions), 1)
        self.space = PassageSpace(master, steps, low, high)
        self._begin, end = preparation.counting_from, float(preparation.times[-1])
        self._sector = np.asarray(preparation.plan.start_sector, np.int64)
        self.times = np.linspace(self._begin, end, INSTANTS + 1)[1:]
        start = start_of(preparation)
        initial = master.steady_blocks if start is None else start
        left, lasting = self.space.left(initial, self.times - self._begin)
        stayed = np.clip(1.0 - left.sum(axis=1), 0.0, 1.0)
        self.mean = np.array([*stayed, *left[-1], lasting])
        mean_time = self.space.mean_time(initial) if preparation.steady else np.inf
        self.ratios = self._ratios(name, low, high, mean_time, float(1.0 - stayed[-1]))
        fine = np.linspace(0.0, end - self._begin, 201)
        self.curve = fine + self._begin, 1.0 - self.space.left(initial, fine)[0].sum(axis=1)

    def _ratios(self, name: str, low: float, high: float, mean_time: float, arrived: float) -> list[Ratio]:
        """Return the rows to be reported.

        name: of what is counted. mean_time: steady mean first-passage time, inf where there is none. arrived:
        probability of having arrived by the end.
        """
        begin, end = self._begin, float(self.times[-1])
        span = f"{name} from {low:g} to {high:g}" if np.isfinite(low) else f"{name} to {high:g}"
        ratios = []
        for i, t in enumerate(self.times):
            row = CountingRow("first_passage_survival", span, None, begin, float(t), "1", None)
            ratios.append(Ratio(row, i, share=True))
        for side, bound in ((0, high), (1, low)):
            row = CountingRow("first_passage_share", f"{name} at {bound:+g} first", None, begin, end, "1", None)
            if np.isfinite(bound):
                ratios.append(Ratio(row, INSTANTS + side, share=True))
        row = CountingRow("mean_first_passage_time", f"{span}, cut at {end - begin:g}", None, begin, end, "time", None)
        row = replace(row, long_time=mean_time if np.isfinite(mean_time) else None)
        # Where hardly any arrives, all but a few times are T.
        kurtosis = 1 / max(arrived, np.finfo(float).tiny)
        return [*ratios, Ratio(row, INSTANTS + 2, (), 1.0, kurtosis, width=end - begin)]

    def measure(self, records: Recorded) -> np.ndarray:
        """Return (n, T+3): not yet arrived at each time (0 or 1), arrived upwards, downwards, min(time, T)."""
        arrived = np.zeros((len(records.initial), 2))
        space = self.space
        kernels.passages(
            records.offsets, records.times, records.channels, self._sector[records.initial], space.target, space.steps,
            self._begin, space.low, space.high, arrived,
        )  # fmt: skip
        when, up = arrived[:, :1], arrived[:, 1:]
        seen = np.isfinite(when)
        cut = np.minimum(when, self.times[-1]) - self._begin
        return np.concatenate([when > self.times, seen * up, seen * (1.0 - up), cut], axis=1).astype(float)


def _entropy_steps(preparation: Preparation, master: Master) -> np.ndarray:
    """Return Delta s_k + ln p(s) - ln p(t) for a jump of channel k from sector s to t, (K, S)."""
    model = preparation.model
    if not counts_entropy(model):
        raise InputError(f"{model.name}: its entropy production is not defined, or not finite: no first passage of it")
    if not master.classical:
        raise InputError(
            f"{model.name}: Delta S(t) is defined at every instant only where all sectors have dimension 1; "
            f"they have up to {int(preparation.sectors.dimensions.max())}"
        )
    if not preparation.steady:
        raise InputError("first passage of Delta S: must start in the steady state, whose populations it takes")
    target = master.space.targets
    log_p = np.log(master.steady_blocks.real)
    return np.where(target >= 0, model.entropy_steps[:, None] + log_p[None, :] - log_p[target], 0.0)
