"""Starts the node on rclpy where there is one, else as plain DDS: `textseg node`.

Both take the same options; for rclpy they become the arguments that `ros2 run` would take.
"""

import argparse
import importlib.util
import os
import sys
from collections.abc import Sequence

from textseg_ros.dds_process import add_arguments

_ROS_ARGUMENTS = "--ros-args"
CARRIERS = ("dds", "rclpy")
TRANSPORTS = ("auto", *CARRIERS)
NO_RCLPY = (
    "rclpy or our messages are not found; source install/setup.bash of the workspace that "
    "textseg_ros was built in, or take --transport dds"
)


def rclpy_is_there() -> bool:
    """Return whether rclpy and our generated messages can be found."""
    return all(importlib.util.find_spec(name) for name in ("rclpy", "textseg_ros.msg"))


def ros_arguments(parsed: argparse.Namespace) -> list[str]:
    """Return what `ros2 run` would be given for the same settings.

    Args:
        parsed: As `add_arguments` has them.

    Raises:
        ValueError: If the settings, asked for the name of the first camera, are wrong.
    """
    from textseg_ros.naming import camera_remaps, with_action_parts
    from textseg_ros.settings import read_settings  # takes long, and may end by a signal

    words: list[str] = []
    if parsed.params_file is not None:
        words += ["--params-file", str(parsed.params_file)]
    for assignment in parsed.set:
        name, _, value = assignment.partition("=")
        words += ["-p", f"{name}:={value}"]
    remaps = with_action_parts(parsed.namespace, parsed.remap)
    if parsed.camera or parsed.depth:
        node_name = f"{parsed.namespace.rstrip('/')}/{parsed.node_name}"
        settings = read_settings(parsed.params_file, parsed.set, node_name)
        # After those that were given: of several for one name, rcl takes the first.
        remaps += camera_remaps(parsed.camera, parsed.depth, settings.cameras)
    remaps += [f"__ns:={parsed.namespace}", f"__node:={parsed.node_name}"]
    for remap in remaps:
        words += ["-r", remap]
    level = {"warning": "warn"}.get(parsed.log_level, parsed.log_level)
    return [_ROS_ARGUMENTS, *words, "--log-level", level]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status, 2 if it cannot start."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    own, _, ros = _split(given)
    parser = argparse.ArgumentParser(
        prog="textseg node",
        description="Run the node: on rclpy in a ROS 2 workspace, elsewhere as plain DDS.",
        epilog="What follows --ros-args goes to rclpy as it is.",
    )
    parser.add_argument("--transport", choices=TRANSPORTS, default="auto", help="default: auto")
    add_arguments(parser)
    parsed = parser.parse_args(own)
    there = rclpy_is_there()
    if parsed.transport == "rclpy" and not there:
        print(f"textseg node: {NO_RCLPY}", file=sys.stderr)
        return 2
    if parsed.transport == "dds" or not there:
        if ros:
            parser.error("--ros-args is for rclpy, which is not used here")
        from textseg_ros.dds_process import run_parsed

        return run_parsed(parsed)
    if parsed.domain is not None:
        os.environ["ROS_DOMAIN_ID"] = str(parsed.domain)  # rcl reads it when it starts
    from textseg_ros.rclpy_node import main as run_rclpy

    try:
        words = ros_arguments(parsed)
    except ValueError as error:
        print(f"{parsed.node_name} cannot start: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    return run_rclpy([sys.argv[0], *words, *ros])


def _split(given: Sequence[str]) -> tuple[list[str], bool, list[str]]:
    """Return our own arguments, whether there are ROS's, and those."""
    if _ROS_ARGUMENTS not in given:
        return list(given), False, []
    place = list(given).index(_ROS_ARGUMENTS)
    return list(given[:place]), True, list(given[place:])


if __name__ == "__main__":
    sys.exit(main())
