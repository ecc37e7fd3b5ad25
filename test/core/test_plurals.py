"""Plurals, counts and exclusions against scenes whose answers are plain to see."""

from drawn import Box, every, meanings, scene, stands, thing

LEFT: Box = (10, 90, 30, 110)
MIDDLE: Box = (90, 90, 110, 110)
RIGHT: Box = (170, 90, 190, 110)


def test_plural_means_all_and_counts_them() -> None:
    two = scene(thing("cup", LEFT), thing("cup", RIGHT), thing("dog", MIDDLE))

    queries = every(two, "plural", draws=400)

    assert {query.expression for query in queries} == {
        *("the cups", "all cups", "all the cups", "all of the cups", "every one of the cups"),
        *("cups", "both cups", "both of the cups", "both the cups", "the two cups", "two cups"),
    }
    assert {query.targets for query in queries} == {(0, 1)}
    assert not any(query.several for query in queries)  # the words ask for more than one


def test_plural_of_three_is_not_both() -> None:
    three = scene(*(thing("knife", box) for box in (LEFT, MIDDLE, RIGHT)))

    said = {query.expression for query in every(three, "plural", draws=400)}

    assert {"the three knives", "all three knives"} <= said
    assert not any("both" in words or "two" in words for words in said)


def test_plural_minds_colour_place_and_what_carries_them() -> None:
    drawn = scene(
        stands("tray", -0.4, 0.0, side=0.3, height=0.02),
        stands("mug", -0.48, 0.0, z=0.02, support=0, colors=("red",)),
        stands("mug", -0.32, 0.0, z=0.02, support=0, colors=("blue",)),
        stands("mug", 0.4, 0.0, colors=("red",)),
    )

    found = meanings(every(drawn, "plural", draws=1500))

    assert found["both red mugs"] == {(1, 3)}
    assert found["mugs on the tray"] == {(1, 2)}
    assert found["mugs on the left"] == {(1, 2)}
    assert found["three mugs"] == {(1, 2, 3)}


def test_nouns_of_one_form_have_no_plural() -> None:
    drawn = scene(thing("scissors", LEFT), thing("scissors", RIGHT))

    assert every(drawn, "plural") == []


def test_exclusion_of_a_colour_means_the_rest() -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=("blue",)))

    found = meanings(every(drawn, "exclusion", draws=800))

    assert found["mug that is not red"] == {(1,)}
    assert found["mug not blue"] == {(0,)}
    assert found["not the red one, the other mug"] == {(1,)}
    assert found["other mug, not the blue one"] == {(0,)}
    assert all(
        ("red" in words.split()) == (targets == {(1,)})
        for words, targets in found.items()
        if "one" in words
    )


def test_exclusion_of_one_of_three_means_two() -> None:
    boxes = ((LEFT, "red"), (MIDDLE, "blue"), (RIGHT, "green"))
    drawn = scene(*(thing("mug", box, colors=(color,)) for box, color in boxes))

    found = meanings(every(drawn, "exclusion", draws=800))

    assert found["all mugs except the red one"] == {(1, 2)}
    assert found["every mug but the blue one"] == {(0, 2)}


def test_a_mug_of_unknown_or_near_colour_leaves_exclusions_in_doubt() -> None:
    for second in ((), ("orange",), ("blue", "red")):
        drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=second))

        assert not any("not red" in words for words in meanings(every(drawn, "exclusion")))


def test_exclusion_of_a_support_or_place() -> None:
    drawn = scene(
        stands("plate", -0.4, 0.0, side=0.3, height=0.02),
        stands("can", -0.4, 0.0, z=0.02, support=0),
        stands("can", 0.4, 0.0),
    )

    queries = every(drawn, "exclusion", draws=1500)

    found = meanings(queries)
    assert found["can that is not on the plate"] == {(2,)}
    assert found["can not on the left"] == {(2,)}
    on = next(query for query in queries if "not on the plate" in query.expression)
    assert on.compositions == (("on", "can"),)
