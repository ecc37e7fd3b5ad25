from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_core.runtime.agreement import Agreement, batch_difference, compare, mask_iou
from textseg_core.runtime.cases import Case
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

MakeBackend = Callable[..., Any]
Build = Callable[..., Segmenter]


def block(width: int, height: int = 40) -> UInt8Array:
    """Black, 96 x 96, with a red block at the top left."""
    image = np.zeros((96, 96, 3), np.uint8)
    image[:height, :width, 0] = 255
    return image


@pytest.fixture
def answer(colour_backend: MakeBackend, build_segmenter: Build) -> Callable[..., Segmentation]:
    """`answer(width)`: the answer to "red" about a block of that width."""
    segmenter = build_segmenter(colour_backend())
    return lambda *size: segmenter.segment(block(*size), "red")


def test_overlap_is_the_share_of_the_union() -> None:
    first, second = np.zeros((2, 4, 10), np.bool_)
    first[:, :6] = second[:, 4:] = True
    assert mask_iou(first, second) == pytest.approx(0.2)
    assert mask_iou(first, ~first) == 0.0


def test_two_empty_masks_agree() -> None:
    empty = np.zeros((3, 3), np.bool_)
    assert mask_iou(empty, empty) == 1.0


def test_equal_answers_agree(answer: Callable[..., Segmentation]) -> None:
    measured = Agreement()
    measured.add(answer(40), answer(40))
    assert (measured.ious, measured.found, measured.response) == ([1.0], 1, 0.0)


def test_small_masks_are_left_out_and_empty_ones_counted(
    answer: Callable[..., Segmentation],
) -> None:
    measured = Agreement()
    measured.add(answer(16, 8), answer(16, 8))
    measured.add(answer(0), answer(0))
    assert (measured.small, measured.ious, measured.found) == (1, [1.0], 0)


def test_a_mask_that_one_of_them_does_not_have_is_no_agreement(
    answer: Callable[..., Segmentation],
) -> None:
    measured = Agreement()
    measured.add(answer(40), answer(0))
    assert measured.ious == [0.0]
    assert measured.response > 0.9
    assert measured.score > 0.9


def test_figures_by_hand() -> None:
    # Two masks with pixels, 0.5 and 0.9, and two empty pairs.
    measured = Agreement(ious=[1.0, 0.5, 1.0, 0.9], found=2)
    assert measured.iou == pytest.approx(0.85)
    assert measured.iou_found == pytest.approx(0.7)
    assert measured.worst == 0.5
    assert measured.p5 == pytest.approx(0.52)


def test_nothing_measured_is_not_a_number() -> None:
    measured = Agreement()
    assert all(np.isnan([measured.iou, measured.iou_found, measured.worst, measured.p5]))


def test_others_are_compared_with_the_reference_by_name(
    colour_backend: MakeBackend, build_segmenter: Build
) -> None:
    silent = colour_backend()
    silent.override = lambda outputs: {name: value - 30 for name, value in outputs.items()}
    others = {"same": build_segmenter(colour_backend()), "silent": build_segmenter(silent)}
    cases = [Case(block(40), ("red", "blue"))]
    measured = compare(build_segmenter(colour_backend()), others, cases)
    assert measured["same"].ious == [1.0, 1.0]
    assert measured["silent"].ious == [0.0, 1.0]


def test_a_batch_that_answers_otherwise_is_measured(
    colour_backend: MakeBackend, build_segmenter: Build
) -> None:
    cases = [Case(block(40), ("red", "the red block")), Case(block(20), ("blue",))]
    honest, tipsy = colour_backend(), colour_backend()
    # Alone a red cell has logit 8, in a batch 0: sigmoid 0.9997 and 0.5.
    tipsy.override = lambda outputs: (
        outputs
        if len(outputs["logits"]) == 1
        else {name: value * 0 for name, value in outputs.items()}
    )
    assert batch_difference(build_segmenter(honest), cases, 4) < 1e-6
    assert honest.batches == [4, 1, 1, 1, 1] * 2
    assert batch_difference(build_segmenter(tipsy), cases, 4) == pytest.approx(0.4997, abs=1e-3)


def test_no_expressions_are_refused(colour_backend: MakeBackend, build_segmenter: Build) -> None:
    with pytest.raises(ValueError, match="at least one expression, got none"):
        batch_difference(build_segmenter(colour_backend()), [])
