"""A node of rclpy that tries another one, and where that one is installed."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from ament_index_python.packages import PackageNotFoundError, get_package_prefix
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.utilities import get_rmw_implementation_identifier

from textseg_ros.messages import InstalledMessages, MessageTypes
from textseg_ros.rclpy_parameters import kept_last
from textseg_ros.rclpy_thread import NodeThread

PACKAGE, EXECUTABLE = "textseg_ros", "segmenter"


def installed_node() -> Path:
    """Return the file that `ros2 run textseg_ros segmenter` starts.

    Raises:
        RuntimeError: If it is not installed, or cannot be executed.
    """
    try:
        path = Path(get_package_prefix(PACKAGE)) / "lib" / PACKAGE / EXECUTABLE
    except PackageNotFoundError as error:
        raise RuntimeError(
            f"package {PACKAGE} is not installed here: colcon build it, then source "
            "install/setup.bash of the workspace"
        ) from error
    if not path.is_file():
        raise RuntimeError(f"{path} is missing; colcon build {PACKAGE} again")
    if not os.access(path, os.X_OK):
        raise RuntimeError(f"{path} cannot be executed; colcon build {PACKAGE} again")
    return path


def ros_version() -> str:
    """Return which ROS 2 this is, and the RMW that carries its messages."""
    distro = os.environ.get("ROS_DISTRO", "of an unknown distribution")
    return f"rclpy, ROS 2 {distro}, {get_rmw_implementation_identifier()}"


class RclpySender:
    """A publisher.

    Args:
        publisher: That of rclpy.
    """

    def __init__(self, publisher: Any) -> None:
        self._publisher = publisher

    @property
    def matched(self) -> int:
        """Number of subscriptions that receive from it."""
        return int(self._publisher.get_subscription_count())

    def publish(self, message: Any) -> None:
        """Publish a message; for any thread."""
        self._publisher.publish(message)


class RclpyReceiver:
    """A subscription.

    Args:
        node: Its node.
        subscription: That of rclpy.
    """

    def __init__(self, node: Node, subscription: Any) -> None:
        self._node = node
        self._subscription = subscription

    @property
    def matched(self) -> int:
        """Number of publishers that it receives from.

        Before Iron, rclpy does not know it: then that of those which the graph has of its topic,
        whether they fit or not.
        """
        if hasattr(self._subscription, "get_publisher_count"):
            return int(self._subscription.get_publisher_count())
        return int(self._node.count_publishers(self._subscription.topic_name))


class RclpyPeer:
    """A node of its own in the graph, served by one thread until it is left.

    Attributes:
        types: Classes of the ROS 2 installation.

    Args:
        name: Of the node.
        environment: Variables that say where the graph is, beside those of this process.

    Raises:
        Exception: One of rclpy's, if the graph cannot be joined.
    """

    def __init__(self, name: str, environment: Mapping[str, str]) -> None:
        self.types: MessageTypes = InstalledMessages()
        self._faults: list[Exception] = []
        with _variables(environment):
            self._own = NodeThread(name, self._faults.append)
        self._own.start()

    @property
    def node(self) -> Node:
        """The node itself."""
        return self._own.node

    @property
    def domain_id(self) -> int:
        """DDS domain."""
        return self._own.domain_id

    def publisher(
        self, topic: str, type_name: str, *, reliable: bool = True, depth: int = 10
    ) -> RclpySender:
        """Add a publisher; arguments as of `Participant.publisher`."""
        message = self.types.get(type_name)
        qos = kept_last(depth, reliable=reliable)
        return RclpySender(self._own.node.create_publisher(message, topic, qos))

    def subscription(
        self,
        topic: str,
        type_name: str,
        callback: Callable[[Any], None],
        *,
        reliable: bool = True,
        depth: int = 10,
    ) -> RclpyReceiver:
        """Add a subscription; arguments as of `Participant.subscription`."""

        def take(message: Any) -> None:  # rclpy looks at its arguments
            callback(message)

        subscription = self._own.node.create_subscription(
            self.types.get(type_name), topic, take, kept_last(depth, reliable=reliable)
        )
        return RclpyReceiver(self._own.node, subscription)

    def close(self) -> None:
        """Leave the graph.

        Raises:
            RuntimeError: If its thread ended before its time.
        """
        self._own.close()
        if self._faults:
            fault = self._faults[0]
            raise RuntimeError(f"nothing was heard any more: {fault}") from fault

    def __enter__(self) -> "RclpyPeer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class RclpyCaller:
    """Uses services and actions; a client once made lasts until its peer leaves.

    Args:
        peer: The node that calls.
    """

    def __init__(self, peer: RclpyPeer) -> None:
        self._types, self._node = peer.types, peer.node
        self._services: dict[str, Any] = {}
        self._actions: dict[str, ActionClient] = {}

    def call(self, name: str, type_name: str, request: Any, timeout_s: float = 10.0) -> Any:
        """Return a service's response; see `Caller`."""
        if name not in self._services:
            self._services[name] = self._node.create_client(self._types.get(type_name), name)
        client = self._services[name]
        if not client.wait_for_service(timeout_s):
            raise RuntimeError(f"there is no service {name} in {timeout_s:g} s")
        return _result_of(client.call_async(request), f"service {name}", timeout_s)

    def pursue(
        self, name: str, type_name: str, goal: Any, timeout_s: float = 10.0
    ) -> tuple[int, Any]:
        """Return how a goal ended; see `Caller`."""
        if name not in self._actions:
            action = self._types.get(type_name)
            self._actions[name] = ActionClient(self._node, action, name)
        client = self._actions[name]
        if not client.wait_for_server(timeout_s):
            raise RuntimeError(f"there is no action {name} in {timeout_s:g} s")
        handle = _result_of(client.send_goal_async(goal), f"action {name}", timeout_s)
        if not handle.accepted:
            raise RuntimeError(f"action {name} refused a goal")
        ended = _result_of(handle.get_result_async(), f"action {name}", timeout_s)
        return int(ended.status), ended.result


def _result_of(future: Any, what: str, timeout_s: float) -> Any:
    """Wait for a future in another thread than the one that serves its node."""
    done = threading.Event()
    future.add_done_callback(lambda _: done.set())
    if not done.wait(timeout_s):
        raise RuntimeError(f"no reply from {what} in {timeout_s:g} s")
    return future.result()


@contextmanager
def _variables(environment: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process, which rcl and the RMW read when a node joins."""
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
