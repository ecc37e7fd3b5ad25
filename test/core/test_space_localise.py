"""A camera of 320 x 240 with focal length 400 px, its axis through pixel (160, 120).

A pixel is 2.5 mm wide at 1 m. Mean pixels of the masks are chosen so that positions are round.
"""

from dataclasses import replace

import numpy as np
import pytest

from textseg_core.space.box import matrix_of
from textseg_core.space.camera import CameraModel
from textseg_core.space.localise import (
    LocalisationError,
    SensorNoise,
    localise,
    moved,
    touches_border,
)

CAMERA = CameraModel.from_info(
    width=320, height=240, k=[400.0, 0, 160.0, 0, 400.0, 120.0, 0, 0, 1.0]
)
SHAPE = (240, 320)
EXACT = SensorNoise(base_m=1e-5, per_m2=0.0, scale=0.0)


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


#: Columns 180 to 220, rows 70 to 90: mean (200, 80).
BOARD = rectangle(180, 70, 221, 91)


def wall(depth_m: float = 1.0) -> np.ndarray:
    return np.full(SHAPE, depth_m, np.float32)


def test_a_board_across_the_axis_is_at_its_middle() -> None:
    located = localise(BOARD, wall(), CAMERA)

    # (200 - 160) / 400 = 0.1 to the right, (80 - 120) / 400 = 0.1 upwards, which is -y.
    np.testing.assert_allclose(located.centroid, [0.1, -0.1, 1.0], atol=1e-6)
    # 41 and 21 pixel centres of 2.5 mm span 100 and 50 mm.
    np.testing.assert_allclose(located.box.size, [0.1, 0.05, 0.0], atol=1e-3)
    np.testing.assert_allclose(located.box.centre, [0.1, -0.1, 1.0], atol=1e-6)
    assert located.width_m == located.box.size[1]
    # x to the right, z to the camera, so y upwards: half a turn about x.
    np.testing.assert_allclose(located.quaternion, [1.0, 0.0, 0.0, 0.0], atol=1e-6)
    assert located.valid_share == 1.0
    assert not located.at_border


def test_points_come_with_their_pixels() -> None:
    located = localise(BOARD, wall(2.0), CAMERA)

    assert located.points.dtype == np.float32
    assert located.points.shape == (861, 3)
    np.testing.assert_array_equal(located.pixels[0], [70, 180])
    np.testing.assert_allclose(located.points[0], [0.1, -0.25, 2.0], rtol=1e-6)
    assert BOARD[tuple(located.pixels.T)].all()


def test_a_slanted_board_is_at_the_mean_of_its_surface() -> None:
    # z = 1 / (1 + 0.5 (x / z)): the plane z + 0.5 x = 1.
    slope = (np.arange(320) - 160) / 400
    depth = np.tile((1.0 / (1.0 + 0.5 * slope)).astype(np.float32), (240, 1))
    z = 1.0 / (1.0 + 0.5 * slope[180:221])

    located = localise(rectangle(180, 110, 221, 131), depth, CAMERA)

    x = slope[180:221] * z
    np.testing.assert_allclose(located.centroid, [x.mean(), 0.0, z.mean()], atol=1e-5)
    # Its longer side lies along (1, 0, -0.5).
    axis = matrix_of(located.quaternion)[:, 0]
    np.testing.assert_allclose(axis, np.array([1, 0, -0.5]) / np.sqrt(1.25), atol=1e-3)


def test_depth_missing_on_one_side_does_not_shift_the_centre() -> None:
    depth = wall()
    depth[:, 200:206] = 0.0
    depth[70:76] = np.nan

    located = localise(BOARD, depth, CAMERA)

    np.testing.assert_allclose(located.centroid, [0.1, -0.1, 1.0], atol=1e-5)
    assert located.valid_share == pytest.approx(15 * 35 / 861)


def test_bleeding_edges_do_not_shift_the_centre() -> None:
    depth = wall(1.4)
    depth[71:90, 181:221] = 1.0
    depth[71:90, 180] = 1.2  # halfway between object and background

    located = localise(BOARD, depth, CAMERA)

    np.testing.assert_allclose(located.centroid, [0.1, -0.1, 1.0], atol=1e-5)


def test_a_finger_before_the_object_does_not_pull_it_nearer() -> None:
    depth = wall()
    depth[:, 198:203] = 0.7

    located = localise(BOARD, depth, CAMERA)

    assert located.centroid[2] == pytest.approx(1.0, abs=1e-5)
    assert located.centroid[0] == pytest.approx(0.1, abs=1e-5)
    assert located.points[:, 2].min() == pytest.approx(1.0)


def test_noise_averages_out_and_stays_within_the_stated_covariance() -> None:
    rng = np.random.default_rng(5)
    depth = wall() + 0.004 * rng.standard_normal(SHAPE).astype(np.float32)

    located = localise(BOARD, depth, CAMERA)

    off = located.centroid - [0.1, -0.1, 1.0]
    # 4 mm over sqrt(861) is 0.14 mm; what is cut off and filled costs a little.
    assert abs(off[2]) < 6e-4
    assert off @ np.linalg.solve(located.covariance, off) < 7.8


def test_the_covariance_is_the_sum_of_noise_along_the_sight_and_doubt_of_the_mask() -> None:
    noise = SensorNoise(base_m=0.004, per_m2=0.0, scale=0.01)
    mask = rectangle(140, 100, 181, 141)  # 41 x 41 around the axis

    covariance = localise(mask, wall(), CAMERA, noise=noise).covariance

    # Across: variance 41^2 / 12 pixels, times 12 / 1681 for a shift by one: one pixel.
    pixel = 0.0025**2
    along = 0.004**2 * 16 / 1681 + 0.01**2 + pixel / 1681
    np.testing.assert_allclose(covariance, np.diag([pixel, pixel, along]), rtol=1e-4, atol=1e-9)


def test_a_part_without_depth_adds_doubt_along_the_surface() -> None:
    mask = rectangle(140, 100, 181, 141)
    depth = wall()
    depth[:, 155:166] = 0.0  # 11 of 41 columns

    covariance = localise(mask, depth, CAMERA).covariance

    variance = 0.0025**2 * (41**2 - 1) / 12
    assert covariance[1, 1] == pytest.approx(
        variance * (12 / 1681 + (11 / 41) ** 2 / 12), rel=1e-3
    )


def test_the_box_stands_upright_when_up_is_known() -> None:
    # Looking straight down: up is towards the camera. A block's top at 0.9 m above a table at 1 m.
    depth = wall()
    depth[BOARD] = 0.9

    located = localise(BOARD, depth, CAMERA, up=[0.0, 0.0, -2.0])

    np.testing.assert_allclose(matrix_of(located.box.quaternion)[:, 2], [0, 0, -1], atol=1e-9)
    np.testing.assert_allclose(located.box.size[:2], [0.09, 0.045], atol=1e-3)


def test_the_top_point_is_the_middle_of_the_highest_plane() -> None:
    # Looking straight down on a step, 41 px wide: its right half is 40 mm higher.
    depth = wall()
    depth[:, 160:] = 0.96

    located = localise(rectangle(140, 100, 181, 141), depth, CAMERA, up=[0.0, 0.0, -1.0])

    # Columns 160 to 180, rows 100 to 140: mean (170, 120).
    np.testing.assert_allclose(located.top_point, [10 / 400 * 0.96, 0.0, 0.96], atol=1e-4)


def test_without_up_the_nearest_plane_counts() -> None:
    depth = wall()
    depth[:, 160:] = 0.96
    mask = rectangle(140, 100, 181, 141)

    given, none = (localise(mask, depth, CAMERA, up=up) for up in ([0.0, 0.0, -1.0], None))

    np.testing.assert_allclose(given.top_point, none.top_point)
    assert none.top_point[2] == pytest.approx(0.96)


def test_the_highest_point_follows_up_not_the_camera() -> None:
    # Up to the left: the left part is the highest, though the right one is nearer.
    depth = wall()
    depth[:, 160:] = 0.96
    mask = rectangle(140, 100, 181, 141)

    located = localise(mask, depth, CAMERA, up=[-1.0, 0.0, 0.0], noise=EXACT)

    assert located.top_point[2] == pytest.approx(1.0)
    # The band reaches 6 mm, so two or three of the leftmost columns.
    assert located.top_point[0] == pytest.approx((141 - 160) / 400, abs=0.003)


def test_the_top_point_of_a_ring_lies_on_the_ring() -> None:
    v, u = np.mgrid[0:240, 0:320]
    radius = np.hypot(u - 160, v - 120)
    mask = radius <= 40
    depth = wall(1.1)
    depth[(radius >= 28) & mask] = 1.0  # a bowl's rim around its floor
    depth[~mask] = 1.3

    top = localise(mask, depth, CAMERA).top_point

    away = np.hypot(top[0], top[1]) * 400
    assert 27 < away < 41
    assert top[2] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((2, 2, 318, 238), False),
        ((1, 50, 20, 60), True),
        ((50, 1, 60, 20), True),
        ((300, 50, 319, 60), True),
        ((50, 200, 60, 239), True),
    ],
)
def test_a_mask_in_the_outermost_two_pixels_touches_the_border(
    box: tuple[int, int, int, int], expected: bool
) -> None:
    assert touches_border(rectangle(*box)) is expected


def test_a_target_at_the_border_is_flagged() -> None:
    assert localise(rectangle(0, 50, 30, 80), wall(), CAMERA).at_border


def test_distortion_is_honoured() -> None:
    bent = CameraModel(
        width=320, height=240, k=CAMERA.k, d=np.array([0.5, 0, 0, 0]), distortion_model="plumb_bob"
    )
    # (0.3, 0) is seen at 0.3 * (1 + 0.5 * 0.09) = 0.3135: 125.4 px from the axis.
    mask = rectangle(280, 115, 292, 126)  # mean column 285.5

    located = localise(mask, wall(), bent)

    assert located.centroid[0] == pytest.approx(0.3, abs=1e-3)


def test_pixels_without_a_ray_do_not_count() -> None:
    folding = CameraModel(
        width=320,
        height=240,
        k=CAMERA.k,
        d=np.array([-2.0, 0, 0, 0]),
        distortion_model="plumb_bob",
    )
    # r (1 - 2 r^2) is greatest 0.272: beyond 108 px from the axis there is nothing.
    with pytest.raises(LocalisationError, match="distortion model does not hold"):
        localise(rectangle(290, 100, 310, 140), wall(), folding)

    located = localise(rectangle(250, 100, 310, 140), wall(), folding)
    assert np.isfinite(located.centroid).all()
    assert located.valid_share < 0.5


def test_another_frame_moves_points_and_turns_axes() -> None:
    # The camera's x becomes the new y, its y the new z, its z the new x; then one metre up.
    pose = np.array([[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 1], [0, 0, 0, 1.0]])
    located = localise(BOARD, wall(), CAMERA)

    there = moved(located, pose)

    np.testing.assert_allclose(there.centroid, [1.0, 0.1, 0.9], atol=1e-6)
    np.testing.assert_allclose(there.top_point, [1.0, 0.1, 0.9], atol=1e-6)
    np.testing.assert_allclose(there.box.centre, [1.0, 0.1, 0.9], atol=1e-6)
    np.testing.assert_allclose(there.points[0], [1.0, 0.05, 1 - 0.125], atol=1e-6)
    np.testing.assert_allclose(matrix_of(there.quaternion)[:, 0], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(matrix_of(there.box.quaternion)[:, 2], [-1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(there.covariance[1, 1], located.covariance[0, 0])
    np.testing.assert_allclose(there.covariance[0, 0], located.covariance[2, 2])
    assert there.width_m == located.width_m


def test_a_transform_that_is_not_rigid_is_refused() -> None:
    with pytest.raises(ValueError, match="without scale or mirror"):
        moved(localise(BOARD, wall(), CAMERA), np.diag([1.0, 1.0, -1.0, 1.0]))


def test_arrays_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="must have one size"):
        localise(BOARD, wall()[:100], CAMERA)
    with pytest.raises(ValueError, match="must have one size"):
        localise(BOARD, wall(), replace(CAMERA, width=640))
    with pytest.raises(ValueError, match="mask must be bool"):
        localise(BOARD.astype(np.uint8), wall(), CAMERA)  # type: ignore[arg-type]


@pytest.mark.parametrize("up", [[0.0, 0.0, 0.0], [np.nan, 0.0, 1.0], [0.0, 1.0]])
def test_what_is_no_direction_is_refused(up: list[float]) -> None:
    with pytest.raises(ValueError, match="up must be a direction"):
        localise(BOARD, wall(), CAMERA, up=up)


def test_nothing_that_was_given_is_written_to() -> None:
    mask, depth = BOARD.copy(), wall()
    depth[75, 190] = np.nan

    localise(mask, depth, CAMERA)

    np.testing.assert_array_equal(mask, BOARD)
    assert np.isnan(depth[75, 190])


@pytest.mark.parametrize("part", [(140, 120, 180, 121), (160, 100, 161, 140)])
def test_the_covariance_of_a_line_of_pixels_has_a_length_in_every_direction(
    part: tuple[int, int, int, int],
) -> None:
    located = localise(rectangle(*part), wall(), CAMERA)

    # Forty pixels of 2.5 mm: across the line at least the variance of a shift by a pixel of
    # 1 / 12 pixels squared, 12 / 40 times over.
    least = np.linalg.eigvalsh(located.covariance)[0]
    assert least > 0.9 * 0.0025**2 / 12 * 12 / 40


def test_a_few_pixels_with_a_ray_are_too_few() -> None:
    grid = CAMERA.ray_grid().copy()
    bent = replace(CAMERA)
    assert bent.ray_grid() is not CAMERA.ray_grid()
    bent.ray_grid()[:] = np.nan
    bent.ray_grid()[80, 200:203] = grid[80, 200:203]

    with pytest.raises(LocalisationError, match="distortion model does not hold"):
        localise(BOARD, wall(), bent)


def two_pieces(behind_m: float, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """A mask of 40 x 40 px whose lowest rows lie farther away than the metre of the others."""
    depth = wall()
    depth[140 - rows :] = 1.0 + behind_m
    return rectangle(140, 100, 180, 140), depth


def test_a_piece_that_may_be_another_thing_counts_and_adds_doubt() -> None:
    # The mask is 0.1 m long: a gap of 45 mm is less than half of that, and more than a quarter
    # and the 37 mm of a jump.
    mask, depth = two_pieces(0.045, 14)
    plain = localise(mask, wall(), CAMERA)

    located = localise(mask, depth, CAMERA)

    # 14 of 40 rows are 45 mm behind. Without them the centre would be 15.75 mm nearer, and at
    # row 112.5 of 400 px instead of 26 rows there and 14 at 132.5, 1.045 m away.
    assert located.centroid[2] == pytest.approx(1.01575, abs=5e-4)
    off = np.array([0.0, (-7.5 * 26 + 12.5 * 1.045 * 14) / 40 / 400 + 7.5 / 400, 0.01575])
    np.testing.assert_allclose(
        located.covariance, plain.covariance + 0.5 * np.outer(off, off), atol=1.5e-5
    )
    assert located.sigma_m == pytest.approx(np.sqrt(0.5) * np.linalg.norm(off), rel=0.1)
    assert located.is_sure


def test_a_mask_of_two_things_apart_is_not_sure() -> None:
    mask, depth = two_pieces(0.3, 14)

    located = localise(mask, depth, CAMERA)

    # The nearer fills more and is taken; the chance that it was the other is its share of the
    # inside, about a quarter, and that would be 0.3 m away.
    assert located.centroid[2] == pytest.approx(1.0, abs=1e-3)
    assert 0.4 * 0.3 < located.sigma_m < 0.6 * 0.3
    assert not located.is_sure


@pytest.mark.parametrize(("behind_m", "rows"), [(0.02, 14), (0.3, 4), (0.045, 1)])
def test_a_slope_a_rim_and_a_part_close_behind_leave_it_sure(behind_m: float, rows: int) -> None:
    mask, depth = two_pieces(behind_m, rows)

    assert localise(mask, depth, CAMERA).sigma_m < 0.006
