"""Pictures as camera frames: read from files, a video or a camera, packed as ROS images."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.picture_file import read_upright
from textseg_ros.messages import MessageTypes, byte_sequence, make_header

IMAGE_TYPE = "sensor_msgs/msg/Image"


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels and the ROS name of their encoding: mono8 (H, W), rgb8 or bgr8 (H, W, 3)."""

    pixels: UInt8Array
    encoding: str


def read_picture(path: Path) -> Frame:
    """Return a picture file as a frame, grey pictures as mono8, others as rgb8.

    Raises:
        ValueError: As `read_upright`.
    """
    picture = read_upright(path)
    if picture.mode == "L":
        return Frame(np.asarray(picture), "mono8")
    return Frame(np.asarray(picture.convert("RGB")), "rgb8")


def open_video(source: str | int) -> Callable[[], Frame | None]:
    """Return what gives the next frame of a video file or a camera; None at its end.

    Args:
        source: A file, or the number of a camera.

    Raises:
        ValueError: If it cannot be opened.
    """
    capture = cv2.VideoCapture(source)
    if not capture.isOpened():
        what = f"camera {source}" if isinstance(source, int) else f"video {source}"
        raise ValueError(
            f"{what} cannot be opened; check that it exists, is readable and not in use"
        )

    def read() -> Frame | None:
        good, pixels = capture.read()
        return Frame(cast(UInt8Array, pixels), "bgr8") if good else None

    return read


def image_message(types: MessageTypes, frame: Frame, stamp_ns: int, frame_id: str) -> Any:
    """Return a frame as sensor_msgs/Image, tightly packed."""
    message_class = types.get(IMAGE_TYPE)
    height, width = frame.pixels.shape[:2]
    return message_class(
        header=make_header(types, stamp_ns, frame_id),
        height=height,
        width=width,
        encoding=frame.encoding,
        is_bigendian=0,
        step=frame.pixels.nbytes // height,
        data=byte_sequence(message_class, np.ascontiguousarray(frame.pixels)),
    )
