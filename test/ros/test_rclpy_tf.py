import itertools
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tf_table import ASKED, SENT, Asked, check, moving, nanoseconds, tf_message

from textseg_core.transforms import TransformPending, TransformUnavailable
from textseg_ros.messages import InstalledMessages
from textseg_ros.tf_source import TF_STATIC_TOPIC, TF_TOPIC, TfListener

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip("tf2_ros", reason="tf2_ros is not in this ROS 2 installation")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock

from textseg_ros.rclpy_tf import RclpyTransformSource

TYPES = InstalledMessages()
TIMEOUT_S = 30.0
_COUNT = itertools.count()  # a domain for each, or they would hear each other


class Robot:
    """A node that publishes transforms and one that hears them, in a context of their own."""

    def __init__(self, use_sim_time: bool = False) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=1 + (os.getpid() + next(_COUNT)) % 100)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._robot = Node("robot", context=self._context)
        tf_class: Any = TYPES.get("tf2_msgs/msg/TFMessage")
        self._tf = self._robot.create_publisher(tf_class, TF_TOPIC, 100)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._static = self._robot.create_publisher(tf_class, TF_STATIC_TOPIC, latched)
        self._clock = self._robot.create_publisher(Clock, "/clock", 10)
        # Before anybody listens: who comes late must get it all the same.
        self._static.publish(tf_message(TYPES, *(one for one in SENT if one.static)))
        self.node = Node(
            "listener",
            context=self._context,
            parameter_overrides=[Parameter("use_sim_time", value=use_sim_time)],
        )
        self.told: list[str] = []
        self.source = RclpyTransformSource(
            self.node, lambda kind, level, text: self.told.append(text)
        )
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        assert until(lambda: self._tf.get_subscription_count() == 1)

    def send(self, *sent: Any) -> None:
        self._tf.publish(tf_message(TYPES, *sent))

    def set_clock(self, stamp_s: float) -> None:
        stamp = tf_message(TYPES, moving(stamp_s, 0.0)).transforms[0].header.stamp
        assert until(lambda: self._clock.get_subscription_count() > 0)
        self._clock.publish(Clock(clock=stamp))
        assert until(lambda: self.node.get_clock().now().nanoseconds == nanoseconds(stamp_s))

    def knows(self, target: str, source: str, stamp_s: float) -> bool:
        try:
            self.source.lookup(target, source, nanoseconds(stamp_s))
        except TransformUnavailable:
            return False
        return True

    def close(self) -> None:
        self.source.close()
        self._executor.shutdown()
        self._thread.join(TIMEOUT_S)
        self.node.destroy_node()
        self._robot.destroy_node()
        self._context.try_shutdown()


def until(condition: Any) -> bool:
    end = time.monotonic() + TIMEOUT_S
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


@pytest.fixture(scope="module")
def told_all() -> Iterator[Robot]:
    robot = Robot()
    robot.send(*(one for one in SENT if not one.static))
    assert until(lambda: robot.knows("map", "base", 3.0) and robot.knows("map", "table", 3.0))
    yield robot
    robot.close()


@pytest.fixture
def robot() -> Iterator[Robot]:
    robot = Robot()
    yield robot
    robot.close()


@pytest.mark.parametrize("asked", ASKED, ids=lambda a: f"{a.target}<{a.source}@{a.stamp_s:g}")
def test_tf2_answers_the_table_as_our_own_buffer_does(told_all: Robot, asked: Asked) -> None:
    check(told_all.source, asked)


def test_our_buffer_equals_tf2_between_random_transforms(robot: Robot) -> None:
    import numpy as np

    rng = np.random.default_rng(1)
    own = TfListener(lambda kind, level, text: pytest.fail(text))
    chain = []
    for tick in range(40):
        for link in range(4):
            turned = rng.normal(size=4)
            turned /= np.linalg.norm(turned)
            one = moving(tick * 0.1 + rng.uniform(0, 0.05), 0.0)._replace(
                parent="map" if link == 0 else f"link{link}",
                child=f"link{link + 1}",
                at=tuple(map(float, rng.normal(size=3))),
                turned=tuple(map(float, turned)),
            )
            chain.append(one)
    message = tf_message(TYPES, *chain)
    own.on_tf(message)
    robot.source._listener.callback(message)

    for stamp_s in rng.uniform(0.2, 3.8, 100):
        for target, source in (("map", "link4"), ("link3", "map"), ("link2", "link4")):
            stamp_ns = nanoseconds(float(stamp_s))
            ours = own.lookup(target, source, stamp_ns)
            theirs = robot.source.lookup(target, source, stamp_ns)
            np.testing.assert_allclose(ours, theirs, atol=1e-9)


def test_a_transform_that_comes_late_is_waited_for_and_none_is_made_up(robot: Robot) -> None:
    robot.send(moving(1.0, 0.0))
    assert until(lambda: robot.knows("map", "base", 1.0))
    with pytest.raises(TransformPending, match=r"waited 0\.02 s"):
        robot.source.lookup("map", "base", nanoseconds(1.1), timeout_s=0.02)
    late = threading.Timer(0.1, robot.send, (moving(1.2, 1.0),))
    late.start()

    found = robot.source.lookup("map", "base", nanoseconds(1.1), timeout_s=TIMEOUT_S)
    late.join()

    assert found[0, 3] == pytest.approx(0.5)


def test_simulated_time_that_goes_back_a_little_forgets_what_moves() -> None:
    robot = Robot(use_sim_time=True)
    try:
        robot.set_clock(100.0)
        robot.send(moving(99.0, 1.0), moving(100.0, 1.0))
        assert until(lambda: robot.knows("map", "base", 99.5))
        assert until(lambda: robot.knows("map", "table", 99.5))

        robot.set_clock(99.5)

        assert until(lambda: not robot.knows("map", "base", 99.4))
        assert robot.knows("map", "table", 99.4)
        assert "the clock went back by 0.500 s" in robot.told[-1]
    finally:
        robot.close()


def test_a_bag_that_begins_again_gives_no_pose_of_the_first_run(robot: Robot) -> None:
    robot.send(*(moving(stamp_s, 1.0) for stamp_s in (1.0, 2.0, 3.0)))
    assert until(lambda: robot.knows("map", "base", 2.5))

    robot.send(moving(1.5, 2.0))
    assert until(lambda: not robot.knows("map", "base", 2.5))
    robot.send(moving(1.7, 2.0))
    assert until(lambda: robot.knows("map", "base", 1.6))

    assert robot.source.lookup("map", "base", nanoseconds(1.6))[0, 3] == 2.0
    assert len(robot.told) == 1
    assert "frame base went back by 1.500 s" in robot.told[0]


def test_closing_ends_the_waiting(robot: Robot) -> None:
    robot.send(moving(1.0, 0.0))
    assert until(lambda: robot.knows("map", "base", 1.0))
    threading.Timer(0.1, robot.source.close).start()

    with pytest.raises(TransformUnavailable, match="the node stops"):
        robot.source.lookup("map", "base", nanoseconds(5.0), timeout_s=TIMEOUT_S)


def test_topics_are_left_in_the_executors_thread_alone() -> None:
    """What is closed in another thread answers nothing from then on, and leaves /tf later."""
    robot = Robot()
    try:
        later: list[Any] = []
        source = RclpyTransformSource(robot.node, lambda *_: None, later.append)
        assert until(lambda: robot.node.count_subscribers(TF_TOPIC) == 2)

        source.close()
        source.close()

        with pytest.raises(TransformUnavailable, match="stops"):
            source.lookup("map", "map", 0)
        assert robot.node.count_subscribers(TF_TOPIC) == 2
        (leave,) = later
        robot.node.create_guard_condition(leave).trigger()
        assert until(lambda: robot.node.count_subscribers(TF_TOPIC) == 1)
        assert until(lambda: robot.node.count_subscribers(TF_STATIC_TOPIC) == 1)
    finally:
        robot.close()
