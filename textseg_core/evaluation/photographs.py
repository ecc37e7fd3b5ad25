"""Scores models on the photographs kept out of training, beside trivial baselines.

Command: `python -m textseg_core.evaluation.photographs --photos FOLDER [--weights DIR ...]`.
Several model directories, one for each seed say, give mean and spread. Prints Markdown;
`--write`, `--csv`, `--json` and `--gallery` put results into files too.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from textseg_core.datasets.photos import Photo, category_names, load_photos
from textseg_core.evaluation import metrics
from textseg_core.evaluation.answering import answer_questions, load_segmenter
from textseg_core.evaluation.baselines import CENTRE_SHARES, centre_box, whole_image
from textseg_core.evaluation.gallery import write_gallery
from textseg_core.evaluation.publish import (
    Run,
    add_model_options,
    add_output_options,
    model_settings,
    publish,
    save,
)
from textseg_core.evaluation.questions import (
    Question,
    Scenes,
    by_picture,
    draw_questions,
    read_questions,
    write_questions,
)
from textseg_core.evaluation.records import Record, judge_mask
from textseg_core.evaluation.report import Table, number
from textseg_core.evaluation.seeds import spread_table
from textseg_core.evaluation.summary import by_kind, tables
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.scenes.scene import Scene, SceneObject

MODULE = "textseg_core.evaluation.photographs"
#: Kinds that say what a thing is called and nothing else, whether one fits or several.
NOUNS_ALONE = ("category", "synonym", "ambiguous")
LEAST_SHARE = 0.0005  # of the picture; smaller things are not asked for


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
    name = str(photo.image_id)
    return Scene(photo.image, tuple(objects), names, frozenset(hidden), scene_id=name)


class PhotoScenes:
    """The held-out photographs of a folder, their masks drawn when they are asked for.

    Args:
        folder: Photographs with `instances.json`.

    Raises:
        ValueError: If a file is missing or damaged; names it.
    """

    def __init__(self, folder: Path) -> None:
        self._photos = load_photos(folder, held_out=True)
        self._names = frozenset(category_names(folder))

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._photos)

    def __getitem__(self, index: int, /) -> Scene:
        """Return one with its truth."""
        return scene_of(self._photos[index], self._names)


def baseline_records(scenes: Scenes, questions: Sequence[Question]) -> dict[str, list[Record]]:
    """Return what masks that ignore image and words get, by name."""
    rows: dict[str, list[Record]] = {}
    for scene, queries in by_picture(scenes, questions):
        height, width = scene.image.shape[:2]
        masks = {"whole image": whole_image(height, width)}
        for share in CENTRE_SHARES:
            masks[f"centre box, {share:.0%} of the image"] = centre_box(height, width, share)
        for name, mask in masks.items():
            rows.setdefault(name, []).extend(judge_mask(scene, query, mask) for query in queries)
    return rows


def baseline_table(model: Sequence[Record], baselines: dict[str, list[Record]]) -> Table:
    """Return all expressions, ambiguous ones too, by model, by kind and by baseline."""
    rows = {"model": list(model)}
    rows["model, nouns alone"] = [record for record in model if record.kind in NOUNS_ALONE]
    rows.update({f"model, {k}": r for k, r in by_kind(model).items() if k != "all"})
    rows.update(baselines)
    figures = [metrics.MEAN_IOU, metrics.OVERALL_IOU]
    figures += [*map(metrics.precision, metrics.PRECISION_AT), metrics.T_ACC, metrics.N_ACC]
    cells = tuple(
        (name, str(len(records)), *(number(figure.of(records)) for figure in figures))
        for name, records in rows.items()
    )
    best = max(baselines, key=lambda name: metrics.MEAN_IOU.of(baselines[name]))
    ratio = metrics.MEAN_IOU.of(model) / metrics.MEAN_IOU.of(baselines[best])
    note = f"Mean IoU is {ratio:.2f} times that of the best trivial baseline ({best})."
    columns = ("all expressions", "count", *(figure.name for figure in figures))
    return Table("Beside answers that need no words", columns, cells, note)


def evaluate(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Answer every question with every model and return the page; write what is named.

    Raises:
        ValueError: If photographs, models or options are wrong.
    """
    several = len(options.weights) > 1
    if several and (options.json is not None or options.gallery is not None):
        raise ValueError(
            f"--json and --gallery take one model, got {len(options.weights)}; run them singly"
        )
    scenes = PhotoScenes(options.photos)
    questions = (
        read_questions(options.questions)
        if options.questions is not None
        else draw_questions(scenes, list(KINDS), per_kind=options.per_kind, compositions="all")
    )
    if not questions:
        raise ValueError(f"{options.photos}: no expression can be drawn from these photographs")
    if options.write_questions is not None:
        write_questions(options.write_questions, questions)
    runs: dict[str, list[Record]] = {}
    for place, weights in enumerate(options.weights, start=1):
        segmenter = load_segmenter(weights, **model_settings(options))
        info = segmenter.model_info
        runs[f"{place}"] = answer_questions(segmenter, scenes, questions)
    first = runs["1"]
    lines = [f"photographs: {len(scenes)}, expressions: {len(questions)}"]
    run = Run(f"Held-out photographs: {options.name or info.name}", MODULE, arguments, lines)
    if options.gallery is not None:
        write_gallery(options.gallery, segmenter, by_picture(scenes, questions), first)
    save(run, first, info, options)
    beside = baseline_table(first, baseline_records(scenes, questions))
    shown = [spread_table(runs)] if several else tables(first)
    return publish(run, [*shown, beside], options)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with instances.json")
    parser.add_argument(
        "--weights", nargs="+", default=[""], help="model directories; the shipped one if empty"
    )
    parser.add_argument("--per-kind", type=int, default=300, help="most expressions of each kind")
    parser.add_argument("--questions", type=Path, help="ask what this JSON file lists")
    parser.add_argument("--write-questions", type=Path, help="write the list that is asked")
    parser.add_argument("--gallery", type=Path, help="folder for contact sheets")
    add_model_options(parser)
    add_output_options(parser)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        print(evaluate(parser.parse_args(given), given))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
