"""The compact query head as it is exported: the same answers for one picture, in less time.

Nothing is learnt here. Sums move into the products beside them, and of every product of three
the small one comes first: a map of the cells, of which each expression has hundreds, becomes one
of its few tokens. What depends on weights alone a runtime computes once, when it loads the file.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.attention import Attention
from textseg_core.models.compact import (
    CELL_STRIDE,
    DETAIL,
    HIDE,
    KERNEL,
    STRIDE,
    CompactQueryHead,
    TwoWayLayer,
)

_OWN_TOKENS = 2


def folded(head: nn.Module, tokens: int) -> nn.Module:
    """Return what to export for a network's query head: its folded form where it has one.

    Args:
        head: In evaluation mode.
        tokens: Length of a padded expression.
    """
    if isinstance(head, CompactQueryHead):
        layers = [layer for layer in head.layers if isinstance(layer, TwoWayLayer)]
        if len(layers) == len(head.layers):
            return FoldedQueryHead(head, layers, tokens).eval()
    return head


class FoldedQueryHead(nn.Module):
    """Both encodings -> what `CompactQueryHead` returns, for one picture at a time.

    Args:
        head: Whose weights are used.
        layers: Its layers, at least one.
        tokens: Length of a padded expression.
    """

    def __init__(self, head: CompactQueryHead, layers: list[TwoWayLayer], tokens: int):
        super().__init__()
        self.head = head
        count = tokens + _OWN_TOKENS
        self.first = _FirstLayer(layers[0], count, head.side**2)
        self.later = nn.ModuleList(_LaterLayer(layer, count, head.side**2) for layer in layers[1:])
        self.register_buffer("enlarge", _enlarging(head.side, CELL_STRIDE // STRIDE))
        self.enlarge: Tensor

    def forward(
        self,
        cells: Tensor,
        lexical: Tensor,
        detail: Tensor,
        words: Tensor,
        hidden: Tensor,
        noun: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return (logits, presence, several); the image tensors are of one image."""
        head = self.head
        place = head.place(head.coordinates)[0]
        use = head.lexical_use
        alike = (head.lexical_scale * noun) @ lexical.reshape(-1, lexical.shape[2]).t()
        own = head.own_tokens.expand(words.shape[0], -1, -1)
        tokens = torch.cat([own, words], dim=1)
        bias = F.pad(hidden * HIDE, (_OWN_TOKENS, 0))[:, None, None, :]
        shared = cells.reshape(-1, cells.shape[2]) + use.bias
        tokens, cells = self.first(tokens, shared, place, alike, use.weight, bias)
        for layer in self.later:
            tokens, cells = layer(tokens, cells, place, bias)
        asked, answering = tokens[:, 0], tokens[:, 1]
        logits = self._draw(asked, cells, detail)
        presence, several = head.answer(answering).unbind(dim=1)
        if not head.knows_presence:
            presence = logits.amax(dim=(1, 2, 3))
        return logits, presence, several

    def _draw(self, asked: Tensor, cells: Tensor, detail: Tensor) -> Tensor:
        """Return the logits (Q, 1, S / 4, S / 4) for the asking tokens (Q, width)."""
        head, key = self.head, self.head.coarse_key
        first, shift, second = torch.split(head.kernel(asked), list(head.sizes), dim=1)
        first = first.reshape(-1, KERNEL, 2 * DETAIL) * (1 / math.sqrt(2 * DETAIL))
        on_cells, on_pixels = torch.split(first, DETAIL, dim=2)
        asked = asked * (1 / math.sqrt(key.in_features))
        maps = torch.cat([on_cells @ head.to_detail.weight, (asked @ key.weight)[:, None]], dim=1)
        shift = shift + on_cells @ head.to_detail.bias
        base = (asked @ key.bias + head.coarse_bias)[:, None]
        small = maps @ cells.transpose(1, 2) + torch.cat([shift, base], dim=1)[:, :, None]
        kernels, coarse = torch.split(small, [KERNEL, 1], dim=1)
        side = head.side * (CELL_STRIDE // STRIDE)
        drawn = torch.addmm(
            self._enlarged(kernels, KERNEL).reshape(-1, side * side),
            on_pixels.reshape(-1, DETAIL),
            detail.reshape(DETAIL, side * side),
        )
        drawn = F.relu(drawn).reshape(-1, KERNEL, side * side)
        logits = (second * (1 / math.sqrt(KERNEL)))[:, None] @ drawn
        return logits.reshape(-1, 1, side, side) + self._enlarged(coarse, 1)

    def _enlarged(self, values: Tensor, count: int) -> Tensor:
        """Return maps (Q, count, N) at stride 4, (Q, count, S / 4, S / 4), by two products.

        ONNX Runtime's bilinear resize takes a CPU three times as long.
        """
        side = self.head.side
        tall: Tensor = self.enlarge @ values.reshape(-1, count, side, side)
        return tall @ self.enlarge.t()


class _Layer(nn.Module):
    """What all layers have in common: tokens among themselves, and cells with themselves.

    Args:
        layer: Whose weights are used.
        count: Tokens, the head's own among them.
        cells: Cells of a picture.
    """

    def __init__(self, layer: TwoWayLayer, count: int, cells: int):
        super().__init__()
        self.layer, self.count, self.cells = layer, count, cells
        self.width = layer.norm_1.normalized_shape[0]

    def _talk(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Return the tokens (Q, T, width) after they attended to each other."""
        among, heads = self.layer.among, self.layer.among.heads
        linears = (among.to_query, among.to_key, among.to_value)
        weight = torch.cat([linear.weight for linear in linears])
        mapped = F.linear(
            tokens.reshape(-1, self.width), weight, torch.cat([one.bias for one in linears])
        )
        parts = mapped.reshape(-1, self.count, 3, heads, self.width // heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query * _scale(among)) @ key.transpose(-1, -2) + bias
        told = among.to_result(_together(torch.softmax(scores, dim=-1) @ value, among))
        talked: Tensor = self.layer.norm_1(tokens + told.reshape(-1, self.count, self.width))
        return talked

    def _learn(self, tokens: Tensor, seen: Tensor) -> Tensor:
        """Return the tokens (Q, T, width) with what each head saw, (Q, heads, T, channels)."""
        layer = self.layer
        told = layer.look.to_result(_together(seen, layer.look))
        flat = layer.norm_2(tokens.reshape(-1, self.width) + told)
        flat = layer.norm_3(flat + layer.perceptron(flat))
        learnt: Tensor = flat.reshape(-1, self.count, self.width)
        return learnt

    def _think(self, cells: Tensor, place: Tensor) -> Tensor:
        """Return the cells (Q, N, width) after their norm and perceptron."""
        norm, perceptron = self.layer.norm_4, self.layer.cell_perceptron
        first, last = (layer for layer in perceptron if isinstance(layer, nn.Linear))
        # The last bias comes in with what it is added to.
        told = F.layer_norm(cells, (self.width,), norm.weight, norm.bias + last.bias)
        hidden = F.relu(first((told + (place - last.bias)).reshape(-1, self.width)))
        flat = torch.addmm(told.reshape(-1, self.width), hidden, last.weight.t())
        thought: Tensor = self.layer.norm_5(flat).reshape(-1, self.cells, self.width)
        return thought


class _FirstLayer(_Layer):
    """The cells of all expressions differ by a multiple of one vector: they are mapped once.

    That multiple joins the products as one channel more for each expression, which all but its
    own leave out.
    """

    def forward(
        self,
        tokens: Tensor,
        shared: Tensor,
        place: Tensor,
        alike: Tensor,
        use: Tensor,
        bias: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return (tokens, cells) for cells that are `shared + alike * use`.

        Args:
            tokens: (Q, T, width).
            shared: Cells of the picture, (N, width).
            place: (N, width).
            alike: (Q, N).
            use: (width, 1).
            bias: (Q, 1, 1, T).
        """
        look, back = self.layer.look, self.layer.look_back
        placed = shared + place
        number = torch.arange(alike.shape[0], device=alike.device)
        own = (number[:, None] == number).to(alike.dtype)[:, None]

        tokens = self._talk(tokens, bias)
        query = self._of_tokens(look.to_query, tokens, look) * _scale(look)
        key_use = (look.to_key.weight @ use).reshape(look.heads, -1, 1)
        queries = torch.cat([query, (query @ key_use) * own[:, None]], dim=3)
        key = look.to_key(placed).reshape(self.cells, look.heads, -1).permute(1, 2, 0)
        keys = torch.cat([key, alike.expand(look.heads, -1, -1)], dim=1)
        weights = torch.softmax(queries @ keys, dim=-1)
        value_use = (look.to_value.weight @ use).reshape(look.heads, 1, -1)
        value = look.to_value(placed).reshape(self.cells, look.heads, -1).transpose(0, 1)
        seen = weights @ value + (weights @ alike[:, None, :, None]) * value_use
        tokens = self._learn(tokens, seen)

        key = self._of_tokens(back.to_key, tokens, back).transpose(2, 3) * _scale(back)
        query_use = (back.to_query.weight @ use).reshape(back.heads, 1, -1)
        unit = (query_use @ key) * own.transpose(1, 2)[:, None]
        keys = torch.cat([key, bias.expand(-1, back.heads, -1, -1), unit], dim=2)
        query = back.to_query(placed).reshape(self.cells, back.heads, -1).transpose(0, 1)
        one = torch.ones(back.heads, self.cells, 1, dtype=query.dtype, device=query.device)
        queries = torch.cat([query, one, alike.t().expand(back.heads, -1, -1)], dim=2)
        weights = torch.softmax(queries @ keys, dim=-1)
        told = _together(weights @ self._of_tokens(back.to_value, tokens, back), back)
        told = torch.cat([told, alike.reshape(-1, 1)], dim=1)
        told = told @ torch.cat([back.to_result.weight, use], dim=1).t()
        cells = told.reshape(-1, self.cells, self.width) + (shared + back.to_result.bias)
        return tokens, self._think(cells, place)

    def _of_tokens(self, linear: nn.Linear, tokens: Tensor, attention: Attention) -> Tensor:
        """Return (Q, heads, T, channels) of tokens (Q, T, width)."""
        return _apart(linear(tokens.reshape(-1, self.width)), self.count, attention)


class _LaterLayer(_Layer):
    """Every expression has cells of its own: no map of theirs, but of the tokens."""

    def forward(
        self, tokens: Tensor, cells: Tensor, place: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return (tokens, cells) for tokens (Q, T, width) and cells (Q, N, width)."""
        look, back = self.layer.look, self.layer.look_back
        placed = cells + place

        tokens = self._talk(tokens, bias)
        query = look.to_query(tokens.reshape(-1, self.width)) * _scale(look)
        # The keys' bias is alike for all cells, which a softmax does not see.
        asked = _apart(query, self.count, look) @ _of_heads(look.to_key.weight, look)
        scores = asked.reshape(-1, look.heads * self.count, self.width) @ placed.transpose(1, 2)
        seen = torch.softmax(scores, dim=-1) @ placed
        seen = seen.reshape(-1, look.heads, self.count, self.width)
        seen = seen @ _of_heads(look.to_value.weight, look).transpose(1, 2)
        tokens = self._learn(tokens, seen + look.to_value.bias.reshape(look.heads, 1, -1))

        flat, asked_of = tokens.reshape(-1, self.width), back.heads * self.count
        key = _apart(back.to_key(flat) * _scale(back), self.count, back)
        level = key @ back.to_query.bias.reshape(back.heads, -1, 1)
        level = level.transpose(2, 3) + bias
        key = (key @ _of_heads(back.to_query.weight, back)).reshape(-1, asked_of, self.width)
        scores = placed @ key.transpose(1, 2) + level.reshape(-1, 1, asked_of)
        weights = torch.softmax(scores.reshape(-1, self.cells, back.heads, self.count), dim=-1)
        value = _apart(back.to_value(flat), self.count, back)
        # A head's weights add up to one: with a share of the bias in each they add up to it.
        value = value @ _of_heads(back.to_result.weight.t(), back)
        value = value.reshape(-1, asked_of, self.width) + back.to_result.bias / back.heads
        told = weights.reshape(-1, self.cells, asked_of) @ value
        return tokens, self._think(cells + told, place)


def _scale(attention: Attention) -> float:
    return 1 / math.sqrt(attention.to_query.out_features // attention.heads)


def _of_heads(matrix: Tensor, attention: Attention) -> Tensor:
    """Return (heads, channels, width) from (inner, width)."""
    return matrix.reshape(attention.heads, -1, matrix.shape[1])


def _apart(values: Tensor, count: int, attention: Attention) -> Tensor:
    """Return (Q, heads, count, channels) from (Q * count, inner)."""
    channels = attention.to_query.out_features // attention.heads
    return values.reshape(-1, count, attention.heads, channels).transpose(1, 2)


def _together(values: Tensor, attention: Attention) -> Tensor:
    """Return (Q * N, inner) from (Q, heads, N, channels)."""
    return values.transpose(1, 2).reshape(-1, attention.to_query.out_features)


def _enlarging(side: int, factor: int) -> Tensor:
    """Return the matrix (factor * side, side) of a bilinear resize along one side."""
    lines = torch.eye(side)[None]
    return F.interpolate(lines, scale_factor=factor, mode="linear", align_corners=False)[0].t()
