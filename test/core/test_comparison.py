import math
from collections.abc import Sequence

import numpy as np
import pytest

from textseg_core.arrays import Int64Array, UInt8Array
from textseg_core.runtime.base import Tensors
from textseg_core.runtime.comparison import greatest_difference


class ConstantBackend:
    """Answers every query with the same logits and remembers what it was asked."""

    def __init__(self, logit: float, presence: float = 0.0, side: int = 2) -> None:
        self._logit, self._presence, self._side = logit, presence, side
        self.images: list[UInt8Array] = []
        self.ids: list[Int64Array] = []
        self.batches: list[int] = []

    def encode_image(self, image: UInt8Array) -> Tensors:
        self.images.append(image)
        return {"visual": np.zeros((1, 1), np.float32)}

    def encode_expression(self, token_ids: Int64Array) -> Tensors:
        self.ids.append(token_ids)
        return {"expression": np.zeros((1, 1), np.float32)}

    def respond(self, image: Tensors, expressions: Sequence[Tensors]) -> Tensors:
        count = len(expressions)
        self.batches.append(count)
        shape = (count, 1, self._side, self._side)
        return {
            "logits": np.full(shape, self._logit, np.float32),
            "presence": np.full(count, self._presence, np.float32),
        }


def compare(first: ConstantBackend, second: ConstantBackend) -> float:
    return greatest_difference(first, second, input_px=8, tokens=4, words=6)


def test_equal_answers_do_not_differ() -> None:
    assert compare(ConstantBackend(1.5), ConstantBackend(1.5)) == 0.0


def test_logits_differ_by_what_their_responses_do() -> None:
    assert compare(ConstantBackend(0.0), ConstantBackend(math.log(3))) == pytest.approx(0.25)


def test_presence_counts_as_the_response_does() -> None:
    first, second = ConstantBackend(1.0, presence=0.0), ConstantBackend(1.0, presence=-math.log(3))

    assert compare(first, second) == pytest.approx(0.25)


def test_large_logits_do_not_overflow() -> None:
    assert compare(ConstantBackend(-1e4), ConstantBackend(1e4)) == pytest.approx(1.0)


def test_nan_is_not_lost_among_equal_answers() -> None:
    assert math.isnan(compare(ConstantBackend(math.nan), ConstantBackend(0.0)))


def test_both_are_asked_the_same_with_one_two_and_three_expressions() -> None:
    first, second = ConstantBackend(0.0), ConstantBackend(0.0)

    compare(first, second)

    assert first.batches == second.batches == [1, 2, 3]
    assert all((one == two).all() for one, two in zip(first.images, second.images, strict=True))
    assert all((one == two).all() for one, two in zip(first.ids, second.ids, strict=True))
    assert {ids.shape for ids in first.ids} == {(1, 4)}
    assert max(ids.max() for ids in first.ids) <= 5
    assert first.images[0].shape == (8, 8, 3)
    assert first.images[0].dtype == np.uint8


def test_answers_of_another_size_are_an_error() -> None:
    with pytest.raises(RuntimeError, match="answer differently"):
        compare(ConstantBackend(0.0), ConstantBackend(0.0, side=1))
