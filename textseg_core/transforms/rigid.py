"""Rotations and rigid transforms: quaternions (x, y, z, w), 3 x 3 and 4 x 4 matrices.

A transform named after two frames, `target_from_source`, takes the coordinates of a point in
`source` to those in `target`.
"""

import math
from typing import TypeAlias

import numpy as np

from textseg_core.arrays import AnyArray, Float64Array

Vector: TypeAlias = tuple[float, float, float]
Quaternion: TypeAlias = tuple[float, float, float, float]
"""(x, y, z, w), as in ROS messages."""

#: Above this cosine between two quaternions the sine in slerp loses digits; a straight line
#: then errs by less than 1e-13 rad.
_NEARLY_EQUAL = 1.0 - 1e-9


def unit_quaternion(quaternion: Quaternion) -> Quaternion:
    """Return the quaternion of length 1 in the same direction.

    Raises:
        ValueError: If its length is zero or not finite.
    """
    length = math.hypot(*quaternion)
    if not (math.isfinite(length) and length > 0.0):
        raise ValueError(f"expected a quaternion (x, y, z, w) of finite length, got {quaternion}")
    x, y, z, w = quaternion
    return (x / length, y / length, z / length, w / length)


def quaternion_matrix(quaternion: Quaternion) -> Float64Array:
    """Return the rotation matrix of a quaternion of any length but zero, (3, 3).

    Raises:
        ValueError: As `unit_quaternion`.
    """
    x, y, z, w = unit_quaternion(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_matrix(rotation: AnyArray) -> Quaternion:
    """Return the unit quaternion of a rotation matrix, w not negative.

    Args:
        rotation: (3, 3), orthonormal and right-handed.

    Raises:
        ValueError: If the matrix is no rotation (to 1e-4).

    Source:
        Shepperd 1978, doi:10.2514/3.55767b: the largest of the four components is taken from the
        diagonal, so that no digits are lost in a difference.
    """
    matrix = np.asarray(rotation, np.float64)
    if matrix.shape != (3, 3) or not (
        np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-4) and np.linalg.det(matrix) > 0.0
    ):
        raise ValueError(f"expected a right-handed rotation matrix (3, 3), got {matrix.tolist()}")
    trace = float(np.trace(matrix))
    diagonal = [float(value) for value in np.diag(matrix)]
    largest = max(diagonal)
    if trace >= largest:
        quaternion = (
            float(matrix[2, 1] - matrix[1, 2]),
            float(matrix[0, 2] - matrix[2, 0]),
            float(matrix[1, 0] - matrix[0, 1]),
            1.0 + trace,
        )
    else:
        i = diagonal.index(largest)
        j, k = (i + 1) % 3, (i + 2) % 3
        parts = [0.0, 0.0, 0.0]
        parts[i] = 1.0 + 2.0 * largest - trace
        parts[j] = float(matrix[i, j] + matrix[j, i])
        parts[k] = float(matrix[i, k] + matrix[k, i])
        quaternion = (parts[0], parts[1], parts[2], float(matrix[k, j] - matrix[j, k]))
    x, y, z, w = unit_quaternion(quaternion)
    return (-x, -y, -z, -w) if w < 0.0 else (x, y, z, w)


def slerp(first: Quaternion, second: Quaternion, share: float) -> Quaternion:
    """Return the rotation that lies on the shorter way between two unit quaternions.

    Args:
        first: The rotation at share 0.
        second: The rotation at share 1; its sign does not matter.
        share: 0 to 1; the angle grows in proportion to it.

    Source:
        Shoemake 1985, doi:10.1145/325334.325242, spherical linear interpolation.
    """
    cosine = sum(a * b for a, b in zip(first, second, strict=True))
    sign = -1.0 if cosine < 0.0 else 1.0
    cosine *= sign
    if cosine > _NEARLY_EQUAL:
        of_first, of_second = 1.0 - share, share
    else:
        angle = math.acos(cosine)
        of_first = math.sin((1.0 - share) * angle) / math.sin(angle)
        of_second = math.sin(share * angle) / math.sin(angle)
    x, y, z, w = (of_first * a + sign * of_second * b for a, b in zip(first, second, strict=True))
    return unit_quaternion((x, y, z, w))


def rigid_transform(translation: Vector, rotation: Quaternion) -> Float64Array:
    """Return the transform that rotates and then moves, (4, 4).

    Raises:
        ValueError: As `unit_quaternion`.
    """
    transform = np.eye(4)
    transform[:3, :3] = quaternion_matrix(rotation)
    transform[:3, 3] = translation
    return transform


def invert_transform(transform: Float64Array) -> Float64Array:
    """Return the inverse of a rigid transform, (4, 4)."""
    rotation = transform[:3, :3].T
    inverse = np.eye(4)
    inverse[:3, :3] = rotation
    inverse[:3, 3] = -rotation @ transform[:3, 3]
    return inverse


def transform_points(transform: Float64Array, points: AnyArray) -> AnyArray:
    """Return points in the other frame, in the type of `points`.

    Args:
        transform: Rigid, (4, 4).
        points: Floats, (..., 3).
    """
    moved: AnyArray = points @ transform[:3, :3].T + transform[:3, 3]
    return moved.astype(points.dtype, copy=False)
