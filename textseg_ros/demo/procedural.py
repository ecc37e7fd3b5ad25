"""Textures drawn from numbers: a wooden table top and a plastered wall."""

import io
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image

from textseg_core.arrays import Float32Array, UInt8Array

_SIDE_PX = 512


def wooden(colour: Sequence[int], rng: np.random.Generator, planks: int = 6) -> UInt8Array:
    """Return planks with a grain along them, RGB (512, 512, 3).

    Args:
        colour: RGB that the planks vary about, 0 to 255.
        rng: Draws the grain.
        planks: Side by side in the picture.
    """
    grain = _noise(rng, rows=128, columns=5) * 9 + _noise(rng, rows=400, columns=16) * 7
    rows = np.arange(_SIDE_PX) * planks // _SIDE_PX
    shade = rng.uniform(-9, 9, planks)[rows]
    seam = np.where(np.diff(rows, prepend=-1) > 0, -30.0, 0.0)
    tone = grain + (shade + seam)[:, None]
    return _tinted(colour, tone.astype(np.float32))


def speckled(colour: Sequence[int], rng: np.random.Generator) -> UInt8Array:
    """Return an uneven coat of paint, RGB (512, 512, 3); `colour` and `rng` as for `wooden`."""
    return _tinted(colour, _noise(rng, 8, 8) * 8 + _noise(rng, 200, 200) * 6)


def png_bytes(picture: UInt8Array) -> bytes:
    """Return an RGB picture as the bytes of a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def _noise(rng: np.random.Generator, rows: int, columns: int) -> Float32Array:
    """Return smooth noise of the texture's size, standard deviation about 1."""
    coarse = rng.standard_normal((rows, columns)).astype(np.float32)
    smooth = cv2.resize(coarse, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.float32)


def _tinted(colour: Sequence[int], tone: Float32Array) -> UInt8Array:
    lit = np.asarray(colour, np.float32) + tone[..., None]
    tinted: UInt8Array = np.clip(lit, 0, 255).astype(np.uint8)
    return tinted
