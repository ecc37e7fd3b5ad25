"""Compares the network alone, the reasoner, and both together on rendered scenes.

Command: `python -m textseg_core.evaluation.reasoned --scenes FOLDER [--weights DIR]
[--questions FILE] [--per-kind 30]`. Four systems answer the same questions: the network; the
reasoner on the scene's true masks, without and with depth, which is its limit; the reasoner on
the network's instances; and both together, as `SegmenterConfig.reasoner` has it.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from tqdm import tqdm

from textseg_core.arrays import BoolArray, Float32Array
from textseg_core.command import parse_command
from textseg_core.evaluation.answering import BATCH, cluster_of, load_segmenter
from textseg_core.evaluation.intervals import interval_of_sums
from textseg_core.evaluation.publish import Run, publish
from textseg_core.evaluation.questions import (
    AMBIGUOUS,
    Question,
    by_picture,
    draw_questions,
    read_questions,
    spread,
)
from textseg_core.evaluation.records import Record, judge, judge_mask
from textseg_core.evaluation.report import Table, number
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.reasoner.geometry import View
from textseg_core.reasoner.network import NetworkInstances, texts_of
from textseg_core.reasoner.parse import parse_expression
from textseg_core.reasoner.propose import noun_phrases
from textseg_core.reasoner.reason import conclude, reason
from textseg_core.reasoner.truth import TrueMasks
from textseg_core.reasoner.wiring import with_reasons
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Query, Scene
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

MODULE = "textseg_core.evaluation.reasoned"
SYSTEMS = ("network", "true masks", "true masks, depth", "instances", "together")
SEED = 30


def some_of_each(questions: Sequence[Question], per_kind: int) -> list[Question]:
    """Return up to so many questions of each kind, one of each picture before a second."""
    rng = np.random.default_rng(SEED)
    pools: dict[str, dict[int, list[Question]]] = {}
    for question in questions:
        kind = AMBIGUOUS if question.query.several else question.query.kind
        pools.setdefault(kind, {}).setdefault(question.index, []).append(question)
    return [one for kind in sorted(pools) for one in spread(pools[kind], per_kind, rng)]


def answer_scene(
    scene: Scene, queries: Sequence[Query], segmenter: Segmenter | None, *, truth: bool = True
) -> dict[str, list[Record]]:
    """Return each system's records of all queries about one picture, by name.

    Args:
        scene: The picture with its truth.
        queries: What is asked; of a command its target, as `Segmenter.segment` reads it.
        segmenter: The network, its reasoner off; None for true masks alone.
        truth: Whether true masks are reasoned on too.
    """
    cluster = cluster_of(scene.scene_id)
    records: dict[str, list[Record]] = {}

    def note(system: str, query: Query, mask: BoolArray) -> None:
        records.setdefault(system, []).append(judge_mask(scene, query, mask, cluster))

    for query in queries if truth else ():
        proposer = TrueMasks(scene)
        expression = parse_command(query.expression).expression
        note("true masks", query, reason(scene.image, expression, proposer).mask)
        if scene.depth is not None:
            found = reason(
                scene.image, expression, proposer,
                depth=scene.depth, intrinsics=scene.intrinsics,
            )  # fmt: skip
            note("true masks, depth", query, found.mask)
    if segmenter is None:
        return records
    alone, responses = _ask_all(segmenter, scene, queries)

    def ask(texts: Sequence[str]) -> list[Float32Array]:
        return [responses[text] for text in texts]

    together = with_reasons(
        scene.image,
        alone,
        ask,
        threshold=segmenter.threshold,
        min_area_px=segmenter.config.min_area_px,
        max_objects=segmenter.config.max_objects,
    )
    view = View(int(scene.image.shape[0]), int(scene.image.shape[1]))
    for query, one, both in zip(queries, alone, together, strict=True):
        records.setdefault("network", []).append(judge(scene, query, one, cluster))
        records.setdefault("together", []).append(judge(scene, query, both, cluster))
        parsed = parse_expression(parse_command(query.expression).expression)
        phrases = noun_phrases(parsed.target)
        proposed = NetworkInstances(ask).propose(scene.image, list(phrases.values()))
        found = conclude(parsed, dict(zip(phrases, proposed, strict=True)), view)
        note("instances", query, found.mask)
    return records


def _ask_all(
    segmenter: Segmenter, scene: Scene, queries: Sequence[Query]
) -> tuple[list[Segmentation], dict[str, Float32Array]]:
    """Return the answers to queries, and the responses to all that proposers ask of them."""
    phrases = [
        phrase
        for query in queries
        for phrase in noun_phrases(
            parse_expression(parse_command(query.expression).expression).target
        ).values()
    ]
    expressions = [query.expression for query in queries]
    wanted = list(dict.fromkeys(text for phrase in phrases for text in texts_of(phrase)))
    texts = [*expressions, *wanted]
    answers: list[Segmentation] = []
    for start in range(0, len(texts), BATCH):
        answers += segmenter.segment_many(scene.image, texts[start : start + BATCH])
    kept = answers[len(expressions) :]
    return answers[: len(expressions)], {
        text: one.response_map for text, one in zip(wanted, kept, strict=True)
    }


def compare(records: dict[str, list[Record]]) -> Table:
    """Return mean IoU of each system by kind; of absent things the share refused."""
    systems = [name for name in SYSTEMS if name in records]
    first = records[systems[0]]
    kinds = {AMBIGUOUS if record.several else record.kind for record in first}
    rows = []
    for kind in [*sorted(kinds - {"absent", AMBIGUOUS}), "absent", AMBIGUOUS]:
        of_kind = {
            name: [r for r in records[name] if (AMBIGUOUS if r.several else r.kind) == kind]
            for name in systems
        }
        count = len(of_kind[systems[0]])
        if count:
            means = (number(_mean(of_kind[name])) for name in systems)
            gain = _gain(of_kind) if {"network", "together"} <= set(systems) else ""
            rows.append((kind, str(count), *means, gain))
    meant = {
        name: [record for record in records[name] if not record.several and not record.absent]
        for name in systems
    }
    means = (number(_mean_over_kinds(meant[name])) for name in systems)
    gain = _gain(meant) if {"network", "together"} <= set(systems) else ""
    rows.append(("mean over kinds", str(len(meant[systems[0]])), *means, gain))
    return Table(
        "Mean IoU by kind",
        ("kind", "expressions", *systems, "gain of together over network (95 %)"),
        tuple(rows),
        "Absent: the share that is refused. The mean over kinds leaves out absent and ambiguous; "
        "its interval is of the mean over expressions.",
    )


def _mean(records: Sequence[Record]) -> float:
    return float(np.mean([record.iou for record in records])) if records else float("nan")


def _mean_over_kinds(records: Sequence[Record]) -> float:
    kinds = sorted({record.kind for record in records})
    return float(np.mean([_mean([r for r in records if r.kind == kind]) for kind in kinds]))


def _gain(records: dict[str, list[Record]]) -> str:
    """Return by how much both together are better, with the interval of that by arrangement."""
    sums: dict[str, list[float]] = {}
    for one, both in zip(records["network"], records["together"], strict=True):
        entry = sums.setdefault(one.cluster, [0.0, 0.0])
        entry[0] += both.iou - one.iou
        entry[1] += 1.0
    rows = np.array([sums[name] for name in sorted(sums)]).reshape(-1, 2)
    low, high = interval_of_sums(rows)
    return f"{rows[:, 0].sum() / rows[:, 1].sum():+.3f} ({low:+.3f} to {high:+.3f})"


def evaluate(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Answer every question and return the page."""
    scenes = RenderedScenes(options.scenes)
    if options.questions is not None:
        questions = read_questions(options.questions)
    else:
        compositions: Literal["test", "train"] = "test" if scenes.split == "test" else "train"
        questions = draw_questions(
            scenes, list(KINDS), per_kind=options.per_kind, compositions=compositions,
            limit=options.limit,
        )  # fmt: skip
    if options.limit is not None:
        questions = [question for question in questions if question.index < options.limit]
    asked = some_of_each(questions, options.per_kind)
    if not asked:
        raise ValueError(f"{options.scenes}: no expression can be asked; render more scenes")
    segmenter = None if options.of == "truth" else load_segmenter(options.weights)
    records: dict[str, list[Record]] = {}
    pictures = len({question.index for question in asked})
    for scene, queries in tqdm(by_picture(scenes, asked), total=pictures, unit="picture"):
        for system, found in answer_scene(
            scene, queries, segmenter, truth=options.of != "network"
        ).items():
            records.setdefault(system, []).extend(found)
    name = "true masks" if segmenter is None else options.name or segmenter.model_info.name
    run = Run(
        f"Reasoner on rendered scenes: {name}",
        MODULE,
        arguments,
        [f"scenes of split {scenes.split}, {pictures} pictures, {len(asked)} expressions"],
    )
    return publish(run, [compare(records)], options)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of rendered scenes")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-kind", type=int, default=30, help="expressions of each kind")
    parser.add_argument("--limit", type=int, help="only the first so many scenes")
    parser.add_argument("--questions", type=Path, help="ask what this JSON file lists")
    parser.add_argument(
        "--of",
        choices=("all", "truth", "network"),
        default="all",
        help="true masks, network or both",
    )
    parser.add_argument("--write", type=Path, help="Markdown file")
    parser.add_argument("--csv", type=Path, help="the same table in long form")
    parser.add_argument("--name", default="", help="of the model on the page")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        print(evaluate(parser.parse_args(given), given))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
