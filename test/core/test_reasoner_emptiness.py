"""What is said to have nothing on or by it is told from what has something there."""

import pytest
from asked import ask, box, indices

from textseg_core.reasoner.coverage import outline
from textseg_core.reasoner.parse import parse_expression
from textseg_core.scenes.scene import SceneObject
from textseg_core.segmentation import Status


def thing(name: str, x: int, y: int, side: int, *hypernyms: str) -> SceneObject:
    """A square of a name, centred at (x, y)."""
    return box(name, x, y, side, side, (200, 300), hypernyms=hypernyms)


# Three plates in a row: an apple on the first, a spoon on the second, nothing on the third; the
# fork stands left of the first, a knife left of the third.
OBJECTS = (
    thing("plate", 60, 100, 50),  # 0
    thing("plate", 150, 100, 50),  # 1
    thing("plate", 260, 100, 50),  # 2
    thing("apple", 60, 105, 12, "food"),  # 3
    thing("spoon", 150, 105, 12),  # 4
    thing("fork", 20, 100, 12, "cutlery"),  # 5
    thing("knife", 220, 100, 12, "cutlery"),  # 6
)


def meant(text: str) -> list[int]:
    return indices(ask(text, OBJECTS), OBJECTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the plate that has nothing on it", [2]),
        ("the plate with nothing on top", [2]),
        ("the empty plate", [2]),
        ("the plate that is empty", [2]),
        ("the plate that nothing lies on", [2]),
        ("the plate that does not have anything on it", [2]),
        ("the plate without food or a spoon", [2]),
        ("the plates without food", [1, 2]),
        ("the plates with no apple on them", [1, 2]),
        ("all plates that have no spoon on them", [0, 2]),
        ("the plates that are not empty", [0, 1]),
        ("the cutlery left of the plate that has nothing on it", [6]),
        ("the left plate without food", [1]),
        ("the plate with an apple on it", [0]),
    ],
)
def test_a_thing_with_nothing_on_it_is_told_from_others(text: str, expected: list[int]) -> None:
    assert meant(text) == expected


def test_one_of_several_empty_things_is_ambiguous() -> None:
    found = ask("the plate without food", OBJECTS)

    assert found.status is Status.AMBIGUOUS
    assert meant("the plate without food") == [1, 2]


def test_without_an_empty_thing_none_is_found() -> None:
    found = ask("the empty plate", (OBJECTS[0], OBJECTS[3]))

    assert found.status is Status.NOT_FOUND
    assert found.explanation == "the plate: not holding thing, 0.00"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the mug with nothing behind it", "mug not(thing front(thing))"),
        ("the mug with no box left of it", "mug not(thing right(box))"),
        (
            "the basket with no apples or lemons in it",
            "basket not(thing holds(apple[several])) not(thing holds(lemon[several]))",
        ),
        (
            "the tray without anything on it, next to the box",
            "tray next(box) not(thing holds(thing))",
        ),
        ("the box without a lid on the left", "box @left not(thing holds(lid))"),
        ("the box with nothing on the left", "box not(thing right(thing))"),
        ("the man not riding a horse", "man not(thing with(horse))"),
        ("the man not wearing a hat", "man not(thing holds(hat))"),
        ("the man without a hat", "man not(thing holds(hat))"),
        ("all apples without the red one", "apple[several] not(thing[red])"),
        ("the shirt without red", "shirt not(thing[red])"),
    ],
)
def test_what_is_missing_becomes_an_exclusion(text: str, expected: str) -> None:
    assert outline(parse_expression(text).target) == expected
