import pytest
from drawn import Box, thing

from textseg_core.expressions.image_relations import box_gap
from textseg_core.expressions.relations import OPPOSITE, RELATIONS, holds

A: Box = (10, 40, 30, 60)  # 20 x 20, so the mean size of two such boxes is 20 px


def test_gap_of_two_boxes_is_the_distance_of_their_nearest_corners() -> None:
    first = thing("cup", A)

    assert box_gap(first, thing("cup", (33, 64, 40, 70))) == 5.0  # 3 across, 4 down
    assert box_gap(thing("cup", (33, 64, 40, 70)), first) == 5.0
    assert box_gap(first, thing("cup", (20, 50, 70, 70))) == 0.0


# relation, box of a, box of b, holds clearly, holds at least doubtfully
SIDEWAYS: list[tuple[Box, Box, bool, bool]] = [
    (A, (50, 40, 70, 60), True, True),  # 20 px apart
    ((50, 40, 70, 60), A, False, False),  # the other way round
    (A, (79, 40, 99, 60), True, True),  # 49 px: within 2.5 sizes
    (A, (81, 40, 101, 60), False, True),  # 51 px: beyond 2.5, within 4.5 sizes
    (A, (119, 40, 139, 60), False, True),  # 89 px: within 4.5 sizes
    (A, (121, 40, 141, 60), False, False),  # 91 px: beyond 4.5 sizes
    (A, (50, 56, 70, 76), True, True),  # 4 of 20 rows in common
    (A, (50, 57, 70, 77), False, True),  # 3 of 20: 0.15 is not more than 0.15
    (A, (50, 68, 70, 88), False, True),  # 8 rows below: -0.4 is more than -0.45
    (A, (50, 70, 70, 90), False, False),  # 10 rows below: -0.5
    (A, (25, 40, 45, 60), True, True),  # each centre outside the other box
    (A, (18, 40, 38, 60), False, True),  # centre 20 is right of edge 18
]


def turned(box: Box) -> Box:
    return box[1], box[0], box[3], box[2]


@pytest.mark.parametrize(("a", "b", "clear", "doubtful"), SIDEWAYS)
def test_left_and_right(a: Box, b: Box, clear: bool, doubtful: bool) -> None:
    first, second = thing("cup", a), thing("bowl", b)

    assert holds("left", first, second) is clear
    assert holds("left", first, second, slack=1.0) is doubtful
    assert holds("right", second, first) is clear
    assert holds("right", second, first, slack=1.0) is doubtful


@pytest.mark.parametrize(("a", "b", "clear", "doubtful"), SIDEWAYS)
def test_above_and_below_are_left_and_right_turned_by_a_quarter(
    a: Box, b: Box, clear: bool, doubtful: bool
) -> None:
    first, second = thing("cup", turned(a)), thing("bowl", turned(b))

    assert holds("above", first, second) is clear
    assert holds("above", first, second, slack=1.0) is doubtful
    assert holds("below", second, first) is clear
    assert holds("below", second, first, slack=1.0) is doubtful


@pytest.mark.parametrize(
    ("b", "clear", "doubtful"),
    [
        ((36, 40, 56, 60), True, True),  # 6 px < 0.35 sizes = 7 px
        ((38, 40, 58, 60), False, True),  # 8 px
        ((48, 40, 68, 60), False, True),  # 18 px < 0.95 sizes = 19 px
        ((50, 40, 70, 60), False, False),  # 20 px
        ((5, 35, 45, 75), False, True),  # around it: not beside it
    ],
)
def test_next_to(b: Box, clear: bool, doubtful: bool) -> None:
    first, second = thing("cup", A), thing("bowl", b)

    for one, other in ((first, second), (second, first)):
        assert holds("next", one, other) is clear
        assert holds("next", one, other, slack=1.0) is doubtful


@pytest.mark.parametrize(
    ("a", "clear", "doubtful"),
    [
        ((42, 60, 62, 80), True, True),  # base 20 px lower, touching, 18 of 20 columns shared
        ((42, 42, 62, 62), False, True),  # base 2 px lower: 0.12 sizes are 2.4 px, 0.02 are 0.4
        ((54, 60, 74, 80), False, True),  # 6 of 20 columns: 0.3 lies between 0.05 and 0.35
        ((42, 70, 62, 90), False, True),  # 10 px apart: 0.4 sizes are 8 px, 1.4 are 28
        ((42, 90, 62, 110), False, False),  # 30 px apart
        ((42, 38, 62, 58), False, False),  # base 2 px higher
    ],
)
def test_in_front_of_and_behind_follow_from_where_things_stand(
    a: Box, clear: bool, doubtful: bool
) -> None:
    first = thing("cup", a, upright_base=True)
    second = thing("bowl", (40, 40, 60, 60), upright_base=True)

    assert holds("front", first, second) is clear
    assert holds("front", first, second, slack=1.0) is doubtful
    assert holds("behind", second, first) is clear
    assert holds("behind", second, first, slack=1.0) is doubtful


def test_nothing_is_in_front_of_something_whose_base_is_unknown() -> None:
    front, back = (42, 60, 62, 80), (40, 40, 60, 60)
    standing = thing("cup", front, upright_base=True), thing("bowl", back, upright_base=True)

    assert holds("front", standing[0], standing[1])
    assert not holds("front", standing[0], thing("bowl", back))
    assert not holds("front", thing("cup", front), standing[1])


@pytest.mark.parametrize(
    ("name", "a", "expected"),
    [
        ("dining table", (40, 30, 60, 50), True),  # base on the top, 42 < 50 < 80
        ("cup", (40, 30, 60, 50), False),  # no support
        ("dining table", (40, 30, 60, 42), False),  # base at the top's edge: 42 is not above 42
        ("dining table", (40, 30, 60, 80), False),  # base at the table's lower edge
        ("dining table", (40, 50, 60, 75), False),  # centre 62.5 is below the table's, 60
        ("dining table", (0, 30, 40, 50), False),  # centre 20 is at the table's side
        ("dining table", (21, 41, 79, 75), False),  # 1972 of 2400 px: more than 0.8
    ],
)
def test_on(name: str, a: Box, expected: bool) -> None:
    assert holds("on", thing("bottle", a), thing(name, (20, 40, 80, 80))) is expected


@pytest.mark.parametrize(
    ("name", "a", "expected"),
    [
        ("bowl", (40, 50, 60, 70), True),
        ("dining table", (40, 50, 60, 70), False),  # no container
        ("bowl", (0, 50, 40, 70), False),  # centre 20 at the bowl's side
        ("bowl", (40, 20, 60, 60), False),  # centre at the bowl's rim
        ("bowl", (22, 42, 78, 71), True),  # 1624 px are less than 0.7 of 2400
        ("bowl", (22, 42, 78, 73), False),  # 1736 px are not
    ],
)
def test_in(name: str, a: Box, expected: bool) -> None:
    assert holds("in", thing("apple", a), thing(name, (20, 40, 80, 80))) is expected


def test_an_unknown_relation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown relation 'beneath'.*'above'"):
        holds("beneath", thing("cup", A), thing("cup", A))


def test_opposites_are_mutual_and_known() -> None:
    assert all(OPPOSITE[OPPOSITE[one]] == one and one in RELATIONS for one in OPPOSITE)


def test_no_words_stand_for_two_relations() -> None:
    words = [phrase for phrases in RELATIONS.values() for phrase in phrases]

    assert len(words) == len(set(words))
