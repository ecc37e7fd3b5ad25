"""The files for rviz2 and Foxglove name topics of the node, no others, and show its outputs."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from textseg_ros.topics import TOPICS, resolve, topic_table

ROOT = Path(__file__).resolve().parents[2]
TYPES = {resolve(topic.name): topic.type_name for topic in TOPICS}
DIRECTIONS = {resolve(topic.name): topic.direction for topic in TOPICS}
RELIABLE = {resolve(topic.name): topic.reliable for topic in TOPICS}

RVIZ_SHOWS = {
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/PointCloud2": "sensor_msgs/msg/PointCloud2",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/Pose": "geometry_msgs/msg/PoseStamped",
    "rviz_default_plugins/PointStamped": "geometry_msgs/msg/PointStamped",
    "vision_msgs_rviz_plugins/Detection3DArray": "vision_msgs/msg/Detection3DArray",
}
"""What rviz2 shows of our types, by default or by a plugin of the package that defines the type;
CompressedImage is not among it."""

FOXGLOVE_IMAGES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
FOXGLOVE_SCENE = (
    "sensor_msgs/msg/PointCloud2",
    "visualization_msgs/msg/MarkerArray",
    "geometry_msgs/msg/PoseStamped",
)
OF_ROS = ("/rosout",)


@pytest.fixture(scope="module")
def displays() -> list[dict[str, Any]]:
    text = (ROOT / "config" / "segment.rviz").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)["Visualization Manager"]["Displays"]
    return found


@pytest.fixture(scope="module")
def layout() -> dict[str, Any]:
    text = (ROOT / "config" / "foxglove_layout.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def test_each_rviz_display_has_a_topic_of_the_type_that_it_shows(
    displays: list[dict[str, Any]],
) -> None:
    shown = [display for display in displays if "Topic" in display]
    assert shown
    for display in shown:
        topic = display["Topic"]["Value"]
        assert TYPES.get(topic) == RVIZ_SHOWS[display["Class"]], topic


def test_each_rviz_display_asks_for_the_qos_that_its_topic_offers(
    displays: list[dict[str, Any]],
) -> None:
    for display in displays:
        if "Topic" in display:
            topic = display["Topic"]
            reliable = topic["Reliability Policy"] == "Reliable"
            assert reliable == RELIABLE[topic["Value"]], topic
            assert topic["Durability Policy"] == "Volatile"


def test_rviz_shows_every_output_that_it_can_show(displays: list[dict[str, Any]]) -> None:
    can = {
        name
        for name, type_name in TYPES.items()
        if DIRECTIONS[name] == "out" and type_name in RVIZ_SHOWS.values()
    }
    shown = {display["Topic"]["Value"] for display in displays if "Topic" in display}
    assert shown - {"/textseg/image"} == can


def test_what_needs_a_plugin_is_switched_off(displays: list[dict[str, Any]]) -> None:
    plugged = [
        display for display in displays if not display["Class"].startswith("rviz_default_plugins/")
    ]
    assert [display["Name"] for display in plugged] == ["Detections"]
    assert not any(display["Enabled"] for display in plugged)


def _panels(node: Any) -> Iterator[str]:
    """Yield the panels of a Foxglove arrangement, a name or two halves."""
    if isinstance(node, str):
        yield node
    else:
        yield from _panels(node["first"])
        yield from _panels(node["second"])


def test_every_panel_of_the_foxglove_layout_is_placed_once(layout: dict[str, Any]) -> None:
    configs = layout["configById"]
    placed = list(_panels(layout["layout"]))
    for name in [name for name in placed if name.startswith("Tab!")]:
        for tab in configs[name]["tabs"]:
            placed += _panels(tab["layout"])
    assert sorted(placed) == sorted(configs)


def test_foxglove_panels_name_topics_of_the_types_that_they_show(layout: dict[str, Any]) -> None:
    for name, config in layout["configById"].items():
        kind = name.partition("!")[0]
        if kind == "Image":
            assert TYPES[config["imageMode"]["imageTopic"]] in FOXGLOVE_IMAGES
        elif kind == "3D":
            assert {TYPES[topic] for topic in config["topics"]} <= set(FOXGLOVE_SCENE)
        elif kind == "RawMessages":
            assert DIRECTIONS[config["topicPath"]] == "out"
        elif kind == "Publish":
            assert config["datatype"] == TYPES[config["topicName"]]
            assert DIRECTIONS[config["topicName"]] == "in"
            assert list(json.loads(config["value"])) == ["data"]
        elif kind == "DiagnosticSummary":
            assert TYPES[config["topicToRender"]] == "diagnostic_msgs/msg/DiagnosticArray"


def test_foxglove_plots_name_fields_that_their_messages_have(layout: dict[str, Any]) -> None:
    fields = {
        f"textseg_ros/msg/{file.stem}": {
            words[1]: words[0]
            for line in file.read_text(encoding="utf-8").splitlines()
            if len(words := line.partition("#")[0].split()) == 2 and "=" not in words[1]
        }
        for file in (ROOT / "msg").glob("*.msg")
    }
    paths = [
        path["value"]
        for name, config in layout["configById"].items()
        if name.startswith("Plot!")
        for path in config["paths"]
    ]
    assert len(paths) == 11
    for path in paths:
        topic, *names = path.split(".")
        type_name = TYPES[topic]
        for field in names:
            found = fields[type_name][field]
            type_name = f"textseg_ros/msg/{found}"
        assert found == "float32", path


def test_neither_file_names_a_topic_that_does_not_exist() -> None:
    for file in ("segment.rviz", "foxglove_layout.json"):
        text = (ROOT / "config" / file).read_text(encoding="utf-8")
        named = set(re.findall(r'(?<=[" ])/[a-z0-9_]+(?:/[a-z0-9_]+)*', text))
        assert named
        assert named <= {*TYPES, *OF_ROS}, file


def test_the_foxglove_layout_shows_every_output_but_copies(layout: dict[str, Any]) -> None:
    """Of a picture the compressed topic stands for the plain one."""
    text = json.dumps(layout)
    missing = {
        name
        for name in TYPES
        if DIRECTIONS[name] == "out" and f'"{name}"' not in text and f'"{name}.' not in text
    }
    assert missing == {"/textseg/mask", "/textseg/overlay"}


def test_every_topic_stands_in_the_documentation() -> None:
    page = (ROOT / "docs" / "topics.md").read_text(encoding="utf-8")
    assert f"\n\n{topic_table()}\n" in page
