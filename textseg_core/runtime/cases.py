"""Pictures with expressions on which runtimes are compared: drawn, rendered, or a folder's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.cache import RenderedScenes

#: Expressions asked about each picture; the same number, so that pictures weigh the same.
PER_PICTURE = 4

_ENDINGS = (".jpg", ".jpeg", ".png")
_HEIGHT, _WIDTH = 480, 640
_COLOURS = {
    "red": (200, 30, 30),
    "green": (40, 160, 60),
    "blue": (40, 70, 200),
    "yellow": (230, 210, 40),
    "black": (25, 25, 25),
    "white": (240, 240, 240),
}
_PLACES = ("", " on the left", " on the right", " at the top", " at the bottom")
# Asked of pictures that nobody described; what the answers are does not matter, only whether the
# runtimes agree.
_GENERAL = (
    "the red thing",
    "the bottle",
    "the cup on the left",
    "the bowl",
    "the box on the right",
    "the largest thing",
    "the can",
    "the green thing",
    "the book",
    "the person",
    "the thing in the middle",
    "the blue cup",
    "the chair",
    "the apple",
    "the car",
    "the leftmost thing",
)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A picture and what is asked about it.

    Attributes:
        image: RGB, (H, W, 3).
        expressions: At least one.
    """

    image: UInt8Array
    expressions: tuple[str, ...]


def drawn_cases(count: int) -> Iterator[Case]:
    """Draw boxes and balls on a wall and a table, the same for the same number."""
    for index in range(count):
        yield _draw(np.random.default_rng((2016, index)))


def picture_cases(folder: Path, count: int) -> Iterator[Case]:
    """Yield pictures of a folder, evenly chosen, with expressions that name common things.

    Raises:
        ValueError: If the folder holds no picture, or one cannot be read; names it.
    """
    for index, image in enumerate(load_pictures(folder, count)):
        start = index * PER_PICTURE
        yield Case(image, tuple(_GENERAL[(start + i) % len(_GENERAL)] for i in range(PER_PICTURE)))


def scene_cases(folder: Path, count: int) -> Iterator[Case]:
    """Yield rendered scenes, evenly chosen, with expressions written about them.

    Raises:
        ValueError: If the folder holds no rendered scenes, or a file of it is damaged.
    """
    scenes = RenderedScenes(folder, depth=False)
    for index in _evenly(len(scenes), count):
        scene = scenes[index]
        queries = write_expressions(scene, PER_PICTURE, np.random.default_rng((2016, index)))
        if queries:
            yield Case(scene.image, tuple(query.expression for query in queries))


def load_pictures(folder: Path, count: int) -> Iterator[UInt8Array]:
    """Yield RGB pictures of a folder and those below it, evenly chosen.

    Raises:
        ValueError: If the folder holds no picture, or one cannot be read; names it.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise ValueError(f"{folder} holds no picture; expected files {', '.join(_ENDINGS)}")
    for index in _evenly(len(paths), count):
        bgr = cv2.imread(str(paths[index]), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{paths[index]} is no picture that OpenCV can read; remove it")
        yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8)


def _evenly(length: int, count: int) -> list[int]:
    """Return at most `count` numbers below `length`, evenly spaced."""
    if count < 1:
        raise ValueError(f"the number of pictures must be at least 1, got {count}")
    if count >= length:
        return list(range(length))
    return [index * length // count for index in range(count)]


def _draw(rng: np.random.Generator) -> Case:
    image = np.empty((_HEIGHT, _WIDTH, 3), np.uint8)
    edge = int(rng.integers(120, 220))
    image[:edge] = rng.integers(90, 230, 3)
    image[edge:] = rng.integers(90, 230, 3)
    names = list(_COLOURS)
    asked = []
    for slot in range(4):
        colour, is_ball = names[int(rng.integers(len(names)))], bool(rng.integers(2))
        centre = (int(90 + 155 * slot + rng.integers(-30, 31)), int(rng.integers(edge, 420)))
        half = int(rng.integers(25, 60))
        if is_ball:
            cv2.circle(image, centre, half, _COLOURS[colour], -1, cv2.LINE_AA)
        else:
            corners = [(centre[0] + s * half, centre[1] + s * half) for s in (-1, 1)]
            cv2.rectangle(image, corners[0], corners[1], _COLOURS[colour], -1)
        place = _PLACES[int(rng.integers(len(_PLACES)))]
        asked.append(f"the {colour} {'ball' if is_ball else 'box'}{place}")
    noise = rng.normal(0.0, 6.0, image.shape)
    return Case(np.clip(image + noise, 0, 255).astype(np.uint8), tuple(asked))
