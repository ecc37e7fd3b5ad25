"""Reads the files of data sets, and says what is missing or damaged and where to get it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the files of a data set come from.

    Attributes:
        name: The data set, as people call it.
        address: The official place to get it, and what to do there.
    """

    name: str
    address: str

    def missing(self, path: Path, expected: str) -> ValueError:
        """Return the error for a file that is not there."""
        return ValueError(
            f"{path} is missing: expected {expected} ({self.name}); get it from {self.address}"
        )

    def damaged(self, path: Path, expected: str, reason: object) -> ValueError:
        """Return the error for a file that holds something else."""
        why = " ".join(str(reason).split())
        return ValueError(
            f"{path} is not {expected} ({self.name}): {why}; get it again from {self.address}"
        )


def read_json(
    path: Path,
    expected: str,
    origin: Origin,
    object_hook: Callable[[dict[str, Any]], Any] | None = None,
) -> Any:
    """Return the content of a JSON file.

    Args:
        path: The file.
        expected: What it should be, for the error.
        origin: Where it comes from, for the error.
        object_hook: Applied to every object as soon as it is read; keeps big files small.

    Raises:
        ValueError: It is missing or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"), object_hook=object_hook)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise origin.missing(path, expected) from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise origin.damaged(path, expected, error) from error


def read_rgb(path: Path, origin: Origin, size: tuple[int, int] | None = None) -> UInt8Array:
    """Return a picture as it is stored, RGB (H, W, 3).

    A rotation noted in the file's EXIF data is not applied, as annotations do not know of it.

    Args:
        path: The file.
        origin: Where it comes from, for the error.
        size: Expected (width, height); anything if None.

    Raises:
        ValueError: It is missing, damaged or of another size.
    """
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    # cv2.imread warns on its own when it cannot open a file.
    bgr = cv2.imread(str(path), flags) if path.is_file() else None
    if bgr is None:
        state = "it cannot be decoded" if path.is_file() else "there is none"
        raise ValueError(
            f"{path}: expected a readable picture ({origin.name}), but {state}; "
            f"get it from {origin.address}"
        )
    height, width = bgr.shape[:2]
    if size is not None and size != (width, height):
        raise ValueError(
            f"{path}: expected {size[0]} x {size[1]} pixels as annotated ({origin.name}), got "
            f"{width} x {height}; get the original picture from {origin.address}"
        )
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)


def first_folder(given: Path | None, usual: Iterable[Path]) -> Path:
    """Return the folder that was named, else the first usual one that exists, else the first."""
    if given is not None:
        return given
    places = list(usual)
    return next((place for place in places if place.is_dir()), places[0])
