"""Where message classes come from, and the little in which their two kinds differ."""

import array
import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from textseg_core.arrays import AnyArray


class MessageTypes(Protocol):
    """Message classes by ROS type name.

    Requests and the like are named as rosidl names them: `package/srv/Type_Request` and
    `_Response`, `package/action/Type_Goal`, `_Result` and `_Feedback`. Both kinds (the
    dataclasses of rosbags, the classes that colcon generated)
    are made with one keyword argument for every field.
    """

    def get(self, type_name: str) -> type[Any]:
        """Return the class of `package/msg/Type`."""
        ...

    def default(self, type_name: str) -> Any:
        """Return a message whose fields are zero, empty or false."""
        ...


class InstalledMessages:
    """The classes of a ROS 2 installation."""

    def get(self, type_name: str) -> type[Any]:
        """Return the class of `package/msg/Type`.

        Raises:
            RuntimeError: If the package or the type is not installed.
        """
        package, kind, name = type_name.split("/")
        name, _, part = name.partition("_")  # no ROS type has one in its own name
        try:
            found: Any = getattr(importlib.import_module(f"{package}.{kind}"), name)
            found = getattr(found, part) if part else found
        except (ImportError, AttributeError) as error:
            raise RuntimeError(
                f"message type {type_name} is not installed ({error}); "
                f"source the workspace that holds {package}, or install ros-$ROS_DISTRO-"
                f"{package.replace('_', '-')}"
            ) from error
        message_class: type[Any] = found
        return message_class

    def default(self, type_name: str) -> Any:
        """Return a message whose fields are zero, empty or false.

        Raises:
            RuntimeError: If the package or the type is not installed.
        """
        return self.get(type_name)()


class Time(Protocol):
    """builtin_interfaces/msg/Time as far as it is read here."""

    @property
    def sec(self) -> int:
        """Whole seconds."""
        ...

    @property
    def nanosec(self) -> int:
        """The rest."""
        ...


class Header(Protocol):
    """std_msgs/msg/Header as far as it is read here."""

    @property
    def stamp(self) -> Time:
        """When the image was taken."""
        ...

    @property
    def frame_id(self) -> str:
        """The camera's optical frame."""
        ...


class ImageMessage(Protocol):
    """sensor_msgs/msg/Image of either kind."""

    header: Any
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: Any


class CompressedMessage(Protocol):
    """sensor_msgs/msg/CompressedImage of either kind."""

    header: Any
    format: str
    data: Any


def byte_sequence(message_class: type[Any], values: AnyArray) -> Any:
    """Return the bytes of an array as a message of this class holds `uint8[]`.

    Args:
        message_class: The class whose field it becomes.
        values: Any shape and type; its memory is taken in C order.

    Returns:
        array.array for a generated class, whose setter checks every element of
        anything else; a uint8 array for a rosbags dataclass.
    """
    flat = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    if is_generated(message_class):
        packed = array.array("B")
        packed.frombytes(flat.data)
        return packed
    return flat


def is_generated(message_class: type[Any]) -> bool:
    """Return whether rosidl made the class (else rosbags did)."""
    return hasattr(message_class, "get_fields_and_field_types")


def time_ns(time: Time) -> int:
    """Return a time in nanoseconds."""
    return time.sec * 1_000_000_000 + time.nanosec


def time_message(types: MessageTypes, nanoseconds: int) -> Any:
    """Return a builtin_interfaces/Time."""
    return types.get("builtin_interfaces/msg/Time")(
        sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000
    )


def stamp_ns(header: Header) -> int:
    """Return a header's stamp in nanoseconds since the epoch."""
    return time_ns(header.stamp)


def make_header(types: MessageTypes, time_ns: int, frame_id: str = "") -> Any:
    """Return a header of our own, for what no image gave one to."""
    return types.get("std_msgs/msg/Header")(stamp=time_message(types, time_ns), frame_id=frame_id)


def key_values(types: MessageTypes, values: Mapping[str, str]) -> Sequence[Any]:
    """Return diagnostic_msgs/KeyValue messages, in order."""
    key_value = types.get("diagnostic_msgs/msg/KeyValue")
    return [key_value(key=key, value=value) for key, value in values.items()]
