"""How an object looks: a histogram of its colours to know it again, and a colour's name."""

from functools import lru_cache

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, Float32Array, Float64Array, UInt8Array
from textseg_core.geometry import Box

#: Bins of L, a and b. Lightness is coarse, as light changes and paint does not.
BINS = (4, 16, 16)
#: Standard deviation by which a histogram is blurred along each axis, bins.
BLUR_BINS = 0.7
#: About as many pixels are counted; of larger objects a regular part.
SAMPLED_PX = 4096
#: Chroma (distance from grey in Lab) below which a pixel is black, grey or white.
GREY_CHROMA = 18.0
#: Lightness, 0 to 100, up to which a grey is black and from which it is white.
BLACK_LIGHTNESS = 25.0
WHITE_LIGHTNESS = 78.0
#: Share of an object's pixels that its colour must have to be named after it.
NAMED_SHARE = 0.5

# sRGB. The first of each is what the survey below found; the others are shades of things.
_NAMED_RGB: dict[str, tuple[tuple[int, int, int], ...]] = {
    "red": ((229, 0, 0), (160, 20, 20), (220, 60, 50)),
    "orange": ((249, 115, 6), (230, 140, 50)),
    "yellow": ((255, 255, 20), (225, 200, 40), (255, 220, 90)),
    "green": ((21, 176, 26), (20, 90, 30), (130, 190, 90), (90, 140, 90)),
    "blue": ((3, 67, 223), (20, 40, 110), (110, 160, 220), (60, 100, 160), (0, 180, 215)),
    "purple": ((126, 30, 156), (150, 110, 190), (80, 30, 90)),
    "pink": ((255, 129, 192), (230, 80, 150), (240, 160, 170)),
    "brown": ((101, 55, 0), (150, 100, 60), (90, 55, 35)),
}
_NAME_STEP = 8
_NAME_WEIGHTS = np.array([1.0 / 3.0, 1.0, 1.0])
COLOURS = (*_NAMED_RGB, "black", "gray", "white")
"""Names that `colour_name` gives."""


def colour_histogram(image: UInt8Array, mask: BoolArray, box: Box) -> Float32Array:
    """Return the share of each colour among an object's pixels.

    Args:
        image: RGB, (H, W, 3).
        mask: The object, (H, W), with at least one pixel in the box.
        box: (x, y, width, height) that holds the object.

    Returns:
        `BINS` in CIE Lab, blurred so that a colour at the edge of a bin counts in both; sums
        to 1.
    """
    lab, inside = _sampled_lab(image, mask, box)
    counts: Float32Array = cv2.calcHist(
        [lab], [0, 1, 2], inside.view(np.uint8), list(BINS), [0, 256, 0, 256, 0, 256]
    ).astype(np.float32, copy=False)
    for axis in range(3):
        counts = _blurred(counts, axis)
    shares: Float32Array = (counts / counts.sum()).astype(np.float32)
    return shares


def likeness(first: Float32Array, second: Float32Array) -> float:
    """Return how alike two histograms are: 1 for the same, 0 for no colour in common.

    Source:
        The Bhattacharyya coefficient, as in Comaniciu et al. 2003,
        doi:10.1109/TPAMI.2003.1195991, equation 5.
    """
    return float(np.sqrt(first * second).sum())


def colour_name(image: UInt8Array, mask: BoolArray, box: Box) -> str | None:
    """Return what most people call the colour of an object; None if it has several.

    Args:
        image: RGB, (H, W, 3).
        mask: The object, (H, W), with at least one pixel in the box.
        box: (x, y, width, height) that holds the object.

    Returns:
        One of `COLOURS`: the name of the most of its pixels, if at least `NAMED_SHARE` of them
        have it.

    Source:
        Munroe 2010, "Color survey results", blog.xkcd.com, for one shade of each name. A pixel
        takes the name of the nearest shade in a, b and, at a third of the weight, L.
    """
    lab, inside = _sampled_lab(image, mask, box)
    steps = (lab[inside].astype(np.int64) + _NAME_STEP // 2) // _NAME_STEP
    names = _name_table()[steps[:, 0], steps[:, 1], steps[:, 2]]
    counts = np.bincount(names, minlength=len(COLOURS))
    best = int(counts.argmax())
    return COLOURS[best] if counts[best] >= NAMED_SHARE * len(names) else None


@lru_cache(maxsize=1)
def _name_table() -> UInt8Array:
    """Return the index in `COLOURS` of every eighth value of OpenCV's 8-bit L, a and b."""
    places = np.arange(0.0, 257.0, _NAME_STEP)
    grid = np.stack(np.meshgrid(places, places, places, indexing="ij"), axis=-1)
    lab = _natural_units(grid)
    shades = [(index, rgb) for index, name in enumerate(_NAMED_RGB) for rgb in _NAMED_RGB[name]]
    row = np.array([[rgb for _, rgb in shades]], np.uint8)
    centres = _natural_units(cv2.cvtColor(row, cv2.COLOR_RGB2LAB)[0].astype(np.float64))
    owners = np.array([index for index, _ in shades])
    # The nearest centre c of x has the least |c|^2 - 2 x c.
    weighted = centres * _NAME_WEIGHTS
    nearest = ((weighted**2).sum(axis=1) - 2.0 * (lab * _NAME_WEIGHTS) @ weighted.T).argmin(
        axis=-1
    )
    table: UInt8Array = owners[nearest].astype(np.uint8)
    lightness, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    # The darker a pixel, the less chroma it can have: in the dark black is the likelier name.
    is_grey = (chroma < GREY_CHROMA) | (lightness < BLACK_LIGHTNESS / 2.0)
    table[is_grey] = COLOURS.index("gray")
    table[is_grey & (lightness < BLACK_LIGHTNESS)] = COLOURS.index("black")
    table[is_grey & (lightness > WHITE_LIGHTNESS)] = COLOURS.index("white")
    return table


def _sampled_lab(image: UInt8Array, mask: BoolArray, box: Box) -> tuple[UInt8Array, BoolArray]:
    """Return OpenCV's 8-bit Lab of the box (h, w, 3) and its part of the mask, thinned alike."""
    x, y, width, height = box
    inside = mask[y : y + height, x : x + width]
    step = max(1, int((np.count_nonzero(inside) / SAMPLED_PX) ** 0.5))
    thinned = inside[::step, ::step]
    if not thinned.any():  # a net of thin lines may slip through the grid
        step, thinned = 1, inside
    rgb = np.ascontiguousarray(image[y : y + height : step, x : x + width : step])
    lab: UInt8Array = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB).astype(np.uint8, copy=False)
    return lab, np.ascontiguousarray(thinned)


def _natural_units(lab: Float64Array) -> Float64Array:
    """Return L in 0..100 and a, b around 0 from the values of OpenCV's bytes, (..., 3)."""
    natural: Float64Array = (lab - np.array([0.0, 128.0, 128.0])) * np.array([100 / 255, 1, 1])
    return natural


def _blurred(counts: Float32Array, axis: int) -> Float32Array:
    """Return a histogram blurred along one axis; what would leave it stays in the outer bin."""
    side = np.exp(-0.5 / BLUR_BINS**2)
    share = side / (1.0 + 2.0 * side)
    length = counts.shape[axis]
    bins = np.arange(length)
    below = np.take(counts, np.minimum(bins + 1, length - 1), axis)
    above = np.take(counts, np.maximum(bins - 1, 0), axis)
    blurred: Float32Array = counts * (1.0 - 2.0 * share) + (below + above) * share
    return blurred
