import threading
from typing import Any

import pytest
from tf_table import ASKED, IDENTITY, SENT, Asked, Sent, check, moving, nanoseconds, tf_message

from textseg_core.transforms import TransformUnavailable
from textseg_ros.messages import MessageTypes
from textseg_ros.report import Level
from textseg_ros.tf_source import TfListener


class Told:
    """Keeps what a listener tells, and gives it a clock."""

    def __init__(self) -> None:
        self.now_ns = nanoseconds(100.0)
        self.events: list[tuple[str, Level, str]] = []
        self.listener = TfListener(self._tell, lambda: self.now_ns)

    def _tell(self, kind: str, level: Level, text: str) -> None:
        self.events.append((kind, level, text))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: f"{a.target}<{a.source}@{a.stamp_s:g}")
def test_messages_of_both_topics_answer_the_table(
    types: MessageTypes, told: Told, asked: Asked
) -> None:
    told.listener.on_tf_static(tf_message(types, *(one for one in SENT if one.static)))
    told.listener.on_tf(tf_message(types, *(one for one in SENT if not one.static)))

    check(told.listener, asked)
    assert told.events == []


def test_one_bad_transform_does_not_spoil_its_message(types: MessageTypes, told: Told) -> None:
    bad = Sent("map", "map", 1.0, (0.0, 0.0, 0.0), IDENTITY, False)
    nan = Sent("map", "arm", 1.0, (float("nan"), 0.0, 0.0), IDENTITY, False)

    told.listener.on_tf(tf_message(types, bad, nan, moving(1.0, 4.0)))

    assert told.listener.lookup("map", "base", nanoseconds(1.0))[0, 3] == 4.0
    assert [(kind, level) for kind, level, _ in told.events] == [
        ("transform refused", "error"),
        ("transform refused", "error"),
    ]
    assert "'map' in 'map': expected the names of two different frames" in told.events[0][2]


def test_a_bag_that_begins_again_is_told_of_and_gives_no_old_pose(
    types: MessageTypes, told: Told
) -> None:
    told.listener.on_tf(tf_message(types, *(moving(t, 1.0) for t in (1.0, 2.0, 3.0))))

    told.listener.on_tf(tf_message(types, moving(1.5, 2.0)))

    with pytest.raises(TransformUnavailable):
        told.listener.lookup("map", "base", nanoseconds(1.8))
    assert told.events[0][:2] == ("transforms forgotten", "warning")
    assert "frame base went back by 1.500 s" in told.events[0][2]


def test_a_clock_set_back_is_told_of_and_gives_no_old_pose(
    types: MessageTypes, told: Told
) -> None:
    told.listener.on_tf(tf_message(types, moving(99.0, 1.0), moving(100.0, 1.0)))
    told.now_ns -= 500_000_000

    with pytest.raises(TransformUnavailable) as caught:
        told.listener.lookup("map", "base", nanoseconds(99.4))

    assert caught.value.fault == "unknown frame"
    assert told.events == [
        (
            "transforms forgotten",
            "warning",
            "the clock went back by 0.500 s, so all moving transforms are forgotten",
        )
    ]
    told.listener.on_tf(tf_message(types, moving(99.4, 2.0)))
    assert told.listener.lookup("map", "base", nanoseconds(99.4))[0, 3] == 2.0
    assert len(told.events) == 1


def test_a_late_transform_is_waited_for(types: MessageTypes, told: Told) -> None:
    told.listener.on_tf(tf_message(types, moving(1.0, 0.0)))
    found: list[Any] = []
    waiter = threading.Thread(
        target=lambda: found.append(
            told.listener.lookup("map", "base", nanoseconds(1.5), timeout_s=60.0)
        )
    )
    waiter.start()
    told.listener.on_tf(tf_message(types, moving(2.0, 8.0)))
    waiter.join(30.0)

    assert found[0][0, 3] == pytest.approx(4.0)


def test_nothing_is_answered_after_closing(types: MessageTypes, told: Told) -> None:
    told.listener.close()

    with pytest.raises(TransformUnavailable, match="the node stops"):
        told.listener.lookup("map", "map", 1)
