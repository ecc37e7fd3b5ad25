"""Marks the answers of a run, and puts marks and latencies into text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from textseg_ros.demo.plan import Box, Question

STAGE_NOTES = {
    "wait": "until the node was free",
    "decode": "message -> RGB",
    "preprocess": "letterbox",
    "encoder": "image network",
    "text": "expression network, 0 if cached",
    "head": "query network",
    "postprocess": "mask and objects",
    "convert": "overlay, arrays -> messages",
    "total": "arrival -> hand-over of the result",
    "camera to planner": "both transports and all of the above",
}


def is_inside(point: Sequence[float] | None, box: Box) -> bool:
    """Return whether (u, v) lies on a pixel of the box x, y, width, height; False for None."""
    if point is None:
        return False
    x, y, width, height = box
    return x <= point[0] <= x + width - 1 and y <= point[1] <= y + height - 1


def mark(questions: Sequence[Question], answers: Mapping[int, Mapping[str, Any]]) -> list[bool]:
    """Return for each question with a box whether the point to reach for lies in it."""
    return [
        index in answers and is_inside(answers[index]["point"], question.box)
        for index, question in enumerate(questions)
        if question.box is not None
    ]


def middle_marks(questions: Sequence[Question], sizes: Sequence[tuple[int, int]]) -> int:
    """Return how many questions the middle of the picture would answer: the score of no network.

    Args:
        questions: Of the run.
        sizes: Width and height of each question's picture.
    """
    return sum(
        question.box is not None and is_inside(((width - 1) / 2, (height - 1) / 2), question.box)
        for question, (width, height) in zip(questions, sizes, strict=True)
    )


def latency_table(rows: Sequence[Mapping[str, float]]) -> str:
    """Return median and 95th percentile of each stage in milliseconds, as a Markdown table.

    Raises:
        ValueError: If there is no row.
    """
    if not rows:
        raise ValueError("there is no latency to tell of: no answer arrived")
    lines = ["| stage | median ms | p95 ms | what |", "|---|---:|---:|---|"]
    for stage in rows[0]:
        median, p95 = np.percentile([row[stage] for row in rows], [50, 95])
        lines.append(f"| {stage} | {median:.2f} | {p95:.2f} | {STAGE_NOTES.get(stage, '')} |")
    return "\n".join(lines)


def answer_lines(
    questions: Sequence[Question], answers: Mapping[int, Mapping[str, Any]]
) -> list[str]:
    """Return one line for each question: right or wrong, and why."""
    lines = []
    for index, question in enumerate(questions):
        told = answers.get(index)
        if told is None:
            verdict, found = "no answer", ""
        else:
            point = told["point"]
            at = f" at ({point[0]:.0f}, {point[1]:.0f})" if point else ""
            found = f"{told['status']}{at}"
            verdict = "answered"
            if question.box is not None:
                verdict = "right" if is_inside(point, question.box) else "wrong"
        lines.append(f"{index + 1:3d}  {verdict:9s}  {question.query}  ({found})")
    return lines
