"""Boxes and what lies in them, by operations of fixed shapes that every runtime knows.

Boxes are (x0, y0, x1, y1) in pixels of the network's input.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torchvision.ops import roi_align  # type: ignore[import-untyped,unused-ignore]

#: Chains of overlapping boxes are followed so far; longer ones are rare among a few hundred.
ROUNDS = 8
#: Logit of a mask outside its box; logits inside are kept within +-OUTSIDE.
OUTSIDE = 8.0
#: Greatest logarithm of a change of size, as in torchvision.
_MOST_GROWTH = math.log(1000.0 / 16)
#: Level of a pyramid, the logarithm of its stride, at which a box of canonical size is looked at.
_CANONICAL_LEVEL = 4


def areas(boxes: Tensor) -> Tensor:
    """Return the area of boxes (..., 4)."""
    sides = (boxes[..., 2:] - boxes[..., :2]).clamp(min=0.0)
    return sides[..., 0] * sides[..., 1]


def overlaps(first: Tensor, second: Tensor) -> Tensor:
    """Return the IoU of each of N boxes (B, N, 4) with each of M (B, M, 4), (B, N, M)."""
    top_left = torch.maximum(first[:, :, None, :2], second[:, None, :, :2])
    bottom_right = torch.minimum(first[:, :, None, 2:], second[:, None, :, 2:])
    sides = (bottom_right - top_left).clamp(min=0.0)
    shared = sides[..., 0] * sides[..., 1]
    united = areas(first)[:, :, None] + areas(second)[:, None] - shared
    return shared / united.clamp(min=1e-6)


def kept_of(boxes: Tensor, threshold: float, rounds: int = ROUNDS) -> Tensor:
    """Return 1 for each box that no better one suppresses, else 0, (B, N).

    The boxes are decided all at once and again as often as `rounds`: after so many, each whose
    chain of overlapping better boxes is no longer is decided as one after the other would be.

    Args:
        boxes: (B, N, 4), the best first.
        threshold: Greatest IoU of two boxes that are both kept.
        rounds: How often.
    """
    count = boxes.shape[1]
    earlier = torch.ones(count, count, device=boxes.device).triu(1)
    hits = (overlaps(boxes, boxes) > threshold).to(boxes.dtype) * earlier
    kept = torch.ones_like(boxes[:, :, :1])
    for _ in range(rounds):
        struck = (hits * kept).amax(dim=1)
        kept = 1.0 - struck[:, :, None]
    return kept[:, :, 0]


def moved(boxes: Tensor, deltas: Tensor, weights: Sequence[float], size_px: float) -> Tensor:
    """Return boxes (..., 4) moved and grown by deltas (..., 4), clipped to the picture.

    Args:
        boxes: Where they are.
        deltas: In units of their sides: two of the centre, two logarithms of growth.
        weights: What the deltas of x, y, width and height are divided by.
        size_px: Side of the picture.

    Source:
        Girshick et al. 2014, arXiv:1311.2524, appendix C; weights as in torchvision.
    """
    parts = [deltas[..., place, None] / weight for place, weight in enumerate(weights)]
    shift, growth = torch.cat(parts[:2], dim=-1), torch.cat(parts[2:], dim=-1)
    sides = boxes[..., 2:] - boxes[..., :2]
    centres = boxes[..., :2] + 0.5 * sides + shift * sides
    half = 0.5 * sides * torch.exp(growth.clamp(max=_MOST_GROWTH))
    return torch.cat([centres - half, centres + half], dim=-1).clamp(0.0, size_px)


def pool(values: Tensor, boxes: Tensor, stride: float, size: int) -> Tensor:
    """Return what a map shows in each box, by RoIAlign.

    Args:
        values: (B, C, h, w).
        boxes: (B, N, 4).
        stride: Input pixels per cell of the map.
        size: Cells along each side of the result.

    Returns:
        (B, N, C, size, size), in the map's own type; places are reckoned in float32.

    Source:
        He et al. 2017, "Mask R-CNN", arXiv:1703.06870, section 3; two samples along each side
        of a cell.
    """
    batch, count = boxes.shape[:2]
    numbers = torch.arange(batch, device=boxes.device, dtype=torch.float32)
    numbers = numbers[:, None, None].expand(batch, count, 1)
    rois = torch.cat([numbers, boxes.float()], dim=2).reshape(-1, 5)
    found: Tensor = roi_align(values.float(), rois, size, 1.0 / stride, sampling_ratio=2)
    return found.reshape(batch, count, -1, size, size).to(values.dtype)


def pool_levels(
    maps: Sequence[Tensor], boxes: Tensor, strides: Sequence[int], size: int, canonical_px: float
) -> Tensor:
    """Return the same from that level of a pyramid that suits a box's size.

    All boxes are looked at on all levels, and all but one of the results left out, so that
    shapes do not depend on values.

    Source:
        Lin et al. 2017, "Feature pyramid networks", arXiv:1612.03144, equation 1.
    """
    sides = areas(boxes).clamp(min=1e-6).sqrt()
    wanted = torch.floor(_CANONICAL_LEVEL + torch.log2(sides / canonical_px) + 1e-6)
    levels = [int(math.log2(stride)) for stride in strides]
    wanted = wanted.clamp(levels[0], levels[-1])[:, :, None, None, None]
    found = pool(maps[0], boxes, strides[0], size)
    for values, stride, level in zip(maps[1:], strides[1:], levels[1:], strict=True):
        found = torch.where(wanted == level, pool(values, boxes, stride, size), found)
    return found


def paste(masks: Tensor, boxes: Tensor, cells: int, stride: int) -> Tensor:
    """Return mask logits laid into their boxes, interpolated bilinearly.

    Args:
        masks: (Q, M, M) logits over each box.
        boxes: (Q, 4).
        cells: Side of the result.
        stride: Input pixels per cell of it.

    Returns:
        (Q, 1, cells, cells) logits, `-OUTSIDE` outside the box.
    """
    side = masks.shape[-1]
    masks = masks.to(boxes.dtype)
    centres = (torch.arange(cells, device=boxes.device, dtype=boxes.dtype) + 0.5) * stride
    places = torch.arange(side, device=boxes.device, dtype=boxes.dtype)

    def weights(low: Tensor, high: Tensor) -> Tensor:
        share = (centres[None] - low[:, None]) / (high - low).clamp(min=1e-3)[:, None]
        within = (share >= 0.0) & (share <= 1.0)
        at = (share * side - 0.5).clamp(0.0, side - 1.0)
        hats = (1.0 - (at[:, :, None] - places).abs()).clamp(min=0.0)
        return hats * within[:, :, None].to(masks.dtype)

    down = weights(boxes[:, 1], boxes[:, 3])
    right = weights(boxes[:, 0], boxes[:, 2])
    raised = masks.clamp(-OUTSIDE, OUTSIDE) + OUTSIDE
    return (down @ raised @ right.transpose(1, 2))[:, None] - OUTSIDE
