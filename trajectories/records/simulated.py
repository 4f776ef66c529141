"""What imperfect detectors would have recorded of sampled jumps: some are missed, dark counts are added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trajectories.errors import InputError, kind, listing, nearest, show
from trajectories.model import Model
from trajectories.model.argument_types import integer
from trajectories.records.detection import Detection, Detectors
from trajectories.records.readers import ClickRecord

FAMILY = 0x6465_7465_6374
"""Sets the detectors' random streams apart from all other uses of the same seed."""


def detect(model: Model, records: Sequence[ClickRecord], detection: Detection, seed: int) -> list[ClickRecord]:
    """Return what detectors record of jumps that are all known.

    A jump of channel k becomes a click of detector d with the probability eta_dk, and no click at all otherwise; each
    detector adds a Poisson process of dark counts of the rate delta_d. What becomes of record i is a function of (seed,
    i) alone: it does not change when records are added behind it.

    Parameters
    ----------
    model : Model
        The machine that made the jumps.
    records : sequence of ClickRecord
        Every jump, each with the name of its channel, such as `read_records(result)` returns.
    detection : Detection
    seed : int
        Of the detectors' random numbers, >= 0; independent of the trajectories' even where it is the same number.

    Returns
    -------
    list of ClickRecord
        With the names of detectors.

    Raises
    ------
    InputError
        For a channel that the model does not have, with its record and place, and for arguments that are none.

    Examples
    --------
    >>> jumps = trajectories.read_records(([0.2, 0.5, 0.9], ["A_up", "S_up", "S_down"]), end=2.0)
    >>> one_detector = trajectories.Detection({"all": ["A_up", "A_down", "S_up", "S_down"]})
    >>> seen = trajectories.detect(trajectories.systems.diamond(0, 1), jumps, one_detector, seed=1)
    >>> seen[0].clicks.tolist()
    ['all', 'all', 'all']
    """
    if not isinstance(model, Model):
        raise InputError(f"model: is {kind(model)}: must be a Model")
    if not isinstance(detection, Detection):
        raise InputError(f"detection: is {kind(detection)}: must be a trajectories.Detection")
    if not isinstance(records, Sequence) or not all(isinstance(record, ClickRecord) for record in records):
        raise InputError(f"records: is {kind(records)}: must be records, such as trajectories.read_records returns")
    if (number := integer("seed", seed)) < 0:
        raise InputError(f"seed = {number}: must be >= 0")
    detectors = detection.of(model)
    channels = [channel.name for channel in model.channels]
    streams = (np.random.SeedSequence(number, spawn_key=(FAMILY, i)) for i in range(len(records)))
    return [
        _seen(record, _channels(record, channels, model.name), detectors, np.random.default_rng(stream))
        for record, stream in zip(records, streams, strict=True)
    ]


def _channels(record: ClickRecord, channels: list[str], name: str) -> np.ndarray:
    """Return the channel (N,) of each jump of a record."""
    places = {channel: k for k, channel in enumerate(channels)}
    for i, jump in enumerate(record.clicks.tolist(), start=1):
        if jump not in places:
            raise InputError(
                f"record {record.name}, jump {i}: {name} has no channel {show(jump)}; {nearest(str(jump), channels)}"
                f"its channels are {listing(channels)}"
            )
    return np.array([places[jump] for jump in record.clicks.tolist()], np.int64)


def _seen(record: ClickRecord, jumps: np.ndarray, detectors: Detectors, rng: np.random.Generator) -> ClickRecord:
    """Return the clicks of a record whose jumps are of the channels (N,)."""
    # Detector d where the number drawn lies between eta_0k + ... + eta_(d-1)k and that plus eta_dk; none above all.
    borders = np.cumsum(detectors.eta, axis=0)[:, jumps]
    which = np.count_nonzero(rng.random(len(jumps)) >= borders, axis=0)
    found = which < len(detectors.names)
    times, clicks = [record.times[found]], [which[found]]
    for d, rate in enumerate(detectors.dark):
        dark = rng.uniform(record.start, record.end, rng.poisson(rate * record.duration))
        times.append(dark)
        clicks.append(np.full(len(dark), d))
    when, click = np.concatenate(times), np.concatenate(clicks)
    order = np.argsort(when, kind="stable")
    names = np.array(detectors.names)[click[order]]
    return ClickRecord(record.name, when[order], names, record.start, record.end)
