"""RTPS messages: packets to submessages and back; no state.

Source:
    OMG DDSI-RTPS 2.3 (formal/19-04-03), 9.4.5 for the submessages, 9.4.2 for their elements.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from textseg_ros.dds.rtps.parameters import Parameters, read_parameters, write_parameters

VENDOR = b"\x01\x7e"  # assigned to nobody
_HEADER = b"RTPS\x02\x03" + VENDOR
HEADER_BYTES = 20
_ACKNACK, _HEARTBEAT, _GAP, _INFO_TS, _INFO_SRC, _INFO_DST = 0x06, 0x07, 0x08, 0x09, 0x0C, 0x0E
_NACK_FRAG, _DATA, _DATA_FRAG = 0x12, 0x15, 0x16
_LITTLE = 0x01
_MOST_BITS = 256

UNKNOWN_ENTITY = bytes(4)


@dataclass(frozen=True, slots=True)
class Data:
    """A whole sample, or one fragment of it.

    Attributes:
        reader: Entity id of the reader meant, `UNKNOWN_ENTITY` for all.
        writer: Entity id of the writer.
        sequence: Number of the sample, from 1.
        payload: Serialised data with its header; of a fragment, its part.
        inline: Inline QoS.
        is_key: The payload is only a key.
        fragment: First fragment held, from 1; 0 for a whole sample.
        fragment_bytes: Size of every fragment but the last.
        sample_bytes: Size of the whole sample.
    """

    reader: bytes
    writer: bytes
    sequence: int
    payload: bytes
    inline: Parameters = field(default_factory=dict)
    is_key: bool = False
    fragment: int = 0
    fragment_bytes: int = 0
    sample_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a writer still has: `first` to `last`; `first` = `last` + 1 for nothing."""

    reader: bytes
    writer: bytes
    first: int
    last: int
    count: int
    final: bool = False


@dataclass(frozen=True, slots=True)
class AckNack:
    """A reader has all below `base` and misses `missing`."""

    reader: bytes
    writer: bytes
    base: int
    missing: tuple[int, ...]
    count: int
    final: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples `start` to `base` - 1 and `others` do not concern the reader."""

    reader: bytes
    writer: bytes
    start: int
    base: int
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NackFrag:
    """A reader misses fragments of a sample."""

    reader: bytes
    writer: bytes
    sequence: int
    missing: tuple[int, ...]
    count: int


Submessage: TypeAlias = Data | Heartbeat | AckNack | Gap | NackFrag


@dataclass(frozen=True, slots=True)
class Received:
    """A submessage, where it came from and whom it is for.

    Attributes:
        source: Prefix of the sender's GUIDs, 12 bytes.
        destination: Prefix of the receiver's, zeros for everyone.
        submessage: Its content.
    """

    source: bytes
    destination: bytes
    submessage: Submessage


def write_packet(source: bytes, destination: bytes, submessages: Iterable[bytes]) -> bytes:
    """Return a packet from one participant to another."""
    parts = [_HEADER, source]
    if any(destination):
        parts.append(_submessage(_INFO_DST, 0, destination))
    return b"".join([*parts, *submessages])


def write_submessage(message: Submessage) -> bytes:
    """Return the bytes of a submessage, little-endian."""
    ends = message.reader + message.writer
    if isinstance(message, Data):
        return _write_data(message, ends)
    if isinstance(message, Heartbeat):
        body = ends + _number(message.first) + _number(message.last)
        flags = 0x02 if message.final else 0
        return _submessage(_HEARTBEAT, flags, body + struct.pack("<I", message.count))
    if isinstance(message, AckNack):
        body = ends + _number_set(message.base, message.missing)
        flags = 0x02 if message.final else 0
        return _submessage(_ACKNACK, flags, body + struct.pack("<I", message.count))
    if isinstance(message, Gap):
        body = ends + _number(message.start) + _number_set(message.base, message.others)
        return _submessage(_GAP, 0, body)
    base = message.missing[0]
    body = ends + _number(message.sequence) + struct.pack("<I", base)
    body += _bits(base, message.missing) + struct.pack("<I", message.count)
    return _submessage(_NACK_FRAG, 0, body)


def read_packet(packet: bytes) -> Iterator[Received]:
    """Yield the submessages of a packet that are handled here; others are passed over.

    Raises:
        ValueError: If the packet is damaged; what came before the damage has been yielded.
    """
    if len(packet) < HEADER_BYTES or packet[:4] != b"RTPS":
        raise ValueError(f"no RTPS packet: {packet[:8].hex()}")
    source, destination = packet[8:20], bytes(12)
    position = HEADER_BYTES
    while position + 4 <= len(packet):
        kind, flags = packet[position], packet[position + 1]
        order = "<" if flags & _LITTLE else ">"
        (length,) = struct.unpack_from(order + "H", packet, position + 2)
        start = position + 4
        end = start + length if length or kind == _INFO_TS else len(packet)
        if end > len(packet):
            raise ValueError(f"RTPS submessage {kind:#x} of {length} bytes is cut off")
        body = packet[start:end]
        position = end
        try:
            if kind == _INFO_DST:
                destination = body[:12]
            elif kind == _INFO_SRC:
                source = body[8:20]
            else:
                message = _read_submessage(kind, flags, order, body)
                if message is not None:
                    yield Received(source, destination, message)
        except (struct.error, IndexError) as error:
            raise ValueError(f"RTPS submessage {kind:#x} is damaged: {error}") from error


def _read_submessage(kind: int, flags: int, order: str, body: bytes) -> Submessage | None:
    if kind in (_DATA, _DATA_FRAG):
        return _read_data(kind, flags, order, body)
    if kind not in (_HEARTBEAT, _ACKNACK, _GAP, _NACK_FRAG):
        return None
    ends = (body[:4], body[4:8])
    if kind == _HEARTBEAT:
        first, last = _read_number(order, body, 8), _read_number(order, body, 16)
        (count,) = struct.unpack_from(order + "I", body, 24)
        return Heartbeat(*ends, first, last, count, bool(flags & 0x02))
    if kind == _ACKNACK:
        base = _read_number(order, body, 8)
        missing, position = _read_bits(order, body, 16, base)
        (count,) = struct.unpack_from(order + "I", body, position)
        return AckNack(*ends, base, missing, count, bool(flags & 0x02))
    if kind == _GAP:
        start, base = _read_number(order, body, 8), _read_number(order, body, 16)
        return Gap(*ends, start, base, _read_bits(order, body, 24, base)[0])
    sequence = _read_number(order, body, 8)
    (base,) = struct.unpack_from(order + "I", body, 16)
    missing, position = _read_bits(order, body, 20, base)
    (count,) = struct.unpack_from(order + "I", body, position)
    return NackFrag(*ends, sequence, missing, count)


def _read_data(kind: int, flags: int, order: str, body: bytes) -> Data:
    (to_inline,) = struct.unpack_from(order + "H", body, 2)
    sequence = _read_number(order, body, 12)
    position = 4 + to_inline
    inline: Parameters = {}
    if flags & 0x02:
        inline, position = read_parameters(body, position, order)
    if kind == _DATA:
        payload = body[position:] if flags & 0x0C else b""
        return Data(body[4:8], body[8:12], sequence, payload, inline, bool(flags & 0x08))
    first, _, size, total = struct.unpack_from(order + "IHHI", body, 20)
    if not first or not size:
        raise ValueError("RTPS fragment without number or size")
    payload = body[position:]
    is_key = bool(flags & 0x04)
    return Data(body[4:8], body[8:12], sequence, payload, inline, is_key, first, size, total)


def _write_data(data: Data, ends: bytes) -> bytes:
    inline = write_parameters(data.inline) if data.inline else b""
    flags = 0x02 if data.inline else 0
    head = ends + _number(data.sequence)
    if data.fragment:
        count = -(-len(data.payload) // data.fragment_bytes)
        head += struct.pack("<IHHI", data.fragment, count, data.fragment_bytes, data.sample_bytes)
        body = struct.pack("<HH", 0, 28) + head + inline + data.payload
        return _submessage(_DATA_FRAG, flags, body)
    flags |= (0x08 if data.is_key else 0x04) if data.payload else 0
    return _submessage(_DATA, flags, struct.pack("<HH", 0, 16) + head + inline + data.payload)


def _submessage(kind: int, flags: int, body: bytes) -> bytes:
    body = body.ljust(-(-len(body) // 4) * 4, b"\0")
    return struct.pack("<BBH", kind, flags | _LITTLE, len(body)) + body


def _number(value: int) -> bytes:
    return struct.pack("<iI", value >> 32, value & 0xFFFFFFFF)


def _read_number(order: str, body: bytes, position: int) -> int:
    high, low = struct.unpack_from(order + "iI", body, position)
    return (int(high) << 32) | int(low)


def _number_set(base: int, members: Sequence[int]) -> bytes:
    return _number(base) + _bits(base, members)


def _bits(base: int, members: Sequence[int]) -> bytes:
    near = [member - base for member in members if 0 <= member - base < _MOST_BITS]
    count = max(near) + 1 if near else 0
    words = [0] * (-(-count // 32))
    for bit in near:
        words[bit // 32] |= 1 << (31 - bit % 32)
    return struct.pack(f"<I{len(words)}I", count, *words)


def _read_bits(order: str, body: bytes, position: int, base: int) -> tuple[tuple[int, ...], int]:
    (count,) = struct.unpack_from(order + "I", body, position)
    if count > _MOST_BITS:
        raise ValueError(f"RTPS number set of {count} bits; {_MOST_BITS} are allowed")
    length = -(-count // 32)
    words = struct.unpack_from(f"{order}{length}I", body, position + 4)
    members = tuple(
        base + bit for bit in range(count) if words[bit // 32] & (1 << (31 - bit % 32))
    )
    return members, position + 4 + 4 * length
