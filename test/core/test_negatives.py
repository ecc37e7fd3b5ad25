import pytest
from drawn import Box, every, scene, thing

from textseg_core.expressions.negatives import NEAR_COLORS
from textseg_core.expressions.relations import RELATIONS
from textseg_core.training.vocabulary import COLORS

LEFT: Box = (20, 40, 40, 60)
RIGHT: Box = (60, 40, 80, 60)


def test_what_is_said_to_be_absent_means_nothing() -> None:
    queries = every(scene(thing("cup", LEFT, colors=("red",)), closed=["dog", "cup"]), "absent")

    assert queries
    assert {(query.targets, query.kind, query.several) for query in queries} == {
        ((), "absent", False)
    }


def test_only_closed_names_neither_there_nor_cut_off_nor_confusable_are_absent() -> None:
    drawn = scene(
        thing("cup", LEFT, hypernyms=("container",)),
        closed=["cup", "container", "bowl", "car", "dog"],
        hidden=["car"],
    )

    said = {query.expression for query in every(drawn, "absent", draws=600)}

    assert "the dog" in said
    for noun in ("the cup", "bowl", "car", "container"):
        # The cup may be what the dog is said to stand beside, but nothing else is named.
        assert not any(words.removeprefix("the ").startswith(noun) for words in said)
    assert not any(noun in words for words in said for noun in ("bowl", "car", "container"))
    assert all("dog" in words for words in said)


def test_an_open_scene_without_colours_or_relations_has_no_absent_case() -> None:
    assert every(scene(thing("cup", LEFT)), "absent") == []
    assert every(scene(), "absent") == []


def test_an_empty_picture_lacks_every_closed_name() -> None:
    said = " ".join(query.expression for query in every(scene(closed=["dog", "car"]), "absent"))

    assert "dog" in said
    assert "car" in said


def test_an_absent_colour_is_not_near_a_colour_that_is_there() -> None:
    queries = every(scene(thing("mug", LEFT, colors=("red", "white"))), "absent", draws=600)

    said = {query.expression.removeprefix("the ").removeprefix("a ") for query in queries}

    # not red and white, nor orange, pink, brown (near red), beige, silver, gray (near white)
    assert said == {f"{c} mug" for c in ("purple", "yellow", "black", "blue", "green")}


@pytest.mark.parametrize("second", [(), ("blue",)], ids=["unknown", "blue"])
def test_an_absent_colour_minds_all_things_of_that_name(second: tuple[str, ...]) -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=second))

    said = {query.expression.split()[-2] for query in every(drawn, "absent", draws=600)}

    assert said == ({"yellow", "green", "silver", "gray", "beige", "white"} if second else set())


def test_colours_are_near_one_another_mutually_and_known() -> None:
    pairs = {(a, b) for a, near in NEAR_COLORS.items() for b in near}

    assert pairs == {(b, a) for a, b in pairs}
    assert set(NEAR_COLORS) == set(COLORS)


def test_a_relation_turned_round_is_absent() -> None:
    drawn = scene(thing("mug", LEFT), thing("bowl", RIGHT))

    said = {
        query.expression.removeprefix("the ").removeprefix("a ")
        for query in every(drawn, "absent")
    }

    assert said == {f"mug {words} the bowl" for words in RELATIONS["right"]} | {
        f"bowl {words} the mug" for words in RELATIONS["left"]
    }


def test_a_relation_is_not_turned_round_where_that_is_true_of_another_thing() -> None:
    # One mug on each side of the bowl: both "left of" and "right of" mean something.
    drawn = scene(
        thing("mug", LEFT),
        thing("bowl", RIGHT),
        thing("mug", (100, 40, 120, 60)),
    )

    assert every(drawn, "absent", draws=400) == []


def test_a_relation_by_a_general_noun_is_not_turned_round_onto_another_thing_it_covers() -> None:
    # "the animal to the right of the bowl" is the dog.
    drawn = scene(
        thing("cat", LEFT, synonyms=("pet",), hypernyms=("animal",)),
        thing("bowl", RIGHT),
        thing("dog", (100, 40, 120, 60), synonyms=("pet",), hypernyms=("animal",)),
    )

    said = {query.expression for query in every(drawn, "absent", draws=600)}

    assert any("cat" in words for words in said)
    assert not any(noun in words for words in said for noun in ("animal", "pet"))


def test_a_relation_is_not_turned_round_onto_an_anchor_of_another_first_name() -> None:
    # "the cat to the right of the cup" holds for the mug, which is a cup as well.
    drawn = scene(
        thing("mug", (0, 40, 20, 60), synonyms=("cup",)),
        thing("cat", (40, 40, 60, 60)),
        thing("cup", (80, 40, 100, 60)),
    )

    said = {query.expression for query in every(drawn, "absent", draws=600)}

    right = {f"cat {words} the {noun}" for words in RELATIONS["right"] for noun in ("cup", "cups")}
    assert not right & {words.removeprefix("the ").removeprefix("a ") for words in said}
