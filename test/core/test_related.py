"""Relations, supports and chains against scenes whose answers are plain to see."""

from collections.abc import Iterable

import pytest
from drawn import Box, bare, every, meanings, scene, stands, thing

from textseg_core.expressions.relations import RELATIONS
from textseg_core.scenes.scene import Query

MUG: Box = (20, 40, 40, 60)
BOWL: Box = (60, 40, 80, 60)  # 20 px right of the mug
FAR_MUG: Box = (172, 40, 192, 60)  # 92 px right of the bowl: beyond even a doubtful relation


def related(queries: Iterable[Query]) -> set[tuple[str, str, str, tuple[int, ...]]]:
    """(noun, relation, anchor, targets) of each expression."""
    found = set()
    for query in queries:
        text = bare(query.expression)
        cuts = [
            (key, *text.split(f" {words} {article} "))
            for key, phrases in RELATIONS.items()
            for words in phrases
            for article in ("the", "a", "an")
            if f" {words} {article} " in text
        ]
        key, noun, anchor = min(cuts, key=lambda cut: len(cut[1]))  # the longest words
        found.add((noun, key, anchor, query.targets))
    return found


def test_relation_singles_out_the_one_that_stands_in_it() -> None:
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), thing("mug", FAR_MUG))

    # "Right of the mugs" is not said: of the far one the bowl is left.
    assert related(every(drawn, "relation")) == {
        ("mug", "left", "bowl", (0,)),
        ("bowl", "right", "mug", (1,)),
    }


def test_a_relation_to_several_is_said_where_it_holds_to_all() -> None:
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), thing("bowl", (60, 50, 80, 70)))

    assert ("mug", "left", "bowls", (0,)) in related(every(drawn, "relation", draws=400))


def test_relation_with_a_rival_not_clearly_out_of_it_is_not_written() -> None:
    # The second mug is left of the bowl and 2 px lower: no clear case, but a doubtful one.
    rival = thing("mug", (20, 62, 40, 82))
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), rival)

    assert not any(noun == "mug" for noun, *_ in related(every(drawn, "relation")))


def test_relation_by_a_hypernym_minds_all_that_it_covers() -> None:
    # Two animals left of the bowl: "the animal left of the bowl" would be either.
    drawn = scene(
        thing("cat", MUG, hypernyms=("animal",)),
        thing("dog", (20, 44, 40, 64), hypernyms=("animal",)),
        thing("bowl", BOWL),
    )

    nouns = {(noun, key) for noun, key, *_ in related(every(drawn, "relation", draws=600))}

    assert {("cat", "left"), ("dog", "left"), ("bowl", "right")} <= nouns
    assert ("animal", "left") not in nouns


def test_relation_to_something_cut_off_is_not_written() -> None:
    drawn = scene(thing("mug", MUG), thing("bowl", BOWL), hidden=["bowl"])

    assert every(drawn, "relation") == []


def test_an_anchor_may_be_told_by_its_colour() -> None:
    drawn = scene(
        stands("mug", -0.3, 0.0),
        stands("mug", 0.15, 0.0),
        stands("box", 0.0, 0.0, colors=("blue",)),
        stands("box", 0.45, 0.0, colors=("green",)),
    )

    found = meanings(every(drawn, "relation", draws=800))

    assert found["mug next to the blue box"] == {(1,)}
    queries = [q for q in every(drawn, "relation", draws=800) if "blue box" in q.expression]
    assert all(("blue", "box") in query.compositions for query in queries)
    assert all(query.compositions[0][1] == "mug" for query in queries if query.targets == (1,))


ON_TRAY = (
    stands("tray", 0.0, 0.0, side=0.3, height=0.02),
    stands("can", 0.0, 0.0, z=0.02, support=0),
    stands("can", 0.4, 0.0),
    stands("bowl", -0.4, 0.0, side=0.2),
    stands("apple", -0.4, 0.0, side=0.06, height=0.06, z=0.02, support=3, inside=True),
)


def test_support_follows_from_what_carries_what() -> None:
    found = related(every(scene(*ON_TRAY), "support", draws=400))

    assert ("can", "on", "tray", (1,)) in found
    assert ("apple", "in", "bowl", (4,)) in found
    assert ("tray", "below", "can", (0,)) in found
    assert {(key, targets) for _, key, _, targets in found} == {
        *(("on", (1,)), ("in", (4,)), ("below", (0,))),
    }


def test_a_thing_under_one_of_two_is_not_under_both() -> None:
    found = related(every(scene(*ON_TRAY), "support", draws=600))

    assert not any(anchor in ("cans", "apples") for _, _, anchor, _ in found)


def test_what_lies_on_something_on_a_tray_may_be_on_the_tray() -> None:
    book = stands("book", 0.0, 0.0, side=0.2, height=0.04, z=0.02, support=0)
    drawn = scene(ON_TRAY[0], book, stands("can", 0.0, 0.0, z=0.06, support=1), ON_TRAY[2])

    said = related(every(drawn, "support", draws=400))
    denied = [bare(query.expression) for query in every(drawn, "absent", draws=800)]

    assert ("can", "on", "book", (2,)) in said
    assert not any(noun == "can" and anchor == "tray" for noun, _, anchor, _ in said)
    assert "can on the tray" not in denied


def test_between_names_the_two_ends_in_either_order() -> None:
    drawn = scene(thing("bowl", MUG), thing("cup", BOWL), thing("plate", (100, 40, 120, 60)))

    assert meanings(every(drawn, "between")) == {
        f"cup {words} {ends}": {(1,)}
        for words in ("between", "in between")
        for ends in ("the bowl and the plate", "the plate and the bowl")
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

    assert every(scene(*ends, more), "between") == []  # type: ignore[arg-type]


def test_between_on_a_table_may_run_away_from_the_viewer() -> None:
    drawn = scene(
        stands("bowl", 0.0, -0.2), stands("cup", 0.01, 0.0), stands("plate", 0.0, 0.2),
        stands("cup", 0.4, 0.0),
    )  # fmt: skip

    assert "cup between the plate and the bowl" in meanings(every(drawn, "between", draws=400))


def test_nearest_is_the_closest_of_its_name() -> None:
    drawn = scene(stands("mug", -0.3, 0.0), stands("mug", 0.2, 0.0), stands("box", 0.4, 0.0))

    found = meanings(every(drawn, "nearest"))

    assert found["mug nearest to the box"] == {(1,)}
    assert set().union(*found.values()) == {(1,)}


@pytest.mark.parametrize(
    ("x", "near", "clear"),
    [(-0.22, 0.2, False), (-0.34, 0.2, True), (-0.5, 0.4, False)],  # 1.1, 1.7, 1.25 times as far
)
def test_nearest_needs_a_third_less_distance(x: float, near: float, clear: bool) -> None:
    drawn = scene(stands("mug", x, 0.0), stands("mug", near, 0.0), stands("box", 0.0, 0.0))

    assert bool(every(drawn, "nearest")) is clear


# Two bowls, a mug left of each; only the right bowl has a box behind it.
CHAINED = (
    stands("mug", -0.45, 0.0),
    stands("bowl", -0.25, 0.0),
    stands("mug", 0.16, 0.0),
    stands("bowl", 0.3, 0.0),
    stands("box", 0.3, 0.2),
)


def test_a_chain_reads_as_a_thing_related_to_a_related_thing() -> None:
    found = meanings(every(scene(*CHAINED), "chain", draws=1500))

    assert found["mug next to the bowl in front of the box"] == {(2,)}
    assert all(targets == {(2,)} for words, targets in found.items() if words.startswith("mug "))


@pytest.mark.parametrize(("y", "written"), [(0.0, False), (0.5, True)])
def test_a_chain_that_reads_two_ways_is_not_written(y: float, written: bool) -> None:
    # One mug is next to the bowl that is on the tray. Unless it is moved away, the other is next
    # to the bowl that is not, and itself on the tray.
    drawn = scene(
        stands("tray", 0.0, 0.0, side=0.4, height=0.02),
        stands("bowl", 0.12, 0.0, z=0.02, support=0),
        stands("mug", 0.26, 0.0),
        stands("bowl", -0.28, 0.0),
        stands("mug", -0.14, y, z=0.02, support=0),
    )

    found = meanings(every(drawn, "chain", draws=3000))

    said = {words: found[words] for words in found if words == "mug next to the bowl on the tray"}
    assert said == ({"mug next to the bowl on the tray": {(2,)}} if written else {})


def test_a_joint_chain_holds_in_both_parts() -> None:
    drawn = scene(
        stands("mug", 0.0, 0.0), stands("bowl", 0.14, 0.0), stands("box", -0.14, 0.0),
        stands("mug", -0.28, 0.0),
    )  # fmt: skip

    found = meanings(every(drawn, "chain", draws=800))

    # The other mug is next to the box as well, so that both parts are needed.
    joint = {words: targets for words, targets in found.items() if " and " in words}
    assert any(words.startswith("mug ") for words in joint)
    assert all(t == {(0,)} for words, t in joint.items() if words.startswith("mug "))


def test_a_chain_names_its_main_combination_first() -> None:
    queries = every(scene(*CHAINED), "chain", draws=400)

    for query in queries:
        assert query.compositions[0][1] == scene(*CHAINED).objects[query.targets[0]].names[0]
        assert len(query.compositions) >= 2
