"""The losses that teach Mask R-CNN: regions, categories, boxes and masks."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection._utils import (  # type: ignore[import-untyped,unused-ignore]
    BalancedPositiveNegativeSampler,
    BoxCoder,
    Matcher,
)
from torchvision.models.detection.image_list import (  # type: ignore[import-untyped,unused-ignore]
    ImageList,
)
from torchvision.ops import box_iou, roi_align  # type: ignore[import-untyped,unused-ignore]

from textseg_core.models.detection.proposals import (
    BOX_WEIGHTS,
    Features,
    ProposalEncoder,
    unshortened,
)
from textseg_core.training.samples import NOTHING
from textseg_core.training.things import MASK_STRIDE, Things

#: Share of the regions that are learnt from that may be things.
POSITIVE = 0.25
_LEAST_SIDE_PX = 1.0


def detection_losses(
    encoder: ProposalEncoder, features: Features, things: Things
) -> dict[str, Tensor]:
    """Return the parts of Mask R-CNN's loss on B images, unweighted.

    Args:
        encoder: In training mode.
        features: Of the images, as `encoder.features` made them.
        things: What they show.

    Returns:
        `regions`, `region_boxes`, `categories`, `boxes` and `masks`.

    Source:
        He et al. 2017, arXiv:1703.06870, section 3; as in torchvision, but boxes and masks do
        not depend on the category, and as many regions are learnt from as are looked at later.
    """
    with unshortened(features.c3):
        return _losses(encoder, features, things)


def _losses(encoder: ProposalEncoder, features: Features, things: Things) -> dict[str, Tensor]:
    size = encoder.input_px
    found = [
        (labels != NOTHING) & ((boxes[:, 2:] - boxes[:, :2]).amin(dim=1) >= _LEAST_SIDE_PX)
        for boxes, labels in zip(things.boxes, things.labels, strict=True)
    ]
    boxes = [own[kept] for own, kept in zip(things.boxes, found, strict=True)]
    labels = [own[kept] + 1 for own, kept in zip(things.labels, found, strict=True)]
    masks = [own[kept] for own, kept in zip(things.masks, found, strict=True)]
    count = len(boxes)
    images = ImageList(features.c3.new_empty(count, 3, size, size), [(size, size)] * count)
    maps = {str(level): values for level, values in enumerate(features.pyramid)}
    proposed, parts = encoder.rpn(images, maps, [{"boxes": own} for own in boxes])

    matcher = Matcher(0.5, 0.5, allow_low_quality_matches=False)
    sampler = BalancedPositiveNegativeSampler(encoder.region_count, POSITIVE)
    regions, wanted, places = [], [], []
    for own_boxes, own_labels, regions_here in zip(boxes, labels, proposed, strict=True):
        regions_here = torch.cat([regions_here.detach(), own_boxes])
        if len(own_boxes):
            matched = matcher(box_iou(own_boxes, regions_here))
            classes = own_labels[matched.clamp(min=0)] * (matched >= 0)
        else:
            matched = torch.full((len(regions_here),), -1, device=regions_here.device)
            classes = torch.zeros_like(matched)
        positive, negative = sampler([classes])
        kept = torch.where(positive[0] | negative[0])[0]
        regions.append(regions_here[kept])
        wanted.append(classes[kept])
        places.append(matched[kept].clamp(min=0))

    # Places that one image lacks are filled up, and left out of the sums.
    most = max(len(here) for here in regions)
    padded = torch.stack([F.pad(here, (0, 0, 0, most - len(here))) for here in regions])
    real = torch.stack([torch.arange(most, device=padded.device) < len(here) for here in regions])
    _, class_logits, deltas = encoder.look(features, padded)
    classes = torch.cat(wanted)
    category = F.cross_entropy(class_logits[real], classes)

    coder = BoxCoder(BOX_WEIGHTS)
    chosen = [torch.where(own > 0)[0] for own in wanted]
    targets = [
        coder.encode_single(own[place[pick]], here[pick])
        for own, place, here, pick in zip(boxes, places, regions, chosen, strict=True)
    ]
    moves = deltas[real][classes > 0]
    box = F.smooth_l1_loss(moves, torch.cat(targets), beta=1 / 9, reduction="sum")

    most = max(1, *(len(pick) for pick in chosen))
    picked = [here[pick] for here, pick in zip(regions, chosen, strict=True)]
    padded = torch.stack([F.pad(here, (0, 0, 0, most - len(here))) for here in picked])
    real = torch.stack([torch.arange(most, device=padded.device) < len(here) for here in picked])
    logits = encoder.masks(features, padded)[real]
    shown = [
        mask_targets(own, place[pick], here, encoder.mask_px)
        for own, place, here, pick in zip(masks, places, picked, chosen, strict=True)
    ]
    mask = F.binary_cross_entropy_with_logits(logits, torch.cat(shown), reduction="sum")
    return {
        "regions": parts["loss_objectness"],
        "region_boxes": parts["loss_rpn_box_reg"],
        "categories": category,
        "boxes": box / max(1, len(classes)),
        "masks": mask / max(1, logits.numel()),
    }


def mask_targets(masks: Tensor, places: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Return what boxes (N, 4) show of the masks that they belong to, (N, side, side) in 0..1.

    Args:
        masks: (M, S / 2, S / 2).
        places: (N,), index of each box's mask.
        boxes: In pixels of the input.
        side: Cells along each side.
    """
    rois = torch.cat([places[:, None].to(boxes.dtype), boxes], dim=1)
    found: Tensor = roi_align(masks[:, None], rois, side, 1.0 / MASK_STRIDE, sampling_ratio=2)
    return found[:, 0].clamp(0.0, 1.0)
