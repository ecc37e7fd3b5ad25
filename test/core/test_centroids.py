"""A flat wall one metre away, seen by a camera of 100 px focal length with its axis at (50, 50).

There a pixel is 10 mm wide, so distances follow from counting pixels.
"""

from dataclasses import replace

import numpy as np
import pytest
from drawn import SIDE, scene, thing

from textseg_core.evaluation.centroids import (
    CentroidErrors,
    centroid_errors,
    point_at,
    surface_centre,
)

INTRINSICS = np.array([[100.0, 0.0, 50.0], [0.0, 100.0, 50.0], [0.0, 0.0, 1.0]])
DEPTH = np.ones((SIDE, SIDE), np.float32)
NEAR = thing("mug", (40, 40, 61, 61))  # centroid (50, 50), on the optical axis
FAR = thing("mug", (140, 40, 161, 61))  # centroid (150, 50): 1 m to the right
WALL = replace(scene(NEAR, FAR), depth=DEPTH, intrinsics=INTRINSICS)


def test_a_pixel_becomes_a_point_in_metres() -> None:
    deep = DEPTH * 2

    np.testing.assert_allclose(point_at((150.0, 100.0), deep, INTRINSICS), [2.0, 1.0, 2.0])


def test_an_answer_three_pixels_off_is_three_centimetres_off_on_the_wall() -> None:
    errors = centroid_errors(WALL, (0,), (53.0, 54.0))

    assert errors.on_target is True
    assert errors.error_px == pytest.approx(5.0)
    assert errors.error_mm == pytest.approx(50.0)
    assert errors.floor_mm == pytest.approx(0.0, abs=1e-9)
    assert errors.offset_mm == pytest.approx(50.0)


def test_of_several_targets_the_nearest_counts() -> None:
    errors = centroid_errors(WALL, (0, 1), (149.0, 50.0))

    assert errors == centroid_errors(WALL, (1,), (149.0, 50.0))
    assert errors.error_mm == pytest.approx(10.0)


def test_an_answer_beside_the_target_is_not_on_it() -> None:
    errors = centroid_errors(WALL, (0,), (100.0, 50.0))

    assert (errors.on_target, errors.error_px) == (False, 50.0)
    assert errors.error_mm == pytest.approx(500.0)


def test_a_bulging_surface_costs_even_the_true_mask_something() -> None:
    depth = DEPTH.copy()
    depth[50, 50] = 0.6  # the middle pixel stands out by 400 mm
    bulging = replace(WALL, depth=depth)

    errors = centroid_errors(bulging, (0,), (50.0, 50.0))

    # Of 441 pixels one lies 0.4 m nearer, so the mean depth is 1 - 0.4 / 441.
    assert errors.error_mm == pytest.approx(400.0 * 440 / 441, rel=1e-5)
    assert errors.floor_mm == errors.error_mm
    assert errors.offset_mm == 0.0


def test_pixels_of_unknown_depth_are_left_out_of_the_surface() -> None:
    depth = DEPTH.copy()
    depth[:, :50] = 0.0
    depth[0, :] = np.nan

    centre = surface_centre(NEAR.mask, depth, INTRINSICS)

    # Columns 50 to 60 remain, whose mean is 55.
    np.testing.assert_allclose(centre, [0.05, 0.0, 1.0], atol=1e-12)
    assert surface_centre(NEAR.mask, np.zeros_like(depth), INTRINSICS) is None


@pytest.mark.parametrize("depth", [0.0, np.nan, np.inf])
def test_where_the_answer_s_depth_is_unknown_only_pixels_are_compared(depth: float) -> None:
    hole = DEPTH.copy()
    hole[50, 53] = depth

    errors = centroid_errors(replace(WALL, depth=hole), (0,), (53.0, 50.0))

    assert errors == CentroidErrors(True, 3.0)


def test_without_depth_only_pixels_are_compared() -> None:
    assert centroid_errors(scene(NEAR), (0,), (50.0, 52.0)) == CentroidErrors(True, 2.0)


def test_without_answer_or_target_there_is_nothing_to_compare() -> None:
    assert centroid_errors(WALL, (0,), None) == CentroidErrors()
    assert centroid_errors(WALL, (), (50.0, 50.0)) == CentroidErrors()
