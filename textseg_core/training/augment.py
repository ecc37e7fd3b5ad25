"""What the device does to a batch: targets put together, mirroring, and other light."""

import torch
from torch import Tensor
from torch.nn import functional as F

from textseg_core.training.samples import Sample


def compose_targets(batch: Sample) -> Tensor:
    """Return the share of each cell that the expressions mean, 0..1, (B, Q, 1, s, s)."""
    masks = batch["masks"].float() / 255.0
    united = torch.bmm(batch["members"], masks.flatten(2)).clamp(max=1.0)
    return united.view(*united.shape[:2], 1, *masks.shape[2:])


def mirrored(values: Tensor, which: Tensor, dim: int) -> Tensor:
    """Return `values` with the samples for which `which` (B,) holds flipped along `dim`."""
    shape = (-1, *([1] * (values.ndim - 1)))
    return torch.where(which.view(shape), values.flip(dim), values)


def change_light(image: Tensor, generator: torch.Generator) -> Tensor:
    """Return pictures under other light: gain, colour cast, gamma, saturation, blur, noise.

    Args:
        image: uint8 (B, S, S, 3), on any device.
        generator: On that device; the same state gives the same light.
    """
    count, device = image.shape[0], image.device

    def draw(low: float, high: float, *shape: int) -> Tensor:
        size = (count, *shape) if shape else (count, 1, 1, 1)
        return low + (high - low) * torch.rand(size, generator=generator, device=device)

    levels = torch.linspace(0.0, 1.0, 256, device=device)
    gain = draw(0.65, 1.25, 1, 1) * draw(0.9, 1.1, 3, 1)
    curve = (levels * gain).clamp(max=1.0) ** draw(0.8, 1.25, 1, 1)  # (B, 3, 256)
    offset = 256 * torch.arange(3 * count, device=device).view(count, 1, 1, 3)
    value = curve.flatten()[image.int() + offset]
    grey = value.mean(dim=3, keepdim=True)
    value = grey + (value - grey) * draw(0.7, 1.25)
    blurred = _blur(value)
    value = torch.lerp(value, blurred, draw(0.0, 1.0) * (draw(0.0, 1.0) < 0.25))
    sigma = draw(0.005, 0.03) * (draw(0.0, 1.0) < 0.3)
    value = value + sigma * torch.randn(value.shape, generator=generator, device=device)
    return (value.clamp(0.0, 1.0) * 255.0 + 0.5).to(torch.uint8)


def _blur(value: Tensor) -> Tensor:
    """Average (B, S, S, 3) over 5 x 5 pixels with binomial weights."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0], device=value.device) / 16.0
    planes = value.permute(0, 3, 1, 2).flatten(0, 1)[:, None]
    planes = F.pad(planes, (2, 2, 2, 2), mode="replicate")
    planes = F.conv2d(F.conv2d(planes, line.view(1, 1, 1, 5)), line.view(1, 1, 5, 1))
    count, height, width = value.shape[:3]
    return planes.view(count, 3, height, width).permute(0, 2, 3, 1)


def prepare(batch: Sample, generator: torch.Generator | None) -> Sample:
    """Return a batch on the device as the losses take it.

    Args:
        batch: As `samples.collate` stacks it.
        generator: Of the light; None leaves the pictures as they are.

    Returns:
        The batch with `target` (B, Q, 1, s, s) in place of masks and members.
    """
    which = batch["mirror"]
    image = batch["image"]
    if generator is not None:
        image = change_light(image, generator)
    kept = {k: v for k, v in batch.items() if k not in ("masks", "members", "mirror")}
    kept["image"] = mirrored(image, which, 2)
    kept["target"] = mirrored(compose_targets(batch), which, 4)
    return kept
