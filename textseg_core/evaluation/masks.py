"""Intersection and union of two masks."""

import numpy as np

from textseg_core.arrays import BoolArray


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
