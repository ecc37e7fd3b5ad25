"""What participants tell each other of themselves and their endpoints, as data.

Source:
    OMG DDSI-RTPS 2.3, 8.5 (discovery), 9.3.1.2 (entity ids) and 9.6.2.2 (parameters).
"""

import struct
from dataclasses import dataclass

from textseg_ros.dds.rtps import parameters as pid
from textseg_ros.dds.rtps.parameters import Locator, Parameters
from textseg_ros.dds.rtps.wire import VENDOR

PARTICIPANT = b"\x00\x00\x01\xc1"
SPDP_WRITER, SPDP_READER = b"\x00\x01\x00\xc2", b"\x00\x01\x00\xc7"
PUBLICATIONS_WRITER, PUBLICATIONS_READER = b"\x00\x00\x03\xc2", b"\x00\x00\x03\xc7"
SUBSCRIPTIONS_WRITER, SUBSCRIPTIONS_READER = b"\x00\x00\x04\xc2", b"\x00\x00\x04\xc7"
WRITER_KIND, READER_KIND = 0x03, 0x04  # last byte of an entity id, without key

FAST_DDS = b"\x01\x0f"  # vendor
LEASE_S = 20
_BUILTIN = 0x3F  # participants, publications and subscriptions, announced and detected
_VERSION = b"\x02\x03\x00\x00"
_RELIABLE = 2
_GONE = 0x03  # disposed or unregistered
_HUNDRED_MS = 0x1999999A  # of a second, as a fraction of 2**32


@dataclass(frozen=True, slots=True)
class ParticipantData:
    """What a participant tells of itself.

    Attributes:
        prefix: First 12 bytes of its GUIDs.
        discovery: Where its discovery listens.
        traffic: Where its endpoints listen by default.
        lease_s: It is gone if silent for so long.
        user_data: Free bytes; of ROS 2 `enclave=/;`.
        vendor: Whose implementation it is, two bytes.
    """

    prefix: bytes
    discovery: tuple[Locator, ...]
    traffic: tuple[Locator, ...]
    lease_s: float = LEASE_S
    user_data: bytes = b"enclave=/;"
    vendor: bytes = VENDOR


@dataclass(frozen=True, slots=True)
class EndpointData:
    """What a participant tells of a reader or writer.

    Attributes:
        guid: Of the endpoint, 16 bytes.
        topic: DDS topic.
        type_name: DDS type.
        reliable: Reliability.
        user_data: Free bytes; of ROS 2 the type hash and more.
        locators: Where it listens; empty for its participant's default.
    """

    guid: bytes
    topic: str
    type_name: str
    reliable: bool = True
    user_data: bytes = b""
    locators: tuple[Locator, ...] = ()


def write_participant(data: ParticipantData) -> bytes:
    """Return the serialised data of a participant."""
    parameters: Parameters = {
        pid.PROTOCOL_VERSION: [_VERSION],
        pid.VENDOR_ID: [data.vendor],
        pid.PARTICIPANT_GUID: [data.prefix + PARTICIPANT],
        pid.BUILTIN_ENDPOINTS: [struct.pack("<I", _BUILTIN)],
        pid.METATRAFFIC_UNICAST_LOCATOR: [pid.write_locator(each) for each in data.discovery],
        pid.DEFAULT_UNICAST_LOCATOR: [pid.write_locator(each) for each in data.traffic],
        pid.LEASE_DURATION: [struct.pack("<iI", int(data.lease_s), 0)],
        pid.USER_DATA: [pid.write_octets(data.user_data)],
    }
    return pid.write_payload(parameters)


def read_participant(payload: bytes) -> ParticipantData:
    """Return the data of a participant.

    Raises:
        ValueError: If it is damaged or names no participant.
    """
    found, order = pid.read_payload(payload)
    guid = _guid(found, pid.PARTICIPANT_GUID)
    lease_s = 100.0  # the default of the specification
    for value in found.get(pid.LEASE_DURATION, ()):
        if len(value) >= 8:
            seconds, fraction = struct.unpack_from(order + "iI", value)
            lease_s = seconds + fraction / 2**32
    return ParticipantData(
        guid[:12],
        pid.read_locators(found.get(pid.METATRAFFIC_UNICAST_LOCATOR, ()), order),
        pid.read_locators(found.get(pid.DEFAULT_UNICAST_LOCATOR, ()), order),
        lease_s,
        b"".join(pid.read_octets(value, order) for value in found.get(pid.USER_DATA, ())),
        found.get(pid.VENDOR_ID, [b""])[0][:2],
    )


def write_endpoint(data: EndpointData) -> bytes:
    """Return the serialised data of a reliable, volatile endpoint with keep-last 10."""
    parameters: Parameters = {
        pid.ENDPOINT_GUID: [data.guid],
        pid.PROTOCOL_VERSION: [_VERSION],
        pid.VENDOR_ID: [VENDOR],
        pid.PARTICIPANT_GUID: [data.guid[:12] + PARTICIPANT],
        pid.TOPIC_NAME: [pid.write_text(data.topic)],
        pid.TYPE_NAME: [pid.write_text(data.type_name)],
        pid.RELIABILITY: [struct.pack("<IiI", _RELIABLE, 0, _HUNDRED_MS)],
        pid.DURABILITY: [struct.pack("<I", 0)],
        pid.HISTORY: [struct.pack("<Ii", 0, 10)],
        pid.DATA_REPRESENTATION: [struct.pack("<Ih2x", 1, 0)],  # XCDR version 1
        pid.USER_DATA: [pid.write_octets(data.user_data)],
    }
    return pid.write_payload(parameters)


def read_endpoint(payload: bytes) -> EndpointData:
    """Return the data of an endpoint.

    Raises:
        ValueError: If it is damaged or names no endpoint, topic or type.
    """
    found, order = pid.read_payload(payload)
    texts = []
    for kind in (pid.TOPIC_NAME, pid.TYPE_NAME):
        values = found.get(kind)
        if not values:
            raise ValueError("RTPS endpoint without topic or type")
        texts.append(pid.read_text(values[0], order))
    reliable = True
    for value in found.get(pid.RELIABILITY, ()):
        if len(value) >= 4:
            reliable = struct.unpack_from(order + "I", value)[0] == _RELIABLE
    return EndpointData(
        _guid(found, pid.ENDPOINT_GUID, pid.KEY_HASH),
        texts[0],
        texts[1],
        reliable,
        b"".join(pid.read_octets(value, order) for value in found.get(pid.USER_DATA, ())),
        pid.read_locators(found.get(pid.UNICAST_LOCATOR, ()), order),
    )


def write_end(guid: bytes, kind: int) -> tuple[bytes, Parameters]:
    """Return payload and inline QoS that tell of the end of a participant or endpoint.

    Args:
        guid: Of what ends.
        kind: PARTICIPANT_GUID or ENDPOINT_GUID.
    """
    inline: Parameters = {
        pid.KEY_HASH: [guid],
        pid.STATUS_INFO: [struct.pack(">I", _GONE)],
    }
    return pid.write_payload({kind: [guid]}), inline


def read_end(payload: bytes, inline: Parameters, kind: int) -> bytes | None:
    """Return the GUID of what ends, or None if this tells of no end.

    Raises:
        ValueError: If it tells of an end without saying whose.
    """
    status = inline.get(pid.STATUS_INFO)
    if not status or len(status[0]) < 4 or not status[0][3] & _GONE:
        return None
    if inline.get(pid.KEY_HASH):
        return _guid(inline, pid.KEY_HASH)
    found, _ = pid.read_payload(payload)
    return _guid(found, kind, pid.KEY_HASH)


def _guid(found: Parameters, *kinds: int) -> bytes:
    for kind in kinds:
        for value in found.get(kind, ()):
            if len(value) >= 16:
                return value[:16]
    raise ValueError("RTPS discovery data without a GUID")
