import subprocess
import sys

import pytest

pytest.importorskip("cyclonedds", reason="cyclonedds and rosbags come with textseg-ros[dds]")

from textseg_ros.dds.support import missing_support

_BOTH = ("cyclonedds", "rosbags")


def test_nothing_is_said_where_both_packages_are_installed() -> None:
    assert missing_support((), "aarch64", (3, 14), "linux") is None


def test_a_processor_without_wheels_is_named_and_sent_to_rclpy() -> None:
    reason = missing_support(_BOTH, "aarch64", (3, 10), "linux")

    assert reason is not None
    assert "aarch64" in reason
    assert "x86_64" in reason
    assert "rclpy" in reason


def test_a_python_without_wheels_is_named_with_those_that_have_them() -> None:
    reason = missing_support(_BOTH, "x86_64", (3, 14), "linux")

    assert reason is not None
    assert "3.14" in reason
    assert "3.10 to 3.13" in reason
    assert "rclpy" in reason


def test_a_machine_with_wheels_is_told_what_to_install() -> None:
    reason = missing_support(("rosbags",), "x86_64", (3, 13), "linux")

    assert reason is not None
    assert reason.startswith("rosbags missing")
    assert "pip install 'textseg-ros[dds]'" in reason


def test_starting_the_node_without_cyclonedds_ends_with_one_line_and_status_2() -> None:
    code = (
        "import importlib.util as u, sys; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'cyclonedds' else find(name, *a)\n"
        "from textseg_ros.dds_node import main; sys.exit(main([]))"
    )

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)

    assert run.returncode == 2
    assert "cyclonedds missing" in run.stderr
    assert len(run.stderr.splitlines()) == 1
