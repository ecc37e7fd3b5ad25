"""The node's topics: one table that both transports read."""

from dataclasses import dataclass
from typing import Literal

NODE_NAME = "segmenter"
NAMESPACE = "/textseg"


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the node.

    Attributes:
        key: Name that the code uses.
        name: Relative to the node's namespace.
        type_name: ROS type, `package/msg/Type`.
        direction: Seen from the node.
        reliable: Reliability; volatile and keep-last always.
        depth: History depth.
    """

    key: str
    name: str
    type_name: str
    direction: Literal["in", "out"]
    reliable: bool = True
    depth: int = 1


TOPICS: tuple[Topic, ...] = (
    Topic("image", "image", "sensor_msgs/msg/Image", "in", reliable=False),
    Topic(
        "compressed", "image/compressed", "sensor_msgs/msg/CompressedImage", "in", reliable=False
    ),
    Topic("query", "query", "std_msgs/msg/String", "in", depth=10),
    Topic("mask", "mask", "sensor_msgs/msg/Image", "out"),
    Topic("response", "response", "sensor_msgs/msg/Image", "out"),
    Topic("overlay", "overlay", "sensor_msgs/msg/Image", "out"),
    Topic("detections", "detections", "vision_msgs/msg/Detection2DArray", "out"),
    Topic("centroid", "centroid", "geometry_msgs/msg/PointStamped", "out"),
    Topic("objects", "objects", "textseg_ros/msg/Segmentation", "out"),
    Topic("diagnostics", "/diagnostics", "diagnostic_msgs/msg/DiagnosticArray", "out", depth=10),
)

BY_KEY: dict[str, Topic] = {topic.key: topic for topic in TOPICS}


def resolve(name: str, namespace: str = NAMESPACE) -> str:
    """Return the absolute topic name: `mask` -> `/textseg/mask`, `/a` -> `/a`."""
    return name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"
