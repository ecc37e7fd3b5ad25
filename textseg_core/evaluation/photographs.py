"""Scores a model on the photographs kept out of training, beside trivial baselines.

Command: `python -m textseg_core.evaluation.photographs --photos FOLDER [--weights DIR]`.
Prints Markdown; `--write FILE` puts it into a file too.
"""

import argparse
import platform
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from textseg_core.arrays import BoolArray
from textseg_core.config import SegmenterConfig
from textseg_core.datasets.photos import Photo, category_names, load_photos
from textseg_core.evaluation.baselines import CENTRE_SHARES, centre_box, whole_image
from textseg_core.evaluation.metrics import PRECISION_AT, Score
from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.scene import Query, Scene, SceneObject, target_mask
from textseg_core.segmentation import Segmentation, Status
from textseg_core.segmenter import Segmenter

LEAST_SHARE = 0.0005  # of the picture; smaller things are not asked for
SEED = 2016
COMMAND = "python -m textseg_core.evaluation.photographs --photos FOLDER"


def scene_of(photo: Photo, names: frozenset[str]) -> Scene:
    """Return a photograph in its own size as a scene to ask about."""
    objects: list[SceneObject] = []
    hidden: set[str] = set()
    for instance in photo.instances:
        mask = instance.mask()
        if not mask.any():
            hidden.update((*instance.names, *instance.hypernyms))
            continue
        small = mask.mean() < LEAST_SHARE
        if small:
            hidden.update((*instance.names, *instance.hypernyms))
        countable = not (instance.crowd or small)
        objects.append(SceneObject(instance.names, mask, instance.hypernyms, countable=countable))
    return Scene(photo.image, tuple(objects), names, frozenset(hidden))


def benchmark_queries(folder: Path, per_photo: int) -> Iterator[tuple[Scene, list[Query]]]:
    """Yield the held-out photographs with the same expressions in every run."""
    names = frozenset(category_names(folder))
    for photo in load_photos(folder, held_out=True):
        scene = scene_of(photo, names)
        rng = np.random.default_rng([SEED, photo.image_id])
        queries = write_expressions(scene, per_photo, rng)
        if queries:
            yield scene, queries


def evaluate(
    segmenter: Segmenter, folder: Path, per_photo: int
) -> tuple[dict[str, Score], dict[str, int]]:
    """Return the scores of model and baselines by row of the table, and counts of status.

    Args:
        segmenter: The model.
        folder: Photographs with `instances.json`.
        per_photo: Expressions per photograph.
    """
    scores: dict[str, Score] = {}
    counts = {"several": 0, "several_said": 0, "one": 0, "one_said_several": 0}

    def add(row: str, mask: BoolArray, target: BoolArray) -> None:
        scores.setdefault(row, Score()).add(mask, target)

    for scene, queries in tqdm(list(benchmark_queries(folder, per_photo)), unit="photo"):
        height, width = scene.image.shape[:2]
        results = segmenter.segment_many(scene.image, [query.expression for query in queries])
        for query, result in zip(queries, results, strict=True):
            target = target_mask(scene, query)
            add("model", result.mask, target)
            add(f"model, {query.kind}", result.mask, target)
            add("whole image", whole_image(height, width), target)
            for share in CENTRE_SHARES:
                add(
                    f"centre box, {share:.0%} of the image",
                    centre_box(height, width, share),
                    target,
                )
            _count(counts, query, result)
    return scores, counts


def _count(counts: dict[str, int], query: Query, result: Segmentation) -> None:
    if not query.targets or query.kind == "plural" or result.status is Status.NOT_FOUND:
        return
    said = int(result.status is Status.AMBIGUOUS)
    if query.several:
        counts["several"] += 1
        counts["several_said"] += said
    else:
        counts["one"] += 1
        counts["one_said_several"] += said


def table(scores: dict[str, Score], counts: dict[str, int], title: str) -> str:
    """Return the table in Markdown, with the ratio to the best baseline below it."""
    lines = [
        f"| {title} | expressions | mean IoU | overall IoU | "
        + " | ".join(f"prec@{at}" for at in PRECISION_AT)
        + " | refused though there | refused when absent |",
        "|---|" + "---:|" * (5 + len(PRECISION_AT)),
    ]
    # The model first, then its kinds of expression, then what needs no words.
    order = sorted(scores, key=lambda row: not row.startswith("model"))
    for row in order:
        score = scores[row]
        there, absent = len(score.ious), score.absent
        precision = [f"{score.precision(at):.3f}" if there else "" for at in PRECISION_AT]
        lines.append(
            f"| {row} | {there + absent} | "
            + " | ".join(
                [
                    f"{score.mean_iou:.3f}" if there else "",
                    f"{score.overall_iou:.3f}" if there else "",
                    *precision,
                    f"{score.refused / there:.3f}" if there else "",
                    f"{score.absent_accuracy:.3f}" if absent else "",
                ]
            )
            + " |"
        )
    trivial = {row: s.mean_iou for row, s in scores.items() if not row.startswith("model")}
    best = max(trivial, key=lambda row: trivial[row])
    ratio = scores["model"].mean_iou / trivial[best]
    lines += [
        "",
        f"Mean IoU is {ratio:.2f} times that of the best trivial baseline ({best}).",
        f"Of {counts['several']} answered expressions that fit several things, "
        f"{counts['several_said']} were called ambiguous; of {counts['one']} that fit one, "
        f"{counts['one_said_several']} were.",
    ]
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with instances.json")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-photo", type=int, default=8, help="expressions per photograph")
    parser.add_argument("--presence-threshold", type=float)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    config = SegmenterConfig(
        weights=arguments.weights, presence_threshold=arguments.presence_threshold
    )
    segmenter = Segmenter.load(config=config)
    scores, counts = evaluate(segmenter, arguments.photos, arguments.per_photo)
    text = table(scores, counts, segmenter.model_info.name)
    text += f"\n\nMade by `{COMMAND}` on {platform.machine()}, ONNX Runtime, CPU."
    print(text)
    if arguments.write:
        arguments.write.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
