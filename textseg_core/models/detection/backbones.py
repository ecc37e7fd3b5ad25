"""Backbones with a feature pyramid, in torchvision's layers and under their names."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import nn
from torchvision import models  # type: ignore[import-untyped,unused-ignore]
from torchvision.models.detection.backbone_utils import (  # type: ignore[import-untyped,unused-ignore]
    BackboneWithFPN,
)

from textseg_core.models.atrous import EVEN_SCALE, IMAGENET_SCALE

#: Sides of anchors by the level's stride; where the weights may be torchvision's, its own.
_LARGE = {4: (32,), 8: (64,), 16: (128,), 32: (256,), 64: (512,)}
_SMALL = {8: (16, 32), 16: (48, 72), 32: (104, 152), 64: (216, 304)}


class Backbone(NamedTuple):
    """A backbone with its pyramid and how they are used.

    Attributes:
        pyramid: `body` gives maps "0", "1", ..., `fpn` the pyramid's maps and "pool".
        strides: Of the body's maps.
        c3: Name and channels of the body's map at stride 16.
        c4: Of the body's map at stride 32.
        shift: Mean of a pixel from 0 to 255, by channel.
        scale: Deviation of it.
        anchors: Sides of anchors on each level of the pyramid, "pool" included.
        canonical_px: Side of a box that is looked at on the level of stride 16.
    """

    pyramid: nn.Module
    strides: tuple[int, ...]
    c3: tuple[str, int]
    c4: tuple[str, int]
    shift: tuple[float, ...]
    scale: tuple[float, ...]
    anchors: tuple[tuple[int, ...], ...]
    canonical_px: float


BACKBONES = ("resnet101", "resnet50", "resnet18", "mobilenet_v3_large", "mobilenet_v2")
_RESNETS = {"resnet101": 256, "resnet50": 256, "resnet18": 64}
#: Last layer before each halving of the picture, from stride 8 on, and its channels.
_MOBILE = {
    "mobilenet_v2": ((6, 32), (13, 96), (17, 320)),
    "mobilenet_v3_large": ((6, 40), (12, 112), (15, 160)),
}


def build_backbone(name: str, channels: int) -> Backbone:
    """Return a backbone with random weights.

    Args:
        name: One of `BACKBONES`.
        channels: Of the pyramid.

    Raises:
        ValueError: If there is no such backbone.
    """
    if name not in BACKBONES:
        raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, got {name!r}")
    whole = getattr(models, name)(weights=None)
    strides: tuple[int, ...]
    sizes: Mapping[int, tuple[int, ...]]
    if name in _RESNETS:
        strides = (4, 8, 16, 32)
        widths = [_RESNETS[name] * 2**level for level in range(4)]
        layers = {f"layer{level + 1}": str(level) for level in range(4)}
        (shift, scale), sizes, canonical = IMAGENET_SCALE, _LARGE, 224.0
    else:
        strides = (8, 16, 32)
        chosen = _MOBILE[name]
        widths = [width for _, width in chosen]
        layers = {str(layer): str(level) for level, (layer, _) in enumerate(chosen)}
        whole = whole.features
        # The weights that `textseg_core.training.backbone` writes for MobileNetV2 want this.
        shift, scale = EVEN_SCALE if name == "mobilenet_v2" else IMAGENET_SCALE
        sizes, canonical = _SMALL, 96.0
    pyramid = BackboneWithFPN(whole, layers, widths, channels)
    return Backbone(
        pyramid,
        strides,
        (str(len(strides) - 2), widths[-2]),
        (str(len(strides) - 1), widths[-1]),
        shift,
        scale,
        tuple(sizes[stride] for stride in (*strides, 64)),
        canonical,
    )
