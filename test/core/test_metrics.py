import math

import numpy as np
import pytest
from drawn import box_mask

from textseg_core.evaluation.metrics import Score, intersection_and_union, iou

EMPTY = np.zeros((10, 10), np.bool_)
FULL = np.ones((10, 10), np.bool_)
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


def test_overall_iou_weighs_pixels_and_mean_iou_expressions() -> None:
    score = Score()
    score.add(LEFT, TOP)  # 20 / 70
    score.add(FULL, FULL)  # 100 / 100
    score.add(EMPTY, TOP)  # 0 / 40

    assert score.mean_iou == pytest.approx((2 / 7 + 1 + 0) / 3)
    assert score.overall_iou == pytest.approx(120 / 210)
    assert score.refused == 1
    assert score.absent == 0


def test_precision_counts_an_iou_that_just_reaches_the_mark() -> None:
    score = Score()
    score.add(LEFT, FULL)  # exactly 0.5
    score.add(TOP, FULL)  # 0.4

    assert [score.precision(at) for at in (0.4, 0.5, 0.51)] == [1.0, 0.5, 0.0]


def test_expressions_that_mean_nothing_count_apart() -> None:
    score = Score()
    score.add(EMPTY, EMPTY)
    score.add(LEFT, EMPTY)
    score.add(EMPTY, EMPTY)

    assert score.absent_accuracy == pytest.approx(2 / 3)
    assert (score.ious, score.union, score.refused) == ([], 0, 0)


def test_without_an_expression_there_is_no_figure() -> None:
    score = Score()

    figures = (score.mean_iou, score.overall_iou, score.precision(0.5), score.absent_accuracy)
    assert all(math.isnan(figure) for figure in figures)
