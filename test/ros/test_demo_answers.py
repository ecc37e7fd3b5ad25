from types import SimpleNamespace
from typing import Any

from textseg_ros.demo.answers import Collector
from textseg_ros.demo.plan import Question
from textseg_ros.results import LATENCY_STAGES

FOUND, NOT_FOUND = 0, 1
QUESTIONS = [Question("one", "a.png", "the cup"), Question("two", "b.png", "the mug")]


def _header(frame_id: str, sec: int) -> Any:
    return SimpleNamespace(stamp=SimpleNamespace(sec=sec, nanosec=500), frame_id=frame_id)


def _objects(frame_id: str, sec: int, query: str, status: int = FOUND, stale: bool = False) -> Any:
    return SimpleNamespace(
        header=_header(frame_id, sec),
        query=query,
        expression=query,
        status=status,
        stale=stale,
        score=0.5,
        unknown_words=[],
        objects=[],
        latency=SimpleNamespace(**dict.fromkeys(LATENCY_STAGES, 1.0)),
    )


def _overlay(frame_id: str, sec: int) -> Any:
    return SimpleNamespace(header=_header(frame_id, sec))


def _centroid(frame_id: str, sec: int) -> Any:
    return SimpleNamespace(header=_header(frame_id, sec), point=SimpleNamespace(x=3.0, y=4.0))


def test_an_answer_is_whole_once_result_point_and_overlay_of_one_stamp_are_there() -> None:
    collector = Collector(QUESTIONS)

    assert collector.take("overlay", _overlay("one", 7), 0) is None
    assert collector.take("objects", _objects("one", 7, "the cup"), 0) is None
    assert collector.take("centroid", _centroid("one", 8), 0) is None
    done = collector.take("centroid", _centroid("one", 7), 0)

    assert done is not None
    assert done[0] == 0
    assert done[1].summary()["point"] == [3.0, 4.0]


def test_nothing_found_needs_no_point() -> None:
    collector = Collector(QUESTIONS)

    collector.take("objects", _objects("two", 7, "the mug", NOT_FOUND), 0)
    done = collector.take("overlay", _overlay("two", 7), 0)

    assert done is not None
    assert done[0] == 1
    assert done[1].summary()["point"] is None


def test_a_result_of_another_query_or_an_old_one_is_no_answer() -> None:
    collector = Collector(QUESTIONS)

    for sec, objects in enumerate(
        [
            _objects("one", 0, "the mug", NOT_FOUND),
            _objects("one", 1, "the cup", NOT_FOUND, stale=True),
            _objects("three", 2, "the cup", NOT_FOUND),
        ]
    ):
        collector.take("objects", objects, 0)
        assert collector.take("overlay", _overlay(objects.header.frame_id, sec), 0) is None
    assert collector.first == {}
    assert collector.latencies_ms == []


def test_only_the_first_answer_counts_but_every_latency_is_kept() -> None:
    collector = Collector(QUESTIONS)

    for sec in (1, 2):
        collector.take("objects", _objects("one", sec, "the cup", NOT_FOUND), 0)
        collector.take("overlay", _overlay("one", sec), 0)

    assert collector.first[0].objects.header.stamp.sec == 1
    assert len(collector.latencies_ms) == 2


def test_the_age_runs_from_the_stamp_to_the_arrival() -> None:
    collector = Collector(QUESTIONS)

    collector.take("objects", _objects("one", 2, "the cup"), 2_030_000_500)

    assert collector.latencies_ms[0]["camera to planner"] == 30.0


def test_frames_that_stay_without_a_result_are_forgotten() -> None:
    collector = Collector(QUESTIONS)

    for sec in range(100):
        collector.take("overlay", _overlay("one", sec), 0)
    collector.take("objects", _objects("one", 0, "the cup", NOT_FOUND), 0)

    assert collector.first == {}


def test_a_query_put_twice_gets_two_answers() -> None:
    collector = Collector([QUESTIONS[0], QUESTIONS[0]])

    for sec in (1, 2, 3):
        collector.take("objects", _objects("one", sec, "the cup", NOT_FOUND), 0)
        collector.take("overlay", _overlay("one", sec), 0)

    assert {place: a.objects.header.stamp.sec for place, a in collector.first.items()} == {
        0: 1,
        1: 2,
    }
    assert len(collector.latencies_ms) == 3


def test_an_answer_is_whole_without_the_overlay_where_the_node_publishes_none() -> None:
    collector = Collector(QUESTIONS, needs_overlay=False)

    done = collector.take("objects", _objects("one", 7, "the cup", NOT_FOUND), 0)

    assert done is not None
    assert done[1].overlay is None
