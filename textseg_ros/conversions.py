"""Image messages to arrays and back: the only place where pixels are packed or unpacked."""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, Float32Array, UInt8Array
from textseg_ros.messages import ImageMessage, MessageTypes, byte_sequence

MAX_IMAGE_PX = 33_554_432
"""Pixels of the largest image taken when the caller names no other bound (8192 x 4096)."""


class _Encoding(NamedTuple):
    """How one encoding lies in memory, and how it becomes RGB.

    Attributes:
        channels: Values of one pixel.
        item_bytes: Bytes of one value.
        to_rgb: (H, W[, C]) native-endian array -> (H, W, 3) uint8, H and W as they are.
        pair: Whether two neighbours share their colour, so that the width is even.
        mosaic: Whether a pixel holds one colour of three.
    """

    channels: int
    item_bytes: int
    to_rgb: Callable[[AnyArray], UInt8Array]
    pair: bool = False
    mosaic: bool = False


def _by_opencv(code: int) -> Callable[[AnyArray], UInt8Array]:
    return lambda pixels: cast(UInt8Array, cv2.cvtColor(pixels, code))


def grey16_to_grey8(pixels: AnyArray) -> UInt8Array:
    """Return 16-bit grey as 8-bit grey: full scale to full scale, rounded (v / 257)."""
    return cast(UInt8Array, cv2.convertScaleAbs(pixels, alpha=1.0 / 257.0))


def _grey16_to_rgb(pixels: AnyArray) -> UInt8Array:
    return cast(UInt8Array, cv2.cvtColor(grey16_to_grey8(pixels), cv2.COLOR_GRAY2RGB))


_RGB = _Encoding(3, 1, lambda pixels: pixels)
_UYVY = _Encoding(2, 1, _by_opencv(cv2.COLOR_YUV2RGB_UYVY), pair=True)
_YUYV = _Encoding(2, 1, _by_opencv(cv2.COLOR_YUV2RGB_YUY2), pair=True)

# ROS names a Bayer pattern by the first two rows, left to right; OpenCV's older names, which
# every version has, give the second and third value of the second row.
_ENCODINGS: dict[str, _Encoding] = {
    "rgb8": _RGB,
    "bgr8": _Encoding(3, 1, _by_opencv(cv2.COLOR_BGR2RGB)),
    "rgba8": _Encoding(4, 1, _by_opencv(cv2.COLOR_RGBA2RGB)),
    "bgra8": _Encoding(4, 1, _by_opencv(cv2.COLOR_BGRA2RGB)),
    "mono8": _Encoding(1, 1, _by_opencv(cv2.COLOR_GRAY2RGB)),
    "mono16": _Encoding(1, 2, _grey16_to_rgb),
    "yuv422": _UYVY,
    "uyvy": _UYVY,
    "yuv422_yuy2": _YUYV,
    "yuyv": _YUYV,
    "bayer_rggb8": _Encoding(1, 1, _by_opencv(cv2.COLOR_BayerBG2RGB), mosaic=True),
    "bayer_bggr8": _Encoding(1, 1, _by_opencv(cv2.COLOR_BayerRG2RGB), mosaic=True),
    "bayer_gbrg8": _Encoding(1, 1, _by_opencv(cv2.COLOR_BayerGR2RGB), mosaic=True),
    "bayer_grbg8": _Encoding(1, 1, _by_opencv(cv2.COLOR_BayerGB2RGB), mosaic=True),
}

_DEPTH_KINDS = {"16UC1": "u2", "mono16": "u2", "32FC1": "f4"}

ACCEPTED_ENCODINGS: tuple[str, ...] = tuple(_ENCODINGS)


def image_to_rgb(message: ImageMessage, max_image_px: int = MAX_IMAGE_PX) -> UInt8Array:
    """Return the picture that a sensor_msgs/Image holds.

    Alpha is ignored. 16-bit grey is scaled to 8 bits, full scale to full scale; a camera that
    leaves its upper bits empty looks dark. YUV is BT.601 with limited range, as OpenCV and
    cv_bridge take it. Bayer mosaics are interpolated bilinearly; 16-bit mosaics are refused.

    Args:
        message: Any of `ACCEPTED_ENCODINGS`, rows of `step` bytes, either byte order.
        max_image_px: Most pixels accepted.

    Returns:
        (H, W, 3) uint8, C-contiguous. Shares memory with the message if that is tightly packed
        rgb8, so it must not be written to.

    Raises:
        ValueError: If the encoding is not accepted, the size is zero or above `max_image_px`,
            `step` is too small, or the data are shorter or longer than `step` * `height`.
    """
    encoding = _ENCODINGS.get(message.encoding)
    if encoding is None:
        raise ValueError(
            f"encoding {message.encoding[:40]!r} is not accepted; "
            f"have the camera publish one of {', '.join(ACCEPTED_ENCODINGS)}"
        )
    if encoding.pair and int(message.width) % 2:
        raise ValueError(f"{message.encoding} needs an even width, got {message.width}")
    native = _unpack(message, encoding.channels, f"u{encoding.item_bytes}", max_image_px)
    return mosaic_to_rgb(native, message.encoding) if encoding.mosaic else encoding.to_rgb(native)


def image_to_depth(message: ImageMessage, max_image_px: int = MAX_IMAGE_PX) -> AnyArray:
    """Return the values of a depth image as they were sent; what they mean is in space/.

    Args:
        message: 16UC1, mono16 or 32FC1, rows of `step` bytes, either byte order.
        max_image_px: Most pixels accepted.

    Returns:
        (H, W) uint16 or float32, C-contiguous. May share memory with the message, so it must not
        be written to.

    Raises:
        ValueError: As `image_to_rgb`.
    """
    kind = _DEPTH_KINDS.get(message.encoding)
    if kind is None:
        raise ValueError(
            f"encoding {message.encoding[:40]!r} holds no depth that is known; have the depth "
            "camera publish 16UC1 (millimetres) or 32FC1 (metres), not compressed"
        )
    return _unpack(message, 1, kind, max_image_px)


def _unpack(message: ImageMessage, channels: int, kind: str, max_image_px: int) -> AnyArray:
    """Return the values of an image, (H, W[, C]) native-endian and C-contiguous.

    Args:
        message: The image.
        channels: Values of one pixel.
        kind: NumPy's name of a value without its byte order.
        max_image_px: Most pixels accepted.

    Raises:
        ValueError: As `image_to_rgb`.
    """
    height, width, step = int(message.height), int(message.width), int(message.step)
    check_size(width, height, max_image_px)
    dtype = np.dtype(f"{'>' if message.is_bigendian else '<'}{kind}")
    row_bytes = width * channels * dtype.itemsize
    if step < row_bytes:
        raise ValueError(
            f"step is {step} bytes, but {width} pixels of {message.encoding} take {row_bytes}"
        )
    data = np.frombuffer(message.data, np.uint8)
    if data.size != step * height:
        fault = "truncated" if data.size < step * height else "oversized"
        raise ValueError(
            f"{fault} data: {height} rows of {step} bytes are {step * height}, got {data.size}"
        )
    shape: tuple[int, ...] = (height, width)
    strides: tuple[int, ...] = (step, channels * dtype.itemsize)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, dtype.itemsize)
    pixels: AnyArray = np.ndarray(shape, dtype, data.data, strides=strides)
    return np.ascontiguousarray(pixels, dtype.newbyteorder("="))


def mosaic_to_rgb(pixels: UInt8Array, encoding: str) -> UInt8Array:
    """Return the picture that a Bayer sensor saw.

    Args:
        pixels: (H, W), one colour a pixel.
        encoding: ROS name of the pattern, bayer_rggb8 for example.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ValueError: If `encoding` is no Bayer pattern of 8 bits, or a side is below 3 pixels
            (OpenCV answers that with black).
    """
    known = _ENCODINGS.get(encoding)
    if known is None or not known.mosaic:
        patterns = [name for name, entry in _ENCODINGS.items() if entry.mosaic]
        raise ValueError(f"{encoding!r} is no Bayer pattern; accepted are {', '.join(patterns)}")
    if min(pixels.shape) < 3:
        height, width = pixels.shape
        raise ValueError(f"{encoding} needs 3 x 3 pixels or more, got {width} x {height}")
    return known.to_rgb(pixels)


def check_size(width: int, height: int, max_image_px: int) -> None:
    """Raise ValueError unless an image of this size is worth unpacking."""
    if width < 1 or height < 1:
        raise ValueError(f"the image is {width} x {height} pixels; both sides must be at least 1")
    if width * height > max_image_px:
        raise ValueError(
            f"the image is {width} x {height}, {width * height} pixels; at most {max_image_px} "
            "are accepted (parameter max_image_px)"
        )


ImagePacker = Callable[[AnyArray, str, Any], Any]
"""(array, encoding, header) -> sensor_msgs/Image; encodings mono8, mono16, rgb8 and 32FC1."""


class OwnImagePacker:
    """Packs arrays into sensor_msgs/Image without cv_bridge."""

    def __init__(self, types: MessageTypes) -> None:
        self._image_class = types.get("sensor_msgs/msg/Image")

    def __call__(self, pixels: AnyArray, encoding: str, header: Any) -> Any:
        """Return the message: tightly packed, little-endian, the header as it is.

        Args:
            pixels: (H, W) uint8 for mono8, uint16 for mono16, float32 for 32FC1; (H, W, 3) uint8
                for rgb8.
            encoding: Name that the message carries.
            header: Goes into the message unchanged.
        """
        little = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
        height, width = little.shape[:2]
        return self._image_class(
            header=header,
            height=height,
            width=width,
            encoding=encoding,
            is_bigendian=0,
            step=little.nbytes // height,
            data=byte_sequence(self._image_class, little),
        )


def mask_pixels(mask: AnyArray) -> UInt8Array:
    """Return a bool mask (H, W) as 0 and 255."""
    return cast(UInt8Array, mask.view(np.uint8) * np.uint8(255))


def response_pixels(response_map: Float32Array) -> Float32Array:
    """Return the response map, once it is sure that it may be published.

    Raises:
        ValueError: If a value is NaN, infinite or outside 0..1.
    """
    lowest, highest = float(response_map.min()), float(response_map.max())
    if not (lowest >= 0.0 and highest <= 1.0):  # NaN fails both comparisons
        raise ValueError(
            f"the response map must lie in 0..1, got {lowest} to {highest}; nothing of this frame "
            "is published. Check the weights and the backend"
        )
    return np.asarray(response_map, np.float32)
