"""Pictures of the page without a node: a folder, a video file or a webcam."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, cast

import cv2

from textseg_core.arrays import UInt8Array
from textseg_core.picture_file import pictures_in
from textseg_ros.demo.frames import Frame, open_video, read_picture
from textseg_ros.web.source import Kind

#: Pictures a second of a video that does not say how many it has, and the most that are shown.
USUAL_FPS, MOST_FPS = 25.0, 30.0
_TO_RGB = {"mono8": cv2.COLOR_GRAY2RGB, "bgr8": cv2.COLOR_BGR2RGB}


class Media(Protocol):
    """Where pictures come from; one thread uses it.

    Attributes:
        kind: What it is.
        name: For people.
        period_s: From one picture to the next; 0 for as they come.
    """

    kind: Kind
    name: str
    period_s: float

    def read(self) -> tuple[UInt8Array, float]:
        """Return the next picture, RGB (H, W, 3), and its time in seconds.

        Raises:
            ValueError: If it cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of the device or file."""
        ...


class Folder:
    """The pictures of a folder, by name; each stays until `position` is set to another.

    Attributes:
        kind: "folder".
        name: Of the folder.
        files: Its pictures.
        position: Of the one that `read` reads.

    Raises:
        ValueError: If it is no folder or holds no picture.
    """

    kind: Kind = "folder"
    period_s = 0.0

    def __init__(self, folder: Path) -> None:
        self.files = pictures_in(folder)
        self.name = folder.resolve().name
        self.position = 0

    def read(self) -> tuple[UInt8Array, float]:
        """Return the picture on show; its time is 0."""
        return rgb_of(read_picture(self.files[self.position])), 0.0

    def close(self) -> None:
        """Do nothing: no file stays open."""


class Video:
    """A video file, at its own speed, from the beginning again at its end.

    Raises:
        ValueError: If it cannot be opened.
    """

    kind: Kind = "video"

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise ValueError(f"--video must be a video file, got {file}")
        self._file = file
        self.name = file.name
        capture = cv2.VideoCapture(str(file))
        fps = float(capture.get(cv2.CAP_PROP_FPS))
        capture.release()
        self.period_s = 1.0 / min(fps if 1.0 <= fps <= 1000.0 else USUAL_FPS, MOST_FPS)
        self._read: Callable[[], Frame | None] = open_video(str(file))
        self._index = 0

    def read(self) -> tuple[UInt8Array, float]:
        """Return the next picture and its time in the video."""
        frame = self._read()
        if frame is None:
            self._read, self._index = open_video(str(self._file)), 0
            frame = self._read()
        if frame is None:
            raise ValueError(f"{self._file} holds no picture that can be decoded")
        self._index += 1
        return rgb_of(frame), (self._index - 1) * self.period_s

    def close(self) -> None:
        """Let go of the file."""
        self._read = lambda: None


class Webcam:
    """A camera of this machine.

    Args:
        number: As the system counts them, 0 the first.

    Raises:
        ValueError: If it cannot be opened.
    """

    kind: Kind = "camera"
    period_s = 0.0

    def __init__(self, number: int) -> None:
        self.name = f"camera {number}"
        self._read: Callable[[], Frame | None] = open_video(number)

    def read(self) -> tuple[UInt8Array, float]:
        """Wait for the next picture."""
        frame = self._read()
        if frame is None:
            raise ValueError(f"{self.name} gives no more pictures; plug it in and start again")
        return rgb_of(frame), time.monotonic()

    def close(self) -> None:
        """Let go of the camera."""
        self._read = lambda: None


def rgb_of(frame: Frame) -> UInt8Array:
    """Return a frame's pixels as RGB, (H, W, 3)."""
    code = _TO_RGB.get(frame.encoding)
    return frame.pixels if code is None else cast(UInt8Array, cv2.cvtColor(frame.pixels, code))
