"""The planner process: receives what a grasp planner would, and prints it for the report.

It writes the overlays as PNG and, at its end, all answers as `answers.json`. Status 1 if that
cannot be written; without a picture it goes on.
"""

import argparse
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textseg_ros.signals import stop_on_signals, wait_until

if TYPE_CHECKING:
    from textseg_core.arrays import UInt8Array
    from textseg_ros.demo.answers import Answer

_MATCH_TIMEOUT_S = 60.0
_TOPICS = ("objects", "centroid", "overlay")


def describe(index: int, answer: "Answer") -> str:
    """Return the line that the planner prints for an answer."""
    told = answer.summary()
    count = len(told["objects"])
    line = f"[planner] {index + 1:2d} {told['query']!r}: {told['status']} {told['score']:.2f}"
    if told["point"] is not None:
        line += f", reach for ({told['point'][0]:.0f}, {told['point'][1]:.0f})"
    else:
        line += ", no motion"
    line += f", {count} object{'' if count == 1 else 's'}"
    if told["unknown_words"]:
        line += f", does not know {' '.join(told['unknown_words'])!r}"
    return f"{line}, {answer.age_ms:.0f} ms after the picture"


class Album:
    """Writes pictures until one cannot be written, tells of that once and writes no more.

    Args:
        folder: For the pictures.
        tell: Takes one line for the operator.
    """

    def __init__(self, folder: Path, tell: Callable[[str], None]) -> None:
        self._folder, self._tell = folder, tell
        self._full = False

    def save(self, name: str, picture: "UInt8Array") -> str | None:
        """Write an RGB picture, (H, W, 3), as PNG; return its name, None if it was not written."""
        from textseg_ros.demo.files import fault_text, png, write_whole

        if self._full:
            return None
        path = self._folder / name
        try:
            write_whole(path, png(picture))
        except OSError as error:
            self._full = True
            self._tell(f"{fault_text(path, error)}; answers go on without pictures")
            return None
        return name


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect until a signal comes."""
    stop = stop_on_signals()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="questions, see plan.py")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is written")
    parser.add_argument("--ready", type=Path, help="file to make once the node is found")
    parser.add_argument(
        "--without-overlays", action="store_true", help="the node is set to publish none"
    )
    parsed = parser.parse_args(arguments)
    from textseg_ros.conversions import image_to_rgb
    from textseg_ros.dds.participant import Participant
    from textseg_ros.demo.answers import ANSWERS_FILE, Collector, is_live
    from textseg_ros.demo.files import fault_text, write_whole
    from textseg_ros.demo.plan import read_plan
    from textseg_ros.rmw_environment import read_environment
    from textseg_ros.topics import BY_KEY, resolve

    questions = read_plan(parsed.plan)
    collector = Collector(questions, needs_overlay=not parsed.without_overlays)
    album = Album(parsed.out, _complain)
    live = is_live(questions)
    lock = threading.Lock()
    files: dict[int, str | None] = {}

    def receive(key: str) -> Callable[[Any], None]:
        def on_message(message: Any) -> None:
            with lock:
                done = collector.take(key, message, time.time_ns())
            if done is None:
                return
            index, answer = done
            print(describe(index, answer), flush=True)
            if answer.overlay is not None:
                files[index] = album.save(f"{index + 1:02d}.png", image_to_rgb(answer.overlay))

        return on_message

    with Participant("planner", "/", read_environment(os.environ, os.getpid())) as node:
        inputs = [
            node.subscription(
                resolve(BY_KEY[key].name), BY_KEY[key].type_name, receive(key), depth=10
            )
            for key in _TOPICS
        ]
        if not wait_until(lambda: all(end.matched for end in inputs), stop, _MATCH_TIMEOUT_S):
            if not stop.is_set():
                _complain("no node publishes what a planner needs")
            return 0 if stop.is_set() else 1
        if parsed.ready is not None:
            parsed.ready.touch()
        stop.wait()
    told = {
        "live": live,
        "answers": {
            str(index): answer.summary() | {"overlay": files.get(index)}
            for index, answer in collector.first.items()
        },
        "latencies_ms": collector.latencies_ms,
    }
    path = parsed.out / ANSWERS_FILE
    try:
        write_whole(path, json.dumps(told, indent=1).encode())
    except OSError as error:
        _complain(f"{fault_text(path, error)}; the answers are lost")
        return 1
    return 0


def _complain(text: str) -> None:
    print(f"planner: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
