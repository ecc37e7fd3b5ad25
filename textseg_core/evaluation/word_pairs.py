"""Measures whether single words matter: pairs of expressions that differ in one word.

Command: `python -m textseg_core.evaluation.word_pairs --scenes FOLDER [--weights DIR]`.
A pair counts if both members reach an IoU of 0.5 with their own, different objects; a network
that ignores the word can get one of them at most.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from tqdm import tqdm

from textseg_core.evaluation.answering import cluster_of, load_segmenter, segment_all
from textseg_core.evaluation.intervals import interval_of_sums
from textseg_core.evaluation.masks import iou
from textseg_core.evaluation.publish import (
    Run,
    add_model_options,
    add_output_options,
    model_settings,
    publish,
    save,
)
from textseg_core.evaluation.questions import SEED, Scenes, digest, spread
from textseg_core.evaluation.records import RIGHT_IOU, Record, judge
from textseg_core.evaluation.report import Table, number, with_interval
from textseg_core.expressions.pairs import word_pairs
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import Query
from textseg_core.scenes.split import Compositions
from textseg_core.segmenter import Segmenter

MODULE = "textseg_core.evaluation.word_pairs"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two expressions about one picture that differ in one word.

    Attributes:
        index: Number of the picture in its folder.
        first: One, with its target.
        second: The other, with another target.
    """

    index: int
    first: Query
    second: Query

    @property
    def sort(self) -> str:
        """The kind of both, or both kinds."""
        return " / ".join(sorted({self.first.kind, self.second.kind}))


@dataclass(frozen=True, slots=True)
class PairRecord:
    """How a pair was answered.

    Attributes:
        sort: See `Pair`.
        first: The one answer.
        second: The other.
        alike: IoU of the two answers with each other; 1 if both were refused.
    """

    sort: str
    first: Record
    second: Record
    alike: float

    @property
    def both(self) -> bool:
        """Whether both members hit their own object."""
        return self.first.right and self.second.right


def draw_pairs(
    scenes: Scenes,
    *,
    per_sort: int,
    compositions: Compositions = "test",
    limit: int | None = None,
) -> list[Pair]:
    """Return the pairs, the same in every run: of every sort as many, spread over pictures.

    Args:
        scenes: Test scenes.
        per_sort: Most pairs of each sort.
        compositions: Which combinations of words may be asked, see `scenes.split`.
        limit: Only the first so many pictures; all if None.

    Raises:
        ValueError: If no picture has a case.
    """
    pools: dict[str, dict[int, list[Pair]]] = {}
    for index in range(len(scenes))[:limit]:
        scene = scenes[index]
        rng = np.random.default_rng([SEED, digest(f"{scene.scene_id} pairs")])
        for first, second in word_pairs(scene, rng, compositions=compositions):
            pair = Pair(index, first, second)
            pools.setdefault(pair.sort, {}).setdefault(index, []).append(pair)
    if not pools:
        raise ValueError("no picture has two things that one word tells apart; render more scenes")
    chosen: list[Pair] = []
    for sort in sorted(pools):
        chosen += spread(pools[sort], per_sort, np.random.default_rng([SEED, digest(sort)]))
    return sorted(chosen, key=lambda pair: (pair.index, pair.first.expression))


def answer_pairs(
    segmenter: Segmenter, scenes: Scenes, pairs: Sequence[Pair]
) -> Iterator[PairRecord]:
    """Yield one record for each pair, each picture encoded once.

    Args:
        segmenter: The model.
        scenes: The pictures from which the pairs were drawn.
        pairs: Sorted by picture.
    """
    for index, group in tqdm(groupby(pairs, lambda pair: pair.index), unit="picture"):
        scene, asked = scenes[index], list(group)
        cluster = cluster_of(scene.scene_id)
        queries = [query for pair in asked for query in (pair.first, pair.second)]
        answers = segment_all(segmenter, scene, queries)
        records = [
            judge(scene, query, answer, cluster)
            for query, answer in zip(queries, answers, strict=True)
        ]
        for place, pair in enumerate(asked):
            one, other = 2 * place, 2 * place + 1
            alike = iou(answers[one].mask, answers[other].mask)
            yield PairRecord(pair.sort, records[one], records[other], alike)


def pairs_table(records: Sequence[PairRecord]) -> Table:
    """Return, for all pairs and for each sort, how many were told apart."""
    rows: dict[str, list[PairRecord]] = {"all": list(records)}
    for record in sorted(records, key=lambda record: record.sort):
        rows.setdefault(record.sort, []).append(record)
    cells = tuple(
        (
            name,
            str(len(found)),
            with_interval(_share(found), _interval(found)),
            number(float(np.mean([pair.first.right or pair.second.right for pair in found]))),
            number(float(np.mean([pair.alike >= RIGHT_IOU for pair in found]))),
        )
        for name, found in rows.items()
    )
    columns = ("pairs", "count", "both right (95 %)", "at least one right", "answered alike")
    return Table("Pairs of expressions that differ in one word", columns, cells)


def _share(records: Sequence[PairRecord]) -> float:
    return float(np.mean([record.both for record in records]))


def _interval(records: Sequence[PairRecord]) -> tuple[float, float]:
    sums: Mapping[str, list[float]] = {r.first.cluster: [0.0, 0.0] for r in records}
    for record in records:
        sums[record.first.cluster][0] += float(record.both)
        sums[record.first.cluster][1] += 1.0
    return interval_of_sums(np.array([sums[name] for name in sorted(sums)]))


def evaluate(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Answer all pairs and return the page; write what the options name."""
    scenes = RenderedScenes(options.scenes)
    if scenes.split != "test":
        raise ValueError(
            f"{options.scenes} holds scenes of split {scenes.split!r}, expected 'test'; render "
            "with --split test"
        )
    pairs = draw_pairs(
        scenes,
        per_sort=options.per_sort,
        compositions=options.compositions,
        limit=options.limit,
    )
    segmenter = load_segmenter(options.weights, **model_settings(options))
    found = list(answer_pairs(segmenter, scenes, pairs))
    info = segmenter.model_info
    run = Run(f"Word sensitivity: {options.name or info.name}", MODULE, arguments)
    save(run, [record for pair in found for record in (pair.first, pair.second)], info, options)
    return publish(run, [pairs_table(found)], options)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of test scenes")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-sort", type=int, default=300, help="most pairs of each sort")
    parser.add_argument(
        "--compositions",
        choices=("test", "all"),
        default="test",
        help="combinations of words that training never had, or any; the things are unseen always",
    )
    parser.add_argument("--limit", type=int, help="only the first so many scenes")
    add_model_options(parser)
    add_output_options(parser)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        print(evaluate(parser.parse_args(given), given))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
