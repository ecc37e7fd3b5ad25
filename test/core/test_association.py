import pytest
from moving import BLUE, RED, Box, answer, moved, picture

from textseg_core.association import Look, Remembered, associate, common_pixels, look_at, overlap

A: Box = (20, 20, 60, 60)
B: Box = (100, 20, 140, 60)


def look(box: Box, color: tuple[int, int, int] = RED) -> Look:
    return look_at(picture((box, color)), answer(box).objects[0])


def before(
    box: Box,
    color: tuple[int, int, int] = RED,
    *,
    whole: Box | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    unseen: int = 0,
) -> Remembered:
    return Remembered(
        look=look(box, color),
        whole=look(whole or box, color),
        shift=shift,
        whole_shift=shift,
        unseen=unseen,
    )


def test_overlap_is_intersection_over_union() -> None:
    """40 x 40 moved by 10: 30 x 40 in common of 50 x 40."""
    assert common_pixels(look(A), look(moved(A, 10))) == 1200
    assert overlap(look(A), look(moved(A, 10))) == pytest.approx(0.6)
    assert overlap(look(A), look(moved(A, 0, 40))) == 0.0
    assert overlap(look(A), look(moved(A, -10, 20))) == pytest.approx(600 / 2600)


def test_overlap_is_taken_after_the_shift() -> None:
    assert overlap(look(A), look(moved(A, 40, 7)), (40.2, 6.8)) == 1.0
    assert overlap(look(A), look(A), (-30.0, 0.0)) == pytest.approx(1 / 7)


def test_objects_are_known_again_by_their_places() -> None:
    assert associate([before(A), before(B)], [look(moved(B, 8)), look(moved(A, -8))]) == [1, 0]


def test_an_object_may_move_up_to_where_a_tenth_still_overlaps() -> None:
    """40 wide, moved by 32: 8 in common of 72, 0.11; by 33: 7 of 73, 0.096."""
    assert associate([before(A)], [look(moved(A, 32))]) == [0]
    assert associate([before(A)], [look(moved(A, 33))]) == [None]


def test_an_object_that_goes_on_as_before_may_move_further() -> None:
    assert associate([before(A, shift=(60.0, 0.0))], [look(moved(A, 64))]) == [0]


def test_another_colour_in_the_same_place_is_another_object() -> None:
    assert associate([before(A)], [look(A, BLUE)]) == [None]


@pytest.mark.parametrize(("columns", "known"), [(12, [0]), (8, [None])])
def test_half_alike_is_alike_enough(columns: int, known: list[int | None]) -> None:
    """12 or 8 of 40 columns still red: the roots of 0.3 and 0.2 are 0.55 and 0.45."""
    image = picture((A, BLUE), ((20, 20, 20 + columns, 60), RED))
    assert associate([before(A)], [look_at(image, answer(A).objects[0])]) == known


def test_a_rival_of_other_colours_counts_less() -> None:
    """The object moved by 10, 0.6; a rival moved by 12, 0.54, but times 0.55 as it is bluish."""
    bluish = moved(A, 0, -12)
    image = picture((bluish, BLUE), ((20, 8, 32, 48), RED))
    rival = look_at(image, answer(bluish).objects[0])
    assert overlap(look(A), rival) == pytest.approx(28 / 52)
    assert associate([before(A)], [look(moved(A, 10)), rival]) == [0, None]
    assert associate([before(A)], [look(moved(A, 10)), look(bluish)]) == [None, None]


def test_colour_tells_two_that_overlap_alike() -> None:
    """Red moved by 20 to the right, blue came from there: each overlaps each."""
    image = picture((moved(A, 20), RED), (moved(A, -20), BLUE))
    seen = [look_at(image, found) for found in answer(moved(A, -20), moved(A, 20)).objects]
    assert associate([before(A, RED), before(moved(A, 1), BLUE)], seen) == [1, 0]


def test_a_twin_that_overlaps_half_as_well_leaves_both_unknown() -> None:
    """One was seen at A; now two overlap it by 1/3 each."""
    halves = [look(moved(A, -20)), look(moved(A, 20))]
    assert associate([before(A)], halves) == [None, None]


def test_a_rival_that_overlaps_less_than_half_as_well_is_none() -> None:
    """5 px off: 35 of 45, 0.78; 30 px off: 10 of 70, 0.14."""
    assert associate([before(B)], [look(moved(B, -30)), look(moved(B, 5))]) == [None, 0]


def test_a_twin_that_another_explains_better_is_no_rival() -> None:
    """Both are 20 px off, so overlap a third; the left one is where a third thing went on to."""
    seen = [look(moved(B, 20)), look(moved(B, -20))]
    other = before(moved(B, -50), shift=(28.0, 0.0))
    assert associate([before(B)], seen) == [None, None]
    assert associate([before(B), other], seen) == [0, 1]


def test_two_that_become_one_are_both_unknown() -> None:
    """(20..60) and (60..100) become (20..100), which each overlaps by a half."""
    assert associate([before(A), before(moved(A, 40))], [look((20, 20, 100, 60))]) == [None]


def test_the_largest_piece_of_a_parted_object_is_the_object() -> None:
    """A rod covers columns 48 to 51: 28 and 8 of 40 columns are left."""
    pieces = [look((52, 20, 60, 60)), look((20, 20, 48, 60))]
    assert associate([before(A)], pieces) == [None, 0]


def test_equal_pieces_of_a_parted_object_are_no_rivals() -> None:
    halves = [look((20, 20, 39, 60)), look((41, 20, 60, 60))]
    assert sorted(associate([before(A)], halves), key=str) == [0, None]


def test_a_piece_on_the_other_side_of_what_hides_the_object_is_the_object() -> None:
    """Last seen: the rightmost 6 columns; now: the leftmost 6, which were not seen last."""
    partly = before((54, 20, 60, 60), whole=A)
    assert associate([partly], [look((20, 20, 26, 60))]) == [0]
    assert associate([partly], [look((10, 20, 16, 60))]) == [None]


def test_a_piece_counts_where_the_whole_would_be_by_now() -> None:
    partly = before((54, 20, 60, 60), whole=A, shift=(-30.0, 0.0))
    assert associate([partly], [look((0, 20, 6, 60))]) == [0]


def test_of_two_alike_in_one_place_the_one_seen_last_is_taken() -> None:
    """The score of one not seen for 7 frames is halved: 0.9 ** 7 = 0.48."""
    remembered = [before(A, unseen=7), before(A)]
    assert associate(remembered, [look(A)]) == [1]
    assert associate([before(A, unseen=1), before(A)], [look(A)]) == [None]


def test_nothing_is_associated_with_nothing() -> None:
    assert associate([], []) == []
    assert associate([], [look(A)]) == [None]
    assert associate([before(A)], []) == []
