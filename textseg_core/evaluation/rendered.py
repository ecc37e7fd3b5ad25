"""Scores a model on rendered test scenes with things and combinations that training never saw.

Command: `python -m textseg_core.evaluation.rendered --scenes FOLDER [--weights DIR]`.
Prints Markdown; `--write`, `--csv`, `--json` and `--gallery` put results into files too.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from textseg_core.evaluation.answering import answer_questions, load_segmenter
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
    AMBIGUOUS,
    Question,
    Scenes,
    by_picture,
    count_kinds,
    draw_questions,
    read_questions,
    write_questions,
)
from textseg_core.evaluation.records import Record
from textseg_core.evaluation.summary import mean_over_kinds, one_meant, tables
from textseg_core.expressions.draw_queries import KINDS
from textseg_core.scenes.cache import RenderedScenes

MODULE = "textseg_core.evaluation.rendered"
#: With fewer of a kind, or in all, the page says so.
LEAST_PER_KIND, LEAST = 200, 2000


def fixed_questions(scenes: Scenes, options: argparse.Namespace) -> list[Question]:
    """Return the fixed test set: read from `--questions`, else drawn.

    Raises:
        ValueError: If no expression can be drawn.
    """
    if options.questions is not None:
        return read_questions(options.questions)
    questions = draw_questions(
        scenes, list(KINDS), per_kind=options.per_kind, compositions="test", limit=options.limit
    )
    if not questions:
        raise ValueError(
            f"{options.scenes}: no test expression can be drawn from {len(scenes)} scenes; "
            "render more with python -m textseg_core.scenes.generate --split test"
        )
    return questions


def count_lines(questions: Sequence[Question]) -> list[str]:
    """Return how many questions there are, and of which kind there are too few."""
    counts = count_kinds(questions)
    single = sum(count for kind, count in counts.items() if kind != AMBIGUOUS)
    listed = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
    lines = [f"expressions: {single} that one thing or nothing fits; {listed}"]
    few = [kind for kind in {**KINDS, AMBIGUOUS: 0.0} if counts.get(kind, 0) < LEAST_PER_KIND]
    if few or single < LEAST:
        wanted = f"fewer than {LEAST_PER_KIND} of {', '.join(few)}" if few else "too few in all"
        lines.append(f"**too few expressions**: {wanted}; {LEAST} wanted: render more scenes")
    return lines


def evaluate(options: argparse.Namespace, arguments: Sequence[str]) -> str:
    """Answer every question and return the page; write what the options name."""
    scenes = RenderedScenes(options.scenes)
    if scenes.split != "test":
        raise ValueError(
            f"{options.scenes} holds scenes of split {scenes.split!r}, expected 'test': what "
            "training has seen tells nothing; render with --split test"
        )
    questions = fixed_questions(scenes, options)
    if options.write_questions is not None:
        write_questions(options.write_questions, questions)
    segmenter = load_segmenter(options.weights, **model_settings(options))
    records = answer_questions(segmenter, scenes, questions)
    if options.gallery is not None:
        write_gallery(options.gallery, segmenter, by_picture(scenes, questions), records)
    info = segmenter.model_info
    run = Run(
        f"Rendered test scenes: {options.name or info.name}",
        MODULE,
        arguments,
        [*count_lines(questions), over_kinds(records)],
    )
    save(run, records, info, options)
    return publish(run, tables(records), options)


def over_kinds(records: Sequence[Record]) -> str:
    """Return the line with the mean over kinds."""
    return f"mean IoU, every kind weighing the same: {mean_over_kinds(one_meant(records)):.3f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the page; end with one line where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=Path, required=True, help="folder of test scenes")
    parser.add_argument("--weights", default="", help="model directory; the shipped one if empty")
    parser.add_argument("--per-kind", type=int, default=220, help="expressions of each kind")
    parser.add_argument("--limit", type=int, help="only the first so many scenes")
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
