"""Positions, poses and headers as messages."""

from typing import Any

from textseg_core.arrays import AnyArray
from textseg_ros.messages import MessageTypes


def header_in(types: MessageTypes, header: Any, frame_id: str) -> Any:
    """Return a header of the image's stamp and another frame."""
    return types.get("std_msgs/msg/Header")(stamp=header.stamp, frame_id=frame_id)


def pose_message(
    types: MessageTypes, position: AnyArray, quaternion: AnyArray | None = None
) -> Any:
    """Return geometry_msgs/Pose.

    Args:
        types: Kind of messages.
        position: Metres, (3,).
        quaternion: (x, y, z, w); None for no turn.
    """
    x, y, z, w = (0.0, 0.0, 0.0, 1.0) if quaternion is None else map(float, quaternion)
    return types.get("geometry_msgs/msg/Pose")(
        position=point_message(types, position),
        orientation=types.get("geometry_msgs/msg/Quaternion")(x=x, y=y, z=z, w=w),
    )


def point_message(types: MessageTypes, position: AnyArray) -> Any:
    """Return geometry_msgs/Point."""
    x, y, z = map(float, position)
    return types.get("geometry_msgs/msg/Point")(x=x, y=y, z=z)


def vector_message(types: MessageTypes, size: AnyArray) -> Any:
    """Return geometry_msgs/Vector3."""
    x, y, z = map(float, size)
    return types.get("geometry_msgs/msg/Vector3")(x=x, y=y, z=z)
