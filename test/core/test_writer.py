"""What all kinds of expressions share: nouns, and phrases with everything that they fit."""

import numpy as np
import pytest
from drawn import Box, every, scene, thing

from textseg_core.expressions.draw_queries import KINDS
from textseg_core.expressions.names import PERSON_WORDS
from textseg_core.expressions.phrases import THINGS
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Scene

LEFT: Box = (10, 90, 30, 110)
MIDDLE: Box = (90, 90, 110, 110)
RIGHT: Box = (170, 90, 190, 110)


def writer_of(what: Scene, *, plain: bool = False) -> ExpressionWriter:
    return ExpressionWriter(what, np.random.default_rng(0), plain=plain)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_scene_has_no_case(kind: str) -> None:
    assert every(scene(), kind) == []


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ambiguous"}))
def test_a_crowd_alone_has_no_case(kind: str) -> None:
    crowd = thing("cup", MIDDLE, countable=False, colors=("red",))

    assert every(scene(crowd), kind) == []


def test_a_group_has_everything_that_its_noun_fits() -> None:
    cat = thing("cat", LEFT, hypernyms=("animal",))
    dog = thing("dog", RIGHT, hypernyms=("animal",))
    writer = writer_of(scene(cat, dog, thing("mug", MIDDLE)))

    found = {noun: writer.group(0, noun=noun) for noun in ("cat", "animal", "thing")}

    assert {noun: group and group.members for noun, group in found.items()} == {
        "cat": (0,),
        "animal": (0, 1),
        "thing": None,  # nobody knows what else the photograph shows
    }


def test_of_things_whose_colours_are_known_any_may_be_called_thing() -> None:
    mugs = [thing("mug", box, colors=("red",)) for box in (LEFT, RIGHT)]

    group = writer_of(scene(*mugs)).group(0, noun="thing", colored=0.0)
    beside_hidden = writer_of(scene(*mugs, hidden=["can"])).group(0, noun="thing")

    assert group is not None
    assert group.members == (0, 1)
    assert beside_hidden is None


@pytest.mark.parametrize("noun", ["cup", "container"])
def test_a_noun_whose_like_is_cut_off_or_uncounted_has_no_group(noun: str) -> None:
    cup = thing("cup", LEFT, hypernyms=("container",))
    crowd = thing("cup", RIGHT, countable=False, hypernyms=("container",))

    assert writer_of(scene(cup)).group(0, noun=noun) is not None
    assert writer_of(scene(cup, hidden=[noun])).group(0, noun=noun) is None
    assert writer_of(scene(cup, crowd)).group(0, noun=noun) is None


def test_a_coloured_group_leaves_out_what_is_not_of_that_colour() -> None:
    red, blue = (thing("mug", box, colors=(c,)) for box, c in ((LEFT, "red"), (RIGHT, "blue")))

    group = writer_of(scene(red, blue)).group(0, noun="mug", colored=1.0)

    assert group is not None
    assert (group.words, group.many, group.members) == ("red mug", "red mugs", (0,))
    assert group.pairs == (("red", "mug"),)


@pytest.mark.parametrize("second", [(), ("orange",), ("blue", "red")])
def test_a_colour_in_doubt_gives_no_group(second: tuple[str, ...]) -> None:
    mugs = thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=second)

    assert writer_of(scene(*mugs)).group(0, noun="mug", colored=1.0) is None


def test_a_lone_person_may_be_called_man_or_woman_but_two_may_not() -> None:
    def nouns(*people: Box) -> set[str]:
        writer = writer_of(scene(*(thing("person", box) for box in people)))
        return {writer.noun_of(0) for _ in range(400)}

    assert nouns(LEFT) == {"person", *PERSON_WORDS}
    assert nouns(LEFT, RIGHT) == {"person"}


def test_synonyms_hypernyms_and_things_are_drawn_beside_the_usual_name() -> None:
    mug = thing("mug", LEFT, synonyms=("cup",), hypernyms=("container",), colors=("red",))
    writer = writer_of(scene(mug))

    nouns = [writer.noun_of(0) for _ in range(400)]

    assert set(nouns) == {"mug", "cup", "container", *THINGS}
    assert nouns.count("mug") > 200


def test_names_are_drawn_evenly_however_many_things_bear_them() -> None:
    cups = [thing("cup", (x, 0, x + 5, 5)) for x in range(0, 190, 10)]
    writer = writer_of(scene(*cups, thing("dog", MIDDLE)))

    dogs = sum(writer.draw() == 19 for _ in range(400))

    assert 150 < dogs < 250


def test_articles_suit_the_noun() -> None:
    writer = writer_of(scene(thing("apple", LEFT)))

    def said(words: str) -> set[str]:
        return {writer.phrase(words, indefinite=True) for _ in range(200)}

    assert said("apple") == {"the apple", "apple", "an apple"}
    assert said("mug") == {"the mug", "mug", "a mug"}
    assert said("scissors") == {"the scissors", "scissors"}
    assert said("red one") == {"the red one", "red one"}


def test_a_plain_writer_says_everything_in_the_first_way() -> None:
    writer = writer_of(scene(thing("apple", LEFT, synonyms=("fruit",))), plain=True)

    assert {writer.phrase("apple", indefinite=True) for _ in range(50)} == {"the apple"}
    assert {writer.noun_of(0) for _ in range(50)} == {"apple"}
    assert {writer.words(("a", "b")) for _ in range(50)} == {"a"}


def test_things_that_are_many_by_form_take_no_singular_verb() -> None:
    writer = writer_of(scene(thing("scissors", LEFT)))

    assert {writer.linked("on the left", "scissors") for _ in range(100)} == {"on the left"}
    assert "that is on the left" in {writer.linked("on the left", "mug") for _ in range(200)}
    assert {writer.linked("far left", "mug") for _ in range(100)} == {"far left"}


@pytest.mark.parametrize(
    ("want", "chosen", "kind"),
    [
        ("one", (1,), "colour"),
        ("one", (0, 1), None),
        ("one", (), None),
        ("several", (0, 1), "ambiguous"),
        ("several", (1,), None),
        ("none", (), "absent"),
        ("none", (1,), None),
        ("one", None, None),
    ],
)
def test_a_query_fits_as_many_things_as_wanted(
    want: str, chosen: tuple[int, ...] | None, kind: str | None
) -> None:
    writer = writer_of(scene(thing("mug", LEFT), thing("mug", RIGHT)))
    pairs = (("red", "mug"), ("red", "mug"))

    query = writer.query(want, "colour", "red mug", chosen, pairs)  # type: ignore[arg-type]

    assert (query and query.kind) == kind
    if query is not None:
        assert query.several is (want == "several")
        assert query.compositions == (("red", "mug"),)
