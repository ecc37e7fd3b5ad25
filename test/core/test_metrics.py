"""Figures on records whose sums are worked out by hand."""

import math
from typing import Any

import pytest

from textseg_core.evaluation import metrics
from textseg_core.evaluation.metrics import Figure, median, precision, size_class
from textseg_core.evaluation.records import Record


def record(target: int, answer: int, shared: int, **more: Any) -> Record:
    """A record of so many pixels; 100 x 100 pixels, one target if there is any."""
    values: dict[str, Any] = {
        "scene": "a",
        "cluster": "a",
        "expression": "the mug",
        "kind": "category",
        "several": False,
        "targets": int(target > 0),
        "picture_px": 10_000,
        "score": 1.0,
        "status": "found" if answer else "not_found",
    }
    values.update(more)
    return Record(target_px=target, answer_px=answer, shared_px=shared, **values)


HALF = record(100, 50, 50)  # IoU 50 / 100
FIFTH = record(40, 80, 20)  # 20 / 100
REFUSED = record(40, 0, 0)  # 0 / 40
ABSENT_REFUSED = record(0, 0, 0)
ABSENT_ANSWERED = record(0, 60, 0)  # 0 / 60
ALL = [HALF, FIFTH, REFUSED, ABSENT_REFUSED, ABSENT_ANSWERED]


def test_mean_iou_weighs_expressions_and_overall_iou_pixels() -> None:
    assert metrics.MEAN_IOU.of(ALL) == pytest.approx((0.5 + 0.2 + 0) / 3)
    assert metrics.OVERALL_IOU.of(ALL) == pytest.approx(70 / 240)


def test_an_answer_to_what_is_absent_enlarges_the_cumulative_union_alone() -> None:
    assert metrics.CUMULATIVE_IOU.of(ALL) == pytest.approx(70 / 300)


def test_g_iou_gives_a_correct_refusal_one_and_a_wrong_answer_nothing() -> None:
    assert metrics.G_IOU.of(ALL) == pytest.approx((0.5 + 0.2 + 0 + 1 + 0) / 5)


def test_t_acc_and_n_acc_count_answers_and_refusals() -> None:
    assert metrics.T_ACC.of(ALL) == pytest.approx(2 / 3)
    assert metrics.N_ACC.of(ALL) == pytest.approx(1 / 2)


def test_the_two_protocols_differ_where_an_iou_is_exactly_the_mark() -> None:
    three_fifths = record(50, 30, 30)  # 30 / 50, whose double is that of 0.6
    answers = [HALF, FIFTH, three_fifths, ABSENT_REFUSED]

    assert precision(0.5).of(answers) == pytest.approx(2 / 3)
    assert precision(0.5, ">").of(answers) == pytest.approx(1 / 3)
    assert precision(0.6).of(answers) == pytest.approx(1 / 3)
    assert precision(0.6, ">").of(answers) == 0.0
    assert [precision(0.7).name, precision(0.7, ">").name] == ["prec@0.7", "prec>0.7"]


def test_centroids_count_for_every_answer_and_again_for_the_right_ones() -> None:
    right = record(100, 80, 80, on_target=True, error_px=2.0, error_mm=9.0, offset_mm=1.0)
    wrong = record(100, 80, 0, on_target=False, error_px=60.0, error_mm=300.0, offset_mm=290.0)
    lucky = record(100, 80, 10, on_target=True, error_px=8.0)
    answers = [right, wrong, lucky, REFUSED, ABSENT_ANSWERED]

    assert metrics.ON_OBJECT.of(answers) == pytest.approx(2 / 3)
    assert metrics.ON_OBJECT_FOUND.of(answers) == 1.0
    assert metrics.ERROR_PX.of(answers) == 2.0
    assert metrics.ERROR_MM.of(answers) == 9.0
    assert metrics.OFFSET_MM.of(answers) == 1.0
    assert math.isnan(metrics.FLOOR_MM.of(answers))  # without depth nothing is known


def test_the_share_called_ambiguous_counts_every_expression_with_a_target() -> None:
    several = [record(9, 9, 9, status="ambiguous", several=True), HALF, REFUSED, ABSENT_REFUSED]

    assert metrics.SAID_AMBIGUOUS.of(several) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("target_px", "targets", "expected"),
    [(33, 1, "small"), (34, 1, "medium"), (299, 1, "medium"), (300, 1, "large"), (66, 2, "small")],
)
def test_sizes_are_those_of_coco_scaled_to_the_picture(
    target_px: int, targets: int, expected: str
) -> None:
    # 32^2 / (640 x 480) of 10,000 px are 33.3 px, 96^2 / (640 x 480) are 300 px.
    assert size_class(record(target_px, 1, 0, targets=targets)) == expected


def test_what_is_absent_has_no_size() -> None:
    with pytest.raises(ValueError, match="'the mug' means nothing in a"):
        size_class(ABSENT_REFUSED)


def test_without_a_record_that_counts_there_is_no_figure() -> None:
    assert math.isnan(metrics.MEAN_IOU.of([ABSENT_REFUSED]))
    assert math.isnan(metrics.N_ACC.of([HALF]))
    assert math.isnan(median([None, None]))


def test_sums_come_before_ratios() -> None:
    figure = Figure("weight", lambda one: (one.answer_px, one.target_px))

    assert figure.sums(ALL).tolist() == [190.0, 180.0]
    assert figure.of(ALL) == pytest.approx(190 / 180)


def test_the_median_leaves_out_what_is_not_known() -> None:
    assert median([3.0, None, 1.0, 2.0]) == 2.0
