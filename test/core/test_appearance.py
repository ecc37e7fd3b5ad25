import numpy as np
import pytest
from moving import BLUE, GREEN, RED, box_mask, picture

from textseg_core.appearance import COLOURS, colour_histogram, colour_name, likeness
from textseg_core.arrays import Float32Array, UInt8Array

BOX = (20, 10, 60, 50)
XYWH = (20, 10, 40, 40)


def histogram(image: UInt8Array) -> Float32Array:
    return colour_histogram(image, box_mask(BOX), XYWH)


def test_a_histogram_is_shares_that_sum_to_one() -> None:
    shares = histogram(picture((BOX, RED)))
    assert shares.sum() == pytest.approx(1.0)
    assert shares.min() >= 0.0


def test_only_the_pixels_of_the_mask_count() -> None:
    alone = histogram(picture((BOX, RED)))
    beside = histogram(picture((BOX, RED), ((60, 10, 100, 50), BLUE), ((20, 50, 60, 90), GREEN)))
    np.testing.assert_array_equal(alone, beside)


def test_the_same_colour_is_alike_and_another_is_not() -> None:
    red, blue = histogram(picture((BOX, RED))), histogram(picture((BOX, BLUE)))
    assert likeness(red, red) == pytest.approx(1.0)
    assert likeness(red, blue) == pytest.approx(0.0, abs=0.01)


def test_half_the_pixels_in_common_are_a_likeness_of_half_the_root() -> None:
    """Red alone against half red, half blue: the root of 1 x 1/2."""
    red = histogram(picture((BOX, RED)))
    both = histogram(picture((BOX, RED), ((20, 10, 40, 50), BLUE)))
    assert likeness(red, both) == pytest.approx(0.5**0.5, abs=0.01)


@pytest.mark.parametrize("gain", [0.8, 1.2])
def test_a_fifth_more_or_less_light_leaves_an_object_alike(gain: float) -> None:
    before = picture((BOX, (150, 60, 50)))
    after = np.clip(before * gain, 0, 255).astype(np.uint8)
    assert likeness(histogram(before), histogram(after)) > 0.6


def test_noise_leaves_an_object_alike() -> None:
    rng = np.random.default_rng(3)
    image = picture((BOX, RED)).astype(np.int16)
    noisy = [
        np.clip(image + rng.normal(0, 10, image.shape), 0, 255).astype(np.uint8) for _ in range(2)
    ]
    assert likeness(histogram(noisy[0]), histogram(noisy[1])) > 0.95


def test_a_large_object_counts_by_a_part_of_its_pixels_with_the_same_shares() -> None:
    """400 x 400 pixels, the upper half red: shares as of a small object painted likewise."""
    large = picture(((0, 0, 400, 200), RED), ((0, 200, 400, 400), BLUE), height=400, width=400)
    small = picture(((0, 0, 40, 20), RED), ((0, 20, 40, 40), BLUE), height=40, width=40)
    shares = [
        colour_histogram(image, np.ones(image.shape[:2], np.bool_), (0, 0, side, side))
        for image, side in ((large, 400), (small, 40))
    ]
    np.testing.assert_allclose(shares[0], shares[1], atol=0.02)


def test_a_net_of_thin_lines_still_has_a_histogram() -> None:
    """300 x 300 of every second pixel: every fourth would be counted, from a row without any."""
    image = picture(height=600, width=600)
    mask = np.zeros((600, 600), np.bool_)
    mask[1::2, 1::2] = True
    assert colour_histogram(image, mask, (0, 0, 600, 600)).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rgb", "name"),
    [
        ((200, 20, 25), "red"),
        ((120, 15, 15), "red"),
        ((245, 130, 20), "orange"),
        ((240, 215, 40), "yellow"),
        ((40, 150, 60), "green"),
        ((20, 70, 30), "green"),
        ((40, 80, 200), "blue"),
        ((20, 30, 90), "blue"),
        ((120, 40, 150), "purple"),
        ((245, 140, 190), "pink"),
        ((110, 65, 30), "brown"),
        ((15, 15, 15), "black"),
        ((128, 128, 128), "gray"),
        ((245, 245, 240), "white"),
    ],
)
def test_colours_have_the_names_that_people_give_them(
    rgb: tuple[int, int, int], name: str
) -> None:
    assert name in COLOURS
    assert colour_name(picture((BOX, rgb)), box_mask(BOX), XYWH) == name


@pytest.mark.parametrize(("columns", "name"), [(20, "red"), (19, None)])
def test_a_colour_is_named_after_half_of_the_object(columns: int, name: str | None) -> None:
    """Of 40 columns so many are red, 10 are blue and the others green."""
    image = picture((BOX, GREEN), ((20, 10, 20 + columns, 50), RED), ((50, 10, 60, 50), BLUE))
    assert colour_name(image, box_mask(BOX), XYWH) == name


def test_an_object_of_many_colours_has_no_colour_name() -> None:
    stripes = ((20, RED), (30, BLUE), (40, GREEN), (50, (240, 215, 40)))
    image = picture(*(((left, 10, left + 10, 50), color) for left, color in stripes))
    assert colour_name(image, box_mask(BOX), XYWH) is None
