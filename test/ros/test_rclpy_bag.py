"""A bag of a camera is played into the node, and what it answers is recorded."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recording import RED_BLOCK, TIMEOUT_S, until

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)
pytest.importorskip("rosbags", reason="needs rosbags: pip install rosbags")

from bags import CAMERA_TOPIC, Recorder, play, read, stamps, write_camera_bag
from ros_graph import DOMAIN, Graph, query

RECORDED = [
    ("/textseg/objects", "textseg_ros/msg/Segmentation"),
    ("/textseg/mask", "sensor_msgs/msg/Image"),
]
MOST_PLAYS = 20


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    opened = Graph()
    yield opened
    opened.close()


def ros2_bag(*arguments: object) -> "subprocess.Popen[str]":
    """Start `ros2 bag`, or skip where it is not installed."""
    if shutil.which("ros2") is None:
        pytest.skip("ros2 is not on the path: source the ROS 2 installation")
    shown = subprocess.run(["ros2", "bag", "--help"], capture_output=True, timeout=TIMEOUT_S)
    if shown.returncode:
        pytest.skip("ros2 bag is not in this ROS 2 installation: install rosbag2")
    return subprocess.Popen(
        ["ros2", "bag", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ
        | {"ROS_DOMAIN_ID": str(DOMAIN), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    )


def check(answers: list[Any], masks: list[Any], *, stale: bool) -> None:
    """Every answer must bear the header of an image of the bag, and the mask lie on the block."""
    assert answers
    assert masks
    for message in (*answers, *masks):
        stamp = message.header.stamp
        assert stamp.sec * 10**9 + stamp.nanosec in stamps()
        assert message.header.frame_id == "bag_camera"
    for answer in answers:
        assert answer.query == "the red block"
        assert answer.stale == stale
        assert answer.objects[0].centroid_u == pytest.approx(95.5, abs=0.5)
        assert answer.objects[0].centroid_v == pytest.approx(47.5, abs=0.5)
    pixels = np.frombuffer(masks[0].data, np.uint8).reshape(96, 192)
    assert (pixels[RED_BLOCK] == 255).mean() > 0.9


@pytest.mark.parametrize("simulated", [True, False], ids=["bag's time", "wall time"])
def test_a_played_bag_is_answered_under_its_own_headers(
    graph: Graph, tmp_path: Path, simulated: bool
) -> None:
    write_camera_bag(tmp_path / "camera")
    node = graph.segmenter(use_sim_time=simulated)
    recorder = Recorder(graph.peer("recorder"), RECORDED)
    player = graph.peer("player")
    node.behaviour.on_query(query("the red block"))
    for _ in range(MOST_PLAYS):  # the node hears best effort, so that images may get lost
        play(player, tmp_path / "camera")
        if all(recorder.count(topic) for topic, _ in RECORDED):
            break
    recorder.write(tmp_path / "answers")

    answers, masks = (read(tmp_path / "answers", topic) for topic, _ in RECORDED)

    check(answers, masks, stale=not simulated)


def test_ros2_bag_plays_into_the_node_and_records_what_it_answers(
    graph: Graph, tmp_path: Path
) -> None:
    write_camera_bag(tmp_path / "camera")
    node = graph.segmenter(use_sim_time=True)
    node.behaviour.on_query(query("the red block"))
    topics = [topic for topic, _ in RECORDED]
    recording = ros2_bag("record", "-o", tmp_path / "answers", "--topics", *topics)
    try:
        until(lambda: node.count_subscribers("/textseg/objects") == 1)
        until(lambda: node.count_subscribers(CAMERA_TOPIC) == 1)
        playing = ros2_bag("play", tmp_path / "camera", "--clock", "100", "--delay", "2", "--loop")
        try:
            until(lambda: node.behaviour.statistics.total("answered") > 1)
        finally:
            playing.send_signal(signal.SIGINT)
            playing.communicate(timeout=TIMEOUT_S)
    finally:
        recording.send_signal(signal.SIGINT)
        told, _ = recording.communicate(timeout=TIMEOUT_S)

    assert recording.returncode == 0, told
    answers, masks = (read(tmp_path / "answers", topic) for topic in topics)
    check(answers, masks, stale=False)
