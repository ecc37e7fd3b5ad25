"""Draws camera poses that look at a table as a robot's camera does."""

from dataclasses import dataclass

import numpy as np

from textseg_core.arrays import Float64Array

_NEAREST_M = 0.25
_FARTHEST_M = 2.2
_LEAST_SHARE = 0.45  # of the distance, before the nearest corner


@dataclass(frozen=True, slots=True)
class CameraPose:
    """A camera and what it looks at.

    Attributes:
        position: In the table's frame, metres.
        rotation: Columns are the camera's x (right), y (up) and z (backwards) axes.
        fov_deg: Vertical field of view; pictures are square.
        look_at: Point of the table's top, z = 0, in the middle of the picture.
        azimuth_rad: Direction on the table in which it looks.
    """

    position: Float64Array
    rotation: Float64Array
    fov_deg: float
    look_at: Float64Array
    azimuth_rad: float

    def project(self, points: Float64Array, px: int) -> tuple[Float64Array, Float64Array]:
        """Return pixels (N, 2), (0, 0) at the centre of the top left one, and depths (N,)."""
        local = (points - self.position) @ self.rotation
        depth = -local[:, 2]
        focal = focal_px(self.fov_deg, px)
        safe = np.where(depth > 1e-6, depth, np.inf)
        pixels = np.stack([local[:, 0], -local[:, 1]], axis=1) / safe[:, None] * focal
        return pixels + (px - 1) / 2, depth

    def to_view_frame(self, points: Float64Array) -> Float64Array:
        """Turn points of the table's frame to the camera: x right, y away, z up, (N, 3)."""
        away = np.array([np.cos(self.azimuth_rad), np.sin(self.azimuth_rad), 0.0])
        right = np.array([away[1], -away[0], 0.0])
        frame = np.stack([right, away, np.array([0.0, 0.0, 1.0])])
        turned: Float64Array = (points - self.look_at) @ frame.T
        return turned

    def intrinsics(self, px: int) -> Float64Array:
        """Return the camera matrix, (3, 3), pixels."""
        focal, middle = focal_px(self.fov_deg, px), (px - 1) / 2
        return np.array([[focal, 0.0, middle], [0.0, focal, middle], [0.0, 0.0, 1.0]])


def focal_px(fov_deg: float, px: int) -> float:
    """Return the focal length in pixels of a picture of side `px`."""
    return 0.5 * px / float(np.tan(np.radians(fov_deg) / 2))


def look(
    look_at: Float64Array,
    azimuth_rad: float,
    elevation_rad: float,
    distance_m: float,
    fov_deg: float,
    roll_rad: float,
) -> CameraPose:
    """Return the camera that looks at a point of the table from a direction and distance."""
    flat = np.array([np.cos(azimuth_rad), np.sin(azimuth_rad), 0.0])
    back = -flat * np.cos(elevation_rad) + np.array([0.0, 0.0, np.sin(elevation_rad)])
    right = np.array([flat[1], -flat[0], 0.0])
    up = np.cross(back, right)
    cos, sin = np.cos(roll_rad), np.sin(roll_rad)
    rotation = np.stack([cos * right + sin * up, cos * up - sin * right, back], axis=1)
    return CameraPose(look_at + distance_m * back, rotation, fov_deg, look_at, azimuth_rad)


def draw_camera(
    boxes: Float64Array, row_rad: float | None, rng: np.random.Generator
) -> CameraPose:
    """Draw a camera: 20 to 70 degrees above the table, field of view 35 to 60 degrees.

    The distance is the least at which nine in ten corners of the things' boxes are in the
    picture, less or more by a random factor, so that things fill it and some are cut off.

    Args:
        boxes: Corners of the bounding boxes of all things, (N, 8, 3) metres.
        row_rad: Direction of a row; two in three cameras look across it, so that it runs
            from left to right.
        rng: Decides.
    """
    azimuth = float(rng.uniform(-np.pi, np.pi))
    if row_rad is not None and rng.random() < 0.7:
        side = np.pi / 2 if rng.random() < 0.5 else -np.pi / 2
        azimuth = row_rad + side + float(rng.uniform(-0.5, 0.5))
    elevation = np.radians(float(rng.uniform(20, 70)))
    fov = float(rng.uniform(35, 60))
    roll = float(np.radians(rng.normal(0, 1.5)))
    middles = boxes.mean(axis=1)
    look_at = np.array([*np.median(middles[:, :2], axis=0), 0.0])
    near, far = _NEAREST_M, _FARTHEST_M
    corners = boxes.reshape(-1, 3)
    limit = float(np.tan(np.radians(fov) / 2))
    for turn in range(2):
        near, far = _NEAREST_M, _FARTHEST_M
        for _ in range(10):
            distance = (near + far) / 2
            pose = look(look_at, azimuth, elevation, distance, fov, roll)
            local = (corners - pose.position) @ pose.rotation
            depth = np.maximum(-local[:, 2], 1e-3)
            seen = (np.abs(local[:, :2]) < limit * depth[:, None]).all(axis=1)
            close = depth.min() < _LEAST_SHARE * distance
            near, far = (near, distance) if seen.mean() >= 0.9 and not close else (distance, far)
        if turn == 0:
            # Shift the middle of the things' picture to the middle of the image, on the table.
            offset = (local[:, :2] / depth[:, None] * distance).copy()
            middle = (np.percentile(offset, 5, axis=0) + np.percentile(offset, 95, axis=0)) / 2
            right = pose.rotation[:, 0] * [1, 1, 0]
            away = np.array([np.cos(azimuth), np.sin(azimuth), 0.0])
            look_at = look_at + middle[0] * right + 0.8 * middle[1] / np.sin(elevation) * away
    jitter = rng.normal(0, 0.03 * far, 2)
    look_at = look_at + np.array([*jitter, 0.0])
    distance = float(np.clip(far * rng.uniform(0.88, 1.2), _NEAREST_M, _FARTHEST_M))
    return look(look_at, azimuth, elevation, distance, fov, roll)
