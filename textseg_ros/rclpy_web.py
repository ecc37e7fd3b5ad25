"""The page's node in the graph over rclpy, where ROS 2 is installed."""

from functools import partial
from typing import Any

from textseg_ros.messages import InstalledMessages, make_header
from textseg_ros.rclpy_parameters import kept_last
from textseg_ros.rclpy_thread import NodeThread
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


class RclpyLink:
    """The `Link` that a node of rclpy offers, in a context of its own.

    One thread serves it. Subscriptions begin and end in that thread.

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
        self._wanted: frozenset[str] = frozenset()
        self._received: dict[str, Any] = {}
        own: NodeThread | None = None
        try:
            own = NodeThread(NODE_NAME_OF_PAGE, self._tell, place.domain_id)
            self._own, self._node = own, own.node
            self._outputs = {
                key: self._node.create_publisher(
                    self._types.get(topic.type_name),
                    place.topic(key),
                    kept_last(topic.depth, reliable=topic.reliable),
                )
                for key, topic in ((key, topic_of(key)) for key in INPUTS)
            }
            self._apply()
            self._changed = self._node.create_guard_condition(self._apply)
        except BaseException as error:
            if own is not None:
                own.close()
            if isinstance(error, Exception) and not isinstance(error, RuntimeError):
                raise ValueError(str(error)) from error  # rclpy's own kinds, for names
            raise
        own.start()

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
        self._own.close()

    def _apply(self) -> None:
        """Begin and end subscriptions as wanted, in the thread that serves the node."""
        wanted = self._wanted | set(ALWAYS)
        for key in self._received.keys() - wanted:
            self._node.destroy_subscription(self._received.pop(key))
        for key in wanted - self._received.keys():
            topic = topic_of(key)
            self._received[key] = self._node.create_subscription(
                self._types.get(topic.type_name),
                self._place.topic(key),
                _taking(partial(self._on_message, key)),
                kept_last(1, reliable=topic.reliable),  # the page shows the newest
            )

    def _tell(self, error: Exception) -> None:
        self._on_fault(f"nothing is received any more: {type(error).__name__}: {error}")


def _taking(take: Any) -> Any:
    """Return what passes a message on; rclpy looks at its arguments, which partial hides."""

    def callback(message: Any) -> None:
        take(message)

    return callback
