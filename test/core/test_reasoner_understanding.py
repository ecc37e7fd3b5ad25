"""What people say besides: "the blue one", "just left of", "neither nor", "that it lies on"."""

from collections.abc import Sequence

import pytest
from asked import ask, box, indices

from textseg_core.reasoner.coverage import outline
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import noun_phrases
from textseg_core.scenes.scene import SceneObject
from textseg_core.segmentation import Status


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug behind the blue one", "mug behind(mug[blue])"),
        ("the bowl next to the one with the egg", "bowl next(bowl with(egg))"),
        ("the one behind the red mug", "thing behind(mug[red])"),
        ("the mug that is neither red nor blue", "mug not(thing[red]) not(thing[blue])"),
        ("the mug that's not red or blue", "mug not(thing[red]) not(thing[blue])"),
        ("the ball that isn't orange", "ball not(thing[orange])"),
        ("the fruit, not the orange", "fruit not(orange)"),
        ("roll of tape not black", "roll of tape not(thing[black])"),
        ("the roll of tape other than the black one", "roll of tape not(thing[black])"),
        ("the mug or cup on the left", "mug @left"),
        ("the mug furthest to the left", "mug @left!"),
        ("the mug furthest to the left of the bowl", "mug farthest(thing left(bowl))"),
        ("the tray that the pear is lying on", "tray below(pear)"),
        ("the chair the man is sitting in", "chair below(man)"),
        ("the mug which the box is behind", "mug front(box)"),
        ("the last mug on the right", "mug #1 from right"),
        ("the last mug from the right", "mug #-1 from right"),
        ("the last mug in the row", "mug #-1 from ?"),
        ("the can hidden behind the box", "can behind(box)"),
        ("every pair of scissors but the red one", "scissors[several] not(thing[red])"),
        ("the last mug in the picture", "mug #-1 from ?"),
    ],
)
def test_is_read_as(text: str, expected: str) -> None:
    assert outline(parse_expression(text).target) == expected


@pytest.mark.parametrize(
    ("text", "close"),
    [
        ("the mug just left of the bowl", True),
        ("the one directly in front of the bowl", True),
        ("the mug to the immediate right of the bowl", True),
        ("the mug left of the bowl", False),
    ],
)
def test_just_and_directly_ask_for_the_nearest(text: str, close: bool) -> None:
    (link,) = parse_expression(text).target.links
    assert link.close is close


def test_a_clause_that_breaks_off_leaves_its_words_to_others() -> None:
    parsed = parse_expression("the plate that the woman is holding")
    assert parsed.target.noun == "plate"
    assert parsed.target.links == ()
    unposed = parse_expression("the mug the bowl next to")
    assert all(link.anchors[0].noun != "bowl" for link in unposed.target.links)


def test_the_look_of_what_a_thing_has_is_asked_of_the_thing_too() -> None:
    phrases = noun_phrases(parse_expression("the scissors with green handles").target)
    assert phrases["scissors"].attributes == ("green",)


def thing(
    name: str, x: int, y: int, *colors: str, width: int = 20, height: int = 20
) -> SceneObject:
    """A box whose middle is at (x, y)."""
    return box(name, x, y, width, height, (200, 300), colors=colors)


def meant(text: str, objects: Sequence[SceneObject]) -> tuple[list[int], Status]:
    """Indices of what is meant, and the status."""
    found = ask(text, objects)
    return indices(found, objects), found.status


def test_of_several_that_stand_so_the_nearest_is_just_there() -> None:
    row = [thing("mug", x, 100) for x in (100, 160)] + [thing("bowl", 220, 100)]

    assert meant("the mug left of the bowl", row) == ([0, 1], Status.AMBIGUOUS)
    assert meant("the mug just left of the bowl", row) == ([1], Status.FOUND)


def test_a_relation_to_one_is_to_another_of_the_same_kind() -> None:
    row = [
        thing("mug", 40, 100, "red"), thing("mug", 100, 100, "blue"),
        thing("box", 160, 100, "blue"), thing("mug", 220, 100, "red"),
    ]  # fmt: skip
    assert meant("the mug left of the blue one", row) == ([0], Status.FOUND)


def test_the_roof_of_a_truck_that_was_not_found_itself_is_the_truck() -> None:
    objects = [
        thing("truck", 150, 130, width=160, height=80), thing("dog", 150, 130),
        thing("dog", 20, 180),
    ]  # fmt: skip
    assert meant("the dog on the roof of the truck", objects) == ([1], Status.FOUND)


def test_green_handles_that_were_not_found_themselves_make_the_thing_green() -> None:
    pairs = [thing("knife", 60, 100, "red"), thing("knife", 200, 100, "green")]

    assert meant("the knife with a green handle", pairs) == ([1], Status.FOUND)


def test_in_the_back_on_the_left_is_the_best_in_both_together() -> None:
    # The second is the left one of the two in the back; the first lies further left, in front.
    objects = [thing("donut", x, y) for x, y in ((20, 160), (60, 60), (200, 58), (150, 170))]

    assert meant("the donut in the back on the left", objects) == ([1], Status.FOUND)


def test_the_middle_one_of_three_is_the_second_of_the_row() -> None:
    # The third is nearer to the middle of the picture.
    objects = [thing("block", x, 100) for x in (60, 100, 140)]

    assert meant("the middle block", objects) == ([1], Status.FOUND)


def test_what_ends_on_the_upper_half_of_a_thing_that_it_hides_stands_on_it() -> None:
    objects = [
        thing("box", 150, 70, height=60), thing("can", 150, 110, height=20),
        thing("box", 40, 100), thing("can", 250, 100),
    ]  # fmt: skip
    assert meant("the box on top of the can", objects) == ([0], Status.FOUND)


def test_of_two_things_that_fit_nearly_as_well_neither_is_picked() -> None:
    """Gaps of 0.5 and 0.6 sizes: 0.96 and 0.87 next to it; of 0.5 and 0.8: 0.96 and 0.70."""
    near = [thing("bowl", 150, 100), thing("mug", 120, 100), thing("mug", 182, 100)]
    far = [*near[:2], thing("mug", 186, 100)]

    assert meant("the mug next to the bowl", near) == ([1, 2], Status.AMBIGUOUS)
    assert meant("the mug next to the bowl", far) == ([1], Status.FOUND)


def test_without_depth_what_hangs_on_a_wall_is_between_others_too() -> None:
    # On a table the clock would stand far behind. In the picture it lies 40 px beside the line of
    # 140 px between the middles, 0.82, which counts 0.6.
    wall = [
        thing("fridge", 30, 100, width=40, height=180), thing("clock", 100, 60),
        thing("oven", 170, 100, width=40, height=160),
    ]  # fmt: skip
    assert meant("the clock between the fridge and the oven", wall) == ([1], Status.FOUND)
