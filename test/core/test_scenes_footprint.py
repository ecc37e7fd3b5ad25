import itertools

import numpy as np
import pytest

from textseg_core.scenes.footprint import Placed, fill, fits, line_up, overlaps
from textseg_core.scenes.object_model import ObjectModel, Solid


def thing(
    x: float = 0.1, y: float = 0.1, z: float = 0.1, holds: str = "", inner: float = 0.0
) -> ObjectModel:
    return ObjectModel(
        object_id="thing",
        names=("thing",),
        hypernyms=(),
        colors=("red",),
        material="",
        size_m=(x, y, z),
        vertices=np.zeros((3, 3), np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        uv=np.zeros((3, 2), np.float32),
        texture=np.zeros((2, 2, 3), np.uint8),
        gloss=0.0,
        solids=(Solid("box", (x / 2, y / 2, z / 2), (0.0, 0.0, z / 2)),),
        mass_kg=0.1,
        holds=holds,  # type: ignore[arg-type]
        inner_m=inner,
    )


@pytest.mark.parametrize(("x", "apart"), [(0.109, False), (0.111, True)])
def test_bases_overlap_unless_a_gap_is_between_them(x: float, apart: bool) -> None:
    a, b = Placed(thing(), 0, 0, 0, 0.0), Placed(thing(), x, 0.05, 0, 0.0)

    assert overlaps(a, b, gap_m=0.01) is not apart


def test_turned_bases_may_be_nearer_than_their_circles() -> None:
    # Two bars of 0.2 x 0.02, parallel along the diagonal, 0.05 apart across it.
    bar, step = thing(0.2, 0.02), 0.05 / np.sqrt(2)
    a = Placed(bar, 0, 0, 0, np.pi / 4)

    assert not overlaps(a, Placed(bar, step, -step, 0, np.pi / 4))
    assert overlaps(a, Placed(bar, step, -step, 0, -np.pi / 4))


def test_a_row_keeps_its_order_its_gaps_and_its_middle() -> None:
    models = [thing(0.04, 0.04), thing(0.1, 0.1), thing(0.06, 0.06), thing(0.05, 0.05)]

    row = line_up(models, np.pi / 2, (0.02, 0.03), np.random.default_rng(3))

    assert [placed.model for placed in row] == models
    assert sum(placed.x for placed in row) == pytest.approx(0, abs=1e-9)
    assert sum(placed.y for placed in row) == pytest.approx(0, abs=1e-9)
    assert all(np.diff([placed.y for placed in row]) > 0)
    for a, b in itertools.pairwise(row):
        assert not overlaps(a, b, gap_m=0.0)
        assert overlaps(a, b, gap_m=0.045)


def test_what_is_wider_than_the_hollow_does_not_fit() -> None:
    bowl = thing(0.2, 0.2, 0.08, "in", 0.1)

    assert fits(bowl, thing(0.06, 0.06))  # 0.085 across
    assert not fits(bowl, thing(0.07, 0.07))  # 0.099 across, of 0.095
    assert not fits(bowl, thing(0.06, 0.06, 0.4))  # would stand out and topple
    assert not fits(bowl, thing(0.05, 0.05, 0.05, "in", 0.04))
    assert not fits(thing(), thing(0.01, 0.01))


def test_held_things_are_let_go_side_by_side_over_the_hollow() -> None:
    bowl = thing(0.2, 0.2, 0.08, "in", 0.16)
    holder = Placed(bowl, 0.3, -0.2, 0.01, 1.0)

    held = fill(holder, [thing(0.05, 0.05, 0.05)] * 2, np.random.default_rng(0))

    assert len(held) == 2
    assert not overlaps(*held, gap_m=0.0)
    for placed in held:
        assert np.hypot(placed.x - 0.3, placed.y + 0.2) < 0.08
        assert placed.z == pytest.approx(0.01 + 0.35 * 0.08 + 0.002)


def test_what_finds_no_room_in_a_holder_is_left_out() -> None:
    cup = Placed(thing(0.1, 0.1, 0.1, "in", 0.08), 0, 0, 0.01, 0.0)

    assert len(fill(cup, [thing(0.05, 0.05)] * 3, np.random.default_rng(0))) == 1


def test_the_hollow_of_a_turned_pan_is_beside_its_origin() -> None:
    pan = thing(0.4, 0.2, 0.05, "in", 0.1)
    floor = Solid("cylinder", (0.09, 0.005), (-0.1, 0.0, 0.005))
    object.__setattr__(pan, "solids", (floor,))

    (placed,) = fill(
        Placed(pan, 0, 0, 0, np.pi / 2), [thing(0.06, 0.06)], np.random.default_rng(0)
    )

    assert np.hypot(placed.x, placed.y + 0.1) < 0.01  # turned to the left, -x becomes -y


def test_things_on_a_board_are_let_go_above_it() -> None:
    board = Placed(thing(0.3, 0.3, 0.02, "on", 0.25), 0, 0, 0.01, 0.0)

    (placed,) = fill(board, [thing(0.05, 0.05)], np.random.default_rng(0))

    assert placed.z == pytest.approx(0.032)
