"""A fixed list of expressions about pictures, so that every model is asked the same."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import numpy as np

from textseg_core.expressions.draw_queries import write_expressions
from textseg_core.scenes.scene import Query, Scene, target_mask

#: Row of the tables for expressions that ask for one thing where several fit.
AMBIGUOUS = "ambiguous"
#: Most expressions of one kind about one picture.
TURNS = 8
SEED = 2016

Item = TypeVar("Item")


class Scenes(Protocol):
    """Pictures by number, loaded when asked for."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, index: int, /) -> Scene:
        """Return one with its truth."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """An expression about one picture of a folder.

    Attributes:
        index: Number of the picture in its folder.
        scene: Its name.
        query: The expression and what it means.
        target_px: Pixels of what it means, by which a changed picture is noticed.
    """

    index: int
    scene: str
    query: Query
    target_px: int


def draw_questions(
    scenes: Scenes,
    kinds: Sequence[str],
    *,
    per_kind: int,
    compositions: Literal["train", "test", "all"],
    limit: int | None = None,
    seed: int = SEED,
) -> list[Question]:
    """Draw the same number of expressions of every kind, spread over the pictures.

    In each turn every picture gives one expression of each kind that is not full yet, so none
    gives its second before every other one has given its first. What asks for one thing where
    several fit goes into a pool of its own, `AMBIGUOUS`, whatever its kind. The choice
    depends on seed and pictures alone.

    Args:
        scenes: The pictures.
        kinds: Keys of `expressions.draw_queries.KINDS`.
        per_kind: How many of each; fewer come back where the pictures have fewer cases.
        compositions: Which combinations of words may be asked, see `scenes.split`.
        limit: Only the first so many pictures; all if None.
        seed: Of all draws.

    Returns:
        The expressions, by picture, kind and wording.
    """
    chosen: dict[str, dict[tuple[int, str], Question]] = {kind: {} for kind in kinds}
    dry: set[tuple[int, str]] = set()
    pictures = range(len(scenes))[:limit]
    order = np.random.default_rng(seed).permutation(len(pictures))
    for turn in range(TURNS):
        for index in (int(place) for place in order):
            wanted = [
                kind for kind in kinds if len(chosen[kind]) < per_kind and (index, kind) not in dry
            ]
            if not wanted:
                continue
            scene = scenes[index]
            for kind in wanted:
                rng = np.random.default_rng([seed, turn, digest(f"{scene.scene_id} {kind}")])
                found = write_expressions(scene, 1, rng, {kind: 1.0}, compositions=compositions)
                if not found:
                    dry.add((index, kind))
                for query in found:
                    pool = AMBIGUOUS if query.several else query.kind
                    _keep(chosen.setdefault(pool, {}), index, scene, query, per_kind)
    questions = [question for pool in chosen.values() for question in pool.values()]
    return sorted(questions, key=lambda q: (q.index, q.query.kind, q.query.expression))


def _keep(
    pool: dict[tuple[int, str], Question], index: int, scene: Scene, query: Query, most: int
) -> None:
    """Add a question to its pool unless that is full; what it has already it keeps once."""
    if len(pool) < most:
        pixels = int(target_mask(scene, query).sum())
        pool[index, query.expression] = Question(index, scene.scene_id, query, pixels)


def spread(
    candidates: Mapping[int, Sequence[Item]], count: int, rng: np.random.Generator
) -> list[Item]:
    """Return up to `count` items, one from each picture before a second from any.

    Args:
        candidates: Items by number of their picture; none of the lists is empty.
        count: Most items returned.
        rng: Decides in which order the pictures come.
    """
    order = [int(index) for index in rng.permutation(sorted(candidates))]
    deepest = max(len(found) for found in candidates.values())
    ranked = [
        candidates[index][rank]
        for rank in range(deepest)
        for index in order
        if rank < len(candidates[index])
    ]
    return ranked[:count]


def count_kinds(questions: Sequence[Question]) -> dict[str, int]:
    """Return how many questions each kind has, `AMBIGUOUS` apart."""
    counts: dict[str, int] = {}
    for question in questions:
        name = AMBIGUOUS if question.query.several else question.query.kind
        counts[name] = counts.get(name, 0) + 1
    return counts


def by_picture(
    scenes: Scenes, questions: Sequence[Question]
) -> Iterator[tuple[Scene, list[Query]]]:
    """Yield each picture once with what is asked about it.

    Raises:
        ValueError: If the pictures are not those that the questions were drawn from.
    """
    for index, group in groupby(sorted(questions, key=lambda q: q.index), lambda q: q.index):
        asked = list(group)
        if index >= len(scenes):
            raise ValueError(
                f"the questions ask about picture {index} ({asked[0].scene}), but the folder "
                f"holds {len(scenes)}; give the folder that they were drawn from"
            )
        scene = scenes[index]
        for question in asked:
            _check(scene, question)
        yield scene, [question.query for question in asked]


def _check(scene: Scene, question: Question) -> None:
    """Refuse a picture that is not the one asked about."""
    known = all(target < len(scene.objects) for target in question.query.targets)
    pixels = int(target_mask(scene, question.query).sum()) if known else -1
    if scene.scene_id != question.scene or pixels != question.target_px:
        raise ValueError(
            f"picture {question.index} is {scene.scene_id!r} with {pixels} target pixels for "
            f"{question.query.expression!r}, expected {question.scene!r} with "
            f"{question.target_px}; give the folder that the questions were drawn from, or draw "
            "them anew"
        )


def write_questions(path: Path, questions: Sequence[Question]) -> None:
    """Write the list as JSON, one question a line."""
    lines = [
        json.dumps(
            {
                "index": question.index,
                "scene": question.scene,
                "expression": question.query.expression,
                "kind": question.query.kind,
                "targets": question.query.targets,
                "several": question.query.several,
                "compositions": question.query.compositions,
                "target_px": question.target_px,
            },
            ensure_ascii=False,
        )
        for question in questions
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def read_questions(path: Path) -> list[Question]:
    """Read a list that `write_questions` wrote.

    Raises:
        ValueError: If the file is missing or something else; names it.
    """
    try:
        return [
            Question(
                int(entry["index"]),
                str(entry["scene"]),
                Query(
                    str(entry["expression"]),
                    tuple(int(target) for target in entry["targets"]),
                    str(entry["kind"]),
                    bool(entry["several"]),
                    tuple((str(word), str(name)) for word, name in entry["compositions"]),
                ),
                int(entry["target_px"]),
            )
            for entry in json.loads(path.read_text(encoding="utf-8"))
        ]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: expected a list of questions written with --write-questions: {error!r}; "
            "leave --questions out to draw them anew"
        ) from error


def digest(text: str) -> int:
    """Return a number that the text alone decides, to seed draws with."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
