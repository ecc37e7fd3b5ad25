import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds.graph import TYPE_NAME, entities_info
from textseg_ros.dds.idl import topic_type
from textseg_ros.dds.participant import Participant
from textseg_ros.rmw_environment import DdsSettings
from textseg_ros.typestore import TypeStore

_STRING = "std_msgs/msg/String"


@pytest.fixture
def settings() -> DdsSettings:
    return loopback_settings()


@pytest.fixture
def onlooker(settings: DdsSettings) -> Iterator[Participant]:
    with Participant("onlooker", "/", settings) as node:
        yield node


@pytest.mark.parametrize(("distro", "gid_bytes"), [("jazzy", 16), ("humble", 24)])
def test_gids_have_the_length_of_the_distribution(distro: Any, gid_bytes: int) -> None:
    types = TypeStore(distro)

    info = entities_info(types, bytes(range(16)), "/a", "b", [], [b"\x01" * 16])

    assert bytes(info.gid.data) == bytes(range(16)).ljust(gid_bytes, b"\0")
    node = info.node_entities_info_seq[0]
    assert bytes(node.writer_gid_seq[0].data) == (b"\x01" * 16).ljust(gid_bytes, b"\0")
    data = types.serialize(info, TYPE_NAME)
    assert data[4 : 4 + gid_bytes] == bytes(range(16)).ljust(gid_bytes, b"\0")


def test_the_node_tells_the_graph_its_name_and_every_endpoint(
    settings: DdsSettings, onlooker: Participant
) -> None:
    from cyclonedds.qos import Policy, Qos
    from cyclonedds.sub import DataReader
    from cyclonedds.topic import Topic

    qos = Qos(
        Policy.Reliability.Reliable(0),
        Policy.Durability.TransientLocal,
        Policy.History.KeepLast(1),
    )
    topic: Any = Topic(onlooker._participant, "ros_discovery_info", topic_type(TYPE_NAME))
    reader: Any = DataReader(onlooker._participant, topic, qos)
    told: list[Any] = []
    with Participant("segmenter", "/textseg", settings) as node:

        def is_told(readers: int, writers: int) -> bool:
            for sample in reader.take(10):
                info = node.types.deserialize(sample.data, TYPE_NAME)
                if bytes(info.gid.data) == node.gid:
                    told.append(info.node_entities_info_seq)
            if not told:
                return False
            node_info = told[-1][0]
            counts = (len(node_info.reader_gid_seq), len(node_info.writer_gid_seq))
            return counts == (readers, writers)

        subscription = node.subscription("/in", _STRING, lambda _: None)
        assert wait_until(lambda: is_told(readers=1, writers=0))
        publisher = node.publisher("/out", _STRING)
        assert wait_until(lambda: is_told(readers=1, writers=1))
        assert len(told[-1]) == 1
        entities = told[-1][0]
        assert (entities.node_namespace, entities.node_name) == ("/textseg", "segmenter")
        assert [bytes(gid.data) for gid in entities.writer_gid_seq] == [publisher.gid]
        assert [bytes(gid.data) for gid in entities.reader_gid_seq] == [subscription.gid]


def test_a_second_node_of_the_same_name_is_listed_until_it_ends(settings: DdsSettings) -> None:
    with Participant("segmenter", "/textseg", settings) as first:
        second = Participant("segmenter", "/textseg", settings)
        third = Participant("camera", "/", settings)

        assert wait_until(lambda: first.peers() == ("/camera", "/textseg/segmenter"))
        second.close()
        assert wait_until(lambda: first.peers() == ("/camera",))
        third.close()
        assert wait_until(lambda: first.peers() == ())


def test_publishers_of_a_topic_are_counted_whatever_their_qos(
    settings: DdsSettings, onlooker: Participant
) -> None:
    with (
        Participant("joystick", "/", settings) as joystick,
        Participant("speech", "/", settings) as speech,
    ):
        joystick.publisher("/query", _STRING, reliable=False)
        speech.publisher("/query", _STRING)
        speech.publisher("/other", _STRING)

        def counts() -> dict[str, int]:
            return onlooker.publisher_counts(["/query", "/nothing"])

        assert wait_until(lambda: counts() == {"/query": 2, "/nothing": 0})
    assert wait_until(lambda: onlooker.publisher_counts(["/query"]) == {"/query": 0})


def test_a_topic_is_reliable_unless_a_publisher_is_not(
    settings: DdsSettings, onlooker: Participant
) -> None:
    """So rmw chooses for best_available; also where there is no publisher yet."""
    assert onlooker.all_reliable("/query")
    with Participant("speech", "/", settings) as speech:
        speech.publisher("/query", _STRING)
        assert wait_until(lambda: onlooker.publisher_counts(["/query"]) == {"/query": 1})
        assert onlooker.all_reliable("/query")
        speech.publisher("/query", _STRING, reliable=False)
        assert wait_until(lambda: not onlooker.all_reliable("/query"))


_LOOKS = """
from pathlib import Path
from dds_peers import loopback_settings, wait_until
from textseg_ros.dds.participant import Participant

def resident_kb():
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])

settings = loopback_settings()
with Participant("onlooker", "/", settings) as node, Participant("peer", "/", settings) as peer:
    for number in range(60):
        peer.publisher(f"/topic_{number}", "std_msgs/msg/String")
    assert wait_until(lambda: node.publisher_counts(["/topic_59"]) == {"/topic_59": 1})
    for look in range(300):
        if look == 50:
            before = resident_kb()
        node.publisher_counts(["/topic_1"])
        node.peers()
    print(resident_kb() - before)
"""


def test_looks_at_the_graph_leave_nothing_in_memory() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _LOOKS],
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
        cwd=Path(__file__).parent,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )

    # cyclonedds' own way of reading leaves 1.5 MB here.
    assert int(told.stdout) < 500


def test_nothing_is_kept_of_nodes_and_endpoints_that_have_left() -> None:
    from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState

    settings = loopback_settings()
    with Participant("stays", "/", settings) as node:
        graph = node._graph
        readers = [graph._participants, graph._publications, graph._subscriptions]
        ended = InstanceState.NotAliveDisposed | InstanceState.NotAliveNoWriters
        gone = SampleState.Any | ViewState.Any | ended
        conditions = [ReadCondition(reader, gone) for reader in readers]

        def kept() -> list[int]:
            return [
                len(reader.read(100, condition))
                for reader, condition in zip(readers, conditions, strict=True)
            ]

        with Participant("guest", "/", settings) as guest:
            guest.publisher("/talk", "std_msgs/msg/String")
            guest.subscription("/hear", "std_msgs/msg/String", lambda _: None)
            assert wait_until(lambda: node.peers() == ("/guest",))
        assert wait_until(lambda: min(kept()) > 0)

        assert node.peers() == ()

        assert kept() == [0, 0, 0]
        conditions.clear()
        readers.clear()
