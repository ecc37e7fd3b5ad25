import pytest

from textseg_ros.demo.plan import Question
from textseg_ros.demo.score import (
    answer_lines,
    is_inside,
    latency_table,
    mark,
    middle_marks,
)

# Columns 10 to 14, rows 20 to 29.
BOX = (10, 20, 5, 10)


@pytest.mark.parametrize(
    ("point", "inside"),
    [
        ((10.0, 20.0), True),
        ((14.0, 29.0), True),
        ((9.9, 25.0), False),
        ((14.1, 25.0), False),
        ((12.0, 19.9), False),
        ((12.0, 29.1), False),
        (None, False),
    ],
)
def test_a_point_is_inside_on_the_pixels_of_the_box(
    point: tuple[float, float] | None, inside: bool
) -> None:
    assert is_inside(point, BOX) is inside


def test_only_questions_with_a_box_are_marked_and_silence_is_wrong() -> None:
    questions = [
        Question("a", "a.png", "the cup", BOX),
        Question("b", "b.png", "the mug"),
        Question("c", "c.png", "the jar", BOX),
        Question("d", "d.png", "the pan", BOX),
    ]
    answers = {0: {"point": [12.0, 25.0]}, 1: {"point": [12.0, 25.0]}, 2: {"point": None}}

    assert mark(questions, answers) == [True, False, False]


def test_the_middle_of_a_picture_is_marked_like_an_answer() -> None:
    questions = [Question("a", "a.png", "the cup", BOX), Question("b", "b.png", "the mug", BOX)]

    # The middle of 25 x 50 is (12, 24.5), that of 50 x 25 is (24.5, 12).
    assert middle_marks(questions, [(25, 50), (50, 25)]) == 1


def test_the_table_states_median_and_95th_percentile_of_each_stage() -> None:
    rows = [{"decode": float(value), "total": 2.0 * value} for value in range(1, 22)]

    lines = latency_table(rows).splitlines()

    assert lines[2] == "| decode | 11.00 | 20.00 | message -> RGB |"
    assert lines[3].startswith("| total | 22.00 | 40.00 |")


def test_no_latency_at_all_is_an_error() -> None:
    with pytest.raises(ValueError, match="no answer arrived"):
        latency_table([])


def test_a_line_says_right_wrong_answered_or_no_answer() -> None:
    questions = [
        Question("a", "a.png", "the cup", BOX),
        Question("b", "b.png", "the mug", BOX),
        Question("c", "c.png", "the jar"),
        Question("d", "d.png", "the pan", BOX),
    ]
    answers = {
        0: {"point": [12.0, 25.0], "status": "found"},
        1: {"point": None, "status": "ambiguous"},
        2: {"point": [1.0, 2.0], "status": "found"},
    }

    words = [line.split()[1] for line in answer_lines(questions, answers)]

    assert words == ["right", "wrong", "answered", "no"]
