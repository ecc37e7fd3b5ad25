"""The other side of a measurement, a process of its own: a camera and a reader of all results.

It publishes one picture at a rate and prints, as JSON, when which result came. Stamps are the
system time, so that both sides on one host can take differences.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textseg_ros.signals import stop_on_signals, wait_until

CAMERA_TOPIC = "/camera/image_raw"
PICTURE = Path(__file__).parents[1] / "demo" / "pictures" / "scene_cans.jpg"
# Instance ids are read instead of masks, and compressed pictures instead of the others.
_SELDOM_READ = ("labels", "mask_compressed", "overlay_compressed")
_MATCH_TIMEOUT_S = 60.0
_LAST_RESULTS_S = 1.0
_LOOK_EVERY_S = 0.2


def start_peer(
    environment: Mapping[str, str],
    picture: Path,
    rate: float,
    frames: int,
    *,
    every_output: bool = False,
) -> "subprocess.Popen[str]":
    """Start the peer; its standard output is one JSON object at the end, see `main`."""
    arguments = ["--picture", str(picture), "--rate", str(rate), "--frames", str(frames)]
    if every_output:
        arguments.append("--every-output")
    return subprocess.Popen(
        [sys.executable, "-m", "textseg_ros.benchmark.peer", *arguments],
        env=dict(environment),
        stdout=subprocess.PIPE,
        text=True,
    )


def end_of_peer(peer: "subprocess.Popen[str]", stop: threading.Event, timeout_s: float) -> str:
    """Wait for the peer's end and return what it printed.

    Raises:
        RuntimeError: If the stop comes first.
        subprocess.TimeoutExpired: If it takes longer than `timeout_s`.
    """
    until_s = time.monotonic() + timeout_s
    while not stop.is_set():
        try:
            return peer.communicate(timeout=_LOOK_EVERY_S)[0]
        except subprocess.TimeoutExpired:  # noqa: PERF203  # one look in 0.2 s
            if time.monotonic() >= until_s:
                raise
    raise RuntimeError("stopped before the peer's end")


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish the frames, wait for the last results, print `{"ages_ms", "sent", "received"}`."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", type=Path, required=True, help="image file")
    parser.add_argument("--rate", type=float, required=True, help="frames per second")
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--every-output", action="store_true", help="those of `_SELDOM_READ` too")
    parsed = parser.parse_args(arguments)
    from textseg_ros.dds.participant import Participant
    from textseg_ros.demo.frames import IMAGE_TYPE, image_message, read_picture
    from textseg_ros.messages import stamp_ns
    from textseg_ros.rmw_environment import read_environment
    from textseg_ros.topics import TOPICS, resolve

    received: dict[str, int] = {}
    ages_ms: list[float] = []

    def on_objects(message: Any) -> None:
        ages_ms.append((time.time_ns() - stamp_ns(message.header)) / 1e6)

    def counted(key: str) -> Any:
        def on_message(message: Any) -> None:
            received[key] = received.get(key, 0) + 1
            if key == "objects":
                on_objects(message)

        return on_message

    frame = read_picture(parsed.picture)
    sent = 0
    with Participant("peer", "/", read_environment(os.environ, os.getpid())) as node:
        camera = node.publisher(CAMERA_TOPIC, IMAGE_TYPE, reliable=False, depth=1)
        results = [
            node.subscription(
                resolve(topic.name), topic.type_name, counted(topic.key), depth=topic.depth
            )
            for topic in TOPICS
            if topic.direction == "out" and (parsed.every_output or topic.key not in _SELDOM_READ)
        ]
        if not wait_until(
            lambda: bool(camera.matched) and all(end.matched for end in results),
            stop,
            _MATCH_TIMEOUT_S,
        ):
            print("peer: the node was not found", file=sys.stderr)
            return 1
        due_s = time.monotonic()
        while sent < parsed.frames and not stop.is_set():
            camera.publish(image_message(node.types, frame, time.time_ns(), "camera"))
            sent += 1
            due_s += 1.0 / parsed.rate
            stop.wait(max(0.0, due_s - time.monotonic()))
        stop.wait(_LAST_RESULTS_S)
    print(json.dumps({"ages_ms": ages_ms, "sent": sent, "received": received}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
