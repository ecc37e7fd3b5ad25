"""Our compact real-time network: relations by attention between words and coarse cells.

The image is encoded once for any number of expressions. A query head lets the words
look at the cells and the cells look back at the words, twice; then each expression
draws its mask with a kernel of its own on stride-4 features.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torchvision.models import mobilenet_v2  # type: ignore[import-untyped]

from textseg_core.models.attention import Attention, feed_forward
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.fusion import cell_coordinates, l2_normalise

STRIDE = 4
CELL_STRIDE = 16
# Added to an attention score. Its exponential is nothing beside 1; below -87 it would be a
# subnormal number, with which a processor reckons ten times slower.
Projection: TypeAlias = Callable[[nn.Linear], Tensor]
HIDE = -60.0
DETAIL = 32
KERNEL = 16


def _conv(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


class CompactImageEncoder(nn.Module):
    """MobileNetV2 with a top-down pyramid to stride 4, free of the expression.

    Outputs `cells` (B, N, width) at stride 16, `lexical` (B, N, lexical_width), where
    ImageNet's nouns see themselves, and `detail` (B, 32, S / 4, S / 4).

    Source:
        Sandler et al. 2018, arXiv:1801.04381; Lin et al. 2017, arXiv:1612.03144.
    """

    def __init__(self, input_px: int, width: int, lexical_width: int, dropout: float):
        super().__init__()
        self.features = _without_batch_norm(mobilenet_v2(weights=None).features)
        self.top = nn.Conv2d(320, width, 1)
        self.side_16 = nn.Conv2d(96, width, 1)
        self.side_8 = nn.Conv2d(32, 64, 1)
        self.side_4 = nn.Conv2d(24, DETAIL, 1)
        self.merge_16 = _conv(width, width, 3)
        self.down_8 = nn.Conv2d(width, 64, 1)
        self.merge_8 = _conv(64, 64, 3)
        self.down_4 = nn.Conv2d(64, DETAIL, 1)
        self.merge_4 = _conv(DETAIL, DETAIL, 3)
        self.to_lexical = nn.Conv2d(1280, lexical_width, 1, bias=False)
        self.drop = nn.Dropout2d(dropout)
        self.cells = input_px // CELL_STRIDE
        self.frozen_layers = 0
        self._scale = 127.5

    def fold_scale(self) -> None:
        """Let the first convolution scale the picture, in place.

        Its pixels then reach the weights as they are. Scaled, float16 would round them, all
        that are alike in the same direction.
        """
        stem = next(layer for layer in self.modules() if isinstance(layer, nn.Conv2d))
        with torch.no_grad():
            stem.weight.div_(self._scale)
        self._scale = 1.0

    def load_imagenet(self, state: dict[str, Tensor]) -> None:
        """Take the backbone from torchvision's MobileNetV2 state dict.

        Raises:
            RuntimeError: If names or shapes are not those of torchvision's network.
        """
        backbone = mobilenet_v2(weights=None)
        backbone.load_state_dict(state)
        self.features.load_state_dict(_without_batch_norm(backbone.features).state_dict())

    def freeze(self, layers: int) -> None:
        """Keep the first `layers` blocks as they are."""
        self.frozen_layers = layers
        self.features[:layers].requires_grad_(False)
        self.features[layers:].requires_grad_(True)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (cells, lexical, detail) for uint8 RGB (B, S, S, 3)."""
        weight = self.top.weight
        # Less half a step first: float16 holds that, and `fold_scale` can take the rest away.
        values = image.to(weight.dtype).permute(0, 3, 1, 2) - 127.5
        if self._scale != 1.0:
            values = values / self._scale
        kept: dict[int, Tensor] = {}
        for index, block in enumerate(self.features):
            if index < self.frozen_layers:
                with torch.no_grad():
                    values = block(values)
            else:
                values = block(values)
            if index in (3, 6, 13, 17, 18):
                kept[index] = values
        stride_16 = self.side_16(kept[13]) + _double(self.top(self.drop(kept[17])))
        stride_16 = self.merge_16(stride_16)
        stride_8 = self.merge_8(self.side_8(kept[6]) + _double(self.down_8(stride_16)))
        detail = self.merge_4(self.side_4(kept[3]) + _double(self.down_4(stride_8)))
        lexical = l2_normalise(_double(self.to_lexical(kept[18])))
        return (
            stride_16.flatten(2).transpose(1, 2),
            lexical.flatten(2).transpose(1, 2),
            detail,
        )


def _without_batch_norm(features: nn.Sequential) -> nn.Sequential:
    """Fold batch normalisation into the convolutions, whose statistics few pictures would spoil.

    Left where it is, it would cost an eighth of a training step on a CPU.
    """
    for block in features.eval().modules():
        layers = list(block.named_children())
        for (name, layer), (next_name, following) in pairwise(layers):
            if isinstance(layer, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
                setattr(block, name, fuse_conv_bn_eval(layer, following))
                setattr(block, next_name, nn.Identity())
    return features.train()


def _double(values: Tensor) -> Tensor:
    return F.interpolate(values, scale_factor=2, mode="bilinear", align_corners=False)


class _TextLayer(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.attention = Attention(width, width, width, heads)
        self.norm_2 = nn.LayerNorm(width)
        self.perceptron = feed_forward(width, 2 * width, dropout)

    def forward(self, words: Tensor, bias: Tensor) -> Tensor:
        normed = self.norm_1(words)
        words = words + self.attention(normed, normed, normed, bias)
        result: Tensor = words + self.perceptron(self.norm_2(words))
        return result


class CompactExpressionEncoder(nn.Module):
    """Words -> `words` (Q, T, width), `hidden` (Q, T), `noun` (Q, lexical_width).

    A word's vector is the sum of a learnt one and of what an ImageNet classifier
    knows of its looks; `hidden` is 1 at padding. `noun` mixes the classifier's
    vectors by attention over the words, as MAttNet's phrase embedding does.

    Source:
        Vaswani et al. 2017, arXiv:1706.03762; Yu et al. 2018, arXiv:1801.08186, eq. 2-3.
    """

    def __init__(
        self, vocabulary_size: int, tokens: int, width: int, lexical_width: int, dropout: float
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, width)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.lexicon = nn.Embedding(vocabulary_size, lexical_width)
        nn.init.zeros_(self.lexicon.weight)
        self.from_lexicon = nn.Linear(lexical_width, width, bias=False)
        self.position = nn.Parameter(torch.randn(1, tokens, width) * 0.02)
        self.layers = nn.ModuleList(_TextLayer(width, 4, dropout) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.word_weight = nn.Linear(width, 1)
        self._drop = dropout

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return (words, hidden, noun) for padded ids (Q, T)."""
        hidden = (token_ids == 0).to(self.position.dtype)
        learnt = self.embedding(token_ids)
        looks = self.lexicon(token_ids)
        if self.training and self._drop:
            # Words with known looks must also be understood by them alone: most
            # nouns of the classifier never occur in a training expression.
            known = (looks.abs().sum(-1, keepdim=True) > 0).to(learnt.dtype)
            dropped = (torch.rand_like(known) < 2 * self._drop).to(learnt.dtype)
            learnt = learnt * (1 - known * dropped)
        words = learnt + self.from_lexicon(looks) + self.position
        bias = (hidden * HIDE)[:, None, None, :]
        for layer in self.layers:
            words = layer(words, bias)
        words = self.norm(words)
        noun = (self._weight(words, hidden)[..., None] * looks).sum(dim=1)
        return words, hidden, noun

    def attention(self, token_ids: Tensor) -> Tensor:
        """Return how much the noun is made of each word, (Q, T); sums to one over words."""
        words, hidden, _ = self(token_ids)
        return self._weight(words, hidden)

    def _weight(self, words: Tensor, hidden: Tensor) -> Tensor:
        return torch.softmax(self.word_weight(words).squeeze(-1) + hidden * HIDE, dim=-1)


class TwoWayLayer(nn.Module):
    """Tokens talk among themselves, look at the cells, and the cells look back.

    Source:
        The mask decoder of Kirillov et al. 2023, arXiv:2304.02643, appendix A.
    """

    def __init__(self, width: int, dropout: float):
        super().__init__()
        half = width // 2
        self.among = Attention(width, width, width, 4)
        self.norm_1 = nn.LayerNorm(width)
        self.look = Attention(width, width, half, 4)
        self.norm_2 = nn.LayerNorm(width)
        self.perceptron = feed_forward(width, 2 * width, dropout)
        self.norm_3 = nn.LayerNorm(width)
        self.look_back = Attention(width, width, half, 4)
        self.norm_4 = nn.LayerNorm(width)
        self.cell_perceptron = feed_forward(width, width)
        self.norm_5 = nn.LayerNorm(width)

    def forward(
        self,
        tokens: Tensor,
        cells: Tensor,
        place: Tensor,
        bias: Tensor,
        project: Projection | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return (tokens, cells).

        Args:
            tokens: (Q, T, width).
            cells: (Q, N, width).
            place: Where the cells lie, (1, N, width).
            bias: Hides padding, (Q, 1, 1, T).
            project: Projects `cells + place` where that is cheaper than by the sum.
        """
        tokens = self.norm_1(tokens + self.among(tokens, tokens, tokens, bias))
        # Values carry the place too: "left of the bowl" needs to know where the bowl is.
        of_placed = project or _projection(cells + place)
        look, back = self.look, self.look_back
        key, value = of_placed(look.to_key), of_placed(look.to_value)
        tokens = self.norm_2(tokens + look.attend(look.to_query(tokens), key, value, None))
        tokens = self.norm_3(tokens + self.perceptron(tokens))
        key, value = back.to_key(tokens), back.to_value(tokens)
        seen = back.attend(of_placed(back.to_query), key, value, bias)
        cells = self.norm_4(cells + seen)
        cells = self.norm_5(cells + self.cell_perceptron(cells + place))
        return tokens, cells


def _projection(values: Tensor) -> Projection:
    def project(linear: nn.Linear) -> Tensor:
        result: Tensor = linear(values)
        return result

    return project


def _shared_projection(shared: Tensor, alike: Tensor, use: Tensor) -> Projection:
    """Return a projection of `shared + alike * use` that projects `shared` once per image.

    Args:
        shared: Of the image alone, (B, N, width).
        alike: Of each expression, (B, Q, N, 1).
        use: What one unit of `alike` adds to a cell, (width,).
    """

    def project(linear: nn.Linear) -> Tensor:
        own = alike * F.linear(use, linear.weight)
        both: Tensor = linear(shared)[:, None] + own
        return both.flatten(0, 1)

    return project


class _PooledLayer(nn.Module):
    """Means in place of attention, an ablation: cells hear the mean word, words the mean cell."""

    def __init__(self, width: int, dropout: float):
        super().__init__()
        self.tell_cells = nn.Linear(width, width)
        self.tell_words = nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.perceptron = feed_forward(width, 2 * width, dropout)
        self.cell_perceptron = feed_forward(width, width)

    def forward(
        self,
        tokens: Tensor,
        cells: Tensor,
        place: Tensor,
        bias: Tensor,
        project: Projection | None = None,
    ) -> tuple[Tensor, Tensor]:
        shown = (bias[:, 0, 0, :, None] > HIDE / 2).to(tokens.dtype)
        mean_word = (shown * tokens).sum(dim=1, keepdim=True) / shown.sum(dim=1, keepdim=True)
        cells = self.norms[0](cells + self.tell_cells(mean_word))
        cells = self.norms[1](cells + self.cell_perceptron(cells + place))
        tokens = self.norms[2](tokens + self.tell_words(cells.mean(dim=1, keepdim=True)))
        tokens = self.norms[3](tokens + self.perceptron(tokens))
        return tokens, cells


class CompactQueryHead(nn.Module):
    """Both encodings -> `logits` (Q, 1, S / 4, S / 4), `presence` (Q,), `several` (Q,).

    In training also the coarse logits at stride 16.

    Source:
        Dynamic kernels: Tian et al. 2020, arXiv:2003.05664, section 3.2.
    """

    def __init__(
        self,
        input_px: int,
        width: int,
        layers: int,
        dropout: float,
        *,
        coordinates: bool = True,
        attention: bool = True,
        presence: bool = True,
    ):
        super().__init__()
        self._knows_place = coordinates
        self.knows_presence = presence
        self.side = input_px // CELL_STRIDE
        self.register_buffer("coordinates", self._places(), persistent=False)
        self.coordinates: Tensor
        self.place = nn.Linear(self.coordinates.shape[-1], width)
        self.lexical_scale = nn.Parameter(torch.tensor(4.0))
        self.lexical_use = nn.Linear(1, width)
        self.own_tokens = nn.Parameter(torch.randn(1, 2, width) * 0.5)
        self.layers = nn.ModuleList(
            TwoWayLayer(width, dropout) if attention else _PooledLayer(width, dropout)
            for _ in range(layers)
        )
        self.coarse_key = nn.Linear(width, width)
        self.coarse_bias = nn.Parameter(torch.tensor(-2.0))
        self.to_detail = nn.Linear(width, DETAIL)
        inputs = 2 * DETAIL
        self.sizes = (inputs * KERNEL, KERNEL, KERNEL)
        self.kernel = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, sum(self.sizes))
        )
        self.answer = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 2))

    def _places(self) -> Tensor:
        places = _fourier(self.side)
        return places if self._knows_place else torch.zeros_like(places)

    def resize(self, side: int) -> None:
        """Answer for `side` x `side` cells from now on."""
        self.side = side
        self.coordinates = self._places().to(self.coordinates)

    def forward(
        self,
        cells: Tensor,
        lexical: Tensor,
        detail: Tensor,
        words: Tensor,
        hidden: Tensor,
        noun: Tensor,
    ) -> tuple[Tensor, ...]:
        """Return (logits, presence, several), in training followed by the coarse logits.

        The image tensors are of B images, the words of B times Q expressions, those of the
        first image first.
        """
        images, queries = cells.shape[0], words.shape[0]
        # (B, N, L) @ (B, L, Q): how much each cell looks like each expression's noun.
        alike = lexical @ noun.reshape(images, -1, noun.shape[-1]).transpose(1, 2)
        alike = self.lexical_scale * alike.transpose(1, 2).flatten(0, 1)[:, :, None]
        # Reshape, as `unflatten` would fix the number of expressions in the exported graph.
        alike = alike.reshape(images, -1, cells.shape[1], 1)
        use = self.lexical_use.weight[:, 0]
        shared = cells + self.lexical_use.bias
        place = self.place(self.coordinates)
        project: Projection | None = _shared_projection(shared + place, alike, use)
        cells = (shared[:, None] + alike * use).flatten(0, 1)
        own = self.own_tokens.expand(queries, -1, -1)
        tokens = torch.cat([own, words], dim=1)
        bias = F.pad(hidden * HIDE, (2, 0))[:, None, None, :]
        for layer in self.layers:
            tokens, cells = layer(tokens, cells, place, bias, project)
            project = None  # from now on every expression has cells of its own
        asked = tokens[:, 0]
        # Linear maps change places where a product of what is small comes first: the
        # expression goes through the cells' map, not every cell of every expression.
        key = self.coarse_key
        coarse = cells @ (asked @ key.weight)[:, :, None] + (asked @ key.bias)[:, None, None]
        coarse = coarse.squeeze(-1) / math.sqrt(asked.shape[-1]) + self.coarse_bias
        coarse = coarse.reshape(-1, 1, self.side, self.side)
        first, shift, second = self.kernel(asked).split(self.sizes, dim=1)
        first = first.unflatten(1, (KERNEL, 2 * DETAIL)) / math.sqrt(2 * DETAIL)
        # A kernel of one pixel and a bilinear resize may change places: applied to the cells,
        # it costs a sixteenth, and the detail, common to all expressions, is never copied.
        on_cells = first[:, :, :DETAIL] @ self.to_detail.weight @ cells.transpose(1, 2)
        shift = shift + first[:, :, :DETAIL] @ self.to_detail.bias
        on_cells = on_cells + shift[:, :, None]
        both = torch.cat([on_cells.unflatten(2, (self.side, self.side)), coarse], dim=1)
        factor = CELL_STRIDE // STRIDE
        both = F.interpolate(both, scale_factor=factor, mode="bilinear", align_corners=False)
        # Split, as the gradient of two slices costs a tenth of a training step on a CPU.
        on_pixels, base = torch.split(both, [KERNEL, 1], dim=1)
        kernels = first[:, :, DETAIL:].reshape(images, -1, DETAIL)
        drawn = (kernels @ detail.flatten(2)).reshape(queries, KERNEL, -1)
        drawn = F.relu(drawn + on_pixels.flatten(2))
        drawn = (second[:, None, :] @ drawn) / math.sqrt(KERNEL)
        logits = base + drawn.unflatten(2, detail.shape[-2:])
        presence, several = self.answer(tokens[:, 1]).unbind(dim=1)
        if not self.knows_presence:
            presence = logits.amax(dim=(1, 2, 3))
        if self.training:
            return logits, presence, several, coarse
        return logits, presence, several


def _fourier(side: int) -> Tensor:
    """Return sines and cosines of the cells' places besides their coordinates, (1, N, 8 + 16)."""
    plain = cell_coordinates(side, side, 8).flatten(2).transpose(1, 2)
    xy = plain[..., 4:6]
    waves = [f(xy * math.pi * 2.0**k) for k in range(4) for f in (torch.sin, torch.cos)]
    return torch.cat([plain, *waves], dim=-1)


class CompactNetwork(SegmentationNetwork):
    """The compact network; see the module's text.

    Args:
        vocabulary_size: Words with their reserved entries.
        tokens: Length T of a padded expression.
        input_px: Side S of the square input, a multiple of 32.
        width: Channels of cells and words.
        lexical_width: Channels of the ImageNet nouns.
        layers: Two-way layers of the head.
        dropout: Share dropped in training.
        coordinates: False for an ablation: the cells do not know where they are.
        attention: False for an ablation: means in place of attention in the head.
        presence: False for an ablation: presence is the mask's greatest logit.

    Raises:
        ValueError: If `input_px` is not a multiple of 32.
    """

    name = "compact"
    stride = STRIDE
    image_outputs = ("cells", "lexical", "detail")
    expression_outputs = ("words", "hidden", "noun")
    head_outputs = ("logits", "presence", "several")
    image_encoder: CompactImageEncoder
    expression_encoder: CompactExpressionEncoder
    query_head: CompactQueryHead

    def __init__(
        self,
        *,
        vocabulary_size: int,
        tokens: int = 24,
        input_px: int = 320,
        width: int = 128,
        lexical_width: int = 192,
        layers: int = 2,
        dropout: float = 0.1,
        coordinates: bool = True,
        attention: bool = True,
        presence: bool = True,
    ):
        super().__init__()
        _check_input_px(input_px)
        self.input_px = input_px
        self.tokens = tokens
        self.image_encoder = CompactImageEncoder(input_px, width, lexical_width, dropout)
        self.expression_encoder = CompactExpressionEncoder(
            vocabulary_size, tokens, width, lexical_width, dropout
        )
        self.query_head = CompactQueryHead(
            input_px,
            width,
            layers,
            dropout,
            coordinates=coordinates,
            attention=attention,
            presence=presence,
        )

    def resize(self, input_px: int) -> None:
        """Take images of another side from now on, with the same weights.

        Raises:
            ValueError: If `input_px` is not a multiple of 32.
        """
        _check_input_px(input_px)
        self.input_px = input_px
        self.image_encoder.cells = input_px // CELL_STRIDE
        self.query_head.resize(input_px // CELL_STRIDE)


def _check_input_px(input_px: int) -> None:
    if input_px <= 0 or input_px % 32:
        raise ValueError(f"input_px must be a positive multiple of 32, got {input_px}")
