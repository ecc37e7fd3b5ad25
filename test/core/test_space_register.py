"""A depth camera of 40 x 30 with focal length 50 px and its axis in the middle of the image.

A wall at 2 m, seen from 0.2 m further right, is shifted by 50 * 0.2 / 2 = 5 px.
"""

from typing import Any

import numpy as np
import pytest

from textseg_core.space.camera import CameraModel
from textseg_core.space.register import close_cracks, register_depth


def camera(focal: float = 50.0, width: int = 40, height: int = 30, **more: Any) -> CameraModel:
    middle = ((width - 1) / 2, (height - 1) / 2)
    k = [focal, 0.0, middle[0], 0.0, focal, middle[1], 0.0, 0.0, 1.0]
    return CameraModel.from_info(width=width, height=height, k=k, **more)


def pose(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


WALL = np.full((30, 40), 2.0, np.float32)


def test_the_same_camera_at_the_same_place_keeps_its_depth() -> None:
    assert register_depth(WALL, camera(), camera(), np.eye(4)) is WALL


def test_a_wall_shifts_by_focal_length_times_offset_over_depth() -> None:
    depth = WALL.copy()
    depth[10, 20] = 0.0  # a hole too wide to be a crack
    depth[9:12, 19:22] = 0.0

    # The colour camera is 0.2 m to the right, so points lie 0.2 m further left for it.
    seen = register_depth(depth, camera(), camera(), pose(x=-0.2))

    expected = np.zeros_like(depth)
    expected[:, :35] = 2.0
    expected[9:12, 14:17] = 0.0
    np.testing.assert_array_equal(seen > 0, expected > 0)
    np.testing.assert_allclose(seen[seen > 0], 2.0)


def test_the_depth_is_along_the_new_axis() -> None:
    # From half a metre further back the wall is 2.5 m away, and 40 px become 32.
    seen = register_depth(WALL, camera(), camera(), pose(z=0.5))

    assert seen[15, 20] == pytest.approx(2.5)
    np.testing.assert_array_equal(np.flatnonzero((seen > 0).any(axis=0))[[0, -1]], [4, 35])


def test_the_nearest_surface_hides_what_is_behind_it() -> None:
    depth = WALL.copy()
    depth[10:20, 25:30] = 1.0  # shifts by 10 px, onto columns 15 to 19; the wall only by 5

    seen = register_depth(depth, camera(), camera(), pose(x=-0.2))

    np.testing.assert_allclose(seen[10:20, 15:20], 1.0)
    np.testing.assert_allclose(seen[10:20, 10:15], 2.0)
    # Behind its old place the wall was not seen: columns 20 to 24 stay unknown.
    np.testing.assert_array_equal(seen[11:19, 20:25], 0.0)
    np.testing.assert_allclose(seen[0, :35], 2.0)


def test_what_is_nearer_counts_whichever_pixel_comes_first() -> None:
    depth = WALL.copy()
    depth[10:20, 10:15] = 1.0  # the other way: onto columns 20 to 24, before the wall's pixels

    seen = register_depth(depth, camera(), camera(), pose(x=0.2))

    np.testing.assert_allclose(seen[10:20, 20:25], 1.0)
    np.testing.assert_allclose(seen[0, 5:], 2.0)


@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_finer_image_has_no_holes(times: int) -> None:
    fine = camera(50.0 * times, 40 * times, 30 * times)

    seen = register_depth(WALL, camera(), fine, np.eye(4))

    np.testing.assert_allclose(seen, 2.0)


def test_each_pixel_becomes_a_square_of_a_finer_image() -> None:
    depth = WALL.copy()
    depth[10, 20] = 1.5

    seen = register_depth(depth, camera(), camera(100.0, 80, 60), np.eye(4))

    near = np.argwhere(seen < 1.9)
    np.testing.assert_array_equal(near, [[20, 40], [20, 41], [21, 40], [21, 41]])


def test_a_coarser_image_takes_the_depth_at_its_pixels() -> None:
    seen = register_depth(WALL, camera(), camera(25.0, 20, 15), np.eye(4))

    assert seen.shape == (15, 20)
    np.testing.assert_allclose(seen, 2.0)


def test_a_camera_turned_upside_down_sees_the_image_upside_down() -> None:
    depth = WALL.copy()
    depth[5:8, 30:34] = 1.0
    turned = np.diag([-1.0, -1.0, 1.0, 1.0])

    seen = register_depth(depth, camera(), camera(), turned)

    np.testing.assert_allclose(seen, depth[::-1, ::-1])


def test_a_camera_turned_by_half_a_right_angle_sees_a_whole_wall() -> None:
    c = np.sqrt(0.5)
    turned = np.eye(4)
    turned[:2, :2] = [[c, -c], [c, c]]

    seen = register_depth(WALL, camera(), camera(), turned)

    assert (seen[5:25, 10:30] > 0).all()


def test_distortion_of_the_colour_camera_is_honoured() -> None:
    bent = camera(d=[0.5, 0.0, 0.0, 0.0], distortion_model="plumb_bob")
    depth = np.zeros_like(WALL)
    depth[14:16, 35:37] = 2.0  # at x / z = 16 / 50 = 0.32, y / z = 0

    seen = register_depth(depth, camera(), bent, np.eye(4))

    # 0.32 is stretched by 1 + 0.5 * 0.32^2 = 1.0512: 16.8 px from the middle at 19.5, not 16.
    columns = np.flatnonzero((seen > 0).any(axis=0))
    assert columns.mean() == pytest.approx(36.3, abs=0.5)


def test_what_is_far_out_of_view_does_not_fold_back_into_the_image() -> None:
    # r (1 - r^2) falls again from r = 0.58 on: 0.9 would be seen at 0.9 * 0.19 = 0.17.
    folding = camera(d=[-1.0, 0.0, 0.0, 0.0], distortion_model="plumb_bob")
    wide = camera(focal=20.0)
    depth = np.zeros_like(WALL)
    depth[10:20, 36:39] = 2.0  # x / z = 17.5 / 20 = 0.88

    with pytest.raises(ValueError, match="none of the depth falls"):
        register_depth(depth, wide, folding, np.eye(4))


def test_points_behind_the_colour_camera_are_left_out() -> None:
    depth = WALL.copy()
    depth[:, :10] = 0.5

    seen = register_depth(depth, camera(), camera(), pose(z=-1.0))

    assert seen[seen > 0] == pytest.approx(1.0)


def test_depth_that_never_meets_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the depth falls into the colour image"):
        register_depth(WALL, camera(), camera(), pose(x=50.0))


def test_depth_of_another_size_than_its_camera_is_refused() -> None:
    with pytest.raises(ValueError, match="depth image is 20 x 30, its camera 40 x 30"):
        register_depth(WALL[:, :20], camera(), camera(), np.eye(4))


@pytest.mark.parametrize(
    "transform",
    [
        np.eye(3),
        np.full((4, 4), np.nan),
        np.diag([1.0, 1.0, -1.0, 1.0]),
        np.diag([2.0, 2.0, 2.0, 1.0]),
        np.eye(4) * 2,
        np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0.1, 0, 0, 1.0]]),
    ],
)
def test_what_is_no_rigid_transform_is_refused(transform: np.ndarray) -> None:
    with pytest.raises(ValueError, match="a transform must be"):
        register_depth(WALL, camera(), camera(), transform)


def test_a_crack_of_one_pixel_is_closed_and_a_jump_is_not() -> None:
    depth = WALL.copy()
    depth[10, 10] = 0.0
    depth[:, 20:] = 3.0
    depth[15, 20] = 0.0
    depth[25:28, 5:8] = 0.0

    closed = close_cracks(depth)

    assert closed[10, 10] == pytest.approx(2.0)
    assert closed[15, 20] == 0.0
    assert closed[26, 6] == 0.0
    assert (closed > 0).sum() == (depth > 0).sum() + 1
