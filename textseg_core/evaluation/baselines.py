"""Answers that need no words: what any network must beat."""

import math

import numpy as np

from textseg_core.arrays import BoolArray

CENTRE_SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)


def whole_image(height: int, width: int) -> BoolArray:
    """Return a mask of everything (Hu et al. 2016, table 1, "whole image")."""
    mask: BoolArray = np.ones((height, width), np.bool_)
    return mask


def centre_box(height: int, width: int, share: float) -> BoolArray:
    """Return a box in the middle that covers about `share` of the image.

    Args:
        height: H, pixels.
        width: W, pixels.
        share: Of the area, in (0, 1].
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"share must lie in (0, 1], got {share}")
    side = math.sqrt(share)
    rows, columns = max(1, round(height * side)), max(1, round(width * side))
    top, left = (height - rows) // 2, (width - columns) // 2
    mask: BoolArray = np.zeros((height, width), np.bool_)
    mask[top : top + rows, left : left + columns] = True
    return mask
