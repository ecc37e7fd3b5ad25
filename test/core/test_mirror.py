import pytest

from textseg_core.expressions.mirror import mirror_words
from textseg_core.expressions.phrases import CORNERS, ENDS, PLACES, SUPERLATIVES, ZONES
from textseg_core.expressions.relations import RELATIONS


@pytest.mark.parametrize(
    ("expression", "mirrored"),
    [
        ("the left mug", "the right mug"),
        ("leftmost can", "rightmost can"),
        ("Mug on the RIGHT", "Mug on the LEFT"),
        ("Left one", "Right one"),
        ("left-hand bowl", "right-hand bowl"),
        ("lefthand bowl", "righthand bowl"),
        ("man on far rt", "man on far lft"),
        ("bottom left corner", "bottom right corner"),
        (
            "the mug to the left of the box on the right",
            "the mug to the right of the box on the left",
        ),
        ("second from left", "second from right"),
        ("the right hand side", "the left hand side"),
        ("right behind the cup", "right behind the cup"),
        ("the mug right next to the box", "the mug right next to the box"),
        ("the mug on the right next to the box", "the mug on the left next to the box"),
        ("the food left over", "the food left over"),
        ("copyright sign, bright leftovers", "copyright sign, bright leftovers"),
        ("the red mug", "the red mug"),
        ("", ""),
        ("左 left 右", "左 right 右"),
    ],
)
def test_left_and_right_change_places(expression: str, mirrored: str) -> None:
    assert mirror_words(expression) == mirrored


def test_swapping_twice_gives_every_template_back() -> None:
    tables = [*RELATIONS.values(), *ZONES.values(), *CORNERS.values(), *ENDS.values()]
    tables += [*SUPERLATIVES.values(), *(words for pair in PLACES.values() for words in pair)]
    for phrase in (phrase for table in tables for phrase in table):
        for text in (f"the mug {phrase} the box", f"{phrase} mug", f"mug {phrase}"):
            assert mirror_words(mirror_words(text)) == text


def test_every_template_of_one_side_becomes_one_of_the_other() -> None:
    for one, other in (("left", "right"), ("right", "left")):
        assert {mirror_words(words) for words in RELATIONS[one]} == set(RELATIONS[other])
        assert {mirror_words(words) for words in ZONES[one]} == set(ZONES[other])
        assert {mirror_words(words) for words in ENDS[one]} == set(ENDS[other])
        for k in (0, 1):
            assert {mirror_words(words) for words in PLACES[one][k]} == set(PLACES[other][k])
