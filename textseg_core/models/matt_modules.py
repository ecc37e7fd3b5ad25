"""What MAttNet's three modules see of each proposal: the thing itself, its place, what is near."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from textseg_core.models.detection.boxes import areas, pool
from textseg_core.models.detection.proposals import (
    C3_STRIDE,
    C4_STRIDE,
    Features,
    ProposalEncoder,
    Proposals,
    gather,
    unshortened,
)
from textseg_core.models.fusion import l2_normalise

NEIGHBOURS = 5
CELLS = 7
#: Length that a descriptor starts from after it was scaled to length one, as in the release.
_START_LENGTH = 20.0
_FAR = 1e6


class Seen(NamedTuple):
    """What the modules know of K proposals in each of B images before any word is read.

    Attributes:
        cells: (B, K, C, 49), the subject, cell by cell.
        glances: (B, K, C, 49), the cells as the attention over them compares them.
        places: (B, K, J), the location's embedding, of length one.
        beside: (B, K, 5, J), the embedding of each neighbour, of length one.
        met: (B, K, 5), 1 where there is such a neighbour, else 0.
        attributes: (B, K, A), logits of the attribute words.
    """

    cells: Tensor
    glances: Tensor
    places: Tensor
    beside: Tensor
    met: Tensor
    attributes: Tensor


class Rescale(nn.Module):
    """Scales descriptors to length one, then each channel by a factor that is learnt.

    Source:
        Liu et al. 2016, "ParseNet", arXiv:1506.04579, section 3.3.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.factor = nn.Parameter(torch.full((channels,), _START_LENGTH))

    def forward(self, values: Tensor) -> Tensor:
        """Return (N, channels, ...) of (N, channels, ...)."""
        return l2_normalise(values) * self.factor.view(-1, *[1] * (values.ndim - 2))


class NormOfSome(nn.BatchNorm1d):
    """Batch normalisation of (N, C) or (N, C, L) that learns only from the rows that are there."""

    def forward(self, values: Tensor, there: Tensor | None = None) -> Tensor:
        """Return normalised values; rows that are not there become zero in training.

        Args:
            values: (N, C) or (N, C, L).
            there: (N,), above 0.5 for rows that count; None for all.
        """
        if not self.training or there is None:
            return super().forward(values)
        rows = torch.where(there > 0.5)[0]
        if len(rows) * values[0, 0].numel() < 2:  # no statistics from one row
            return F.batch_norm(
                values, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
            )
        found = super().forward(values[rows])
        return torch.zeros_like(values, dtype=found.dtype).index_copy(0, rows, found)


class Match(nn.Module):
    """One side of the matching function: two layers, and length one.

    Source:
        Yu et al. 2018, section 3.2; norms after both layers as in its release.
    """

    def __init__(self, inputs: int, channels: int):
        super().__init__()
        self.first = nn.Linear(inputs, channels, bias=False)  # the norms have one
        self.first_norm = NormOfSome(channels)
        self.second = nn.Linear(channels, channels, bias=False)
        self.second_norm = NormOfSome(channels)

    def forward(self, values: Tensor, there: Tensor | None = None) -> Tensor:
        """Return (N, channels) of length one for (N, inputs)."""
        hidden = torch.relu(self.first_norm(self.first(values), there))
        return l2_normalise(self.second_norm(self.second(hidden), there))


class VisualModules(nn.Module):
    """Subject, location and relationship modules, up to where they need the words.

    Args:
        c3_channels: Of the map at stride 16.
        c4_channels: Of the map at stride 32.
        channels: C, of the subject's cells, the location and the relationship.
        joint_channels: J, of the space in which things and phrases are compared.
        attributes: A, number of attribute words.

    Source:
        Yu et al. 2018, section 3.2.
    """

    def __init__(
        self,
        c3_channels: int,
        c4_channels: int,
        channels: int,
        joint_channels: int,
        attributes: int,
    ):
        super().__init__()
        self.scale_c3, self.scale_c4 = Rescale(c3_channels), Rescale(c4_channels)
        self.fuse = nn.Linear(c3_channels + c4_channels, channels, bias=False)
        self.fuse_norm = NormOfSome(channels)
        self.subject = nn.Linear(channels + c4_channels, channels, bias=False)
        self.subject_norm = NormOfSome(channels)
        self.to_glance = nn.Linear(channels, channels)
        self.to_attributes = nn.Linear(channels, attributes)
        self.location = nn.Linear(5 + 5 * NEIGHBOURS, channels)
        self.location_match = Match(channels, joint_channels)
        self.scale_near = Rescale(c4_channels)
        self.relationship = nn.Linear(c4_channels + 5, channels)
        self.relationship_match = Match(channels, joint_channels)
        self.register_buffer("attribute_counts", torch.zeros(attributes))
        self.attribute_counts: Tensor

    @torch.no_grad()
    def count(self, said: Tensor, described: Tensor) -> None:
        """Add to how often each attribute word was said: (B, N, A) of things, (B, N) known."""
        self.attribute_counts += (said * described[..., None]).sum(dim=(0, 1))

    def forward(self, features: Features, proposals: Proposals, size_px: int) -> Seen:
        """Return what the modules see.

        Args:
            features: Of B images.
            proposals: K in each of them.
            size_px: Side of the images.
        """
        boxes, valid = proposals.boxes, proposals.valid
        batch, count = valid.shape
        there = valid.reshape(-1)
        c3 = pool(features.c3, boxes, C3_STRIDE, CELLS).flatten(0, 1).flatten(2)
        c4 = pool(features.c4, boxes, C4_STRIDE, CELLS).flatten(0, 1).flatten(2)
        scaled = self.scale_c4(c4)
        fused = _cellwise(self.fuse, torch.cat([self.scale_c3(c3), scaled], dim=1))
        fused = torch.relu(self.fuse_norm(fused, there))
        attributes = self.to_attributes(fused.mean(dim=2))
        cells = _cellwise(self.subject, torch.cat([fused, scaled], dim=1))
        cells = torch.relu(self.subject_norm(cells, there))
        glances = _cellwise(self.to_glance, cells)

        labels = proposals.labels
        kin, kin_met = nearest(boxes, valid, labels)
        kind = self.location.weight.dtype
        place = self.location(location_features(boxes, kin, kin_met, size_px).to(kind))
        places = self.location_match(place.flatten(0, 1), there)

        near, met = nearest(boxes, valid, None)
        mean = self.scale_near(c4.mean(dim=2)).view(batch, count, -1)
        around = gather(mean, near.flatten(1)).view(batch, count, NEIGHBOURS, -1)
        offset = offsets(boxes, near).to(kind)
        pair = self.relationship(torch.cat([around, offset], dim=3))
        beside = self.relationship_match(pair.flatten(0, 2), (met * valid[:, :, None]).reshape(-1))
        return Seen(
            cells.view(batch, count, -1, CELLS * CELLS),
            glances.view(batch, count, -1, CELLS * CELLS),
            places.view(batch, count, -1),
            beside.view(batch, count, NEIGHBOURS, -1),
            met,
            attributes.view(batch, count, -1),
        )


def see(
    modules: VisualModules, encoder: ProposalEncoder, features: Features, proposals: Proposals
) -> Seen:
    """Return what the modules see of an encoder's proposals, in float32."""
    with unshortened(features.c3):
        return modules(features, proposals, encoder.input_px)  # type: ignore[no-any-return]


def nearest(boxes: Tensor, valid: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
    """Return the five other things whose centres are nearest.

    Args:
        boxes: (B, K, 4).
        valid: (B, K), 1 where there is a thing.
        labels: (B, K), only things of the same label count; None for all.

    Returns:
        Their places, (B, K, 5), and 1 where there is one, else 0, (B, K, 5).
    """
    centres = (boxes[..., :2] + boxes[..., 2:]) / 2
    if not torch.onnx.is_in_onnx_export() and boxes.shape[1] < NEIGHBOURS:
        missing = NEIGHBOURS - boxes.shape[1]
        wider = nearest(
            F.pad(boxes, (0, 0, 0, missing)),
            F.pad(valid, (0, missing)),
            None if labels is None else F.pad(labels, (0, missing)),
        )
        places, met = (values[:, : boxes.shape[1]] for values in wider)
        return places * (met > 0.5), met
    distance = (centres[:, :, None] - centres[:, None]).square().sum(dim=3).sqrt()
    possible = valid[:, None, :].expand(-1, boxes.shape[1], -1)
    itself = torch.eye(boxes.shape[1], device=boxes.device, dtype=boxes.dtype)
    possible = possible * (1.0 - itself)
    if labels is not None:
        possible = possible * (labels[:, :, None] == labels[:, None]).to(boxes.dtype)
    _, places = (distance + (1.0 - possible) * _FAR).topk(NEIGHBOURS, dim=2, largest=False)
    return places, possible.gather(2, places)


def offsets(boxes: Tensor, places: Tensor) -> Tensor:
    """Return how other things lie, in units of the thing's own box.

    Args:
        boxes: (B, K, 4).
        places: (B, K, 5), of the other things.

    Returns:
        (B, K, 5, 5): from the own corner to the other's, left, top, right and bottom, over width
        and height, and the other's area over the own.

    Source:
        Yu et al. 2018, section 3.2, delta l and delta m.
    """
    other = gather(boxes, places.flatten(1)).view(*places.shape, 4)
    own = boxes[:, :, None]
    sides = (own[..., 2:] - own[..., :2]).clamp(min=1.0)
    corners = (other - own) / torch.cat([sides, sides], dim=3)
    share = areas(other) / (sides[..., 0] * sides[..., 1])
    return torch.cat([corners, share[..., None]], dim=3)


def location_features(boxes: Tensor, kin: Tensor, met: Tensor, size_px: int) -> Tensor:
    """Return where things are, in the picture and among the five nearest of their category.

    Args:
        boxes: (B, K, 4).
        kin: (B, K, 5), places of things of the same category.
        met: (B, K, 5), 1 where there is such a one; the others count as zeros.
        size_px: Side of the picture.

    Returns:
        (B, K, 30): left, top, right, bottom and area as shares of the picture, then `offsets`.
    """
    shares = torch.cat([boxes / size_px, areas(boxes)[..., None] / size_px**2], dim=2)
    among = offsets(boxes, kin) * met[..., None]
    return torch.cat([shares, among.flatten(2)], dim=2)


def _cellwise(layer: nn.Linear, values: Tensor) -> Tensor:
    """Apply a layer to each cell of (N, C, L): a convolution of 1 x 1."""
    return F.conv1d(values, layer.weight[:, :, None], layer.bias)
