"""Connected pieces of a depth image: what hangs together in space, and what is cut by a jump."""

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Int32Array

#: A surface may be so steep that its depth changes by this many pixel widths from one to the next.
STEEPEST = 6.0
#: Neighbours that differ by this many standard deviations of noise more are two surfaces.
NOISE_SIGMAS = 5.0
#: A pixel with fewer neighbours of its own depth flies between two surfaces.
LEAST_NEIGHBOURS = 3


def jump_m(depth_m: Float32Array, sigma_m: Float32Array, focal_px: float) -> Float32Array:
    """Return from which difference on neighbours belong to two surfaces, (H, W) metres."""
    limit: Float32Array = (
        np.float32(STEEPEST / focal_px) * depth_m + np.float32(NOISE_SIGMAS) * sigma_m
    )
    return limit


def lonely(depth_m: Float32Array, known: BoolArray, limit_m: Float32Array) -> BoolArray:
    """Tell which known pixels stand alone: bleeding edges mix two depths into one in mid-air.

    Args:
        depth_m: Metres, (H, W).
        known: Pixels that have a depth, (H, W).
        limit_m: What `jump_m` returned.
    """
    padded = np.pad(np.where(known, depth_m, np.float32(np.inf)), 1, constant_values=np.inf)
    rows, columns = depth_m.shape
    alike = np.zeros((rows, columns), np.uint8)
    own = np.where(known, depth_m, np.float32(0.0))
    for down in range(3):
        for across in range(3):
            if (down, across) != (1, 1):
                other = padded[down : down + rows, across : across + columns]
                alike += np.abs(other - own) < limit_m
    return known & (alike < LEAST_NEIGHBOURS)


def label_layers(
    depth_m: Float32Array, known: BoolArray, limit_m: Float32Array
) -> tuple[int, Int32Array]:
    """Return how many pieces there are, and each pixel's, 1 upwards, 0 for none, (H, W).

    Two neighbours, across or down, hang together if their depths differ by less than the limit.
    """
    rows, columns = depth_m.shape
    # Pixels at even places, their links between them: OpenCV labels both at once.
    links = np.zeros((2 * rows - 1, 2 * columns - 1), np.uint8)
    links[::2, ::2] = known
    near = np.minimum(limit_m[:, 1:], limit_m[:, :-1])
    links[::2, 1::2] = (
        known[:, 1:] & known[:, :-1] & (np.abs(depth_m[:, 1:] - depth_m[:, :-1]) < near)
    )
    near = np.minimum(limit_m[1:], limit_m[:-1])
    links[1::2, ::2] = known[1:] & known[:-1] & (np.abs(depth_m[1:] - depth_m[:-1]) < near)
    count, labels = cv2.connectedComponents(links, connectivity=4)
    return count - 1, np.ascontiguousarray(labels[::2, ::2]).astype(np.int32)
