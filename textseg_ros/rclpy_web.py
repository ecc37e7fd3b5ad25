"""The page's node in the graph over rclpy, where ROS 2 is installed."""

import threading
from functools import partial
from typing import Any

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from textseg_ros.messages import InstalledMessages, make_header
from textseg_ros.topics import topic_of
from textseg_ros.web.link import (
    ALWAYS,
    INPUTS,
    NODE_NAME_OF_PAGE,
    OnFault,
    OnMessage,
    Place,
    Sight,
)

_END_S = 5.0


class RclpyLink:
    """The `Link` that a node of rclpy offers, in a context of its own.

    One thread serves it. Subscriptions begin and end in that thread: one that another thread
    destroys while the executor gathers what to wait for ends the executor.

    Args:
        place: Where the node is.
        on_message: Takes messages, in the executor's thread.
        on_fault: Takes what goes wrong there.

    Raises:
        RuntimeError: If a message package is missing.
        ValueError: If a name is wrong.
    """

    def __init__(self, place: Place, on_message: OnMessage, on_fault: OnFault) -> None:
        self._place, self._on_message, self._on_fault = place, on_message, on_fault
        self._types = InstalledMessages()
        self._context = rclpy.Context()
        rclpy.init(
            args=[],
            context=self._context,
            domain_id=place.domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self._wanted: frozenset[str] = frozenset()
        self._received: dict[str, Any] = {}
        self._over = Future()
        try:
            self._node = rclpy.create_node(NODE_NAME_OF_PAGE, context=self._context)
            self._outputs = {
                key: self._node.create_publisher(
                    self._types.get(topic_of(key).type_name), place.topic(key), _qos(key)
                )
                for key in INPUTS
            }
            self._apply()
            self._executor = SingleThreadedExecutor(context=self._context)
            self._executor.add_node(self._node)
            self._changed = self._node.create_guard_condition(self._apply)
        except BaseException as error:
            self._context.try_shutdown()
            if isinstance(error, Exception) and not isinstance(error, RuntimeError):
                raise ValueError(str(error)) from error  # rclpy's own kinds, for names
            raise
        self._thread = threading.Thread(target=self._spin, name="web rclpy", daemon=True)
        self._thread.start()

    def ask(self, text: str) -> None:
        """Publish a query."""
        self._outputs["query"].publish(self._types.get("std_msgs/msg/String")(data=text))

    def click(self, u: float, v: float) -> None:
        """Publish a click at pixels."""
        now_ns = int(self._node.get_clock().now().nanoseconds)
        point = self._types.get("geometry_msgs/msg/Point")(x=u, y=v, z=0.0)
        header = make_header(self._types, now_ns)
        self._outputs["click"].publish(
            self._types.get("geometry_msgs/msg/PointStamped")(header=header, point=point)
        )

    def receive(self, keys: frozenset[str]) -> None:
        """Receive the topics of these keys besides `ALWAYS`, and no others."""
        self._wanted = keys
        self._changed.trigger()

    def look(self) -> Sight:
        """Return what is seen of the graph."""
        nodes = [
            f"{namespace.rstrip('/')}/{name}"
            for name, namespace in self._node.get_node_names_and_namespaces()
        ]
        counts = {
            key: self._node.count_publishers(self._place.topic(key))
            for key in ("image", "compressed")
        }
        return Sight(nodes=nodes, publishers=counts)

    def close(self) -> None:
        """Leave the graph."""
        self._over.set_result(None)
        self._changed.trigger()
        self._thread.join(_END_S)
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _apply(self) -> None:
        """Begin and end subscriptions as wanted, in the thread that serves the node."""
        wanted = self._wanted | set(ALWAYS)
        for key in self._received.keys() - wanted:
            self._node.destroy_subscription(self._received.pop(key))
        for key in wanted - self._received.keys():
            self._received[key] = self._node.create_subscription(
                self._types.get(topic_of(key).type_name),
                self._place.topic(key),
                _taking(partial(self._on_message, key)),
                _qos(key),
            )

    def _spin(self) -> None:
        try:
            self._executor.spin_until_future_complete(self._over)
        except ExternalShutdownException:
            pass
        except Exception as error:
            self._on_fault(f"nothing is received any more: {type(error).__name__}: {error}")


def _qos(key: str) -> QoSProfile:
    topic = topic_of(key)
    policy = ReliabilityPolicy.RELIABLE if topic.reliable else ReliabilityPolicy.BEST_EFFORT
    return QoSProfile(depth=topic.depth, reliability=policy)


def _taking(take: Any) -> Any:
    """Return what passes a message on; rclpy looks at its arguments, which partial hides."""

    def callback(message: Any) -> None:
        take(message)

    return callback
