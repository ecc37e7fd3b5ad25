"""Keeps the node busy for long: `make soak`, `python -m textseg_ros.benchmark.endurance`.

A camera sends 10 frames a second for an hour, with depth, CameraInfo and transforms; the query
changes each second; standing queries come and expire; readers of pictures and of places in space
come and go, and so do a second camera of the same topic, calls of the service `segment` and goals
of the action `find`. The cameras are reliable where `image_qos` is `reliable`, else best effort.
Exit status 1 if the node's memory at the end is more than 1 % above that at the first look, or it
holds more threads or open files.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from textseg_ros.benchmark.carrier import Carrier, carrier_of
from textseg_ros.benchmark.command import run_trial, trial_parser
from textseg_ros.benchmark.guests import PHRASE, Guests, Tally
from textseg_ros.signals import stop_on_signals

CAMERA_RATE = 10.0
MOST_GROWTH = 0.01
FIRST_LOOK_S = 60.0
WINDOW_S = 20.0
"""Length of a look: a figure is the median of a whole round of what comes and goes."""
QUERIES = 16
GUEST_EVERY_S = 10.0
"""Half a window: every second guest has a goal."""
TENTHS = 10
_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class Look:
    """What a process holds at a time.

    Attributes:
        at_s: Seconds since the first frame.
        memory_mb: Resident memory, 10^6 bytes.
        threads: Number of threads.
        files: Number of open files, sockets among them.
    """

    at_s: float
    memory_mb: float
    threads: float
    files: float


def look_at(process_id: int, at_s: float) -> Look:
    """Return what a process holds now; Linux only."""
    from textseg_core.memory import resident_mb

    proc = Path(f"/proc/{process_id}")
    threads = sum(1 for _ in (proc / "task").iterdir())
    files = sum(1 for _ in (proc / "fd").iterdir())
    return Look(at_s, resident_mb(process_id), threads, files)


def median(looks: Sequence[Look]) -> Look:
    """Return the medians of looks: buffers of single frames come and go."""
    values = np.median([[o.at_s, o.memory_mb, o.threads, o.files] for o in looks], axis=0)
    return Look(*values.tolist())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: its looks, first, last and between, and the ages of the results in ms."""

    first: Look
    last: Look
    sent: int
    ages_ms: tuple[float, ...]
    between: tuple[Look, ...] = ()
    tally: Tally = field(default_factory=Tally)

    @property
    def growth(self) -> float:
        """Memory at the end against memory at the first look, as a share."""
        return self.last.memory_mb / self.first.memory_mb - 1.0

    def faults(self) -> list[str]:
        """Return what is wrong, one line each."""
        wrong = []
        if self.growth > MOST_GROWTH:
            wrong.append(f"memory grew by {self.growth:.1%}")
        if self.last.threads > self.first.threads:
            wrong.append(f"threads grew from {self.first.threads:g} to {self.last.threads:g}")
        if self.last.files > self.first.files:
            wrong.append(f"open files grew from {self.first.files:g} to {self.last.files:g}")
        got = self.tally
        for what, count in (
            ("answer was placed in space", got.placed),
            ("call of segment was answered", got.answered),
            ("goal of find was reached", got.reached),
        ):
            if got.visits and not count:
                wrong.append(f"no {what}")
        return wrong


def measure(carrier: Carrier, arguments: argparse.Namespace, stop: threading.Event) -> Outcome:
    """Run node, camera and all that comes and goes; return what they showed.

    Raises:
        RuntimeError: If the node did not start or has ended, or too little came.
        ValueError: If the parameter file is wrong.
    """
    from textseg_ros.benchmark.churn import texts
    from textseg_ros.benchmark.depth_camera import WORLD, open_depth_camera
    from textseg_ros.benchmark.peer import PICTURE
    from textseg_ros.benchmark.trial import Listener, find_node, node_on_trial
    from textseg_ros.demo.frames import read_picture
    from textseg_ros.messages import stamp_ns
    from textseg_ros.settings import NodeSettings, load_settings

    file = arguments.params_file
    settings = NodeSettings() if file is None else load_settings(file)
    reliable = settings.image_qos == "reliable"
    objects = Listener()
    picture = read_picture(PICTURE)
    looks: list[Look] = []
    with node_on_trial(carrier, file, {"target_frame": WORLD}, stop) as trial:
        peer, node = trial.peer, trial.node
        words = peer.publisher("/textseg/query", "std_msgs/msg/String", depth=10)
        keys = peer.publisher("/textseg/standing_query", "textseg_ros/msg/StandingQuery", depth=10)
        heard = peer.subscription("/textseg/objects", "textseg_ros/msg/Segmentation", objects.take)
        find_node([words, keys, heard], stop)
        string = peer.types.get("std_msgs/msg/String")
        standing = peer.types.get("textseg_ros/msg/StandingQuery")
        asked = texts()[:QUERIES]

        def ask(second: int) -> None:
            """Ask what is due in a second of the run."""
            words.publish(string(data=asked[second % QUERIES]))
            if second % 5 == 0:
                keys.publish(standing(key="guest", text=PHRASE, priority=0, lifetime_s=3.0))

        guests = Guests(trial, settings, picture)
        camera = open_depth_camera(peer, "/textseg", picture, CAMERA_RATE, reliable=reliable)
        with camera:
            started_s = time.monotonic()
            wanted = threading.Event()
            errors: list[Exception] = []
            tasks = ((ask, 1.0), (lambda _: guests.visit(stop), GUEST_EVERY_S))
            threads = [
                threading.Thread(
                    target=_by_turns, args=(task, period_s, wanted, errors), daemon=True
                )
                for task, period_s in tasks
            ]
            for thread in threads:
                thread.start()
            try:
                while (at_s := time.monotonic() - started_s) < arguments.seconds:
                    if stop.wait(_LOOK_EVERY_S) or node.poll() is not None or errors:
                        break
                    looks.append(look_at(node.pid, at_s))
            finally:
                wanted.set()
                for thread in threads:
                    thread.join()
    if errors:
        raise RuntimeError(f"a guest failed: {errors[0]}") from errors[0]
    first_s = min(FIRST_LOOK_S, arguments.seconds / 2.0)
    window_s = min(WINDOW_S, arguments.seconds / 4.0)
    first = [look for look in looks if first_s - window_s <= look.at_s < first_s]
    last = [look for look in looks if look.at_s >= arguments.seconds - window_s]
    ages_ms = tuple((one.at_ns - stamp_ns(one.message.header)) / 1e6 for one in objects.heard)
    if not (first and last and ages_ms):
        raise RuntimeError("too little came to judge it; run for longer")
    between = [median(list(some)) for some in np.array_split(np.array(looks, object), TENTHS)]
    return Outcome(
        median(first), median(last), len(camera.stamps_ns), ages_ms, tuple(between), guests.tally
    )


def _by_turns(
    task: Callable[[int], None],
    period_s: float,
    stop: threading.Event,
    errors: list[Exception],
) -> None:
    """Do a task at a period, its number told, until the stop or until it fails."""
    turn, due_s = 0, time.monotonic()
    while not stop.wait(max(0.0, due_s - time.monotonic())):
        try:
            task(turn)
        except Exception as error:
            errors.append(error)
            return
        turn, due_s = turn + 1, due_s + period_s


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the figures and judge them; return the exit status."""
    stop = stop_on_signals()
    parsed = trial_parser(__doc__, 3600.0).parse_args(arguments)
    return run_trial("endurance", lambda: _run(parsed, stop), stop)


def _run(parsed: argparse.Namespace, stop: threading.Event) -> int:
    from textseg_ros.benchmark.machine import describe_machine

    carrier = carrier_of(parsed.transport)
    outcome = measure(carrier, parsed, stop)
    middle, p95 = np.percentile(outcome.ages_ms, [50, 95])
    print(f"### {parsed.seconds:.0f} s at {CAMERA_RATE:.0f} Hz\n")
    print(describe_machine("textseg_ros.benchmark.endurance", carrier.says))
    print(f"- frames sent: {outcome.sent}, results received: {len(outcome.ages_ms)}")
    print(f"- age of a result: median {middle:.0f} ms, p95 {p95:.0f} ms")
    got = outcome.tally
    print(
        f"- guests: {got.visits}, results placed in space for them: {got.placed}, "
        f"calls of segment answered: {got.answered}, goals of find reached: {got.reached} of "
        f"{got.goals}"
    )
    for name, one in (("first look", outcome.first), ("end", outcome.last)):
        print(
            f"- {name}, at {one.at_s:.0f} s: {one.memory_mb:.1f} MB, {one.threads:g} threads, "
            f"{one.files:g} open files"
        )
    course = ", ".join(f"{one.memory_mb:.1f}" for one in outcome.between)
    print(f"- memory in each tenth of the run: {course} MB")
    print(f"- memory: {outcome.growth:+.2%} (limit {MOST_GROWTH:.0%})")
    wrong = outcome.faults()
    for line in wrong:
        print(f"- WRONG: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
