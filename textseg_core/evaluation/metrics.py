"""Intersection over union and what follows from it: sums first, ratios last."""

from dataclasses import dataclass, field

import numpy as np

from textseg_core.arrays import BoolArray

PRECISION_AT = (0.5, 0.6, 0.7, 0.8, 0.9)


def intersection_and_union(mask: BoolArray, target: BoolArray) -> tuple[int, int]:
    """Return the pixels that two masks share, and those that either covers.

    Args:
        mask: Answer, (H, W).
        target: Truth, (H, W).

    Raises:
        ValueError: If the shapes differ or a mask is not bool.
    """
    if mask.dtype != np.bool_ or target.dtype != np.bool_ or mask.shape != target.shape:
        raise ValueError(
            "masks must be bool and of one shape, got "
            f"{mask.dtype} {mask.shape} and {target.dtype} {target.shape}"
        )
    shared = int(np.count_nonzero(mask & target))
    return shared, int(np.count_nonzero(mask)) + int(np.count_nonzero(target)) - shared


def iou(mask: BoolArray, target: BoolArray) -> float:
    """Return intersection over union; empty against empty is 1."""
    intersection, union = intersection_and_union(mask, target)
    return intersection / union if union else 1.0


@dataclass(slots=True)
class Score:
    """Sums over the answers to expressions.

    Attributes:
        ious: One for each expression that means something.
        intersection: Pixels, summed over those.
        union: Pixels, summed over those.
        refused: How many of them were answered with nothing.
        absent: Expressions that mean nothing in their picture.
        absent_refused: How many of those were answered with nothing.
    """

    ious: list[float] = field(default_factory=list)
    intersection: int = 0
    union: int = 0
    refused: int = 0
    absent: int = 0
    absent_refused: int = 0

    def add(self, mask: BoolArray, target: BoolArray) -> None:
        """Count the answer to one expression; an empty target means that nothing fits."""
        empty = not mask.any()
        if not target.any():
            self.absent += 1
            self.absent_refused += int(empty)
            return
        intersection, union = intersection_and_union(mask, target)
        self.ious.append(intersection / union)
        self.intersection += intersection
        self.union += union
        self.refused += int(empty)

    @property
    def mean_iou(self) -> float:
        """Mean over expressions; NaN without any."""
        return float(np.mean(self.ious)) if self.ious else float("nan")

    @property
    def overall_iou(self) -> float:
        """Sum of intersections over sum of unions (Hu et al. 2016, section 4.1)."""
        return self.intersection / self.union if self.union else float("nan")

    def precision(self, at: float) -> float:
        """Share of expressions with an IoU of at least `at`; NaN without any."""
        return float(np.mean([value >= at for value in self.ious])) if self.ious else float("nan")

    @property
    def absent_accuracy(self) -> float:
        """Share of the expressions without a target that were refused; NaN without any."""
        return self.absent_refused / self.absent if self.absent else float("nan")
