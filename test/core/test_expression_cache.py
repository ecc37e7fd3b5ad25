import pytest

from textseg_core.runtime.expression_cache import ExpressionCache


def make_counter() -> tuple[list[str], object]:
    made: list[str] = []

    def make(text: str) -> str:
        made.append(text)
        return text.upper()

    return made, make


def test_a_value_is_made_once() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    assert [cache.get("red", "w", make) for _ in range(3)] == ["RED"] * 3
    assert made == ["red"]
    assert (cache.hits, cache.misses) == (2, 1)


def test_one_text_of_two_weights_is_two_values() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    cache.get("red", "old", make)
    cache.get("red", "new", make)
    assert made == ["red", "red"]
    assert len(cache) == 2


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    for text in ("a", "b", "a", "c", "a", "b"):
        cache.get(text, "w", make)
    assert made == ["a", "b", "c", "b"]
    assert len(cache) == 2


def test_a_failure_leaves_nothing_behind() -> None:
    cache: ExpressionCache[str] = ExpressionCache(2)

    def fail(text: str) -> str:
        raise RuntimeError(text)

    with pytest.raises(RuntimeError, match="red"):
        cache.get("red", "w", fail)
    assert len(cache) == 0


def test_nothing_is_kept_after_clear() -> None:
    made, make = make_counter()
    cache: ExpressionCache[str] = ExpressionCache(2)
    cache.get("a", "w", make)
    cache.clear()
    cache.get("a", "w", make)
    assert made == ["a", "a"]


def test_a_cache_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        ExpressionCache(0)
