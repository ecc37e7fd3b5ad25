"""The figures by which answers are judged: sums first, ratios last."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.evaluation.records import Record
from textseg_core.segmentation import Status

PRECISION_AT = (0.5, 0.6, 0.7, 0.8, 0.9)
#: Least share of the picture of a medium and of a large object: COCO's 32 x 32 and 96 x 96
#: pixels in a picture of 640 x 480 (Lin et al. 2014, arXiv:1405.0312, detection evaluation).
MEDIUM_SHARE, LARGE_SHARE = 32**2 / (640 * 480), 96**2 / (640 * 480)
SIZES = ("small", "medium", "large")

#: One record's part of numerator and denominator; None if it does not count.
Terms: TypeAlias = "tuple[float, float] | None"


@dataclass(frozen=True, slots=True)
class Figure:
    """A ratio of two sums over records.

    Attributes:
        name: As in the tables.
        terms: What one record adds to the sums.
    """

    name: str
    terms: Callable[[Record], Terms]

    def sums(self, records: Iterable[Record]) -> Float64Array:
        """Return numerator and denominator, (2,)."""
        terms = [found for record in records if (found := self.terms(record)) is not None]
        total: Float64Array = np.array(terms, np.float64).reshape(-1, 2).sum(axis=0)
        return total

    def of(self, records: Iterable[Record]) -> float:
        """Return the ratio; NaN where nothing counts."""
        numerator, denominator = self.sums(records)
        return float(numerator / denominator) if denominator else float("nan")


def _mean(
    name: str, value: Callable[[Record], float | None], counts: Callable[[Record], bool]
) -> Figure:
    """Return the mean of a value over the records that count and have it."""

    def terms(record: Record) -> Terms:
        found = value(record) if counts(record) else None
        return None if found is None else (float(found), 1.0)

    return Figure(name, terms)


def _there(record: Record) -> bool:
    return not record.absent


def _answered(record: Record) -> bool:
    return _there(record) and not record.refused


def _found(record: Record) -> bool:
    return _there(record) and record.right


#: Mean over expressions that have a target; a refusal counts as 0.
MEAN_IOU = _mean("mean IoU", lambda record: record.iou, _there)
#: Sum of intersections over sum of unions, of expressions that have a target
#: (Hu et al. 2016, arXiv:1603.06180, section 4.1).
OVERALL_IOU = Figure(
    "overall IoU",
    lambda record: None if record.absent else (record.shared_px, record.union_px),
)
#: The same over all expressions: what is answered to an absent one enlarges the union
#: (Liu et al. 2023, arXiv:2306.00968, section 3, "cIoU").
CUMULATIVE_IOU = Figure("cIoU", lambda record: (record.shared_px, record.union_px))
#: Mean IoU over all expressions, where a correct refusal is 1 and a wrong answer to an absent
#: one is 0 (ibid., "gIoU").
G_IOU = Figure("gIoU", lambda record: (record.iou, 1.0))
#: Share of the expressions with a target that are answered (ibid., "T-acc.").
T_ACC = _mean("T-acc", lambda record: not record.refused, _there)
#: Share of the expressions without a target that are refused (ibid., "N-acc.").
N_ACC = _mean("N-acc", lambda record: record.refused, lambda record: record.absent)
#: Share of answers whose centroid lies on a target; a right answer or not.
ON_OBJECT = _mean("centroid on object", lambda record: record.on_target, _answered)
#: The same among the answers with an IoU of `records.RIGHT_IOU` or more.
ON_OBJECT_FOUND = _mean("centroid on found object", lambda record: record.on_target, _found)
#: Mean distances of the centroids of those answers, see `centroids.CentroidErrors`.
ERROR_PX = _mean("error px", lambda record: record.error_px, _found)
ERROR_MM = _mean("error mm", lambda record: record.error_mm, _found)
FLOOR_MM = _mean("true mask's error mm", lambda record: record.floor_mm, _found)
OFFSET_MM = _mean("mm from true mask's point", lambda record: record.offset_mm, _found)
#: Share of answers that are called ambiguous; of interest where several fit, and where one does.
SAID_AMBIGUOUS = _mean(
    "called ambiguous", lambda record: record.status == Status.AMBIGUOUS.value, _there
)


def precision(at: float, protocol: Literal[">=", ">"] = ">=") -> Figure:
    """Return the share of expressions with a target whose IoU reaches, or exceeds, a mark.

    Hu et al. 2016 and gRefCOCO count `>=`, others `>`; they differ where an IoU is exactly the
    mark. Both sides are rounded once from the same ratio, so 3 / 5 equals 0.6.

    Args:
        at: The mark.
        protocol: Whether the mark itself counts.
    """
    name = f"prec@{at}" if protocol == ">=" else f"prec>{at}"

    def reached(record: Record) -> bool:
        return record.iou >= at if protocol == ">=" else record.iou > at

    return _mean(name, reached, _there)


def size_class(record: Record) -> str:
    """Return how large the things are that are meant, one of `SIZES`.

    The share of the picture of one target decides, of several their mean.

    Raises:
        ValueError: If nothing is meant.
    """
    if record.absent:
        raise ValueError(f"{record.expression!r} means nothing in {record.scene}: it has no size")
    share = record.target_px / record.targets / record.picture_px
    return SIZES[int(share >= MEDIUM_SHARE) + int(share >= LARGE_SHARE)]


def median(values: Iterable[float | None]) -> float:
    """Return the median of the values that are known; NaN without any."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else float("nan")
