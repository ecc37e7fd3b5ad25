"""Attention over tokens and cells from plain matrix products, as every runtime knows them."""

import math

import torch
from torch import Tensor, nn


class Attention(nn.Module):
    """Scaled dot-product attention with several heads.

    Args:
        query_width: Channels of what asks, and of the result.
        source_width: Channels of what is looked at.
        inner_width: Channels of queries, keys and values together.
        heads: Number of heads; divides `inner_width`.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762, equation 1 and section 3.2.2.
    """

    def __init__(self, query_width: int, source_width: int, inner_width: int, heads: int):
        super().__init__()
        if inner_width % heads:
            raise ValueError(f"{heads} heads do not divide {inner_width} channels")
        self.heads = heads
        self.to_query = nn.Linear(query_width, inner_width)
        self.to_key = nn.Linear(source_width, inner_width)
        self.to_value = nn.Linear(source_width, inner_width)
        self.to_result = nn.Linear(inner_width, query_width)

    def _split(self, values: Tensor) -> Tensor:
        width = values.shape[-1] // self.heads
        split = values.reshape(*values.shape[:-1], self.heads, width)
        return split.transpose(1, 2)

    def forward(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        """Return (B, N, query_width).

        Args:
            query: (B, N, query_width).
            key: (B, M, source_width).
            value: (B, M, source_width).
            bias: Added to the scores, (B, 1, 1, M); a large negative value hides a place.
        """
        return self.attend(self.to_query(query), self.to_key(key), self.to_value(value), bias)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
        """Return the same for what went through `to_query`, `to_key` and `to_value` already."""
        q, k, v = (self._split(values) for values in (query, key, value))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        if bias is not None:
            scores = scores + bias
        mixed = (torch.softmax(scores, dim=-1) @ v).transpose(1, 2).flatten(2)
        result: Tensor = self.to_result(mixed)
        return result


def feed_forward(width: int, hidden: int, dropout: float = 0.0) -> nn.Sequential:
    """Return the two-layer perceptron that follows an attention."""
    return nn.Sequential(
        nn.Linear(width, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, width)
    )
