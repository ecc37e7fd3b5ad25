"""Whether a score of 0.8 is right eight times in ten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from textseg_core.evaluation.records import Record

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in [low, high), the last bin's in [low, high].

    Attributes:
        low: Least confidence.
        high: Greatest confidence.
        count: Answers in it.
        confidence: Their mean confidence; NaN without any.
        accuracy: Share of them that came true; NaN without any.
    """

    low: float
    high: float
    count: int
    confidence: float
    accuracy: float


def answer_outcomes(records: Iterable[Record]) -> list[tuple[float, bool]]:
    """Return how sure each answer was and whether it was right.

    The confidence of a find is its score, that of a refusal 1 - score. Right is a find with an
    IoU of 0.5 or more, and the refusal of what is absent.
    """
    return [(1.0 - r.score if r.refused else r.score, r.right) for r in records]


def presence_outcomes(records: Iterable[Record]) -> list[tuple[float, bool]]:
    """Return each score and whether what was asked for is there, however well it was drawn."""
    return [(record.score, not record.absent) for record in records]


def reliability(outcomes: Sequence[tuple[float, bool]], bins: int = BINS) -> tuple[Bin, ...]:
    """Return the reliability table: bins of equal width over [0, 1].

    Args:
        outcomes: (confidence in [0, 1], came true).
        bins: How many.
    """
    values = np.array([confidence for confidence, _ in outcomes], np.float64)
    if values.size and not (values.min() >= 0.0 and values.max() <= 1.0):
        raise ValueError(f"confidences must lie in [0, 1], got {values.min()}..{values.max()}")
    truths = np.array([came for _, came in outcomes], np.float64)
    edges = np.arange(bins + 1) / bins
    places = np.minimum(np.searchsorted(edges, values, side="right") - 1, bins - 1)
    table = []
    for place in range(bins):
        inside = places == place
        count = int(inside.sum())
        table.append(
            Bin(
                float(edges[place]),
                float(edges[place + 1]),
                count,
                float(values[inside].mean()) if count else float("nan"),
                float(truths[inside].mean()) if count else float("nan"),
            )
        )
    return tuple(table)


def expected_calibration_error(table: Sequence[Bin]) -> float:
    """Return the mean distance of confidence and accuracy, weighted by count; NaN of nothing.

    Source:
        Guo et al. 2017, arXiv:1706.04599, equation 3.
    """
    total = sum(entry.count for entry in table)
    if not total:
        return float("nan")
    gaps = [entry.count * abs(entry.confidence - entry.accuracy) for entry in table if entry.count]
    return sum(gaps) / total
