"""Message classes, their CDR bytes and their type hashes, for one ROS 2 distribution."""

import struct
from dataclasses import replace
from typing import Any, Literal, cast, get_args

import numpy as np
from rosbags.interfaces import Nodetype
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from textseg_core.arrays import UInt8Array
from textseg_ros.definitions import definition_folders, read_definitions
from textseg_ros.service_types import message_definitions, parse_definition

Distro = Literal["humble", "jazzy"]

_STORES: dict[str, Stores] = {"humble": Stores.ROS2_HUMBLE, "jazzy": Stores.ROS2_JAZZY}
_CDR_ALIGNMENT = 4
_LENGTH = struct.Struct("<I")
_NO_BYTES = np.zeros(0, np.uint8)
_ZEROS: dict[str, Any] = {
    "string": "",
    "wstring": "",
    "bool": False,
    "float32": 0.0,
    "float64": 0.0,
}
_NUMBERS: dict[str, type[np.generic]] = {
    "bool": np.bool_,
    "byte": np.uint8,
    "char": np.uint8,
    "octet": np.uint8,
    "int8": np.int8,
    "uint8": np.uint8,
    "int16": np.int16,
    "uint16": np.uint16,
    "int32": np.int32,
    "uint32": np.uint32,
    "int64": np.int64,
    "uint64": np.uint64,
    "float32": np.float32,
    "float64": np.float64,
}
_GID = "rmw_dds_common/msg/Gid"
GID_BYTES: dict[Distro, int] = {"humble": 24, "jazzy": 16}
"""Length of the identifier of an endpoint, by distribution."""


class TypeStore:
    """The messages of one distribution, ours and vision_msgs among them, and some services.

    vision_msgs is 4.1.1 in Humble as in Jazzy, so its layout is the same in both; so is that of
    the services in `interfaces/`.
    """

    def __init__(self, distro: Distro = "jazzy") -> None:
        """Read the definitions.

        Args:
            distro: Distribution whose layouts and hashes apply.

        Raises:
            ValueError: If `distro` is not one of those known.
            RuntimeError: If our own definitions are not found.
        """
        if distro not in _STORES:
            accepted = " or ".join(get_args(Distro))
            raise ValueError(f"distro must be {accepted}, got {distro!r}")
        self.distro = distro
        self._store = get_typestore(_STORES[distro])
        # rosbags hashes the `char` of this one as IDL's char; ROS takes it for uint8.
        del self._store.fielddefs[_GID], self._store.types[_GID]
        types = get_types_from_msg(f"uint8[{GID_BYTES[distro]}] data", _GID)
        for name, text in read_definitions(definition_folders()):
            for part, definition in message_definitions(name, text).items():
                types.update(parse_definition(part, definition))
        self._store.register(types)
        self._last_bytes = {
            self._store.types[type_name]: fields[-1][0]
            for type_name, (_, fields) in self._store.fielddefs.items()
            if fields and _is_bytes(fields[-1][1])
        }

    @property
    def rosbags(self) -> Typestore:
        """The store of rosbags behind it, for its reader and writer of bags."""
        return self._store

    def get(self, type_name: str) -> type[Any]:
        """Return the class of `package/msg/Type`.

        What services and actions are made of is named like a message:
        `package/srv/Type_Request`, `package/action/Type_FeedbackMessage`.

        Raises:
            ValueError: If the distribution has no such type.
        """
        try:
            return self._store.types[type_name]
        except KeyError:
            raise ValueError(
                f"unknown message type {type_name!r}; expected package/msg/Type of a standard "
                f"ROS 2 {self.distro} package, vision_msgs or textseg_ros"
            ) from None

    def default(self, type_name: str) -> Any:
        """Return a message whose fields are zero, empty or false, as rosidl makes them.

        Raises:
            ValueError: If the distribution has no such type.
        """
        message_class = self.get(type_name)
        return message_class(
            **{name: self._default(kind) for name, kind in self._store.fielddefs[type_name][1]}
        )

    def _default(self, kind: Any) -> Any:
        node, detail = kind
        if node == Nodetype.NAME:
            return self.default(detail)
        if node == Nodetype.BASE:
            return _ZEROS.get(detail[0], 0)
        element, length = detail
        number = _NUMBERS.get(element[1][0]) if element[0] == Nodetype.BASE else None
        count = length if node == Nodetype.ARRAY else 0
        if number is not None:
            return np.zeros(count, number)
        return [self._default(element) for _ in range(count)]

    def serialize(self, message: object, type_name: str) -> bytes:
        """Return the CDR bytes, little-endian, padded to a multiple of four.

        Raises:
            ValueError: If a field's value does not fit its type.
        """
        message_class = self.get(type_name)
        end = self._end_of(message, message_class)
        try:
            if end is not None:
                message = replace(cast(Any, message), **{end[0]: _NO_BYTES})
            data = self._store.serialize_cdr(message, type_name, little_endian=True)
        except Exception as error:
            # rosbags raises whatever its generated code stumbles over.
            raise ValueError(
                f"message does not fit {type_name}: {type(error).__name__}: {error}"
            ) from error
        parts: list[Any] = [data]
        if end is not None:
            # The length of what was left out stands last, and is 0 so far.
            parts = [data[: -_LENGTH.size], _LENGTH.pack(end[1].size), end[1]]
        padding = -sum(map(len, parts)) % _CDR_ALIGNMENT
        return b"".join((*parts, bytes(padding)))

    def _end_of(self, message: object, message_class: type[Any]) -> tuple[str, UInt8Array] | None:
        """Return name and bytes of a `uint8[]` that ends a message, as an image's do; or None.

        They are megabytes, which rosbags would copy into a buffer that it fills with zeros first.
        """
        name = self._last_bytes.get(message_class)
        if name is None or type(message) is not message_class:
            return None
        values = getattr(message, name)
        plain = isinstance(values, np.ndarray) and values.dtype == np.uint8 and values.ndim == 1
        return (name, values) if plain and values.flags.c_contiguous else None

    def deserialize(self, data: bytes, type_name: str) -> Any:
        """Return the message in CDR bytes; its number arrays are read-only views of `data`.

        Raises:
            ValueError: If the bytes are truncated, too long or otherwise no such message.
        """
        self.get(type_name)
        try:
            return self._store.deserialize_cdr(data, type_name)
        except Exception as error:
            raise ValueError(
                f"{len(data)} bytes received are no {type_name}: {type(error).__name__}: {error}"
            ) from error

    def type_hash(self, type_name: str) -> str:
        """Return `RIHS01_` and 64 hexadecimal digits.

        Source:
            ROS 2 interface hashing standard, REP-2011 and REP-2016.
        """
        self.get(type_name)
        return self._store.hash_rihs01(type_name)


def _is_bytes(kind: Any) -> bool:
    """Return whether a field is a `uint8[]` without a limit."""
    node, detail = kind
    return bool(
        node == Nodetype.SEQUENCE and detail[1] == 0 and detail[0] == (Nodetype.BASE, ("uint8", 0))
    )
