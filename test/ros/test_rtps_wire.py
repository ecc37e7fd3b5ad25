"""RTPS packets, byte by byte as the specification has them."""

import struct

import pytest

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.dds.rtps import discovery
from textseg_ros.dds.rtps import parameters as pid
from textseg_ros.dds.rtps.discovery import EndpointData, ParticipantData
from textseg_ros.dds.rtps.parameters import Locator
from textseg_ros.dds.rtps.wire import (
    AckNack,
    Data,
    Gap,
    Heartbeat,
    NackFrag,
    Submessage,
    read_packet,
    write_packet,
    write_submessage,
)

READER, WRITER = b"\x00\x00\x01\x04", b"\x00\x00\x02\x03"
HERE, THERE = b"here is me!!", b"there is you"
LATE = (3 << 32) + 7  # a sequence number that needs both words


def sent(*messages: Submessage) -> bytes:
    return write_packet(HERE, THERE, [write_submessage(message) for message in messages])


@pytest.mark.parametrize(
    "message",
    [
        Data(READER, WRITER, LATE, b"\x00\x01\x00\x00abcd"),
        Data(READER, WRITER, 1, b"", {pid.STATUS_INFO: [b"\x00\x00\x00\x03"]}),
        Data(READER, WRITER, 1, b"\x00\x03\x00\x00\x01\x00\x00\x00", {}, True),
        Data(READER, WRITER, 5, bytes(8), {}, False, 3, 8, 100),
        Heartbeat(READER, WRITER, 1, LATE, 9),
        Heartbeat(READER, WRITER, 8, 7, 9, final=True),
        AckNack(READER, WRITER, LATE, (LATE, LATE + 31, LATE + 32, LATE + 255), 4),
        AckNack(READER, WRITER, 1, (), 4, final=True),
        Gap(READER, WRITER, 2, 9, (11, 14)),
        NackFrag(READER, WRITER, LATE, (2, 3, 250), 6),
    ],
)
def test_a_submessage_is_read_as_it_was_written(message: Submessage) -> None:
    (received,) = read_packet(sent(message))

    assert received.submessage == message
    assert (received.source, received.destination) == (HERE, THERE)


def test_a_heartbeat_has_the_bytes_of_the_specification() -> None:
    packet = sent(Heartbeat(READER, WRITER, 1, 2, 3))

    assert packet[:8] == b"RTPS\x02\x03\x01\x7e"
    assert packet[20:24] == b"\x0e\x01\x0c\x00"  # INFO_DST, little-endian, 12 bytes
    assert packet[36:40] == b"\x07\x01\x1c\x00"  # HEARTBEAT of 28 bytes
    numbers = struct.pack("<iIiII", 0, 1, 0, 2, 3)
    assert packet[40:] == READER + WRITER + numbers


def test_a_big_endian_acknack_is_read() -> None:
    body = READER + WRITER + struct.pack(">iIIII", 0, 5, 2, 0x40000000, 8)
    packet = b"RTPS\x02\x01\x01\x0f" + HERE + b"\x06\x00" + struct.pack(">H", len(body)) + body

    (received,) = read_packet(packet)

    assert received.submessage == AckNack(READER, WRITER, 5, (6,), 8)


def test_submessages_of_other_kinds_are_passed_over() -> None:
    unknown = b"\x80\x01\x04\x00abcd"
    packet = write_packet(
        HERE, THERE, [unknown, write_submessage(Heartbeat(READER, WRITER, 1, 1, 1))]
    )

    assert [type(each.submessage) for each in read_packet(packet)] == [Heartbeat]


@pytest.mark.parametrize("kept", [0, 19, 38, 45, 60])
def test_a_cut_packet_is_refused_or_passed_over_but_never_misread(kept: int) -> None:
    whole = sent(AckNack(READER, WRITER, 5, (6,), 8))

    try:
        received = list(read_packet(whole[:kept]))
    except ValueError:
        received = []

    assert received == []


def test_damaged_packets_raise_nothing_but_value_errors() -> None:
    whole = sent(
        Data(READER, WRITER, 5, bytes(8), {pid.KEY_HASH: [bytes(16)]}, False, 3, 8, 100),
        NackFrag(READER, WRITER, LATE, (2, 3, 250), 6),
    )

    for position in range(20, len(whole)):
        for value in (0, 0x7F, 0xFF):
            damaged = bytearray(whole)
            damaged[position] = value
            try:
                list(read_packet(bytes(damaged)))
            except ValueError:
                continue


def test_a_related_sample_is_found_under_both_of_its_names() -> None:
    (identity,) = pid.write_identity(HERE + READER, LATE)

    for kind in (pid.RELATED_SAMPLE_IDENTITY, pid.RELATED_SAMPLE_IDENTITY_FAST_DDS):
        assert pid.read_identity({kind: [identity]}) == (HERE + READER, LATE)
    assert pid.read_identity({}) is None
    assert pid.read_identity({pid.RELATED_SAMPLE_IDENTITY: [bytes(24)]}) is None


def test_a_participant_is_read_as_it_was_written() -> None:
    data = ParticipantData(
        HERE, (Locator("127.0.0.1", 7410),), (Locator("10.1.2.3", 7411),), 20, b"enclave=/;"
    )

    assert discovery.read_participant(discovery.write_participant(data)) == data


def test_an_endpoint_is_read_as_it_was_written() -> None:
    data = EndpointData(
        HERE + WRITER, "rr/a/bReply", "p::srv::dds_::S_Response_", True, b"typehash=x;"
    )

    assert discovery.read_endpoint(discovery.write_endpoint(data)) == data


def test_the_end_of_an_endpoint_names_it_by_its_key_or_its_key_hash() -> None:
    payload, inline = discovery.write_end(HERE + WRITER, pid.ENDPOINT_GUID)
    by_payload = {kind: value for kind, value in inline.items() if kind != pid.KEY_HASH}

    assert discovery.read_end(payload, inline, pid.ENDPOINT_GUID) == HERE + WRITER
    assert discovery.read_end(payload, by_payload, pid.ENDPOINT_GUID) == HERE + WRITER
    assert discovery.read_end(payload, {}, pid.ENDPOINT_GUID) is None


def test_locators_of_other_kinds_are_passed_over() -> None:
    shared_memory = struct.pack("<iI16s", 16, 7, bytes(16))
    udp6 = struct.pack("<iI16s", 2, 7410, bytes(15) + b"\x01")
    udp4 = pid.write_locator(Locator("10.0.0.7", 7412))

    assert pid.read_locators([shared_memory, udp6, udp4, udp4], "<") == (
        Locator("10.0.0.7", 7412),
    )
