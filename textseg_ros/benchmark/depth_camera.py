"""A camera that also sees depth and knows where it is: everything of one stamp, at a rate."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textseg_core.arrays import Float32Array, Float64Array
from textseg_core.transforms import quaternion_from_matrix, rigid_transform
from textseg_ros.benchmark.carrier import Peer, Sender
from textseg_ros.benchmark.trial import Camera
from textseg_ros.demo.frames import Frame, image_message
from textseg_ros.messages import MessageTypes, byte_sequence, make_header
from textseg_ros.tf_source import TF_DEPTH, TF_TOPIC, TF_TYPE

WORLD, CAMERA = "world", "camera_optical"
AWAY_M = 0.8
"""How far all that it sees is away."""
_SWAY_M, _SWAY_S = 0.05, 4.0


class Bundle:
    """Several publishers as one: takes a message for each.

    Args:
        senders: The publishers; the last one's subscriptions are counted.
    """

    def __init__(self, senders: Sequence[Sender]) -> None:
        self._senders = tuple(senders)

    @property
    def matched(self) -> int:
        """Number of subscriptions that receive from the last publisher."""
        return self._senders[-1].matched

    def publish(self, message: Any) -> None:
        """Publish the messages of a sequence, one with each publisher; for any thread."""
        for sender, each in zip(self._senders, message, strict=True):
            sender.publish(each)


def open_depth_camera(
    peer: Peer, namespace: str, frame: Frame, rate: float, *, reliable: bool = False
) -> Camera:
    """Return a camera whose frame `CAMERA` sways in `WORLD`; it runs while it is entered.

    Args:
        peer: Publishes it.
        namespace: Of its topics, `/tf` apart.
        frame: The picture that it shows; all of it is `AWAY_M` away.
        rate: Pictures a second, and as many depth images, descriptions and transforms.
        reliable: Publish pictures and depth reliably.
    """
    image, info = "sensor_msgs/msg/Image", "sensor_msgs/msg/CameraInfo"
    senders = [
        peer.publisher(TF_TOPIC, TF_TYPE, depth=TF_DEPTH),
        peer.publisher(f"{namespace}/camera_info", info, reliable=reliable, depth=1),
        peer.publisher(f"{namespace}/depth", image, reliable=reliable, depth=1),
        peer.publisher(f"{namespace}/image", image, reliable=reliable, depth=1),
    ]
    return Camera(Bundle(senders), _rgbd_messages(peer.types, frame), rate)


def _rgbd_messages(types: MessageTypes, frame: Frame) -> Callable[[int], tuple[Any, ...]]:
    height, width = frame.pixels.shape[:2]
    focal_px = float(width)
    k = np.array(
        [[focal_px, 0.0, (width - 1) / 2], [0.0, focal_px, (height - 1) / 2], [0.0, 0.0, 1.0]]
    )
    depth_m = np.full((height, width), AWAY_M, np.float32)

    def make(stamp_ns: int) -> tuple[Any, ...]:
        turn = 2.0 * np.pi * (stamp_ns / 1e9 % _SWAY_S) / _SWAY_S
        pose = rigid_transform((_SWAY_M * float(np.sin(turn)), 0.0, 1.0), (0.0, 0.0, 0.0, 1.0))
        return (
            transform_message(types, WORLD, CAMERA, pose, stamp_ns),
            info_message(types, CAMERA, (width, height), k, stamp_ns),
            depth_message(types, CAMERA, depth_m, stamp_ns),
            image_message(types, frame, stamp_ns, CAMERA),
        )

    return make


def info_message(
    types: MessageTypes, frame_id: str, size: tuple[int, int], k: Float64Array, stamp_ns: int
) -> Any:
    """Return sensor_msgs/CameraInfo of a camera without distortion.

    Args:
        types: Kind of messages.
        frame_id: Of the camera.
        size: Width and height, pixels.
        k: Intrinsic matrix, (3, 3).
        stamp_ns: Of the image.
    """
    info = types.default("sensor_msgs/msg/CameraInfo")
    info.header = make_header(types, stamp_ns, frame_id)
    info.width, info.height = size
    info.k = k.reshape(-1)
    return info


def depth_message(types: MessageTypes, frame_id: str, depth_m: Float32Array, stamp_ns: int) -> Any:
    """Return sensor_msgs/Image of depth, 16UC1 in millimetres.

    Args:
        types: Kind of messages.
        frame_id: Of the camera.
        depth_m: Metres, (H, W).
        stamp_ns: Of the image.
    """
    image_class = types.get("sensor_msgs/msg/Image")
    pixels = np.rint(depth_m * 1e3).astype(np.uint16)
    image = types.default("sensor_msgs/msg/Image")
    image.header = make_header(types, stamp_ns, frame_id)
    image.height, image.width = pixels.shape
    image.encoding, image.step = "16UC1", 2 * pixels.shape[1]
    image.data = byte_sequence(image_class, pixels)
    return image


def transform_message(
    types: MessageTypes, parent: str, child: str, pose: Float64Array, stamp_ns: int
) -> Any:
    """Return tf2_msgs/TFMessage of one transform.

    Args:
        types: Kind of messages.
        parent: Frame in which the child lies.
        child: The other frame.
        pose: `parent_from_child`, (4, 4).
        stamp_ns: Of the transform.
    """
    transform = types.default("geometry_msgs/msg/TransformStamped")
    transform.header = make_header(types, stamp_ns, parent)
    transform.child_frame_id = child
    moved, turned = transform.transform.translation, transform.transform.rotation
    moved.x, moved.y, moved.z = map(float, pose[:3, 3])
    turned.x, turned.y, turned.z, turned.w = quaternion_from_matrix(pose[:3, :3])
    return types.get("tf2_msgs/msg/TFMessage")(transforms=[transform])
