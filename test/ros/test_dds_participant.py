import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from dds_peers import loopback_settings, make_image, make_string, wait_until

from textseg_ros.dds.participant import Participant
from textseg_ros.rmw_environment import DdsSettings, loopback_environment

DDSException = pytest.importorskip("cyclonedds.core").DDSException
_STRING, _IMAGE = "std_msgs/msg/String", "sensor_msgs/msg/Image"


@pytest.fixture
def pair() -> Iterator[tuple[Participant, Participant]]:
    settings = loopback_settings()
    with (
        Participant("camera", "/", settings) as camera,
        Participant("planner", "/robot", settings) as planner,
    ):
        yield camera, planner


def test_an_image_arrives_as_it_was_sent(pair: tuple[Participant, Participant]) -> None:
    camera, planner = pair
    received: list[Any] = []
    pixels = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    subscription = planner.subscription("/image", _IMAGE, received.append, reliable=True, depth=1)
    publisher = camera.publisher("/image", _IMAGE, reliable=True, depth=1)
    assert publisher.wait_for_matches()
    assert subscription.wait_for_matches()

    publisher.publish(make_image(camera.types, pixels))

    assert wait_until(lambda: len(received) == 1)
    assert (received[0].height, received[0].width, received[0].step) == (480, 640, 1920)
    assert received[0].header.frame_id == "camera"
    assert np.array_equal(received[0].data.reshape(480, 640, 3), pixels)


@pytest.mark.parametrize(
    ("reliable", "depth", "transient_local"),
    [(False, 1, False), (True, 7, False), (True, 1, True)],
)
def test_the_peer_sees_the_qos_and_the_type_hash_asked_for(
    pair: tuple[Participant, Participant], reliable: bool, depth: int, transient_local: bool
) -> None:
    from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsPublication
    from cyclonedds.qos import Policy

    camera, planner = pair
    camera.publisher(
        "/a/b", _STRING, reliable=reliable, depth=depth, transient_local=transient_local
    )
    reader: Any = BuiltinDataReader(planner._participant, BuiltinTopicDcpsPublication)
    found: list[Any] = []

    def is_seen() -> bool:
        found.extend(end for end in reader.take(100) if end.topic_name == "rt/a/b")
        return bool(found)

    assert wait_until(is_seen)
    qos = found[0].qos
    assert found[0].type_name == "std_msgs::msg::dds_::String_"
    assert isinstance(qos[Policy.Reliability], Policy.Reliability.Reliable) == reliable
    assert qos[Policy.History] == Policy.History.KeepLast(depth)
    durability = (
        Policy.Durability.TransientLocal if transient_local else Policy.Durability.Volatile
    )
    assert qos[Policy.Durability] == durability
    assert qos[Policy.Userdata].data == (
        b"typehash=RIHS01_df668c740482bbd48fb39d76a70dfd4bd59db1288021743503259e948f6b1a18;"
    )


def test_the_participant_states_its_enclave(pair: tuple[Participant, Participant]) -> None:
    from cyclonedds.builtin import BuiltinDataReader, BuiltinTopicDcpsParticipant
    from cyclonedds.qos import Policy

    camera, planner = pair
    reader: Any = BuiltinDataReader(planner._participant, BuiltinTopicDcpsParticipant)

    found = {entry.key.bytes: entry.qos for entry in reader.take(100)}

    assert found[camera.gid][Policy.Userdata].data == b"enclave=/;"


def test_a_best_effort_reader_of_depth_1_gets_the_newest_while_its_callback_works(
    pair: tuple[Participant, Participant],
) -> None:
    camera, planner = pair
    received: list[str] = []
    entered, go_on = threading.Event(), threading.Event()

    def on_text(message: Any) -> None:
        received.append(message.data)
        entered.set()
        go_on.wait(30.0)

    subscription = planner.subscription("/text", _STRING, on_text, reliable=False, depth=1)
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()
    assert subscription.wait_for_matches()
    publisher.publish(make_string(camera.types, "0"))
    assert entered.wait(30.0)
    for number in range(1, 6):
        publisher.publish(make_string(camera.types, str(number)))
    probe: list[Any] = []
    other = camera.subscription("/done", _STRING, probe.append)
    done = camera.publisher("/done", _STRING)
    assert other.wait_for_matches()
    done.publish(make_string(camera.types, ""))
    assert wait_until(lambda: bool(probe))

    go_on.set()

    assert wait_until(lambda: len(received) == 2)
    assert received == ["0", "5"]


def test_a_late_reader_of_a_transient_local_topic_gets_the_last_sample(
    pair: tuple[Participant, Participant],
) -> None:
    camera, planner = pair
    publisher = camera.publisher("/last", _STRING, depth=1, transient_local=True)
    for text in ("first", "second"):
        publisher.publish(make_string(camera.types, text))
    received: list[str] = []

    planner.subscription(
        "/last",
        _STRING,
        lambda message: received.append(message.data),
        depth=1,
        transient_local=True,
    )

    assert wait_until(lambda: received == ["second"])


def test_a_truncated_sample_is_reported_and_the_next_good_one_delivered(
    pair: tuple[Participant, Participant],
) -> None:
    camera, planner = pair
    received: list[str] = []
    errors: list[tuple[str, str]] = []
    planner.subscription(
        "/text",
        _STRING,
        lambda message: received.append(message.data),
        on_error=lambda topic, error: errors.append((topic, str(error))),
    )
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()

    publisher.publish_cdr(b"\x00\x01\x00\x00" + b"\x40\x00\x00\x00" + b"cut ")
    publisher.publish(make_string(camera.types, "whole"))

    assert wait_until(lambda: received == ["whole"])
    assert [topic for topic, _ in errors] == ["/text"]
    assert errors[0][1].startswith("12 bytes received are no std_msgs/msg/String")


def test_a_callback_that_raises_is_reported_and_called_again(
    pair: tuple[Participant, Participant],
) -> None:
    camera, planner = pair
    received: list[str] = []
    errors: list[Exception] = []

    def on_text(message: Any) -> None:
        received.append(message.data)
        if len(received) == 1:
            raise KeyError("first")

    planner.subscription("/text", _STRING, on_text, on_error=lambda _, error: errors.append(error))
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()

    for text in ("a", "b"):
        publisher.publish(make_string(camera.types, text))

    assert wait_until(lambda: received == ["a", "b"])
    assert [type(error) for error in errors] == [KeyError]


def test_a_qos_that_keeps_two_ends_apart_is_named(pair: tuple[Participant, Participant]) -> None:
    camera, planner = pair
    camera.publisher("/image", _IMAGE, reliable=False)

    planner.subscription("/image", _IMAGE, lambda _: None, reliable=True)

    assert wait_until(lambda: planner.incompatible() == {"/image": "reliability"})
    assert wait_until(lambda: camera.incompatible() == {"/image": "reliability"})


def test_closing_ends_every_thread_and_may_be_repeated() -> None:
    before = set(threading.enumerate())
    node = Participant("once", "/", loopback_settings())
    publisher = node.publisher("/text", _STRING)
    node.subscription("/text", _STRING, lambda _: None)
    assert set(threading.enumerate()) - before

    node.close()
    node.close()

    assert set(threading.enumerate()) <= before  # others may have ended meanwhile
    assert publisher.matched == 0
    assert node.peers() == ()
    with pytest.raises(RuntimeError, match="closed"):
        publisher.publish(make_string(node.types, "late"))
    with pytest.raises(RuntimeError, match="closed"):
        node.publisher("/other", _STRING)


def test_closing_from_a_callback_does_not_wait_for_itself() -> None:
    settings = loopback_settings()
    with Participant("camera", "/", settings) as camera:
        node = Participant("brief", "/", settings)
        closed = threading.Event()

        def on_text(_: Any) -> None:
            node.close()
            closed.set()

        node.subscription("/text", _STRING, on_text)
        publisher = camera.publisher("/text", _STRING)
        assert publisher.wait_for_matches()

        publisher.publish(make_string(camera.types, "end"))

        assert closed.wait(30.0)
        assert wait_until(lambda: publisher.matched == 0)


def test_a_domain_ends_with_its_last_participant_and_may_have_other_settings_then() -> None:
    settings = loopback_settings()
    others = DdsSettings(settings.domain_id, settings.config + "<CycloneDDS/>")
    Participant("first", "/", settings).close()

    with Participant("second", "/", others) as node:
        assert node.name == "/second"


def test_closing_waits_for_the_callback_under_way(pair: tuple[Participant, Participant]) -> None:
    camera, planner = pair
    order: list[str] = []
    entered = threading.Event()

    def on_text(_: Any) -> None:
        entered.set()
        wait_until(lambda: "closed" in order, timeout_s=0.2)
        order.append("callback")

    planner.subscription("/text", _STRING, on_text)
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()
    publisher.publish(make_string(camera.types, "long"))
    assert entered.wait(30.0)

    planner.close()
    order.append("closed")

    assert order == ["callback", "closed"]


def test_other_settings_for_an_open_domain_are_refused() -> None:
    settings = loopback_settings()
    others = DdsSettings(settings.domain_id, settings.config + "<CycloneDDS/>")
    with (
        Participant("first", "/", settings),
        pytest.raises(RuntimeError, match="other discovery settings"),
    ):
        Participant("second", "/", others)


def test_an_unknown_network_interface_is_an_error_that_names_those_found() -> None:
    domain_id = loopback_settings().domain_id
    uri = (
        "<CycloneDDS><Domain><General><Interfaces>"
        '<NetworkInterface name="nosuch0"/></Interfaces></General></Domain></CycloneDDS>'
    )

    with pytest.raises(RuntimeError, match=r"interfaces found: .*\blo\b") as caught:
        Participant("node", "/", DdsSettings(domain_id, uri))

    assert "CYCLONEDDS_URI" in str(caught.value)


@pytest.mark.parametrize(
    ("node_name", "namespace"), [("9lives", "/"), ("a-b", "/"), ("a", "robot"), ("a", "/robot/")]
)
def test_names_that_ros_does_not_allow_are_refused(node_name: str, namespace: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        Participant(node_name, namespace, loopback_settings())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_that_closes_its_participant_at_a_signal_ends_with_status_0(
    number: signal.Signals,
) -> None:
    code = (
        "import os, signal, sys, threading\n"
        "from textseg_ros.rmw_environment import read_environment\n"
        "from textseg_ros.dds.participant import Participant\n"
        "stop = threading.Event()\n"
        "for number in (signal.SIGTERM, signal.SIGINT):\n"
        "    signal.signal(number, lambda *_: stop.set())\n"
        "with Participant('child', '/', read_environment(os.environ, os.getpid())) as node:\n"
        "    node.subscription('/text', 'std_msgs/msg/String', print)\n"
        "    print('ready', flush=True)\n"
        "    stop.wait()\n"
    )
    environment = loopback_environment(loopback_settings().domain_id)
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        _, errors = child.communicate(timeout=60)

    assert child.returncode == 0
    assert errors == ""


def test_a_waitset_that_fails_is_told_of_and_messages_still_arrive(
    pair: tuple[Participant, Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, planner = pair
    received: list[str] = []
    errors: list[tuple[str, str]] = []
    planner.subscription("/text", _STRING, lambda message: received.append(message.data))
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()

    def fail(_: int) -> int:
        raise MemoryError("no room")

    def on_error(topic: str, error: Exception) -> None:
        errors.append((topic, str(error)))
        raise KeyError("telling fails too")

    planner._on_error = on_error
    monkeypatch.setattr(planner._waitset, "wait", fail)

    for text in ("first", "second"):
        publisher.publish(make_string(camera.types, text))

    assert wait_until(lambda: received == ["first", "second"])
    assert errors
    assert set(errors) == {("/robot/planner", "no room")}
    assert wait_until(lambda: len(errors) >= 2)
    assert len(errors) < 10


def test_a_reader_that_fails_is_told_of_and_read_again(
    pair: tuple[Participant, Participant], monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, planner = pair
    received: list[str] = []
    errors: list[tuple[str, str]] = []
    subscription = planner.subscription(
        "/text",
        _STRING,
        lambda message: received.append(message.data),
        on_error=lambda topic, error: errors.append((topic, str(error))),
    )
    publisher = camera.publisher("/text", _STRING)
    assert publisher.wait_for_matches()
    take = subscription._reader.take
    faults = iter([OSError("broken")])

    def fail_once(N: int) -> Any:  # noqa: N803  # the name in cyclonedds
        for fault in faults:
            raise fault
        return take(N=N)

    monkeypatch.setattr(subscription._reader, "take", fail_once)

    publisher.publish(make_string(camera.types, "whole"))

    assert wait_until(lambda: received == ["whole"])
    assert errors == [("/text", "broken")]


@pytest.mark.parametrize("kind", ["Topic", "DataWriter", "DataReader"])
def test_an_end_that_cyclone_refuses_is_a_runtime_error_that_names_the_topic(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise DDSException(DDSException.DDS_RETCODE_OUT_OF_RESOURCES)

    with Participant("camera", "/", loopback_settings()) as node:
        monkeypatch.setattr(f"textseg_ros.dds.endpoint.{kind}", refuse)
        add: Any = node.publisher
        if kind == "DataReader":
            add = partial(node.subscription, callback=print)
        with pytest.raises(RuntimeError, match="/text cannot be opened"):
            add("/text", _STRING)


def test_a_domain_that_cannot_be_joined_is_a_runtime_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise DDSException(DDSException.DDS_RETCODE_OUT_OF_RESOURCES)

    settings = loopback_settings()
    with monkeypatch.context() as patched:
        patched.setattr("textseg_ros.dds.participant.DomainParticipant", refuse)
        with pytest.raises(RuntimeError, match="/camera cannot join DDS domain"):
            Participant("camera", "/", settings)

    Participant("camera", "/", settings).close()
