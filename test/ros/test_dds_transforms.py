import threading
from collections.abc import Iterator
from typing import Any

import pytest
from dds_peers import loopback_settings, wait_until
from tf_table import ASKED, SENT, check, moving, nanoseconds, tf_message

from textseg_core.transforms import TransformPending, TransformUnavailable
from textseg_ros.tf_source import TF_STATIC_TOPIC, TF_TOPIC, TF_TYPE

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.dds.endpoint import Publisher
from textseg_ros.dds.participant import Participant
from textseg_ros.dds.transforms import listen_to_transforms


class Robot:
    """A node that publishes transforms and one that hears them."""

    def __init__(self, robot: Participant, node: Participant) -> None:
        self._robot = robot
        self.told: list[str] = []
        self.tf = robot.publisher(TF_TOPIC, TF_TYPE, depth=100)
        self.static = robot.publisher(TF_STATIC_TOPIC, TF_TYPE, depth=1, transient_local=True)
        # Before anybody listens: who comes late must get it all the same.
        self.send(self.static, *(one for one in SENT if one.static))
        self._node = node
        self.listen()
        assert self.tf.wait_for_matches()

    def listen(self) -> None:
        self.source = listen_to_transforms(
            self._node, lambda kind, level, text: self.told.append(text)
        )

    def send(self, publisher: Publisher, *sent: Any) -> None:
        publisher.publish(tf_message(self._robot.types, *sent))

    def knows(self, target: str, source: str, stamp_s: float) -> bool:
        try:
            self.source.lookup(target, source, nanoseconds(stamp_s))
        except TransformUnavailable:
            return False
        return True


@pytest.fixture
def robot() -> Iterator[Robot]:
    settings = loopback_settings()
    with Participant("robot", "/", settings) as one, Participant("node", "/", settings) as two:
        yield Robot(one, two)


def test_what_another_node_published_answers_the_table(robot: Robot) -> None:
    robot.send(robot.tf, *(one for one in SENT if not one.static))
    assert wait_until(lambda: robot.knows("map", "base", 3.0))
    assert wait_until(lambda: robot.knows("map", "table", 3.0))

    for asked in ASKED:
        check(robot.source, asked)
    assert robot.told == []


def test_a_hundred_transforms_in_a_row_all_arrive(robot: Robot) -> None:
    for tick in range(100):
        robot.send(robot.tf, moving(tick * 0.01, tick * 1.0))

    assert wait_until(lambda: robot.knows("map", "base", 0.99))
    for tick in range(99):
        found = robot.source.lookup("map", "base", nanoseconds(tick * 0.01 + 0.005))
        assert found[0, 3] == pytest.approx(tick + 0.5)


def test_a_transform_that_comes_late_is_waited_for_and_none_is_made_up(robot: Robot) -> None:
    robot.send(robot.tf, moving(1.0, 0.0))
    assert wait_until(lambda: robot.knows("map", "base", 1.0))
    with pytest.raises(TransformPending):
        robot.source.lookup("map", "base", nanoseconds(1.1), timeout_s=0.02)
    late = threading.Timer(0.1, robot.send, (robot.tf, moving(1.2, 1.0)))
    late.start()

    found = robot.source.lookup("map", "base", nanoseconds(1.1), timeout_s=30.0)
    late.join()

    assert found[0, 3] == pytest.approx(0.5)


def test_bytes_that_are_no_message_are_told_of_and_the_next_one_is_taken(robot: Robot) -> None:
    robot.tf.publish_cdr(b"\0\1\0\0\xff\xff\xff\x7f")
    robot.send(robot.tf, moving(1.0, 0.0))

    assert wait_until(lambda: robot.knows("map", "base", 1.0))
    assert len(robot.told) == 1
    assert (
        "message on /tf refused: 8 bytes received are no tf2_msgs/msg/TFMessage" in robot.told[0]
    )


def test_closing_leaves_both_topics_and_opening_again_hears_what_stays(robot: Robot) -> None:
    robot.source.close()

    assert wait_until(lambda: robot.tf.matched == robot.static.matched == 0)
    with pytest.raises(TransformUnavailable, match="the node stops"):
        robot.source.lookup("map", "table", nanoseconds(1.0))
    robot.source.close()
    robot.listen()
    assert wait_until(lambda: robot.knows("map", "table", 1.0))
