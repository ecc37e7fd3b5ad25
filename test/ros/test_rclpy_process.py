"""The node as a process: how it starts, and that Ctrl-C ends it quietly in every state."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recording import TIMEOUT_S, until

from textseg_ros.messages import InstalledMessages

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

from rclpy.action import ActionClient
from ros_graph import DOMAIN, Graph, leader, listen, query, read_until, red_image, start

Process = subprocess.Popen[str]


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


@pytest.fixture
def run() -> Iterator[Callable[..., Process]]:
    """Start nodes; what a failed test leaves of them is killed."""
    processes: list[Process] = []

    def started(*arguments: str, backend: str = "RednessBackend()") -> Process:
        processes.append(start(*arguments, backend=backend))
        return processes[-1]

    yield started
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.communicate()


def end(process: Process, *signals: signal.Signals) -> tuple[int, str]:
    """Send signals; return exit status and stderr."""
    for number in signals or (signal.SIGINT,):
        process.send_signal(number)
    _, errors = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, errors


def call(peer: Any, type_name: str, name: str, **fields: Any) -> Any:
    """Send a request; return its future."""
    service = InstalledMessages().get(type_name)
    client = peer.create_client(service, name)
    assert client.wait_for_service(TIMEOUT_S)
    return client.call_async(service.Request(**fields))


@pytest.mark.parametrize(
    ("signals", "autostart"),
    [
        ([signal.SIGINT], "true"),
        ([signal.SIGTERM], "true"),
        ([signal.SIGINT, signal.SIGINT], "true"),
        ([signal.SIGINT], "false"),
    ],
    ids=["ctrl-c", "term", "ctrl-c twice", "ctrl-c unconfigured"],
)
def test_signals_end_the_process_with_status_0_and_an_empty_stderr(
    run: Callable[..., Process], signals: list[signal.Signals], autostart: str
) -> None:
    process = run("--ros-args", "-p", f"autostart:={autostart}")
    waiting = "waiting for /textseg/image" if autostart == "true" else "unconfigured; `ros2"
    read_until(process, waiting)

    assert end(process, *signals) == (0, "")


def test_ctrl_c_while_the_network_loads_ends_the_process_quietly(
    run: Callable[..., Process],
) -> None:
    process = run(backend="(print('loading', flush=True), time.sleep(1.0), RednessBackend())[-1]")
    read_until(process, "loading")

    assert end(process) == (0, "")


@pytest.mark.parametrize(
    "transitions",
    [
        ["configure"],
        ["configure", "activate", "deactivate"],
        ["unconfigured_shutdown"],
        ["configure", "activate"],
    ],
    ids=["inactive", "deactivated", "finalized", "active"],
)
def test_ctrl_c_ends_the_process_quietly_in_every_state(
    graph: Graph, run: Callable[..., Process], transitions: list[str]
) -> None:
    process = run("--ros-args", "-p", "autostart:=false")
    read_until(process, "unconfigured; `ros2")
    lead = leader(graph.peer("manager"))
    for transition in transitions:
        assert lead(transition)

    assert end(process) == (0, "")


def test_ctrl_c_ends_a_paused_process_quietly(graph: Graph, run: Callable[..., Process]) -> None:
    process = run()
    paused = call(graph.peer("operator"), "std_srvs/srv/SetBool", "/textseg/enable", data=False)
    until(paused.done)

    assert end(process) == (0, "")


def test_ctrl_c_ends_an_answering_process_quietly(
    graph: Graph, run: Callable[..., Process]
) -> None:
    process = run(backend="SlowBackend()")
    answers = listen(graph, "objects")
    peer = graph.peer("camera")
    images = peer.create_publisher(type(red_image()), "/textseg/image", 1)
    queries = peer.create_publisher(type(query("")), "/textseg/query", 1)
    over = threading.Event()

    def film() -> None:
        while not over.wait(0.02):
            image = red_image()
            image.header.stamp = peer.get_clock().now().to_msg()
            images.publish(image)

    camera = threading.Thread(target=film)
    until(lambda: queries.get_subscription_count() == 1)
    queries.publish(query("the red block"))
    camera.start()
    try:
        until(lambda: len(answers) > 1)
        assert end(process) == (0, "")
    finally:
        over.set()
        camera.join()


def test_ctrl_c_during_a_service_call_that_waits_ends_the_process_at_once(
    graph: Graph, run: Callable[..., Process]
) -> None:
    process = run("--ros-args", "-p", "request_timeout_s:=50.0")
    peer = graph.peer("planner")
    waiting = call(peer, "textseg_ros/srv/Segment", "/textseg/segment", phrase="the red block")
    # Only a request that waits for an image makes the node subscribe to images here.
    until(lambda: peer.count_subscribers("/textseg/image") == 1)
    sent_s = time.monotonic()

    assert end(process) == (0, "")
    assert time.monotonic() - sent_s < 20.0
    assert not (waiting.done() and waiting.result().success)


def test_ctrl_c_during_a_goal_ends_the_process_at_once(
    graph: Graph, run: Callable[..., Process]
) -> None:
    process = run()
    peer = graph.peer("planner")
    find = InstalledMessages().get("textseg_ros/action/Find")
    client = ActionClient(peer, find, "/textseg/find")
    assert client.wait_for_server(TIMEOUT_S)
    sent = client.send_goal_async(find.Goal(phrase="the red block", timeout_s=50.0))
    until(sent.done)
    assert sent.result().accepted
    until(lambda: peer.count_subscribers("/textseg/image") == 1)
    sent_s = time.monotonic()

    assert end(process) == (0, "")
    assert time.monotonic() - sent_s < 20.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/**:\n  ros__parameters:\n    max_age: 1.0\n", "unknown parameter 'max_age'"),
        ("/**:\n  ros__parameters:\n    threads: many\n", "threads must be a whole number"),
        ("/**:\n  ros__parameters:\n   - [\n", "p.yaml"),
    ],
)
def test_a_bad_parameter_file_ends_with_one_line_that_names_it(
    run: Callable[..., Process], tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")

    process = run("--ros-args", "--params-file", str(path))
    output, errors = process.communicate(timeout=TIMEOUT_S)

    (line,) = [line for line in errors.splitlines() if "cannot start" in line]
    assert process.returncode == 2
    assert message in line
    assert str(path) in line
    assert "Traceback" not in output + errors


def test_launch_ends_a_node_without_weights_by_one_line(tmp_path: Path) -> None:
    packages = pytest.importorskip(
        "ament_index_python.packages", reason="launch exists only inside a ROS 2 installation"
    )
    try:
        packages.get_package_share_directory("textseg_ros")
    except packages.PackageNotFoundError:
        pytest.skip("the package is not installed here: colcon build it and source the workspace")
    missing = tmp_path / "no_such_model"

    finished = subprocess.run(
        ["ros2", "launch", "textseg_ros", "segment.launch.py", f"weights:={missing}",
         "namespace:=arm", "node_name:=eye"],
        capture_output=True,
        text=True,
        timeout=200,
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)},
    )  # fmt: skip

    output = finished.stdout + finished.stderr
    (line,) = [line for line in output.splitlines() if "cannot start" in line]
    assert str(missing) in line
    assert "exit code 2" in output
    assert "Traceback" not in output
