"""A camera of focal length 400 px looks at a wall one metre away, where a pixel is 2.5 mm wide."""

import numpy as np
import pytest

from textseg_core.space.fill import fill_planes
from textseg_core.space.layers import jump_m, label_layers, lonely
from textseg_core.space.surface import LocalisationError, SensorNoise, visible_surface

FOCAL = 400.0
NOISE = SensorNoise()


def tilted(shape: tuple[int, int]) -> np.ndarray:
    """A plane whose inverse depth is 1 + 0.002 u + 0.001 v."""
    v, u = np.mgrid[0 : shape[0], 0 : shape[1]]
    return (1.0 / (1.0 + 0.002 * u + 0.001 * v)).astype(np.float32)


def square(row: int = 20, column: int = 20, side: int = 20, size: int = 60) -> np.ndarray:
    mask = np.zeros((size, size), np.bool_)
    mask[row : row + side, column : column + side] = True
    return mask


def test_noise_grows_with_the_squared_distance() -> None:
    noise = SensorNoise(base_m=0.001, per_m2=0.002)

    np.testing.assert_allclose(noise.sigma_m(np.array([1.0, 2.0])), [0.003, 0.009])


def test_the_jump_between_surfaces_is_six_pixel_widths_and_five_sigma() -> None:
    limit = jump_m(np.float32([[1.0]]), np.float32([[0.004]]), FOCAL)

    assert limit[0, 0] == pytest.approx(6 * 0.0025 + 5 * 0.004)


def test_pieces_are_cut_by_jumps_and_not_by_slopes() -> None:
    depth = np.ones((3, 6), np.float32)
    depth[:, 2] = 1.02
    depth[:, 3:] = 1.1
    known = depth > 0
    known[1, 5] = False

    count, labels = label_layers(depth, known, np.full_like(depth, 0.03))

    assert count == 2
    np.testing.assert_array_equal(labels[0], [1, 1, 1, 2, 2, 2])
    assert labels[1, 5] == 0


def test_pixels_that_touch_at_corners_only_do_not_hang_together() -> None:
    known = np.eye(3, dtype=np.bool_)

    count, _ = label_layers(np.ones((3, 3), np.float32), known, np.ones((3, 3), np.float32))

    assert count == 3


def test_a_pixel_in_mid_air_is_lonely_and_a_corner_is_not() -> None:
    depth = np.ones((5, 5), np.float32)
    depth[2, 2] = 1.2

    alone = lonely(depth, depth > 0, np.full_like(depth, 0.05))

    np.testing.assert_array_equal(np.argwhere(alone), [[2, 2]])


def test_a_plane_is_continued_over_holes_and_beyond_its_edge() -> None:
    depth = tilted((30, 30))
    known = np.zeros((30, 30), np.bool_)
    known[5:25, 5:25] = True
    known[12:16, 12:16] = False
    wanted = np.zeros_like(known)
    wanted[5:25, 3:27] = True

    filled = fill_planes(np.where(known, depth, np.float32(0)), known, wanted)

    assert (filled[wanted] > 0).all()
    # Slopes are held back a little: over three pixels of 2 mm that is below half a mm.
    np.testing.assert_allclose(filled[wanted], depth[wanted], atol=5e-4)
    np.testing.assert_array_equal(filled[known], depth[known])
    assert not filled[~wanted & ~known].any()


def test_what_no_window_reaches_stays_empty() -> None:
    known = np.zeros((10, 130), np.bool_)
    known[:, :10] = True
    wanted = np.ones_like(known)

    filled = fill_planes(np.ones((10, 130), np.float32), known, wanted)

    assert filled[5, 40] == pytest.approx(1.0)
    assert filled[5, 100] == 0.0


def test_the_surface_of_a_clean_object_is_its_own_depth() -> None:
    mask = square()

    surface = visible_surface(mask, np.ones((60, 60), np.float32), FOCAL, NOISE)

    assert (surface.top, surface.left, surface.mask_px) == (16, 16, 400)
    assert int(surface.shown.sum()) == int(surface.measured.sum()) == 400
    np.testing.assert_array_equal(surface.shown, mask[16:44, 16:44])


def test_background_in_the_rim_is_replaced_by_the_object_s_surface() -> None:
    mask = square()
    depth = np.full((60, 60), 1.3, np.float32)
    depth[21:39, 21:39] = 1.0  # the depth camera sees the object a pixel smaller all around

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    assert int(surface.shown.sum()) == 400
    assert int(surface.measured.sum()) == 18 * 18
    np.testing.assert_allclose(surface.depth_m[surface.shown], 1.0, atol=1e-6)


def test_background_wider_than_bleeding_is_cut_off() -> None:
    mask = square()
    depth = np.full((60, 60), 1.3, np.float32)
    depth[20:40, 20:32] = 1.0  # of the mask's 20 columns eight show the wall behind

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    # Three columns beside the object count as bleeding, five as spill.
    assert int(surface.shown.sum()) == 20 * 15
    np.testing.assert_allclose(surface.depth_m[surface.shown], 1.0, atol=1e-6)


def test_holes_within_spill_are_not_of_the_object() -> None:
    mask = square()
    depth = np.full((60, 60), 1.3, np.float32)
    depth[20:40, 20:32] = 1.0
    depth[25:35, 36:39] = 0.0  # in the spill; beside the object, five columns are left of it

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    assert int(surface.shown.sum()) == 20 * 15


def test_what_stands_before_the_object_is_left_out() -> None:
    mask = square()
    depth = np.ones((60, 60), np.float32)
    depth[:, 33:37] = 0.6  # a finger over four of twenty columns

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    np.testing.assert_allclose(surface.depth_m[surface.shown], 1.0, atol=1e-6)
    assert int(surface.measured.sum()) == 20 * 16


def test_a_part_of_the_object_across_a_jump_belongs_to_it() -> None:
    mask = square()
    depth = np.full((60, 60), 1.5, np.float32)
    # Long side 20 px = 50 mm at 1 m; a handle 45 mm behind would be foreign, 28 mm is not.
    depth[20:40, 20:30] = 1.0
    depth[20:40, 30:40] = 1.028

    surface = visible_surface(mask, depth, FOCAL, SensorNoise(base_m=0.0, per_m2=0.001))

    assert int(surface.measured.sum()) == 400


def test_a_piece_too_far_behind_is_not_of_the_object() -> None:
    mask = square()
    depth = np.full((60, 60), 1.5, np.float32)
    depth[20:40, 20:31] = 1.0
    depth[20:40, 31:40] = 1.08

    surface = visible_surface(mask, depth, FOCAL, SensorNoise(base_m=0.0, per_m2=0.001))

    assert int(surface.measured.sum()) == 20 * 11


def test_a_thin_part_behind_a_hole_belongs_to_the_object() -> None:
    mask = square()
    mask[28:31, 40:55] = True  # a handle three pixels thin
    depth = np.full((60, 60), 1.5, np.float32)
    depth[mask] = 1.0
    depth[:, 40:44] = 0.0  # it hangs together with the object by nothing measured

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    assert int(surface.shown.sum()) == 400 + 45
    assert surface.measured[29 - surface.top, 50 - surface.left]


def test_a_line_of_pixels_in_mid_air_is_filled_from_both_sides() -> None:
    depth = np.ones((60, 60), np.float32)
    depth[:, 30] = 1.028  # a jump of more than 15 + 5 mm, and nearer than 30 mm

    surface = visible_surface(square(), depth, FOCAL, SensorNoise(base_m=0.0, per_m2=0.001))

    assert int(surface.measured.sum()) == 400 - 20
    np.testing.assert_allclose(surface.depth_m[surface.shown], 1.0, atol=1e-6)


def test_across_a_hole_what_would_be_no_jump_belongs_together() -> None:
    depth = np.ones((60, 60), np.float32)
    depth[:, 29:31] = 0.0
    depth[:, 31:] = 1.033  # a jump begins at 35 mm; half of the object's length is 24 mm

    surface = visible_surface(square(), depth, FOCAL, NOISE)

    assert surface.measured[30 - surface.top, 35 - surface.left]


def test_depth_at_the_rim_that_disagrees_with_the_inside_does_not_count() -> None:
    mask = square()
    depth = np.ones((60, 60), np.float32)
    depth[20:40, 20] = 1.033  # too small a step for a jump, too large for noise
    depth[20:40, 39] = 1.01  # within the noise

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    assert int(surface.measured.sum()) == 400 - 20
    column = surface.depth_m[4:24, 4]
    np.testing.assert_allclose(column, 1.0, atol=1e-6)
    np.testing.assert_allclose(surface.depth_m[4:24, 23], 1.01, atol=1e-6)


def test_a_hole_in_the_depth_is_filled() -> None:
    mask = square()
    depth = tilted((60, 60))
    truth = depth.copy()
    depth[26:34, 26:34] = 0.0

    surface = visible_surface(mask, depth, FOCAL, NOISE)

    assert int(surface.shown.sum()) == 400
    assert int(surface.measured.sum()) == 400 - 64
    part = truth[16:44, 16:44]
    np.testing.assert_allclose(surface.depth_m[surface.shown], part[surface.shown], atol=5e-4)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(LocalisationError, match="mask is empty"):
        visible_surface(np.zeros((9, 9), np.bool_), np.ones((9, 9), np.float32), FOCAL, NOISE)


@pytest.mark.parametrize("unusable", [0.0, np.nan, np.inf, -1.0, 0.05, 20.0])
def test_an_object_without_usable_depth_is_refused(unusable: float) -> None:
    depth = np.full((60, 60), unusable, np.float32)

    with pytest.raises(LocalisationError, match="only 0 of the object's 400 pixels"):
        visible_surface(square(), depth, FOCAL, NOISE)


def test_depth_on_less_than_a_tenth_of_the_object_is_refused() -> None:
    depth = np.zeros((60, 60), np.float32)
    depth[20:26, 20:26] = 1.0

    with pytest.raises(LocalisationError, match=r"only 36 of the object's 400 pixels.*10%"):
        visible_surface(square(), depth, FOCAL, NOISE)


def test_a_mask_that_mostly_shows_something_else_is_refused() -> None:
    mask = square()
    depth = np.full((60, 60), 2.0, np.float32)
    # The inside is an object of 12 x 12 = 144 px, the rest another surface in strips.
    depth[24:36, 24:36] = 1.0

    with pytest.raises(LocalisationError, match="several surfaces at different depths"):
        visible_surface(mask, depth, FOCAL, NOISE)
