"""Times finished models side by side: each picture encoded once, one and several expressions."""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from textseg_core.evaluation.answering import load_segmenter
from textseg_core.evaluation.questions import Question, Scenes
from textseg_core.evaluation.report import machine, write_text

TIMES_FILE = "times.json"
ROUNDS, QUERIES = 8, 8


def time_models(
    out: Path, models: Mapping[str, Path], scenes: Scenes, questions: Sequence[Question]
) -> None:
    """Write the median times of all models, measured in turns, so that load hits all alike.

    Each turn takes another picture and other words. Written to `TIMES_FILE`:
    the machine, and by model milliseconds of a picture with one and with `QUERIES` expressions.

    Args:
        out: Folder of the file; left alone if it has the times of these very models.
        models: Model directories by name.
        scenes: Pictures to ask about.
        questions: About them.
    """
    path = out / TIMES_FILE
    if not models or (path.is_file() and list(_read(path)) == list(models)):
        return
    texts = list(dict.fromkeys(question.query.expression for question in questions))
    texts *= 1 + ROUNDS * (1 + QUERIES) // len(texts)  # said again where there are few
    indices = sorted({question.index for question in questions})
    pictures = [scenes[indices[turn % len(indices)]].image for turn in range(ROUNDS)]
    segmenters = {name: load_segmenter(directory) for name, directory in models.items()}
    taken: dict[str, dict[str, list[float]]] = {name: {"one": [], "many": []} for name in models}
    for segmenter in segmenters.values():
        segmenter.segment(pictures[0], texts[-1])
    for turn, picture in enumerate(pictures):
        asked = texts[turn * (1 + QUERIES) :][: 1 + QUERIES]
        for name, segmenter in segmenters.items():
            for key, chosen in (("one", asked[:1]), ("many", asked[1:])):
                began = time.perf_counter()
                segmenter.segment_many(picture, chosen)
                taken[name][key].append((time.perf_counter() - began) * 1e3)
    found = {
        name: {key: round(median(values), 3) for key, values in kinds.items()}
        for name, kinds in taken.items()
    }
    write_text(path, json.dumps({"machine": machine(), "ms": found}, indent=1))


def read_times(out: Path) -> tuple[str, dict[str, dict[str, float]]]:
    """Return the machine and the times by model; nothing of either before they are measured."""
    path = out / TIMES_FILE
    if not path.is_file():
        return "", {}
    return str(json.loads(path.read_text(encoding="utf-8"))["machine"]), _read(path)


def _read(path: Path) -> dict[str, dict[str, float]]:
    return dict(json.loads(path.read_text(encoding="utf-8"))["ms"])
