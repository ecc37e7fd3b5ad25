"""Starts the node as a plain DDS participant, for hosts without ROS 2 (`textseg-node`)."""

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status, see `dds_process.run`."""
    # Ctrl-C while modules load: nothing is open yet, so leave at once and quietly. For the same
    # reason nothing more is imported above.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    from textseg_ros.dds_process import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
