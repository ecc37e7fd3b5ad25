"""Textures of tables, floors and walls: from a folder of pictures, and drawn without any."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from textseg_core.arrays import AnyArray, UInt8Array
from textseg_core.scenes.packs import read_texture

_SOURCE_PX = 384
_ENDINGS = frozenset((".jpg", ".jpeg", ".png"))


def _colour(rng: np.random.Generator) -> AnyArray:
    """Draw a subdued colour as tables and walls have it, RGB 0..255."""
    hsv = (rng.uniform(0, 180), rng.uniform(0, 110) * rng.random(), rng.uniform(60, 245))
    pixel = np.array([[hsv]], np.uint8)
    colour: AnyArray = cv2.cvtColor(pixel, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)
    return colour


def _clouds(px: int, cells: tuple[int, int], rng: np.random.Generator) -> AnyArray:
    """Return smooth noise about 0, (px, px)."""
    coarse = rng.normal(0, 1, cells).astype(np.float32)
    clouds: AnyArray = cv2.resize(coarse, (px, px), interpolation=cv2.INTER_CUBIC)
    return clouds


def _plain(px: int, rng: np.random.Generator) -> AnyArray:
    shade = _clouds(px, (4, 4), rng) * rng.uniform(0, 6)
    picture: AnyArray = _colour(rng) + shade[..., None]
    return picture


def _noise(px: int, rng: np.random.Generator) -> AnyArray:
    picture = np.zeros((px, px), np.float32)
    for octave in range(2, 8):
        picture += _clouds(px, (2**octave, 2**octave), rng) / octave
    speckle = np.abs(rng.normal(0, rng.uniform(2, 12), (px, px, 1)))
    noisy: AnyArray = _colour(rng) + picture[..., None] * rng.uniform(4, 20) + speckle
    return noisy


def _wood(px: int, rng: np.random.Generator) -> AnyArray:
    hsv = np.array([[(rng.uniform(8, 18), rng.uniform(60, 170), rng.uniform(80, 220))]], np.uint8)
    base = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].astype(np.float32)
    grain = _clouds(px, (int(rng.integers(2, 5)), px // 4), rng)
    rings = np.sin(_clouds(px, (2, 8), rng) * rng.uniform(4, 12))
    picture: AnyArray = base + (grain * rng.uniform(5, 14) + rings * rng.uniform(3, 12))[..., None]
    boards = int(rng.integers(1, 7))
    for index in range(boards if boards > 1 else 0):
        x0, x1 = index * px // boards, (index + 1) * px // boards
        picture[:, x0:x1] += rng.normal(0, 10)
        picture[:, x0 : x0 + 2] *= 0.6
    return picture


def _cloth(px: int, rng: np.random.Generator) -> AnyArray:
    picture: AnyArray = np.broadcast_to(_colour(rng), (px, px, 3)).copy()
    other, count = _colour(rng), int(rng.integers(3, 14))
    place = np.arange(px) * count // px
    if rng.random() < 0.35:
        picture[place % 2 == 1] = other
    elif rng.random() < 0.5:
        both = (place[:, None] % 2).astype(np.float32) + (place[None] % 2)
        picture += (other - picture) * (both / 2)[..., None]
    weave = np.indices((px, px)).sum(axis=0) % 3 - 1
    picture += weave[..., None] * rng.uniform(2, 9) + _clouds(px, (5, 5), rng)[..., None] * 4
    return picture


def _tiles(px: int, rng: np.random.Generator) -> AnyArray:
    count, gap = int(rng.integers(2, 8)), int(rng.integers(1, 5))
    base, other = _colour(rng), _colour(rng)
    if rng.random() < 0.6:
        other = base + rng.normal(0, 8, 3)
    picture: AnyArray = np.empty((px, px, 3), np.float32)
    side = px / count
    for row in range(count):
        for column in range(count):
            window = (
                slice(int(row * side), int((row + 1) * side)),
                slice(int(column * side), int((column + 1) * side)),
            )
            picture[window] = (base if (row + column) % 2 else other) + rng.normal(0, 4)
    lines = (np.arange(px) % side) < gap
    picture[lines] = picture[:, lines] = _colour(rng)
    return picture + rng.normal(0, 3, (px, px, 1))


_DRAWN: tuple[Callable[[int, np.random.Generator], AnyArray], ...] = (
    _plain,
    _noise,
    _wood,
    _wood,
    _cloth,
    _tiles,
)


def draw_surface(px: int, rng: np.random.Generator) -> UInt8Array:
    """Draw a texture that needs no file: wood, cloth, tiles, noise or plain; (px, px, 3) RGB."""
    kind = _DRAWN[int(rng.integers(len(_DRAWN)))]
    drawn: UInt8Array = np.clip(kind(px, rng), 0, 255).astype(np.uint8)
    return drawn


@dataclass(frozen=True, slots=True)
class Surfaces:
    """Where textures come from.

    Attributes:
        pictures: RGB pictures of a folder; may be empty.
    """

    pictures: tuple[UInt8Array, ...] = ()

    def draw(self, px: int, rng: np.random.Generator) -> UInt8Array:
        """Draw a texture that continues over its edges (it is mirrored), (px, px, 3) RGB."""
        half = px // 2
        if self.pictures and rng.random() < 0.6:
            source = self.pictures[int(rng.integers(len(self.pictures)))]
            side = int(min(source.shape[:2]) * rng.uniform(0.5, 1.0))
            y = int(rng.integers(source.shape[0] - side + 1))
            x = int(rng.integers(source.shape[1] - side + 1))
            patch = source[y : y + side, x : x + side]
            tile = cv2.resize(patch, (half, half), interpolation=cv2.INTER_AREA).astype(np.uint8)
        else:
            tile = draw_surface(half, rng)
        if rng.random() < 0.5:
            tile = tile.transpose(1, 0, 2)
        wide = np.concatenate([tile, tile[:, ::-1]], axis=1)
        mirrored: UInt8Array = np.ascontiguousarray(np.concatenate([wide, wide[::-1]]))
        return mirrored


def load_surfaces(folder: Path) -> Surfaces:
    """Read all pictures below a folder; raise ValueError naming what is missing or damaged."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is missing: expected a folder of JPEG or PNG textures")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    if not paths:
        raise ValueError(f"{folder}: expected JPEG or PNG textures, found none")
    return Surfaces(tuple(read_texture(path, _SOURCE_PX) for path in paths))
