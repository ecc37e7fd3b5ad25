"""Region proposals on drawn pictures: what is found, in which order, where it lies."""

import sys

import numpy as np
import pytest

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.proposals import (
    Proposals,
    box_around,
    box_places,
    box_shares,
    content,
    grab_cut,
    propose,
    segment_shares,
)
from textseg_core.region_answers import answer_mask, regions_of


def block(x0: int, y0: int, x1: int, y1: int, side: int = 96) -> BoolArray:
    mask = np.zeros((side, side), np.bool_)
    mask[y0:y1, x0:x1] = True
    return mask


#: Two blocks on grey; the second is an L, so that its box holds pixels that are not its own.
RED = block(8, 8, 40, 40)
BLUE = block(56, 48, 88, 88) & ~block(56, 48, 72, 68)


def picture() -> UInt8Array:
    image = np.full((96, 96, 3), 120, np.uint8)
    image[RED], image[BLUE] = (220, 20, 20), (20, 20, 220)
    return image


def four() -> Proposals:
    """Two regions side by side in a picture of 4 x 4: the left quarter, the next one, both."""
    labels = np.full((4, 4), 2, np.int64)
    labels[:, 0], labels[:, 1] = 0, 1
    members = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]], np.bool_)
    boxes = np.array([[0, 0, 1, 4], [1, 0, 2, 4], [0, 0, 2, 4]])
    return Proposals(labels, members, boxes)


def test_blocks_of_one_colour_are_found_with_their_pixels_and_boxes() -> None:
    segments, boxes = propose(picture(), 100, "segment"), propose(picture(), 100, "box")

    for mask in (RED, BLUE):
        # The picture is divided at 160 px or, as here, in its own size, blurred a little.
        assert segments.segment_ious(mask).max() > 0.93
        assert boxes.box_ious(mask).max() > 0.93


def test_proposals_are_the_same_every_time_and_no_two_are_alike() -> None:
    first, second = propose(picture(), 100, "box"), propose(picture(), 100, "box")

    assert np.array_equal(first.boxes, second.boxes)
    assert len(np.unique(first.boxes, axis=0)) == len(first)


def test_no_more_than_asked_for_are_returned_and_they_are_the_first() -> None:
    every, some = propose(picture(), 100, "segment"), propose(picture(), 3, "segment")

    assert len(some) == 3
    assert np.array_equal(some.members, every.members[:3])


def test_the_border_of_a_letterbox_is_no_proposal() -> None:
    image = picture()
    image[:24], image[72:] = 0, 0

    found = propose(image, 100, "box")

    assert content(image) == (0, 24, 96, 72)
    assert found.boxes[:, 1].min() >= 24
    assert found.boxes[:, 3].max() <= 72


def test_a_black_picture_and_one_of_a_pixel_are_one_proposal() -> None:
    assert propose(np.zeros((32, 48, 3), np.uint8), 9, "box").boxes.tolist() == [[0, 0, 48, 32]]
    lit = np.zeros((32, 32, 3), np.uint8)
    lit[5, 7] = 255
    assert propose(lit, 9, "segment").boxes.tolist() == [[7, 5, 8, 6]]


def test_ious_by_hand() -> None:
    proposals = four()
    target = np.zeros((4, 4), np.bool_)
    target[:2, :2] = True  # 4 pixels, half of either region

    assert proposals.segment_ious(target).tolist() == [2 / 6, 2 / 6, 4 / 8]
    assert proposals.box_ious(target).tolist() == [2 / 6, 2 / 6, 4 / 8]
    assert proposals.box_ious(np.zeros((4, 4), np.bool_)).tolist() == [0.0] * 3
    assert proposals.segment(2).sum() == 8


def test_a_box_is_spread_over_cells_in_the_share_in_which_it_covers_them() -> None:
    # Cells of 2 px; columns 1 to 3 and row 0: half of the first cell, all of the second's width.
    shares = box_shares(np.array([[1, 0, 4, 1]]), 4, 2)

    assert shares[0] == pytest.approx([1 / 3, 2 / 3, 0.0, 0.0])


def test_a_segment_is_spread_over_cells_by_its_pixels() -> None:
    shares = segment_shares(four(), 2)

    assert shares.tolist() == [[0.5, 0.0, 0.5, 0.0]] * 3


def test_places_are_those_of_the_content_not_of_its_border() -> None:
    # A picture of 8 x 4 in a square of 8: rows 2 to 6. The box is its right half.
    places = box_places(np.array([[4, 2, 8, 6]]), (0, 2, 8, 6))

    assert places[0].tolist() == [0.0, -1.0, 1.0, 1.0, 0.5, 0.0, 1.0, 2.0]


def test_rows_beyond_the_proposals_are_marked() -> None:
    shares, places, present = regions_of(np.ones((4, 4, 3), np.uint8), four(), 5, "box", 2)

    assert present.tolist() == [1, 1, 1, 0, 0]
    assert not shares[3:].any()
    assert not places[3:].any()


def test_grab_cut_leaves_the_background_of_a_box_out() -> None:
    box = box_around(BLUE)
    assert box is not None

    cut = grab_cut(picture(), box)

    assert (cut & BLUE).sum() / (cut | BLUE).sum() > 0.97
    assert BLUE.sum() / block(*box).sum() < 0.8
    assert np.array_equal(cut, grab_cut(picture(), box))


def test_grab_cut_of_the_whole_picture_is_the_whole_picture() -> None:
    assert grab_cut(picture(), np.array([0, 0, 96, 96])).all()


def test_each_answer_draws_what_it_names() -> None:
    found = propose(picture(), 100, "box")
    index = int(found.box_ious(BLUE).argmax())

    box, cut, segment = (
        answer_mask(picture(), found, index, answer) for answer in ("box", "grabcut", "segment")
    )

    assert box.sum() == (found.boxes[index, 2:] - found.boxes[index, :2]).prod()
    assert cut.sum() < box.sum()
    assert np.array_equal(segment, found.segment(index))


def test_without_scikit_image_the_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)

    with pytest.raises(RuntimeError, match=r"pip install 'textseg-ros\[proposals\]'"):
        propose(picture(), 5, "box")
