"""Warnings about the graph around the node: peers in its way, a camera that is silent."""

from collections.abc import Mapping, Sequence

from textseg_ros.report import Report
from textseg_ros.topics import camera_key, topics_of

_SHARED_OUTPUTS = ("diagnostics",)
"""Topics that every node publishes on."""


_MANY_MAY = ("standing_query", "click")
"""Inputs that several nodes may well publish on."""


class GraphWatch:
    """Tells of what the node sees around it.

    Args:
        report: Where it is told.
        node_name: Full name of the node.
        topic_names: Topic key -> name after remapping.
        cameras: Names of the cameras.
    """

    def __init__(
        self,
        report: Report,
        node_name: str,
        topic_names: Mapping[str, str],
        cameras: Sequence[str],
    ) -> None:
        self._report = report
        self._node_name = node_name
        self._topics = topic_names
        topics = topics_of(cameras)
        self._inputs = [topic.key for topic in topics if topic.direction == "in"]
        self._outputs = [
            topic.key
            for topic in topics
            if topic.direction == "out" and topic.key not in _SHARED_OUTPUTS
        ]

    def topics_of_camera(self, camera: str) -> str:
        """Return the topics that a camera's images come on, for messages."""
        names = [self._topics[camera_key(camera, key)] for key in ("image", "compressed")]
        return " or ".join(names)

    def on_silence(self, camera: str, silent_s: float) -> None:
        """Warn that no image of a camera has come for too long."""
        self._report.tell(
            f"no camera {camera}".strip(),
            "warning",
            f"no image on {self.topics_of_camera(camera)} for {silent_s:.0f} s; check that the "
            "camera runs, its topic and the launch argument camera",
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
        for key in self._inputs:
            if key.rpartition("/")[2] not in _MANY_MAY and publishers.get(key, 0) > 1:
                mixed = "the newest query counts" if key == "query" else "their frames mix"
                self._report.tell(
                    f"several publishers on {key}",
                    "warning",
                    f"{publishers[key]} publishers on {self._topics[key]}, {mixed}; "
                    f"`ros2 topic info -v {self._topics[key]}` names them",
                )
        shared = [self._topics[key] for key in self._outputs if publishers.get(key, 0) > 1]
        if shared:
            self._report.tell(
                "several publishers on outputs",
                "warning",
                f"another node publishes on {', '.join(shared)} too, and readers cannot tell the "
                "results apart; stop it, or start it with another namespace; "
                f"`ros2 topic info -v {shared[0]}` names it",
            )
