"""The modules of HULANet: detections drawn into the picture, attended to, related and combined."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.recurrent import TwoWayLstm

#: The modules, in the order in which weights and maps name them.
MODULES = ("cat", "att", "rel")
#: Responses are kept this far from 0 and 1, so that their logits are finite.
_MARGIN = 1e-3
_RELATION_CELLS = 20  # along a side, on which relations are judged
_RELATION_KERNEL = 7
_RELATION_HOLES = (1, 6)  # so that both together see all of the picture from everywhere


def project(scores: Tensor, masks: Tensor) -> Tensor:
    """Draw what detections are said to be into the picture.

    Args:
        scores: Of each of C names for each of K detections, (B, K, C), in 0..1.
        masks: Of the detections, (B, K, h, w), in 0..1.

    Returns:
        (B, C, h, w): in each cell the greatest product of score and mask over the detections.

    Source:
        Wu et al. 2020, figure 5: detections' scores are projected back to the image.
    """
    drawn: Tensor | None = None
    # One detection after the other: with a thousand names all of them at once fill a GPU.
    for names, mask in zip(scores.unbind(dim=1), masks.unbind(dim=1), strict=True):
        here = names[..., None, None] * mask[:, None]
        drawn = here if drawn is None else torch.maximum(drawn, here)
    if drawn is None:
        raise ValueError("expected at least one detection, got none")
    return drawn


def module_terms(modules: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return what is combined: each module alone, then products of two, then of three."""
    return tuple(
        chosen for count in range(1, len(modules) + 1) for chosen in combinations(modules, count)
    )


class NameModule(nn.Module):
    """Attends to the maps of names, and turns what they sum up to into a response.

    Both the category module and the attribute module are such, with weights of their own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(8.0))
        self.bias = nn.Parameter(torch.tensor(-4.0))

    def forward(self, maps: Tensor, attention: Tensor) -> Tensor:
        """Return the response in each cell, (Q, 1, h, w), in 0..1.

        Args:
            maps: (Q, C, h, w) or (1, C, h, w).
            attention: (Q, C), not negative.
        """
        rows, columns = maps.shape[2:]
        shares = (attention[:, None] @ maps.flatten(2)).view(-1, 1, rows, columns)
        return torch.sigmoid(self.scale * shares + self.bias)


class RelationshipModule(nn.Module):
    """Where something may be that stands in a relation to what the supporting map shows.

    Convolutions whose kernels reach over the whole picture, scaled by what the predicate says.

    Source:
        Wu et al. 2020, figure 5: a convolutional network that takes the mask of the related
        category and, given the predicate, answers a mask.
    """

    def __init__(self, predicate_channels: int, channels: int):
        super().__init__()
        self.first, self.second = (
            nn.Conv2d(
                size,
                channels,
                _RELATION_KERNEL,
                padding=_RELATION_KERNEL // 2 * holes,
                dilation=holes,
            )
            for size, holes in zip((1, channels), _RELATION_HOLES, strict=True)
        )
        self.score = nn.Conv2d(channels, 1, 1)
        self.by_predicate = nn.Linear(predicate_channels, 4 * channels)
        nn.init.kaiming_normal_(self.first.weight, nonlinearity="relu")
        nn.init.kaiming_normal_(self.second.weight, nonlinearity="relu")

    def forward(self, support: Tensor, predicate: Tensor) -> Tensor:
        """Return the response, (Q, 1, h, w) in 0..1.

        Args:
            support: Response of the category module to the supporting thing, (Q, 1, h, w).
            predicate: (Q, E).
        """
        told = self.by_predicate(predicate)[:, :, None, None].chunk(4, dim=1)
        side = support.shape[-1]
        factor = max(1, side // _RELATION_CELLS)
        small = F.avg_pool2d(support, factor)
        hidden = F.relu(self.first(small) * (1.0 + told[0]) + told[1])
        hidden = F.relu(self.second(hidden) * (1.0 + told[2]) + told[3])
        scores = self.score(hidden)
        if factor > 1:
            scores = F.interpolate(
                scores, scale_factor=float(factor), mode="bilinear", align_corners=False
            )
        return torch.sigmoid(scores)


def combine(maps: Sequence[Tensor], modules: Sequence[str], weights: Tensor) -> Tensor:
    """Return the logits of the modules' responses, combined as the phrase weighs them.

    Args:
        maps: Response of each module, (Q, 1, h, w) in 0..1.
        modules: Their names.
        weights: Of each of `module_terms(modules)`, (Q, n); they sum to one.

    Returns:
        Logits of the weighted mean of the terms, (Q, 1, h, w).
    """
    by_name = dict(zip(modules, maps, strict=True))
    total: Tensor | None = None
    for place, term in enumerate(module_terms(modules)):
        product = by_name[term[0]]
        for name in term[1:]:
            product = product * by_name[name]
        share = weights[:, place, None, None, None] * product
        total = share if total is None else total + share
    if total is None:
        raise ValueError("expected at least one module, got none")
    sure = total.float().clamp(_MARGIN, 1.0 - _MARGIN)  # half precision rounds to 1
    return sure.log() - (1.0 - sure).log()


class PhraseGroups(nn.Module):
    """Finds a phrase's groups of words, and makes one vector of each.

    Args:
        vocabulary_size: Number of words.
        embedding_channels: E, of a word.
        channels: Of each direction's state.
        roles: Number of roles, the first of which is none.
    """

    def __init__(self, vocabulary_size: int, embedding_channels: int, channels: int, roles: int):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary_size, embedding_channels)
        nn.init.uniform_(self.embedding.weight, -0.5, 0.5)
        self.lstm = TwoWayLstm(embedding_channels, channels)
        self.to_role = nn.Linear(2 * channels, roles)

    def roles(self, token_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return embedded words (Q, T, E) and the logits of each word's role (Q, T, R)."""
        words = self.embedding(token_ids)
        present = (token_ids != 0).to(words.dtype)
        states, _ = self.lstm(words, present)
        return words, self.to_role(states)

    def forward(self, token_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the groups say.

        Args:
            token_ids: (Q, T).

        Returns:
            The mean word of each group, (Q, R - 1, E), zero where the group is empty; how much
            each word belongs to each group, (Q, T, R - 1), which teaches nothing by itself; and
            how surely each group has a word, (Q, R - 1).
        """
        words, logits = self.roles(token_ids)
        present = (token_ids != 0).to(words.dtype)
        share = torch.softmax(logits, dim=2)[:, :, 1:].detach() * present[..., None]
        counts = share.sum(dim=1)
        groups = share.transpose(1, 2) @ words / counts[..., None].clamp(min=1.0)
        return groups, share, share.amax(dim=1)
