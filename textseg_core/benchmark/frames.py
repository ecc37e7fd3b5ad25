"""The camera images and the words that a benchmark asks with."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array

_COLOURS = ("red", "blue", "green", "white", "black", "brown", "yellow", "gray", "orange", "pink")
_NOUNS = ("can", "mug", "plate", "box", "bottle", "bowl", "cup", "fork", "knife", "spoon")
_RELATIONS = ("left of", "right of", "behind", "next to")
_PRODUCTS = len(_COLOURS) ** 2 * len(_NOUNS) ** 2 * len(_RELATIONS)
#: Without a common divisor with their number, so that each comes once; by the golden section.
_STRIDE = 24_721
_JPEG_QUALITY = 90


#: Unpacks one frame that a camera sent into RGB, uint8 (H, W, 3).
Decode = Callable[[], UInt8Array]


def raw_camera(picture: UInt8Array) -> Decode:
    """Return what unpacks the frames of a camera that sends plain BGR pixels, as most do.

    Args:
        picture: RGB, uint8 (H, W, 3).
    """
    sent = picture[..., ::-1].tobytes()
    shape = picture.shape

    def decode() -> UInt8Array:
        pixels: UInt8Array = np.frombuffer(sent, np.uint8).reshape(shape)
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)

    return decode


def jpeg_camera(picture: UInt8Array) -> Decode:
    """Return what unpacks the frames of a camera that sends JPEG of quality 90.

    Args:
        picture: RGB, uint8 (H, W, 3).
    """
    done, packed = cv2.imencode(
        ".jpg", np.ascontiguousarray(picture[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not done:
        raise RuntimeError("OpenCV cannot write JPEG here; install opencv-python-headless again")

    def decode() -> UInt8Array:
        pixels = cv2.imdecode(packed, cv2.IMREAD_COLOR)
        if pixels is None:
            raise RuntimeError("OpenCV cannot read the JPEG that it wrote")
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)

    return decode


def read_picture(path: Path, width: int, height: int) -> UInt8Array:
    """Return a picture file as RGB, stretched to a size.

    Raises:
        ValueError: If the file is no picture; names it.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise ValueError(f"{path}: expected a picture file, got {error.strerror}") from error
    pixels = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if pixels is None:
        raise ValueError(f"{path}: expected a JPEG or PNG picture, OpenCV cannot read it")
    sized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(sized, cv2.COLOR_BGR2RGB), np.uint8)


def draw_picture(width: int, height: int, seed: int = 0) -> UInt8Array:
    """Return a drawn table with coloured things on it, RGB, always the same for a seed.

    It has the noise of a camera, as a smooth picture would decode faster than a real one.
    """
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), (150, 120, 90), np.uint8)
    side = min(width, height)
    for index in range(9):
        colour = tuple(int(value) for value in rng.integers(20, 250, 3))
        centre = (int(rng.integers(0, width)), int(rng.integers(0, height)))
        radius = int(rng.integers(side // 16, side // 6))
        if index % 2:
            cv2.circle(picture, centre, radius, colour, -1, cv2.LINE_AA)
        else:
            far = (centre[0] + radius, centre[1] + 2 * radius)
            cv2.rectangle(picture, centre, far, colour, -1)
    noise = rng.normal(0.0, 6.0, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def expressions() -> Iterator[str]:
    """Return expressions without end; the first 40,000 all differ, so no cache knows them.

    All words come by turns from the start. In the order of a product, what is found changed in the
    middle of a long run: "right of" has twice the objects of "left of", each with a mask.
    """
    for number in itertools.count():  # not itertools.cycle, which keeps all that it gave
        rest = number * _STRIDE % _PRODUCTS
        chosen = []
        for words in (_NOUNS, _COLOURS, _NOUNS, _COLOURS, _RELATIONS):
            rest, index = divmod(rest, len(words))
            chosen.append(words[index])
        noun, colour, thing, other, relation = chosen
        yield f"the {colour} {noun} {relation} the {other} {thing}"
