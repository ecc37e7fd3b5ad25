"""Relations to several things, relations denied, and which of two that both stand so is meant."""

import pytest
from asked import ask, box, indices

from textseg_core.scenes.scene import SceneObject


def thing(name: str, x: int, y: int, side: int = 20) -> SceneObject:
    """A square of a name, centred at (x, y)."""
    return box(name, x, y, side, side, (300, 400))


def meant(text: str, *objects: SceneObject) -> list[int]:
    return indices(ask(text, objects), objects)


# A row: mug, bottle, mug, bottle; a box stands before the first bottle only.
ROW = (
    thing("mug", 40, 100),  # 0
    thing("bottle", 100, 100),  # 1
    thing("mug", 160, 100),  # 2
    thing("bottle", 220, 100),  # 3
    thing("box", 100, 140),  # 4
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the box in front of the bottles", [4]),
        ("the mug left of the bottles", [0]),  # of both; the other is left of the second only
        ("the box in front of the two bottles", []),
    ],
)
def test_of_several_things_the_nearest_is_enough(text: str, expected: list[int]) -> None:
    assert meant(text, *ROW) == expected


def test_what_one_of_several_carries_does_not_stand_behind_them() -> None:
    # The one apple lies on the first tray, the other on none, and both behind the second.
    on_it, alone = thing("apple", 105, 120, side=10), thing("apple", 125, 118, side=10)
    trays = thing("tray", 60, 80, side=100), thing("tray", 110, 150, side=30)

    assert meant("the apple behind the trays", on_it, *trays) == []
    assert meant("the apple behind the trays", alone, *trays) == [0]


# A bowl with a box beside it, a box a size apart, and a box far away. Footprints are 20 wide and
# 20 deep, gaps 10, 24 and 160: 0.5, 1.2 and 8 mean sizes. "Next to" falls from 0.45 to 1.6.
BESIDE = (
    thing("bowl", 100, 100),  # 0
    thing("box", 130, 100),  # 1: next to it by (1.6 - 0.5) / 1.15 = 0.96
    thing("box", 56, 100),  # 2: by (1.6 - 1.2) / 1.15 = 0.35
    thing("box", 280, 100),  # 3: by 0
)


def test_not_beside_is_what_beside_does_not_mean() -> None:
    near, _, far = BESIDE[1:]

    assert meant("the box that is not beside the bowl", BESIDE[0], near, far) == [2]
    assert meant("the boxes that are not beside the bowl", *BESIDE) == [2, 3]
    # Gap 15, 0.75 sizes: next to it by 0.74, which denied is too little, but less than 0.8 * 0.96.
    nearer = thing("box", 65, 100)
    assert meant("the box that is not beside the bowl", BESIDE[0], near, nearer) == [2]
    assert meant("the box that is not beside the bowl", BESIDE[0], near, nearer, far) == [3]


# Footprints are 20 wide and deep; going up by 30 rows is 43 backwards (30 / 0.7).
STRAIGHT = thing("mug", 100, 70)  # 0
ASLANT = thing("mug", 124, 70)  # 1: four columns beside the box, 29 degrees off: behind as well
BOX = thing("box", 100, 100)  # 2


@pytest.mark.parametrize(
    ("text", "mugs", "expected"),
    [
        ("the mug behind the box", (STRAIGHT, ASLANT), [0]),
        ("the mugs behind the box", (STRAIGHT, ASLANT), [0, 1]),
        ("all mugs behind the box", (STRAIGHT, ASLANT), [0, 1]),
        ("the right mug behind the box", (STRAIGHT, ASLANT), [1]),
        ("the second mug from the left behind the box", (STRAIGHT, ASLANT), [1]),
        ("the mug behind the box", (ASLANT,), [0]),
        # Doubles stay: both straight behind it, or both to a side.
        ("the mug behind the box", (STRAIGHT, thing("mug", 100, 45)), [0, 1]),
        ("the mug behind the box", (thing("mug", 76, 70), ASLANT), [0, 1]),
    ],
)
def test_of_two_behind_a_thing_the_one_in_line_with_it_is_meant(
    text: str, mugs: tuple[SceneObject, ...], expected: list[int]
) -> None:
    assert meant(text, *mugs, BOX) == expected
