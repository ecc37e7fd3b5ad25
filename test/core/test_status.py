import math

import numpy as np
import pytest

from textseg_core.postprocess import find_objects
from textseg_core.segmentation import SegmentedObject, Status
from textseg_core.status import decide, read_answers


def objects_of(*widths: int) -> tuple[SegmentedObject, ...]:
    """Objects one pixel high that respond with 1.0, so that their widths are their weights."""
    response = np.zeros((2 * len(widths), 40), np.float32)
    for index, width in enumerate(widths):
        response[2 * index, :width] = 1.0
    return find_objects(response, threshold=0.5, min_area_px=1, max_objects=9)


@pytest.mark.parametrize("plural", [True, False])
@pytest.mark.parametrize("several", [None, 0.9])
def test_nothing_left_is_not_found(several: float | None, plural: bool) -> None:
    assert decide((), several=several, plural=plural) is Status.NOT_FOUND


def test_network_that_says_several_makes_a_singular_ambiguous() -> None:
    assert decide(objects_of(20), several=0.51, plural=False) is Status.AMBIGUOUS
    assert decide(objects_of(20, 20), several=0.5, plural=False) is Status.FOUND


def test_plural_is_found_however_many_there_are() -> None:
    assert decide(objects_of(20, 20), several=0.9, plural=True) is Status.FOUND
    assert decide(objects_of(20, 20), several=None, plural=True) is Status.FOUND


@pytest.mark.parametrize(
    ("second", "status"), [(9, Status.FOUND), (10, Status.AMBIGUOUS), (20, Status.AMBIGUOUS)]
)
def test_without_the_networks_word_a_rival_has_half_the_weight(
    second: int, status: Status
) -> None:
    assert decide(objects_of(20, second), several=None, plural=False) is status


def test_one_object_alone_is_found() -> None:
    assert decide(objects_of(20), several=None, plural=False) is Status.FOUND


def test_answers_hold_probabilities() -> None:
    outputs = {
        "logits": np.zeros((2, 1, 3, 3), np.float32),
        "presence": np.array([0.0, math.log(3.0)], np.float32),
        "several": np.array([-1e4, np.inf], np.float32),
    }
    first, second = read_answers(outputs, count=2, cells=3)
    assert (first.presence, first.several) == pytest.approx((0.5, 0.0))
    assert (second.presence, second.several) == pytest.approx((0.75, 1.0))
    assert first.logits.shape == (3, 3)


def test_presence_below_the_threshold_is_absent_and_silence_is_not() -> None:
    outputs = {"logits": np.zeros((1, 1, 3, 3), np.float32)}
    (silent,) = read_answers(outputs, count=1, cells=3)
    (even,) = read_answers({**outputs, "presence": np.zeros(1)}, count=1, cells=3)
    assert not silent.is_absent(0.9)
    assert not even.is_absent(0.5)
    assert even.is_absent(0.51)


@pytest.mark.parametrize("shape", [(1, 1, 3, 4), (2, 1, 3, 3), (1, 3, 3)])
def test_logits_of_another_shape_are_refused_with_both_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(RuntimeError, match=r"must return logits \(1, 1, 3, 3\), got") as caught:
        read_answers({"logits": np.zeros(shape, np.float32)}, count=1, cells=3)
    assert str(shape) in str(caught.value)


def test_missing_logits_are_refused_with_what_came() -> None:
    with pytest.raises(RuntimeError, match=r"got \['mask'\]"):
        read_answers({"mask": np.zeros((1, 1, 3, 3))}, count=1, cells=3)


@pytest.mark.parametrize("name", ["presence", "several"])
def test_presence_and_several_are_checked(name: str) -> None:
    outputs = {"logits": np.zeros((1, 1, 3, 3), np.float32)}
    with pytest.raises(RuntimeError, match=rf"must return {name} \(1,\), got \(1, 1\)"):
        read_answers({**outputs, name: np.zeros((1, 1))}, count=1, cells=3)
    with pytest.raises(ValueError, match=f"{name} holds NaN"):
        read_answers({**outputs, name: np.array([np.nan])}, count=1, cells=3)
