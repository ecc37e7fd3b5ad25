"""One picture, all systems: their answers to what they do well and what they do not."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from textseg_core.arrays import UInt8Array
from textseg_core.command import parse_command
from textseg_core.evaluation.answering import answer_questions, load_segmenter, segment_all
from textseg_core.evaluation.baselines import whole_image
from textseg_core.evaluation.gallery import (
    JPEG_QUALITY,
    caption_line,
    contact_sheet,
    draw_cell,
    write_sheet,
)
from textseg_core.evaluation.questions import Question, Scenes, by_picture
from textseg_core.evaluation.records import Record, judge
from textseg_core.reproduce.attention import read_words
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.stuff import KIND
from textseg_core.segmentation import Segmentation, Status

#: Rows of the sheet: so many expressions that some system answers well, and that none does.
SUCCESSES, FAILURES = 2, 2
#: Of a JPEG of a given width, which is meant for a page.
SMALL_QUALITY = 70
LABEL_COLOUR, WORD_COLOUR = (255, 220, 120), (170, 200, 255)


class Shown(NamedTuple):
    """One column.

    Attributes:
        label: Of the system.
        model: Model directory; None answers with the whole image.
        checkpoint: Whose attention over words is told; None for no lines.
    """

    label: str
    model: Path | None
    checkpoint: Path | None


def write_systems(
    path: Path,
    shown: Sequence[Shown],
    records: Mapping[str, Sequence[Record]],
    scenes: Scenes,
    questions: Sequence[Question],
    *,
    width: int | None = None,
) -> None:
    """Write a JPEG with a column for each system and a row for each expression.

    Args:
        path: Of the file.
        shown: The systems.
        records: Their answers by label, by which picture and expressions are chosen.
        scenes: Pictures that were asked about.
        questions: About them.
        width: Of the JPEG at most, pixels; None for its own.

    Raises:
        ValueError: If no picture was asked enough, or the width is not positive.
    """
    if width is not None and width < 1:
        raise ValueError(f"a gallery must be at least 1 pixel wide, got {width}")
    scene_id, expressions = choose(records)
    asked = [q for q in questions if q.scene == scene_id and q.query.expression in expressions]
    asked.sort(key=lambda question: expressions.index(question.query.expression))
    scene, queries = scenes[asked[0].index], [question.query for question in asked]
    columns = [_column(one, scene, queries) for one in shown]
    cells = [column[row] for row in range(len(queries)) for column in columns]
    sheet = contact_sheet(cells, len(columns))
    if width is not None and width < sheet.shape[1]:
        size = (width, max(1, round(sheet.shape[0] * width / sheet.shape[1])))
        sheet = cv2.resize(sheet, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    write_sheet(path, sheet, JPEG_QUALITY if width is None else SMALL_QUALITY)


def ask(one: Shown, scenes: Scenes, questions: Sequence[Question]) -> list[Record]:
    """Return one system's answers to questions that it was not asked before."""
    if one.model is None:
        return [
            judge(scene, query, _everything(scene, query))
            for scene, queries in by_picture(scenes, questions)
            for query in queries
        ]
    return answer_questions(load_segmenter(one.model), scenes, questions)


def choose(records: Mapping[str, Sequence[Record]]) -> tuple[str, list[str]]:
    """Return a picture and expressions about things in it: what some do best, and none does.

    Args:
        records: By system; all of the same questions.

    Raises:
        ValueError: If no picture has enough expressions that mean one thing.
    """
    best: dict[str, dict[str, float]] = {}
    for answers in records.values():
        for record in answers:
            if not record.absent and not record.several and record.kind != KIND:
                found = best.setdefault(record.scene, {})
                found[record.expression] = max(record.iou, found.get(record.expression, 0.0))
    wanted = SUCCESSES + FAILURES
    full = {scene: asked for scene, asked in best.items() if len(asked) >= wanted}
    if not full:
        raise ValueError(f"no picture was asked {wanted} expressions that mean one thing")
    ranked = {
        scene: [text for _, text in sorted((-iou, text) for text, iou in asked.items())]
        for scene, asked in full.items()
    }

    def contrast(scene: str) -> float:
        ious = [best[scene][text] for text in ranked[scene]]
        return sum(ious[:SUCCESSES]) - sum(ious[-FAILURES:])

    scene = max(sorted(full), key=contrast)
    return scene, [*ranked[scene][:SUCCESSES], *ranked[scene][-FAILURES:]]


def _column(one: Shown, scene: Scene, queries: Sequence[Query]) -> list[UInt8Array]:
    """Return one system's cells, each with its name and what it reads."""
    if one.model is None:
        answers = [_everything(scene, query) for query in queries]
    else:
        answers = segment_all(load_segmenter(one.model), scene, queries)
    lines: list[list[str]] = [[] for _ in queries]
    if one.checkpoint is not None:
        lines = read_words(one.checkpoint, [query.expression for query in queries])
    return [
        np.vstack(
            [
                caption_line(one.label, LABEL_COLOUR),
                draw_cell(scene, query, answer, judge(scene, query, answer)),
                *(caption_line(line, WORD_COLOUR) for line in told),
            ]
        )
        for query, answer, told in zip(queries, answers, lines, strict=True)
    ]


def _everything(scene: Scene, query: Query) -> Segmentation:
    """Return the answer that all of the picture is meant."""
    mask = whole_image(*scene.image.shape[:2])
    return Segmentation(
        mask=mask,
        response=lambda: mask.astype(np.float32),
        score=1.0,
        objects=(),
        status=Status.FOUND,
        expression=query.expression,
        command=parse_command(query.expression),
    )
