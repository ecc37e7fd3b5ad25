"""How callbacks are served: nothing is kept of them, and the end comes at once."""

import gc
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from recording import until

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")

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


def test_a_node_to_which_nothing_happens_ends_at_once(make: Callable[..., NodeThread]) -> None:
    faults: list[Exception] = []
    served = make(faults)
    served.start()
    time.sleep(0.2)
    assert serving_threads()
    asked_s = time.monotonic()
    served.close()

    assert time.monotonic() - asked_s < 3.0
    assert not serving_threads()
    assert not faults


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
