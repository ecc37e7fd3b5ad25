import math

import numpy as np

from textseg_core.transforms import Quaternion, rigid_transform
from textseg_ros.placed import PlacedObject, PlacedResult, moved_object

HALF = math.sqrt(0.5)
QUARTER_ABOUT_Z: Quaternion = (0.0, 0.0, HALF, HALF)
QUARTER_ABOUT_X: Quaternion = (HALF, 0.0, 0.0, HALF)


def placed_object(index: int = 0) -> PlacedObject:
    return PlacedObject(
        index=index,
        centroid=np.array([1.0, 2.0, 3.0]),
        covariance=np.array([[1.0, 0.0, 2.0], [0.0, 4.0, 0.0], [2.0, 0.0, 9.0]]),
        rotation=(0.0, 0.0, 0.0, 1.0),
        box_centre=np.array([1.0, 0.0, 0.0]),
        box_rotation=QUARTER_ABOUT_X,
        box_size=np.array([0.3, 0.2, 0.1]),
        width_m=0.2,
        top_point=np.array([0.0, 1.0, 0.0]),
        valid_share=0.5,
        at_border=False,
        points=np.array([[0, 0, 1], [1, 0, 0]], np.float32),
        pixels=np.array([[3, 4], [5, 6]]),
    )


def test_an_object_is_turned_and_moved_with_all_that_is_known_of_it() -> None:
    found = placed_object()
    moved = moved_object(found, rigid_transform((10.0, 20.0, 30.0), QUARTER_ABOUT_Z))

    # A quarter turn about z takes (x, y, z) to (-y, x, z).
    np.testing.assert_allclose(moved.centroid, [8.0, 21.0, 33.0])
    np.testing.assert_allclose(moved.box_centre, [10.0, 21.0, 30.0])
    np.testing.assert_allclose(moved.top_point, [9.0, 20.0, 30.0])
    np.testing.assert_allclose(moved.points, [[10, 20, 31], [10, 21, 30]])
    assert moved.points.dtype == np.float32
    turned = [[4.0, 0.0, 0.0], [0.0, 1.0, 2.0], [0.0, 2.0, 9.0]]
    np.testing.assert_allclose(moved.covariance, turned, atol=1e-12)
    np.testing.assert_allclose(moved.rotation, QUARTER_ABOUT_Z, atol=1e-12)
    # First about x, then about z: the product of the two quaternions.
    np.testing.assert_allclose(moved.box_rotation, (0.5, 0.5, 0.5, 0.5), atol=1e-12)
    np.testing.assert_array_equal(moved.box_size, found.box_size)
    np.testing.assert_array_equal(moved.pixels, found.pixels)
    assert (moved.index, moved.width_m, moved.valid_share, moved.at_border) == (0, 0.2, 0.5, False)


def test_what_went_in_is_left_as_it_was() -> None:
    found = placed_object()
    moved_object(found, rigid_transform((10.0, 20.0, 30.0), QUARTER_ABOUT_Z))

    np.testing.assert_array_equal(found.centroid, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(found.points, [[0, 0, 1], [1, 0, 0]])


def test_the_target_is_the_best_object_and_no_other() -> None:
    best, second = placed_object(0), placed_object(1)

    assert PlacedResult(frame_id="base", objects=(best, second), refused={}).target is best
    assert PlacedResult(frame_id="base", objects=(second,), refused={0: "why"}).target is None
    assert PlacedResult(frame_id="base", objects=(), refused={}).target is None
