"""Parsed expressions pick the right instances of drawn scenes, and say why."""

import numpy as np
import pytest
from asked import ask, box, indices

from textseg_core.reasoner.reason import reason
from textseg_core.reasoner.truth import TrueMasks
from textseg_core.scenes.scene import Scene, SceneObject
from textseg_core.segmentation import Status


def thing(name: str, x: int, y: int, side: int = 20, **more: object) -> SceneObject:
    """A square of a name, centred at (x, y)."""
    return box(name, x, y, side, side, (200, 200), **more)


OBJECTS = (
    thing("mug", 30, 100, colors=("red",), material="ceramic"),  # 0
    thing("mug", 90, 100, colors=("blue",), material="metal"),  # 1
    thing("mug", 160, 100, colors=("red",)),  # 2
    thing("bowl", 120, 100, hypernyms=("container",)),  # 3
    thing("box", 60, 100, side=16, hypernyms=("container",)),  # 4
    thing("tray", 60, 165, side=60),  # 5
    thing("apple", 60, 165, side=14),  # 6
    thing("apple", 160, 30, side=14),  # 7
    thing("roll", 110, 30, material="paper"),  # 8
)
SCENE = Scene(np.zeros((200, 200, 3), np.uint8), OBJECTS, frozenset())


def meant(text: str) -> list[int]:
    return indices(ask(text, OBJECTS), OBJECTS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the bowl", [3]),
        ("the blue mug", [1]),
        ("the metal mug", [1]),
        ("paper roll", [8]),
        ("the left mug", [0]),
        ("mug on the far right", [2]),
        ("second mug from the left", [1]),
        ("second mug from the right", [1]),
        ("first mug from the right", [2]),
        ("the last mug", [2]),
        ("the mug right of the bowl", [2]),
        ("the mug left of the box", [0]),
        ("apple on the tray", [6]),
        ("the apple not on the tray", [7]),
        ("the tray under the apple", [5]),
        ("mug between the box and the bowl", [1]),
        ("the bowl between the mugs", [3]),
        ("the largest container", [3]),
        ("the container next to the blue mug", [3, 4]),
        ("the mug that is not red", [1]),
        ("all mugs except the blue one", [0, 2]),
        ("not the red one, the other mug", [1]),
        ("the red mug right of the bowl", [2]),
        ("both red mugs", [0, 2]),
        ("the mugs on the left", [0, 1]),
        ("the mugs", [0, 1, 2]),
        ("the bowl and the box", [3, 4]),
        ("the container left of the mug that is left of the bowl", [4]),
        ("the red mug nearest to the box", [0]),
        ("the topmost apple", [7]),
    ],
)
def test_what_is_meant(text: str, expected: list[int]) -> None:
    assert meant(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "the kettle", "the green mug", "the bowl left of the mug next to a kettle",
        "fourth mug from the left", "the bowl on the tray", "bowl on the left side",
        "the bowl next to the kettle",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(text: str) -> None:
    found = ask(text, OBJECTS)

    assert found.status is Status.NOT_FOUND
    assert not found.mask.any()


def test_one_of_several_is_ambiguous_and_shows_them_all() -> None:
    found = ask("the mug", OBJECTS)

    assert found.status is Status.AMBIGUOUS
    assert found.meant == 3
    assert found.margin == 1.0


def test_the_explanation_names_the_instance_and_what_it_stands_to() -> None:
    # One size apart: 1 / (1 + (1 / 12)^2).
    assert ask("the red mug right of the bowl", OBJECTS).explanation == (
        "mug 3: red, 1.00; right of the bowl, 0.99"
    )
    assert ask("apple on the tray", OBJECTS).explanation == "apple 1: on the tray, 1.00"
    assert ask("the kettle", OBJECTS).explanation == "no kettle is in view"


def test_mask_and_response_are_those_of_what_is_meant() -> None:
    found = ask("the mug right of the bowl", OBJECTS)

    assert (found.mask == OBJECTS[2].mask).all()
    assert found.response_map[100, 160] == pytest.approx(found.score)
    assert found.response_map[100, 30] < 0.3


def test_the_part_of_a_thing_is_cut_from_it() -> None:
    found = ask("left side of the tray", OBJECTS)

    assert found.status is Status.FOUND
    assert np.flatnonzero(found.mask.any(axis=0))[[0, -1]].tolist() == [30, 59]


def test_depth_must_fit_the_image() -> None:
    with pytest.raises(ValueError, match="image's size"):
        reason(SCENE.image, "mug", TrueMasks(SCENE), depth=np.ones((5, 5), np.float32),
               intrinsics=np.eye(3))  # fmt: skip
