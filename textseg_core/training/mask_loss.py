"""The compact network's losses on masks: logistic loss and Dice, and agreement with presence."""

import torch
from torch import Tensor
from torch.nn import functional as F

_GREATEST = 4  # cells: 64 pixels at stride 4, about the smallest thing that is asked for


def mask_loss(
    logits: Tensor, target: Tensor, presence: Tensor, weight: Tensor | None = None
) -> Tensor:
    """Return the mean over expressions of logistic loss, and Dice where something is there.

    The logistic loss of a small object's few cells would drown among the
    background's, which Dice, a ratio, does not let happen. Dice is undefined for
    an empty target, so expressions that mean nothing have the logistic loss alone.

    Args:
        logits: (Q, 1, h, w).
        target: Foreground share of each cell, 0..1, (Q, 1, h, w).
        presence: 1 where the expression means something, (Q,).
        weight: Of each expression, (Q,); 0 where the mask is unknown. None for 1.

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
    each = 2 * logistic + presence * dice
    return each.mean() if weight is None else (each * weight).mean()


def agreement_loss(logits: Tensor, presence: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return how little the mask's strongest cells agree with what is known of presence.

    Without it a small object may be reported as present with an empty mask: its few cells
    hardly weigh in the mask's own loss.

    Args:
        logits: (Q, 1, h, w).
        presence: 1 where the expression means something, (Q,).
        weight: Of each expression, (Q,); None for 1.

    Returns:
        The mean logistic loss of the greatest logits' mean, a scalar.

    Source:
        Image-level response in multiple-instance learning: Pinheiro and Collobert 2015,
        arXiv:1411.6228, section 3.2; a mean of few cells in place of a log-sum-exp.
    """
    flat = logits.flatten(1)
    greatest = flat.topk(min(_GREATEST, flat.shape[1]), dim=1).values.mean(dim=1)
    return F.binary_cross_entropy_with_logits(greatest, presence, weight=weight)
