"""A colour and a depth camera in a robot's tree of frames, as messages."""

from typing import Any

import numpy as np
from tf_table import Sent, nanoseconds, tf_message

from textseg_core.transforms import Quaternion, Vector
from textseg_ros.depth_view import DepthSettings, DepthViewer
from textseg_ros.messages import MessageTypes, byte_sequence, make_header
from textseg_ros.pairing import RgbdPairing
from textseg_ros.tf_source import TfListener

WIDTH, HEIGHT, FOCAL_PX = 64, 48, 100.0
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
#: From the optical frame (z ahead, x right, y down) to one with x ahead and z up: REP 103.
LOOKING_AHEAD: Quaternion = (-0.5, 0.5, -0.5, 0.5)


class Rig:
    """Sends what drivers send, straight to the parts of the node.

    Args:
        types: Kind of messages.
        settings: Of the viewer.
    """

    def __init__(self, types: MessageTypes, **settings: Any) -> None:
        self.types = types
        self.pairing = RgbdPairing()
        self.told: list[str] = []
        self.transforms = TfListener(lambda kind, level, text: self.told.append(text))
        waits = {"transform_timeout_s": 0.0, "depth_timeout_s": 0.0}
        self.viewer = DepthViewer(
            self.pairing, self.transforms, DepthSettings(**(waits | settings))
        )

    def header(self, stamp_s: float, frame_id: str) -> Any:
        return make_header(self.types, nanoseconds(stamp_s), frame_id)

    def info(
        self, frame_id: str = "camera", size: tuple[int, int] = (WIDTH, HEIGHT), **fields: Any
    ) -> Any:
        width, height = size
        k = [FOCAL_PX * width / WIDTH, 0.0, (width - 1) / 2, 0.0, FOCAL_PX * width / WIDTH]
        k += [(height - 1) / 2, 0.0, 0.0, 1.0]
        values: dict[str, Any] = {
            "header": self.header(0.0, frame_id),
            "height": height,
            "width": width,
            "distortion_model": "plumb_bob",
            "d": np.zeros(5),
            "k": np.array(k),
            "r": np.eye(3).reshape(-1),
            "p": np.zeros(12),
            "binning_x": 0,
            "binning_y": 0,
            "roi": self.types.get("sensor_msgs/msg/RegionOfInterest")(
                x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
            ),
        }
        return self.types.get("sensor_msgs/msg/CameraInfo")(**(values | fields))

    def colour(self, stamp_s: float = 1.0, frame_id: str = "camera") -> Any:
        """Return a grey colour image."""
        pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        return self._image(pixels, "rgb8", stamp_s, frame_id)

    def depth(
        self, depth_m: Any, stamp_s: float = 1.0, frame_id: str = "camera", encoding: str = "16UC1"
    ) -> Any:
        """Return a depth image of metres."""
        values = np.asarray(depth_m, np.float32)
        if encoding == "16UC1":
            values = np.round(values * 1000).astype(np.uint16)
        return self._image(values, encoding, stamp_s, frame_id)

    def plane(self, stamp_s: float = 1.0, away_m: float = 1.0, **options: Any) -> Any:
        """Return the depth image of a wall."""
        return self.depth(np.full((HEIGHT, WIDTH), away_m), stamp_s, **options)

    def place(
        self,
        parent: str,
        child: str,
        at: Vector,
        turned: Quaternion = IDENTITY,
        stamp_s: float | None = None,
    ) -> None:
        """Publish a transform, static if it has no stamp."""
        sent = Sent(parent, child, stamp_s or 0.0, at, turned, stamp_s is None)
        take = self.transforms.on_tf_static if stamp_s is None else self.transforms.on_tf
        take(tf_message(self.types, sent))

    def _image(self, pixels: Any, encoding: str, stamp_s: float, frame_id: str) -> Any:
        image_class = self.types.get("sensor_msgs/msg/Image")
        return image_class(
            header=self.header(stamp_s, frame_id),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=pixels.nbytes // pixels.shape[0],
            data=byte_sequence(image_class, pixels),
        )
