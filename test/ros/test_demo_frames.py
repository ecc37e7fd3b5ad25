from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from textseg_ros.conversions import image_to_rgb
from textseg_ros.demo.frames import image_message, open_video, read_picture
from textseg_ros.messages import MessageTypes


def _picture() -> np.ndarray:  # type: ignore[type-arg]
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[1, 2] = (10, 20, 30)
    return picture


def test_a_colour_picture_becomes_rgb8_and_a_grey_one_mono8(tmp_path: Path) -> None:
    Image.fromarray(_picture()).save(tmp_path / "colour.png")
    Image.fromarray(_picture()[..., 0]).save(tmp_path / "grey.png")

    colour, grey = read_picture(tmp_path / "colour.png"), read_picture(tmp_path / "grey.png")

    assert (colour.encoding, grey.encoding) == ("rgb8", "mono8")
    np.testing.assert_array_equal(colour.pixels, _picture())
    assert grey.pixels.shape == (4, 6)


def test_what_is_no_picture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")

    with pytest.raises(ValueError, match=r"a\.png is no picture"):
        read_picture(tmp_path / "a.png")


def test_a_frame_comes_back_out_of_its_message(types: MessageTypes, tmp_path: Path) -> None:
    Image.fromarray(_picture()).save(tmp_path / "a.png")

    message = image_message(types, read_picture(tmp_path / "a.png"), 3_000_000_007, "cam")

    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (3, 7)
    assert (message.header.frame_id, message.step) == ("cam", 18)
    np.testing.assert_array_equal(image_to_rgb(message), _picture())


def test_a_video_gives_its_frames_and_then_none(tmp_path: Path) -> None:
    path = tmp_path / "a.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10.0, (32, 16))
    for value in (40, 200):
        writer.write(np.full((16, 32, 3), value, np.uint8))
    writer.release()

    read = open_video(str(path))
    frames = [read(), read()]

    assert [frame.encoding for frame in frames if frame] == ["bgr8", "bgr8"]
    assert [round(float(frame.pixels.mean()), -1) for frame in frames if frame] == [40, 200]
    assert read() is None


def test_a_video_that_is_missing_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"missing\.mp4 cannot be opened"):
        open_video(str(tmp_path / "missing.mp4"))
