"""Asks about table, floor and wall in rendered scenes, beside the things on the table."""

from collections.abc import Sequence

import numpy as np

from textseg_core.evaluation.questions import SEED, Question, Scenes
from textseg_core.scenes.scene import Scene, target_mask
from textseg_core.scenes.stuff import KIND, stuff_queries, with_stuff


class WithStuff:
    """Rendered scenes whose objects are followed by table, floor and wall.

    Questions about the objects fit as they are.

    Args:
        scenes: With depth.
    """

    def __init__(self, scenes: Scenes) -> None:
        self._scenes = scenes

    def __len__(self) -> int:
        return len(self._scenes)

    def __getitem__(self, index: int, /) -> Scene:
        return with_stuff(self._scenes[index])


def draw_stuff_questions(scenes: WithStuff, indices: Sequence[int], most: int) -> list[Question]:
    """Return questions about the stuff that pictures show, by picture.

    Args:
        scenes: The pictures.
        indices: Of those to ask about.
        most: Questions of each noun; the pictures are taken in an order that a fixed seed draws.
    """
    questions: list[Question] = []
    counts: dict[str, int] = {}
    for place in np.random.default_rng(SEED).permutation(len(indices)):
        index = indices[int(place)]
        scene = scenes[index]
        for query in stuff_queries(scene):
            if query.kind != KIND or counts.get(query.expression, 0) >= most:
                continue
            counts[query.expression] = counts.get(query.expression, 0) + 1
            pixels = int(target_mask(scene, query).sum())
            questions.append(Question(index, scene.scene_id, query, pixels))
    return sorted(questions, key=lambda q: (q.index, q.query.expression))
