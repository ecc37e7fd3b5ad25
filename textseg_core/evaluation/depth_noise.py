"""Spoils a true depth image as a stereo camera would: noise, bleeding edges, holes, steps."""

from dataclasses import dataclass

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, Float64Array


@dataclass(frozen=True, slots=True, kw_only=True)
class DepthNoise:
    """What a depth camera does to the depth.

    The defaults are those of a short-range stereo camera, a little worse than its data sheet:
    at 1 m a standard deviation of 3.5 mm and steps of 1.6 mm (focal length 400 px).

    Attributes:
        base_m: Standard deviation of the depth that does not depend on it, metres.
        per_m2: What the standard deviation grows by with the squared depth, 1 / metre.
        patch_px: Half of the variance is shared over patches of this standard deviation,
            pixels, as matching windows make it; the other half is each pixel's own.
        wave: Slow error that stays over tens of pixels, standard deviation over depth.
        wave_px: Size of its waves, pixels.
        lateral_px: Standard deviation of the place that a pixel's depth is taken from.
        grazing_deg: From this angle between ray and normal on holes become likely; from 5
            degrees more nothing is left.
        edge_holes: Share of the pixels beside a jump in depth that have none.
        dropouts: Share of pixels lost in blots, as on dark or shiny patches.
        baseline_m: Between the two imagers: what one of them does not see has no depth.
        disparity_step_px: Step of the disparity, pixels.
    """

    base_m: float = 1e-3
    per_m2: float = 2.5e-3
    patch_px: float = 1.5
    wave: float = 1e-3
    wave_px: float = 24.0
    lateral_px: float = 0.7
    grazing_deg: float = 75.0
    edge_holes: float = 0.4
    dropouts: float = 0.04
    baseline_m: float = 0.05
    disparity_step_px: float = 1.0 / 32.0


def spoil_depth(
    depth: Float32Array,
    intrinsics: Float64Array,
    rng: np.random.Generator,
    noise: DepthNoise | None = None,
) -> Float32Array:
    """Return the depth as a camera would measure it, 0 where it would not.

    Args:
        depth: True depth, metres, (H, W).
        intrinsics: Camera matrix, pixels, (3, 3).
        rng: Decides all of it.
        noise: The camera; the default one if None.

    Source:
        Bleeding by bilinear lookup at a shifted place, disparity noise and steps: Handa et
        al. 2014, doi:10.1109/ICRA.2014.6907054, section III-B. Growth with the squared depth and
        holes at grazing angles: Nguyen et al. 2012, doi:10.1109/3DIMPVT.2012.84.
    """
    noise = noise or DepthNoise()
    focal = float(intrinsics[0, 0])
    rows, columns = depth.shape
    inverse = 1.0 / np.maximum(depth, 1e-6)
    v, u = np.mgrid[0:rows, 0:columns].astype(np.float32)
    shift = noise.lateral_px * rng.standard_normal((2, rows, columns), dtype=np.float32)
    taken: AnyArray = cv2.remap(
        inverse.astype(np.float32),
        u + shift[0],
        v + shift[1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    measured = 1.0 / np.maximum(taken, 1e-6)
    sigma = noise.base_m + noise.per_m2 * measured**2
    own = rng.standard_normal(depth.shape)
    shared = smooth_field(depth.shape, noise.patch_px, rng)
    measured = measured + sigma * np.sqrt(0.5) * (own + shared)
    measured = measured * (1.0 + noise.wave * smooth_field(depth.shape, noise.wave_px, rng))
    scale = focal * noise.baseline_m / noise.disparity_step_px
    steps = np.rint(scale / np.maximum(measured, 1e-3))
    measured = scale / np.maximum(steps, 1.0)
    lost = shadow(depth, focal * noise.baseline_m)
    lost |= _grazing(depth, intrinsics, noise.grazing_deg, rng)
    lost |= _beside_jump(depth) & (rng.random(depth.shape) < noise.edge_holes)
    blots = smooth_field(depth.shape, 4.0, rng)
    lost |= blots > np.quantile(blots, 1.0 - noise.dropouts)
    lost |= depth <= 0.0
    return np.where(lost, 0.0, measured).astype(np.float32)


def as_sent(depth: Float32Array, encoding: str) -> AnyArray:
    """Return a depth image as a camera publishes it: 16UC1 whole millimetres or 32FC1 metres."""
    if encoding == "16UC1":
        counts: AnyArray = np.clip(np.rint(depth * 1e3), 0, 65535).astype(np.uint16)
        return counts
    if encoding == "32FC1":
        return np.where(depth > 0.0, depth, np.float32(np.nan)).astype(np.float32)
    raise ValueError(f"depth is published as 16UC1 or 32FC1, got {encoding!r}")


def smooth_field(shape: tuple[int, ...], sigma_px: float, rng: np.random.Generator) -> AnyArray:
    """Return noise of variance 1 whose neighbours are alike over about `sigma_px`, (H, W)."""
    white = rng.standard_normal(shape)
    smooth = cv2.GaussianBlur(white, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
    # White noise blurred by a Gaussian keeps 1 / (4 pi sigma^2) of its variance.
    unit: AnyArray = np.asarray(smooth) * (2.0 * np.sqrt(np.pi) * sigma_px)
    return unit


def shadow(depth: Float32Array, focal_baseline: float) -> BoolArray:
    """Tell which pixels the second imager, to the right, does not see, (H, W).

    Args:
        depth: Metres, (H, W).
        focal_baseline: Focal length times baseline, pixels times metres.
    """
    disparity = focal_baseline / np.maximum(depth, 1e-3)
    rows, columns = depth.shape
    place = np.rint(np.arange(columns) - disparity).astype(np.int64)
    inside = (place >= 0) & (place < columns)
    flat = np.arange(rows)[:, None] * columns + np.clip(place, 0, columns - 1)
    nearest = np.zeros(rows * columns)
    np.maximum.at(nearest, flat[inside], disparity[inside])
    # A neighbouring surface may round to the same place; a step of a pixel is another thing.
    hidden: BoolArray = inside & (disparity < nearest[flat] - 1.0)
    return hidden


def _grazing(
    depth: Float32Array, intrinsics: Float64Array, from_deg: float, rng: np.random.Generator
) -> BoolArray:
    """Draw the holes where a surface is seen at a grazing angle, (H, W)."""
    v, u = np.mgrid[0 : depth.shape[0], 0 : depth.shape[1]].astype(np.float64)
    rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(intrinsics).T
    points = rays * depth[..., None]
    normal = np.cross(_step(points, 1), _step(points, 0))
    length = np.linalg.norm(normal, axis=-1) * np.linalg.norm(points, axis=-1)
    cosine = np.abs((normal * points).sum(axis=-1)) / np.maximum(length, 1e-12)
    angle = np.degrees(np.arccos(np.clip(cosine, 0.0, 1.0)))
    holes: BoolArray = rng.random(depth.shape) < (angle - from_deg) / 5.0
    return holes


def _step(points: Float64Array, axis: int) -> Float64Array:
    """Return the step to the nearer neighbour along an axis: beside a jump, the one without."""
    forward = np.diff(points, axis=axis)
    last, first = forward.take([-1], axis=axis), forward.take([0], axis=axis)
    after = np.concatenate([forward, last], axis=axis)
    before = np.concatenate([first, forward], axis=axis)
    shorter = np.linalg.norm(after, axis=-1) < np.linalg.norm(before, axis=-1)
    step: Float64Array = np.where(shorter[..., None], after, before)
    return step


def _beside_jump(depth: Float32Array, share: float = 0.03) -> BoolArray:
    """Tell which pixels have a neighbour of quite another depth, (H, W)."""
    around = np.ones((3, 3), np.uint8)
    jump: BoolArray = cv2.dilate(depth, around) - cv2.erode(depth, around) > share * depth
    return jump
