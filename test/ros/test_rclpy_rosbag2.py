"""Bags that rosbag2 itself wrote are answered by `textseg bag`, and it opens what comes out."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import RED_BLOCK, RednessBackend, make_segmenter

pytest.importorskip("rosbag2_py", reason="rosbag2 is not in this installation")
pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)
pytest.importorskip("rosbags", reason="needs rosbags: pip install rosbags")

import rosbag2_py
from bags import CAMERA_TOPIC, stamps
from rclpy.serialization import deserialize_message, serialize_message
from ros_graph import query, red_image
from rosidl_runtime_py.utilities import get_message

from textseg_ros.bag.run import Job, Storage, run
from textseg_ros.messages import stamp_ns
from textseg_ros.settings import NodeSettings

KEYS = ("mask", "response", "centroid", "objects", "detections", "label_info", "latency")
TYPES = {CAMERA_TOPIC: "sensor_msgs/msg/Image", "/textseg/query": "std_msgs/msg/String"}


def record(folder: Path, storage: str) -> None:
    """Write five images of a red block, and the query just before the third, with rosbag2."""
    writer = rosbag2_py.SequentialWriter()
    writer.open(
        rosbag2_py.StorageOptions(uri=str(folder), storage_id=storage),
        rosbag2_py.ConverterOptions("cdr", "cdr"),
    )
    for number, (name, type_name) in enumerate(TYPES.items()):
        writer.create_topic(rosbag2_py.TopicMetadata(number, name, type_name, "cdr"))
    for number, time_ns in enumerate(stamps()):
        if number == 2:
            asked = serialize_message(query("the red block"))
            writer.write("/textseg/query", asked, time_ns - 1)
        image = red_image()
        image.header.frame_id = "bag_camera"
        image.header.stamp.sec, image.header.stamp.nanosec = divmod(time_ns, 10**9)
        writer.write(CAMERA_TOPIC, serialize_message(image), time_ns)
    writer.close()


def read(folder: Path, storage: str) -> dict[str, list[tuple[int, Any]]]:
    """Return time (ns) and message by topic, with rosbag2's reader and rclpy's classes."""
    reader = rosbag2_py.SequentialReader()
    reader.open(
        rosbag2_py.StorageOptions(uri=str(folder), storage_id=storage),
        rosbag2_py.ConverterOptions("", ""),
    )
    types = {one.name: get_message(one.type) for one in reader.get_all_topics_and_types()}
    found: dict[str, list[tuple[int, Any]]] = defaultdict(list)
    while reader.has_next():
        topic, data, time_ns = reader.read_next()
        found[topic].append((time_ns, deserialize_message(data, types[topic])))
    return found


@pytest.mark.parametrize("storage", ["mcap", "sqlite3"])
def test_rosbag2_s_own_bag_is_answered_and_the_answers_open_in_rosbag2(
    storage: Storage, tmp_path: Path
) -> None:
    record(tmp_path / "camera", storage)

    def load(_: NodeSettings) -> Any:
        return make_segmenter(RednessBackend())

    outcome = run(
        Job(
            recording=tmp_path / "camera",
            out=tmp_path / "answers",
            outputs=KEYS,
            camera=CAMERA_TOPIC,
            storage=storage,
        ),
        load,
    )

    assert (outcome.images, outcome.faults) == (3, ())
    found = read(tmp_path / "answers", storage)
    for key in KEYS:
        answers = found[f"/textseg/{key}"]
        assert [time_ns for time_ns, _ in answers] == stamps()[2:], key
        assert [stamp_ns(message.header) for _, message in answers] == stamps()[2:], key
        assert {message.header.frame_id for _, message in answers} == {"bag_camera"}, key
    for _, mask in found["/textseg/mask"]:
        pixels = np.frombuffer(mask.data, np.uint8).reshape(mask.height, mask.step)
        assert (pixels[RED_BLOCK] == 255).mean() > 0.9
    for _, objects in found["/textseg/objects"]:
        assert (objects.query, objects.stale, objects.status) == ("the red block", False, 0)
        assert objects.objects[0].centroid_u == pytest.approx(95.5, abs=0.5)
