"""Answers to a data set, as numbers that may stand beside published ones."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from textseg_core.config import SegmenterConfig
from textseg_core.datasets.described import Described, Loaded
from textseg_core.evaluation import metrics
from textseg_core.evaluation.answering import answer_pictures
from textseg_core.evaluation.baselines import whole_image
from textseg_core.evaluation.records import Record, judge_mask
from textseg_core.reproduce.comparison import Measurement
from textseg_core.reproduce.figures import Condition, PublishedTable
from textseg_core.segmenter import Segmenter


def answers(
    weights: Path | None, pictures: Sequence[Described], *, dense_crf: bool = False
) -> list[Record]:
    """Return one record for each expression about the pictures; nothing is refused.

    Args:
        weights: Model directory; None answers with the whole image.
        pictures: Of any data set.
        dense_crf: Whether the answers are drawn to the pictures' edges.
    """
    if weights is None:
        return [
            judge_mask(scene, query, whole_image(*scene.image.shape[:2]))
            for scene, queries in loaded(pictures)
            for query in queries
        ]
    # Published figures count every pixel that a network answers, and the papers always answer.
    config = SegmenterConfig(
        min_area_px=1, max_objects=10_000, presence_threshold=0.0, dense_crf=dense_crf
    )
    segmenter = Segmenter.load(weights, config)
    return answer_pictures(segmenter, loaded(pictures), len(pictures))


def loaded(pictures: Sequence[Described]) -> Iterator[Loaded]:
    """Return the pictures with their expressions, one after the other."""
    return (picture.load() for picture in pictures)


def measurements(
    records: Sequence[Record],
    table: PublishedTable,
    *,
    data: str,
    split: str,
    partition: str = "",
    part: str = "",
) -> tuple[Measurement, ...]:
    """Return what a published table measures of masks, measured here.

    Args:
        records: Our answers.
        table: As published; its metrics, marks and rules are taken over.
        data: What was asked, by its name in `datasets.registry`.
        split: Of it.
        partition: Of it, where there are several.
        part: What of the split was asked, if not all of it.
    """
    wanted: dict[Condition, None] = {}
    for figure in table.figures:
        told = figure.condition
        if told.metric != "time" and told.answer == "mask":
            wanted[replace(told, data=data, split=split, partition=partition)] = None
    return tuple(
        Measurement(condition=one, value=100.0 * _figure(one).of(records), part=part)
        for one in wanted
    )


def _figure(condition: Condition) -> metrics.Figure:
    if condition.metric == "overall_iou":
        return metrics.OVERALL_IOU
    if condition.metric == "mean_iou":
        return metrics.MEAN_IOU
    if condition.at is None or condition.rule not in (">=", ">"):
        raise ValueError(f"cannot measure {condition.metric} at {condition.at} {condition.rule}")
    return metrics.precision(condition.at, ">" if condition.rule == ">" else ">=")
