import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import AnyArray, BoolArray
from textseg_core.geometry import mask_box, mask_centroid, principal_axis


def block(height: int, width: int, x: int, y: int, columns: int, rows: int) -> BoolArray:
    mask = np.zeros((height, width), np.bool_)
    mask[y : y + rows, x : x + columns] = True
    return mask


def test_box_is_left_column_top_row_width_height() -> None:
    assert mask_box(block(20, 30, 7, 3, 12, 4)) == (7, 3, 12, 4)


def test_empty_mask_has_no_box_no_centroid_and_no_axis() -> None:
    empty = np.zeros((5, 5), np.bool_)
    assert mask_box(empty) is None
    assert mask_centroid(empty) is None
    assert principal_axis(empty) is None


def test_centroid_of_a_block_is_its_mean_position() -> None:
    # Columns 7..18 and rows 3..6.
    assert mask_centroid(block(20, 30, 7, 3, 12, 4)) == pytest.approx((12.5, 4.5))


def test_centroid_of_one_pixel_is_that_pixel() -> None:
    assert mask_centroid(block(9, 9, 6, 2, 1, 1)) == (6.0, 2.0)


def test_centroid_of_a_c_lies_in_the_middle_of_its_spine() -> None:
    # 30 x 30 with columns 10.., rows 10..19 cut out: mean (13.07, 14.5) lies in the gap. The
    # deepest pixels are 6 from the rim, so those from 4.5 on count; on the spine these are the
    # columns 4 and 5, which are 8.1 from the mean, while the arms' are 8.5 or more.
    mask = block(30, 30, 0, 0, 30, 30)
    mask[10:20, 10:] = False
    assert mask_centroid(mask) == (5.0, 14.0)


def test_centroid_of_a_ring_lies_deep_in_the_ring() -> None:
    v, u = np.mgrid[:101, :121]
    radius = np.hypot(u - 60, v - 50)
    mask = (radius > 20) & (radius < 40)
    centroid = mask_centroid(mask)
    assert centroid is not None
    # The middle of the ring is at 30; 0.75 of the greatest depth, 10, leaves 2.5 either way.
    assert 27.0 < math.hypot(centroid[0] - 60, centroid[1] - 50) < 33.0


def test_centroid_of_an_l_two_pixels_wide_is_the_pixel_inside_its_corner() -> None:
    # Only (1, 18) has all of its four neighbours in the L.
    mask = block(20, 20, 0, 0, 2, 20) | block(20, 20, 0, 18, 20, 2)
    assert mask_centroid(mask) == (1.0, 18.0)


@pytest.mark.parametrize("seed", range(20))
def test_centroid_of_any_shape_is_foreground_however_it_is_rounded(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random((17, 23)) < 0.15
    mask[3, 5] = True
    u, v = mask_centroid(mask) or (0.0, 0.0)
    for round_u in (math.floor(u), math.ceil(u)):
        for round_v in (math.floor(v), math.ceil(v)):
            assert mask[round_v, round_u]


def test_the_edge_of_the_image_counts_as_rim() -> None:
    # A C of 9 x 9 that fills the array; counting the border as inside, the deepest pixels would
    # be at the corners of the array.
    mask = block(9, 9, 0, 0, 9, 9)
    mask[3:6, 3:] = False
    assert mask_centroid(mask) == (1.0, 4.0)


def test_axis_of_a_lying_block_is_level_and_four_standard_deviations_long() -> None:
    # Sides 12 and 4: 4 * 12 / sqrt(12) and 4 * 4 / sqrt(12).
    axis = principal_axis(block(20, 30, 7, 3, 12, 4))
    assert axis is not None
    assert axis.angle_rad == pytest.approx(0.0)
    assert axis.major_px == pytest.approx(13.8564, abs=1e-3)
    assert axis.minor_px == pytest.approx(4.6188, abs=1e-3)


def test_axis_of_a_standing_block_is_plus_half_pi() -> None:
    axis = principal_axis(block(30, 20, 3, 7, 4, 12))
    assert axis is not None
    assert axis.angle_rad == pytest.approx(math.pi / 2)


def test_axis_turns_from_right_towards_down() -> None:
    falling = principal_axis(np.eye(11, dtype=np.bool_))
    rising = principal_axis(np.eye(11, dtype=np.bool_)[::-1])
    assert falling is not None
    assert rising is not None
    assert falling.angle_rad == pytest.approx(math.pi / 4)
    assert rising.angle_rad == pytest.approx(-math.pi / 4)


@pytest.mark.parametrize("side", [1, 2, 9])
def test_axis_of_a_square_is_level_because_no_direction_prevails(side: int) -> None:
    axis = principal_axis(block(20, 20, 4, 6, side, side))
    assert axis is not None
    assert axis.angle_rad == 0.0
    assert axis.major_px == pytest.approx(4.0 * side / math.sqrt(12.0))
    assert axis.minor_px == pytest.approx(4.0 * side / math.sqrt(12.0))


def test_a_line_one_pixel_wide_is_one_pixel_wide() -> None:
    axis = principal_axis(block(5, 40, 3, 2, 30, 1))
    assert axis is not None
    assert axis.minor_px == pytest.approx(4.0 / math.sqrt(12.0))


def test_a_mask_that_is_a_view_with_strides_is_read_correctly() -> None:
    mask = block(40, 60, 14, 6, 24, 8)[::2, ::2]
    assert mask_box(mask) == (7, 3, 12, 4)
    assert mask_centroid(mask) == pytest.approx((12.5, 4.5))


@pytest.mark.parametrize("function", [mask_box, mask_centroid, principal_axis])
@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 1), np.bool_)])
def test_what_is_no_mask_is_refused(function: Callable[[Any], object], wrong: AnyArray) -> None:
    with pytest.raises(ValueError, match=r"mask must be bool \(H, W\)"):
        function(wrong)
