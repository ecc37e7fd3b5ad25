"""What is seen of the node's inputs by one who listens to them for a while."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textseg_ros.doctor.finding import Surroundings
from textseg_ros.naming import other_names, topic_names
from textseg_ros.topics import CLOCK_TOPIC, Topic, topics_of

if TYPE_CHECKING:
    from textseg_ros.settings import NodeSettings

FORMS = ("image", "compressed")
POLL_S = 0.05
SETTLE_S = 0.3
"""How long to go on once something has come: what else is wrong shows soon after."""


class NoTransport(Exception):  # noqa: N818 - an answer, not an error of the program
    """Neither Cyclone DDS nor rclpy is installed; the text says why."""


@dataclass(slots=True)
class Heard:
    """What came on one topic.

    Attributes:
        messages: How many.
        last: The last one.
        came_s: When it came, seconds since 1970.
        errors: Why others could not be read.
    """

    messages: int = 0
    last: Any = None
    came_s: float = 0.0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of the inputs.

    Attributes:
        names: Absolute topic name by key.
        topics: The inputs by key.
        heard: What came, by key.
        counts: Publishers of the inputs and of /clock, by name.
        misfits: Name -> the policy or type that keeps a publisher away.
        nodes: Full names of the other nodes.
        clock: Absolute name of /clock.
    """

    names: Mapping[str, str]
    topics: Mapping[str, Topic]
    heard: Mapping[str, Heard]
    counts: Mapping[str, int]
    misfits: Mapping[str, str]
    nodes: Sequence[str]
    clock: str


class Ear:
    """Keeps what comes on the inputs; for any thread.

    Attributes:
        names: Absolute topic name by key.
        topics: The inputs by key.
        heard: What came, by key.
        clock: Absolute name of /clock.

    Args:
        given: Where the node is to run.
        settings: Of the node.

    Raises:
        ValueError: If a remap is wrong.
    """

    def __init__(self, given: Surroundings, settings: "NodeSettings") -> None:
        self.names = topic_names(
            given.namespace, given.camera, settings.cameras, given.remaps, given.depth
        )
        self.topics = {t.key: t for t in topics_of(settings.cameras) if t.direction == "in"}
        self.heard = {key: Heard() for key in self.topics}
        others = other_names(given.namespace, given.remaps, settings.cameras)
        self.clock = others[CLOCK_TOPIC]
        self._settings = settings
        self._now_s: Callable[[], float] = given.now_s
        self._lock = threading.Lock()

    def reliable(self, key: str) -> bool:
        """Return whether the node asks for reliable publishers of an input.

        What is best available fits every publisher, as best effort does.
        """
        topic = self.topics[key]
        if topic.qos_parameter:
            return bool(getattr(self._settings, topic.qos_parameter) == "reliable")
        return topic.reliable

    def take(self, key: str, message: Any) -> None:
        """Keep a message."""
        with self._lock:
            heard = self.heard[key]
            heard.messages += 1
            heard.last, heard.came_s = message, self._now_s()

    def refuse(self, key: str, _: str, error: Exception) -> None:
        """Keep why a message on a topic, named after its key, could not be read."""
        with self._lock:
            self.heard[key].errors.append(str(error))

    def has_images(self) -> bool:
        """Return whether an image has come."""
        return any(
            heard.messages for key, heard in self.heard.items() if key.rpartition("/")[2] in FORMS
        )
