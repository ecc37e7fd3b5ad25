"""What the page needs of whatever carries a node's messages, rclpy or plain DDS."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from textseg_ros.naming import topic_names
from textseg_ros.topics import NAMESPACE, NODE_NAME, camera_key, check_topic, topic_of

OnMessage = Callable[[str, Any], None]
"""Takes a message and the key of its topic, without the camera's name."""
OnFault = Callable[[str], None]
"""Takes one line about what went wrong on the way."""

INPUTS = ("query", "click")
"""Topics that the page publishes."""
ALWAYS = ("diagnostics",)
"""Topics that the page receives even while nobody looks."""
NODE_NAME_OF_PAGE = "textseg_web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the node is in the graph.

    Attributes:
        namespace: Of the node, absolute.
        node_name: Of the node.
        camera: Topic of the images; "" for the node's own name of it.
        camera_name: Which of several cameras, "" for the one without a name.
        domain_id: DDS domain; None for that of the environment.
        distro: Distribution of ROS 2 that the node runs.

    Raises:
        ValueError: If the names make a topic that no node can have.
    """

    namespace: str = NAMESPACE
    node_name: str = NODE_NAME
    camera: str = ""
    camera_name: str = ""
    domain_id: int | None = None
    distro: str = "jazzy"

    def __post_init__(self) -> None:
        for topic in self._names().values():
            check_topic(topic)

    @property
    def full_name(self) -> str:
        """Name of the node with its namespace."""
        return f"{self.namespace.rstrip('/')}/{self.node_name}"

    def topic(self, key: str) -> str:
        """Return the absolute name of a topic of the node, by its key."""
        return self._names()[key if topic_of(key).shared else camera_key(self.camera_name, key)]

    def _names(self) -> dict[str, str]:
        return topic_names(self.namespace, self.camera or None, (self.camera_name,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen of the graph.

    Attributes:
        nodes: Full names of the other nodes.
        publishers: How many publishers a topic has, by its key.
    """

    nodes: Sequence[str] = ()
    publishers: Mapping[str, int] = field(default_factory=dict)


class Link(Protocol):
    """A node of the page's own in the graph."""

    def ask(self, text: str) -> None:
        """Publish a query."""
        ...

    def click(self, u: float, v: float) -> None:
        """Publish a click at pixels."""
        ...

    def receive(self, keys: frozenset[str]) -> None:
        """Receive the topics of these keys besides `ALWAYS`, and no others."""
        ...

    def look(self) -> Sight:
        """Return what is seen of the graph."""
        ...

    def close(self) -> None:
        """Leave the graph."""
        ...


OpenLink = Callable[[Place, OnMessage, OnFault], Link]
"""Joins the graph.

Raises:
    ValueError: If the place or the environment is wrong.
    RuntimeError: If what carries the messages cannot be opened.
"""
