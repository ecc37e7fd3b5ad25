"""Names, colours, materials and sizes against scenes whose answers are plain to see."""

import pytest
from drawn import Box, every, meanings, scene, stands, thing

from textseg_core.expressions.phrases import LARGE, SMALL, SUPERLATIVES

LEFT: Box = (10, 90, 30, 110)
MIDDLE: Box = (90, 90, 110, 110)
RIGHT: Box = (170, 90, 190, 110)


def test_category_and_synonym_name_what_they_alone_fit() -> None:
    drawn = scene(
        thing("cat", LEFT, synonyms=("kitty",), hypernyms=("animal",)),
        thing("dog", RIGHT, hypernyms=("animal",)),
        thing("cup", MIDDLE),
        thing("cup", (90, 20, 110, 40)),
    )

    assert meanings(every(drawn, "category")) == {"cat": {(0,)}, "dog": {(1,)}}
    assert meanings(every(drawn, "synonym")) == {"kitty": {(0,)}}


def test_what_fits_several_is_ambiguous() -> None:
    drawn = scene(thing("cup", LEFT), thing("cup", RIGHT), thing("dog", MIDDLE))

    queries = every(drawn, "ambiguous")

    assert meanings(queries) == {"cup": {(0, 1)}}
    assert {(query.kind, query.several) for query in queries} == {("ambiguous", True)}


def test_a_crowd_beside_one_that_is_told_apart_is_several() -> None:
    drawn = scene(thing("person", LEFT), thing("person", RIGHT, countable=False))

    assert (0, 1) in {query.targets for query in every(drawn, "ambiguous")}
    assert every(drawn, "category") == []


def test_one_cup_beside_a_cut_off_one_is_not_asked_for() -> None:
    drawn = scene(thing("cup", LEFT), hidden=["cup"])

    assert every(drawn, "category") == []
    assert every(drawn, "ambiguous") == []


def test_colour_tells_two_mugs_apart() -> None:
    drawn = scene(
        thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=("blue", "white"))
    )

    found = meanings(every(drawn, "colour", draws=600))

    assert {words: found[words] for words in ("red mug", "mug colored blue", "blue one")} == {
        "red mug": {(0,)},
        "mug colored blue": {(1,)},
        "blue one": {(1,)},
    }
    assert all(
        targets == {(0 if "red" in words.split() else 1,)} for words, targets in found.items()
    )


@pytest.mark.parametrize("second", [("red",), ("blue", "red"), ("orange",), ()])
def test_a_colour_that_another_mug_may_have_too_is_not_written(second: tuple[str, ...]) -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=second))

    assert not any("red" in words.split() for words in meanings(every(drawn, "colour", draws=300)))


def test_a_colour_of_two_mugs_is_ambiguous() -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=("red",)))

    assert meanings(every(drawn, "ambiguous", draws=400))["red mug"] == {(0, 1)}


def test_material_is_said_as_an_adjective_or_after_the_noun() -> None:
    drawn = scene(thing("bowl", LEFT, material="wood"), thing("bowl", RIGHT, material="metal"))

    found = meanings(every(drawn, "material", draws=600))

    wood = ("wooden bowl", "wood bowl", "bowl made of wood", "bowl made out of wood")
    metal = ("metal bowl", "metallic bowl", "bowl made of metal", "bowl made out of metal")
    assert found == {**{words: {(0,)} for words in wood}, **{words: {(1,)} for words in metal}}


@pytest.mark.parametrize(("first", "second"), [("glass", "plastic"), ("wood", ""), ("food", "")])
def test_material_in_doubt_or_unspoken_is_not_written(first: str, second: str) -> None:
    drawn = scene(thing("bowl", LEFT, material=first), thing("bowl", RIGHT, material=second))

    assert every(drawn, "material") == []


@pytest.mark.parametrize(("height", "clear"), [(29, False), (31, True)])
def test_size_in_a_photograph_needs_half_as_much_area_again(height: int, clear: bool) -> None:
    # 400 px against 580 (1.45 times) or 620 (1.55 times)
    drawn = scene(thing("bowl", (0, 0, 20, 20)), thing("bowl", (100, 0, 120, height)))

    found = meanings(every(drawn, "size"))

    expected = {f"{word} bowl": {(1,)} for word in LARGE} | {
        f"{word} bowl": {(0,)} for word in SMALL
    }
    assert found == (expected if clear else {})


@pytest.mark.parametrize(
    ("side", "y", "clear"),
    [
        (0.13, 0.0, True),  # 1.3 times as long each way, 1.69 times the area
        (0.115, 0.0, False),  # 1.15 times as long
    ],
)
def test_size_on_a_table_needs_a_fifth_more_length(side: float, y: float, clear: bool) -> None:
    big = stands("bowl", 0.3, y, side=side, height=side)

    found = meanings(every(scene(stands("bowl", -0.3, 0.0), big), "size"))

    assert bool(found) is clear
    assert all(
        targets == {(1 if words.split()[0] in LARGE else 0,)} for words, targets in found.items()
    )


def test_size_on_a_table_is_not_written_where_the_picture_shows_the_opposite() -> None:
    # The first is larger but mostly hidden: it shows 5 x 5 px.
    large = stands("bowl", -0.3, 0.0, side=0.2, height=0.2)
    hidden = thing("bowl", (50, 145, 55, 150), placement=large.placement)

    assert every(scene(hidden, stands("bowl", 0.3, 0.0)), "size") == []


@pytest.mark.parametrize(("side_px", "clear"), [(17, False), (18, True)])
def test_size_on_a_table_needs_a_fifth_more_area_in_view(side_px: int, clear: bool) -> None:
    # 1.3 times as long, yet further away: 289 or 324 px against 256
    near = stands("bowl", -0.3, 0.0)
    near = thing("bowl", (0, 0, 16, 16), placement=near.placement)
    far = stands("bowl", 0.3, 0.3, side=0.13, height=0.13)
    far = thing("bowl", (100, 0, 100 + side_px, side_px), placement=far.placement)

    assert bool(every(scene(near, far), "size")) is clear


def test_superlatives_single_out_the_extreme() -> None:
    drawn = scene(
        stands("cup", -0.4, 0.3, side=0.1, height=0.1),
        stands("cup", 0.0, 0.1, side=0.2, height=0.3),
        stands("cup", 0.4, -0.2, side=0.06, height=0.06),
    )

    found = meanings(every(drawn, "superlative", draws=800))

    target = {"largest": 1, "smallest": 2, "tallest": 1, "shortest": 2, "left": 0, "right": 2}
    target |= {"nearest": 2, "farthest": 0, "bottom": 2}
    expected = {f"{word} cup": {(i,)} for key, i in target.items() for word in SUPERLATIVES[key]}
    assert {words: found.get(words) for words in expected} == expected


def test_things_whose_like_is_cut_off_are_not_compared() -> None:
    cups = [stands("cup", -0.3, 0.0), stands("cup", 0.3, 0.0, side=0.3, height=0.3)]

    for kind in ("size", "superlative", "plural", "place"):
        assert every(scene(*cups), kind)
        assert every(scene(*cups, hidden=["cup"]), kind) == []
