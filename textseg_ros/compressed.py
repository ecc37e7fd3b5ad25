"""sensor_msgs/CompressedImage to RGB arrays: JPEG and PNG, their headers read first."""

import io
import struct
import warnings
from typing import cast

import numpy as np
from PIL import Image, JpegImagePlugin, PngImagePlugin

from textseg_core.arrays import UInt8Array
from textseg_ros.conversions import MAX_IMAGE_PX, check_size, grey16_to_grey8, mosaic_to_rgb
from textseg_ros.messages import CompressedMessage

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_BROKEN = (OSError, SyntaxError, EOFError, LookupError, TypeError, ValueError, struct.error)
"""What Pillow raises for a broken file."""

_PictureClass = type[JpegImagePlugin.JpegImageFile] | type[PngImagePlugin.PngImageFile]


def compressed_to_rgb(message: CompressedMessage, max_image_px: int = MAX_IMAGE_PX) -> UInt8Array:
    """Return the picture that a sensor_msgs/CompressedImage holds.

    The first bytes decide between JPEG and PNG. Of `format`, as image_transport writes it
    ("jpeg", "rgb8; jpeg compressed bgr8"), three things count: "compressedDepth" is refused;
    "compressed rgb8" says that red and blue changed places before compression, so they change
    back; "bayer_rggb8; ..." with a grey picture is a mosaic. CMYK becomes RGB by Pillow's
    arithmetic, without a colour profile; alpha is ignored; 16-bit grey is scaled to 8 bits; EXIF
    orientation is ignored, because pixels of the result must be pixels of the camera.

    Args:
        message: JPEG or PNG data.
        max_image_px: Most pixels accepted; read from the header, before anything is unpacked.

    Returns:
        (H, W, 3) uint8, C-contiguous.

    Raises:
        ValueError: If the data are empty, neither JPEG nor PNG, depth, broken, truncated or
            larger than `max_image_px`.
    """
    name = message.format[:60]
    if "compresseddepth" in message.format.lower():
        raise ValueError(
            f"format {name!r} holds depth, not a picture; remap image/compressed to the colour "
            "camera's topic"
        )
    data = bytes(message.data)
    if not data:
        raise ValueError(f"no data in a compressed image of format {name!r}")
    picture_class = _class_of(data, name)
    try:
        picture = picture_class(io.BytesIO(data))  # reads the header
    except _BROKEN as error:
        raise ValueError(_fault(name, data, error)) from error
    check_size(*picture.size, max_image_px)
    try:
        picture.load()
    except _BROKEN as error:
        raise ValueError(_fault(name, data, error)) from error
    return _to_rgb(picture, message.format)


def quiet_pillow() -> None:
    """Keep Pillow's remarks on metadata, such as damaged EXIF, from stderr.

    Nothing of the result depends on them, and with a camera they come with every frame. Filters
    hold for the whole process and are not safe to change while threads run, so call it before.
    """
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def _class_of(data: bytes, name: str) -> _PictureClass:
    """Return what reads the data.

    The classes are called rather than Image.open, which tries every format that Pillow knows and
    warns by its own measure of a decompression bomb.
    """
    if data.startswith(_JPEG):
        return JpegImagePlugin.JpegImageFile
    if data.startswith(_PNG):
        return PngImagePlugin.PngImageFile
    raise ValueError(
        f"format {name!r} with first bytes {data[:8].hex(' ')} is neither JPEG nor PNG; "
        "have the camera publish one of these, or raw images on topic image"
    )


def _fault(name: str, data: bytes, error: Exception) -> str:
    return f"broken or truncated picture, format {name!r}, {len(data)} bytes: {error}"


def _to_rgb(picture: Image.Image, format_text: str) -> UInt8Array:
    before, _, after = format_text.partition(";")
    if picture.mode.startswith("I"):
        values = np.asarray(picture)
        grey = grey16_to_grey8(values.astype(np.uint16))
        picture = Image.fromarray(grey)
    if picture.mode == "L" and before.strip().startswith("bayer_"):
        return mosaic_to_rgb(np.asarray(picture), before.strip())
    pixels = np.array(picture if picture.mode == "RGB" else picture.convert("RGB"))
    if "compressed rgb" in after:
        return np.ascontiguousarray(pixels[..., ::-1])
    return cast(UInt8Array, pixels)
