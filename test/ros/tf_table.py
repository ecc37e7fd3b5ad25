"""Transforms and questions that every source of transforms must answer alike."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest

from textseg_core.transforms import (
    Fault,
    Quaternion,
    TransformUnavailable,
    Vector,
    rigid_transform,
)
from textseg_ros.messages import MessageTypes

HALF = math.sqrt(0.5)
IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)
QUARTER_ABOUT_Z: Quaternion = (0.0, 0.0, HALF, HALF)
EIGHTH_ABOUT_Z: Quaternion = (0.0, 0.0, math.sin(math.pi / 8), math.cos(math.pi / 8))
T0 = 1_700_000_000


class Sent(NamedTuple):
    """One transform; its time counts from T0."""

    parent: str
    child: str
    stamp_s: float
    at: Vector
    turned: Quaternion
    static: bool


class Asked(NamedTuple):
    """One lookup and what it must give: a transform, or why there is none."""

    target: str
    source: str
    stamp_s: float
    at: Vector | None = None
    turned: Quaternion | None = None
    fault: Fault | None = None


SENT = (
    Sent("base", "camera", 0.0, (1.0, 0.0, 0.5), IDENTITY, True),
    Sent("map", "table", 0.0, (0.0, 3.0, 0.0), QUARTER_ABOUT_Z, True),
    Sent("/map", "/shelf", 0.0, (0.0, 0.0, 7.0), IDENTITY, True),
    Sent("ocean", "island", 0.0, (0.0, 0.0, 0.0), IDENTITY, True),
    Sent("loop_a", "loop_b", 0.0, (0.0, 0.0, 0.0), IDENTITY, True),
    Sent("loop_b", "loop_a", 0.0, (0.0, 0.0, 0.0), IDENTITY, True),
    Sent("map", "base", 1.0, (0.0, 0.0, 0.0), IDENTITY, False),
    Sent("map", "base", 3.0, (2.0, 4.0, -2.0), QUARTER_ABOUT_Z, False),
    Sent("map", "once", 2.0, (5.0, 0.0, 0.0), IDENTITY, False),
)

ASKED = (
    # Halfway between 1 s and 3 s.
    Asked("map", "base", 2.0, (1.0, 2.0, -1.0), EIGHTH_ABOUT_Z),
    Asked("map", "base", 1.0, (0.0, 0.0, 0.0), IDENTITY),
    Asked("map", "base", 3.0, (2.0, 4.0, -2.0), QUARTER_ABOUT_Z),
    # base (2, 4, -2) + the quarter turn of (1, 0, 0.5).
    Asked("map", "camera", 3.0, (2.0, 5.0, -1.5), QUARTER_ABOUT_Z),
    # That from the table at (0, 3, 0), itself a quarter turned, by a parent of both.
    Asked("table", "camera", 3.0, (2.0, -2.0, -1.5), IDENTITY),
    Asked("camera", "base", 77.0, (-1.0, 0.0, -0.5), IDENTITY),
    Asked("map", "table", 77.0, (0.0, 3.0, 0.0), QUARTER_ABOUT_Z),
    Asked("map", "table", -T0, (0.0, 3.0, 0.0), QUARTER_ABOUT_Z),
    Asked("/map", "/shelf", 5.0, (0.0, 0.0, 7.0), IDENTITY),
    Asked("map", "once", 2.0, (5.0, 0.0, 0.0), IDENTITY),
    Asked("map", "map", 9.0, (0.0, 0.0, 0.0), IDENTITY),
    Asked("map", "once", 2.1, fault="not yet"),
    Asked("map", "once", 1.9, fault="too old"),
    Asked("map", "camera", 3.1, fault="not yet"),
    Asked("camera", "table", 3.1, fault="not yet"),
    Asked("map", "camera", 0.9, fault="too old"),
    Asked("camera", "map", 0.9, fault="too old"),
    Asked("map", "lamp", 2.0, fault="unknown frame"),
    Asked("lamp", "map", 2.0, fault="unknown frame"),
    Asked("map", "", 2.0, fault="no frame"),
    Asked("/", "map", 2.0, fault="no frame"),
    Asked("map", "island", 2.0, fault="not connected"),
    Asked("ocean", "camera", 2.0, fault="not connected"),
    Asked("map", "camera", -T0, fault="no stamp"),
    Asked("map", "loop_a", 2.0, fault="loop"),
)


def nanoseconds(stamp_s: float) -> int:
    """Return a time of the table in nanoseconds since the epoch."""
    return T0 * 1_000_000_000 + round(stamp_s * 1e9)


def tf_message(types: MessageTypes, *sent: Sent) -> Any:
    """Return a tf2_msgs/TFMessage."""
    transforms = []
    for one in sent:
        stamp_ns = nanoseconds(one.stamp_s)
        stamp = types.get("builtin_interfaces/msg/Time")(
            sec=stamp_ns // 1_000_000_000, nanosec=stamp_ns % 1_000_000_000
        )
        x, y, z = one.at
        i, j, k, w = one.turned
        transforms.append(
            types.get("geometry_msgs/msg/TransformStamped")(
                header=types.get("std_msgs/msg/Header")(stamp=stamp, frame_id=one.parent),
                child_frame_id=one.child,
                transform=types.get("geometry_msgs/msg/Transform")(
                    translation=types.get("geometry_msgs/msg/Vector3")(x=x, y=y, z=z),
                    rotation=types.get("geometry_msgs/msg/Quaternion")(x=i, y=j, z=k, w=w),
                ),
            )
        )
    return types.get("tf2_msgs/msg/TFMessage")(transforms=transforms)


def moving(stamp_s: float, x: float) -> Sent:
    """Return where base lies in map at a time."""
    return Sent("map", "base", stamp_s, (x, 0.0, 0.0), IDENTITY, False)


def check(source: Any, asked: Asked) -> None:
    """Ask a source and compare."""
    stamp_ns = nanoseconds(asked.stamp_s)
    if asked.at is not None and asked.turned is not None:
        found = source.lookup(asked.target, asked.source, stamp_ns)
        np.testing.assert_allclose(found, rigid_transform(asked.at, asked.turned), atol=1e-12)
        return
    with pytest.raises(TransformUnavailable) as caught:
        source.lookup(asked.target, asked.source, stamp_ns)
    assert caught.value.fault == asked.fault
    assert str(caught.value)
