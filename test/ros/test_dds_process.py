"""The DDS node as a process: Ctrl-C ends it soon, with status 0 and nothing on stderr, always."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from dds_peers import make_image, make_string, wait_until
from recording import red_block

from textseg_ros.dds.participant import Participant
from textseg_ros.dds.rpc import DdsRpc
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.topics import BY_KEY, resolve

TIMEOUT_S = 300.0
"""What a busy machine may take; what a node must not wait for takes longer."""
ROOT = Path(__file__).parents[2]
START = f"""
import sys, time
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from textseg_ros import dds_node, dds_process, dds_transport
from recording import RednessBackend, SlowBackend, make_segmenter
def say(what):
    print(what, flush=True)
class StuckBackend(RednessBackend):
    def respond(self, image, expressions):
        say("stuck")
        time.sleep(1000.0)
%s
sys.exit(dds_node.main(sys.argv[1:]))
"""
NETWORK = "dds_transport.load_segmenter = lambda _: make_segmenter(%s)"


class Process:
    """The node as a process in a domain of its own, and a peer there."""

    def __init__(self, code: str, *arguments: str) -> None:
        self._environment = loopback_environment(free_domain_id())
        self._run = subprocess.Popen(
            [sys.executable, "-c", START % code, *arguments],
            env=os.environ | self._environment | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._peer: Participant | None = None
        self._over = threading.Event()
        self._camera: threading.Thread | None = None

    @property
    def peer(self) -> Participant:
        if self._peer is None:
            self._peer = Participant("peer", "/", read_environment(self._environment, 1))
        return self._peer

    def read_until(self, text: str) -> None:
        assert self._run.stdout is not None
        assert self._run.stderr is not None
        while text not in (line := self._run.stdout.readline()):
            assert line, self._run.stderr.read()

    def ask(self) -> None:
        """Ask for the red block, and show it 20 times a second."""
        types = self.peer.types
        query = self.peer.publisher("/textseg/query", "std_msgs/msg/String")
        assert query.wait_for_matches(timeout_s=TIMEOUT_S)
        query.publish(make_string(types, "the red block"))
        images = self.peer.publisher("/textseg/image", "sensor_msgs/msg/Image", depth=1)

        def film() -> None:
            while not self._over.wait(0.05):
                images.publish(make_image(types, red_block()))

        self._camera = threading.Thread(target=film)
        self._camera.start()

    def listen(self, key: str) -> list[Any]:
        """Return where the messages of an output will be."""
        heard: list[Any] = []
        topic = BY_KEY[key]
        self.peer.subscription(resolve(topic.name), topic.type_name, heard.append)
        return heard

    def rpc(self) -> DdsRpc:
        return DdsRpc(self.peer, "fastrtps", lambda *_: None, print)

    def end(self, signals: int = 1) -> tuple[int, str]:
        """Press Ctrl-C; return exit status and stderr once the process has ended."""
        for _ in range(signals):
            self._run.send_signal(signal.SIGINT)
            time.sleep(0.1)
        _, errors = self._run.communicate(timeout=TIMEOUT_S)
        return self._run.returncode, errors

    def close(self) -> None:
        self._over.set()
        if self._camera is not None:
            self._camera.join()
        if self._run.poll() is None:
            self._run.kill()
            self._run.communicate()
        if self._peer is not None:
            self._peer.close()


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    processes: list[Process] = []

    def started(code: str = NETWORK % "RednessBackend()", *arguments: str) -> Process:
        processes.append(Process(code, *arguments))
        return processes[-1]

    yield started
    for process in processes:
        process.close()


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import builtins\ndef slow(*_): say('importing'); time.sleep(1000.0)\n"
         "sys.modules['textseg_ros.dds_process'] = type(sys)('slow')\n"
         "sys.modules['textseg_ros.dds_process'].run = slow", "importing"),
        (NETWORK % "(say('loading'), time.sleep(1.0), RednessBackend())[-1]", "loading"),
        (NETWORK % "(say('loading'), time.sleep(1000.0))", "loading"),
        (NETWORK % "(say('loading'), time.sleep(1.0), 1 / 0)", "loading"),
    ],
    ids=["importing", "loading", "building an engine", "failing to load"],
)  # fmt: skip
def test_ctrl_c_ends_a_start(start: Callable[..., Process], code: str, line: str) -> None:
    process = start(code)
    process.read_until(line)

    assert process.end() == (0, "")


@pytest.mark.parametrize("signals", [1, 3])
def test_ctrl_c_ends_an_idle_node_however_often_it_is_pressed(
    start: Callable[..., Process], signals: int
) -> None:
    process = start()
    process.read_until("waiting for /textseg/image")

    assert process.end(signals) == (0, "")


@pytest.mark.parametrize("signals", [1, 3])
def test_ctrl_c_ends_an_answering_node_however_often_it_is_pressed(
    start: Callable[..., Process], signals: int
) -> None:
    process = start(NETWORK % "SlowBackend()")
    answers = process.listen("objects")
    process.ask()
    assert wait_until(lambda: len(answers) > 1, TIMEOUT_S)

    assert process.end(signals) == (0, "")


def test_ctrl_c_ends_a_node_whose_network_does_not_return(start: Callable[..., Process]) -> None:
    process = start(NETWORK % "StuckBackend()")
    process.listen("objects")
    process.ask()
    process.read_until("stuck")

    assert process.end() == (0, "")


def test_ctrl_c_ends_a_node_that_waits_for_depth(start: Callable[..., Process]) -> None:
    process = start(NETWORK % "RednessBackend()", "--set", "depth_timeout_s=5.0")
    process.listen("target_pose")
    answers = process.listen("objects")
    process.ask()
    assert wait_until(lambda: len(answers) > 1, TIMEOUT_S)

    assert process.end() == (0, "")


def test_ctrl_c_ends_a_paused_node(start: Callable[..., Process]) -> None:
    process = start()
    rpc = process.rpc()
    enable = rpc.client("/textseg/enable", "std_srvs/srv/SetBool")
    assert enable.wait_for_service(TIMEOUT_S)
    off = process.peer.types.get("std_srvs/srv/SetBool_Request")(data=False)
    assert enable.call(off, TIMEOUT_S).success

    assert process.end() == (0, "")
    rpc.close()


@pytest.mark.parametrize("network", ["RednessBackend()", "StuckBackend()"])
def test_ctrl_c_ends_a_node_in_the_middle_of_a_service_and_of_a_goal(
    start: Callable[..., Process], network: str
) -> None:
    """They wait for an image, or for a network that has one and does not return."""
    process = start(NETWORK % network, "--set", "request_timeout_s=600.0")
    rpc, types = process.rpc(), process.peer.types
    segment = rpc.client("/textseg/segment", "textseg_ros/srv/Segment")
    find = rpc.action_client("/textseg/find", "textseg_ros/action/Find")
    assert segment.wait_for_service(TIMEOUT_S)
    assert find.wait_for_server(TIMEOUT_S)
    request = types.default("textseg_ros/srv/Segment_Request")
    goal = types.default("textseg_ros/action/Find_Goal")
    request.phrase = goal.phrase = "the red block"
    images = process.peer.publisher("/textseg/image", "sensor_msgs/msg/Image")
    calling = threading.Thread(target=_call, args=(segment, request))
    calling.start()
    assert find.send_goal(goal, timeout_s=TIMEOUT_S) is not None
    # Only requests make the node receive images here.
    assert images.wait_for_matches(timeout_s=TIMEOUT_S)
    if network == "StuckBackend()":
        images.publish(make_image(types, red_block()))
        process.read_until("stuck")

    assert process.end() == (0, "")
    rpc.close()
    calling.join(TIMEOUT_S)


def _call(segment: Any, request: Any) -> None:
    with suppress(RuntimeError):  # the node goes meanwhile
        segment.call(request, 5.0)
