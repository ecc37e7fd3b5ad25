"""Who tries a node over rclpy: it joins where it is told, asks and hears, and leaves no trace."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recording import until

pytest.importorskip("rclpy", reason="rclpy exists only inside a ROS 2 installation")
pytest.importorskip(
    "textseg_ros.msg", reason="our generated messages exist only after colcon build"
)

from textseg_ros import rclpy_peer
from textseg_ros.benchmark.trial import Listener, ask_until, find_node
from textseg_ros.rclpy_peer import RclpyPeer, installed_node, ros_version
from textseg_ros.rmw_environment import free_domain_id, loopback_environment

STRING = "std_msgs/msg/String"


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    told = loopback_environment(free_domain_id())
    before = {name: os.environ.get(name) for name in told}
    yield told
    assert {name: os.environ.get(name) for name in told} == before


def test_two_of_them_hear_each_other_in_the_domain_that_they_are_told(
    environment: dict[str, str],
) -> None:
    heard = Listener()
    with RclpyPeer("one", environment) as one, RclpyPeer("other", environment) as other:
        words = one.publisher("/words", STRING)
        ears = other.subscription("/words", STRING, heard.take)
        find_node([words, ears], threading.Event())
        word = one.types.get(STRING)(data="the red mug")
        stop = threading.Event()
        assert ask_until(lambda: words.publish(word), lambda: bool(heard.heard), stop)
        assert one.domain_id == other.domain_id == int(environment["ROS_DOMAIN_ID"])
        assert (words.matched, ears.matched) == (1, 1)

    assert {one.message.data for one in heard.heard} == {"the red mug"}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("rclpy ")]


def test_a_publisher_that_does_not_fit_is_no_match(environment: dict[str, str]) -> None:
    with RclpyPeer("one", environment) as one, RclpyPeer("other", environment) as other:
        heard = Listener()
        ears = other.subscription("/words", STRING, heard.take)
        fits = one.publisher("/words", STRING)
        find_node([fits, ears], threading.Event())
        does_not = one.publisher("/words", STRING, reliable=False)
        late = other.subscription("/words", STRING, heard.take, reliable=False)
        until(lambda: (late.matched, fits.matched, does_not.matched) == (2, 2, 1))
        assert ears.matched == 1


def test_a_callback_that_fails_is_told_when_the_peer_is_left(environment: dict[str, str]) -> None:
    def fail(_: Any) -> None:
        raise ValueError("no words")

    one = RclpyPeer("one", environment)
    words = one.publisher("/words", STRING)
    ears = one.subscription("/words", STRING, fail)
    find_node([words, ears], threading.Event())
    word = one.types.get(STRING)(data="the red mug")

    def ended() -> bool:
        return not [thread for thread in threading.enumerate() if thread.name == "rclpy one"]

    assert ask_until(lambda: words.publish(word), ended, threading.Event())

    with pytest.raises(RuntimeError, match="nothing was heard any more: no words"):
        one.close()


def test_what_ros2_run_starts_is_an_executable_file_or_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rclpy_peer, "get_package_prefix", lambda _: str(tmp_path))
    with pytest.raises(RuntimeError, match="segmenter is missing; colcon build textseg_ros"):
        installed_node()
    executable = tmp_path / "lib" / "textseg_ros" / "segmenter"
    executable.parent.mkdir(parents=True)
    executable.touch()
    with pytest.raises(RuntimeError, match="segmenter cannot be executed; colcon build"):
        installed_node()
    executable.chmod(0o755)
    assert installed_node() == executable
    monkeypatch.undo()
    monkeypatch.setattr(rclpy_peer, "PACKAGE", "no_such_package")
    with pytest.raises(RuntimeError, match="no_such_package is not installed here: colcon build"):
        installed_node()


def test_a_report_names_distribution_and_rmw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DISTRO", "jazzy")

    assert ros_version().startswith("rclpy, ROS 2 jazzy, rmw_")
