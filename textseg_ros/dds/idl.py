"""Names and the opaque topic type that carry ROS 2 messages over Cyclone DDS."""

import re
from functools import cache
from typing import Any, Literal

from cyclonedds.idl import IdlStruct

from textseg_ros.topics import check_topic

Role = Literal["topic", "request", "reply"]
"""What a DDS topic carries: messages, or one direction of a service."""

_MANGLED: dict[Role, tuple[str, str]] = {
    "topic": ("rt", ""),
    "request": ("rq", "Request"),
    "reply": ("rr", "Reply"),
}
_KINDS = ("msg", "srv", "action")
_DDS_TYPE = re.compile(r"(\w+)::(msg|srv|action)::dds_::(\w+)_")


def dds_topic_name(topic: str, role: Role = "topic") -> str:
    """Return the DDS name of a ROS topic or service.

    `/a/b` -> `rt/a/b`, `rq/a/bRequest` or `rr/a/bReply`.

    Raises:
        ValueError: If `topic` is not absolute, or no name that ROS 2 allows.
    """
    check_topic(topic)
    prefix, suffix = _MANGLED[role]
    return f"{prefix}{topic}{suffix}"


def ros_type_name(dds_name: str) -> str:
    """Return the ROS name of a DDS type, `dds_type_name` reversed; others as they are."""
    found = _DDS_TYPE.fullmatch(dds_name)
    return "/".join(found.groups()) if found else dds_name


def dds_type_name(type_name: str) -> str:
    """Return the DDS name of a ROS type: `std_msgs/msg/String` -> `std_msgs::msg::dds_::String_`.

    Raises:
        ValueError: If `type_name` is not `package/msg/Type`, nor of a service or an action.
    """
    parts = type_name.split("/")
    if len(parts) != 3 or parts[1] not in _KINDS or not all(parts):
        raise ValueError(
            "message type must be package/msg/Type, package/srv/Type_Request or the like, "
            f"got {type_name!r}"
        )
    return f"{parts[0]}::{parts[1]}::dds_::{parts[2]}_"


@cache
def topic_type(type_name: str) -> type[Any]:
    """Return the Cyclone DDS topic type of a ROS type; its samples are serialised messages.

    Cyclone's own Python codec takes 44 ms for an image that rosbags packs in
    0.1 ms, so CDR bytes go in (`topic_type(...)(data)`) and come out (`.data`) as
    they are on the wire, header first. They are parsed by whoever takes them,
    where a failure harms no other sample.

    Raises:
        ValueError: If `type_name` is not `package/msg/Type`.
    """

    # No fields: Cyclone checks the bytes that arrive against those declared, and
    # nothing is a beginning of everything. Final, as every ROS type, by default.
    class CdrSample(IdlStruct, typename=dds_type_name(type_name)):
        def __init__(self, data: bytes) -> None:
            self.data = data

        def serialize(self, *_: object, **__: object) -> bytes:
            return self.data

        @classmethod
        def deserialize(cls, data: bytes, *_: object, **__: object) -> "CdrSample":
            return cls(data)

        @classmethod
        def deserialize_key(cls, data: bytes, *_: object, **__: object) -> "CdrSample":
            return cls(data)

    return CdrSample
