import numpy as np
import pytest

from textseg_core.space.depth_image import depth_to_metres


@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
def test_whole_numbers_are_millimetres_and_zero_is_unknown(encoding: str) -> None:
    depth = depth_to_metres(np.array([[0, 1, 1250]], np.uint16), encoding)

    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[0.0, 0.001, 1.25]], rtol=1e-6)


def test_what_is_no_distance_is_unknown() -> None:
    pixels = np.array([[1.25, np.nan, np.inf, -np.inf, 0.0, -0.5]], np.float32)

    depth = depth_to_metres(pixels, "32FC1")

    np.testing.assert_array_equal(depth, np.array([[1.25, 0, 0, 0, 0, 0]], np.float32))
    assert np.isnan(pixels[0, 1])


@pytest.mark.parametrize(
    ("pixels", "encoding"),
    [
        (np.zeros((4, 5), np.uint16), "16UC1"),
        (np.zeros((4, 5), np.float32), "32FC1"),
        (np.full((4, 5), np.nan, np.float32), "32FC1"),
        (np.full((4, 5), -1.0, np.float32), "32FC1"),
        (np.zeros((0, 5), np.float32), "32FC1"),
    ],
)
def test_an_image_without_any_depth_is_refused(pixels: np.ndarray, encoding: str) -> None:
    with pytest.raises(ValueError, match=f"none of the {pixels.size} depth pixels"):
        depth_to_metres(pixels, encoding)


def test_millimetres_in_a_float_image_are_refused() -> None:
    with pytest.raises(ValueError, match=r"median depth is 800 m.*look like millimetres"):
        depth_to_metres(np.full((4, 5), 800.0, np.float32), "32FC1")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(ValueError, match="'rgb8' is not known, expected 16UC1"):
        depth_to_metres(np.zeros((4, 5), np.uint16), "rgb8")


@pytest.mark.parametrize(
    ("pixels", "encoding"),
    [
        (np.ones((4, 5), np.float32), "16UC1"),
        (np.ones((4, 5), np.float64), "32FC1"),
        (np.ones((4, 5, 1), np.uint16), "16UC1"),
    ],
)
def test_pixels_that_do_not_fit_the_encoding_are_refused(
    pixels: np.ndarray, encoding: str
) -> None:
    with pytest.raises(ValueError, match=f"a depth image of {encoding} must be"):
        depth_to_metres(pixels, encoding)
