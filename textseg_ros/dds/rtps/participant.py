"""An RTPS participant: discovery, endpoints, and the thread that serves them."""

import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from textseg_ros.dds.environment import DdsSettings
from textseg_ros.dds.rtps import discovery
from textseg_ros.dds.rtps import parameters as pid
from textseg_ros.dds.rtps.discovery import EndpointData, ParticipantData
from textseg_ros.dds.rtps.parameters import Locator, Parameters
from textseg_ros.dds.rtps.reader import Sample, WriterProxy
from textseg_ros.dds.rtps.sockets import Sockets
from textseg_ros.dds.rtps.wire import (
    VENDOR,
    AckNack,
    Data,
    Gap,
    Heartbeat,
    NackFrag,
    Received,
    Submessage,
    read_packet,
    write_packet,
    write_submessage,
)
from textseg_ros.dds.rtps.writer import ReliableWriter

_LOGGER = logging.getLogger(__name__)
_TICK_S = 0.05
_ANNOUNCE_S, _ANNOUNCE_FIRST_S, _FIRST = 3.0, 0.3, 5
_HELLO_S = 0.5
_PACKET_BYTES = 14_720  # as Cyclone DDS packs them
_DATAGRAM_BYTES = 65_536
_DEPTH = 10
_BURST_BYTES, _BURST_PAUSE_S = 128 << 10, 0.001
_END_WAIT_S = 0.2

SampleCallback = Callable[[Sample], None]
_Outgoing = list[tuple[bytes, list[Submessage]]]


@dataclass(slots=True)
class _Peer:
    data: ParticipantData
    heard_s: float


class _Reader:
    """Reliable reader of one topic: a WriterProxy for each matched writer."""

    def __init__(self, entity_id: bytes, on_sample: SampleCallback, ordered: bool) -> None:
        self.entity_id, self.on_sample, self.ordered = entity_id, on_sample, ordered
        self.writers: dict[bytes, WriterProxy] = {}
        self.hello_due_s = 0.0

    def match(self, guid: bytes) -> None:
        if guid not in self.writers:
            self.writers[guid] = WriterProxy(guid, self.entity_id, self.ordered)
            self.hello_due_s = 0.0


@dataclass(slots=True)
class _Endpoint:
    """One of our own endpoints that is announced, and the others that it is matched with."""

    data: EndpointData
    matched: dict[bytes, EndpointData]
    writer: ReliableWriter | None = None
    reader: _Reader | None = None


class RtpsWriter:
    """Writes samples with inline QoS; made by `RtpsParticipant.writer`."""

    def __init__(self, participant: "RtpsParticipant", endpoint: _Endpoint) -> None:
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

    def __init__(self, participant: "RtpsParticipant", endpoint: _Endpoint) -> None:
        self._participant, self._endpoint = participant, endpoint
        self.guid = endpoint.data.guid

    def matched(self) -> tuple[EndpointData, ...]:
        """Return the writers that this reader receives."""
        return self._participant.matched(self._endpoint)


class RtpsParticipant:
    """Takes part in a DDS domain with reliable, volatile endpoints.

    One thread receives and calls back; writing is allowed in any thread.

    Args:
        settings: Domain and discovery.
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
        self._peers: dict[bytes, _Peer] = {}
        self._remote: dict[bytes, EndpointData] = {}
        self._endpoints: dict[bytes, _Endpoint] = {}
        self._keys = 0
        self._announced = 0
        self._announce_due_s = 0.0
        self._publications = ReliableWriter(discovery.PUBLICATIONS_WRITER, None)
        self._subscriptions = ReliableWriter(discovery.SUBSCRIPTIONS_WRITER, None)
        self._writers: dict[bytes, ReliableWriter] = {
            writer.entity_id: writer for writer in (self._publications, self._subscriptions)
        }
        self._readers: dict[bytes, _Reader] = {
            entity: _Reader(entity, self._on_endpoint, ordered=True)
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
            self._writers[entity] = writer
            data = EndpointData(self.prefix + entity, topic, type_name, True, user_data)
            endpoint = _Endpoint(data, {}, writer=writer)
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
            reader = _Reader(entity, on_sample, ordered=False)
            self._readers[entity] = reader
            data = EndpointData(self.prefix + entity, topic, type_name, True, user_data)
            endpoint = _Endpoint(data, {}, reader=reader)
            self._add(endpoint, self._subscriptions)
        return RtpsReader(self, endpoint)

    def write(
        self, endpoint: _Endpoint, payload: bytes, inline: Parameters, only: bytes | None
    ) -> int:
        """Send a sample of one of our writers; see `RtpsWriter.write`."""
        with self._lock:
            self._check_open()
            assert_writer = endpoint.writer
            if assert_writer is None:
                raise ValueError("a reader writes nothing")
            sequence, outgoing = assert_writer.write(payload, inline, time.monotonic(), only=only)
            packets = self._packets(outgoing)
        self._send(packets)
        return sequence

    def matched(self, endpoint: _Endpoint) -> tuple[EndpointData, ...]:
        """Return the other ends of one of our endpoints."""
        with self._lock:
            return tuple(endpoint.matched.values())

    def remove(self, *ends: RtpsWriter | RtpsReader) -> None:
        """Take endpoints away again."""
        with self._lock:
            for end in ends:
                endpoint = self._endpoints.pop(end.guid, None)
                if endpoint is None or self._closed.is_set():
                    continue
                self._writers.pop(end.guid[12:], None)
                self._readers.pop(end.guid[12:], None)
                of = self._subscriptions if endpoint.writer is None else self._publications
                payload, inline = discovery.write_end(end.guid, pid.ENDPOINT_GUID)
                now_s = time.monotonic()
                _, outgoing = of.write(payload, inline, now_s, is_key=True)
                self._send(self._packets(outgoing))

    def close(self) -> None:
        """Tell the others and end the thread."""
        with self._lock:
            if self._closed.is_set():
                return
            self._closed.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            payload, inline = discovery.write_end(
                self.prefix + discovery.PARTICIPANT, pid.PARTICIPANT_GUID
            )
            self._announce(
                Data(
                    discovery.SPDP_READER,
                    discovery.SPDP_WRITER,
                    self._next_announcement(),
                    payload,
                    inline,
                    is_key=True,
                )
            )
            self._selector.close()
            self._sockets.close()

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise RuntimeError("the RTPS participant is closed")

    def _new_entity(self, kind: int) -> bytes:
        self._check_open()
        self._keys += 1
        return self._keys.to_bytes(3, "big") + bytes([kind])

    def _add(self, endpoint: _Endpoint, announcer: ReliableWriter) -> None:
        self._endpoints[endpoint.data.guid] = endpoint
        payload = discovery.write_endpoint(endpoint.data)
        _, outgoing = announcer.write(payload, {}, time.monotonic())
        for remote in self._remote.values():
            outgoing += self._match(endpoint, remote)
        self._send(self._packets(outgoing))

    def _match(self, own: _Endpoint, remote: EndpointData) -> _Outgoing:
        """Match two endpoints if they fit; return what to send."""
        if (own.data.topic, own.data.type_name) != (remote.topic, remote.type_name):
            return []
        is_writer = remote.guid[15] & 0x0F in (0x02, 0x03)
        if own.reader is not None and is_writer and remote.reliable:
            own.matched[remote.guid] = remote
            own.reader.match(remote.guid)
            return []
        if own.writer is not None and not is_writer:
            own.matched[remote.guid] = remote
            return [(remote.guid, own.writer.match(remote.guid, time.monotonic()))]
        return []

    def _unmatch(self, guid: bytes) -> None:
        self._remote.pop(guid, None)
        for endpoint in self._endpoints.values():
            if endpoint.matched.pop(guid, None) is not None:
                if endpoint.writer is not None:
                    endpoint.writer.unmatch(guid)
                if endpoint.reader is not None:
                    endpoint.reader.writers.pop(guid, None)

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
        for _ in range(64):  # then the clock's work, however much arrives
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
        message, delivered = received.submessage, []
        with self._lock:
            peer = self._peers.get(received.source)
            if peer is not None:
                peer.heard_s = time.monotonic()
            if isinstance(message, Data) and message.writer == discovery.SPDP_WRITER:
                self._on_participant(message)
            elif isinstance(message, AckNack | NackFrag):
                self._to_writer(received.source, message)
            else:
                delivered = self._to_readers(received.source, message)
        for reader, sample in delivered:
            self._deliver(reader, sample)

    def _deliver(self, reader: _Reader, sample: Sample) -> None:
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
        if answer:
            self._send(self._packets([(guid, answer)]))

    def _to_readers(
        self, source: bytes, message: Data | Gap | Heartbeat
    ) -> list[tuple[_Reader, Sample]]:
        guid = source + message.writer
        if any(message.reader):
            named = self._readers.get(message.reader)
            readers = [] if named is None else [named]
        else:
            readers = list(self._readers.values())
        delivered: list[tuple[_Reader, Sample]] = []
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
                if answers:
                    self._send(self._packets([(guid, list(answers))]))
            delivered += [(reader, sample) for sample in samples]
        return delivered

    # Discovery.

    def _on_participant(self, message: Data) -> None:
        ended = discovery.read_end(message.payload, message.inline, pid.PARTICIPANT_GUID)
        if ended is not None:
            self._forget(ended[:12])
            return
        data = discovery.read_participant(message.payload)
        if data.prefix == self.prefix:
            return
        now_s = time.monotonic()
        known = self._peers.get(data.prefix)
        self._peers[data.prefix] = _Peer(data, now_s)
        if known is not None:
            return
        self._sockets.send(
            self._announcement(data.prefix), self._sockets.reachable(data.discovery)
        )
        outgoing: _Outgoing = []
        for writer, reader_id in (
            (self._publications, discovery.PUBLICATIONS_READER),
            (self._subscriptions, discovery.SUBSCRIPTIONS_READER),
        ):
            guid = data.prefix + reader_id
            outgoing.append((guid, writer.match(guid, now_s)))
        self._readers[discovery.PUBLICATIONS_READER].match(
            data.prefix + discovery.PUBLICATIONS_WRITER
        )
        self._readers[discovery.SUBSCRIPTIONS_READER].match(
            data.prefix + discovery.SUBSCRIPTIONS_WRITER
        )
        self._send(self._packets(outgoing))

    def _on_endpoint(self, sample: Sample) -> None:
        with self._lock:
            ended = discovery.read_end(sample.payload, sample.inline, pid.ENDPOINT_GUID)
            if ended is not None:
                self._unmatch(ended)
                return
            data = discovery.read_endpoint(sample.payload)
            if not data.topic.startswith(("rq/", "rr/")):
                return
            self._remote[data.guid] = data
            outgoing: _Outgoing = []
            for endpoint in self._endpoints.values():
                outgoing += self._match(endpoint, data)
            self._send(self._packets(outgoing))

    def _forget(self, prefix: bytes) -> None:
        if self._peers.pop(prefix, None) is None:
            return
        for guid in [guid for guid in self._remote if guid.startswith(prefix)]:
            self._unmatch(guid)
        for writer in (self._publications, self._subscriptions):
            for guid in [guid for guid in writer.readers if guid.startswith(prefix)]:
                writer.unmatch(guid)
        for reader in self._readers.values():
            for guid in [guid for guid in reader.writers if guid.startswith(prefix)]:
                del reader.writers[guid]

    # What is due.

    def _tick(self, now_s: float) -> None:
        with self._lock:
            if now_s >= self._announce_due_s:
                pause_s = _ANNOUNCE_FIRST_S if self._announced < _FIRST else _ANNOUNCE_S
                self._announce_due_s = now_s + pause_s
                self._sockets.send(self._announcement(bytes(12)), self._sockets.announced_to)
            for prefix, peer in list(self._peers.items()):
                if now_s - peer.heard_s > peer.data.lease_s:
                    self._forget(prefix)
            outgoing: _Outgoing = []
            for writer in self._writers.values():
                outgoing += writer.due(now_s)
            for reader in self._readers.values():
                if now_s >= reader.hello_due_s:
                    reader.hello_due_s = now_s + _HELLO_S
                    outgoing += [
                        (guid, [proxy.hello()])
                        for guid, proxy in reader.writers.items()
                        if not proxy.heard
                    ]
            packets = self._packets(outgoing)
        self._send(packets)

    def _next_announcement(self) -> int:
        self._announced += 1
        return self._announced

    def _announcement(self, destination: bytes) -> bytes:
        data = Data(
            discovery.SPDP_READER,
            discovery.SPDP_WRITER,
            self._next_announcement(),
            discovery.write_participant(self._own),
        )
        return write_packet(self.prefix, destination, [write_submessage(data)])

    def _announce(self, data: Data) -> None:
        packet = write_packet(self.prefix, bytes(12), [write_submessage(data)])
        places = list(self._sockets.announced_to)
        for peer in self._peers.values():
            places += self._sockets.reachable(peer.data.discovery)
        self._sockets.send(packet, tuple(dict.fromkeys(places)))

    # Sending.

    def _locators(self, guid: bytes) -> tuple[Locator, ...]:
        peer = self._peers.get(guid[:12])
        if peer is None:
            return ()
        if guid[15] & 0xC0 == 0xC0:  # a built-in endpoint
            return self._sockets.reachable(peer.data.discovery)
        remote = self._remote.get(guid)
        own = () if remote is None else remote.locators
        return self._sockets.reachable(own or peer.data.traffic or peer.data.discovery)

    def _packets(self, outgoing: _Outgoing) -> list[tuple[bytes, tuple[Locator, ...]]]:
        """Return packets and where they go; submessages that fit go together."""
        packets: list[tuple[bytes, tuple[Locator, ...]]] = []
        for guid, messages in outgoing:
            locators = self._locators(guid)
            if not messages or not locators:
                continue
            packets += [
                (write_packet(self.prefix, guid[:12], group), locators)
                for group in _grouped(write_submessage(message) for message in messages)
            ]
        return packets

    def _send(self, packets: Sequence[tuple[bytes, tuple[Locator, ...]]]) -> None:
        sent = 0
        for packet, locators in packets:
            self._sockets.send(packet, locators)
            sent += len(packet)
            if sent > _BURST_BYTES:  # the receiver's buffer holds little more
                time.sleep(_BURST_PAUSE_S)
                sent = 0


def _grouped(submessages: Iterable[bytes]) -> Iterable[list[bytes]]:
    group: list[bytes] = []
    size = 0
    for each in submessages:
        if group and size + len(each) > _PACKET_BYTES:
            yield group
            group, size = [], 0
        group.append(each)
        size += len(each)
    if group:
        yield group
