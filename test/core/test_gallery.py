"""Sheets of answers given by the network of conftest."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from drawn_scenes import BLOCKS, block_scene

from textseg_core.evaluation.answering import answer_pictures
from textseg_core.evaluation.gallery import (
    CELL_PX,
    RIGHT,
    TRUTH_COLOUR,
    WRONG,
    choose,
    contact_sheet,
    draw_cell,
    write_gallery,
)
from textseg_core.evaluation.records import Record, judge
from textseg_core.scenes.scene import Query
from textseg_core.segmenter import Segmenter


def record(number: int, shared: int, *, there: bool = True) -> Record:
    return Record(
        scene=f"{number}",
        cluster="",
        expression="the mug",
        kind="category",
        several=False,
        targets=int(there),
        picture_px=1000,
        target_px=100 * there,
        answer_px=shared,
        shared_px=shared * there,
        score=1.0,
        status="found",
    )


def test_best_and_worst_are_by_iou_and_no_refusal_is_among_the_best() -> None:
    records = [record(n, n) for n in range(10)]
    refused, wrong = record(20, 0, there=False), record(21, 50, there=False)

    sheets = choose([*records, refused, wrong], count=3)

    assert [r.scene for r in sheets["best"]] == ["9", "8", "7"]
    assert {r.scene for r in sheets["worst"][:2]} == {"0", "21"}
    assert sheets["worst"][2].scene == "1"
    assert len(sheets["random"]) == 3


def test_the_choice_does_not_depend_on_the_order_of_the_records() -> None:
    records = [record(n, 0) for n in range(30)]

    assert choose(records, 5) == choose(records[::-1], 5)


def test_a_cell_shows_answer_truth_and_verdict(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    scene = block_scene("a", BLOCKS[0])  # red 8..40, green 56..88 x 48..88
    asked = Query("the red block", (1,), "colour")  # the truth is said to be the green one
    segmenter = build_segmenter(colour_backend())
    answer = segmenter.segment(scene.image, asked.expression)

    cell = draw_cell(scene, asked, answer, judge(scene, asked, answer))

    scale = CELL_PX / 96
    assert cell.shape[1] == CELL_PX
    assert cell.shape[0] > CELL_PX  # the caption stands below
    red = cell[round(12 * scale), round(12 * scale)]
    assert red[1] > 50  # tinted green: found
    np.testing.assert_array_equal(cell[round(60 * scale), round(70 * scale)], (0, 255, 0))
    rim = cell[round(60 * scale), round(56 * scale) - 2 : round(56 * scale) + 3]
    assert (rim == TRUTH_COLOUR).all(axis=1).any()
    verdict = cell[CELL_PX:].reshape(-1, 3).astype(int)
    brightest = verdict[np.argmax(np.ptp(verdict, axis=1))]  # the letters have soft rims
    assert np.argmax(brightest) == np.argmax(WRONG) != np.argmax(RIGHT)


def test_sheets_are_written_as_pictures(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any, tmp_path: Path
) -> None:
    segmenter = build_segmenter(colour_backend())
    asked = [Query("the red block", (0,), "colour"), Query("the blue block", (), "absent")]
    pictures = [(block_scene("a", BLOCKS[0]), asked)]
    records = answer_pictures(segmenter, pictures, 1)

    paths = write_gallery(tmp_path / "sheets", segmenter, pictures, records)

    assert [path.name for path in paths] == ["best.jpg", "worst.jpg", "random.jpg"]
    widths = [cv2.imread(str(path)).shape[1] for path in paths]
    assert widths == [CELL_PX + 4, 2 * (CELL_PX + 4), 2 * (CELL_PX + 4)]


def test_a_sheet_fills_its_last_row() -> None:
    cells = [np.full((10, 20, 3), 200, np.uint8), np.full((14, 20, 3), 200, np.uint8)]

    sheet = contact_sheet([*cells, cells[0]], columns=2)

    assert sheet.shape == (2 * 18, 2 * 24, 3)
    assert sheet[30, 40, 0] == 24
    with pytest.raises(ValueError, match="at least one picture"):
        contact_sheet([])


def test_pictures_of_any_shape_fit(
    build_segmenter: Callable[..., Segmenter], colour_backend: Any
) -> None:
    scene = block_scene("a", BLOCKS[0])
    wide = replace(
        scene,
        image=np.ascontiguousarray(scene.image[:48]),
        objects=(replace(scene.objects[0], mask=scene.objects[0].mask[:48]),),
        depth=None,
    )
    query = Query("the red block", (0,), "colour")
    answer = build_segmenter(colour_backend()).segment(wide.image, query.expression)

    assert draw_cell(wide, query, answer, judge(wide, query, answer)).shape[1] == CELL_PX
