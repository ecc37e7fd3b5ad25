from collections.abc import Sequence

import pytest
from moving import BLUE, GREEN, RED, Box, answer, picture

from textseg_core.dialogue.candidates import Candidate, find_candidates, reading_order
from textseg_core.dialogue.choice import choose
from textseg_core.dialogue.follow_up import read_follow_up

Colour = tuple[int, int, int]
# 20 wide, 30 high, centres 50 apart.
ROW: list[Box] = [(10, 40, 30, 70), (60, 40, 80, 70), (110, 40, 130, 70), (160, 40, 180, 70)]


def candidates(
    boxes: Sequence[Box],
    colors: Sequence[Colour] = (),
    distances_m: Sequence[float | None] | None = None,
) -> tuple[Candidate, ...]:
    painted = zip(boxes, colors or [RED] * len(boxes), strict=True)
    objects = answer(*boxes).objects
    ids = range(1, len(boxes) + 1)
    return find_candidates(objects, list(ids), picture(*painted), distances_m)


def labels(*boxes: Box, **more: Sequence[Colour] | Sequence[float | None]) -> list[str]:
    return [one.label for one in candidates(boxes, **more)]  # type: ignore[arg-type]


def chosen(text: str, some: Sequence[Candidate]) -> list[int]:
    said = read_follow_up(text, "the mug")
    return [one.track_id for one in choose(some, said.traits)]


def test_a_row_is_told_apart_from_left_to_right_in_the_order_given() -> None:
    assert labels(ROW[1], ROW[0]) == ["right", "left"]
    assert labels(ROW[2], ROW[0], ROW[1]) == ["right", "left", "middle"]
    assert labels(*ROW) == [
        "leftmost",
        "second from the left",
        "third from the left",
        "rightmost",
    ]


def test_a_column_is_told_apart_from_top_to_bottom() -> None:
    """Centres 10 px apart along u: less than half of the mean width, 20."""
    assert labels((60, 60, 80, 90), (70, 10, 90, 40)) == ["bottom", "top"]


def test_two_on_top_of_each_other_are_not_left_and_right() -> None:
    """15 px apart along u, which would do for their widths, but 60 along v."""
    assert labels((60, 5, 80, 15), (75, 65, 95, 75)) == ["top", "bottom"]


def test_four_in_corners_are_called_after_them() -> None:
    left, right = (20, 40), (120, 140)
    top, bottom = (10, 30), (60, 80)
    boxes = [(u[0], v[0], u[1], v[1]) for v in (top, bottom) for u in (left, right)]
    assert labels(*boxes) == ["top left", "top right", "bottom left", "bottom right"]


def test_what_places_do_not_part_is_parted_by_colour_then_distance_then_size() -> None:
    """Two squares of 20 px, 5 and 4 px off; then one in the middle of another, a ninth of it."""
    near = [(50, 30, 70, 50), (55, 34, 75, 54)]
    assert labels(*near, colors=[RED, RED]) == ["number 1", "number 2"]
    assert labels(*near, colors=[RED, RED], distances_m=[0.8, 0.7]) == ["farther", "nearer"]
    assert labels(*near, distances_m=[0.8, 0.76]) == ["number 1", "number 2"]
    assert labels(*near, distances_m=[0.8, None]) == ["number 1", "number 2"]
    assert labels((40, 20, 100, 80), (60, 40, 80, 60)) == ["larger", "smaller"]
    assert labels((40, 20, 100, 80), (60, 40, 80, 60), colors=[RED, BLUE]) == ["red", "blue"]


def test_labels_are_read_out_in_a_natural_order() -> None:
    corners: list[Box] = [(120, 60, 140, 80), (20, 10, 40, 30), (120, 10, 140, 30)]
    assert reading_order(candidates(corners)) == ["top left", "top right", "bottom right"]
    assert reading_order(candidates([ROW[2], ROW[0], ROW[1]])) == ["left", "middle", "right"]
    assert reading_order(candidates([(60, 60, 80, 90), (70, 10, 90, 40)])) == ["top", "bottom"]
    assert reading_order(candidates([(60, 40, 80, 60), (40, 20, 100, 80)])) == [
        "larger",
        "smaller",
    ]
    near: list[Box] = [(55, 34, 75, 54), (50, 30, 70, 50)]
    assert reading_order(candidates(near)) == ["number 1", "number 2"]


def test_one_candidate_needs_no_description() -> None:
    assert labels(ROW[0]) == [""]
    assert labels() == []


def test_sides_and_ordinals_choose_from_a_row() -> None:
    row = candidates([ROW[3], ROW[0], ROW[2], ROW[1]])  # ids 2, 4, 3, 1 from the left
    assert chosen("the left one", row) == [2]
    assert chosen("rightmost", row) == [1]
    assert chosen("the second from the right", row) == [3]
    assert chosen("the second one", row) == [4]
    assert chosen("the last one", row) == [1]
    assert chosen("the fifth", row) == []
    assert chosen("the middle one", row) == [4, 3]
    assert chosen("the middle one", row[1:]) == [4]
    assert chosen("top", row) == [1, 2, 3, 4]


def test_ordinals_count_downwards_in_a_column() -> None:
    column = candidates([(60, 70, 80, 90), (60, 10, 80, 30), (60, 40, 80, 60)])
    assert chosen("the first", column) == [2]
    assert chosen("the second from the bottom", column) == [3]
    assert chosen("the middle one", column) == [3]
    assert chosen("the lowest", column) == [1]


def test_numbers_count_as_labelled_where_candidates_are_numbered() -> None:
    near = candidates([(55, 34, 75, 54), (50, 30, 70, 50)])
    assert [one.label for one in near] == ["number 1", "number 2"]
    assert chosen("number two", near) == [2]
    assert chosen("the first", near) == [1]


def test_colours_choose_before_places_compare() -> None:
    row = candidates(ROW, [BLUE, RED, RED, GREEN])
    assert chosen("the red one", row) == [2, 3]
    assert chosen("the left red one", row) == [2]
    assert chosen("the red one on the right", row) == [3]
    assert chosen("the yellow one", row) == []


def test_sizes_choose_unless_they_are_alike() -> None:
    """Areas 600, 400 and 380: the last two differ by 5 %."""
    some = candidates([(10, 40, 30, 70), (60, 40, 80, 60), (110, 40, 130, 59)])
    assert chosen("the larger one", some) == [1]
    assert chosen("the small one", some) == [2, 3]
    assert chosen("the tallest", some) == [1]
    assert chosen("the wide one", some) == [1, 2, 3]
    assert chosen("the second largest", some) == [2]


def test_a_corner_is_chosen_where_no_row_and_no_column_holds_it() -> None:
    """The left one is lower than the top one, and still the top left of the three."""
    some = candidates([(10, 20, 30, 40), (150, 5, 170, 25), (20, 70, 40, 90)])
    assert chosen("top left", some) == [1]
    assert chosen("the bottom left one", some) == [3]
    assert chosen("the upper right", some) == [2]


def test_near_is_by_distance_or_else_by_the_lower_end() -> None:
    boxes = [(10, 10, 30, 65), (60, 40, 80, 70), (110, 20, 130, 60)]
    assert chosen("the nearest", candidates(boxes)) == [2]
    assert chosen("the one at the back", candidates(boxes)) == [3]
    measured = candidates(boxes, distances_m=[0.5, 0.7, 0.6])
    assert chosen("the nearest", measured) == [1]
    assert chosen("the far one", measured) == [2]
    assert chosen("the second nearest", measured) == [3]
    partly = candidates(boxes, distances_m=[0.5, 0.6, None])
    assert chosen("the nearest", partly) == [2]


@pytest.mark.parametrize("text", ["the left one", "the second", "the largest", "the middle one"])
def test_nothing_is_chosen_from_nothing(text: str) -> None:
    assert chosen(text, []) == []
