"""Who packs images into messages in a ROS installation: cv_bridge where it works, else we."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from textseg_core.arrays import AnyArray
from textseg_ros.conversions import ImagePacker, OwnImagePacker
from textseg_ros.messages import MessageTypes
from textseg_ros.report import Level


class CvBridgePacker:
    """Packs arrays into sensor_msgs/Image with cv_bridge.

    Raises:
        ImportError: If cv_bridge is not installed.
    """

    def __init__(self) -> None:
        self._bridge = importlib.import_module("cv_bridge").CvBridge()

    def __call__(self, pixels: AnyArray, encoding: str, header: Any) -> Any:
        """Return the message; see `ImagePacker`."""
        return self._bridge.cv2_to_imgmsg(pixels, encoding, header)


def choose_packer(types: MessageTypes, log: Callable[[Level, str], None]) -> ImagePacker:
    """Return cv_bridge's packer where it works, else our own; say which.

    cv_bridge loads its compiled part at the first call, and that part may be built for another
    NumPy than the one installed, so a trial image decides.
    """
    own = OwnImagePacker(types)
    header = types.get("std_msgs/msg/Header")()
    try:
        packer = CvBridgePacker()
        for pixels, encoding in (
            (np.full((2, 3), 255, np.uint8), "mono8"),
            (np.full((2, 3), 258, np.uint16), "mono16"),
            (np.full((2, 3, 3), 7, np.uint8), "rgb8"),
            (np.full((2, 3), 0.5, np.float32), "32FC1"),
        ):
            if packer(pixels, encoding, header) != own(pixels, encoding, header):
                raise RuntimeError(f"a trial image {encoding} came out differently")
    except Exception as error:
        log("warning", f"images are packed without cv_bridge: {type(error).__name__}: {error}")
        return own
    log("info", "images are packed by cv_bridge")
    return packer
