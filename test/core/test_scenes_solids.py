import numpy as np
import pytest

from textseg_core.arrays import Float32Array, Int32Array
from textseg_core.scenes.solids import derive_solids, ring, surface_height


def box_mesh(x: float, y: float, z: float) -> tuple[Float32Array, Int32Array]:
    """A closed box that stands on z = 0."""
    corners = [[i * x / 2, j * y / 2, k * z] for i in (-1, 1) for j in (-1, 1) for k in (0, 1)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return np.array(corners, np.float32), np.array(faces, np.int32)


def open_mesh(x: float, y: float, z: float, floor: float) -> tuple[Float32Array, Int32Array]:
    """Four upright walls around a floor at a height."""
    vertices, faces = box_mesh(x, y, z)
    inner = vertices.copy()
    inner[:, 2] = floor
    return np.concatenate([vertices, inner]), np.concatenate([faces[:8], faces[:12] + 8])


def test_the_surface_above_a_point_is_the_highest_one() -> None:
    vertices, faces = box_mesh(0.2, 0.1, 0.3)

    assert surface_height(vertices, faces, (0.05, -0.02)) == pytest.approx(0.3)
    assert surface_height(vertices, faces, (0.11, 0.0)) is None


def test_a_box_of_unknown_kind_is_one_solid_of_its_size() -> None:
    shape = derive_solids(["rack"], *box_mesh(0.2, 0.1, 0.3))

    (solid,) = shape.solids
    assert (solid.kind, shape.holds, shape.inner_m) == ("box", "", 0.0)
    assert solid.size == pytest.approx((0.1, 0.05, 0.15))
    assert solid.center == pytest.approx((0.0, 0.0, 0.15))


@pytest.mark.parametrize(
    ("names", "size", "kind", "extents"),
    [
        (["orange", "fruit"], (0.08, 0.07, 0.06), "ellipsoid", (0.04, 0.035, 0.03)),
        (["bottle"], (0.07, 0.07, 0.2), "cylinder", (0.035, 0.1)),
        (["banana", "fruit"], (0.2, 0.05, 0.04), "box", (0.1, 0.025, 0.02)),
    ],
)
def test_fruit_is_an_ellipsoid_and_a_bottle_a_cylinder_unless_they_are_long(
    names: list[str], size: tuple[float, float, float], kind: str, extents: tuple[float, ...]
) -> None:
    (solid,) = derive_solids(names, *box_mesh(*size)).solids

    assert solid.kind == kind
    assert solid.size == pytest.approx(extents)


def test_a_tray_is_hollow_above_its_floor() -> None:
    shape = derive_solids(["tray"], *open_mesh(0.3, 0.2, 0.05, 0.01))

    floor, *walls = shape.solids
    assert (shape.holds, shape.inner_m) == ("in", pytest.approx(0.17))
    assert floor.size == pytest.approx((0.15, 0.1, 0.005), abs=1e-4)
    assert len(walls) == 4
    assert max(wall.center[2] + wall.size[2] for wall in walls) == pytest.approx(0.05)
    assert max(wall.center[0] + wall.size[0] for wall in walls) == pytest.approx(0.15)


def test_a_mug_whose_surface_lies_high_is_not_hollow() -> None:
    shape = derive_solids(["mug"], *box_mesh(0.08, 0.08, 0.1))

    assert shape.holds == ""


def test_a_pan_is_hollow_beside_its_handle() -> None:
    vertices, faces = open_mesh(0.2, 0.2, 0.05, 0.005)
    bar, bar_faces = box_mesh(0.2, 0.02, 0.05)
    handle = bar + np.array([0.2, 0, 0], np.float32)
    both = np.concatenate([vertices, handle]) - np.array([0.1, 0, 0], np.float32)

    shape = derive_solids(["pan"], both, np.concatenate([faces, bar_faces + len(vertices)]))

    # From -0.2 to 0 the pan, from 0 to 0.2 its handle.
    assert shape.holds == "in"
    assert shape.solids[0].kind == "cylinder"
    assert shape.solids[0].center[0] == pytest.approx(-0.1, abs=0.02)
    assert shape.solids[-1].center[0] == pytest.approx(0.1, abs=0.02)


def test_a_plate_and_a_book_hold_others_on_them() -> None:
    plate = derive_solids(["plate", "dish"], *open_mesh(0.2, 0.2, 0.02, 0.008))
    book = derive_solids(["book"], *box_mesh(0.2, 0.15, 0.04))

    assert (plate.holds, book.holds) == ("on", "on")
    assert plate.solids[0].size == pytest.approx((0.1, 0.004))  # up to its middle, not its rim
    assert book.solids[0].size == pytest.approx((0.1, 0.075, 0.02))


def test_a_round_wall_closes() -> None:
    walls = ring((0.1, 0.1), 0.01, 0.0, 0.08, round_=True)

    assert len(walls) == 8
    for first, second in zip(walls, walls[1:] + walls[:1], strict=True):
        ends = []
        for wall, sign in ((first, 1), (second, -1)):
            along = np.array([-np.sin(wall.yaw_rad), np.cos(wall.yaw_rad)])
            ends.append(np.array(wall.center[:2]) + sign * wall.size[1] * along)
        np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)
