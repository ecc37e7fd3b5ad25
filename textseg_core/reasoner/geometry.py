"""Where instances lie before the viewer: from masks alone, or from depth and a camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array
from textseg_core.reasoner.propose import Instance

#: Of a thing seen on a table from a usual height, share of its depth that shows in the image.
FORESHORTENING = 0.7
#: Percentiles of an instance's points that bound it; the rest is noise at its rim.
INNER = (2.0, 98.0)
#: Points that make a plane are this near to it, metres.
PLANE_M = 0.008
_PLANE_TRIES = 120
_PLANE_POINTS = 1500
_LEAST_POINTS = 12


@dataclass(frozen=True, slots=True)
class View:
    """The picture that instances lie in.

    Attributes:
        height: Of the image, pixels.
        width: Of the image, pixels.
        depth: Distance along the optical axis, (H, W) in metres, 0 or NaN where unknown; None
            without depth.
        intrinsics: Camera matrix in pixels, (3, 3); None without depth.
    """

    height: int
    width: int
    depth: Float32Array | None = None
    intrinsics: Float64Array | None = None

    def __post_init__(self) -> None:
        if (self.depth is None) != (self.intrinsics is None):
            raise ValueError("depth and intrinsics belong together, got one without the other")
        if self.depth is not None and self.depth.shape != (self.height, self.width):
            raise ValueError(
                f"depth must be of the image's size {(self.height, self.width)}, got "
                f"{self.depth.shape}; register it to the image first"
            )


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an instance lies; lengths in metres with depth, else in pixels.

    Attributes:
        x: Of its centre, rightwards.
        y: Of its centre, away from the viewer.
        width: Along x.
        depth: Along y.
        height: Upwards.
        base: Height of its lowest point above the surface; 0 without depth.
        solid: Whether the lengths come from depth.
    """

    x: float
    y: float
    width: float
    depth: float
    height: float
    base: float = 0.0
    solid: bool = False

    @property
    def size(self) -> float:
        """Side of a square as large as its footprint."""
        return float((self.width * self.depth) ** 0.5)


def place_instances(instances: Sequence[Instance], view: View) -> list[Spot]:
    """Return where each instance lies.

    With depth, the points seen are turned into a frame that stands on the largest plane in view.
    Without, a thing is taken to stand where its mask ends below, on a surface seen from a usual
    height. All are of one sort: if depth fails for one, none uses it.
    """
    if view.depth is not None and view.intrinsics is not None:
        frame = surface_frame(view.depth, view.intrinsics)
        if frame is not None:
            spots = [
                _solid_spot(one.mask, view.depth, view.intrinsics, frame) for one in instances
            ]
            if all(spot is not None for spot in spots):
                return [spot for spot in spots if spot is not None]
    return [_flat_spot(one) for one in instances]


def _flat_spot(one: Instance) -> Spot:
    """Return the place of a mask: its footprint is as deep as wide, as far as it shows."""
    x0, y0, x1, y1 = one.box
    width, tall = x1 - x0, y1 - y0
    seen = min(tall, FORESHORTENING * width)
    return Spot(
        (x0 + x1) / 2.0,
        -(y1 - seen / 2.0) / FORESHORTENING,
        width,
        max(seen, 1.0) / FORESHORTENING,
        tall,
    )


def surface_frame(depth: Float32Array, intrinsics: Float64Array) -> AnyArray | None:
    """Return the 4x4 transform from the camera to a frame on the largest plane in view.

    x points rightwards, y away from the viewer, z up from the plane. None where no plane holds a
    fifth of the points, or it is seen from below.

    Source:
        Fischler and Bolles 1981, random sample consensus, doi:10.1145/358669.358692.
    """
    rng = np.random.default_rng(0)
    seen = np.zeros(depth.shape, np.bool_)
    step = max(1, int((depth.size / (4 * _PLANE_POINTS)) ** 0.5))
    thinned = depth[::step, ::step]
    seen[::step, ::step] = np.isfinite(thinned) & (thinned > 0)
    points = _points(seen, depth, intrinsics)
    if len(points) < _LEAST_POINTS:
        return None
    points = points[rng.permutation(len(points))[:_PLANE_POINTS]]
    corners = points[rng.integers(len(points), size=(_PLANE_TRIES, 3))]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    usable = lengths > 1e-9
    if not usable.any():
        return None
    normals = normals[usable] / lengths[usable, None]
    offsets = (normals * corners[usable, 0]).sum(axis=1)
    near = np.abs(points @ normals.T - offsets) < PLANE_M
    best = int(near.sum(axis=0).argmax())
    members = points[near[:, best]]
    if len(members) < 0.2 * len(points):
        return None
    middle = members.mean(axis=0)
    up = np.linalg.svd(members - middle, full_matrices=False)[2][2]
    if up @ middle > 0:
        up = -up  # towards the camera
    if up[1] > 0.2:
        return None  # a ceiling
    right = np.array([1.0, 0.0, 0.0]) - up[0] * up
    if np.linalg.norm(right) < 0.3:
        return None
    right /= np.linalg.norm(right)
    frame = np.eye(4)
    frame[:3, :3] = np.stack((right, np.cross(up, right), up))
    frame[:3, 3] = -frame[:3, :3] @ middle
    return frame


def _points(mask: BoolArray, depth: Float32Array, intrinsics: Float64Array) -> AnyArray:
    """Return the points seen at pixels, (N, 3) in metres in the camera's frame."""
    v, u = np.nonzero(mask)
    z = depth[v, u].astype(np.float64)
    x = (u - intrinsics[0, 2]) / intrinsics[0, 0] * z
    y = (v - intrinsics[1, 2]) / intrinsics[1, 1] * z
    return np.stack((x, y, z), axis=1)


def _solid_spot(
    mask: BoolArray, depth: Float32Array, intrinsics: Float64Array, frame: AnyArray
) -> Spot | None:
    """Return the place of an instance's visible points; None of too few."""
    seen = mask & np.isfinite(depth) & (depth > 0)
    inner = cv2.erode(seen.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    if np.count_nonzero(inner) >= 4 * _LEAST_POINTS:
        seen = inner  # the rim mixes in what lies behind
    points = _points(seen, depth, intrinsics)
    if len(points) < _LEAST_POINTS:
        return None
    placed = points @ frame[:3, :3].T + frame[:3, 3]
    low, high = np.percentile(placed, INNER, axis=0)
    middle, extent = (low + high) / 2.0, np.maximum(high - low, 0.004)
    return Spot(
        float(middle[0]), float(middle[1]), float(extent[0]), float(extent[1]),
        float(max(high[2], 0.001)), float(low[2]), solid=True,
    )  # fmt: skip


def held_share(one: Instance, other: Instance) -> float:
    """Return which share of where a thing stands lies within another's outline, without depth.

    Where it stands is the lower part of its mask; the outline is the convex hull of the other's.
    """
    (ax0, ay0, ax1, ay1), (bx0, by0, bx1, by1) = one.box, other.box
    if min(ax1, bx1) <= max(ax0, bx0) or min(ay1, by1) <= max(ay0, by0):
        return 0.0
    hull = _hull(other)
    y0, y1 = one.box[1], one.box[3]
    seen = min(y1 - y0, FORESHORTENING * (one.box[2] - one.box[0]))
    lower = one.mask.copy()
    lower[: int(y1 - seen)] = False
    return float((lower & hull).sum() / max(1, lower.sum()))


def _hull(one: Instance) -> BoolArray:
    v, u = np.nonzero(one.mask)
    corners = cv2.convexHull(np.stack((u, v), axis=1).astype(np.int32))
    canvas = np.zeros(one.mask.shape, np.uint8)
    cv2.fillConvexPoly(canvas, corners, 1)
    filled: BoolArray = canvas.view(np.bool_)
    return filled
