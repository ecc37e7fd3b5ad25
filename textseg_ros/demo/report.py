"""Tells what a run gave: marks, latencies, and one picture of all answers."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textseg_core.arrays import UInt8Array
from textseg_core.picture_file import read_upright
from textseg_ros.demo.answers import ANSWERS_FILE, OVERVIEW_FILE
from textseg_ros.demo.files import fault_text, png, write_whole
from textseg_ros.demo.plan import Question
from textseg_ros.demo.score import answer_lines, is_inside, latency_table, mark, middle_marks
from textseg_ros.demo.sheet import contact_sheet

LEAST_SHARE_RIGHT = 0.5


def report(questions: Sequence[Question], out: Path) -> bool:
    """Print the report of a run and write its overview picture.

    Args:
        questions: Of the run.
        out: Folder in which the planner wrote.

    Returns:
        Whether answers came and, of the questions with a box, at least half are right.

    Raises:
        RuntimeError: If no answer came.
    """
    told = _read(out / ANSWERS_FILE)
    answers: dict[int, dict[str, Any]] = {int(k): v for k, v in told["answers"].items()}
    if not answers:
        raise RuntimeError(
            f"no answer arrived; {out / 'node.log'} has what the node says about its inputs"
        )
    print()
    print("\n".join(answer_lines(questions, answers)))
    print(f"\nLatency of {len(told['latencies_ms'])} results\n")
    print(latency_table(told["latencies_ms"]))
    print(f"\n{_write_overview(questions, answers, out)}")
    marks = mark(questions, answers)
    if not marks:
        return True
    sizes = [_size(question) for question in questions]
    print(
        f"score: {sum(marks)} of {len(marks)} points lie in their boxes "
        f"(the middle of each picture: {middle_marks(questions, sizes)})"
    )
    least = LEAST_SHARE_RIGHT * len(marks)
    if sum(marks) < least:
        print(f"too few are right: expected at least {least:.0f}; see the overview and node.log")
    return sum(marks) >= least


def _read(path: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise RuntimeError(f"the planner left no {path}: {error}") from error
    return told


def _size(question: Question) -> tuple[int, int]:
    return read_upright(Path(question.picture)).size


def _write_overview(
    questions: Sequence[Question], answers: dict[int, dict[str, Any]], out: Path
) -> str:
    """Write the picture of all answers; return the line that tells of it."""
    pictures: list[UInt8Array] = []
    boxes, marks = [], []
    for index, question in enumerate(questions):
        told = answers.get(index)
        if told is None or told["overlay"] is None:
            continue
        with Image.open(out / told["overlay"]) as overlay:
            pictures.append(np.asarray(overlay.convert("RGB")))
        boxes.append(question.box)
        marks.append(None if question.box is None else is_inside(told["point"], question.box))
    if not pictures:
        return "there are no overlays, thus no overview"
    try:
        write_whole(out / OVERVIEW_FILE, png(contact_sheet(pictures, boxes, marks)))
    except OSError as error:
        return f"{fault_text(out / OVERVIEW_FILE, error)}; the answers above are complete"
    return f"overlays and {OVERVIEW_FILE} are in {out}/"
