"""How far two runtimes of the same network are apart."""

from collections.abc import Iterator

import numpy as np

from textseg_core.arrays import AnyArray, Int64Array, UInt8Array
from textseg_core.runtime.base import InferenceBackend, Tensors

_IMAGES = 3


def greatest_difference(
    first: InferenceBackend, second: InferenceBackend, *, input_px: int, tokens: int, words: int
) -> float:
    """Return how far the answers of two runtimes are apart at most.

    Three images of noise are asked about with one, two and three expressions of
    random words; the draw is the same every time.

    Args:
        first: One runtime.
        second: Another one, of the same network.
        input_px: Side of the network's input.
        tokens: Length of a padded expression.
        words: Size of the vocabulary.

    Returns:
        Greatest absolute difference after the sigmoid over all outputs, in
        [0, 1]; NaN if either answered NaN.

    Raises:
        RuntimeError: If the two do not answer with the same outputs and shapes.
    """
    greatest = 0.0
    for image, expressions in _random_queries(input_px, tokens, words):
        ours, theirs = (_answer(side, image, expressions) for side in (first, second))
        shapes = [{key: value.shape for key, value in one.items()} for one in (ours, theirs)]
        if shapes[0] != shapes[1]:
            raise RuntimeError(f"the runtimes answer differently: {shapes[0]} and {shapes[1]}")
        for key in ours:
            difference = np.abs(_sigmoid(ours[key]) - _sigmoid(theirs[key])).max()
            # Not max(), which would drop a NaN.
            greatest = float(np.maximum(greatest, difference))
    return greatest


def _random_queries(
    input_px: int, tokens: int, words: int
) -> Iterator[tuple[UInt8Array, list[Int64Array]]]:
    generator = np.random.default_rng(0)
    for count in range(1, _IMAGES + 1):
        image = generator.integers(0, 256, (input_px, input_px, 3), dtype=np.uint8)
        yield image, list(generator.integers(0, words, (count, 1, tokens), dtype=np.int64))


def _answer(side: InferenceBackend, image: UInt8Array, expressions: list[Int64Array]) -> Tensors:
    read = [side.encode_expression(token_ids) for token_ids in expressions]
    return side.respond(side.encode_image(image), read)


def _sigmoid(logits: AnyArray) -> AnyArray:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * logits.astype(np.float64)))
