import math
import threading
from collections import Counter

import pytest

from textseg_ros.query import Query
from textseg_ros.query_book import MAX_KEY_BYTES, PLACES, QueryBook


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def keys(queries: tuple[Query, ...]) -> list[str]:
    return [query.key for query in queries]


def test_numbers_count_every_accepted_request_over_all_keys() -> None:
    book = QueryBook()

    accepted = [
        book.ask("the mug"),
        book.put("a", "the jar", priority=3),
        book.ask(""),
        book.put("a", ""),
        book.ask("the cup"),
    ]

    assert accepted == [
        Query(1, "the mug"),
        Query(2, "the jar", "a", 3),
        Query(3, ""),
        Query(4, "", "a"),
        Query(5, "the cup"),
    ]
    assert book.queries() == (Query(5, "the cup"),)


def test_a_refused_request_takes_no_number_and_changes_nothing() -> None:
    book = QueryBook(max_query_bytes=20, max_queries=1)
    book.ask("the mug")
    book.put("a", "the jar")
    before = book.queries()

    refused: list[tuple[str, str, dict[str, float]]] = [
        ("a", "please", {}),
        ("b", "the cup", {}),
        ("", "the cup", {"lifetime_s": 1.0}),
        ("a", "the cup", {"lifetime_s": -1.0}),
        ("a", "the cup", {"lifetime_s": math.nan}),
        ("a", "the cup", {"lifetime_s": math.inf}),
        ("a", "the cup", {"priority": 2**31}),
        ("none", "", {}),
    ]
    for key, text, more in refused:
        with pytest.raises(ValueError, match=r"."):
            book.put(key, text, int(more.get("priority", 0)), more.get("lifetime_s", 0.0))
    for text in ("please", "the mug \x07", "a" * 21):
        with pytest.raises(ValueError, match=r"."):
            book.ask(text)

    assert book.queries() == before
    assert book.ask("the cup").id == 3


def test_the_topic_query_replaces_itself_and_is_cleared_by_white_space() -> None:
    book = QueryBook()
    first = book.ask("the mug")
    assert (book.find(), book.standing(first)) == (first, "asked")

    second = book.ask("the jar")
    assert (book.find(), book.standing(first), book.standing(second)) == (
        second,
        "replaced",
        "asked",
    )

    book.ask(" \n")
    assert (book.find(), book.standing(first), book.standing(second)) == (
        None,
        "cleared",
        "cleared",
    )


@pytest.mark.parametrize("key", ["", "a"], ids=["topic", "standing"])
def test_the_same_words_again_are_still_asked_but_not_after_clearing(key: str) -> None:
    book = QueryBook()

    def ask(text: str) -> Query:
        return book.put(key, text) if key else book.ask(text)

    first = ask("the mug")
    ask("the jar")
    again = ask("the mug")
    assert book.standing(first) == "asked"

    ask("")
    new = ask("the mug")
    assert [book.standing(query) for query in (first, again, new)] == [
        "cleared",
        "cleared",
        "asked",
    ]


def test_keys_do_not_touch_each_other() -> None:
    book = QueryBook()
    topic, a, b = book.ask("the mug"), book.put("a", "the mug"), book.put("b", "the mug")

    book.put("a", "")
    book.put("b", "the jar")

    assert [book.standing(query) for query in (topic, a, b)] == ["asked", "cleared", "replaced"]


def test_a_query_stands_for_its_lifetime_from_the_last_time_it_was_sent() -> None:
    clock = Clock()
    book = QueryBook(clock_s=clock)
    first = book.put("a", "the mug", lifetime_s=5.0)
    clock.now_s = 104.0
    renewed = book.put("a", "the mug", lifetime_s=5.0)
    book.put("b", "the jar")

    clock.now_s = 108.9
    assert keys(book.queries()) == ["a", "b"]
    assert book.standing(first) == "asked"
    assert book.take_expired() == ()

    clock.now_s = 109.0
    assert keys(book.due()) == ["b"]
    assert (book.standing(first), book.standing(renewed)) == ("cleared", "cleared")
    assert book.take_expired() == (renewed,)
    assert book.take_expired() == ()


def test_a_query_asked_anew_after_it_expired_does_not_revive_the_old_one() -> None:
    clock = Clock()
    book = QueryBook(clock_s=clock)
    old = book.put("a", "the mug", lifetime_s=1.0)
    clock.now_s += 1.0
    new = book.put("a", "the mug")

    assert (book.standing(old), book.standing(new)) == ("cleared", "asked")
    clock.now_s += 1e9
    assert book.standing(new) == "asked"


def test_a_resent_query_may_change_its_lifetime_to_endless() -> None:
    clock = Clock()
    book = QueryBook(clock_s=clock)
    book.put("a", "the mug", lifetime_s=1.0)
    book.put("a", "the mug")
    clock.now_s += 2.0

    assert keys(book.queries()) == ["a"]


def test_an_expired_query_leaves_its_place_to_another() -> None:
    clock = Clock()
    book = QueryBook(max_queries=1, clock_s=clock)
    book.put("a", "the mug", lifetime_s=1.0)
    clock.now_s += 1.0

    assert book.put("b", "the jar").key == "b"


def test_too_many_queries_are_refused_with_what_to_do() -> None:
    book = QueryBook(max_queries=2)
    book.put("b", "the mug")
    book.put("a", "the mug")
    book.ask("the topic's own does not count")

    with pytest.raises(ValueError, match=r"'c' would be one more than the 2 .*max_queries.*empty"):
        book.put("c", "the jar")

    assert book.put("a", "the jar").text == "the jar"
    book.put("b", "")
    assert book.put("c", "the jar").key == "c"


def test_lower_limits_leave_what_stands_and_bind_what_comes() -> None:
    book = QueryBook()
    book.put("a", "the red mug")
    book.put("b", "the red mug")
    book.set_limits(max_queries=1, max_query_bytes=8)

    assert keys(book.queries()) == ["a", "b"]
    assert book.put("a", "the mug").id == 3
    with pytest.raises(ValueError, match="at most 8"):
        book.put("a", "the red mug")
    with pytest.raises(ValueError, match="max_queries"):
        book.put("c", "the mug")


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("", "needs a key"),
        ("  ", "needs a key"),
        ("a\nb", "printable"),
        ("é" * (MAX_KEY_BYTES // 2) + "e", "at most 128 bytes"),
    ],
)
def test_keys_must_be_short_printable_text(key: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        QueryBook().put(key, "the mug")


def test_a_key_may_be_any_printable_text_of_that_length() -> None:
    key = "é" * (MAX_KEY_BYTES // 2)
    assert QueryBook().put(key, "the mug").key == key


def test_removing_what_does_not_stand_says_what_stands() -> None:
    book = QueryBook()
    book.put("mug", "the mug")
    with pytest.raises(
        ValueError, match=r"no standing query 'mugg'.*expired.* standing are 'mug'"
    ):
        book.put("mugg", "")


def test_the_topic_query_is_due_first_and_others_by_priority_then_age() -> None:
    book = QueryBook()
    book.put("low", "the mug", priority=-1)
    book.put("first", "the mug")
    book.put("second", "the mug")
    book.put("high", "the mug", priority=7)
    book.ask("the jar")

    assert keys(book.due()) == ["", "high", "first", "second", "low"]
    assert keys(book.queries()) == ["", "high", "first", "second", "low"]


def test_equal_queries_beyond_the_places_take_turns() -> None:
    """Ten for eight places: those left out come first in the next frame, in a circle."""
    book = QueryBook()
    for index in range(10):
        book.put(f"{index}", "the mug")

    frames = ["".join(keys(book.due())) for _ in range(5)]

    assert frames == ["01234567", "89012345", "67890123", "45678901", "23456789"]


def test_no_query_waits_longer_than_its_share_of_the_fair_places() -> None:
    """Six places by priority, two go round among the other ten: once in five frames."""
    book = QueryBook()
    for index in range(16):
        book.put(f"{index:02}", "the mug", priority=10 if index < 6 else -index)

    frames = [set(keys(book.due())) for _ in range(50)]

    counts = Counter(key for frame in frames for key in frame)
    assert all(counts[f"{index:02}"] == 50 for index in range(6))
    assert all(counts[f"{index:02}"] == 10 for index in range(6, 16))
    for start in range(45):
        assert len(set.union(*frames[start : start + 5])) == 16


def test_the_topic_query_is_due_for_every_frame_however_many_stand() -> None:
    book = QueryBook()
    for index in range(16):
        book.put(f"{index}", "the mug", priority=100)
    book.ask("the jar")

    frames = [keys(book.due()) for _ in range(20)]

    assert all(frame[0] == "" and len(frame) == PLACES for frame in frames)
    counts = Counter(key for frame in frames for key in frame)
    assert sorted(counts.values()) == [8] * 4 + [9] * 12 + [20]


def test_a_query_sent_again_and_again_gains_no_turn_by_it() -> None:
    book = QueryBook()
    for index in range(10):
        book.put(f"{index}", "the mug")
    for _ in range(90):
        book.due()
    counts: Counter[str] = Counter()
    for turn in range(100):
        book.put("0", f"the mug number {turn}")
        counts.update(keys(book.due()))

    assert set(counts.values()) == {80}


def test_a_key_asked_anew_after_its_removal_has_waited_longest() -> None:
    book = QueryBook()
    for index in range(10):
        book.put(f"{index}", "the mug")
    assert ["".join(keys(book.due())) for _ in range(2)] == ["01234567", "89012345"]
    book.put("9", "")
    book.put("9", "the mug")

    assert "".join(keys(book.due())) == "96780123"


def test_each_camera_sees_every_query_though_their_frames_alternate() -> None:
    book = QueryBook()
    for index in range(16):
        book.put(f"{index}", "the mug")

    frames = [(camera, book.due(camera)) for _ in range(2) for camera in ("left", "right")]

    for camera in ("left", "right"):
        seen = [query.key for name, queries in frames if name == camera for query in queries]
        assert sorted(seen) == sorted(str(index) for index in range(16))


def test_a_forgotten_camera_begins_anew() -> None:
    book = QueryBook()
    for index in range(10):
        book.put(f"{index}", "the mug")
    first = book.due("left")
    book.forget_camera("left")

    assert book.due("left") == first


def test_nothing_is_due_without_queries() -> None:
    assert QueryBook().due() == ()


def test_threads_may_ask_and_answer_at_once() -> None:
    """Four threads ask 200 times each: 800 numbers, none twice, and no wrong standing."""
    book = QueryBook(max_queries=4)
    ids: list[list[int]] = [[] for _ in range(4)]
    faults: list[str] = []

    def ask(thread: int) -> None:
        for turn in range(200):
            query = book.put(f"{thread}", f"the mug {turn}")
            ids[thread].append(query.id)
            if book.standing(query) != "asked" or len(book.due()) > 4:
                faults.append(f"{query}")

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60.0)

    assert faults == []
    assert sorted(number for some in ids for number in some) == list(range(1, 801))
