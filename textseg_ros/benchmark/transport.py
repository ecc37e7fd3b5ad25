"""Measures how long an image takes from one process to another over plain DDS.

Run `python -m textseg_ros.benchmark.transport`. It starts a second process as
the camera, on the loopback interface and a free domain id. The time runs from
before the message is packed until after it is unpacked.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from textseg_ros.dds.environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.dds.participant import Participant

_TOPIC, _TYPE = "/camera/image_raw", "sensor_msgs/msg/Image"
_NS = 1_000_000_000
_START_TIMEOUT_S = 30.0


def latency_table(latencies_ms: Sequence[float], frames_sent: int) -> str:
    """Return one line: frames received, median, 95th percentile and greatest latency."""
    if not latencies_ms:
        raise ValueError("no frame arrived, so there is no latency to state")
    median, p95 = np.percentile(latencies_ms, [50, 95])
    return (
        f"{len(latencies_ms)} of {frames_sent} frames, median {median:.2f} ms, "
        f"p95 {p95:.2f} ms, max {max(latencies_ms):.2f} ms"
    )


def publish(arguments: argparse.Namespace) -> None:
    """Publish the frames at the given rate, stamped with the monotonic clock."""
    with Participant("camera", "/", read_environment(os.environ, os.getpid())) as node:
        publisher = node.publisher(_TOPIC, _TYPE, reliable=arguments.reliable, depth=1)
        if not publisher.wait_for_matches(timeout_s=_START_TIMEOUT_S):
            raise SystemExit(f"nobody subscribed to {_TOPIC} within {_START_TIMEOUT_S:.0f} s")
        shape = (arguments.height, arguments.width, 3)
        pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
        clock = threading.Event()
        due_s = time.monotonic()
        for _ in range(arguments.frames):
            publisher.publish(_image(node, pixels))
            due_s += 1.0 / arguments.rate
            clock.wait(max(0.0, due_s - time.monotonic()))


def subscribe(arguments: argparse.Namespace) -> list[float]:
    """Start the camera process and return the latency of each frame in ms."""
    environment = os.environ | loopback_environment(free_domain_id())
    latencies_ms: list[float] = []

    def on_image(message: Any) -> None:
        sent_ns = message.header.stamp.sec * _NS + message.header.stamp.nanosec
        latencies_ms.append((time.monotonic_ns() - sent_ns) / 1e6)

    with Participant("planner", "/", read_environment(environment, os.getpid())) as node:
        node.subscription(_TOPIC, _TYPE, on_image, reliable=arguments.reliable, depth=1)
        command = [sys.executable, "-m", "textseg_ros.benchmark.transport", *sys.argv[1:]]
        duration_s = _START_TIMEOUT_S + 2 * arguments.frames / arguments.rate
        subprocess.run([*command, "--camera"], env=environment, check=True, timeout=duration_s)
    return latencies_ms


def main() -> None:
    """Run the measurement and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--rate", type=float, default=10.0, help="frames per second")
    parser.add_argument("--width", type=int, default=640, help="pixels")
    parser.add_argument("--height", type=int, default=480, help="pixels")
    parser.add_argument("--reliable", action="store_true", help="else best-effort")
    parser.add_argument("--camera", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.camera:
        publish(arguments)
        return
    latencies_ms = subscribe(arguments)
    print(f"{arguments.width}x{arguments.height} rgb8, {arguments.rate:g} Hz, two processes")
    print(latency_table(latencies_ms, arguments.frames))


def _image(node: Participant, pixels: Any) -> Any:
    now_ns = time.monotonic_ns()
    stamp = node.types.get("builtin_interfaces/msg/Time")(sec=now_ns // _NS, nanosec=now_ns % _NS)
    header = node.types.get("std_msgs/msg/Header")(stamp=stamp, frame_id="camera")
    height, width, channels = pixels.shape
    return node.types.get(_TYPE)(
        header=header,
        height=height,
        width=width,
        encoding="rgb8",
        is_bigendian=0,
        step=width * channels,
        data=pixels.reshape(-1),
    )


if __name__ == "__main__":
    main()
