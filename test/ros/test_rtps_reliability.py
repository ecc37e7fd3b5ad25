"""Reliable reader and writer of RTPS against each other, over a channel that loses packets."""

import random

import pytest

pytest.importorskip("cyclonedds", reason="the DDS participant needs cyclonedds")

from textseg_ros.dds.rtps.endpoints import TopicReader
from textseg_ros.dds.rtps.parameters import Parameters
from textseg_ros.dds.rtps.reader import Sample, WriterProxy
from textseg_ros.dds.rtps.wire import (
    AckNack,
    Data,
    Gap,
    Heartbeat,
    NackFrag,
    Submessage,
)
from textseg_ros.dds.rtps.writer import FRAGMENT_BYTES, ReliableWriter

WRITER_ID, READER_ID = b"\x00\x00\x01\x03", b"\x00\x00\x02\x04"
WRITER = b"w" * 12 + WRITER_ID
READER, OTHER = b"r" * 12 + READER_ID, b"o" * 12 + READER_ID
PLAIN: Parameters = {}


class Link:
    """One writer and one reader, and what lies between them."""

    def __init__(self, loss: float = 0.0, *, ordered: bool = False, depth: int | None = 10):
        self.random = random.Random(7)
        self.loss = loss
        self.now_s = 0.0
        self.writer = ReliableWriter(WRITER_ID, depth)
        self.reader = WriterProxy(WRITER, READER_ID, ordered)
        self.samples: list[Sample] = []

    def match(self) -> None:
        self.to_reader(self.writer.match(READER, self.now_s))

    def write(self, payload: bytes, only: bytes | None = None) -> None:
        _, outgoing = self.writer.write(payload, PLAIN, self.now_s, only=only)
        for _, messages in outgoing:
            self.to_reader(messages)

    def to_reader(self, messages: list[Submessage]) -> None:
        for message in messages:
            if self.random.random() < self.loss:
                continue
            if isinstance(message, Data):
                self.samples += self.reader.on_data(message)
            elif isinstance(message, Gap):
                self.samples += self.reader.on_gap(message)
            elif isinstance(message, Heartbeat):
                delivered, answers = self.reader.on_heartbeat(message)
                self.samples += delivered
                self.to_writer(answers)

    def to_writer(self, answers: list[AckNack | NackFrag]) -> None:
        for answer in answers:
            if self.random.random() < self.loss:
                continue
            if isinstance(answer, AckNack):
                self.to_reader(self.writer.on_acknack(READER, answer))
            else:
                self.to_reader(self.writer.on_nackfrag(READER, answer))

    def settle(self, seconds: float = 30.0) -> None:
        """Let time pass, so that heartbeats come."""
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            self.now_s += 0.05
            for _, messages in self.writer.due(self.now_s):
                self.to_reader(messages)

    def payloads(self) -> list[bytes]:
        return [sample.payload for sample in self.samples]


def test_a_sample_arrives_once_and_is_acknowledged() -> None:
    link = Link()
    link.match()

    link.write(b"one")

    assert link.payloads() == [b"one"]
    assert link.writer.has_all(READER)
    link.settle()
    assert link.payloads() == [b"one"]


@pytest.mark.parametrize("ordered", [False, True])
def test_with_a_third_of_the_packets_lost_every_sample_arrives_once(ordered: bool) -> None:
    link = Link(loss=0.33, ordered=ordered)
    link.match()
    written = [bytes([number]) for number in range(40)]

    for payload in written:
        link.write(payload)
        link.settle(5.0)

    assert sorted(link.payloads()) == written
    assert not ordered or link.payloads() == written


def test_a_sample_of_many_fragments_arrives_although_packets_are_lost() -> None:
    link = Link(loss=0.2)
    link.match()
    payload = random.Random(3).randbytes(20 * FRAGMENT_BYTES + 5)

    link.write(payload)
    link.settle()

    assert link.payloads() == [payload]


def test_samples_out_of_order_are_delivered_in_order_only_if_that_is_wanted() -> None:
    first, second = (Data(READER_ID, WRITER_ID, n, bytes([n])) for n in (1, 2))
    at_once = WriterProxy(WRITER, READER_ID)
    in_order = WriterProxy(WRITER, READER_ID, ordered=True)

    assert [s.sequence for s in at_once.on_data(second)] == [2]
    assert [s.sequence for s in at_once.on_data(first)] == [1]
    assert in_order.on_data(second) == []
    assert [s.sequence for s in in_order.on_data(first)] == [1, 2]


def test_a_reader_that_comes_later_gets_nothing_old_from_a_volatile_writer() -> None:
    link = Link()
    link.write(b"old")

    link.match()
    link.write(b"new")
    link.settle()

    assert link.payloads() == [b"new"]
    assert link.writer.has_all(READER)


def test_a_reader_that_comes_later_gets_everything_from_a_writer_that_keeps_all() -> None:
    link = Link(depth=None)
    link.write(b"old")

    link.match()

    assert link.payloads() == [b"old"]


def test_a_reply_written_before_its_reader_was_found_still_reaches_it() -> None:
    link = Link()
    link.write(b"for the reader", only=READER[:12])
    link.write(b"for another", only=OTHER[:12])

    link.match()
    link.settle()

    assert link.payloads() == [b"for the reader"]
    assert link.writer.has_all(READER)


def test_a_reply_is_sent_to_the_one_it_concerns() -> None:
    link = Link()
    link.match()
    link.writer.match(OTHER, 0.0)

    _, outgoing = link.writer.write(b"reply", PLAIN, 0.0, only=READER[:12])
    sent = {guid: [type(message) for message in messages] for guid, messages in outgoing}

    assert sent == {READER: [Data, Heartbeat], OTHER: [Gap, Heartbeat]}


def test_heartbeats_become_rarer_and_end_when_the_reader_has_everything() -> None:
    link = Link()
    link.match()
    link.loss = 1.0
    link.write(b"lost")
    times = [0.05 * tick for tick in range(200) if link.writer.due(0.05 * tick)]

    assert 8 < len(times) < 16
    assert times[-1] - times[-2] == pytest.approx(1.0, abs=0.06)
    link.loss = 0.0
    link.now_s = 20.0
    link.settle(2.0)
    assert link.payloads() == [b"lost"]
    assert link.writer.due(100.0) == []


def test_a_sample_that_all_readers_have_is_forgotten_after_a_while() -> None:
    link = Link()
    link.match()
    link.write(b"one")
    assert READER in link.writer.readers

    link.writer.due(9.9)
    assert [one.payload for one in late_reader(link, 9.9)] == [b"one"]
    link.writer.due(10.0)
    assert late_reader(link, 10.0) == []


def test_a_sample_that_a_reader_lacks_is_kept() -> None:
    link = Link()
    link.match()
    link.writer.match(OTHER, 0.0)
    link.write(b"one")  # the other reader acknowledges nothing

    link.writer.due(99.0)
    assert [one.payload for one in late_reader(link, 99.0)] == [b"one"]
    link.writer.unmatch(OTHER)
    link.writer.due(99.0)
    assert late_reader(link, 99.0) == []


def test_a_writer_that_keeps_all_forgets_nothing() -> None:
    link = Link(depth=None)
    link.match()
    link.write(b"one")

    link.writer.due(99.0)
    assert [one.payload for one in late_reader(link, 99.0)] == [b"one"]


def late_reader(link: Link, now_s: float) -> list[Data]:
    """Return the samples that the writer has, as a reader gets them that lost all."""
    asked = AckNack(READER_ID, WRITER_ID, 1, (1,), 1, False)
    return [one for one in link.writer.on_acknack(READER, asked) if isinstance(one, Data)]


def test_a_sample_that_the_writer_no_longer_has_is_not_waited_for() -> None:
    link = Link(depth=2)
    link.match()
    link.loss = 1.0
    for payload in (b"1", b"2", b"3", b"4"):
        link.write(payload)
    link.loss = 0.0
    link.settle()

    assert sorted(link.payloads()) == [b"3", b"4"]
    assert link.writer.has_all(READER)


def test_fragments_that_do_not_fit_are_refused() -> None:
    proxy = WriterProxy(WRITER, READER_ID)
    proxy.on_data(Data(READER_ID, WRITER_ID, 1, bytes(8), {}, False, 1, 8, 100))

    with pytest.raises(ValueError, match="sample of 90 bytes after one of 100"):
        proxy.on_data(Data(READER_ID, WRITER_ID, 1, bytes(8), {}, False, 2, 8, 90))
    with pytest.raises(ValueError, match="lies behind"):
        proxy.on_data(Data(READER_ID, WRITER_ID, 1, bytes(8), {}, False, 14, 8, 100))
    with pytest.raises(ValueError, match="refused"):
        proxy.on_data(Data(READER_ID, WRITER_ID, 2, bytes(8), {}, False, 1, 8, 1 << 30))


def test_memory_stays_bounded_when_a_writer_sends_only_first_fragments() -> None:
    proxy = WriterProxy(WRITER, READER_ID)

    for number in range(1, 100):
        proxy.on_data(Data(READER_ID, WRITER_ID, number, bytes(8), {}, False, 1, 8, 1 << 20))

    assert len(proxy._partial) <= 4


def test_a_silent_writer_is_asked_again_and_one_of_fast_dds_also_when_it_has_spoken() -> None:
    reader = TopicReader(READER_ID, lambda _: None, ordered=False)
    reader.match(WRITER)
    reader.match(OTHER, of_fast_dds=True)

    def bases(now_s: float) -> dict[bytes, int]:
        return {
            guid: message.base
            for guid, messages in reader.due(now_s)
            for message in messages
            if isinstance(message, AckNack)
        }

    assert bases(0.0) == {WRITER: 1, OTHER: 0}
    assert bases(0.2) == {}
    for proxy in reader.writers.values():
        proxy.on_heartbeat(Heartbeat(READER_ID, proxy.guid[12:], 1, 0, 1))
    assert bases(0.6) == {OTHER: 0}
