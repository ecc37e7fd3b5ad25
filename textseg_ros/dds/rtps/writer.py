"""The reliable writer's side of RTPS: what was written, who has it and what goes out.

Source:
    OMG DDSI-RTPS 2.3, 8.4.9 (stateful writer).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from textseg_ros.dds.rtps.parameters import Parameters
from textseg_ros.dds.rtps.wire import AckNack, Data, Gap, Heartbeat, NackFrag, Submessage

FRAGMENT_BYTES = 8192
_MOST_REPEATED = 64
_HEARTBEAT_S, _HEARTBEAT_MOST_S = 0.05, 1.0
_KEEP_S = 10.0
"""How long a sample is kept though all have it: whom it concerns may be found only later."""


@dataclass(frozen=True, slots=True)
class _Change:
    payload: bytes
    inline: Parameters
    is_key: bool
    only: bytes | None
    until_s: float

    def concerns(self, reader_guid: bytes, is_late: bool) -> bool:
        """Return whether a reader gets it; one that matched later only what is meant for it.

        Discovery may take longer than an answer, so that the client's reader is not known yet.
        """
        return not is_late if self.only is None else reader_guid.startswith(self.only)


@dataclass(slots=True)
class _ReaderProxy:
    since: int  # samples up to here were written before the match and do not concern it
    acknowledged: int
    due_s: float = 0.0
    pause_s: float = _HEARTBEAT_S
    repeated: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class ReliableWriter:
    """Keeps the newest samples until every matched reader has them.

    Every method that sends returns (GUID of a reader, submessages for it) pairs.

    Attributes:
        entity_id: Of the writer.
        depth: Samples kept; None for all, which readers that come later get too.
    """

    entity_id: bytes
    depth: int | None
    _last: int = 0
    _count: int = 0
    _changes: dict[int, _Change] = field(default_factory=dict)
    _readers: dict[bytes, _ReaderProxy] = field(default_factory=dict)

    @property
    def readers(self) -> tuple[bytes, ...]:
        """GUIDs of the matched readers."""
        return tuple(self._readers)

    def match(self, reader_guid: bytes, now_s: float) -> list[Submessage]:
        """Add a reader; return what it gets at once."""
        if reader_guid in self._readers:
            return []
        since = 0 if self.depth is None else self._last
        concerned = [
            number
            for number, change in self._changes.items()
            if change.concerns(reader_guid, number <= since)
        ]
        acknowledged = min(concerned, default=since + 1) - 1
        self._readers[reader_guid] = _ReaderProxy(since, acknowledged, now_s + _HEARTBEAT_S)
        return [*self._send(reader_guid, concerned), self._heartbeat()]

    def unmatch(self, reader_guid: bytes) -> None:
        """Forget a reader."""
        self._readers.pop(reader_guid, None)

    def write(
        self,
        payload: bytes,
        inline: Parameters,
        now_s: float,
        *,
        is_key: bool = False,
        only: bytes | None = None,
    ) -> tuple[int, list[tuple[bytes, list[Submessage]]]]:
        """Add a sample; return its number and what to send.

        Args:
            payload: Serialised data with header.
            inline: Inline QoS.
            now_s: Monotonic seconds.
            is_key: The payload is only a key.
            only: First bytes of the GUIDs of the readers that it concerns; None for all.
        """
        self._last += 1
        self._changes[self._last] = _Change(payload, inline, is_key, only, now_s + _KEEP_S)
        if self.depth is not None and len(self._changes) > self.depth:
            del self._changes[min(self._changes)]
        outgoing: list[tuple[bytes, list[Submessage]]] = []
        for guid, reader in self._readers.items():
            reader.due_s, reader.pause_s = now_s + _HEARTBEAT_S, _HEARTBEAT_S
            outgoing.append((guid, [*self._send(guid, [self._last]), self._heartbeat()]))
        return self._last, outgoing

    def on_acknack(self, reader_guid: bytes, message: AckNack) -> list[Submessage]:
        """Take what a reader has; return what it misses."""
        reader = self._readers.get(reader_guid)
        if reader is None:
            return []
        reader.acknowledged = max(reader.acknowledged, message.base - 1)
        missing = [n for n in message.missing if n <= self._last][:_MOST_REPEATED]
        if missing:
            return [*self._send(reader_guid, missing), self._heartbeat()]
        return [] if message.final else [self._heartbeat()]

    def on_nackfrag(self, reader_guid: bytes, message: NackFrag) -> list[Submessage]:
        """Return the fragments that a reader misses."""
        change = self._changes.get(message.sequence)
        if reader_guid not in self._readers or change is None:
            return []
        pieces = _fragments(reader_guid, self.entity_id, message.sequence, change)
        wanted = set(message.missing)
        return [*(piece for piece in pieces if piece.fragment in wanted), self._heartbeat()]

    def due(self, now_s: float) -> list[tuple[bytes, list[Submessage]]]:
        """Return a heartbeat for each reader that has not told that it has everything.

        Samples that all have are forgotten: answers with pictures are megabytes each.
        """
        if self.depth is not None:
            self._forget(now_s)
        outgoing: list[tuple[bytes, list[Submessage]]] = []
        for guid, reader in self._readers.items():
            if reader.acknowledged < self._last and now_s >= reader.due_s:
                reader.due_s = now_s + reader.pause_s
                reader.pause_s = min(2 * reader.pause_s, _HEARTBEAT_MOST_S)
                outgoing.append((guid, [self._heartbeat()]))
        return outgoing

    def has_all(self, prefix: bytes) -> bool:
        """Return whether every matched reader of a participant has everything."""
        return all(
            reader.acknowledged >= self._last
            for guid, reader in self._readers.items()
            if guid.startswith(prefix)
        )

    def _forget(self, now_s: float) -> None:
        """Forget samples that have been kept for long and that every reader has."""
        everywhere = min((one.acknowledged for one in self._readers.values()), default=self._last)
        for number in [number for number in self._changes if number <= everywhere]:
            if now_s >= self._changes[number].until_s:
                del self._changes[number]

    def _heartbeat(self) -> Heartbeat:
        self._count += 1
        first = min(self._changes, default=self._last + 1)
        return Heartbeat(bytes(4), self.entity_id, first, self._last, self._count)

    def _send(self, reader_guid: bytes, numbers: Iterable[int]) -> list[Submessage]:
        since = self._readers[reader_guid].since
        sent: list[Submessage] = []
        for number in numbers:
            change = self._changes.get(number)
            if change is None or not change.concerns(reader_guid, number <= since):
                sent.append(Gap(reader_guid[12:], self.entity_id, number, number + 1))
            elif len(change.payload) > FRAGMENT_BYTES:
                sent += _fragments(reader_guid, self.entity_id, number, change)
            else:
                sent.append(
                    Data(
                        reader_guid[12:],
                        self.entity_id,
                        number,
                        change.payload,
                        change.inline,
                        change.is_key,
                    )
                )
        return sent


def _fragments(reader_guid: bytes, writer_id: bytes, number: int, change: _Change) -> list[Data]:
    """Return a sample in fragments; each carries the inline QoS, so that none is the only one."""
    payload = change.payload
    return [
        Data(
            reader_guid[12:],
            writer_id,
            number,
            payload[start : start + FRAGMENT_BYTES],
            change.inline,
            change.is_key,
            1 + start // FRAGMENT_BYTES,
            FRAGMENT_BYTES,
            len(payload),
        )
        for start in range(0, len(payload), FRAGMENT_BYTES)
    ]
