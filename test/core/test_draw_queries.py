import re
from collections import Counter

import numpy as np
import pytest
from drawn import SIDE, scene, thing

from textseg_core.expressions.draw_queries import KINDS, write_expressions
from textseg_core.scenes.scene import Scene


@pytest.fixture
def shelf() -> Scene:
    """Four cups of growing size and two bowls, so that every kind has a case."""
    cups = [
        thing("cup", (x, 60 - h, x + 20, 60), colors=(color,), upright_base=True)
        for x, h, color in (
            (4, 14, "red"),
            (56, 24, "blue"),
            (108, 38, "green"),
            (160, 60, "black"),
        )
    ]
    bowls = [thing("bowl", (30, 40, 50, 60)), thing("plate", (82, 40, 102, 60))]
    return scene(*cups, *bowls, closed=["cup", "bowl", "plate", "dog", "car"])


def test_the_same_seed_gives_the_same_expressions(shelf: Scene) -> None:
    first, second, other = (
        write_expressions(shelf, 12, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


def test_as_many_different_expressions_as_asked_for(shelf: Scene) -> None:
    queries = write_expressions(shelf, 12, np.random.default_rng(0))

    assert len(queries) == 12
    assert len({query.expression for query in queries}) == 12


def test_every_kind_has_its_turn(shelf: Scene) -> None:
    counts = Counter(
        query.kind
        for seed in range(60)
        for query in write_expressions(shelf, 6, np.random.default_rng(seed))
    )

    assert set(counts) == set(KINDS)
    assert counts["category"] > counts["between"]


def test_only_the_kinds_asked_for(shelf: Scene) -> None:
    kinds = {"ordinal": 1.0, "plural": 1.0}

    queries = write_expressions(shelf, 6, np.random.default_rng(0), kinds)

    assert {query.kind for query in queries} == set(kinds)


def test_a_poor_scene_gives_fewer() -> None:
    queries = write_expressions(
        scene(thing("cup", (90, 90, 110, 110))), 500, np.random.default_rng(0)
    )

    assert 3 <= len(queries) < 500
    assert write_expressions(scene(), 5, np.random.default_rng(0)) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_expression_ever_denies_what_another_one_points_at(seed: int) -> None:
    """On random scenes, the same words never mean something once and nothing another time."""
    rng = np.random.default_rng(seed)
    names = ("cat", "dog", "bowl", "mug")
    things = []
    for _ in range(6):
        x, y = (int(v) for v in rng.integers(0, SIDE - 40, 2))
        w, h = (int(v) for v in rng.integers(12, 40, 2))
        name = names[int(rng.integers(4))]
        general = ("animal",) if name in ("cat", "dog") else ("container",)
        things.append(thing(name, (x, y, x + w, y + h), hypernyms=general, upright_base=True))
    drawn = scene(*things, closed=[*names, "animal", "container", "car"])
    meant: dict[str, set[bool]] = {}

    for query in write_expressions(drawn, 150, rng):
        words = re.sub(r"^(the|a) ", "", query.expression)
        meant.setdefault(words, set()).add(bool(query.targets))

    assert [words for words, there in meant.items() if len(there) > 1] == []
