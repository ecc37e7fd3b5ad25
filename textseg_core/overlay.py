"""Draws a segmentation over its image, for people to look at."""

import math
from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.caption import render_line
from textseg_core.preprocess import check_image
from textseg_core.segmentation import Segmentation, SegmentedObject, Status

Colour: TypeAlias = tuple[int, int, int]

COLOURS: dict[Status, Colour] = {
    Status.FOUND: (40, 220, 90),
    Status.AMBIGUOUS: (255, 176, 32),
    Status.NOT_FOUND: (235, 80, 80),
}
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
WORDS = {Status.FOUND: "found", Status.AMBIGUOUS: "ambiguous", Status.NOT_FOUND: "not found"}
#: How much of the colour the mask takes.
TINT = 0.45
#: How much of the picture shows through behind the caption.
BAND_TRANSPARENCY = 0.25
#: Images are drawn with lines of one pixel up to this longer side, and thicker beyond.
PLAIN_SIDE_PX = 640
SMALLEST_FONT_PX = 10


def draw_overlay(
    image: UInt8Array,
    segmentation: Segmentation,
    numbered: Sequence[tuple[SegmentedObject, str]] = (),
) -> UInt8Array:
    """Return a copy of the image that shows the segmentation.

    The mask is tinted and outlined; each object has a thin box, a cross at its centroid and its
    main axis as far as that stays on the object, the best one in white; a band at the top names
    expression, status and score. Lines and letters grow with the image.

    Args:
        image: The RGB image that was segmented, uint8 (H, W, 3).
        segmentation: What was found in it.
        numbered: Objects that a question calls by number, each with its number, which is
            written above its box; one that is not of `segmentation` gets a box too.

    Returns:
        RGB, uint8 (H, W, 3).

    Raises:
        ValueError: If `image` is no colour image, or not of the mask's size.
    """
    check_image(image)
    if image.shape[:2] != segmentation.mask.shape:
        raise ValueError(
            f"image and segmentation must be of one size, got {image.shape[:2]} and "
            f"{segmentation.mask.shape}"
        )
    picture = np.array(image, order="C")
    colour = COLOURS[segmentation.status]
    thickness = max(1, round(max(image.shape[:2]) / PLAIN_SIDE_PX))
    _tint(picture, segmentation, colour, thickness)
    for rank, found in reversed(list(enumerate(segmentation.objects))):
        _draw_object(picture, found, colour if rank else WHITE, thickness)
    for found, _ in numbered:
        if found not in segmentation.objects:
            _draw_box(picture, found, colour, thickness)
    top = _draw_caption(picture, segmentation, colour)
    for found, number in numbered:
        _draw_number(picture, found, number, top)
    return picture


def _tint(picture: UInt8Array, segmentation: Segmentation, colour: Colour, thickness: int) -> None:
    """Colour the mask and draw its outline, in place."""
    if not segmentation.objects:
        return  # the mask is their union
    mask = segmentation.mask.view(np.uint8)
    x, y, width, height = cv2.boundingRect(mask)
    if not width:
        return
    inside = np.ascontiguousarray(mask[y : y + height, x : x + width])
    window = picture[y : y + height, x : x + width]
    tinted = cv2.LUT(window, _blend_table(colour, TINT))
    cv2.copyTo(tinted, inside, window)
    contours, _ = cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
    cv2.drawContours(picture, contours, -1, colour, thickness + 1)


def _draw_object(
    picture: UInt8Array, found: SegmentedObject, colour: Colour, thickness: int
) -> None:
    """Draw box, axis and centroid of one object, in place."""
    _draw_box(picture, found, colour, thickness)
    u, v = found.centroid
    angle = found.axis.angle_rad
    ends = [_end_on_object(found, angle + turn) for turn in (0.0, math.pi)]
    _line(picture, ends[0], ends[1], colour, thickness)
    arm = min(6.0 * thickness, max(1.0, found.axis.minor_px / 4.0))
    for outline, strength in ((BLACK, thickness + 2), (colour, thickness)):
        _line(picture, (u - arm, v), (u + arm, v), outline, strength)
        _line(picture, (u, v - arm), (u, v + arm), outline, strength)


def _draw_box(picture: UInt8Array, found: SegmentedObject, colour: Colour, thickness: int) -> None:
    """Draw the box of one object, in place."""
    x, y, width, height = found.box
    cv2.rectangle(picture, (x, y), (x + width - 1, y + height - 1), colour, thickness)


def _draw_number(picture: UInt8Array, found: SegmentedObject, number: str, top: int) -> None:
    """Write a number in white on black above an object's box, or in it at the top, in place.

    Args:
        picture: RGB, (H, W, 3).
        found: The object.
        number: Its number.
        top: Rows that the caption takes.
    """
    font_px = max(SMALLEST_FONT_PX, round(max(picture.shape[:2]) / 28))
    line = render_line(number, font_px, picture.shape[1])
    margin = font_px // 4
    height, width = line.shape[0], line.shape[1] + 2 * margin
    if height > picture.shape[0] or width > picture.shape[1]:
        return  # a picture this small has no room for words
    x, y = found.box[0], found.box[1] - height
    if y < top:
        y = max(top, found.box[1])
    x, y = min(x, picture.shape[1] - width), min(y, picture.shape[0] - height)
    chip = picture[y : y + height, x : x + width]
    chip[:] = BLACK
    _write(chip, line, margin, 0, WHITE)


def _end_on_object(found: SegmentedObject, angle_rad: float) -> tuple[float, float]:
    """Return the last point on the object on the way from its centroid in a direction."""
    u, v = found.centroid
    x, y, width, height = found.box
    steps = np.arange(math.hypot(width, height) + 2.0)
    along, down = u + steps * math.cos(angle_rad), v + steps * math.sin(angle_rad)
    columns, rows = np.rint(along).astype(np.intp) - x, np.rint(down).astype(np.intp) - y
    within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    window = found.mask[y : y + height, x : x + width]
    on_object = within & window[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    last = max(0, int(np.argmin(on_object)) - 1)
    return float(along[last]), float(down[last])


def _line(
    picture: UInt8Array,
    start: tuple[float, float],
    end: tuple[float, float],
    colour: Colour,
    thickness: int,
) -> None:
    """Draw a line between two places given in pixels, in place."""
    first, second = ((round(u), round(v)) for u, v in (start, end))
    cv2.line(picture, first, second, colour, thickness)


def _draw_caption(picture: UInt8Array, segmentation: Segmentation, colour: Colour) -> int:
    """Write expression, status and score on a dark band at the top; return its rows."""
    font_px = max(SMALLEST_FONT_PX, round(max(picture.shape[:2]) / 36))
    margin = font_px // 3
    room = picture.shape[1] - 3 * margin
    if room < font_px or picture.shape[0] < 2 * font_px:
        return 0  # a picture this small has no room for words
    verdict = f"{WORDS[segmentation.status]} {segmentation.score:.2f}"
    right = render_line(verdict, font_px, room)
    words = " ".join(segmentation.expression.split())
    left = render_line(words, font_px, max(1, room - right.shape[1]))
    band = picture[: max(left.shape[0], right.shape[0]) + margin]
    band[:] = cv2.LUT(band, _blend_table(BLACK, 1.0 - BAND_TRANSPARENCY))
    _write(band, left, margin, margin // 2, WHITE)
    _write(band, right, band.shape[1] - margin - right.shape[1], margin // 2, colour)
    return len(band)


def _write(band: UInt8Array, line: UInt8Array, x: int, y: int, colour: Colour) -> None:
    """Blend rendered text into a band, in place."""
    window = band[y : y + line.shape[0], x : x + line.shape[1]]
    coverage = cv2.merge((line[: window.shape[0], : window.shape[1]],) * 3)
    behind = cv2.multiply(window, cv2.bitwise_not(coverage), scale=1.0 / 255.0)
    window[:] = cv2.add(behind, cv2.LUT(coverage, _stroke_table(colour)))


@cache
def _stroke_table(colour: Colour) -> UInt8Array:
    """Return what a colour gives at each level of coverage, (256, 1, 3)."""
    levels = np.arange(256, dtype=np.float32)[:, np.newaxis, np.newaxis]
    strokes: UInt8Array = np.rint(levels * np.array(colour, np.float32) / 255.0).astype(np.uint8)
    return strokes


@cache
def _blend_table(colour: Colour, share: float) -> UInt8Array:
    """Return what each level becomes when the colour takes a share, (256, 1, 3)."""
    levels = np.arange(256, dtype=np.float32)[:, np.newaxis, np.newaxis]
    table = levels * (1.0 - share) + np.array(colour, np.float32) * share
    blended: UInt8Array = np.rint(table).astype(np.uint8)
    return blended
