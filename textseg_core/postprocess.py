"""From the network's response back to the camera image: mask and objects."""

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, Float32Array
from textseg_core.geometry import Box, mask_centroid, principal_axis
from textseg_core.response import Response
from textseg_core.segmentation import SegmentedObject


def postprocess(
    response: Response, *, threshold: float, min_area_px: int, max_objects: int
) -> tuple[BoolArray, tuple[SegmentedObject, ...]]:
    """Return mask and objects in pixels of the camera image, as `find_objects` finds them.

    Only where cells of the network respond is looked at pixel by pixel.

    Args:
        response: To one expression.
        threshold: Least response counted as foreground, in (0, 1).
        min_area_px: Smallest object kept, in pixels of the camera image.
        max_objects: Most objects kept; 0 finds none.

    Returns:
        The mask, (H, W), the union of the objects kept; and the objects, best first.
    """
    objects: tuple[SegmentedObject, ...] = ()
    reach = response.reach(threshold) if max_objects > 0 else None
    if reach is not None:
        objects = _find(
            response.within(reach), reach[:2], response.shape, threshold, min_area_px, max_objects
        )
    return union_of(objects, response.shape), objects


def find_objects(
    response_map: Float32Array, *, threshold: float, min_area_px: int, max_objects: int
) -> tuple[SegmentedObject, ...]:
    """Return the connected pieces of what responds, best first.

    Pixels that touch at a side or a corner belong together. Of more than `max_objects` pieces
    the largest are kept. The order is by the sum of the response over the piece, that is mean
    response times area: a speck that responds strongly does not outrank the object.

    Args:
        response_map: (H, W) in [0, 1].
        threshold: Least response counted as foreground (it must be exceeded).
        min_area_px: Smallest piece kept, in pixels of `response_map`, whatever its size.
        max_objects: Most pieces kept; 0 finds none.
    """
    if max_objects < 1:
        return ()
    shape = (response_map.shape[0], response_map.shape[1])
    return _find(response_map, (0, 0), shape, threshold, min_area_px, max_objects)


def _find(
    part: Float32Array,
    corner: tuple[int, int],
    shape: tuple[int, int],
    threshold: float,
    min_area_px: int,
    max_objects: int,
) -> tuple[SegmentedObject, ...]:
    """Return the objects in a part of a response map (H, W) that begins at (x, y)."""
    foreground = (part > threshold).view(np.uint8)
    x, y, width, height = cv2.boundingRect(foreground)
    if not width:
        return ()
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        foreground[y : y + height, x : x + width], connectivity=8
    )
    areas = stats[1:, cv2.CC_STAT_AREA]
    largest = np.argsort(-areas, kind="stable")[:max_objects]
    objects = []
    for index in largest[areas[largest] >= min_area_px]:
        label = int(index) + 1
        left, top, columns, rows = (int(value) for value in stats[label, :4])
        piece = labels[top : top + rows, left : left + columns] == label
        left, top = left + x, top + y
        inside = part[top : top + rows, left : left + columns]
        box = (left + corner[0], top + corner[1], columns, rows)
        objects.append(_describe(piece, inside, int(areas[index]), box, shape))
    return tuple(sorted(objects, key=lambda found: -found.score * found.area))


def union_of(objects: tuple[SegmentedObject, ...], shape: tuple[int, ...]) -> BoolArray:
    """Return the mask (H, W) that covers all of the objects."""
    mask: BoolArray = np.zeros(shape, np.bool_)
    for found in objects:
        x, y, width, height = found.box
        mask[y : y + height, x : x + width] |= found.mask[y : y + height, x : x + width]
    return mask


def object_of(mask: BoolArray, score: float) -> SegmentedObject:
    """Return one thing as an object, even if it shows in several pieces.

    Args:
        mask: Its pixels, (H, W).
        score: How sure it is, in [0, 1]; it stands at every pixel.

    Raises:
        ValueError: If the mask is empty.
    """
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    piece = mask[y : y + height, x : x + width]
    response = np.full(piece.shape, score, np.float32)
    area = int(np.count_nonzero(piece))
    return _describe(piece, response, area, (x, y, width, height), (mask.shape[0], mask.shape[1]))


def _describe(
    piece: BoolArray, response: Float32Array, area: int, box: Box, shape: tuple[int, int]
) -> SegmentedObject:
    """Return the object whose mask and response within its box are given."""
    x, y, width, height = box
    centroid, axis = mask_centroid(piece), principal_axis(piece)
    if centroid is None or axis is None:
        raise ValueError(f"an object must have at least one pixel, got none in box {box}")
    mask: BoolArray = np.zeros(shape, np.bool_)
    mask[y : y + height, x : x + width] = piece
    score = cv2.mean(response, mask=piece.view(np.uint8))[0]
    return SegmentedObject(
        mask=mask,
        box=box,
        area=area,
        centroid=(centroid[0] + x, centroid[1] + y),
        axis=axis,
        score=min(float(score), 1.0),
    )
