"""Floods a slow node: `python -m textseg_ros.benchmark.soak`.

A camera sends 30 frames a second to a node whose network is slowed to 5 a second. Exit status 1
if a result is older than two network periods when it arrives, or the node's memory at the end
differs from that after 10 s by more than 2 %.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from textseg_ros.signals import stop_on_signals

NETWORK_PERIOD_S = 0.2
MOST_AGE_S = 2 * NETWORK_PERIOD_S
MOST_GROWTH = 0.02
FIRST_MEMORY_S = 10.0
LOOK_S = 5.0
CAMERA_RATE = 30.0
QUERY = "the blue can"
_LOOK_EVERY_S = 0.1
_START_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed.

    Attributes:
        ages_ms: Of every result, from the picture's stamp to its arrival at the reader.
        memory_mb: Resident memory of the node, by seconds since the first frame; the median
            of the `LOOK_S` before, since buffers of single frames come and go.
        sent: Frames sent.
    """

    ages_ms: tuple[float, ...]
    memory_mb: Mapping[float, float]
    sent: int

    @property
    def growth(self) -> float:
        """Memory at the end against memory at the first look, as a share."""
        values = list(self.memory_mb.values())
        return values[-1] / values[0] - 1.0

    @property
    def passed(self) -> bool:
        """Whether age and memory stayed within their limits."""
        return max(self.ages_ms) < MOST_AGE_S * 1e3 and abs(self.growth) <= MOST_GROWTH


class PacedSegmenter:
    """A segmenter that takes one network period for an image, at least."""

    def __init__(self, inner: Any, period_s: float) -> None:
        self._inner = inner
        self._period_s = period_s

    @property
    def threshold(self) -> float:
        """The inner segmenter's."""
        return float(self._inner.threshold)

    def segment_many(self, image: Any, texts: Sequence[str]) -> Any:
        """Return the inner segmenter's answers, not before the period is over."""
        due_s = time.monotonic() + self._period_s
        result = self._inner.segment_many(image, texts)
        time.sleep(max(0.0, due_s - time.monotonic()))
        return result

    def report(self) -> Any:
        """Return what runs where."""
        return self._inner.report()

    def close(self) -> None:
        """Give back what the inner one holds."""
        self._inner.close()


def run_node(params_file: Path | None, stop: threading.Event) -> None:
    """Run a slowed node on the environment's domain until the stop, printing `ready` once."""
    from textseg_core import Segmenter
    from textseg_core.memory import use_small_pages
    from textseg_ros.allocator import keep_image_buffers
    from textseg_ros.benchmark.peer import CAMERA_TOPIC
    from textseg_ros.dds.participant import Participant
    from textseg_ros.dds_transport import DdsNode
    from textseg_ros.naming import topic_names
    from textseg_ros.rmw_environment import read_environment
    from textseg_ros.settings import NodeSettings, load_settings
    from textseg_ros.topics import NAMESPACE, NODE_NAME

    keep_image_buffers()
    use_small_pages()
    settings = NodeSettings() if params_file is None else load_settings(params_file)
    slow = PacedSegmenter(Segmenter.load(config=settings.segmenter), NETWORK_PERIOD_S)
    discovery = read_environment(os.environ, os.getpid())
    participant = Participant(NODE_NAME, NAMESPACE, discovery)
    names = topic_names(NAMESPACE, CAMERA_TOPIC)
    node = DdsNode(participant, lambda _: cast(Segmenter, slow), settings, names)
    try:
        query = participant.types.get("std_msgs/msg/String")
        node.behaviour.on_query(query(data=QUERY))
        print("ready", flush=True)
        while not stop.wait(1.0):
            node.tick()
    finally:
        node.close()


def measure(arguments: argparse.Namespace, stop: threading.Event) -> Outcome:
    """Run node and peer; return what they showed.

    Raises:
        RuntimeError: If one of them failed, or the stop came.
        subprocess.TimeoutExpired: If the peer does not end.
    """
    from textseg_core.memory import resident_mb
    from textseg_ros.benchmark.peer import PICTURE, end_of_peer, start_peer
    from textseg_ros.rmw_environment import free_domain_id, loopback_environment

    environment = os.environ | loopback_environment(free_domain_id())
    extra = [] if arguments.params_file is None else ["--params-file", str(arguments.params_file)]
    command = [sys.executable, "-m", "textseg_ros.benchmark.soak", "--node", *extra]
    node = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        if node.stdout is None or node.stdout.readline() != "ready\n":
            raise RuntimeError("the node did not start; its message is above")
        frames = round(arguments.seconds * CAMERA_RATE)
        peer = start_peer(environment, PICTURE, CAMERA_RATE, frames)
        started_s = time.monotonic()
        memory_mb: dict[float, float] = {}
        try:
            for at_s in (min(FIRST_MEMORY_S, arguments.seconds / 2), arguments.seconds):
                looks: list[float] = []
                while (now_s := time.monotonic() - started_s) < at_s and peer.poll() is None:
                    if stop.wait(_LOOK_EVERY_S):
                        break
                    if now_s >= at_s - LOOK_S:
                        looks.append(resident_mb(node.pid))
                if looks:
                    memory_mb[at_s] = float(np.median(looks))
            told = end_of_peer(peer, stop, _START_TIMEOUT_S + arguments.seconds)
        finally:
            peer.terminate()
            peer.wait()
    finally:
        node.terminate()
        node.wait()
    if peer.returncode or node.returncode or not told:
        raise RuntimeError(
            f"peer ended with status {peer.returncode}, node with {node.returncode}"
        )
    result = json.loads(told)
    if not result["ages_ms"] or len(memory_mb) < 2:
        raise RuntimeError("no result arrived")
    return Outcome(tuple(result["ages_ms"]), memory_mb, result["sent"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--params-file", type=Path, help="ROS 2 parameter file")
    parser.add_argument("--node", action="store_true", help=argparse.SUPPRESS)
    parsed = parser.parse_args(arguments)
    from textseg_ros.benchmark.machine import describe_machine

    try:
        if parsed.node:
            run_node(parsed.params_file, stop)
            return 0
        outcome = measure(parsed, stop)
    except (RuntimeError, ValueError, OSError, subprocess.TimeoutExpired) as error:
        if stop.is_set():
            return 0
        print(f"soak: {error}", file=sys.stderr)
        return 1
    ages_ms = outcome.ages_ms
    median, p95 = np.percentile(ages_ms, [50, 95])
    print(f"### {parsed.seconds:.0f} s at {CAMERA_RATE:.0f} Hz, network slowed to 5 Hz\n")
    print(describe_machine("textseg_ros.benchmark.soak"))
    print(f"- frames sent: {outcome.sent}, results received: {len(ages_ms)}")
    print(
        f"- age of a result: median {median:.0f} ms, p95 {p95:.0f} ms, max {max(ages_ms):.0f} ms "
        f"(limit {MOST_AGE_S * 1e3:.0f} ms)"
    )
    looks = ", ".join(
        f"{value:.1f} MB at {at_s:.0f} s" for at_s, value in outcome.memory_mb.items()
    )
    print(f"- memory of the node: {looks}: {outcome.growth:+.1%} (limit {MOST_GROWTH:.0%})")
    return 0 if outcome.passed else 1


if __name__ == "__main__":
    sys.exit(main())
