import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dds_peers import loopback_settings, wait_until

from textseg_ros.dds.participant import Participant
from textseg_ros.dds_transport import DdsTransport
from textseg_ros.messages import time_ns
from textseg_ros.naming import topic_names
from textseg_ros.report import Level

TOPIC, TYPE = "/rosout", "rcl_interfaces/msg/Log"
LEVELS: tuple[Level, ...] = ("info", "warning", "error")


class Pair:
    """A transport, and a peer that hears what it logs."""

    def __init__(self) -> None:
        domain = loopback_settings()
        self.peer = Participant("console", "/", domain)
        self.node = Participant("eye", "/arm/left", domain)
        self.transport = DdsTransport(self.node, topic_names("/arm/left", None))
        self.logger = logging.getLogger("arm.left.eye")

    def hear(self, **qos: Any) -> list[Any]:
        heard: list[Any] = []
        end = self.peer.subscription(TOPIC, TYPE, heard.append, depth=1000, **qos)
        assert end.wait_for_matches()
        return heard

    def close(self) -> None:
        self.node.close()
        self.peer.close()
        self.logger.setLevel(logging.NOTSET)


@pytest.fixture
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def test_each_line_is_on_rosout_with_level_logger_time_and_place(pair: Pair) -> None:
    pair.logger.setLevel(logging.INFO)
    heard = pair.hear()
    before_ns = time.time_ns()
    for level in LEVELS:
        pair.transport.log(level, f"a line of {level}")

    assert wait_until(lambda: len(heard) == 3)
    assert [(line.level, line.msg) for line in heard] == [
        (20, "a line of info"),
        (30, "a line of warning"),
        (40, "a line of error"),
    ]
    assert {line.name for line in heard} == {"arm.left.eye"}
    assert all(before_ns <= time_ns(line.stamp) <= time.time_ns() for line in heard)
    assert all(line.file.endswith("dds_transport.py") and line.line > 0 for line in heard)
    assert {line.function for line in heard} == {"log"}


def test_what_the_log_level_leaves_out_is_not_on_rosout(pair: Pair) -> None:
    pair.logger.setLevel(logging.WARNING)
    heard = pair.hear()
    for level in (LEVELS[0], LEVELS[2]):
        pair.transport.log(level, level)

    assert wait_until(lambda: bool(heard))
    assert [line.msg for line in heard] == ["error"]


def test_who_comes_late_hears_the_lines_of_the_last_ten_seconds(pair: Pair) -> None:
    pair.logger.setLevel(logging.INFO)
    for number in range(20):
        pair.transport.log("info", f"line {number}")

    heard = pair.hear(transient_local=True)

    assert wait_until(lambda: len(heard) == 20)
    assert [line.msg for line in heard] == [f"line {number}" for number in range(20)]


def test_its_qos_is_rcl_s(pair: Pair) -> None:
    """Reliable, transient local, keep-last 1000, and 10 s of life."""
    from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
    from cyclonedds.qos import Policy

    reader = BuiltinDataReader(pair.peer._participant, BuiltinTopicDcpsPublication)
    found: list[Any] = []

    def seen() -> bool:
        found[:] = [end for end in reader.read(1000) if end.topic_name == "rt/rosout"]
        return bool(found)

    assert wait_until(seen)
    (end,) = found
    assert end.type_name == "rcl_interfaces::msg::dds_::Log_"
    assert end.qos[Policy.Lifespan].lifespan == 10 * 10**9
    assert end.qos[Policy.Durability] == Policy.Durability.TransientLocal
    assert end.qos[Policy.DurabilityService].history == Policy.History.KeepLast(1000)
    assert end.qos[Policy.Reliability] != Policy.Reliability.BestEffort
    hash_ = "e28ce254ca8abc06abf92773b74602cdbf116ed34fbaf294fb9f81da9f318eac"
    assert f"typehash=RIHS01_{hash_};".encode() in end.qos[Policy.Userdata].data


def test_a_line_after_the_end_is_no_fault_of_the_log(
    pair: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    pair.logger.setLevel(logging.INFO)
    pair.node.close()

    pair.transport.log("error", "too late")

    assert capsys.readouterr().err == ""
