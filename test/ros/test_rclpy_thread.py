"""How callbacks are served: nothing is kept of them, and the end comes at once."""

import gc
import threading
from collections.abc import Callable, Iterator

import pytest
from recording import TIMEOUT_S, until

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")

from textseg_ros import rclpy_thread
from textseg_ros.rclpy_thread import NodeThread
from textseg_ros.rmw_environment import free_domain_id

CALLBACKS = 300


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., NodeThread]]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    made: list[NodeThread] = []

    def one(faults: list[Exception]) -> NodeThread:
        made.append(NodeThread("served", faults.append, free_domain_id()))
        return made[-1]

    yield one
    for node in made:
        node.close()


def serving_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "rclpy served"]


def test_nothing_is_kept_of_callbacks_that_were_served(make: Callable[..., NodeThread]) -> None:
    faults: list[Exception] = []
    served = make(faults)
    counts: list[int] = []
    first: list[int] = []

    def serve() -> None:
        counts.append(0)
        if len(counts) in (CALLBACKS, 2 * CALLBACKS):
            gc.collect()
            first.append(sum(1 for thing in gc.get_objects() if callable(thing)))

    served.node.create_timer(0.001, serve)
    served.start()
    until(lambda: len(first) == 2)

    assert first[1] - first[0] < CALLBACKS // 3
    assert not faults


def test_a_node_to_which_nothing_happens_ends_when_it_is_closed(
    make: Callable[..., NodeThread],
) -> None:
    faults: list[Exception] = []
    served = make(faults)
    once = threading.Event()

    def serve() -> None:
        once.set()
        timer.cancel()

    timer = served.node.create_timer(0.001, serve)
    served.start()
    assert once.wait(TIMEOUT_S)
    assert serving_threads()
    served.close()

    assert not serving_threads()
    assert not faults


def test_a_callback_that_runs_on_is_told_and_keeps_its_node(
    make: Callable[..., NodeThread], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rclpy_thread, "_END_S", 0.05)
    faults: list[Exception] = []
    served = make(faults)
    begun, go_on = threading.Event(), threading.Event()
    names: list[str] = []

    def serve() -> None:
        begun.set()
        assert go_on.wait(TIMEOUT_S)
        names.append(served.node.get_name())

    timer = served.node.create_timer(0.001, serve)
    served.start()
    assert begun.wait(TIMEOUT_S)
    served.close()
    (told,) = [str(fault) for fault in faults]
    assert told == "a callback runs on 0.05 s after the end; the node stays in the graph"
    assert serving_threads()
    assert timer.timer_period_ns == 1_000_000

    go_on.set()
    until(lambda: not serving_threads())
    served.close()
    assert names == ["served"]
    assert len(faults) == 1


def test_what_a_callback_raises_ends_the_thread_and_is_told(
    make: Callable[..., NodeThread],
) -> None:
    faults: list[Exception] = []
    served = make(faults)

    def fail() -> None:
        raise ValueError("no words")

    served.node.create_timer(0.01, fail)
    served.start()
    until(lambda: bool(faults))
    until(lambda: not serving_threads())

    assert [str(fault) for fault in faults] == ["no words"]


def test_a_node_that_was_never_started_can_be_closed(make: Callable[..., NodeThread]) -> None:
    make([])
