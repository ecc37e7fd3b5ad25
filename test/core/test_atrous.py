"""Backbones that shrink no further: where the holes are, and what the layers see."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet50  # type: ignore[import-untyped,unused-ignore]

from textseg_core.models.atrous import BACKBONES, AtrousEncoder


def shapes(network: nn.Module) -> list[tuple[object, ...]]:
    return [
        (name, layer.stride, layer.dilation, layer.padding)
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d)
    ]


@pytest.mark.parametrize(
    ("stride", "dilated"),
    [(8, [False, True, True]), (16, [False, False, True]), (32, [False] * 3)],
)
def test_a_resnet_has_its_holes_where_torchvision_s_has(stride: int, dilated: list[bool]) -> None:
    with torch.device("meta"):
        mine = AtrousEncoder("resnet50", 4, stride).features
        theirs = resnet50(weights=None, replace_stride_with_dilation=dilated)

    assert shapes(mine) == shapes(theirs)


@pytest.mark.parametrize("backbone", sorted(BACKBONES))
@pytest.mark.parametrize("stride", [8, 16, 32])
def test_every_backbone_shrinks_by_the_stride(backbone: str, stride: int) -> None:
    with torch.device("meta"):
        encoder = AtrousEncoder(backbone, 4, stride)
        (cells,) = encoder(torch.zeros(1, 64, 96, 3, dtype=torch.uint8))

    assert cells.shape == (1, 4, 64 // stride, 96 // stride)


def test_a_coarse_cell_is_seen_alike_with_and_without_holes() -> None:
    # In the middle of a large even picture padding plays no part, and every place looks alike.
    torch.manual_seed(0)
    coarse, fine = (AtrousEncoder("resnet18", 4, stride).eval() for stride in (32, 8))
    fine.load_state_dict(coarse.state_dict())
    image = torch.full((1, 512, 512, 3), 200, dtype=torch.uint8)

    with torch.inference_mode():
        (few,), (many,) = coarse(image), fine(image)

    assert torch.allclose(few[0, :, 8, 8], many[0, :, 32, 32], atol=1e-5)


@pytest.mark.parametrize(
    ("backbone", "white"), [("resnet18", (255 - 123.675) / 58.395), ("mobilenet_v2", 1.0)]
)
def test_each_backbone_sees_its_own_scale_of_pixels(backbone: str, white: float) -> None:
    encoder = AtrousEncoder(backbone, 4, 32)
    seen: list[torch.Tensor] = []
    encoder.features.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))

    with torch.inference_mode():
        encoder(torch.full((2, 64, 64, 3), 255, dtype=torch.uint8))

    assert seen[0][0, 0, 5, 5].item() == pytest.approx(white, rel=1e-5)
