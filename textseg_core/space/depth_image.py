"""Depth images as cameras publish them -> metres, with one way of saying that depth is unknown."""

import numpy as np

from textseg_core.arrays import AnyArray, Float32Array

#: Of the encodings: what one count is in metres, and the type of the pixels.
DEPTH_ENCODINGS: dict[str, tuple[float, type[np.generic]]] = {
    "16UC1": (1e-3, np.uint16),
    "mono16": (1e-3, np.uint16),
    "32FC1": (1.0, np.float32),
}
#: Farther than this is no measurement: cameras of which metres are meant end at 20 m, and what
#: is far beyond was sent in millimetres.
FARTHEST_M = 100.0


def depth_to_metres(pixels: AnyArray, encoding: str) -> Float32Array:
    """Return a depth image in metres, 0 where the depth is unknown.

    REP 118: 16UC1 holds millimetres, 0 for unknown; 32FC1 holds metres, NaN for unknown. Zero,
    negative and infinite metres count as unknown, too. mono16 is read as 16UC1, since some drivers
    send depth under that name.

    Args:
        pixels: (H, W) in the machine's byte order.
        encoding: A key of `DEPTH_ENCODINGS`.

    Raises:
        ValueError: If encoding, type or shape is another, if no pixel has a depth, or if the
            depth is plainly in another unit.
    """
    if encoding not in DEPTH_ENCODINGS:
        raise ValueError(
            f"depth encoding {encoding!r} is not known, expected 16UC1 (millimetres) or 32FC1 "
            "(metres): subscribe to the camera's raw depth image"
        )
    unit_m, kind = DEPTH_ENCODINGS[encoding]
    if pixels.ndim != 2 or pixels.dtype != kind:
        raise ValueError(
            f"a depth image of {encoding} must be {np.dtype(kind)} (H, W), "
            f"got {pixels.dtype} {pixels.shape}"
        )
    if kind is np.uint16:
        depth: Float32Array = pixels.astype(np.float32) * np.float32(unit_m)
    else:
        # A comparison with NaN is false, which is what is wanted.
        with np.errstate(invalid="ignore"):
            depth = np.where((pixels > 0.0) & (pixels < np.inf), pixels, np.float32(0.0))
    known = depth[depth > 0.0]
    if not known.size:
        raise ValueError(
            f"none of the {pixels.size} depth pixels holds a depth: is the depth sensor covered, "
            "too near, or its emitter off?"
        )
    if float(np.median(known)) > FARTHEST_M:
        raise ValueError(
            f"the median depth is {float(np.median(known)):.0f} m: 32FC1 must hold metres "
            "(REP 118), these look like millimetres; let the driver send 16UC1 or metres"
        )
    return depth
