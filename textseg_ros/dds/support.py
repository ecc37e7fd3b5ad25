"""Tells whether this machine can have the DDS participant, and what else to do."""

import importlib.util
import platform
import sys

_MACHINES = ("x86_64", "amd64")
_OLDEST, _NEWEST = (3, 10), (3, 13)
_RCLPY_WAY = (
    "use the rclpy node instead: build this package in a ROS 2 workspace with colcon and start "
    "it by `ros2 launch textseg_ros segment.launch.py`"
)


def missing_support(
    missing: tuple[str, ...], machine: str, python: tuple[int, int], name: str
) -> str | None:
    """Return why the participant cannot run here, and the remedy; None if it can.

    Args:
        missing: Packages that cannot be imported, of cyclonedds and rosbags.
        machine: Processor, as `platform.machine()` names it.
        python: Version of Python, major and minor.
        name: Operating system, as `sys.platform` names it.
    """
    if not missing:
        return None
    packages = " and ".join(missing)
    if machine.lower() not in _MACHINES or name != "linux":
        return (
            f"{packages} missing, and cyclonedds has Linux wheels for x86_64 only, not for "
            f"{name} on {machine}; {_RCLPY_WAY}"
        )
    if not _OLDEST <= python <= _NEWEST:
        return (
            f"{packages} missing, and cyclonedds has wheels for Python 3.10 to 3.13, not for "
            f"{python[0]}.{python[1]}; take one of those, or {_RCLPY_WAY}"
        )
    return f"{packages} missing; run `pip install 'textseg-ros[dds]'`, or {_RCLPY_WAY}"


def require_cyclonedds() -> None:
    """Check that cyclonedds and rosbags are installed.

    Raises:
        RuntimeError: If one is missing; the text says why and what to do.
    """
    missing = tuple(
        package
        for package in ("cyclonedds", "rosbags")
        if importlib.util.find_spec(package) is None
    )
    reason = missing_support(missing, platform.machine(), sys.version_info[:2], sys.platform)
    if reason is not None:
        raise RuntimeError(reason)
