"""Continues a surface over pixels without depth, as planes do."""

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array

#: Radii of the windows that planes are fitted in, pixels; the smallest with enough pixels counts.
RADII_PX = (3, 6, 12, 24, 48)
#: Least pixels that a plane is fitted to.
LEAST_PIXELS = 9
#: How much slope is held back: as if that many pixels away a level surface weighed in.
_HOLD = 0.01


def fill_planes(depth_m: Float32Array, known: BoolArray, wanted: BoolArray) -> Float32Array:
    """Return the depth with wanted pixels filled from known ones, 0 where that cannot be done.

    Over a plane in space the inverse depth is linear in the pixels, so a plane that is
    fitted to the inverse depth by least squares continues planes exactly, distortion apart.

    Args:
        depth_m: Metres, (H, W).
        known: Pixels whose depth counts, (H, W).
        wanted: Pixels to fill, (H, W); those that are known keep their depth.
    """
    filled = np.where(known, depth_m, np.float32(0.0)).astype(np.float32)
    left = wanted & ~known
    if not left.any() or not known.any():
        return filled
    low, high = float(depth_m[known].min()), float(depth_m[known].max())
    inverse = np.zeros(depth_m.shape, np.float64)
    inverse[known] = 1.0 / depth_m[known]
    v, u = np.mgrid[0 : depth_m.shape[0], 0 : depth_m.shape[1]].astype(np.float64)
    weight = known.astype(np.float64)
    terms = [weight, weight * u, weight * v, weight * u * u, weight * u * v, weight * v * v]
    terms += [inverse, inverse * u, inverse * v]
    for radius in RADII_PX:
        if not left.any():
            break
        n, su, sv, suu, suv, svv, sd, sdu, sdv = (
            _window_sum(term, radius)[left] for term in terms
        )
        enough = n > LEAST_PIXELS - 0.5
        n = np.maximum(n, 1.0)
        mu, mv, md = su / n, sv / n, sd / n
        uu, uv, vv = suu / n - mu * mu, suv / n - mu * mv, svv / n - mv * mv
        du, dv = sdu / n - md * mu, sdv / n - md * mv
        hold = _HOLD * (uu + vv) / 2.0 + 1e-9
        uu, vv = uu + hold, vv + hold
        determinant = uu * vv - uv * uv
        slope_u, slope_v = (du * vv - dv * uv) / determinant, (dv * uu - du * uv) / determinant
        guess = md + slope_u * (u[left] - mu) + slope_v * (v[left] - mv)
        # A surface is not continued far beyond the depths that were seen.
        margin = 0.25 * (high - low)
        guess = np.clip(guess, 1.0 / (high + margin), 1.0 / max(low - margin, 0.5 * low))
        places = np.flatnonzero(left)[enough]
        filled.reshape(-1)[places] = 1.0 / guess[enough]
        left.reshape(-1)[places] = False
    return filled


def _window_sum(values: AnyArray, radius: int) -> AnyArray:
    side = 2 * radius + 1
    return np.asarray(
        cv2.boxFilter(
            values, cv2.CV_64F, (side, side), normalize=False, borderType=cv2.BORDER_CONSTANT
        )
    )
