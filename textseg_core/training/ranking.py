"""MAttNet's losses: the right thing and the right words score above wrong ones; attributes."""

import torch
from torch import Tensor
from torch.nn import functional as F

MARGIN = 0.1


def ranking_loss(scores: Tensor, members: Tensor, there: Tensor, margin: float = MARGIN) -> Tensor:
    """Return the mean hinge over wrong things plus that over wrong expressions.

    For each thing that an expression means, every other thing of its image is a wrong one, and
    every other expression of the image that does not mean it, one that means nothing included, is
    a wrong one. The paper draws one wrong thing and one wrong expression each time; this is what
    its draws amount to on average.

    Args:
        scores: (B, Q, N), of each expression with each thing of its image.
        members: (B, Q, N), 1 for things that the expression means, else 0.
        there: (B, N), 1 where there is a thing.
        margin: By which the right score must be greater.

    Returns:
        A scalar; 0 where there is nothing to compare.

    Source:
        Yu et al. 2018, section 3.3, the ranking loss with both weights 1.
    """
    right = members * there[:, None]
    wrong = (1.0 - members) * there[:, None]
    things = F.relu(margin + scores[:, :, None] - scores[:, :, :, None])
    pairs = right[:, :, :, None] * wrong[:, :, None]
    words = F.relu(margin + scores[:, None] - scores[:, :, None])
    others = right[:, :, None] * wrong[:, None]
    return _mean(things, pairs) + _mean(words, others)


def attribute_weights(counts: Tensor) -> Tensor:
    """Return the weight of each attribute word: as 1 / sqrt(how often it is said), mean one.

    Args:
        counts: (A,), times that each was said; those never said count as said once.

    Source:
        Yu et al. 2018, section 3.2; that the mean is one is chosen here.
    """
    rarity = counts.clamp(min=1.0).rsqrt()
    return rarity / rarity.mean()


def attribute_loss(logits: Tensor, said: Tensor, described: Tensor, counts: Tensor) -> Tensor:
    """Return the weighted logistic loss of attribute words, over things that are described.

    Args:
        logits: (..., A).
        said: (..., A), 1 for the words that fit.
        described: (...), 1 for things whose attributes are known.
        counts: (A,), how often each word was said in the training so far.
    """
    losses = F.binary_cross_entropy_with_logits(
        logits, said, weight=attribute_weights(counts), reduction="none"
    ).mean(dim=-1)
    return _mean(losses, described)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / torch.clamp(weights.sum(), min=1.0)
