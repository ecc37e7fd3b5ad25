import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import RED_BLOCK, TIMEOUT_S, RednessBackend, make_segmenter, red_block, until

from textseg_ros.conversions import OwnImagePacker
from textseg_ros.messages import InstalledMessages, byte_sequence
from textseg_ros.topics import TOPICS, resolve

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, ReliabilityPolicy

from textseg_ros import rclpy_node

ROOT = Path(__file__).parents[2]
DOMAIN = 1 + os.getpid() % 100
START = f"""
import runpy, sys
sys.path[:0] = [{str(ROOT)!r}, {str(Path(__file__).parent)!r}]
from recording import RednessBackend, make_segmenter
from textseg_ros import rclpy_node
rclpy_node.load_segmenter = lambda settings: make_segmenter(RednessBackend())
runpy.run_path({str(ROOT / "textseg_ros" / "executables" / "segmenter")!r}, run_name="__main__")
"""


class Graph:
    """A ROS context of its own whose nodes are served by one thread."""

    def __init__(self) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._nodes: list[Node] = []
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def segmenter(self, *arguments: str, **parameters: Any) -> rclpy_node.SegmenterNode:
        node = rclpy_node.SegmenterNode(
            lambda settings: make_segmenter(RednessBackend()),
            context=self.context,
            cli_args=["--ros-args", *arguments] if arguments else None,
            parameter_overrides=[
                Parameter(name, value=value) for name, value in parameters.items()
            ],
        )
        self.add(node)
        return node

    def add(self, node: Any) -> Any:
        self._nodes.append(node)
        self._executor.add_node(node)
        return node

    def close(self) -> None:
        for node in self._nodes:
            if isinstance(node, rclpy_node.SegmenterNode):
                node.behaviour.close()
        self._executor.shutdown()
        self._thread.join(TIMEOUT_S)
        for node in self._nodes:
            node.destroy_node()
        self.context.try_shutdown()


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


def test_topics_have_the_names_types_and_qos_of_the_table(graph: Graph) -> None:
    node = graph.segmenter()

    assert node.get_fully_qualified_name() == "/textseg/segmenter"
    for topic in TOPICS:
        name = resolve(topic.name)
        find: Callable[[str], list[Any]] = (
            node.get_subscriptions_info_by_topic
            if topic.direction == "in"
            else node.get_publishers_info_by_topic
        )
        until(lambda find=find, name=name: len(find(name)) == 1)  # type: ignore[misc]
        (info,) = find(name)
        assert info.topic_type == topic.type_name
        reliable = info.qos_profile.reliability == ReliabilityPolicy.RELIABLE
        assert reliable == topic.reliable, name
        assert info.qos_profile.durability == DurabilityPolicy.VOLATILE


def test_an_image_and_a_query_give_a_mask_and_a_centroid(graph: Graph) -> None:
    types = InstalledMessages()
    graph.segmenter("-r", "image:=/camera/image_raw")
    peer = graph.add(Node("peer", context=graph.context))
    received: dict[str, list[Any]] = {"mask": [], "centroid": [], "objects": []}
    for topic in TOPICS:
        if topic.key in received:
            peer.create_subscription(
                types.get(topic.type_name), resolve(topic.name), received[topic.key].append, 1
            )
    images = peer.create_publisher(types.get("sensor_msgs/msg/Image"), "/camera/image_raw", 1)
    queries = peer.create_publisher(types.get("std_msgs/msg/String"), "/textseg/query", 1)
    until(lambda: images.get_subscription_count() == 1 and queries.get_subscription_count() == 1)
    until(lambda: peer.count_publishers("/textseg/mask") == 1)
    queries.publish(types.get("std_msgs/msg/String")(data="the red block"))
    picture = red_block()
    image_class = types.get("sensor_msgs/msg/Image")
    image = image_class(
        height=96, width=192, encoding="rgb8", step=576, data=byte_sequence(image_class, picture)
    )

    def answered() -> bool:
        image.header.frame_id = "camera"
        image.header.stamp = peer.get_clock().now().to_msg()
        images.publish(image)  # best-effort, and perhaps before the query: send until answered
        threading.Event().wait(0.02)
        return all(received.values())

    until(answered)

    mask = received["mask"][0]
    assert mask.header.frame_id == "camera"
    pixels = np.frombuffer(mask.data, np.uint8).reshape(96, 192)
    assert (pixels[RED_BLOCK] == 255).mean() > 0.9
    assert received["centroid"][0].point.x == pytest.approx(95.5, abs=0.5)
    assert received["objects"][0].query == "the red block"


def test_another_node_on_an_output_is_told_of(graph: Graph) -> None:
    types = InstalledMessages()
    node = graph.segmenter()
    painter = graph.add(Node("painter", context=graph.context))
    painter.create_publisher(types.get("sensor_msgs/msg/Image"), "/textseg/mask", 1)

    until(lambda: "several publishers on outputs" in node.behaviour.report.events())

    event = node.behaviour.report.events()["several publishers on outputs"]
    assert "another node publishes on /textseg/mask too" in event.text


def test_an_error_in_the_look_at_the_graph_does_not_end_the_node(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("rcl is busy")

    node = graph.segmenter()
    monkeypatch.setattr(node, "get_node_names_and_namespaces", fail)
    kind = "the look at the graph failed"

    # Twice: the timer goes on after the first.
    until(lambda: kind in node.behaviour.report.events())
    until(lambda: node.behaviour.report.events()[kind].count > 1)

    assert "RuntimeError: rcl is busy" in node.behaviour.report.events()[kind].text


def test_every_parameter_is_declared_with_type_text_and_range(graph: Graph) -> None:
    node = graph.segmenter(max_age_s=0.5)

    assert node.get_parameter("max_age_s").value == 0.5
    assert node.get_parameter("max_objects").value == 16
    for name in ("max_age_s", "max_objects", "weights", "overlay"):
        described = node.describe_parameter(name)
        assert described.read_only, name
        assert described.description, name
    assert node.describe_parameter("threads").integer_range[0].from_value == 0
    assert node.settings.max_age_s == 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"max_age": 1.0}, "/textseg/segmenter.*unknown parameter 'max_age'; accepted are"),
        ({"max_age_s": 1}, r"max_age_s must be a number such as 1\.0, got 1 \(int\); write 1\.0"),
        ({"threads": [1, 2]}, "threads must be a whole number"),
        ({"threads": -1}, "threads must lie in 0"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    graph: Graph, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        graph.segmenter(**parameters)


def test_images_are_packed_by_cv_bridge_where_it_works() -> None:
    pytest.importorskip("cv_bridge", reason="cv_bridge exists only inside a ROS 2 installation")
    lines: list[tuple[str, str]] = []

    packer = rclpy_node.choose_packer(
        InstalledMessages(), lambda level, text: lines.append((level, text))
    )

    assert isinstance(packer, rclpy_node.CvBridgePacker)
    assert lines == [("info", "images are packed by cv_bridge")]


def test_a_cv_bridge_that_fails_is_replaced_and_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImportError("numpy.core.multiarray failed to import")

    monkeypatch.setattr(rclpy_node, "CvBridgePacker", fail)
    lines: list[tuple[str, str]] = []

    packer = rclpy_node.choose_packer(
        InstalledMessages(), lambda level, text: lines.append((level, text))
    )

    assert isinstance(packer, OwnImagePacker)
    assert lines[0][0] == "warning"
    assert "numpy.core.multiarray failed to import" in lines[0][1]


def start(*arguments: str) -> "subprocess.Popen[str]":
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(DOMAIN),
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-c", START, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize(
    "signals", [[signal.SIGINT], [signal.SIGTERM], [signal.SIGINT, signal.SIGINT]]
)
def test_signals_end_the_process_with_status_0_and_no_traceback(
    signals: list[signal.Signals],
) -> None:
    process = start()
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while "waiting for /textseg/image" not in lines[-1]:
        assert lines[-1], lines
        lines.append(process.stdout.readline())
    for number in signals:
        process.send_signal(number)
    rest, _ = process.communicate(timeout=TIMEOUT_S)

    assert process.returncode == 0, rest
    assert "Traceback" not in rest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/**:\n  ros__parameters:\n    max_age: 1.0\n", "unknown parameter 'max_age'"),
        ("/**:\n  ros__parameters:\n    threads: many\n", "threads must be a whole number"),
        ("/**:\n  ros__parameters:\n   - [\n", "p.yaml"),
    ],
)
def test_a_bad_parameter_file_ends_with_one_line_that_names_it(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")

    process = start("--ros-args", "--params-file", str(path))
    output, _ = process.communicate(timeout=TIMEOUT_S)

    (line,) = [line for line in output.splitlines() if "cannot start" in line]
    assert process.returncode == 2
    assert message in line
    assert str(path) in line
    assert "Traceback" not in output


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
        timeout=60,
        env={**os.environ, "ROS_DOMAIN_ID": str(DOMAIN)},
    )  # fmt: skip

    output = finished.stdout + finished.stderr
    (line,) = [line for line in output.splitlines() if "cannot start" in line]
    assert str(missing) in line
    assert "exit code 2" in output
    assert "Traceback" not in output
