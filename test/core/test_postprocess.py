import numpy as np
import pytest

from textseg_core.arrays import Float32Array
from textseg_core.postprocess import find_objects, postprocess, union_of
from textseg_core.preprocess import Letterbox
from textseg_core.response import Response


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
    response = Response(logits, Letterbox.fit(96, 96, 96))
    mask, objects = postprocess(response, threshold=0.5, min_area_px=200, max_objects=9)
    assert len(objects) == 1
    assert np.array_equal(mask, objects[0].mask)
    assert response.everywhere()[76, 76] > 0.5
    assert not mask[76, 76]


def test_masks_of_overlapping_boxes_stay_apart() -> None:
    # A ring of 20 x 20 around a block that does not touch it.
    response = response_with((10, 10, 20, 20, 0.9), (12, 12, 16, 16, 0.1), (16, 16, 8, 8, 0.9))
    ring, core = find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)
    assert (ring.area, core.area) == (144, 64)
    assert not (ring.mask & core.mask).any()


@pytest.mark.parametrize(
    ("height", "width", "middle"),
    [(480, 640, -1.0), (1080, 1920, -6.0), (240, 320, -1.0), (240, 320, 3.0), (333, 241, -6.0)],
)
def test_looking_only_where_cells_respond_finds_what_the_whole_map_shows(
    height: int, width: int, middle: float
) -> None:
    rng = np.random.default_rng(int(10 + middle))
    for _ in range(2):
        small = rng.normal(middle, 4.0, (12, 12)).astype(np.float32)
        logits = np.kron(small, np.ones((7, 7), np.float32))[:80, :80]
        response = Response(logits, Letterbox.fit(height, width, 320))
        expected = find_objects(
            response.everywhere(), threshold=0.4, min_area_px=300, max_objects=5
        )
        mask, objects = postprocess(response, threshold=0.4, min_area_px=300, max_objects=5)
        assert np.array_equal(mask, union_of(expected, (height, width)))
        assert len(objects) == len(expected)
        for one, other in zip(objects, expected, strict=True):
            assert np.array_equal(one.mask, other.mask)
            assert (one.box, one.area, one.centroid) == (other.box, other.area, other.centroid)
            assert one.axis == other.axis
            assert one.score == pytest.approx(other.score, abs=1e-6)


def test_no_objects_are_asked_for_and_none_are_found() -> None:
    response = Response(np.full((12, 12), 8.0, np.float32), Letterbox.fit(50, 70, 96))
    mask, objects = postprocess(response, threshold=0.5, min_area_px=1, max_objects=0)
    assert objects == ()
    assert mask.shape == (50, 70)
    assert not mask.any()
