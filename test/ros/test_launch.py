"""launch/segment.launch.py, run by launch_testing: see launch_two_nodes.py."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip("launch_testing", reason="launch_testing is not in this ROS 2 installation")
packages = pytest.importorskip("ament_index_python.packages", reason="no ament index here")


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
        [program, str(Path(__file__).parent / "launch_two_nodes.py")],
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
