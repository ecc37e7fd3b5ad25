"""The page's node in the graph as a plain DDS participant, for hosts without ROS 2."""

import os
import threading
import time
from functools import partial
from typing import Any, cast

from textseg_ros.dds.endpoint import Subscription
from textseg_ros.dds.participant import Participant
from textseg_ros.messages import make_header
from textseg_ros.rmw_environment import read_environment
from textseg_ros.topics import topic_of
from textseg_ros.typestore import Distro
from textseg_ros.web.link import (
    ALWAYS,
    INPUTS,
    NODE_NAME_OF_PAGE,
    OnFault,
    OnMessage,
    Place,
    Sight,
)


class DdsLink:
    """The `Link` that a DDS participant offers.

    Args:
        place: Where the node is.
        on_message: Takes messages, in the participant's thread.
        on_fault: Takes what goes wrong there.

    Raises:
        ValueError: If the place or an environment variable is wrong.
        RuntimeError: If the domain cannot be opened.
    """

    def __init__(self, place: Place, on_message: OnMessage, on_fault: OnFault) -> None:
        self._place, self._on_message = place, on_message
        settings = read_environment(os.environ, os.getpid(), place.domain_id)
        self._participant = Participant(
            NODE_NAME_OF_PAGE, "/", settings, distro=cast(Distro, place.distro),
            on_error=lambda topic, error: on_fault(f"{topic}: {error}"),
        )  # fmt: skip
        self._lock = threading.Lock()
        self._received: dict[str, Subscription] = {}
        try:
            self._outputs = {
                key: self._participant.publisher(
                    place.topic(key), topic_of(key).type_name, depth=topic_of(key).depth
                )
                for key in INPUTS
            }
            self.receive(frozenset())
        except BaseException:
            self._participant.close()
            raise

    def ask(self, text: str) -> None:
        """Publish a query."""
        types = self._participant.types
        self._outputs["query"].publish(types.get("std_msgs/msg/String")(data=text))

    def click(self, u: float, v: float) -> None:
        """Publish a click at pixels."""
        types = self._participant.types
        point = types.get("geometry_msgs/msg/Point")(x=u, y=v, z=0.0)
        header = make_header(types, time.time_ns())
        self._outputs["click"].publish(
            types.get("geometry_msgs/msg/PointStamped")(header=header, point=point)
        )

    def receive(self, keys: frozenset[str]) -> None:
        """Receive the topics of these keys besides `ALWAYS`, and no others."""
        with self._lock:
            wanted = keys | set(ALWAYS)
            for key in self._received.keys() - wanted:
                self._participant.remove(self._received.pop(key))
            for key in wanted - self._received.keys():
                self._received[key] = self._subscription(key)

    def look(self) -> Sight:
        """Return what is seen of the graph."""
        names = {key: self._place.topic(key) for key in ("image", "compressed")}
        counts = self._participant.publisher_counts(names.values())
        return Sight(
            nodes=self._participant.peers(),
            publishers={key: counts[name] for key, name in names.items()},
        )

    def close(self) -> None:
        """Leave the graph."""
        self._participant.close()

    def _subscription(self, key: str) -> Subscription:
        topic = topic_of(key)
        take: Any = partial(self._on_message, key)
        return self._participant.subscription(
            self._place.topic(key),
            topic.type_name,
            take,
            reliable=topic.reliable,
            depth=1,  # the page shows the newest
        )
