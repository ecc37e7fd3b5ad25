import pytest
from drawn import Box, bare, every, meanings, scene, stands, thing

from textseg_core.expressions.colors import NEAR_COLORS, color_verdict, material_verdict
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
        closed=["cup", "container", "bowl", "car", "dog", "tool"],
        hidden=["car"],
    )

    said = " ".join(query.expression for query in every(drawn, "absent", draws=600))

    # "tool" is too wide to say that nothing answers to it.
    for noun, there in (("dog", True), ("bowl", False), ("car ", False), ("tool", False)):
        assert (noun in said) is there


def test_what_stands_beside_something_absent_is_absent_too() -> None:
    drawn = scene(thing("cup", LEFT), closed=["dog"])

    found = meanings(every(drawn, "absent", draws=1500))

    assert found["cup next to the dog"] == {()}
    assert found["dog next to the cup"] == {()}


def test_an_open_scene_without_colours_or_relations_denies_places_alone() -> None:
    found = meanings(every(scene(thing("cup", LEFT)), "absent", draws=300))

    assert found
    # centre (30, 50): left of 0.4 and above the middle
    assert all("right" in words or "bottom" in words or "lower" in words or "middle" in words
               or "center" in words for words in found)  # fmt: skip


def test_an_empty_picture_lacks_every_closed_name() -> None:
    said = " ".join(query.expression for query in every(scene(closed=["dog", "car"]), "absent"))

    assert "dog" in said
    assert "car" in said


def colored_mugs(said: dict[str, set[tuple[int, ...]]]) -> set[str]:
    return {words.removesuffix(" mug") for words in said} & set(NEAR_COLORS)


def test_an_absent_colour_is_not_near_a_colour_that_is_there() -> None:
    queries = every(scene(thing("mug", LEFT, colors=("red", "white"))), "absent", draws=900)

    # not red and white, nor orange, pink, brown (near red), beige, silver, gray (near white)
    assert colored_mugs(meanings(queries)) == {"purple", "yellow", "black", "blue", "green"}


@pytest.mark.parametrize("second", [(), ("blue",)], ids=["unknown", "blue"])
def test_an_absent_colour_minds_all_things_of_that_name(second: tuple[str, ...]) -> None:
    drawn = scene(thing("mug", LEFT, colors=("red",)), thing("mug", RIGHT, colors=second))

    said = colored_mugs(meanings(every(drawn, "absent", draws=900)))

    assert said == ({"yellow", "green", "silver", "gray", "beige", "white"} if second else set())


def test_an_absent_material_is_not_like_one_that_is_there() -> None:
    drawn = scene(thing("bowl", LEFT, material="glass"))

    said = " ".join(meanings(every(drawn, "absent", draws=1500)))

    assert "wooden bowl" in said
    assert "metal bowl" in said
    assert not any(word in said for word in ("glass", "plastic", "ceramic", "porcelain"))


def test_colours_are_near_one_another_mutually_and_known() -> None:
    pairs = {(a, b) for a, near in NEAR_COLORS.items() for b in near}

    assert pairs == {(b, a) for a, b in pairs}
    assert set(NEAR_COLORS) == set(COLORS)


def test_colour_and_material_verdicts() -> None:
    mug = thing("mug", LEFT, colors=("red", "white"), material="ceramic")
    plain = thing("mug", LEFT)

    assert [color_verdict(mug, c) for c in ("red", "white", "pink", "gray", "blue")] == [
        *(1, 0, 0, 0, -1),
    ]
    assert [material_verdict(mug, m) for m in ("ceramic", "plastic", "metal")] == [1, 0, -1]
    assert (color_verdict(plain, "red"), material_verdict(plain, "metal")) == (0, 0)


def absent_relations(drawn: object) -> set[str]:
    words = meanings(every(drawn, "absent", draws=900))  # type: ignore[arg-type]
    keys = {words for phrases in RELATIONS.values() for words in phrases}
    return {text for text in words if any(f" {key} the " in text for key in keys)}


def test_a_relation_turned_round_is_absent() -> None:
    said = absent_relations(scene(thing("mug", LEFT), thing("bowl", RIGHT)))

    turned = {f"mug {words} the bowl" for words in RELATIONS["right"]} | {
        f"bowl {words} the mug" for words in RELATIONS["left"]
    }
    assert turned <= said
    assert not any(f"mug {words} the bowl" in said for words in RELATIONS["left"])


def test_most_false_relations_are_true_ones_turned_round() -> None:
    queries = every(scene(thing("mug", LEFT), thing("bowl", RIGHT)), "absent", draws=900)

    related = [
        q.compositions[0][0] for q in queries if "mug" in q.expression and "bowl" in q.expression
    ]
    turned = [key for key in related if key in ("left", "right")]
    assert len(turned) > 0.7 * len(related)


def test_a_relation_is_not_turned_round_where_that_is_true_of_another_thing() -> None:
    # One mug on each side of the bowl: both "left of" and "right of" mean something.
    said = absent_relations(
        scene(thing("mug", LEFT), thing("bowl", RIGHT), thing("mug", (100, 40, 120, 60)))
    )

    sides = {f"mug {words} the bowl" for key in ("left", "right") for words in RELATIONS[key]}
    assert not sides & said


def test_a_relation_by_a_general_noun_is_not_turned_round_onto_another_thing_it_covers() -> None:
    # "the animal to the right of the bowl" is the dog.
    said = absent_relations(
        scene(
            thing("cat", LEFT, synonyms=("pet",), hypernyms=("animal",)),
            thing("bowl", RIGHT),
            thing("dog", (100, 40, 120, 60), synonyms=("pet",), hypernyms=("animal",)),
        )
    )

    assert {f"cat {words} the bowl" for words in RELATIONS["right"]} & said
    sides = [words for key in ("left", "right") for words in RELATIONS[key]]
    assert not any(f"{n} {words} the bowl" in said for n in ("animal", "pet") for words in sides)


def test_a_relation_is_not_turned_round_onto_an_anchor_of_another_first_name() -> None:
    # "the cat to the right of the cup" holds for the mug, which is a cup as well.
    said = absent_relations(
        scene(
            thing("mug", (0, 40, 20, 60), synonyms=("cup",)),
            thing("cat", (40, 40, 60, 60)),
            thing("cup", (80, 40, 100, 60)),
        )
    )

    right = {f"cat {words} the {noun}" for words in RELATIONS["right"] for noun in ("cup", "cups")}
    assert not right & said


def test_a_support_that_is_not_there_is_absent() -> None:
    drawn = scene(
        stands("tray", -0.4, 0.0, side=0.3, height=0.02),
        stands("can", -0.4, 0.0, z=0.02, support=0),
        stands("plate", 0.4, 0.0, side=0.3, height=0.02),
    )

    said = absent_relations(drawn)

    assert {"can on the plate", "can inside the plate"} & said
    assert not {"can on the tray", "can on top of the tray", "can in the tray"} & said


def test_a_compositions_category_is_the_noun_of_what_is_absent() -> None:
    queries = every(scene(thing("cup", LEFT), closed=["dog"]), "absent", draws=600)

    for query in queries:
        words = bare(query.expression).split()
        if len(words) == 2 and words[0] in NEAR_COLORS and words[1] == "dog":
            assert query.compositions == ((words[0], "dog"),)
        if words == ["dog"]:
            assert query.compositions == ()
