"""Depth seen by one camera, brought into the image of another."""

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array
from textseg_core.space.camera import CameraModel
from textseg_core.space.distortion import distorted

#: A crack is closed if this many of its eight neighbours have a depth, as beside a line ...
_CRACK_NEIGHBOURS = 6
#: ... and these agree within this share of their mean.
_CRACK_SPREAD = 0.02
#: Widest a depth pixel may become in the other image, so that a wrong transform ends soon.
_WIDEST_PX = 16
#: Squared slopes are in view up to this share of the greatest one of a pixel.
_BEYOND_VIEW = 1.1


def register_depth(
    depth_m: Float32Array,
    depth_camera: CameraModel,
    camera: CameraModel,
    camera_from_depth: AnyArray,
) -> Float32Array:
    """Return a depth image as another camera would see it.

    Every depth pixel is a small square in space, parallel to the depth image; it covers the pixels
    of the other image whose centres it hides, and of several squares the nearest counts. Squares
    of neighbours at equal depth meet without gap or overlap, so a finer image has no holes. Cracks
    of single pixels, which slanted surfaces leave, are closed from their neighbours; what the
    depth camera cannot see stays unknown.

    Args:
        depth_m: Metres, 0 for unknown, of `depth_camera`'s size.
        depth_camera: The camera that saw the depth.
        camera: The camera of the image wanted.
        camera_from_depth: Pose of the depth camera's optical frame in the other's: takes points
            of the former to the latter, (4, 4).

    Returns:
        Metres along `camera`'s axis, (H, W), 0 for unknown; `depth_m` itself if both cameras are
        the same at the same place.

    Raises:
        ValueError: If the depth has another size than its camera, the transform is not rigid, or
            none of the depth falls into the image.
    """
    if depth_m.shape != (depth_camera.height, depth_camera.width):
        raise ValueError(
            f"the depth image is {depth_m.shape[1]} x {depth_m.shape[0]}, its camera "
            f"{depth_camera.width} x {depth_camera.height}: use depth_camera.for_image"
        )
    pose = checked_transform(camera_from_depth)
    if depth_camera.same_as(camera) and np.array_equal(pose, np.eye(4)):
        return depth_m
    depth = _splat(np.asarray(depth_m, np.float32), depth_camera, camera, pose)
    if not depth.any():
        raise ValueError(
            "none of the depth falls into the colour image: the transform between the two "
            "cameras or one of their calibrations is wrong, or nothing is in both views"
        )
    return close_cracks(depth)


def checked_transform(transform: AnyArray) -> Float64Array:
    """Return a rigid transform as float64; ValueError if it is none."""
    matrix = np.asarray(transform, np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
        raise ValueError(f"a transform must be 4 x 4 and finite, got {np.shape(transform)}")
    turn = matrix[:3, :3]
    rigid = np.allclose(turn @ turn.T, np.eye(3), atol=1e-5) and np.linalg.det(turn) > 0.0
    if not rigid or not np.array_equal(matrix[3], [0.0, 0.0, 0.0, 1.0]):
        raise ValueError(
            "a transform must be a rotation and a shift in metres, without scale or mirror, its "
            f"last row 0 0 0 1; got {matrix.tolist()}"
        )
    return matrix


def _splat(
    depth_m: Float32Array, depth_camera: CameraModel, camera: CameraModel, pose: Float64Array
) -> Float32Array:
    """Return the nearest depth at each pixel of the other camera, 0 for none."""
    at = np.flatnonzero(np.isfinite(depth_m) & (depth_m > 0.0))
    away = depth_m.reshape(-1)[at]
    turn, shift = pose[:3, :3].astype(np.float32), pose[:3, 3].astype(np.float32)
    rays = depth_camera.ray_grid().reshape(-1, 2)[at]
    x, y, z = ((rays @ turn[row, :2] + turn[row, 2]) * away + shift[row] for row in range(3))
    safe = np.where(z > 0.0, z, np.float32(np.inf))
    slopes = np.stack([x / safe, y / safe], axis=1)
    pixels = distorted(slopes, camera.k.astype(np.float32), camera.d, camera.distortion_model)
    corners = depth_camera.corner_grid()
    across = np.diff(corners[:-1, :, 0], axis=1).reshape(-1)[at]
    down = np.diff(corners[:, :-1, 1], axis=0).reshape(-1)[at]
    # Far outside of the view a distortion model folds back into the image.
    widest = float(np.nanmax(np.square(camera.ray_grid()).sum(axis=2)))
    ahead = (z > 0.0) & (np.square(slopes).sum(axis=1) <= _BEYOND_VIEW * widest)
    start, count = [], []
    for axis in range(2):
        # How far the square's edges reach: the derivative of the projection along the axis.
        slope = slopes[:, axis]
        reach = np.abs(turn[axis, 0] - slope * turn[2, 0]) * across
        reach += np.abs(turn[axis, 1] - slope * turn[2, 1]) * down
        half = reach * away / safe * np.float32(camera.k[axis, axis] / 2.0)
        low, high = np.ceil(pixels[:, axis] - half), np.ceil(pixels[:, axis] + half)
        side = camera.width if axis == 0 else camera.height
        seen = ahead & np.isfinite(high) & (high > 0) & (low < side)
        seen &= high - low <= _WIDEST_PX
        start.append(np.where(seen, low, 0).astype(np.int64))
        count.append(np.where(seen, high - low, 0).astype(np.int64))
    nearest = np.full(camera.width * camera.height, np.inf, np.float32)
    for right in range(int(count[0].max(initial=0))):
        for below in range(int(count[1].max(initial=0))):
            u, v = start[0] + right, start[1] + below
            inside = (right < count[0]) & (below < count[1])
            inside &= (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
            np.minimum.at(nearest, v[inside] * camera.width + u[inside], z[inside])
    nearest[np.isinf(nearest)] = 0.0
    return nearest.reshape(camera.height, camera.width)


def close_cracks(depth_m: Float32Array) -> Float32Array:
    """Return the depth with single unknown pixels filled whose neighbours agree.

    Args:
        depth_m: Metres, 0 for unknown, (H, W).
    """
    known: BoolArray = depth_m > 0.0
    around = np.ones((3, 3), np.float32)

    def total(values: AnyArray) -> Float32Array:
        summed = cv2.filter2D(
            values.astype(np.float32), cv2.CV_32F, around, borderType=cv2.BORDER_CONSTANT
        )
        return np.asarray(summed, np.float32)

    count = total(known)
    mean = total(depth_m) / np.maximum(count, 1.0)
    high = cv2.dilate(depth_m, around)
    low = cv2.erode(np.where(known, depth_m, np.float32(np.inf)).astype(np.float32), around)
    closed = ~known & (count >= _CRACK_NEIGHBOURS) & (high - low <= _CRACK_SPREAD * mean)
    return np.where(closed, mean, depth_m).astype(np.float32)
