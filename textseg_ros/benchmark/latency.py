"""Measures image-in to mask-out, stage by stage: `python -m textseg_ros.benchmark.latency`.

The node runs in this process, camera and reader in a second one, over DDS on the loopback
interface. Every frame comes with a query that the node has not seen, so the expression network
always runs. The reader takes every output but instance ids and compressed pictures, which are read
in place of others: with `--every-output` those too. Exit status 1 if what is not the network
(decode, convert, publish) takes 15 % or more, or the way from the camera to the node 5 ms or more.
"""

import argparse
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textseg_core import Segmenter
from textseg_core.memory import use_small_pages
from textseg_ros.allocator import keep_image_buffers
from textseg_ros.behaviour import SegmentationBehaviour
from textseg_ros.benchmark.machine import describe_machine
from textseg_ros.benchmark.peer import CAMERA_TOPIC, PICTURE, end_of_peer, start_peer
from textseg_ros.dds.participant import Participant
from textseg_ros.dds_transport import DdsTransport
from textseg_ros.messages import stamp_ns
from textseg_ros.naming import topic_names
from textseg_ros.report import Level
from textseg_ros.results import LATENCY_STAGES
from textseg_ros.rmw_environment import free_domain_id, loopback_environment, read_environment
from textseg_ros.settings import NodeSettings, load_settings
from textseg_ros.signals import stop_on_signals
from textseg_ros.topics import BY_KEY, NAMESPACE, NODE_NAME
from textseg_ros.transport import Transport

OVERHEAD_STAGES = ("decode", "convert", "publish")
MOST_OVERHEAD = 0.15
MOST_TRANSPORT_MS = 5.0
WARM_UP_FRAMES = 5
_COLOURS = ("red", "blue", "green", "white", "black", "brown", "yellow", "gray", "orange", "pink")
_NOUNS = ("can", "mug", "plate", "box", "bottle", "bowl", "cup", "fork", "knife", "spoon")
_PLACES = ("", " on the left", " on the right")


class TimedTransport:
    """A transport that writes down how long publishing a result takes.

    Args:
        inner: What publishes.
        clock_s: Monotonic seconds.

    Attributes:
        messages: As the inner transport's.
        rows: Milliseconds by stage, one row a result.
    """

    def __init__(self, inner: Transport, clock_s: Callable[[], float] = time.perf_counter) -> None:
        self.messages = inner.messages
        self._clock_s = clock_s
        self.rows: list[dict[str, float]] = []
        self._inner = inner
        self._publish_ms = 0.0
        self._stages: dict[str, float] | None = None

    def publish(self, key: str, message: object) -> None:
        """Publish, and begin a row with the first message of a result, `objects`."""
        if key == "objects":
            self.finish_row()
        started_s = self._clock_s()
        self._inner.publish(key, message)
        self._publish_ms += (self._clock_s() - started_s) * 1e3
        if key == "objects":
            latency: Any = getattr(message, "latency")  # noqa: B009  # its class is made at run time
            self._stages = {stage: float(getattr(latency, stage)) for stage in LATENCY_STAGES}

    def finish_row(self) -> None:
        """End the row of the last result."""
        if self._stages is not None:
            self.rows.append(self._stages | {"publish": self._publish_ms})
        self._stages, self._publish_ms = None, 0.0

    def listeners(self, key: str) -> int:
        """Return how many subscriptions receive the topic of this key."""
        return self._inner.listeners(key)

    def watch(self, camera: str, on: bool) -> None:
        """Do nothing: the images come all the time."""

    def watch_depth(self, camera: str, on: bool) -> None:
        """Do nothing: nothing is placed in space."""

    def now_ns(self) -> int:
        """Return the inner transport's time."""
        return self._inner.now_ns()

    def log(self, level: Level, text: str) -> None:
        """Show errors only: a measurement changes the query with every frame."""
        if level == "error":
            self._inner.log(level, text)


def overhead_share(rows: Sequence[dict[str, float]]) -> float:
    """Return the median share of decode, convert and publish in a whole result."""
    shares = [
        sum(row[stage] for stage in OVERHEAD_STAGES)
        / (row["total"] - row["wait"] + row["publish"])
        for row in rows
    ]
    return float(np.median(shares))


def table(rows: Sequence[dict[str, float]], transport_ms: Sequence[float]) -> str:
    """Return median and 95th percentile of every stage as a Markdown table."""
    stages = [stage for stage in LATENCY_STAGES if stage != "total"]
    columns = {"camera -> node": list(transport_ms)}
    columns |= {stage: [row[stage] for row in rows] for stage in (*stages, "publish")}
    columns["image in -> mask out"] = [row["total"] + row["publish"] for row in rows]
    lines = ["| stage | median ms | p95 ms |", "|---|---:|---:|"]
    for stage, values in columns.items():
        median, p95 = np.percentile(values, [50, 95])
        lines.append(f"| {stage} | {median:.2f} | {p95:.2f} |")
    return "\n".join(lines)


def measure(
    settings: NodeSettings,
    frames: int,
    rate: float,
    stop: threading.Event,
    *,
    every_output: bool = False,
) -> tuple[list[dict[str, float]], list[float]]:
    """Return the rows of all results but the first few, and the transport's milliseconds.

    Raises:
        RuntimeError: If the peer failed, fewer results came than frames were to warm up, or
            the stop came.
        subprocess.TimeoutExpired: If the peer does not end.
    """
    environment = os.environ | loopback_environment(free_domain_id())
    segmenter = Segmenter.load(config=settings.segmenter)
    queries = itertools.cycle(
        f"the {colour} {noun}{place}"
        for place, colour, noun in itertools.product(_PLACES, _COLOURS, _NOUNS)
    )
    names = topic_names(NAMESPACE, CAMERA_TOPIC)
    transport_ms: list[float] = []
    with Participant(NODE_NAME, NAMESPACE, read_environment(environment, os.getpid())) as node:
        timed = TimedTransport(DdsTransport(node, names))
        behaviour = SegmentationBehaviour(timed, lambda _: segmenter, settings, topic_names=names)
        text = node.types.get("std_msgs/msg/String")

        def on_image(message: Any) -> None:
            transport_ms.append((time.time_ns() - stamp_ns(message.header)) / 1e6)
            behaviour.on_query(text(data=next(queries)))
            behaviour.on_image(message)

        topic = BY_KEY["image"]
        node.subscription(
            names["image"], topic.type_name, on_image, reliable=topic.reliable, depth=topic.depth
        )
        behaviour.start()
        peer = start_peer(
            environment, PICTURE, rate, frames + WARM_UP_FRAMES, every_output=every_output
        )
        try:
            end_of_peer(peer, stop, 120.0 + 2 * frames / rate)
        finally:
            peer.terminate()
            peer.wait()
            behaviour.close()
            timed.finish_row()
    if peer.returncode or len(timed.rows) <= WARM_UP_FRAMES:
        raise RuntimeError(
            f"peer ended with status {peer.returncode}, {len(timed.rows)} results came"
        )
    return timed.rows[WARM_UP_FRAMES:], transport_ms[WARM_UP_FRAMES:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table and the two judged figures; return the exit status."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=100, help="counted, after 5 to warm up")
    parser.add_argument("--rate", type=float, default=4.0, help="frames per second")
    parser.add_argument("--params-file", type=Path, help="ROS 2 parameter file")
    parser.add_argument(
        "--every-output", action="store_true", help="read instance ids and compressed pictures too"
    )
    parsed = parser.parse_args(arguments)
    keep_image_buffers()
    use_small_pages()
    try:
        file = parsed.params_file
        settings = NodeSettings() if file is None else load_settings(file)
        rows, transport_ms = measure(
            settings, parsed.frames, parsed.rate, stop, every_output=parsed.every_output
        )
    except (RuntimeError, ValueError, OSError, subprocess.TimeoutExpired) as error:
        if stop.is_set():
            return 0
        print(f"latency: {error}", file=sys.stderr)
        return 1
    share, transport = overhead_share(rows), float(np.median(transport_ms))
    print(f"### Latency at 640 x 480, {len(rows)} results\n")
    print(describe_machine("textseg_ros.benchmark.latency"))
    print(f"\n{table(rows, transport_ms)}\n")
    print(f"- decode + convert + publish: {share:.1%} (limit {MOST_OVERHEAD:.0%})")
    print(f"- camera -> node: median {transport:.2f} ms (limit {MOST_TRANSPORT_MS:.0f} ms)")
    return 0 if share < MOST_OVERHEAD and transport < MOST_TRANSPORT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
