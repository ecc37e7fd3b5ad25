"""Image encoders of Hu et al. 2016: VGG-16 as FCN-32s, or a lighter network in its place."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torchvision.models import mobilenet_v2  # type: ignore[import-untyped,unused-ignore]
from torchvision.models.vgg import cfgs, make_layers  # type: ignore[import-untyped,unused-ignore]

from textseg_core.models.atrous import EVEN_SCALE, IMAGENET_SCALE, resnet_features
from textseg_core.models.fusion import l2_normalise

VGG_MEAN_RGB = (123.68, 116.779, 103.939)
STRIDE = 32
BACKBONES = ("vgg16", "mobilenet_v2", "resnet18", "resnet50")
DEFAULT_CHANNELS = {"vgg16": 1000, "mobilenet_v2": 1280, "resnet18": 512, "resnet50": 2048}

_MOBILENET_LAYERS = {1280: 19, 320: 18}
_TORCHVISION_MEAN = (0.485, 0.456, 0.406)
_TORCHVISION_STD = (0.229, 0.224, 0.225)


class DescriptorEncoder(nn.Module):
    """Image -> one descriptor of length one for each 32 x 32 cell.

    The letterboxed image's border is zero *before* the mean is subtracted, as
    in the paper, so that the border is not the mean colour for the network.

    Source:
        Hu et al. 2016, section 3.1, arXiv:1603.06180.
    """

    def __init__(self, backbone: str, channels: int, fc_channels: int):
        super().__init__()
        if backbone not in BACKBONES:
            raise ValueError(f"backbone must be one of {', '.join(BACKBONES)}, got {backbone!r}")
        self._frozen = False
        if backbone == "vgg16":
            shift, scale = VGG_MEAN_RGB, (1.0, 1.0, 1.0)
            # Modules and their numbering are torchvision's, so that its weights load.
            self.features = make_layers(cfgs["D"], batch_norm=False)
            self.classifier: nn.Module = _fully_convolutional_classifier(fc_channels, channels)
            for layer in self.modules():
                if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                    nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                    nn.init.zeros_(layer.bias)
        elif backbone == "mobilenet_v2":
            if channels not in _MOBILENET_LAYERS:
                raise ValueError(f"mobilenet_v2 has 1280 or 320 visual channels, got {channels}")
            shift, scale = EVEN_SCALE
            self.features = mobilenet_v2(weights=None).features[: _MOBILENET_LAYERS[channels]]
            self.classifier = nn.Identity()
        else:
            if channels != DEFAULT_CHANNELS[backbone]:
                raise ValueError(
                    f"{backbone} has {DEFAULT_CHANNELS[backbone]} visual channels, got {channels}"
                )
            shift, scale = IMAGENET_SCALE
            self.features = resnet_features(backbone)
            self.classifier = nn.Identity()
        self.register_buffer("shift", torch.tensor(shift)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(scale)[:, None, None], persistent=False)
        self.shift: Tensor
        self.scale: Tensor

    def freeze_backbone(self) -> None:
        """Keep the convolution layers as they are; fc6, fc7 and fc8 still learn.

        Batch normalisation among them keeps its statistics too.
        """
        self._frozen = True
        self.features.requires_grad_(False)
        self.features.eval()

    def train(self, mode: bool = True) -> "DescriptorEncoder":
        """Set the mode of all but frozen layers."""
        super().train(mode)
        if self._frozen:
            self.features.eval()
        return self

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Return ((B, channels, S / 32, S / 32),) for uint8 RGB (B, S, S, 3)."""
        return (l2_normalise(self.cells(image)),)

    def cells(self, image: Tensor) -> Tensor:
        """Return the same of any length: (B, channels, S / 32, S / 32)."""
        pixels = image.to(self.shift.dtype).permute(0, 3, 1, 2)
        normalised = (pixels - self.shift) / self.scale
        cells: Tensor = self.classifier(self.features(normalised))
        return cells


def _fully_convolutional_classifier(fc_channels: int, channels: int) -> nn.Sequential:
    """Return fc6, fc7 and fc8 as convolutions, numbered as torchvision's classifier.

    Padding keeps one cell for each 32 pixels. The dropout between them (places
    2 and 5) is left out as in the paper, hence Identity.
    """
    return nn.Sequential(
        nn.Conv2d(512, fc_channels, 7, padding=3),
        nn.ReLU(inplace=True),
        nn.Identity(),
        nn.Conv2d(fc_channels, fc_channels, 1),
        nn.ReLU(inplace=True),
        nn.Identity(),
        nn.Conv2d(fc_channels, channels, 1),
    )


def fcn_state_from_vgg16(
    classifier_state: Mapping[str, Tensor], *, scaled_input: bool
) -> dict[str, Tensor]:
    """Turn a VGG-16 image classifier's weights into those of `DescriptorEncoder`.

    Args:
        classifier_state: State dict of `torchvision.models.vgg16`: `features.*`
            and the linear layers `classifier.0`, `.3` and `.6`.
        scaled_input: Whether the classifier was trained on torchvision's
            (pixel / 255 - mean) / std, which is then folded into the first
            convolution; or on the original's pixel - mean, in RGB order.

    Returns:
        A state dict for the encoder with `backbone="vgg16"`. The outermost
        pixels differ by what zero padding means where the two means differ.

    Raises:
        ValueError: If it is not the state dict of such a classifier.

    Source:
        Long et al. 2015, "Fully convolutional networks", section 3.1.
    """
    state = {key: tensor.detach().clone() for key, tensor in classifier_state.items()}
    for key, side in (
        ("classifier.0.weight", 7),
        ("classifier.3.weight", 1),
        ("classifier.6.weight", 1),
    ):
        weight = state.get(key)
        if weight is None or weight.ndim != 2 or weight.shape[1] % (side * side):
            found = "nothing" if weight is None else f"shape {tuple(weight.shape)}"
            raise ValueError(
                f"expected the linear {key} of torchvision's vgg16 with a multiple of "
                f"{side * side} inputs, got {found}"
            )
        state[key] = weight.reshape(weight.shape[0], -1, side, side)
    if scaled_input:
        weight, bias = state["features.0.weight"], state["features.0.bias"]
        mean, std = (
            weight.new_tensor(values) * 255.0 for values in (_TORCHVISION_MEAN, _TORCHVISION_STD)
        )
        weight = weight / std[:, None, None]
        offset = weight.new_tensor(VGG_MEAN_RGB) - mean
        state["features.0.bias"] = bias + (weight.sum(dim=(2, 3)) * offset).sum(dim=1)
        state["features.0.weight"] = weight
    return state
