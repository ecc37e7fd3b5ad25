"""The rclpy node under other names, as `textseg node` has rcl give them."""

import argparse
from collections.abc import Iterator

import pytest

from textseg_ros.dds_process import add_arguments
from textseg_ros.naming import other_names, topic_names
from textseg_ros.node_command import ros_arguments
from textseg_ros.topics import topics_of

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

from recording import until
from ros_graph import Graph, query

from textseg_ros.messages import InstalledMessages

CAMERAS = ("left", "right")
REMAPS = (
    *("/tf:=/robot/tf", "/tf_static:=tf_static", "segment:=cut", "/arm/enable:=/on"),
    *("find:=/seek", "right/image:=/rear/image", "left/depth/camera_info:=/ir/info"),
)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


def test_rclpy_has_every_name_that_plain_dds_has(graph: Graph) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [word for remap in REMAPS for word in ("-r", remap)]
    parsed = parser.parse_args(
        [
            *("--namespace", "/arm", "--node-name", "eye", "--set", "cameras=['left', 'right']"),
            *("--set", "target_frame=base_link"),
            *("--camera", "/rgb/image", "--depth", "/ir/depth", *words),
        ]
    )
    node = graph.segmenter(*ros_arguments(parsed)[1:])
    topics = topic_names("/arm", "/rgb/image", CAMERAS, REMAPS, "/ir/depth")
    others = other_names("/arm", REMAPS, CAMERAS)
    peer = graph.peer("listener")
    for camera in CAMERAS:
        cloud = InstalledMessages().get("sensor_msgs/msg/PointCloud2")
        peer.create_subscription(cloud, topics[f"{camera}/cloud"], lambda _: None, 1)
    node.behaviour.on_query(query("the red block"))

    for topic in topics_of(CAMERAS):
        find = node.count_subscribers if topic.direction == "in" else node.count_publishers
        until(lambda find=find, key=topic.key: find(topics[key]) == 1)  # type: ignore[misc]
    for name in ("/tf", "/tf_static"):
        assert node.count_subscribers(others[name]) == 1, name
    services = {name for name, _ in node.get_service_names_and_types()}
    action = others["/arm/find"]
    parts = {f"{action}/_action/{part}" for part in ("send_goal", "cancel_goal", "get_result")}
    assert services >= {others["/arm/segment"], others["/arm/enable"], *parts}
    assert node.count_publishers(f"{action}/_action/feedback") == 1
    assert node.count_publishers(f"{action}/_action/status") == 1
    assert others["/arm/segment"] == "/arm/cut"
