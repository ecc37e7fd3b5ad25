"""Pictures, folders and videos named on the command line, as pictures with a name each."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.picture_file import PICTURE_SUFFIXES, read_upright

VIDEOS = frozenset((".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"))
WHOLE = 0.95
"""Least share of the frames that a video's header promises; headers count roughly."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to look at.

    Attributes:
        path: The file.
        name: For what is written about it, without suffix; may have folders. No two alike.
    """

    path: Path
    name: str

    @property
    def is_video(self) -> bool:
        """Whether its suffix says so."""
        return self.path.suffix.lower() in VIDEOS


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture that was read.

    Attributes:
        pixels: RGB, (H, W, 3), upright.
        frame: Number in its video, from 0; None if it is a file of its own.
        time_s: In its video; None likewise.
        decode_ms: What reading it took.
    """

    pixels: UInt8Array
    frame: int | None
    time_s: float | None
    decode_ms: float


def find_sources(inputs: Iterable[Path], without: Path) -> list[Source]:
    """Return the files that inputs name, those of folders sorted; each file once.

    Args:
        inputs: Pictures, videos and folders, which are searched to the bottom.
        without: Folder of earlier answers, which is passed over where it lies in an input.

    Raises:
        ValueError: If there is no such input, or a folder holds nothing to look at.
    """
    found: dict[Path, Path] = {}
    for given in inputs:
        if given.is_dir():
            files = [
                path
                for path in sorted(given.rglob("*"))
                if path.suffix.lower() in PICTURE_SUFFIXES | VIDEOS
                and path.is_file()
                and not path.resolve().is_relative_to(without.resolve())
            ]
            if not files:
                endings = " ".join(sorted(PICTURE_SUFFIXES | VIDEOS))
                raise ValueError(f"folder {given} holds no picture and no video ({endings})")
            for path in files:
                found.setdefault(path, path.relative_to(given))
        elif given.exists():
            found.setdefault(given, Path(given.name))
        else:
            raise ValueError(f"{given} does not exist; give pictures, videos or folders of them")
    names = _names(list(found.values()))
    return [Source(path, name) for path, name in zip(found, names, strict=True)]


def _names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each relative path: without suffix, unless two would be alike."""
    taken: set[str] = set()
    names: list[str] = []
    for path in paths:
        plain = path.with_suffix("").as_posix()
        full = f"{plain}-{path.suffix[1:].lower()}"
        numbered = (f"{full}-{number}" for number in range(2, len(paths) + 2))
        name = next(name for name in (plain, full, *numbered) if name not in taken)
        taken.add(name)
        names.append(name)
    return names


def read_picture(path: Path) -> Picture:
    """Return a picture file.

    Raises:
        ValueError: As `read_upright`.
    """
    begun = perf_counter()
    pixels = np.asarray(read_upright(path).convert("RGB"))
    return Picture(pixels, None, None, _ms(begun))


def read_video(path: Path, every: int) -> Iterator[Picture]:
    """Yield every so manieth frame of a video, from the first one.

    Args:
        path: The file.
        every: 1 for all frames.

    Raises:
        ValueError: If it cannot be opened, holds no frame, or ends before its header says.
    """
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise ValueError(f"{path} cannot be opened as a video; is it whole, and a video?")
        promised = capture.get(cv2.CAP_PROP_FRAME_COUNT)
        rate_hz = capture.get(cv2.CAP_PROP_FPS)
        number = 0
        begun = perf_counter()
        while capture.grab():
            if number % every == 0:
                good, pixels = capture.retrieve()
                if not good:
                    break
                rgb: UInt8Array = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)  # type: ignore[assignment]
                time_s = number / rate_hz if rate_hz > 0.0 else None
                yield Picture(rgb, number, time_s, _ms(begun))
                begun = perf_counter()
            number += 1
    finally:
        capture.release()
    if number == 0 or number < WHOLE * promised:
        raise ValueError(
            f"{path} ends after {number} frames of {max(promised, 0):.0f}; it is damaged or "
            "cut off"
        )


def count_pictures(source: Source, every: int) -> int:
    """Return how many pictures a source promises, for a progress bar; 1 if it does not say."""
    if not source.is_video:
        return 1
    capture = cv2.VideoCapture(str(source.path))
    try:
        promised = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0.0
    finally:
        capture.release()
    return max(1, math.ceil(promised / every))


def _ms(begun: float) -> float:
    return (perf_counter() - begun) * 1e3
