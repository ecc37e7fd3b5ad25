import numpy as np
import pytest

import textseg_core.response as response_module
from textseg_core.arrays import Float32Array
from textseg_core.geometry import Box
from textseg_core.preprocess import Letterbox
from textseg_core.response import Response

# Sizes of usual cameras, for which cells are enlarged by OpenCV; and others.
EVEN = [(480, 640), (640, 480), (720, 1280), (1080, 1920), (320, 320), (240, 320), (1200, 1920)]
UNEVEN = [(480, 848), (100, 77), (479, 641)]


def response_from_logits(logits: Float32Array, letterbox: Letterbox) -> Float32Array:
    return Response(logits, letterbox).everywhere()


def split_cells(*, across: bool) -> Float32Array:
    """12 x 12 cells, 8 in the first six columns (rows if not `across`), -8 in the others."""
    logits = np.full((12, 12), -8.0, np.float32)
    if across:
        logits[:, :6] = 8.0
    else:
        logits[:6] = 8.0
    return logits


# The border between the cells 5 and 6 is at input coordinate 47.5, that is 48 pixels from the
# edge of a 96-pixel input, whatever the image.


def test_border_returns_to_the_column_of_an_oblong_image() -> None:
    # 192 x 96 is halved: 48 input pixels are 96 columns.
    response = response_from_logits(split_cells(across=True), Letterbox.fit(96, 192, 96))
    assert response.shape == (96, 192)
    assert response.dtype == np.float32
    foreground = response > 0.5
    assert foreground[:, :96].all()
    assert not foreground[:, 96:].any()


def test_border_returns_to_the_row_under_odd_padding() -> None:
    # 101 x 37: 35 rows of content under 30 of padding, so the border is 18 rows below the top
    # of the content, 18 * 37 / 35 = 19.03 rows below that of the image: rows 0..18.
    response = response_from_logits(split_cells(across=False), Letterbox.fit(37, 101, 96))
    assert response.shape == (37, 101)
    foreground = response > 0.5
    assert foreground[:19].all()
    assert not foreground[19:].any()


def test_border_is_exact_to_the_pixel_on_a_large_image() -> None:
    # 4000 columns on 96: one input pixel is 41.67 columns, 48 of them are 2000.
    response = response_from_logits(split_cells(across=True), Letterbox.fit(30, 4000, 96))
    foreground = response > 0.5
    assert foreground[:, :2000].all()
    assert not foreground[:, 2000:].any()


@pytest.mark.parametrize(
    ("height", "width"), [(96, 192), (37, 101), (101, 37), (479, 641), (700, 333), (96, 96)]
)
def test_every_pixel_takes_the_logit_at_its_own_place(height: int, width: int) -> None:
    # Logits that rise evenly, 0.1 per input pixel, are kept by bilinear interpolation, so that
    # between the outermost cell centres (3.5 and 91.5) each is known from its place alone.
    centres = np.arange(12) * 8 + 3.5
    rising = (0.1 * (centres[np.newaxis, :] + 0.5 * centres[:, np.newaxis]) - 6.0).astype("f4")
    box = Letterbox.fit(height, width, 96)
    response = response_from_logits(rising, box)
    for v in range(0, height, 7):
        for u in range(0, width, 11):
            x, y = (min(max(place, 3.5), 91.5) for place in box.to_input(u, v))
            logit = 0.1 * (x + 0.5 * y) - 6.0
            assert response[v, u] == pytest.approx(1.0 / (1.0 + np.exp(-logit)), abs=1e-5)


def test_response_of_one_pixel_is_that_of_the_middle() -> None:
    response = response_from_logits(split_cells(across=True), Letterbox.fit(1, 1, 96))
    assert response.shape == (1, 1)
    assert response[0, 0] == pytest.approx(0.5)


def test_one_cell_answers_for_the_whole_image() -> None:
    response = response_from_logits(np.zeros((1, 1), np.float32), Letterbox.fit(3, 5, 96))
    assert np.allclose(response, 0.5)


def test_huge_logits_give_zero_and_one_without_a_warning() -> None:
    logits = np.full((12, 12), 3e38, np.float32)
    logits[6:] = -3e38
    with np.errstate(all="raise"):
        response = response_from_logits(logits, Letterbox.fit(96, 96, 96))
    assert response[0, 0] == 1.0
    assert response[-1, -1] == pytest.approx(0.0, abs=1e-30)


@pytest.mark.parametrize("spoilt", [np.nan, np.inf, -np.inf])
def test_a_response_that_is_not_finite_is_refused(spoilt: float) -> None:
    logits = np.zeros((12, 12), np.float32)
    logits[3, 4] = spoilt
    with pytest.raises(ValueError, match="response holds NaN or infinity in 1 of 144 cells"):
        response_from_logits(logits, Letterbox.fit(96, 96, 96))


@pytest.mark.parametrize("shape", [(1, 12, 12), (0, 12)])
def test_logits_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"logits must be \(h, w\)"):
        response_from_logits(np.zeros(shape, np.float32), Letterbox.fit(96, 96, 96))


def test_logits_are_left_as_they_were() -> None:
    logits = split_cells(across=True)
    logits.setflags(write=False)
    response_from_logits(logits, Letterbox.fit(96, 96, 96))


@pytest.mark.parametrize(("height", "width"), EVEN)
def test_sizes_of_usual_cameras_take_the_fast_way_to_the_same_response(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = np.random.default_rng(3).normal(0.0, 3.0, (80, 80)).astype(np.float32)
    box = Letterbox.fit(height, width, 320)
    whole = (0, 0, width, height)
    assert response_module._enlarge_evenly(logits, box, whole) is not None
    fast = response_from_logits(logits, box)
    monkeypatch.setattr(response_module, "_enlarge_evenly", lambda *_: None)
    exact = response_from_logits(logits, box)
    assert fast.shape == exact.shape == (height, width)
    np.testing.assert_allclose(fast, exact, atol=2e-6)


@pytest.mark.parametrize(("height", "width"), UNEVEN)
def test_other_sizes_take_the_exact_way(height: int, width: int) -> None:
    logits = np.zeros((80, 80), np.float32)
    box = Letterbox.fit(height, width, 320)
    assert response_module._enlarge_evenly(logits, box, (0, 0, width, height)) is None


@pytest.mark.parametrize(("height", "width"), EVEN + UNEVEN)
def test_a_part_of_the_response_is_that_part_of_the_whole(height: int, width: int) -> None:
    rng = np.random.default_rng(5)
    logits = rng.normal(0.0, 3.0, (80, 80)).astype(np.float32)
    response = Response(logits, Letterbox.fit(height, width, 320))
    whole = response.everywhere()
    boxes: list[Box] = [(0, 0, 1, 1), (width - 1, height - 1, 1, 1), (0, height // 2, width, 3)]
    for _ in range(8):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        boxes.append(
            (x, y, int(rng.integers(1, width - x + 1)), int(rng.integers(1, height - y + 1)))
        )
    for x, y, columns, rows in boxes:
        part = response.within((x, y, columns, rows))
        assert part.flags.c_contiguous
        assert part.dtype == np.float32
        np.testing.assert_allclose(part, whole[y : y + rows, x : x + columns], atol=3e-6)


@pytest.mark.parametrize(("height", "width"), EVEN + UNEVEN)
@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_no_pixel_beyond_the_reach_exceeds_the_threshold(
    height: int, width: int, threshold: float
) -> None:
    rng = np.random.default_rng(6)
    for cell in ((0, 0), (40, 79), (39, 12)):
        logits = np.full((80, 80), -9.0, np.float32)
        logits[cell] = rng.uniform(-4.0, 8.0)
        response = Response(logits, Letterbox.fit(height, width, 320))
        outside = response.everywhere() > threshold
        reach = response.reach(threshold)
        if reach is not None:
            x, y, columns, rows = reach
            # One cell reaches two cells far at most: the share of each neighbour, and its own.
            assert columns <= 2 * -(-max(height, width) // 80) + 2
            assert rows <= 2 * -(-max(height, width) // 80) + 2
            outside[y : y + rows, x : x + columns] = False
        assert not outside.any()


def test_the_reach_is_the_whole_image_if_all_cells_exceed_the_threshold() -> None:
    response = Response(np.ones((12, 12), np.float32), Letterbox.fit(37, 101, 96))
    assert response.reach(0.5) == (0, 0, 101, 37)


def test_cells_that_see_no_image_reach_nothing() -> None:
    # 96 x 24 into 96 x 96: the rows 36 to 59 show the image, cells 4.5 to 7.5 of 12.
    logits = np.full((12, 12), -8.0, np.float32)
    logits[:3] = 8.0
    assert Response(logits, Letterbox.fit(24, 96, 96)).reach(0.5) is None


def test_the_response_everywhere_is_worked_out_once() -> None:
    response = Response(split_cells(across=True), Letterbox.fit(96, 96, 96))
    assert response.everywhere() is response.everywhere()
