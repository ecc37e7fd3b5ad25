"""A camera of 640 x 480 with focal length 500 px, its axis through (320, 240).

There pixel (420, 190) looks along (100 / 500, -50 / 500) = (0.2, -0.1).
"""

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from textseg_core.space.camera import CameraModel

K = [500.0, 0.0, 320.0, 0.0, 500.0, 240.0, 0.0, 0.0, 1.0]
LENSES: list[tuple[str, list[float]]] = [
    ("plumb_bob", [-0.28, 0.07, 0.001, -0.0005, 0.0]),
    ("plumb_bob", [-0.1, 0.02, 0.002, 0.001]),
    ("rational_polynomial", [0.5, -2.8, 0.0005, -0.0002, 1.6, 0.4, -2.6, 1.5]),
    ("equidistant", [0.05, -0.01, 0.002, -0.001]),
]


def camera(**changes: Any) -> CameraModel:
    return CameraModel.from_info(**{"width": 640, "height": 480, "k": K, **changes})


def test_a_pixel_s_ray_is_its_offset_from_the_axis_over_the_focal_length() -> None:
    rays = camera().rays([[320.0, 240.0], [420.0, 190.0]])

    np.testing.assert_allclose(rays, [[0.0, 0.0, 1.0], [0.2, -0.1, 1.0]], atol=1e-15)


def test_a_point_to_the_right_and_below_is_seen_to_the_right_and_below() -> None:
    pixels = camera().project([[0.2, 0.1, 1.0], [0.4, 0.2, 2.0]])

    np.testing.assert_allclose(pixels, [[420.0, 290.0], [420.0, 290.0]])


def test_a_point_behind_the_camera_is_not_seen() -> None:
    assert np.isnan(camera().project([[0.0, 0.0, -1.0], [0.1, 0.0, 0.0]])).all()


def test_one_radial_coefficient_bends_as_worked_out_by_hand() -> None:
    bent = camera(d=[0.5, 0.0, 0.0, 0.0], distortion_model="plumb_bob")

    # (0.3, 0.4): r^2 = 0.25, so it is stretched by 1 + 0.5 * 0.25 = 1.125 to (0.3375, 0.45).
    pixel = [[320.0 + 500 * 0.3375, 240.0 + 500 * 0.45]]
    np.testing.assert_allclose(bent.project([[0.3, 0.4, 1.0]]), pixel)
    np.testing.assert_allclose(bent.rays(pixel), [[0.3, 0.4, 1.0]], atol=1e-7)


def test_a_fisheye_without_coefficients_shows_angles_not_tangents() -> None:
    fisheye = camera(distortion_model="equidistant")

    # tan 45 degrees = 1: the pixel lies pi / 4 focal lengths from the axis, not 1.
    pixel = [[320.0 + 500 * math.pi / 4, 240.0]]
    np.testing.assert_allclose(fisheye.project([[1.0, 0.0, 1.0]]), pixel)
    np.testing.assert_allclose(fisheye.rays(pixel), [[1.0, 0.0, 1.0]], atol=1e-7)


@pytest.mark.parametrize(("model", "d"), LENSES)
def test_the_distortion_is_opencv_s(model: str, d: list[float]) -> None:
    import cv2

    points = np.array([[0.3, -0.2, 1.0], [-0.8, 0.5, 2.0], [0.0, 0.0, 1.0]])
    matrix, zero = np.reshape(K, (3, 3)), np.zeros(3)
    function = cv2.fisheye.projectPoints if model == "equidistant" else cv2.projectPoints
    expected, _ = function(points[:, None], zero, zero, matrix, np.array(d))

    pixels = camera(d=d, distortion_model=model).project(points)

    np.testing.assert_allclose(pixels, expected.reshape(-1, 2), atol=1e-9)


def test_a_strong_wide_angle_lens_is_inverted_to_its_corners() -> None:
    wide = camera(
        k=[300.0, 0, 320.0, 0, 300.0, 240.0, 0, 0, 1.0],
        d=[-0.28, 0.07, 0.001, -0.0005, 0.0],
        distortion_model="plumb_bob",
    )
    corners = np.array([[0.0, 0.0], [639.0, 0.0], [0.0, 479.0], [639.0, 479.0]])

    np.testing.assert_allclose(wide.project(wide.rays(corners)), corners, atol=1e-4)


@pytest.mark.parametrize(("model", "d"), LENSES)
def test_rays_lead_back_to_their_pixels_over_the_whole_image(model: str, d: list[float]) -> None:
    bent = camera(d=d, distortion_model=model)
    pixels = np.stack(np.meshgrid([0.0, 100.0, 320.0, 639.0], [0.0, 240.0, 479.0]), -1)
    pixels = pixels.reshape(-1, 2)

    np.testing.assert_allclose(bent.project(bent.rays(pixels)), pixels, atol=1e-3)


def test_a_pixel_that_no_direction_leads_to_has_no_ray() -> None:
    # r (1 - r^2) is greatest at r = 1 / sqrt 3, where it is 0.385: 192 px from the axis.
    folding = camera(d=[-1.0, 0.0, 0.0, 0.0], distortion_model="plumb_bob")

    rays = folding.rays([[320.0 + 190.0, 240.0], [320.0 + 200.0, 240.0]])

    assert np.isfinite(rays[0]).all()
    assert rays[0, 0] < 1 / math.sqrt(3)
    assert np.isnan(rays[1, :2]).all()


def test_the_grid_holds_the_ray_of_every_pixel() -> None:
    bent = camera(d=LENSES[0][1], distortion_model="plumb_bob")

    grid = bent.ray_grid()

    assert grid.shape == (480, 640, 2)
    np.testing.assert_allclose(grid[30, 600], bent.rays([[600.0, 30.0]])[0, :2], atol=1e-6)
    assert bent.ray_grid() is grid


def test_the_grid_takes_little_memory_on_the_way() -> None:
    bent = camera(d=LENSES[0][1], distortion_model="plumb_bob")
    tracemalloc.start()
    try:
        bent.ray_grid()
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak_bytes < 3 * 640 * 480 * 2 * 4  # what is kept is a third of it


def test_no_coefficients_or_zeros_mean_no_distortion() -> None:
    for d, model in (([], ""), ([], "plumb_bob"), ([0.0] * 5, "plumb_bob"), ([0.0] * 5, "")):
        assert camera(d=d, distortion_model=model).same_as(camera())


def test_half_the_size_halves_the_focal_length_and_keeps_the_pixels_edges() -> None:
    half = camera().for_image(320, 240)

    # The axis is 320.5 px from the left edge of the image, so 160.25 px in the half one.
    np.testing.assert_allclose(half.k, [[250.0, 0, 159.75], [0, 250.0, 119.75], [0, 0, 1]])
    assert (half.width, half.height) == (320, 240)


def test_both_sizes_see_the_same_point_at_the_same_place_of_the_picture() -> None:
    bent = camera(d=LENSES[0][1], distortion_model="plumb_bob")
    point = [[0.2, -0.15, 0.9]]

    large, small = bent.project(point)[0], bent.for_image(320, 240).project(point)[0]

    np.testing.assert_allclose((large + 0.5) / 2 - 0.5, small)


def test_its_own_size_is_the_same_camera() -> None:
    own = camera()

    assert own.for_image(640, 480) is own


@pytest.mark.parametrize("size", [(640, 360), (640, 478), (480, 640), (0, 0), (1280, 480)])
def test_an_image_of_another_shape_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="640 x 480, another shape"):
        camera().for_image(*size)


def test_an_odd_size_that_rounds_to_the_same_shape_is_taken() -> None:
    assert camera(width=641, height=481).for_image(320, 240).width == 320


def test_binning_by_two_joins_pixels_in_pairs() -> None:
    binned = camera(binning=(2, 2))

    assert (binned.width, binned.height) == (320, 240)
    np.testing.assert_allclose(binned.k[:2, 2], [159.75, 119.75])
    assert binned.k[0, 0] == 250.0


def test_a_region_of_interest_shifts_the_axis() -> None:
    region = camera(roi=(100, 40, 200, 120))

    assert (region.width, region.height) == (200, 120)
    np.testing.assert_allclose(region.k[:2, 2], [220.0, 200.0])
    assert region.k[0, 0] == 500.0


def test_a_region_of_interest_counts_pixels_before_binning() -> None:
    binned = camera(roi=(100, 40, 200, 120), binning=(2, 4))

    # Axis 220.5 px from the region's left edge: 110.25 of the joined ones; 200.5 / 4 down.
    assert (binned.width, binned.height) == (100, 30)
    np.testing.assert_allclose(binned.k[:2, 2], [109.75, 49.625])
    np.testing.assert_allclose(np.diag(binned.k)[:2], [250.0, 125.0])


def test_a_driver_that_bins_and_gives_the_binned_size_is_understood() -> None:
    binned = camera(binning=(2, 2)).for_image(640, 480)

    np.testing.assert_allclose(binned.k, np.reshape(K, (3, 3)))


@pytest.mark.parametrize("roi", [(600, 0, 100, 100), (0, 400, 10, 100), (-1, 0, 10, 10)])
def test_a_region_outside_of_the_sensor_is_refused(roi: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="does not lie in the sensor of 640 x 480"):
        camera(roi=roi)


def test_rectified_images_follow_p_and_have_no_distortion() -> None:
    p = [450.0, 0, 310.0, -25.0, 0, 450.0, 230.0, 0, 0, 0, 1, 0]

    rectified = camera(d=LENSES[0][1], distortion_model="plumb_bob", p=p)

    np.testing.assert_allclose(rectified.k, [[450.0, 0, 310.0], [0, 450.0, 230.0], [0, 0, 1]])
    assert rectified.distortion_model == ""


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"k": [0.0] * 9}, "not calibrated"),
        ({"k": [0.0] * 8 + [1.0]}, "not calibrated"),
        ({"p": [0.0] * 12}, "not calibrated"),
        ({"k": [-500.0, *K[1:]]}, "fx = -500"),
        ({"k": [*K[:4], 0.0, *K[5:]]}, "fy = 0"),
        ({"k": [math.nan, *K[1:]]}, "NaN"),
        ({"k": [*K[:2], math.inf, *K[3:]]}, "NaN or infinity"),
        ({"k": [500.0, 2.0, *K[2:]]}, "must be"),
        ({"k": [*K[:8], 2.0]}, "must be"),
        ({"k": K[:8]}, "9 numbers, got 8"),
        ({"p": K}, "12 numbers, got 9"),
        ({"width": 0}, "must have a size, got 0 x 480"),
        ({"d": [0.1] * 3, "distortion_model": "plumb_bob"}, "4 or 5 coefficients, got 3"),
        ({"d": [0.1] * 5, "distortion_model": "equidistant"}, "4 coefficients, got 5"),
        ({"d": [0.1] * 5}, "distortion model '' is not known"),
        ({"distortion_model": "double_sphere"}, "double_sphere"),
        ({"d": [math.nan] * 5, "distortion_model": "plumb_bob"}, "D holds NaN"),
    ],
)
def test_a_camera_without_sense_is_refused_with_the_reason(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        camera(**changes)


def test_cameras_differ_by_size_matrix_and_distortion() -> None:
    one = camera()

    assert one.same_as(camera())
    assert not one.same_as(camera(width=641))
    assert not one.same_as(camera(k=[501.0, *K[1:]]))
    assert not one.same_as(camera(d=[0.1] * 5, distortion_model="plumb_bob"))
    assert not one.same_as(camera(distortion_model="equidistant"))
    plumb, fisheye = (
        camera(d=[0.1] * 4, distortion_model=m) for m in ("plumb_bob", "equidistant")
    )
    assert not plumb.same_as(fisheye)
    assert not plumb.same_as(camera(d=[0.1, 0.1, 0.1, 0.2], distortion_model="plumb_bob"))
    assert one.focal_px == 500.0
