"""Fetches torchvision's ImageNet weights, or takes its files, and writes what training reads.

Command: `python -m textseg_core.training.backbone --out data/backbones`; see docs/training.md.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision import models  # type: ignore[import-untyped]

MEAN = (0.485, 0.456, 0.406)
DEVIATION = (0.229, 0.224, 0.225)


class Pretrained(NamedTuple):
    """One network of torchvision.

    Attributes:
        build: Takes the weights' name, None for random ones.
        weights: Name of those that are fetched.
    """

    build: Callable[[str | None], nn.Module]
    weights: str = "IMAGENET1K_V1"


#: The networks by the name that `textseg_core.models` gives them. DeepLab-101 is torchvision's,
#: trained on COCO's pictures of the 20 classes of Pascal VOC.
NETWORKS: Mapping[str, Pretrained] = {
    "mobilenet_v2": Pretrained(lambda weights: models.mobilenet_v2(weights=weights)),
    "vgg16": Pretrained(lambda weights: models.vgg16(weights=weights)),
    "resnet18": Pretrained(lambda weights: models.resnet18(weights=weights)),
    "resnet50": Pretrained(lambda weights: models.resnet50(weights=weights)),
    "resnet101": Pretrained(lambda weights: models.resnet101(weights=weights)),
    "deeplab101": Pretrained(
        lambda weights: models.segmentation.deeplabv3_resnet101(
            weights=weights, weights_backbone=None, aux_loss=True
        ),
        "COCO_WITH_VOC_LABELS_V1",
    ),
    "mobilenet_v3_large": Pretrained(
        lambda weights: models.mobilenet_v3_large(weights=weights), "IMAGENET1K_V2"
    ),
    "maskrcnn_resnet50_fpn": Pretrained(
        lambda weights: models.detection.maskrcnn_resnet50_fpn(
            weights=weights, weights_backbone=None
        ),
        "COCO_V1",
    ),
}
#: Those that are fetched only when they are named.
MORE = tuple(name for name in NETWORKS if name not in ("mobilenet_v2", "vgg16"))


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


def read_state(path: Path, name: str) -> dict[str, Tensor]:
    """Return the weights of a file of torchvision's, checked against the network of that name.

    Args:
        path: Torchvision's `.pth`, or the same as `.safetensors`.
        name: A key of `NETWORKS`.

    Raises:
        ValueError: If the file is missing, damaged or of another network.
    """
    expected = f"expected torchvision's weights of {name}, a .pth or .safetensors file"
    if not path.is_file():
        raise ValueError(f"{path} is missing: {expected}")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    # Torch meets a damaged file with whatever its parts raise.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} cannot be read: {expected}; {reason}") from error
    network = NETWORKS[name].build(None)
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} is of another network: {expected}; {reason}") from error
    found: dict[str, Tensor] = network.state_dict()
    return found


def write_weights(out: Path, name: str, state: Mapping[str, Tensor]) -> None:
    """Write weights as training reads them, and ImageNet's labels beside MobileNetV2's."""
    if name == "mobilenet_v2":
        state = scaled_input(state)
        told = models.MobileNet_V2_Weights.IMAGENET1K_V1.meta["categories"]
        (out / "imagenet_labels.txt").write_text("\n".join(told) + "\n", encoding="utf-8")
    save_file(dict(state), out / f"{name}.safetensors")


def main(arguments: Sequence[str] | None = None) -> None:
    """Write weights and labels; end with one line where a file or the download fails."""
    parser = argparse.ArgumentParser(
        prog="python -m textseg_core.training.backbone",
        description="Fetch torchvision's ImageNet weights, or take them from files.",
    )
    parser.add_argument("--out", type=Path, required=True, help="DATA/backbones")
    parser.add_argument("--vgg16", action="store_true", help="VGG-16, for Hu et al. 2016, too")
    parser.add_argument(
        "--more",
        choices=MORE,
        nargs="+",
        default=(),
        metavar="NAME",
        help=f"{', '.join(MORE)}, for RMI and MAttNet",
    )
    parser.add_argument(
        "--from",
        dest="files",
        nargs="+",
        default=(),
        metavar="NAME=FILE",
        help="take these from torchvision's files (.pth, .safetensors), and fetch only what "
        f"--vgg16 and --more name; NAME is one of {', '.join(NETWORKS)}",
    )
    options = parser.parse_args(arguments)
    try:
        given = dict(_named_file(text) for text in options.files)
        states = {name: read_state(path, name) for name, path in given.items()}
    except ValueError as error:
        sys.exit(f"backbone: {error}")
    fetched = [*([] if given else ["mobilenet_v2"]), *(["vgg16"] if options.vgg16 else [])]
    options.out.mkdir(parents=True, exist_ok=True)
    try:
        for name in (*fetched, *options.more):
            if name not in states:
                known = NETWORKS[name]
                write_weights(options.out, name, known.build(known.weights).state_dict())
    except URLError as error:
        sys.exit(
            f"backbone: torchvision's weights could not be fetched: {error}; where there is no "
            "network, name files with --from NAME=FILE"
        )
    for name, state in states.items():
        write_weights(options.out, name, state)
    print(*sorted(options.out.iterdir()), sep="\n")


def _named_file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or name not in NETWORKS:
        raise ValueError(
            f"--from takes NAME=FILE, NAME one of {', '.join(NETWORKS)}; got {text!r}"
        )
    return name, Path(path)


if __name__ == "__main__":
    main()
