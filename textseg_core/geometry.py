"""From a mask to the numbers that a gripper needs: box, a point on the object, main axis.

Pixel coordinates throughout: u rightwards, v downwards, (0, 0) at the centre of the top-left
pixel.
"""

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, UInt8Array

Box: TypeAlias = tuple[int, int, int, int]

#: A point counts as deep inside an object from this share of the greatest depth on.
DEEP_SHARE = 0.75
#: Variance of one pixel's own extent, a square of side 1.
PIXEL_VARIANCE = 1.0 / 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Main axis of an object.

    Attributes:
        angle_rad: Against +u, turning towards +v, in (-pi/2, pi/2]; 0 if no direction prevails.
        major_px: Four standard deviations along the axis, pixels.
        minor_px: Four standard deviations across it, pixels.
    """

    angle_rad: float
    major_px: float
    minor_px: float


def mask_box(mask: BoolArray) -> Box | None:
    """Return the smallest box that holds a mask.

    Args:
        mask: Foreground, shape (H, W).

    Returns:
        (x, y, width, height) in pixels; None if the mask is empty.

    Raises:
        ValueError: If `mask` is not a two-dimensional bool array.
    """
    x, y, width, height = cv2.boundingRect(_as_bytes(mask))
    return (int(x), int(y), int(width), int(height)) if width else None


def mask_centroid(mask: BoolArray) -> tuple[float, float] | None:
    """Return the centroid of a mask, or a point near it that lies on the mask.

    The mean position is the answer if the (up to four) pixels around it are foreground. In a C,
    a ring or an L it may not be: then the answer is, of the pixels that lie at least
    `DEEP_SHARE` as far from the rim as the deepest pixel does, the one nearest to the mean, so
    that a gripper aims neither beside the object nor at its rim. Of equally near ones the first
    in reading order is taken. The edge of the array counts as rim.

    Args:
        mask: Foreground, shape (H, W).

    Returns:
        (u, v) in pixels, on a foreground pixel however it is rounded; None if the mask is empty.

    Raises:
        ValueError: If `mask` is not a two-dimensional bool array.

    Source:
        First-order image moments: Hu 1962, doi:10.1109/TIT.1962.1057692.
    """
    pixels = _as_bytes(mask)
    moments = cv2.moments(pixels, binaryImage=True)
    if not moments["m00"]:
        return None
    u, v = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    if mask[math.floor(v) : math.ceil(v) + 1, math.floor(u) : math.ceil(u) + 1].all():
        return u, v
    rimmed = cv2.copyMakeBorder(pixels, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = cv2.distanceTransform(rimmed, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    deep = (depth >= DEEP_SHARE * depth.max()).view(np.uint8)
    across = (np.arange(mask.shape[1], dtype=np.float32) - np.float32(u)) ** 2
    down = (np.arange(mask.shape[0], dtype=np.float32) - np.float32(v)) ** 2
    _, _, nearest, _ = cv2.minMaxLoc(across + down[:, np.newaxis], mask=deep)
    return float(nearest[0]), float(nearest[1])


def principal_axis(mask: BoolArray) -> Axis | None:
    """Return the main axis of a mask.

    Each pixel counts as a square of side 1, so that a rectangle of side a has the length
    4 a / sqrt(12) = 1.155 a, one pixel has 1.155 both ways, and no length is ever zero.

    Args:
        mask: Foreground, shape (H, W).

    Returns:
        Direction and lengths; None if the mask is empty.

    Raises:
        ValueError: If `mask` is not a two-dimensional bool array.

    Source:
        Second-order central moments: Hu 1962, doi:10.1109/TIT.1962.1057692.
    """
    moments = cv2.moments(_as_bytes(mask), binaryImage=True)
    area = moments["m00"]
    if not area:
        return None
    uu = moments["mu20"] / area + PIXEL_VARIANCE
    vv = moments["mu02"] / area + PIXEL_VARIANCE
    uv = moments["mu11"] / area
    middle, spread = (uu + vv) / 2.0, math.hypot((uu - vv) / 2.0, uv)
    # Rounding alone must not choose a direction for a disc or a square.
    angle = 0.5 * math.atan2(2.0 * uv, uu - vv) if spread > 1e-9 * middle else 0.0
    if angle <= -math.pi / 2.0:
        angle += math.pi
    return Axis(
        angle_rad=angle,
        major_px=4.0 * math.sqrt(middle + spread),
        minor_px=4.0 * math.sqrt(max(middle - spread, PIXEL_VARIANCE)),
    )


def _as_bytes(mask: BoolArray) -> UInt8Array:
    """Return the mask as OpenCV takes it, 0 or 1; refuse what is no mask."""
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ValueError(f"mask must be bool (H, W), got {mask.dtype} {mask.shape}")
    return np.ascontiguousarray(mask).view(np.uint8)
