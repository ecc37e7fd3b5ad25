import numpy as np
import pytest

from textseg_core.evaluation.depth_noise import (
    DepthNoise,
    as_sent,
    shadow,
    smooth_field,
    spoil_depth,
)

INTRINSICS = np.array([[400.0, 0.0, 79.5], [0.0, 400.0, 59.5], [0.0, 0.0, 1.0]])
#: A camera that does nothing but step.
CLEAN = DepthNoise(
    base_m=0.0,
    per_m2=0.0,
    wave=0.0,
    lateral_px=0.0,
    edge_holes=0.0,
    dropouts=0.0,
    grazing_deg=89.0,
    disparity_step_px=1e-4,
)


def wall(depth_m: float = 1.0) -> np.ndarray:
    return np.full((120, 160), depth_m, np.float32)


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_a_camera_without_faults_keeps_the_depth() -> None:
    np.testing.assert_allclose(spoil_depth(wall(0.8), INTRINSICS, rng(), CLEAN), 0.8, rtol=1e-4)


@pytest.mark.parametrize(("depth", "sigma"), [(1.0, 0.0035), (2.0, 0.011)])
def test_noise_grows_with_the_squared_depth(depth: float, sigma: float) -> None:
    noise = DepthNoise(wave=0.0, dropouts=0.0, disparity_step_px=1e-4)

    error = spoil_depth(wall(depth), INTRINSICS, rng(), noise) - depth

    # 1 mm + 2.5 mm at one metre, + 10 mm at two.
    assert error.std() == pytest.approx(sigma, rel=0.05)
    assert abs(error.mean()) < sigma / 10


def test_neighbours_err_alike() -> None:
    error = spoil_depth(wall(), INTRINSICS, rng(), DepthNoise(wave=0.0, dropouts=0.0)) - 1.0

    alike = np.corrcoef(error[:, 1:].ravel(), error[:, :-1].ravel())[0, 1]
    # Half of the variance is shared; blurred by 1.5 px it keeps exp(-1 / (4 * 1.5^2)) = 0.89.
    assert alike == pytest.approx(0.5 * 0.89, abs=0.05)


def test_depth_comes_in_steps_of_the_disparity() -> None:
    noise = DepthNoise(dropouts=0.0, disparity_step_px=0.5)

    depth = spoil_depth(wall(), INTRINSICS, rng(), noise)

    # Disparities are 400 * 0.05 / z, near 20 px: each half a pixel.
    steps = 20.0 / depth / 0.5
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def test_what_the_other_imager_does_not_see_has_no_depth() -> None:
    depth = wall(2.0)
    depth[:, 80:100] = 1.0  # disparity 20 px, of the wall 10: ten columns of wall are hidden

    hidden = shadow(depth, 400.0 * 0.05)

    # The box covers columns 60 to 79 for the other imager, where the wall's 70 to 89 would be.
    np.testing.assert_array_equal(np.flatnonzero(hidden[0]), np.arange(70, 80))
    assert (hidden == hidden[0]).all()


def test_edges_bleed() -> None:
    depth = wall(1.0)
    depth[:, 80:] = 1.5
    noise = DepthNoise(
        base_m=0.0, per_m2=0.0, wave=0.0, edge_holes=0.0, dropouts=0.0, disparity_step_px=1e-4
    )

    measured = spoil_depth(depth, INTRINSICS, rng(), noise)

    between = (measured > 1.02) & (measured < 1.48)
    assert between[:, 77:83].mean() > 0.1
    assert not between[:, :70].any()
    assert not between[:, 90:].any()


def test_surfaces_seen_at_a_grazing_angle_have_holes() -> None:
    # The floor 0.1 m below the camera: at row v, z = 40 / (v - 59.5), seen at atan(z / 0.1).
    v = np.arange(70, 120)[:, None]
    floor = np.tile((40.0 / (v - 59.5)).astype(np.float32), (1, 160))
    middle = np.array([[400.0, 0.0, 79.5], [0.0, 400.0, 59.5 - 70], [0.0, 0.0, 1.0]])
    holes = {}
    for degrees in (75.0, 89.0):
        noise = DepthNoise(
            base_m=0.0, per_m2=0.0, wave=0.0, lateral_px=0.0, edge_holes=0.0, dropouts=0.0,
            baseline_m=1e-6, disparity_step_px=1e-9, grazing_deg=degrees,
        )  # fmt: skip
        holes[degrees] = spoil_depth(floor, middle, rng(), noise) == 0.0

    # Even the steepest row, 59.5 px below the horizon, is seen at 81.5 degrees from its normal.
    assert holes[75.0].mean() > 0.99
    assert not holes[89.0][10:].any()


def test_blots_take_their_share() -> None:
    depth = spoil_depth(wall(), INTRINSICS, rng(), DepthNoise(dropouts=0.1))

    assert (depth == 0.0).mean() == pytest.approx(0.1, abs=0.01)


def test_unknown_depth_stays_unknown() -> None:
    depth = wall()
    depth[50:60, 50:60] = 0.0

    assert not spoil_depth(depth, INTRINSICS, rng())[50:60, 50:60].any()


def test_the_same_generator_gives_the_same_depth() -> None:
    first, second = (spoil_depth(wall(), INTRINSICS, rng()) for _ in range(2))

    np.testing.assert_array_equal(first, second)


def test_a_smooth_field_has_variance_one() -> None:
    assert smooth_field((400, 400), 3.0, rng()).std() == pytest.approx(1.0, rel=0.05)


def test_encodings_are_those_of_rep_118() -> None:
    depth = np.array([[0.0, 0.8004, 1.2346]], np.float32)

    np.testing.assert_array_equal(as_sent(depth, "16UC1"), np.array([[0, 800, 1235]], np.uint16))
    assert as_sent(depth, "16UC1").dtype == np.uint16
    metres = as_sent(depth, "32FC1")
    assert metres.dtype == np.float32
    assert np.isnan(metres[0, 0])
    np.testing.assert_array_equal(metres[0, 1:], depth[0, 1:])
    with pytest.raises(ValueError, match="16UC1 or 32FC1"):
        as_sent(depth, "rgb8")
