import numpy as np
import pytest

import textseg_core.postprocess as postprocess_module
from textseg_core.arrays import Float32Array
from textseg_core.postprocess import find_objects, postprocess, response_from_logits
from textseg_core.preprocess import Letterbox


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


def response_with(*blocks: tuple[int, int, int, int, float]) -> Float32Array:
    """A response of 0.1, 100 x 120, with blocks (x, y, width, height, response)."""
    response = np.full((100, 120), 0.1, np.float32)
    for x, y, width, height, level in blocks:
        response[y : y + height, x : x + width] = level
    return response


def test_object_has_the_box_area_centroid_and_mean_response_of_its_pixels() -> None:
    response = response_with((20, 30, 10, 5, 0.6), (20, 35, 10, 5, 0.8))
    (found,) = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    assert found.box == (20, 30, 10, 10)
    assert found.area == 100
    assert found.centroid == pytest.approx((24.5, 34.5))
    assert found.score == pytest.approx(0.7)
    assert np.array_equal(found.mask, response > 0.5)


def test_best_object_is_the_one_with_the_greatest_sum_of_response() -> None:
    # 100 pixels of 0.9 sum to 90; 130 of 0.6 to 78; 4 of 1.0 to 4.
    response = response_with((5, 5, 13, 10, 0.6), (40, 5, 10, 10, 0.9), (70, 5, 2, 2, 1.0))
    found = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    assert [one.box[0] for one in found] == [40, 5, 70]


def test_pixels_that_touch_at_a_corner_are_one_object() -> None:
    response = response_with((10, 10, 5, 5, 0.9), (15, 15, 5, 5, 0.9))
    found = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    assert [one.area for one in found] == [50]


def test_an_object_smaller_than_the_least_area_is_left_out() -> None:
    response = response_with((10, 10, 5, 5, 0.9), (40, 40, 6, 4, 0.9))
    found = find_objects(response, threshold=0.5, min_area_px=25, max_objects=9)
    assert [one.box for one in found] == [(10, 10, 5, 5)]


def test_of_too_many_objects_the_largest_are_kept() -> None:
    response = response_with(*((5 + 20 * n, 10, 3 + n, 4, 0.9) for n in range(5)))
    found = find_objects(response, threshold=0.5, min_area_px=1, max_objects=2)
    assert [one.box[0] for one in found] == [85, 65]


def test_a_response_equal_to_the_threshold_is_background() -> None:
    response = response_with((10, 10, 5, 5, 0.75))
    assert find_objects(response, threshold=0.75, min_area_px=1, max_objects=9) == ()


def test_mask_is_the_union_of_the_objects_kept() -> None:
    logits = np.full((12, 12), -8.0, np.float32)
    logits[1:5, 1:5] = 8.0
    logits[9, 9] = 8.0
    response, mask, objects = postprocess(
        logits, Letterbox.fit(96, 96, 96), threshold=0.5, min_area_px=200, max_objects=9
    )
    assert len(objects) == 1
    assert np.array_equal(mask, objects[0].mask)
    assert response[76, 76] > 0.5
    assert not mask[76, 76]


def test_masks_of_overlapping_boxes_stay_apart() -> None:
    # A ring of 20 x 20 around a block that does not touch it.
    response = response_with((10, 10, 20, 20, 0.9), (12, 12, 16, 16, 0.1), (16, 16, 8, 8, 0.9))
    ring, core = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    assert (ring.area, core.area) == (144, 64)
    assert not (ring.mask & core.mask).any()


@pytest.mark.parametrize(
    ("height", "width"),
    [(480, 640), (640, 480), (720, 1280), (1080, 1920), (320, 320), (240, 320), (1200, 1920)],
)
def test_sizes_of_usual_cameras_take_the_fast_way_to_the_same_response(
    height: int, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    logits = np.random.default_rng(3).normal(0.0, 3.0, (80, 80)).astype(np.float32)
    box = Letterbox.fit(height, width, 320)
    assert postprocess_module._enlarge_evenly(logits, box) is not None
    fast = response_from_logits(logits, box)
    monkeypatch.setattr(postprocess_module, "_enlarge_evenly", lambda values, letterbox: None)
    exact = response_from_logits(logits, box)
    assert fast.shape == exact.shape == (height, width)
    np.testing.assert_allclose(fast, exact, atol=2e-6)


@pytest.mark.parametrize(("height", "width"), [(480, 848), (100, 77), (479, 641)])
def test_other_sizes_take_the_exact_way(height: int, width: int) -> None:
    logits = np.zeros((80, 80), np.float32)
    assert postprocess_module._enlarge_evenly(logits, Letterbox.fit(height, width, 320)) is None
