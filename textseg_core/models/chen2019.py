"""The network of Chen et al. 2019: spatial dynamic filters, a gate, then Mask R-CNN's heads."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.detection.mask_rcnn import (  # type: ignore[import-untyped,unused-ignore]
    MaskRCNNPredictor,
)
from torchvision.models.detection.rpn import (  # type: ignore[import-untyped,unused-ignore]
    RPNHead,
)

from textseg_core.models.atrous import BACKBONES, EVEN_SCALE, IMAGENET_SCALE
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.captioner import AttentionCaptioner
from textseg_core.models.detection.boxes import moved, paste, pool
from textseg_core.models.detection.proposals import BOX_WEIGHTS, REGION_WEIGHTS, gather
from textseg_core.models.recurrent import TwoWayLstm
from textseg_core.models.rmi import for_each

PAD_ID = 0
C4_STRIDE = 16
LOGIT_STRIDE = 4
REGIONS = ("whole", "up", "down", "left", "right", "horizontal middle", "vertical middle")

_MOBILENET_C4 = 14  # blocks up to stride 16
_MOBILENET_LAYERS = 18
_RESNET_C4 = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3")
_ASPECTS = (0.5, 1.0, 2.0)
_SIZES = (32, 64, 128, 256, 512)
_MASK_CHANNELS = 256
_LARGEST_CAPTIONED = 14  # places along a side that the captioner looks at


class Chen2019Network(SegmentationNetwork):
    """Filters made of the expression find where it applies; a detector looks only there.

    The image encoder ends with the fourth stage's features (C4), the last thing that does not
    depend on the words. Everything after the gate does, the detector's proposals too, so it is
    the query head's. The captioner is a fourth part that only the loss needs.

    Args:
        vocabulary_size: Number of words, the four special ones included.
        input_px: Side of the square input, a multiple of 32.
        tokens: Length of a padded expression.
        backbone: "resnet101" as in the paper, or a lighter "resnet50", "resnet18",
            "mobilenet_v2".
        filters: "spatial" is the paper's seven; "whole" its baseline of one filter.
        proposals: Boxes that are looked at for each expression.
        box_cells: Along a side of a box that is looked at; its mask has twice as many.
        answer: "mask" is the mask of the best box; "response" the response enlarged.
        embedding_channels: Channels of a word.
        word_channels: Channels of a word after its layer.
        expression_channels: Of the sentence, half from either end.
        caption_channels: Of the captioner's words, state and attention; 0 leaves it out.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        Chen et al. 2019, BMVC, arXiv:1910.04748; details from its release.
    """

    name = "chen2019"
    image_outputs = ("features",)
    expression_outputs = ("filters", "fusion")
    head_outputs = ("logits", "presence")
    stride = LOGIT_STRIDE

    def __init__(
        self,
        *,
        vocabulary_size: int,
        input_px: int = 320,
        tokens: int = 20,
        backbone: Literal["resnet101", "resnet50", "resnet18", "mobilenet_v2"] = "resnet101",
        filters: Literal["spatial", "whole"] = "spatial",
        proposals: int = 32,
        box_cells: int = 7,
        answer: Literal["mask", "response"] = "mask",
        embedding_channels: int = 512,
        word_channels: int = 512,
        expression_channels: int = 1024,
        caption_channels: int = 512,
    ):
        super().__init__()
        if filters not in ("spatial", "whole"):
            raise ValueError(f"filters must be spatial or whole, got {filters!r}")
        if answer not in ("mask", "response"):
            raise ValueError(f"answer must be mask or response, got {answer!r}")
        if input_px <= 0 or input_px % 32:
            raise ValueError(f"input_px must be a positive multiple of 32, got {input_px}")
        if expression_channels % 2:
            raise ValueError(f"expression_channels must be even, got {expression_channels}")
        anchors = len(_ASPECTS) * len(_SIZES) * (input_px // C4_STRIDE) ** 2
        if box_cells < 1:
            raise ValueError(f"box_cells must be at least 1, got {box_cells}")
        if not 1 <= proposals <= anchors:
            raise ValueError(f"proposals must lie in 1..{anchors}, got {proposals}")
        self.input_px = input_px
        self.tokens = tokens
        self.image_encoder: C4Encoder = C4Encoder(backbone)
        tail = split_backbone(backbone)[1]
        channels, deep = self.image_encoder.channels, last_channels(tail)
        count = len(REGIONS) if filters == "spatial" else 1
        self.expression_encoder: FilterEncoder = FilterEncoder(
            vocabulary_size,
            embedding_channels,
            word_channels,
            expression_channels,
            channels,
            count,
        )
        self.query_head: GatedDetector = GatedDetector(
            tail, channels, deep, input_px, count, proposals, box_cells, answer
        )
        self.captioner: AttentionCaptioner | None = None
        if caption_channels:
            self.captioner = AttentionCaptioner(
                vocabulary_size, 2 * deep, caption_channels, caption_channels, caption_channels
            )

    def caption(self, features: Tensor, gated: Tensor, token_ids: Tensor) -> Tensor:
        """Return the captioner's logits.

        Args:
            features: Of B images, (B, C, h, w), before the gate.
            gated: Behind it, (Q, C, h, w), Q / B for each image, in order.
            token_ids: (Q, T).

        Returns:
            (Q, T + 1, V), see `AttentionCaptioner`.
        """
        if self.captioner is None:
            raise ValueError("this network has no captioner: set caption_channels above 0")
        deep = for_each(self.query_head.tail(features), gated)
        behind = self.query_head.tail(gated)
        both = torch.cat([deep.expand_as(behind), behind], dim=1)
        side = min(_LARGEST_CAPTIONED, both.shape[-1])
        places = F.adaptive_avg_pool2d(both, side).flatten(2).transpose(1, 2)
        logits: Tensor = self.captioner(places, token_ids)
        return logits


def split_backbone(name: str) -> tuple[nn.Sequential, nn.Sequential]:
    """Return a backbone up to C4, stride 16, and what is left, at stride 1 as the release has it.

    Names of layers are torchvision's, so that its weights load into either.

    Raises:
        ValueError: If there is no such backbone.
    """
    if name not in BACKBONES or name == "deeplab101":
        names = ", ".join(key for key in BACKBONES if key != "deeplab101")
        raise ValueError(f"backbone must be one of {names}, got {name!r}")
    whole = BACKBONES[name](weights=None)
    head, tail = nn.Sequential(), nn.Sequential()
    if name == "mobilenet_v2":
        for number, layer in enumerate(whole.features[:_MOBILENET_LAYERS]):
            (head if number < _MOBILENET_C4 else tail).add_module(str(number), layer)
    else:
        for part in _RESNET_C4:
            head.add_module(part, getattr(whole, part))
        tail.add_module("layer4", whole.layer4)
    for layer in tail.modules():
        if isinstance(layer, nn.Conv2d):
            layer.stride = (1, 1)
    return head, tail


def last_channels(layers: nn.Module) -> int:
    """Return the channels of a backbone's output."""
    norms = [layer for layer in layers.modules() if isinstance(layer, nn.BatchNorm2d)]
    return int(norms[-1].num_features)


class C4Encoder(nn.Module):
    """Image -> features of the fourth stage, stride 16."""

    def __init__(self, backbone: str):
        super().__init__()
        self.features, _ = split_backbone(backbone)
        self.channels = last_channels(self.features)
        self._frozen = False
        shift, scale = EVEN_SCALE if backbone == "mobilenet_v2" else IMAGENET_SCALE
        self.register_buffer("shift", torch.tensor(shift)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(scale)[:, None, None], persistent=False)
        self.shift: Tensor
        self.scale: Tensor

    def freeze_backbone(self, frozen: bool = True) -> None:
        """Keep the backbone as it is, statistics of its norms too; False lets it learn."""
        self._frozen = frozen
        self.features.requires_grad_(not frozen)
        self.features.train(self.training and not frozen)

    def train(self, mode: bool = True) -> "C4Encoder":
        """Set the mode of all but frozen layers."""
        super().train(mode)
        if self._frozen:
            self.features.eval()
        return self

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Return ((B, C, S / 16, S / 16),) for uint8 RGB (B, S, S, 3)."""
        pixels = image.to(self.shift.dtype).permute(0, 3, 1, 2)
        return (self.features((pixels - self.shift) / self.scale),)


class FilterEncoder(nn.Module):
    """Reads the words from both ends and makes a filter for each region of what they say."""

    def __init__(
        self,
        vocabulary_size: int,
        embedding_channels: int,
        word_channels: int,
        channels: int,
        filter_channels: int,
        filters: int,
    ):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        self.word = nn.Sequential(nn.Linear(embedding_channels, word_channels), nn.ReLU())
        self.lstm = TwoWayLstm(word_channels, channels // 2)
        self.to_filters = nn.Linear(channels, filters * filter_channels)
        self.to_fusion = nn.Linear(channels, filters)
        self._filters, self._channels = filters, filter_channels

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return filters (Q, n, C) and their weights (Q, n), both in -1..1, for ids (Q, T)."""
        present = (token_ids != PAD_ID).to(self.embedding.weight.dtype)
        _, said = self.lstm(self.word(self.embedding(token_ids)), present)
        filters = torch.tanh(self.to_filters(said)).view(-1, self._filters, self._channels)
        return filters, torch.tanh(self.to_fusion(said))


def region_masks(cells: int) -> Tensor:
    """Return which cells belong to each of `REGIONS`, (7, cells, cells) of 1 and 0.

    The middles are the middle halves: rows for the horizontal one, columns for the vertical one.
    """
    masks = torch.zeros(len(REGIONS), cells, cells)
    half, first, last = cells // 2, cells // 4, cells * 3 // 4
    masks[0] = 1
    masks[1, :half] = 1
    masks[2, half:] = 1
    masks[3, :, :half] = 1
    masks[4, :, half:] = 1
    masks[5, first:last] = 1
    masks[6, :, first:last] = 1
    return masks


def anchor_boxes(cells: int) -> Tensor:
    """Return boxes of all sizes and aspects about the centre of each cell, in pixels.

    Returns:
        (cells * cells * 15, 4), row by row of cells; of one size in the three aspects, height
        over width, then of the next.

    Source:
        Ren et al. 2015, "Faster R-CNN", section 3.1.1, arXiv:1506.01497.
    """
    sides = [(size / aspect**0.5, size * aspect**0.5) for size in _SIZES for aspect in _ASPECTS]
    half = torch.tensor(sides) / 2
    line = (torch.arange(cells) + 0.5) * C4_STRIDE
    rows, columns = torch.meshgrid(line, line, indexing="ij")
    centre = torch.stack([columns, rows], dim=2)[:, :, None]
    return torch.cat([centre - half, centre + half], dim=3).flatten(0, 2)


class Boxes(NamedTuple):
    """What the region proposal network says of each anchor: logits (Q, A), changes (Q, A, 4)."""

    objectness: Tensor
    change: Tensor


class GatedDetector(nn.Module):
    """Features and filters -> a response, gated features, boxes and the best box's mask.

    Proposals are the boxes of the greatest objectness, without suppressing their neighbours (the
    release's mode "top"), so that their number is fixed; the answer is one box, whose neighbours
    do not matter.

    Source:
        Chen et al. 2019, sections 3.1 and 3.2.
    """

    def __init__(
        self,
        tail: nn.Sequential,
        channels: int,
        deep: int,
        input_px: int,
        filters: int,
        proposals: int,
        box_cells: int,
        answer: str,
    ):
        super().__init__()
        self.rpn = RPNHead(channels, len(_ASPECTS) * len(_SIZES))
        self.tail = tail
        self.score = nn.Linear(deep, 2)
        self.change = nn.Linear(deep, 4)
        self.mask = MaskRCNNPredictor(deep, _MASK_CHANNELS, 1)
        for layer, spread in ((self.score, 0.01), (self.change, 0.001)):
            nn.init.normal_(layer.weight, std=spread)
            nn.init.zeros_(layer.bias)
        self.proposals = proposals
        self._box_cells = box_cells
        self._answer = answer
        self._side = float(input_px)
        cells = input_px // C4_STRIDE
        self._logits = input_px // LOGIT_STRIDE
        self.register_buffer("regions", region_masks(cells)[:filters], persistent=False)
        self.register_buffer("anchors", anchor_boxes(cells), persistent=False)
        self.regions: Tensor
        self.anchors: Tensor

    def train(self, mode: bool = True) -> "GatedDetector":
        """Set the mode; norms of the tail keep their statistics, as in the release.

        They see boxes and whole pictures, whose statistics differ.
        """
        super().train(mode)
        for layer in self.tail.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.eval()
        return self

    def respond(self, features: Tensor, filters: Tensor, fusion: Tensor) -> Tensor:
        """Return the response's logits, (Q, 1, h, w).

        Each filter is a convolution of 1 x 1 over its own region, where the rest of the features
        is zero; their responses are summed with the fusion's weights.

        Args:
            features: (Q, C, h, w), or (1, C, h, w).
            filters: (Q, n, C).
            fusion: (Q, n).
        """
        rows, columns = features.shape[2:]
        each = (filters @ features.flatten(2)).view(-1, filters.shape[1], rows, columns)
        weighed: Tensor = each * self.regions * fusion[..., None, None]
        return weighed.sum(dim=1, keepdim=True)

    def gate(self, features: Tensor, response: Tensor) -> Tensor:
        """Return the features as far as the response lets them through."""
        return features * torch.sigmoid(response)

    def search(self, gated: Tensor) -> Boxes:
        """Return what each anchor says, row by row of cells."""
        (scores,), (changes,) = self.rpn([gated])
        objectness = scores.permute(0, 2, 3, 1).flatten(1)
        moves = changes.permute(0, 2, 3, 1).reshape(-1, len(self.anchors), 4)
        return Boxes(objectness, moves)

    def propose(self, found: Boxes) -> Tensor:
        """Return the boxes of the greatest objectness, (Q, K, 4), in pixels."""
        _, best = found.objectness.topk(self.proposals, dim=1)
        change = gather(found.change, best)
        return moved(self.anchors[best], change, REGION_WEIGHTS, self._side)

    def look(self, gated: Tensor, boxes: Tensor) -> Tensor:
        """Return the deep features of boxes (Q, K, 4): (Q K, C, cells, cells)."""
        cells = pool(gated, boxes, C4_STRIDE, self._box_cells)
        deep: Tensor = self.tail(cells.flatten(0, 1))
        return deep

    def judge(self, deep: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Return how much each box is what is meant, as a logit (Q, K), and its change."""
        mean = deep.mean(dim=(2, 3)).view(-1, boxes.shape[1], deep.shape[1])
        scores = self.score(mean)
        return scores[..., 1] - scores[..., 0], self.change(mean)

    def forward(self, features: Tensor, filters: Tensor, fusion: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (Q, 1, S / 4, S / 4) and presence (Q,), the best box's score.

        Args:
            features: (B, C, h, w): one image for all expressions, or B images with Q / B
                expressions each, in order.
            filters: (Q, n, C).
            fusion: (Q, n).
        """
        features = for_each(features, filters)
        response = self.respond(features, filters, fusion)
        gated = self.gate(features, response)
        boxes = self.propose(self.search(gated))
        scores, changes = self.judge(self.look(gated, boxes), boxes)
        presence, best = scores.topk(1, dim=1)
        presence = presence[:, 0]
        box = moved(gather(boxes, best), gather(changes, best), BOX_WEIGHTS, self._side)
        if self._answer == "response":
            return enlarge(response, self._logits), presence
        mask = self.mask(self.look(gated, box))[:, 0]
        return paste(mask, box[:, 0], self._logits, LOGIT_STRIDE), presence


def enlarge(scores: Tensor, side: int) -> Tensor:
    """Return scores (Q, 1, h, w) interpolated bilinearly to (Q, 1, side, side)."""
    factor = side / scores.shape[-1]
    return F.interpolate(scores, scale_factor=factor, mode="bilinear", align_corners=False)
