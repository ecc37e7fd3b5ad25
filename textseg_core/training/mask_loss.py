"""The compact network's loss on masks: logistic loss and Dice."""

import torch
from torch import Tensor
from torch.nn import functional as F


def mask_loss(logits: Tensor, target: Tensor, presence: Tensor) -> Tensor:
    """Return the mean over expressions of logistic loss, and Dice where something is there.

    The logistic loss of a small object's few cells would drown among the
    background's, which Dice, a ratio, does not let happen. Dice is undefined for
    an empty target, so expressions that mean nothing have the logistic loss alone.

    Args:
        logits: (Q, 1, h, w).
        target: Foreground share of each cell, 0..1, (Q, 1, h, w).
        presence: 1 where the expression means something, (Q,).

    Returns:
        A scalar.

    Source:
        Dice loss: Milletari et al. 2016, arXiv:1606.04797, section 3.
    """
    logistic = F.binary_cross_entropy_with_logits(logits, target, reduction="none").mean((1, 2, 3))
    response = torch.sigmoid(logits)
    shared = (response * target).sum((1, 2, 3))
    total = (response.square() + target.square()).sum((1, 2, 3))
    dice = 1 - (2 * shared + 1) / (total + 1)
    return (2 * logistic + presence * dice).mean()
