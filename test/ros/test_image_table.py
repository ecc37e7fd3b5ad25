"""Every encoding at several resolutions, with every kind of step and both byte orders."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_ros.conversions import ACCEPTED_ENCODINGS, image_to_depth, image_to_rgb
from textseg_ros.messages import MessageTypes, byte_sequence, make_header

RESOLUTIONS = [(4, 4), (6, 3), (62, 47), (640, 480)]
"""Width and height; the narrow and the odd ones are where a wrong step would shear."""
PADDINGS = [0, 1, 2, 3, 64]
BYTE_ORDERS = [0, 1]
SENSOR_COLOUR = (200, 100, 50)
"""What a sensor behind a Bayer pattern saw everywhere, so that interpolation changes nothing."""

# BT.601, limited range: Y, U, V of colours that stay the same within a pair of pixels.
YUV = {
    (255, 0, 0): (81, 90, 240),
    (0, 0, 255): (41, 240, 110),
    (255, 255, 255): (235, 128, 128),
    (0, 0, 0): (16, 128, 128),
}


def _noise(width: int, height: int) -> UInt8Array:
    return np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def _colour_order(order: str) -> Callable[..., tuple[UInt8Array, UInt8Array]]:
    """Return what packs pixels in an order of r, g, b and a."""

    def encode(width: int, height: int, _: bool) -> tuple[UInt8Array, UInt8Array]:
        colours = _noise(width, height)
        planes = {"r": colours[..., 0], "g": colours[..., 1], "b": colours[..., 2]}
        planes["a"] = np.full((height, width), 9, np.uint8)
        return np.stack([planes[name] for name in order], 2).reshape(height, -1), colours

    return encode


def _mono8(width: int, height: int, _: bool) -> tuple[UInt8Array, UInt8Array]:
    greys = _noise(width, height)[..., 0]
    return greys, np.stack([greys] * 3, 2)


def _mono16(width: int, height: int, big: bool) -> tuple[UInt8Array, UInt8Array]:
    """Pack greys g as 257 g and up to 128 beside it, so that low bytes count for nothing."""
    greys = _noise(width, height)[..., 0]
    beside = np.random.default_rng(1).integers(-128, 129, greys.shape)
    values = np.clip(greys.astype(int) * 257 + beside, 0, 65535)
    high, low = (values >> 8).astype(np.uint8), (values & 255).astype(np.uint8)
    rows = np.stack([high, low] if big else [low, high], 2).reshape(height, -1)
    return rows, np.stack([greys] * 3, 2)


def _yuv(order: str) -> Callable[..., tuple[UInt8Array, UInt8Array]]:
    """Return what packs pairs of pixels; `order` names the places of u, v and two y."""

    def encode(width: int, height: int, _: bool) -> tuple[UInt8Array, UInt8Array]:
        chosen = np.random.default_rng(width).integers(0, len(YUV), (height, width // 2))
        rgb = np.array(list(YUV), np.uint8)[chosen]
        yuv = np.array(list(YUV.values()), np.uint8)[chosen]
        rows = np.stack([yuv[..., "yuv".index(name)] for name in order], 2)
        return rows.reshape(height, -1), np.repeat(rgb, 2, axis=1)

    return encode


def _bayer(pattern: str) -> Callable[..., tuple[UInt8Array, UInt8Array]]:
    def encode(width: int, height: int, _: bool) -> tuple[UInt8Array, UInt8Array]:
        red, green, blue = SENSOR_COLOUR
        cells = [{"r": red, "g": green, "b": blue}[name] for name in pattern]
        tile = np.array(cells, np.uint8).reshape(2, 2)
        rows = np.tile(tile, (height // 2 + 1, width // 2 + 1))[:height, :width]
        return rows, np.full((height, width, 3), SENSOR_COLOUR, np.uint8)

    return encode


ENCODERS: dict[str, Callable[..., tuple[UInt8Array, UInt8Array]]] = {
    "rgb8": _colour_order("rgb"),
    "bgr8": _colour_order("bgr"),
    "rgba8": _colour_order("rgba"),
    "bgra8": _colour_order("bgra"),
    "mono8": _mono8,
    "mono16": _mono16,
    "yuv422": _yuv("uyvy"),
    "uyvy": _yuv("uyvy"),
    "yuv422_yuy2": _yuv("yuyv"),
    "yuyv": _yuv("yuyv"),
    "bayer_rggb8": _bayer("rggb"),
    "bayer_bggr8": _bayer("bggr"),
    "bayer_gbrg8": _bayer("gbrg"),
    "bayer_grbg8": _bayer("grbg"),
}


def _message(
    types: MessageTypes, encoding: str, rows: UInt8Array, width: int, padding: int, big: int
) -> Any:
    """Return a sensor_msgs/Image of rows that end in `padding` bytes of no meaning."""
    message_class = types.get("sensor_msgs/msg/Image")
    tail = np.random.default_rng(2).integers(0, 256, (len(rows), padding), dtype=np.uint8)
    data = np.ascontiguousarray(np.hstack([rows, tail]))
    return message_class(
        header=make_header(types, 7, "camera"),
        height=len(rows),
        width=width,
        encoding=encoding,
        is_bigendian=big,
        step=data.shape[1],
        data=byte_sequence(message_class, data),
    )


def test_the_table_holds_every_accepted_encoding() -> None:
    assert sorted(ENCODERS) == sorted(ACCEPTED_ENCODINGS)


@pytest.mark.parametrize("big", BYTE_ORDERS)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("encoding", list(ENCODERS))
def test_pixels_are_read_whatever_encoding_size_step_and_byte_order(
    types: MessageTypes, encoding: str, padding: int, big: int
) -> None:
    for width, height in RESOLUTIONS:
        rows, expected = ENCODERS[encoding](width, height, bool(big))

        decoded = image_to_rgb(_message(types, encoding, rows, width, padding, big))

        assert decoded.shape == (height, width, 3)
        difference = np.abs(decoded.astype(int) - expected.astype(int)).max()
        # Conversion from YUV is in whole numbers.
        assert difference <= (1 if encoding.startswith(("yu", "uy")) else 0), (width, height)


@pytest.mark.parametrize("big", BYTE_ORDERS)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("encoding", ["16UC1", "mono16", "32FC1"])
def test_depth_is_read_whatever_encoding_size_step_and_byte_order(
    types: MessageTypes, encoding: str, padding: int, big: int
) -> None:
    kind = "f4" if encoding == "32FC1" else "u2"
    for width, height in RESOLUTIONS:
        numbers = np.random.default_rng(width).integers(0, 65536, (height, width))
        values = numbers.astype((">" if big else "<") + kind)
        rows = values.view(np.uint8).reshape(height, -1)

        depth = image_to_depth(_message(types, encoding, rows, width, padding, big))

        assert depth.dtype == np.dtype(kind)
        np.testing.assert_array_equal(depth, numbers, str((width, height)))
