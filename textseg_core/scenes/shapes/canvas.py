"""A texture that knows which named colour each of its pixels has."""

import functools

import cv2
import numpy as np

from textseg_core.arrays import Float32Array, UInt8Array
from textseg_core.scenes.shapes.form import TEXTURE_PX, Form
from textseg_core.scenes.shapes.palette import draw_rgb


@functools.cache
def _fields() -> tuple[Float32Array, ...]:
    """Return noise fields from fine to coarse, each (256, 256), mean 0 and deviation 1."""
    rng = np.random.default_rng(0)
    fields = []
    for cells in (256, 48, 12, 4):
        coarse = rng.standard_normal((cells, cells))
        field = cv2.resize(coarse, (TEXTURE_PX, TEXTURE_PX), interpolation=cv2.INTER_CUBIC)
        fields.append(((field - field.mean()) / field.std()).astype(np.float32))
    return tuple(fields)


class Canvas:
    """The texture of one thing while it is painted.

    Pixels hold the index of an ink, so that the shares of the colours can be counted, and a
    brightness by which the ink is multiplied.
    """

    def __init__(self, form: Form, rng: np.random.Generator) -> None:
        self._form = form
        self._rng = rng
        self._index = np.zeros((TEXTURE_PX, TEXTURE_PX), np.uint8)
        self._shade = np.ones((TEXTURE_PX, TEXTURE_PX), np.float32)
        self._rgb: list[tuple[int, int, int]] = []
        self._names: list[str] = []

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots."""
        return tuple(self._form.rects)

    @property
    def variant(self) -> str:
        """Variant of the form that is painted."""
        return self._form.variant

    def ink(self, color: str, rgb: tuple[int, int, int] | None = None) -> int:
        """Return a new ink of a named colour; `rgb` where nature has its own shade of it."""
        self._rgb.append(draw_rgb(color, self._rng) if rgb is None else rgb)
        self._names.append(color)
        return len(self._rgb) - 1

    def cover(self, color: str, rgb: tuple[int, int, int] | None = None) -> int:
        """Fill everything with a new ink and return it."""
        ink = self.ink(color, rgb)
        self._index[:] = ink
        return ink

    def region(self, slot: str) -> UInt8Array:
        """Return the pixels of a slot, to be filled with inks."""
        row, column, height, width = self._form.rects[slot]
        return self._index[row : row + height, column : column + width]

    def shade(self, slot: str) -> Float32Array:
        """Return the brightness of a slot, to be multiplied into."""
        row, column, height, width = self._form.rects[slot]
        return self._shade[row : row + height, column : column + width]

    def noise(self, scale: int) -> Float32Array:
        """Return one of four noise fields (0 fine, 3 coarse) at a random offset, (256, 256)."""
        offset = self._rng.integers(0, TEXTURE_PX, 2)
        return np.roll(_fields()[scale], offset, axis=(0, 1))

    def shares(self) -> list[tuple[str, float]]:
        """Return the colours with their shares of the visible surface, the largest first."""
        texels = self._form.texels
        counts = np.bincount(
            self._index[texels[:, 0], texels[:, 1]], minlength=len(self._names)
        ) / len(texels)
        shares: dict[str, float] = {}
        for name, count in zip(self._names, counts, strict=True):
            shares[name] = shares.get(name, 0.0) + float(count)
        return sorted(shares.items(), key=lambda item: -item[1])

    def texture(self) -> UInt8Array:
        """Return the painted texture with slight noise, RGB (256, 256, 3)."""
        shade = self._shade * (1 + np.float32(self._rng.uniform(0.004, 0.02)) * self.noise(0))
        shade *= 1 + np.float32(self._rng.uniform(0.0, 0.025)) * self.noise(2)
        rgb = np.asarray(self._rgb, np.float32)[self._index] * shade[..., None]
        return np.clip(rgb, 0, 255).astype(np.uint8)
