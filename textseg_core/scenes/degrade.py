"""Makes rendered pictures look as if a camera had taken them."""

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, UInt8Array


def degrade(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Return the picture with exposure, white balance, vignette, blur, noise and JPEG traces.

    Args:
        image: RGB, (H, W, 3); not changed.
        rng: Decides all of it: the same generator state gives the same picture.
    """
    value: AnyArray = image.astype(np.float32) / 255
    value = value * (rng.uniform(0.92, 1.08, 3) * rng.uniform(0.8, 1.25)).astype(np.float32)
    value = np.clip(value, 0, 1) ** np.float32(rng.uniform(0.8, 1.2))
    grey = value.mean(axis=2, keepdims=True)
    value = grey + (value - grey) * np.float32(rng.uniform(0.85, 1.2))
    if rng.random() < 0.3:
        rows, columns = image.shape[:2]
        y = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
        x = np.linspace(-1, 1, columns, dtype=np.float32)[None]
        value = value * (1 - np.float32(rng.uniform(0.05, 0.3)) * (x * x + y * y) / 2)[..., None]
    blur = rng.random()
    if blur < 0.35:
        value = cv2.GaussianBlur(value, (0, 0), float(rng.uniform(0.4, 1.1)))
    elif blur < 0.42:
        length = int(rng.integers(3, 6))
        kernel = np.zeros((length, length), np.float32)
        row = length // 2 if rng.random() < 0.5 else slice(None)
        column = slice(None) if isinstance(row, int) else length // 2
        kernel[row, column] = 1 / length
        value = cv2.filter2D(value, -1, kernel)
    if rng.random() < 0.6:
        noise = rng.standard_normal(value.shape, dtype=np.float32)
        value = value + noise * np.float32(rng.uniform(0.003, 0.025))
    taken: UInt8Array = (np.clip(value, 0, 1) * 255 + 0.5).astype(np.uint8)
    if rng.random() < 0.3:
        quality = int(rng.integers(40, 90))
        _, packed = cv2.imencode(".jpg", taken[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded: AnyArray = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR))
        taken = np.ascontiguousarray(decoded[..., ::-1]).astype(np.uint8)
    return taken
