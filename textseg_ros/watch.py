"""Warnings about the graph around the node: peers in its way, a camera that is silent."""

from collections.abc import Mapping, Sequence

from textseg_ros.report import Report
from textseg_ros.topics import TOPICS

_OWN_OUTPUTS = tuple(
    topic.key for topic in TOPICS if topic.direction == "out" and topic.key != "diagnostics"
)
"""Topics that nobody else should publish on; every node publishes diagnostics."""


class GraphWatch:
    """Tells of what the node sees around it.

    Args:
        report: Where it is told.
        node_name: Full name of the node.
        topic_names: Topic key -> name after remapping.
        camera_timeout_s: Time without an image before a warning.
    """

    def __init__(
        self,
        report: Report,
        node_name: str,
        topic_names: Mapping[str, str],
        camera_timeout_s: float,
    ) -> None:
        self._report = report
        self._node_name = node_name
        self._topics = topic_names
        self._camera_timeout_s = camera_timeout_s

    @property
    def cameras(self) -> str:
        """The topics that images come on, for messages."""
        return f"{self._topics['image']} or {self._topics['compressed']}"

    def on_silence(self, silent_s: float) -> None:
        """Warn if no image came for too long."""
        if silent_s >= self._camera_timeout_s:
            self._report.tell(
                "no camera",
                "warning",
                f"no image on {self.cameras} for {silent_s:.0f} s; check that the camera runs, "
                "its topic and the launch argument camera",
            )

    def on_peers(self, nodes: Sequence[str], publishers: Mapping[str, int]) -> None:
        """Warn of a second node of this name and of topics with several publishers.

        Args:
            nodes: Full names of the other nodes.
            publishers: Number of publishers by topic key, this node's included.
        """
        if self._node_name in nodes:
            self._report.tell(
                "second node",
                "warning",
                f"another node is named {self._node_name} and publishes on the same topics; stop "
                "one of the two, or start it with another namespace",
            )
        for key in ("image", "compressed", "query"):
            if publishers.get(key, 0) > 1:
                mixed = "the newest query counts" if key == "query" else "their frames mix"
                self._report.tell(
                    f"several publishers on {key}",
                    "warning",
                    f"{publishers[key]} publishers on {self._topics[key]}, {mixed}; "
                    f"`ros2 topic info -v {self._topics[key]}` names them",
                )
        shared = [self._topics[key] for key in _OWN_OUTPUTS if publishers.get(key, 0) > 1]
        if shared:
            self._report.tell(
                "several publishers on outputs",
                "warning",
                f"another node publishes on {', '.join(shared)} too, and readers cannot tell the "
                "results apart; stop it, or start it with another namespace; "
                f"`ros2 topic info -v {shared[0]}` names it",
            )
