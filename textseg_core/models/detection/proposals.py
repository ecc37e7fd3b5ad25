"""Mask R-CNN that proposes a fixed number of things, for systems that choose among them.

What other systems get. `ProposalEncoder` is a part of their image encoder; it reads uint8 RGB and
knows no words. Shapes never depend on values, so that it is exported together with what follows:

    encoder = ProposalEncoder(categories=("thing", "mug"), backbone="mobilenet_v2", ...)
    features = encoder.features(image)          # image (B, S, S, 3) uint8 -> maps, c3, c4
    found = encoder.propose(features)           # Proposals: the K best things of each image
    given = encoder.describe(features, boxes, valid)   # the same of boxes that are known already
    cells = pool(features.c4, found.boxes, 32, 7)      # (B, K, encoder.c4_channels, 7, 7)
    logits = paste(found.masks[0], found.boxes[0], cells=S // 4, stride=4)   # (K, 1, S/4, S/4)

`pool` and `paste` are in `textseg_core.models.detection.boxes`; the losses that teach the detector
in `textseg_core.training.detection`, what they read of scenes in `textseg_core.training.things`.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import (  # type: ignore[import-untyped,unused-ignore]
    AnchorGenerator,
)
from torchvision.models.detection.faster_rcnn import (  # type: ignore[import-untyped,unused-ignore]
    TwoMLPHead,
)
from torchvision.models.detection.mask_rcnn import (  # type: ignore[import-untyped,unused-ignore]
    MaskRCNNHeads,
    MaskRCNNPredictor,
)
from torchvision.models.detection.rpn import (  # type: ignore[import-untyped,unused-ignore]
    RegionProposalNetwork,
    RPNHead,
)

from textseg_core.models.detection.backbones import build_backbone
from textseg_core.models.detection.boxes import kept_of, moved, pool_levels

#: The first category: a thing whose name is not among the others.
ANYTHING = "thing"
C3_STRIDE, C4_STRIDE = 16, 32
BOX_WEIGHTS = (10.0, 10.0, 5.0, 5.0)
REGION_WEIGHTS = (1.0, 1.0, 1.0, 1.0)
LEAST_SCORE = 0.05

_BOX_CELLS, _MASK_CELLS = 7, 14
_REGION_OVERLAP, _THING_OVERLAP = 0.7, 0.5
_RATIOS = (0.5, 1.0, 2.0)
_STRIDE = 32


class Features(NamedTuple):
    """What the backbone makes of B images, float32 unless the network is halved.

    Attributes:
        pyramid: Maps of the pyramid, the finest first, the last, of stride 64, for regions alone.
        c3: (B, c3_channels, S / 16, S / 16), the body's own map.
        c4: (B, c4_channels, S / 32, S / 32).
    """

    pyramid: tuple[Tensor, ...]
    c3: Tensor
    c4: Tensor


class Proposals(NamedTuple):
    """K things in each of B images, the likeliest first; places beyond the last are not valid.

    Attributes:
        boxes: (B, K, 4), x0, y0, x1, y1 in pixels of the input.
        scores: (B, K), probability that it is a thing at all, 0 where not valid.
        class_logits: (B, K, 1 + C): background, then the C `categories`; for a softmax.
        valid: (B, K), 1 where there is a thing, else 0.
        masks: (B, K, M, M), logits over the box; `boxes.paste` lays them into the picture.
        embedding: (B, K, R), the box head's features, for heads of other systems (attributes).
    """

    boxes: Tensor
    scores: Tensor
    class_logits: Tensor
    valid: Tensor
    masks: Tensor
    embedding: Tensor

    @property
    def labels(self) -> Tensor:
        """Index of the likeliest category, (B, K) int64."""
        return self.class_logits[:, :, 1:].argmax(dim=2)


class ProposalEncoder(nn.Module):
    """Mask R-CNN over a feature pyramid whose answers have a fixed size.

    Layers and their names are torchvision's (`backbone`, `rpn`, `roi_heads`), so that weights of
    `maskrcnn_resnet50_fpn` load. It differs from torchvision's in three ways. Boxes and masks do
    not depend on the category, so that hundreds of names cost little. A region stands for one
    thing, that of its likeliest category, and overlapping things suppress each other whatever
    their category. A score is the probability of not being background, since a mug is no
    unlikelier for being called a cup.

    Args:
        categories: Names of things, `ANYTHING` first; that alone makes a class-agnostic detector.
        input_px: Side S of the input, a multiple of 32.
        backbone: A name of `backbones.BACKBONES`.
        proposals: K.
        regions: Regions that are looked at closely.
        candidates: Anchors of each level that are asked, before overlaps are removed.
        pyramid_channels: Of the pyramid; 256 in torchvision.
        box_channels: R, of the box head; 1024 in torchvision.
        mask_layers: Convolutions of the mask head; 4 in torchvision.

    Raises:
        ValueError: If a setting has a value that is not listed here.

    Source:
        He et al. 2017, "Mask R-CNN", arXiv:1703.06870; torchvision's implementation.
    """

    def __init__(
        self,
        *,
        categories: Sequence[str],
        input_px: int = 320,
        backbone: str = "resnet50",
        proposals: int = 32,
        regions: int = 256,
        candidates: int = 512,
        pyramid_channels: int = 256,
        box_channels: int = 1024,
        mask_layers: int = 4,
    ):
        super().__init__()
        if not categories or categories[0] != ANYTHING or len({*categories}) < len(categories):
            raise ValueError(
                f"categories must be different names, {ANYTHING!r} first, got {list(categories)}"
            )
        if input_px <= 0 or input_px % _STRIDE:
            raise ValueError(f"input_px must be a positive multiple of {_STRIDE}, got {input_px}")
        if not 0 < proposals <= regions:
            raise ValueError(
                f"proposals must lie between 1 and regions, got {proposals} and {regions}"
            )
        self.categories = tuple(categories)
        self.input_px = input_px
        self.proposals = proposals
        self.box_channels = box_channels
        self.region_count = regions
        self._frozen = self._keeps_statistics = False
        made = build_backbone(backbone, pyramid_channels)
        self.strides, self._canonical_px = made.strides, made.canonical_px
        (self._c3_name, self.c3_channels), (self._c4_name, self.c4_channels) = made.c3, made.c4
        self.backbone = made.pyramid
        generator = AnchorGenerator(made.anchors, (_RATIOS,) * len(made.anchors))
        self.rpn = RegionProposalNetwork(
            generator,
            RPNHead(pyramid_channels, generator.num_anchors_per_location()[0]),
            fg_iou_thresh=0.7,
            bg_iou_thresh=0.3,
            batch_size_per_image=256,
            positive_fraction=0.5,
            pre_nms_top_n={"training": 2 * candidates, "testing": candidates},
            post_nms_top_n={"training": 2 * regions, "testing": regions},
            nms_thresh=_REGION_OVERLAP,
        )
        mask_channels = (pyramid_channels,) * mask_layers
        self.roi_heads = nn.ModuleDict(
            {
                "box_head": TwoMLPHead(pyramid_channels * _BOX_CELLS**2, box_channels),
                "box_predictor": BoxPredictor(box_channels, len(categories)),
                "mask_head": MaskRCNNHeads(pyramid_channels, mask_channels, 1),
                "mask_predictor": MaskRCNNPredictor(pyramid_channels, pyramid_channels, 1),
            }
        )
        sides = [input_px // stride for stride in self.strides]
        sides.append((sides[-1] + 1) // 2)
        with torch.device("cpu"):  # whatever the layers are made on, to count them on "meta" too
            steps = [torch.tensor((input_px // side,) * 2) for side in sides]
            grids = generator.grid_anchors(
                [(side, side) for side in sides], [list(step) for step in steps]
            )
        self._asked = [min(candidates, len(anchors)) for anchors in grids]
        if sum(self._asked) < regions:
            raise ValueError(
                f"{sum(self._asked)} candidates at {input_px} px do not make {regions} regions"
            )
        for level, anchors in enumerate(grids):
            self.register_buffer(f"anchors_{level}", anchors, persistent=False)
        self.register_buffer("shift", torch.tensor(made.shift)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(made.scale)[:, None, None], persistent=False)
        self.shift: Tensor
        self.scale: Tensor

    @property
    def mask_px(self) -> int:
        """Side M of a mask."""
        return 2 * _MASK_CELLS

    def freeze(self, frozen: bool = True) -> None:
        """Keep all of the detector as it is, statistics of its norms too.

        Args:
            frozen: False lets it learn again.
        """
        self._frozen = frozen
        self.requires_grad_(not frozen)
        self.train(self.training)

    def keep_statistics(self, kept: bool = True) -> None:
        """Keep the statistics of the backbone's norms: a few pictures in a batch spoil them."""
        self._keeps_statistics = kept
        self.train(self.training)

    def train(self, mode: bool = True) -> "ProposalEncoder":
        """Set the mode of all but frozen layers."""
        super().train(mode and not self._frozen)
        if self._keeps_statistics:
            body: nn.Module = self.backbone.body  # type: ignore[assignment]
            body.eval()
        return self

    def pixels(self, image: Tensor) -> Tensor:
        """Return (B, 3, S, S) as the backbone takes it, for uint8 RGB (B, S, S, 3)."""
        values = image.to(self.shift.dtype).permute(0, 3, 1, 2)
        return (values - self.shift) / self.scale

    def features(self, image: Tensor) -> Features:
        """Return the maps of uint8 RGB (B, S, S, 3)."""
        body = self.backbone.body(self.pixels(image))  # type: ignore[operator]
        pyramid = self.backbone.fpn(body)  # type: ignore[operator]
        return Features(
            tuple(values.to(self.shift.dtype) for values in pyramid.values()),
            body[self._c3_name].to(self.shift.dtype),
            body[self._c4_name].to(self.shift.dtype),
        )

    def propose(self, features: Features) -> Proposals:
        """Return the K likeliest things of each image."""
        regions = self.regions(features)
        embedding, class_logits, deltas = self.look(features, regions)
        boxes = moved(regions, deltas, BOX_WEIGHTS, self.input_px)
        scores = 1.0 - torch.softmax(class_logits, dim=2)[:, :, 0]
        scores, order = scores.topk(self.region_count, dim=1)
        boxes, embedding, class_logits = (
            gather(values, order) for values in (boxes, embedding, class_logits)
        )
        scores = scores * kept_of(boxes, _THING_OVERLAP)
        scores, order = scores.topk(self.proposals, dim=1)
        boxes, embedding, class_logits = (
            gather(values, order) for values in (boxes, embedding, class_logits)
        )
        valid = (scores >= LEAST_SCORE).to(scores.dtype)
        masks = self.masks(features, boxes)
        return Proposals(boxes, scores * valid, class_logits, valid, masks, embedding)

    def describe(self, features: Features, boxes: Tensor, valid: Tensor) -> Proposals:
        """Return the same of N boxes that are known, which stay as and where they are.

        Args:
            features: Of B images.
            boxes: (B, N, 4).
            valid: (B, N), 1 or 0.
        """
        embedding, class_logits, _ = self.look(features, boxes)
        scores = (1.0 - torch.softmax(class_logits, dim=2)[:, :, 0]) * valid
        masks = self.masks(features, boxes)
        return Proposals(boxes, scores, class_logits, valid, masks, embedding)

    def regions(self, features: Features) -> Tensor:
        """Return the regions worth looking at, (B, regions, 4), the likeliest first."""
        answers, deltas = self.rpn.head(list(features.pyramid))
        boxes, scores = [], []
        for level, (answer, delta) in enumerate(zip(answers, deltas, strict=True)):
            anchors = getattr(self, f"anchors_{level}").float()
            logits = answer.permute(0, 2, 3, 1).flatten(1).float()
            moves = delta.permute(0, 2, 3, 1).flatten(1).float().view(logits.shape[0], -1, 4)
            best, order = logits.topk(self._asked[level], dim=1)
            places = gather(anchors.expand(logits.shape[0], -1, -1), order)
            here = moved(places, gather(moves, order), REGION_WEIGHTS, self.input_px)
            boxes.append(here)
            scores.append(torch.sigmoid(best) * kept_of(here, _REGION_OVERLAP))
        joined = torch.cat(scores, dim=1)
        _, order = joined.topk(self.region_count, dim=1)
        return gather(torch.cat(boxes, dim=1), order)

    def look(self, features: Features, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return features (B, N, R), class logits (B, N, 1 + C) and moves (B, N, 4) of boxes."""
        cells = self.pooled(features, boxes, _BOX_CELLS)
        embedding = self.roi_heads["box_head"](cells.flatten(0, 1))
        found = (embedding, *self.roi_heads["box_predictor"](embedding))
        batch, count = boxes.shape[:2]
        embedding, class_logits, deltas = (values.view(batch, count, -1) for values in found)
        return embedding, class_logits, deltas

    def masks(self, features: Features, boxes: Tensor) -> Tensor:
        """Return mask logits over boxes (B, N, 4): (B, N, M, M)."""
        cells = self.pooled(features, boxes, _MASK_CELLS).flatten(0, 1)
        logits: Tensor = self.roi_heads["mask_predictor"](self.roi_heads["mask_head"](cells))
        return logits.view(boxes.shape[0], -1, self.mask_px, self.mask_px)

    def pooled(self, features: Features, boxes: Tensor, size: int) -> Tensor:
        """Return what the pyramid shows in boxes (B, N, 4): (B, N, C, size, size)."""
        maps = features.pyramid[: len(self.strides)]
        return pool_levels(maps, boxes, self.strides, size, self._canonical_px)


class BoxPredictor(nn.Module):
    """Category of a region, background first, and how its box must move, whatever it is."""

    def __init__(self, channels: int, categories: int):
        super().__init__()
        self.cls_score = nn.Linear(channels, 1 + categories)
        self.bbox_pred = nn.Linear(channels, 4)

    def forward(self, embedding: Tensor) -> tuple[Tensor, Tensor]:
        """Return (N, 1 + C) and (N, 4) for (N, R)."""
        return self.cls_score(embedding), self.bbox_pred(embedding)


def unshortened(values: Tensor) -> AbstractContextManager[object]:
    """Return a context without autocast: places are not reckoned in eight bits of precision.

    Args:
        values: On the device of what is reckoned.
    """
    if values.is_meta:  # where nothing is reckoned, and torch has no autocast
        return nullcontext()
    return torch.autocast(values.device.type, enabled=False)


def category_index(names: Sequence[str], categories: Sequence[str]) -> int:
    """Return the index of the first of a thing's names that is a category, else 0: any thing."""
    known = [name for name in names if name in categories]
    return list(categories).index(known[0]) if known else 0


def gather(values: Tensor, order: Tensor) -> Tensor:
    """Return (B, K, ...) of values (B, N, ...) at places (B, K)."""
    index = order.reshape(*order.shape, *[1] * (values.ndim - 2))
    return values.gather(1, index.expand(*order.shape, *values.shape[2:]))
