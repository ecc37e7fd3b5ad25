import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from textseg_core.arrays import AnyArray, UInt8Array
from textseg_ros.compressed import compressed_to_rgb
from textseg_ros.messages import MessageTypes, byte_sequence, make_header


def compressed(types: MessageTypes, data: bytes, format_text: str = "jpeg") -> Any:
    message_class = types.get("sensor_msgs/msg/CompressedImage")
    values = byte_sequence(message_class, np.frombuffer(data, np.uint8))
    return message_class(header=make_header(types, 7), format=format_text, data=values)


def encode(pixels: AnyArray, file_format: str, mode: str | None = None, **options: Any) -> bytes:
    picture = Image.fromarray(pixels)
    stream = io.BytesIO()
    (picture.convert(mode) if mode else picture).save(stream, file_format, **options)
    return stream.getvalue()


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> UInt8Array:
    """Return 16 rows of 32 pixels, half in each colour; JPEG's blocks keep them apart."""
    picture = np.zeros((16, 32, 3), np.uint8)
    picture[:, :16], picture[:, 16:] = left, right
    return picture


def greatest_difference(one: UInt8Array, other: UInt8Array) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def empty_png(width: int, height: int) -> bytes:
    """Return a PNG that claims a size and holds no pixels."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + png_chunk(b"IDAT", b"")


def test_a_jpeg_becomes_rgb(types: MessageTypes) -> None:
    picture = halves((200, 30, 40), (20, 40, 180))

    decoded = compressed_to_rgb(
        compressed(types, encode(picture, "jpeg", quality=95, subsampling=0))
    )

    assert greatest_difference(decoded, picture) <= 4
    assert decoded.flags.c_contiguous


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_a_png_of_any_palette_becomes_rgb(rosbags_types: MessageTypes, mode: str) -> None:
    picture = halves((255, 0, 0), (0, 0, 255))

    decoded = compressed_to_rgb(compressed(rosbags_types, encode(picture, "png", mode), "png"))

    assert np.array_equal(decoded, picture)


def test_a_grey_png_of_16_bits_is_scaled(rosbags_types: MessageTypes) -> None:
    grey = np.array([[0, 0x5A5A, 0xFFFF, 129]], np.uint16)

    decoded = compressed_to_rgb(compressed(rosbags_types, encode(grey, "png"), "png"))

    assert decoded.tolist() == [[[0] * 3, [90] * 3, [255] * 3, [1] * 3]]


def test_a_cmyk_jpeg_becomes_rgb(rosbags_types: MessageTypes) -> None:
    picture = halves((255, 0, 0), (255, 255, 255))
    data = encode(picture, "jpeg", "CMYK", quality=95, subsampling=0)

    decoded = compressed_to_rgb(compressed(rosbags_types, data))

    assert greatest_difference(decoded, picture) <= 8


@pytest.mark.parametrize(
    "format_text", ["jpeg", "jpg", "rgb8; jpeg compressed bgr8", "bgr8; jpeg compressed ", "png"]
)
def test_formats_that_keep_the_colours_do_so(
    rosbags_types: MessageTypes, format_text: str
) -> None:
    picture = halves((200, 30, 40), (20, 40, 180))
    data = encode(picture, "jpeg", quality=95, subsampling=0)

    decoded = compressed_to_rgb(compressed(rosbags_types, data, format_text))

    assert greatest_difference(decoded, picture) <= 4


def test_compressed_rgb8_says_that_red_and_blue_changed_places(
    rosbags_types: MessageTypes,
) -> None:
    picture = halves((200, 30, 40), (20, 40, 180))
    data = encode(np.ascontiguousarray(picture[..., ::-1]), "png")

    decoded = compressed_to_rgb(compressed(rosbags_types, data, "rgb8; png compressed rgb8"))

    assert np.array_equal(decoded, picture)


def test_a_grey_picture_of_a_bayer_camera_is_a_mosaic(rosbags_types: MessageTypes) -> None:
    mosaic = np.tile(np.array([[200, 100], [100, 50]], np.uint8), (2, 2))
    message = compressed(rosbags_types, encode(mosaic, "png"), "bayer_rggb8; png compressed ")

    assert compressed_to_rgb(message).tolist() == [[[200, 100, 50]] * 4] * 4


def test_exif_orientation_is_ignored(rosbags_types: MessageTypes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by a quarter for display
    picture = halves((255, 0, 0), (0, 0, 255))

    decoded = compressed_to_rgb(compressed(rosbags_types, encode(picture, "jpeg", exif=exif)))

    assert decoded.shape == (16, 32, 3)


@pytest.mark.parametrize("file_format", ["jpeg", "png"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_refused(
    types: MessageTypes, file_format: str, kept: float
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = encode(noise, file_format)

    with pytest.raises(ValueError, match=r"broken or truncated picture, format 'x', \d+ bytes"):
        compressed_to_rgb(compressed(types, data[: int(len(data) * kept)], "x"))


@pytest.mark.parametrize(
    ("data", "format_text", "message"),
    [
        (b"", "jpeg", "no data in a compressed image of format 'jpeg'"),
        (b"\x00\x00\x00\x01gE", "h264", "'h264' with first bytes 00 00 00 01 67 45 is neither"),
        (b"GIF89a", "gif", "neither JPEG nor PNG"),
        (b"\xff\xd8\xff\xe0rubbish", "jpeg", "broken or truncated"),
        (b"\x89PNG\r\n\x1a\nrubbish", "png", "broken or truncated"),
        (b"\x89PNG", "16UC1; compressedDepth png", "holds depth, not a picture"),
    ],
)
def test_what_is_no_picture_is_refused_by_name(
    types: MessageTypes, data: bytes, format_text: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        compressed_to_rgb(compressed(types, data, format_text))


def test_a_bomb_is_refused_by_its_header(types: MessageTypes) -> None:
    """No pixels are there, so the refusal cannot come from unpacking."""
    with pytest.raises(ValueError, match=r"60000 x 60000, 3600000000 pixels; at most 33554432"):
        compressed_to_rgb(compressed(types, empty_png(60_000, 60_000), "png"))


def test_the_largest_size_is_a_setting(rosbags_types: MessageTypes) -> None:
    message = compressed(rosbags_types, encode(np.zeros((4, 4, 3), np.uint8), "jpeg"))

    assert compressed_to_rgb(message, max_image_px=16).shape == (4, 4, 3)
    with pytest.raises(ValueError, match="4 x 4, 16 pixels; at most 15"):
        compressed_to_rgb(message, max_image_px=15)


def test_damaged_pictures_are_refused_or_decoded_and_nothing_else(
    rosbags_types: MessageTypes,
) -> None:
    rng = np.random.default_rng(2)
    noise = rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)
    sources = [
        encode(noise, "jpeg"),
        encode(noise, "jpeg", progressive=True),
        encode(noise, "png"),
    ]
    refused = 0
    for turn in range(300):
        data = bytearray(sources[turn % 3])
        for place in rng.integers(8, len(data), 3):
            data[place] = rng.integers(256)
        try:
            assert compressed_to_rgb(compressed(rosbags_types, bytes(data))).ndim == 3
        except ValueError:
            refused += 1
    assert 0 < refused < 300
