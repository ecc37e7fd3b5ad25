"""Relations on a table; sides are 0.1 m unless said otherwise."""

import pytest
from drawn import scene, stands, thing

from textseg_core.expressions.relations import (
    MAYBE,
    NO,
    YES,
    between_verdict,
    nearest_of,
    relation_verdict,
)
from textseg_core.expressions.table_relations import footprint_gap, footprint_overlap
from textseg_core.scenes.scene import Placement, SceneObject


def verdict(relation: str, *things: SceneObject) -> int:
    return relation_verdict(scene(*things).objects, relation, 0, 1)


# place of the first, seen from a second at the origin: left of it? in front of it? next to it?
CASES = [
    ((-0.2, 0.0), YES, NO, MAYBE),  # 0.1 m apart: 0.05 is next to, 0.15 may be
    ((-0.14, 0.0), YES, NO, YES),
    ((-0.45, 0.0), MAYBE, NO, NO),  # 0.35 m apart: further than one relates
    ((-0.2, -0.11), YES, NO, MAYBE),  # 0.55 as far in front as to the left
    ((-0.2, -0.14), MAYBE, MAYBE, MAYBE),  # 0.7 as far
    ((-0.2, -0.2), MAYBE, MAYBE, MAYBE),  # the diagonal is neither
    ((-0.09, -0.22), NO, YES, MAYBE),
    ((0.0, -0.2), NO, YES, MAYBE),
    ((0.0, -0.14), NO, YES, MAYBE),  # in front rather than next to
    ((0.2, 0.0), NO, NO, MAYBE),
    ((0.0, 0.2), NO, NO, MAYBE),
]


@pytest.mark.parametrize(("place", "left", "front", "following"), CASES)
def test_directions_are_the_viewer_s(
    place: tuple[float, float], left: int, front: int, following: int
) -> None:
    a, b = stands("mug", *place), stands("bowl", 0.0, 0.0)

    assert verdict("left", a, b) == verdict("right", b, a) == left
    assert verdict("front", a, b) == verdict("behind", b, a) == front
    assert verdict("next", a, b) == verdict("next", b, a) == following


def test_nothing_is_related_to_itself() -> None:
    objects = (stands("mug", 0.0, 0.0),)

    assert relation_verdict(objects, "next", 0, 0) == NO


def test_beside_a_wide_tray_is_judged_from_its_edge() -> None:
    # The tray's centre is 0.3 m to the right and 0.1 m away; their edges face one another.
    tray = stands("tray", 0.3, 0.1, side=0.4)

    assert verdict("left", stands("mug", 0.0, 0.0), tray) == YES
    assert verdict("front", stands("mug", 0.0, 0.0), tray) == NO


def test_on_another_level_is_not_next_to() -> None:
    high = stands("mug", -0.14, 0.0, z=0.2)

    assert verdict("next", high, stands("bowl", 0.0, 0.0)) == MAYBE


TRAY = stands("tray", 0.0, 0.0, side=0.3, height=0.02)


@pytest.mark.parametrize(
    ("inside", "relation", "expected"),
    [(False, "on", YES), (False, "in", MAYBE), (True, "in", YES), (True, "on", MAYBE)],
)
def test_on_and_in_follow_the_support(inside: bool, relation: str, expected: int) -> None:
    can = stands("can", 0.05, 0.0, z=0.02, support=1, inside=inside)

    assert verdict(relation, can, TRAY) == expected
    assert verdict("left", can, TRAY) in (NO, MAYBE)
    assert verdict("next", can, TRAY) == MAYBE


def test_what_juts_out_from_its_tray_is_not_clearly_left_of_it() -> None:
    on_it = stands("can", -0.2, 0.0, z=0.02, support=1)

    assert verdict("left", on_it, TRAY) == MAYBE
    assert verdict("left", stands("can", -0.22, 0.0), TRAY) == YES


def test_under_is_on_turned_round() -> None:
    can = stands("can", 0.0, 0.0, z=0.02, support=0)

    assert verdict("below", TRAY, can) == YES
    assert verdict("above", TRAY, can) == MAYBE  # in the picture, or in the room?


def test_what_lies_over_a_tray_without_its_support_may_be_on_it() -> None:
    assert verdict("on", stands("can", 0.0, 0.0, z=0.02), TRAY) == MAYBE
    assert verdict("on", stands("can", 0.4, 0.0), TRAY) == NO
    assert verdict("in", stands("can", 0.4, 0.0), TRAY) == NO


def test_what_lies_on_a_book_that_juts_out_from_a_tray_may_be_on_the_tray() -> None:
    book = stands("book", 0.2, 0.0, side=0.3, height=0.04, z=0.02, support=1)
    objects = stands("can", 0.28, 0.0, z=0.06, support=2), TRAY, book

    assert relation_verdict(objects, "on", 0, 2) == YES
    assert relation_verdict(objects, "on", 0, 1) == MAYBE


def test_without_a_placement_the_picture_decides() -> None:
    left, right = thing("mug", (10, 40, 30, 60)), stands("bowl", 0.0, 0.0)
    flat = thing("bowl", (50, 40, 70, 60))

    assert verdict("left", left, flat) == YES
    assert verdict("front", left, right) == NO  # where the mug stands is unknown


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((0.0, 0.0), YES),
        ((0.09, 0.0), YES),  # 0.725 of the way
        ((0.15, 0.0), MAYBE),  # 0.875 of the way
        ((0.0, 0.1), MAYBE),  # a quarter of the length aside
        ((0.0, 0.25), NO),
        ((0.3, 0.0), NO),
    ],
)
def test_between_is_near_the_line_that_joins_two(
    place: tuple[float, float], expected: int
) -> None:
    objects = stands("cup", *place), stands("bowl", -0.2, 0.0), stands("plate", 0.2, 0.0)

    assert between_verdict(objects, 0, 1, 2) == between_verdict(objects, 0, 2, 1) == expected


def test_nearest_goes_by_distance_on_the_table() -> None:
    objects = stands("mug", 0.2, 0.0), stands("mug", -0.4, 0.0), stands("box", 0.0, 0.0)

    assert nearest_of(objects, (0, 1), 2) == 0
    assert nearest_of((*objects, stands("mug", 0.0, 0.22)), (0, 1, 3), 2) is None


def test_what_lies_on_a_plate_is_not_nearest_to_it() -> None:
    plate = stands("plate", 0.0, 0.0, side=0.3, height=0.02)
    mugs = stands("mug", 0.0, 0.0, z=0.02, support=0), stands("mug", 0.5, 0.0)

    assert nearest_of((plate, *mugs), (1, 2), 0) is None


def test_footprints_measure_gap_and_overlap_in_the_plane() -> None:
    a = Placement((0.0, 0.0, 0.5), (0.1, 0.1, 0.1))

    assert footprint_gap(a, Placement((0.13, 0.14, 0.0), (0.1, 0.1, 0.1))) == pytest.approx(0.05)
    assert footprint_gap(a, a) == 0.0
    assert footprint_overlap(a, Placement((0.05, 0.0, 0.0), (0.1, 0.2, 0.1))) == pytest.approx(0.5)
    assert footprint_overlap(a, Placement((0.2, 0.0, 0.0), (0.1, 0.1, 0.1))) == 0.0


def test_a_plate_is_not_between_the_things_on_it() -> None:
    plate = stands("plate", 0.0, 0.0, side=0.3, height=0.02)
    on_it = [
        stands(name, x, 0.0, z=0.02, side=0.05, support=0)
        for name, x in (("egg", -0.1), ("fig", 0.1))
    ]
    cup = stands("cup", 0.0, 0.0, side=0.05)

    assert between_verdict((plate, *on_it), 0, 1, 2) == MAYBE
    assert (
        between_verdict(
            (cup, *(stands(n, x, 0.0) for n, x in (("egg", -0.2), ("fig", 0.2)))), 0, 1, 2
        )
        == YES
    )


def test_what_touches_an_end_is_not_clearly_between() -> None:
    objects = stands("cup", 0.0, 0.0), stands("bowl", -0.1, 0.0), stands("plate", 0.2, 0.0)

    assert between_verdict(objects, 0, 1, 2) == MAYBE
