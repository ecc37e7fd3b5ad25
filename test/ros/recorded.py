"""Bags of a camera that sees a red block, with depth, transforms and queries, for the tests."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from recording import NOW_NS, red_block
from rosbags.rosbag2 import Reader, StoragePlugin, Writer

from textseg_core.arrays import AnyArray
from textseg_ros.messages import byte_sequence, make_header
from textseg_ros.typestore import TypeStore

PERIOD_NS = 100_000_000
CAMERA, DEPTH, INFO = (
    "/camera/color/image_raw",
    "/camera/depth/image_raw",
    "/camera/color/camera_info",
)
FRAME = "color_optical"
IMAGE = "sensor_msgs/msg/Image"
STRING = "std_msgs/msg/String"
Edit = Callable[[str, int, bytes], bytes]


class Recording:
    """Messages of one recording, to be written as a bag.

    Args:
        types: Their classes.
    """

    def __init__(self, types: TypeStore) -> None:
        self.types = types
        self.messages: list[tuple[int, str, str, bytes]] = []

    def add(self, topic: str, type_name: str, time_ns: int, message: Any) -> None:
        data = self.types.serialize(message, type_name)
        self.messages.append((time_ns, topic, type_name, data))

    def image(self, pixels: AnyArray, encoding: str, stamp_ns: int) -> Any:
        message_class = self.types.get(IMAGE)
        return message_class(
            header=make_header(self.types, stamp_ns, FRAME),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=pixels.nbytes // pixels.shape[0],
            data=byte_sequence(message_class, pixels),
        )

    def see(self, frames: int, delay_ns: int = 0) -> None:
        """Add colour images, each recorded so long after its stamp."""
        for stamp_ns in stamps(frames):
            image = self.image(red_block(), "rgb8", stamp_ns)
            self.add(CAMERA, IMAGE, stamp_ns + delay_ns, image)

    def see_depth(self, frames: int, delay_ns: int = 0, millimetres: int = 500) -> None:
        """Add depth images of a wall, and the camera's description once."""
        pixels = np.full((96, 192), millimetres, np.uint16)
        for stamp_ns in stamps(frames):
            self.add(DEPTH, IMAGE, stamp_ns + delay_ns, self.image(pixels, "16UC1", stamp_ns))
        info = self.types.default("sensor_msgs/msg/CameraInfo")
        info.header = make_header(self.types, NOW_NS, FRAME)
        info.width, info.height, info.distortion_model = 192, 96, "plumb_bob"
        info.k = np.array([200.0, 0, 95.5, 0, 200.0, 47.5, 0, 0, 1.0])
        info.r = np.eye(3).reshape(-1)
        info.p = np.array([200.0, 0, 95.5, 0, 0, 200.0, 47.5, 0, 0, 0, 1.0, 0])
        self.add(INFO, "sensor_msgs/msg/CameraInfo", NOW_NS, info)

    def ask(self, text: str, time_ns: int) -> None:
        """Add a query."""
        self.add("/textseg/query", STRING, time_ns, self.types.get(STRING)(data=text))

    def move(self, frames: int, delay_ns: int) -> None:
        """Add transforms: the camera is 1 m above the map's origin, and rises 0.1 m a frame."""
        for number, stamp_ns in enumerate(stamps(frames)):
            self._place("/tf", stamp_ns, stamp_ns + delay_ns, 1.0 + number / 10)

    def stand(self) -> None:
        """Add a transform for all times: the camera is 1 m above the map's origin."""
        self._place("/tf_static", NOW_NS, NOW_NS - PERIOD_NS, 1.0)

    def _place(self, topic: str, stamp_ns: int, time_ns: int, z: float) -> None:
        get = self.types.get
        transform = get("geometry_msgs/msg/Transform")(
            translation=get("geometry_msgs/msg/Vector3")(x=0.0, y=0.0, z=z),
            rotation=get("geometry_msgs/msg/Quaternion")(x=0.0, y=0.0, z=0.0, w=1.0),
        )
        stamped = get("geometry_msgs/msg/TransformStamped")(
            header=make_header(self.types, stamp_ns, "map"),
            child_frame_id=FRAME,
            transform=transform,
        )
        message = get("tf2_msgs/msg/TFMessage")(transforms=[stamped])
        self.add(topic, "tf2_msgs/msg/TFMessage", time_ns, message)

    def write(
        self, path: Path, storage: StoragePlugin = StoragePlugin.MCAP, edit: Edit | None = None
    ) -> Path:
        """Write the bag; `edit` may change the bytes of a message."""
        with Writer(path, version=9, storage_plugin=storage) as bag:
            topics: dict[str, Any] = {}
            for time_ns, topic, type_name, data in sorted(self.messages, key=lambda m: m[0]):
                if topic not in topics:
                    store = self.types.rosbags
                    topics[topic] = bag.add_connection(topic, type_name, typestore=store)
                bag.write(topics[topic], time_ns, edit(topic, time_ns, data) if edit else data)
        return path


def stamps(frames: int) -> list[int]:
    """Return the stamps of the images."""
    return [NOW_NS + number * PERIOD_NS for number in range(frames)]


def read(path: Path, types: TypeStore) -> Mapping[str, list[tuple[int, Any]]]:
    """Return the messages of a bag with their times, by topic."""
    with Reader(path) as bag:
        found: dict[str, list[tuple[int, Any]]] = {one.topic: [] for one in bag.connections}
        for connection, time_ns, data in bag.messages():
            message = types.deserialize(bytes(data), connection.msgtype)
            found[connection.topic].append((time_ns, message))
    return found
