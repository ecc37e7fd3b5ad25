"""The process of the DDS node: its command line, its start, its rhythm and its end."""

import argparse
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textseg_ros.allocator import keep_image_buffers
from textseg_ros.signals import end_if_busy, made_unless_stopped, stop_on_signals
from textseg_ros.topics import NAMESPACE, NODE_NAME

if TYPE_CHECKING:
    from textseg_ros.dds_transport import DdsNode

EXIT_BAD_SETTINGS = 2
_TICK_S, _LOOK_S = 1.0, 0.1
_DESCRIPTION = "Starts the node as a plain DDS participant, for hosts without ROS 2."


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(prog="textseg-node", description=_DESCRIPTION)
    add_arguments(parser)
    return parser.parse_args(arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the node's options to a parser."""
    parser.add_argument("--params-file", type=Path, help="ROS 2 parameter file")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="one parameter, after those of the file; may be repeated",
    )
    parser.add_argument(
        "--camera",
        metavar="TOPIC",
        help="images of the first camera, with <TOPIC>/compressed and camera_info beside it",
    )
    parser.add_argument(
        "--depth",
        metavar="TOPIC",
        help="depth images of the first camera, with camera_info beside them",
    )
    parser.add_argument(
        "--remap",
        "-r",
        action="append",
        default=[],
        metavar="NAME:=TOPIC",
        help="another name for a topic, /tf, /tf_static, /clock, a service or the action, such as "
        "camera_info:=/camera/info; may be repeated",
    )
    parser.add_argument("--namespace", default=NAMESPACE)
    parser.add_argument("--node-name", default=NODE_NAME)
    parser.add_argument("--domain", type=int, metavar="ID", help="instead of ROS_DOMAIN_ID")
    parser.add_argument(
        "--distro", default="jazzy", help="ROS 2 distribution of the others: humble or jazzy"
    )
    parser.add_argument(
        "--log-level", default="info", choices=("debug", "info", "warning", "error")
    )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status.

    0 after a signal; 2 with one line on stderr if the arguments, the settings, the weights or
    the network do not allow a start.
    """
    return run_parsed(parse_arguments(arguments))


def run_parsed(parsed: argparse.Namespace) -> int:
    """Run the node with the values of a command line; as `run`."""
    stop = stop_on_signals()
    logging.basicConfig(  # as the rclpy node: stderr is for what ends it
        stream=sys.stdout,
        level=parsed.log_level.upper(),
        format="[%(levelname)s] [%(created).3f] [%(name)s]: %(message)s",
    )
    keep_image_buffers()  # before there are threads
    try:
        node = made_unless_stopped(lambda: _opened(parsed), stop)
    except (ValueError, RuntimeError, OSError, ImportError) as error:
        text = " ".join(str(error).split())
        print(f"{parsed.node_name} cannot start: {text}", file=sys.stderr)
        return EXIT_BAD_SETTINGS
    if node is not None:
        try:
            tick_s = time.monotonic()
            while not stop.wait(_LOOK_S):
                if time.monotonic() - tick_s >= _TICK_S:
                    node.tick()
                    tick_s = time.monotonic()
                else:
                    node.look()
        finally:
            node.close()
    end_if_busy()
    return 0


def _opened(parsed: argparse.Namespace) -> "DdsNode":
    # Here, not above: importing takes seconds, in which a signal must end us quietly too.
    from textseg_core.memory import use_small_pages
    from textseg_ros.dds_transport import open_node

    use_small_pages()
    return open_node(parsed)
