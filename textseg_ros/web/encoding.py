"""Pictures, masks and responses as the bytes that go to the browser."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, BoolArray, Float32Array, UInt8Array

#: Longest side of a picture on its way to the browser; larger ones are made smaller.
LONGEST_PX = 1280
#: Longest side of a response map there, which is smooth.
RESPONSE_PX = 160
JPEG_QUALITY = 80
_LENGTH = struct.Struct("<I")


def picture_jpeg(picture: UInt8Array) -> bytes:
    """Return an RGB picture, (H, W, 3), as JPEG of at most `LONGEST_PX`."""
    small = _at_most(picture, LONGEST_PX)
    bgr = cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    return _encoded(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def mask_png(mask: BoolArray) -> bytes:
    """Return a mask, (H, W), as PNG of 0 and 255."""
    return _encoded(".png", mask.view(np.uint8) * np.uint8(255), [cv2.IMWRITE_PNG_COMPRESSION, 1])


def response_png(response: Float32Array) -> bytes:
    """Return a response map, (H, W) in [0, 1], as PNG of 0 to 255 and at most `RESPONSE_PX`."""
    small = _at_most(response, RESPONSE_PX)
    levels = np.rint(np.clip(small, 0.0, 1.0) * 255.0).astype(np.uint8)
    return _encoded(".png", levels, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def packed(head: Mapping[str, Any], parts: Mapping[str, bytes]) -> bytes:
    """Return one binary message of the page: a length, JSON of that length, then the parts.

    Args:
        head: Goes into the JSON, which gets a key `parts`: the length of each part by its name,
            in their order.
        parts: Pictures.
    """
    sizes = {name: len(data) for name, data in parts.items()}
    text = json.dumps({**head, "parts": sizes}, separators=(",", ":")).encode()
    return b"".join((_LENGTH.pack(len(text)), text, *parts.values()))


def unpacked(message: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Return head and parts of what `packed` made; for clients in Python.

    Raises:
        ValueError: If the message is cut off.
    """
    if len(message) < _LENGTH.size:
        raise ValueError(f"expected {_LENGTH.size} bytes of length at least, got {len(message)}")
    end = _LENGTH.size + _LENGTH.unpack_from(message)[0]
    if len(message) < end:
        raise ValueError(f"expected a head that ends at byte {end}, got {len(message)} bytes")
    head = json.loads(message[_LENGTH.size : end])
    parts = {}
    for name, size in head["parts"].items():
        parts[name] = message[end : end + size]
        end += size
    if len(message) != end:
        raise ValueError(f"expected {end} bytes, got {len(message)}")
    return head, parts


def _at_most(pixels: AnyArray, longest_px: int) -> AnyArray:
    """Return an image whose longer side is at most so many pixels."""
    height, width = pixels.shape[:2]
    scale = longest_px / max(height, width)
    if scale >= 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smaller: AnyArray = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return smaller


def _encoded(ending: str, pixels: AnyArray, settings: list[int]) -> bytes:
    done, data = cv2.imencode(ending, pixels, settings)
    if not done:
        raise RuntimeError(
            f"OpenCV could not compress {pixels.shape} pixels as {ending}; its build must hold "
            "the codecs of PNG and JPEG"
        )
    return data.tobytes()
