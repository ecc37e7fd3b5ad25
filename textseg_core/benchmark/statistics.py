"""Median, p95 and p99 of samples, and how two contestants compare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.benchmark.interleave import TOTAL, Sample

STAGES = ("decode", "preprocess", "encoder", "text", "head", "postprocess", "publish")
#: Stages before and behind the network. Decoding and publishing are the camera's and ROS's.
AROUND = ("preprocess", "postprocess")
NETWORK = ("encoder", "text", "head")


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took.

    Attributes:
        median: Milliseconds.
        p95: Milliseconds that 95 % of the frames did not exceed.
        p99: Of 99 %.
        frames: How many were counted.
    """

    median: float
    p95: float
    p99: float
    frames: int


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times longer one contestant took than another.

    Attributes:
        value: Ratio of the medians of all frames.
        low: Lowest ratio of medians within one round.
        high: Highest of them.
    """

    value: float
    low: float
    high: float


def values_of(samples: Sequence[Sample], contestant: str, stage: str = TOTAL) -> list[float]:
    """Return a contestant's milliseconds of one stage, in order; a stage it lacks is 0.

    Raises:
        ValueError: If it has no samples.
    """
    values = [sample.ms.get(stage, 0.0) for sample in samples if sample.contestant == contestant]
    if not values:
        raise ValueError(f"no samples of {contestant!r}")
    return values


def spread(values: Sequence[float]) -> Spread:
    """Return median and percentiles of milliseconds."""
    median, p95, p99 = (float(value) for value in np.percentile(values, [50, 95, 99]))
    return Spread(median, p95, p99, len(values))


def ratio(samples: Sequence[Sample], slow: str, fast: str, stage: str = TOTAL) -> Ratio:
    """Return how many times longer `slow` took than `fast`.

    Raises:
        ValueError: If one of them has no samples in a round of the other.
    """
    whole = _median(values_of(samples, slow, stage)) / _median(values_of(samples, fast, stage))
    each = []
    for turn in sorted({sample.turn for sample in samples}):
        within = [sample for sample in samples if sample.turn == turn]
        medians = [_median(values_of(within, name, stage)) for name in (slow, fast)]
        each.append(medians[0] / medians[1])
    return Ratio(whole, min(each), max(each))


def share(samples: Sequence[Sample], contestant: str, stages: Sequence[str]) -> float:
    """Return the median share that some stages have in a contestant's frames, in [0, 1]."""
    shares = [
        sum(sample.ms.get(stage, 0.0) for stage in stages) / sample.ms[TOTAL]
        for sample in samples
        if sample.contestant == contestant
    ]
    if not shares:
        raise ValueError(f"no samples of {contestant!r}")
    return _median(shares)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
