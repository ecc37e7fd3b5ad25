"""Bags of a camera: written, played into a graph of rclpy, and recorded from it.

`ros2 bag` does the same in C++; these do it where it is not installed, with rosbags for the files.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rclpy.qos import qos_profile_sensor_data
from rclpy.serialization import deserialize_message, serialize_message
from ros_graph import ROOT, red_image
from rosbags.rosbag2 import Reader, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosgraph_msgs.msg import Clock

from textseg_ros.messages import InstalledMessages

CAMERA_TOPIC = "/textseg/image"
FRAMES = 5
PERIOD_NS = 100_000_000
START_NS = 1_000_000_000_000


def stamps() -> list[int]:
    """Return the stamps of the camera's images, nanoseconds."""
    return [START_NS + number * PERIOD_NS for number in range(FRAMES)]


def write_camera_bag(folder: Path) -> None:
    """Write a bag of a camera that sees a red block."""
    store = get_typestore(Stores.ROS2_JAZZY)
    with Writer(folder, version=9) as bag:
        topic = bag.add_connection(CAMERA_TOPIC, "sensor_msgs/msg/Image", typestore=store)
        for stamp_ns in stamps():
            image = red_image()
            image.header.frame_id = "bag_camera"
            image.header.stamp.sec, image.header.stamp.nanosec = divmod(stamp_ns, 10**9)
            bag.write(topic, stamp_ns, serialize_message(image))


def play(peer: Any, folder: Path) -> None:
    """Publish what is in a bag, and its time on /clock, at the pace of the bag."""
    clock = peer.create_publisher(Clock, "/clock", 10)
    with Reader(folder) as bag:
        publishers = {
            topic.id: peer.create_publisher(
                InstalledMessages().get(topic.msgtype), topic.topic, qos_profile_sensor_data
            )
            for topic in bag.connections
        }
        end_s = time.monotonic() + 60.0
        while not all(one.get_subscription_count() for one in publishers.values()):
            assert time.monotonic() < end_s, "nobody hears the bag's topics"
            time.sleep(0.01)
        for topic, stamp_ns, data in bag.messages():
            now = Clock()
            now.clock.sec, now.clock.nanosec = divmod(stamp_ns, 10**9)
            clock.publish(now)
            time.sleep(PERIOD_NS / 2e9)
            publishers[topic.id].publish(bytes(data))
            time.sleep(PERIOD_NS / 2e9)


class Recorder:
    """Keeps the bytes of topics as they come, and writes them into a bag."""

    def __init__(self, peer: Any, topics: Sequence[tuple[str, str]]) -> None:
        self.messages: list[tuple[str, int, bytes]] = []
        self._topics = topics
        for name, type_name in topics:

            def keep(data: bytes, name: str = name) -> None:
                self.messages.append((name, time.time_ns(), data))

            peer.create_subscription(
                InstalledMessages().get(type_name), name, keep, qos_profile_sensor_data, raw=True
            )

    def count(self, topic: str) -> int:
        """Return how many messages of a topic have come."""
        return sum(name == topic for name, _, _ in self.messages)

    def write(self, folder: Path) -> None:
        """Write what has come."""
        store = get_typestore(Stores.ROS2_JAZZY)
        ours: Any = {}
        for path in (ROOT / "msg").glob("*.msg"):
            text = path.read_text(encoding="utf-8")
            ours.update(get_types_from_msg(text, f"textseg_ros/msg/{path.stem}"))
        store.register(ours)
        with Writer(folder, version=9) as bag:
            connections = {
                name: bag.add_connection(name, type_name, typestore=store)
                for name, type_name in self._topics
            }
            for name, time_ns, data in self.messages:
                bag.write(connections[name], time_ns, data)


def read(folder: Path, topic: str) -> list[Any]:
    """Return the messages of a topic in a bag."""
    with Reader(folder) as bag:
        connections = [one for one in bag.connections if one.topic == topic]
        return [
            deserialize_message(bytes(data), InstalledMessages().get(one.msgtype))
            for one, _, data in bag.messages(connections)
        ]
