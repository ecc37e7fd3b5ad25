"""Each kind of expression against scenes whose answers are plain to see.

`every` draws a kind many times; a test states what may come out, and where a scene has no case
that nothing does.
"""

import numpy as np
import pytest
from drawn import Box, every, scene, thing

from textseg_core.expressions.names import PERSON_WORDS
from textseg_core.expressions.phrases import LARGE, PLACES, SMALL
from textseg_core.expressions.relations import RELATIONS
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Query, Scene

LEFT: Box = (10, 90, 30, 110)
MIDDLE: Box = (90, 90, 110, 110)
RIGHT: Box = (170, 90, 190, 110)
KINDS = ("category", "plural", "colour", "place", "size", "ordinal", "relation", "between")


def bare(expression: str) -> str:
    """The expression without its article."""
    for article in ("the ", "a "):
        expression = expression.removeprefix(article)
    return expression


def answers(queries: list[Query]) -> dict[str, set[tuple[int, ...]]]:
    """What each expression, less its article, was said to mean."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for query in queries:
        found.setdefault(bare(query.expression), set()).add(query.targets)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_scene_has_no_case(kind: str) -> None:
    assert every(scene(), kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_crowd_alone_has_no_case(kind: str) -> None:
    crowd = thing("cup", MIDDLE, countable=False, colors=("red",))

    assert every(scene(crowd), kind) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_expression_says_its_kind_and_singles_out_what_is_there(kind: str) -> None:
    rich = scene(
        *(thing("cup", (x, 90, x + 20, 110 + x // 4), colors=("red",)) for x in (10, 90, 170)),
        thing("bowl", (36, 90, 56, 110), colors=("blue",)),
        thing("plate", (116, 90, 136, 110), colors=("green",)),
    )

    queries = every(rich, kind)

    assert {query.kind for query in queries} == {kind}
    assert all(query.targets and max(query.targets) < 5 for query in queries)


def test_category_means_everything_of_that_name() -> None:
    drawn = scene(thing("cup", LEFT), thing("cup", RIGHT), thing("dog", MIDDLE))

    queries = every(drawn, "category")

    assert answers(queries) == {"cup": {(0, 1)}, "dog": {(2,)}}
    assert {query.several for query in queries if query.targets == (0, 1)} == {True}
    assert {query.several for query in queries if query.targets == (2,)} == {False}


def test_category_by_a_hypernym_means_all_that_it_covers() -> None:
    drawn = scene(
        thing("cat", LEFT, synonyms=("kitty",), hypernyms=("animal",)),
        thing("dog", RIGHT, hypernyms=("animal",)),
    )

    assert answers(every(drawn, "category")) == {
        **{"cat": {(0,)}, "kitty": {(0,)}, "dog": {(1,)}},
        "animal": {(0, 1)},
    }


def test_one_cup_beside_a_cut_off_one_may_be_several() -> None:
    queries = every(scene(thing("cup", LEFT), hidden=["cup"]), "category")

    assert {(query.targets, query.several) for query in queries} == {((0,), True)}


def test_a_lone_person_may_be_called_man_or_woman_but_two_may_not() -> None:
    lone = answers(every(scene(thing("person", LEFT)), "category", draws=400))
    two = answers(every(scene(thing("person", LEFT), thing("person", RIGHT)), "category"))

    assert set(lone) == {"person", *PERSON_WORDS}
    assert set(two) == {"person"}


def test_names_are_drawn_evenly_however_many_things_bear_them() -> None:
    cups = [thing("cup", (x, 0, x + 5, 5)) for x in range(0, 190, 10)]

    queries = every(scene(*cups, thing("dog", MIDDLE)), "category", draws=400)

    dogs = sum("dog" in query.expression for query in queries)
    assert 150 < dogs < 250


def test_plural_means_all_and_counts_them() -> None:
    two = scene(thing("cup", LEFT), thing("cup", RIGHT), thing("dog", MIDDLE))

    queries = every(two, "plural")

    assert {query.expression for query in queries} == {
        *("the cups", "all cups", "all the cups", "every one of the cups", "cups"),
        *("both cups", "the two cups"),
    }
    assert {query.targets for query in queries} == {(0, 1)}
    assert not any(query.several for query in queries)  # the words ask for more than one


def test_plural_of_three_is_not_both() -> None:
    three = scene(*(thing("knife", box) for box in (LEFT, MIDDLE, RIGHT)))

    said = {query.expression for query in every(three, "plural")}

    assert {"the three knives", "all three knives"} <= said
    assert not any("both" in words or "two" in words for words in said)


@pytest.mark.parametrize("kind", ["plural", "size", "ordinal"])
def test_things_whose_like_is_cut_off_are_not_counted_or_compared(kind: str) -> None:
    boxes = (LEFT, (80, 70, 120, 130), (150, 50, 195, 150))
    cups = [thing("cup", box) for box in boxes]

    assert every(scene(*cups), kind)
    assert every(scene(*cups, hidden=["cup"]), kind) == []


def test_colour_tells_two_mugs_apart() -> None:
    drawn = scene(
        thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=("blue", "white"))
    )

    found = answers(every(drawn, "colour", draws=800))

    nouns = ("mug", "object", "thing", "one", "item")
    assert {words: found[words] for words in ("red mug", "mug that is blue")} == {
        "red mug": {(0,)},
        "mug that is blue": {(1,)},
    }
    expected = {
        words: {(index,)}
        for index, colour in enumerate(("red", "blue"))
        for noun in nouns
        for words in (f"{colour} {noun}", f"{noun} that is {colour}")
    }
    assert found.items() <= expected.items()


def test_a_colour_of_two_mugs_means_both_and_says_several() -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=("red",)))

    queries = every(drawn, "colour")

    assert {(query.targets, query.several) for query in queries} == {((0, 1), True)}


def test_a_colour_that_another_mug_has_too_is_ambiguous() -> None:
    drawn = scene(
        thing("mug", LEFT, colors=("red", "blue")), thing("mug", RIGHT, colors=("blue", "red"))
    )

    assert every(drawn, "colour") == []


def test_a_mug_of_unknown_colour_leaves_every_colour_in_doubt() -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT))

    assert every(drawn, "colour") == []


def test_a_colour_of_anything_spans_all_objects() -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("ball", RIGHT, colors=("red",)))

    found = answers(every(drawn, "colour"))

    assert found["red mug"] == {(0,)}
    assert found["red ball"] == {(1,)}
    assert found["red thing"] == {(0, 1)}


@pytest.mark.parametrize(
    ("direction", "target"), [("left", 0), ("middle", 1), ("right", 2), ("top", 3), ("bottom", 4)]
)
def test_place_is_where_the_centre_lies(direction: str, target: int) -> None:
    top, bottom = (90, 10, 110, 30), (90, 170, 110, 190)
    drawn = scene(*(thing("cup", box) for box in (LEFT, MIDDLE, RIGHT, top, bottom)))
    after, before = PLACES[direction]
    said = {f"cup {words}" for words in after} | {f"{words} cup" for words in before}

    found = answers(every(drawn, "place", draws=1500))

    assert {words: found[words] for words in said} == {words: {(target,)} for words in said}


@pytest.mark.parametrize(("shift", "clear"), [(11, False), (13, True)])
def test_a_place_needs_six_hundredths_between_rivals(shift: int, clear: bool) -> None:
    # 12 of 200 px; both at one height, and neither in the middle
    drawn = scene(thing("cup", (10, 90, 30, 110)), thing("cup", (10 + shift, 90, 30 + shift, 110)))

    found = {query.targets for query in every(drawn, "place")}

    assert found == ({(0,), (1,)} if clear else set())


def test_the_middle_needs_one_that_is_clearly_nearest_to_it() -> None:
    # 0.1 and 0.2 of the width from the middle: 0.10 apart, less than 0.12
    near = scene(thing("cup", (110, 90, 130, 110)), thing("cup", (50, 90, 70, 110)))
    # 0.05 and 0.45
    clear = scene(thing("cup", (100, 90, 120, 110)), thing("cup", (0, 90, 20, 110)))
    middle = {*PLACES["middle"][0], *PLACES["middle"][1]}

    def said(drawn: Scene) -> set[tuple[int, ...]]:
        found = answers(every(drawn, "place", draws=400))
        words = {f"cup {m}" for m in middle} | {f"{m} cup" for m in middle}
        return set().union(*(found.get(w, set()) for w in words))

    assert said(near) == set()
    assert said(clear) == {(0,)}


def test_a_lone_cup_on_the_left_is_only_ever_on_the_left() -> None:
    # centre (60, 100): within the left 0.4 of the width, outside the middle 0.35 to 0.65
    found = answers(every(scene(thing("cup", (50, 90, 70, 110))), "place", draws=500))

    after, before = PLACES["left"]
    assert set(found) == {f"cup {words}" for words in after} | {f"{w} cup" for w in before}


@pytest.mark.parametrize(("height", "clear"), [(29, False), (31, True)])
def test_size_needs_half_as_much_again(height: int, clear: bool) -> None:
    # 400 px against 580 (1.45 times) or 620 (1.55 times)
    drawn = scene(thing("bowl", (0, 0, 20, 20)), thing("bowl", (100, 0, 120, height)))

    found = answers(every(drawn, "size"))

    expected = {f"{word} bowl": {(1,)} for word in LARGE} | {
        f"{word} bowl": {(0,)} for word in SMALL
    }
    assert found == (expected if clear else {})


def test_ordinal_counts_from_the_side_that_it_names() -> None:
    # in another order than from left to right
    drawn = scene(*(thing("cup", box) for box in (MIDDLE, LEFT, RIGHT)))

    assert answers(every(drawn, "ordinal")) == {
        "first cup from the left": {(1,)},
        "second cup from the left": {(0,)},
        "third cup from the left": {(2,)},
        "first cup from the right": {(2,)},
        "second cup from the right": {(0,)},
        "third cup from the right": {(1,)},
    }


@pytest.mark.parametrize(
    ("lefts", "any_case"),
    [
        ((0, 90), False),  # two are left and right
        ((0, 30, 60, 90, 120), True),
        ((0, 30, 60, 90, 120, 150), False),  # six are beyond the words
        ((0, 30, 37), False),  # 7 px are less than 0.04 of 200
        ((0, 30, 39), True),  # 9 px are not
    ],
)
def test_ordinal_needs_three_to_five_things_well_apart(
    lefts: tuple[int, ...], any_case: bool
) -> None:
    drawn = scene(*(thing("cup", (x, 90, x + 20, 110)) for x in lefts))

    assert bool(every(drawn, "ordinal")) is any_case


def related(queries: list[Query]) -> set[tuple[str, str, str, tuple[int, ...]]]:
    """(noun, relation, anchor, targets) of each expression."""
    found = set()
    for query in queries:
        cuts = [
            (key, *bare(query.expression).split(f" {words} the "))
            for key, phrases in RELATIONS.items()
            for words in phrases
            if f" {words} the " in query.expression
        ]
        key, noun, anchor = min(cuts, key=lambda cut: len(cut[1]))  # the longest words
        found.add((noun, key, anchor, query.targets))
    return found


MUG: Box = (20, 40, 40, 60)
BOWL: Box = (60, 40, 80, 60)  # 20 px right of the mug
FAR_MUG: Box = (172, 40, 192, 60)  # 92 px right of the bowl: beyond even a doubtful relation


def test_relation_singles_out_the_one_that_stands_in_it() -> None:
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), thing("mug", FAR_MUG))

    assert related(every(drawn, "relation")) == {
        ("mug", "left", "bowl", (0,)),
        ("bowl", "right", "mug", (1,)),
        ("bowl", "right", "mugs", (1,)),
    }


def test_relation_with_a_rival_not_clearly_out_of_it_is_not_written() -> None:
    # The second mug is left of the bowl and 2 px lower: no clear case, but a doubtful one.
    rival = thing("mug", (20, 62, 40, 82))
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), rival)

    assert related(every(drawn, "relation")) == {
        ("bowl", "right", "mug", (1,)),
        ("bowl", "right", "mugs", (1,)),
    }


def test_relation_by_a_hypernym_minds_all_that_it_covers() -> None:
    # Two animals left of the bowl: "the animal left of the bowl" would be either.
    drawn = scene(
        thing("cat", MUG, hypernyms=("animal",)),
        thing("dog", (20, 44, 40, 64), hypernyms=("animal",)),
        thing("bowl", BOWL),
    )

    nouns = {(noun, key) for noun, key, *_ in related(every(drawn, "relation", draws=400))}

    assert {("cat", "left"), ("dog", "left"), ("bowl", "right")} <= nouns
    assert ("animal", "left") not in nouns


def test_relation_to_something_cut_off_is_not_written() -> None:
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), hidden=["bowl"])

    assert every(drawn, "relation") == []


def test_between_names_the_two_ends_in_either_order() -> None:
    drawn = scene(thing("bowl", MUG), thing("cup", BOWL), thing("plate", (100, 40, 120, 60)))

    assert answers(every(drawn, "between")) == {
        "cup between the bowl and the plate": {(1,)},
        "cup between the plate and the bowl": {(1,)},
    }


@pytest.mark.parametrize(
    "more",
    [
        thing("cup", (80, 120, 100, 140)),  # its centre, 90, lies between 20 and 120
        thing("bowl", (150, 120, 170, 140)),  # which bowl?
    ],
    ids=["rival cup", "second bowl"],
)
def test_between_with_a_rival_or_an_unclear_end_is_not_written(more: object) -> None:
    ends = (thing("bowl", MUG), thing("cup", BOWL), thing("plate", (100, 40, 120, 60)))
    drawn = scene(*ends, more)  # type: ignore[arg-type]

    assert every(drawn, "between") == []


def test_between_minds_no_rival_elsewhere() -> None:
    ends = (thing("bowl", MUG), thing("cup", BOWL), thing("plate", (100, 40, 120, 60)))

    found = answers(every(scene(*ends, thing("cup", (150, 120, 170, 140))), "between"))

    assert set(map(tuple, found.values())) == {((1,),)}


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_writes_the_same_words(kind: str) -> None:
    drawn = scene(*(thing("cup", box, colors=("red",)) for box in (LEFT, MIDDLE, RIGHT)))

    def words(seed: int) -> list[Query | None]:
        writer = ExpressionWriter(drawn, np.random.default_rng(seed))
        return [getattr(writer, kind)() for _ in range(20)]

    assert words(1) == words(1)
