"""Draws the expressions of one scene, each kind with its share."""

import numpy as np

from textseg_core.expressions.negatives import absent
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Query, Scene

KINDS: dict[str, float] = {
    "category": 0.28,
    "plural": 0.06,
    "colour": 0.10,
    "place": 0.16,
    "size": 0.05,
    "ordinal": 0.04,
    "relation": 0.17,
    "between": 0.02,
    "absent": 0.16,
}


def write_expressions(
    scene: Scene, count: int, rng: np.random.Generator, kinds: dict[str, float] | None = None
) -> list[Query]:
    """Draw up to `count` different expressions about a scene.

    Args:
        scene: What is described.
        count: How many to try for; fewer come back from a scene with few cases.
        rng: Source of every choice; the same state gives the same expressions.
        kinds: Share of each kind; `KINDS` if left out.
    """
    shares = KINDS if kinds is None else kinds
    writer = ExpressionWriter(scene, rng)
    names = list(shares)
    weights = np.array([shares[name] for name in names])
    queries: dict[str, Query] = {}
    for _ in range(6 * count):
        if len(queries) == count:
            break
        kind = names[int(rng.choice(len(names), p=weights / weights.sum()))]
        query = absent(writer) if kind == "absent" else getattr(writer, kind)()
        if query is not None:
            queries.setdefault(query.expression, query)
    return list(queries.values())
