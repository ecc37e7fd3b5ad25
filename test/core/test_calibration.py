import math

import pytest

from textseg_core.evaluation.calibration import (
    answer_outcomes,
    expected_calibration_error,
    presence_outcomes,
    reliability,
)
from textseg_core.evaluation.records import Record


def record(score: float, *, there: bool, answered: bool, shared: int = 0) -> Record:
    target, answer = 100 * there, 100 * answered
    return Record(
        scene="a",
        cluster="a",
        expression="the mug",
        kind="category",
        several=False,
        targets=int(there),
        picture_px=1000,
        target_px=target,
        answer_px=answer,
        shared_px=shared,
        score=score,
        status="found" if answered else "not_found",
    )


def test_a_find_is_as_sure_as_its_score_and_a_refusal_as_what_is_left() -> None:
    outcomes = answer_outcomes(
        [
            record(0.75, there=True, answered=True, shared=80),  # 80 / 120
            record(0.75, there=True, answered=True, shared=50),  # 50 / 150
            record(0.25, there=True, answered=False),
            record(0.25, there=False, answered=False),
            record(0.75, there=False, answered=True),
        ]
    )

    assert outcomes == [(0.75, True), (0.75, False), (0.75, False), (0.75, True), (0.75, False)]


def test_presence_asks_only_whether_something_is_there() -> None:
    records = [record(0.9, there=True, answered=True), record(0.2, there=False, answered=False)]

    assert presence_outcomes(records) == [(0.9, True), (0.2, False)]


def test_the_reliability_table_by_hand() -> None:
    table = reliability([(0.0, False), (0.05, True), (0.1, True), (0.95, True), (1.0, False)])

    assert [entry.count for entry in table] == [2, 1, 0, 0, 0, 0, 0, 0, 0, 2]
    assert (table[0].confidence, table[0].accuracy) == (pytest.approx(0.025), 0.5)
    assert (table[1].low, table[1].high, table[1].accuracy) == (0.1, 0.2, 1.0)
    assert (table[9].confidence, table[9].accuracy) == (pytest.approx(0.975), 0.5)
    assert math.isnan(table[5].accuracy)


def test_the_error_weighs_bins_by_their_answers() -> None:
    table = reliability([(0.9, True), (0.9, True), (0.9, False), (0.3, True)])

    # |0.9 - 2/3| three times and |0.3 - 1| once, over four.
    assert expected_calibration_error(table) == pytest.approx((3 * (0.9 - 2 / 3) + 0.7) / 4)


def test_a_score_that_is_always_true_to_its_word_has_no_error() -> None:
    table = reliability([(0.75, True)] * 3 + [(0.75, False)])

    assert expected_calibration_error(table) == 0.0


def test_of_nothing_there_is_no_error() -> None:
    assert math.isnan(expected_calibration_error(reliability([])))


@pytest.mark.parametrize("confidence", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match=r"confidences must lie in \[0, 1\]"):
        reliability([(confidence, True)])
