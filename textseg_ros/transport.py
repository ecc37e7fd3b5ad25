"""What the node needs of whatever carries its messages, rclpy or plain DDS."""

from typing import Protocol

from textseg_ros.messages import MessageTypes
from textseg_ros.report import Level


class Outlet(Protocol):
    """The part of a transport that answers leave through."""

    messages: MessageTypes

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key; see `topics.topics_of`."""
        ...

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        ...

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        ...


class Transport(Outlet, Protocol):
    """What carries the node's messages."""

    def watch(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's images, or end that."""
        ...

    def watch_depth(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's depth images and camera descriptions, or end that."""
        ...

    def log(self, level: Level, text: str) -> None:
        """Tell the operator."""
        ...
