"""Words that leave a noun out, or could be something else, are read as people mean them."""

import pytest

from textseg_core.reasoner.coverage import outline
from textseg_core.reasoner.parse import parse_expression


def read(text: str) -> str:
    return outline(parse_expression(text).target)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug over there", "mug"),
        ("the mug over here next to the bowl", "mug next(bowl)"),
        ("the mug by the bowl over there", "mug next(bowl)"),
        ("the mug over there on the left", "mug @left"),
        ("the lamp over the table", "lamp above(table)"),
    ],
)
def test_over_there_says_nothing_of_height(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the glass standing in front of the box", "glass front(box)"),
        ("the orange lying just left of the box", "orange left(box)"),
        ("the glass standing on the left", "glass @left"),
        ("the big paper lying, next to the box", "paper[large] next(box)"),
        ("the glass bottle standing in the bowl", "bottle[glass] in(bowl)"),
        ("the metal standing lamp", "standing lamp[metal]"),
    ],
)
def test_a_material_that_no_noun_follows_is_the_noun(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug left of the other two", "mug left(mug[2 other])"),
        ("the mug between the other two", "mug between(mug[2 other])"),
        ("the mug between two others", "mug between(mug[2])"),
        ("the mug behind the other", "mug behind(mug[other])"),
        ("the mug in front of the others", "mug front(mug[several])"),
        ("the mug between the two", "mug between(mug[2])"),
        ("the mug next to the other three bowls", "mug next(bowl[3 other])"),
        ("player 12", "player 12"),
    ],
)
def test_others_without_a_noun_are_of_the_same_kind(text: str, expected: str) -> None:
    assert read(text) == expected
