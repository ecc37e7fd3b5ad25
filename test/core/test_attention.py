import math
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from textseg_core.arrays import AnyArray
from textseg_core.models.attention import Attention, feed_forward


def apply(layer: nn.Linear, values: AnyArray) -> AnyArray:
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    return np.array([weight @ value + bias for value in values])


def brute_force(layer: Attention, query: AnyArray, source: AnyArray, bias: AnyArray) -> AnyArray:
    """One picture, head by head and place by place: (N, C), (M, D), (M,) -> (N, C)."""
    q, k = apply(layer.to_query, query), apply(layer.to_key, source)
    v = apply(layer.to_value, source)
    width = q.shape[1] // layer.heads
    mixed = np.zeros_like(q)
    for head in range(layer.heads):
        own = slice(head * width, (head + 1) * width)
        for n in range(len(q)):
            score = [q[n, own] @ k[m, own] / math.sqrt(width) + bias[m] for m in range(len(k))]
            share = np.exp(score) / np.exp(score).sum()
            mixed[n, own] = sum(share[m] * v[m, own] for m in range(len(k)))
    return apply(layer.to_result, mixed)


def test_attention_equals_a_loop_over_heads_and_places() -> None:
    torch.manual_seed(1)
    layer = Attention(6, 5, 8, 2).double()
    query, source = torch.randn(2, 3, 6).double() * 2, torch.randn(2, 4, 5).double() * 2
    bias = torch.randn(2, 1, 1, 4).double()

    with torch.no_grad():
        result = layer(query, source, source, bias)

    for b in range(2):
        expected = brute_force(layer, query[b].numpy(), source[b].numpy(), bias[b, 0, 0].numpy())
        np.testing.assert_allclose(result[b].numpy(), expected, atol=1e-12)


def test_one_head_mixes_two_values_by_a_hand_worked_softmax() -> None:
    layer = Attention(1, 1, 1, 1)
    with torch.no_grad():
        for part in (layer.to_query, layer.to_key, layer.to_value, layer.to_result):
            part.weight.fill_(1.0)
            part.bias.zero_()
    query = torch.tensor([[[1.0]]])
    key = torch.tensor([[[0.0], [math.log(3.0)]]])  # scores 0 and ln 3: shares 1/4 and 3/4
    value = torch.tensor([[[8.0], [4.0]]])

    assert layer(query, key, value, None).item() == pytest.approx(8 / 4 + 4 * 3 / 4)


def test_a_place_with_a_large_negative_bias_is_not_seen() -> None:
    torch.manual_seed(2)
    layer = Attention(4, 4, 4, 2)
    query, source = torch.randn(1, 2, 4), torch.randn(1, 3, 4)
    bias = torch.tensor([0.0, 0.0, -1e4])[None, None, None]
    changed = source.clone()
    changed[0, 2] += 100

    with torch.no_grad():
        before, after = (layer(query, s, s, bias) for s in (source, changed))
        unhidden = layer(query, changed, changed, None)

    assert torch.equal(before, after)
    assert not torch.allclose(unhidden, after)


def test_heads_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="3 heads do not divide 8 channels"):
        Attention(4, 4, 8, 3)


def test_feed_forward_is_linear_relu_linear() -> None:
    layers = feed_forward(1, 2)
    first, last = cast(nn.Linear, layers[0]), cast(nn.Linear, layers[-1])
    with torch.no_grad():
        first.weight.copy_(torch.tensor([[1.0], [-1.0]]))
        first.bias.zero_()
        last.weight.copy_(torch.tensor([[2.0, 5.0]]))
        last.bias.fill_(1.0)

    answers = layers(torch.tensor([[3.0], [-3.0]])).flatten().tolist()

    assert answers == [2 * 3 + 1, 5 * 3 + 1]
