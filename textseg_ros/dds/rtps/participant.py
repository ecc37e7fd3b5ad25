"""An RTPS participant: discovery, endpoints, and the thread that serves them."""

import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable

from textseg_ros.dds.rtps import discovery
from textseg_ros.dds.rtps import parameters as pid
from textseg_ros.dds.rtps.discovery import EndpointData, ParticipantData
from textseg_ros.dds.rtps.endpoints import Endpoint, SampleCallback, TopicReader
from textseg_ros.dds.rtps.outbox import Outbox, Outgoing
from textseg_ros.dds.rtps.parameters import Parameters
from textseg_ros.dds.rtps.peers import Peers
from textseg_ros.dds.rtps.reader import Sample
from textseg_ros.dds.rtps.sockets import Sockets
from textseg_ros.dds.rtps.wire import (
    VENDOR,
    AckNack,
    Data,
    Gap,
    Heartbeat,
    NackFrag,
    Received,
    read_packet,
    write_packet,
    write_submessage,
)
from textseg_ros.dds.rtps.writer import ReliableWriter
from textseg_ros.rmw_environment import DdsSettings

_LOGGER = logging.getLogger(__name__)
_TICK_S = 0.05
_ANNOUNCE_S, _ANNOUNCE_FIRST_S, _EAGER = 3.0, 0.3, 5
_DATAGRAM_BYTES = 65_536
_PACKETS_AT_ONCE = 64
_DEPTH = 10
_SERVICE_TOPICS = ("rq/", "rr/")


class RtpsWriter:
    """Writes samples with inline QoS; made by `RtpsParticipant.writer`."""

    def __init__(self, participant: "RtpsParticipant", endpoint: Endpoint) -> None:
        self._participant, self._endpoint = participant, endpoint
        self.guid = endpoint.data.guid

    def write(self, payload: bytes, inline: Parameters, only: bytes | None = None) -> int:
        """Send a sample; return its sequence number. Safe in any thread.

        Args:
            payload: Serialised data with its header.
            inline: Inline QoS.
            only: First bytes of the GUIDs of the readers that it concerns; None for all.

        Raises:
            RuntimeError: If the participant is closed.
        """
        return self._participant.write(self._endpoint, payload, inline, only)

    def matched(self) -> tuple[EndpointData, ...]:
        """Return the readers that receive this writer."""
        return self._participant.matched(self._endpoint)


class RtpsReader:
    """Receives samples with inline QoS; made by `RtpsParticipant.reader`."""

    def __init__(self, participant: "RtpsParticipant", endpoint: Endpoint) -> None:
        self._participant, self._endpoint = participant, endpoint
        self.guid = endpoint.data.guid

    def matched(self) -> tuple[EndpointData, ...]:
        """Return the writers that this reader receives."""
        return self._participant.matched(self._endpoint)


class RtpsParticipant:
    """Takes part in a DDS domain with reliable, volatile endpoints of services.

    One thread receives and calls back; writing is allowed in any thread.

    Args:
        settings: Domain and discovery; of the latter what ROS 2's variables say, not what
            CYCLONEDDS_URI does.
        on_error: Called with a topic and what a callback raised there.

    Raises:
        RuntimeError: If no port is free.
    """

    def __init__(self, settings: DdsSettings, on_error: Callable[[str, Exception], None]) -> None:
        self.prefix = VENDOR + os.urandom(10)
        self._on_error = on_error
        self._sockets = Sockets(settings)
        locators = self._sockets.locators
        self._own = ParticipantData(self.prefix, locators, locators)
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._peers = Peers()
        self._outbox = Outbox(self.prefix, self._sockets, self._peers.locators)
        self._endpoints: dict[bytes, Endpoint] = {}
        self._keys = 0
        self._announced = 0
        self._announce_due_s = 0.0
        self._eager = _EAGER
        self._publications = ReliableWriter(discovery.PUBLICATIONS_WRITER, None)
        self._subscriptions = ReliableWriter(discovery.SUBSCRIPTIONS_WRITER, None)
        self._writers: dict[bytes, ReliableWriter] = {
            writer.entity_id: writer for writer in (self._publications, self._subscriptions)
        }
        self._readers: dict[bytes, TopicReader] = {
            entity: TopicReader(entity, self._on_endpoint, ordered=True)
            for entity in (discovery.PUBLICATIONS_READER, discovery.SUBSCRIPTIONS_READER)
        }
        self._selector = selectors.DefaultSelector()
        for each in self._sockets.receivers:
            self._selector.register(each, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="rtps", daemon=True)
        self._thread.start()

    def writer(self, topic: str, type_name: str, user_data: bytes = b"") -> RtpsWriter:
        """Add a writer.

        Args:
            topic: DDS topic.
            type_name: DDS type.
            user_data: Free bytes for discovery.

        Raises:
            RuntimeError: If the participant is closed.
        """
        with self._lock:
            entity = self._new_entity(discovery.WRITER_KIND)
            writer = ReliableWriter(entity, _DEPTH)
            data = EndpointData(self.prefix + entity, topic, type_name, True, user_data)
            endpoint = Endpoint(data, writer=writer)
            self._writers[entity] = writer
            self._add(endpoint, self._publications)
        return RtpsWriter(self, endpoint)

    def reader(
        self, topic: str, type_name: str, on_sample: SampleCallback, user_data: bytes = b""
    ) -> RtpsReader:
        """Add a reader, whose callback runs in the participant's thread.

        Raises:
            RuntimeError: If the participant is closed.
        """
        with self._lock:
            entity = self._new_entity(discovery.READER_KIND)
            reader = TopicReader(entity, on_sample, ordered=False)
            data = EndpointData(self.prefix + entity, topic, type_name, True, user_data)
            endpoint = Endpoint(data, reader=reader)
            self._readers[entity] = reader
            self._add(endpoint, self._subscriptions)
        return RtpsReader(self, endpoint)

    def write(
        self, endpoint: Endpoint, payload: bytes, inline: Parameters, only: bytes | None
    ) -> int:
        """Send a sample of one of our writers; see `RtpsWriter.write`."""
        with self._lock:
            self._check_open()
            if endpoint.writer is None:
                raise ValueError(f"the endpoint of {endpoint.data.topic} is a reader")
            now_s = time.monotonic()
            sequence, outgoing = endpoint.writer.write(payload, inline, now_s, only=only)
            packets = self._outbox.packed(outgoing)
        self._outbox.send(packets)
        return sequence

    def matched(self, endpoint: Endpoint) -> tuple[EndpointData, ...]:
        """Return the other ends of one of our endpoints."""
        with self._lock:
            return tuple(endpoint.matched.values())

    def remove(self, *ends: RtpsWriter | RtpsReader) -> None:
        """Take endpoints away again; nothing happens to those that have gone."""
        with self._lock:
            for end in ends:
                endpoint = self._endpoints.pop(end.guid, None)
                if endpoint is None or self._closed.is_set():
                    continue
                self._writers.pop(end.guid[12:], None)
                self._readers.pop(end.guid[12:], None)
                of = self._subscriptions if endpoint.writer is None else self._publications
                payload, inline = discovery.write_end(end.guid, pid.ENDPOINT_GUID)
                _, outgoing = of.write(payload, inline, time.monotonic(), is_key=True)
                self._outbox.post(outgoing)

    def close(self) -> None:
        """Tell the others and end the thread; a callback under way is waited for."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            end = discovery.write_end(self.prefix + discovery.PARTICIPANT, pid.PARTICIPANT_GUID)
            everywhere = (*self._sockets.announced_to, *self._peers.discovery_locators())
            packet = self._announcement(bytes(12), end)
            self._sockets.send(packet, tuple(dict.fromkeys(everywhere)))
            self._selector.close()
            self._sockets.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError("the RTPS participant is closed")

    def _new_entity(self, kind: int) -> bytes:
        self._check_open()
        self._keys += 1
        return self._keys.to_bytes(3, "big") + bytes([kind])

    def _add(self, endpoint: Endpoint, announcer: ReliableWriter) -> None:
        self._endpoints[endpoint.data.guid] = endpoint
        now_s = time.monotonic()
        _, outgoing = announcer.write(discovery.write_endpoint(endpoint.data), {}, now_s)
        for other in self._peers.endpoints:
            outgoing += self._match(endpoint, other, now_s)
        self._outbox.post(outgoing)

    # Receiving, in the participant's thread.

    def _run(self) -> None:
        while not self._closed.is_set():
            self._serve()

    def _serve(self) -> None:
        """Do what has come and what is due; the thread serves everything and must not end."""
        try:
            for key, _ in self._selector.select(_TICK_S):
                self._receive(key.fileobj)  # type: ignore[arg-type]  # sockets only
            self._tick(time.monotonic())
        except Exception as error:
            _LOGGER.error("RTPS participant: %s: %s", type(error).__name__, error)
            self._closed.wait(_TICK_S)

    def _receive(self, source: socket.socket) -> None:
        for _ in range(_PACKETS_AT_ONCE):  # then the clock's work, however much arrives
            try:
                packet = source.recv(_DATAGRAM_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            try:
                for received in read_packet(packet):
                    self._handle(received)
            except ValueError as error:
                _LOGGER.debug("packet passed over: %s", error)

    def _handle(self, received: Received) -> None:
        if received.source == self.prefix:
            return
        if any(received.destination) and received.destination != self.prefix:
            return
        message = received.submessage
        delivered: list[tuple[TopicReader, Sample]] = []
        with self._lock:
            self._peers.hear(received.source, time.monotonic())
            if isinstance(message, Data) and message.writer == discovery.SPDP_WRITER:
                self._on_participant(message)
            elif isinstance(message, AckNack | NackFrag):
                self._to_writer(received.source, message)
            else:
                delivered = self._to_readers(received.source, message)
        for reader, sample in delivered:
            self._deliver(reader, sample)

    def _deliver(self, reader: TopicReader, sample: Sample) -> None:
        try:
            reader.on_sample(sample)
        except Exception as error:  # one bad sample must not end the thread
            endpoint = self._endpoints.get(self.prefix + reader.entity_id)
            self._on_error("discovery" if endpoint is None else endpoint.data.topic, error)

    def _to_writer(self, source: bytes, message: AckNack | NackFrag) -> None:
        writer = self._writers.get(message.writer)
        if writer is None:
            return
        guid = source + message.reader
        if isinstance(message, AckNack):
            answer = writer.on_acknack(guid, message)
        else:
            answer = writer.on_nackfrag(guid, message)
        self._outbox.post([(guid, answer)])

    def _to_readers(
        self, source: bytes, message: Data | Gap | Heartbeat
    ) -> list[tuple[TopicReader, Sample]]:
        guid = source + message.writer
        if any(message.reader):
            named = self._readers.get(message.reader)
            readers = [] if named is None else [named]
        else:
            readers = list(self._readers.values())
        delivered: list[tuple[TopicReader, Sample]] = []
        for reader in readers:
            proxy = reader.writers.get(guid)
            if proxy is None:
                continue
            if isinstance(message, Data):
                samples = proxy.on_data(message)
            elif isinstance(message, Gap):
                samples = proxy.on_gap(message)
            else:
                samples, answers = proxy.on_heartbeat(message)
                self._outbox.post([(guid, list(answers))])
            delivered += [(reader, sample) for sample in samples]
        return delivered

    # Discovery.

    def _on_participant(self, message: Data) -> None:
        ended = discovery.read_end(message.payload, message.inline, pid.PARTICIPANT_GUID)
        if ended is not None:
            self._forget(ended[:12])
            return
        data = discovery.read_participant(message.payload)
        now_s = time.monotonic()
        if data.prefix == self.prefix or not self._peers.greet(data, now_s):
            return
        # The answer may get lost, and until the next one the newcomer knows nothing of us.
        self._announce_due_s, self._eager = now_s + _ANNOUNCE_FIRST_S, _EAGER
        packet = self._announcement(data.prefix, (discovery.write_participant(self._own), {}))
        self._sockets.send(packet, self._sockets.reachable(data.discovery))
        outgoing: Outgoing = []
        for writer, reader_id in (
            (self._publications, discovery.PUBLICATIONS_READER),
            (self._subscriptions, discovery.SUBSCRIPTIONS_READER),
        ):
            guid = data.prefix + reader_id
            outgoing.append((guid, writer.match(guid, now_s)))
        for reader_id, writer_id in (
            (discovery.PUBLICATIONS_READER, discovery.PUBLICATIONS_WRITER),
            (discovery.SUBSCRIPTIONS_READER, discovery.SUBSCRIPTIONS_WRITER),
        ):
            guid = data.prefix + writer_id
            self._readers[reader_id].match(guid, of_fast_dds=self._peers.is_fast_dds(guid))
        self._outbox.post(outgoing)

    def _on_endpoint(self, sample: Sample) -> None:
        with self._lock:
            ended = discovery.read_end(sample.payload, sample.inline, pid.ENDPOINT_GUID)
            if ended is not None:
                self._unmatch(ended)
                return
            data = discovery.read_endpoint(sample.payload)
            if not data.topic.startswith(_SERVICE_TOPICS):
                return
            self._peers.add(data)
            outgoing: Outgoing = []
            for endpoint in self._endpoints.values():
                outgoing += self._match(endpoint, data, time.monotonic())
            self._outbox.post(outgoing)

    def _match(self, own: Endpoint, other: EndpointData, now_s: float) -> Outgoing:
        return own.match(other, now_s, of_fast_dds=self._peers.is_fast_dds(other.guid))

    def _unmatch(self, guid: bytes) -> None:
        self._peers.drop(guid)
        for endpoint in self._endpoints.values():
            endpoint.unmatch(guid)

    def _forget(self, prefix: bytes) -> None:
        for guid in self._peers.forget(prefix):
            self._unmatch(guid)
        for writer in (self._publications, self._subscriptions):
            for guid in [guid for guid in writer.readers if guid.startswith(prefix)]:
                writer.unmatch(guid)
        for reader in self._readers.values():
            for guid in [guid for guid in reader.writers if guid.startswith(prefix)]:
                del reader.writers[guid]

    def _announcement(self, destination: bytes, content: tuple[bytes, Parameters]) -> bytes:
        """Return a packet with what this participant tells of itself: that it is, or its end."""
        payload, inline = content
        self._announced += 1
        data = Data(
            discovery.SPDP_READER,
            discovery.SPDP_WRITER,
            self._announced,
            payload,
            inline,
            is_key=bool(inline),
        )
        return write_packet(self.prefix, destination, [write_submessage(data)])

    # What is due.

    def _tick(self, now_s: float) -> None:
        with self._lock:
            if now_s >= self._announce_due_s:
                self._announce_due_s = now_s + (_ANNOUNCE_FIRST_S if self._eager else _ANNOUNCE_S)
                self._eager = max(0, self._eager - 1)
                packet = self._announcement(
                    bytes(12), (discovery.write_participant(self._own), {})
                )
                self._sockets.send(packet, self._sockets.announced_to)
            for prefix in self._peers.silent(now_s):
                self._forget(prefix)
            outgoing: Outgoing = []
            for writer in self._writers.values():
                outgoing += writer.due(now_s)
            for reader in self._readers.values():
                outgoing += reader.due(now_s)
            packets = self._outbox.packed(outgoing)
        self._outbox.send(packets)
