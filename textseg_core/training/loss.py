"""The loss of Hu et al. 2016 on logits, and what its low-resolution stage is taught."""

import torch
from torch import Tensor
from torch.nn import functional as F

FOREGROUND_WEIGHT = 3.0
BACKGROUND_WEIGHT = 1.0


def weighted_logistic_loss(
    logits: Tensor,
    target: Tensor,
    *,
    foreground_weight: float = FOREGROUND_WEIGHT,
    background_weight: float = BACKGROUND_WEIGHT,
) -> Tensor:
    """Return the mean logistic loss, foreground and background weighted apart.

    Args:
        logits: Any shape; per pixel in the high-resolution stage, per cell in the
            low-resolution stage.
        target: Foreground, bool or 0 and 1, of the same shape.
        foreground_weight: alpha_f; the release has 1.
        background_weight: alpha_b; the release has 1 / 3. The ratio is the same,
            so the release learns as the paper does at a third of the rate.

    Returns:
        A scalar. The sum is divided by the number of pixels, not by the weights.

    Raises:
        ValueError: If the shapes differ; they are never broadcast.

    Source:
        Hu et al. 2016, equations 1 and 2, arXiv:1603.06180.
    """
    if logits.shape != target.shape:
        raise ValueError(
            f"target must have the logits' shape {tuple(logits.shape)}, got {tuple(target.shape)}"
        )
    foreground = target.to(logits.dtype)
    # softplus(v) is log(1 + exp(v)), without overflow.
    as_foreground = foreground_weight * F.softplus(-logits)
    as_background = background_weight * F.softplus(logits)
    return (foreground * as_foreground + (1.0 - foreground) * as_background).mean()


def cell_target(mask: Tensor, stride: int) -> Tensor:
    """Return which cells hold any foreground pixel, the low-resolution stage's target.

    Args:
        mask: Foreground, bool (Q, 1, S, S).
        stride: Pixels per cell, a divisor of S.

    Returns:
        bool (Q, 1, S / stride, S / stride).

    Raises:
        ValueError: If the mask has another type or shape.

    Source:
        Section 4.2 of Hu et al. 2016 only says "downsample"; that one pixel is
        enough comes from its release.
    """
    if mask.dtype != torch.bool or mask.ndim != 4 or mask.shape[1] != 1:
        raise ValueError(f"mask must be bool (Q, 1, S, S), got {mask.dtype} {tuple(mask.shape)}")
    if mask.shape[2] % stride or mask.shape[3] % stride:
        raise ValueError(
            f"the mask's sides must be multiples of the stride {stride}, got {tuple(mask.shape)}"
        )
    return F.max_pool2d(mask.float(), stride) > 0
