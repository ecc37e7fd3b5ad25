"""How camera and query process follow each other, without either running."""

from types import SimpleNamespace
from typing import Any

from textseg_ros.demo.camera import Progress
from textseg_ros.demo.plan import Question, live_questions
from textseg_ros.demo.queries import Asker

QUESTIONS = [Question("one", "a.png", "the cup"), Question("two", "b.png", "the mug")]


def _answer(frame_id: str, query: str, stale: bool = False) -> Any:
    return SimpleNamespace(header=SimpleNamespace(frame_id=frame_id), query=query, stale=stale)


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_picture_is_done_after_enough_fresh_answers_to_its_own_query() -> None:
    progress = Progress(wanted=2)
    progress.show("one", "the cup")

    progress.on_objects(_answer("one", "the cup"))
    for other in (
        _answer("one", "the mug"),
        _answer("two", "the cup"),
        _answer("one", "the cup", stale=True),
    ):
        progress.on_objects(other)
    assert not progress.done
    progress.on_objects(_answer("one", "the cup"))
    assert progress.done


def test_the_next_picture_starts_without_answers() -> None:
    progress = Progress(wanted=1)
    progress.show("one", "the cup")
    progress.on_objects(_answer("one", "the cup"))

    progress.show("two", "the mug")

    assert not progress.done


def test_the_query_follows_the_picture_on_show_and_is_said_once() -> None:
    said: list[str] = []
    asker = Asker(QUESTIONS, said.append, Clock())
    asker.start()

    asker.on_objects(_answer("one", "the cup"))
    asker.on_objects(_answer("two", "the cup"))
    asker.on_objects(_answer("two", "the cup"))
    asker.on_tick()

    assert said == ["the cup", "the mug"]


def test_a_query_that_nobody_answers_is_said_again() -> None:
    said: list[str] = []
    clock = Clock()
    asker = Asker(QUESTIONS, said.append, clock)
    asker.start()

    clock.now_s += 1.9
    asker.on_tick()
    assert said == ["the cup"]
    clock.now_s += 0.2
    asker.on_tick()
    asker.on_tick()
    assert said == ["the cup", "the cup"]

    asker.on_objects(_answer("one", "the cup"))
    clock.now_s += 60.0
    asker.on_tick()
    assert said == ["the cup", "the cup"]


def test_queries_about_a_live_stream_take_turns() -> None:
    said: list[str] = []
    clock = Clock()
    questions = live_questions(["the cup", "the mug"])
    asker = Asker(questions, said.append, clock)
    asker.start()

    for _ in range(3):
        asker.on_objects(_answer(questions[0].frame_id, said[-1]))
        clock.now_s += 5.1
        asker.on_tick()

    assert said == ["the cup", "the mug", "the cup", "the mug"]


def test_a_live_query_that_is_put_twice_does_not_keep_the_last_one_from_its_turn() -> None:
    said: list[str] = []
    clock = Clock()
    asker = Asker(live_questions(["a", "b", "a", "c"]), said.append, clock)
    asker.start()

    for _ in range(4):
        clock.now_s += 5.1
        asker.on_tick()

    assert said == ["a", "b", "a", "c", "a"]
