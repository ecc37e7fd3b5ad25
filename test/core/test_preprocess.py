import numpy as np
import pytest

from textseg_core.arrays import AnyArray
from textseg_core.preprocess import Letterbox, letterbox_image

SIZES = [(1, 1), (1, 4000), (4000, 1), (2, 3), (37, 101), (479, 641), (480, 640), (3000, 4000)]


def test_oblong_image_fills_the_width_and_is_centred_in_the_height() -> None:
    box = Letterbox.fit(480, 640, 320)
    assert (box.content_height, box.content_width, box.top, box.left) == (240, 320, 40, 0)


def test_shorter_side_is_rounded_and_an_odd_pixel_goes_below() -> None:
    # 37 * 96 / 101 = 35.17 rows; 61 remain, 30 of them above.
    box = Letterbox.fit(37, 101, 96)
    assert (box.content_height, box.content_width, box.top, box.left) == (35, 96, 30, 0)


def test_shorter_side_is_rounded_up_from_one_half() -> None:
    # 49 * 96 / 101 = 46.57 rows.
    assert Letterbox.fit(49, 101, 96).content_height == 47


def test_a_line_of_pixels_keeps_one_row() -> None:
    box = Letterbox.fit(1, 4000, 320)
    assert (box.content_height, box.content_width, box.top) == (1, 320, 159)


def test_pixel_centres_map_half_a_pixel_from_the_corner() -> None:
    # Scale 1/2: the first pixel's centre is 0.25 input pixels from the edge of the content.
    box = Letterbox.fit(480, 640, 320)
    assert box.to_input(0.0, 0.0) == pytest.approx((-0.25, 39.75))
    assert box.to_input(639.0, 479.0) == pytest.approx((319.25, 279.25))


@pytest.mark.parametrize(("height", "width"), SIZES)
@pytest.mark.parametrize("size_px", [96, 320])
def test_corners_of_the_content_are_corners_of_the_image(
    height: int, width: int, size_px: int
) -> None:
    box = Letterbox.fit(height, width, size_px)
    assert box.to_pixels(box.left - 0.5, box.top - 0.5) == pytest.approx((-0.5, -0.5))
    right, bottom = box.left + box.content_width - 0.5, box.top + box.content_height - 0.5
    assert box.to_pixels(right, bottom) == pytest.approx((width - 0.5, height - 0.5))
    assert right <= size_px - 0.5
    assert bottom <= size_px - 0.5
    assert max(box.content_width, box.content_height) == size_px


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_way_there_and_back_ends_at_the_same_pixel(height: int, width: int) -> None:
    box = Letterbox.fit(height, width, 320)
    for u, v in ((0.0, 0.0), (width - 1.0, height - 1.0), (width / 3, height / 7)):
        assert box.to_pixels(*box.to_input(u, v)) == pytest.approx((u, v), abs=1e-6)


@pytest.mark.parametrize(("height", "width"), [(480, 640), (479, 641), (37, 101), (700, 333)])
def test_what_is_drawn_lies_where_the_letterbox_says(height: int, width: int) -> None:
    image = np.zeros((height, width, 3), np.uint8)
    x, y, side = width // 3, height // 4, min(height, width) // 3
    image[y : y + side, x : x + side] = 255
    square, box = letterbox_image(image, 320)
    weights = square[..., 0].astype(float)
    rows, columns = np.mgrid[:320, :320]
    centre = (
        (columns * weights).sum() / weights.sum(),
        (rows * weights).sum() / weights.sum(),
    )
    middle = (x + (side - 1) / 2, y + (side - 1) / 2)
    # Levels are rounded to whole numbers, which moves the centre by some hundredths.
    assert box.to_pixels(*centre) == pytest.approx(middle, abs=0.1)


def test_padding_is_black_and_the_rest_is_the_image() -> None:
    square, box = letterbox_image(np.full((48, 96, 3), 200, np.uint8), 96)
    assert box.top == 24
    assert (square[24:72] == 200).all()
    assert not square[:24].any()
    assert not square[72:].any()


def test_shrinking_averages_so_that_a_fine_pattern_turns_grey() -> None:
    image = np.zeros((192, 192, 3), np.uint8)
    image[:, ::2] = 200
    square, _ = letterbox_image(image, 96)
    assert (square == 100).all()


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_any_size_becomes_the_square(height: int, width: int) -> None:
    square, _ = letterbox_image(np.full((height, width, 3), 7, np.uint8), 96)
    assert square.shape == (96, 96, 3)
    assert square.dtype == np.uint8
    assert square.max() == 7


def test_memory_layout_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    image = rng.integers(0, 256, (60, 80, 3), dtype=np.uint8)
    expected, _ = letterbox_image(image, 96)
    for same in (image[..., ::-1].copy()[..., ::-1], np.asfortranarray(image)):
        square, _ = letterbox_image(same, 96)
        assert np.array_equal(square, expected)


def test_input_is_left_as_it_was() -> None:
    image = np.full((96, 96, 3), 9, np.uint8)
    image.setflags(write=False)
    square, _ = letterbox_image(image, 96)
    square[:] = 0
    assert (image == 9).all()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
    ],
)
def test_what_is_no_colour_image_is_refused_with_what_came(wrong: AnyArray) -> None:
    with pytest.raises(ValueError, match="image must be uint8 RGB") as caught:
        letterbox_image(wrong, 96)
    assert str(wrong.dtype) in str(caught.value)
    assert str(wrong.shape) in str(caught.value)


def test_no_array_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="got list"):
        letterbox_image([[0]], 96)  # type: ignore[arg-type]


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 x 1, got 0 x 4 into 96 x 96"):
        Letterbox.fit(0, 4, 96)
