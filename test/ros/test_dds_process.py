"""The DDS node as a process: Ctrl-C ends it soon, with status 0 and nothing on stderr, always."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from dds_peers import make_image, wait_until
from node_process import TIMEOUT_S, Process
from recording import red_block

NETWORK = "dds_transport.load_segmenter = lambda _: make_segmenter(%s)"


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
