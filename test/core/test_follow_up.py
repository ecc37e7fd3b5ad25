import pytest

from textseg_core.dialogue.follow_up import Act, FollowUp, Trait, read_follow_up


def side(value: str) -> Trait:
    return Trait("side", value)


def ordinal(number: int, value: str = "") -> Trait:
    return Trait("ordinal", value, number)


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("the left one", [side("left")]),
        ("Left!", [side("left")]),
        ("the left one please", [side("left")]),
        ("no, the left one", [side("left")]),
        ("no no the left one", [side("left")]),
        ("right, the left one", [side("left")]),
        ("I mean the left one", [side("left")]),
        ("it's the left one", [side("left")]),
        ("pick up the left one", [side("left")]),
        ("the left mug", [side("left")]),
        ("the mug on the left", [side("left")]),
        ("the one on the far right", [side("right")]),
        ("the leftmost", [side("left")]),
        ("the upper one", [side("top")]),
        ("the one in the middle", [side("middle")]),
        ("bottom-right", [side("bottom"), side("right")]),
        ("top left", [side("top"), side("left")]),
        ("the red one", [Trait("color", "red")]),
        ("the grey", [Trait("color", "gray")]),
        ("the red one on the left", [Trait("color", "red"), side("left")]),
        ("the larger one", [Trait("size", "large")]),
        ("hand me the tiny one", [Trait("size", "small")]),
        ("the tallest", [Trait("size", "tall")]),
        ("the one closest to you", [Trait("depth", "near")]),
        ("the close one", [Trait("depth", "near")]),
        ("the far one", [Trait("depth", "far")]),
        ("the far left one", [side("left")]),
        ("the one at the back", [Trait("depth", "far")]),
        ("the second from the right", [ordinal(2, "right")]),
        ("second one from the left", [ordinal(2, "left")]),
        ("the third on the left", [ordinal(3, "left")]),
        ("2nd from the top", [ordinal(2, "top")]),
        ("the second largest", [ordinal(2, "large")]),
        ("the third nearest one", [ordinal(3, "near")]),
        ("the first", [ordinal(1)]),
        ("the last one", [ordinal(-1)]),
        ("number two", [ordinal(2)]),
        ("3", [ordinal(3)]),
        ("the left one, not the right one", [side("left")]),
        ("not the left one, the right one", [side("right")]),
    ],
)
def test_what_the_one_is_like_is_read(text: str, traits: list[Trait]) -> None:
    assert read_follow_up(text, "the mug") == FollowUp(Act.CHOOSE, tuple(traits))


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("not the left one", side("left")),
        ("no, not the left one", side("left")),
        ("anything but the red one", Trait("color", "red")),
        ("the one that is not red", Trait("color", "red")),
        ("don't take the left one", side("left")),
    ],
)
def test_what_the_one_is_not_like_is_read(text: str, trait: Trait) -> None:
    assert read_follow_up(text, "the mug") == FollowUp(Act.CHOOSE, (trait,), is_negated=True)


@pytest.mark.parametrize(
    ("act", "texts"),
    [
        (Act.CANCEL, ["none", "None of them.", "cancel", "never mind", "no", "no thanks", "stop"]),
        (Act.ANY, ["any", "either one", "whichever", "doesn't matter", "you choose"]),
        (Act.ALL, ["both", "all of them", "both, please"]),
        (Act.OTHER, ["the other one", "another one", "no, the other mug"]),
        (Act.NOT_THAT, ["not that one", "no, not that one", "not this", "wrong one", "wrong"]),
        (Act.UNCLEAR, ["yes", "ok", "that one", "it", "the one over there", "not the dirty one"]),
    ],
)
def test_answers_that_name_no_trait_are_read(act: Act, texts: list[str]) -> None:
    assert {text: read_follow_up(text, "the mug").act for text in texts} == dict.fromkeys(
        texts, act
    )


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("the one next to the bowl", "the red mug next to the bowl"),
        ("the one with the handle", "the red mug with the handle"),
        ("put the left one in the box", "put the left red mug in the box"),
    ],
)
def test_what_geometry_does_not_know_becomes_a_query_with_the_noun(text: str, asked: str) -> None:
    assert read_follow_up(text, "the red mug") == FollowUp(Act.REWORD, text=asked)


@pytest.mark.parametrize(
    "text",
    ["the blue bowl", "the jar on the left", "the mug", "the mug next to the bowl",
     "put the mug in the box", "go home", ""],
)  # fmt: skip
def test_other_requests_are_no_answers(text: str) -> None:
    assert read_follow_up(text, "the mug") == FollowUp(Act.NONE)


def test_a_noun_that_is_also_a_colour_is_the_noun() -> None:
    assert read_follow_up("the orange on the left", "the orange").traits == (side("left"),)
    assert read_follow_up("the orange one", "the mug").traits == (Trait("color", "orange"),)


def test_the_noun_may_be_repeated_in_the_singular() -> None:
    assert read_follow_up("the left mug", "one of the mugs").traits == (side("left"),)
