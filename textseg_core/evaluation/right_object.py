"""Counts how often the reasoner finds the right object among a picture's true masks.

Command: `python -m textseg_core.evaluation.right_object --scenes FOLDER | --photos FOLDER
[--questions FILE] [--kinds relation between ...] [--wrong]`. No network takes part: counted
is how an expression is read and how places and relations are judged, from masks alone and, where
pictures have it, with depth. Commands are read first, as the segmenter reads them. Expressions
that people wrote lie in `evaluation/hand_written`.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

from textseg_core.command import parse_command
from textseg_core.evaluation.answering import cluster_of
from textseg_core.evaluation.intervals import interval_of_sums
from textseg_core.evaluation.photographs import PhotoScenes
from textseg_core.evaluation.publish import Run, publish
from textseg_core.evaluation.questions import (
    AMBIGUOUS,
    Question,
    Scenes,
    by_picture,
    draw_questions,
    read_questions,
)
from textseg_core.evaluation.records import Record, judge_mask
from textseg_core.evaluation.report import Table, number
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.reasoner.reason import reason
from textseg_core.reasoner.truth import TrueMasks
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Query, Scene
from textseg_core.segmentation import Status

MODULE = "textseg_core.evaluation.right_object"
MASKS, DEPTH = "masks", "masks and depth"
#: True masks are found whole, but for rounding, or not at all.
SAME_IOU = 0.99


def answer_scene(scene: Scene, queries: Sequence[Query]) -> dict[str, list[Record]]:
    """Return the records of all queries about one picture, from masks and with depth.

    Args:
        scene: The picture with its truth.
        queries: What is asked; of a command its target, as `Segmenter.segment` reads it.
    """
    cluster = cluster_of(scene.scene_id)
    proposer = TrueMasks(scene)
    records: dict[str, list[Record]] = {MASKS: []}
    for query in queries:
        expression = parse_command(query.expression).expression
        found = reason(scene.image, expression, proposer)
        record = judge_mask(scene, query, found.mask, cluster)
        records[MASKS].append(replace(record, status=found.status.value))
        if scene.depth is not None:
            found = reason(
                scene.image, expression, proposer,
                depth=scene.depth, intrinsics=scene.intrinsics,
            )  # fmt: skip
            record = judge_mask(scene, query, found.mask, cluster)
            records.setdefault(DEPTH, []).append(replace(record, status=found.status.value))
    return records


def is_right(record: Record) -> bool:
    """Tell whether the right thing alone was meant; of what fits several, that it was told so."""
    if record.several:
        return record.status == Status.AMBIGUOUS.value
    return record.refused if record.absent else record.iou >= SAME_IOU


def shares(records: dict[str, list[Record]]) -> Table:
    """Return the share of right objects by kind, of all, and its interval."""
    rows = []
    first = records[MASKS]
    kinds = sorted({_kind(record) for record in first})
    for kind in [*kinds, "all"]:
        of_kind = {
            name: [one for one in found if kind in (_kind(one), "all")]
            for name, found in records.items()
        }
        cells = [kind, str(len(of_kind[MASKS]))]
        for found in of_kind.values():
            low, high = _interval(found)
            share = float(np.mean([is_right(one) for one in found]))
            cells.append(f"{number(share)} ({number(low)} to {number(high)})")
        rows.append(tuple(cells))
    return Table(
        "Right object",
        ("kind", "expressions", *(f"from {name}" for name in records)),
        tuple(rows),
        "Share with the right object and no other (95 %, by arrangement); absent: refused; "
        "ambiguous: said to be so.",
    )


def _kind(record: Record) -> str:
    return AMBIGUOUS if record.several else record.kind


def _interval(records: Sequence[Record]) -> tuple[float, float]:
    sums: dict[str, list[float]] = {}
    for record in records:
        entry = sums.setdefault(record.cluster, [0.0, 0.0])
        entry[0] += float(is_right(record))
        entry[1] += 1.0
    return interval_of_sums(np.array([sums[name] for name in sorted(sums)]).reshape(-1, 2))


def wrong_answers(records: dict[str, list[Record]]) -> list[str]:
    """Return a line for each expression that was answered wrongly."""
    return [
        f"{name}; {record.scene}; {_kind(record)}; {record.expression}; {record.status}"
        for name, found in records.items()
        for record in found
        if not is_right(record)
    ]


def evaluate(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Answer every question and return the page."""
    scenes: Scenes
    compositions: Literal["test", "train", "all"] = "all"
    if options.photos is not None:
        scenes, what = PhotoScenes(options.photos), "held-out photographs"
    else:
        rendered = RenderedScenes(options.scenes)
        scenes, what = rendered, f"rendered scenes of split {rendered.split}"
        compositions = "test" if rendered.split == "test" else "train"
    questions: list[Question] = []
    for path in options.questions:
        questions += read_questions(path)
    if not options.questions:
        kinds = options.kinds or list(KINDS)
        questions = draw_questions(
            scenes, kinds, per_kind=options.per_kind, compositions=compositions
        )
    if options.kinds:
        questions = [one for one in questions if one.query.kind in options.kinds]
    if options.sure:
        questions = [one for one in questions if not one.query.several]
    if not questions:
        raise ValueError("no expression is left to ask; give other pictures, questions or kinds")
    records: dict[str, list[Record]] = {}
    for scene, queries in by_picture(scenes, questions):
        for name, found in answer_scene(scene, queries).items():
            records.setdefault(name, []).extend(found)
    pictures = len({one.index for one in questions})
    lines = [f"{what}: {pictures} pictures, {len(questions)} expressions"]
    page = publish(
        Run("Reasoner on true masks", MODULE, arguments, lines), [shares(records)], options
    )
    return "\n".join([page, *(wrong_answers(records) if options.wrong else ())])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    pictures = parser.add_mutually_exclusive_group(required=True)
    pictures.add_argument("--scenes", type=Path, help="folder of rendered scenes")
    pictures.add_argument("--photos", type=Path, help="folder with instances.json")
    parser.add_argument(
        "--questions", type=Path, nargs="+", default=[], help="ask what these JSON files list"
    )
    parser.add_argument("--per-kind", type=int, default=300, help="most expressions of each kind")
    parser.add_argument("--kinds", nargs="+", help="only these kinds of expressions")
    parser.add_argument("--sure", action="store_true", help="leave out what fits several things")
    parser.add_argument("--wrong", action="store_true", help="list what was answered wrongly")
    parser.add_argument("--write", type=Path, help="Markdown file")
    parser.add_argument("--csv", type=Path, help="the same table in long form")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        print(evaluate(parser.parse_args(given), given))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
