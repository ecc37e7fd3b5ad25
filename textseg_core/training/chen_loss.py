"""The losses of Chen et al. 2019: the detector's behind the gate, response and caption."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection._utils import (  # type: ignore[import-untyped,unused-ignore]
    BoxCoder,
)

from textseg_core.models.captioner import caption_loss
from textseg_core.models.chen2019 import Boxes, Chen2019Network, GatedDetector
from textseg_core.models.detection.boxes import overlaps, pool
from textseg_core.models.detection.proposals import BOX_WEIGHTS, REGION_WEIGHTS
from textseg_core.models.rmi import for_each

#: IoU from which an anchor is what is meant, and below which it is background.
_SURE, _UNLIKE = 0.7, 0.3
_LIKE = 0.5  # of a proposal
_BETA = 1 / 9
#: Besides the proposals the box itself is learnt from, and it shaken: shift in sides, growth.
_SHAKES = ((0.0, 0.0, 1.0), (0.12, -0.1, 1.15), (-0.1, 0.12, 0.87))


def chen_losses(
    network: Chen2019Network,
    features: Tensor,
    read: tuple[Tensor, Tensor],
    token_ids: Tensor,
    target: Tensor,
) -> dict[str, Tensor]:
    """Return `roi`, `response` and, with a captioner, `caption`, unweighted.

    What is meant by an expression is one box here, that around all of its mask, as the answer is
    one box. An expression that means nothing teaches that every box and cell is background.

    Args:
        network: In training mode.
        features: Of B images, (B, C, h, w).
        read: Filters and fusion of Q expressions, Q / B for each image, in order.
        token_ids: (Q, T).
        target: Share of each cell that is meant, (Q, 1, s, s).

    Source:
        Chen et al. 2019, equations 4 and 6: L = L_roi + L_res + alpha L_cap.
    """
    head = network.query_head
    stride = network.input_px / target.shape[-1]
    boxes, there = target_boxes(target, stride)
    each = for_each(features, read[0])
    response = head.respond(each, *read)
    gated = head.gate(each, response)
    found = head.search(gated)
    parts = {
        "roi": region_loss(head, found, boxes, there)
        + box_loss(head, gated, found, boxes, there, target, stride),
        "response": response_loss(response, target),
    }
    if network.captioner is not None:
        logits = network.caption(features, gated, token_ids)
        parts["caption"] = caption_loss(logits, token_ids, there)
    return parts


def response_loss(response: Tensor, target: Tensor) -> Tensor:
    """Return L_res: the logistic loss of the response's logits (Q, 1, h, w) in each cell."""
    share = F.avg_pool2d(target, target.shape[-1] // response.shape[-1])
    return F.binary_cross_entropy_with_logits(response, share)


def target_boxes(target: Tensor, stride: float) -> tuple[Tensor, Tensor]:
    """Return the box around each mask.

    Args:
        target: (Q, 1, s, s) in 0..1. Where a thing is smaller than a cell, the cells that it
            fills most stand for it.
        stride: Pixels per cell.

    Returns:
        Boxes (Q, 4) in pixels, zero where the mask is empty, and 1 where it is not, (Q,).
    """
    most = target.amax(dim=(1, 2, 3), keepdim=True)
    found = ((target >= most.clamp(max=1.0) / 2) & (target > 0))[:, 0]
    place = torch.arange(target.shape[-1], device=target.device, dtype=target.dtype)
    sides = []
    for lines in (found.any(dim=1), found.any(dim=2)):
        low = torch.where(lines, place, place.new_tensor(float(len(place)))).amin(dim=1)
        high = torch.where(lines, place + 1, place.new_zeros(())).amax(dim=1)
        sides.append((low, high))
    there = found.any(dim=2).any(dim=1).to(target.dtype)
    (x0, x1), (y0, y1) = sides
    return torch.stack([x0, y0, x1, y1], dim=1) * stride * there[:, None], there


def region_loss(head: GatedDetector, found: Boxes, boxes: Tensor, there: Tensor) -> Tensor:
    """Return the loss of objectness and boxes of all anchors.

    Anchors of the thing and of the background count half each; He et al. draw as many of both.
    """
    like = overlaps(head.anchors.expand(len(boxes), -1, -1), boxes[:, None])[:, :, 0]
    best = like.amax(dim=1, keepdim=True).clamp(min=1e-3)
    meant = ((like >= _SURE) | (like >= best)).to(boxes.dtype) * there[:, None]
    other = (like < _UNLIKE).to(boxes.dtype) * (1 - meant)
    each = F.binary_cross_entropy_with_logits(found.objectness, meant, reduction="none")
    objectness = (_mean(each, meant, 1) * there + _mean(each, other, 1)).mean() / 2
    rows, places = torch.where(meant > 0)
    wanted = BoxCoder(REGION_WEIGHTS).encode_single(boxes[rows], head.anchors[places])
    return objectness + _box_change_loss(found.change[rows, places], wanted, len(rows))


def box_loss(
    head: GatedDetector,
    gated: Tensor,
    found: Boxes,
    boxes: Tensor,
    there: Tensor,
    target: Tensor,
    stride: float,
) -> Tensor:
    """Return the loss of scores, boxes and masks of the proposals and of the box itself."""
    proposed = head.propose(found).detach()
    looked = torch.cat([proposed, shaken(boxes, float(gated.shape[-1]) * 16)], dim=1)
    counts = torch.ones_like(looked[:, :, 0])
    counts[:, proposed.shape[1] :] = there[:, None]
    meant = (overlaps(looked, boxes[:, None])[:, :, 0] >= _LIKE).to(boxes.dtype) * there[:, None]
    deep = head.look(gated, looked)
    scores, change = head.judge(deep, looked)
    score = F.binary_cross_entropy_with_logits(scores, meant, reduction="none")
    total = (score * counts).sum() / counts.sum()
    rows, places = torch.where(meant > 0)
    if not len(rows):
        return total
    wanted = BoxCoder(BOX_WEIGHTS).encode_single(boxes[rows], looked[rows, places])
    logits = head.mask(deep.view(*looked.shape[:2], *deep.shape[1:])[rows, places])
    shown = pool(target, looked, stride, logits.shape[-1])[rows, places].clamp(0.0, 1.0)
    mask = F.binary_cross_entropy_with_logits(logits, shown)
    return total + _box_change_loss(change[rows, places], wanted, looked[..., 0].numel()) + mask


def shaken(boxes: Tensor, side: float) -> Tensor:
    """Return boxes (Q, 4) as they are and a little beside themselves, (Q, 3, 4)."""
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    made = []
    for right, down, growth in _SHAKES:
        new = centre + size * size.new_tensor((right, down))
        made.append(torch.cat([new - size * growth / 2, new + size * growth / 2], dim=1))
    return torch.stack(made, dim=1).clamp(0.0, side)


def _box_change_loss(change: Tensor, wanted: Tensor, count: int) -> Tensor:
    loss = F.smooth_l1_loss(change, wanted, beta=_BETA, reduction="sum")
    return loss / max(1, count)


def _mean(values: Tensor, weight: Tensor, dim: int) -> Tensor:
    return (values * weight).sum(dim=dim) / weight.sum(dim=dim).clamp(min=1.0)
