"""How a trial is started from the command line, and how it ends without figures."""

import argparse
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

from textseg_ros.node_command import CARRIERS

_COMPLAINTS: ContextVar[list[str]] = ContextVar("complaints")
"""Of the trial under way."""


def trial_parser(
    description: str | None, seconds: float, text: str = ""
) -> argparse.ArgumentParser:
    """Return a parser of what all trials are told: for how long, which settings, and which node.

    Args:
        description: Of the trial.
        seconds: Length of a run where nothing else is said.
        text: What there is to say of the length.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=seconds, help=text or None)
    parser.add_argument("--params-file", type=Path, help="ROS 2 parameter file")
    parser.add_argument(
        "--transport",
        choices=CARRIERS,
        default="dds",
        help="dds: the plain DDS node (default); rclpy: the node that `ros2 run` starts",
    )
    return parser


def complain(text: str) -> None:
    """Tell what is wrong beside the figures, which are printed all the same; status 1 follows.

    Raises:
        RuntimeError: Outside `run_trial`, with this text.
    """
    told = _COMPLAINTS.get(None)
    if told is None:
        raise RuntimeError(text)
    told.append(text)


def run_trial(name: str, run: Callable[[], int], stop: threading.Event) -> int:
    """Return the exit status of a trial.

    Args:
        name: Of the trial, for messages.
        run: Measures, prints the figures and judges them; returns the exit status.
        stop: Whether it was stopped: then there are no figures, and nothing is wrong.
    """
    complaints: list[str] = []
    token = _COMPLAINTS.set(complaints)
    try:
        status = run()
    except (RuntimeError, ValueError, OSError, subprocess.TimeoutExpired) as error:
        if stop.is_set():
            return 0
        complaints.append(str(error))
        status = 1
    finally:
        _COMPLAINTS.reset(token)
    for complaint in complaints:
        print(f"{name}: {complaint}", file=sys.stderr)
    return 1 if complaints else status
