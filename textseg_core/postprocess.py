"""From the network's logits back to the camera image: response map, mask and objects."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, Int64Array
from textseg_core.geometry import mask_centroid, principal_axis
from textseg_core.preprocess import Letterbox
from textseg_core.segmentation import SegmentedObject

#: Beyond it the sigmoid is 0 or 1 in float32; keeps exp() within float32.
LARGEST_LOGIT = 80.0


def postprocess(
    logits: Float32Array,
    letterbox: Letterbox,
    *,
    threshold: float,
    min_area_px: int,
    max_objects: int,
) -> tuple[Float32Array, BoolArray, tuple[SegmentedObject, ...]]:
    """Return response map, mask and objects in pixels of the camera image.

    Args:
        logits: One value per cell of the network input, (h, w).
        letterbox: Where the camera image lay in the network input.
        threshold: Least response counted as foreground, in (0, 1).
        min_area_px: Smallest object kept, in pixels of the camera image.
        max_objects: Most objects kept; 0 finds none.

    Returns:
        The response map, (H, W) in [0, 1]; the mask, (H, W), the union of the objects kept; and
        the objects, best first.

    Raises:
        ValueError: If the logits are not (h, w), or hold NaN or infinity.
    """
    response_map = response_from_logits(logits, letterbox)
    objects = find_objects(
        response_map, threshold=threshold, min_area_px=min_area_px, max_objects=max_objects
    )
    return response_map, union_of(objects, response_map.shape), objects


def response_from_logits(logits: Float32Array, letterbox: Letterbox) -> Float32Array:
    """Return the response at every pixel of the camera image.

    A cell's value belongs to the centre of the cell. Each pixel takes the logit interpolated
    bilinearly at its own exact place, then the sigmoid; beyond the outermost cell centres the
    outermost value holds.

    Args:
        logits: One value per cell, (h, w), cells covering the whole network input.
        letterbox: Where the camera image lay in the network input.

    Returns:
        (H, W) in [0, 1].

    Raises:
        ValueError: If `logits` is not (h, w), or holds NaN or infinity.
    """
    if logits.ndim != 2 or logits.size == 0:
        raise ValueError(f"logits must be (h, w) with at least one cell, got {logits.shape}")
    if not np.isfinite(logits).all():
        spoilt = int(logits.size - np.isfinite(logits).sum())
        raise ValueError(
            f"response holds NaN or infinity in {spoilt} of {logits.size} cells, expected finite "
            "logits; the result is refused, check the weights and the precision of the backend"
        )
    bounded = np.clip(-logits, -LARGEST_LOGIT, LARGEST_LOGIT, dtype=np.float32)
    # The sigmoid of the negative, in place.
    response = _enlarge_evenly(bounded, letterbox)
    if response is None:
        response = _interpolate(bounded, letterbox)
    np.exp(response, out=response)
    response += 1.0
    np.reciprocal(response, out=response)
    return response


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
    foreground = (response_map > threshold).view(np.uint8)
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
        box = (left + x, top + y, columns, rows)
        objects.append(_describe(piece, box, int(areas[index]), response_map))
    return tuple(sorted(objects, key=lambda found: -found.score * found.area))


def union_of(objects: tuple[SegmentedObject, ...], shape: tuple[int, ...]) -> BoolArray:
    """Return the mask (H, W) that covers all of the objects."""
    mask: BoolArray = np.zeros(shape, np.bool_)
    for found in objects:
        x, y, width, height = found.box
        mask[y : y + height, x : x + width] |= found.mask[y : y + height, x : x + width]
    return mask


def _describe(
    piece: BoolArray, box: tuple[int, int, int, int], area: int, response_map: Float32Array
) -> SegmentedObject:
    """Return the object whose mask within its box is `piece`."""
    x, y, width, height = box
    centroid, axis = mask_centroid(piece), principal_axis(piece)
    if centroid is None or axis is None:
        raise ValueError(f"an object must have at least one pixel, got none in box {box}")
    mask: BoolArray = np.zeros(response_map.shape, np.bool_)
    mask[y : y + height, x : x + width] = piece
    score = cv2.mean(response_map[y : y + height, x : x + width], mask=piece.view(np.uint8))[0]
    return SegmentedObject(
        mask=mask,
        box=box,
        area=area,
        centroid=(centroid[0] + x, centroid[1] + y),
        axis=axis,
        score=min(float(score), 1.0),
    )


def _enlarge_evenly(values: Float32Array, letterbox: Letterbox) -> Float32Array | None:
    """Return what `_interpolate` returns, three times as fast, by OpenCV's `resize`.

    Possible where a cell is a whole number of camera pixels wide and high, and the image begins
    at a whole one, as for most cameras' sizes; else None.
    """
    pixels, left = _whole(letterbox.image_width, letterbox.content_width, letterbox.left)
    again, top = _whole(letterbox.image_height, letterbox.content_height, letterbox.top)
    side = pixels * letterbox.size_px
    if not pixels or pixels != again or any(side % cells for cells in values.shape):
        return None
    # The cells that the image covers, and one more on each side for the interpolation.
    spans = []
    for cells, start, length in zip(
        values.shape, (top, left), (letterbox.image_height, letterbox.image_width), strict=True
    ):
        scale = side // cells
        first = max(0, start // scale - 1)
        last = min(cells, -(-(start + length) // scale) + 1)
        spans.append((first, last, scale, start - first * scale, length))
    (top_cell, bottom_cell, tall, y, height), (left_cell, right_cell, broad, x, width) = spans
    covered = values[top_cell:bottom_cell, left_cell:right_cell]
    size = (covered.shape[1] * broad, covered.shape[0] * tall)
    large = cv2.resize(covered, size, interpolation=cv2.INTER_LINEAR)
    result: Float32Array = np.ascontiguousarray(large[y : y + height, x : x + width], np.float32)
    return result


def _whole(image: int, content: int, offset: int) -> tuple[int, int]:
    """Return camera pixels per input pixel and where the image begins, in them; or zeros."""
    return (0, 0) if image % content else (image // content, offset * (image // content))


def _interpolate(values: Float32Array, letterbox: Letterbox) -> Float32Array:
    """Return (H, W) from (cells, cells) for any placement.

    OpenCV's warps round places to 1/32 of a cell, which is more than a pixel on large images, and
    its `resize` knows whole pixels only; and products with interpolation matrices are slow where
    NumPy has no fast BLAS, as on plain Debian.
    """
    rows = _neighbours(
        values.shape[0],
        letterbox.image_height,
        letterbox.content_height,
        letterbox.top,
        letterbox.size_px,
    )
    columns = _neighbours(
        values.shape[1],
        letterbox.image_width,
        letterbox.content_width,
        letterbox.left,
        letterbox.size_px,
    )
    # Whole rows are picked each time, which is a copy; picking columns would be slow.
    tall = cv2.transpose(_mix_rows(values, rows))
    result: Float32Array = cv2.transpose(_mix_rows(tall, columns)).astype(np.float32, copy=False)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Neighbours:
    """For each pixel along one side, the cells around it and the share of the second one."""

    before: Int64Array
    after: Int64Array
    share: Float32Array


@lru_cache(maxsize=16)
def _neighbours(
    cells: int, pixels: int, content_px: int, offset_px: int, size_px: int
) -> _Neighbours:
    """Return between which cells each pixel lies, (pixels,) each, and how far along."""
    places_px = (np.arange(pixels) + 0.5) * content_px / pixels + offset_px
    places = np.clip(places_px * cells / size_px - 0.5, 0.0, cells - 1.0)
    before = np.minimum(places.astype(np.int64), max(cells - 2, 0))
    after = np.minimum(before + 1, cells - 1)
    return _Neighbours(before, after, (places - before).astype(np.float32)[:, None])


def _mix_rows(values: AnyArray, neighbours: _Neighbours) -> AnyArray:
    """Return (pixels, w) from (cells, w): each row between its two neighbours."""
    mixed: AnyArray = values[neighbours.after]
    first = values[neighbours.before]
    mixed -= first
    mixed *= neighbours.share
    mixed += first
    return mixed
