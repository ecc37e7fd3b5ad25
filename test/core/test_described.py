from pathlib import Path

import pytest

from textseg_core.datasets.described import Asked, Described, to_queries
from textseg_core.scenes.scene import Query, Scene

PLACES = {"a": 0, "b": 1}


def test_ids_become_places_in_the_scene_each_once() -> None:
    asked = [Asked("both", ("b", "a", "b"), "plural"), Asked("a cup", ("a",), several=True)]

    assert to_queries(asked, PLACES, "set/1") == (
        Query("both", (1, 0), "plural"),
        Query("a cup", (0,), "referring", several=True),
    )


def test_what_means_nothing_stays_and_what_cannot_be_seen_goes() -> None:
    asked = [
        Asked("unicorn", (), "absent"),
        Asked("speck", ("gone",)),
        Asked("all", ("a", "gone")),
    ]

    with pytest.warns(RuntimeWarning, match=r"set/1: 'speck' is left out, .*'gone'.* no pixel"):
        queries = to_queries(asked, PLACES, "set/1")

    assert [(query.expression, query.targets) for query in queries] == [
        ("unicorn", ()),
        ("all", (0,)),
    ]


def test_nothing_is_read_before_load() -> None:
    calls = []

    def read() -> tuple[Scene, tuple[Query, ...]]:
        calls.append(1)
        raise ValueError("file.jpg: expected a readable picture")

    described = Described("set", "1", Path("file.jpg"), ("the cup",), read)
    assert not calls
    with pytest.raises(ValueError, match=r"file\.jpg"):
        described.load()
