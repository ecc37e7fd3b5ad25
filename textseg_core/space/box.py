"""From points of a surface to axes, an oriented box and quaternions."""

from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import Float64Array
from textseg_core.transforms.rigid import quaternion_from_matrix, quaternion_matrix

#: Share of the points that may lie beyond each side of a box: noise, not shape.
BEYOND = 0.005
#: An axis nearer to a direction than this cosine gives no sense to what is across it.
_PARALLEL = 0.95
_AHEAD = [0.0, 0.0, 1.0]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrientedBox:
    """A box turned to what it holds.

    Attributes:
        centre: Metres, (3,).
        size: Lengths along its own x, y and z, metres, (3,).
        quaternion: Its axes' rotation in the frame of the points, (x, y, z, w).
    """

    centre: Float64Array
    size: Float64Array
    quaternion: Float64Array


def principal_rotation(points: Float64Array, towards: Float64Array) -> tuple[Float64Array, float]:
    """Return axes along and across a surface, and how much longer than wide it is.

    x is the direction in which the points spread most, of its two senses the one to the right in
    the image, or downwards where it is upright in it; z is across x and as near to `towards` as
    can be; y completes a right-handed frame.

    Args:
        points: (N, 3).
        towards: Where z shall point, unit length; where x is nearly parallel to it, z points
            to the camera instead, or up in the image, or else ahead.

    Returns:
        Columns x, y, z, (3, 3), and 1 - (second / first standard deviation), in [0, 1]:
        near 0 no direction prevails and x means nothing.
    """
    centre = points.mean(axis=0)
    spread, axes = np.linalg.eigh(np.cov((points - centre).T, bias=True))
    x = axes[:, 2]
    if x[0] < -1e-6 or (abs(x[0]) <= 1e-6 and x[1] < 0.0):
        x = -x
    to_camera = -centre / max(float(np.linalg.norm(centre)), 1e-9)
    choices = (towards, to_camera, [0.0, -1.0, 0.0], _AHEAD)
    wanted = next(one for one in map(np.asarray, choices) if abs(float(one @ x)) < _PARALLEL)
    z = wanted - (wanted @ x) * x
    z = z / np.linalg.norm(z)
    elongation = 1.0 - float(np.sqrt(max(spread[1], 0.0) / max(spread[2], 1e-18)))
    return np.stack([x, np.cross(z, x), z], axis=1), elongation


def box_along(points: Float64Array, rotation: Float64Array) -> OrientedBox:
    """Return the box along given axes that holds all points but the outermost.

    Args:
        points: (N, 3).
        rotation: Columns are the axes, (3, 3).
    """
    local = points @ rotation
    low, high = np.quantile(local, [BEYOND, 1.0 - BEYOND], axis=0)
    return OrientedBox(
        centre=rotation @ ((low + high) / 2.0),
        size=high - low,
        quaternion=quaternion_of(rotation),
    )


def upright_box(points: Float64Array, up: Float64Array) -> OrientedBox:
    """Return the box whose z is `up` and whose floor has the least area, x its longer side.

    Args:
        points: (N, 3).
        up: Unit length, (3,).

    Source:
        The least rectangle lies along an edge of the convex hull: Freeman and Shapira 1975,
        doi:10.1145/360881.360919; OpenCV's minAreaRect.
    """
    side = np.cross(up, np.eye(3)[int(np.abs(up).argmin())])
    side = side / np.linalg.norm(side)
    across = np.cross(up, side)
    floor = np.stack([points @ side, points @ across], axis=1)
    middle = np.median(floor, axis=0)
    away = np.linalg.norm(floor - middle, axis=1)
    kept = (floor - middle)[away <= np.quantile(away, 1.0 - BEYOND)]
    _, (wide, high), degrees = cv2.minAreaRect(kept.astype(np.float32))
    angle = np.radians(degrees + (0.0 if wide >= high else 90.0))
    x = np.cos(angle) * side + np.sin(angle) * across
    if x[0] < 0.0:
        x = -x
    return box_along(points, np.stack([x, np.cross(up, x), up], axis=1))


def quaternion_of(rotation: Float64Array) -> Float64Array:
    """Return a rotation matrix as (x, y, z, w), w >= 0."""
    return np.array(quaternion_from_matrix(rotation))


def matrix_of(quaternion: Float64Array) -> Float64Array:
    """Return the rotation matrix of a unit quaternion (x, y, z, w), (3, 3)."""
    x, y, z, w = map(float, quaternion)
    return quaternion_matrix((x, y, z, w))
