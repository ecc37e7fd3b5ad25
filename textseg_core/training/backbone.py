"""Fetches torchvision's ImageNet weights and writes them as training reads them.

Command: `python -m textseg_core.training.backbone --out data/backbones`; see docs/training.md.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torchvision import models  # type: ignore[import-untyped]

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)
#: Further networks by the name that `textseg_core.models.atrous` and `models.detection` give
#: them. DeepLab-101 is torchvision's, trained on COCO's pictures of the 20 classes of Pascal VOC.
MORE: Mapping[str, Callable[[], nn.Module]] = {
    "resnet18": lambda: models.resnet18(weights="IMAGENET1K_V1"),
    "resnet50": lambda: models.resnet50(weights="IMAGENET1K_V1"),
    "resnet101": lambda: models.resnet101(weights="IMAGENET1K_V1"),
    "deeplab101": lambda: models.segmentation.deeplabv3_resnet101(
        weights="COCO_WITH_VOC_LABELS_V1", weights_backbone=None
    ),
    "mobilenet_v3_large": lambda: models.mobilenet_v3_large(weights="IMAGENET1K_V2"),
    "maskrcnn_resnet50_fpn": lambda: models.detection.maskrcnn_resnet50_fpn(
        weights="COCO_V1", weights_backbone=None
    ),
}


def scaled_input(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return MobileNetV2's weights for pixels / 127.5 - 1, not ImageNet's mean and deviation.

    The first convolution takes over the change of scale, the mean of the norm after it the offset.
    Both networks answer the same, but at the border, where zero padding now means mid-grey in
    place of the mean colour.
    """
    mean, deviation = torch.tensor(MEAN), torch.tensor(DEVIATION)
    kernel = state["features.0.0.weight"]
    offset = kernel.sum(dim=(2, 3)) @ ((0.5 - mean) / deviation)
    return {
        **state,
        "features.0.0.weight": kernel / (2 * deviation)[:, None, None],
        "features.0.1.running_mean": state["features.0.1.running_mean"] - offset,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Write weights and labels; end with one line where the download fails."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.training.backbone",
        description="Fetch torchvision's ImageNet weights.",
    )
    parser.add_argument("--out", type=Path, required=True, help="DATA/backbones")
    parser.add_argument("--vgg16", action="store_true", help="VGG-16, for Hu et al. 2016, too")
    parser.add_argument(
        "--more",
        choices=tuple(MORE),
        nargs="+",
        default=(),
        metavar="NAME",
        help=f"{', '.join(MORE)}, for RMI and MAttNet",
    )
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    weights = models.MobileNet_V2_Weights.IMAGENET1K_V1
    try:
        state = models.mobilenet_v2(weights=weights).state_dict()
        save_file(scaled_input(state), options.out / "mobilenet_v2.safetensors")
        labels = "\n".join(weights.meta["categories"]) + "\n"
        (options.out / "imagenet_labels.txt").write_text(labels, encoding="utf-8")
        if options.vgg16:
            state = models.vgg16(weights=models.VGG16_Weights.IMAGENET1K_V1).state_dict()
            save_file(state, options.out / "vgg16.safetensors")
        for name in options.more:
            save_file(MORE[name]().state_dict(), options.out / f"{name}.safetensors")
    except URLError as error:
        sys.exit(f"backbone: torchvision's weights could not be fetched: {error}")
    print(*sorted(options.out.iterdir()), sep="\n")


if __name__ == "__main__":
    main()
