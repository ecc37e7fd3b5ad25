"""What the device does to a batch: targets put together, mirroring, and other light."""

import torch
from torch import Tensor
from torch.nn import functional as F

from textseg_core.training.samples import Sample
from textseg_core.training.things import has_things, prepare_things

_BLURRED = 0.25
_NOISY = 0.3
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


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

    The first quarter of the batch is blurred and the last three tenths become noisy: samples
    come in random order, and a choice by place costs the device nothing.

    Args:
        image: uint8 (B, S, S, 3), on any device.
        generator: On that device; the same state gives the same light.
    """
    count, height, width, _ = image.shape

    def draw(low: float, high: float, channels: int = 1) -> Tensor:
        share = torch.rand((count, channels, 1, 1), generator=generator, device=image.device)
        return low + (high - low) * share

    value = torch.empty((count, 3, height, width), device=image.device)
    value.copy_(image.permute(0, 3, 1, 2))
    gain = draw(0.65, 1.25) * draw(0.9, 1.1, 3) / 255.0
    value.mul_(gain).clamp_(1e-4, 1.0).pow_(draw(0.8, 1.25))
    value = torch.lerp(value.mean(dim=1, keepdim=True), value, draw(0.7, 1.25))
    blurred = round(_BLURRED * count)
    if blurred:
        share = draw(0.3, 1.0)[:blurred]
        value[:blurred] = torch.lerp(value[:blurred], _blur(value[:blurred]), share)
    noisy = count - round(_NOISY * count)
    if noisy < count:
        noise = torch.randn(value[noisy:].shape, generator=generator, device=image.device)
        value[noisy:] += draw(0.005, 0.03)[noisy:] * noise
    levels = value.mul_(255.0).add_(0.5).clamp_(0.0, 255.0).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous()


def _blur(value: Tensor) -> Tensor:
    """Average planes (B, C, H, W) over 5 x 5 pixels with binomial weights."""
    height, width = value.shape[2:]
    padded = F.pad(value, (2, 2, 2, 2), mode="replicate")
    rows = torch.zeros_like(padded[:, :, :height])
    for place, weight in enumerate(_BINOMIAL):
        rows.add_(padded[:, :, place : place + height], alpha=weight)
    both = torch.zeros_like(value)
    for place, weight in enumerate(_BINOMIAL):
        both.add_(rows[..., place : place + width], alpha=weight)
    return both


def prepare(batch: Sample, generator: torch.Generator | None) -> Sample:
    """Return a batch on the device as the losses take it.

    Args:
        batch: As `samples.collate` stacks it.
        generator: Of the light; None leaves the pictures as they are.

    Returns:
        The batch with `target` (B, Q, 1, s, s) in place of masks and members, and its things, if
        it has any, as `things.things_of` takes them.
    """
    which = batch["mirror"]
    image = batch["image"]
    if generator is not None:
        image = change_light(image, generator)
    kept = {k: v for k, v in batch.items() if k not in ("masks", "members", "mirror")}
    kept["image"] = mirrored(image, which, 2)
    if has_things(batch):
        kept |= prepare_things(batch, which)
    kept["target"] = mirrored(compose_targets(batch), which, 4)
    return kept
