"""RTPS participants on real sockets: finding, losing and leaving each other."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds.rtps.parameters import Locator
from textseg_ros.dds.rtps.participant import RtpsParticipant
from textseg_ros.dds.rtps.reader import Sample
from textseg_ros.dds.rtps.sockets import Sockets
from textseg_ros.host_network import own_addresses
from textseg_ros.rmw_environment import DdsSettings, free_domain_id

TOPIC, TYPE = "rq/textseg/aRequest", "p::srv::dds_::A_Request_"
Opener = Callable[[], RtpsParticipant]


@pytest.fixture
def join() -> Iterator[Opener]:
    settings = loopback_settings()
    opened: list[RtpsParticipant] = []

    def open_one() -> RtpsParticipant:
        opened.append(RtpsParticipant(settings, lambda *_: None))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def test_endpoints_find_each_other_whichever_comes_first_and_part_when_one_ends(
    join: Opener,
) -> None:
    here, there = join(), join()
    got: list[Sample] = []
    writer = here.writer(TOPIC, TYPE, b"clientid=1;")
    reader = there.reader(TOPIC, TYPE, got.append)
    assert wait_until(lambda: bool(writer.matched() and reader.matched()))

    writer.write(b"\x00\x01\x00\x00abcd", {})

    assert wait_until(lambda: len(got) == 1)
    assert (got[0].payload, got[0].writer_guid) == (b"\x00\x01\x00\x00abcd", writer.guid)
    assert reader.matched()[0].user_data == b"clientid=1;"
    there.remove(reader)
    assert wait_until(lambda: not writer.matched())


def test_endpoints_of_another_type_or_topic_are_not_matched(join: Opener) -> None:
    here, there = join(), join()
    writer = here.writer(TOPIC, TYPE)
    fitting = there.reader(TOPIC, TYPE, lambda _: None)
    others = [
        there.reader(TOPIC, "p::srv::dds_::B_Request_", lambda _: None),
        there.reader("rq/textseg/bRequest", TYPE, lambda _: None),
    ]

    assert wait_until(lambda: bool(fitting.matched()) and bool(writer.matched()))
    assert [end.guid for end in writer.matched()] == [fitting.guid]
    assert not any(other.matched() for other in others)


def test_a_participant_that_leaves_is_forgotten_at_once(join: Opener) -> None:
    here, there = join(), join()
    writer = here.writer(TOPIC, TYPE)
    reader = there.reader(TOPIC, TYPE, lambda _: None)
    assert wait_until(lambda: bool(writer.matched() and reader.matched()))

    there.close()

    assert wait_until(lambda: not writer.matched(), timeout_s=10.0)


def test_nothing_is_kept_of_participants_that_came_and_went(join: Opener) -> None:
    here = join()
    writer = here.writer(TOPIC, TYPE)
    reader = here.reader("rr/textseg/aReply", TYPE, lambda _: None)

    for _ in range(5):
        there = join()
        end = there.reader(TOPIC, TYPE, lambda _: None)
        back = there.writer("rr/textseg/aReply", TYPE)
        assert wait_until(lambda end=end, back=back: bool(end.matched() and back.matched()))  # type: ignore[misc]
        writer.write(b"\x00\x01\x00\x00abcd", {})
        there.close()
        assert wait_until(lambda: not writer.matched() and not reader.matched())

    assert here._peers.endpoints == ()
    assert here._peers.discovery_locators() == ()
    assert not any(proxy.writers for proxy in here._readers.values())
    assert not any(each.readers for each in here._writers.values())


def test_large_samples_arrive_whole_although_a_tenth_of_the_packets_is_lost(
    join: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(11)
    whole = Sockets.send

    def lossy(self: Sockets, packet: bytes, locators: Sequence[Locator]) -> None:
        if chance.random() >= 0.1:
            whole(self, packet, locators)

    here, there = join(), join()
    got: list[bytes] = []
    writer = here.writer(TOPIC, TYPE)
    reader = there.reader(TOPIC, TYPE, lambda sample: got.append(sample.payload))
    monkeypatch.setattr(Sockets, "send", lossy)
    assert wait_until(lambda: bool(writer.matched() and reader.matched()))
    written = [chance.randbytes(300_000) for _ in range(5)]

    for number, payload in enumerate(written, start=1):
        writer.write(payload, {})
        assert wait_until(lambda count=number: len(got) == count)  # type: ignore[misc]

    assert got == written


def test_what_a_callback_raises_is_told_of_with_its_topic_and_ends_nothing() -> None:
    settings = loopback_settings()
    told: list[tuple[str, str]] = []
    got: list[bytes] = []
    there = RtpsParticipant(settings, lambda topic, error: told.append((topic, str(error))))
    here = RtpsParticipant(settings, lambda *_: None)

    def take(sample: Sample) -> None:
        got.append(sample.payload)
        if len(got) == 1:
            raise RuntimeError("the callback failed")

    try:
        writer, reader = here.writer(TOPIC, TYPE), there.reader(TOPIC, TYPE, take)
        assert wait_until(lambda: bool(writer.matched() and reader.matched()))
        writer.write(b"\x00\x01\x00\x00one!", {})
        writer.write(b"\x00\x01\x00\x00two!", {})
        assert wait_until(lambda: len(got) == 2)
    finally:
        here.close()
        there.close()

    assert told == [(TOPIC, "the callback failed")]


def test_closing_leaves_no_thread_and_no_socket_and_may_be_repeated() -> None:
    settings = loopback_settings()
    before = len(list(Path("/proc/self/fd").iterdir()))
    participant = RtpsParticipant(settings, lambda *_: None)
    writer = participant.writer(TOPIC, TYPE)

    participant.close()
    participant.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before
    assert "rtps" not in [thread.name for thread in threading.enumerate()]
    with pytest.raises(RuntimeError, match="closed"):
        writer.write(b"", {})


def test_packets_that_are_none_of_rtps_are_passed_over(join: Opener) -> None:
    here, there = join(), join()
    got: list[Sample] = []
    writer, reader = here.writer(TOPIC, TYPE), there.reader(TOPIC, TYPE, got.append)
    assert wait_until(lambda: bool(writer.matched() and reader.matched()))
    chance = random.Random(2)

    for length in range(200):
        noise = chance.randbytes(length)
        for packet in (noise, b"RTPS\x02\x03\x01\x0f" + noise):
            here._sockets.send(packet, there._sockets.locators)
    writer.write(b"\x00\x01\x00\x00abcd", {})

    assert wait_until(lambda: len(got) == 1)


def test_discovery_that_is_off_looks_for_nobody() -> None:
    sockets = Sockets(DdsSettings(free_domain_id(), discovery="OFF"))
    try:
        assert sockets.announced_to == ()
    finally:
        sockets.close()


@pytest.mark.skipif(not own_addresses(), reason="this host has no network but loopback")
def test_discovery_in_the_subnet_is_by_multicast_and_by_the_peers_named() -> None:
    domain = free_domain_id()
    sockets = Sockets(DdsSettings(domain, discovery="SUBNET", peers=("10.9.8.7",)))
    try:
        port = 7400 + 250 * domain
        assert Locator("239.255.0.1", port) in sockets.announced_to
        assert Locator("10.9.8.7", port + 10) in sockets.announced_to
        assert {each.address for each in sockets.locators} == set(own_addresses())
    finally:
        sockets.close()
