"""Which object each pixel belongs to: the instance id image and the names of its ids."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textseg_core.dialogue.turn import Turn
from textseg_core.segmentation import Segmentation
from textseg_ros.messages import MessageTypes

BACKGROUND = 0
LARGEST_ID = 65534
"""vision_msgs/VisionClass keeps 65535 for what has no label."""


def label_ids(segmentation: Segmentation, turn: Turn, *, tracked: bool) -> list[int]:
    """Return the id of each object's pixels: its track's, or else its rank from 1.

    Track ids beyond `LARGEST_ID` begin again at 1.
    """
    ranks = range(1, len(segmentation.objects) + 1)
    ids: Sequence[int] = turn.tracked.track_ids if tracked else ranks
    return [(one - 1) % LARGEST_ID + 1 for one in ids]


def label_pixels(segmentation: Segmentation, ids: Sequence[int]) -> NDArray[np.uint16]:
    """Return the id of the object at each pixel, (H, W) uint16, `BACKGROUND` where there is none.

    Where objects overlap, the better one is shown.
    """
    labels = np.full(segmentation.mask.shape, BACKGROUND, np.uint16)
    for found, one in reversed(list(zip(segmentation.objects, ids, strict=True))):
        x, y, width, height = found.box
        window = slice(y, y + height), slice(x, x + width)
        labels[window][found.mask[window]] = one
    return labels


def label_info_message(
    types: MessageTypes,
    header: Any,
    segmentation: Segmentation,
    turn: Turn,
    ids: Sequence[int],
    threshold: float,
) -> Any:
    """Return vision_msgs/LabelInfo: what the ids of this image's `labels` stand for.

    An object's name is the expression, followed by what tells it from the other candidates while
    it is asked which one is meant: "the mug (left)".

    Args:
        types: Message classes.
        header: Of the image.
        segmentation: What was found.
        turn: What is said of it.
        ids: Of its objects.
        threshold: Least response counted as foreground.
    """
    expression = segmentation.expression
    names = {BACKGROUND: "background"}
    for one, label in zip(ids, turn.labels, strict=True):
        names[one] = f"{expression} ({label})" if label else expression
    vision_class = types.get("vision_msgs/msg/VisionClass")
    return types.get("vision_msgs/msg/LabelInfo")(
        header=header,
        class_map=[vision_class(class_id=one, class_name=name) for one, name in names.items()],
        threshold=float(threshold),
    )
