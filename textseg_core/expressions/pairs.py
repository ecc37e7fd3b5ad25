"""Pairs of expressions for one scene that differ in one word and mean different things."""

import numpy as np

from textseg_core.expressions.draw_queries import write_one
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.split import Compositions, admits

# Draws of each kind; relations have the most cases.
_DRAWS = {
    **dict.fromkeys(("relation", "support", "nearest", "chain", "between"), 120),
    **dict.fromkeys(("colour", "place", "ordinal", "superlative", "material", "size"), 40),
    **dict.fromkeys(("category", "exclusion"), 15),
}
_MOST_BARE = 1  # pair of two nouns in a scene; every scene has many, and they ask for little
_OPPOSITES = (
    *({"left", "right"}, {"leftmost", "rightmost"}, {"top", "bottom"}, {"front", "back"}),
    *({"topmost", "bottommost"}, {"largest", "smallest"}, {"large", "small"}),
    *({"tallest", "shortest"}, {"nearest", "farthest"}, {"on", "in"}, {"on", "under"}),
)


def word_pairs(
    scene: Scene, rng: np.random.Generator, *, compositions: Compositions = "train"
) -> list[tuple[Query, Query]]:
    """Draw pairs of expressions that one word tells apart, each with one target, another one.

    Args:
        scene: What is described.
        rng: Source of every choice; the same state gives the same pairs.
        compositions: Which combinations of words to use, see `scenes.split.admits`.

    Returns:
        Pairs such as "the left mug", "the right mug" or "the can next to the bowl", "the can
        next to the plate"; no expression is in two of them. Empty where the scene has none.
    """
    writer = ExpressionWriter(scene, rng, plain=True)
    found: dict[str, Query] = {}
    for kind, draws in _DRAWS.items():
        for _ in range(draws):
            query = write_one(writer, kind)
            if query is None or len(query.targets) != 1:
                continue
            if admits(compositions, query.compositions):
                found.setdefault(query.expression, query)
    by_rest: dict[tuple[str, ...], list[Query]] = {}
    for query in found.values():
        words = query.expression.split()
        for at in range(len(words)):
            rest = (*words[:at], "", *words[at + 1 :])
            by_rest.setdefault(rest, []).append(query)
    candidates = [
        (first, second)
        for same in by_rest.values()
        for k, first in enumerate(same)
        for second in same[k + 1 :]
        if first.targets != second.targets and first.kind == second.kind
    ]
    writer.rng.shuffle(candidates)
    candidates.sort(key=_rank)
    used: set[str] = set()
    pairs = []
    bare = 0
    for first, second in candidates:
        if not used.isdisjoint((first.expression, second.expression)):
            continue
        if first.kind == "category":
            if bare == _MOST_BARE:
                continue
            bare += 1
        used.update((first.expression, second.expression))
        pairs.append((first, second))
    return pairs


def _rank(pair: tuple[Query, Query]) -> int:
    """Opposites come first, then other words for one target, then other targets' nouns."""
    first, second = (query.expression.split() for query in pair)
    at = next(k for k, (one, other) in enumerate(zip(first, second, strict=True)) if one != other)
    if {first[at], second[at]} in _OPPOSITES:
        return 0
    return 2 if pair[0].kind == "category" else 1
