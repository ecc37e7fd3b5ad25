"""Networks that choose among regions proposed for a picture, and answer with one of them.

The proposals come from `textseg_core.proposals` on the host. Between them and the answer stand two
parts that any runtime computes: `describe`, a picture and regions -> features, and `score`,
features and an expression -> one score for each region. An export has these two and the expression
encoder; `textseg_core.runtime.proposal_backend` does the rest there.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.models.atrous import CELL_STRIDES, AtrousEncoder
from textseg_core.models.base import SegmentationNetwork
from textseg_core.models.fusion import l2_normalise
from textseg_core.proposals import PLACES, Kind, Proposals, propose
from textseg_core.region_answers import ANSWERS, CERTAIN, Answer, answer_mask, regions_of


class ProposalNetwork(SegmentationNetwork):
    """What networks over proposals share; a subclass has `score` as its head's function.

    Args:
        input_px: Side of the square input, a multiple of `cell_stride`.
        tokens: Length of a padded expression.
        backbone: "resnet101" or a lighter "resnet50", "resnet18", "mobilenet_v2".
        cell_stride: Pixels per cell of the map that regions are pooled from: 8, 16 or 32.
        proposals: Most regions of a picture, as the paper's 100.
        answer: What is answered of the best region: "box", "grabcut" or "segment". No weight
            depends on it.
        kinds: The answers that a subclass takes.
        visual_channels: Channels of a region's looks.

    Raises:
        ValueError: If a setting has a value that is not listed here.
    """

    head_outputs = ("logits",)
    image_outputs = ("regions", "present", "boxes", "labels", "members", "pixels")
    stride = 1

    def __init__(
        self,
        *,
        input_px: int,
        tokens: int,
        backbone: str,
        cell_stride: int,
        proposals: int,
        answer: Answer,
        kinds: Sequence[Answer],
        visual_channels: int,
        score: nn.Module,
    ):
        super().__init__()
        if answer not in kinds:
            raise ValueError(f"answer must be {' or '.join(kinds)}, got {answer!r}")
        if cell_stride not in CELL_STRIDES:
            raise ValueError(f"cell_stride must be one of {CELL_STRIDES}, got {cell_stride}")
        if input_px <= 0 or input_px % cell_stride:
            raise ValueError(
                f"input_px must be a positive multiple of {cell_stride}, got {input_px}"
            )
        if proposals < 1:
            raise ValueError(f"proposals must be at least 1, got {proposals}")
        self.input_px = input_px
        self.tokens = tokens
        self.kind: Kind = ANSWERS[answer]
        self.answer: Answer = answer
        self.proposals = proposals
        self.cells = input_px // cell_stride
        self.image_encoder: ProposalEncoder = ProposalEncoder(
            RegionEncoder(backbone, visual_channels, cell_stride),
            proposals,
            self.kind,
            self.cells,
        )
        self.query_head: ProposalHead = ProposalHead(score, answer)


class RegionEncoder(nn.Module):
    """A picture and its regions -> looks, place and surroundings of each region.

    All regions are pooled from one map of the picture; each has the mean of the cells that it
    covers, in the share in which it covers them.
    """

    def __init__(self, backbone: str, channels: int, cell_stride: int):
        super().__init__()
        self.cells = AtrousEncoder(backbone, channels, cell_stride)

    def forward(self, image: Tensor, shares: Tensor, places: Tensor) -> tuple[Tensor]:
        """Return the features.

        Args:
            image: uint8 RGB (B, S, S, 3).
            shares: Of each region in each cell, (B, N, cells ** 2); 0 where there is none.
            places: (B, N, 8).

        Returns:
            ((B, N, C + 8 + C),): the region's looks and the picture's, of length one each, and
            between them its place.
        """
        (cells,) = self.cells(image)
        flat = cells.flatten(2)
        whole = l2_normalise(flat.mean(dim=2))[:, None].expand(-1, shares.shape[1], -1)
        pooled = shares.to(flat.dtype) @ flat.transpose(1, 2)
        looks = l2_normalise(pooled.transpose(1, 2)).transpose(1, 2)
        return (torch.cat([looks, places.to(flat.dtype), whole], dim=2),)


class ProposalEncoder(nn.Module):
    """Proposes regions and describes them."""

    def __init__(self, describe: RegionEncoder, count: int, kind: Kind, cells: int):
        super().__init__()
        self.describe = describe
        self._count, self._kind, self._cells = count, kind, cells

    def propose(self, image: Tensor) -> list[Proposals]:
        """Return the proposals of each picture of uint8 RGB (B, S, S, 3)."""
        return [propose(one, self._count, self._kind) for one in pictures(image)]

    def told(self, image: Tensor, found: Sequence[Proposals]) -> tuple[Tensor, Tensor, Tensor]:
        """Return `shares`, `places` and which of the rows are there, (B, N), on the device."""
        made = [
            regions_of(one, proposals, self._count, self._kind, self._cells)
            for one, proposals in zip(pictures(image), found, strict=True)
        ]
        shares, places = stacked([one[0] for one in made], [one[1] for one in made], image.device)
        present = torch.from_numpy(np.stack([one[2] for one in made])).to(image.device)
        return shares, places, present

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Return the regions' features and what an answer is drawn from.

        Returns:
            `regions` (B, N, D), `present` (B, N) 1 or 0, `boxes` (B, N, 4), `labels` (B, S, S),
            `members` (B, N, R) of the most regions of any picture, and `pixels`, the image.
        """
        if image.is_meta:  # counted, not computed
            batch, count, side = image.shape[0], self._count, image.shape[1]
            empty = image.new_zeros
            (regions,) = self.describe(
                image,
                empty((batch, count, self._cells**2), dtype=torch.float32),
                empty((batch, count, PLACES), dtype=torch.float32),
            )
            drawn = (batch, side, side)
            return (
                regions,
                empty((batch, count)),
                empty((batch, count, 4)),
                empty(drawn),
                empty((batch, count, 1)),
                image,
            )
        found = self.propose(image)
        shares, places, present = self.told(image, found)
        (regions,) = self.describe(image, shares, places)
        most = max(one.members.shape[1] for one in found)
        boxes = np.zeros((len(found), self._count, 4), np.int64)
        members = np.zeros((len(found), self._count, most), np.bool_)
        for row, one in enumerate(found):
            boxes[row, : len(one)] = one.boxes
            members[row, : len(one), : one.members.shape[1]] = one.members
        labels = torch.from_numpy(np.stack([one.labels for one in found]))
        drawn_from = (torch.from_numpy(boxes), labels, torch.from_numpy(members))
        return (regions, present, *(part.to(image.device) for part in drawn_from), image)


class ProposalHead(nn.Module):
    """Scores the regions of a picture by an expression and draws the best one."""

    def __init__(self, score: nn.Module, answer: Answer):
        super().__init__()
        self.score = score
        self._answer: Answer = answer

    def scores(self, regions: Tensor, present: Tensor, *expression: Tensor) -> Tensor:
        """Return the score of each region, (Q, N); the least of all where there is none.

        Args:
            regions: (B, N, D): one picture for all expressions, or B pictures with Q / B
                expressions each, in order.
            present: (B, N).
            expression: As the expression encoder gives it, Q of each.
        """
        queries = expression[0].shape[0]
        if regions.shape[0] > 1:
            regions = regions.repeat_interleave(queries // regions.shape[0], dim=0)
            present = present.repeat_interleave(queries // present.shape[0], dim=0)
        (scores,) = self.score(regions, *expression)
        least = torch.finfo(scores.dtype).min
        filled: Tensor = scores.masked_fill(present.expand_as(scores) < 0.5, least)
        return filled

    def forward(self, *inputs: Tensor) -> tuple[Tensor]:
        """Return ((Q, 1, S, S),): certain of the best region's pixels, and of all others.

        Args:
            inputs: The six of `ProposalEncoder`, then the expression encoder's.
        """
        regions, present, boxes, labels, members, pixels = inputs[:6]
        scores = self.scores(regions, present, *inputs[6:])
        side = pixels.shape[1]
        if scores.is_meta:
            return (scores.new_zeros((len(scores), 1, side, side)),)
        best = scores.argmax(dim=1).tolist()
        asked = len(best) // len(pixels)
        images = pictures(pixels)
        logits = np.full((len(best), 1, side, side), -CERTAIN, np.float32)
        for row, index in enumerate(best):
            of = row // asked
            proposals = Proposals(
                labels[of].cpu().numpy(), members[of].cpu().numpy(), boxes[of].cpu().numpy()
            )
            if bool(present[of, index] > 0.5):
                logits[row, 0][answer_mask(images[of], proposals, index, self._answer)] = CERTAIN
        return (torch.from_numpy(logits).to(scores.device),)


def pictures(image: Tensor) -> list[UInt8Array]:
    """Return uint8 RGB (B, S, S, 3) as pictures on the host."""
    return list(image.cpu().numpy())


def stacked(
    shares: Sequence[Float32Array], places: Sequence[Float32Array], device: torch.device
) -> tuple[Tensor, Tensor]:
    """Return what is told of the regions of several pictures, on a device."""
    return (
        torch.from_numpy(np.stack(shares)).to(device),
        torch.from_numpy(np.stack(places)).to(device),
    )
