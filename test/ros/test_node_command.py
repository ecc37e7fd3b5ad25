"""`textseg node`: the same options, whichever transport carries the node."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from textseg_core.command_line import main
from textseg_ros.dds_process import add_arguments
from textseg_ros.node_command import rclpy_is_there, ros_arguments
from textseg_ros.rmw_environment import free_domain_id, loopback_environment


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(arguments)


def test_options_become_those_of_ros2_run(tmp_path: Path) -> None:
    file = tmp_path / "node.yaml"
    file.write_text("/arm/seer:\n  ros__parameters:\n    threads: 1\n")
    given = parsed(
        *("--params-file", str(file), "--set", "max_rate_hz=5.0", "--camera", "/eye/image"),
        *("-r", "depth:=/eye/depth", "--namespace", "/arm", "--node-name", "seer"),
        *("--log-level", "warning"),
    )

    assert ros_arguments(given) == [
        "--ros-args",
        *("--params-file", str(file), "-p", "max_rate_hz:=5.0"),
        *("-r", "depth:=/eye/depth", "-r", "image:=/eye/image"),
        *("-r", "image/compressed:=/eye/image/compressed", "-r", "camera_info:=/eye/camera_info"),
        *("-r", "__ns:=/arm", "-r", "__node:=seer", "--log-level", "warn"),
    ]
    assert all(isinstance(word, str) for word in ros_arguments(parsed("--params-file", "a b")))
    assert str(Path("a b")) in ros_arguments(parsed("--params-file", "a b"))


def test_camera_and_depth_are_those_of_the_first_camera() -> None:
    given = parsed(
        *("--set", "cameras=['left', 'right']", "--camera", "/eye/image", "--depth", "/eye/depth")
    )

    words = ros_arguments(given)
    assert [word for word in words if word.startswith("left/")] == [
        "left/image:=/eye/image",
        "left/image/compressed:=/eye/image/compressed",
        "left/camera_info:=/eye/camera_info",
        "left/depth:=/eye/depth",
        "left/depth/camera_info:=/eye/camera_info",
    ]
    assert not [word for word in words if word.startswith(("image", "depth", "camera_info"))]


@pytest.mark.skipif(rclpy_is_there(), reason="rclpy is installed")
def test_without_rclpy_a_node_on_it_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["node", "--transport", "rclpy"]) == 2
    assert "take --transport dds" in capsys.readouterr().err

    with pytest.raises(SystemExit) as ended:
        main(["node", "--ros-args", "-r", "__ns:=/arm"])
    assert ended.value.code == 2
    assert "--ros-args is for rclpy" in capsys.readouterr().err


def test_the_node_starts_and_ends_with_a_signal() -> None:
    pytest.importorskip("cyclonedds", reason="needs cyclonedds: pip install 'textseg-ros[dds]'")
    environment = os.environ | loopback_environment(free_domain_id())
    command = [sys.executable, "-m", "textseg_core", "node", "--transport", "dds"]
    with subprocess.Popen(
        [*command, "--camera", "/eye/image"], stdout=subprocess.PIPE, text=True, env=environment
    ) as node:
        assert node.stdout is not None
        lines = iter(node.stdout.readline, "")
        assert "waiting for /eye/image" in next(line for line in lines if "waiting for" in line)
        node.send_signal(signal.SIGINT)
        node.communicate(timeout=60.0)

    assert node.returncode == 0
