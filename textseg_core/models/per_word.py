"""Baseline of Hu et al. 2016, "combination of per-word segmentation": a class for each word."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.visual import DEFAULT_CHANNELS, STRIDE, DescriptorEncoder

COMBINATIONS = ("average", "intersection", "union")
#: The score of every pixel where the expression has none of the words that have a class.
NOTHING = -20.0
#: What every word's score starts from: hardly any pixel belongs to any one word.
FIRST_SCORE = -4.6


class PerWordNetwork(SegmentationNetwork):
    """Segments each frequent word by itself and combines what the words of an expression found.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: Side of the square input, a multiple of 32.
        tokens: Length of a padded expression.
        backbone: "vgg16" as in the paper, or a lighter "mobilenet_v2", "resnet18", "resnet50".
        classes: How many of the most frequent words have a class.
        combination: "average" of the words' scores, "intersection" or "union" of their masks.
            No weight depends on it.
        answer_stride: Input pixels per logit, a divisor of 32: 1 as in the paper.
        fc_channels: Channels of VGG-16's fc6 and fc7; the others have none.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Hu et al. 2016, section 4.1, arXiv:1603.06180; the network is FCN-32s: Long et al. 2015,
        arXiv:1411.4038, whose enlarging is bilinear and not trained.
    """

    name = "per_word"
    image_outputs = ("visual",)
    expression_outputs = ("classes", "present")
    head_outputs = ("logits",)

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 512,
        tokens: int = 20,
        backbone: Literal["vgg16", "mobilenet_v2", "resnet18", "resnet50"] = "vgg16",
        classes: int = 500,
        combination: Literal["average", "intersection", "union"] = "average",
        answer_stride: int = 1,
        fc_channels: int = 4096,
    ):
        super().__init__()
        if combination not in COMBINATIONS:
            raise ValueError(
                f"combination must be one of {', '.join(COMBINATIONS)}, got {combination!r}"
            )
        if input_px <= 0 or input_px % STRIDE:
            raise ValueError(f"input_px must be a positive multiple of {STRIDE}, got {input_px}")
        if answer_stride < 1 or STRIDE % answer_stride:
            raise ValueError(f"answer_stride must be a divisor of {STRIDE}, got {answer_stride}")
        if classes < 1:
            raise ValueError(f"classes must be at least 1, got {classes}")
        self.input_px = input_px
        self.stride = answer_stride
        self.tokens = tokens
        self.classes = classes
        self.image_encoder: WordScores = WordScores(backbone, classes, fc_channels)
        self.expression_encoder: FrequentWords = FrequentWords(vocabulary_size)
        self.query_head: CombinedWords = CombinedWords(combination, STRIDE // answer_stride)

    def name_classes(self, ids: Sequence[int]) -> None:
        """Say which words have a class; those beyond their number are left out.

        Args:
            ids: In the vocabulary, the most frequent first.
        """
        table = self.expression_encoder.table
        table.fill_(-1)
        kept = torch.tensor(list(ids)[: self.classes], dtype=torch.int64)
        table[kept] = torch.arange(len(kept)).to(table)


class WordScores(nn.Module):
    """FCN-32s: a score for each word that has a class, in each cell."""

    def __init__(self, backbone: str, classes: int, fc_channels: int):
        super().__init__()
        channels = classes if backbone == "vgg16" else DEFAULT_CHANNELS.get(backbone, 0)
        self.descriptors = DescriptorEncoder(backbone, channels, fc_channels)
        self.score: nn.Module = nn.Identity()  # VGG-16's fc8 is the last layer already
        if backbone != "vgg16":
            self.score = nn.Conv2d(channels, classes, 1)
            nn.init.xavier_uniform_(self.score.weight)
        last = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)][-1]
        if last.bias is not None:
            nn.init.constant_(last.bias, FIRST_SCORE)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Return ((B, classes, S / 32, S / 32),) for uint8 RGB (B, S, S, 3)."""
        return (self.score(self.descriptors.cells(image)),)


class FrequentWords(nn.Module):
    """Looks up which words of an expression have a class.

    Attributes:
        table: Class of each word by its id, -1 without; part of the weights.
    """

    def __init__(self, vocabulary_size: int):
        super().__init__()
        self.register_buffer("table", torch.full((vocabulary_size,), -1, dtype=torch.int64))
        self.table: Tensor

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return the class at each place, (Q, T) int64, and 1 where it counts, (Q, T).

        A word that was there before counts no second time, and one without a class never; what
        stands in its place is class 0.
        """
        found = self.table[token_ids]
        same = found[:, :, None] == found[:, None, :]
        steps = token_ids.shape[1]
        earlier = torch.ones(steps, steps, device=found.device).tril(-1)
        repeated = (same.float() * earlier).sum(dim=2)
        present = (found >= 0).float() * (repeated < 0.5).float()
        return found.clamp(min=0), present


class CombinedWords(nn.Module):
    """Combines the scores of an expression's words at every pixel.

    The average is enlarged after it was taken, the others before: the same as enlarging every
    word's scores first, as enlarging is linear.
    """

    def __init__(self, combination: str, enlarging: int):
        super().__init__()
        self._combination = combination
        self._enlarging = enlarging

    def forward(self, visual: Tensor, classes: Tensor, present: Tensor) -> tuple[Tensor]:
        """Return the logits.

        Args:
            visual: (B, N, h, w): one image for all expressions, or B images with Q / B
                expressions each, in order.
            classes: (Q, T) int64.
            present: (Q, T), 1 where a class counts.

        Returns:
            ((Q, 1, S / stride, S / stride),).
        """
        if torch.onnx.is_in_onnx_export() or visual.shape[0] == 1:
            scores = visual[0][classes]
        else:
            asked = classes.shape[0] // visual.shape[0]
            image = torch.arange(visual.shape[0], device=visual.device).repeat_interleave(asked)
            scores = visual[image[:, None], classes]
        count = present.sum(dim=1)[:, None, None, None]
        if self._combination == "average":
            mean = (scores * present[:, :, None, None]).sum(dim=1, keepdim=True)
            together = enlarge(mean / count.clamp(min=1.0), self._enlarging)
        else:
            together = self._strictest(scores, present)
        return (torch.where(count > 0.5, together, torch.full_like(together, NOTHING)),)

    def _strictest(self, scores: Tensor, present: Tensor) -> Tensor:
        """Return the least or the greatest score of any word at each pixel.

        A pixel is in all masks if the least score is above 0, in any if the greatest is.
        """
        least = self._combination == "intersection"
        outside = -NOTHING if least else NOTHING
        together: Tensor | None = None
        for step in range(present.shape[1]):
            one = enlarge(scores[:, step : step + 1], self._enlarging)
            here = present[:, step, None, None, None] > 0.5
            one = torch.where(here, one, torch.full_like(one, outside))
            if together is None:
                together = one
            else:
                together = torch.minimum(together, one) if least else torch.maximum(together, one)
        if together is None:
            raise ValueError("expected at least one token, got expressions of length 0")
        return together


def enlarge(scores: Tensor, factor: int) -> Tensor:
    """Return scores (B, C, h, w) interpolated bilinearly about the centres of their cells."""
    if factor == 1:
        return scores
    return F.interpolate(scores, scale_factor=float(factor), mode="bilinear", align_corners=False)
