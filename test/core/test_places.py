"""Places in the view and ranks in a row against scenes whose answers are plain to see."""

import pytest
from drawn import Box, every, meanings, scene, stands, thing

from textseg_core.expressions.phrases import CORNERS, PLACES, ZONES

LEFT: Box = (10, 90, 30, 110)
MIDDLE: Box = (90, 90, 110, 110)
RIGHT: Box = (170, 90, 190, 110)


@pytest.mark.parametrize(
    ("direction", "target"), [("left", 0), ("middle", 1), ("right", 2), ("top", 3), ("bottom", 4)]
)
def test_place_is_where_the_centre_lies(direction: str, target: int) -> None:
    top, bottom = (90, 10, 110, 30), (90, 170, 110, 190)
    drawn = scene(*(thing("cup", box) for box in (LEFT, MIDDLE, RIGHT, top, bottom)))
    after, before = PLACES[direction]
    said = {f"cup {words}" for words in after} | {f"{words} cup" for words in before}

    found = meanings(every(drawn, "place", draws=2500))

    assert {words: found.get(words) for words in said} == {words: {(target,)} for words in said}


@pytest.mark.parametrize(("shift", "clear"), [(11, False), (13, True)])
def test_a_place_needs_six_hundredths_between_rivals(shift: int, clear: bool) -> None:
    # 12 of 200 px; both at one height and left of the middle
    drawn = scene(thing("cup", (10, 90, 30, 110)), thing("cup", (10 + shift, 90, 30 + shift, 110)))

    assert {query.targets for query in every(drawn, "place")} == ({(0,), (1,)} if clear else set())


def test_the_middle_needs_one_that_is_clearly_nearest_to_it() -> None:
    # 0.1 and 0.2 of the width from the middle: 0.10 apart, less than 0.12
    near = scene(thing("cup", (110, 90, 130, 110)), thing("cup", (50, 90, 70, 110)))
    # 0.05 and 0.45
    clear = scene(thing("cup", (100, 90, 120, 110)), thing("cup", (0, 90, 20, 110)))

    assert "central cup" not in meanings(every(near, "place", draws=400))
    assert meanings(every(clear, "place", draws=400))["central cup"] == {(0,)}


def test_the_middle_of_a_row_of_three_is_no_other_than_the_middle_of_the_picture() -> None:
    # The second of the row is at 0.25 of the width, the third in the middle of the picture.
    row = scene(*(thing("cup", (x, 90, x + 20, 110)) for x in (0, 40, 95)))

    assert "middle cup" not in meanings(every(row, "place", draws=400))


@pytest.mark.parametrize(
    ("box", "there", "not_there"),
    [
        ((40, 90, 60, 110), {"left"}, {"right", "top", "bottom", "middle"}),
        ((91, 90, 111, 110), {"middle"}, {"top", "bottom", "left", "right"}),  # 0.505
        ((75, 90, 95, 110), {"middle"}, {"right"}),  # 0.425: may be left of the middle
    ],
)
def test_the_place_of_one_thing_is_said_of_the_part_it_lies_in(
    box: Box, there: set[str], not_there: set[str]
) -> None:
    drawn = scene(thing("cup", box))
    parts = {words: key for key, table in ZONES.items() for words in table}

    queries = every(drawn, "place", draws=600)
    absent = every(drawn, "absent", draws=900)

    said = {parts.get(words.removeprefix("cup ")) for words in meanings(queries)}
    denied = {parts.get(words.removeprefix("cup ")) for words in meanings(absent)}
    assert said - {None} == there
    assert denied - {None} <= not_there
    assert there.isdisjoint(denied)


def test_a_corner_is_where_two_sides_meet() -> None:
    drawn = scene(thing("cup", (20, 20, 40, 40)), thing("cup", (160, 20, 180, 40)))

    found = meanings(every(drawn, "place", draws=1500))

    assert found["cup in the top left corner"] == {(0,)}
    assert found["upper right cup"] == {(1,)}
    assert not any(words in said for words in CORNERS["bottom", "left"] for said in found)


def test_nearest_and_farthest_are_judged_on_the_table() -> None:
    drawn = scene(stands("cup", -0.3, -0.2), stands("cup", 0.0, 0.0), stands("cup", 0.3, 0.3))

    found = meanings(every(drawn, "place", draws=2000))

    for key, target in (("nearest", 0), ("farthest", 2)):
        after, before = PLACES[key]
        said = {f"cup {words}" for words in after} | {f"{words} cup" for words in before}
        assert {words: found.get(words) for words in said} == {
            words: {(target,)} for words in said
        }


@pytest.mark.parametrize(("y", "clear"), [(0.04, False), (0.08, True)])
def test_nearest_needs_five_centimetres(y: float, clear: bool) -> None:
    drawn = scene(stands("cup", -0.3, 0.0), stands("cup", 0.3, y))

    assert ("front cup" in meanings(every(drawn, "place", draws=600))) is clear


def test_a_photograph_tells_no_distance_from_the_camera() -> None:
    drawn = scene(thing("cup", LEFT), thing("cup", (90, 150, 110, 190)))

    said = " ".join(meanings(every(drawn, "place", draws=500)))

    assert "camera" not in said
    assert "front" not in said


def test_ordinal_counts_from_the_side_that_it_names() -> None:
    # in another order than from left to right
    drawn = scene(*(thing("cup", box) for box in (MIDDLE, LEFT, RIGHT)))

    found = meanings(every(drawn, "ordinal", draws=400))

    for rank, (left, right) in enumerate(((1, 2), (0, 0), (2, 1))):
        number = ("first", "second", "third")[rank]
        short = ("1st", "2nd", "3rd")[rank]
        assert found[f"{number} cup from the left"] == {(left,)}
        assert found[f"{short} cup from the right"] == {(right,)}
    assert not any("front" in words for words in found)


def test_ordinal_counts_from_the_front_on_a_table() -> None:
    drawn = scene(*(stands("cup", x, y) for x, y in ((0.3, 0.0), (-0.3, 0.2), (0.0, -0.2))))

    found = meanings(every(drawn, "ordinal", draws=600))

    assert found["first cup from the front"] == {(2,)}
    assert found["second cup from the back"] == {(0,)}


@pytest.mark.parametrize(
    ("lefts", "any_case"),
    [
        ((0, 90), False),  # two are left and right
        ((0, 30, 60, 90, 120), True),
        ((0, 30, 60, 90, 120, 150), True),  # up to the fifth
        ((0, 30, 60, 90, 120, 150, 180), False),  # seven are too many to count
        ((0, 30, 37), False),  # 7 px are less than 0.04 of 200
        ((0, 30, 39), True),  # 9 px are not
    ],
)
def test_ordinal_needs_three_to_six_things_well_apart(
    lefts: tuple[int, ...], any_case: bool
) -> None:
    drawn = scene(*(thing("cup", (x, 90, x + 18, 110)) for x in lefts))

    assert bool(every(drawn, "ordinal")) is any_case


def test_a_rank_beyond_the_row_is_absent() -> None:
    drawn = scene(*(thing("cup", box) for box in (LEFT, MIDDLE, RIGHT)))

    said = " ".join(meanings(every(drawn, "absent", draws=1500)))

    assert "fourth cup from the left" in said
    assert "third" not in said
