"""What other processes of the domain do to us: die while writing, and speak otherwise than we."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dds_peers import make_string, wait_until
from recording import RednessBackend, make_segmenter

from textseg_ros.dds.participant import Participant
from textseg_ros.dds_transport import DdsNode
from textseg_ros.naming import topic_names
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.settings import read_settings

_STRING, _IMAGE = "std_msgs/msg/String", "sensor_msgs/msg/Image"
_TIMEOUT_S = 60.0
_JOIN = """
import os, sys, time
import numpy as np
from textseg_ros.rmw_environment import read_environment
from textseg_ros.dds.participant import Participant
node = Participant(sys.argv[1], "/other", read_environment(os.environ, os.getpid()))
text = node.types.get("std_msgs/msg/String")
"""
# 480 x 640 pixels, 0.92 MB: about 15 datagrams. The pauses let a reader on a busy machine finish
# an image before the next one floods its socket; without them the camera is always writing.
_CAMERA = (
    _JOIN
    + """
from textseg_ros.demo.frames import IMAGE_TYPE, Frame, image_message
frame = Frame(np.full((480, 640, 3), int(sys.argv[2]), np.uint8), "rgb8")
camera = node.publisher("/camera/image_raw", IMAGE_TYPE, reliable=False, depth=1)
camera.wait_for_matches(timeout_s=60.0)
def publish():
    camera.publish(image_message(node.types, frame, time.time_ns(), sys.argv[1]))
for _ in range(100):
    publish()
    time.sleep(0.02)
print("no more pauses", flush=True)
while True:
    publish()
"""
)
_TALKER = (
    _JOIN
    + """
ends = [node.publisher(topic, "std_msgs/msg/String") for topic in sys.argv[2:]]
print("ready", flush=True)
while True:
    for end in ends:
        end.publish(text(data="x" * 5000))
    time.sleep(0.01)
"""
)


@pytest.fixture
def environment() -> dict[str, str]:
    return os.environ | loopback_environment(free_domain_id())


@contextmanager
def _peer(code: str, environment: dict[str, str], *arguments: str) -> Iterator[Any]:
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env=environment, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _join(environment: dict[str, str], name: str = "planner") -> Participant:
    return Participant(name, "/", read_environment(environment, os.getpid()))


def test_frames_of_the_next_camera_arrive_after_one_was_killed_while_writing(
    environment: dict[str, str],
) -> None:
    received: Counter[tuple[str, int]] = Counter()
    errors: list[str] = []

    def on_image(message: Any) -> None:
        data = message.data
        whole = data.size == 921_600 and bool((data == data[0]).all())
        received[message.header.frame_id, int(data[0]) if whole else -1] += 1

    with _join(environment) as node:
        node.subscription(
            "/camera/image_raw",
            _IMAGE,
            on_image,
            reliable=False,
            depth=1,
            on_error=lambda _, error: errors.append(str(error)),
        )
        with _peer(_CAMERA, environment, "first", "17") as camera:
            assert wait_until(lambda: received["first", 17] >= 3, _TIMEOUT_S)
            assert camera.stdout.readline() == b"no more pauses\n"
            camera.send_signal(signal.SIGKILL)
        with _peer(_CAMERA, environment, "second", "99"):
            assert wait_until(lambda: received["second", 99] >= 3, _TIMEOUT_S)

    assert set(received) == {("first", 17), ("second", 99)}
    assert errors == []


def test_another_graph_on_the_domain_is_told_of_and_does_not_disturb(
    environment: dict[str, str],
) -> None:
    images: list[Any] = []
    texts: list[str] = []
    errors: list[str] = []
    with (
        _join(environment) as node,
        _peer(_TALKER, environment, "talker", "/chatter", "/camera/image_raw") as talker,
    ):
        assert talker.stdout.readline() == b"ready\n"
        node.subscription(
            "/camera/image_raw",
            _IMAGE,
            images.append,
            reliable=False,
            on_error=lambda _, error: errors.append(str(error)),
        )
        query = node.subscription("/query", _STRING, lambda message: texts.append(message.data))
        words = node.publisher("/query", _STRING)
        assert query.wait_for_matches()

        misfit = {"/camera/image_raw": f"message type {_STRING}"}
        assert wait_until(lambda: node.incompatible() == misfit, _TIMEOUT_S)
        words.publish(make_string(node.types, "the cup"))

        assert wait_until(lambda: texts == ["the cup"])
        assert wait_until(lambda: node.peers() == ("/other/talker",))
    assert images == []
    # Without type names in the match, as between two of us, texts arrive and are refused.
    assert all("are no sensor_msgs/msg/Image" in error for error in errors)


def test_two_query_publishers_are_counted_and_told_of(
    environment: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    node = DdsNode(
        _join(environment, "segmenter"),
        lambda _: make_segmenter(RednessBackend()),
        read_settings(None, [], "/segmenter"),
        topic_names("/textseg", None),
    )
    try:

        def count() -> int:
            return node._participant.publisher_counts(["/textseg/query"])["/textseg/query"]

        with _peer(_TALKER, environment, "one", "/textseg/query"):
            assert wait_until(lambda: count() == 1, _TIMEOUT_S)
            node.tick()
            assert "publishers on /textseg/query" not in caplog.text
            with _peer(_TALKER, environment, "two", "/textseg/query"):
                assert wait_until(lambda: count() == 2, _TIMEOUT_S)
                node.tick()
                assert "2 publishers on /textseg/query" in caplog.text
    finally:
        node.close()


_NODE = """
import sys, types
import textseg_ros.dds_transport as transport
from textseg_ros.dds_node import main
report = types.SimpleNamespace(line=lambda: "backend none")
segmenter = types.SimpleNamespace(report=lambda: report)
transport.Segmenter = types.SimpleNamespace(load=lambda config: segmenter)
sys.exit(main([]))
"""


def test_an_interface_that_does_not_exist_ends_the_node_naming_those_that_do(
    environment: dict[str, str],
) -> None:
    uri = (
        "<CycloneDDS><Domain><General><Interfaces>"
        '<NetworkInterface name="nosuch0"/></Interfaces></General></Domain></CycloneDDS>'
    )

    run = subprocess.run(
        [sys.executable, "-c", _NODE],
        env=environment | {"CYCLONEDDS_URI": uri},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )

    assert run.returncode == 2
    assert "Network interfaces found: lo" in run.stderr
    assert "CYCLONEDDS_URI" in run.stderr
    assert "Traceback" not in run.stderr


def _without_network(command: str, environment: dict[str, str]) -> list[str]:
    """Return a shell command in a network namespace of its own, in which only lo is, and down."""
    unshare = ["unshare", "--map-root-user", "--net", "sh", "-c"]
    try:
        subprocess.run([*unshare, "true"], check=True, capture_output=True, env=environment)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this host does not let us make a network namespace")
    return [*unshare, command]


@pytest.mark.parametrize("range_", ["LOCALHOST", "SUBNET"])
def test_without_an_interface_that_is_up_the_node_says_which_there_are(
    environment: dict[str, str], range_: str
) -> None:
    environment |= {"CYCLONEDDS_URI": "", "ROS_AUTOMATIC_DISCOVERY_RANGE": range_}

    run = subprocess.run(
        _without_network(f"exec {sys.executable} -c '{_NODE}'", environment),
        env=environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
    )

    assert run.returncode == 2
    assert "Network interfaces found: lo." in run.stderr
    assert "ip link set lo up" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_loopback_interface_alone_is_enough(environment: dict[str, str]) -> None:
    environment |= {"CYCLONEDDS_URI": "", "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}
    command = _without_network(
        f"ip link set lo up && exec {sys.executable} -c '{_NODE}'", environment
    )
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout is not None
        lines = iter(node.stdout.readline, "")
        ready = any("waiting for /textseg/image" in line for line in lines)
        node.terminate()
        node.communicate(timeout=_TIMEOUT_S)

    assert ready
    assert node.returncode == 0
