"""What launch_testing runs: two nodes by segment.launch.py in one graph, with the shipped weights.

`/textseg/segmenter` is as launched without arguments; `/arm/eye` has namespace, name, camera,
simulated time, a log of warnings alone, and waits to be activated.
`launch_test test/ros/launch_two_nodes.py`, or with pytest by test_launch.py.
"""

import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import cv2
import launch_testing.actions
import launch_testing.asserts
import rclpy
from launch import LaunchDescription
from launch.actions import GroupAction, IncludeLaunchDescription, SetLaunchConfiguration
from launch.launch_description_sources import PythonLaunchDescriptionSource
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import String
from textseg_ros.msg import Segmentation

from textseg_ros.messages import byte_sequence

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "textseg_ros" / "demo" / "pictures"
ARM = {
    "namespace": "arm",
    "node_name": "eye",
    "camera": "/wrist/image_raw",
    "autostart": "false",
    "use_sim_time": "true",
    "log_level": "warn",
}
# Queries of the demo, and the boxes that their answers lie in: x, y, width, height. Pictures are
# shown at half their size: of larger best-effort images Fast DDS keeps losing parts on one busy
# core, where 512 kB of shared memory are all that the reader may be behind.
MUG = ("scene_mug.jpg", "hand me the mug", (362, 231, 77, 89))
DRILL = ("scene_tools.jpg", "Grab the power drill, please.", (138, 158, 134, 114))
SIMULATED_S = 5000
TIMEOUT_S = 150.0
PATIENCE_S = "120"
"""Ctrl-C alone must end the nodes, however busy the machine is."""


def generate_test_description() -> LaunchDescription:
    source = PythonLaunchDescriptionSource(str(ROOT / "launch" / "segment.launch.py"))

    def included(arguments: dict[str, str]) -> GroupAction:
        return GroupAction([IncludeLaunchDescription(source, launch_arguments=arguments.items())])

    return LaunchDescription(
        [
            SetLaunchConfiguration("sigterm_timeout", PATIENCE_S),
            SetLaunchConfiguration("sigkill_timeout", PATIENCE_S),
            included({}),
            included(ARM),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class TestTwoNodes(unittest.TestCase):
    context: ClassVar[Any]
    peer: ClassVar[Any]
    executor: ClassVar[Any]
    thread: ClassVar[threading.Thread]

    @classmethod
    def setUpClass(cls) -> None:
        cls.context = rclpy.Context()
        rclpy.init(context=cls.context)
        cls.peer = Node("peer", context=cls.context)
        cls.executor = SingleThreadedExecutor(context=cls.context)
        cls.executor.add_node(cls.peer)
        cls.thread = threading.Thread(target=cls.executor.spin, daemon=True)
        cls.thread.start()

    @classmethod
    def tearDownClass(cls) -> None:
        cls.executor.shutdown()
        cls.thread.join()
        cls.peer.destroy_node()
        cls.context.try_shutdown()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        end_s = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < end_s, f"not in time: {what}"
            time.sleep(0.05)

    def call(self, service: Any, name: str, request: Any) -> Any:
        client = self.peer.create_client(service, name)
        assert client.wait_for_service(TIMEOUT_S), name
        future = client.call_async(request)
        self.until(future.done, name)
        return future.result()

    def state(self, node: str) -> int:
        return int(self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.id)

    def change(self, node: str, transition: int) -> None:
        request = ChangeState.Request(transition=Transition(id=transition))
        assert self.call(ChangeState, f"{node}/change_state", request).success

    def answer(
        self, camera: str, namespace: str, asked: tuple[str, str, Any], stamp: Callable[[], Any]
    ) -> Segmentation:
        """Show a picture until it is answered; the answer must lie in the box."""
        name, text, (left, top, width, height) = asked
        pixels = cv2.imread(str(PICTURES / name))[::2, ::2].copy()
        image = Image(
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding="bgr8",
            step=pixels.shape[1] * 3,
            data=byte_sequence(Image, pixels),
        )
        image.header.frame_id = f"{namespace}_camera"
        answers: list[Segmentation] = []
        self.peer.create_subscription(
            Segmentation, f"/{namespace}/objects", answers.append, qos_profile_sensor_data
        )
        images = self.peer.create_publisher(Image, camera, qos_profile_sensor_data)
        queries = self.peer.create_publisher(String, f"/{namespace}/query", 1)
        self.until(lambda: queries.get_subscription_count() == 1, "the node hears queries")
        queries.publish(String(data=text))
        self.until(lambda: images.get_subscription_count() == 1, "the node hears images")
        stamps = []

        def answered() -> bool:
            image.header.stamp = stamp()
            stamps.append((image.header.stamp.sec, image.header.stamp.nanosec))
            images.publish(image)
            time.sleep(0.2)
            return bool(answers)

        self.until(answered, f"an answer on /{namespace}/objects")
        found = answers[0]
        assert found.query == text
        assert found.status == Segmentation.FOUND
        assert found.header.frame_id == f"{namespace}_camera"
        assert (found.header.stamp.sec, found.header.stamp.nanosec) in stamps
        thing = found.objects[0]
        u, v = 2 * thing.centroid_u, 2 * thing.centroid_v
        assert left <= u < left + width
        assert top <= v < top + height
        assert {a.query for a in answers} == {text}
        return found

    def test_a_node_without_arguments_is_active_and_finds_the_mug(self) -> None:
        self.until(
            lambda: self.state("/textseg/segmenter") == State.PRIMARY_STATE_ACTIVE, "active"
        )

        def now() -> Any:
            return self.peer.get_clock().now().to_msg()

        self.answer("/camera/image_raw", "textseg", MUG, now)
        assert self.peer.count_subscribers("/textseg/image") == 0

    def test_a_node_with_arguments_waits_for_its_transitions_and_lives_in_simulated_time(
        self,
    ) -> None:
        assert self.state("/arm/eye") == State.PRIMARY_STATE_UNCONFIGURED
        self.change("/arm/eye", Transition.TRANSITION_CONFIGURE)
        assert self.state("/arm/eye") == State.PRIMARY_STATE_INACTIVE
        self.change("/arm/eye", Transition.TRANSITION_ACTIVATE)
        assert self.state("/arm/eye") == State.PRIMARY_STATE_ACTIVE
        clock = self.peer.create_publisher(Clock, "/clock", 10)
        self.until(lambda: clock.get_subscription_count() >= 1, "the node hears the clock")
        ticks = 0

        def tick() -> Any:
            nonlocal ticks
            ticks += 1
            message = Clock()
            message.clock.sec, message.clock.nanosec = SIMULATED_S, ticks * 1_000_000
            clock.publish(message)
            return message.clock

        found = self.answer("/wrist/image_raw", "arm", DRILL, tick)

        # By the wall clock the picture would be decades old.
        assert not found.stale


@launch_testing.post_shutdown_test()
class TestAfterwards(unittest.TestCase):
    def test_both_nodes_end_with_status_0(self, proc_info: Any) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)
        assert len(list(proc_info)) == 2

    def test_nothing_went_wrong_in_words(self, proc_output: Any) -> None:
        told = b"".join(piece.text for piece in proc_output).decode()
        assert "Traceback" not in told
        assert "[ERROR]" not in told

    def test_each_node_logs_from_its_level_on(self, proc_output: Any) -> None:
        told = b"".join(piece.text for piece in proc_output).decode()
        assert "[textseg.segmenter]: activated: the node is active" in told
        assert "[arm.eye]" not in told
