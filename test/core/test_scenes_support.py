import numpy as np
import pytest
from test_scenes_footprint import thing

from textseg_core.arrays import Float64Array
from textseg_core.scenes.object_model import ObjectModel
from textseg_core.scenes.support import find_fallen, find_floor, find_supports

UPRIGHT = np.eye(3)


def standing(
    things: list[tuple[ObjectModel, tuple[float, float, float]]], *touching: tuple[int, int]
) -> tuple[list[int | None], list[bool]]:
    positions: Float64Array = np.array([place for _, place in things])
    sizes = np.array([model.size_m for model, _ in things])
    low = positions - sizes * [0.5, 0.5, 0.0]
    boxes = np.stack([low, low + sizes], axis=1)
    rotations = np.stack([UPRIGHT] * len(things))
    pairs = {pair for a, b in touching for pair in ((a, b), (b, a))}
    return find_supports([model for model, _ in things], positions, rotations, boxes, pairs)


BOWL = thing(0.2, 0.2, 0.1, "in", 0.16)
PLATE = thing(0.2, 0.2, 0.025, "on", 0.16)
SMALL = thing(0.04, 0.04, 0.04)


def test_what_stands_on_the_table_has_no_support() -> None:
    assert standing([(SMALL, (0, 0, 0)), (BOWL, (0.5, 0, 0))], (0, 1)) == (
        [None, None],
        [False, False],
    )


def test_what_lies_below_the_rim_lies_in_a_bowl() -> None:
    support, inside = standing([(BOWL, (0, 0, 0)), (SMALL, (0.03, 0.02, 0.01))])

    assert (support, inside) == ([None, 0], [False, True])


def test_what_lies_on_the_rim_does_not_lie_in_a_bowl() -> None:
    assert standing([(BOWL, (0, 0, 0)), (SMALL, (0, 0, 0.09))]) == ([None, None], [False] * 2)


def test_what_lies_on_the_handle_does_not_lie_in_a_pan() -> None:
    # The hollow is 0.16 wide about the floor's middle; the box reaches further.
    pan = thing(0.4, 0.2, 0.05, "in", 0.16)
    floor = pan.solids[0]
    object.__setattr__(pan, "solids", (type(floor)("cylinder", (0.08, 0.005), (-0.1, 0, 0.005)),))

    assert standing([(pan, (0, 0, 0)), (SMALL, (0.1, 0, 0.02))])[0] == [None, None]
    assert standing([(pan, (0, 0, 0)), (SMALL, (-0.1, 0, 0.02))])[0] == [None, 0]


def test_what_touches_a_plate_within_its_rim_stands_on_it() -> None:
    support, inside = standing([(PLATE, (0, 0, 0)), (SMALL, (0.05, 0, 0.008))], (0, 1))

    assert (support, inside) == ([None, 0], [False, False])


def test_what_hovers_over_a_plate_does_not_stand_on_it() -> None:
    assert standing([(PLATE, (0, 0, 0)), (SMALL, (0.05, 0, 0.1))])[0] == [None, None]


def test_of_two_below_the_upper_one_is_the_support() -> None:
    things = [(PLATE, (0.0, 0.0, 0.0)), (SMALL, (0.0, 0.0, 0.025)), (SMALL, (0.0, 0.0, 0.065))]

    assert standing(things, (0, 1), (1, 2), (0, 2))[0] == [None, 0, 1]


def test_the_floor_is_the_solid_with_the_largest_base() -> None:
    assert find_floor(BOWL) is BOWL.solids[0]


def fallen(
    place: tuple[float, float, float], tilt_deg: float, held: bool = False, round_: bool = False
) -> set[int]:
    angle = np.radians(tilt_deg)
    cos, sin = np.cos(angle), np.sin(angle)
    tilted = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    model = thing(0.04, 0.04, 0.04)
    if round_:
        solid = type(model.solids[0])("ellipsoid", (0.02, 0.02, 0.02), (0, 0, 0.02))
        object.__setattr__(model, "solids", (solid,))
    return find_fallen(
        [PLATE, model],
        np.array([(0.0, 0.0, 0.0), place]),
        np.stack([UPRIGHT, tilted]),
        (0.5, 0.4),
        [None, 0 if held else None],
    )


@pytest.mark.parametrize("place", [(0.51, 0, 0), (0, -0.41, 0), (0, 0, -0.3)])
def test_what_left_the_table_fell(place: tuple[float, float, float]) -> None:
    assert fallen(place, 0) == {1}


def test_what_tilts_fell_unless_it_is_round_or_held() -> None:
    assert fallen((0, 0, 0), 10) == set()
    assert fallen((0, 0, 0), 15) == {1}
    assert fallen((0, 0, 0), 80, held=True) == set()
    assert fallen((0, 0, 0), 80, round_=True) == set()


def test_what_stood_on_something_fallen_is_gone_too() -> None:
    gone = find_fallen(
        [SMALL, SMALL, PLATE],
        np.array([(0.0, 0, 0.1), (0.0, 0, 0.05), (9.0, 0, 0)]),
        np.stack([UPRIGHT] * 3),
        (0.5, 0.5),
        [1, 2, None],
    )

    assert gone == {0, 1, 2}
