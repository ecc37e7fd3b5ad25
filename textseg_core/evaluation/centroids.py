"""How far the point that a gripper would aim at lies from the object's, in pixels and metres."""

import math
from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array
from textseg_core.geometry import mask_centroid
from textseg_core.scenes.scene import Scene


@dataclass(frozen=True, slots=True)
class CentroidErrors:
    """Where an answer's centroid lies; every field is None where it has no meaning.

    Attributes:
        on_target: Whether its nearest pixel belongs to a target.
        error_px: Distance in the picture from the nearest target's centroid, pixels.
        error_mm: Distance in space from the nearest target's centre of visible surface,
            millimetres.
        floor_mm: The same for the centroid of that target's true mask.
        offset_mm: Distance in space of the surface points seen at the two centroids, the
            answer's and that target's, millimetres; 0 for a perfect mask.
    """

    on_target: bool | None = None
    error_px: float | None = None
    error_mm: float | None = None
    floor_mm: float | None = None
    offset_mm: float | None = None


def centroid_errors(
    scene: Scene, targets: tuple[int, ...], centroid: tuple[float, float] | None
) -> CentroidErrors:
    """Return the errors of an answer's centroid.

    In the picture, the truth is `geometry.mask_centroid` of one target's mask. In space, it is
    the mean of the target's visible surface points, and the answer is the surface point seen at
    the centroid's pixel: the point to which a robot would move. That mean lies a little behind
    the surface of a bulging thing, which is why the true mask's own error is given beside it,
    and the distance from the point that the true mask leads to.
    Of several targets the nearest counts, in the picture and in space alike.

    Args:
        scene: The picture with its truth; `depth` and `intrinsics` for the errors in space.
        targets: Indices of the objects that are meant.
        centroid: (u, v) of the answer's best object, pixels; None for no answer.
    """
    if centroid is None or not targets:
        return CentroidErrors()
    u, v = centroid
    row, column = round(v), round(u)
    masks = [scene.objects[index].mask for index in targets]
    truths = [truth for truth in map(mask_centroid, masks) if truth is not None]
    on_target = any(bool(mask[row, column]) for mask in masks)
    error_px = min(math.hypot(u - x, v - y) for x, y in truths)
    if scene.depth is None or scene.intrinsics is None:
        return CentroidErrors(on_target, error_px)
    aimed = point_at(centroid, scene.depth, scene.intrinsics)
    if aimed is None:
        return CentroidErrors(on_target, error_px)
    found = []
    for mask, truth in zip(masks, truths, strict=True):
        centre = surface_centre(mask, scene.depth, scene.intrinsics)
        ideal = point_at(truth, scene.depth, scene.intrinsics)
        if centre is not None and ideal is not None:
            errors = (_mm(aimed, centre), _mm(ideal, centre), _mm(aimed, ideal))
            found.append(errors)
    nearest = min(found, default=(None, None, None))
    return CentroidErrors(on_target, error_px, *nearest)


def _mm(first: Float64Array, second: Float64Array) -> float:
    """Return the distance of two points given in metres, millimetres."""
    return 1e3 * float(np.linalg.norm(first - second))


def point_at(
    place: tuple[float, float], depth: Float32Array, intrinsics: Float64Array
) -> Float64Array | None:
    """Return the surface point seen at a place in the picture, (3,) metres, camera frame.

    The depth is that of the nearest pixel; it is not interpolated, since at an object's edge
    that would give a point in mid-air.

    Args:
        place: (u, v) in pixels, (0, 0) at the centre of the top-left pixel.
        depth: Distance along the optical axis in metres, (H, W); 0, NaN or infinity: unknown.
        intrinsics: Camera matrix in pixels, (3, 3).

    Returns:
        x rightwards, y downwards, z along the optical axis; None where the depth is unknown.
    """
    u, v = place
    z = float(depth[round(v), round(u)])
    if not (math.isfinite(z) and z > 0.0):
        return None
    ray = np.linalg.solve(intrinsics, np.array([u, v, 1.0]))
    point: Float64Array = ray / ray[2] * z
    return point


def surface_centre(
    mask: BoolArray, depth: Float32Array, intrinsics: Float64Array
) -> Float64Array | None:
    """Return the mean of the surface points seen in a mask, (3,) metres, camera frame.

    Every visible pixel counts once. Pixels of unknown depth are left out; None if all are.

    Args:
        mask: Foreground, (H, W).
        depth: As in `point_at`.
        intrinsics: As in `point_at`.
    """
    known = mask & np.isfinite(depth) & (depth > 0.0)
    rows, columns = np.nonzero(known)
    if not rows.size:
        return None
    pixels = np.stack([columns, rows, np.ones_like(rows)]).astype(np.float64)
    rays = np.linalg.solve(intrinsics, pixels)
    points = rays / rays[2] * depth[known].astype(np.float64)
    centre: Float64Array = points.mean(axis=1)
    return centre
