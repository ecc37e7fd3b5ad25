"""Pictures of coloured rectangles and the answers a network would give, for tests of videos."""

from collections.abc import Sequence

import numpy as np

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.command import parse_command
from textseg_core.postprocess import find_objects, union_of
from textseg_core.segmentation import Segmentation, SegmentedObject, Status

Box = tuple[int, int, int, int]
"""(left, top, right, bottom)."""
HEIGHT, WIDTH = 100, 200
RED, GREEN, BLUE = (200, 30, 30), (30, 160, 40), (30, 50, 190)


def picture(
    *painted: tuple[Box, tuple[int, int, int]], height: int = HEIGHT, width: int = WIDTH
) -> UInt8Array:
    """A grey picture with filled boxes."""
    image = np.full((height, width, 3), 128, np.uint8)
    for (left, top, right, bottom), color in painted:
        image[top:bottom, left:right] = color
    return image


def answer(
    *boxes: Box,
    status: Status | None = None,
    expression: str = "the mug",
    scores: Sequence[float] = (),
    height: int = HEIGHT,
    width: int = WIDTH,
) -> Segmentation:
    """An answer that shows boxes, best first; by default found if one, ambiguous if more."""
    chosen = list(scores) or [0.9 - 0.01 * rank for rank in range(len(boxes))]
    objects: list[SegmentedObject] = []
    response = np.zeros((height, width), np.float32)
    for box, score in zip(boxes, chosen, strict=True):
        mask = box_mask(box, height, width)
        alone = np.where(mask, np.float32(score), np.float32(0.0))
        response = np.maximum(response, alone)
        objects += find_objects(alone, threshold=0.5, min_area_px=1, max_objects=1)
    command = parse_command(expression)
    several = Status.AMBIGUOUS if len(boxes) > 1 else Status.FOUND
    return Segmentation(
        mask=union_of(tuple(objects), (height, width)),
        response=lambda: response,
        score=0.9,
        objects=tuple(objects),
        status=status or (several if boxes else Status.NOT_FOUND),
        expression=command.expression,
        command=command,
    )


def box_mask(box: Box, height: int = HEIGHT, width: int = WIDTH) -> BoolArray:
    mask: BoolArray = np.zeros((height, width), np.bool_)
    mask[box[1] : box[3], box[0] : box[2]] = True
    return mask


def moved(box: Box, u: int, v: int = 0) -> Box:
    return box[0] + u, box[1] + v, box[2] + u, box[3] + v
