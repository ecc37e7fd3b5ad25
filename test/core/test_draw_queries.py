import random
import re
from collections import Counter

import numpy as np
import pytest
from drawn import SIDE, scene, stands, thing

from textseg_core.expressions.draw_queries import KINDS, MOST_WORDS, write_expressions
from textseg_core.expressions.phrases import TABLE_LINKS
from textseg_core.scenes.scene import Scene, SceneObject
from textseg_core.scenes.split import is_held_out_composition
from textseg_core.tokenizer import Tokenizer
from textseg_core.training.vocabulary import build_vocabulary

NOUNS = {
    "mug": (("cup",), ("container",)),
    "can": (("tin",), ("container",)),
    "bowl": (("dish",), ("container", "dish")),
    "apple": ((), ("fruit", "food")),
    "box": (("carton",), ("container",)),
    "knife": (("table knife",), ("cutlery",)),
}
COLORS = ("red", "blue", "green", "black", "white")


def random_table(seed: int, count: int = 10) -> Scene:
    """Things of few kinds on a grid of places, one on a tray, so that every kind has cases."""
    rng = random.Random(seed)
    places = [(x / 10, y / 10) for x in range(-6, 7, 2) for y in range(-4, 5, 2)]
    things: list[SceneObject] = [stands("tray", -0.6, -0.4, side=0.19, height=0.02)]
    places.remove((-0.6, -0.4))
    names = [rng.choice(list(NOUNS)) for _ in range(count // 2)]
    for k, (x, y) in enumerate(rng.sample(places, count)):
        name = names[k] if k < len(names) else names[0]
        synonyms, hypernyms = NOUNS[name]
        more = {"support": 0, "z": 0.02} if k == 0 else {}
        at = (-0.6, -0.4) if k == 0 else (x + rng.uniform(-0.03, 0.03), y)
        side = rng.choice((0.06, 0.09, 0.14))
        item = stands(
            *(name, *at),
            side=side,
            height=rng.choice((0.06, 0.09, 0.14)),
            synonyms=synonyms,
            hypernyms=hypernyms,
            colors=(rng.choice(COLORS),),
            material=rng.choice(("metal", "wood", "plastic")),
            **more,
        )
        things.append(item)
    return scene(*things, closed=[*NOUNS, "dog", "hammer", "banana", "teapot"])


@pytest.fixture(scope="module")
def tables() -> list[Scene]:
    return [random_table(seed) for seed in range(12)]


def test_the_same_seed_gives_the_same_expressions(tables: list[Scene]) -> None:
    first, second, other = (
        write_expressions(tables[0], 12, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )

    assert first == second
    assert first != other


def test_as_many_different_expressions_as_asked_for(tables: list[Scene]) -> None:
    queries = write_expressions(tables[0], 12, np.random.default_rng(0))

    assert len(queries) == 12
    assert len({query.expression for query in queries}) == 12


def test_every_kind_has_its_turn(tables: list[Scene]) -> None:
    counts = Counter(
        query.kind
        for seed in range(8)
        for table in tables
        for query in write_expressions(table, 12, np.random.default_rng(seed))
    )

    assert set(counts) == set(KINDS)
    assert counts["relation"] > counts["between"]


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_kind_asked_for(kind: str, tables: list[Scene]) -> None:
    found = [
        query
        for table in tables
        for query in write_expressions(table, 6, np.random.default_rng(0), {kind: 1.0})
    ]

    assert {query.kind for query in found} == {kind}
    assert all(bool(query.targets) is (kind != "absent") for query in found)
    if kind not in ("plural", "exclusion", "ambiguous", "absent"):
        assert all(len(query.targets) == 1 for query in found)
    if kind in ("plural", "ambiguous"):
        assert all(len(query.targets) > 1 for query in found)
    assert all(query.several is (kind == "ambiguous") for query in found)


def test_an_unknown_kind_is_refused_with_the_known_ones(tables: list[Scene]) -> None:
    with pytest.raises(ValueError, match=r"unknown kind 'count'.*category, synonym"):
        write_expressions(tables[0], 1, np.random.default_rng(0), {"count": 1.0})


def test_a_poor_scene_gives_fewer() -> None:
    queries = write_expressions(
        scene(thing("cup", (90, 90, 110, 110))), 500, np.random.default_rng(0)
    )

    assert 3 <= len(queries) < 500
    assert write_expressions(scene(), 5, np.random.default_rng(0)) == []


def test_a_poor_scene_is_not_all_absence() -> None:
    cup = scene(thing("cup", (90, 90, 110, 110)), closed=["dog", "car", "horse", "kite", "bus"])

    counts = Counter(
        query.kind == "absent"
        for seed in range(40)
        for query in write_expressions(cup, 8, np.random.default_rng(seed))
    )

    assert counts[True] < 0.45 * counts.total()


def normal(expression: str) -> str:
    """The expression without articles and without "that is" before its places."""
    words = re.sub(r"\b(the|an|a) ", "", expression)
    links = sorted({link for link in TABLE_LINKS if link}, key=len, reverse=True)
    return re.sub(rf" ({'|'.join(links)}) ", " ", words)


@pytest.mark.parametrize("seed", range(8))
def test_the_same_words_never_mean_different_things(seed: int) -> None:
    table = random_table(seed)
    meant: dict[str, set[tuple[int, ...]]] = {}

    queries = write_expressions(table, 250, np.random.default_rng(seed), compositions="all")
    for query in queries:
        meant.setdefault(normal(query.expression), set()).add(query.targets)

    assert len(queries) > 150
    assert {words: targets for words, targets in meant.items() if len(targets) > 1} == {}


@pytest.mark.parametrize("seed", range(20))
def test_in_photographs_no_expression_denies_what_another_one_points_at(seed: int) -> None:
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

    for query in write_expressions(drawn, 150, rng, compositions="all"):
        meant.setdefault(normal(query.expression), set()).add(bool(query.targets))

    assert [words for words, there in meant.items() if len(there) > 1] == []


def test_training_says_nothing_that_is_held_out_and_tests_do(tables: list[Scene]) -> None:
    for table in tables:
        rng = np.random.default_rng(3)
        for query in write_expressions(table, 40, rng):
            assert not any(is_held_out_composition(*pair) for pair in query.compositions)
        for query in write_expressions(table, 40, rng, compositions="test"):
            held_out = [is_held_out_composition(*pair) for pair in query.compositions]
            assert any(held_out) or not held_out


def test_kinds_that_combine_words_say_what_they_combine(tables: list[Scene]) -> None:
    alone = {"category", "synonym", "plural", "ambiguous", "absent"}
    for table in tables:
        for query in write_expressions(table, 60, np.random.default_rng(4), compositions="all"):
            if query.kind not in alone:
                about = {table.objects[i].names[0] for i in query.targets}
                assert query.compositions[0][1] in about
            elif query.kind in ("category", "synonym"):
                assert query.compositions == ()


def test_every_word_is_in_the_vocabulary_and_none_is_cut(tables: list[Scene]) -> None:
    nouns = [n for name, more in NOUNS.items() for n in (name, *more[0], *more[1])]
    nouns += ["tray", "dog", "hammer", "banana", "teapot"]
    tokenizer = Tokenizer(build_vocabulary(nouns), MOST_WORDS, "right", "words")
    lost: set[str] = set()
    for table in tables:
        for query in write_expressions(table, 80, np.random.default_rng(5), compositions="all"):
            encoding = tokenizer.encode(query.expression)
            lost.update((*encoding.unknown_words, *encoding.truncated_words))

    assert lost == set()
