import array
from typing import Any

import numpy as np
import pytest

from textseg_core.arrays import UInt8Array
from textseg_ros.conversions import (
    ACCEPTED_ENCODINGS,
    OwnImagePacker,
    image_to_depth,
    image_to_rgb,
    mask_pixels,
    response_pixels,
)
from textseg_ros.messages import InstalledMessages, MessageTypes, byte_sequence, make_header

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)


def image(
    types: MessageTypes,
    encoding: str,
    rows: list[list[int]],
    columns: int,
    *,
    is_bigendian: int = 0,
    **fields: Any,
) -> Any:
    """Return a sensor_msgs/Image of the bytes given row by row."""
    message_class = types.get("sensor_msgs/msg/Image")
    values: dict[str, Any] = {
        "header": make_header(types, 5_000_000_007, "camera"),
        "height": len(rows),
        "width": columns,
        "encoding": encoding,
        "is_bigendian": is_bigendian,
        "step": len(rows[0]) if rows else 0,
        "data": byte_sequence(message_class, np.array(rows, np.uint8)),
    }
    return message_class(**(values | fields))


def pixels(message: Any) -> list[list[tuple[int, ...]]]:
    return [[tuple(pixel) for pixel in row] for row in image_to_rgb(message).tolist()]


def test_rgb8_is_taken_as_it_is(types: MessageTypes) -> None:
    message = image(types, "rgb8", [[*RED, *GREEN], [*BLUE, *GREY]], 2)

    assert pixels(message) == [[RED, GREEN], [BLUE, GREY]]


def test_tightly_packed_rgb8_is_not_copied(rosbags_types: MessageTypes) -> None:
    message = image(rosbags_types, "rgb8", [[*RED, *GREEN]], 2)

    assert np.shares_memory(image_to_rgb(message), message.data)


def test_padding_at_the_end_of_rows_is_left_out(types: MessageTypes) -> None:
    message = image(types, "rgb8", [[*RED, *GREEN, 77, 77], [*BLUE, *GREY, 77, 77]], 2)

    assert pixels(message) == [[RED, GREEN], [BLUE, GREY]]
    assert image_to_rgb(message).flags.c_contiguous


@pytest.mark.parametrize(
    ("encoding", "row"),
    [
        ("bgr8", [0, 0, 255, 0, 255, 0, 90, 90, 90]),
        ("rgba8", [255, 0, 0, 9, 0, 255, 0, 9, 90, 90, 90, 0]),
        ("bgra8", [0, 0, 255, 9, 0, 255, 0, 9, 90, 90, 90, 0]),
    ],
)
@pytest.mark.parametrize("padding", [[], [1, 2, 3]])
def test_colour_orders_become_rgb_and_alpha_is_ignored(
    types: MessageTypes, encoding: str, row: list[int], padding: list[int]
) -> None:
    message = image(types, encoding, [row + padding, row + padding], 3)

    assert pixels(message) == [[RED, GREEN, GREY]] * 2


def test_mono8_has_three_equal_channels(types: MessageTypes) -> None:
    message = image(types, "mono8", [[0, 90, 255, 1]], 3)

    assert pixels(message) == [[(0, 0, 0), GREY, (255, 255, 255)]]


# 0x0101 * 201 = 0xC9C9 is the grey 201; 128 / 257 = 0.498 rounds down, 129 / 257 = 0.502 up.
@pytest.mark.parametrize(
    ("is_bigendian", "row"),
    [
        (0, [0xC9, 0xC9, 0xFF, 0xFF, 128, 0, 129, 0, 0x00, 0x80]),
        (1, [0xC9, 0xC9, 0xFF, 0xFF, 0, 128, 0, 129, 0x80, 0x00]),
    ],
)
@pytest.mark.parametrize("padding", [[], [7]])
def test_mono16_is_scaled_in_either_byte_order(
    types: MessageTypes, is_bigendian: int, row: list[int], padding: list[int]
) -> None:
    message = image(types, "mono16", [row + padding] * 2, 5, is_bigendian=is_bigendian)

    greys = [201, 255, 0, 1, 128]  # 0x8000 / 257 = 127.502
    assert pixels(message) == [[(grey, grey, grey) for grey in greys]] * 2


def test_byte_order_means_nothing_to_encodings_of_one_byte(types: MessageTypes) -> None:
    message = image(types, "rgb8", [[1, 2, 3]], 1, is_bigendian=1)

    assert pixels(message) == [[(1, 2, 3)]]


# BT.601, limited range: red is Y 81, U 90, V 240; white is Y 235 and black Y 16 with U = V = 128.
@pytest.mark.parametrize(
    ("encoding", "row"),
    [
        ("yuv422", [90, 81, 240, 81, 128, 235, 128, 16]),
        ("uyvy", [90, 81, 240, 81, 128, 235, 128, 16]),
        ("yuv422_yuy2", [81, 90, 81, 240, 235, 128, 16, 128]),
        ("yuyv", [81, 90, 81, 240, 235, 128, 16, 128]),
    ],
)
@pytest.mark.parametrize("padding", [[], [5, 5, 5]])
def test_yuv_of_either_order_becomes_rgb(
    types: MessageTypes, encoding: str, row: list[int], padding: list[int]
) -> None:
    decoded = image_to_rgb(image(types, encoding, [row + padding] * 2, 4)).astype(int)

    expected = [RED, RED, (255, 255, 255), (0, 0, 0)]
    assert np.abs(decoded - np.array([expected] * 2)).max() <= 1


@pytest.mark.parametrize(
    ("encoding", "first_row", "second_row"),
    [
        ("bayer_rggb8", (200, 100), (100, 50)),
        ("bayer_bggr8", (50, 100), (100, 200)),
        ("bayer_gbrg8", (100, 50), (200, 100)),
        ("bayer_grbg8", (100, 200), (50, 100)),
    ],
)
@pytest.mark.parametrize("padding", [[], [9]])
def test_bayer_patterns_are_named_by_their_first_two_rows(
    types: MessageTypes,
    encoding: str,
    first_row: tuple[int, int],
    second_row: tuple[int, int],
    padding: list[int],
) -> None:
    """Every sensor saw the one colour (200, 100, 50)."""
    rows = [[*first_row, *first_row, *padding], [*second_row, *second_row, *padding]] * 2

    assert pixels(image(types, encoding, rows, 4)) == [[(200, 100, 50)] * 4] * 4


def test_each_accepted_encoding_is_decoded(rosbags_types: MessageTypes) -> None:
    for encoding in ACCEPTED_ENCODINGS:
        row = [128] * 4 * (2 if encoding.startswith(("mono16", "yu", "uy")) else 1)
        row *= {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4}.get(encoding, 1)
        decoded = image_to_rgb(image(rosbags_types, encoding, [row] * 4, 4))
        assert decoded.shape == (4, 4, 3), encoding
        assert decoded.dtype == np.uint8, encoding


@pytest.mark.parametrize("encoding", ["16UC1", "32FC1", "bayer_rggb16", "rgb16", "nv12", ""])
def test_other_encodings_are_refused_with_what_is_accepted(
    types: MessageTypes, encoding: str
) -> None:
    with pytest.raises(ValueError, match=rf"'{encoding}' is not accepted.*rgb8.*bayer_grbg8"):
        image_to_rgb(image(types, encoding, [[1, 2, 3]], 1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"height": 0}, "2 x 0 pixels"),
        ({"width": 0}, "0 x 2 pixels"),
        ({"width": 100_000, "height": 100_000, "step": 300_000}, "at most 33554432"),
        ({"step": 5}, "step is 5 bytes, but 2 pixels of rgb8 take 6"),
        ({"step": 0}, "step is 0 bytes"),
        ({"step": 7}, "truncated data: 2 rows of 7 bytes are 14, got 12"),
        ({"height": 3}, "truncated data: 3 rows of 6 bytes are 18, got 12"),
        ({"height": 1}, "oversized data: 1 rows of 6 bytes are 6, got 12"),
        ({"data": array.array("B")}, "truncated data.*got 0"),
    ],
)
def test_sizes_that_do_not_add_up_are_refused(
    types: MessageTypes, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        image_to_rgb(image(types, "rgb8", [[*RED, *GREEN], [*BLUE, *GREY]], 2, **fields))


def test_the_largest_size_is_a_setting(types: MessageTypes) -> None:
    message = image(types, "mono8", [[1, 2], [3, 4]], 2)

    assert image_to_rgb(message, max_image_px=4).shape == (2, 2, 3)
    with pytest.raises(ValueError, match="2 x 2, 4 pixels; at most 3"):
        image_to_rgb(message, max_image_px=3)


def test_yuv_of_odd_width_is_refused(types: MessageTypes) -> None:
    with pytest.raises(ValueError, match="yuv422 needs an even width, got 3"):
        image_to_rgb(image(types, "yuv422", [[0] * 6], 3))


def test_bayer_below_three_pixels_is_refused(types: MessageTypes) -> None:
    with pytest.raises(ValueError, match="needs 3 x 3 pixels or more, got 4 x 2"):
        image_to_rgb(image(types, "bayer_rggb8", [[0] * 4] * 2, 4))


@pytest.mark.parametrize(
    ("encoding", "array_", "row_bytes", "expected"),
    [
        ("mono8", np.array([[0, 255], [255, 0]], np.uint8), 2, [0, 255, 255, 0]),
        ("rgb8", np.array([[RED], [BLUE]], np.uint8), 3, [255, 0, 0, 0, 0, 255]),
        # 1.0 is 0x3F800000, the lowest byte first.
        ("32FC1", np.array([[1.0, 0.0]], np.float32), 8, [0, 0, 0x80, 0x3F, 0, 0, 0, 0]),
        ("32FC1", np.array([[1.0, 0.0]], ">f4"), 8, [0, 0, 0x80, 0x3F, 0, 0, 0, 0]),
    ],
)
def test_published_images_are_tightly_packed_and_little_endian(
    types: MessageTypes, encoding: str, array_: Any, row_bytes: int, expected: list[int]
) -> None:
    header = make_header(types, 5_000_000_007, "camera")

    message = OwnImagePacker(types)(array_, encoding, header)

    assert (message.height, message.width) == array_.shape[:2]
    assert (message.encoding, message.is_bigendian, message.step) == (encoding, 0, row_bytes)
    assert list(message.data) == expected
    assert message.header == header


DEPTH = [[0x0102, 0x0304], [0xFFFF, 0]]


@pytest.mark.parametrize("encoding", ["16UC1", "mono16"])
@pytest.mark.parametrize("padding", [0, 2, 3])
@pytest.mark.parametrize("is_bigendian", [0, 1])
def test_depth_of_16_bits_is_read_in_either_byte_order(
    types: MessageTypes, encoding: str, padding: int, is_bigendian: int
) -> None:
    rows = [[2, 1, 4, 3], [255, 255, 0, 0]]
    if is_bigendian:
        rows = [[1, 2, 3, 4], [255, 255, 0, 0]]
    padded = [row + [77] * padding for row in rows]

    depth = image_to_depth(image(types, encoding, padded, 2, is_bigendian=is_bigendian))

    assert depth.dtype == np.uint16
    assert depth.tolist() == DEPTH


@pytest.mark.parametrize("padding", [0, 4, 5])
@pytest.mark.parametrize("is_bigendian", [0, 1])
def test_depth_in_metres_keeps_what_says_unknown(
    types: MessageTypes, padding: int, is_bigendian: int
) -> None:
    # IEEE 754, most significant byte first: 0.75, NaN, infinity, -0.
    numbers = [[0x3F, 0x40, 0, 0], [0x7F, 0xC0, 0, 0], [0x7F, 0x80, 0, 0], [0x80, 0, 0, 0]]
    row = [byte for number in numbers for byte in number[:: 1 if is_bigendian else -1]]
    message = image(types, "32FC1", [row + [77] * padding], 4, is_bigendian=is_bigendian)

    depth = image_to_depth(message)

    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth, np.array([[0.75, np.nan, np.inf, 0.0]], np.float32))


@pytest.mark.parametrize("encoding", ["8UC1", "mono8", "64FC1", "16UC1; compressedDepth", "rgb8"])
def test_what_is_no_depth_is_refused(types: MessageTypes, encoding: str) -> None:
    with pytest.raises(ValueError, match=r"holds no depth that is known; .*16UC1"):
        image_to_depth(image(types, encoding, [[1, 2, 3, 4]], 2))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"height": 0}, "2 x 0 pixels"),
        ({"step": 3}, "step is 3 bytes, but 2 pixels of 16UC1 take 4"),
        ({"height": 3}, "truncated data: 3 rows of 4 bytes are 12, got 8"),
        ({"height": 1}, "oversized data: 1 rows of 4 bytes are 4, got 8"),
        ({"width": 100_000, "height": 100_000, "step": 200_000}, "at most 33554432"),
    ],
)
def test_sizes_of_depth_that_do_not_add_up_are_refused(
    types: MessageTypes, fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        image_to_depth(image(types, "16UC1", [[1, 2, 3, 4], [5, 6, 7, 8]], 2, **fields))


def test_a_published_picture_that_is_a_window_of_a_larger_one_is_packed(
    types: MessageTypes,
) -> None:
    whole = np.arange(16, dtype=np.uint8).reshape(4, 4)

    message = OwnImagePacker(types)(whole[1:3, 1:3], "mono8", make_header(types, 0))

    assert list(message.data) == [5, 6, 9, 10]


def test_generated_classes_get_their_bytes_as_an_array(types: MessageTypes) -> None:
    message = OwnImagePacker(types)(np.zeros((2, 2), np.uint8), "mono8", make_header(types, 0))

    expected = array.array if isinstance(types, InstalledMessages) else np.ndarray
    assert isinstance(message.data, expected)


def test_a_mask_becomes_0_and_255() -> None:
    mask = np.array([[True, False], [False, True]])

    assert mask_pixels(mask).tolist() == [[255, 0], [0, 255]]
    assert mask.dtype == np.bool_


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.5, -0.1])
def test_a_response_that_is_no_share_is_refused(value: float) -> None:
    response_map = np.full((2, 2), 0.5, np.float32)
    response_map[1, 1] = value

    with pytest.raises(ValueError, match=r"response map must lie in 0\.\.1, got"):
        response_pixels(response_map)


def _random_rows(rng: np.random.Generator, height: int, step: int) -> list[list[int]]:
    rows: UInt8Array = rng.integers(0, 256, (height, step), dtype=np.uint8)
    found: list[list[int]] = rows.tolist()
    return found


@pytest.mark.parametrize("encoding", sorted(set(ACCEPTED_ENCODINGS)))
@pytest.mark.parametrize("is_bigendian", [0, 1])
def test_decoder_agrees_with_cv_bridge(encoding: str, is_bigendian: int) -> None:
    reason = "cv_bridge exists only inside a ROS 2 installation"
    pytest.importorskip("rclpy", reason=reason)
    cv_bridge = pytest.importorskip("cv_bridge", reason=reason)
    bytes_per_pixel = {"rgb8": 3, "bgr8": 3, "rgba8": 4, "bgra8": 4, "mono8": 1}.get(encoding)
    if bytes_per_pixel is None:
        bytes_per_pixel = 1 if encoding.startswith("bayer") else 2
    # Padding of whole pixels: cv_bridge's Python side shears an image with any other.
    rows = _random_rows(np.random.default_rng(3), 12, 16 * bytes_per_pixel + 12)
    message = image(InstalledMessages(), encoding, rows, 16, is_bigendian=is_bigendian)
    try:
        expected = cv_bridge.CvBridge().imgmsg_to_cv2(message, "rgb8")
    except cv_bridge.CvBridgeError as error:
        pytest.skip(f"cv_bridge does not know {encoding}: {error}")

    difference = np.abs(image_to_rgb(message).astype(int) - expected.astype(int))

    assert difference.max() <= 1
