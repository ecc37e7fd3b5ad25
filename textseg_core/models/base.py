"""What every network is: an image encoder, an expression encoder and a query head."""

from typing import TypeAlias

from torch import Tensor, nn

Tensors: TypeAlias = dict[str, Tensor]


class SegmentationNetwork(nn.Module):
    """Three parts that meet in named tensors, so that each can be exported alone.

    The image is encoded without knowing the expression (late fusion), so one
    encoding serves any number of expressions.

    Attributes:
        name: Name in the registry.
        input_px: Side S of the square input, a multiple of `stride`.
        stride: Input pixels per logit.
        tokens: Length T of a padded expression.
        image_outputs: Names of the image encoder's outputs, in order.
        expression_outputs: Names of the expression encoder's outputs, in order.
        head_outputs: Names of the head's outputs, `logits` first.
        image_encoder: (B, S, S, 3) uint8 RGB -> tuple of `image_outputs`.
        expression_encoder: (Q, T) int64 -> tuple of `expression_outputs`.
        query_head: (*image tensors, *expression tensors) -> tuple of `head_outputs`;
            batch 1 of the image is broadcast over Q expressions.
    """

    name: str
    input_px: int
    stride: int
    tokens: int
    image_outputs: tuple[str, ...]
    expression_outputs: tuple[str, ...]
    head_outputs: tuple[str, ...]
    image_encoder: nn.Module
    expression_encoder: nn.Module
    query_head: nn.Module

    def forward(self, image: Tensor, token_ids: Tensor) -> Tensors:
        """Return the head's outputs for one image and its expressions.

        Args:
            image: (1, S, S, 3) uint8 RGB, or (Q, S, S, 3), one for each expression.
            token_ids: (Q, T) int64.

        Returns:
            `logits` (Q, 1, S / stride, S / stride) and the other `head_outputs`.
        """
        seen = self.image_encoder(image)
        read = self.expression_encoder(token_ids)
        # In training a head may append what only its loss needs.
        answers = self.query_head(*seen, *read)
        return dict(zip(self.head_outputs, answers, strict=not self.training))
