"""What the tests of the DDS participant share."""

import os
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.rmw_environment import (
    DdsSettings,
    free_domain_id,
    loopback_environment,
    read_environment,
)
from textseg_ros.typestore import TypeStore


def loopback_settings() -> DdsSettings:
    """Return a free domain on the loopback interface."""
    return read_environment(loopback_environment(free_domain_id()), os.getpid())


def wait_until(condition: Callable[[], bool], timeout_s: float = 30.0) -> bool:
    """Return whether the condition came true in time."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


def make_string(types: TypeStore, text: str) -> Any:
    return types.get("std_msgs/msg/String")(data=text)


def make_header(types: TypeStore, sec: int = 7, nanosec: int = 9) -> Any:
    stamp = types.get("builtin_interfaces/msg/Time")(sec=sec, nanosec=nanosec)
    return types.get("std_msgs/msg/Header")(stamp=stamp, frame_id="camera")


def make_image(types: TypeStore, pixels: Any) -> Any:
    """Return an rgb8 sensor_msgs/Image of (H, W, 3) uint8."""
    return types.get("sensor_msgs/msg/Image")(
        header=make_header(types),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding="rgb8",
        is_bigendian=0,
        step=pixels.shape[1] * 3,
        data=np.ascontiguousarray(pixels).reshape(-1),
    )
