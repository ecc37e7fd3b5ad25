"""Chooses presence and mask threshold on validation scenes, never on those of a test.

Command: `python -m textseg_core.evaluation.thresholds --scenes FOLDER --weights DIR`.
Prints the two lines for the model directory's `model.yaml`; `--update` puts them there.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from textseg_core.arrays import Float64Array
from textseg_core.evaluation.answering import load_segmenter, segment_all
from textseg_core.evaluation.masks import iou
from textseg_core.evaluation.questions import Question, Scenes, by_picture, draw_questions
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.model_info import DESCRIPTION_FILE, SHIPPED_WEIGHTS
from textseg_core.postprocess import find_objects, union_of
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.scene import target_mask
from textseg_core.segmenter import Segmenter

MODULE = "textseg_core.evaluation.thresholds"
MASK_THRESHOLDS = (0.01, 0.02, *(round(0.05 + 0.05 * step, 2) for step in range(16)))  # .. 0.80
PRESENCE_THRESHOLDS = tuple(round(0.02 * step, 2) for step in range(1, 50))  # 0.02 .. 0.98


@dataclass(frozen=True, slots=True)
class Trial:
    """One expression with every mask threshold tried.

    Attributes:
        there: Whether it means something.
        score: Probability of presence.
        ious: IoU at each of the mask thresholds; empty if it means nothing.
    """

    there: bool
    score: float
    ious: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and what it gives on the scenes that it was chosen on.

    Attributes:
        threshold: Least response counted as foreground.
        presence_threshold: Least probability of presence that counts as found.
        mean_iou: Over expressions that mean something, refusals counted as 0.
        t_acc: Share of them that are answered.
        n_acc: Share of those that mean nothing that are refused.
    """

    threshold: float
    presence_threshold: float
    mean_iou: float
    t_acc: float
    n_acc: float


def try_thresholds(
    segmenter: Segmenter, scenes: Scenes, questions: Sequence[Question]
) -> list[Trial]:
    """Return one trial for each question that does not fit several things.

    Args:
        segmenter: The model, which must refuse nothing: `presence_threshold` 0.
        scenes: The pictures from which the questions were drawn.
        questions: What is asked.
    """
    config = segmenter.config
    trials = []
    asked = [question for question in questions if not question.query.several]
    pictures = len({question.index for question in asked})
    for scene, queries in tqdm(by_picture(scenes, asked), total=pictures, unit="picture"):
        answers = segment_all(segmenter, scene, queries)
        for query, answer in zip(queries, answers, strict=True):
            target = target_mask(scene, query)
            found = [
                find_objects(
                    answer.response_map,
                    threshold=threshold,
                    min_area_px=config.min_area_px,
                    max_objects=config.max_objects,
                )
                for threshold in (MASK_THRESHOLDS if query.targets else ())
            ]
            ious = tuple(iou(union_of(objects, target.shape), target) for objects in found)
            trials.append(Trial(bool(query.targets), answer.score, ious))
    return trials


def choose(trials: Iterable[Trial], *, refuses: bool = True) -> Choice:
    """Return the two thresholds that do best on the trials.

    The presence threshold is the one with the greatest mean of T-acc and N-acc, so that it does
    not depend on how many absent things were asked for; of several, the middle one. The mask
    threshold is then the one with the greatest mean IoU; of several, the one nearest to 0.5.

    Args:
        trials: At least one of what is there, and one of what is not.
        refuses: Whether the network says what is there. Of one that does not, no answer is
            refused, whatever its score: its presence threshold stays 0.

    Raises:
        ValueError: If no expression means something, or none means nothing.
    """
    known = list(trials)
    there = [trial for trial in known if trial.there]
    absent = [trial for trial in known if not trial.there]
    if not there or not absent:
        raise ValueError(
            "expected expressions that mean something and others that mean nothing, got "
            f"{len(there)} and {len(absent)}; give a folder with more scenes"
        )
    here = np.array([trial.score for trial in there])
    away = np.array([trial.score for trial in absent])
    t_acc = _shares(here)
    n_acc = 1.0 - _shares(away)
    balanced = t_acc + n_acc
    best = np.flatnonzero(balanced >= balanced.max() - 1e-12)
    presence = int(best[len(best) // 2])
    answered = (here >= PRESENCE_THRESHOLDS[presence]) | (not refuses)
    mean_ious = (np.array([trial.ious for trial in there]) * answered[:, None]).mean(axis=0)
    mask = max(
        range(len(MASK_THRESHOLDS)),
        key=lambda place: (mean_ious[place], -abs(MASK_THRESHOLDS[place] - 0.5)),
    )
    if not refuses:
        return Choice(MASK_THRESHOLDS[mask], 0.0, float(mean_ious[mask]), 1.0, 0.0)
    return Choice(
        MASK_THRESHOLDS[mask],
        PRESENCE_THRESHOLDS[presence],
        float(mean_ious[mask]),
        float(t_acc[presence]),
        float(n_acc[presence]),
    )


def _shares(scores: Float64Array) -> Float64Array:
    """Return the share of scores that reach each presence threshold."""
    shares: Float64Array = np.array([(scores >= at).mean() for at in PRESENCE_THRESHOLDS])
    return shares


def update_description(directory: Path, choice: Choice) -> None:
    """Write the two thresholds into a model directory's `model.yaml`, other lines unchanged.

    Raises:
        ValueError: If the file lacks one of the two lines; names it.
    """
    path = directory / DESCRIPTION_FILE
    values = {"threshold": choice.threshold, "presence_threshold": choice.presence_threshold}
    lines = path.read_text(encoding="utf-8").splitlines()
    for key, value in values.items():
        places = [place for place, line in enumerate(lines) if line.startswith(f"{key}:")]
        if len(places) != 1:
            raise ValueError(f"{path}: expected one line '{key}: ...', got {len(places)}")
        lines[places[0]] = f"{key}: {value}"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def evaluate(options: argparse.Namespace) -> str:
    """Choose the thresholds and return what to print; write them where `--update` says so."""
    scenes = RenderedScenes(options.scenes, depth=False)
    if scenes.split != "train":
        raise ValueError(
            f"{options.scenes} holds scenes of split {scenes.split!r}, expected 'train': what is "
            "chosen on test scenes says nothing about them; render with --split train and a "
            "seed that training does not use"
        )
    questions = draw_questions(
        scenes, list(KINDS), per_kind=options.per_kind, compositions="train", limit=options.limit
    )
    segmenter = load_segmenter(options.weights, presence_threshold=0.0)
    # An export gives a network that does not say what is there a presence threshold of 0.
    refuses = segmenter.model_info.presence_threshold > 0.0
    choice = choose(try_thresholds(segmenter, scenes, questions), refuses=refuses)
    if options.update:
        directory = Path(options.weights).expanduser() if options.weights else SHIPPED_WEIGHTS
        update_description(directory, choice)
    return (
        f"presence_threshold: {choice.presence_threshold}\nthreshold: {choice.threshold}\n"
        f"# on {len(questions)} expressions about {options.scenes.name}: mean IoU "
        f"{choice.mean_iou:.3f}, T-acc {choice.t_acc:.3f}, N-acc {choice.n_acc:.3f}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the thresholds; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of validation scenes")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-kind", type=int, default=100, help="expressions of each kind")
    parser.add_argument("--limit", type=int, help="only the first so many scenes")
    parser.add_argument("--update", action="store_true", help="write them into model.yaml")
    try:
        print(evaluate(parser.parse_args(arguments)))
    except (ValueError, RuntimeError) as error:
        sys.exit(f"{MODULE}: {error}")


if __name__ == "__main__":
    main()
