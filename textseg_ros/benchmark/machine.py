"""What a measurement of the node was taken on, as lines of Markdown."""

import os
import sys

from textseg_core.benchmark.machine import versions
from textseg_core.evaluation.report import command_line, machine

PACKAGES = ("numpy", "onnxruntime", "opencv-python-headless", "cyclonedds", "rosbags")


def describe_machine(module: str, transport: str = "") -> str:
    """Return lines about this machine and how `module` was called.

    Args:
        module: What was called.
        transport: What carried the messages, if there is a choice.
    """
    return "\n".join(
        [
            f"- command: `{command_line(module, sys.argv[1:])}`",
            *([f"- transport: {transport}"] if transport else []),
            f"- machine: {machine(versions(PACKAGES))}",
            f"- load {os.getloadavg()[0]:.1f} in the last minute",
        ]
    )
