"""The Transport that a node of rclpy offers: publishers, subscriptions, time and log."""

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rclpy.node import Node

from textseg_ros.messages import MessageTypes
from textseg_ros.rclpy_parameters import topic_qos
from textseg_ros.report import Level
from textseg_ros.settings import NodeSettings
from textseg_ros.topics import camera_key, topics_of

OfCamera = Callable[[Any, str], None]
"""Takes a message and the name of its camera."""


class RclpyTransport:
    """Carries the messages of a node; subscriptions end in the executor's thread alone.

    Attributes:
        messages: Classes of the ROS 2 installation.
        topic_names: Topic key -> absolute name.
        on_images: Takes images, by topic key.
        on_depth: Takes depth images and camera descriptions, by topic key.

    Args:
        node: What publishes and subscribes.
        messages: As the attribute.
        settings: The node's settings.
    """

    def __init__(self, node: Node, messages: MessageTypes, settings: NodeSettings) -> None:
        self._node = node
        self.messages = messages
        self._settings = settings
        self._topics = {topic.key: topic for topic in topics_of(settings.cameras)}
        self.topic_names = {
            key: node.resolve_topic_name(topic.name) for key, topic in self._topics.items()
        }
        self._outputs = {
            key: node.create_publisher(
                messages.get(topic.type_name), topic.name, topic_qos(topic, settings)
            )
            for key, topic in self._topics.items()
            if topic.direction == "out"
        }
        self.on_images: Mapping[str, OfCamera] = {}
        self.on_depth: Mapping[str, OfCamera] = {}
        self._watched: dict[str, Any] = {}
        self._later: deque[Callable[[], object]] = deque()

    def publish(self, key: str, message: object) -> None:
        """Publish on the topic of this key."""
        self._outputs[key].publish(message)

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        return int(self._outputs[key].get_subscription_count())

    def watch(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's images, or end that."""
        self._watch(camera, self.on_images, on)

    def watch_depth(self, camera: str, on: bool) -> None:
        """Subscribe to a camera's depth images and camera descriptions, or end that."""
        self._watch(camera, self.on_depth, on)

    def now_ns(self) -> int:
        """Return the ROS time, nanoseconds."""
        return int(self._node.get_clock().now().nanoseconds)

    def log(self, level: Level, text: str) -> None:
        """Tell the operator."""
        # One call each: rclpy binds a severity to the place of the call.
        logger = self._node.get_logger()
        if level == "error":
            logger.error(text)
        elif level == "warning":
            logger.warning(text)
        else:
            logger.info(text)

    def subscribe(self, key: str, callback: Callable[[Any], None]) -> Any:
        """Return a subscription to the topic of this key."""
        topic = self._topics[key]
        return self._node.create_subscription(
            self.messages.get(topic.type_name),
            topic.name,
            callback,
            topic_qos(topic, self._settings),
        )

    def end(self, subscription: Any) -> None:
        """Let a subscription end when `end_subscriptions` is called next."""
        self.later(partial(self._node.destroy_subscription, subscription))

    def later(self, task: Callable[[], object]) -> None:
        """Let what ends subscriptions by itself do so when `end_subscriptions` is called next."""
        self._later.append(task)

    def end_subscriptions(self) -> None:
        """End the subscriptions that are not wanted any more, in the executor's thread.

        One that another thread destroys while the executor gathers what to wait for ends the
        executor.
        """
        while self._later:
            self._later.popleft()()

    def _watch(self, camera: str, callbacks: Mapping[str, OfCamera], on: bool) -> None:
        for key, take in callbacks.items():
            own = camera_key(camera, key)
            if on:
                self._watched[own] = self.subscribe(own, of_camera(take, camera))
            elif own in self._watched:
                self.end(self._watched.pop(own))


def of_camera(take: OfCamera, camera: str) -> Callable[[Any], None]:
    """Return what passes messages on with the name of their camera."""

    def callback(message: Any) -> None:  # rclpy looks at its arguments, which partial hides
        take(message, camera)

    return callback
