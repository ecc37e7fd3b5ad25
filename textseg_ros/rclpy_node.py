"""Starts the node over rclpy and ends it; the node itself is in rclpy_segmenter.py."""

import os
import sys
import threading
from collections.abc import Sequence

import rclpy
from rclpy.signals import SignalHandlerOptions

from textseg_core.memory import use_small_pages
from textseg_core.segmenter import Segmenter
from textseg_ros.allocator import keep_image_buffers
from textseg_ros.rclpy_segmenter import SegmenterNode
from textseg_ros.rclpy_thread import Serving
from textseg_ros.settings import NodeSettings
from textseg_ros.signals import (
    GRACE_S,
    end_at_once,
    end_if_busy,
    made_unless_stopped,
    stop_on_signals,
)

__all__ = ["SegmenterNode", "load_segmenter", "main"]

EXIT_BAD_SETTINGS = 2


def load_segmenter(settings: NodeSettings) -> Segmenter:
    """Return the segmenter that the settings describe."""
    return Segmenter.load(config=settings.segmenter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the node until SIGINT or SIGTERM; return the exit status.

    0 after a signal; 2 with one line on stderr if the settings, the weights or the ROS
    installation do not allow a start.
    """
    stop = stop_on_signals()
    keep_image_buffers()
    use_small_pages()
    # What the node does goes to stdout, line by line; stderr is for what ends it.
    os.environ.setdefault("RCUTILS_LOGGING_USE_STDOUT", "1")
    os.environ.setdefault("RCUTILS_LOGGING_BUFFERED_STREAM", "1")
    try:
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except Exception as error:  # rclpy's own kinds, for arguments that rcl does not take
        return _refuse(error)
    try:
        node = made_unless_stopped(lambda: SegmenterNode(load_segmenter), stop)
    except Exception as error:  # ours, and rclpy's for parameter files that it cannot read
        rclpy.try_shutdown()
        return _refuse(error)
    if node is None:
        rclpy.try_shutdown()
        return 0
    serving = Serving(node)
    failures: list[BaseException] = []
    spinning = threading.Thread(target=_spin, args=(serving, stop, failures), daemon=True)
    spinning.start()
    stop.wait()  # a Python signal handler runs here at once; inside rcl's wait it would not
    serving.end()
    spinning.join(GRACE_S)
    if spinning.is_alive():
        end_at_once()  # a transition that loads the network hears of no signal
    serving.close()
    node.close()
    node.destroy_node()
    rclpy.try_shutdown()
    if failures:
        raise failures[0]
    end_if_busy()
    return 0


def _spin(serving: Serving, stop: threading.Event, failures: list[BaseException]) -> None:
    try:
        serving.run()
    except BaseException as error:
        failures.append(error)
    finally:
        stop.set()


def _refuse(error: Exception) -> int:
    text = " ".join(str(error).split())
    print(f"segmenter cannot start: {text or type(error).__name__}", file=sys.stderr)
    return EXIT_BAD_SETTINGS
