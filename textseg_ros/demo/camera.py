"""The camera process: publishes pictures, a video or a camera as a stream of frames.

A picture stays until the node has answered its question a few times, so that the run ends by
itself and no answer is missed; frames in between pile up nowhere, since the node takes the newest.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textseg_ros.signals import stop_on_signals, wait_until

IMAGE_TOPIC = "/camera/image_raw"
RATE_HZ = 10.0
_MATCH_TIMEOUT_S = 30.0


class Progress:
    """Counts the fresh answers to the question on show.

    Args:
        wanted: Answers that end a question.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._count = 0
        self._frame_id = self._query = ""
        self._lock = threading.Lock()

    def show(self, frame_id: str, query: str) -> None:
        """Begin a question."""
        with self._lock:
            self._frame_id, self._query, self._count = frame_id, query, 0

    def on_objects(self, message: Any) -> None:
        """Take an answer; those to another picture or another query do not count."""
        with self._lock:
            if not message.stale and message.header.frame_id == self._frame_id:
                self._count += message.query == self._query

    @property
    def done(self) -> bool:
        """Whether the question has its answers."""
        with self._lock:
            return self._count >= self._wanted


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the command line's values."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True, help="questions, see plan.py")
    parser.add_argument("--video", help="video file, instead of the plan's pictures")
    parser.add_argument("--camera", type=int, help="number of a camera, instead of pictures")
    parser.add_argument("--rate", type=float, default=RATE_HZ, help="frames per second")
    parser.add_argument("--answers", type=int, default=3, help="answers that end a picture")
    parser.add_argument("--patience", type=float, default=15.0, help="longest show, seconds")
    parser.add_argument("--duration", type=float, help="end a live stream after so many seconds")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Publish until everything is answered, the stream ends or a signal comes."""
    stop = stop_on_signals()
    parsed = parse_arguments(arguments)
    from textseg_ros.dds.participant import Participant
    from textseg_ros.demo.frames import IMAGE_TYPE, Frame, image_message, open_video, read_picture
    from textseg_ros.demo.plan import LIVE_FRAME, read_plan
    from textseg_ros.rmw_environment import read_environment
    from textseg_ros.topics import BY_KEY, resolve

    progress = Progress(parsed.answers)
    questions = read_plan(parsed.plan)
    objects = BY_KEY["objects"]
    with Participant("camera", "/", read_environment(os.environ, os.getpid())) as node:
        publisher = node.publisher(IMAGE_TOPIC, IMAGE_TYPE, reliable=False, depth=1)
        answers = node.subscription(
            resolve(objects.name), objects.type_name, progress.on_objects, depth=10
        )
        # The node takes images from the first query on: that it is there, its answers tell.
        if not wait_until(lambda: bool(answers.matched), stop, _MATCH_TIMEOUT_S):
            return 0 if stop.is_set() else _nobody()

        def stream(next_frame: Callable[[], Frame | None], frame_id: str, until_s: float) -> None:
            due_s = time.monotonic()
            while not stop.is_set() and not progress.done and time.monotonic() < until_s:
                frame = next_frame()
                if frame is None:
                    return
                publisher.publish(image_message(node.types, frame, time.time_ns(), frame_id))
                # A late frame delays the ones after it: a camera does not send two at once.
                due_s = max(due_s + 1.0 / parsed.rate, time.monotonic())
                stop.wait(due_s - time.monotonic())

        try:
            if parsed.video is not None or parsed.camera is not None:
                live = open_video(parsed.camera if parsed.video is None else parsed.video)
                stream(live, LIVE_FRAME, time.monotonic() + (parsed.duration or float("inf")))
                return 0
            for question in questions:
                frame = read_picture(Path(question.picture))
                progress.show(question.frame_id, question.query)
                stream(lambda: frame, question.frame_id, time.monotonic() + parsed.patience)  # noqa: B023
        except ValueError as error:
            print(f"camera: {error}", file=sys.stderr)
            return 1
    return 0


def _nobody() -> int:
    print(f"camera: no node answers after {_MATCH_TIMEOUT_S:.0f} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
