"""Lens distortion both ways, as OpenCV models it, for the models that ROS names."""

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, Float64Array

#: Distortion models of sensor_msgs/CameraInfo, with the numbers of coefficients each may have.
DISTORTION_MODELS = {
    "plumb_bob": (4, 5),
    "rational_polynomial": (8, 12),
    "equidistant": (4,),
}
#: A direction counts as found if it leads back to its pixel within this distance.
ROUND_TRIP_PX = 0.02
_STEPS = 20
_SHIFT = 1e-6
_LEAST_DETERMINANT = 1e-6
_GREATEST_SLOPE = 1e3


def checked_model(name: str, d: Float64Array) -> tuple[str, Float64Array]:
    """Return distortion model and coefficients; both empty where there is no distortion.

    Raises:
        ValueError: If the model is not known or the coefficients do not fit it.
    """
    if not np.isfinite(d).all():
        raise ValueError("the distortion D holds NaN or infinity; calibrate the camera again")
    if name not in DISTORTION_MODELS:
        if not name and not d.any():
            return "", np.zeros(0)
        known = ", ".join(DISTORTION_MODELS)
        raise ValueError(
            f"distortion model {name!r} is not known, expected one of {known}: publish rectified "
            "images, or calibrate with one of these"
        )
    if d.size and d.size not in DISTORTION_MODELS[name]:
        wanted = " or ".join(map(str, DISTORTION_MODELS[name]))
        raise ValueError(f"distortion model {name} has {wanted} coefficients, got {d.size}")
    if name == "equidistant":  # Without coefficients it is still another projection.
        return name, d if d.size else np.zeros(4)
    return (name, d) if d.any() else ("", np.zeros(0))


def distorted(plain: AnyArray, k: AnyArray, d: Float64Array, model: str) -> AnyArray:
    """Return the pixels at which directions are seen, (N, 2); NaN of NaN.

    OpenCV's `projectPoints` gives the same, but computes derivatives too and takes a hundred
    times as long.

    Args:
        plain: x / z and y / z, (N, 2), float32 for haste or float64.
        k: Camera matrix, (3, 3), of the same type.
        d: As `checked_model` gave it.
        model: Likewise.

    Source:
        OpenCV's documentation of `calib3d` and of `fisheye`, "detailed description".
    """
    bent = plain
    if model == "equidistant":
        bent = _fisheye(plain, d)
    elif model:
        bent = _brown(plain, d)
    pixels: AnyArray = bent * k[[0, 1], [0, 1]] + k[:2, 2]
    return pixels


def _brown(plain: AnyArray, d: Float64Array) -> AnyArray:
    k1, k2, p1, p2, k3, k4, k5, k6, s1, s2, s3, s4 = np.pad(d, (0, 12 - d.size)).astype(
        plain.dtype
    )
    x, y = plain[:, 0], plain[:, 1]
    square = x * x + y * y
    stretch = 1.0 + square * (k1 + square * (k2 + square * k3))
    stretch = stretch / (1.0 + square * (k4 + square * (k5 + square * k6)))
    across = x * stretch + 2.0 * p1 * x * y + p2 * (square + 2.0 * x * x)
    down = y * stretch + 2.0 * p2 * x * y + p1 * (square + 2.0 * y * y)
    across = across + square * (s1 + square * s2)
    down = down + square * (s3 + square * s4)
    return np.stack([across, down], axis=1)


def _fisheye(plain: AnyArray, d: Float64Array) -> AnyArray:
    k1, k2, k3, k4 = d.astype(plain.dtype)
    radius = np.linalg.norm(plain, axis=1)
    angle = np.arctan(radius)
    square = angle * angle
    bent = angle * (1.0 + square * (k1 + square * (k2 + square * (k3 + square * k4))))
    scale = np.where(radius > 0.0, bent / np.where(radius > 0.0, radius, 1.0), 1.0)
    return plain * scale[:, None]


def undistorted(
    pixels: Float64Array, k: Float64Array, d: Float64Array, model: str
) -> Float64Array:
    """Return the directions x / z and y / z that lead to pixels, (N, 2); NaN where none does.

    OpenCV's own inversion may stop early and says nothing where it fails. Newton's steps follow
    it until each direction leads back to its pixel. Where the distortion folds over, so that
    two directions lead to one pixel, the model does not hold and there is no answer.

    Args:
        pixels: (N, 2).
        k: Camera matrix, (3, 3).
        d: As `checked_model` gave it.
        model: Likewise.
    """
    focal, middle = k[[0, 1], [0, 1]], k[:2, 2]
    plain: Float64Array = (pixels - middle) / focal
    if not model or not len(pixels):
        return plain
    source = pixels[:, None]
    if model == "equidistant":
        found = cv2.fisheye.undistortPoints(source, k, d)
    else:
        found = cv2.undistortPoints(source, k, d)
    rays = np.array(found, np.float64).reshape(-1, 2)
    rays[~(np.abs(rays) < _GREATEST_SLOPE).all(axis=1)] = np.nan
    open_ones = np.arange(len(rays))
    for step in range(_STEPS + 1):
        here = rays[open_ones]
        missed = (pixels[open_ones] - distorted(here, k, d, model)) / focal
        derivative = [
            (distorted(here + shift, k, d, model) - distorted(here - shift, k, d, model))
            / (2.0 * _SHIFT * focal)
            for shift in (np.array([_SHIFT, 0.0]), np.array([0.0, _SHIFT]))
        ]
        (a, c), (b, e) = (part.T for part in derivative)
        determinant = a * e - b * c
        off = np.abs(missed * focal).max(axis=1)
        lost = ~(determinant > _LEAST_DETERMINANT) | ((off > ROUND_TRIP_PX) & (step == _STEPS))
        rays[open_ones[lost]] = np.nan
        going = ~lost & (off > ROUND_TRIP_PX * 1e-3)
        if not going.any():
            break
        p, q = missed[going].T
        a, b, c, e, determinant = (part[going] for part in (a, b, c, e, determinant))
        open_ones = open_ones[going]
        rays[open_ones] += np.stack([e * p - b * q, a * q - c * p], axis=1) / determinant[:, None]
    return rays
