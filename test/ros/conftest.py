"""Message classes for the tests: those of rosbags, and those of a ROS 2 installation if any."""

import importlib.util
import signal
from collections.abc import Iterator

import pytest

from textseg_ros.messages import InstalledMessages, MessageTypes


@pytest.fixture(scope="session")
def rosbags_types() -> MessageTypes:
    reason = "needs rosbags and cyclonedds: pip install 'textseg-ros[dds]'"
    pytest.importorskip("rosbags", reason=reason)
    pytest.importorskip("cyclonedds", reason=reason)
    from textseg_ros.typestore import TypeStore

    return TypeStore("jazzy")


def _kinds() -> list[str]:
    """Return the kinds of message classes to test with: those that are installed."""
    packages = {"rosbags": "rosbags", "installed": "sensor_msgs"}
    return [kind for kind, package in packages.items() if importlib.util.find_spec(package)]


@pytest.fixture(scope="session", params=_kinds())
def types(request: pytest.FixtureRequest) -> MessageTypes:
    if request.param == "rosbags":
        found: MessageTypes = request.getfixturevalue("rosbags_types")
        return found
    pytest.importorskip(
        "textseg_ros.msg", reason="our generated messages exist only after colcon build"
    )
    return InstalledMessages()


@pytest.fixture
def kept_signals() -> Iterator[None]:
    """Gives back the signal handlers that a command replaces."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
