import numpy as np
import pytest
from drawn import box_mask

from textseg_core.evaluation.masks import intersection_and_union, iou

EMPTY = np.zeros((10, 10), np.bool_)
LEFT = box_mask((0, 0, 5, 10), 10, 10)  # 50 px
TOP = box_mask((0, 0, 10, 4), 10, 10)  # 40 px, 20 of them in LEFT


def test_intersection_and_union_by_hand() -> None:
    assert intersection_and_union(LEFT, TOP) == (20, 70)
    assert iou(LEFT, TOP) == pytest.approx(2 / 7)


def test_iou_of_empty_masks() -> None:
    assert iou(EMPTY, EMPTY) == 1.0
    assert iou(EMPTY, LEFT) == 0.0
    assert iou(LEFT, LEFT) == 1.0


@pytest.mark.parametrize("other", [LEFT.astype(np.uint8), LEFT[:5]], ids=["uint8", "smaller"])
def test_masks_of_other_kind_or_shape_are_refused(other: np.ndarray) -> None:
    with pytest.raises(ValueError, match="masks must be bool and of one shape, got"):
        intersection_and_union(LEFT, other)
    with pytest.raises(ValueError, match="masks must be bool and of one shape, got"):
        intersection_and_union(other, LEFT)
