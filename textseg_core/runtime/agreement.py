"""How far the masks and responses of one runtime are from those of another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import BoolArray
from textseg_core.runtime.cases import Case
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

#: Masks whose union has no more pixels are not compared: one pixel would weigh too much.
LEAST_UNION_PX = 200


@dataclass(slots=True)
class Agreement:
    """What was measured, answer by answer.

    Attributes:
        ious: Of masks; those with a union of 1 to `LEAST_UNION_PX` pixels are left out.
        found: How many of them have a pixel in either mask.
        small: How many were left out.
        response: Greatest absolute difference of the response maps.
        score: Greatest absolute difference of the scores.
    """

    ious: list[float] = field(default_factory=list)
    found: int = 0
    small: int = 0
    response: float = 0.0
    score: float = 0.0

    def add(self, reference: Segmentation, other: Segmentation) -> None:
        """Count one answer."""
        difference = np.abs(reference.response_map - other.response_map).max()
        self.response = max(self.response, float(difference))
        self.score = max(self.score, abs(reference.score - other.score))
        union = int((reference.mask | other.mask).sum())
        if 0 < union <= LEAST_UNION_PX:
            self.small += 1
            return
        self.ious.append(mask_iou(reference.mask, other.mask))
        self.found += union > 0

    @property
    def iou(self) -> float:
        """Mean IoU of masks, empty against empty counted as 1."""
        return float(np.mean(self.ious)) if self.ious else float("nan")

    @property
    def iou_found(self) -> float:
        """Mean IoU of masks of which at least one has pixels."""
        if not self.found:
            return float("nan")
        return 1.0 - (len(self.ious) - float(np.sum(self.ious))) / self.found

    @property
    def worst(self) -> float:
        """Lowest IoU."""
        return min(self.ious, default=float("nan"))

    @property
    def p5(self) -> float:
        """5th percentile of the IoU over masks of which at least one has pixels."""
        if not self.found:
            return float("nan")
        lowest = np.sort(self.ious)[: self.found]  # empty pairs are 1, so they sort behind
        return float(np.percentile(lowest, 5))


def mask_iou(first: BoolArray, second: BoolArray) -> float:
    """Return intersection over union, 1 for two empty masks."""
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def compare(
    reference: Segmenter, others: Mapping[str, Segmenter], cases: Iterable[Case]
) -> dict[str, Agreement]:
    """Return how far each of the others is from the reference.

    Args:
        reference: What the others should answer.
        others: By name.
        cases: Pictures with expressions.
    """
    measured = {name: Agreement() for name in others}
    for case in cases:
        expected = reference.segment_many(case.image, case.expressions)
        for name, segmenter in others.items():
            came = segmenter.segment_many(case.image, case.expressions)
            for one, other in zip(expected, came, strict=True):
                measured[name].add(one, other)
    return measured


def batch_difference(segmenter: Segmenter, cases: Iterable[Case], batch: int = 8) -> float:
    """Return how far a batch of expressions is from each asked alone, over the responses.

    Args:
        segmenter: Any.
        cases: Their pictures are asked about with `batch` of all their expressions.
        batch: How many at once.
    """
    known = list(cases)
    expressions = list(dict.fromkeys(text for case in known for text in case.expressions))
    if not expressions:
        raise ValueError("cases must hold at least one expression, got none")
    greatest = 0.0
    for index, case in enumerate(known):
        asked = _turn(expressions, index * batch, batch)
        together = segmenter.segment_many(case.image, asked)
        for text, one in zip(asked, together, strict=True):
            alone = segmenter.segment(case.image, text)
            difference = np.abs(one.response_map - alone.response_map).max()
            greatest = max(greatest, float(difference))
    return greatest


def _turn(values: Sequence[str], start: int, count: int) -> list[str]:
    return [values[(start + index) % len(values)] for index in range(count)]
