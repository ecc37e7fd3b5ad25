import threading
import time
from collections.abc import Callable, Sequence

import pytest

from textseg_core.runtime.expression_cache import ExpressionCache


def make_counter() -> tuple[list[str], Callable[[Sequence[str]], list[str]]]:
    made: list[str] = []

    def make(texts: Sequence[str]) -> list[str]:
        made.extend(texts)
        return [text.upper() for text in texts]

    return made, make


def test_a_value_is_made_once() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    assert [cache.get(["red"], "w", make) for _ in range(3)] == [["RED"]] * 3
    assert made == ["red"]
    assert (cache.hits, cache.misses) == (2, 1)


def test_what_is_missing_is_made_together_and_once() -> None:
    made: list[Sequence[str]] = []

    def make(texts: Sequence[str]) -> list[str]:
        made.append(texts)
        return [text.upper() for text in texts]

    cache: ExpressionCache[str] = ExpressionCache(9)
    cache.get(["b"], "w", make)
    assert cache.get(["a", "b", "c", "a"], "w", make) == ["A", "B", "C", "A"]
    assert made == [("b",), ("a", "c")]
    assert (cache.hits, cache.misses) == (2, 3)


def test_more_texts_than_are_kept_are_all_answered() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    cache.get(["a", "b"], "w", make)
    assert cache.get(["a", "c", "d", "b", "e"], "w", make) == ["A", "C", "D", "B", "E"]
    assert made == ["a", "b", "c", "d", "e"]
    assert len(cache) == 2


def test_one_text_of_two_weights_is_two_values() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    cache.get(["red"], "old", make)
    cache.get(["red"], "new", make)
    assert made == ["red", "red"]
    assert len(cache) == 2


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    for text in ("a", "b", "a", "c", "a", "b"):
        cache.get([text], "w", make)
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


def test_a_failure_leaves_nothing_behind() -> None:
    cache: ExpressionCache[str] = ExpressionCache(2)

    def fail(texts: Sequence[str]) -> list[str]:
        raise RuntimeError(texts[0])

    with pytest.raises(RuntimeError, match="red"):
        cache.get(["red"], "w", fail)
    assert len(cache) == 0


def test_nothing_is_kept_after_clear() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    cache.get(["a"], "w", make)
    cache.clear()
    cache.get(["a"], "w", make)
    assert made == ["a", "a"]


def test_a_cache_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        ExpressionCache(0)


class Yielding(str):
    """Lets another thread run whenever a cache looks it up."""

    __slots__ = ()

    def __hash__(self) -> int:
        time.sleep(0)
        return super().__hash__()


def test_threads_may_ask_at_once() -> None:
    cache: ExpressionCache[str] = ExpressionCache(1)
    _, make = make_counter()
    faults: list[object] = []
    asked = 50

    def ask(start: int) -> None:
        try:
            for index in range(start, start + asked):
                text = Yielding("ab"[index % 2])
                if cache.get([text], "w", make) != [text.upper()]:
                    faults.append(text)
        except Exception as error:  # a thread's error would not fail the test
            faults.append(error)

    threads = [threading.Thread(target=ask, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    assert cache.hits + cache.misses == 4 * asked
    assert len(cache) == 1
