"""One picture of all answers: the overlays side by side, with the expected boxes and the marks."""

from collections.abc import Sequence

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_ros.demo.plan import Box

CELL_WIDTH_PX, CELL_HEIGHT_PX = 320, 240
_FRAME_PX = 5
_RIGHT, _WRONG, _UNMARKED = (40, 200, 80), (225, 60, 60), (120, 120, 120)
_BACKGROUND = (24, 24, 24)
_BOX = (255, 255, 255)


def contact_sheet(
    pictures: Sequence[UInt8Array],
    boxes: Sequence[Box | None],
    marks: Sequence[bool | None],
    columns: int = 5,
) -> UInt8Array:
    """Return the pictures in rows, RGB.

    Args:
        pictures: RGB, each (H, W, 3) of its own size.
        boxes: Expected box of each, in its own pixels, drawn as a white dashed line; None for
            none.
        marks: Right, wrong or None for unmarked: green, red or grey frame.
        columns: Pictures in a row.

    Raises:
        ValueError: If there is no picture.
    """
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    cells = [_cell(*entry) for entry in zip(pictures, boxes, marks, strict=True)]
    columns = min(columns, len(cells))
    while len(cells) % columns:
        cells.append(np.full_like(cells[0], _BACKGROUND))
    rows = [np.hstack(cells[start : start + columns]) for start in range(0, len(cells), columns)]
    return np.vstack(rows)


def _cell(picture: UInt8Array, box: Box | None, mark: bool | None) -> UInt8Array:
    picture = picture.copy()
    if box is not None:
        _dashed(picture, box)
    height, width = picture.shape[:2]
    inner_width, inner_height = CELL_WIDTH_PX - 2 * _FRAME_PX, CELL_HEIGHT_PX - 2 * _FRAME_PX
    scale = min(inner_width / width, inner_height / height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    cell = np.full((CELL_HEIGHT_PX, CELL_WIDTH_PX, 3), _BACKGROUND, np.uint8)
    colour = _UNMARKED if mark is None else _RIGHT if mark else _WRONG
    cv2.rectangle(cell, (1, 1), (CELL_WIDTH_PX - 2, CELL_HEIGHT_PX - 2), colour, _FRAME_PX - 1)
    top, left = (CELL_HEIGHT_PX - size[1]) // 2, (CELL_WIDTH_PX - size[0]) // 2
    cell[top : top + size[1], left : left + size[0]] = small
    return cell


def _dashed(picture: UInt8Array, box: Box) -> None:
    """Draw a dashed box into the picture."""
    x, y, width, height = box
    thickness = max(1, round(picture.shape[1] / 320))
    dash = 6 * thickness
    right, bottom = x + width - 1, y + height - 1
    for start in range(x, right, 2 * dash):
        for row in (y, bottom):
            cv2.line(picture, (start, row), (min(start + dash, right), row), _BOX, thickness)
    for start in range(y, bottom, 2 * dash):
        for column in (x, right):
            end = (column, min(start + dash, bottom))
            cv2.line(picture, (column, start), end, _BOX, thickness)
