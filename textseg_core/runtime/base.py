"""What every runtime offers: the three parts of a network, and nothing of cameras or words."""

from typing import Protocol, TypeAlias

from textseg_core.arrays import AnyArray, Int64Array, UInt8Array

Tensors: TypeAlias = dict[str, AnyArray]


class InferenceBackend(Protocol):
    """One network on one runtime; knows nothing of cameras, words or ROS."""

    def encode_image(self, image: UInt8Array) -> Tensors:
        """Return the encodings of a letterboxed RGB image, (S, S, 3), by name."""
        ...

    def encode_expression(self, token_ids: Int64Array) -> Tensors:
        """Return the encodings of one expression, (1, T), by name; axis 0 has length 1."""
        ...

    def respond(self, image: Tensors, expressions: Tensors) -> Tensors:
        """Return what the network says of each expression in the image.

        Args:
            image: As `encode_image` returned it.
            expressions: As `encode_expression` returned them, stacked on axis 0 to length B.

        Returns:
            `logits` (B, 1, h, w) float32, owned by the caller; where the network gives them,
            `presence` (B,), the logit that something in view is described, and `several`
            (B,), the logit that more than one thing is.
        """
        ...
