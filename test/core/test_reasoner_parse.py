"""Expressions become targets, attributes, places, ranks, relations and exclusions."""

import random

import pytest

from textseg_core.reasoner.coverage import measure, outline
from textseg_core.reasoner.grammar import Description, Link, Place, Rank
from textseg_core.reasoner.parse import parse_expression


def read(text: str) -> str:
    return outline(parse_expression(text).target)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug", "mug"),
        ("a small red wooden bowl", "bowl[small red wooden]"),
        ("the mug that is red", "mug[red]"),
        ("the tray made out of metal", "tray[metal]"),
        ("the orange", "orange"),
        ("orange orange", "orange[orange]"),
        ("the orange one", "thing[orange]"),
        ("toilet paper", "toilet paper"),
        ("paper roll", "roll[paper]"),
        ("the bag of chips", "bag of chips"),
        ("dark green bottle", "bottle[green dark]"),
        ("black and white cat", "cat[black white]"),
    ],
)
def test_nouns_and_attributes(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left mug", "mug @left"),
        ("mug left", "mug @left"),
        ("the left hand bowl", "bowl @left"),
        ("bowl on the right side of the picture", "bowl @right"),
        ("plate in the upper left corner", "plate @top-left"),
        ("the leftmost can", "can @left!"),
        ("can on the far right", "can @right!"),
        ("bottom most jar", "jar @bottom!"),
        ("the mug closest to us", "mug @near!"),
        ("the closest mug", "mug @near!"),
        ("the near mug", "mug @near"),
        ("jar furthest from the camera", "jar @far!"),
        ("cup in the background", "cup @far"),
        ("cup in middle", "cup @middle"),
        ("top-left jar", "jar @top-left"),
        ("plate botom right", "plate @bottom-right"),
        ("black bag to the left", "bag[black] @left"),
    ],
)
def test_places(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("second mug from the left", "mug #2 from left"),
        ("2nd jar from right", "jar #2 from right"),
        ("jar third from the left", "jar #3 from left"),
        ("the mug that is second from the right", "mug #2 from right"),
        ("4th cup counting from the left", "cup #4 from left"),
        ("the third can from the front", "can #3 from near"),
        ("the last mug", "mug #-1 from ?"),
        ("the largest bowl", "bowl[largest]"),
        ("the tallest bottle on the left", "bottle[tallest] @left"),
    ],
)
def test_ranks_and_superlatives(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mug left of the blue box", "mug left(box[blue])"),
        ("the mug to the right of a bowl", "mug right(bowl)"),
        ("the mug right of the bowl", "mug right(bowl)"),
        ("the mug just right of the bowl", "mug right(bowl)"),
        ("cloud above the tower", "cloud above(tower)"),
        ("yellow thing next to kettle", "thing[yellow] next(kettle)"),
        ("can which is behind the plate", "can behind(plate)"),
        ("cup standing in front of the jar", "cup front(jar)"),
        ("the apple inside of the bowl", "apple in(bowl)"),
        ("egg sitting on top of the box", "egg on(box)"),
        ("the plate under the mug", "plate below(mug)"),
        ("the cup between the bowl and the plate", "cup between(bowl, plate)"),
        ("fork in the middle of the two spoons", "fork between(spoon[2])"),
        ("the mug nearest to the box", "mug nearest(box)"),
        ("egg furthest away from the pan", "egg farthest(pan)"),
        ("mug near the door", "mug next(door)"),
        ("right next to the kettle", "thing next(kettle)"),
        ("the mug left of the apples", "mug left(apple[several])"),
    ],
)
def test_relations(text: str, expected: str) -> None:
    assert read(text) == expected


def test_a_chain_nests_and_a_joint_relation_does_not() -> None:
    assert read("the mug left of the bowl behind the box") == "mug left(bowl behind(box))"
    assert read("the egg by the cup and on the dish") == "egg next(cup) on(dish)"
    assert read("the jar left of the bowl, behind the box") == "jar left(bowl) behind(box)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("both cans", "can[2]"),
        ("the three mugs", "mug[3]"),
        ("all the red tomatoes", "tomato[several red]"),
        ("all of the dishes", "dish[several]"),
        ("two cups on the tray", "cup[2] on(tray)"),
        ("a pair of scissors", "scissors"),
        ("all three pairs of scissors", "pair of scissors[3]"),
        ("the mug and the bowl", "mug and(bowl)"),
    ],
)
def test_several_things(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug that is not red", "mug not(thing[red])"),
        ("can not on the plate", "can not(thing on(plate))"),
        ("all the mugs that aren't on the left side", "mug[several] not(thing @left)"),
        ("all mugs except the red one", "mug[several] not(thing[red])"),
        ("the mug other than the red one", "mug not(thing[red])"),
        ("every ball but the green one", "ball[several] not(thing[green])"),
        ("not the red one, the other mug", "mug[other] not(thing[red])"),
        ("the other mug, not the red one", "mug[other] not(thing[red])"),
    ],
)
def test_exclusions(text: str, expected: str) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("boy in blue on the left", "boy @left with(thing[blue])"),
        ("boy in a blue shirt, left", "boy @left with(shirt[blue])"),
        ("woman holding umbrella", "woman with(umbrella)"),
        ("left side of the boat", "thing @left of(boat)"),
        ("top of boat", "thing @top of(boat)"),
        ("umm the boat pls", "umm boat"),
    ],
)
def test_telegraphic_speech(text: str, expected: str) -> None:
    assert read(text).removeprefix("umm ") == expected.removeprefix("umm ")


def test_the_parts_have_their_types() -> None:
    target = parse_expression("the second red mug from the left next to the plates").target

    assert target == Description(
        noun="mug",
        colors=("red",),
        rank=Rank(2, "left"),
        links=(Link("next", (Description(noun="plate", plural=True),)),),
    )
    assert parse_expression("far left mug").target.places == (Place(("left",), most=True),)


def test_every_word_has_a_role() -> None:
    parsed = parse_expression("the red mug left of zzz qqq")

    assert [word for word, _ in parsed.roles] == ["the", "red", "mug", "left", "of", "zzz", "qqq"]
    assert dict(parsed.roles)["left"] == "relation"


@pytest.mark.parametrize("text", ["", " ", "!!!", ",,,", "the", "of of of", "not", "and", "🙂"])
def test_nothing_raises_on_what_is_no_expression(text: str) -> None:
    parse_expression(text)


def test_no_mixture_of_its_words_raises_or_loses_a_word() -> None:
    words = """the left of in front on top second 2nd from mug bowl not except and between to us
    nearest all both red orange most far hand side corner picture that is , . glass paper one with
    wearing made out 's near last middle""".split()  # noqa: SIM905
    rng = random.Random(3)
    for _ in range(3000):
        text = " ".join(rng.choices(words, k=rng.randrange(1, 12)))
        parsed = parse_expression(text)
        assert len(parsed.unread) == sum(role == "unread" for _, role in parsed.roles)


def test_a_very_long_text_is_read_in_time() -> None:
    parse_expression("mug left of the " * 5000)


def test_coverage_counts_phrases_and_words_of_place() -> None:
    found = measure(["mug", "left mug", "tank top", "mug next to the bowl on the left"])

    assert (found.phrases, found.placed) == (4, 3)
    assert found.understood == 2 + ("top" not in found.missed)
    assert not found.unread
