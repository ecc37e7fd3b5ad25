"""Arrays as sensor_msgs/CompressedImage, named as image_transport names them."""

from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_ros.messages import MessageTypes, byte_sequence

PNG_LEVEL, JPEG_QUALITY = 3, 95
"""Those of compressed_image_transport."""

# The trailing blank is compressed_image_transport's: it names a target only for colour.
MASK_FORMAT = "mono8; png compressed "
PICTURE_FORMAT = "rgb8; jpeg compressed bgr8"


def png_message(types: MessageTypes, pixels: UInt8Array, header: Any) -> Any:
    """Return a grey picture, (H, W), as PNG, which keeps every value."""
    return _message(
        types, pixels, ".png", [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL], MASK_FORMAT, header
    )


def jpeg_message(types: MessageTypes, pixels: UInt8Array, header: Any) -> Any:
    """Return an RGB picture, (H, W, 3), as JPEG."""
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    return _message(types, bgr, ".jpg", quality, PICTURE_FORMAT, header)


def _message(
    types: MessageTypes,
    pixels: Any,
    ending: str,
    parameters: list[int],
    format_text: str,
    header: Any,
) -> Any:
    done, data = cv2.imencode(ending, pixels, parameters)
    if not done:
        raise RuntimeError(
            f"OpenCV could not compress {pixels.shape} pixels as {ending}; its build must hold "
            "the codecs of PNG and JPEG"
        )
    message_class = types.get("sensor_msgs/msg/CompressedImage")
    values = byte_sequence(message_class, np.asarray(data, np.uint8))
    return message_class(header=header, format=format_text, data=values)
