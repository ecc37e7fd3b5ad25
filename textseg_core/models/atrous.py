"""Image encoders with holes in their kernels (DeepLab): ResNets and MobileNetV2 at stride 8."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import (  # type: ignore[import-untyped,unused-ignore]
    mobilenet_v2,
    resnet18,
    resnet50,
    resnet101,
)

from textseg_core.models.fusion import l2_normalise

#: What each backbone's classifier is trained on: mean and deviation of pixels from 0 to 255.
IMAGENET_SCALE = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
#: As `textseg_core.training.backbone` turns MobileNetV2's first layer.
EVEN_SCALE = (127.5, 127.5, 127.5), (127.5, 127.5, 127.5)
#: DeepLab-101 is ResNet-101 that was trained further for segmentation.
BACKBONES: dict[str, Callable[..., Any]] = {
    "resnet101": resnet101,
    "deeplab101": resnet101,
    "resnet50": resnet50,
    "resnet18": resnet18,
    "mobilenet_v2": mobilenet_v2,
}
CELL_STRIDES = (8, 16, 32)

_MOBILENET_LAYERS = 18  # up to the last block; the classifier's 1280 channels follow
_RESNET_LAYERS = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


def keep_resolution(layers: nn.Module, stride: int) -> None:
    """Let a backbone shrink the picture by `stride` and no further, in place.

    Every step that would shrink it more is left out, and the kernels after it get holes instead,
    so that each still sees what it was trained to see.

    Args:
        layers: In the order in which they are applied; shrinks by factors of two.
        stride: Of the backbone's output.

    Source:
        Chen et al. 2015, "Semantic image segmentation with deep convolutional nets", section
        3.1, arXiv:1412.7062; which kernels get holes is as in torchvision's ResNet.
    """
    reached, dilation, kept = 1, 1, True
    for layer in layers.modules():
        if isinstance(layer, nn.MaxPool2d):
            reached *= 2
        if not isinstance(layer, nn.Conv2d):
            continue
        shrinks, wide = layer.stride != (1, 1), layer.kernel_size != (1, 1)
        own = dilation
        if shrinks and wide:
            kept = reached < stride
            reached *= 2 if kept else 1
            dilation *= 1 if kept else 2
        if shrinks and not kept:  # a shortcut of 1 x 1 follows the kernel of its block
            layer.stride = (1, 1)
        if wide and own > 1:
            layer.dilation = (own, own)
            layer.padding = (own, own)


def resnet_features(backbone: str) -> nn.Sequential:
    """Return the layers of a ResNet up to the last feature map, by their names in torchvision."""
    whole = BACKBONES[backbone](weights=None)
    layers = nn.Sequential()
    for name in _RESNET_LAYERS:
        layers.add_module(name, getattr(whole, name))
    return layers


class AtrousEncoder(nn.Module):
    """Image -> one descriptor of length one for each cell of `cell_stride` pixels.

    As in Hu et al. 2016, the letterboxed image's border is zero before the mean is subtracted.

    Args:
        backbone: A key of `BACKBONES`.
        channels: Of a descriptor.
        cell_stride: 8 as in the paper; 16 or 32 for fewer cells.

    Raises:
        ValueError: If there is no such backbone or stride.

    Source:
        Liu et al. 2017, section 4.2: ResNet-101 or DeepLab-101 at stride 8, the last feature map
        by 1 x 1 convolution to 1000 channels, scaled to length one.
    """

    def __init__(self, backbone: str, channels: int, cell_stride: int):
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, got {backbone!r}")
        if cell_stride not in CELL_STRIDES:
            raise ValueError(f"cell_stride must be one of {CELL_STRIDES}, got {cell_stride}")
        self._frozen = False
        # Names of layers are torchvision's, so that its weights load.
        if backbone == "mobilenet_v2":
            shift, scale = EVEN_SCALE
            whole = BACKBONES[backbone](weights=None)
            self.features: nn.Sequential = whole.features[:_MOBILENET_LAYERS]
        else:
            shift, scale = IMAGENET_SCALE
            self.features = resnet_features(backbone)
        keep_resolution(self.features, cell_stride)
        last = [layer for layer in self.features.modules() if isinstance(layer, nn.BatchNorm2d)][
            -1
        ]
        self.describe = nn.Conv2d(last.num_features, channels, 1)
        nn.init.xavier_uniform_(self.describe.weight)
        self.register_buffer("shift", torch.tensor(shift)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(scale)[:, None, None], persistent=False)
        self.shift: Tensor
        self.scale: Tensor

    def freeze_backbone(self, frozen: bool = True) -> None:
        """Keep the backbone as it is, statistics of its norms too; `describe` still learns.

        Args:
            frozen: False lets the backbone learn again.
        """
        self._frozen = frozen
        self.features.requires_grad_(not frozen)
        self.features.train(self.training and not frozen)

    def train(self, mode: bool = True) -> "AtrousEncoder":
        """Set the mode of all but frozen layers."""
        super().train(mode)
        if self._frozen:
            self.features.eval()
        return self

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Return ((B, channels, S / stride, S / stride),) for uint8 RGB (B, S, S, 3)."""
        pixels = image.to(self.shift.dtype).permute(0, 3, 1, 2)
        seen = self.features((pixels - self.shift) / self.scale)
        return (l2_normalise(self.describe(seen)),)
