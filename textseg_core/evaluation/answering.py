"""Asks a segmenter every question, each picture encoded once, and judges the answers."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tqdm import tqdm

from textseg_core.config import SegmenterConfig
from textseg_core.evaluation.questions import Question, Scenes, by_picture
from textseg_core.evaluation.records import Record, judge
from textseg_core.scenes.scene import Query, Scene
from textseg_core.segmentation import Segmentation
from textseg_core.segmenter import Segmenter

#: Expressions answered at once; the response maps of all of them are in memory together.
BATCH = 32


def load_segmenter(weights: Path | str, **settings: float | None) -> Segmenter:
    """Return the model of a directory, or the shipped one for an empty name.

    Args:
        weights: Model directory.
        settings: Of `SegmenterConfig`; None leaves the model's own.
    """
    chosen = {name: value for name, value in settings.items() if value is not None}
    config = SegmenterConfig(weights=str(weights), **chosen)  # type: ignore[arg-type]
    return Segmenter.load(config=config)


def segment_all(
    segmenter: Segmenter, scene: Scene, queries: Sequence[Query]
) -> list[Segmentation]:
    """Return the answers to all queries about one picture."""
    expressions = [query.expression for query in queries]
    answers: list[Segmentation] = []
    for start in range(0, len(expressions), BATCH):
        answers += segmenter.segment_many(scene.image, expressions[start : start + BATCH])
    return answers


def answer_questions(
    segmenter: Segmenter, scenes: Scenes, questions: Sequence[Question]
) -> list[Record]:
    """Return one record for each question, in the order of the pictures.

    Args:
        segmenter: The model.
        scenes: The pictures from which the questions were drawn.
        questions: What is asked.
    """
    pictures = len({question.index for question in questions})
    return answer_pictures(segmenter, by_picture(scenes, questions), pictures)


def answer_pictures(
    segmenter: Segmenter, pictures: Iterable[tuple[Scene, Sequence[Query]]], count: int
) -> list[Record]:
    """Return one record for each query; `count` pictures are announced to who waits."""
    records: list[Record] = []
    for scene, queries in tqdm(pictures, total=count, unit="picture"):
        answers = segment_all(segmenter, scene, queries)
        cluster = cluster_of(scene.scene_id)
        records += [
            judge(scene, query, answer, cluster)
            for query, answer in zip(queries, answers, strict=True)
        ]
    return records


def cluster_of(scene_id: str) -> str:
    """Return the arrangement that a picture shows.

    A rendered picture is named "<arrangement>_<view>", see `scenes.generate`; pictures from other
    sources stand for themselves.
    """
    match = re.fullmatch(r"(\d{6})_\d+", scene_id)
    return match[1] if match else scene_id
