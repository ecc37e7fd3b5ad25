"""RTPS parameter lists: discovery data and inline QoS.

Source:
    OMG DDSI-RTPS 2.3, 9.4.2.11 (lists) and 9.6.2 (identifiers); PID_RELATED_SAMPLE_IDENTITY from
    OMG DDS-RPC 1.0, 7.8.2, and the identifier that Fast DDS used before from its
    ParameterTypes.hpp.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Parameters: TypeAlias = dict[int, list[bytes]]
"""Values by identifier, in their order; an identifier may occur several times."""

_PAD, _SENTINEL = 0x0000, 0x0001
LEASE_DURATION = 0x0002
TOPIC_NAME = 0x0005
TYPE_NAME = 0x0007
PROTOCOL_VERSION = 0x0015
VENDOR_ID = 0x0016
RELIABILITY = 0x001A
DURABILITY = 0x001D
USER_DATA = 0x002C
UNICAST_LOCATOR = 0x002F
DEFAULT_UNICAST_LOCATOR = 0x0031
METATRAFFIC_UNICAST_LOCATOR = 0x0032
HISTORY = 0x0040
PARTICIPANT_GUID = 0x0050
BUILTIN_ENDPOINTS = 0x0058
ENDPOINT_GUID = 0x005A
KEY_HASH = 0x0070
STATUS_INFO = 0x0071
DATA_REPRESENTATION = 0x0073
RELATED_SAMPLE_IDENTITY = 0x0083
RELATED_SAMPLE_IDENTITY_FAST_DDS = 0x800F

_VENDOR_SPECIFIC, _MUST_UNDERSTAND = 0x8000, 0x4000
_ENCAPSULATION = {b"\x00\x03": "<", b"\x00\x02": ">"}
_UDP4 = 1


@dataclass(frozen=True, slots=True, order=True)
class Locator:
    """Where a UDP packet goes: address of IPv4 as text, and port."""

    address: str
    port: int


def read_parameters(data: bytes, position: int, order: str) -> tuple[Parameters, int]:
    """Return a list's parameters and the position behind it.

    Raises:
        ValueError: If it does not end inside `data`.
    """
    found: Parameters = {}
    while position + 4 <= len(data):
        kind, length = struct.unpack_from(order + "HH", data, position)
        position += 4
        if kind == _SENTINEL:
            return found, position
        if position + length > len(data):
            break
        if kind != _PAD:
            if not kind & _VENDOR_SPECIFIC:
                kind &= ~_MUST_UNDERSTAND
            found.setdefault(kind, []).append(data[position : position + length])
        position += -(-length // 4) * 4
    raise ValueError("RTPS parameter list is cut off")


def write_parameters(parameters: Parameters) -> bytes:
    """Return a list, little-endian, with its end."""
    parts = []
    for kind, values in parameters.items():
        for value in values:
            padded = value.ljust(-(-len(value) // 4) * 4, b"\0")
            parts.append(struct.pack("<HH", kind, len(padded)) + padded)
    return b"".join([*parts, struct.pack("<HH", _SENTINEL, 0)])


def read_payload(payload: bytes) -> tuple[Parameters, str]:
    """Return the parameters of a serialised parameter list and its byte order, `<` or `>`.

    Raises:
        ValueError: If it is no parameter list.
    """
    order = _ENCAPSULATION.get(payload[:2])
    if order is None:
        raise ValueError(f"expected an RTPS parameter list, got encoding {payload[:2].hex()}")
    return read_parameters(payload, 4, order)[0], order


def write_payload(parameters: Parameters) -> bytes:
    """Return a serialised parameter list, little-endian."""
    return b"\x00\x03\x00\x00" + write_parameters(parameters)


def write_text(text: str) -> bytes:
    """Return a CDR string."""
    data = text.encode() + b"\0"
    return struct.pack("<I", len(data)) + data


def read_text(value: bytes, order: str) -> str:
    """Return the text of a CDR string.

    Raises:
        ValueError: If it is longer than its parameter.
    """
    return read_octets(value, order).rstrip(b"\0").decode("utf-8", errors="replace")


def write_octets(data: bytes) -> bytes:
    """Return a CDR sequence of bytes."""
    return struct.pack("<I", len(data)) + data


def read_octets(value: bytes, order: str) -> bytes:
    """Return the bytes of a CDR sequence.

    Raises:
        ValueError: If it is longer than its parameter.
    """
    if len(value) < 4:
        raise ValueError(f"RTPS parameter of {len(value)} bytes is too short for a sequence")
    (length,) = struct.unpack_from(order + "I", value)
    if 4 + length > len(value):
        raise ValueError(f"RTPS sequence of {length} bytes in a parameter of {len(value)}")
    return value[4 : 4 + length]


def write_locator(locator: Locator) -> bytes:
    """Return a locator of IPv4."""
    octets = bytes(int(part) for part in locator.address.split("."))
    return struct.pack("<iI12x", _UDP4, locator.port) + octets


def read_locators(values: Sequence[bytes], order: str) -> tuple[Locator, ...]:
    """Return the locators of IPv4 among these; others (shared memory, TCP) are passed over."""
    found = []
    for value in values:
        if len(value) >= 24:
            kind, port = struct.unpack_from(order + "iI", value)
            address = ".".join(str(octet) for octet in value[20:24])
            if kind == _UDP4 and 0 < port < 65536 and address != "0.0.0.0":
                found.append(Locator(address, port))
    return tuple(dict.fromkeys(found))


def write_identity(guid: bytes, sequence: int) -> list[bytes]:
    """Return a sample's identity as a value of RELATED_SAMPLE_IDENTITY."""
    return [guid + struct.pack("<iI", sequence >> 32, sequence & 0xFFFFFFFF)]


def read_identity(inline: Parameters) -> tuple[bytes, int] | None:
    """Return GUID and sequence number of the related sample, None if the list names none.

    The number is read little-endian, as every ROS 2 host writes it.
    """
    for kind in (RELATED_SAMPLE_IDENTITY, RELATED_SAMPLE_IDENTITY_FAST_DDS):
        for value in inline.get(kind, ()):
            if len(value) >= 24 and any(value[:16]):
                high, low = struct.unpack_from("<iI", value, 16)
                return value[:16], (high << 32) | low
    return None
