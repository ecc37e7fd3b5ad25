"""The node's topics: one table that both transports read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

NODE_NAME = "segmenter"
NAMESPACE = "/textseg"
CLOCK_TOPIC = "/clock"
"""Where simulated time comes from."""
_ALLOWED = re.compile(r"(/[A-Za-z_][A-Za-z0-9_]*)+")
_MOST_CHARACTERS = 247
# With a short history, an image of many datagrams is replaced while it is on its way, and a reader
# of Fast DDS then takes an empty message without end: when Cyclone takes a half-received one back
# (GAP), Fast DDS 2.14 leaves it among those to be read, by the source of
# StatefulReader::processGapMsg.
IMAGES_KEPT = 10


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the node.

    Attributes:
        key: Name that the code uses.
        name: Relative to the node's namespace.
        type_name: ROS type, `package/msg/Type`.
        direction: Seen from the node.
        reliable: Reliability; keep-last always.
        depth: History depth.
        shared: Whether all cameras share it; else each has its own, see `topics_of`.
        qos_parameter: Parameter that says how an input is received; "" if none does.
        latched: Whether late subscriptions that ask for it (transient local) get the last
            message; else volatile.
    """

    key: str
    name: str
    type_name: str
    direction: Literal["in", "out"]
    reliable: bool = True
    depth: int = 1
    shared: bool = False
    qos_parameter: str = ""
    latched: bool = False


TOPICS: tuple[Topic, ...] = (
    Topic(
        "image",
        "image",
        "sensor_msgs/msg/Image",
        "in",
        reliable=False,
        qos_parameter="image_qos",
    ),
    Topic(
        "compressed",
        "image/compressed",
        "sensor_msgs/msg/CompressedImage",
        "in",
        reliable=False,
        qos_parameter="image_qos",
    ),
    Topic(
        "query",
        "query",
        "std_msgs/msg/String",
        "in",
        depth=10,
        shared=True,
        qos_parameter="query_qos",
    ),
    Topic(
        "standing_query",
        "standing_query",
        "textseg_ros/msg/StandingQuery",
        "in",
        depth=10,
        shared=True,
        qos_parameter="query_qos",
    ),
    Topic(
        "depth",
        "depth",
        "sensor_msgs/msg/Image",
        "in",
        reliable=False,
        depth=5,
        qos_parameter="depth_qos",
    ),
    Topic(
        "camera_info",
        "camera_info",
        "sensor_msgs/msg/CameraInfo",
        "in",
        reliable=False,
        qos_parameter="info_qos",
    ),
    Topic(
        "depth_info",
        "depth/camera_info",
        "sensor_msgs/msg/CameraInfo",
        "in",
        reliable=False,
        qos_parameter="info_qos",
    ),
    Topic(
        "click",
        "click",
        "geometry_msgs/msg/PointStamped",
        "in",
        depth=10,
        qos_parameter="click_qos",
    ),
    Topic("mask", "mask", "sensor_msgs/msg/Image", "out", depth=IMAGES_KEPT),
    Topic(
        "mask_compressed",
        "mask/compressed",
        "sensor_msgs/msg/CompressedImage",
        "out",
        depth=IMAGES_KEPT,
    ),
    Topic("labels", "labels", "sensor_msgs/msg/Image", "out", depth=IMAGES_KEPT),
    Topic("label_info", "label_info", "vision_msgs/msg/LabelInfo", "out", latched=True),
    Topic("response", "response", "sensor_msgs/msg/Image", "out", depth=IMAGES_KEPT),
    Topic("overlay", "overlay", "sensor_msgs/msg/Image", "out", depth=IMAGES_KEPT),
    Topic(
        "overlay_compressed",
        "overlay/compressed",
        "sensor_msgs/msg/CompressedImage",
        "out",
        depth=IMAGES_KEPT,
    ),
    Topic("detections", "detections", "vision_msgs/msg/Detection2DArray", "out"),
    Topic("centroid", "centroid", "geometry_msgs/msg/PointStamped", "out"),
    Topic("objects", "objects", "textseg_ros/msg/Segmentation", "out"),
    Topic("objects_3d", "objects_3d", "textseg_ros/msg/LocalisedObjects", "out"),
    Topic("target_pose", "target_pose", "geometry_msgs/msg/PoseStamped", "out"),
    Topic("destination_pose", "destination_pose", "geometry_msgs/msg/PoseStamped", "out"),
    Topic("detections_3d", "detections_3d", "vision_msgs/msg/Detection3DArray", "out"),
    Topic("cloud", "cloud", "sensor_msgs/msg/PointCloud2", "out", depth=IMAGES_KEPT),
    Topic("markers", "markers", "visualization_msgs/msg/MarkerArray", "out"),
    Topic("latency", "latency", "textseg_ros/msg/LatencyStamped", "out"),
    Topic(
        "diagnostics",
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        "out",
        depth=10,
        shared=True,
    ),
)

"""The topics of a node with one camera that has no name."""

BY_KEY: dict[str, Topic] = {topic.key: topic for topic in TOPICS}


def resolve(name: str, namespace: str = NAMESPACE) -> str:
    """Return the absolute topic name: `mask` -> `/textseg/mask`, `/a` -> `/a`."""
    return name if name.startswith("/") else f"{namespace.rstrip('/')}/{name}"


def info_topic(image: str) -> str:
    """Return where the CameraInfo of an image topic comes by ROS's habit: in the same folder.

    `/camera/image_raw` -> `/camera/camera_info`; `image_raw` -> `camera_info`, which is relative
    too.
    """
    folder, slash, _ = image.rpartition("/")
    return f"{folder}{slash}camera_info"


def logger_name(node_name: str) -> str:
    """Return the name of a node's logger: "/textseg/segmenter" -> "textseg.segmenter"."""
    return node_name.strip("/").replace("/", ".")


def check_topic(topic: str) -> None:
    """Refuse a name that no topic can have.

    Raises:
        ValueError: If `topic` is not absolute, or no name that ROS 2 allows.

    Source:
        ROS 2 Jazzy: rmw/src/validate_full_topic_name.c.
    """
    if len(topic) > _MOST_CHARACTERS or not _ALLOWED.fullmatch(topic):
        raise ValueError(
            "topic must be absolute, such as /camera/image_raw: names of letters, digits and _, "
            "none beginning with a digit, each after one /, at most "
            f"{_MOST_CHARACTERS} characters; ~ and {{}} are not expanded; got {topic!r}"
        )


def camera_key(camera: str, key: str) -> str:
    """Return the key of a camera's own topic: ("left", "mask") -> "left/mask"."""
    return f"{camera}/{key}" if camera else key


def topic_of(key: str) -> Topic:
    """Return the entry of the table that a topic is made from: "left/mask" -> that of "mask"."""
    return BY_KEY[key.rpartition("/")[2]]


def topics_of(cameras: Sequence[str]) -> tuple[Topic, ...]:
    """Return the topics of a node with these cameras.

    A camera named "left" has topics `left/image`, `left/mask` and so on, with keys alike; one
    without a name has them without prefix.
    """
    shared = [topic for topic in TOPICS if topic.shared]
    own = [topic for topic in TOPICS if not topic.shared]
    return (
        *(
            replace(topic, key=camera_key(camera, topic.key), name=camera_key(camera, topic.name))
            for camera in cameras
            for topic in own
        ),
        *shared,
    )


def topic_table() -> str:
    """Return the table "All topics" of docs/topics.md, in Markdown."""
    lines = ["| Topic | Type | | QoS | Of |", "|---|---|---|---|---|"]
    for topic in TOPICS:
        reliability = "reliable" if topic.reliable else "best effort"
        durability = "transient local" if topic.latched else "volatile"
        chosen = f"`{topic.qos_parameter}`" if topic.qos_parameter else reliability
        cells = (
            f"`{topic.name}`",
            f"`{topic.type_name}`",
            topic.direction,
            f"{chosen}, {durability}, keep-last {topic.depth}",
            "the node" if topic.shared else "each camera",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(topic_table(), end="")
