"""Rounded convolutions that answer on average as the exact ones: their biases make up for it.

A kernel's rounding errors meet inputs that are all positive behind a ReLU, and so do not average
out: the output of a channel is shifted everywhere. That shift is known from the mean of the
inputs, and a bias takes it back for nothing.

Source:
    Nagel et al. 2019, arXiv:1906.04721, section 4.2.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from textseg_core.preprocess import letterbox_image
from textseg_core.runtime.cases import drawn_cases

_PICTURES = 8


def drawn_pictures(side: int) -> list[Tensor]:
    """Return drawn pictures as an image encoder takes them, uint8 (1, side, side, 3)."""
    squares = [letterbox_image(case.image, side)[0] for case in drawn_cases(_PICTURES)]
    return [torch.from_numpy(square)[None] for square in squares]


def correct_means(exact: nn.Module, rounded: nn.Module, pictures: Iterable[Tensor]) -> None:
    """Shift the biases of rounded convolutions by the mean error of their outputs, in place.

    Convolutions without a bias stay as they are. Borders, where a kernel sees padding, are not
    told apart.

    Args:
        exact: In evaluation mode; not changed.
        rounded: The same layers with other weights.
        pictures: What `exact` is asked for the means, as it takes them; at least one.
    """
    shown = list(pictures)
    sums: dict[str, Tensor] = {}

    def listen(name: str, layer: nn.Conv2d) -> torch.utils.hooks.RemovableHandle:
        def hear(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            sums[name] = sums.get(name, 0) + inputs[0].mean(dim=(0, 2, 3))

        return layer.register_forward_pre_hook(hear)

    layers = {name: one for name, one in exact.named_modules() if isinstance(one, nn.Conv2d)}
    handles = [listen(name, layer) for name, layer in layers.items()]
    try:
        with torch.inference_mode():
            for picture in shown:
                exact(picture)
    finally:
        for handle in handles:
            handle.remove()
    with torch.no_grad():
        for name, total in sums.items():
            layer, other = layers[name], rounded.get_submodule(name)
            if not isinstance(other, nn.Conv2d) or other.bias is None:
                continue
            lost = (layer.weight - other.weight).sum(dim=(2, 3))
            groups = layer.groups
            mean = (total.clone() / len(shown)).reshape(groups, 1, -1)
            other.bias += (lost.reshape(groups, -1, lost.shape[1]) * mean).sum(dim=2).flatten()
