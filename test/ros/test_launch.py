"""launch/segment.launch.py: what it starts, and run by launch_testing (launch_two_nodes.py)."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip("launch_testing", reason="launch_testing is not in this ROS 2 installation")
packages = pytest.importorskip("ament_index_python.packages", reason="no ament index here")

ROOT = Path(__file__).resolve().parents[2]


def started(**arguments: str) -> list[list[str]]:
    """Return the arguments of each process that the launch file starts."""
    from launch import LaunchContext
    from launch.actions import DeclareLaunchArgument, OpaqueFunction
    from launch.utilities import perform_substitutions

    spec = importlib.util.spec_from_file_location(
        "segment_launch", ROOT / "launch" / "segment.launch.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except packages.PackageNotFoundError:
        pytest.skip("the package is not installed here: colcon build it and source the workspace")
    context = LaunchContext()
    context.launch_configurations.update(arguments)
    nodes: list[Any] = []
    for entity in module.generate_launch_description().entities:
        if isinstance(entity, DeclareLaunchArgument):
            entity.execute(context)
        elif isinstance(entity, OpaqueFunction):
            nodes += entity.execute(context) or []
    context.extend_locals({"ros_specific_arguments": {"name": "", "ns": ""}})
    for node in nodes:
        node._perform_substitutions(context)
    return [[perform_substitutions(context, word) for word in node.cmd[1:]] for node in nodes]


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        ({}, "textseg.segmenter:=info"),
        ({"log_level": "debug"}, "textseg.segmenter:=debug"),
        ({"namespace": "arm/left", "node_name": "eye", "log_level": "warn"}, "arm.left.eye:=warn"),
        ({"namespace": "", "log_level": "error"}, "segmenter:=error"),
    ],
)
def test_the_log_level_is_that_of_the_node_s_logger(arguments: dict[str, str], level: str) -> None:
    (command,) = started(**arguments)

    assert command[command.index("--log-level") + 1] == level


@pytest.mark.parametrize(
    ("arguments", "remaps"),
    [
        ({}, ["camera_info:=/camera/camera_info", "depth/camera_info:=/camera/depth/camera_info"]),
        ({"camera": "/image_raw"}, ["image:=/image_raw", "camera_info:=/camera_info"]),
        ({"camera": "image_raw"}, ["image:=image_raw", "camera_info:=camera_info"]),
        ({"camera": "eye/image_raw"}, ["camera_info:=eye/camera_info"]),
        ({"depth": "depth_raw"}, ["depth:=depth_raw", "depth/camera_info:=camera_info"]),
    ],
)
def test_a_camera_info_is_heard_beside_its_images(
    arguments: dict[str, str], remaps: list[str]
) -> None:
    """A relative name and its neighbour both follow the namespace."""
    (command,) = started(**arguments)

    assert set(remaps) <= set(command)


def test_the_arguments_are_those_of_the_first_named_camera(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text("/**:\n  ros__parameters:\n    cameras: [left, right]\n")

    (alone,) = started(config_file=str(file))
    assert not [word for word in alone if "image" in word or "depth" in word]
    (command,) = started(
        config_file=str(file), camera="/eye/image", remaps="find:=seek right/image:=/rear/image"
    )
    assert {
        *("left/image:=/eye/image", "left/camera_info:=/eye/camera_info"),
        *("right/image:=/rear/image", "find/_action/status:=seek/_action/status"),
    } <= set(command)
    assert not [word for word in command if word.startswith(("image", "camera_info"))]


def test_rviz_shows_a_relative_camera_where_the_node_hears_it() -> None:
    rviz, _ = started(camera="image_raw", namespace="arm", rviz="true")

    assert "/textseg/image:=/arm/image_raw" in rviz


@pytest.mark.timeout(900)
def test_two_launched_nodes_in_one_graph_answer_rightly_and_end_quietly() -> None:
    try:
        packages.get_package_share_directory("textseg_ros")
    except packages.PackageNotFoundError:
        pytest.skip("the package is not installed here: colcon build it and source the workspace")
    program = shutil.which("launch_test")
    if program is None:
        pytest.skip("launch_test is not on the path: source the ROS 2 installation")

    finished = subprocess.run(
        [program, str(ROOT / "test" / "ros" / "launch_two_nodes.py")],
        capture_output=True,
        text=True,
        timeout=800,
        env=os.environ
        | {
            "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        },
    )

    assert finished.returncode == 0, finished.stdout + finished.stderr
