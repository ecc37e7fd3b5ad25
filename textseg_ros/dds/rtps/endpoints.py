"""A participant's own endpoints and whom they are matched with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from textseg_ros.dds.rtps.discovery import EndpointData
from textseg_ros.dds.rtps.outbox import Outgoing
from textseg_ros.dds.rtps.reader import Sample, WriterProxy
from textseg_ros.dds.rtps.writer import ReliableWriter

SampleCallback = Callable[[Sample], None]

_WRITER_KINDS = (0x02, 0x03)  # with and without key: low bits of an entity id's last byte
_HELLO_S = 0.25


class TopicReader:
    """Reliable reader of one topic: a WriterProxy for each matched writer.

    Args:
        entity_id: Of the reader.
        on_sample: Called with each sample.
        ordered: Deliver in each writer's order; for discovery, whose writers repeat themselves.
    """

    def __init__(self, entity_id: bytes, on_sample: SampleCallback, *, ordered: bool) -> None:
        self.entity_id, self.on_sample, self._ordered = entity_id, on_sample, ordered
        self.writers: dict[bytes, WriterProxy] = {}
        self._hello_due_s = 0.0

    def match(self, guid: bytes, *, of_fast_dds: bool = False) -> None:
        """Add a writer."""
        if guid not in self.writers:
            self.writers[guid] = WriterProxy(guid, self.entity_id, self._ordered, of_fast_dds)
            self._hello_due_s = 0.0

    def due(self, now_s: float) -> Outgoing:
        """Return what makes writers speak: those that have not, and those that seldom do."""
        if now_s < self._hello_due_s:
            return []
        self._hello_due_s = now_s + _HELLO_S
        return [
            (guid, [proxy.hello()])
            for guid, proxy in self.writers.items()
            if not proxy.heard or (proxy.of_fast_dds and not self._ordered)
        ]


@dataclass(slots=True, eq=False)
class Endpoint:
    """One endpoint that is announced: a writer or a reader.

    Attributes:
        data: What is announced.
        writer: Its state, if it is a writer.
        reader: Its state, if it is a reader.
        matched: The other ends by their GUIDs.
    """

    data: EndpointData
    writer: ReliableWriter | None = None
    reader: TopicReader | None = None
    matched: dict[bytes, EndpointData] = field(default_factory=dict)

    def match(self, other: EndpointData, now_s: float, *, of_fast_dds: bool) -> Outgoing:
        """Match another endpoint if it fits; return what it gets at once."""
        if (self.data.topic, self.data.type_name) != (other.topic, other.type_name):
            return []
        is_writer = other.guid[15] & 0x0F in _WRITER_KINDS
        if self.reader is not None and is_writer and other.reliable:
            self.matched[other.guid] = other
            self.reader.match(other.guid, of_fast_dds=of_fast_dds)
        elif self.writer is not None and not is_writer:
            self.matched[other.guid] = other
            return [(other.guid, self.writer.match(other.guid, now_s))]
        return []

    def unmatch(self, guid: bytes) -> None:
        """Forget another endpoint."""
        if self.matched.pop(guid, None) is None:
            return
        if self.writer is not None:
            self.writer.unmatch(guid)
        if self.reader is not None:
            self.reader.writers.pop(guid, None)
