"""What each question asks for, and how often training shows such things."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from textseg_core.evaluation.questions import Question, Scenes
from textseg_core.evaluation.records import Record
from textseg_core.evaluation.report import write_text
from textseg_core.scenes.cache import RenderedScenes
from textseg_core.scenes.stuff import KIND, STUFF

STRATA_FILE = "strata.json"
BANDS = ("in no scene", "rare", "common", "frequent")
#: A thing is frequent from this share of all training scenes on, common from the other.
FREQUENT_SHARE, COMMON_SHARE = 0.1, 0.05


def write_strata(
    path: Path, scenes: Scenes, questions: Sequence[Question], training: Sequence[Path]
) -> None:
    """Write the category of each question and the share of training scenes that shows it.

    Args:
        path: JSON file; left alone if it is there.
        scenes: The pictures that the questions ask about.
        questions: What is asked.
        training: Folders of the scenes that are learnt from; the first view of each counts.
    """
    if path.is_file():
        return
    shown: Counter[str] = Counter()
    total = 0
    for folder in training:
        opened = RenderedScenes(folder, depth=False)
        for index, name in enumerate(opened.names):
            if name.endswith("_0"):
                total += 1
                shown.update({item.names[0] for item in opened[index].objects})
    categories: dict[str, str] = {}
    last, scene = -1, None
    for question in sorted(questions, key=lambda q: q.index):
        if not question.query.targets:
            continue
        if scene is None or question.index != last:
            last, scene = question.index, scenes[question.index]
        thing = scene.objects[question.query.targets[0]]
        categories[_key(question.scene, question.query.expression)] = thing.names[0]
    shares = {name: shown[name] / total for name in sorted(set(categories.values()))}
    write_text(path, json.dumps({"categories": categories, "shares": shares}, indent=1))


def read_strata(path: Path) -> tuple[dict[str, str], dict[str, float]]:
    """Return category by question and share by category.

    Raises:
        ValueError: If the file is missing or something else; names it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return dict(content["categories"]), dict(content["shares"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path}: expected what `textseg reproduce --compare` wrote ({error!r}); run that "
            "without --render first"
        ) from error


def noun_of(record: Record, categories: Mapping[str, str]) -> str:
    """Return the usual name of what an expression means; empty if it means nothing."""
    return categories.get(_key(record.scene, record.expression), "")


def is_stuff_record(record: Record) -> bool:
    """Tell whether table, floor or wall was asked for."""
    return record.kind == KIND


def stuff_nouns() -> tuple[str, ...]:
    """Return the nouns of stuff, in the order of the table."""
    return tuple(nouns[0] for nouns in STUFF.values())


def band(share: float) -> str:
    """Return in which of `BANDS` a category is that a share of the training scenes shows."""
    if not share:
        return BANDS[0]
    return BANDS[1 + (share >= COMMON_SHARE) + (share >= FREQUENT_SHARE)]


def _key(scene: str, expression: str) -> str:
    return f"{scene} {expression}"
