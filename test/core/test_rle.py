"""Masks in COCO's form of run lengths."""

import numpy as np
import pytest
from pycocotools import mask as coco

from textseg_core.rle import mask_to_rle


def test_runs_go_down_the_columns_and_begin_with_background() -> None:
    """Down the columns: one off, two on, two off, one on, the last one less than the second."""
    mask = np.array([[0, 0], [1, 0], [1, 1]], np.bool_)

    assert mask_to_rle(mask) == {"size": [3, 2], "counts": "122O"}


def test_a_mask_that_begins_in_the_foreground_has_an_empty_first_run() -> None:
    assert mask_to_rle(np.ones((2, 2), np.bool_)) == {"size": [2, 2], "counts": "04"}


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.97, 1.0])
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (37, 1), (37, 53), (480, 640)])
def test_pycocotools_writes_the_same_and_reads_it_back(
    shape: tuple[int, int], share: float
) -> None:
    rng = np.random.default_rng(7)
    mask = rng.random(shape) < share

    found = mask_to_rle(mask)

    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert found["counts"] == theirs["counts"].decode()
    assert found["size"] == list(theirs["size"])
    assert np.array_equal(coco.decode(found), mask)


def test_long_runs_take_several_letters() -> None:
    mask = np.zeros((1000, 1000), np.bool_)
    mask[400:600, 300:700] = True

    assert np.array_equal(coco.decode(mask_to_rle(mask)), mask)


def test_a_stack_of_masks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        mask_to_rle(np.zeros((2, 3, 4), np.bool_))
