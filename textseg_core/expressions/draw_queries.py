"""Draws the expressions of one scene, each kind with its share."""

from bisect import bisect
from collections.abc import Callable, Mapping
from itertools import accumulate

import numpy as np

from textseg_core.expressions import attributes, chains, negatives, places, plurals, related
from textseg_core.expressions.writer import ExpressionWriter
from textseg_core.scenes.scene import Query, Scene
from textseg_core.scenes.split import Compositions, admits

MOST_WORDS = 24

KINDS: dict[str, float] = {
    "category": 0.07,
    "synonym": 0.05,
    "colour": 0.08,
    "size": 0.06,
    "material": 0.05,
    "place": 0.08,
    "relation": 0.15,
    "support": 0.06,
    "between": 0.09,
    "nearest": 0.08,
    "ordinal": 0.10,
    "superlative": 0.06,
    "plural": 0.05,
    "chain": 0.08,
    "exclusion": 0.06,
    "absent": 0.16,
    "ambiguous": 0.05,
}

# Draws before a kind is given up; the rarer a case is, the more, so that it keeps its share.
_TRIES = {
    **dict.fromkeys(("between", "chain", "material", "size"), 20),
    **dict.fromkeys(("exclusion", "nearest", "ordinal", "superlative", "support", "synonym"), 10),
}
_USUAL_TRIES = 3
# What is absent can always be said; a poor scene must not turn into nothing but that.
_MOST_ABSENT = 1.5  # times its share
_TEST_TRIES = 40  # most draws combine nothing that is held out

_MAKERS: dict[str, Callable[[ExpressionWriter], Query | None]] = {
    "category": attributes.category,
    "synonym": attributes.synonym,
    "colour": attributes.colour,
    "size": attributes.size,
    "material": attributes.material,
    "place": places.place,
    "relation": related.relation,
    "support": related.support,
    "between": related.between,
    "nearest": related.nearest,
    "ordinal": places.ordinal,
    "superlative": attributes.superlative,
    "plural": plurals.several,
    "chain": chains.chain,
    "exclusion": plurals.exclusion,
    "absent": negatives.absent,
    "ambiguous": negatives.ambiguous,
}


def write_one(writer: ExpressionWriter, kind: str) -> Query | None:
    """Draw one expression of a kind; None where the draw finds no case without doubt.

    Raises:
        ValueError: If there is no such kind.
    """
    maker = _MAKERS.get(kind)
    if maker is None:
        raise ValueError(f"unknown kind {kind!r}; expected one of {', '.join(KINDS)}")
    return maker(writer)


def write_expressions(
    scene: Scene,
    count: int,
    rng: np.random.Generator,
    kinds: Mapping[str, float] | None = None,
    *,
    compositions: Compositions = "train",
) -> list[Query]:
    """Draw up to `count` different expressions about a scene.

    Args:
        scene: What is described.
        count: How many to try for; fewer come back from a scene with few cases.
        rng: Source of every choice; the same state gives the same expressions.
        kinds: Share of each kind; `KINDS` if left out.
        compositions: Which combinations of words to use, see `scenes.split.admits`.
    """
    shares = KINDS if kinds is None else kinds
    writer = ExpressionWriter(scene, rng)
    names = list(shares)
    limits = list(accumulate(shares.values()))
    most_absent = max(1, round(_MOST_ABSENT * shares.get("absent", 0.0) / limits[-1] * count))
    queries: dict[str, Query] = {}
    absent = 0
    for _ in range(6 * count):
        if len(queries) == count:
            break
        drawn = bisect(limits, writer.rng.random() * limits[-1])
        kind = names[min(drawn, len(names) - 1)]
        if kind == "absent" and absent >= most_absent:
            continue
        tries = _TRIES.get(kind, _USUAL_TRIES)
        for _ in range(_TEST_TRIES if compositions == "test" else tries):
            query = write_one(writer, kind)
            if query is None or not admits(compositions, query.compositions):
                continue
            if query.expression in queries or len(query.expression.split()) > MOST_WORDS:
                continue
            queries[query.expression] = query
            absent += kind == "absent"
            break
    return list(queries.values())
