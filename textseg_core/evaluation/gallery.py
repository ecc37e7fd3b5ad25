"""Contact sheets of answers: the best, the worst and some at random, with truth and words."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from textseg_core.arrays import BoolArray, UInt8Array
from textseg_core.caption import render_line
from textseg_core.evaluation.answering import segment_all
from textseg_core.evaluation.records import Record
from textseg_core.overlay import COLOURS, TINT
from textseg_core.scenes.scene import Query, Scene, target_mask
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

CELL_PX = 320
COLUMNS, ROWS = 6, 4
TRUTH_COLOUR = (255, 255, 255)
RIGHT, WRONG = (40, 220, 90), (235, 80, 80)
FONT_PX = 13
BACKGROUND = 24
JPEG_QUALITY = 90

#: A record's picture and words, by which it is found again.
Key = tuple[str, str]


def choose(records: Sequence[Record], count: int = COLUMNS * ROWS) -> dict[str, list[Record]]:
    """Return the records for each sheet: `best`, `worst` and `random`.

    Best and worst are by IoU, where a correct refusal is 1, so refusals stay out of the best.
    Ties, such as the many misses with an IoU of 0, are broken by a digest of picture and words:
    neither by the order of the pictures nor by chance.

    Args:
        records: All answers.
        count: Of each.
    """
    shuffled = sorted(records, key=_digest)
    there = [record for record in shuffled if not record.absent]
    return {
        "best": sorted(there, key=lambda record: -record.iou)[:count],
        "worst": sorted(shuffled, key=lambda record: record.iou)[:count],
        "random": shuffled[:count],
    }


def write_gallery(
    folder: Path,
    segmenter: Segmenter,
    pictures: Iterable[tuple[Scene, Sequence[Query]]],
    records: Sequence[Record],
) -> list[Path]:
    """Write one JPEG for each sheet of `choose`; what is shown is answered anew.

    Args:
        folder: Where; made if it is not there.
        segmenter: The model that gave the records.
        pictures: The pictures with what was asked about each.
        records: All answers.
    """
    sheets = choose(records)
    wanted = {_key(record): record for chosen in sheets.values() for record in chosen}
    cells: dict[Key, UInt8Array] = {}
    for scene, queries in pictures:
        shown = [query for query in queries if (scene.scene_id, query.expression) in wanted]
        for query, answer in zip(shown, segment_all(segmenter, scene, shown), strict=True):
            key = (scene.scene_id, query.expression)
            cells[key] = draw_cell(scene, query, answer, wanted[key])
    folder.mkdir(parents=True, exist_ok=True)
    return [
        write_sheet(folder / f"{name}.jpg", contact_sheet([cells[_key(r)] for r in chosen]))
        for name, chosen in sheets.items()
        if chosen
    ]


def draw_cell(scene: Scene, query: Query, answer: Segmentation, record: Record) -> UInt8Array:
    """Return one captioned picture, RGB, `CELL_PX` wide.

    The answer is tinted in the colour of its status, the truth outlined in white; a cross marks
    the centroid. Below stand the expression, then kind, IoU, status and score, in green if the
    answer is right (`Record.right`), else in red.
    """
    height, width = scene.image.shape[:2]
    scale = CELL_PX / width
    size = (CELL_PX, max(1, round(height * scale)))
    picture = cv2.resize(scene.image, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    mask = _enlarge(answer.mask, size)
    colour = COLOURS[answer.status]
    picture[mask] = (picture[mask] * (1.0 - TINT) + np.array(colour) * TINT).astype(np.uint8)
    _outline(picture, mask, colour)
    _outline(picture, _enlarge(target_mask(scene, query), size), TRUTH_COLOUR)
    if answer.centroid is not None:
        place = tuple(round((value + 0.5) * scale) for value in answer.centroid)
        cv2.drawMarker(picture, place, (0, 0, 0), cv2.MARKER_CROSS, 11, 3)
        cv2.drawMarker(picture, place, TRUTH_COLOUR, cv2.MARKER_CROSS, 9, 1)
    truth = "absent" if record.absent else f"IoU {record.iou:.2f}"
    verdict = f"{record.kind}: {truth}, {answer.status.value} {answer.score:.2f}"
    words = caption_line(query.expression, TRUTH_COLOUR)
    return np.vstack([picture, words, caption_line(verdict, RIGHT if record.right else WRONG)])


def contact_sheet(cells: Sequence[UInt8Array], columns: int = COLUMNS) -> UInt8Array:
    """Return pictures of one width in rows, RGB, each row as high as its highest picture.

    Raises:
        ValueError: If there is no picture.
    """
    if not cells:
        raise ValueError("a contact sheet needs at least one picture")
    columns = min(columns, len(cells))
    height = max(cell.shape[0] for cell in cells)
    padded = [
        cv2.copyMakeBorder(
            cell, 2, height - cell.shape[0] + 2, 2, 2, cv2.BORDER_CONSTANT, value=(BACKGROUND,) * 3
        )
        for cell in cells
    ]
    while len(padded) % columns:
        padded.append(np.full_like(padded[0], BACKGROUND))
    rows = [np.hstack(padded[at : at + columns]) for at in range(0, len(padded), columns)]
    sheet: UInt8Array = np.vstack(rows).astype(np.uint8)
    return sheet


def _enlarge(mask: BoolArray, size: tuple[int, int]) -> BoolArray:
    """Return the mask in another size (width, height)."""
    resized = cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    enlarged: BoolArray = resized.astype(np.bool_)
    return enlarged


def _outline(picture: UInt8Array, mask: BoolArray, colour: tuple[int, int, int]) -> None:
    """Draw the rim of a mask, in place."""
    contours, _ = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(picture, contours, -1, colour, 1)


def caption_line(words: str, colour: tuple[int, int, int]) -> UInt8Array:
    """Return one line of text on the background, as wide as a cell."""
    line = render_line(" ".join(words.split()), FONT_PX, CELL_PX - 8)
    band = np.full((line.shape[0] + 2, CELL_PX, 3), BACKGROUND, np.float32)
    window = band[1 : 1 + line.shape[0], 4 : 4 + line.shape[1]]
    coverage = line[..., np.newaxis].astype(np.float32) / 255.0
    window += coverage * (np.array(colour, np.float32) - window)
    written: UInt8Array = band.astype(np.uint8)
    return written


def write_sheet(path: Path, picture: UInt8Array, quality: int = JPEG_QUALITY) -> Path:
    """Write an RGB picture as JPEG, with the folders that it needs; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    if not cv2.imwrite(str(path), bgr, [cv2.IMWRITE_JPEG_QUALITY, quality]):
        raise ValueError(f"{path}: OpenCV could not write the picture; is the disk full?")
    return path


def _key(record: Record) -> Key:
    return record.scene, record.expression


def _digest(record: Record) -> str:
    return hashlib.sha256("\n".join(_key(record)).encode()).hexdigest()
