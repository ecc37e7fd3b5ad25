"""The response to an expression at pixels of the camera image, where it is asked for."""

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, Float32Array, Int64Array
from textseg_core.geometry import Box
from textseg_core.preprocess import Letterbox

#: Beyond it the sigmoid is 0 or 1 in float32; keeps exp() within float32.
LARGEST_LOGIT = 80.0
#: What rounding may add to a logit between two cells.
_ROUNDING = 1e-3


class Response:
    """How well each pixel of a camera image fits an expression.

    A cell's value belongs to the centre of the cell. Each pixel takes the logit interpolated
    bilinearly at its own exact place, then the sigmoid; beyond the outermost cell centres the
    outermost value holds. That costs more than all else that is made of an answer, so it is done
    for the pixels that are asked for.

    Args:
        logits: One value per cell, (h, w), cells covering the whole network input.
        letterbox: Where the camera image lay in the network input.

    Attributes:
        shape: (H, W) of the camera image.

    Raises:
        ValueError: If `logits` is not (h, w), or holds NaN or infinity.
    """

    def __init__(self, logits: Float32Array, letterbox: Letterbox) -> None:
        if logits.ndim != 2 or logits.size == 0:
            raise ValueError(f"logits must be (h, w) with at least one cell, got {logits.shape}")
        finite = np.isfinite(logits)
        if not finite.all():
            spoilt = int(logits.size - finite.sum())
            raise ValueError(
                f"response holds NaN or infinity in {spoilt} of {logits.size} cells, expected "
                "finite logits; the result is refused, check the weights and the precision of the "
                "backend"
            )
        # The sigmoid of x is 1 / (1 + exp(-x)): negated here, where there are few values.
        self._negated = np.clip(-logits, -LARGEST_LOGIT, LARGEST_LOGIT, dtype=np.float32)
        self._letterbox = letterbox
        self._whole: Float32Array | None = None
        self.shape = (letterbox.image_height, letterbox.image_width)

    def everywhere(self) -> Float32Array:
        """Return the response of all pixels, (H, W) in [0, 1]; always the same array."""
        if self._whole is None:
            self._whole = self.within((0, 0, self.shape[1], self.shape[0]))
        return self._whole

    def within(self, box: Box) -> Float32Array:
        """Return the response in a box (x, y, width, height), (height, width) in [0, 1]."""
        response = _enlarge_evenly(self._negated, self._letterbox, box)
        if response is None:
            response = _interpolate(self._negated, self._letterbox, box)
        # In place: another buffer of this size costs more than what is computed.
        np.exp(response, out=response)
        response += 1.0
        np.reciprocal(response, out=response)
        return response

    def reach(self, threshold: float) -> Box | None:
        """Return a box outside of which no pixel exceeds the threshold; None if none does at all.

        It is that of the cells that exceed it, with all pixels that they have a share in.

        Args:
            threshold: In (0, 1).
        """
        highest = math.log(1.0 / threshold - 1.0) + _ROUNDING
        x, y, columns, rows = cv2.boundingRect((self._negated <= highest).view(np.uint8))
        if not columns:
            return None
        down, across = _sides(self._negated, self._letterbox)
        left, right = across.pixels_of(x, x + columns)
        top, bottom = down.pixels_of(y, y + rows)
        if left >= right or top >= bottom:
            return None
        return left, top, right - left, bottom - top


def _enlarge_evenly(values: Float32Array, letterbox: Letterbox, box: Box) -> Float32Array | None:
    """Return what `_interpolate` returns, three times as fast, by OpenCV's `resize`.

    Possible where a cell is a whole number of camera pixels wide and high, and the image begins
    at a whole one, as for most cameras' sizes; else None.
    """
    pixels, left = _whole(letterbox.image_width, letterbox.content_width, letterbox.left)
    again, top = _whole(letterbox.image_height, letterbox.content_height, letterbox.top)
    side = pixels * letterbox.size_px
    if not pixels or pixels != again or any(side % cells for cells in values.shape):
        return None
    # The cells that the box covers, and one more on each side for the interpolation.
    spans = []
    for cells, start, length in zip(
        values.shape, (top + box[1], left + box[0]), (box[3], box[2]), strict=True
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


def _interpolate(values: Float32Array, letterbox: Letterbox, box: Box) -> Float32Array:
    """Return (height, width) of a box in the image from (cells, cells) for any placement.

    OpenCV's warps round places to 1/32 of a cell, which is more than a pixel on large images, and
    its `resize` knows whole pixels only; and products with interpolation matrices are slow where
    NumPy has no fast BLAS, as on plain Debian.
    """
    x, y, width, height = box
    down, across = _sides(values, letterbox)
    # Whole rows are picked each time, which is a copy; picking columns would be slow.
    tall = cv2.transpose(_mix_rows(values, down, slice(y, y + height)))
    wide = cv2.transpose(_mix_rows(tall, across, slice(x, x + width)))
    result: Float32Array = wide.astype(np.float32, copy=False)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """For each pixel along one side, the cells around it and the share of the second one."""

    before: Int64Array
    after: Int64Array
    share: Float32Array

    def pixels_of(self, first: int, end: int) -> tuple[int, int]:
        """Return which pixels take part of their value from the cells `first` to `end` - 1."""
        return (
            int(np.searchsorted(self.after, first)),
            int(np.searchsorted(self.before, end)),
        )


def _sides(values: Float32Array, letterbox: Letterbox) -> tuple[_Side, _Side]:
    """Return how the rows and the columns of the image lie among those of the cells."""
    box = letterbox
    rows, columns = values.shape
    return (
        _side(rows, box.image_height, box.content_height, box.top, box.size_px),
        _side(columns, box.image_width, box.content_width, box.left, box.size_px),
    )


@lru_cache(maxsize=16)
def _side(cells: int, pixels: int, content_px: int, offset_px: int, size_px: int) -> _Side:
    """Return between which cells each pixel lies, (pixels,) each, and how far along."""
    places_px = (np.arange(pixels) + 0.5) * content_px / pixels + offset_px
    places = np.clip(places_px * cells / size_px - 0.5, 0.0, cells - 1.0)
    before = np.minimum(places.astype(np.int64), max(cells - 2, 0))
    after = np.minimum(before + 1, cells - 1)
    return _Side(before, after, (places - before).astype(np.float32)[:, None])


def _mix_rows(values: AnyArray, side: _Side, pixels: slice) -> AnyArray:
    """Return some of (pixels, w) from (cells, w): each row between its two neighbours."""
    mixed: AnyArray = values[side.after[pixels]]
    first = values[side.before[pixels]]
    mixed -= first
    mixed *= side.share[pixels]
    mixed += first
    return mixed
